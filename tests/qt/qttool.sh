#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The tool with objects of the Qt layout.
. "$srcdir/tests/tool/toolkit.sh"
alone_if_may "$0"
prepare
mkdir -m 700 "$work/tmp" || exit 99
export TMPDIR="$work/tmp"
# Letters only, so that the path tells the key.
key=$(printf 'svshmtest%s' $$ | tr 0-9 A-J)

remove_objects()
{
	"$SVSHM" remove --layout qt --force "$key"
}

nothing_left()
{
	[ -z "$(ls "$TMPDIR")" ] || fail "$name: leaves $(ls "$TMPDIR")"
}

# filled: the put that is in the background has released the lock.
filled()
{
	"$SVSHM" info --layout qt "$key" | grep -q '^lock  *free'
}

head -c 5000 "$0" >"$work/data"

check "no such layout" 2 "$SVSHM" get --layout gtk "$key"
err 'neither native nor qt'
check "nothing there" 1 "$SVSHM" get --layout qt "$key"
nothing_left

start_put "$key" "$work/data" --layout qt
await filled
check "list" 0 "$SVSHM" list
out "^$key  *qt  *in use"
check "list --json" 0 "$SVSHM" list --json
out "\"key\": *\"$key\""
out '"layout": *"qt"'
check "info" 0 "$SVSHM" info --layout qt "$key"
out '^layout *qt$'
out '^lock *free$'
out "^data *$(wc -c <"$work/data") bytes"
check "the native layout is another world" 1 "$SVSHM" info "$key"
check "by path" 0 "$SVSHM" info --layout qt --native-key \
	"systemv:$(echo "$TMPDIR"/qipc_sharedmemory_*)"
out "^key *$key$"
check "posix" 1 "$SVSHM" info --layout qt --native-key posix:/x
err 'QNativeIpcKey::Type::SystemV'
check "remove of what is in use" 1 "$SVSHM" remove --layout qt "$key"
check "recover of what is in use" 0 "$SVSHM" recover --qt "$key"
out 'kept: in use'
check "get" 0 "$SVSHM" get --layout qt "$key" "$work/copy"
cmp "$work/data" "$work/copy" || fail "get has got other bytes"
ended "put" 0
nothing_left

check "lock" 7 "$SVSHM" lock --layout qt "$key" -- sh -c \
	"'$SVSHM' info --layout qt $key | grep -q '^lock *held' && exit 7"
nothing_left

orphan "$key" "$work/data" --layout qt
check "list --check of an orphan" 3 "$SVSHM" list --check
out "1 orphan"
check "list of an orphan" 0 "$SVSHM" list
out "^$key  *qt  *orphan"
check "recover leaves Qt's alone" 0 "$SVSHM" recover
out 'nothing to recover'
check "recover --qt --dry-run" 3 "$SVSHM" recover --qt --dry-run
out "^$key: would be removed: orphan"
mkdir "$work/saved"
check "recover --qt" 0 "$SVSHM" recover --qt --save "$work/saved"
out "^$key: removed: orphan"
cmp "$work/data" "$work/saved/$key".* || fail "other bytes were saved"
nothing_left

# A pipe that breaks in the middle takes all back.
check "put of nothing" 1 "$SVSHM" put --layout qt "$key" /dev/null
nothing_left

finish
