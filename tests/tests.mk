# SPDX-License-Identifier: BSD-2-Clause
# The tests, the model and the crash lab: a part of Makefile.am.

# Names of programs stand here without $(EXEEXT), since the names of their logs
# are made from them.
# Sorted; but first the one that waits longest.
check_tests = \
	tests/object/check_set_lost \
	tests/crash/check_admin \
	tests/crash/check_admin_storm \
	tests/crash/check_deaths \
	tests/crash/check_errnos \
	tests/crash/check_pairs \
	tests/lock/check_fast_lock \
	tests/lock/check_instructions \
	tests/lock/check_lock \
	tests/lock/check_lock_storm \
	tests/lock/check_notify \
	tests/lock/check_notify_death \
	tests/lock/check_notify_observers \
	tests/lock/check_notify_times \
	tests/lock/check_owner_death \
	tests/lock/check_snapshot \
	tests/lock/check_snapshot_ends \
	tests/lock/check_snapshot_storm \
	tests/lock/check_times \
	tests/lock/check_wait_in_turns \
	tests/object/check_bad_input \
	tests/object/check_cancel \
	tests/object/check_collision \
	tests/object/check_data \
	tests/object/check_death \
	tests/object/check_denied \
	tests/object/check_exec \
	tests/object/check_exit \
	tests/object/check_forged_header \
	tests/object/check_fork \
	tests/object/check_ftok \
	tests/object/check_handles \
	tests/object/check_huge \
	tests/object/check_ipcrm \
	tests/object/check_key_directory \
	tests/object/check_key_file \
	tests/object/check_key_file_lost \
	tests/object/check_last_detach \
	tests/object/check_least_limits \
	tests/object/check_memory \
	tests/object/check_memory_locked \
	tests/object/check_modes \
	tests/object/check_no_signal \
	tests/object/check_one_object \
	tests/object/check_open \
	tests/object/check_owner \
	tests/object/check_process_limits \
	tests/object/check_races \
	tests/object/check_roots \
	tests/object/check_scribbler \
	tests/object/check_signals \
	tests/object/check_smaller_exists \
	tests/object/check_squatters \
	tests/object/check_stops \
	tests/object/check_system_limits \
	tests/object/check_team \
	tests/object/check_threads \
	tests/object/check_unregistered \
	tests/object/check_wrong_state \
	tests/qt/check_qt \
	tests/qt/check_qt_bad \
	tests/qt/check_qt_dead_maker \
	tests/qt/check_qt_exit \
	tests/qt/check_qt_key \
	tests/qt/check_qt_leftovers \
	tests/qt/check_qt_lock \
	tests/qt/check_qt_native \
	tests/qt/check_qt_new_key \
	tests/qt/check_qt_peer \
	tests/qt/check_qt_peer_lock \
	tests/qt/check_qt_peer_shared \
	tests/qt/check_qt_shared \
	tests/qt/check_qt_shared_removed \
	tests/qt/check_qt_shared_threads \
	tests/recovery/check_foreign \
	tests/recovery/check_idle \
	tests/recovery/check_idle_rule \
	tests/recovery/check_other_user \
	tests/recovery/check_recover \
	tests/recovery/check_recover_storm \
	tests/recovery/check_show \
	tests/unit/check_header \
	tests/unit/check_judge \
	tests/unit/check_key \
	tests/unit/check_layout \
	tests/unit/check_pids

script_tests = \
	tests/abi/old_program.sh \
	tests/project/calls.sh \
	tests/project/crash_points.sh \
	tests/project/cxx.sh \
	tests/project/examples.sh \
	tests/project/examples_daemon.sh \
	tests/project/examples_daemon_killed.sh \
	tests/project/exports.sh \
	tests/project/layering.sh \
	tests/project/manual_commands.sh \
	tests/project/manual_examples.sh \
	tests/project/manpages.sh \
	tests/project/packages.sh \
	tests/project/pictures.sh \
	tests/project/porting.sh \
	tests/project/promises.sh \
	tests/project/readme.sh \
	tests/project/versions.sh \
	tests/qt/qtimage.sh \
	tests/qt/qttool.sh \
	tests/tool/admin.sh \
	tests/tool/commands.sh \
	tests/tool/denied.sh \
	tests/tool/documented.sh \
	tests/tool/foreign.sh \
	tests/tool/json.sh \
	tests/tool/limits.sh \
	tests/tool/list.sh \
	tests/tool/put.sh \
	tests/tool/top.sh \
	tests/tool/user.sh \
	tests/tool/who.sh

if HAVE_CHECK
check_LIBRARIES += tests/libsupport.a
BUILT_TESTS = $(check_tests)
BUILT_TESTS_LOGS = $(check_tests:=.log)
NO_CHECK =
else
BUILT_TESTS =
BUILT_TESTS_LOGS =
NO_CHECK = tests/project/without_check.sh
endif

tests_libsupport_a_SOURCES = \
	tests/support/actor.c tests/support/actor.h \
	tests/support/children.c \
	tests/support/deaths.c tests/support/deaths.h \
	tests/support/foreign.c tests/support/foreign.h \
	tests/support/forge.c tests/support/forge.h \
	tests/support/ids.c tests/support/ids.h \
	tests/support/objects.c \
	tests/support/outside.c tests/support/outside.h \
	tests/support/points.c \
	tests/support/puppet.c tests/support/puppet.h \
	tests/support/qtpeer.c tests/support/qtpeer.h \
	tests/support/qtwire.c tests/support/qtwire.h \
	tests/support/remains.c tests/support/remains.h \
	tests/support/stranger.c tests/support/stranger.h \
	tests/support/support.c tests/support/support.h \
	tests/support/system.c \
	tests/support/world.c tests/support/world.h
LAB = \
	tests/crash/cases.c tests/crash/cases.h \
	tests/crash/scene.c tests/crash/scene.h \
	tests/crash/tracer.c tests/crash/tracer.h
tests_crash_check_admin_SOURCES = tests/crash/check_admin.c \
	tests/crash/deeds.c tests/crash/deeds.h $(LAB)
tests_crash_check_admin_storm_SOURCES = tests/crash/check_admin_storm.c \
	tests/crash/storm.h tests/crash/storm_worker.c
tests_crash_check_deaths_SOURCES = tests/crash/check_deaths.c $(LAB)
tests_crash_check_errnos_SOURCES = tests/crash/check_errnos.c \
	tests/crash/failures.c tests/crash/failures.h $(LAB)
tests_crash_check_pairs_SOURCES = tests/crash/check_pairs.c \
	tests/crash/rows.c tests/crash/rows.h $(LAB)
LARGE = tests/object/large.c tests/object/large.h
tests_object_check_memory_SOURCES = tests/object/check_memory.c $(LARGE)
tests_object_check_memory_locked_SOURCES = \
	tests/object/check_memory_locked.c $(LARGE)
tests_recovery_check_foreign_SOURCES = tests/recovery/check_foreign.c \
	tests/recovery/aim.c tests/recovery/aim.h
tests_recovery_check_idle_SOURCES = tests/recovery/check_idle.c \
	tests/recovery/aim.c tests/recovery/aim.h
LDADD = tests/libsupport.a libsvshm-internal.a $(SVSHM_LIBS) \
	$(CHECK_LIBS)

CHANGES = tests/lock/changes.c tests/lock/changes.h
tests_lock_check_notify_SOURCES = tests/lock/check_notify.c $(CHANGES)
tests_lock_check_notify_death_SOURCES = tests/lock/check_notify_death.c $(CHANGES)
tests_lock_check_notify_observers_SOURCES = \
	tests/lock/check_notify_observers.c $(CHANGES)
tests_lock_check_notify_times_SOURCES = tests/lock/check_notify_times.c $(CHANGES)
tests_lock_check_snapshot_SOURCES = tests/lock/check_snapshot.c tests/lock/snapshot.h
tests_lock_check_snapshot_ends_SOURCES = \
	tests/lock/check_snapshot_ends.c tests/lock/snapshot.h
tests_lock_check_instructions_SOURCES = tests/lock/check_instructions.c \
	tests/lock/stepper.c tests/lock/stepper.h
ONE_LOCK = tests/qt/one_lock.c tests/qt/one_lock.h
tests_qt_check_qt_shared_SOURCES = tests/qt/check_qt_shared.c $(ONE_LOCK)
tests_qt_check_qt_shared_removed_SOURCES = \
	tests/qt/check_qt_shared_removed.c $(ONE_LOCK)
tests_qt_check_qt_shared_threads_SOURCES = \
	tests/qt/check_qt_shared_threads.c $(ONE_LOCK)

# Programs that tests start: one of an earlier release, users of the library that were exec'ed, who kills a
# process of a command at each step that it makes, another program's server and its
# children, who leaves semaphore sets behind by thousands, and who holds JSON
# against the schema. Data, so that who builds only some of the tests need not name
# them.
HELPERS = \
	tests/abi/old_program \
	tests/project/calls \
	tests/project/kill_at \
	tests/support/user \
	tests/tool/make_sets \
	tests/tool/server \
	tests/tool/validate
EXTRA_PROGRAMS += $(HELPERS)
BUILT_HELPERS = $(HELPERS:=$(EXEEXT))
CLEANFILES += $(BUILT_HELPERS)
tests_abi_old_program_CPPFLAGS = -I$(srcdir)/tests/abi/0.9
tests_abi_old_program_LDADD = libsvshm.la
tests_project_calls_LDADD = libsvshm-internal.a $(SVSHM_LIBS)
tests_project_kill_at_LDADD =
tests_support_user_CPPFLAGS = -I$(srcdir)/include -I$(srcdir)/lib
tests_support_user_LDADD = libsvshm-internal.a $(SVSHM_LIBS)
tests_tool_make_sets_LDADD =
tests_tool_server_LDADD =
tests_tool_validate_SOURCES = \
	tests/tool/json.c tests/tool/json.h \
	tests/tool/validate.c
tests_tool_validate_LDADD =

# Two processes of different kinds count together; it needs no Check.
EXTRA_PROGRAMS += tests/worlds/words
CLEANFILES += tests/worlds/words$(EXEEXT)
tests_worlds_words_CPPFLAGS = -I$(srcdir)/include -I$(srcdir)/lib
tests_worlds_words_LDADD = libsvshm-internal.a $(SVSHM_LIBS)

check_PROGRAMS = $(BUILT_TESTS) doc/examples/daemon doc/examples/display \
	doc/examples/qtimage doc/examples/sensor doc/examples/sharedimage

# What programs are linked with, as it is in this release: see "The ABI" in
# doc/HACKING.md.
abi-record: libsvshm.la
	$(SHELL) '$(srcdir)/tests/abi/abi.sh' record .libs/libsvshm.so \
		'$(srcdir)/include' \
		'$(srcdir)/tests/abi/$(PACKAGE_VERSION:.0=)'
.PHONY: abi-record
EXTRA_DIST += tests/abi/0.9/libsvshm.xml tests/abi/0.9/svshm.h \
	tests/abi/abi.sh tests/abi/declarations.awk \
	tests/abi/without_growth.awk

# The real QSharedMemory, in C++. No rules of automake's: without a C++ compiler
# everything else is built as ever.
QT_PEERS =
if HAVE_QT5
QT_PEERS += tests/qt/peer5
endif
if HAVE_QT6
QT_PEERS += tests/qt/peer6
endif
EXTRA_DIST += tests/qt/peer.cpp
CLEANFILES += $(QT_PEERS)
BUILD_PEER = $(AM_V_GEN)$(MKDIR_P) tests/qt && $(CXX) -std=c++17 $(CXXFLAGS) -fPIC
tests/qt/peer5: tests/qt/peer.cpp
	$(BUILD_PEER) $(QT5_CFLAGS) -o $@ '$(srcdir)/tests/qt/peer.cpp' $(QT5_LIBS)
tests/qt/peer6: tests/qt/peer.cpp
	$(BUILD_PEER) $(QT6_CFLAGS) -o $@ '$(srcdir)/tests/qt/peer.cpp' $(QT6_LIBS)

# The headers for C++ in doc/examples, with and without Qt.
BUILT_CXX =
if HAVE_CXX
BUILT_CXX += tests/project/cxx_memory tests/project/cxx_faces \
	tests/project/cxx_faces_native
if HAVE_QT5
BUILT_CXX += tests/project/cxx_faces5
endif
if HAVE_QT6
BUILT_CXX += tests/project/cxx_faces6
endif
endif
EXTRA_DIST += tests/project/cxx_faces.cpp tests/project/cxx_memory.cpp
CLEANFILES += $(BUILT_CXX)
MEMORY = tests/project/cxx_memory.cpp
FACES = tests/project/cxx_faces.cpp
BUILD_CXX = $(AM_V_GEN)$(MKDIR_P) tests/project && $(CXX) $(CXXFLAGS) \
	-I'$(srcdir)/include' -I'$(srcdir)/doc/examples' -o $@
LINK_CXX = libsvshm-internal.a $(SVSHM_LIBS)
tests/project/cxx_memory: $(MEMORY) doc/examples/svshm.hpp libsvshm-internal.a
	$(BUILD_CXX) -std=c++11 '$(srcdir)/$(MEMORY)' $(LINK_CXX)
tests/project/cxx_faces: $(FACES) doc/examples/qsharedmemory.hpp libsvshm-internal.a
	$(BUILD_CXX) -std=c++11 '$(srcdir)/$(FACES)' $(LINK_CXX)
tests/project/cxx_faces_native: $(FACES) doc/examples/qsharedmemory.hpp \
		libsvshm-internal.a
	$(BUILD_CXX) -std=c++11 -DQSHAREDMEMORY_NATIVE '$(srcdir)/$(FACES)' \
		$(LINK_CXX)
tests/project/cxx_faces5: $(FACES)
	$(BUILD_CXX) -std=c++17 -fPIC -DWITH_QT $(QT5_CFLAGS) \
		'$(srcdir)/$(FACES)' $(QT5_LIBS)
tests/project/cxx_faces6: $(FACES)
	$(BUILD_CXX) -std=c++17 -fPIC -DWITH_QT $(QT6_CFLAGS) \
		'$(srcdir)/$(FACES)' $(QT6_LIBS)
check_DATA = $(QT_PEERS) $(BUILT_CXX) $(BUILT_HELPERS) tests/project/leftovers.before
TESTS = $(BUILT_TESTS) $(NO_CHECK) $(script_tests) tests/project/leftovers.sh
EXTRA_DIST += $(script_tests) tests/project/code.awk tests/project/daemonkit.sh \
	tests/project/leftovers.sh \
	tests/project/manual_examples.awk tests/tool/toolkit.sh \
	tests/worlds/hpux/sys/pstat.h tests/worlds/smallworld.c tests/worlds/tsan.c \
	tests/project/without_check.sh

# The last one looks at what all the others left behind. Who runs only some of
# the tests names their logs.
LEFTOVERS_AFTER = $(BUILT_TESTS_LOGS) $(script_tests:.sh=.log)
tests/project/leftovers.log: $(LEFTOVERS_AFTER)

# And before all of them, what is there already.
tests/project/leftovers.before: $(BUILT_TOOL) always
	@$(AM_TESTS_ENVIRONMENT) \
		$(SH_LOG_COMPILER) '$(srcdir)/tests/project/leftovers.sh' before
always:
.PHONY: always
CLEANFILES += tests/project/leftovers.before

TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = \
	SVSHM='$(abs_builddir)/$(BUILT_TOOL)'; \
	SHAREDIMAGE='$(abs_builddir)/$(EXAMPLE)'; \
	QTIMAGE='$(abs_builddir)/$(QT_EXAMPLE)'; \
	DAEMON='$(abs_builddir)/$(DAEMON_EXAMPLE)'; \
	SENSOR='$(abs_builddir)/$(SENSOR_EXAMPLE)'; \
	SENSOR_DISPLAY='$(abs_builddir)/$(DISPLAY_EXAMPLE)'; \
	srcdir='$(abs_srcdir)'; \
	builddir='$(abs_builddir)'; \
	SVSHM_CXX='$(BUILT_CXX)'; \
	SVSHM_QT_PEERS='$(QT_PEERS)'; \
	CC='$(CC)'; CFLAGS='$(CFLAGS)'; CXX='$(CXX)'; CXXFLAGS='$(CXXFLAGS)'; \
	SVSHM_LIBS='$(SVSHM_LIBS)'; \
	SVSHM_TEST_PREFIX=svshm-test; \
	export SVSHM SHAREDIMAGE QTIMAGE DAEMON SENSOR SENSOR_DISPLAY srcdir \
	builddir SVSHM_CXX SVSHM_QT_PEERS CC CFLAGS CXX CXXFLAGS SVSHM_LIBS \
	SVSHM_TEST_PREFIX;

AM_DISTCHECK_CONFIGURE_FLAGS = --enable-werror


# ---- The model ---------------------------------------------------------------

# Exit status 77, and a word why, where spin is not installed.
model:
	@srcdir='$(abs_srcdir)' CC='$(CC)' $(SHELL) '$(abs_srcdir)/tests/model/run.sh'
.PHONY: model
EXTRA_DIST += tests/model/fast_lock.pml tests/model/notify.pml \
	tests/model/object.pml tests/model/run.sh tests/model/snapshot.pml


# ---- The crash lab -----------------------------------------------------------

# All cases of the harnesses in tests/crash; "make check" runs a sample.
CRASH_LAB = tests/crash/check_admin tests/crash/check_deaths tests/crash/check_errnos \
	tests/crash/check_pairs
crash-lab:
	SVSHM_LAB_STRIDE=$${SVSHM_LAB_STRIDE-1} $(MAKE) check TESTS='$(CRASH_LAB)'
	@grep -h 'cases run' $(CRASH_LAB:=.log)

FUZZ_SECONDS = 60
fuzz: config.h
	@$(AM_TESTS_ENVIRONMENT) \
		FUZZ_SOURCES='$(libsvshm_la_SOURCES)' \
		FUZZ_TOOL_SOURCES='$(svshm_SOURCES)' \
		FUZZ_LIBS='$(SVSHM_LIBS)'; \
	export FUZZ_SOURCES FUZZ_TOOL_SOURCES FUZZ_LIBS; \
	$(SHELL) '$(abs_srcdir)/tests/fuzz/run.sh' $(FUZZ_SECONDS)
EXTRA_DIST += tests/fuzz/fuzz.h tests/fuzz/fuzz_header.c \
	tests/fuzz/fuzz_key.c tests/fuzz/fuzz_object.c tests/fuzz/fuzz_qt.c \
	tests/fuzz/fuzz_tool.c tests/fuzz/run.sh

EXTRA_PROGRAMS += tests/crash/soak
tests_crash_soak_SOURCES = \
	tests/crash/soak.c tests/crash/soak.h \
	tests/crash/soak_crew.c \
	tests/crash/soak_worker.c
tests_crash_soak_LDADD = libsvshm-internal.a $(SVSHM_LIBS)
MINUTES = 60
SEED =
soak: tests/crash/soak$(EXEEXT)
	tests/crash/soak$(EXEEXT) $(MINUTES) $(SEED)
.PHONY: crash-lab fuzz soak
