#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Every exported function has a page of its name, with the function in the
# synopsis (pages are shared by links); every command of the tool has a section
# in svshm.1; and mandoc finds no fault.
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

for source in ../tools/cmd_*.c; do
	command=${source##*/cmd_}
	command=${command%.c}
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

[ $failures -eq 0 ] && echo "ok: all exported functions and all commands"
exit $failures
