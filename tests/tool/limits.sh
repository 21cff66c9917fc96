#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# svshm limits: what is full, and of what.
. "$srcdir/tests/tool/toolkit.sh"
[ "$(id -u)" -eq 0 ] || { echo "not root: limits cannot be set"; exit 77; }
alone "$0"
prepare
[ -w /proc/sys/kernel/shmmni ] || { echo "limits cannot be set here"; exit 77; }
need ipcmk

"$SVSHM" limits >"$work/out" 2>&1 ||
	! grep "does not tell its limits" "$work/out" || exit 77

check "limits" 0 "$SVSHM" limits
out "^segments  *0  *[0-9]*  *0%  segments  *kernel.shmmni\$"
no_out "raises the limit"
narrow
check "limits --json" 0 "$SVSHM" limits --json
valid_json
out '"name": "sets"'
check "limits of something" 2 "$SVSHM" limits x

echo 5 >/proc/sys/kernel/shmmni
echo "250 32000 32 4" >/proc/sys/kernel/sem
check "nothing is used" 0 "$SVSHM" limits --check 80
one_line
out "^no limit at 80% or more; most is used of segments: 0% (0 of 5)\$"
for i in 1 2 3 4; do
	foreign_segment 4096 >"$work/out"
	ipcmk -S 2 >"$work/out"
done
check "full of leftovers of others" 0 "$SVSHM" limits
out "^segments: 4 of 5 used; 4 of them seem left over by other programs, all of these of $(id -un): run \"svshm recover --foreign\"; \"sysctl -w kernel.shmmni=10\" raises"
out "^sets: 4 of 4 used; as far as can be told, all are in use; \"sysctl -w kernel.sem='250 32000 32 8'\" raises"
check "... with JSON" 0 "$SVSHM" limits --json
valid_json
out '"foreign_leftovers": 4,'
check "... in one line" 3 "$SVSHM" limits --check 80
one_line
out "^2 limits at 80% or more: sets 100% (4 of 4), segments 80% (4 of 5; 4 left over)\$"
check "... of one" 3 "$SVSHM" limits --check=81%
one_line
out "^1 limit at 81% or more: sets 100% (4 of 4)\$"
check "... at the end" 3 "$SVSHM" limits --check 100
check "... with JSON" 3 "$SVSHM" limits --check 100 --json
valid_json
for percent in 0 101 -1 80.5 x 80%% ""; do
	check "\"$percent\" per cent" 2 "$SVSHM" limits --check "$percent"
	err "is no number of per cent from 1 to 100"
done
check "... which go" 0 "$SVSHM" recover --foreign --yes
check "... and so is one limit" 3 "$SVSHM" limits --check 80
out "^1 limit at 80% or more: sets 100% (4 of 4)\$"
ipcs -s | awk '$2 ~ /^[0-9]+$/ { print $2 }' | while read -r set; do
	ipcrm -s "$set"
done
check "... and none" 0 "$SVSHM" limits --check 1
check "... and so are none" 0 "$SVSHM" limits
no_out "^segments: "

echo 0 >/proc/sys/kernel/shmmni
echo "250 0 32 4" >/proc/sys/kernel/sem
check "what is shut off" 0 "$SVSHM" limits
out "^segments  *[0-9]*  *0  *-  segments"
out "^segments: none are allowed here; \"sysctl -w kernel.shmmni=4096\" allows some\$"
out "^semaphores: none are allowed here; \"sysctl -w kernel.sem='250 1024000000 32 4'\" allows some\$"
check "... with JSON" 0 "$SVSHM" limits --json
valid_json
out '"percent": null,$'
check "... in one line" 3 "$SVSHM" limits --check 100
one_line
out "^2 limits at 100% or more: segments 100% (0 of 0), semaphores 100% (0 of 0)\$"
echo 5 >/proc/sys/kernel/shmmni

echo "250 32000 32 400" >/proc/sys/kernel/sem
echo abc >"$work/data"
for i in 1 2 3 4; do
	orphan "$prefix-$i" "$work/data"
done
check "full of leftovers of ours" 0 "$SVSHM" limits
out "^segments: 4 of 5 used; 4 of them are leftovers, all of these of $(id -un): run \"svshm recover\""
"$SVSHM" recover --quiet

before=$(cat /proc/sys/kernel/shm_rmid_forced)
check "no warning" 0 "$SVSHM" limits
[ "$before" -ne 0 ] || no_out "shm_rmid_forced"
echo 1 >/proc/sys/kernel/shm_rmid_forced
check "a warning" 0 "$SVSHM" limits
out "^warning: kernel.shm_rmid_forced is 1"
check "... with JSON" 0 "$SVSHM" limits --json
valid_json
out "shm_rmid_forced is 1"

# In this mount namespace, a system with systemd.
if mount -t tmpfs tmpfs /run 2>/dev/null && mkdir -p /run/systemd/system; then
	mkdir -p /run/systemd/logind.conf.d
	printf '[Login]\nRemoveIPC=yes\n' >/run/systemd/logind.conf.d/1.conf
	check "RemoveIPC" 0 "$SVSHM" limits
	out "^warning: RemoveIPC is on"
	printf '[Login]\n RemoveIPC = no\n' >/run/systemd/logind.conf.d/2.conf
	check "RemoveIPC=no" 0 "$SVSHM" limits
	no_out "RemoveIPC"
	umount /run
fi

finish
