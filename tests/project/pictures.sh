#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The README's pictures show what they should, and can be made again.
. "$srcdir/tests/tool/toolkit.sh"
alone "$0"
prepare
pictures=$srcdir/doc/pictures
: >"$work/out"
: >"$work/err"

# shows FILE TEXT...: each is in a piece of the picture's text.
shows()
{
	file=$1
	shift
	for text; do
		grep -q "^<text [^>]*>[^<]*$text[^<]*</text>\$" "$file" ||
			fail "$file does not show \"$text\""
	done
	[ "$(sed -n '$p' "$file")" = "</svg>" ] || fail "$file has no end"
	! command -v xmllint >/dev/null || xmllint --noout "$file" ||
		fail "$file is not well-formed"
}

shows_crash()
{
	shows "$1" orphan 'in use' 'recover --save saved' 'weather *native' \
		'backup: removed'
}

shows_demo()
{
	shows "$1" 'with the lock in its hands' 'finds the data' 'kill -KILL' \
		orphan SVSHM_OWNER_DIED
}

shows_crash "$pictures/crash.svg"
shows_demo "$pictures/demo.svg"

if ! script -qec true /dev/null </dev/null >/dev/null 2>&1; then
	echo "note: no script(1) of util-linux here, so none was made anew"
	exit $failures
fi
check "the tool after a crash" 0 sh "$pictures/make.sh" crash
cp "$work/out" "$work/crash.svg"
shows_crash "$work/crash.svg"
if [ -x "${SHAREDIMAGE-}" ] && [ -x "${SENSOR-}" ]; then
	check "the demonstration" 0 sh "$pictures/make.sh" demo
	cp "$work/out" "$work/demo.svg"
	shows_demo "$work/demo.svg"
fi
check "no such picture" 1 sh "$pictures/make.sh" none
exit $failures
