#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The version stands in configure.ac and in svshm.h, and what is built from
# them must say the same.
set -u

failures=0

part()
{
	sed -n "s/^#define SVSHM_VERSION_$1 \([0-9]*\)\$/\1/p" \
		"$srcdir/include/svshm.h"
}

# expect WHAT VERSION
expect()
{
	if [ "$2" = "$wanted" ]; then
		echo "ok: $1: $2"
	else
		echo "FAIL: $1 says '$2', configure.ac says '$wanted'"
		failures=1
	fi
}

wanted=$(sed -n 's/^AC_INIT(\[svshm\], \[\([0-9.]*\)\].*/\1/p' \
	"$srcdir/configure.ac")
if [ -z "$wanted" ]; then
	echo "FAIL: no version found in configure.ac"
	exit 1
fi

expect "svshm.h" "$(part MAJOR).$(part MINOR).$(part PATCH)"
expect "svshm.pc" "$(sed -n 's/^Version: //p' "$builddir/svshm.pc")"
expect "svshm --version" "$("$SVSHM" --version |
	sed -n '1s/.* \([0-9][0-9.]*\).*/\1/p')"
expect "ChangeLog, newest entry" \
	"$(grep -o '[0-9]\{1,\}\.[0-9]\{1,\}\.[0-9]\{1,\}' "$srcdir/ChangeLog" |
	sed -n 1p)"
exit $failures
