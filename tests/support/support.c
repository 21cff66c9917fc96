/* SPDX-License-Identifier: BSD-2-Clause */
/* From main() to the suite, and what each test program has for itself. */
#include <config.h>

#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "world.h"

static char base[256], directory[300];

static int remove_ours(const struct svshm_object *object, void *context)
{
	struct svshm_recovery force = { .flags = SVSHM_RECOVER_FORCE };

	(void)context;
	if (object->native_key &&
	    strncmp(object->native_key, base, strlen(base)) == 0)
		svshm_recover(object, &force);
	return 0;
}

static void empty(const char *path)
{
	DIR *stream = opendir(path);
	struct dirent *entry;
	char name[600];

	while (stream && (entry = readdir(stream))) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (unlink(name) < 0) {
			empty(name);
			rmdir(name);
		}
	}
	if (stream)
		closedir(stream);
}

int test_main(Suite *(*make)(void))
{
	const char *parent = getenv("TMPDIR");
	int failed;

	world_enter();
	snprintf(base, sizeof(base), "%s/svshm-test.XXXXXX",
		 parent && *parent ? parent : "/tmp");
	if (!mkdtemp(base)) {
		perror(base);
		return 99;
	}
	/* A link in the parents would not match what the library resolves. */
	char *resolved = realpath(base, NULL);

	if (resolved)
		snprintf(base, sizeof(base), "%s", resolved);
	free(resolved);
	snprintf(directory, sizeof(directory), "%s/keys", base);
	mkdir(directory, 0700);
	setenv("SVSHM_KEYDIR", directory, 1);

	SRunner *runner = srunner_create(make());

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);

	svshm_scan(0, remove_ours, NULL);
	empty(base);
	rmdir(base);
	return failed ? 1 : 0;
}

const char *test_directory(void)
{
	return directory;
}

const char *test_scratch(const char *name)
{
	static char path[400];

	snprintf(path, sizeof(path), "%s/%s", base, name);
	return path;
}

const char *test_key(const char *name)
{
	/* All of them stay in a list, so that they are no leaks. */
	static struct key {
		struct key *next;
		char text[];
	} *keys;
	static unsigned count;
	struct key *key = malloc(sizeof(*key) + strlen(name) + 64);

	if (!key)
		abort();
	key->next = keys;
	keys = key;
	sprintf(key->text, "svshm-test-%ld-%u-%s", (long)getpid(), count++,
		name);
	return key->text;
}
