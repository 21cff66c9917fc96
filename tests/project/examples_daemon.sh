#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# doc/examples/daemon.c: one instance, whoever of its processes is killed, and
# where; its upgrade, on which the state is not lost; without root's rights.
#
# Where: tests/project/kill_at.c kills before and after each system call. All of them if
# $SVSHM_LAB_STRIDE is 1, every nth if it is n, else a sample.
. "$srcdir/tests/tool/toolkit.sh"
[ -n "${DAEMON-}" ] || { echo "DAEMON does not say where it is"; exit 77; }
alone "$0"
prepare
chmod 755 "$work"
key=$prefix

# The programs themselves, and not libtool's scripts: these are killed, and
# another user has to run them.
for program in "$DAEMON" "$SVSHM"; do
	real=$(dirname "$program")/.libs/$(basename "$program")
	[ -x "$real" ] || real=$program
	cp "$real" "$work/$(basename "$program")"
done
cp "$builddir"/.libs/libsvshm.so* "$work" 2>/dev/null
LD_LIBRARY_PATH=$work${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
SVSHM=$work/svshm
daemon=$work/daemon
kill_at=$builddir/tests/project/kill_at

# The pid of the one who has the lock; nothing, if there is no object.
holder()
{
	"$SVSHM" info "$key" 2>/dev/null |
		sed -n 's/^lock  *held by pid \([0-9]*\).*/\1/p'
}

holder_lives()
{
	kill -0 "$(holder)"
}

is_orphan()
{
	"$SVSHM" info "$key" | grep -q '^verdict  *orphan'
}

is_gone()
{
	! "$SVSHM" info "$key"
}

left()
{
	ls -A "$SVSHM_KEYDIR"
	"$SVSHM" list --all --noheadings 2>/dev/null ||
		"$SVSHM" list --all | sed 1d
}

nothing_left()
{
	await is_gone
	[ -z "$(left)" ] || fail "$1: leaves $(left)"
}

# End whoever is the daemon, in order, until there is none; one that hands over has
# no lock for a while.
end_all()
{
	rounds=0
	until is_gone >/dev/null 2>&1 || [ $rounds -eq 10 ]; do
		await held_or_gone
		pid=$(holder)
		[ -n "$pid" ] && kill "$pid" 2>/dev/null &&
			await holder_is_not "$pid"
		rounds=$((rounds + 1))
	done
	nothing_left "$1"
}

held_or_gone()
{
	[ -n "$(holder)" ] || is_gone
}

holder_is_not()
{
	[ "$(holder)" != "$1" ]
}

kill_daemon()
{
	kill -9 "$(holder)"
	await is_orphan
}

# What the job that was started last has said.
test_says()
{
	grep -q "$1" "$work/job.err"
}

# The last tick that was told.
tick()
{
	sed -n 's/.* tick \([0-9]*\),.*/\1/p' "$work/err" | tail -n 1
}

# ticks_on TICK: the daemon is beyond it.
ticks_on()
{
	"$daemon" "$key" 2>"$work/err"
	[ "$(tick)" -gt "$1" ]
}

# after TICK: the state goes on from there.
after()
{
	[ -n "$(tick)" ] && [ "$(tick)" -ge "$1" ] ||
		fail "$name: the state is not from tick $1 or later"
}

# ---- One --------------------------------------------------------------------------

check "usage" 2 "$daemon"
check "no such user" 2 "$daemon" -u no-such-user "$key"
check "start" 0 "$daemon" "$key"
first=$(holder)
err "^daemon: pid $first, since .*, tick 0, runs from now on\$"
for option in -f --; do
	check "another one, $option" 3 timeout 60 "$daemon" $option "$key"
	err "pid $first, since .*, runs already\$"
	[ "$(holder)" = "$first" ] || fail "$name: not the first has the lock"
done
end_all "in order"

check "start again" 0 "$daemon" "$key"
first=$(holder)
await ticks_on 0
seen=$(tick)
kill_daemon
check "after a crash" 0 "$daemon" "$key"
err "pid $first, since .*, died"
err "runs from now on"
after "$seen"
end_all "after a crash"

# As under a monitor, which has the process itself as its child.
start "$daemon" -f "$key"
await test_says "runs from now on"
[ "$(holder)" = "$job" ] || fail "-f: another process has the lock"
kill "$job"
ended "a signal ends it in order" 0
nothing_left "-f"

# ---- An upgrade -------------------------------------------------------------------

# start_old: one in the foreground, with some ticks, of which $seen tells.
start_old()
{
	start "$daemon" -f "$key"
	old=$job
	await test_says "runs from now on"
	await ticks_on 0
	seen=$(tick)
}

# start_new [OPTION...]: one that has asked the old one to leave.
start_new()
{
	mv "$work/job.err" "$work/old.err"
	start "$daemon" "$@" "$key"
	await test_says "is asked to leave"
}

# forget PID: a job that has been killed is not to be killed at the end.
forget()
{
	jobs=$(echo "$jobs " | sed "s/ $1 / /; s/ *\$//")
	wait "$1" 2>/dev/null
}

goes_on()
{
	[ "$(grep -c "runs from now on" "$work/job.err")" -eq 2 ]
}

start_old
check "upgrade" 0 "$daemon" -r 60 "$key"
err "pid $old, since .*, is asked to leave"
err "runs from now on"
after "$seen"
ended "the old one leaves in order" 0
err "hands over"
end_all "upgrade"

# Stopped, the old one does not hear it. Afterwards it need not leave any more.
start_old
kill -STOP "$old"
check "upgrade of one that does not answer" 3 "$daemon" -r 1 "$key"
err "pid $old, since .*, runs already"
kill -CONT "$old"
seen=$(tick)
await ticks_on "$seen"
[ "$(holder)" = "$old" ] || fail "$name: the old one has gone"
kill "$old"
ended "the old one has heard nothing" 0
nothing_left "upgrade of one that does not answer"

start_old
kill -STOP "$old"
start_new -r 60
kill -9 "$old"
ended "the old one is killed in an upgrade" 0
forget "$old"
err "pid $old, since .*, died"
after "$seen"
end_all "the old one is killed"

# Killed when it has asked: the old one goes on.
start_old
kill -STOP "$old"
start_new -f -r 60
{ kill -9 "$job" && wait "$job"; } 2>/dev/null
kill -CONT "$old"
mv "$work/old.err" "$work/job.err"
await goes_on
check "the old one goes on" 3 "$daemon" "$key"
err "pid $old, since .*, runs already"
after "$seen"
forget "$job"
job=$old
kill "$old"
ended "and leaves in order" 0
nothing_left "the new one is killed"

# ---- Killed anywhere ----------------------------------------------------------------

# at P N COMMAND...: COMMAND, of whose processes the one with the number P is
# killed at its stop N; or P is a process that runs. False: it has no such stop.
# The next one comes at once, and only a living one is told of. $status is the
# first one's.
at()
{
	"$kill_at" "$@" >"$work/at.out" 2>"$work/at.err"
	status=$?
	! grep -q "not reached" "$work/at.out"
}

# next_comes NAME WHO: whoever can be killed at stop N has been. "dead": no daemon
# can be there. "any": there may be one.
next_comes()
{
	"$daemon" $options "$key" >"$work/out" 2>"$work/err"
	came=$?
	name=$1
	case $2$came in
	dead0 | any0) ;;
	# Who hands over has no lock for a while.
	any3)
		await holder_lives
		holder_lives || fail "$1: a dead one is said to run" ;;
	*) fail "$1: status $came" ;;
	esac
	if [ $came -eq 0 ] && [ "$2" = dead ] &&
		grep -q "runs from now on" "$work/at.err"; then
		err "died"
	fi
	cases=$((cases + 1))
}

# each FUNCTION STRIDE WORD...: FUNCTION N WORD... for each stop, until it is false.
each()
{
	try=$1
	n=${SVSHM_LAB_STRIDE:-$2}
	stride=$n
	[ "$n" -le 50 ] || n=50
	shift 2
	while [ "$failures" -eq 0 ] && "$try" "$n" "$@"; do
		n=$((n + stride))
	done
}

# The starter (0), the child in the middle (1) or the daemon (2), on $ground, with
# $options.
try_start()
{
	[ "$2" -eq 2 ] && who=dead || who=any
	if [ "$ground" = orphan ]; then
		"$daemon" $options "$key" 2>/dev/null && kill_daemon
	fi
	at "$2" "$1" "$daemon" $options "$key"
	reached=$?
	if [ $reached -eq 0 ]; then
		next_comes "start, process $2, $ground: $(cat "$work/at.out")" \
			"$who"
	fi
	end_all "start, process $2, $ground: $(cat "$work/at.out")"
	return $reached
}

# The same of the new one in an upgrade: the state is not lost.
try_upgrade()
{
	start_old
	at "$2" "$1" "$daemon" -r 60 "$key"
	reached=$?
	if [ $reached -eq 0 ]; then
		next_comes "upgrade, process $2: $(cat "$work/at.out")" any
		after "$seen"
	fi
	end_all "upgrade, process $2: $(cat "$work/at.out")"
	forget "$old"
	return $reached
}

# start_killing N: the daemon, when it goes on.
start_killing()
{
	start "$kill_at" "$(holder)" "$1"
	await grep -q ready "$work/job.out"
}

# The old one in an upgrade, which comes in any case.
try_old()
{
	"$daemon" "$key" 2>/dev/null
	await ticks_on 0
	seen=$(tick)
	start_killing "$1"
	check "upgrade, the old one killed at stop $1" 0 "$daemon" -r 60 "$key"
	after "$seen"
	forget "$job"
	end_all "upgrade, the old one: $(cat "$work/job.out")"
	cases=$((cases + 1))
	! grep -q "not reached" "$work/job.out"
}

# One that leaves in order.
try_leave()
{
	"$daemon" "$key" 2>/dev/null
	pid=$(holder)
	start_killing "$1"
	kill "$pid"
	forget "$job"
	: >"$work/at.err"
	next_comes "leaving: $(tail -n 1 "$work/job.out")" dead
	# A set without key file is nobody's to reach but the tool's: lib/object/object.c.
	"$SVSHM" recover --quiet >/dev/null 2>&1
	end_all "leaving: $(tail -n 1 "$work/job.out")"
	! grep -q "not reached" "$work/job.out"
}

cases=0
options=
traced=
if [ -x "$kill_at" ] && at 0 1 "$daemon" && [ $status -ne 77 ]; then
	traced=1
	for ground in nothing orphan; do
		each try_start 41 0
		each try_start 4 1
		each try_start 23 2
	done
	each try_upgrade 47 0
	each try_upgrade 5 1
	each try_upgrade 19 2
	each try_old 9
	each try_leave 9
	echo "$cases cases run"
else
	echo "note: nobody can be traced here, so nobody was killed at each step:"
	cat "$work/at.out" "$work/at.err"
fi

# ---- Without root's rights -----------------------------------------------------------

# as COMMAND...: as the user that the daemon becomes.
as()
{
	setpriv --reuid 65533 --regid 65533 --clear-groups "$@"
}

# In a mount namespace of our own: a user without a name gets one.
give_name()
{
	sed '/^[^:]*:[^:]*:65533:/d' /etc/passwd >"$work/passwd" &&
		echo "svshm-test:x:65533:65533::/:/bin/sh" >>"$work/passwd" &&
		chmod 644 "$work/passwd" &&
		mount --bind "$work/passwd" /etc/passwd &&
		[ "$(id -u svshm-test)" = 65533 ] &&
		mkdir -m 1777 "$work/shared" &&
		as test -x "$daemon"
}

# becomes UID: the daemon runs with it, and with no other.
becomes()
{
	pid=$(holder)
	ids=$(sed -n 's/^[UG]id:[^0-9]*//p' "/proc/$pid/status" | tr '\t\n' '  ')
	[ "$ids" = "$1 $1 $1 $1 $1 $1 $1 $1 " ] || fail "$name: ids are $ids"
	"$SVSHM" info "$key" >"$work/out"
	out '^owner  *svshm-test'
}

if [ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null ||
	! give_name >"$work/out" 2>&1; then
	echo "note: not root, or no setpriv, or no name for another user: no rights"
	echo "note: were given up"
	finish
	exit
fi
# One that root has made for all. The default one is made by check_owner.
SVSHM_KEYDIR=$work/shared
check "rights: start" 0 "$daemon" -u svshm-test "$key"
becomes 65533
check "rights: root comes again" 3 "$daemon" -u svshm-test "$key"
check "rights: the user himself comes" 3 as "$daemon" "$key"
err "pid $(holder), since .*, runs already"
check "rights: another user" 1 setpriv --reuid 65532 --regid 65532 \
	--clear-groups "$daemon" "$key"
await ticks_on 0
seen=$(tick)
check "rights: upgrade by root" 0 "$daemon" -r 60 -u svshm-test "$key"
after "$seen"
becomes 65533
check "rights: upgrade by the user" 0 as "$daemon" -r 60 "$key"
after "$seen"
kill_daemon
check "rights: root after a crash" 0 "$daemon" -u svshm-test "$key"
err "died"
after "$seen"
becomes 65533
kill_daemon
check "rights: the user after a crash" 0 as "$daemon" "$key"
err "died"
after "$seen"
end_all "rights"

options="-u svshm-test"
cases=0
for ground in nothing orphan; do
	[ -z "$traced" ] || each try_start 19 2
done
echo "$cases cases run"

finish
