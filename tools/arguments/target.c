/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which object a command means: by its key, or its key file; by an id or an IPC
 * key, then it is looked for in a scan, so that it is judged as in a list; or
 * by what the list prints for what has no key, as "segment 4".
 */
#include <config.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

/* What ends a scan early; svshm_scan() returns it. */
#define ENOUGH 1

struct search {
	const struct target *target;
	const char *name; /* as the list prints it; NULL: by a number */
	unsigned flags;   /* of the scan */
	svshm_visit *visit;
	void *context;
	bool found;
	int result;   /* of the visit */
	uid_t having; /* another user who has an object of that key */
};

/* ---- The command line ---------------------------------------------------- */

static int parse_id(const struct command *command, const char *text,
		    const char *what, int *id)
{
	char *end;

	if (!text)
		return OPTIONS_READ;
	errno = 0;
	long number = strtol(text, &end, 10);

	if (end == text || *end || errno || number < 0 || number > INT_MAX)
		return usage_error(command, "\"%.40s\" is not the id of a %s",
				   text, what);
	*id = (int)number;
	return OPTIONS_READ;
}

/* As ipcs prints it, 0x0052e2c1; or a number, which may be negative. */
static int parse_ipc_key(const struct command *command, struct target *target)
{
	const char *text = target->ipc_key_text;
	char *end;

	if (!text)
		return OPTIONS_READ;
	errno = 0;
	long long number = strtoll(text, &end, 0);

	if (end == text || *end || errno || number < INT32_MIN ||
	    number > (long long)UINT32_MAX)
		return usage_error(command, "\"%.40s\" is not an IPC key like "
				   "0x0052e2c1", text);
	if (number == 0)
		return usage_error(command, "0 is no key, but what has none: "
				   "--id names one of these");
	target->ipc_key = (uint32_t)number;
	return OPTIONS_READ;
}

int target_parse(const struct command *command, struct target *target,
		 int operands)
{
	int ways = (operands > 0) + (target->native_key != NULL) +
		   (target->id_text != NULL) + (target->set_text != NULL) +
		   (target->ipc_key_text != NULL);
	int status;

	if (ways > 1)
		return usage_error(command, "KEY, --native-key, --id, --set%s: "
				   "give one of them", target->ipc_key_text ?
				   " and --key" : "");
	target->segment_id = target->set_id = -1;
	status = parse_id(command, target->id_text, "segment",
			  &target->segment_id);
	if (status == OPTIONS_READ)
		status = parse_id(command, target->set_text, "semaphore set",
				  &target->set_id);
	if (status == OPTIONS_READ)
		status = parse_ipc_key(command, target);
	return status;
}

bool target_is_number(const struct target *target)
{
	return target->id_text || target->set_text || target->ipc_key_text;
}

/* ---- The search ---------------------------------------------------------- */

/* The list prints this name, and there is no key that it could be. */
static bool is_listed_as(const struct svshm_object *object, const char *name)
{
	char *listed;
	bool same;

	if (object->key)
		return false;
	listed = object_name(object);
	same = strcmp(listed, name) == 0;
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

	scan_breathe();
	if (search->name && object->key &&
	    object->layout == search->target->layout &&
	    strcmp(object->key, search->name) == 0)
		search->having = object->uid;
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

char *target_name(const struct target *target, const char *key)
{
	if (target->id_text)
		return text_print("segment %d", target->segment_id);
	if (target->set_text)
		return text_print("semaphore set %d", target->set_id);
	if (target->ipc_key_text)
		return text_print("segment or semaphore set with the IPC key "
				  "0x%08lx", (unsigned long)target->ipc_key);
	return text_print("%s", target->native_key ? target->native_key : key);
}

/* ---- By name ------------------------------------------------------------- */

int target_set_user(const struct target *target, struct svshm *handle)
{
	if (target->user == (uid_t)-1 || target->user == geteuid())
		return SVSHM_OK;
	return svshm_set_owner(handle, target->user);
}

/*
 * There is no such key. Perhaps the list prints that name; perhaps another user
 * has the key, which root sees in the list, too.
 */
static int find_listed(const struct target *target, const char *name,
		       svshm_visit *visit, void *context, char **problem)
{
	struct search search = { .target = target, .name = name,
				 .visit = visit, .context = context,
				 .having = (uid_t)-1 };
	bool listed = may_be_listed(name);
	char *ignored = NULL;

	/* A scan is long for a key that is just not there. */
	if (!listed && geteuid() != 0)
		return SVSHM_NOT_FOUND;
	search.flags = listed ? SVSHM_SCAN_FOREIGN : 0;
	int code = scan(&search, &ignored);

	free(ignored);
	if (search.found)
		return code;
	if (search.having != (uid_t)-1 && target->user == (uid_t)-1 &&
	    search.having != geteuid()) {
		char *more = text_print("%s; %s has one: --user %s", *problem,
					text_user(search.having).bytes,
					text_user(search.having).bytes);

		free(*problem);
		*problem = more;
	}
	return SVSHM_NOT_FOUND;
}

static int find_by_name(const struct target *target, struct svshm *handle,
			svshm_visit *visit, void *context, char **problem)
{
	int code = svshm_set_layout(handle, target->layout);

	if (code >= 0 && target->native_key)
		code = svshm_set_native_key(handle, target->native_key);
	if (code >= 0)
		code = target_set_user(target, handle);
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
