#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# run.sh SECONDS [TARGET...]: build the fuzz targets with clang's libFuzzer,
# AddressSanitizer and UndefinedBehaviorSanitizer, and run each for so long, in
# an IPC namespace of its own where permitted. "make fuzz" calls it. The corpus
# grows in fuzz/TARGET.corpus in the build directory; what fails is kept in
# fuzz/TARGET-*.
set -eu
export LC_ALL=C

seconds=${1:-10}
shift || true
clang=${FUZZ_CC:-clang}
work=$builddir/fuzz
mkdir -p "$work"

if ! echo 'int LLVMFuzzerTestOneInput(const char *a, unsigned long b);
int LLVMFuzzerTestOneInput(const char *a, unsigned long b)
{ return a && b > 1000; }' |
	$clang -x c -fsanitize=fuzzer,address,undefined -o "$work/probe" - \
		2>/dev/null; then
	echo "SKIP: no clang with libFuzzer here"
	exit 77
fi

flags="-std=gnu11 -g -O1 -fno-omit-frame-pointer -DHAVE_CONFIG_H
	-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all"
includes="-I$builddir -I$srcdir/include -I$srcdir/lib -I$srcdir/tools"

# compile FILE...: the C files among them, into $objects; as many at a time as
# there are processors.
compile()
{
	objects= todo=
	for file in "$@"; do
		case $file in
		*.c)
			object=$work/$(echo "$file" | tr / _).o
			objects="$objects $object"
			[ "$object" -nt "$srcdir/$file" ] ||
				todo="$todo $object $file"
			;;
		esac
	done
	[ -z "$todo" ] || printf '%s\n' $todo |
		xargs -n 2 -P "$(getconf _NPROCESSORS_ONLN)" sh -c '
			exec $1 -Dmain=tool_main -c -o "$3" "$2/$4"
			' compile "$clang $flags $includes" "$srcdir"
}

isolated=
if [ "$(id -u)" -eq 0 ] && unshare --ipc true 2>/dev/null; then
	isolated="unshare --ipc"
fi

compile $FUZZ_SOURCES
library=$objects
compile $FUZZ_TOOL_SOURCES
tool=$objects

[ $# -gt 0 ] || set -- header object key qt tool
result=0
keys=$(mktemp -d "${TMPDIR:-/tmp}/svshm-fuzz.XXXXXX")
trap 'rm -rf "$keys"' EXIT
trap 'exit 1' HUP INT TERM
for target in "$@"; do
	compile "tests/fuzz/fuzz_$target.c"
	others=
	[ "$target" != tool ] || others=$tool
	$clang -fsanitize=fuzzer,address,undefined -o "$work/fuzz_$target" \
		$objects $others $library $FUZZ_LIBS
	mkdir -p "$work/$target.corpus" "$keys/$target"
	SVSHM_KEYDIR=$keys/$target $isolated "$work/fuzz_$target" \
		-max_total_time="$seconds" -timeout=60 -max_len=8192 \
		-artifact_prefix="$work/$target-" -print_final_stats=1 \
		"$work/$target.corpus" >"$work/$target.log" 2>&1 || {
		echo "FAIL: $target"
		tail -n 40 "$work/$target.log"
		result=1
		continue
	}
	echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' \
		"$work/$target.log") inputs, $(grep -o 'cov: [0-9]*' \
		"$work/$target.log" | tail -n 1), $seconds s: no failure"
done
exit $result
