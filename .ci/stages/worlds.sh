# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Other systems and other machines, played on this one: without what Linux has,
# with other limits, with pids that name nobody.

stage fallbacks whole 'A system that has none of what Linux has' fallbacks

# Like a system that has none of what Linux has. Without a list of all segments
# neither other programs' objects are seen, nor those that lost their key file:
# so not the tests in which there are some. More of them are in "smallworld".
fallbacks()
{
	configure_in fallbacks --disable-shared --with-scan=keydir \
		--with-keydir=/tmp --with-max-processes=56 --enable-werror \
		ac_cv_func_semtimedop=no ac_cv_func_pthread_atfork=no \
		ac_cv_func_secure_getenv=no ac_cv_func_sigtimedwait=no \
		ac_cv_have_decl_SHM_INFO=no svshm_cv_linux_proc=no \
		svshm_cv_atomic_builtins=no
	only check_judge check_key check_pids check_races \
		check_last_detach check_lock check_owner_death check_fast_lock \
		check_lock_storm check_notify check_notify_death \
		check_notify_observers check_notify_times \
		check_times check_wait_in_turns check_data \
		check_recover_storm check_key_directory check_modes check_bad_input \
		check_denied check_system_limits check_no_signal check_wrong_state \
		check_least_limits check_handles check_layout check_smaller_exists \
		check_fork check_exec check_signals check_threads \
		check_process_limits check_memory \
		check_qt check_qt_dead_maker check_qt_exit check_qt_lock \
		check_qt_shared check_qt_shared_removed check_qt_shared_threads \
		check_show
	run_tests "$directory" "${selection[@]}"
}

stage smallworld whole \
	'The limits of HP-UX and the BSDs, as built for HP-UX' \
	smallworld

# The suite in a world with the limits of HP-UX and the BSDs, built as for HP-UX:
# tests/worlds/smallworld.c. Bad headers (check_forged_header, check_qt_bad) are the same in
# any.
smallworld()
{
	local world=$work/smallworld.so
	[ "$(id -u)" -eq 0 ] || skip "not root: the limits cannot be set"
	cc -O1 -Wall -Wextra -shared -fPIC -o "$world" tests/worlds/smallworld.c -ldl
	configure_in smallworld --disable-shared --with-scan=hpux --with-keydir=/tmp \
		--with-max-processes=56 --enable-werror \
		CPPFLAGS="-I$top/tests/worlds/hpux" \
		ac_cv_func_semtimedop=no ac_cv_have_decl_SHM_INFO=no \
		svshm_cv_futex=no svshm_cv_linux_proc=no
	all_but $long $static_scripts check_one_object check_forged_header \
		check_qt_bad check_qt_leftovers
	run_tests "$directory" "${selection[@]}" \
		LOG_COMPILER="env SMALLWORLD=list LD_PRELOAD=$world" \
		SH_LOG_COMPILER="env SMALLWORLD=list LD_PRELOAD=$world sh"
}

stage refused-lists whole \
	"The macros of Linux's lists, but no lists (FreeBSD)" \
	refused_lists

# The macros of Linux's lists, but no lists (FreeBSD): it
# is asked, refuses, and the key directory is read.
refused_lists()
{
	local world=$work/smallworld.so
	[ -e "$world" ] || skip "stage smallworld has not made its world"
	configure_in refused --disable-shared --with-keydir=/tmp \
		ac_cv_func_semtimedop=no
	only check_last_detach check_least_limits
	run_tests "$directory" "${selection[@]}" \
		LOG_COMPILER="env LD_PRELOAD=$world"
}

stage huge-pages whole 'Objects of huge pages' huge_pages

# The test reserves them, and gives them back.
huge_pages()
{
	[ "$(id -u)" -eq 0 ] && [ -w /proc/sys/vm/nr_hugepages ] ||
		skip "no huge pages can be reserved here"
	usual_build
	only check_huge
	SVSHM_TEST_HUGE_PAGES=24 run_tests "$directory" "${selection[@]}"
}

stage worlds whole 'Small limits; foreign pids; shm_rmid_forced' worlds

# Three other worlds than this machine's. The longest tests run in one of them, but
# for check_forged_header and check_qt_bad: bad bytes are as bad in any.
#   - The limits of NetBSD and OpenBSD: 10 sets of 60 semaphores in all, 5
#     operations a call, 32 segments. Not the tests that want more than three
#     objects at a time.
#   - Makers and users in two PID namespaces, so that a pid is no name for a
#     process. Not the tests that look at another process by its pid, as those
#     of the tool do.
#   - kernel.shm_rmid_forced: a segment goes with its last mapping, so there are
#     no orphans. Not the tests about those, nor those in which a QSharedMemory
#     leaves, whose files stay then.
worlds()
{
	local result=0
	[ "$(id -u)" -eq 0 ] && unshare --ipc --pid --fork true ||
		skip "no namespaces are permitted here"
	usual_build
	all_but $long $static_scripts check_one_object check_data \
		check_forged_header check_ftok check_threads check_qt_bad \
		check_qt_leftovers
	SVSHM_TEST_LIMITS='sem=60 60 5 10,shmmni=32' \
		run_tests "$directory" "${selection[@]}" || result=$?
	all_but $long check_death check_forged_header check_foreign \
		check_exec check_qt_bad check_qt_leftovers $scripts
	SVSHM_TEST_PIDS=foreign \
		run_tests "$directory" "${selection[@]}" || result=$?
	only check_judge check_fork check_signals check_threads \
		check_owner_death check_fast_lock check_lock_storm check_times \
		check_wait_in_turns check_recover_storm check_key_directory check_header \
		check_scribbler check_squatters check_modes check_process_limits \
		check_system_limits check_wrong_state check_handles
	SVSHM_TEST_LIMITS=shm_rmid_forced=1 \
		run_tests "$directory" "${selection[@]}" || result=$?
	return $result
}
