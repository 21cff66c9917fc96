#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# make model: check the protocols of the fast lock, of snapshots, of svshm_wait() and
# of the object with spin, and check that spin finds what is wrong with each variant
# that leaves out a part of one.
# It takes half an hour, and 3 GiB of memory.
set -u

models=${srcdir:-.}/tests/model
if ! command -v spin >/dev/null 2>&1; then
	echo "SKIP: spin is not installed"
	exit 77
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/svshm-model.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
models=$(cd "$models" && pwd)
cd "$work" || exit 99
checks=0
failures=0
# To optimise takes half a minute, and makes the search twice as fast.
optimise=-O0

# search DEFINITION...: prints what spin found.
search()
{
	spin -a "$@" "$models/$model" >spin.out 2>&1 &&
		${CC:-cc} $optimise -w -DSAFETY -DVECTORSZ=2048 -DCOLLAPSE -o pan \
			pan.c >cc.out 2>&1 ||
		{
			cat spin.out cc.out
			return 2
		}
	rm -f ./*.trail
	./pan -m1000000 -w24 >pan.out 2>&1
	if grep -q 'max search depth too small\|out of memory' pan.out; then
		cat pan.out
		return 2
	fi
	grep -q 'errors: 0' pan.out
}

states()
{
	sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' pan.out
}

holds()
{
	checks=$((checks + 1))
	search "$@"
	case $? in
	0) echo "holds: $* ($(states) states)" ;;
	1)
		echo "FAIL: $*: $(grep '^pan:' pan.out | head -n 1)"
		failures=$((failures + 1))
		;;
	*) failures=$((failures + 1)) ;;
	esac
}

# What takes longest, but not if SVSHM_MODEL is "quick".
largest()
{
	[ "${SVSHM_MODEL-}" != quick ] || return
	optimise=-O2
	holds "$@"
	optimise=-O0
}

# The line of the assertion that failed, or what else spin says.
why()
{
	line=$(spin -k "$model.trail" "$@" "$models/$model" 2>&1 |
		sed -n 's/^spin: .*:\([0-9]*\), Error: assertion.*/\1/p' |
		head -n 1)
	if [ -n "$line" ]; then
		echo "line $line: $(sed -n "${line}s/^[[:space:]]*//p" \
			"$models/$model")"
	else
		sed -n 's/^pan:[0-9]*: //p' pan.out | head -n 1
	fi
}

fails()
{
	checks=$((checks + 1))
	search "$@"
	case $? in
	1) echo "found: $*: $(why "$@")" ;;
	*)
		echo "FAIL: $*: spin finds nothing wrong"
		failures=$((failures + 1))
		;;
	esac
}

echo "The lock:"
model=fast_lock.pml
holds -DPROCESSES=2 -DROUNDS=2 -DDEATHS=2 -DTIMEOUTS=1
holds -DPROCESSES=3 -DROUNDS=1 -DDEATHS=1 -DTIMEOUTS=1

# What each part is there for.
fails -DWITHOUT_POST -DDEATHS=0
fails -DWITHOUT_DEATH_TOKEN
fails -DWITHOUT_REGISTRATION
fails -DTAKE_OVER_BLINDLY
fails -DSLEPT_FORGETS -DDEATHS=0 -DTIMEOUTS=0
fails -DGIVING_UP_KEEPS_TOKEN -DDEATHS=0 -DROUNDS=2
fails -DTOKEN_BEFORE_SLOT -DPROCESSES=2 -DDEATHS=1 -DTIMEOUTS=0
fails -DPOST_ALWAYS -DDEATHS=0 -DROUNDS=2

echo "Waiting for a change:"
model=notify.pml
holds
holds -DOBSERVED
holds -DNOTIFIERS=1 -DWAITERS=2
holds -DNOTIFIERS=3 -DROUNDS=1

# What each part is there for. A death that falls between two steps of N2; the
# bit in the word; what wakes in N3; W2; and the kernel's own comparison.
fails -DWAKES_LATER
fails -DBIT_APART -DDEATHS=0
fails -DCLEARS_ONLY -DDEATHS=0 -DTIMEOUTS=0
fails -DWITHOUT_BIT -DDEATHS=0
fails -DSLEEPS_BLINDLY -DDEATHS=0

echo "Reading without the lock:"
model=snapshot.pml
holds
holds -DWRITERS=1 -DROUNDS=3 -DTRIES=3
fails -DWITHOUT_ORDER_OF_STORES -DDEATHS=0
fails -DWITHOUT_ORDER_OF_LOADS -DDEATHS=0
fails -DGIVES_WITHOUT_RELEASE -DDEATHS=0
fails -DCOUNTS_LATE -DDEATHS=0
fails -DWITHOUT_COUNT -DDEATHS=0
fails -DWITHOUT_WORD -DDEATHS=0
fails -DWITHOUT_ROUNDS -DDEATHS=0
fails -DROUNDS_FIRST -DDEATHS=0
fails -DBELIEVES_ANY_OWNER -DDEATHS=1
fails -DASKS_FOR_DEATH_LAST -DDEATHS=1
fails -DCLEARS_WITHOUT_COUNT -DWRITERS=1

echo "The object:"
model=object.pml
holds -DDEATHS=3 -DRECOVERS
holds -DROUNDS=2
holds -DREADERS=1 -DDEATHS=2
largest -DPROCESSES=3 -DCAST -DNO_EXIT -DINODES=1
largest -DPROCESSES=3 -DCAST -DNO_EXIT -DCOLLISION -DONE_MORTAL
holds -DTEAM -DDEATHS=2
holds -DTEAM -DDEATHS=2 -DLAST=1
# Three of a team use up keys, unless they use each other's sets, too.
largest -DTEAM -DUSES_ANY_SET -DPROCESSES=3 -DCAST -DNO_EXIT -DSETS=7
holds -DCHILDREN=1
largest -DCHILDREN=1 -DREADERS=1 -DMAPS -DCAST -DINODES=1
# Somebody removes a key file, a set, a segment; or resets a set, or opens its
# gate, while others are inside.
holds -DADMIN=1 -DADMIN_DOES=1
holds -DADMIN=1 -DADMIN_DOES=2
holds -DADMIN=1 -DADMIN_DOES=4
largest -DADMIN=1 -DADMIN_DOES=8
largest -DADMIN=1 -DADMIN_DOES=16
largest -DADMIN=1 -DADMIN_DOES=2 -DBLIND
largest -DADMIN=1 -DADMIN_DOES=2 -DTEAM -DUSES_ANY_SET
largest -DADMIN=1 -DADMIN_DOES=7 -DCOLLISION
# A lost key file makes no duplicate: nobody need look for one.
holds -DWITHOUT_TWINS -DADMIN=1 -DADMIN_DOES=1

# What each part is there for: the steps,
fails -DWITHOUT_TWINS -DCOLLISION
fails -DWITHOUT_FILE_CHECK -DROUNDS=2 -DDEATHS=0
fails -DFILE_LAST -DROUNDS=2 -DDEATHS=0
fails -DREGISTERS_OUTSIDE -DWITHOUT_TURN -DDEATHS=0
fails -DBURIES_FIRST -DDEATHS=2
fails -DBESIDE_WITHOUT_TURN -DROUNDS=2
fails -DCLAIMS_BLINDLY -DDEATHS=2
# who uses it,
fails -DLEAVING_COUNTS -DROUNDS=2
fails -DOBSERVERS_COUNT -DREADERS=1
fails -DWITHOUT_CHILDREN -DCHILDREN=1
fails -DCHILDREN_COUNTED_FIRST -DCHILDREN=1
fails -DBIRTH_BEFORE_COUNT -DCHILDREN=1
fails -DBURIES_UNBORN -DCHILDREN=1 -DDEATHS=2
fails -DWITHOUT_BEQUEATHING -DCHILDREN=1
fails -DBEQUEATHS_LATE -DCHILDREN=1 -DDEATHS=2
# and who removes what.
fails -DSLOTS_PROVE -DADMIN=1 -DADMIN_DOES=2
fails -DWITHOUT_TURN -DADMIN=1 -DADMIN_DOES=16
fails -DLOOKS_BEFORE_TURN -DADMIN=1 -DADMIN_DOES=16
fails -DONLY_PUBLISHED -DADMIN=1 -DADMIN_DOES=8
fails -DWITHOUT_RETIRING -DTEAM
fails -DTRUSTS_TAG -DCOLLISION -DPROCESSES=3 -DNO_EXIT

echo "$checks checks, $failures failures"
[ $failures -eq 0 ]
