#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Who may include whom, and who may call the kernel. A file includes its own
# header and those of strictly lower layers; System V IPC is called in one layer
# only; the tool is built on nothing but the public header.
set -u

failures=0
cd "$srcdir" || exit 99

# From the lowest layer to the highest. A name stands for its .c and its .h.
layers='
1 atomic crashpoint layout semun write
2 debug sha1
3 ipclimits
4 error
5 process process_clock
6 key key_directory key_file key_text lives qt_key segment semset semset_wait
7 keylist object qt_file qt_native registry
8 mapping mapping_memory turn
9 estimate judge judge_header judge_reason judge_users lock lock_fast lock_portable qt_judge qt_owner qt_set
10 handle idle qt_lock qt_show
11 denied qt_recover recover_foreign scan scan_bsd scan_hpux scan_keydir scan_linux scan_listed scan_name scan_visit
12 native native_attach native_create native_detach native_gate native_left native_open native_reader native_register native_remove native_twin qt qt_detach qt_handle qt_list recover show
13 limits svshm svshm_lock svshm_names
'

# Some sources share a header: scan_linux.c has scan.h.
own_header()
{
	if [ -e "lib/$1.h" ]; then
		echo "$1"
	else
		echo "${1%%_*}"
	fi
}

fail()
{
	echo "FAIL: $*"
	failures=1
}

layer()
{
	echo "$layers" | awk -v name="$1" '
		{ for (i = 2; i <= NF; i++) if ($i == name) print $1 }'
}

included()
{
	sed -n 's/^#[ \t]*include[ \t]*"\(.*\)\.h".*/\1/p' "$1"
}

check_includes()
{
	name=${1##*/}
	name=${name%.[ch]}
	mine=$(layer "$name")
	if [ -z "$mine" ]; then
		fail "$1 has no layer: give it one in tests/layering.sh"
		return
	fi
	for other in $(included "$1"); do
		case $other in svshm | config) continue ;; esac
		if [ "$other" = "$(own_header "$name")" ]; then
			case $1 in *.c) continue ;; esac
		fi
		theirs=$(layer "$other")
		if [ -z "$theirs" ]; then
			fail "$1 includes \"$other.h\", which has no layer"
		elif [ "$mine" -le "$theirs" ]; then
			fail "$1 (layer $mine) includes \"$other.h\" (layer $theirs)"
		fi
	done
}

for file in lib/*.[ch]; do
	check_includes "$file"
done

calls='shmget|shmat|shmdt|shmctl|semget|semop|semtimedop|semctl|ftok'
for file in lib/*.c tools/*.c doc/examples/*.c; do
	case $file in
	lib/segment.c | lib/semset.c | lib/semset_wait.c | lib/key.c | \
		lib/process.c | lib/scan_linux.c | lib/ipclimits.c) continue ;;
	esac
	found=$(awk -f tests/code.awk "$file" |
		grep -nE "(^|[^A-Za-z0-9_])($calls)[ ]*\(") &&
		fail "$file calls System V IPC: $found"
done

for file in tools/*.[ch]; do
	for other in $(included "$file"); do
		case $other in svshm | config) continue ;; esac
		[ -e "tools/$other.h" ] ||
			fail "$file includes \"$other.h\": not the tool's own"
	done
done

[ $failures -eq 0 ] && echo "ok: $(ls lib/*.[ch] tools/*.[ch] | wc -l) files"
exit $failures
