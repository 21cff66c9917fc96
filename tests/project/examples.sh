#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The demonstration, also at leisure, and the examples for cron, systemd and rc
# scripts do what they say; so does bash completion.
. "$srcdir/tests/tool/toolkit.sh"
alone "$0"
prepare
examples=$srcdir/doc/examples
echo abc >"$work/data"
mkdir "$work/bin"
ln -s "$SVSHM" "$work/bin/svshm"
PATH=$work/bin:$PATH

# ---- The demonstration -------------------------------------------------------

# Its processes look five times a second whether they are needed: whoever is not
# killed yet has time to, between two kills.
if [ -x "${SHAREDIMAGE-}" ]; then
	for pause in "" 1; do
		check "demo, pause \"$pause\"" 0 env PAUSE=$pause \
			sh "$examples/demo.sh"
		out "Nothing is left behind"
	done
else
	echo "note: sharedimage is not built, so no demonstration"
fi

# ---- Sensor and display --------------------------------------------------------

# shown WHAT COUNT: the display has printed so many readings.
shown()
{
	until [ "$(wc -l <"$work/shown")" -ge "$2" ]; do
		kill -0 "$display" 2>/dev/null || {
			fail "$1: the display has ended: $(cat "$work/shown.err")"
			return
		}
	done
}

# sensor: one that reads what is written to descriptor 3.
sensor()
{
	"$SENSOR" "$work/sensor.conf" <"$work/numbers" 3>&- &
	sensor=$!
	exec 3>"$work/numbers"
}

if [ -x "${SENSOR-}" ] && [ -x "${SENSOR_DISPLAY-}" ]; then
	mkfifo "$work/numbers"
	: >"$work/sensor.conf"
	: >"$work/shown"
	as=
	if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
		chmod 755 "$work"
		as="setpriv --reuid 65532 --regid 65532 --clear-groups"
		$as test -r "$work/sensor.conf" && $as test -x "$SENSOR_DISPLAY" ||
			as=
	fi
	[ -n "$as" ] || echo "note: the display is the same user as the sensor"
	$as "$SENSOR_DISPLAY" "$work/sensor.conf" 5 >"$work/shown" \
		2>"$work/shown.err" &
	display=$!
	sensor
	echo 1 >&3
	shown "display: the first reading" 1
	echo 2 >&3
	shown "display: the second" 2
	kill -9 "$sensor"
	wait "$sensor" 2>/dev/null
	sensor
	echo 3 >&3
	shown "display: of the next sensor" 3
	[ -z "$as" ] || {
		exec 3>&-
		wait "$sensor" || fail "sensor: did not end well"
		sensor
	}
	echo 4 >&3
	shown "display: of a new object" 4
	"$SVSHM" remove --force --native-key "$work/sensor.conf" ||
		fail "sensor: not removed"
	echo 5 >&3
	wait "$display" || fail "display: did not end well"
	exec 3>&-
	wait "$sensor" || fail "sensor: did not end well"
	[ "$(sed 's/.* //' "$work/shown" | tr '\n' ' ')" = "1 2 3 4 5 " ] ||
		fail "display: has shown $(cat "$work/shown")"
	"$SVSHM" info --native-key "$work/sensor.conf" >"$work/out" 2>&1 &&
		fail "sensor: its object is left"
else
	echo "note: sensor and display are not built"
fi

# ---- rc ----------------------------------------------------------------------

script=$examples/rc/svshm-recover
export SVSHM_RC_STDERR=1
check "rc: nothing to do" 0 sh "$script" start
[ ! -s "$work/err" ] || fail "$name: says something"
orphan "$prefix" "$work/data"
check "rc: start" 0 sh "$script" start
err "^$prefix: removed: orphan"
check "rc: stop" 0 sh "$script" stop
check "rc: nonsense" 2 sh "$script" nonsense

# ---- cron --------------------------------------------------------------------

# What stands after time and user, as cron would run it; but at once.
grep '^[0-9].*recover' "$examples/cron/svshm-recover" |
	sed 's/^[^ ]* [^ ]* [^ ]* [^ ]* [^ ]* root //; s/--older-than [^ ]*//' \
	>"$work/job"
[ "$(wc -l <"$work/job")" -eq 1 ] || fail "cron: not one line"
check "cron: nothing to do" 0 sh "$work/job"
orphan "$prefix" "$work/data"
check "cron: recover" 0 sh "$work/job"
[ ! -s "$work/out" ] && [ ! -s "$work/err" ] || fail "$name: cron would mail"
check "cron: it is gone" 0 "$SVSHM" list --check
for crontab in svshm-recover svshm-check; do
	grep -v '^#\|^PATH=' "$examples/cron/$crontab" |
		grep -q '^[0-9*]* [0-9*]* [0-9*]* [0-9*]* [0-9*]* root [a-z]' ||
		fail "cron: $crontab does nothing"
	grep -v '^#\|^PATH=' "$examples/cron/$crontab" |
		grep -v '^[0-9*]* [0-9*]* [0-9*]* [0-9*]* [0-9*]* root [a-z]' &&
		fail "cron: a line of $crontab is none of cron's"
	# There it would begin the command's input.
	grep -v '^#' "$examples/cron/$crontab" | grep -q % &&
		fail "cron: a per cent sign in $crontab"
done
grep '^[0-9]' "$examples/cron/svshm-check" |
	sed 's/^[^ ]* [^ ]* [^ ]* [^ ]* [^ ]* root //' >"$work/job"
if "$SVSHM" limits >"$work/out" 2>&1; then
	check "cron: nothing to tell" 0 sh "$work/job"
	[ ! -s "$work/out" ] && [ ! -s "$work/err" ] ||
		fail "$name: cron would mail"
fi
orphan "$prefix" "$work/data"
check "cron: a leftover" 0 sh "$work/job"
out "^1 leftover among 1 object: 1 orphan; "
"$SVSHM" recover --quiet

# ---- Nagios ------------------------------------------------------------------

# plugin STATUS [OPTION...]
plugin()
{
	wanted_status=$1
	shift
	check "nagios: $*" "$wanted_status" sh \
		"$examples/nagios/check_svshm" "$@"
	one_line
}

if "$SVSHM" limits >"$work/out" 2>&1; then
	plugin 0
	out "^SVSHM OK - no limit at 80% or more; .*; no leftovers among 0 objects |"
	out "| .*segments=0%;80;95;0;100"
	bar=$prefix'|a=1'
	orphan "$bar" "$work/data"
	plugin 1
	out "^SVSHM WARNING - .*; 1 leftover among 1 object: 1 orphan; .*!a=1, left"
	plugin 0 -l
	"$SVSHM" recover --quiet
	plugin 3 -w 90 -c 80
	plugin 3 -w x
	plugin 3 -c 101
	plugin 3 -x
	out "^SVSHM UNKNOWN - "
	check "nagios: no svshm" 3 env SVSHM="$work/none" sh \
		"$examples/nagios/check_svshm"
	if [ "$(id -u)" -eq 0 ] && command -v ipcmk >/dev/null &&
		echo 10 2>/dev/null >/proc/sys/kernel/shmmni; then
		for i in 1 2 3 4 5 6 7 8; do
			foreign_segment 4096 >"$work/out"
		done
		plugin 1
		out "^SVSHM WARNING - 1 limit at 80% or more: segments 80%"
		out " segments=80%;80;95;0;100"
		plugin 2 -c 80
		plugin 0 -w 81
		foreign_segment 4096 >"$work/out"
		foreign_segment 4096 >"$work/out"
		plugin 2
		out "^SVSHM CRITICAL - 1 limit at 80% or more: segments 100%"
		"$SVSHM" recover --foreign --yes --quiet
		echo 4096 >/proc/sys/kernel/shmmni
	fi
else
	echo "note: no limits here, so no plugin for Nagios"
fi

# ---- systemd -----------------------------------------------------------------

if command -v systemd-analyze >/dev/null; then
	sed "s|^ExecStart=svshm|ExecStart=$work/bin/svshm|" \
		"$examples/systemd/svshm-recover.service" \
		>"$work/svshm-recover.service"
	cp "$examples/systemd/svshm-recover.timer" "$work"
	check "systemd: units" 0 systemd-analyze verify --man=no \
		"$work/svshm-recover.service" "$work/svshm-recover.timer"
else
	echo "note: no systemd-analyze here"
fi
sed -n 's/^ExecStart=//p' "$examples/systemd/svshm-recover.service" |
	sed "s|/var/lib|$work|; s/--older-than [^ ]*//" >"$work/job"
mkdir -m 700 "$work/svshm-recover"
orphan "$prefix" "$work/data"
check "systemd: the command" 0 sh "$work/job"
cmp "$work/data" "$work/svshm-recover/$prefix".* || fail "$name: not saved"

# ---- Completion --------------------------------------------------------------

complete()
{
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _svshm
		printf "%s\n" "${COMPREPLY[@]}"' bash "$srcdir/doc/svshm.bash" "$@"
}

if command -v bash >/dev/null; then
	orphan "$prefix" "$work/data"
	check "completion: commands" 0 complete svshm re
	[ "$(tr '\n' ' ' <"$work/out")" = "recover remove " ] || fail "$name"
	check "completion: options" 0 complete svshm recover --fo
	[ "$(cat "$work/out")" = --foreign ] || fail "$name"
	check "completion: keys" 0 complete svshm info "$prefix"
	[ "$(cat "$work/out")" = "$prefix" ] || fail "$name"
	check "completion: orders" 0 complete svshm list --sort o
	[ "$(cat "$work/out")" = owner ] || fail "$name"
	check "completion: columns" 0 complete svshm top --output KEY,CP
	[ "$(cat "$work/out")" = KEY,CPID ] || fail "$name"
	check "completion: verdicts" 0 complete svshm list --verdict ha
	[ "$(tr '\n' ' ' <"$work/out")" = "half-made half-removed " ] ||
		fail "$name"
	check "completion: directories" 0 complete svshm recover --save "$work/k"
	out "^$work/keys\$"
	for command in $("$SVSHM" --help |
		sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p'); do
		check "completion: $command" 0 complete svshm "$command"
		check "completion: $command" 0 complete svshm "${command%?}"
		out "^$command\$"
	done
	"$SVSHM" recover --quiet
else
	echo "note: no bash here"
fi

finish
