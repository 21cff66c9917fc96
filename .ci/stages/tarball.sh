# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The release: that the tarball holds what it must, can be made again byte by byte,
# and is built, tested, installed and used as its users do it.

# unpack DIRECTORY: the tarball's files.
unpack()
{
	wait_for tarball
	[ -e "$work/svshm.tar.xz" ] || skip "no tarball: run stage tarball first"
	mkdir "$1"
	tar xf "$work/svshm.tar.xz" -C "$1" --strip-components=1
}

stage tarball quiet 'The tarball can be made' tarball

tarball()
{
	configure_in dist
	make -C "$directory" dist-xz
	mv "$directory"/svshm-*.tar.xz "$work/svshm.tar.xz"
}

stage tarball-contents quiet \
	'It holds what git has and bootstrap makes: no more' \
	tarball_contents

tarball_contents()
{
	unpack "$work/contents"
	{
		git ls-files
		printf '%s\n' aclocal.m4 config.h.in configure Makefile.in \
			build-aux/{ar-lib,compile,config.guess,config.sub,depcomp,install-sh,ltmain.sh,missing,test-driver} \
			m4/{libtool,ltoptions,ltsugar,ltversion,lt~obsolete}.m4
	} | sort >"$work/wanted"
	(cd "$work/contents" && find . ! -type d | sed 's|^\./||' | sort) \
		>"$work/packed"
	diff -u "$work/wanted" "$work/packed"
	if grep -rF "$top/" "$work/contents"; then
		echo "the lines above name a place on this machine"
		return 1
	fi
}

# All programs of this machine but the autotools and pkg-config.
plain_path()
{
	local directory program
	mkdir "$1"
	IFS=:
	for directory in $PATH; do
		for program in "$directory"/*; do
			case ${program##*/} in
			auto* | acl* | libtool* | *pkg-config* | pkgconf* | m4 | perl*)
				;;
			*) [ -e "$1/${program##*/}" ] || ln -s "$program" "$1" ;;
			esac
		done
	done
	unset IFS
}

stage installed whole \
	"Built without the autotools, installed, used, removed" \
	installed

# As users build it: without the autotools, and so without pkg-config, which finds
# Check. Then one line says that most tests were not run.
installed()
{
	local root=$work/root prefix=/opt/svshm tool
	unpack "$work/install"
	cd "$work/install"
	plain_path "$work/bin"
	(export PATH=$work/bin
	for tool in autoconf automake pkg-config perl m4; do
		if command -v $tool; then
			exit 1
		fi
	done
	./configure -q --prefix=$prefix
	make -j$jobs
	only without_check.sh exports.sh versions.sh
	run_tests . "${selection[@]}"
	grep -q '^:global-test-result: SKIP' tests/project/without_check.trs
	make install DESTDIR="$root")
	(cd "$root" && find . ! -type d | sort)
	consume "$root" "$prefix"
	make uninstall DESTDIR="$root"
	[ -z "$(find "$root" ! -type d)" ]
}

# A program of somebody else, in the oldest C we promise and in C++.
consume()
{
	local flags libs
	export PKG_CONFIG_PATH=$1$2/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$1
	cat >consumer.c <<-'END'
		#include <svshm.h>
		#include <stdio.h>
		int main(void)
		{
			struct svshm *handle = svshm_new("svshm-test-consumer");
			if (!handle || svshm_create(handle, 100, SVSHM_READ_WRITE))
				return 1;
			printf("%s %d\n", svshm_version(), (int)svshm_size(handle));
			svshm_free(handle);
			return 0;
		}
	END
	cp consumer.c consumer.cc
	flags=$(pkg-config --cflags svshm)
	libs=$(pkg-config --libs svshm)
	cc -std=c99 -Wall -Wextra -pedantic-errors -Werror $flags -o consumer \
		consumer.c $libs
	LD_LIBRARY_PATH=$1$2/lib ./consumer
	cc -Wall -Wextra -Werror -o daemon \
		"$1$2/share/doc/svshm/examples/daemon.c" $flags $libs
	# shellcheck disable=SC2046 # flags are words
	cc -static $flags -o consumer consumer.c \
		$(pkg-config --static --libs svshm)
	./consumer
	if command -v g++; then
		g++ -std=c++11 -Wall -Wextra -pedantic-errors -Werror $flags \
			-o consumer consumer.cc $libs
		LD_LIBRARY_PATH=$1$2/lib ./consumer
	fi
	LD_LIBRARY_PATH=$1$2/lib "$1$2/bin/svshm" --version
}

stage reproducible quiet 'Made twice it is the same, byte by byte' reproducible

reproducible()
{
	local sum first=
	for sum in one two; do
		configure_in "release-$sum"
		make -C "$directory" release SOURCE_DATE_EPOCH=1700000000
		sum=$(sha256sum <"$(echo "$directory"/svshm-*.tar.xz)")
		[ -z "$first" ] || [ "$sum" = "$first" ]
		first=$sum
	done
}

stage distcheck whole 'make distcheck, with all optimisations' distcheck

distcheck()
{
	wait_for tarball
	[ -e "$work/dist/Makefile" ] || configure_in dist
	only $brief exports.sh versions.sh commands.sh
	# Some warnings come with optimisation only.
	timeout 900 make -C "$work/dist" -j$jobs distcheck VERBOSE=1 \
		DISTCHECK_CONFIGURE_FLAGS="CFLAGS='-g -O3'" "${selection[@]}"
}
