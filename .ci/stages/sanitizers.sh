# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The tests under instruments: errors of memory, undefined behaviour, races of
# threads, memory that was never set, and lines that no test runs.

stage sanitizers whole \
	"Addresses, undefined behaviour; the tool's leaks" \
	sanitizers

# Leaks are looked for in the tool only: tests end with handles in use. The
# options are built in, as the sanitizer cannot read them without /proc. The
# tests wait for SIGSEGV where memory must not be written to.
sanitizers()
{
	local result=0
	need clang
	cat >"$work/asan.c" <<-'END'
		const char *__asan_default_options(void);
		const char *__asan_default_options(void)
		{
			return "handle_segv=0:detect_leaks=0";
		}
	END
	clang -c -o "$work/asan.o" "$work/asan.c"
	export UBSAN_OPTIONS=print_stacktrace=1
	configure_in sanitizers CC=clang --disable-shared --enable-werror \
		CFLAGS='-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all'
	at_once=$((jobs + 1))
	all_but $long $static_scripts check_one_object check_death \
		check_lock_storm check_recover_storm commands.sh
	run_tests "$directory" LIBS="$work/asan.o" "${selection[@]}" ||
		result=$?
	ASAN_OPTIONS=detect_leaks=1 make -C "$directory" check VERBOSE=1 \
		LIBS="$work/asan.o" TESTS=tests/tool/commands.sh check_PROGRAMS= || result=1
	return $result
}

stage threads whole 'Tests in which threads meet, under ThreadSanitizer' threads

# See tests/worlds/tsan.c.
threads()
{
	need clang
	clang -c -g -O1 -Wall -Wextra -o "$work/tsan.o" tests/worlds/tsan.c ||
		skip "no ThreadSanitizer here"
	configure_in threads CC=clang --disable-shared \
		CFLAGS='-g -O1 -fsanitize=thread'
	only check_lock check_fast_lock check_handles check_fork check_cancel \
		check_threads check_snapshot_storm check_qt_dead_maker \
		check_qt_lock check_qt_shared \
		check_qt_shared_removed check_qt_shared_threads
	at_once=$((jobs + 1))
	run_tests "$directory" LIBS="$work/tsan.o" "${selection[@]}"
}

# Valgrind knows neither SHM_STAT_ANY nor SEM_STAT_ANY, and takes what they
# fill in for uninitialised. Linux before 4.17 does not know them, either.
old_kernel()
{
	cat >"$work/old_kernel.c" <<-'END'
		#define _GNU_SOURCE
		#include <errno.h>
		#include <stdarg.h>
		#include <sys/sem.h>
		#include <sys/shm.h>
		#include <sys/syscall.h>
		#include <unistd.h>

		int shmctl(int id, int command, struct shmid_ds *buffer)
		{
			if (command != SHM_STAT_ANY)
				return (int)syscall(SYS_shmctl, id, command, buffer);
			errno = EINVAL;
			return -1;
		}

		int semctl(int id, int number, int command, ...)
		{
			va_list arguments;
			void *argument;

			va_start(arguments, command);
			argument = va_arg(arguments, void *);
			va_end(arguments);
			if (command != SEM_STAT_ANY)
				return (int)syscall(SYS_semctl, id, number, command,
						    argument);
			errno = EINVAL;
			return -1;
		}
	END
	cc -shared -fPIC -o "$work/old_kernel.so" "$work/old_kernel.c"
}

stage memcheck whole \
	'No value that was never set: valgrind, an old kernel' \
	memcheck

# Not the storms of P1: valgrind asks how large a set is after GETALL, and takes
# all values for uninitialised if the set has gone by then. Not the thousands
# of deaths of P3 and headers of P6, which would take long: see sanitizers.
memcheck()
{
	need valgrind
	old_kernel
	usual_build
	# Check forks for each test; a fault in a child is its exit status, 9.
	export CK_TIMEOUT_MULTIPLIER=20
	only check_judge check_key check_last_detach check_lock \
		check_collision check_bad_input check_least_limits \
		check_layout check_fork check_qt check_qt_exit check_qt_key
	run_tests "$directory" "${selection[@]}" \
		LOG_COMPILER="env LD_PRELOAD=$work/old_kernel.so valgrind -q --error-exitcode=9"
}

stage coverage whole \
	'9 of 10 lines are run; System V IPC is left empty' \
	coverage

# Lines and branches of the library that the tests run. Who is killed can't
# tell where he was: the true figure is higher. In a System V IPC of its own, in
# which nothing may be left in the end: not even what has no name any more, which
# tests/project/leftovers.sh cannot know.
coverage()
{
	local alone=
	export alone
	need gcov
	configure_in coverage --disable-shared CC=gcc \
		CPPFLAGS=-DSVSHM_COVERAGE CFLAGS='-g -O0 --coverage'
	# Processes of other users add to the counts as well.
	only check_last_detach
	make -C "$directory" -j$jobs check "${selection[@]}"
	chmod a+rwx "$directory" "$directory"/lib "$directory"/lib/*/
	chmod a+rw "$directory"/lib/*.gcda "$directory"/lib/*/*.gcda
	# Where no file may grow, the counts cannot be written. The scripts run
	# the tool, which has a library without counts, in an IPC namespace of
	# their own; but for one, which could leave something in this.
	named qtimage.sh layering.sh
	# shellcheck disable=SC2046 # names are words
	all_but $long check_one_object check_death check_no_signal \
		check_threads $(printf '%s\n' $scripts | but qtimage.sh layering.sh)
	if unshare --ipc true; then
		alone="unshare --ipc"
	fi
	timeout 900 $alone bash -c '
		make -C "$1" -j"$2" check VERBOSE=1 "${@:3}" || exit
		! grep -v key /proc/sysvipc/shm /proc/sysvipc/sem || [ -z "$alone" ]
		' coverage "$directory" "$at_once" "${selection[@]}" || {
			count_tests "$directory"
			return 1
		}
	count_tests "$directory"
	cd "$directory"
	gcov -b lib/*internal_a-*.gcda lib/*/*internal_a-*.gcda 2>/dev/null |
		awk '/^File/ { ours = /\/lib\/[a-z_0-9\/]*\.[ch]\047/ }
			ours && /^Lines executed/ { split($2, a, /[:%]/)
				lines += $4; hit += a[2] * $4 / 100 }
			ours && /^Taken at least once/ { split($4, a, /[:%]/)
				branches += $6; taken += a[2] * $6 / 100 }
			END {
				if (!lines) {
					print "nothing was counted"
					exit 1
				}
				printf "lib: %.1f %% of %d lines, %.1f %% of %d branches\n",
					100 * hit / lines, lines,
					branches ? 100 * taken / branches : 0,
					branches
				exit hit < 0.9 * lines
			}' >"$work/coverage.txt" || {
			cat "$work/coverage.txt"
			return 1
		}
	cat "$work/coverage.txt"
}
