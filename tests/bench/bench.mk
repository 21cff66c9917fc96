# SPDX-License-Identifier: BSD-2-Clause
# The benchmarks: a part of Makefile.am.

# The library as it is installed, with its internal names in reach. Built only
# for those who measure.
EXTRA_LIBRARIES = libsvshm-plain.a
libsvshm_plain_a_SOURCES = $(libsvshm_la_SOURCES)
libsvshm_plain_a_CPPFLAGS = -I$(srcdir)/include -I$(srcdir)/lib

BENCH_LOCK = tests/bench/bench_lock$(EXEEXT)
tests_bench_bench_lock_SOURCES = \
	tests/bench/bench_lock.c \
	tests/bench/contenders.c tests/bench/contenders.h \
	tests/bench/figures.c tests/bench/figures.h
tests_bench_bench_lock_LDADD = libsvshm-plain.a $(SVSHM_LIBS)

BENCH_OBJECT = tests/bench/bench_object$(EXEEXT)
tests_bench_bench_object_SOURCES = \
	tests/bench/bench_object.c \
	tests/bench/figures.c tests/bench/figures.h
tests_bench_bench_object_LDADD = libsvshm-plain.a $(SVSHM_LIBS)

BENCH_TIMES = tests/bench/bench_times$(EXEEXT)
tests_bench_bench_times_SOURCES = \
	tests/bench/bench_times.c \
	tests/bench/figures.c tests/bench/figures.h
tests_bench_bench_times_LDADD = libsvshm-plain.a $(SVSHM_LIBS)

EXTRA_PROGRAMS += tests/bench/bench_lock tests/bench/bench_object \
	tests/bench/bench_times
CLEANFILES += $(BENCH_LOCK) $(BENCH_OBJECT) $(BENCH_TIMES) libsvshm-plain.a

# Two minutes, and ten seconds; BENCH_ARGUMENTS='ROUNDS MILLISECONDS'. The third
# takes ROUNDS only.
bench-lock: $(BENCH_LOCK)
	$(BENCH_LOCK) $(BENCH_ARGUMENTS)
bench-object: $(BENCH_OBJECT)
	$(BENCH_OBJECT) $(BENCH_ARGUMENTS)
bench-times: $(BENCH_TIMES)
	$(BENCH_TIMES) $(BENCH_ARGUMENTS)
.PHONY: bench-lock bench-object bench-times

# Prints times; fails only if something does not work. The program itself, not
# libtool's script around it, in an IPC namespace of its own if that may be.
tests_bench_bench_tool_SOURCES = \
	tests/bench/bench_tool.c \
	tests/bench/crowd.c tests/bench/crowd.h \
	tests/bench/figures.c tests/bench/figures.h
tests_bench_bench_tool_LDADD = libsvshm-plain.a $(SVSHM_LIBS)
CLEANFILES += tests/bench/bench_tool$(EXEEXT)

bench-tool: $(BUILT_TOOL) tests/bench/bench_tool$(EXEEXT)
	@tool='$(abs_builddir)/.libs/$(BUILT_TOOL)'; \
	[ -x "$$tool" ] || tool='$(abs_builddir)/$(BUILT_TOOL)'; \
	in='unshare --ipc'; $$in true 2>/dev/null || in=; \
	LD_LIBRARY_PATH='$(abs_builddir)/.libs' $$in \
		./tests/bench/bench_tool$(EXEEXT) "$$tool" $(BENCH_COUNT)
.PHONY: bench-tool
