# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The README's commands, from a fresh clone, and what only the usual build, with Qt,
# can show. The other stages use the same build where they need no other.

stage bootstrap-check whole \
	"README's command for the tests: build, run all" \
	bootstrap_check

bootstrap_check()
{
	local result=0
	timeout 900 ./bootstrap check || result=$?
	count_tests build || result=1
	return $result
}

stage bootstrap-demo whole "README's command for the demo" ./bootstrap demo

stage plain-user whole \
	"README's commands without rights, at path with space" \
	plain_user

plain_user()
{
	local copy="$work/a clone" result=0
	need setpriv
	[ "$(id -u)" -eq 0 ] || skip "not root: bootstrap-check was this already"
	copy_tree "$copy"
	chown -R 65534:65534 "$copy"
	only check_last_detach check_key_directory check_bad_input commands.sh \
		admin.sh
	set -- setpriv --reuid=65534 --regid=65534 --clear-groups \
		env HOME=/nonexistent \
		MAKEFLAGS="-- $(printf '%s ' "${selection[@]// /\\ }")" \
		"$copy/bootstrap"
	"$@" demo
	"$@" check || result=$?
	count_tests "$copy/build" || result=1
	return $result
}

stage qt whole "The real QSharedMemory; Qt's example with a screen" qt

# In the other stages the Qt layout is tested without Qt.
qt()
{
	pkg-config --exists Qt5Core || pkg-config --exists Qt6Core ||
		skip "no Qt here"
	unset SVSHM_QT_DIALOG
	usual_build
	only check_qt_key check_qt_native check_qt_peer check_qt_peer_lock \
		check_qt_peer_shared cxx.sh qtimage.sh
	run_tests "$directory" "${selection[@]}"
}
