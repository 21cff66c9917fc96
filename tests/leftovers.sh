#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Runs after all other tests, and looks for what they left behind: objects and
# files whose names carry the tests' prefix. Only those, since others use this
# machine too. Another run of these tests may be under way, but its things
# come and go; so only what is still there after some looks is a leftover.
set -u
export LC_ALL=C

looks=20
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

look "$work/seen"
while [ -s "$work/seen" ] && [ $looks -gt 0 ]; do
	sleep 1
	look "$work/now"
	comm -12 "$work/seen" "$work/now" >"$work/both"
	mv "$work/both" "$work/seen"
	looks=$((looks - 1))
done

[ -s "$work/seen" ] || exit 0
echo "FAIL: tests (of this run or an earlier one) left these behind:"
cat "$work/seen"
echo "\"svshm recover\" removes the objects."
exit 1
