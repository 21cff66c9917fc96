#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What other programs have left, and nobody can tell whose it was: by age, in
# nested namespaces of pids too; by thousands; and what is not touched.
. "$srcdir/tests/tool/toolkit.sh"
alone "$0"
prepare
need ipcmk ipcrm ipcs awk
examples=$srcdir/doc/examples

# idle KIND ID: the tool says that it is idle. Times of the kernel's
# are in seconds, so it takes one or two.
idle()
{
	"$SVSHM" recover --foreign --unmapped --older-than 0 |
		grep -q "^$1 $2: would be removed: "
}

# ---- The command line --------------------------------------------------------

check "--unmapped alone" 2 "$SVSHM" recover --unmapped --older-than 1h
err "goes with --foreign"
check "--unmapped without an age" 2 "$SVSHM" recover --foreign --unmapped --yes
err "wants --older-than"
check "--unmapped of a key" 2 \
	"$SVSHM" recover --foreign --unmapped --older-than 1h "$prefix"

# ---- Here --------------------------------------------------------------------

# Of this shell's user, of whom there are processes that are as old.
set=$(foreign_set 2)
await idle "semaphore set" "$set"
check "without --unmapped, the set stays" 0 "$SVSHM" recover --foreign --yes
no_out "semaphore set $set"
check "... and until it is old enough" 0 \
	"$SVSHM" recover --foreign --unmapped --older-than 1h --yes
out "^semaphore set $set: kept: not as old as --older-than"
check "... and is listed" 3 \
	"$SVSHM" recover --foreign --unmapped --older-than 0 --json
valid_json
out '"action": "would-remove"'
out '"message": ".*whoever made it'
check "... and goes" 0 \
	"$SVSHM" recover --foreign --unmapped --older-than 0 --yes
out "^semaphore set $set: removed: foreign (.*whoever made it), of "
check "... and is gone" 1 "$SVSHM" info --set "$set"

# What is svshm's is judged as ever.
start_put "$prefix" "$0"
check "what is in use stays" 0 \
	"$SVSHM" recover --foreign --unmapped --older-than 0 --yes
out "^nothing to recover"
check "... and is whole" 0 "$SVSHM" get "$prefix" "$work/copy"
cmp "$0" "$work/copy" || fail "$name: other bytes"
ended "... and its maker content" 0

# ---- In a namespace of pids that was started again ---------------------------

# inside COMMAND...: as in a container's next start.
inside()
{
	unshare --pid --fork --mount-proc "$@"
}

unmapped_inside()
{
	inside "$SVSHM" recover --foreign --unmapped --older-than 0 "$@"
}

idle_inside()
{
	unmapped_inside | grep -q "^$1 $2: would be removed: "
}

if inside true 2>/dev/null; then
	segment=$(foreign_segment 5000 inside)
	set=$(foreign_set 2 inside)
	await idle_inside segment "$segment"
	await idle_inside "semaphore set" "$set"
	check "another namespace's: it can't be told" 0 \
		inside "$SVSHM" recover --foreign --yes
	out "^segment $segment: kept: .*another pid namespace"
	check "... a set's maker can be in another one" 0 \
		inside "$SVSHM" info --set "$set"
	out "^verdict  *foreign"
	out "whether its maker lives can't be told here"
	check "... too young" 0 \
		inside "$SVSHM" recover --foreign --unmapped --older-than 1h --yes
	out "^segment $segment: kept: not as old"
	mkdir "$work/saved"
	check "... listed" 3 unmapped_inside
	out "^segment $segment: would be removed: foreign (nobody has had it"
	out "^semaphore set $set: would be removed: foreign (nobody waits"
	out "^2 of other programs; --yes removes them"
	check "... saved and removed" 0 unmapped_inside --yes \
		--save "$work/saved"
	out "^segment $segment: removed: .*saved in $work/saved/segment.$segment"
	out "^semaphore set $set: removed: "
	[ "$(wc -c <"$work/saved/segment.$segment")" -eq 5000 ] ||
		fail "$name: not all its bytes"
	check "... and gone" 0 "$SVSHM" list --all
	no_out "^se[gm]"

	# A container that is killed again and again does not fill its pod.
	mkdir "$work/bin"
	ln -s "$SVSHM" "$work/bin/svshm"
	PATH=$work/bin:$PATH
	for life in 1 2 3; do
		check "container: start $life" 0 env SVSHM_IDLE=0 \
			unshare --pid --fork --mount-proc --kill-child \
			sh "$examples/container/svshm-start" \
			sh -c '. "$srcdir/tests/tool/toolkit.sh"; foreign_segment 5000'
		segment=$(made <"$work/out")
		[ "$life" -eq 1 ] || err "^segment $last: removed: foreign (nobody"
		last=$segment
		await idle_inside segment "$segment"
	done
	check "container: one is left" 0 "$SVSHM" list --all
	[ "$(grep -c '^segment' "$work/out")" -eq 1 ] || fail "$name"
	check "container: its program's status" 7 \
		sh "$examples/container/svshm-start" sh -c 'exit 7'
	check "container: no program" 2 sh "$examples/container/svshm-start"
	check "container: cleaned up badly, it starts" 0 env SVSHM_IDLE=nonsense \
		sh "$examples/container/svshm-start" true
	err "is not a duration"

	# A pod that is full of them: what to do is said.
	cat >"$work/full.sh" <<'END'
echo 4 >/proc/sys/kernel/shmmni || exit 77
for i in 1 2 3 4; do
	unshare --pid --fork --mount-proc ipcmk -M 5000
done
unshare --pid --fork --mount-proc "$SVSHM" limits
END
	if unshare --ipc sh -c 'echo 4 >/proc/sys/kernel/shmmni' 2>/dev/null &&
		"$SVSHM" limits >/dev/null 2>&1
	then
		check "a pod that is full" 0 unshare --ipc sh "$work/full.sh"
		out '^segments: 4 of 4 used; .*"svshm recover --foreign --unmapped'
	fi

	# What the unit runs before the daemon.
	segment=$(foreign_segment 5000 inside)
	await idle_inside segment "$segment"
	sed -n 's/^ExecStartPre=-//p' "$examples/systemd/svshm-foreign.conf" \
		>"$work/job"
	[ "$(wc -l <"$work/job")" -eq 2 ] || fail "systemd: not two commands"
	check "systemd: too young" 0 inside sh -e "$work/job"
	out "^segment $segment: kept: not as old"
	sed 's/--older-than [^ ]*/--older-than 0/' "$work/job" >"$work/job.now"
	check "systemd: before the start" 0 inside sh -e "$work/job.now"
	out "^segment $segment: removed: foreign (nobody"
else
	echo "note: no pid namespace of one's own permitted here"
fi
if command -v systemd-analyze >/dev/null; then
	{
		sed "s|=-svshm|=-$SVSHM|" "$examples/systemd/svshm-foreign.conf"
		echo "ExecStart=/bin/true"
	} >"$work/daemon.service"
	check "systemd: a unit with it" 0 systemd-analyze verify --man=no \
		"$work/daemon.service"
else
	echo "note: no systemd-analyze here"
fi

# ---- By thousands ------------------------------------------------------------

# As many as there may be, of a user of whom nobody lives, also in no other test. Not
# by ipcmk: a process for each would take minutes.
sets=$builddir/tests/tool/make_sets
first_pids='pid:[4026531836]'
if [ "$(readlink /proc/self/ns/pid)" != "$first_pids" ]; then
	echo "note: other pid namespaces cannot be seen here: no thousands of sets"
elif [ "$(id -u)" -eq 0 ] && [ -x "$sets" ]; then
	count=$("$sets" 30000 54329) || fail "cannot make sets"
	echo "note: $count sets"
	check "thousands: listed" 0 "$SVSHM" list --all
	[ "$(grep -c '^semaphore set .*foreign?' "$work/out")" -eq "$count" ] ||
		fail "$name: not all"
	check "thousands: judged" 3 "$SVSHM" recover --foreign
	out "^$count of other programs; --yes removes them"
	check "thousands: removed" 0 "$SVSHM" recover --foreign --yes
	[ "$(grep -c ': removed: ' "$work/out")" -eq "$count" ] ||
		fail "$name: not all"
	check "thousands: gone" 0 "$SVSHM" list --all
	no_out "^semaphore set"
fi

# ---- POSIX objects of Qt programs --------------------------------------------

if [ -d /dev/shm ] && mount -t tmpfs tmpfs /dev/shm 2>/dev/null; then
	check "no POSIX objects" 0 "$SVSHM" recover --qt
	no_out POSIX
	check "... with JSON" 0 "$SVSHM" recover --qt --json
	valid_json
	out '"posix_objects": 0,'
	head -c 5000 "$0" >/dev/shm/qipc_sharedmemory_x0123
	echo >/dev/shm/other
	mkdir /dev/shm/qipc_directory
	check "a POSIX object" 0 "$SVSHM" recover --qt
	out "^1 POSIX object of Qt programs in /dev/shm (qipc_\*, 4.9K) is not touched"
	out "svshm(7)"
	narrow
	echo >/dev/shm/sem.qipc_systemsem_x0123
	check "two" 0 "$SVSHM" recover --qt
	out "^2 POSIX objects .* are not touched"
	check "... with a key" 0 "$SVSHM" recover --qt "$prefix"
	out "^2 POSIX objects"
	check "... with JSON" 0 "$SVSHM" recover --qt --json
	valid_json
	out '"posix_objects": 2,'
	check "... quiet" 0 "$SVSHM" recover --qt --quiet
	[ ! -s "$work/out" ] || fail "$name: says something"
	check "... are none of recover's" 0 "$SVSHM" recover
	no_out POSIX
	check "... and are there" 0 test -e /dev/shm/qipc_sharedmemory_x0123
	grep -q '^\.Em "*POSIX objects' "$srcdir/doc/svshm.7" ||
		fail "$name: svshm(7) does not explain them"
	umount /dev/shm
else
	echo "note: no /dev/shm to try POSIX objects in"
fi

finish
