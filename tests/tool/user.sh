#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Root acts on exactly what the list shows: other users' keys, ids of segments
# and sets, and names that are no keys. Nor do links lead root astray that a
# user has put into his key directory.
. "$srcdir/tests/tool/toolkit.sh"
[ "$(id -u)" -eq 0 ] || { echo "not root: others' are out of reach"; exit 77; }
need setpriv ipcmk ipcrm awk
alone "$0"
prepare
server=$builddir/tests/tool/server
bob=65533
for_all "$SVSHM"
awk 'BEGIN { for (i = 0; i < 2000; i++) print i }' >"$work/data"
chmod 644 "$work/data"
need_user $bob

# Key directories of the standard kind, on a file system of this test's own.
unset SVSHM_KEYDIR
base=$("$SVSHM" remove "$prefix" 2>&1 |
	sed -n 's/.*key file \(.*\)\/svshm-0\/.*/\1/p')
case $work in
"$base"/*) echo "$base has this test's files"; exit 77 ;;
esac
mount -t tmpfs -o mode=1777 tmpfs "$base" ||
	{ echo "nothing can be mounted on $base"; exit 77; }

need_lists

# field NAME COMMAND...: a number of its JSON.
field()
{
	wanted=$1
	shift
	"$@" --json | sed -n "s/^ *\"$wanted\": \(-*[0-9]*\),*\$/\1/p"
}

# bobs KEY: leaves an orphan of his.
bobs()
{
	SVSHM_AS_ROOT=$SVSHM
	cat >"$work/bob" <<END
#!/bin/sh
exec setpriv --reuid $bob --regid $bob --clear-groups "$work/svshm" "\$@"
END
	chmod 755 "$work/bob"
	SVSHM=$work/bob
	orphan "$1" "$work/data"
	SVSHM=$SVSHM_AS_ROOT
}

# ---- Another user's key ------------------------------------------------------

bobs theirs
check "list shows it" 0 "$SVSHM" list
out "^theirs  *native  *orphan"
check "info finds none of root's" 1 "$SVSHM" info theirs
err "there is no object.*; .* has one: --user "
check "get neither" 1 "$SVSHM" get theirs
err "there is no object.*; .* has one: --user "
check "recover neither" 0 "$SVSHM" recover theirs
out "^theirs: nothing there; .* has one: --user "
check "info --user" 0 "$SVSHM" info theirs --user $bob
out "^verdict  *orphan"
out "^native key  *$base/svshm-$bob/theirs\$"
name=$(awk -F: -v uid=$bob '$3 == uid { print $1 }' /etc/passwd)
[ -z "$name" ] ||
	check "... by name" 0 "$SVSHM" info theirs --user "$name"
check "no such user" 2 "$SVSHM" info theirs --user nobody-has-this-name
err "neither a user nor a uid"
check "uid -1" 2 "$SVSHM" info theirs --user 4294967295
check "recover --user --dry-run" 3 \
	"$SVSHM" recover theirs --user $bob --dry-run
out "^theirs: would be removed: orphan"
check "another user may not" 1 \
	as 65532 "$work/svshm" info theirs --user $bob
err "only root"
check "get --user" 0 "$SVSHM" get theirs "$work/copy" --user $bob
cmp "$work/data" "$work/copy" || fail "$name: the data differ"
[ ! -e "$base/svshm-$bob/theirs" ] || fail "$name: left the key file"

bobs theirs
check "recover --user" 0 "$SVSHM" recover theirs --user $bob
out "^theirs: removed: orphan"
[ ! -e "$base/svshm-$bob/theirs" ] || fail "$name: left the key file"
SVSHM=$work/bob
start_put theirs "$work/data"
SVSHM=$SVSHM_AS_ROOT
check "remove --user of what is in use" 1 "$SVSHM" remove theirs --user $bob
err "in use by pid $job"
check "remove --user --force" 0 "$SVSHM" remove theirs --user $bob --force
ended "put of what was removed" 1
[ ! -e "$base/svshm-$bob/theirs" ] || fail "$name: left the key file"

# ---- All that is one user's --------------------------------------------------

bobs theirs
orphan ours "$work/data"
check "list --user" 0 "$SVSHM" list --user $bob
out "^theirs "
no_out "^ours "
check "list --user of root" 0 "$SVSHM" list --user 0
out "^ours "
no_out "^theirs "
check "list --user --check of nobody's" 0 "$SVSHM" list --check --user 65531
rm "$base/svshm-$bob/theirs"
echo "svshm 1" >"$base/svshm-$bob/lone"
chown $bob "$base/svshm-$bob/lone"
check "a lone key file of his" 0 "$SVSHM" list --user $bob
out "^lone  *native  *half-made"
foreign_segment 100 >"$work/made"
segment=$(cat "$work/made")
theirs=$(foreign_segment 100 as $bob)
check "recover --user --foreign" 3 "$SVSHM" recover --user $bob --foreign
out "^theirs: removed"
out "^lone: removed"
out "^segment $theirs: would be removed"
no_out "^segment $segment:"
no_out "^ours:"
[ -z "$(ls -A "$base/svshm-$bob")" ] ||
	fail "$name: left $(ls -A "$base/svshm-$bob")"
check "root's are there" 0 "$SVSHM" list
out "^ours  *native  *orphan"
check "... and go" 0 "$SVSHM" recover --user root
out "^ours: removed"

# ---- Links in his key directory ----------------------------------------------

orphan ours "$work/data"
ln -s "$base/svshm-0/ours" "$base/svshm-$bob/ours"
check "a link for a key file" 1 "$SVSHM" remove ours --user $bob --force
err "symbolic link"
check "... in all that is his" 0 "$SVSHM" list --user $bob
no_out "ours"
rm "$base/svshm-$bob/ours"
rmdir "$base/svshm-$bob"
ln -s svshm-0 "$base/svshm-$bob"
chown -h $bob "$base/svshm-$bob"
check "a link for a key directory" 1 "$SVSHM" remove ours --user $bob --force
err "symbolic link"
check "... in all that is his" 0 "$SVSHM" recover --user $bob
out "nothing to recover"
check "root's is there" 0 "$SVSHM" info ours
out "^verdict  *orphan"
rm "$base/svshm-$bob"

# ---- Ids ---------------------------------------------------------------------

id=$(field segment_id "$SVSHM" info ours)
set=$(field semaphore_id "$SVSHM" info ours)
check "recover --id --dry-run" 3 "$SVSHM" recover --id "$id" --dry-run
out "^ours: would be removed: orphan"
check "recover --set" 0 "$SVSHM" recover --set "$set"
out "^ours: removed: orphan"
check "recover --id of nothing" 0 "$SVSHM" recover --id "$id"
out "^segment $id: nothing there"
check "remove --id of nothing" 1 "$SVSHM" remove --id "$id"
err "there is no segment $id"
for text in x -1 3x 99999999999999999999; do
	check "an id $text" 2 "$SVSHM" recover "--id=$text"
done
check "two ways to name it" 2 "$SVSHM" remove KEY --id 3
check "--id and --set" 2 "$SVSHM" recover --id 3 --set 4

orphan ours "$work/data"
id=$(field segment_id "$SVSHM" info ours)
rm "$base/svshm-0/ours"
"$server" spoil "$id" || fail "the header is not spoiled"
check "corrupt, and no key file" 1 "$SVSHM" recover --id "$id"
err "svshm remove --force --id $id"
check "... it is there" 0 "$SVSHM" info --id "$id"
out "^verdict  *corrupt"
check "... remove --id" 1 "$SVSHM" remove --id "$id"
check "... remove --id --force" 0 "$SVSHM" remove --id "$id" --force
check "... is gone" 1 "$SVSHM" info --id "$id"
ipcs -m | awk '$2 == id { exit 1 }' id="$id" || fail "$name: is still there"

segment=$(foreign_segment 5000)
check "recover --id of another program's lists" 3 \
	"$SVSHM" recover --id "$segment"
out "^segment $segment: would be removed: foreign"
out "^1 of other programs; --yes removes it"
check "... and not what is too young" 0 \
	"$SVSHM" recover --id "$segment" --yes --older-than 1h
out "^segment $segment: kept"
check "recover --id --yes" 0 "$SVSHM" recover --id "$segment" --yes
out "^segment $segment: removed: foreign"
segment=$(foreign_segment 5000)
check "remove --id of a leftover" 0 "$SVSHM" remove --id "$segment"
check "... is gone" 1 "$SVSHM" info --id "$segment"
set=$(foreign_set 3)
check "recover --set of what can't be told" 0 "$SVSHM" recover --set "$set"
out "^semaphore set $set: kept: "
for force in "" --force; do
	check "remove --set $force" 1 "$SVSHM" remove --set "$set" $force
	err "ipcrm -s $set"
done
check "... is there" 0 "$SVSHM" info --set "$set"
ipcrm -s "$set"

# ---- Names of the list -------------------------------------------------------

segment=$(foreign_segment 5000)
check "info of a listed name" 0 "$SVSHM" info "segment $segment"
out "^segment  *id $segment\$"
check "get of another program's" 1 "$SVSHM" get "segment $segment"
err "segment $segment is another program's"
check "... of another user's" 1 "$SVSHM" info "segment $segment" --user $bob
orphan "segment $segment" "$work/data"
check "a key goes before" 0 "$SVSHM" info "segment $segment"
out "^key  *segment $segment\$"
check "... and is removed" 0 "$SVSHM" remove "segment $segment"
check "recover of a listed name" 0 "$SVSHM" recover "segment $segment" --yes
out "^segment $segment: removed: foreign"
check "... is gone" 1 "$SVSHM" info "segment $segment"
set=$(foreign_set 3)
check "remove of a listed set" 1 "$SVSHM" remove "semaphore set $set"
err "^svshm: semaphore set $set is not removed: "
ipcrm -s "$set"
touch "$work/own"
start "$SVSHM" put --native-key "$work/own" "$work/data"
await in_use --native-key "$work/own"
check "info of a listed native key" 0 "$SVSHM" info "$work/own"
out "^verdict  *in use"
check "get of a listed native key" 0 "$SVSHM" get "$work/own" "$work/copy"
cmp "$work/data" "$work/copy" || fail "$name: the data differ"
forget "$job"

umount "$base"
finish
