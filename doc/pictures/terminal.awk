# SPDX-License-Identifier: BSD-2-Clause
#
# From what a program has written to a terminal, in ASCII, to an SVG picture of
# it: awk -v title="..." -f terminal.awk typescript >picture.svg
#
# Bold and the eight colours are understood; other controls are left out. Each
# piece of text has its column and its width, so that columns stand below each
# other in whatever font a reader has.

function escaped(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	return text
}

# The numbers of an escape sequence: "", "0", "1", "31", "1;31".
function set_style(numbers,    parts, count, i) {
	count = split(numbers == "" ? "0" : numbers, parts, ";")
	for (i = 1; i <= count; i++) {
		if (parts[i] == 0)
			bold = colour = ""
		else if (parts[i] == 1)
			bold = "b"
		else if (parts[i] >= 30 && parts[i] <= 37)
			colour = "c" parts[i]
		else if (parts[i] == 39)
			colour = ""
	}
}

# Spaces at the ends say nothing, and a piece of them only would be stretched.
function put(text, column,    classes) {
	while (substr(text, 1, 1) == " ") {
		text = substr(text, 2)
		column++
	}
	sub(/ +$/, "", text)
	if (text == "")
		return
	classes = bold (bold != "" && colour != "" ? " " : "") colour
	pieces = pieces sprintf("<text x=\"%.1f\" y=\"%d\" textLength=\"%.1f\"%s>" \
		"%s</text>\n", LEFT + column * WIDTH, TOP + NR * HEIGHT,
		length(text) * WIDTH,
		classes == "" ? "" : " class=\"" classes "\"", escaped(text))
	if (column + length(text) > widest)
		widest = column + length(text)
}

BEGIN {
	WIDTH = 8.4
	HEIGHT = 18
	LEFT = 14
	TOP = 34
}

{
	gsub(/\r/, "")
	column = 0
	while (match($0, /\033\[[0-9;?]*[A-Za-z]/)) {
		put(substr($0, 1, RSTART - 1), column)
		column += RSTART - 1
		sequence = substr($0, RSTART + 2, RLENGTH - 3)
		if (substr($0, RSTART + RLENGTH - 1, 1) == "m")
			set_style(sequence)
		$0 = substr($0, RSTART + RLENGTH)
	}
	put($0, column)
}

END {
	width = int(2 * LEFT + widest * WIDTH + 1)
	height = TOP + NR * HEIGHT + 16
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" " \
		"height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\" xml:space=\"preserve\">\n", width,
		height, width, height
	print "<!-- SPDX-License-" "Identifier: BSD-2-Clause -->"
	print "<title>" escaped(title) "</title>"
	print "<style>"
	print "text { font: 14px monospace; fill: #d8dee9 }"
	print ".b { font-weight: bold; fill: #ffffff }"
	print ".c31 { fill: #ff7b72 } .c32 { fill: #7ee787 } .c33 { fill: #f2cc60 }"
	print ".c34 { fill: #79c0ff } .c35 { fill: #d2a8ff } .c36 { fill: #76e3ea }"
	print ".title { fill: #9aa4b2 }"
	print "</style>"
	print "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#161b22\"/>"
	printf "<text x=\"%d\" y=\"24\" class=\"title\">%s</text>\n", LEFT,
		escaped(title)
	printf "%s", pieces
	print "</svg>"
}
