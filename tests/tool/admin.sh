#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The tool in an administrator's hands: other programs' leftovers, who has what,
# notes beside verdicts, places to save in that are not, and names that bite.
. "$srcdir/tests/tool/toolkit.sh"
alone "$0"
prepare
need ipcmk ipcrm awk

awk 'BEGIN { for (i = 0; i < 20000; i++) print i }' >"$work/data"

# ---- Other programs' leftovers -----------------------------------------------

segment=$(foreign_segment 5000)
set=$(foreign_set 3)

check "list does not show others'" 0 "$SVSHM" list
no_out "^se[gm]"
check "list --all does" 0 "$SVSHM" list --all
out "^segment $segment  *-  *foreign?  *4.9K"
out "^semaphore set $set  *-  *foreign "
narrow
check "recover leaves them alone" 0 "$SVSHM" recover
out "^nothing to recover"
check "recover --foreign lists" 3 "$SVSHM" recover --foreign
out "^segment $segment: would be removed: foreign.*possible"
out "yes removes it"
no_out "^semaphore set"
check "... with JSON" 3 "$SVSHM" recover --foreign --json
valid_json
out '"action": "would-remove"'
out '"certainty": "possible"'
check "... and not what is too young" 0 \
	"$SVSHM" recover --foreign --yes --older-than 1h
out "^segment $segment: kept: not as old"
check "--yes alone" 2 "$SVSHM" recover --yes
check "--foreign of a key" 2 "$SVSHM" recover --foreign "$prefix"
mkdir "$work/saved"
check "recover --foreign --yes --save" 0 \
	"$SVSHM" recover --foreign --yes --save "$work/saved"
out "^segment $segment: removed: .*saved in $work/saved/segment.$segment"
[ "$(wc -c <"$work/saved/segment.$segment")" -eq 5000 ] ||
	fail "$name: not all its bytes were saved"
check "the segment is gone" 1 "$SVSHM" info --id "$segment"
check "a set of root's cannot be judged" 0 "$SVSHM" info --set "$set"
out "^verdict  *foreign"
out "^semaphores  *3\$"
out "can't be told"
check "... with JSON" 0 "$SVSHM" info --set "$set" --json
valid_json
out '"semaphores": 3,'
check "no such set" 1 "$SVSHM" info --set 2147483647
err "no semaphore set"
check "no id" 2 "$SVSHM" info --set x

# ---- Who has it --------------------------------------------------------------

start_put "$prefix-who" "$work/data"
check "who has it" 0 "$SVSHM" info "$prefix-who"
out "^registered  *1, of these alive 1"
out "^undo entries  *1 process:"
if [ -r /proc/self/maps ]; then
	out "^mapped by  *1 process"
	out "^  $job  *$(id -un)  .*read-write"
fi
check "... with JSON" 0 "$SVSHM" info "$prefix-who" --json
valid_json
out "\"pid\": $job"

# ---- Notes -------------------------------------------------------------------

# Made before the other one goes, so that it has another inode.
echo "svshm 1" >"$work/replacement"
rm "$work/keys/$prefix-who"
check "a key file that is gone" 0 "$SVSHM" list
out "^$prefix-who  *native  *in use"
out "^$prefix-who: its key file is gone"
mv "$work/replacement" "$work/keys/$prefix-who"
check "a key file that was replaced" 0 "$SVSHM" info "$prefix-who" --json
valid_json
out '"key-file-replaced"'
check "the live object is not taken for a leftover" 0 "$SVSHM" recover
out "nothing to recover"
set=$("$SVSHM" info "$prefix-who" --json |
	sed -n 's/^ *"semaphore_id": \([0-9]*\),/\1/p')
# Else it sees that, and leaves, before it is looked at.
kill -STOP "$job"
ipcrm -s "$set"
check "a set that was removed" 0 "$SVSHM" list --json
out '"set-gone"'
out '"verdict": "in-use"'
kill -9 "$job"
forget "$job"
check "... and its orphan" 3 "$SVSHM" list --check
check "... is recovered" 0 "$SVSHM" recover
out "^$prefix-who: removed: "

# ---- Places to save in -------------------------------------------------------

orphan "$prefix" "$work/data"
ln -s "$work/saved" "$work/link"
touch "$work/file"
for place in link link/ file missing; do
	check "saving in $place" 1 "$SVSHM" recover --save "$work/$place"
	err "cannot save in $work/$place*"
done
if [ "$(id -u)" -ne 0 ]; then
	mkdir -m 500 "$work/shut"
	check "saving where one may not" 1 "$SVSHM" recover --save "$work/shut"
fi
mkdir "$work/full"
if mount -t tmpfs -o size=16k tmpfs "$work/full" 2>/dev/null; then
	check "saving on a full disk" 1 "$SVSHM" recover --save "$work/full"
	err "No space left on device"
	[ -z "$(ls -A "$work/full")" ] || fail "$name: left a file behind"
fi
check "after all that the orphan is there" 3 "$SVSHM" list --check
check "saving" 0 "$SVSHM" recover --save "$work/saved/"
cmp "$work/data" "$work/saved/$prefix".* || fail "$name: the data differ"

# ---- Saving many -------------------------------------------------------------

# Traced, it stops for a moment at each call: so all files must be there, too. Who
# stops for good is told to go on until he does.
stopped()
{
	[ "$(find "$work/many" -name '.svshm-*' -type f | wc -l)" -eq 3 ] &&
		ps -o stat= --ppid "$job" 2>/dev/null | grep -q '^T\|^t'
}

goes_on()
{
	kill -CONT "$(ps -o pid= --ppid "$job" 2>/dev/null | tr -d ' ')" \
		2>/dev/null
	[ "$(find "$work/many" -name '.svshm-*' -type f | wc -l)" -eq 0 ]
}

saving_many()
{
	mkdir "$work/many"
	for i in 1 2 3; do
		orphan "$prefix-many$i" "$work/data"
	done
	id=$("$SVSHM" info "$prefix-many2" --json |
		sed -n 's/^ *"segment_id": \([0-9]*\),/\1/p')
	touch "$work/many/$prefix-many2.$id"
	check "saving many, with a file in the way" 1 \
		"$SVSHM" recover --save "$work/many"
	err "$prefix-many2: failed: .*exists"
	for i in 1 3; do
		out "^$prefix-many$i: removed: .*; data saved in $work/many/"
		cmp "$work/data" "$work/many/$prefix-many$i".* ||
			fail "$name: the data differ"
	done
	[ ! -s "$work/many/$prefix-many2.$id" ] || fail "$name: wrote to it"
	[ "$(find "$work/many" -type f | wc -l)" -eq 3 ] ||
		fail "$name: left a file behind"
	rm -r "$work/many"
	mkdir "$work/many"
	for i in 1 3; do
		orphan "$prefix-many$i" "$work/data"
	done
	check "saving many, with few files open" 0 \
		sh -c 'ulimit -n 6; exec "$1" recover --save "$2"' sh "$SVSHM" \
		"$work/many"
	for i in 1 2 3; do
		cmp "$work/data" "$work/many/$prefix-many$i".* ||
			fail "$name: the data differ"
	done
	# All names in the directory are made durable at once.
	if command -v strace >/dev/null; then
		rm -r "$work/many"
		mkdir "$work/many"
		for i in 1 2 3; do
			orphan "$prefix-many$i" "$work/data"
		done
		check "saving many, traced" 0 strace -f -o "$work/trace" \
			-e trace=fsync "$SVSHM" recover --save "$work/many"
		calls=$(grep -c 'fsync(.*= 0' "$work/trace")
		[ "$calls" -eq 4 ] || fail "$name: fsync was called $calls times"
	else
		echo "note: no strace to count calls"
	fi
	# One whose file does not hold its data any more is saved anew. The tool stops at
	# its first link(): then all are written, and none has its name.
	if command -v strace >/dev/null && command -v ps >/dev/null; then
		rm -r "$work/many"
		mkdir "$work/many"
		for i in 1 2 3; do
			orphan "$prefix-many$i" "$work/data"
		done
		start strace -f -o "$work/trace" -e trace=link,linkat \
			-e inject=link,linkat:signal=STOP:when=1 \
			"$SVSHM" recover --save "$work/many"
		await stopped
		for file in "$work/many"/.svshm-*; do
			echo more >>"$file"
		done
		await goes_on
		ended "saving what has changed meanwhile" 0
		for i in 1 2 3; do
			cmp "$work/data" "$work/many/$prefix-many$i".* ||
				fail "$name: the data differ"
		done
		[ "$(find "$work/many" -type f | wc -l)" -eq 3 ] ||
			fail "$name: left a file behind"
	fi
}
# Where there may be three.
[ -n "${SVSHM_TEST_LIMITS-}" ] || saving_many

# ---- No permission -----------------------------------------------------------

other="as 54321"
if [ "$(id -u)" -eq 0 ] && $other true 2>/dev/null &&
	$other test -x "$SVSHM" 2>/dev/null; then
	foreign_segment 100 >"$work/out"
	orphan "$prefix" "$work/data"
	chmod 755 "$work"
	check "others' leftovers are not mine" 0 \
		$other env SVSHM_KEYDIR="$work/none" "$SVSHM" recover --foreign --yes
	no_out "removed: "
	check "they are there" 3 "$SVSHM" list --check
	check "root's they are" 0 "$SVSHM" recover --foreign --yes
	out "^$prefix: removed: orphan"
fi

# ---- Names that bite ---------------------------------------------------------

odd=$(printf '%s-\033]0;evil\007\033[31m\n"\\/%%\377\302\233' "$prefix")
orphan "$odd" "$work/data"
tried="list,list --all,info,recover --dry-run"
"$SVSHM" limits >"$work/out" 2>&1 && tried="$tried,limits"
IFS=,
for arguments in $tried; do
	unset IFS
	for json in "" --json; do
		set -- $arguments $json
		[ "$arguments" != info ] || set -- "$@" -- "$odd"
		"$SVSHM" "$@" >"$work/out" 2>"$work/err"
		name="a name that bites: $arguments $json"
		LC_ALL=C grep -q "$(printf '[\033\007]')" "$work/out" \
			"$work/err" && fail "$name: reached the terminal"
		[ -z "$json" ] || valid_json
	done
done
check "... is removed" 0 "$SVSHM" recover
rm -f "$work/keys/"* 2>/dev/null

# ---- A kernel without /proc --------------------------------------------------

orphan "$prefix" "$work/data"
segment=$(foreign_segment 100)
cat >"$work/blind" <<END
mount -t tmpfs tmpfs /proc || exit 77
"\$@"
END
if unshare --mount sh "$work/blind" true 2>/dev/null; then
	check "without /proc: list" 0 \
		unshare --mount sh "$work/blind" "$SVSHM" list --all
	out "^$prefix  *native  *orphan"
	check "without /proc: info" 0 \
		unshare --mount sh "$work/blind" "$SVSHM" info "$prefix"
	out "^mapped by  *not known"
	check "without /proc: recover" 0 \
		unshare --mount sh "$work/blind" "$SVSHM" recover
	out "^$prefix: removed: "
fi

finish
