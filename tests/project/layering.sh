#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The plan of the house: who may include and call whom. A file includes headers of
# its own folder, and of those below it; the same holds for calls, as the objects
# tell, and no two files call each other in a circle. System V IPC is called in one
# folder only; the tool is built on nothing but the public header.
set -u

failures=0
# What is known to be wrong yet, and goes next.
known='scan.h|layout.h"|list_linux|object/attach|object/duplicate|circle|ftok'
cd "$srcdir" || exit 99

# From the bottom to the top. Folders in a line know nothing of each other.
floors='base
kernel
key
memory
lock
handle
object qt
recovery
api'

fail()
{
	if echo "$*" | grep -qE "$known"; then
		echo "note: $*"
	else
		echo "FAIL: $*"
		failures=1
	fi
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

for room in lib/*/; do
	[ -n "$(floor "$(basename "$room")")" ] ||
		fail "$room has no floor: give it one in tests/project/layering.sh"
	grep -q "^| $(basename "$room")/ " doc/HACKING.md ||
		fail "$room is not in the table of doc/HACKING.md"
done

for file in lib/*.[ch] lib/*/*.[ch]; do
	for other in $(included "$file"); do
		[ "$other" = config.h ] || [ "$other" = svshm.h ] && continue
		if ! [ -e "lib/$other" ]; then
			fail "$file includes \"$other\": not by its folder's name"
		elif ! may "$(room "${file#lib/}")" "$(room "$other")"; then
			fail "$file includes \"$other\", which is not below it"
		fi
	done
done

# ---- Calls -------------------------------------------------------------------

# "caller called", by the objects' undefined and defined names.
calls()
{
	for object in "$builddir"/lib/*internal_a-*.o \
		"$builddir"/lib/*/*internal_a-*.o; do
		[ -e "$object" ] || continue
		name=${object#"$builddir/lib/"}
		name=$(echo "$name" | sed 's/[a-z_]*internal_a-//; s/\.o$//')
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

if [ -n "$(command -v nm)" ] && [ -n "$(command -v tsort)" ]; then
	all=$(calls)
	[ -n "$all" ] || fail "no calls were found in $builddir/lib"
	echo "$all" | (
		while read -r caller called; do
			may "$(room "$caller.c")" "$(room "$called.c")" ||
				echo "FAIL: lib/$caller.c calls what lib/$called.c has, which is not below it"
		done
	) | grep -vE "$known" && failures=1
	circles=$(echo "$all" | tsort 2>&1 >/dev/null)
	[ -z "$circles" ] || fail "files call each other in a circle: $circles"
else
	echo "note: no nm, or no tsort, here: the calls are not looked at"
fi

# ---- The kernel ---------------------------------------------------------------

calls='shmget|shmat|shmdt|shmctl|semget|semop|semtimedop|semctl|ftok'
for file in lib/*.c lib/*/*.c tools/*.c tools/*/*.c doc/examples/*.c; do
	case $file in
	lib/kernel/*) continue ;;
	esac
	found=$(awk -f tests/project/code.awk "$file" |
		grep -nE "(^|[^A-Za-z0-9_])($calls)[ ]*\(") &&
		fail "$file calls System V IPC: $found"
done

for file in tools/*.[ch] tools/*/*.[ch]; do
	for other in $(included "$file"); do
		case $other in svshm.h | config.h) continue ;; esac
		[ -e "tools/$other" ] ||
			fail "$file includes \"$other\": not the tool's own"
	done
done

[ $failures -eq 0 ] &&
	echo "ok: $(ls lib/*.[ch] lib/*/*.[ch] tools/*.[ch] tools/*/*.[ch] | wc -l) files"
exit $failures
