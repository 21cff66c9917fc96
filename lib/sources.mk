# SPDX-License-Identifier: BSD-2-Clause
# The library: a part of Makefile.am. A new file of lib/ goes in here.

# CURRENT:REVISION:AGE, changed only in the commit that makes a release, from
# top to bottom. It says what programs can link with and is not the version of
# the release; the format of objects is a third number (lib/memory/layout.h).
#   1. Any source changed:                  REVISION + 1
#   2. Names added, removed or changed:     CURRENT + 1, REVISION = 0
#   3. Names only added:                    AGE + 1
#   4. Names removed or changed:            AGE = 0
LIBRARY_VERSION = 0:0:0

include_HEADERS = include/svshm.h
lib_LTLIBRARIES = libsvshm.la

# A room each, from the bottom to the top: doc/HACKING.md says what is where.
libsvshm_la_SOURCES = lib/handle.c lib/handle.h
libsvshm_la_SOURCES += \
	lib/base/atomic.h \
	lib/base/crashpoint.h \
	lib/base/debug.c lib/base/debug.h \
	lib/base/error.c lib/base/error.h \
	lib/base/sha1.c lib/base/sha1.h \
	lib/base/write.c lib/base/write.h
libsvshm_la_SOURCES += \
	lib/kernel/clock.c \
	lib/kernel/description.c lib/kernel/description.h \
	lib/kernel/futex.c lib/kernel/futex.h \
	lib/kernel/limits.c lib/kernel/limits.h \
	lib/kernel/list.c lib/kernel/list.h \
	lib/kernel/listed.c \
	lib/kernel/pages.c lib/kernel/pages.h \
	lib/kernel/pages_lock.c \
	lib/kernel/process.c lib/kernel/process.h \
	lib/kernel/segment.c lib/kernel/segment.h \
	lib/kernel/semset.c lib/kernel/semset.h \
	lib/kernel/semset_wait.c \
	lib/kernel/semun.h
libsvshm_la_SOURCES += \
	lib/key/directory.c \
	lib/key/file.c \
	lib/key/files.c lib/key/files.h \
	lib/key/key.c lib/key/key.h \
	lib/key/list.c lib/key/list.h \
	lib/key/status.c \
	lib/key/text.c
libsvshm_la_SOURCES += \
	lib/memory/attachment.c lib/memory/attachment.h \
	lib/memory/layout.h \
	lib/memory/mapping.c lib/memory/mapping.h \
	lib/memory/pages.c lib/memory/pages.h \
	lib/memory/set.c lib/memory/set.h \
	lib/memory/slots.c lib/memory/slots.h \
	lib/memory/turn.c lib/memory/turn.h
libsvshm_la_SOURCES += \
	lib/lock/lock.c lib/lock/lock.h \
	lib/lock/notify.c lib/lock/notify.h \
	lib/lock/owner.c \
	lib/lock/portable.c \
	lib/lock/snapshot.c
libsvshm_la_SOURCES += \
	lib/object/attach.c \
	lib/object/clear.c \
	lib/object/create.c \
	lib/object/detach.c \
	lib/object/duplicate.c \
	lib/object/enter.c \
	lib/object/farewell.c \
	lib/object/find.c lib/object/find.h \
	lib/object/gate.c lib/object/gate.h \
	lib/object/header.c \
	lib/object/join.c \
	lib/object/judge.c lib/object/judge.h \
	lib/object/leave.c \
	lib/object/object.c lib/object/object.h \
	lib/object/open.c \
	lib/object/plan.c lib/object/plan.h \
	lib/object/reader.c \
	lib/object/reason.c \
	lib/object/register.c \
	lib/object/remove.c lib/object/remove.h \
	lib/object/users.c
libsvshm_la_SOURCES += \
	lib/qt/attach.c \
	lib/qt/create.c \
	lib/qt/detach.c \
	lib/qt/file.c lib/qt/file.h \
	lib/qt/handle.c \
	lib/qt/judge.c lib/qt/judge.h \
	lib/qt/key.c lib/qt/key.h \
	lib/qt/known.c lib/qt/known.h \
	lib/qt/list.c \
	lib/qt/lock.c lib/qt/lock.h \
	lib/qt/locking.c \
	lib/qt/native.c \
	lib/qt/operation.h \
	lib/qt/owner.c lib/qt/owner.h \
	lib/qt/qt.c lib/qt/qt.h \
	lib/qt/set.c lib/qt/set.h
libsvshm_la_SOURCES += \
	lib/recovery/describe.c lib/recovery/describe.h \
	lib/recovery/estimate.c lib/recovery/estimate.h \
	lib/recovery/idle.c lib/recovery/idle.h \
	lib/recovery/inspect.c lib/recovery/inspect.h \
	lib/recovery/pids.c lib/recovery/pids.h \
	lib/recovery/recover.c \
	lib/recovery/recover_foreign.c \
	lib/recovery/recover_native.c \
	lib/recovery/recover_qt.c \
	lib/recovery/scan.c \
	lib/recovery/scan_qt.c lib/recovery/scan_qt.h \
	lib/recovery/show.c lib/recovery/show.h \
	lib/recovery/steps.c lib/recovery/steps.h \
	lib/recovery/visit.c lib/recovery/visit.h
libsvshm_la_SOURCES += \
	lib/api/denied.c lib/api/denied.h \
	lib/api/layout.h \
	lib/api/limits.c \
	lib/api/lock.c \
	lib/api/memory.c lib/api/memory.h \
	lib/api/names.c \
	lib/api/native.c \
	lib/api/notify.c \
	lib/api/object.c \
	lib/api/qt.c
if FAST_LOCK
libsvshm_la_SOURCES += lib/lock/fast.c
endif
if SCAN_LINUX
libsvshm_la_SOURCES += lib/kernel/list_linux.c
endif
if SCAN_BSD
libsvshm_la_SOURCES += lib/kernel/list_bsd.c
endif
if SCAN_HPUX
libsvshm_la_SOURCES += lib/kernel/list_hpux.c
endif
libsvshm_la_CPPFLAGS = -I$(srcdir)/include -I$(srcdir)/lib
libsvshm_la_LIBADD = $(SVSHM_LIBS)
libsvshm_la_LDFLAGS = -no-undefined -version-info $(LIBRARY_VERSION)
# One or the other: of the list libtool makes a version script, too, one without
# versions, and the linker refuses both together.
if VERSION_SCRIPT
libsvshm_la_LDFLAGS += -Wl,--version-script=$(srcdir)/lib/libsvshm.map
EXTRA_libsvshm_la_DEPENDENCIES = lib/libsvshm.map
else
libsvshm_la_LDFLAGS += -export-symbols $(srcdir)/lib/libsvshm.sym
EXTRA_libsvshm_la_DEPENDENCIES = lib/libsvshm.sym
endif
EXTRA_DIST += lib/libsvshm.map lib/libsvshm.sym

# The same sources with every internal name visible and with crash points, for
# the tests. No libtool: it would compile each file twice, and take its time.
check_LIBRARIES = libsvshm-internal.a
libsvshm_internal_a_SOURCES = $(libsvshm_la_SOURCES) tests/support/crashpoint.c
libsvshm_internal_a_CPPFLAGS = -I$(srcdir)/include -I$(srcdir)/lib \
	-DSVSHM_CRASHPOINTS
