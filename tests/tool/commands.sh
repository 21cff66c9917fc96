#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The tool as a user sees it: every command, its output and its exit status.
# The jobs of a shell without job control ignore SIGINT, so SIGTERM stands for
# all signals here.
. "$srcdir/tests/tool/toolkit.sh"
# Among objects of our own only, recover can be tried without a name.
alone_if_may "$0"
prepare
foreign=

# Keys of all tests; what stays under one of them is removed in the end.
key=$prefix-1
odd=$(printf '%s-\033[31m\n/%%\377' "$prefix")
dashed=-$prefix

remove_objects()
{
	for name in "$key" "$odd" "$dashed"; do
		"$SVSHM" remove --force -- "$name"
	done
	"$SVSHM" remove --force --native-key "$work/own"
	[ -z "$foreign" ] || ipcrm -m "$foreign"
}

gone()
{
	check "$1" 1 "$SVSHM" info "$key"
}

same()
{
	cmp "$1" "$2" || fail "$name: the data differ"
}

command -v python3 >/dev/null || echo "note: no python3 to parse JSON"

awk 'BEGIN { for (i = 0; i < 20000; i++) print i }' >"$work/data"
echo old >"$work/old"

# ---- The command line --------------------------------------------------------

check "help" 0 "$SVSHM" --help
cp "$work/out" "$work/help"
for command in list info recover remove put get lock wait notify; do
	grep -q "^  $command " "$work/help" || fail "help: no $command"
	check "help of $command" 0 "$SVSHM" "$command" --help
	out "^usage: svshm $command"
	cp "$work/out" "$work/long"
	check "-h of $command" 0 "$SVSHM" "$command" -h
	cmp "$work/out" "$work/long" || fail "$name: not that of --help"
	check "unknown option of $command" 2 "$SVSHM" "$command" --nonsense
	err "svshm $command --help"
	[ "$(wc -l <"$work/err")" -eq 1 ] || fail "$name: more than a line"
done
check "help COMMAND" 0 "$SVSHM" help lock
out "^usage: svshm lock"
check "version" 0 "$SVSHM" --version
out '^svshm [0-9]*\.[0-9]*\.[0-9]*$'
check "-V" 0 "$SVSHM" -V
out '^svshm [0-9]*\.[0-9]*\.[0-9]*$'
check "-h" 0 "$SVSHM" -h
cmp "$work/out" "$work/help" || fail "$name: not that of --help"
check "a dash that is no option" 0 "$SVSHM" lock "$key" -- echo -h
out '^-h$'
check "no command" 2 "$SVSHM"
check "unknown command" 2 "$SVSHM" nonsense
err 'svshm: unknown command "nonsense"; see "svshm --help"'
# typed WANTED ARGUMENT...: the message asks whether WANTED was meant.
typed()
{
	wanted_word=$1
	shift
	check "mistyped: $*" 2 "$SVSHM" "$@"
	err ", did you mean \"$wanted_word\"? See \"svshm "
}
typed list lsit
typed list lis
typed recover recovr
typed recover reco
typed remove remvoe
typed limits limit
typed list --list
typed help --hlep
typed --version --vresion
typed info help inof
typed --json list --jsn
typed --json list -json
typed --timeout get "$key" --timeot=3
typed --older-than recover --olderthan 3d
typed --dry-run recover --dry
typed --help recover --hepl
for word in nonsense ls x zzzz -x -- "" liszzzzt "$(printf '%099d' 0)"; do
	check "nothing is near \"$word\"" 2 "$SVSHM" "$word"
	grep -q "did you mean" "$work/err" && fail "$name: $(cat "$work/err")"
done
check "nothing is near --quick" 2 "$SVSHM" list --quick
err '^svshm: list: unknown option "--quick"; see "svshm list --help"$'
check "no KEY" 2 "$SVSHM" remove
check "a KEY too many" 2 "$SVSHM" info "$key" "$key"
check "no value" 2 "$SVSHM" recover --older-than
check "no duration" 2 "$SVSHM" recover --older-than 3y
check "no command to lock" 2 "$SVSHM" lock "$key" true
check "closed output" 1 sh -c '"$1" list >&-' sh "$SVSHM"

# ---- put and get -------------------------------------------------------------

check "get without an object" 1 "$SVSHM" get "$key"
err '^svshm: '
check "get --wait gives up" 1 "$SVSHM" get "$key" --wait --timeout 0.1
start "$SVSHM" put "$key" "$work/data" --mode 0640
await in_use "$key"
check "info" 0 "$SVSHM" info "$key"
out "^key *$key\$"
out '^mode *0640$'
out '^verdict *in use$'
out "^data *$(($(wc -c <"$work/data"))) bytes"
check "put twice" 1 "$SVSHM" put "$key" "$work/data"
check "remove in use" 1 "$SVSHM" remove "$key"
err "in use by pid $job "
check "recover in use" 0 "$SVSHM" recover "$key"
out "^$key: kept: in use by pid $job "
check "get FILE" 0 "$SVSHM" get "$key" "$work/copy"
same "$work/data" "$work/copy"
ended "put ends after its reader" 0
gone "the object is gone with them"

start sh -c 'cat "$2" | "$1" put "$3"' sh "$SVSHM" "$work/data" "$key"
check "get --wait, from a pipe to standard output" 0 \
	"$SVSHM" get --wait "$key" --timeout 20s
same "$work/data" "$work/out"
ended "put of standard input" 0

check "put of nothing" 1 "$SVSHM" put "$key" /dev/null
err "empty"
check "put of no file" 1 "$SVSHM" put "$key" "$work/missing"
gone "none of these made an object"

start_put "$key" "$work/data"
kill -TERM "$job"
ended "put is interrupted" 1
gone "the interrupted put took its object along"

start_put "$key" "$work/data"
check "remove --force" 0 "$SVSHM" remove --force "$key"
ended "put notices the removal" 1
err "removed"

start_put "$key" "$work/data"
"$SVSHM" lock "$key" -- sh -c 'echo >"$1"; while [ -e "$1" ]; do
	sleep 0.1 2>/dev/null || sleep 1; done' sh "$work/inside" &
owner=$!
await test -e "$work/inside"
check "get --snapshot while somebody owns the lock" 1 \
	"$SVSHM" get --snapshot --timeout 0.1 "$key" "$work/copy"
err "no moment long enough"
check "and so that it need not wait" 1 \
	"$SVSHM" get --snapshot --timeout 0 "$key" "$work/copy"
# put ends with its reader: so that one comes first, and the owner goes then.
three_users()
{
	[ "$("$SVSHM" info --json "$key" | grep -c '"alive": true')" -ge 3 ]
}
"$SVSHM" get --snapshot "$key" "$work/copy" 2>"$work/err" &
reader=$!
await three_users
rm "$work/inside"
wait "$reader" || fail "get --snapshot waits: $(cat "$work/err")"
same "$work/data" "$work/copy"
wait $owner
ended "put, read by a snapshot" 0
check "get --snapshot of the Qt layout" 1 \
	"$SVSHM" get --snapshot --layout qt "$key"

touch "$work/own"
start "$SVSHM" put --native-key "$work/own" "$work/data"
check "get --native-key" 0 \
	"$SVSHM" get --wait --timeout 20s --native-key "$work/own"
same "$work/data" "$work/out"
ended "put --native-key" 0
[ -e "$work/own" ] || fail "put --native-key: removed the user's file"

start "$SVSHM" put -- "$dashed" "$work/data"
check "a key with a dash" 0 "$SVSHM" get --wait --timeout 20s -- "$dashed"
ended "put of a key with a dash" 0

start sh -c 'ulimit -f 0; exec "$1" put "$2" "$3"' sh \
	"$SVSHM" "$key" "$work/data"
check "get from where no file may grow" 0 \
	"$SVSHM" get --wait --timeout 20s "$key"
same "$work/data" "$work/out"
ended "put where no file may grow" 0

# ---- A destination that fails ------------------------------------------------

orphan "$key" "$work/data"
mkdir "$work/target"
cp "$work/old" "$work/target/file"
check "get to a full disk" 1 sh -c 'ulimit -f 8; "$1" get "$2" "$3"' sh \
	"$SVSHM" "$key" "$work/target/file"
same "$work/old" "$work/target/file"
[ "$(ls -A "$work/target")" = file ] || fail "$name: left a file behind"
if [ -w /dev/full ]; then
	check "get to a full device" 1 sh -c '"$1" get "$2" >/dev/full' sh \
		"$SVSHM" "$key"
fi
# Its messages are lost, too; its status is not that of a signal.
for command in list "list --json" "info $key" limits; do
	check "$command to a file that may not grow" 1 \
		sh -c 'ulimit -f 0; "$1" $2' sh "$SVSHM" "$command"
done
check "recover where no file may grow" 1 \
	sh -c 'ulimit -f 0; "$1" recover --save "$3" "$2"' sh \
	"$SVSHM" "$key" "$work/target"
[ "$(ls -A "$work/target")" = file ] || fail "$name: left a file behind"
check "info of what was not saved" 0 "$SVSHM" info "$key"
out "^verdict *orphan$"
check "get from an orphan that was kept" 0 "$SVSHM" get "$key"
err "what they left"
err "owner of the lock died"
same "$work/data" "$work/out"
gone "get was the last user"

# ---- recover, list, info -----------------------------------------------------

orphan "$key" "$work/data"
check "list --check" 3 "$SVSHM" list --check
out "leftover.*: .*1 orphan"
check "list" 0 "$SVSHM" list
out "^$key  *native  *orphan"
grep -q "$(printf '\033')" "$work/out" && fail "$name: colour in a file"
grep "^$key .\{80\}" "$work/out" && fail "$name: over 80 columns"
check "list --json" 0 "$SVSHM" list --json
valid_json
out '"schema": 1'
check "recover --dry-run" 3 "$SVSHM" recover --dry-run "$key"
out "^$key: would be removed: "
check "recover --dry-run --json" 3 "$SVSHM" recover --dry-run --json "$key"
valid_json
out '"action": "would-remove"'
check "recover --older-than" 0 "$SVSHM" recover --older-than 1d "$key"
out "^$key: kept: "
check "recover --save without a directory" 1 \
	"$SVSHM" recover "$key" --save "$work/missing"
check "info --json" 0 "$SVSHM" info --json "$key"
valid_json
id=$(sed -n 's/^ *"segment_id": \([0-9]*\),$/\1/p' "$work/out")
mkdir "$work/saved"
cp "$work/old" "$work/saved/$key.$id"
check "recover --save over a file" 1 \
	"$SVSHM" recover "$key" --save "$work/saved"
err "$work/saved/$key.$id"
same "$work/old" "$work/saved/$key.$id"
rm "$work/saved/$key.$id"
check "after four refusals the orphan is there" 0 "$SVSHM" info --id "$id"
out '^verdict *orphan$'
check "recover --save" 0 "$SVSHM" recover "$key" --save "$work/saved"
out "^$key: removed: .*; data saved in $work/saved/$key\.$id\$"
same "$work/data" "$work/saved/$key.$id"
[ "$(ls -A "$work/saved")" = "$key.$id" ] || fail "$name: left other files"
gone "recover has removed it"
check "recover of nothing" 0 "$SVSHM" recover "$key"
out "nothing"
check "recover --quiet of nothing" 0 "$SVSHM" recover --quiet "$key"
[ ! -s "$work/out" ] || fail "$name: not quiet"

orphan "$key" "$work/data"
check "put replaces an orphan" 1 sh -c \
	'"$1" put "$2" "$3" & await=$!
	until "$1" info "$2" | grep -q "in use"; do :; done
	kill -TERM $await; wait $await' sh "$SVSHM" "$key" "$work/data"
err "replaces"
if [ -n "${SVSHM_TEST_ALONE-}" ]; then
	orphan "$key" "$work/data"
	check "recover of all, dry" 3 "$SVSHM" recover --dry-run
	check "recover of all" 0 "$SVSHM" recover
	out "^$key: removed: "
	check "recover of all, again" 0 "$SVSHM" recover
	out '^nothing to recover$'
else
	echo "note: not alone here, so recover was not tried without a name"
fi
orphan "$key" "$work/data"
check "remove of an orphan" 0 "$SVSHM" remove "$key"
gone "remove has removed it"
check "remove of nothing" 1 "$SVSHM" remove "$key"

# ---- A key file alone --------------------------------------------------------

# What is left of a creator that died at once. It says whose it is, no more.
lone=$work/keys/$prefix-lone
: >"$lone"
chmod 604 "$lone"
owner=$(id -u)
if [ "$owner" -eq 0 ]; then
	owner=54321
	chown $owner "$lone"
fi
named=$(id -un "$owner" 2>/dev/null) || named=$owner
check "list --check of a key file" 3 "$SVSHM" list --check
check "list of a key file" 0 "$SVSHM" list
out "^$prefix-lone  *native  *half-made  *-  *-  *-  *0604  *$named  *[0-9]*s\$"
check "info of a key file" 0 "$SVSHM" info "$prefix-lone"
out "^owner  *$named\$"
out '^creator  *-$'
out '^mode  *0604$'
out '^lock  *-$'
out '^registered  *-$'
check "info --json of a key file" 0 "$SVSHM" info "$prefix-lone" --json
valid_json
out "\"uid\": $owner,\$"
out '"mode": "0604",$'
for member in creator_uid segment_id semaphore_id size segment_size mappings \
	attach_time detach_time creator_pid last_pid registrations departures \
	max_processes locked owner_died lock_pid certainty semaphores \
	operation_time waiters; do
	out "\"$member\": null,\$"
done
check "a key file that is too young" 0 \
	"$SVSHM" recover "$prefix-lone" --older-than 1d
out 'kept: not as old'
[ -e "$lone" ] || fail "$name: it is gone"
touch -t 202001010000 "$lone"
check "an old key file" 0 "$SVSHM" recover "$prefix-lone" --older-than 1d
out "^$prefix-lone: removed: half-made, of $named, left [0-9]*d ago"
[ ! -e "$lone" ] || fail "$name: it is still there"

# ---- Names that bite ---------------------------------------------------------

orphan "$odd" "$work/data"
check "list with control characters" 0 "$SVSHM" list
out '\\x1b\[31m\\x0a/%\\xff'
grep -q "$(printf '\033')" "$work/out" && fail "$name: an escape got through"
check "list --json with any bytes" 0 "$SVSHM" list --json
valid_json
out '\\u001b\[31m\\u000a/%\\ufffd"'
check "save with any bytes" 0 "$SVSHM" recover "$odd" --save "$work/saved"
ls "$work/saved" >>"$work/out"
out "^$prefix-%1B%5B31m%0A%2F%25%FF\.[0-9]*\$"

# ---- lock --------------------------------------------------------------------

check "lock passes the status on" 7 "$SVSHM" lock "$key" -- sh -c 'exit 7'
check "lock of a killed command" 143 "$SVSHM" lock "$key" -- sh -c 'kill $$'
check "lock of no command" 127 "$SVSHM" lock "$key" -- "$work/missing"
err "cannot run"
check "lock of no program" 126 "$SVSHM" lock "$key" -- "$work/data"
check "the lock is held" 0 "$SVSHM" lock "$key" -- "$SVSHM" info "$key"
out '^lock *held by pid'
gone "lock leaves no object"

mkfifo "$work/ready" "$work/go"
start "$SVSHM" lock "$key" -- sh -c 'echo >"$1"; read _ <"$2"; exit 5' sh \
	"$work/ready" "$work/go"
read -r _ <"$work/ready"
check "lock --timeout 0" 1 "$SVSHM" lock "$key" --timeout 0 -- true
check "lock --timeout" 1 "$SVSHM" lock "$key" --timeout=0.1 -- true
echo >"$work/go"
ended "the owner of the lock goes on" 5

start "$SVSHM" lock "$key" -- sh -c 'trap "kill \$!; exit 42" TERM
	sleep 60 & echo >"$1"; wait' sh "$work/ready"
read -r _ <"$work/ready"
kill -TERM "$job"
ended "lock passes a signal on" 42

echo 0 >"$work/count"
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	"$SVSHM" lock "$key" -- sh -c \
		'read n <"$1"; echo $((n + 1)) >"$1"' sh "$work/count" &
done
wait
check "the lock excludes" 0 test "$(cat "$work/count")" -eq 20

died='echo "died=${SVSHM_OWNER_DIED-no}"'
{ "$SVSHM" lock "$key" -- sh -c 'kill -9 "$PPID"'; } >/dev/null 2>&1
check "the owner died" 3 "$SVSHM" lock "$key" -- sh -c "$died; exit 3"
out 'died=1'
err 'died'

# An orphan with data stays one, so what an owner's death left is still known.
orphan "$key" "$work/data"
for round in "3 1" "0 1" "0 no"; do
	status=${round% *}
	check "an owner died: round $round" "$status" \
		"$SVSHM" lock "$key" -- sh -c "$died; exit $status"
	out "died=${round#* }"
done
check "wait --timeout for an orphan" 1 "$SVSHM" wait "$key" --timeout 0
err 'there was none in the time allowed'
check "notify of an orphan" 0 "$SVSHM" notify "$key"
check "lock has kept the orphan" 0 "$SVSHM" recover "$key"
out "^$key: removed: "

# ---- wait and notify -----------------------------------------------------------

check "wait for nothing" 1 "$SVSHM" wait "$key"
err "there is no object"
check "notify of nothing" 1 "$SVSHM" notify "$key"
check "wait without --" 2 "$SVSHM" wait "$key" true
check "wait with -- alone" 2 "$SVSHM" wait "$key" --
check "notify of two" 2 "$SVSHM" notify "$key" "$key"

# attached: the job that was started last has the object, beside its user.
attached()
{
	until "$SVSHM" info "$key" | grep -q '^registered *2,'; do
		kill -0 "$job" || {
			fail "$name: svshm wait has ended"
			return
		}
	done
}

# waited NAME STATUS ARGUMENT...: svshm wait ends with STATUS when it is told. Who
# has attached may not wait yet: it is told until it ends.
waited()
{
	wanted=$1
	wanted_status=$2
	shift 2
	rm -f "$work/told"
	start sh -c '"$@"; status=$?; : >"$0"; exit $status' "$work/told" \
		"$SVSHM" wait "$key" "$@"
	attached
	while [ ! -e "$work/told" ]; do
		check "notify" 0 "$SVSHM" notify "$key"
	done
	ended "$wanted" "$wanted_status"
}

# A program that uses the object meanwhile.
"$SVSHM" lock "$key" -- sh -c 'echo >"$1"; read _ <"$2"' sh \
	"$work/ready" "$work/go" &
user=$!
read -r _ <"$work/ready"
waited "wait" 0
waited "wait runs a command" 9 --timeout 1h -- sh -c 'exit 9'
waited "wait runs what is not there" 127 -- "$work/missing"
check "wait --timeout" 1 "$SVSHM" wait "$key" --timeout 0.1 -- true
start "$SVSHM" wait "$key"
attached
kill -TERM "$job"
ended "wait ends by a signal" 143
check "nobody waits" 0 "$SVSHM" notify "$key"
echo >"$work/go"
wait $user
gone "wait and notify leave no object"

# ---- Other programs' segments ------------------------------------------------

if command -v ipcmk >/dev/null; then
	foreign=$(foreign_segment 4096)
	check "list --all" 0 "$SVSHM" list --all
	out "^segment $foreign  *-  *foreign"
	check "list without it" 0 "$SVSHM" list
	no_out "^segment $foreign "
	check "info --id" 0 "$SVSHM" info --id "$foreign"
	out '^verdict *foreign$'
	check "info --id --json" 0 "$SVSHM" info --id "$foreign" --json
	valid_json
	out '"verdict": "foreign"'
	for member in size max_processes registrations locked owner_died; do
		out "\"$member\": null,\$"
	done
else
	echo "note: no ipcmk here, so no segment of another program"
fi
check "info --id of nothing" 1 "$SVSHM" info --id 2147483647

finish
