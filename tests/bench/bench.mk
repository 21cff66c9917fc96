# SPDX-License-Identifier: BSD-2-Clause
# The benchmarks: a part of Makefile.am.

# The library as it is installed, with its internal names in reach. Built only
# for those who measure.
EXTRA_LIBRARIES = libsvshm-plain.a
libsvshm_plain_a_SOURCES = $(libsvshm_la_SOURCES)
libsvshm_plain_a_CPPFLAGS = -I$(srcdir)/include -I$(srcdir)/lib
MEASURED = libsvshm-plain.a $(SVSHM_LIBS)

FIGURES = tests/bench/figures.c tests/bench/figures.h
CROWD = tests/bench/crowd.c tests/bench/crowd.h $(FIGURES)

MEASURERS = \
	tests/bench/bench_growth \
	tests/bench/bench_lock \
	tests/bench/bench_memory \
	tests/bench/bench_notify \
	tests/bench/bench_object \
	tests/bench/bench_snapshot \
	tests/bench/bench_times \
	tests/bench/bench_tool
EXTRA_PROGRAMS += $(MEASURERS)
CLEANFILES += $(MEASURERS:=$(EXEEXT)) libsvshm-plain.a

tests_bench_bench_growth_SOURCES = tests/bench/bench_growth.c $(CROWD)
tests_bench_bench_growth_LDADD = $(MEASURED)
tests_bench_bench_lock_SOURCES = \
	tests/bench/bench_lock.c \
	tests/bench/contenders.c tests/bench/contenders.h $(FIGURES)
tests_bench_bench_lock_LDADD = $(MEASURED)
tests_bench_bench_memory_SOURCES = tests/bench/bench_memory.c $(FIGURES)
tests_bench_bench_memory_LDADD = $(MEASURED)
tests_bench_bench_notify_SOURCES = tests/bench/bench_notify.c $(FIGURES)
tests_bench_bench_notify_LDADD = $(MEASURED)
tests_bench_bench_object_SOURCES = tests/bench/bench_object.c \
	tests/bench/worker.c tests/bench/worker.h $(FIGURES)
tests_bench_bench_object_LDADD = $(MEASURED)
tests_bench_bench_snapshot_SOURCES = tests/bench/bench_snapshot.c $(FIGURES)
tests_bench_bench_snapshot_LDADD = $(MEASURED)
tests_bench_bench_times_SOURCES = tests/bench/bench_times.c $(FIGURES)
tests_bench_bench_times_LDADD = $(MEASURED)
tests_bench_bench_tool_SOURCES = tests/bench/bench_tool.c \
	tests/bench/command.c tests/bench/command.h \
	tests/bench/tool_growth.c tests/bench/tool_growth.h $(CROWD)
tests_bench_bench_tool_LDADD = $(MEASURED)

# The real QSharedMemory, as tests/tests.mk builds its programs.
QT_MEASURERS =
if HAVE_QT5
QT_MEASURERS += tests/bench/qt5
endif
if HAVE_QT6
QT_MEASURERS += tests/bench/qt6
endif
EXTRA_DIST += tests/bench/qt.cpp
CLEANFILES += $(QT_MEASURERS)
BUILD_MEASURER = $(AM_V_GEN)$(MKDIR_P) tests/bench && $(CXX) -std=c++17 $(CXXFLAGS) -fPIC
tests/bench/qt5: tests/bench/qt.cpp
	$(BUILD_MEASURER) $(QT5_CFLAGS) -o $@ '$(srcdir)/tests/bench/qt.cpp' $(QT5_LIBS)
tests/bench/qt6: tests/bench/qt.cpp
	$(BUILD_MEASURER) $(QT6_CFLAGS) -o $@ '$(srcdir)/tests/bench/qt.cpp' $(QT6_LIBS)

# In an IPC namespace of its own, if that may be.
ALONE = in='unshare --ipc'; $$in true 2>/dev/null || in=; $$in

# Two minutes, and one; BENCH_ARGUMENTS='ROUNDS MILLISECONDS'. The third takes
# ROUNDS only; the second and the fourth take --json before both, bench-tool
# --json only.
bench-lock: tests/bench/bench_lock$(EXEEXT)
	tests/bench/bench_lock$(EXEEXT) $(BENCH_ARGUMENTS)
bench-object: tests/bench/bench_object$(EXEEXT) $(QT_MEASURERS)
	@SVSHM_BENCH_QT='$(QT_MEASURERS)'; export SVSHM_BENCH_QT; \
	tests/bench/bench_object$(EXEEXT) $(BENCH_ARGUMENTS)
bench-times: tests/bench/bench_times$(EXEEXT)
	tests/bench/bench_times$(EXEEXT) $(BENCH_ARGUMENTS)
bench-notify: tests/bench/bench_notify$(EXEEXT)
	@$(ALONE) tests/bench/bench_notify$(EXEEXT) $(BENCH_ARGUMENTS)
bench-snapshot: tests/bench/bench_snapshot$(EXEEXT)
	tests/bench/bench_snapshot$(EXEEXT) $(BENCH_ARGUMENTS)
bench-growth: tests/bench/bench_growth$(EXEEXT)
	@$(ALONE) tests/bench/bench_growth$(EXEEXT) $(BENCH_ARGUMENTS)

# Prints times; fails only if something does not work. The program itself, not
# libtool's script around it.
bench-tool: $(BUILT_TOOL) tests/bench/bench_tool$(EXEEXT)
	@tool='$(abs_builddir)/.libs/$(BUILT_TOOL)'; \
	[ -x "$$tool" ] || tool='$(abs_builddir)/$(BUILT_TOOL)'; \
	LD_LIBRARY_PATH='$(abs_builddir)/.libs'; export LD_LIBRARY_PATH; \
	$(ALONE) ./tests/bench/bench_tool$(EXEEXT) $(BENCH_ARGUMENTS) "$$tool" $(BENCH_COUNT)

# Files on a tmpfs; BENCH_ARGUMENTS='MEGABYTES ROUNDS'.
BENCH_DIRECTORY = /dev/shm
bench-memory: $(BUILT_TOOL) tests/bench/bench_memory$(EXEEXT)
	@tool='$(abs_builddir)/.libs/$(BUILT_TOOL)'; \
	[ -x "$$tool" ] || tool='$(abs_builddir)/$(BUILT_TOOL)'; \
	LD_LIBRARY_PATH='$(abs_builddir)/.libs'; export LD_LIBRARY_PATH; \
	$(ALONE) ./tests/bench/bench_memory$(EXEEXT) "$$tool" \
		'$(BENCH_DIRECTORY)' $(BENCH_ARGUMENTS)
.PHONY: bench-growth bench-lock bench-memory bench-notify bench-object \
	bench-snapshot bench-times bench-tool
