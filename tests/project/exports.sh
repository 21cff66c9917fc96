#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The header, lib/libsvshm.sym, lib/libsvshm.map and the built libraries must
# name the same functions, and the shared library with the map's versions: the
# linker says nothing when a listed one is missing.
set -u
export LC_ALL=C

header=$srcdir/include/svshm.h
list=$srcdir/lib/libsvshm.sym
work=$(mktemp -d "${TMPDIR:-/tmp}/svshm-test.exports.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
failures=0

# declared FILE: the functions that a header declares with SVSHM_API.
declared()
{
	awk -f "$srcdir/tests/project/code.awk" "$1" | grep -v '^#' | tr '\n\t' '  ' |
		tr ';' '\n' |
		sed -n 's/^.*SVSHM_API [^(]*[ *]\([a-z0-9_]*\)(.*$/\1/p' | sort
}

# same WHAT FILE: FILE names what the header names.
same()
{
	if [ ! -s "$2" ]; then
		echo "FAIL: $1 names nothing at all"
	elif ! diff -u "$work/header" "$2"; then
		echo "FAIL: the header (-) and $1 (+) differ, see above"
	else
		echo "ok: $1 names the $(wc -l <"$2") functions of the header"
		return
	fi
	failures=1
}

# versioned FILE: the functions of a version script, as NAME@@VERSION.
versioned()
{
	awk -f "$srcdir/tests/project/code.awk" "$1" | awk '
		/\{/ { version = $1 }
		/^[ \t]*svshm[a-z0-9_]*;/ {
			sub(/;.*/, "", $1)
			print $1 "@@" version
		}' | sort
}

declared "$header" >"$work/header"
sort "$list" >"$work/list"
same "lib/libsvshm.sym" "$work/list"
versioned "$srcdir/lib/libsvshm.map" >"$work/versions"
sed 's/@@.*//' "$work/versions" >"$work/map"
same "lib/libsvshm.map" "$work/map"

if ! command -v nm >/dev/null; then
	echo "note: no nm here, so the built libraries were not looked at"
	exit $failures
fi

# libtool's .la file says which of the two libraries this build makes.
dlname=$(sed -n "s/^dlname='\(.*\)'/\1/p" "$builddir/libsvshm.la")
archive=$(sed -n "s/^old_library='\(.*\)'/\1/p" "$builddir/libsvshm.la")

if [ -n "$dlname" ]; then
	nm -D --with-symbol-versions "$builddir/.libs/$dlname" \
		>"$work/nm" 2>/dev/null || nm -D "$builddir/.libs/$dlname" >"$work/nm"
	awk '$2 ~ /^[TDBRWVi]$/ { print $3 }' "$work/nm" | sort >"$work/exported"
	sed 's/@.*//' "$work/exported" >"$work/shared"
	same "$dlname" "$work/shared"
fi

# Whether it has versions was configure's decision.
if [ -n "$dlname" ] &&
	grep -q "^svshm_cv_version_script=.*yes" "$builddir/config.log"; then
	if diff -u "$work/versions" "$work/exported"; then
		echo "ok: $dlname has the versions of lib/libsvshm.map"
	else
		echo "FAIL: lib/libsvshm.map (-) and $dlname (+) differ in versions"
		failures=1
	fi
fi

# Hiding does nothing for the archive: what is global in it starts with the
# prefix, two underscores for names of our own.
if [ -n "$archive" ]; then
	nm -g "$builddir/.libs/$archive" |
		awk '$2 ~ /^[TDBRC]$/ { print $3 }' | sort >"$work/archive"
	grep -v '^svshm__' "$work/archive" >"$work/public"
	same "$archive without svshm__*" "$work/public"
fi

if [ -z "$dlname$archive" ]; then
	echo "FAIL: $builddir/libsvshm.la names no library"
	failures=1
fi
exit $failures
