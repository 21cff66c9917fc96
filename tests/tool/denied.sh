#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What the tool says to who is denied something, and whether that helps: the
# command in the message is run, by the one whom it names.
. "$srcdir/tests/tool/toolkit.sh"
[ "$(id -u)" -eq 0 ] || { echo "not root: nobody else can be denied"; exit 77; }
need setpriv
alone "$0"
prepare
echo abc >"$work/data"
chmod 644 "$work/data"
for_all "$SVSHM"
need_user 65533

# follow: run the command that the last message names.
follow()
{
	command=$(sed -n 's/.* with "\(\([A-Z_]*=[^ ]* \)\{0,1\}svshm [^"]*\)".*/\1/p' \
		"$work/err")
	[ -n "$command" ] || fail "$name: names no command"
	check "$command" 0 env -u SVSHM_KEYDIR -u TMPDIR PATH="$work:$PATH" \
		sh -c "$command"
}

# ---- Once with sudo: the layout of Qt ----------------------------------------

mkdir -m 1777 "$work/qt"
export TMPDIR="$work/qt"
orphan sudo "$work/data" --layout qt
check "get of what root has left" 1 \
	as 65533 "$work/svshm" get --layout qt sudo
err 'belongs to root'
check "put over what root has left" 1 \
	as 65533 "$work/svshm" put --layout qt sudo "$work/data"
err 'belongs to root'
follow
[ -z "$(ls "$TMPDIR")" ] || fail "$name: leaves $(ls "$TMPDIR")"
check "then it works" 0 as 65533 "$work/svshm" lock --layout qt sudo -- true
check "remove by another user" 1 \
	as 65533 "$work/svshm" remove --layout qt sudo
unset TMPDIR

# ---- A common key directory --------------------------------------------------

chmod 1777 "$work/keys"
odd="it's $prefix"
start_put "$odd" "$work/data"
check "get of what is root's" 1 as 65533 "$work/svshm" get "$odd"
err 'belongs to root'
err 'svshm_set_mode()'
check "remove of what is root's" 1 as 65533 "$work/svshm" remove "$odd"
err 'Permission denied'
as 65533 "$work/svshm" info "$odd" | grep -q '^owner  *-$' ||
	err 'belongs to root, who can remove it: '
kill -TERM "$job"
ended "put" 1
orphan "$odd" "$work/data"
check "put over what is root's" 1 \
	as 65533 "$work/svshm" put "$odd" "$work/data"
follow
check "then it works" 0 as 65533 "$work/svshm" lock "$odd" -- true

# ---- Who may only read -------------------------------------------------------

start_put "$odd" "$work/data" --mode 0644
check "get of who may only read" 0 as 65533 "$work/svshm" get "$odd"
cmp "$work/data" "$work/out" || fail "$name: the data differ"
[ ! -s "$work/err" ] || fail "$name: $(cat "$work/err")"
"$SVSHM" lock "$odd" -- sh -c 'echo >"$1"; while [ -e "$1" ]; do
	sleep 0.1 2>/dev/null || sleep 1; done' sh "$work/inside" &
owner=$!
await test -e "$work/inside"
check "... beside an owner of the lock" 1 \
	as 65533 "$work/svshm" get --timeout 0.1 "$odd"
err "no moment long enough"
rm "$work/inside"
wait $owner
ended "put, locked by another" 0

# ---- Key directories that cannot be made -------------------------------------

# The standard one, hidden by file systems of this mount namespace.
unset SVSHM_KEYDIR
base=$(as 65533 "$work/svshm" remove nothing 2>&1 |
	sed -n 's/.*key file \(.*\)\/svshm-65533\/nothing.*/\1/p')
case $work in
"$base"/*) hides=1 ;;
*) hides= ;;
esac
if [ -z "$base" ]; then
	fail "remove of nothing does not name the key file"
elif [ -n "$hides" ]; then
	echo "note: what is mounted on $base would hide this test's files"
elif mount -t tmpfs -o ro tmpfs "$base" 2>/dev/null; then
	check "read-only" 1 as 65533 "$work/svshm" put "$prefix" "$work/data"
	err "the key directory cannot be made: .*Read-only file system; set SVSHM_KEYDIR"
	err "with --with-keydir"
	umount "$base"
	mount -t tmpfs -o mode=755 tmpfs "$base"
	check "not ours" 1 as 65533 "$work/svshm" put "$prefix" "$work/data"
	err "the key directory cannot be made: .*Permission denied; set SVSHM_KEYDIR"
	umount "$base"
else
	echo "note: nothing can be mounted here"
fi
# As in a root that has no such directory.
if [ "$base" = /dev/shm ] && mount -t tmpfs tmpfs /dev 2>/dev/null; then
	check "no base" 1 as 65533 "$work/svshm" put "$prefix" "$work/data"
	err "the key directory cannot be made: .*No such file or directory; set SVSHM_KEYDIR"
	grep -q "there is no such" "$work/err" && fail "$name: said twice"
	mkdir -m 700 "$work/mine"
	chown 65533 "$work/mine"
	check "with SVSHM_KEYDIR" 0 as 65533 env SVSHM_KEYDIR="$work/mine" \
		"$work/svshm" lock "$prefix" -- true
	umount /dev
fi

finish
