# SPDX-License-Identifier: BSD-2-Clause
#
# What the tests of doc/examples/daemon.c share; to be read at their begin.
. "$srcdir/tests/tool/toolkit.sh"
[ -n "${DAEMON-}" ] || { echo "DAEMON does not say where it is"; exit 77; }
alone "$0"
prepare
key=$prefix
for_all "$DAEMON" "$SVSHM"
SVSHM=$work/svshm
daemon=$work/daemon

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

# start_old: one in the foreground, with some ticks, of which $seen tells.
start_old()
{
	start "$daemon" -f "$key"
	old=$job
	await test_says "runs from now on"
	await ticks_on 0
	seen=$(tick)
}

# ---- Without root's rights ---------------------------------------------------

# In a mount namespace of our own: a user without a name gets one.
give_name()
{
	sed '/^[^:]*:[^:]*:65533:/d' /etc/passwd >"$work/passwd" &&
		echo "svshm-test:x:65533:65533::/:/bin/sh" >>"$work/passwd" &&
		chmod 644 "$work/passwd" &&
		mount --bind "$work/passwd" /etc/passwd &&
		[ "$(id -u svshm-test)" = 65533 ] &&
		mkdir -m 1777 "$work/shared" &&
		as 65533 test -x "$daemon"
}

# user_has_name: whether the daemon can give up root's rights here; says so, if not.
user_has_name()
{
	[ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null &&
		give_name >"$work/out" 2>&1 && return
	echo "note: not root, or no setpriv, or no name for another user: no rights"
	echo "note: were given up"
	return 1
}
