/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A command can name an object by its key or its key file; by an id or an IPC
 * key: then a scan looks for it, and it is judged as in a list; or by what the
 * list prints for what has no key, as "segment 4".
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments/search.h"
#include "common/text.h"
#include "objects/object.h"
#include "objects/scan.h"
#include "output/values.h"

/* What ends a scan early; svshm_scan() returns it. */
#define ENOUGH 1

struct search {
	const struct target *target;
	const char *name; /* as the list prints it; NULL: by a number */
	unsigned flags;   /* of the scan */
	svshm_visit *visit;
	void *context;
	bool found;
	int result;      /* of the visit */
	uid_t key_owner; /* who has an object of the key NAME, or (uid_t)-1 */
};

/* It has no key, and this is what the list prints instead. */
static bool is_listed_as(const struct svshm_object *object, const char *name)
{
	if (object->key)
		return false;
	char *listed = object_name(object);
	bool same = strcmp(listed, name) == 0;

	free(listed);
	return same;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool may_be_listed(const char *name)
{
	return begins(name, "/") || begins(name, "segment ") ||
	       begins(name, "semaphore set ");
}

static bool is_meant(const struct search *search,
		     const struct svshm_object *object)
{
	const struct target *target = search->target;

	if (search->name)
		return is_listed_as(object, search->name);
	if (target->segment_id >= 0)
		return object->segment_id == target->segment_id;
	if (target->set_id >= 0)
		return object->semaphore_id == target->set_id;
	return (uint32_t)object->ipc_key == target->ipc_key;
}

static int look_at(const struct svshm_object *object, void *context)
{
	struct search *search = context;

	scan_keep_fast();
	if (search->name && object->key &&
	    object->layout == search->target->layout &&
	    strcmp(object->key, search->name) == 0)
		search->key_owner = object->uid;
	if (!is_meant(search, object))
		return 0;
	search->found = true;
	search->result = search->visit(object, search->context);
	/* A segment and a set can have the same IPC key, an id only one. */
	return search->target->ipc_key_text && search->result == 0 ? 0 : ENOUGH;
}

/* The result of the visit; or a code, and why in *PROBLEM. */
static int scan(struct search *search, char **problem)
{
	const struct target *target = search->target;
	bool everybody = target->user == (uid_t)-1;
	int code = svshm_scan_user(target->user, search->flags, look_at,
				   search);
	char *what = target_name(target, search->name);

	if (code < 0) {
		*problem = text_print("cannot look for %s: %s", what,
				      svshm_strerror(code));
	} else if (!search->found) {
		code = SVSHM_NOT_FOUND;
		*problem = text_print("there is no %s%s%s that you may look "
				      "at; \"svshm list --all\" shows what "
				      "there is", what,
				      everybody ? "" : " of ", everybody ? "" :
				      text_user(target->user).bytes);
	}
	free(what);
	return code < 0 ? code : search->result;
}

/* ---- By name ------------------------------------------------------------- */

/*
 * There is no such key. Perhaps the list prints that name; perhaps another user
 * has the key, which root sees in the list, too.
 */
static int find_listed(const struct target *target, const char *name,
		       svshm_visit *visit, void *context, char **problem)
{
	struct search search = { .target = target, .name = name,
				 .visit = visit, .context = context,
				 .key_owner = (uid_t)-1 };
	bool listed = may_be_listed(name);
	char *ignored = NULL;

	/* A scan takes too long to say of any key that it is not there. */
	if (!listed && geteuid() != 0)
		return SVSHM_NOT_FOUND;
	search.flags = listed ? SVSHM_SCAN_FOREIGN : 0;
	int code = scan(&search, &ignored);

	free(ignored);
	if (search.found)
		return code;
	if (search.key_owner != (uid_t)-1 && target->user == (uid_t)-1 &&
	    search.key_owner != geteuid()) {
		char *more = text_print("%s; %s has one: --user %s", *problem,
					text_user(search.key_owner).bytes,
					text_user(search.key_owner).bytes);

		free(*problem);
		*problem = more;
	}
	return SVSHM_NOT_FOUND;
}

static int find_by_name(const struct target *target, struct svshm *handle,
			svshm_visit *visit, void *context, char **problem)
{
	int code = target_prepare(target, handle);

	if (code >= 0)
		code = svshm_inspect(handle, visit, context);
	if (code < 0)
		*problem = text_print("%s", svshm_error_string(handle));
	return code;
}

int target_find(const struct target *target, const char *key,
		svshm_visit *visit, void *context, char **problem)
{
	struct search search = { .target = target, .visit = visit,
				 .context = context,
				 .flags = SVSHM_SCAN_FOREIGN };

	*problem = NULL;
	if (target_is_number(target))
		return scan(&search, problem);
	struct svshm *handle = svshm_new(target->native_key ? NULL : key);

	if (!handle) {
		*problem = text_print("no memory for a handle");
		return SVSHM_OUT_OF_RESOURCES;
	}
	int code = find_by_name(target, handle, visit, context, problem);

	svshm_free(handle);
	if (code != SVSHM_NOT_FOUND || target->native_key)
		return code;
	char *why = *problem;

	code = find_listed(target, key, visit, context, &why);
	*problem = code < 0 ? why : NULL;
	if (code >= 0)
		free(why);
	return code;
}
