#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# doc/examples/daemon.c: one instance; its upgrade, on which the state is not
# lost; without root's rights. examples_daemon_killed.sh kills it anywhere.
. "$srcdir/tests/project/daemonkit.sh"

# ---- One ---------------------------------------------------------------------

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

# ---- An upgrade --------------------------------------------------------------

# start_new [OPTION...]: one that has asked the old one to leave.
start_new()
{
	mv "$work/job.err" "$work/old.err"
	start "$daemon" "$@" "$key"
	await test_says "is asked to leave"
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

# ---- Without root's rights ---------------------------------------------------

# becomes UID: the daemon runs with it, and with no other.
becomes()
{
	pid=$(holder)
	ids=$(sed -n 's/^[UG]id:[^0-9]*//p' "/proc/$pid/status" | tr '\t\n' '  ')
	[ "$ids" = "$1 $1 $1 $1 $1 $1 $1 $1 " ] || fail "$name: ids are $ids"
	"$SVSHM" info "$key" >"$work/out"
	out '^owner  *svshm-test'
}

user_has_name || { finish; exit; }
# One that root has made for all. The default one is made by check_owner.
SVSHM_KEYDIR=$work/shared
check "rights: start" 0 "$daemon" -u svshm-test "$key"
becomes 65533
check "rights: root comes again" 3 "$daemon" -u svshm-test "$key"
check "rights: the user himself comes" 3 as 65533 "$daemon" "$key"
err "pid $(holder), since .*, runs already"
check "rights: another user" 1 as 65532 "$daemon" "$key"
await ticks_on 0
seen=$(tick)
check "rights: upgrade by root" 0 "$daemon" -r 60 -u svshm-test "$key"
after "$seen"
becomes 65533
check "rights: upgrade by the user" 0 as 65533 "$daemon" -r 60 "$key"
after "$seen"
kill_daemon
check "rights: root after a crash" 0 "$daemon" -u svshm-test "$key"
err "died"
after "$seen"
becomes 65533
kill_daemon
check "rights: the user after a crash" 0 as 65533 "$daemon" "$key"
err "died"
after "$seen"
end_all "rights"

finish
