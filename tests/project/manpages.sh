#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Every exported function has a page of its name, with the function in the
# synopsis (pages are shared by links); every command of the tool has a section
# in svshm.1; mandoc finds no fault; and what groff and mandoc make of a page fits
# on a screen of 80 columns. Without either of them that cannot be seen: skipped.
set -u

failures=0
cd "$srcdir/doc" || exit 99

fail()
{
	echo "FAIL: $*"
	failures=1
}

synopsis()
{
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$1"
}

while read -r name; do
	if [ ! -e "$name.3" ]; then
		fail "$name is exported, and there is no doc/$name.3"
	elif ! synopsis "$name.3" | grep -Eq "^\.F[no] $name( |\$)"; then
		fail "doc/$name.3 does not have $name in its synopsis"
	fi
done <../lib/libsvshm.sym

for page in *.[0-9]; do
	grep -q "doc/$page" pages.mk ||
		fail "doc/$page is not in doc/pages.mk, so nobody installs it"
done

for source in ../tools/commands/*.c; do
	command=${source##*/}
	command=${command%.c}
	# "limits_check.c" is a part of limits.
	case $command in *_*) continue ;; esac
	grep -qx "\.Ss svshm $command" svshm.1 ||
		fail "doc/svshm.1 has no section \"svshm $command\""
done

if command -v mandoc >/dev/null; then
	for page in ./*.[0-9]; do
		[ -h "$page" ] || mandoc -T lint -W warning "$page" ||
			fail "doc/$page has faults, see above"
	done
else
	echo "note: no mandoc here, so the pages' syntax was not checked"
fi

# A quotation goes to the end of its line, and "No" is a macro in it.
grep -nE '^\.(Pq|Ql|Qq|Dq|Sq) (.* )?(Ql|Qq|Dq|Sq) [^ ]+ [[:alnum:]]' ./*.[0-9] &&
	fail "quotations that go too far, see above: use Po and Pc"
grep -nE '^\.(Ql|Qq|Dq|Sq) (.* )?No ' ./*.[0-9] &&
	fail "\"No\" would vanish, see above: write \\&No"

# ---- On a screen -------------------------------------------------------------

back=$(printf '\b')

# A page as text, one byte for each column: a letter in bold is printed twice, and
# the further bytes of a character take no room.
by_groff()
{
	groff -Tutf8 -P-cbou -mandoc "-rLL=$1n" "$2" 2>"$messages" | one_byte
	! grep 'break line' "$messages"
}

by_mandoc()
{
	mandoc -T utf8 -O "width=$1" "$2" 2>"$messages" | one_byte
}

one_byte()
{
	LC_ALL=C tr -d '\200-\277' | LC_ALL=C sed "s/.$back//g"
}

# look_at PROGRAM COLUMNS PAGE
look_at()
{
	"by_$1" "$2" "$3" >"$text" ||
		fail "doc/$3: $1 finds no place for a line at $2 columns"
	[ -s "$text" ] || fail "doc/$3: $1 makes nothing of it"
	awk 'length > 80 { print; wide = 1 } END { exit wide }' "$text" ||
		fail "doc/$3: $1 makes lines of more than 80 columns, see above"
}

text=$(mktemp "${TMPDIR:-/tmp}/svshm-test.XXXXXX") || exit 99
messages=$(mktemp "${TMPDIR:-/tmp}/svshm-test.XXXXXX") || exit 99
trap 'rm -f "$text" "$messages"' EXIT
seen=
for program in groff mandoc; do
	command -v $program >/dev/null || {
		echo "note: no $program here, so how it prints was not checked"
		continue
	}
	seen=1
	for page in *.[0-9]; do
		[ -h "$page" ] && continue
		# Of 80 columns, man(1) fills 78 or all.
		look_at $program 78 "$page"
		look_at $program 80 "$page"
	done
done
if [ -z "$seen" ] && [ $failures -eq 0 ]; then
	echo "neither groff nor mandoc here: not seen on a screen of 80 columns"
	exit 77
fi

[ $failures -eq 0 ] && echo "ok: all exported functions and all commands"
exit $failures
