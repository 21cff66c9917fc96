#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The recipes in packaging/ know the version, every file that is installed and
# every exported name; and the tarball has all of the recipes.
set -u

failures=0

fail()
{
	echo "FAIL: $*"
	failures=1
}

cd "$srcdir" || exit 1
version=$(sed -n 's/^AC_INIT(\[svshm\], \[\([0-9.]*\)\].*/\1/p' configure.ac)
if [ -z "$version" ]; then
	fail "no version found in configure.ac"
fi

# says FILE TEXT: a line begins so.
says()
{
	awk -v text="$2" 'index($0, text) == 1 { found = 1 }
		END { exit !found }' "packaging/$1" ||
		fail "packaging/$1 has no line \"$2\""
}

says debian/changelog "svshm ($version-"
says rpm/svshm.spec "Version:        $version"
says freebsd/Makefile "DISTVERSION=	$version"
says pkgsrc/Makefile "DISTNAME=	svshm-$version"

while read -r name; do
	grep -q "^ $name@SVSHM_" packaging/debian/libsvshm0.symbols ||
		fail "packaging/debian/libsvshm0.symbols has no $name"
done <lib/libsvshm.sym

# What the lists of files say of a page or an example.
for page in $(grep -o 'doc/svshm[^ ]*\.[137]' doc/pages.mk); do
	page=${page#doc/}
	page=man${page##*.}/$page
	says freebsd/pkg-plist "share/man/$page.gz"
	says pkgsrc/PLIST "man/$page"
done
for example in $(grep -o 'doc/examples/[^ ]*' doc/pages.mk |
	sed 's|^doc/examples/||' | sort -u); do
	# Else it is a program that is made of one.
	[ -f "doc/examples/$example" ] || continue
	says pkgsrc/PLIST "share/doc/svshm/examples/$example"
	case $example in systemd/*) continue ;; esac
	says freebsd/pkg-plist "%%PORTEXAMPLES%%%%EXAMPLESDIR%%/$example"
done

# The documents that are installed beside them; the licence is each system's to place.
for text in $(sed -n 's/^dist_doc_DATA = //p' Makefile.am); do
	text=${text##*/}
	[ "$text" = COPYING ] && continue
	says freebsd/pkg-plist "%%PORTDOCS%%%%DOCSDIR%%/$text"
	says pkgsrc/PLIST "share/doc/svshm/$text"
	says rpm/svshm.spec "%doc %{_docdir}/svshm/$text"
	grep -q "/$text\$" packaging/debian/*.install packaging/debian/not-installed ||
		fail "packaging/debian installs no $text, and does not say so"
done

# A name in a list that is no file's, and a file that is in no list.
sed -n 's|.*examples/||p' packaging/pkgsrc/PLIST |
	while read -r example; do
		[ -f "doc/examples/$example" ] || echo "$example"
	done | grep . && fail "packaging/pkgsrc/PLIST has these, which are not there"
find packaging -type f ! -name files.mk | {
	status=0
	while read -r file; do
		grep -q "^	$file\( \\\\\)*\$" packaging/files.mk || {
			echo "$file"
			status=1
		}
	done
	exit $status
} || fail "packaging/files.mk lacks the files above"

exit $failures
