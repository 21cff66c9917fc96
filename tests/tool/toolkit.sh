# SPDX-License-Identifier: BSD-2-Clause
#
# What the tool's tests share; to be read by ". toolkit.sh" at their begin.
set -u
export LC_ALL=C
unset NO_COLOR SVSHM_OWNER_DIED SVSHM_DEBUG

if [ -z "${SVSHM-}" ]; then
	echo "SVSHM does not say where the tool is"
	exit 77
fi

# need PROGRAM...: where one is missing, the test is skipped.
need()
{
	for program; do
		command -v "$program" >/dev/null ||
			{ echo "no $program here"; exit 77; }
	done
}

# As tests/support/world.c: SVSHM_TEST_LIMITS="sem=60 60 5 10,shmmni=32".
set_limits()
{
	echo "${SVSHM_TEST_LIMITS-}" | tr , '\n' | while IFS='=' read -r name value
	do
		[ -z "$name" ] || echo "$value" >"/proc/sys/kernel/$name"
	done
}

# alone_if_may SCRIPT: run it again in an IPC and mount namespace of its own;
# where none is permitted, go on.
alone_if_may()
{
	if [ -n "${SVSHM_TEST_ALONE-}" ]; then
		set_limits
		return 0
	fi
	unshare --ipc --mount true 2>/dev/null || return 0
	SVSHM_TEST_ALONE=1 exec unshare --ipc --mount sh "$1"
}

# alone SCRIPT: the same; where none is permitted, the test is skipped.
alone()
{
	alone_if_may "$1"
	[ -n "${SVSHM_TEST_ALONE-}" ] || {
		echo "no IPC and mount namespace of its own permitted here"
		exit 77
	}
}

prepare()
{
	work=$(mktemp -d "${TMPDIR:-/tmp}/svshm-test.XXXXXX") || exit 99
	mkdir -m 700 "$work/keys" || exit 99
	export SVSHM_KEYDIR="$work/keys"
	prefix=svshm-test-$$
	failures=0
	jobs=
	trap 'cleanup >/dev/null 2>&1' EXIT
	trap 'exit 1' HUP INT TERM
}

# many_objects: the test needs a handful of them at once, and is skipped where the
# system's limits are too low for that.
many_objects()
{
	set -- true
	for i in 1 2 3 4 5 6; do
		set -- "$SVSHM" lock "$prefix-many-$i" -- "$@"
	done
	"$@" 2>"$work/err" || ! grep "No space left on device" "$work/err" ||
		exit 77
}

# remove_objects: those of a test that may run outside a namespace of its own,
# in which they would go with it. The test defines it anew.
remove_objects()
{
	:
}

cleanup()
{
	for job in $jobs; do
		kill -9 "$job" && wait "$job"
	done
	remove_objects
	umount "$work/full"
	chmod -R u+w "$work"
	rm -rf "$work"
}

fail()
{
	echo "FAIL: $*"
	sed 's/^/    out: /' "$work/out"
	sed 's/^/    err: /' "$work/err"
	failures=$((failures + 1))
}

# judge NAME WANTED STATUS
judge()
{
	name=$1
	if [ "$3" -eq "$2" ]; then
		echo "ok: $name"
	else
		fail "$name: exit status $3, not $2"
	fi
}

# check NAME STATUS COMMAND...: COMMAND ends with STATUS. Its output is in
# $work/out and $work/err, for out and err below.
check()
{
	title=$1
	wanted=$2
	shift 2
	"$@" >"$work/out" 2>"$work/err"
	judge "$title" "$wanted" $?
}

# out PATTERN, err PATTERN: what the last command has printed matches.
out()
{
	grep -q -e "$1" "$work/out" || fail "$name: no \"$1\" in the output"
}

err()
{
	grep -q -e "$1" "$work/err" || fail "$name: no \"$1\" in the messages"
}

no_out()
{
	grep -q -e "$1" "$work/out" && fail "$name: \"$1\" in the output"
}

one_line()
{
	[ "$(wc -l <"$work/out")" -eq 1 ] || fail "$name: not one line"
}

narrow()
{
	awk 'length > 80 { exit 1 }' "$work/out" ||
		fail "$name: over 80 columns"
}

# valid_json: it is JSON, and what the schema says of one of the commands.
valid_json()
{
	"${builddir-.}/tests/tool/validate" "$srcdir/doc/svshm.schema.json" \
		<"$work/out" >"$work/invalid" 2>&1 || {
		fail "$name: not what the schema says"
		sed 's/^/    /' "$work/invalid"
	}
	command -v python3 >/dev/null || return 0
	python3 -m json.tool <"$work/out" >/dev/null 2>&1 ||
		fail "$name: not valid JSON"
}

# await COMMAND...: until it succeeds, for 20 seconds; nothing tells from outside.
await()
{
	end=$(($(date +%s) + 20))
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt $end ] || return 1
		sleep 0.02 2>/dev/null || sleep 1
	done
}

# in_use KEY [OPTION...]: somebody has it. Before that info may show an object
# that is being made, which who comes then may make instead.
in_use()
{
	"$SVSHM" info "$@" | grep -q '^verdict  *in use'
}

# start COMMAND...: in the background; $job is its process.
start()
{
	"$@" >"$work/job.out" 2>"$work/job.err" &
	job=$!
	jobs="$jobs $job"
}

# ended NAME STATUS: the job that was started last ends with STATUS.
ended()
{
	wait "$job"
	status=$?
	jobs=${jobs% "$job"}
	: >"$work/out"
	cp "$work/job.err" "$work/err"
	judge "$1" "$2" $status
}

# start_put KEY FILE [OPTION...]
start_put()
{
	put_key=$1
	put_file=$2
	shift 2
	start "$SVSHM" put "$put_key" "$put_file" "$@"
	await in_use "$put_key" "$@"
}

# orphan KEY FILE [OPTION...]: what a put leaves that is killed, while another
# process that is killed as well has the lock: the copy is complete then.
orphan()
{
	start_put "$@"
	shift 2
	# The shell reports deaths: not here.
	{
		"$SVSHM" lock "$put_key" "$@" -- \
			sh -c 'kill -9 "$1" "$PPID"' sh "$job"
		wait "$job"
	} >/dev/null 2>&1
	jobs=${jobs% "$job"}
}

# forget PID: a job that has ended, or is to, is not to be killed at the end.
forget()
{
	jobs=$(echo "$jobs " | sed "s/ $1 / /; s/ *\$//")
	wait "$1" 2>/dev/null
}

# ---- Other users -------------------------------------------------------------

# as UID COMMAND...
as()
{
	user=$1
	shift
	setpriv --reuid "$user" --regid "$user" --clear-groups "$@"
}

# for_all PROGRAM...: copies in $work that others can run, too. The programs
# themselves: nobody else need get at libtool's scripts, and these can be killed.
for_all()
{
	chmod 755 "$work"
	for program; do
		real=$(dirname "$program")/.libs/$(basename "$program")
		[ -x "$real" ] || real=$program
		cp "$real" "$work/$(basename "$program")"
	done
	cp "$builddir"/.libs/libsvshm.so* "$work" 2>/dev/null
	LD_LIBRARY_PATH=$work${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
	export LD_LIBRARY_PATH
}

# need_user UID: where he cannot run the copy of the tool, skip the test.
need_user()
{
	as "$1" "$work/svshm" --version >/dev/null 2>&1 ||
		{ echo "another user cannot run the tool here"; exit 77; }
}

# ---- Other programs ----------------------------------------------------------

# made: the id in what ipcmk prints.
made()
{
	sed -n 's/^[^0-9]*\([0-9][0-9]*\)$/\1/p'
}

# foreign_set COUNT [COMMAND...]: makes one as another program may, which COMMAND
# starts, and prints its id.
foreign_set()
{
	foreign_count=$1
	shift
	"$@" ipcmk -S "$foreign_count" | made
}

# foreign_segment SIZE [COMMAND...]: makes one as another program may, which
# COMMAND starts, and prints its id.
# The keys of ipcmk are random. One that may be svshm's is judged in another way
# (see svshm__key_plausible), so not with it.
foreign_segment()
{
	foreign_size=$1
	shift
	while foreign_id=$("$@" ipcmk -M "$foreign_size" | made)
	do
		case $(ipcs -m | awk -v id="$foreign_id" '$2 == id { print $1 }') in
		0x7[6-9a-d]??????) ipcrm -m "$foreign_id" ;;
		*) break ;;
		esac
	done
	echo "$foreign_id"
}

# need_lists: where the kernel does not list what is there, skip the test.
need_lists()
{
	listed=$(foreign_segment 100)
	if ! "$SVSHM" info --id "$listed" >/dev/null 2>&1; then
		echo "this build cannot list all segments here"
		exit 77
	fi
	ipcrm -m "$listed"
}

finish()
{
	echo "$failures failed"
	[ "$failures" -eq 0 ]
}
