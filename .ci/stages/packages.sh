# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Installs what the stages want, as root, where apt-get is. What cannot be had is
# missed by the stage that wants it, which says so and is skipped.

stage optional-packages whole 'Installs what the stages want' install_optional

# optional TOOL PACKAGE...: the stages that miss it are skipped.
optional()
{
	command -v "$1" >/dev/null && return
	shift
	[ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return 0
	apt-get install -y -q --no-install-recommends "$@" ||
		echo "$* cannot be installed"
}

install_optional()
{
	if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
		apt-get update -q || true
	fi
	optional git git
	optional ccache ccache
	optional clang clang libclang-rt-14-dev
	optional mandoc mandoc
	optional groff groff-base
	optional valgrind valgrind libc6-dbg
	optional cppcheck cppcheck
	optional clang-tidy clang-tidy
	optional strace strace
	optional abidiff abigail-tools
	optional tmux tmux
	optional spin spin
	optional setpriv util-linux
	optional xz xz-utils
	optional g++ g++
	optional python3 python3-minimal
	optional perl perl
	optional php php-cli
	pkg-config --exists apr-1 || optional '' libapr1-dev
	[ -d /usr/include/boost/interprocess ] || optional '' libboost-dev
	pkg-config --exists Qt5Core || optional '' qtbase5-dev
	pkg-config --exists Qt6Core || optional '' qt6-base-dev
	optional /usr/lib/*/qt5/examples/corelib/ipc/sharedmemory/sharedmemory \
		qtbase5-examples
	optional Xvfb xvfb
	optional xdotool xdotool
	optional compare imagemagick
	optional i686-linux-gnu-gcc gcc-i686-linux-gnu libc6-dev-i386-cross
	optional s390x-linux-gnu-gcc gcc-s390x-linux-gnu libc6-dev-s390x-cross
	optional hppa-linux-gnu-gcc gcc-hppa-linux-gnu libc6-dev-hppa-cross
	optional arm-linux-gnueabihf-gcc gcc-arm-linux-gnueabihf \
		libc6-dev-armhf-cross
	optional qemu-hppa-static qemu-user-static
	optional musl-gcc musl-tools
	optional debootstrap debootstrap
	optional npm npm
	optional dh debhelper build-essential
	optional lintian lintian
	optional rpmbuild rpm
	optional rpmlint rpmlint
}
