/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "commands/limits_warnings.h"

#ifdef __linux__

#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/text.h"

/* The "no" of "RemoveIPC = no"; the last such line counts. */
static void read_setting(const char *path, char *value, size_t size)
{
	static const char name[] = "RemoveIPC";
	char line[256];
	FILE *file = fopen(path, "r");

	while (file && fgets(line, sizeof(line), file)) {
		char *start = line + strspn(line, " \t");

		if (strncmp(start, name, sizeof(name) - 1) != 0)
			continue;
		start += sizeof(name) - 1;
		start += strspn(start, " \t");
		if (*start != '=')
			continue;
		start += 1 + strspn(start + 1, " \t");
		start[strcspn(start, " \t\r\n")] = '\0';
		snprintf(value, size, "%s", start);
	}
	if (file)
		fclose(file);
}

/*
 * Does logind remove objects at a logout? What is set last counts. Not quite as
 * systemd reads its files: it sorts the drop-ins of all directories together by
 * name, and of the main files it takes only one. There are too few of them for
 * that to matter.
 */
static bool removes_ipc(void)
{
	static const char *const main_files[] = {
		"/usr/lib/systemd/logind.conf", "/run/systemd/logind.conf",
		"/etc/systemd/logind.conf"
	};
	static const char *const drop_ins[] = {
		"/usr/lib/systemd/logind.conf.d/*.conf",
		"/run/systemd/logind.conf.d/*.conf",
		"/etc/systemd/logind.conf.d/*.conf"
	};
	char value[16] = "yes"; /* the default */

	if (access("/run/systemd/system", F_OK) != 0)
		return false;
	for (size_t i = 0; i < sizeof(main_files) / sizeof(*main_files); i++)
		read_setting(main_files[i], value, sizeof(value));
	for (size_t i = 0; i < sizeof(drop_ins) / sizeof(*drop_ins); i++) {
		glob_t found;

		if (glob(drop_ins[i], 0, NULL, &found) != 0)
			continue;
		for (size_t k = 0; k < found.gl_pathc; k++)
			read_setting(found.gl_pathv[k], value, sizeof(value));
		globfree(&found);
	}
	return strcasecmp(value, "no") != 0 &&
	       strcasecmp(value, "false") != 0 &&
	       strcasecmp(value, "off") != 0 && strcmp(value, "0") != 0;
}

/* Above these, a user is one who logs in. */
static unsigned long last_system_uid(void)
{
	unsigned long uid = 999;
	char line[256];
	FILE *file = fopen("/etc/login.defs", "r");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " SYS_UID_MAX %lu", &uid) == 1)
			break;
	if (file)
		fclose(file);
	return uid;
}

static bool forces_removal(void)
{
	int value = 0;
	FILE *file = fopen("/proc/sys/kernel/shm_rmid_forced", "r");

	if (!file)
		return false;
	bool on = fscanf(file, "%d", &value) == 1 && value != 0;

	fclose(file);
	return on;
}

size_t warnings_find(char *warnings[WARNINGS_MAX])
{
	size_t count = 0;
	unsigned long last = last_system_uid();
	unsigned long us = (unsigned long)geteuid();

	if ((us == 0 || us > last) && removes_ipc())
		warnings[count++] = text_print(
			"RemoveIPC is on: when a user with a uid over %lu%s "
			"logs out, systemd-logind removes all of that user's "
			"objects, in use or not; run daemons as a system user, "
			"or set RemoveIPC=no in /etc/systemd/logind.conf",
			last, us ? " (as you have)" : "");
	if (forces_removal())
		warnings[count++] = text_print(
			"kernel.shm_rmid_forced is 1: the kernel destroys a "
			"segment as soon as nobody has it mapped, so the data "
			"of crashed programs are lost; \"sysctl -w "
			"kernel.shm_rmid_forced=0\" turns that off");
	return count;
}

#else

size_t warnings_find(char *warnings[WARNINGS_MAX])
{
	(void)warnings;
	return 0;
}

#endif
