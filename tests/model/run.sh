#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# make model: check the fast lock's protocol with spin, and check that spin
# finds what is wrong with each variant that leaves out a part of it.
set -u

model=${srcdir:-.}/tests/model/fast_lock.pml
if ! command -v spin >/dev/null 2>&1; then
	echo "SKIP: spin is not installed"
	exit 77
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/svshm-model.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
model=$(cd "$(dirname "$model")" && pwd)/$(basename "$model")
cd "$work" || exit 99
checks=0
failures=0

# search DEFINITION...: prints what spin found.
search()
{
	spin -a "$@" "$model" >spin.out 2>&1 &&
		${CC:-cc} -O2 -w -DSAFETY -DVECTORSZ=2048 -DCOLLAPSE -o pan \
			pan.c >cc.out 2>&1 ||
		{
			cat spin.out cc.out
			return 2
		}
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

fails()
{
	checks=$((checks + 1))
	search "$@"
	case $? in
	1) echo "found: $*: $(sed -n 's/^pan:[0-9]*: //p' pan.out | head -n 1)" ;;
	*)
		echo "FAIL: $*: spin finds nothing wrong"
		failures=$((failures + 1))
		;;
	esac
}

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

echo "$checks checks, $failures failures"
[ $failures -eq 0 ]
