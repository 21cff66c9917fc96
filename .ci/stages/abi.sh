# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# That programs go on working with a later library: what they are linked with is
# compared with what tests/abi/ has of each release.

stage abi quiet 'Nothing that programs are linked with has changed' abi

# The library with the header in DIRECTORY and the names in libsvshm.map there:
# abi_library DIRECTORY. All files at once, as no object file is used again.
abi_library()
{
	# shellcheck disable=SC2046 # names are words
	cc -shared -fPIC -g -O0 -w -DHAVE_CONFIG_H -I"$directory" -I"$1" -Ilib \
		-Wl,--version-script="$1/libsvshm.map" \
		-Wl,-soname,libsvshm.so.0 -o "$1/libsvshm.so.0" \
		$(compiled_here lib/*.c lib/*/*.c)
}

# abi_changed NAME FILE COMMAND: a library whose header or map, which FILE says,
# sed's COMMAND has changed; $changed names its directory.
abi_changed()
{
	changed=$work/abi-$1
	mkdir "$changed"
	cp include/svshm.h lib/libsvshm.map "$changed"
	sed -i "$3" "$changed/$2"
	if cmp -s "$changed/svshm.h" include/svshm.h &&
		cmp -s "$changed/libsvshm.map" lib/libsvshm.map; then
		echo "$1: sed has changed nothing"
		return 1
	fi
	abi_library "$changed"
}

# abi_compare LIBRARY HEADERS: with all records.
abi_compare()
{
	local record
	for record in tests/abi/[0-9]*/; do
		sh tests/abi/abi.sh compare "$1" "$2" "$record" || return 1
	done
}

# abi_refused NAME FILE COMMAND: such a change is noticed.
abi_refused()
{
	abi_changed "$@"
	if abi_compare "$changed/libsvshm.so.0" "$changed" >"$work/abi.log"; then
		echo "$1: nobody would have noticed"
		return 1
	fi
	grep '\[[CD]\]' "$work/abi.log" | sed "s/^/refused, $1:/"
}

# Each structure with a member more at its end, where it may have one.
grown='s/^\tbool memory_locked;/\tbool memory_locked, later[99];/
	s/^\tint64_t unmapped_for;/\tint64_t unmapped_for, later[99];/
	s/^\tconst char \*raise;/\tconst char *raise, *later[99];/'

abi()
{
	need abidiff
	[[ "$(cc -dumpmachine)" == x86_64-*linux* ]] ||
		skip "the records are of x86_64"
	configure_in abi-build --without-check
	mkdir "$work/abi-now"
	cp include/svshm.h lib/libsvshm.map "$work/abi-now"
	abi_library "$work/abi-now"
	abi_compare "$work/abi-now/libsvshm.so.0" include
	abi_changed grown svshm.h "$grown"
	abi_compare "$changed/libsvshm.so.0" "$changed"
	abi_refused 'a function gone' libsvshm.map '/svshm_wait;/d'
	abi_refused 'a member before others' svshm.h \
		's/^\tint segment_id;/\tint earlier;\n&/'
	abi_refused 'a member of another type' svshm.h \
		's/^\tuint64_t mappings;/\tint64_t mappings;/'
	abi_refused 'an array of larger structures' svshm.h \
		's/^\tchar name\[.*/&\n\tuint64_t later;/'
	abi_refused 'another value' svshm.h \
		's/VERDICT_FOREIGN = 1/VERDICT_FOREIGN = 9/'
}

stage abi-grown whole "A program of 0.9 runs on a library that has grown" \
	abi_grown

# With more members than it knows of, in what it gives and what it gets.
abi_grown()
{
	configure_in abi-grown-build --without-check
	abi_changed grown-run svshm.h "$grown"
	cc -o "$work/old_program" -DHAVE_CONFIG_H -I"$directory" -Itests/abi/0.9 \
		tests/abi/old_program.c "$changed/libsvshm.so.0"
	mkdir -m 700 "$work/abi-keys"
	SVSHM_KEYDIR=$work/abi-keys LD_LIBRARY_PATH=$changed \
		"$work/old_program" "svshm-test-grown-$$"
}
