#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# doc/examples/daemon.c: whoever of its processes is killed, and where, there is
# one instance, and an upgrade does not lose the state.
#
# tests/project/kill_at.c kills before and after each system call. All of them if
# $SVSHM_LAB_STRIDE is 1, every nth if it is n, else a sample.
. "$srcdir/tests/project/daemonkit.sh"
kill_at=$builddir/tests/project/kill_at

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
		await holder_lives || fail "$1: a dead one is said to run" ;;
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

# ---- Without root's rights ---------------------------------------------------

[ -n "$traced" ] && user_has_name || { finish; exit; }
SVSHM_KEYDIR=$work/shared
options="-u svshm-test"
cases=0
for ground in nothing orphan; do
	each try_start 19 2
done
echo "$cases cases run"

finish
