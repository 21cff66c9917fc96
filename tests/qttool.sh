#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The tool with objects of the Qt layout.
set -u
export LC_ALL=C

if [ -z "${SVSHM-}" ]; then
	echo "SVSHM does not say where the tool is"
	exit 77
fi
if [ -z "${SVSHM_TEST_ALONE-}" ] && unshare --ipc true 2>/dev/null; then
	SVSHM_TEST_ALONE=1 exec unshare --ipc sh "$0"
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/svshm-test.XXXXXX") || exit 99
mkdir -m 700 "$work/tmp" "$work/keys" || exit 99
export TMPDIR="$work/tmp" SVSHM_KEYDIR="$work/keys"
failures=0
job=
# Letters only, so that the path tells the key.
key=$(printf 'svshmtest%s' $$ | tr 0-9 A-J)

cleanup()
{
	[ -z "$job" ] || kill -9 "$job"
	"$SVSHM" remove --layout qt --force "$key"
	rm -rf "$work"
} >/dev/null 2>&1
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

fail()
{
	echo "FAIL: $*"
	sed 's/^/    /' "$work/out"
	failures=$((failures + 1))
}

# check NAME STATUS COMMAND...: its output, of both kinds, is in $work/out.
check()
{
	name=$1
	wanted=$2
	shift 2
	"$@" >"$work/out" 2>&1
	status=$?
	if [ $status -eq "$wanted" ]; then
		echo "ok: $name"
	else
		fail "$name: exit status $status, not $wanted"
	fi
}

out()
{
	grep -q -e "$1" "$work/out" || fail "$name: no \"$1\""
}

nothing_left()
{
	[ -z "$(ls "$TMPDIR")" ] || fail "$name: leaves $(ls "$TMPDIR")"
}

info()
{
	"$SVSHM" info --layout qt "$key" >/dev/null 2>&1
}

put()
{
	"$SVSHM" put --layout qt "$key" "$work/data" &
	job=$!
	until info; do sleep 0.02; done
}

head -c 5000 "$0" >"$work/data"

check "no such layout" 2 "$SVSHM" get --layout gtk "$key"
out 'neither native nor qt'
check "nothing there" 1 "$SVSHM" get --layout qt "$key"
nothing_left

put
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
out 'QNativeIpcKey::Type::SystemV'
check "remove of what is in use" 1 "$SVSHM" remove --layout qt "$key"
check "recover of what is in use" 0 "$SVSHM" recover --qt "$key"
out 'kept: in use'
check "get" 0 "$SVSHM" get --layout qt "$key" "$work/copy"
cmp "$work/data" "$work/copy" || fail "get has got other bytes"
wait "$job" || fail "put fails"
job=
nothing_left

check "lock" 7 "$SVSHM" lock --layout qt "$key" -- sh -c \
	"'$SVSHM' info --layout qt $key | grep -q '^lock *held' && exit 7"
nothing_left

put
kill -9 "$job"
wait "$job" 2>/dev/null
job=
check "list of an orphan" 3 "$SVSHM" list --check
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

[ $failures -eq 0 ] || { echo "$failures failed"; exit 1; }
