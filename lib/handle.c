/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "handle.h"

#include <string.h>
#include <unistd.h>

uid_t svshm__user(const struct svshm *handle)
{
	return handle->owner == (uid_t)-1 ? geteuid() : handle->owner;
}

void svshm__note_rights(struct svshm *handle)
{
	handle->has_rights = true;
	handle->user = geteuid();
	handle->user_group = getegid();
}

/* A daemon that attaches as root, and gives up its rights then. */
static void explain_lost_rights(struct svshm *handle)
{
	if (!handle->has_rights ||
	    (handle->user == geteuid() && handle->user_group == getegid()))
		return;
	svshm__error_append(&handle->error, "; this process was uid %lu, gid "
			    "%lu when it attached, and is uid %lu, gid %lu now, "
			    "to which the object's mode gives too little: "
			    "change the uid before attaching, let "
			    "svshm_set_owner() give the object to it, or let "
			    "its creator set a mode and group that serve both",
			    (unsigned long)handle->user,
			    (unsigned long)handle->user_group,
			    (unsigned long)geteuid(),
			    (unsigned long)getegid());
}

static const char *print_name(const struct svshm *handle, char *name,
			      size_t size)
{
	return svshm__printable(handle->key ? handle->key :
				handle->native_key ? handle->native_key :
				"(no key)", name, size);
}

void svshm__add_note(struct svshm *handle, const char *done)
{
	const char *note = handle->pages.note;
	char name[200];

	if (!*note)
		return;
	if (*handle->error.message)
		svshm__error_append(&handle->error, "; %s", note);
	else
		svshm__error_set(&handle->error, handle->error.code,
				 "%s \"%s\": %s", done,
				 print_name(handle, name, sizeof(name)), note);
}

int svshm__finish(struct svshm *handle, int code, const char *tried)
{
	char name[200], message[SVSHM__MESSAGE_SIZE];

	if (code == SVSHM_OK) {
		svshm__clear(handle);
		return code;
	}
	if (code == SVSHM_PERMISSION_DENIED && handle->error.errnum)
		explain_lost_rights(handle);
	memcpy(message, handle->error.message, sizeof(message));
	print_name(handle, name, sizeof(name));
	return svshm__error_set(&handle->error, code, "%s \"%s\": %s", tried,
				name, *message ? message :
						 svshm_strerror(code));
}

int svshm__refuse(struct svshm *handle, int code, const char *tried,
		  const char *why)
{
	svshm__error_set(&handle->error, code, "%s", why);
	return svshm__finish(handle, code, tried);
}
