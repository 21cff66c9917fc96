# SPDX-License-Identifier: BSD-2-Clause
#
# Prints a header without comments and empty lines: what programs are compiled
# with, and no more.
BEGIN {
	print "/* SPDX-License-Identifier: BSD-2-Clause */"
	print "/* A release's svshm.h without its comments: tests/abi/abi.sh. */"
}
{
	line = $0
	out = ""
	while (line != "") {
		mark = index(line, comment ? "*/" : "/*")
		if (!comment)
			out = out (mark ? substr(line, 1, mark - 1) : line)
		if (!mark)
			break
		line = substr(line, mark + 2)
		comment = !comment
	}
	sub(/[ \t]+$/, "", out)
	if (out != "")
		print out
}
