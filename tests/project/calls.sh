#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# P11: no system call has crept into create, attach and detach that has no line in
# doc/HACKING.md, "What the native layout's calls cost" and "What the Qt layout's
# calls cost". Each line there: the kind of call, of what, how many of it in a
# create, the last detach, a process's first attach, its later ones, and a detach
# beside others, and what for. A layout without such a table is not counted. What
# there is fewer of, with another libc say, is noted only.
#
#   calls.sh          counts, and compares
#   calls.sh LAYOUT   prints LAYOUT's calls, step by step, and compares nothing
set -u

document=$srcdir/doc/HACKING.md
program=$builddir/tests/project/calls
work=$(mktemp -d "${TMPDIR:-/tmp}/svshm-test-calls.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM

# A sanitizer of leaks cannot be traced; the library's own words are calls, too.
ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
export ASAN_OPTIONS
unset SVSHM_DEBUG

skip()
{
	echo "skipped: $1"
	exit 77
}

[ -z "${LD_PRELOAD-}" ] || skip 'another library makes calls here'
command -v strace >/dev/null || skip 'strace is not installed'
strace -f -o "$work/try" true 2>/dev/null
grep -q exit_group "$work/try" 2>/dev/null || skip 'strace may not trace here'

# trace LAYOUT: its calls into $work/LAYOUT, in directories that have nothing else.
trace()
{
	mkdir -m 0700 "$work/files.$1" || exit 99
	TMPDIR=$work/files.$1 SVSHM_KEYDIR=$work/files.$1 \
		strace -f -o "$work/trace.$1" "$program" "$1"
	result=$?
	[ $result != 77 ] || skip "this build makes other calls"
	[ $result = 0 ] || exit 1
	# A process's calls are those between two marks of its own.
	awk '
	$2 ~ /^access\("\/svshm-calls\// {
		split($2, mark, /[\/"]/)
		step[$1] = mark[4]
		next
	}
	step[$1] != "" && step[$1] != "end" && $2 ~ /^[a-z]/ {
		call = $2
		sub(/\(.*/, "", call)
		print step[$1], kind(call), $0
	}
	# The names that one call has, by processor and by libc.
	function kind(call) {
		if (call ~ /^(newfstatat|fstatat64|[fl]?stat(64)?|statx)$/)
			return "stat"
		if (call ~ /^(prlimit64|u?getrlimit)$/)
			return "prlimit64"
		if (call ~ /^semtimedop/)
			return "semop"
		if (call ~ /^(open|unlink|readlink|mkdir)at$/)
			sub(/at$/, "", call)
		if (call ~ /^(get(e?[ug]id|dents))(32|64)$/)
			sub(/(32|64)$/, "", call)
		return call
	}' "$work/trace.$1" >"$work/$1"
}

# expected TITLE: "STEP KIND NUMBER" of each step and kind of the table under it.
expected()
{
	awk -F'|' -v title="$1" '
	/^#/ { here = $0 ~ title "$" }
	here && $2 ~ /`/ {
		call = $2
		gsub(/[` ]/, "", call)
		count["create", call] += $4
		count["last-detach", call] += $5
		count["first-attach", call] += $6
		count["attach", call] += $7
		count["detach", call] += $8
	}
	END {
		for (pair in count) {
			split(pair, part, SUBSEP)
			print part[1], part[2], count[pair]
		}
	}' "$document"
}

# compare LAYOUT TITLE: memory for malloc(), and clocks that are read, don't count.
compare()
{
	expected "$2" >"$work/expected"
	[ -s "$work/expected" ] || return 0
	echo "compared: $1"
	trace "$1"
	for step in create last-detach first-attach attach detach; do
		grep -q "^$step " "$work/$1" || {
			echo "$1: no call in $step"
			return 1
		}
	done
	awk -v layout="$1" -v title="$2" '
	NR == FNR { allowed[$1 " " $2] = $3; next }
	$2 ~ /^(brk|mmap|munmap|mremap|clock_gettime.*|gettimeofday|time)$/ {
		next
	}
	{ made[$1 " " $2]++ }
	END {
		for (pair in made)
			if (made[pair] > allowed[pair] + 0) {
				print layout ", " pair ": " made[pair] \
				      " calls, and \"" title "\" has " \
				      allowed[pair] + 0
				bad = 1
			}
		for (pair in allowed)
			if (made[pair] + 0 < allowed[pair])
				print "note: " layout ", " pair ": " \
				      made[pair] + 0 " calls, and the table " \
				      "has " allowed[pair]
		exit bad
	}' "$work/expected" "$work/$1"
}

if [ $# -gt 0 ]; then
	trace "$1"
	cat "$work/$1"
	exit 0
fi
status=0
compare native "What the native layout's calls cost" || status=1
compare qt "What the Qt layout's calls cost" || status=1
exit $status
