#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Lists for people: their order, their columns, and what is left out of them.
. "$srcdir/tests/tool/toolkit.sh"
alone "$0"
prepare
many_objects
need ipcmk

# ---- What there is -----------------------------------------------------------

# Three orphans of three sizes, and one in use; made in no order.
for name in c a b; do
	case $name in
	a) size=3000 ;;
	b) size=70000 ;;
	c) size=10 ;;
	esac
	head -c "$size" /dev/zero >"$work/data"
	orphan "$prefix-$name" "$work/data"
done
start_put "$prefix-u" "$work/data"
user=$job
# Key files alone can be of any age, and of anybody.
lone=$work/keys/$prefix
touch -t 202001010000 "$lone-z"
touch -t 202201010000 "$lone-x"
touch -t 202101010000 "$lone-y"
first=$(foreign_segment 4096)
second=$(foreign_segment 900000)
set=$(foreign_set 3)

# order NAME WANTED OPTION...: the names in the list, without the prefix.
order()
{
	title=$1
	wanted_order=$2
	shift 2
	check "$title" 0 "$SVSHM" list --noheadings --output key "$@"
	found=$(sed "s/^$prefix-//" "$work/out" | tr '\n' ,)
	[ "$found" = "$wanted_order," ] || fail "$name: $found"
}

# ---- Order -------------------------------------------------------------------

order "by key" a,b,c,u,x,y,z
order "by key, and ours first" \
	"a,b,c,u,x,y,z,segment $first,segment $second,semaphore set $set" --all
order "--sort key is the same" a,b,c,u,x,y,z --sort key
order "by size, the largest first" b,u,a,c --sort=size \
	--verdict orphan,in-use
order "by size, among others'" "segment $second,b,u,segment $first,a,c" \
	--sort size --all --verdict "orphan,in-use,foreign?"
order "by age, the oldest first" z,y,x --sort age --verdict half-made
order "by verdict, leftovers first" x,y,z,a,b,c,u --sort verdict
order "by verdict, and others' last" \
	"x,y,z,a,b,c,u,segment $first,segment $second,semaphore set $set" \
	--sort verdict --all
if [ "$(id -u)" -eq 0 ]; then
	chown 54322 "$lone-x"
	chown 54321 "$lone-z"
	order "by owner" z,x,y --sort owner --verdict half-made
fi
check "an order that is none" 2 "$SVSHM" list --sort kye
err '"kye" is none of key, size, age, owner and verdict, did you mean "key"?'
check "no order" 2 "$SVSHM" list --sort
check "JSON in the same order" 0 "$SVSHM" list --json --sort age \
	--verdict half-made
valid_json
found=$(sed -n "s/^ *\"key\": \"$prefix-\(.\)\",/\1/p" "$work/out" | tr '\n' ,)
[ "$found" = z,y,x, ] || fail "$name: $found"

# ---- Verdicts ----------------------------------------------------------------

order "orphans" a,b,c --verdict orphan
order "two verdicts" u,x,y,z --verdict half-made,in-use
order "leftovers" a,b,c,x,y,z --verdict leftover
order "others' need no --all" "segment $first,segment $second,semaphore set $set" \
	--verdict foreign
order "others' that seem left over" "segment $first,segment $second" \
	--verdict "foreign?"
check "none" 0 "$SVSHM" list --noheadings --verdict corrupt
[ ! -s "$work/out" ] || fail "$name: prints something"
check "a verdict that is none" 2 "$SVSHM" list --verdict orphan,orphn
err '"orphn" is none of .*, did you mean "orphan"?'
check "an empty verdict" 2 "$SVSHM" list --verdict orphan,
check "a verdict twice" 2 "$SVSHM" list --verdict orphan --verdict orphan

# ---- Columns -----------------------------------------------------------------

check "the usual columns" 0 "$SVSHM" list
out "^KEY  *LAYOUT  *VERDICT  *SIZE  *PROCS  *MAPS  *MODE  *OWNER  *AGE\$"
narrow
check "some columns" 0 "$SVSHM" list --output verdict,Key,SIZE --verdict orphan
[ "$(head -n 1 "$work/out" | tr -s ' ')" = "VERDICT KEY SIZE" ] ||
	fail "$name: other titles"
out "^orphan   *$prefix-a  *2.9K\$"
check "without headings" 0 "$SVSHM" list --noheadings --verdict in-use
[ "$(wc -l <"$work/out")" -eq 1 ] || fail "$name: not one line"
# member NAME: a number of the object that was shown last as JSON.
member()
{
	sed -n "s/^ *\"$1\": \([0-9]*\),\$/\1/p" "$work/out"
}
check "what JSON has" 0 "$SVSHM" list --json --verdict in-use
# Who attached last is who looked last.
wanted_row="$(member segment_id) $(member semaphore_id) free $(id -un) $user"
wanted_row="$wanted_row [0-9]* $lone-u"
check "all others" 0 "$SVSHM" list --noheadings --verdict in-use \
	--output id,set,lock,creator,cpid,lpid,keyfile
tr -s ' ' <"$work/out" | sed 's/^ //' >"$work/row"
grep -qx "$wanted_row" "$work/row" || fail "$name: not $wanted_row"
check "the owner of the lock" 0 "$SVSHM" lock "$prefix-l" -- \
	sh -c 'echo "$PPID"; "$1" list --noheadings --output lock,key' sh "$SVSHM"
out "^ *$(head -n 1 "$work/out")  *$prefix-l\$"
out "^ *free  *$prefix-a\$"
check "every column" 0 "$SVSHM" list --all --output \
	KEY,LAYOUT,VERDICT,SIZE,PROCS,MAPS,MODE,OWNER,AGE,ID,SET,LOCK,CREATOR,CPID,LPID,KEYFILE
[ "$(wc -l <"$work/out")" -eq 11 ] || fail "$name: not a line each"
check "a column that is none" 2 "$SVSHM" list --output KEY,OWNR
err '"OWNR" is none of KEY, LAYOUT, .* and KEYFILE, did you mean "OWNER"?'
check "... in small letters" 2 "$SVSHM" list --output key,ownr
err 'did you mean "OWNER"?'
check "a column twice" 2 "$SVSHM" list --output KEY,key
err 'twice'
check "no column" 2 "$SVSHM" list --output ""
check "columns and JSON" 2 "$SVSHM" list --output KEY --json
check "no headings and JSON" 2 "$SVSHM" list --noheadings --json

# A key that takes a line of its own among the usual columns does not so where a
# script may count on a line each; and what is said below is left out there.
long=$prefix-$(printf '%090d' 0)
head -c 10 /dev/zero >"$work/data"
orphan "$long" "$work/data"
rm "$work/keys/$prefix-00"*
check "a long key" 0 "$SVSHM" list
out "^$long\$"
out "^$long: its key file is gone"
check "... in columns of one's own" 0 "$SVSHM" list --output KEY,SIZE
out "^$long  *10B\$"
out "^$long: its key file is gone"
check "... and without headings" 0 "$SVSHM" list --noheadings
out "^$long  *native  *orphan"
no_out "key file is gone"
check "the long one goes" 0 "$SVSHM" recover "$long"

# ---- For monitoring ----------------------------------------------------------

one_line()
{
	[ "$(wc -l <"$work/out")" -eq 1 ] || fail "$name: not one line"
}

check "list --check" 3 "$SVSHM" list --check
one_line
out "^6 leftovers among 7 objects: 3 half-made, 3 orphan; [0-9.]*K; the oldest, $prefix-z, left [0-9]*d ago\$"
check "... with JSON" 3 "$SVSHM" list --check --json
valid_json
check "... of some verdicts" 3 "$SVSHM" list --check --verdict orphan,corrupt
one_line
out "^3 found among 7 objects: 3 orphan; "
check "... of others'" 3 "$SVSHM" list --check --verdict "foreign?"
one_line
out "^2 found among 10 objects: 2 foreign?; "
check "... of none" 0 "$SVSHM" list --check --verdict corrupt
one_line
out "^none found among 7 objects\$"
check "... and a table" 2 "$SVSHM" list --check --output KEY
"$SVSHM" recover --quiet
check "no leftovers" 0 "$SVSHM" list --check
one_line
out "^no leftovers among 1 object\$"
odd=$(printf '%s-|\n\033[31m%0200d' "$prefix" 0)
orphan "$odd" "$work/data"
check "a name that bites" 3 "$SVSHM" list --check
one_line
out "^1 leftover among 2 objects: 1 orphan; 10B; the oldest, $prefix-|.x0a"
[ "$(wc -c <"$work/out")" -le 200 ] || fail "$name: a long line"
"$SVSHM" recover --quiet

finish
