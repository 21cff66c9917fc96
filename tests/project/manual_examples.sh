#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Every page about functions, and svshm(7), has examples that are whole programs:
# each compiles without a warning, ends with status 0, prints what the page says
# that it prints, and leaves nothing behind.
. "$srcdir/tests/tool/toolkit.sh"
alone_if_may "$0"
prepare
: >"$work/out"
: >"$work/err"

# What an example has left that does not do what it should.
remove_objects()
{
	for key in $(ls "$SVSHM_KEYDIR"); do
		"$SVSHM" remove --force "$key"
	done
	for file in "$work"/*.d/*.conf; do
		"$SVSHM" remove --force --native-key "$file"
	done
}

# variable NAME: as make has it.
variable()
{
	sed -n "s/^$1 = //p" "$builddir/Makefile"
}

compiler=$(variable CC)
flags="$(variable CPPFLAGS) $(variable CFLAGS)"
link_flags="$(variable CFLAGS) $(variable LDFLAGS)"
link_with="$builddir/libtool --tag=CC --mode=link --quiet $compiler $link_flags"
strict="-std=c99 -Wall -Wextra -Wpedantic -Werror"

# The compiler may be one that does not know these flags.
cd "$work" || exit 99
echo 'int main(void) { return 0; }' >empty.c
$compiler $flags -c empty.c >out 2>&1 || {
	echo "no compiler here: $compiler"
	exit 77
}
$compiler $flags $strict -c empty.c >out 2>&1 || {
	echo "note: $compiler does not know $strict"
	strict=
}

# build PROGRAM: of PROGRAM.c.
build()
{
	$compiler $flags $strict -I"$srcdir/include" -c "$1.c" -o "$1.o" &&
		$link_with -no-install -o "$1" "$1.o" "$builddir/libsvshm.la" \
			$(variable LIBS)
}

# left: names of objects and key files that are there still.
left()
{
	ls "$SVSHM_KEYDIR"
	"$SVSHM" list --json | grep -o "\"[^\"]*$work[^\"]*\""
}

# try PROGRAM, in a directory of its own, where it can be anybody's.
try()
{
	check "$1: compiles" 0 build "$1"
	[ -x "$1" ] || return
	[ -e "$1.printed" ] || : >"$1.printed"
	mkdir "$1.d"
	check "$1: runs" 0 sh -c 'cd "$1.d" && exec timeout 60 "../$1"' sh "$1"
	cmp -s "$1.printed" out ||
		fail "$1: the page says that it prints $(cat "$1.printed")"
	left >left
	[ -s left ] && fail "$1: leaves $(cat left)"
}

need timeout
for page in "$srcdir"/doc/*.[37]; do
	[ -h "$page" ] && continue
	name=${page##*/}
	# Its programs are files, which porting.sh tries.
	[ "$name" = svshm_porting.7 ] && continue
	awk -v to="$name" -f "$srcdir/tests/project/manual_examples.awk" \
		"$page" >out || fail "$name: no whole examples"
	for program in "$name".*.c; do
		[ -e "$program" ] && try "${program%.c}"
	done
done

finish
