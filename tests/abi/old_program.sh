#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A program that was compiled with the header of an earlier release works with
# this library, and what its header says is still true: the constants have the
# same values, and the functions are declared as they were. That structures have
# their members where they were, the program sees itself, and libabigail: stage
# abi of .ci/run.
. "$srcdir/tests/tool/toolkit.sh"
alone_if_may "$0"
prepare

# constants HEADER: a line each, "NAME VALUE"; but for the header's own, and the
# version, which is another in each release.
constants()
{
	awk -f "$srcdir/tests/abi/declarations.awk" "$1" | awk '
		$1 == "#define" && $2 ~ /^SVSHM_/ && NF > 2 {
			sub(/^#define[ \t]*/, "")
			print
		}
		$1 ~ /^SVSHM_/ && $2 == "=" {
			sub(/,.*/, "")
			print $1, $3
		}' | grep -v '^SVSHM_VERSION_\|^SVSHM_API'
}

# functions HEADER: their declarations, a line each.
functions()
{
	awk -f "$srcdir/tests/abi/declarations.awk" "$1" | grep -v '^#' |
		tr -s '\n\t ' '   ' | tr ';{}' '\n' |
		sed -n 's/^.*\(SVSHM_API .*(\)/\1/p'
}

# kept WHAT OLD NEW: each line of OLD is in NEW.
kept()
{
	if [ ! -s "$2" ]; then
		echo "FAIL: no $1 at all"
	elif grep -vxFf "$3" "$2"; then
		echo "FAIL: these $1 are gone, or have changed: see above"
	else
		echo "ok: $(wc -l <"$2") $1 are as they were"
		return
	fi
	failures=$((failures + 1))
}

# A number that is not written down changes when a line is put before it.
if awk -f "$srcdir/tests/abi/declarations.awk" "$srcdir/include/svshm.h" |
	grep '^[[:space:]]*SVSHM_[A-Z_]*,\{0,1\}$'; then
	echo "FAIL: enumerators without a number: see above"
	failures=$((failures + 1))
fi

constants "$srcdir/include/svshm.h" >"$work/constants"
functions "$srcdir/include/svshm.h" >"$work/functions"
for old in "$srcdir"/tests/abi/[0-9]*/; do
	constants "$old/svshm.h" >"$work/old-constants"
	functions "$old/svshm.h" >"$work/old-functions"
	kept "constants of $(basename "$old")" "$work/old-constants" \
		"$work/constants"
	kept "functions of $(basename "$old")" "$work/old-functions" \
		"$work/functions"
done

# The comparison can fail.
sed 's/FOREIGN 1$/FOREIGN 9/' "$work/constants" >"$work/changed"
if (kept constants "$work/constants" "$work/changed") | grep -q '^ok'; then
	echo "FAIL: another value is not noticed"
	failures=$((failures + 1))
fi

sed -n 's/^.*[ *]\(svshm_[a-z_]*\)(.*$/\1/p' "$work/old-functions" >"$work/names"
while read -r name; do
	grep -q "[^a-z_]$name(" "$srcdir/tests/abi/old_program.c" || {
		echo "FAIL: old_program.c does not call $name()"
		failures=$((failures + 1))
	}
done <"$work/names"

"$builddir/tests/abi/old_program" "$prefix-old" || {
	echo "FAIL: a program of svshm 0.9 does not work: see above"
	failures=$((failures + 1))
}
exit $((failures > 0))
