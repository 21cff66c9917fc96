# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# A 32-bit and a 64-bit process on one machine.

# words WRITER READER KEY
words()
{
	timeout 60 "$1" put "$3" "$top/configure" &
	timeout 60 "$2" get --wait "$3" "$work/words"
	wait $!
	cmp "$top/configure" "$work/words"
}

stage word-sizes whole \
	'A 32-bit and a 64-bit process share an object, a lock' \
	word_sizes

# A 32-bit and a 64-bit process share an object: its bytes, and its lock of both
# kinds, which each of them takes as often as the other.
word_sizes()
{
	local key=svshm-test-words-$$ wide narrow engine
	need i686-linux-gnu-gcc
	usual_build
	make -C "$directory" -j$jobs svshm tests/worlds/words
	wide=$directory
	configure_in narrow --host=i686-linux-gnu --disable-shared \
		--without-check
	make -C "$directory" -j$jobs LDFLAGS=-all-static svshm tests/worlds/words
	narrow=$work/run-narrow
	runnable "$directory" "$narrow"
	words "$wide/svshm" "$narrow/svshm" "$key"
	words "$narrow/svshm" "$wide/svshm" "$key"
	for engine in portable fast; do
		counts_together "$wide" "$narrow" "$key-$engine" $engine
		counts_together "$narrow" "$wide" "$key-$engine" $engine
	done
}

# counts_together MAKER JOINER KEY ENGINE
counts_together()
{
	SVSHM_TEST_LOCK=$4 timeout 120 "$1/tests/worlds/words" make "$3" 20000 &
	timeout 120 "$2/tests/worlds/words" join "$3" 20000
	wait $!
}

# runnable DIRECTORY RUN: the 32-bit programs of DIRECTORY in RUN, as such or,
# with a kernel that runs none, by qemu.
runnable()
{
	local program
	if "$1/svshm" --version 2>/dev/null; then
		ln -s "$1" "$2"
		return
	fi
	need qemu-i386-static
	mkdir -p "$2/tests/worlds"
	for program in svshm tests/worlds/words; do
		printf '#!/bin/sh\nexec qemu-i386-static %s "$@"\n' \
			"$1/$program" >"$2/$program"
		chmod +x "$2/$program"
	done
}
