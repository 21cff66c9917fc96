# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# That the benchmarks work; their figures mean nothing here.

stage bench-library whole 'The benchmarks of the library work' bench_library

bench_library()
{
	usual_build
	make -C "$directory" -j$jobs bench-object BENCH_ARGUMENTS='3 5'
	make -C "$directory" -j$jobs bench-lock BENCH_ARGUMENTS='3 30'
	make -C "$directory" -j$jobs bench-times BENCH_ARGUMENTS=3
	make -C "$directory" -j$jobs bench-growth BENCH_ARGUMENTS='1 1'
	make -C "$directory" bench-growth BENCH_ARGUMENTS='--json 1 1' |
		sed -n '/^\[/,/^\]/p' >"$work/growth.json"
	make -C "$directory" bench-object BENCH_ARGUMENTS='--json 1 1' |
		sed -n '/^\[/,/^\]/p' >"$work/object.json"
	! command -v python3 || python3 -m json.tool "$work/object.json"
	! command -v python3 || python3 -m json.tool "$work/growth.json"
}

stage bench-tool whole 'The benchmark of the tool works' bench_tool

# That the benchmarks work; their figures mean nothing here.
bench_tool()
{
	usual_build
	make -C "$directory" -j$jobs bench-tool BENCH_COUNT=200
}
