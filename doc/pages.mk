# SPDX-License-Identifier: BSD-2-Clause
# The manual and the examples: a part of Makefile.am.

dist_man1_MANS = doc/svshm.1
dist_man3_MANS = \
	doc/svshm_attach.3 \
	doc/svshm_changes.3 \
	doc/svshm_const_data.3 \
	doc/svshm_create.3 \
	doc/svshm_create_locked.3 \
	doc/svshm_data.3 \
	doc/svshm_detach.3 \
	doc/svshm_error.3 \
	doc/svshm_error_string.3 \
	doc/svshm_free.3 \
	doc/svshm_inspect.3 \
	doc/svshm_is_attached.3 \
	doc/svshm_key.3 \
	doc/svshm_limits.3 \
	doc/svshm_lock.3 \
	doc/svshm_make_consistent.3 \
	doc/svshm_native_key.3 \
	doc/svshm_new.3 \
	doc/svshm_notify.3 \
	doc/svshm_open.3 \
	doc/svshm_recover.3 \
	doc/svshm_scan.3 \
	doc/svshm_scan_user.3 \
	doc/svshm_set_group.3 \
	doc/svshm_set_key.3 \
	doc/svshm_set_layout.3 \
	doc/svshm_set_max_processes.3 \
	doc/svshm_set_memory.3 \
	doc/svshm_set_mode.3 \
	doc/svshm_set_native_key.3 \
	doc/svshm_set_owner.3 \
	doc/svshm_size.3 \
	doc/svshm_snapshot.3 \
	doc/svshm_strerror.3 \
	doc/svshm_timedlock.3 \
	doc/svshm_trylock.3 \
	doc/svshm_unlock.3 \
	doc/svshm_verdict_string.3 \
	doc/svshm_version.3 \
	doc/svshm_wait.3
dist_man7_MANS = doc/svshm.7 doc/svshm_porting.7

examplesdir = $(docdir)/examples
dist_examples_DATA = \
	doc/examples/daemon.c \
	doc/examples/display.c \
	doc/examples/makepicture.awk \
	doc/examples/picture.c \
	doc/examples/picture.h \
	doc/examples/qsharedmemory.hpp \
	doc/examples/qtimage.c \
	doc/examples/sensor.c \
	doc/examples/sensor.h \
	doc/examples/sharedimage.c \
	doc/examples/svshm.hpp
dist_examples_SCRIPTS = doc/examples/demo.sh
examples_systemddir = $(examplesdir)/systemd
dist_examples_systemd_DATA = \
	doc/examples/systemd/svshm-foreign.conf \
	doc/examples/systemd/svshm-recover.service \
	doc/examples/systemd/svshm-recover.timer
examples_crondir = $(examplesdir)/cron
dist_examples_cron_DATA = \
	doc/examples/cron/svshm-check \
	doc/examples/cron/svshm-recover
examples_nagiosdir = $(examplesdir)/nagios
dist_examples_nagios_SCRIPTS = doc/examples/nagios/check_svshm
examples_containerdir = $(examplesdir)/container
dist_examples_container_DATA = doc/examples/container/pod.yaml
dist_examples_container_SCRIPTS = doc/examples/container/svshm-start
examples_portingdir = $(examplesdir)/porting
dist_examples_porting_DATA = \
	doc/examples/porting/apr_after.c \
	doc/examples/porting/apr_before.c \
	doc/examples/porting/boost_after.cpp \
	doc/examples/porting/boost_before.cpp \
	doc/examples/porting/perl_after.pl \
	doc/examples/porting/perl_before.pl \
	doc/examples/porting/php_after.php \
	doc/examples/porting/php_before.php \
	doc/examples/porting/qt_after.c \
	doc/examples/porting/qt_before.cpp \
	doc/examples/porting/sysv_after.c \
	doc/examples/porting/sysv_before.c
examples_rcdir = $(examplesdir)/rc
dist_examples_rc_SCRIPTS = doc/examples/rc/svshm-recover

bashcompletiondir = $(datadir)/bash-completion/completions
dist_noinst_DATA = doc/svshm.bash

# The file has to have the command's name there.
install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(bashcompletiondir)'
	$(INSTALL_DATA) '$(srcdir)/doc/svshm.bash' \
		'$(DESTDIR)$(bashcompletiondir)/svshm'
uninstall-local:
	rm -f '$(DESTDIR)$(bashcompletiondir)/svshm'

EXAMPLE = doc/examples/sharedimage$(EXEEXT)
doc_examples_sharedimage_SOURCES = \
	doc/examples/picture.c \
	doc/examples/picture.h \
	doc/examples/sharedimage.c
doc_examples_sharedimage_CPPFLAGS = -I$(srcdir)/include
doc_examples_sharedimage_LDADD = libsvshm.la

QT_EXAMPLE = doc/examples/qtimage$(EXEEXT)
doc_examples_qtimage_SOURCES = doc/examples/qtimage.c
doc_examples_qtimage_CPPFLAGS = -I$(srcdir)/include
doc_examples_qtimage_LDADD = libsvshm.la

DAEMON_EXAMPLE = doc/examples/daemon$(EXEEXT)
doc_examples_daemon_SOURCES = doc/examples/daemon.c
doc_examples_daemon_CPPFLAGS = -I$(srcdir)/include
doc_examples_daemon_LDADD = libsvshm.la

SENSOR_EXAMPLE = doc/examples/sensor$(EXEEXT)
doc_examples_sensor_SOURCES = doc/examples/sensor.c doc/examples/sensor.h
doc_examples_sensor_CPPFLAGS = -I$(srcdir)/include
doc_examples_sensor_LDADD = libsvshm.la

DISPLAY_EXAMPLE = doc/examples/display$(EXEEXT)
doc_examples_display_SOURCES = doc/examples/display.c doc/examples/sensor.h
doc_examples_display_CPPFLAGS = -I$(srcdir)/include
doc_examples_display_LDADD = libsvshm.la

EXTRA_PROGRAMS = doc/examples/daemon doc/examples/display doc/examples/qtimage \
	doc/examples/sensor doc/examples/sharedimage
CLEANFILES += $(DAEMON_EXAMPLE) $(DISPLAY_EXAMPLE) $(EXAMPLE) $(QT_EXAMPLE) \
	$(SENSOR_EXAMPLE)

demo: $(BUILT_TOOL) $(EXAMPLE) $(SENSOR_EXAMPLE) $(DISPLAY_EXAMPLE)
	@$(AM_TESTS_ENVIRONMENT) $(SHELL) '$(abs_srcdir)/doc/examples/demo.sh'
.PHONY: demo
