# SPDX-License-Identifier: BSD-2-Clause
#
# Of what tests/project/code.awk leaves of a header, the lines that are not empty:
# what programs are compiled with, and no more.
BEGIN {
	print "/* SPDX-License-Identifier: BSD-2-Clause */"
	print "/* A release's svshm.h without comments: see tests/abi/record.sh. */"
}
{
	sub(/[ \t]+$/, "")
	if ($0 != "")
		print
}
