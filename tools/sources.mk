# SPDX-License-Identifier: BSD-2-Clause
# The tool: a part of Makefile.am. A new file of tools/ goes in here.

bin_PROGRAMS = svshm
# A room each, from the bottom to the top, as in lib/.
svshm_SOURCES = tools/main.c
svshm_SOURCES += \
	tools/common/clock.c tools/common/clock.h \
	tools/common/memory.c tools/common/memory.h \
	tools/common/message.c tools/common/message.h \
	tools/common/signals.c tools/common/signals.h \
	tools/common/status.h \
	tools/common/text.c tools/common/text.h
svshm_SOURCES += \
	tools/output/ahead.c tools/output/ahead.h \
	tools/output/file.c tools/output/file.h \
	tools/output/json.c tools/output/json.h \
	tools/output/progress.c tools/output/progress.h \
	tools/output/table.c tools/output/table.h \
	tools/output/values.c tools/output/values.h
svshm_SOURCES += \
	tools/objects/mappers.c tools/objects/mappers.h \
	tools/objects/members.c tools/objects/members.h \
	tools/objects/notes.c tools/objects/notes.h \
	tools/objects/object.c tools/objects/object.h \
	tools/objects/rows.c tools/objects/rows.h \
	tools/objects/scan.c tools/objects/scan.h \
	tools/objects/snapshot.c tools/objects/snapshot.h \
	tools/objects/waiting.c tools/objects/waiting.h \
	tools/objects/who.c tools/objects/who.h
svshm_SOURCES += \
	tools/arguments/command.h \
	tools/arguments/options.c tools/arguments/options.h \
	tools/arguments/search.c tools/arguments/search.h \
	tools/arguments/suggest.c tools/arguments/suggest.h \
	tools/arguments/target.c tools/arguments/target.h \
	tools/arguments/view.c tools/arguments/view.h
svshm_SOURCES += \
	tools/commands/commands.h \
	tools/commands/get.c \
	tools/commands/get_destination.c tools/commands/get_destination.h \
	tools/commands/get_snapshot.c tools/commands/get_snapshot.h \
	tools/commands/info.c \
	tools/commands/info_text.c tools/commands/info_text.h \
	tools/commands/limits.c \
	tools/commands/limits_check.c tools/commands/limits_check.h \
	tools/commands/limits_figures.c tools/commands/limits_figures.h \
	tools/commands/limits_leaks.c tools/commands/limits_leaks.h \
	tools/commands/limits_warnings.c tools/commands/limits_warnings.h \
	tools/commands/list.c \
	tools/commands/lock.c \
	tools/commands/notify.c \
	tools/commands/put.c \
	tools/commands/put_source.c tools/commands/put_source.h \
	tools/commands/recover.c \
	tools/commands/recover_batch.c tools/commands/recover_batch.h \
	tools/commands/recover_object.c tools/commands/recover_object.h \
	tools/commands/recover_posix.c tools/commands/recover_posix.h \
	tools/commands/recover_report.c tools/commands/recover_report.h \
	tools/commands/recover_save.c tools/commands/recover_save.h \
	tools/commands/recover_visit.c tools/commands/recover_visit.h \
	tools/commands/remove.c \
	tools/commands/top.c \
	tools/commands/top_terminal.c tools/commands/top_terminal.h \
	tools/commands/wait.c
svshm_CPPFLAGS = -I$(srcdir)/include -I$(srcdir)/tools
svshm_LDADD = libsvshm.la $(SVSHM_LIBS)
