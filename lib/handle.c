/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "handle.h"

#include <string.h>

int svshm__finish(struct svshm *handle, int code, const char *tried)
{
	char name[200], message[SVSHM__MESSAGE_SIZE];

	if (code == SVSHM_OK) {
		svshm__clear(handle);
		return code;
	}
	memcpy(message, handle->error.message, sizeof(message));
	svshm__printable(handle->key ? handle->key :
			 handle->native_key ? handle->native_key : "(no key)",
			 name, sizeof(name));
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
