# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Other processors and another libc, on this machine or under an emulator.

# The source of the Check library, which no package has for other processors: by
# the package manager, from the places it knows, which are left as they are.
fetch_check()
{
	local apt=$work/apt list
	[ ! -e "$work/check/configure" ] || return 0
	command -v apt-get || return
	mkdir -p "$apt/lists/partial" "$apt/parts" "$work/check"
	for list in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
		case $list in
		*.list | *.sources)
			[ ! -e "$list" ] ||
				sed 's/^Types: deb$/Types: deb-src/; s/^deb /deb-src /' \
					"$list" >"$apt/parts/${list##*/}" ;;
		esac
	done
	(cd "$apt"
	set -- -q -o Dir::Etc::SourceList=/dev/null \
		-o Dir::Etc::SourceParts="$apt/parts" \
		-o Dir::State::Lists="$apt/lists" -o Dir::Cache::pkgcache= \
		-o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=
	apt-get "$@" update
	apt-get "$@" source --download-only check &&
		tar xf check_*.orig.tar.* --strip-components=1 -C "$work/check")
}

# check_for NAME [CONFIGURE ARGUMENT...]: the Check library, in $check.
check_for()
{
	check=$work/check-$1
	shift
	mkdir "$check"
	(cd "$check"
	"$work/check/configure" -q --disable-shared --disable-subunit \
		--disable-build-docs --prefix="$check/root" CFLAGS=-O0 "$@"
	make -s -C lib -j$jobs
	make -s -C src -j$jobs install
	cp check_stdint.h root/include)
}

# Not under an emulator: what takes long in it.
slow_tests="check_one_object check_death check_lock_storm check_recover_storm
	check_forged_header check_collision check_threads check_qt_bad
	check_qt_dead_maker check_qt_leftovers check_qt_lock"

# The tests that run programs with exec.
strangers()
{
	(cd "$top" && grep -l '"stranger.h"' tests/*/check_*.c) |
		xargs basename -s .c
}

# build_target NAME [CONFIGURE ARGUMENT...]: library, tool and tests, static, for
# another processor or libc, once in a run. $directory is where.
build_target()
{
	local name=$1${all_tests:+-all} check
	directory=$work/target-$name
	[ ! -e "$directory.built" ] || return 0
	rm -rf "$directory" "$work/check-$name"
	shift
	if [ -n "$no_suite$tool_only" ]; then
		set -- --without-check "$@"
	else
		check_for "$name" "$@"
		set -- CHECK_CFLAGS=-I"$check/root/include" \
			CHECK_LIBS="$check/root/lib/libcheck.a -lm -lrt -lpthread" \
			"$@"
	fi
	configure_in "target-$name" --disable-shared --enable-werror \
		CFLAGS='-g -O1' "$@"
	make -C "$directory" -j$jobs LDFLAGS=-all-static svshm tests/worlds/words
	choose_tests
	[ -n "$no_suite$tool_only" ] || make -C "$directory" -j$jobs \
		LDFLAGS=-all-static "${found[@]}"
	: >"$directory.built"
}

# The tests for $selection: those that $all_tests and $without leave.
choose_tests()
{
	named $without
	if [ -n "$all_tests" ]; then
		all_but $long $without $scripts
	else
		# shellcheck disable=SC2046 # names are words
		only $(printf '%s\n' $brief | but $without)
	fi
}

# use_target NAME RUNNER: two processes that count together, the tool, and the
# tests, in the directory that build_target has left.
use_target()
{
	local name=$1 runner=$2 engine
	printf '#!/bin/sh\nexec %s %s "$@"\n' "$runner" "$directory/svshm" \
		>"$directory/run-svshm"
	printf '#!/bin/sh\nexec %s %s "$@"\n' "$runner" \
		"$directory/tests/worlds/words" >"$directory/run-words"
	chmod +x "$directory"/run-*
	for engine in portable fast; do
		SVSHM_TEST_LOCK=$engine timeout 120 "$directory/run-words" \
			make "svshm-test-$name-$$" 2000 &
		timeout 120 "$directory/run-words" join "svshm-test-$name-$$" \
			2000
		wait $!
	done
	words "$directory/run-svshm" "$directory/run-svshm" \
		"svshm-test-$name-$$"
	"$directory/run-svshm" list --check
	echo "$name: runs"
	[ -z "$no_suite$tool_only" ] || return 0
	choose_tests
	run_tests "$directory" LDFLAGS=-all-static BUILT_TOOL=run-svshm \
		LOG_COMPILER="$runner" "${selection[@]}"
}

# other_target NAME RUNNER [CONFIGURE ARGUMENT...]: builds it, and uses it, if
# $only_build does not say that somebody else will.
other_target()
{
	build_target "$1" "${@:3}"
	[ -n "$only_build" ] || use_target "$1" "$2"
}

# Without the source of Check this is a skip, though the rest was run.
suite_was_run()
{
	[ -z "$no_suite" ] ||
		skip "the tool runs; the source of Check cannot be had, so the suite was not run"
}

# Nothing, if the kernel runs 32-bit programs.
runner_of_i686()
{
	echo 'int main(void) { return 0; }' >"$work/probe.c"
	i686-linux-gnu-gcc -static -o "$work/probe" "$work/probe.c"
	"$work/probe" 2>/dev/null || echo qemu-i386-static
}

stage processors-build quiet 'For i386, ARM, PA-RISC, s390x: compiled' \
	processors build
stage processors whole \
	'i386, ARM, PA-RISC, s390x: the lock, the tool, tests' \
	processors
stage processors-all by-name 'The same, the whole suite for each' processors all

# What the emulators do not carry: programs of that processor cannot be exec'ed, so
# not the tests that have strangers; a limit of the address space, of a file's size
# and the lists of segments (check_process_limits, check_no_signal, check_show); on
# hppa the times of a set, on s390x the mode of segments and sets.
# The kernels of these processors do.
processors()
{
	local all_tests= only_build= done= without runner tool_only= emulated
	local no_suite=
	case ${1-} in
	all) all_tests=1 ;;
	build) only_build=1 ;;
	*) wait_for processors-build ;;
	esac
	fetch_check || no_suite=1
	emulated="$slow_tests check_process_limits check_system_limits
		check_no_signal check_show
		$(strangers)"
	if command -v i686-linux-gnu-gcc; then
		runner=$(runner_of_i686)
		without=${runner:+$emulated}
		other_target i686 "$runner" --host=i686-linux-gnu
		done=1
	fi
	without=$emulated
	if command -v qemu-arm-static && command -v arm-linux-gnueabihf-gcc; then
		[ -n "$all_tests" ] || tool_only=1
		other_target armhf qemu-arm-static --host=arm-linux-gnueabihf
		tool_only=
		done=1
	fi
	if command -v qemu-hppa-static && command -v hppa-linux-gnu-gcc; then
		without="$without check_foreign check_idle check_idle_rule
			check_races check_times check_ipcrm"
		other_target hppa qemu-hppa-static --host=hppa-linux-gnu
		done=1
	fi
	if command -v qemu-s390x-static && command -v s390x-linux-gnu-gcc; then
		without="$without check_scribbler check_modes check_qt
			check_qt_exit"
		[ -n "$all_tests" ] || tool_only=1
		other_target s390x qemu-s390x-static --host=s390x-linux-gnu
		done=1
	fi
	[ -n "$done" ] || skip "no cross compiler here"
	[ -n "$only_build" ] || suite_was_run
}

stage musl whole 'The C library musl: the lock, the tool, some tests' musl
stage musl-all by-name 'The same, the whole suite' musl all

musl()
{
	local all_tests=${1-} only_build= without= no_suite= tool_only=
	need musl-gcc
	fetch_check || no_suite=1
	other_target musl '' CC=musl-gcc
	suite_was_run
}
