#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Who is in the way? A database that was killed leaves children that have its
# segment mapped, and does not start again: info says who they are.
. "$srcdir/tests/tool/toolkit.sh"
alone "$0"
prepare
need awk ipcmk ipcrm ipcs setsid
[ -r /proc/self/maps ] || { echo "nothing tells here who maps what"; exit 77; }
need_lists
server=$builddir/tests/tool/server
key=0x52e2c1

# start_server sessions|plain KEY: makes $segment; it and its children are
# $maker, $first and $second.
start_server()
{
	rm -f "$work/server"
	setsid "$server" "$1" "$2" 5000 2 >"$work/server" 2>"$work/err" &
	jobs="$jobs $!"
	await grep -q ready "$work/server"
	{
		read -r maker
		read -r segment
		read -r first
		read -r second
	} <"$work/server"
	jobs="$jobs $maker $first $second"
}

# A zombie, or nothing: who has adopted it may leave it there.
has_ended()
{
	! grep -q '^[0-9]* (.*) [^ZX]' "/proc/$1/stat"
}

adopted()
{
	! grep -q "^PPid:[^0-9]*$maker\$" "/proc/$1/status"
}

kill_maker()
{
	kill -9 "$maker"
	await has_ended "$maker"
	await adopted "$first"
	await adopted "$second"
}

kill_children()
{
	kill -9 "$first" "$second"
	await has_ended "$first"
	await has_ended "$second"
}

# ---- The server lives --------------------------------------------------------

start_server plain $key
check "info --key" 0 "$SVSHM" info --key $key
out "^segment  *id $segment\$"
out "^IPC key  *0x0052e2c1"
out "^verdict  *foreign"
out "^creator pid  *$maker (alive)"
out "^mapped by  *3 processes"
out "^  $maker  *$(id -un)  *[0-9-]* [0-9:]*  *[0-9]*s  read-write  .*server"
out "^  $first  .*read-only "
out "^  $second  .*read-write "
out "^maker  *$maker: "
out "^children  *$first, $second: children of its maker, which is alive"
no_out "orphans"
narrow
check "... with JSON" 0 "$SVSHM" info --key $key --json
valid_json
out '"creator_alive": true'
out '"relation": "maker"'
out '"relation": "child"'
out "\"parent_pid\": $maker"
out "\"command_line\": \".*server plain $key 5000 2\""
for text in 5432001 0x0052E2C1; do
	check "the key as $text" 0 "$SVSHM" info --key $text
	out "^segment  *id $segment\$"
done
for text in 0 x 0x1ffffffff "" 12x; do
	check "no key: $text" 2 "$SVSHM" info --key "$text"
done
check "a key of nothing" 1 "$SVSHM" info --key 0x12345
err "no segment or semaphore set with the IPC key 0x00012345"
for force in "" --force; do
	check "remove --id $force of what is in use" 1 \
		"$SVSHM" remove --id "$segment" $force
	err "it is mapped 3 times.*ipcrm -m $segment"
done

# ---- It was killed -----------------------------------------------------------

kill_maker
check "the maker is dead" 0 "$SVSHM" info --key $key
out "^creator pid  *$maker (dead)"
out "^mapped by  *2 processes"
out "^orphans  *$first, $second: children of its maker, which is dead"
no_out "^maker  "
check "... with JSON" 0 "$SVSHM" info --id "$segment" --json
valid_json
out '"creator_alive": false'
out '"relation": "orphan"'
kill -9 "$first"
await has_ended "$first"
check "one of them is dead" 0 "$SVSHM" info --key $key
out "^orphans  *$second: "
kill_children
check "nobody is in the way" 0 "$SVSHM" info --key $key
out "^mapped by  *0 processes"
out "^left over  *possible"
check "recover --id" 0 "$SVSHM" recover --id "$segment" --yes
check "it is gone" 1 "$SVSHM" info --key $key

# ---- Each child has a session ------------------------------------------------

# As a database's. Their parent is dead, so who adopted them has another one.
start_server sessions $key
kill_maker
check "children with sessions" 0 "$SVSHM" info --key $key
out "^creator pid  *$maker (dead)"
out "^orphans?  *$first, $second: perhaps children of its maker, which is dead"
check "... with JSON" 0 "$SVSHM" info --key $key --json
out '"relation": "perhaps-orphan"'
kill_children
check "remove --id" 0 "$SVSHM" remove --id "$segment"
check "the key is free" 1 "$SVSHM" info --key $key

# ---- A set with the same key -------------------------------------------------

start_server plain 0x7fffffff
kill_maker
kill_children
if command -v perl >/dev/null; then
	perl -e 'semget(0x7fffffff, 3, 01600) // exit 1' ||
		fail "no set was made"
	check "two of one key" 0 "$SVSHM" info --key 0x7fffffff
	out "^segment  *id $segment\$"
	out "^semaphores  *3\$"
	check "... with JSON" 0 "$SVSHM" info --key 0x7fffffff --json
	valid_json
	out '"same_ipc_key": \['
fi
finish
