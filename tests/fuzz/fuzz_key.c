/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a key, as a key file's name and as its content. Keys map to file
 * names one to one; a file that svshm has not made is never taken for one.
 */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "key/key.h"
#include "svshm.h"

static void check_key(const char *key)
{
	char *path = svshm__key_path(key, geteuid(), NULL);
	char decoded[5000];

	if (!path)
		return;

	const char *name = svshm__key_base_name(path);

	check(*name && !strchr(name, '/') && strlen(name) <= 255);
	check(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
	if (svshm__key_decode(name, decoded, sizeof(decoded)))
		check(strcmp(decoded, key) == 0);
	free(path);
}

static void check_name(const char *name)
{
	char decoded[5000], *path;

	if (!svshm__key_decode(name, decoded, sizeof(decoded)) || !*decoded)
		return;
	/* It is the name of that key, or of none. */
	path = svshm__key_path(decoded, geteuid(), NULL);
	free(path);
}

static void check_content(const uint8_t *input, size_t size)
{
	struct svshm *handle = svshm_new("svshm-fuzz-content");
	const char *path;
	FILE *file;
	int code;

	check(handle != NULL);
	/* The directory is there from then on. */
	code = svshm_attach(handle, SVSHM_READ_WRITE);
	check(code == SVSHM_NOT_FOUND);
	path = svshm_native_key(handle);
	file = fopen(path, "w");
	if (file) {
		fwrite(input, 1, size, file);
		check(fclose(file) == 0);
	}
	code = svshm_create(handle, 1, SVSHM_READ_WRITE);
	if (file && size && (size < 6 || memcmp(input, "svshm ", 6) != 0))
		check(code == SVSHM_KEY_ERROR && access(path, F_OK) == 0);
	else
		check(code == SVSHM_OK);
	svshm_detach(handle);
	unlink(path);
	svshm_free(handle);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *text = malloc(size + 1);

	check(text != NULL);
	memcpy(text, input, size);
	text[size] = '\0';
	check_key(text);
	check_name(text);
	check_content(input, size);
	free(text);
	return 0;
}
