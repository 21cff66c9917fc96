# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The crash lab: processes that are killed at chosen and at random places, and bytes
# that nobody chose.

stage crash-lab whole "A share of the crash lab's cases" crash_lab

# A share of the cases: "make crash-lab" runs all, for half an hour or more.
crash_lab()
{
	local result=0
	usual_build
	rm -f "$directory"/tests/*/*.trs
	timeout 900 make -C "$directory" -j$jobs crash-lab VERBOSE=1 \
		SVSHM_LAB_STRIDE=97 || result=$?
	count_tests "$directory" || result=1
	return $result
}

stage fuzz whole 'Bad bytes in headers, keys and arguments' fuzz

fuzz()
{
	need clang
	usual_build
	timeout 600 make -C "$directory" fuzz FUZZ_SECONDS=4
}

stage soak whole 'Random work, random deaths' soak

soak()
{
	usual_build
	timeout 600 make -C "$directory" -j$jobs soak MINUTES=0.4 SEED=1
}
