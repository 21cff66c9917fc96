#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The programs in doc/examples/porting, before and after a change to svshm:
# svshm_porting(7) shows them word for word; each is compiled and run, and the two
# of a pair print the same; those after leave nothing, and cope with what a crash
# has left. What the machine lacks is said in a line, and that pair is left out.
. "$srcdir/tests/tool/toolkit.sh"
porting=$srcdir/doc/examples/porting

# ---- What the page shows -----------------------------------------------------

# displayed FILE: what the page shows below the comment that names it.
displayed()
{
	awk -v name="$1" '
	$0 == ".\\\" " name { mine = 1; next }
	mine && /^\.Bd / { shown = 1; next }
	mine && /^\.Ed/ { exit }
	mine && shown { print }' "$srcdir/doc/svshm_porting.7" |
		sed 's/\\e/\\/g; s/^\\&//; s/\\(aq/'\''/g'
}

# same_as_shown FILE: all but the line with the licence, and a blank one below.
same_as_shown()
{
	grep -v SPDX-License-Identifier "$porting/$1" >"$work/file"
	case $1 in
	*.php) sed 's, // SPDX-License-Identifier.*,,' "$porting/$1" >"$work/file" ;;
	esac
	displayed "$1" >"$work/page"
	if diff -u "$work/page" "$work/file" >"$work/out" 2>"$work/err"; then
		echo "ok: the page shows $1"
	else
		fail "svshm_porting.7 does not show $1"
	fi
}

if [ -z "${SVSHM_TEST_ALONE-}" ]; then
	prepare
	for file in "$porting"/*; do
		same_as_shown "${file##*/}"
	done
	[ "$(grep -c '^\.\\" [a-z0-9]*_\(before\|after\)\.' \
		"$srcdir/doc/svshm_porting.7")" -eq \
		"$(find "$porting" -type f | wc -l)" ] ||
		fail "svshm_porting.7 shows what is not in doc/examples/porting"
	[ "$failures" -eq 0 ] || exit 1
	rm -rf "$work"
fi

# ---- What they do ------------------------------------------------------------

alone "$0"
prepare
libraries=${builddir-.}/.libs
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
mkdir "$work/bin" "$work/tmp"
ln -s "$SVSHM" "$work/bin/svshm"
PATH=$work/bin:$PATH
export TMPDIR="$work/tmp"
cd "$work" || exit 99
cp "$porting"/*.php "$porting"/*.pl .
strict="-Wall -Wextra -Wpedantic -Wshadow -Wconversion"

# missing NAME WHAT
missing()
{
	echo "skip: $1: no $2 here"
	skipped=$((skipped + 1))
}
skipped=0
pairs=0

# build PROGRAM COMMAND...: the program "./PROGRAM" has been made.
build()
{
	program=$1
	shift
	check "$program: compiles" 0 "$@" -o "$program"
	[ ! -s "$work/err" ] || fail "$program: warnings"
	[ -x "$program" ]
}

# c PROGRAM [FLAG...], cxx PROGRAM [FLAG...]
c()
{
	source=$1
	shift
	# shellcheck disable=SC2086 # flags are words
	build "$source" ${CC-cc} -std=gnu99 $strict ${CFLAGS-} \
		-I"$srcdir/include" "$porting/$source.c" -L"$libraries" -lsvshm \
		"$@" ${SVSHM_LIBS-}
}

cxx()
{
	source=$1
	shift
	# shellcheck disable=SC2086 # flags are words
	build "$source" ${CXX-c++} -std=c++17 -Wall -Wextra ${CXXFLAGS-} \
		-I"$srcdir/include" "$porting/$source.cpp" -L"$libraries" \
		-lsvshm "$@" ${SVSHM_LIBS-}
}

# goes FILE COMMAND...: a program that calls what is needed can be made and run; not
# if the library is for another machine, or has been made with other options.
goes()
{
	cat >"$1"
	shift
	"$@" -o try >"$work/out" 2>&1 && ./try >"$work/out" 2>&1
}

cxx_goes()
{
	# shellcheck disable=SC2086 # flags are words
	goes try.cpp ${CXX-c++} ${CXXFLAGS-} -I"$srcdir/include" try.cpp \
		-L"$libraries" -lsvshm ${SVSHM_LIBS-} <<-'END'
	#include <svshm.h>
	int main()
	{
		svshm_free(svshm_new("key"));
	}
	END
}

apr_goes()
{
	pkg-config --exists apr-1 2>/dev/null || return
	# shellcheck disable=SC2046,SC2086 # flags are words
	goes try.c ${CC-cc} ${CFLAGS-} try.c \
		$(pkg-config --cflags --libs apr-1) <<-'END'
	#include <apr_general.h>
	int main(void)
	{
		return apr_initialize();
	}
	END
}

# empty NAME: no object, no segment and no set is left, nor a file.
empty()
{
	[ "$("$SVSHM" list --all --noheadings | wc -l)" -eq 0 ] ||
		fail "$1: leaves something: $("$SVSHM" list --all)"
	files=$(find "$work/keys" "$work/tmp" -type f)
	[ -z "$files" ] || fail "$1: leaves $files"
	[ ! -e "$work/counter.txt" ] || fail "$1: leaves counter.txt"
}

# prints NAME TEXT COMMAND...
prints()
{
	title=$1
	text=$2
	shift 2
	check "$title" 0 "$@"
	[ "$(cat "$work/out")" = "$text" ] || fail "$title: not $text"
}

# pair NAME TOTAL BEFORE AFTER: commands of one word or more.
pair()
{
	pairs=$((pairs + 1))
	# shellcheck disable=SC2086 # commands are words
	prints "$1: before" "$2" $3
	empty "$1: before"
	# shellcheck disable=SC2086 # commands are words
	prints "$1: after" "$2" $4
	[ ! -s "$work/err" ] || fail "$name: says something"
	empty "$1: after"
}

# crashed NAME OBJECT WORDS TOTAL AFTER: what killed users have left, one of them
# with the lock, is told, and nobody waits for the dead. All bytes are 1, so the
# order of bytes does not matter.
crashed()
{
	printf '\1\1\1\1\1\1\1\1' >"$work/ones"
	orphan "$2" "$work/ones"
	# shellcheck disable=SC2086 # commands are words
	prints "$1: after a crash" "$4" $5
	err "$3"
	empty "$1: after a crash"
}

qt()
{
	pkg-config --exists "$1" 2>/dev/null || { missing qt "$1"; return; }
	# shellcheck disable=SC2046 # flags are words
	cxx qt_before -fPIC $(pkg-config --cflags --libs "$1") || return
	pair "$1" 4000 ./qt_before ./qt_after
}

if c qt_after; then
	crashed qt counter "replaces what a crash has left" 4000 ./qt_after
	if cxx_goes; then
		qt Qt5Core
		qt Qt6Core
	else
		missing qt "C++ compiler that goes with the library"
	fi
fi

if c sysv_before && c sysv_after; then
	pair sysv 4000 ./sysv_before ./sysv_after
	sum=72340172838080673
	[ "$(getconf LONG_BIT)" -eq 64 ] || sum=16847009
	crashed sysv --native-key=./sysv_after \
		"goes on where a crash has ended" $sum ./sysv_after
fi

if apr_goes; then
	# shellcheck disable=SC2046 # flags are words
	set -- $(pkg-config --cflags --libs apr-1)
	if c apr_before "$@" && c apr_after "$@"; then
		pair apr 4000 ./apr_before ./apr_after
		crashed apr counter "replaces what a crash has left" 4000 \
			./apr_after
	fi
else
	missing apr "apr-1"
fi

# It makes /dev/shm/counter, so it wants one of its own there.
if ! cxx_goes; then
	missing boost "C++ compiler that goes with the library"
elif cxx boost_after; then
	crashed boost counter "replaces what a crash has left" 4000 ./boost_after
	# shellcheck disable=SC2086 # a compiler may be several words
	if ! printf '#include <boost/interprocess/creation_tags.hpp>\n' |
		${CXX-c++} -E -x c++ - >/dev/null 2>&1; then
		missing boost "header of Boost.Interprocess"
	elif [ -d /dev/shm ] && ! mount -t tmpfs tmpfs /dev/shm 2>/dev/null; then
		missing boost "/dev/shm of its own"
	elif cxx boost_before; then
		pair boost 4000 ./boost_before ./boost_after
		[ -z "$(ls /dev/shm 2>/dev/null)" ] || fail "boost: files left"
	fi
fi

# php PART...: what they need is there.
php_has()
{
	for part; do
		php -m 2>/dev/null | grep -qx "$part" ||
			{ missing php "PHP with $part"; return 1; }
	done
}

if php_has sysvshm sysvsem pcntl FFI; then
	if php -r 'FFI::cdef("", "libsvshm.so.0");' >/dev/null 2>&1; then
		pair php 4000 "php php_before.php" "php php_after.php"
		crashed php counter "replaces what a crash has left" 4000 \
			"php php_after.php"
	else
		missing php "shared library that goes with PHP"
	fi
fi

if perl -MIPC::SysV -e 1 2>/dev/null; then
	pair perl 100 "perl perl_before.pl" "perl perl_after.pl"
	# The shell reports deaths: not here.
	# shellcheck disable=SC2016 # for the other shell
	{ svshm lock counter -- sh -c 'kill -9 $PPID'; } >/dev/null 2>&1
	prints "perl: after a crash" 100 perl perl_after.pl
	err "the last owner has died"
	empty "perl: after a crash"
else
	missing perl "Perl with IPC::SysV"
fi

echo "$pairs pairs run, $skipped left out"
finish
