# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What the stages share: skips and counts, builds, and which tests are run in
# them. .ci/run reads this first and sets $top (the clone), $work (a directory
# that vanishes with the run), $counts and $jobs.
#
# A stage runs under "set -e" in a shell of its own: what it sets is its own, and
# "exit 77" skips it.

# Variables are set here for the stages.
# shellcheck disable=SC2034

# ---- Skips and counts --------------------------------------------------------

# count PASSED FAILED SKIPPED
count()
{
	echo "$1 $2 $3" >>"$counts"
}

skip()
{
	echo "$*"
	exit 77
}

need()
{
	command -v "$1" >/dev/null || skip "no $1 here"
}

# count_tests DIRECTORY: the results of "make check" there. A Check program's
# log says how many tests it ran.
count_tests()
{
	local result log checks any=
	for result in "$1"/tests/*/*.trs; do
		[ -e "$result" ] || continue
		any=1
		log=${result%.trs}.log
		checks=$(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\)$/\1 \2 \3/p' "$log")
		if [ -n "$checks" ]; then
			awk '{ t += $1; f += $2 + $3 } END { print t - f, f, 0 }' \
				<<<"$checks" >>"$counts"
		fi
		case $(sed -n 's/^:global-test-result: //p' "$result") in
		PASS) [ -n "$checks" ] || count 1 0 0 ;;
		SKIP) count 0 0 1 ;;
		*) grep -q '[1-9]' <<<"$(cut -d' ' -f2,3 <<<"$checks")" ||
			count 0 1 0 ;;
		esac
	done
	[ -n "$any" ] || { echo "no tests were run in $1"; return 1; }
}

# ---- Builds ------------------------------------------------------------------

# wait_for STAGE: until it has ended, if it is part of this run.
wait_for()
{
	[[ " ${wanted[*]} " == *" $1 "* ]] || return 0
	while [ ! -e "$work/$1.ended" ]; do
		sleep 0.2
	done
}

# copy_tree DIRECTORY: what a fresh clone has, as it is now.
copy_tree()
{
	mkdir -p "$1"
	git ls-files -z | tar cf - --null -T - | tar xf - -C "$1"
}

# Makes configure, if bootstrap-check, whose work it is, has not.
configure_made()
{
	wait_for bootstrap-check
	[ -e "$top/configure" ] || "$top/bootstrap"
}

# copy_configured DIRECTORY: a tree that is built without the autotools.
copy_configured()
{
	configure_made
	copy_tree "$1"
	(cd "$top" && cp -R configure Makefile.in aclocal.m4 config.h.in \
		build-aux m4 "$1")
	# Else make would want the autotools, which are not there.
	touch "$1/aclocal.m4"
	touch "$1/Makefile.in" "$1/configure" "$1/config.h.in"
}

# The build of bootstrap-check, which is the usual one, for $directory.
usual_build()
{
	wait_for bootstrap-check
	directory=$top/build
	[ -e "$directory/Makefile" ] || "$top/bootstrap" demo
}

# configure_in NAME [ARGUMENT...]: in a new directory, which $directory names.
configure_in()
{
	local cache=$work/$1.cache
	directory=$work/$1
	set -- "$@" --without-qt
	shift
	configure_made
	mkdir "$directory"
	# What the first one has found out about the same compiler is copied: what
	# a stage pretends must not be found by others.
	case "$*" in
	*CC=* | *FLAGS=* | *--host=*) cache= ;;
	*)
		[ ! -e "$work/cc.cache" ] || cp "$work/cc.cache" "$cache"
		set -- "$@" --cache-file="$cache"
		;;
	esac
	use_ccache "$@"
	(cd "$directory" && "$top/configure" -q "${with_ccache[@]}") || {
		tail -n 40 "$directory/config.log"
		return 1
	}
	if [ -n "$cache" ] && [[ "$*" != *_cv_* ]]; then
		# At once: two stages may run at a time.
		mv "$cache" "$work/cc.cache"
	fi
}

# use_ccache ARGUMENT...: the same for configure in $with_ccache, with a compiler
# that remembers: most builds differ in a few files only.
use_ccache()
{
	with_ccache=("$@")
	command -v ccache >/dev/null || return 0
	case "$*" in
	*--host=* | *coverage*) ;;
	*CC=*) with_ccache=("${@/#CC=/CC=ccache }") ;;
	*) with_ccache+=(CC='ccache cc') ;;
	esac
}

# ---- Which tests -------------------------------------------------------------

# Lists of tests hold the last part of their names: check_lock, commands.sh. An
# array, or words between spaces.

# What tells most in the least time, for builds that differ in little from that of
# bootstrap-check, which runs all tests.
brief="check_judge check_key check_last_detach check_fast_lock check_collision
	check_least_limits check_layout check_fork check_qt check_qt_exit"

# These stop at each instruction or system call, or repeat for long what does not
# depend on how the library was built: bootstrap-check, lock-long, crash-lab.
long="check_admin_storm check_roots check_set_lost check_team check_unregistered
	check_admin check_instructions check_stops check_exit check_deaths check_errnos
	check_pairs layering.sh"

# The tests that are scripts, as tests/tests.mk has them.
scripts=$(sed -n '/^script_tests/,/[^\\]$/s/.*tests.*\/\(.*\.sh\).*/\1/p' \
	"$top/tests/tests.mk")

# These read files only, or run other people's libraries, which no world's options
# reach: they are the same in every world. bootstrap-check, trixie and distcheck run
# them.
static_scripts="crash_points.sh documented.sh exports.sh layering.sh manpages.sh packages.sh pictures.sh
	porting.sh promises.sh readme.sh versions.sh"

# What takes longest begins first, else the processors wait for it in the end.
longest="check_threads check_one_object check_idle check_collision
	check_other_user check_lock_storm check_qt_peer_shared
	examples_daemon_killed.sh"

# How many tests run at a time: most wait for each other half of the time. A stage
# whose instruments make them slow, and not the waiting, takes fewer.
at_once=$((2 * jobs))

# named NAME...: their paths, in $found. A name of none, or of two, ends the stage:
# no test is lost in silence.
named()
{
	local name matches
	found=()
	for name; do
		case $name in
		*.sh) matches=("$top"/tests/*/"$name") ;;
		*) matches=("$top"/tests/*/"$name.c") ;;
		esac
		matches=("${matches[@]#"$top"/}")
		if [ "${#matches[@]}" -ne 1 ] || [ ! -e "$top/${matches[0]}" ]; then
			echo "$name: no such test, or two: ${matches[*]}"
			exit 1
		fi
		found+=("${matches[0]%.c}")
	done
}

# only NAME...: arguments for make, in $selection: no other tests, and the last
# one, which otherwise waits for all.
only()
{
	local test logs='' programs="doc/examples/daemon doc/examples/display doc/examples/qtimage doc/examples/sensor doc/examples/sharedimage"
	# shellcheck disable=SC2046 # names are words
	named $(among "$@") $(printf '%s\n' "$@" | but $longest)
	for test in "${found[@]}"; do
		logs="$logs ${test%.sh}.log"
		[ "$test" != "${test%.sh}" ] || programs="$programs $test"
	done
	selection=("TESTS=${found[*]} tests/project/leftovers.sh"
		"LEFTOVERS_AFTER=$logs" "check_PROGRAMS=$programs")
}

# among NAME...: those of $longest that are among these.
among()
{
	printf '%s\n' $longest | grep -xF "$(printf '%s\n' "$@")"
}

# but NAME...: the names from standard input that are not among these, in a line.
but()
{
	grep -vxF "$(printf '%s\n' "$@")" | tr '\n' ' '
}

# all_but NAME...: as "only" does, for all other tests.
all_but()
{
	local all
	named "$@"
	all=$(cd "$top" && basename -s .c tests/*/check_*.c)
	# shellcheck disable=SC2046 # names are words
	only $(printf '%s\n' $all $scripts | but "$@")
}

# run_tests DIRECTORY [MAKE ARGUMENT...]
run_tests()
{
	local directory=$1 result=0
	shift
	rm -f "$directory"/tests/*/*.trs
	timeout 900 make -C "$directory" -j$at_once check VERBOSE=1 "$@" ||
		result=$?
	count_tests "$directory" || result=1
	return $result
}
