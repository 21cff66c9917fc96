#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# svshm put stays until a reader has left in order: not for one that fails, or
# is killed.
. "${srcdir:-.}/tests/tool/toolkit.sh"

prepare
key=$prefix-put
awk 'BEGIN { for (i = 0; i < 20000; i++) print i, "a line of the file" }' \
	>"$work/data"

remove_objects()
{
	"$SVSHM" remove --force "$key"
}

# departed N: so many have left in order.
departed()
{
	"$SVSHM" info --json "$key" | grep -q "\"departures\": $1,*\$"
}

# came N: so many have come so far, put itself included, and gone.
came()
{
	"$SVSHM" info --json "$key" >"$work/json" &&
		grep -q "\"registrations\": $1,*\$" "$work/json" &&
		[ "$(grep -c '"alive": true' "$work/json")" -eq 1 ]
}

# said N: put has told of so many that did not end in order.
said()
{
	[ "$(grep -c 'without ending in order' "$work/job.err")" -eq "$1" ]
}

# here NAME COMMAND...: what is to be seen, soon.
here()
{
	name=$1
	shift
	await "$@"
	if "$@"; then
		echo "ok: $name"
	else
		: >"$work/out"
		cp "$work/job.err" "$work/err"
		fail "$name"
	fi
}

start_put "$key" "$work/data"
await departed 0
if [ -e /dev/full ]; then
	check "get to a full disk" 1 "$SVSHM" get "$key" /dev/full
	err 'No space left'
	here "put tells of the reader that failed" said 1
	here "put waits on" in_use "$key"
	kill -0 "$job" || fail "put has ended"
	next=3
else
	next=2
fi

# A reader that waits for somebody to read from its pipe, and is killed there.
mkfifo "$work/pipe"
exec 3<>"$work/pipe"
"$SVSHM" get "$key" "$work/pipe" &
reader=$!
await sh -c '"$1" info "$2" --json | grep -q "\"pid\": $3,"' sh \
	"$SVSHM" "$key" "$reader"
{
	kill -9 "$reader"
	wait "$reader"
} 2>/dev/null
exec 3>&-
here "put is alone again" came "$next"
here "put tells of the reader that was killed" said $((next - 1))
departed 0 || fail "somebody has left in order"

check "get, in order" 0 "$SVSHM" get "$key" "$work/copy"
cmp -s "$work/data" "$work/copy" || fail "the copy differs"
ended "put ends after a reader that left in order" 0
check "nothing is left" 1 "$SVSHM" info "$key"

# One that fails beside one that does not.
start_put "$key" "$work/data"
[ ! -e /dev/full ] || "$SVSHM" get "$key" /dev/full 2>/dev/null
check "get after a failure" 0 "$SVSHM" get "$key" "$work/copy"
ended "put ends after the second reader" 0

# Many megabytes, whose pages come in ahead of the copy; the last one is not full.
awk 'BEGIN { for (i = 0; i < 1500000; i++) print i, "a line of the file" }' \
	>"$work/large"
start_put "$key" "$work/large"
await departed 0
check "get of many megabytes" 0 "$SVSHM" get "$key" "$work/copy"
cmp -s "$work/large" "$work/copy" || fail "the large copy differs"
ended "put of many megabytes ends" 0

# Its memory: whether it is locked, or huge, or why not, is to be seen.
start "$SVSHM" put "$key" "$work/data" --locked --huge
await in_use "$key"
await departed 0
"$SVSHM" info --json "$key" >"$work/json"
grep -q '"page_size": [1-9]' "$work/json" || fail "its pages have no size"
if "$SVSHM" info "$key" | grep -q '^pages .*never swapped'; then
	grep -q '"memory_locked": true' "$work/json" ||
		fail "one says that it is locked, the other not"
else
	[ "$(uname)" != Linux ] || [ -n "${SMALLWORLD-}" ] ||
		fail "put --locked has not locked it"
fi
# It is less than one.
grep -q 'no huge pages: ' "$work/job.err" ||
	fail "put --huge does not say why there are none"
check "get of the locked" 0 "$SVSHM" get "$key" "$work/copy"
ended "put --locked ends" 0

finish
