# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Other releases of Debian: another compiler, another libc, another Qt.

stage trixie-system quiet 'Debian trixie is made, for stage trixie' debian_system trixie

# debian_system SUITE: as the stages below want it.
debian_system()
{
	[ "$(id -u)" -eq 0 ] && unshare --mount --ipc true ||
		skip "not root, or no namespaces are permitted here"
	need debootstrap
	bootstrap_debian "$1" "$work/$1" \
		check,g++,make,pkgconf,reuse,strace,qtbase5-dev,qt6-base-dev
	: >"$work/$1.made"
}

# bootstrap_debian SUITE ROOT PACKAGES: the smallest one with these, from the place
# where apt has the packages of this one.
bootstrap_debian()
{
	local mirror
	mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' \
		'Origin: Debian' 'Label: Debian' 'Component: main' | head -n 1)
	[ -n "$mirror" ] || skip "apt knows no place of Debian's"
	mkdir -m 755 "$2"
	timeout 600 debootstrap --variant=minbase --include="$3" \
		"$1" "$2" "$mirror" || {
			tail -n 5 "$2/debootstrap/debootstrap.log" || true
			skip "the packages of $1 cannot be had"
		}
}

# have_system SUITE: made by its stage, or now, if that is no part of the run.
have_system()
{
	wait_for "$1-system"
	[ ! -e "$work/$1-system.ended" ] || [ -e "$work/$1.made" ] ||
		skip "stage $1-system has not made it"
	[ -e "$work/$1.made" ] || debian_system "$1"
}

stage licences quiet "Each file says whose it is, by REUSE's rules" licences

# By the tool of trixie: older ones do not read REUSE.toml.
licences()
{
	local root=$work/trixie
	have_system trixie
	mkdir "$root/licences"
	git archive HEAD | tar -xf - -C "$root/licences"
	chroot "$root" sh -c 'cd licences && reuse lint'
	rm -rf "$root/licences"
}

stage trixie whole 'In it: its compiler, its libc, its Qt' debian trixie
# What will be in it some day: broken at times.
stage sid by-name 'The same in the newest Debian' debian sid

# debian SUITE. Without the longest tests, and without a screen.
debian()
{
	local suite=$1 root=$work/$1 tree=$work/$1/svshm
	have_system "$suite"
	copy_configured "$tree"
	mkdir "$tree/build"
	all_but $long check_one_object check_death check_lock_storm \
		check_recover_storm qtimage.sh
	# Mounts and IPC objects vanish with the namespaces.
	timeout 900 unshare --mount --ipc --propagation private \
		sh -c 'mount -t proc proc "$0/proc" &&
			mount -t tmpfs tmpfs "$0/dev/shm" &&
			mount -t tmpfs tmpfs "$0/tmp" &&
			exec chroot "$0" env -u TMPDIR "$@"' "$root" \
		sh -c 'cd svshm/build &&
			g++ --version | head -n 1 &&
			pkg-config --modversion Qt5Core Qt6Core &&
			../configure -q --enable-werror CFLAGS="-g -O1" &&
			make -j"$0" &&
			make -j"$((2 * $0))" check VERBOSE=1 "$@"' \
		$jobs "${selection[@]}" || {
			count_tests "$tree/build"
			return 1
		}
	count_tests "$tree/build"
	grep -h '^[0-9]*%: Checks' "$tree"/build/tests/qt/check_qt*.log
}
