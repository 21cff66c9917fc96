# SPDX-License-Identifier: BSD-2-Clause
# Recipes for packages: a part of Makefile.am. packaging/README.md says how to use
# them.

EXTRA_DIST += \
	packaging/README.md \
	packaging/build-deb \
	packaging/debian/changelog \
	packaging/debian/clean \
	packaging/debian/control \
	packaging/debian/copyright \
	packaging/debian/libsvshm-dev.examples \
	packaging/debian/libsvshm-dev.install \
	packaging/debian/libsvshm0.install \
	packaging/debian/libsvshm0.symbols \
	packaging/debian/not-installed \
	packaging/debian/rules \
	packaging/debian/source/format \
	packaging/debian/svshm.README.Debian \
	packaging/debian/svshm.docs \
	packaging/debian/svshm.examples \
	packaging/debian/svshm.install \
	packaging/debian/tests/control \
	packaging/debian/tests/examples \
	packaging/debian/tests/manual \
	packaging/debian/tests/tool \
	packaging/freebsd/Makefile \
	packaging/freebsd/pkg-descr \
	packaging/freebsd/pkg-plist \
	packaging/pkgsrc/DESCR \
	packaging/pkgsrc/Makefile \
	packaging/pkgsrc/PLIST \
	packaging/pkgsrc/buildlink3.mk \
	packaging/rpm/svshm.rpmlintrc \
	packaging/rpm/svshm.spec
