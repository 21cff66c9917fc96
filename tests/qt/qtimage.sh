#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# doc/examples/qtimage.c: alone, with streams of any length; then with Qt's own
# example, the dialog "sharedmemory", on a screen without a screen. Where that
# is not installed, the second half is skipped; so it is with SVSHM_QT_DIALOG
# set to nothing.
set -u
export LC_ALL=C

if [ -z "${QTIMAGE-}" ]; then
	echo "QTIMAGE does not say where the example is"
	exit 77
fi
# Key, and so the object, are the dialog's.
if [ -z "${SVSHM_TEST_ALONE-}" ] && unshare --ipc true 2>/dev/null; then
	SVSHM_TEST_ALONE=1 exec unshare --ipc sh "$0"
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/svshm-test.XXXXXX") || exit 99
mkdir -m 700 "$work/tmp" || exit 99
export TMPDIR="$work/tmp"
failures=0
jobs=

cleanup()
{
	for job in $jobs; do
		kill -9 "$job" && wait "$job"
	done
	"$SVSHM" remove --layout qt --force QSharedMemoryExample
	[ -n "${SVSHM_TEST_KEEP-}" ] || rm -rf "$work"
} >/dev/null 2>&1
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

fail()
{
	echo "FAIL: $*"
	failures=$((failures + 1))
}

# await SECONDS COMMAND...: until it succeeds.
await()
{
	tries=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# A picture of one red point, 69 bytes, made by hand.
{
	printf '\211PNG\r\n\032\n'
	printf '\0\0\0\015IHDR\0\0\0\001\0\0\0\001\010\002\0\0\0'
	printf '\220wS\336'
	printf '\0\0\0\014IDATx\234c\370\317\300\0\0\003\001\001\0'
	printf '\311\376\222\357'
	printf '\0\0\0\0IEND\256B`\202'
} >"$work/red.png"

# ---- Alone -------------------------------------------------------------------

"$QTIMAGE" put "$work/red.png" >"$work/log" &
job=$!
jobs=$job
await 20 grep -q lent "$work/log" || fail "put says nothing"
"$QTIMAGE" get "$work/copy.png" || fail "get"
cmp "$work/red.png" "$work/copy.png" || fail "get has got something else"
kill "$job"
wait "$job" || fail "put fails in the end"
jobs=
[ -z "$(ls "$TMPDIR")" ] || fail "put leaves files: $(ls "$TMPDIR")"

# Not only the lock of an object that is being made.
lent()
{
	"$SVSHM" info --layout qt QSharedMemoryExample |
		grep -q '^verdict  *in use'
}

# stream NAME STATUS FILE: what get makes of these bytes in memory.
stream()
{
	"$SVSHM" put --layout qt QSharedMemoryExample "$3" &
	job=$!
	jobs=$job
	await 20 lent ||
		fail "$1: put"
	rm -f "$work/out.png"
	"$QTIMAGE" get "$work/out.png" >"$work/log" 2>&1
	result=$?
	[ $result -eq "$2" ] ||
		fail "$1: status $result: $(cat "$work/log")"
	wait "$job"
	jobs=
}

printf '\0\0\0\001' >"$work/mark"
cat "$work/mark" "$work/red.png" >"$work/stream"
size=$(($(wc -c <"$work/stream")))
stream "a whole stream" 0 "$work/stream"
cmp "$work/red.png" "$work/out.png" || fail "a whole stream: other bytes"
cat "$work/stream" "$work/mark" >"$work/longer"
stream "a segment larger than the stream" 0 "$work/longer"
cmp "$work/red.png" "$work/out.png" || fail "a larger segment: other bytes"
for length in 1 3 4 5 11 12 20 40 $((size - 1)); do
	head -c $length "$work/stream" >"$work/cut"
	stream "a stream cut off after $length bytes" 1 "$work/cut"
	[ ! -e "$work/out.png" ] || fail "$length bytes: a file is made"
done
{ printf '\0\0\0\0'; cat "$work/red.png"; } >"$work/cut"
stream "no image" 1 "$work/cut"
{ printf '\377\377\377\377'; cat "$work/red.png"; } >"$work/cut"
stream "another mark" 1 "$work/cut"
{ head -c 12 "$work/stream"; printf '\377\377\377\377IHDRxxxxxxxxxxxxxxxx'; } \
	>"$work/cut"
stream "a length past the end" 1 "$work/cut"
"$QTIMAGE" put /etc/passwd 2>/dev/null && fail "put of no picture"
echo "ok: qtimage alone, $failures failures"

# ---- With the dialog -----------------------------------------------------------

dialog=${SVSHM_QT_DIALOG-$(find /usr/lib/*/qt5/examples /usr/lib/*/qt6/examples \
	-type f -name sharedmemory 2>/dev/null | head -n 1)}
if [ -z "${SVSHM_QT_DIALOG-unset}" ]; then
	echo "the dialog is not asked for"
	[ $failures -eq 0 ]
	exit
fi
for tool in Xvfb xdotool import convert compare "${dialog:-/no/dialog}"; do
	command -v "$tool" >/dev/null && continue
	echo "SKIP: the dialog: no $tool here"
	[ $failures -eq 0 ] && exit 77
	exit 1
done

# A picture that nobody can mistake: a blue disc on yellow.
convert -size 200x150 xc:yellow -fill blue -draw 'circle 100,75 100,25' \
	"$work/disc.png"
convert -size 120x90 xc:lime -fill red -draw 'rectangle 30,20 90,70' \
	"$work/box.png"

# Without -displayfd two of these could take the same number.
Xvfb -displayfd 3 -screen 0 800x600x24 -nolisten tcp 3>"$work/display" \
	>/dev/null 2>&1 &
jobs=$!
await 30 grep -q . "$work/display" || { echo "FAIL: no Xvfb"; exit 1; }
DISPLAY=:$(cat "$work/display")
export DISPLAY QT_QPA_PLATFORM=xcb HOME="$work"
unset WAYLAND_DISPLAY SESSION_MANAGER DBUS_SESSION_BUS_ADDRESS

# The file dialog begins in the working directory.
(cd "$work" && exec "$dialog" -style fusion) >"$work/dialog.log" 2>&1 &
jobs="$jobs $!"
await 60 xdotool search --onlyvisible --name . ||
	{ echo "FAIL: no window: $(cat "$work/dialog.log")"; exit 1; }
window=$(xdotool search --onlyvisible --name . | tail -n 1)

# has COLOUR: this colour is in a good part of the window.
has()
{
	import -window root "$work/screen.png" &&
	count=$(convert "$work/screen.png" -fill black +opaque "$1" \
		-fill white -opaque "$1" -format '%[fx:int(mean*w*h)]' info:) &&
	[ "$count" -ge 1000 ]
}

press()
{
	xdotool windowfocus "$window" key --window "$window" "$@"
}

two_windows()
{
	[ "$(xdotool search --onlyvisible --name . | wc -l)" -ge 2 ]
}

"$QTIMAGE" put "$work/disc.png" >"$work/log" &
job=$!
jobs="$jobs $job"
await 20 grep -q lent "$work/log" || fail "put beside the dialog"
# The second button.
press Tab
press space
await 30 has blue || fail "the dialog does not show the picture"
has yellow || fail "the dialog does not show all of the picture"
[ -z "${SVSHM_TEST_KEEP-}" ] || cp "$work/screen.png" "$work/shown.png"
kill "$job"
wait "$job" || fail "put fails after the dialog has been there"

# The first button, and its file dialog.
press shift+Tab
press space
await 30 two_windows || fail "no file dialog"
opened=$(xdotool search --onlyvisible --name . | grep -vx "$window" | tail -n 1)
xdotool windowfocus "$opened" type "$work/box.png"
xdotool key Return
await 30 has lime || fail "the dialog does not load the picture"
await 30 "$QTIMAGE" get "$work/got.png" || fail "get from the dialog"
[ "$(compare -metric AE "$work/box.png" "$work/got.png" null: 2>&1)" = 0 ] ||
	fail "get has got another picture"
echo "ok: qtimage and the dialog, $failures failures"
[ $failures -eq 0 ]
