# SPDX-License-Identifier: BSD-2-Clause
#
# awk -v to=PREFIX -f manual_examples.awk PAGE: takes the programs out of the
# section EXAMPLES of a manual page, as a reader would see them: PREFIX.1.c and so
# on. A literal display that begins with "#" is a program. One that does not is what
# the program before it prints: PREFIX.1.printed.
# With -v commands=1 each display, and each line of ".Dl", is a script for the shell:
# PREFIX.1.sh and so on.
# What would not be printed as it stands is an error: an escape that this does not
# know, and a line that roff would take for a request.

function wrong(what)
{
	print FILENAME ":" FNR ": " what
	failed = 1
}

# As it is printed: without roff's escapes.
function printed(line,    result, at, escape)
{
	result = ""
	while ((at = index(line, "\\")) > 0) {
		result = result substr(line, 1, at - 1)
		escape = substr(line, at, 2)
		line = substr(line, at + 2)
		if (escape == "\\e")
			result = result "\\"
		else if (escape == "\\-")
			result = result "-"
		else if (escape == "\\(" && substr(line, 1, 2) == "dq") {
			result = result "\""
			line = substr(line, 3)
		} else if (escape != "\\&")
			wrong("what does \"" escape "\" print?")
	}
	return result line
}

/^\.Sh / {
	examples = $2 == "EXAMPLES"
}

examples && /^\.Bd -literal/ {
	inside = 1
	file = ""
	next
}

examples && commands && /^\.Dl / {
	line = substr($0, 5)
	if (line ~ /^".*"$/)
		line = substr(line, 2, length(line) - 2)
	file = to "." ++programs ".sh"
	print printed(line) >file
	close(file)
}

/^\.Ed/ {
	inside = 0
	if (file != "")
		close(file)
}

inside && /^[.']/ {
	wrong("a request within an example")
}

inside {
	line = printed($0)
	if (file == "" && commands)
		file = to "." ++programs ".sh"
	else if (file == "" && line ~ /^#/)
		file = to "." ++programs ".c"
	else if (file == "" && programs > 0)
		file = to "." programs ".printed"
	else if (file == "") {
		wrong("an example that does not begin with #include")
		file = to ".no-program"
	}
	print line >file
}

END {
	if (inside)
		wrong("a display without end")
	if (programs == 0)
		wrong("no example that could be run")
	exit failed
}
