#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Every crash point of the library is one at which some test lets a process die or
# stop, and no test waits at one that is not there.
set -u
export LC_ALL=C

work=$(mktemp -d "${TMPDIR:-/tmp}/svshm-test.points.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
failures=0

cat "$srcdir"/lib/*.c "$srcdir"/lib/*/*.c |
	sed -n 's/.*CRASHPOINT("\([^"]*\)").*/\1/p' | sort -u >"$work/library"
[ -s "$work/library" ] || {
	echo "FAIL: the library has no crash points"
	exit 1
}
# Their names are of a form that nothing else in quotes has: "operation:words".
cat "$srcdir"/tests/*/*.[ch] | grep -o '"[a-z]*:[a-z][a-z ]*"' | tr -d '"' |
	sort -u >"$work/tests"
comm -23 "$work/library" "$work/tests" >"$work/untested"
[ -s "$work/untested" ] && {
	echo "FAIL: no test names these crash points of lib/:"
	cat "$work/untested"
	failures=1
}
# Of the operations that the library has.
sed 's/:.*//' "$work/library" | sort -u | sed 's/.*/^&:/' >"$work/operations"
comm -13 "$work/library" "$work/tests" | grep -f "$work/operations" \
	>"$work/unknown" && {
	echo "FAIL: tests name crash points that lib/ does not have:"
	cat "$work/unknown"
	failures=1
}
[ $failures -eq 0 ] && echo "ok: $(wc -l <"$work/library") crash points"
exit $failures
