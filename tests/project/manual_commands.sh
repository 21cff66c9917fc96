#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The examples of svshm(1) do what the page says of them. They are taken from the
# page, and each is run where it has something to do. What cannot be here is put in
# the place of a word: a directory, an id, a user, or less time than a day.
. "$srcdir/tests/tool/toolkit.sh"
alone "$0"
need ipcmk ipcs timeout
prepare
: >"$work/out"
: >"$work/err"
need_lists
"$SVSHM" limits >"$work/out" 2>&1 || { cat "$work/out"; exit 77; }
cd "$work" || exit 99

# ---- What the examples call --------------------------------------------------

mkdir bin crash
ln -s "$SVSHM" bin/svshm
PATH=$work/bin:$PATH
for program in mail backup; do
	printf '#!/bin/sh\necho "$0 $*" >>"%s/called"\n' "$work" >bin/$program
	chmod +x bin/$program
done
echo 'cat >>"$0.input"' >>bin/mail
echo data >data

awk -v commands=1 -v to=example -f "$srcdir/tests/project/manual_examples.awk" \
	"$srcdir/doc/svshm.1" >out || fail "the examples cannot be taken out"
tried=

# take WORDS [EDIT...]: the one example in which WORDS stand, with its words changed
# by sed, in the file "script".
take()
{
	found=$(grep -l -e "$1" example.*.sh)
	case $found in
	example.*.sh) ;;
	*) found=/dev/null ;;
	esac
	title=$1
	shift
	tried="$tried $found"
	set -- "$found" -e "s|/var/crash|$work/crash|" "$@"
	example=$1
	shift
	sed "$@" "$example" >script
	[ -s script ] || fail "there is no example with \"$title\""
}

# run NAME STATUS: the script.
run()
{
	check "$title: $1" "$2" timeout 60 sh ./script
}

# swept NAME OBJECT...: the script removes it. Older than 0 seconds is what was left
# in an earlier second, which takes a while to come.
swept()
{
	name="$title: $1"
	shift
	await gone "$@" || fail "$name: svshm info $*: it is there still"
}

gone()
{
	timeout 60 sh ./script >out 2>err && ! svshm info "$@" >seen 2>&1
}

nothing_said()
{
	[ ! -s out ] && [ ! -s err ] || fail "$name: says something"
}

# ---- Leftovers ---------------------------------------------------------------

take "list --check"
run "nothing is left" 0
nothing_said
orphan weather data
run "an orphan" 0
out "^1 leftover among 1 object: 1 orphan"

take "list --all"
run "an orphan" 0
out "^KEY  *SIZE  *OWNER  *LOCK  *ID\$"
out "^weather "

if command -v jq >/dev/null; then
	take "jq"
	run "an orphan" 0
	[ "$(cat out)" = weather ] || fail "$name: another key"
else
	take "jq" -e "s/ *|.*//"
	run "an orphan, without jq" 0
fi

take "--save /var/crash --quiet"
run "too young" 0
nothing_said
check "it is there still" 0 svshm info weather
take "--save /var/crash --quiet" -e "s/1d/0s/"
swept "old enough" weather
nothing_said
cmp data crash/weather.* || fail "$name: not saved"

take "--user alice" -e "s/alice/$(id -un)/"
orphan cache data
run "an orphan" 0
out "^cache: removed: orphan"
check "it is gone" 1 svshm info cache

# ---- Limits ------------------------------------------------------------------

take "svshm limits\$"
run "as it is" 0
out "^segments "

take "limits --check"
run "not reached" 0
[ ! -e called ] || fail "$name: mail is sent"
take "limits --check" -e "s/80/0/"
run "reached" 0
grep -q "mail root" called || fail "$name: no mail"
[ "$(wc -l <bin/mail.input)" -eq 1 ] || fail "$name: not one line"

# What grep says depends on the machine.
take "grep ^warning" -e "s/|.*//"
run "as it is" 0

# ---- Other programs ----------------------------------------------------------

segment=$(foreign_segment 4096)
take "info --id" -e "s/--id .*/--id $segment/"
run "a segment" 0
out "foreign"

key=$(ipcs -m | awk -v id="$segment" '$2 == id { print $1 }')
take "info --key" -e "s/--key .*/--key $key/"
run "a segment" 0
out "foreign"

take "older-than 1d --save /var/crash --yes"
run "too young" 0
check "it is there still" 0 svshm info --id "$segment"
take "older-than 1d --save /var/crash --yes" -e "s/1d/0s/"
swept "old enough" --id "$segment"
out "removed"
[ "$(wc -c <"crash/segment.$segment")" -eq 4096 ] || fail "$name: not saved"

segment=$(foreign_segment 4096)
take "--unmapped"
run "too young" 0
check "it is there still" 0 svshm info --id "$segment"
take "--unmapped" -e "s/30s/0s/"
swept "old enough" --id "$segment"

# ---- Files and locks ---------------------------------------------------------

echo photo >photo.ppm
start_put answer data
take "put picture"
run "an answer" 0
cmp data answer.txt || fail "$name: another answer"
ended "the answer is fetched" 0
check "the picture is there" 0 svshm get picture got.ppm --wait --timeout 60s
cmp photo.ppm got.ppm || fail "$name: another picture"
await [ -z "$(ls keys)" ]

rm -f called
take "nightly-backup"
run "none runs" 0
grep -q "backup --all" called || fail "$name: no backup"
rm -f called
check "one runs" 1 svshm lock nightly-backup -- sh ./script
[ ! -e called ] || fail "$name: a second backup"

# One who is registered, and neither reads nor goes: put, stopped. Nothing tells when
# the script waits, so it is told of changes until it has fetched the picture.
told()
{
	svshm notify picture && [ -s picture.ppm ]
}

start_put picture photo.ppm
kill -STOP "$job"
holder=$job
take "while svshm wait"
start timeout 60 sh ./script
await told || fail "$title: fetches no picture"
await cmp photo.ppm picture.ppm || fail "$title: another picture"
check "the picture goes" 0 svshm remove --force picture
wait "$job"
[ $? -ne 124 ] || fail "$title: goes on without a picture"
forget "$job"
kill -9 "$holder"
forget "$holder"

# ---- All of them -------------------------------------------------------------

for example in example.*.sh; do
	case " $tried " in
	*" $example "*) ;;
	*) fail "nobody has tried: $(cat "$example")" ;;
	esac
done

finish
