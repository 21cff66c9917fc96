#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Records and compares what programs are linked with: the library's functions,
# their types, and the structures of the header. It wants libabigail, and a
# library with debug information. What is recorded is for x86_64, as sizes differ
# elsewhere; what is true there of names and order is true everywhere.
#
#   abi.sh record LIBRARY HEADERS DIRECTORY    at a release: "make abi-record"
#   abi.sh compare LIBRARY HEADERS DIRECTORY
#
# DIRECTORY is tests/abi/VERSION, HEADERS where svshm.h is. It is no error if the
# library has more functions than the record, or a structure that may grow is
# longer: see without_growth.awk. All else is, and is shown.
set -eu
export LC_ALL=C

here=$(dirname "$0")

usage()
{
	sed -n 's/^#   \(abi.sh [a-z]* .*\)/usage: \1/p' "$0" >&2
	exit 2
}

# No path, and nothing else of the machine that makes it.
record()
{
	mkdir -p "$3"
	awk -f "$here/declarations.awk" "$2/svshm.h" >"$3/svshm.h"
	abidw --headers-dir "$2" --drop-private-types --type-id-style hash \
		--exported-interfaces-only --no-comp-dir-path --no-corpus-path \
		--no-show-locs --no-elf-needed --no-parameter-names \
		--no-write-default-sizes "$1" |
		sed "s|path='[^']*lib/|path='lib/|" >"$3/libsvshm.xml"
	grep -q "class-decl name='svshm_object' size-in-bits" \
		"$3/libsvshm.xml" || {
		echo "$1: no structures: is it without debug information?" >&2
		exit 1
	}
}

# Two records: of a record and a library abidiff would think that types without a
# place in the header are private, and say nothing of them.
compare()
{
	record "$1" "$2" "$work"
	awk -f "$here/without_growth.awk" "$3/libsvshm.xml" \
		"$work/libsvshm.xml" >"$work/new.xml"
	abidiff --no-added-syms "$3/libsvshm.xml" "$work/new.xml"
}

[ $# -eq 4 ] || usage
case $1 in
record) record "$2" "$3" "$4" ;;
compare)
	work=$(mktemp -d "${TMPDIR:-/tmp}/svshm-abi.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
	compare "$2" "$3" "$4"
	;;
*) usage ;;
esac
