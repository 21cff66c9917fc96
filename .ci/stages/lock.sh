# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The lock for long, and its other engine.

stage portable-lock whole \
	"The lock's other engine, where it makes a difference" \
	portable_lock

# Where the engine is the only one that was built: "fallbacks".
portable_lock()
{
	usual_build
	export SVSHM_TEST_LOCK=portable
	only check_lock check_owner_death check_lock_storm check_ipcrm \
		check_layout check_notify check_notify_death check_threads
	run_tests "$directory" "${selection[@]}"
}

stage lock-long whole 'Death at each instruction; storms of a minute' lock_long

lock_long()
{
	usual_build
	only check_instructions check_lock_storm check_admin_storm
	SVSHM_TEST_LONG=60 run_tests "$directory" "${selection[@]}"
	cat "$directory"/tests/lock/check_instructions.log \
		"$directory"/tests/lock/check_lock_storm.log
}
