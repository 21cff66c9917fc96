#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# make.sh crash|demo - runs the tool for real, and makes a picture of what a
# terminal shows, on standard output. "make pictures" calls it.
#
# crash: programs are killed, then the tool is used as an administrator would.
# demo:  a part of doc/examples/demo.sh.
# The terminal comes from script(1) of util-linux. $SVSHM is the tool, $DEMO the
# command that runs the demonstration.
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit 1

die()
{
	echo "make.sh: $*" >&2
	exit 1
}

# ---- After a crash: runs in the terminal -------------------------------------

work=
children=

clean_up()
{
	for child in $children; do
		kill -KILL "$child" 2>/dev/null
		wait "$child" 2>/dev/null
	done
	[ -n "$work" ] || return
	"$SVSHM" recover >/dev/null 2>&1
	cd / && rm -rf "$work"
}

# As somebody at a shell would see it.
type_line()
{
	printf '\033[1m$ %s\033[0m\n' "$*"
}

svshm()
{
	type_line "svshm $*"
	"$SVSHM" "$@"
}

# background KEY WORD...: the tool works on KEY, in a process group of its own, to
# be killed with all that it has started. Its group is $started.
background()
{
	key=$1
	shift
	type_line "svshm $* &"
	set -m
	"$SVSHM" "$@" 2>/dev/null &
	started=$!
	set +m
	children="$children -$started"
	tries=0
	until "$SVSHM" info "$key" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || die "svshm $*: nothing has come of it"
		sleep 0.1
	done
}

crash_scene()
{
	work=$(mktemp -d "${TMPDIR:-/tmp}/svshm-picture.XXXXXX") || exit 1
	trap clean_up EXIT
	trap 'exit 1' HUP INT TERM
	export SVSHM_KEYDIR="$work/keys"
	(umask 077 && mkdir "$SVSHM_KEYDIR") && cd "$work" || exit 1
	printf 'Rain, then sun.\n' >forecast.txt
	dd if=/dev/zero of=frame.raw bs=1024 count=6075 2>/dev/null
	printf '#!/bin/sh\nsleep 1000\n' >backup.sh
	chmod +x backup.sh

	background weather put weather forecast.txt
	background camera put camera frame.raw
	camera=$started
	background backup lock backup -- ./backup.sh
	type_line "kill -KILL -$camera -$started    # the camera, the backup"
	kill -KILL -"$camera" -"$started"
	wait "$camera" "$started" 2>/dev/null
	svshm list
	type_line "mkdir saved"
	mkdir saved
	svshm recover --save saved
	type_line "ls saved"
	ls saved
	svshm list
}

# ---- In a terminal -----------------------------------------------------------

# The part of the demonstration in which all are killed.
part_of_demo()
{
	tr -d '\r' | awk '/2\. A process is killed/ { shown = 1 }
		/4\. All are killed/ { exit }
		shown'
}

# in_terminal COMMAND: what it writes to one.
in_terminal()
{
	command -v script >/dev/null || die "there is no script(1) here"
	script -qec "$1" /dev/null </dev/null
}

SVSHM=${SVSHM:-svshm}
DEMO=${DEMO:-sh $here/../examples/demo.sh}
export SVSHM DEMO TERM=xterm
unset NO_COLOR
case ${1-} in
crash-scene)
	crash_scene
	exit
	;;
crash)
	title="svshm after a crash"
	scene="sh '$here/make.sh' crash-scene"
	part=cat
	;;
demo)
	title="make demo"
	scene=$DEMO
	part=part_of_demo
	;;
*) die "crash or demo?" ;;
esac

typescript=$(mktemp "${TMPDIR:-/tmp}/svshm-picture.XXXXXX") || exit 1
trap 'rm -f "$typescript"' EXIT
in_terminal "$scene" >"$typescript" || die "it failed: $(cat "$typescript")"
$part <"$typescript" | awk -v title="$title" -f "$here/terminal.awk"
