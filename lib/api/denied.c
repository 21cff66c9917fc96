/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "api/denied.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/description.h"

bool svshm__denied_by_system(const struct svshm *handle, int code)
{
	return code == SVSHM_PERMISSION_DENIED && handle->error.errnum != 0 &&
	       handle->error.call != SVSHM__CALL_FILE;
}

int svshm__denied_note(const struct svshm_object *object, void *context)
{
	struct svshm__denial *denial = context;

	denial->uid = object->uid;
	denial->mode = object->mode;
	return 0;
}

/* ---- The command --------------------------------------------------------- */

static bool is_plain(const char *text)
{
	return *text && strspn(text, "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "0123456789_./:%+,@-") == strlen(text);
}

/* TEXT as one word for a shell; false: no line of text has room for it. */
static bool quote(const char *text, char *buffer, size_t size)
{
	size_t used = 0;

	if (is_plain(text))
		return (size_t)snprintf(buffer, size, "%s", text) < size;
	if (size < 3)
		return false;
	buffer[used++] = '\'';
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f ||
		    used + 6 > size)
			return false;
		/* The word ends, a quote of its own, the word goes on. */
		for (const char *c = *text == '\'' ? "'\\'" : ""; *c; c++)
			buffer[used++] = *c;
		buffer[used++] = *text;
	}
	memcpy(buffer + used, "'", 2);
	return true;
}

/* The key directory that both have to use: that of the key file. */
static bool quote_directory(const char *path, char *buffer, size_t size)
{
	char directory[400];
	const char *slash = strrchr(path, '/');
	int used = snprintf(directory, sizeof(directory), "%.*s",
			    slash ? (int)(slash - path) : 0, path);

	return used > 0 && (size_t)used < sizeof(directory) &&
	       quote(directory, buffer, size);
}

/* What removes the object if nobody uses it; false: it can't be written down. */
static bool print_command(const struct svshm *handle, char *buffer, size_t size)
{
	char name[300], directory[300];

	/* A key of Qt's leads to another file where TMPDIR is another. */
	if (handle->native || handle->qt) {
		if (!quote(handle->native_key, name, sizeof(name)))
			return false;
		snprintf(buffer, size, "svshm remove%s --native-key %s",
			 handle->qt ? " --layout qt" : "", name);
		return true;
	}
	if (!quote(handle->key, name, sizeof(name)) ||
	    !quote_directory(handle->native_key, directory, sizeof(directory)))
		return false;
	snprintf(buffer, size, "SVSHM_KEYDIR=%s svshm remove%s %s", directory,
		 *handle->key == '-' ? " --" : "", name);
	return true;
}

/* ---- The message --------------------------------------------------------- */

static void name_owner(struct svshm__error *error,
		       const struct svshm_object *object, bool of_key_file)
{
	svshm__error_append(error, "; %s belongs to ",
			    of_key_file ? "its key file" : "the object");
	if (object->uid == 0)
		svshm__error_append(error, "root");
	else
		svshm__error_append(error, "uid %lu",
				    (unsigned long)object->uid);
	if (!of_key_file && object->mode != (mode_t)-1)
		svshm__error_append(error, " (mode 0%o)",
				    (unsigned)object->mode);
}

static void say_what_to_do(struct svshm *handle, bool of_root)
{
	const char *who = of_root ? "root" : "that user or root";
	char command[700];

	if (print_command(handle, command, sizeof(command)))
		svshm__error_append(&handle->error, ". If it is left over, %s "
				    "removes it with \"%s\"", who, command);
	else
		svshm__error_append(&handle->error, ". If it is left over, %s "
				    "removes it with \"svshm remove\"", who);
	svshm__error_append(&handle->error, handle->qt ?
		". If not, take another key: Qt's objects are one user's" :
		". If not, its creator lets others in by svshm_set_mode() and "
		"svshm_set_group()");
}

void svshm__denied_explain(struct svshm *handle,
			   const struct svshm__denial *denial)
{
	bool of_key_file = denial->uid == (uid_t)-1;
	struct svshm_object object;

	svshm__description_init(&object);
	if (of_key_file)
		svshm__description_by_key_file(&object, handle->native_key);
	else
		object.uid = denial->uid, object.mode = denial->mode;
	if (object.uid == (uid_t)-1 || object.uid == geteuid())
		return;
	name_owner(&handle->error, &object, of_key_file);
	say_what_to_do(handle, object.uid == 0);
}
