#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The plan of the two houses, lib/ and tools/: who may include and call whom. A file
# includes headers of its own folder, and of those below it; the same holds for
# calls, as the objects tell, and no two files call each other in a circle. System V
# IPC is called in one folder only; the tool is built on nothing but the public
# header.
set -u

failures=0
cd "$srcdir" || exit 99

# From the bottom to the top. Folders in a line know nothing of each other.
lib_floors='base
kernel
key
memory
lock
handle
object qt
recovery
api'
tools_floors='common
output
objects
arguments
commands
main'

fail()
{
	echo "FAIL: $*"
	failures=1
}

# room FILE: lib/qt/key.c is in "qt"; what is in no folder is one of its own.
room()
{
	case $1 in
	*/*) echo "${1%%/*}" ;;
	*) echo "${1%.[ch]}" ;;
	esac
}

floor()
{
	echo "$floors" | awk -v room="$1" '
		{ for (i = 1; i <= NF; i++) if ($i == room) print NR }'
}

# may ROOM OTHER: the one use the other.
may()
{
	[ "$1" = "$2" ] && return
	mine=$(floor "$1")
	theirs=$(floor "$2")
	[ -n "$mine" ] && [ -n "$theirs" ] && [ "$mine" -gt "$theirs" ]
}

included()
{
	sed -n 's/^#[ \t]*include[ \t]*"\(.*\.[ch]\)".*/\1/p' "$1"
}

# rooms HOUSE: each has a floor, and a duty.
rooms()
{
	for room in "$1"/*/; do
		[ -n "$(floor "$(basename "$room")")" ] ||
			fail "$room has no floor: give it one in tests/project/layering.sh"
		grep -q "^| $(basename "$room")/ " doc/HACKING.md ||
			fail "$room is not in the table of doc/HACKING.md"
	done
}

# includes HOUSE
includes()
{
	for file in "$1"/*.[ch] "$1"/*/*.[ch]; do
		for other in $(included "$file"); do
			[ "$other" = config.h ] || [ "$other" = svshm.h ] && continue
			if ! [ -e "$1/$other" ]; then
				fail "$file includes \"$other\": not by its folder's name"
			elif ! may "$(room "${file#"$1/"}")" "$(room "$other")"; then
				fail "$file includes \"$other\", which is not below it"
			fi
		done
	done
}

# ---- Calls -------------------------------------------------------------------

# calls HOUSE PREFIX: "caller called", by the undefined and defined names of the
# objects, whose names in $builddir begin with PREFIX.
calls()
{
	for object in "$builddir/$1"/$2*.o "$builddir/$1"/*/$2*.o; do
		name=${object#"$builddir/$1/"}
		name=$(echo "$name" | sed "s/$2//; s/\.o\$//")
		# An object without a source is left of an older build.
		[ -e "$object" ] && [ -e "$1/$name.c" ] || continue
		nm -P "$object" | awk -v name="$name" '{ print name, $1, $2 }'
	done | awk '
		$3 ~ /^[A-TV-Z]$/ { defined[$2] = $1 }
		$3 == "U" { caller[++count] = $1; wanted[count] = $2 }
		END {
			for (i = 1; i <= count; i++) {
				to = defined[wanted[i]]
				if (to && to != caller[i])
					print caller[i], to
			}
		}' | sort -u
}

# circles HOUSE PREFIX: all calls go down, and none lead back.
circles()
{
	all=$(calls "$1" "$2")
	[ -n "$all" ] || fail "no calls were found in $builddir/$1"
	echo "$all" | (
		while read -r caller called; do
			may "$(room "$caller.c")" "$(room "$called.c")" ||
				echo "FAIL: $1/$caller.c calls what $1/$called.c has, which is not below it"
		done
	) | grep . && failures=1
	circle=$(echo "$all" | tsort 2>&1 >/dev/null)
	[ -z "$circle" ] || fail "files of $1/ call each other in a circle: $circle"
}

tools=
if [ -n "$(command -v nm)" ] && [ -n "$(command -v tsort)" ]; then
	tools=there
else
	echo "note: no nm, or no tsort, here: the calls are not looked at"
fi
floors=$lib_floors
rooms lib
includes lib
[ -z "$tools" ] || circles lib 'libsvshm_internal_a-'
floors=$tools_floors
rooms tools
includes tools
[ -z "$tools" ] || circles tools 'svshm-'

# ---- The kernel ---------------------------------------------------------------

# ftok() asks for a file, not for a segment: it belongs to the keys.
for file in lib/*.c lib/*/*.c tools/*.c tools/*/*.c doc/examples/*.c; do
	calls='shmget|shmat|shmdt|shmctl|semget|semop|semtimedop|semctl|ftok'
	case $file in
	lib/kernel/*) continue ;;
	lib/key/key.c) calls=${calls%|ftok} ;;
	esac
	found=$(awk -f tests/project/code.awk "$file" |
		grep -nE "(^|[^A-Za-z0-9_])($calls)[ ]*\(") &&
		fail "$file calls System V IPC: $found"
done

[ $failures -eq 0 ] &&
	echo "ok: $(ls lib/*.[ch] lib/*/*.[ch] tools/*.[ch] tools/*/*.[ch] | wc -l) files"
exit $failures
