#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# svshm top, in a terminal that tmux plays.
. "$srcdir/tests/tool/toolkit.sh"
need tmux
alone "$0"
prepare
export TERM=screen
# The path of a socket is short.
socket=$(mktemp -d /tmp/svshm-test.XXXXXX) || exit 99
trap 'tmux -S "$socket/t" kill-server 2>/dev/null; rm -rf "$socket"
	cleanup >/dev/null 2>&1' EXIT

echo abc >"$work/data"
orphan "$prefix-o" "$work/data"
"$SVSHM" put "$prefix-u" "$work/data" 2>/dev/null &
jobs=$!
await in_use "$prefix-u"

screen()
{
	tmux -S "$socket/t" capture-pane -p >"$work/out" 2>/dev/null
	grep -q -e "$1" "$work/out"
}

# sees NAME PATTERN: it comes on the screen.
sees()
{
	name=$1
	await screen "$2"
	: >"$work/err"
	if screen "$2"; then
		echo "ok: $name"
	else
		fail "$name: no \"$2\" on the screen"
	fi
}

check "top without a terminal" 1 "$SVSHM" top
err "no terminal"
check "too short an interval" 2 "$SVSHM" top --interval 1ms

tmux -S "$socket/t" -f /dev/null new-session -d -x 80 -y 12 \
	"stty -g >'$work/before'; '$SVSHM' top --interval 200ms;
	echo ended \$?; stty -g >'$work/after'; exec cat" || exit 99
sees "the list" "^$prefix-o  *native  *orphan"
sees "the head" "^svshm top  *[0-9:]*  *objects 2: in use 1, leftovers 1"
sees "the foot" "^q quit"
"$SVSHM" recover >/dev/null 2>&1
sees "it is refreshed" "objects 1: in use 1, leftovers 0"
foreign_segment 4096 >/dev/null
tmux -S "$socket/t" send-keys a
sees "a shows others'" "^segment [0-9]*  *-  *foreign"
tmux -S "$socket/t" resize-window -x 60 -y 8 2>/dev/null
sees "after a resize" "^svshm top"
awk 'length > 60 { exit 1 }' "$work/out" || fail "$name: too wide"
for i in 1 2 3 4 5 6 7 8; do
	foreign_segment 4096 >/dev/null
done
sees "more than fits" "more below"
tmux -S "$socket/t" send-keys Down Down Down Down Down Down Down Down Down
sees "scrolled to the end" "^q quit"
tmux -S "$socket/t" send-keys C-c
sees "^C ends it" "^ended 0"
await test -s "$work/after"
cmp -s "$work/before" "$work/after" || fail "the terminal is not as it was"

# ---- Order, and what is shown ------------------------------------------------

# Key files alone, of two ages: the order of keys is not that of ages.
touch -t 202201010000 "$work/keys/$prefix-a"
touch -t 202001010000 "$work/keys/$prefix-b"
check "an order that is none" 2 "$SVSHM" top --sort kye
check "a column that is none" 2 "$SVSHM" top --output KYE
tmux -S "$socket/t" resize-window -x 80 -y 12 2>/dev/null
tmux -S "$socket/t" respawn-pane -k "'$SVSHM' top --interval 200ms \
	--verdict half-made --output age,key --noheadings; exec cat"
# The first of two lines has PATTERN, and there is no third.
first_is()
{
	tmux -S "$socket/t" capture-pane -p >"$work/out" 2>/dev/null
	sed -n 3p "$work/out" | grep -q -e "$1" && sed -n 5p "$work/out" |
		grep -q "^q quit"
}
first()
{
	name=$1
	await first_is "$2"
	: >"$work/err"
	if first_is "$2"; then
		echo "ok: $name"
	else
		fail "$name: no \"$2\" in the first line"
	fi
}
first "columns, verdicts, no headings" "^ *[0-9]*d  $prefix-a\$"
tmux -S "$socket/t" send-keys s
sees "s sorts" "^q quit .* s by size "
tmux -S "$socket/t" send-keys s
first "... by age" "^ *[0-9]*d  $prefix-b\$"
sees "the foot says so" "^q quit .* s by age "
tmux -S "$socket/t" send-keys s
sees "... by owner" "^q quit .* s by owner "
tmux -S "$socket/t" send-keys s s
first "... and by key again" "^ *[0-9]*d  $prefix-a\$"
tmux -S "$socket/t" respawn-pane -k "'$SVSHM' top --sort age \
	--verdict half-made; exec cat"
sees "--sort" "^q quit .* s by age "
tmux -S "$socket/t" kill-server 2>/dev/null

finish
