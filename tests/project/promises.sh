#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# From a promise to its tests, and back: each check_*.c begins its head comment
# with the promises that it holds ("P4 and P9: ...", "P1 to P5 ..."), or with "No
# promise"; doc/HACKING.md lists it there, and nowhere else. All that the list
# names is there.
set -u

cd "$srcdir" || exit 99

last=11 # of the promises
document=doc/HACKING.md

# "P4 tests/lock/check_lock" for each promise in the heads; "none": no promise.
heads()
{
	for file in tests/*/check_*.c; do
		awk -v name="${file%.c}" -v last=$last '
		function promise(number) {
			if (number < 1 || number > last)
				print "wrong", name
			print "P" number, name
		}
		NR == 1 { next }
		/^#/ { exit }
		{ gsub(/[*\/]/, " "); text = text " " $0 }
		END {
			count = split(text, words)
			if (words[1] == "No" && words[2] ~ /^promise/) {
				print "none", name
				exit
			}
			for (i = 1; i <= count; i++) {
				word = words[i]
				if (word == "to") {
					range = 1
				} else if (word ~ /^P[0-9]+[,:]?$/) {
					sub(/^P/, "", word)
					number = word + 0
					if (!range)
						old = number - 1
					while (old < number)
						promise(++old)
					range = 0
				} else if (word != "and") {
					break
				}
			}
			if (!old)
				print "wrong", name
		}' "$file"
	done
}

# The same of the list.
listed()
{
	awk '
	/^## / { inside = /What it promises/; promise = "" }
	!inside { next }
	/^[0-9]+\. / { promise = "P" ($1 + 0) }
	/^No promise/ { promise = "none" }
	/^$/ { folder = "" }
	promise {
		for (i = 1; i <= NF; i++) {
			word = $i
			gsub(/[`:,.]*$/, "", word)
			sub(/^`/, "", word)
			if (word ~ /^tests\/[a-z]+\/$/)
				folder = word
			else if (folder &&
				 word ~ /^((check|bench)_.*|.*\.sh)$/)
				print promise, folder word
		}
	}' "$document"
}

failures=0
fail()
{
	echo "FAIL: $*"
	failures=1
}

in_heads=$(heads)
in_list=$(listed)

for file in $(echo "$in_heads" | sed -n 's/^wrong //p'); do
	fail "$file.c does not begin with the promises that it holds"
done

# Only the tests in C: scripts and benchmarks have no such head. What both say
# comes three times, what the heads say alone once, and the list alone twice.
differences=$(
	{ echo "$in_heads"; echo "$in_list"; echo "$in_list"; } |
		grep '/check_' | grep -v '^wrong' | sort | uniq -c |
		while read -r count promise file; do
			case $count in
			1) echo "$document does not list it:" ;;
			2) echo "its head does not say it:" ;;
			3) continue ;;
			*) echo "$document lists it twice:" ;;
			esac
			echo "    $promise $file"
		done)
[ -z "$differences" ] || fail "$differences"

for file in $(echo "$in_list" | sed 's/^[^ ]* //' | sort -u); do
	[ -e "$file" ] || [ -e "$file.c" ] ||
		fail "$document names $file, which is not there"
done
promise=0
while [ $((promise += 1)) -le $last ]; do
	echo "$in_list" | grep -q "^P$promise " ||
		fail "$document lists no test of promise $promise"
done

[ $failures -eq 0 ] &&
	echo "ok: $(echo "$in_heads" | sed 's/.* //' | sort -u | wc -l) tests"
exit $failures
