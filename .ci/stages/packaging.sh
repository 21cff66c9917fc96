# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The packages: made of the tarball, looked at, installed where nothing else is,
# used, and removed without a trace. Other stages run the suite of tests.

# release_tarball DIRECTORY: the release's tarball by its own name, in $tarball.
release_tarball()
{
	wait_for tarball
	[ -e "$work/svshm.tar.xz" ] || tarball
	mkdir -p "$1"
	tarball=$1/svshm-$(sed -n \
		's/^AC_INIT(\[svshm\], \[\([0-9.]*\)\].*/\1/p' configure.ac).tar.xz
	cp "$work/svshm.tar.xz" "$tarball"
}

# ---- Debian --------------------------------------------------------------------

stage debian-package quiet \
	'Built for Debian, installed in a new one, used, purged' \
	debian_package

debian_package()
{
	need dpkg-buildpackage
	need dh
	need lintian
	export DEB_BUILD_OPTIONS="nocheck parallel=$jobs" DEB_BUILD_PROFILES=nocheck
	dpkg-checkbuilddeps packaging/debian/control ||
		skip "packages that the build wants are missing: see above"
	debian_packages
	small_system "$work/small"
	mkdir "$work/small/packages"
	cp "$work"/debian/*.deb "$work/small/packages"
	rm "$work"/small/packages/*-dbgsym_*.deb
	cp -R packaging/debian/tests "$work/small/packages"
	declare -f none find_all tests_here install_and_purge \
		>"$work/small/packages/functions"
	in_system "$work/small" bash -c \
		'set -e; . /packages/functions; install_and_purge'
}

# The packages in $work/debian.
debian_packages()
{
	release_tarball "$work"
	PATH=/usr/lib/ccache:$PATH \
		packaging/build-deb "$tarball" "$work/debian"
	lintian --no-cfg --info -I --pedantic --fail-on error,warning \
		"$work"/debian/*.changes
}

# small_system ROOT: the smallest Debian of this machine's release, with a compiler
# and a reader of manual pages.
small_system()
{
	[ "$(id -u)" -eq 0 ] && unshare --mount --ipc true ||
		skip "not root, or no namespaces are permitted here"
	need debootstrap
	bootstrap_debian "$(. /etc/os-release && echo "${VERSION_CODENAME-}")" "$1" \
		bsdextrautils,gcc,libc6-dev,man-db,pkgconf
}

# in_system ROOT COMMAND...: mounts and IPC objects vanish with the namespaces.
in_system()
{
	timeout 300 unshare --mount --ipc --propagation private \
		sh -c 'mount -t proc proc "$0/proc" &&
			mount -t tmpfs -o mode=1777 tmpfs "$0/dev/shm" &&
			mount -t tmpfs -o mode=1777 tmpfs "$0/tmp" &&
			exec chroot "$0" env -u TMPDIR "$@"' "$@"
}

# none: fails if there is something on standard input, and shows it.
none()
{
	if grep .; then
		echo "the lines above should not be there"
		return 1
	fi
}

# ---- In the new Debian: with none(), these are all that is known there ---------

# What there is, but for what the package manager and man write for themselves.
find_all()
{
	find / -xdev \( -path /packages -o -path /tmp -o -path /var/lib/dpkg \
		-o -path /var/lib/apt -o -path /var/cache -o -path /var/log \) \
		-prune -o -print | sort
}

# tests_here [COMMAND...]: the packages' own tests, by that command.
tests_here()
{
	local name names
	names=$(sed -n 's/^Tests: //p' /packages/tests/control)
	[ -n "$names" ]
	for name in $names; do
		echo "== $name $*"
		"$@" "/packages/tests/$name"
	done
}

install_and_purge()
{
	local before
	before=$(find_all)
	apt-get install -y --no-install-recommends /packages/*.deb
	dpkg --audit | none
	# The timer is not enabled, and nothing else runs by itself.
	find /etc -name '*svshm*' | none
	dpkg -L svshm | grep -F svshm-recover.timer
	tests_here
	tests_here setpriv --reuid=65534 --regid=65534 --clear-groups \
		env HOME=/nonexistent
	# What an administrator has enabled must vanish as well.
	DPKG_MAINTSCRIPT_PACKAGE=svshm deb-systemd-helper enable svshm-recover.timer
	find /etc/systemd -name svshm-recover.timer | grep .
	apt-get purge -y libsvshm0 libsvshm-dev svshm
	dpkg -l | grep svshm | none
	diff <(echo "$before") <(find_all)
}

# ---- RPM -----------------------------------------------------------------------

stage rpm-package quiet 'Built as RPMs, installed, used, removed' rpm_package

rpm_package()
{
	local root=$work/rpm-root library
	need rpmbuild
	need rpmlint
	release_tarball "$work/rpm/SOURCES"
	# Its data base is empty here: what the build wants is there all the same.
	PATH=/usr/lib/ccache:$PATH rpmbuild -ba --nodeps --nocheck \
		--define "_topdir $work/rpm" packaging/rpm/svshm.spec
	rpmlint -r packaging/rpm/svshm.rpmlintrc packaging/rpm/svshm.spec \
		"$work"/rpm/SRPMS/*.rpm "$work"/rpm/RPMS/*/*.rpm
	rpm_contents
	mkdir "$root"
	# Without dependencies, as nothing else is in there, and without ldconfig.
	rpm --root "$root" --initdb
	rpm --root "$root" --install --nodeps --noscripts "$work"/rpm/RPMS/*/*.rpm
	rpm --root "$root" --verify --nodeps svshm svshm-libs svshm-devel
	library=$(dirname "$root"/usr/lib*/libsvshm.so)
	rpm_used "$root" "$library"
	rpm --root "$root" --erase --nodeps --noscripts svshm svshm-libs svshm-devel
	find "$root" -name '*svshm*' | none
}

# rpm_query PACKAGE ARGUMENT...
rpm_query()
{
	rpm -qp "${@:2}" "$(echo "$work"/rpm/RPMS/*/"$1"-[0-9]*.rpm)"
}

# What must be in which, and that the tool wants what the library gives.
rpm_contents()
{
	local file wanted
	while read -r package file; do
		rpm_query "$package" --list | grep -q "^/usr/$file\$" || {
			echo "$package lacks $file"
			return 1
		}
	done <<-'END'
		svshm bin/svshm
		svshm lib/systemd/system/svshm-recover.timer
		svshm share/bash-completion/completions/svshm
		svshm share/man/man1/svshm.1.*
		svshm share/man/man7/svshm.7.*
		svshm-libs lib[0-9]*/libsvshm.so.0
		svshm-devel include/svshm.h
		svshm-devel lib[0-9]*/libsvshm.so
		svshm-devel lib[0-9]*/libsvshm.a
		svshm-devel lib[0-9]*/pkgconfig/svshm.pc
		svshm-devel share/man/man3/svshm_create.3.*
		svshm-devel share/doc/svshm/examples/sensor.c
	END
	wanted=$(rpm_query svshm --requires | grep '^libsvshm.so')
	[ -n "$wanted" ]
	[ -z "$(comm -23 <(sort <<<"$wanted") \
		<(rpm_query svshm-libs --provides | sort))" ]
}

# rpm_used ROOT LIBRARIES: the tool runs, and a program is compiled with the rest.
rpm_used()
{
	export PKG_CONFIG_LIBDIR=$2/pkgconfig PKG_CONFIG_SYSROOT_DIR=$1
	# shellcheck disable=SC2046 # flags are words
	cc -o "$work/rpm/sensor" "$1/usr/share/doc/svshm/examples/sensor.c" \
		-I"$1/usr/include" -L"$2" $(pkg-config --libs svshm)
	LD_LIBRARY_PATH=$2 ldd "$work/rpm/sensor" | grep -F "$2/libsvshm.so.0"
	LD_LIBRARY_PATH=$2 PATH=$1/usr/bin:$PATH in_namespaces \
		sh packaging/debian/tests/tool
}

# in_namespaces COMMAND...: with IPC objects and key files of its own.
in_namespaces()
{
	unshare --mount --ipc true ||
		skip "no namespaces are permitted here: built, and not run"
	timeout 60 unshare --mount --ipc --propagation private \
		sh -c 'mount -t tmpfs -o mode=1777 tmpfs /dev/shm && exec "$0" "$@"' \
		"$@"
}
