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
	awk -v mark=".\\\" $1" '
	$0 == mark { mine = 1; next }
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
	# shellcheck disable=SC2086 # flags are words
	check "$program: compiles" 0 "$@" -o "$program"
	[ ! -s "$work/err" ] || fail "$program: warnings"
	[ -x "$program" ]
}

# c PROGRAM [FLAG...], cxx PROGRAM [FLAG...]
c()
{
	name=$1
	shift
	# shellcheck disable=SC2086 # flags are words
	build "$name" ${CC-cc} -std=gnu99 $strict ${CFLAGS-} \
		-I"$srcdir/include" "$porting/$name.c" -L"$libraries" -lsvshm \
		"$@" ${SVSHM_LIBS-}
}

cxx()
{
	name=$1
	shift
	# shellcheck disable=SC2086 # flags are words
	build "$name" ${CXX-c++} -std=c++17 -Wall -Wextra ${CXXFLAGS-} \
		-I"$srcdir/include" "$porting/$name.cpp" -L"$libraries" \
		-lsvshm "$@" ${SVSHM_LIBS-}
}

# empty NAME: no object, no segment and no set is left, nor a file.
empty()
{
	[ "$("$SVSHM" list --all --noheadings | wc -l)" -eq 0 ] ||
		fail "$1: leaves something: $("$SVSHM" list --all)"
	[ -z "$(ls "$work/keys" "$work/tmp" | grep -v ':\|^$')" ] ||
		fail "$1: leaves files: $(ls "$work/keys" "$work/tmp")"
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

# a_crash OBJECT...: one of 8 bytes is left, all its users died, one with the lock:
# the number in it is 5, whatever the order of bytes.
a_crash()
{
	five=$(printf '\005\001' | od -An -tx2 | tr -d ' \n')
	if [ "$five" = 0105 ]; then
		printf '\005\000\000\000\000\000\000\000' >"$work/five"
	else
		printf '\000\000\000\000\000\000\000\005' >"$work/five"
	fi
	[ "$long" -eq 8 ] || truncate_five
	orphan_of "$@"
}
