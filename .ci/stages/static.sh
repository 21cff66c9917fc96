# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What is seen without running anything: warnings of the autotools and compilers,
# and what the analysers find.

stage autotools-warnings quiet \
	'The autotools have nothing to warn of' \
	autotools_warnings

autotools_warnings()
{
	copy_tree "$work/autotools"
	cd "$work/autotools"
	AUTOMAKE='automake -Werror' autoreconf -fi -Wall -Werror
}

stage header-alone quiet \
	'The header alone, as strict as programs may be' \
	header_alone

# header_as LANGUAGE STANDARD FLAG...: by each compiler that is here and knows the
# standard; says which do not.
header_as()
{
	local language=$1 standard=$2 compiler
	shift 2
	for compiler in gcc clang; do
		command -v $compiler >/dev/null || continue
		if ! $compiler -x $language -std=$standard -fsyntax-only \
			/dev/null 2>/dev/null; then
			echo "skipped: $compiler knows no $standard"
			continue
		fi
		$compiler -x $language -std=$standard -Iinclude -Wall -Wextra \
			-Wpedantic -Wshadow -Wconversion -Wundef -Werror "$@" \
			-c -o "$work/header.o" "$work/header.c"
		# In C++, too, the function has the name that the library gives it.
		nm -u "$work/header.o" | grep -q ' svshm_version$'
		echo "ok: $compiler -std=$standard $*"
	done
}

header_alone()
{
	local level standard
	printf '%s\n' '#include <svshm.h>' 'const char *version(void);' \
		'const char *version(void) { return svshm_version(); }' \
		>"$work/header.c"
	for level in 600 700; do
		header_as c c99 -pedantic-errors -D_XOPEN_SOURCE=$level
		header_as c c11 -pedantic-errors -D_XOPEN_SOURCE=$level
	done
	for standard in gnu89 c99 gnu99 c11 gnu11 c17 c2x c23 c2y; do
		header_as c $standard -Wstrict-prototypes
	done
	for standard in 98 11 14 17 20 2b 23 2c; do
		header_as c++ c++$standard -Wold-style-cast
	done
}

stage cxx-headers quiet \
	"The examples' headers for C++: a warning in none of its versions" \
	cxx_headers

cxx_headers()
{
	local compiler standard source
	need g++
	for compiler in g++ clang++; do
		command -v $compiler || continue
		for standard in 11 14 17 20 2b 2c; do
			if ! $compiler -x c++ -std=c++$standard -fsyntax-only \
				/dev/null 2>/dev/null; then
				echo "skipped: $compiler knows no C++$standard"
				continue
			fi
			for source in tests/project/cxx_*.cpp; do
				$compiler -std=c++$standard -Wall -Wextra \
					-Wpedantic -Wshadow -Wconversion \
					-Wold-style-cast -Werror -Iinclude \
					-Idoc/examples -fsyntax-only "$source"
			done
		done
	done
}

stage no-places quiet 'Nothing in git names a place on this machine' no_places

no_places()
{
	local place
	for place in "$top" "$HOME"; do
		[ "$place" != / ] || continue
		if git grep -nE "(^|[^[:alnum:]_.-])$place/"; then
			echo "the lines above name a place on this machine"
			return 1
		fi
	done
}

# compiled_here FILE...: but for those that only other systems compile.
compiled_here()
{
	printf '%s\n' "$@" | grep -v 'list_bsd\|list_hpux'
}

stage cppcheck quiet 'cppcheck finds nothing' cppcheck_clean

# It takes a structure with one member set for uninitialised: ctuuninitvar.
cppcheck_clean()
{
	need cppcheck
	# shellcheck disable=SC2046 # names are words
	cppcheck -q --error-exitcode=1 --inline-suppr --std=c11 \
		--enable=warning,portability -Iinclude -Ilib -Itools \
		-D__linux__ -DHAVE_ATOMIC_BUILTINS \
		--suppress=missingIncludeSystem --suppress=ctuuninitvar \
		$(compiled_here lib/*.c lib/*/*.c) tools doc/examples
}

stage clang-tidy quiet "clang's analyser finds nothing" clang_tidy

# It looks at a file at a time, so it cannot know that svshm__error_set() returns
# its code, or what else other files' functions never do: not these checks.
clang_tidy()
{
	need clang-tidy
	configure_in tidy --without-check
	export DIRECTORY=$directory
	compiled_here lib/*.c lib/*/*.c tools/*.c tools/*/*.c |
		xargs -P $jobs -n 4 sh -c 'clang-tidy --quiet \
			--warnings-as-errors="*" "--checks=$0" "$@" -- \
			-std=gnu11 -DHAVE_CONFIG_H -I"$DIRECTORY" -Iinclude -Ilib -Itools' \
		"-*,clang-analyzer-*,bugprone-*$(printf ',-%s' \
			clang-analyzer-core.{uninitialized*,UndefinedBinaryOperatorResult,NonNullParamChecker} \
			clang-analyzer-valist.Uninitialized \
			clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling \
			bugprone-{easily-swappable-parameters,reserved-identifier,narrowing-conversions,branch-clone,sizeof-expression,implicit-widening-of-multiplication-result})"
}

stage fallbacks-compile quiet \
	'What a system may lack, lacking alone, compiles' \
	fallbacks_compile

# All together, as above, is one thing; each must at least compile without a
# warning where the others are there. Those in a line have nothing to do with
# each other.
fallbacks_compile()
{
	local some number=0
	for some in 'ac_cv_func_semtimedop=no ac_cv_func_secure_getenv=no --with-scan=keydir' \
		'ac_cv_have_decl_semtimedop=no ac_cv_func_getprogname=no ac_cv_have_decl_SHM_INFO=no' \
		'ac_cv_func_pthread_atfork=no ac_cv_have_decl_SEM_INFO=no svshm_cv_atomic_builtins=no' \
		'ac_cv_func_unshare=no ac_cv_func_sigtimedwait=no svshm_cv_linux_proc=no svshm_cv_thread_pointer=no' \
		'ac_cv_member_struct_shm_info_used_ids=no ac_cv_func_sched_getaffinity=no --disable-fast-lock'; do
		echo "== $some"
		number=$((number + 1))
		configure_in "compile-$number" --enable-werror --disable-shared \
			$some
		make -C "$directory" -j$jobs CFLAGS=-O1
		rm -rf "$directory"
	done
}
