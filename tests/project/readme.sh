#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The README's program compiles and does what is said of it, and what the files
# for readers link to is there.
. "$srcdir/tests/tool/toolkit.sh"
prepare
: >"$work/out"
: >"$work/err"

# ---- Links -------------------------------------------------------------------

for text in README.md SECURITY.md CONTRIBUTING.md packaging/README.md; do
	grep -o '](\([^)#]*\))' "$srcdir/$text" | sed 's/^](//; s/)$//' |
		grep -v '^[a-z]*:' >"$work/links"
	while read -r link; do
		[ -e "$srcdir/$(dirname "$text")/$link" ] ||
			fail "$text links to $link, which is not there"
	done <"$work/links"
done
echo "ok: links"

# ---- The program -------------------------------------------------------------

# variable NAME: as the build has it.
variable()
{
	sed -n "s/^$1 = //p" "$builddir/Makefile"
}

sed -n '/^```c$/,/^```$/p' "$srcdir/README.md" | sed '/^```/d' >"$work/counter.c"
[ -s "$work/counter.c" ] || fail "README.md has no program"
# A key of the test's own.
sed "s/\"counter\"/\"$prefix-counter\"/" "$work/counter.c" >"$work/mine.c"
compiler=$(variable CC)
if ! command -v "${compiler%% *}" >/dev/null; then
	echo "note: no compiler here, so the README's program was not tried"
	exit $failures
fi
# shellcheck disable=SC2046 # words
check "the program compiles" 0 "$builddir/libtool" --tag=CC --mode=link --quiet \
	$compiler $(variable CFLAGS) -I"$srcdir/include" -no-install \
	-o "$work/counter" "$work/mine.c" "$builddir/libsvshm.la" \
	$(variable LDFLAGS) $(variable LIBS)

# The first one stays until it is given a line.
mkfifo "$work/line"
"$work/counter" <"$work/line" >"$work/first" 2>&1 &
jobs=$!
exec 3>"$work/line"
# It has counted as soon as a byte of the number is not zero.
until [ "$("$SVSHM" get "$prefix-counter" 2>/dev/null | tr -d '\0' | wc -c)" -eq 1 ]
do
	kill -0 "$jobs" || { fail "the program has ended"; break; }
done
check "a second one" 0 "$work/counter" </dev/null
out '^2$'
echo >&3
wait "$jobs" || fail "the first one: status $?"
jobs=
[ "$(cat "$work/first")" = 1 ] || fail "the first one says $(cat "$work/first")"
left=$(ls "$SVSHM_KEYDIR")
[ -z "$left" ] || fail "they leave $left"
exit $failures
