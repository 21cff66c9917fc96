#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# demo.sh - processes share a picture, are killed, and leave nothing behind.
#
# Run by "make demo". By hand, with the programs installed or named:
#
#	SVSHM=./svshm SHAREDIMAGE=./sharedimage SENSOR=./sensor \
#		SENSOR_DISPLAY=./display sh demo.sh
#
# PICTURE names another PPM picture than the one that makepicture.awk paints.
# PAUSE is a number of seconds to wait after each kill, to look around.
# Every step is checked: the exit status is 0 only if all did what they say.
# It uses a key and a directory of its own and cleans up, however it ends.
set -u

SVSHM=${SVSHM:-svshm}
SHAREDIMAGE=${SHAREDIMAGE:-sharedimage}
SENSOR=${SENSOR:-sensor}
SENSOR_DISPLAY=${SENSOR_DISPLAY:-display}
PICTURE=${PICTURE:-}
PAUSE=${PAUSE:-}
key=demo.$$
work=""
children=""

fail()
{
	echo "demo: $*" >&2
	exit 1
}

# ---- Words -------------------------------------------------------------------

bold=''
plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$(printf '\033[1m')
	plain=$(printf '\033[0m')
fi

title()
{
	printf '\n%s%s%s\n\n' "$bold" "$*" "$plain"
}

say()
{
	printf '%s\n' "$*"
}

command_line()
{
	printf '%s$ %s%s\n' "$bold" "$*" "$plain"
}

# ---- Processes ---------------------------------------------------------------

# A short while; not every sleep(1) knows parts of a second.
moment()
{
	sleep 0.1 2>/dev/null || sleep 1
}

# start FILE WORD...: sharedimage in the background. $started is its pid, FILE
# gets what it says.
start()
{
	said=$1
	shift
	command_line "sharedimage $* &"
	: >"$said" # not by the new process: an older one's words stand in it
	"$SHAREDIMAGE" "$@" >>"$said" 2>&1 &
	started=$!
	children="$children $started"
}

# Wait until the process that was started last has said PATTERN.
await()
{
	tries=0
	while :; do
		# In this order: it may say it and end between the two.
		kill -0 "$started" 2>/dev/null && alive=yes || alive=no
		grep "$1" "$said" 2>/dev/null && return
		[ "$alive" = yes ] || fail "it ended too early: $(cat "$said")"
		tries=$((tries + 1))
		[ $tries -lt 100 ] || fail "no \"$1\": $(cat "$said")"
		moment
	done
}

forget()
{
	remaining=
	for child in $children; do
		[ "$child" = "$1" ] || remaining="$remaining $child"
	done
	children=$remaining
}

# finish PID NAME: it has to end by itself, and well.
finish()
{
	wait "$1" || fail "$2 failed"
	forget "$1"
}

# kill_hard PID NAME
kill_hard()
{
	command_line "kill -KILL $1    # $2"
	kill -KILL "$1" || fail "$2 was not there to be killed"
	wait "$1" 2>/dev/null
	forget "$1"
	[ -z "$PAUSE" ] || sleep "$PAUSE"
}

# The loader first: left alone with a dead reader it would leave in order, while
# the owner of the lock stays whatever happens.
kill_both()
{
	kill_hard "$loader" "the process that loaded the picture"
	kill_hard "$holder" "the owner of the lock"
}

share()
{
	start load.txt load "$key" picture.ppm
	await ' shares '
	loader=$started
}

hold()
{
	start hold.txt hold "$key"
	await ' has the lock '
	holder=$started
}

# ---- The tool ----------------------------------------------------------------

tool()
{
	command_line "svshm $*"
	"$SVSHM" "$@"
}

# A member of "svshm info --json", or nothing if there is no such object.
member()
{
	"$SVSHM" info "$key" --json 2>/dev/null |
		sed -n 's/^ *"'"$1"'": "\{0,1\}\([^",]*\)"\{0,1\},\{0,1\}$/\1/p' |
		sed -n 1p
}

# The verdict must be $1; "" if the object must not be there.
expect()
{
	verdict=$(member verdict)
	[ "$verdict" = "$1" ] ||
		fail "the object is \"$verdict\" and should be \"$1\""
}

expect_nothing()
{
	expect ""
	left=$(ls -A "$SVSHM_KEYDIR")
	[ -z "$left" ] || fail "a key file is left: $left"
}

# The kernel's own list: gone IPC-OPTION ID
gone()
{
	ipcs "$1" >ipcs.txt || fail "ipcs $1 failed"
	awk -v id="$2" '$2 == id { found = 1 } END { exit !found }' \
		ipcs.txt && fail "ipcs $1 still has id $2"
	say "ipcs $1: id $2 is gone"
}

same_picture()
{
	cmp picture.ppm copy.ppm || fail "the copy is not the picture"
	say "The copy is the picture, byte by byte."
}

# ---- Start and end -----------------------------------------------------------

clean_up()
{
	for child in $children; do
		kill -KILL "$child" 2>/dev/null
		wait "$child" 2>/dev/null
	done
	[ -n "$work" ] || return
	"$SVSHM" remove "$key" --force >/dev/null 2>&1
	cd / && rm -rf "$work"
}

# The path of a file or program, from anywhere.
absolute()
{
	case $1 in
	/* | "") printf '%s\n' "$1" ;;
	*) printf '%s/%s\n' "$PWD" "$1" ;;
	esac
}

program()
{
	found=$(command -v "$1") || fail "there is no program $1"
	absolute "$found"
}

prepare()
{
	SVSHM=$(program "$SVSHM") || exit 1
	SHAREDIMAGE=$(program "$SHAREDIMAGE") || exit 1
	SENSOR=$(program "$SENSOR") || exit 1
	SENSOR_DISPLAY=$(program "$SENSOR_DISPLAY") || exit 1
	PICTURE=$(absolute "$PICTURE")
	here=$(absolute "$(dirname "$0")")
	trap clean_up EXIT
	trap 'exit 1' HUP INT TERM
	directory=${TMPDIR:-/tmp}/svshm-demo.$$
	(umask 077 && mkdir "$directory" "$directory/keys") ||
		fail "cannot make $directory"
	work=$directory
	SVSHM_KEYDIR=$work/keys
	export SVSHM_KEYDIR
	cd "$work" || exit 1
	if [ -n "$PICTURE" ]; then
		cp "$PICTURE" picture.ppm || exit 1
	else
		awk -f "$here/makepicture.awk" >picture.ppm ||
			fail "cannot paint the picture"
	fi
}

# ---- The steps ---------------------------------------------------------------

two_processes()
{
	title "1. Two processes look at one picture"
	say "One process loads a picture into shared memory, and stays:"
	share
	say "It is there, with a lock, under a name:"
	tool list || fail "svshm list failed"
	expect in-use
	say "Another process attaches by that name, and draws what it finds:"
	command_line "sharedimage show $key"
	"$SHAREDIMAGE" show "$key" || fail "show failed"
	say "The reader has gone. The first process notices, and goes as well:"
	finish "$loader" load
	sed -n 2p load.txt
	say "It was the last one, so the object went with it:"
	tool list || fail "svshm list failed"
	expect_nothing
}

killed_owner()
{
	title "2. A process is killed with the lock in its hands"
	say "A picture again, and a process that takes the lock and keeps it:"
	share
	hold
	say "The tool knows who that is:"
	command_line "svshm info $key | grep '^lock'"
	"$SVSHM" info "$key" | grep '^lock' || fail "svshm info failed"
	[ "$(member lock_pid)" = "$holder" ] || fail "it is process $holder"
	say "A reader has to wait:"
	start show.txt show "$key" copy.ppm
	reader=$started
	await 'Waiting'
	say "Now the owner is killed. The reader gets the lock at once, and" \
		"is told:"
	kill_hard "$holder" "the owner of the lock"
	finish "$reader" show
	sed 1d show.txt
	grep -q SVSHM_OWNER_DIED show.txt ||
		fail "the reader was not told"
	same_picture
	finish "$loader" load
	expect_nothing
}

killed_all()
{
	title "3. All are killed, and the next one finds the data"
	say "Once more, but nobody gets away this time:"
	share
	hold
	kill_both
	say "Nobody is left. The object is an orphan:"
	tool list || fail "svshm list failed"
	expect orphan
	say "A new reader is told so, and has the data:"
	command_line "sharedimage show $key copy.ppm"
	"$SHAREDIMAGE" show "$key" copy.ppm >show.txt 2>&1 ||
		fail "show failed: $(cat show.txt)"
	cat show.txt
	grep -q SVSHM_ORPHANED show.txt ||
		fail "the reader was not told"
	same_picture
	say "It was the last one again, and took the object with it."
	expect_nothing
}

recovered()
{
	title "4. All are killed, and an administrator cleans up"
	say "Once more, but nobody asks for the picture again:"
	share
	hold
	kill_both
	segment=$(member segment_id)
	set_id=$(member semaphore_id)
	[ -n "$segment" ] && [ -n "$set_id" ] || fail "the object has no ids"
	say "What would be removed? (Exit status 3: there is something.)"
	tool recover "$key" --dry-run
	[ $? -eq 3 ] || fail "recover --dry-run should have said 3"
	expect orphan
	say "Remove it. It is judged once more, right before:"
	tool recover "$key" || fail "recover failed"
	expect_nothing
	say "And the kernel agrees:"
	if command -v ipcs >/dev/null; then
		gone -m "$segment"
		gone -s "$set_id"
	else
		say "(There is no ipcs here: svshm list --all has to do.)"
		tool list --all || fail "svshm list failed"
	fi
}

# start_sensor NUMBER: a sensor with one reading so far; more can be written to
# descriptor 3.
start_sensor()
{
	rm -f numbers
	mkfifo numbers || fail "mkfifo failed"
	command_line "sensor sensor.conf <numbers &"
	"$SENSOR" sensor.conf <numbers 3>&- &
	sensor=$!
	children="$children $sensor"
	exec 3>numbers
	reading "$1"
}

# reading NUMBER: the display has to print it.
reading()
{
	echo "$1" >&3
	await " $1\$"
}

woken()
{
	title "5. A display waits for a sensor's readings, and the sensor is killed"
	say "A display waits for a sensor that is not there yet:"
	echo "# The sensor and its displays meet by this file." >sensor.conf
	command_line "display sensor.conf &"
	"$SENSOR_DISPLAY" sensor.conf >display.txt 2>&1 &
	started=$!
	said=display.txt
	display=$started
	children="$children $display"
	say "Each reading wakes it:"
	start_sensor 20.5
	reading 20.75
	kill_hard "$sensor" "the sensor"
	say "Another sensor goes on in the same object:"
	start_sensor 21
	say "Somebody removes the object under both. The next reading makes a" \
		"new one, and the display finds it:"
	tool remove --native-key sensor.conf --force || fail "remove failed"
	reading 21.25
	say "Both end in order, and the object goes with them:"
	exec 3>&-
	finish "$sensor" sensor
	command_line "kill $display"
	kill "$display"
	finish "$display" display
	"$SVSHM" info --native-key sensor.conf >info.txt 2>&1 &&
		fail "the sensor's object is left"
	[ -f sensor.conf ] || fail "the sensor's file is gone"
}

prepare
two_processes
killed_owner
killed_all
recovered
woken
title "All steps did what they say. Nothing is left behind."
