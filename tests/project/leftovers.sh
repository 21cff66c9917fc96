#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Runs after all other tests, and looks for what they left behind: objects and
# files whose names carry the tests' prefix. Only those, since others use this
# machine too. Another run of these tests may be under way, but its things
# come and go; so only what is still there after some looks is a leftover. And an
# earlier run may have been killed: "leftovers.sh before", ahead of all tests,
# writes down what is there then, which is not held against these.
set -u
export LC_ALL=C

looks=20
before=$builddir/tests/project/leftovers.before
work=$(mktemp -d "${TMPDIR:-/tmp}/svshm-leftovers.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Root sees, and has made, things of other users.
mine="-user $(id -u)"
[ "$(id -u)" -eq 0 ] && mine=

# look FILE: everything of the tests' that is here now, a line each, sorted.
look()
{
	"$SVSHM" list --json >"$work/json" || {
		echo "FAIL: svshm list --json does not work"
		exit 1
	}
	{
		# A string of the JSON text that has the prefix in it.
		grep -o "\"[^\"]*${SVSHM_TEST_PREFIX}[^\"]*\"" "$work/json" |
			sed 's/^/object: /'
		find /dev/shm/svshm-* /tmp/svshm-* "${TMPDIR:-/tmp}" \
			-mindepth 1 -maxdepth 1 -name "$SVSHM_TEST_PREFIX*" \
			$mine 2>/dev/null | sed 's/^/file: /'
	} | sort -u >"$1"
}

if [ "${1-}" = before ]; then
	look "$before"
	[ -s "$before" ] || exit 0
	echo "note: left by tests that were killed, or of others that run now:"
	cat "$before"
	echo "\"svshm recover\" removes what is not in use."
	exit 0
fi
[ -e "$before" ] || : >"$before"

look "$work/now"
comm -13 "$before" "$work/now" >"$work/seen"
while [ -s "$work/seen" ] && [ $looks -gt 0 ]; do
	sleep 1
	look "$work/now"
	comm -12 "$work/seen" "$work/now" >"$work/both"
	mv "$work/both" "$work/seen"
	looks=$((looks - 1))
done

[ -s "$work/seen" ] || exit 0
echo "FAIL: the tests left these behind:"
cat "$work/seen"
echo "\"svshm recover\" removes the objects."
exit 1
