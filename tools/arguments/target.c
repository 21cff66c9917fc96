/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments/target.h"
#include "common/message.h"
#include "common/status.h"
#include "common/text.h"

/* ---- The options ---------------------------------------------------- */

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
		 const struct operands *operands)
{
	int ways = (operands->count > 0) + (target->native_key != NULL) +
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

bool target_is_option(const struct target *target)
{
	return target->native_key || target_is_number(target);
}

static int no_key(const struct command *command)
{
	return usage_error(command, "no KEY given");
}

int target_parse_one(const struct command *command, struct target *target,
		     const struct operands *operands)
{
	int status = operands_at_most(command, operands, 1);

	if (status == OPTIONS_READ)
		status = target_parse(command, target, operands);
	if (status == OPTIONS_READ && operands->count == 0 &&
	    !target_is_option(target))
		status = no_key(command);
	return status;
}

/* ---- A handle ------------------------------------------------------------ */

int target_prepare(const struct target *target, struct svshm *handle)
{
	int code = svshm_set_layout(handle, target->layout);

	if (code >= 0 && target->native_key)
		code = svshm_set_native_key(handle, target->native_key);
	if (code >= 0 && target->user != (uid_t)-1 &&
	    target->user != geteuid())
		code = svshm_set_owner(handle, target->user);
	return code;
}

struct svshm *target_handle(const struct command *command,
			    const struct target *target,
			    struct operands *operands, int *status)
{
	const char *key = NULL;

	if (!target->native_key) {
		if (operands->count == 0) {
			*status = no_key(command);
			return NULL;
		}
		key = *operands->values++;
		operands->count--;
		if (operands->before_dashes > 0)
			operands->before_dashes--;
	}
	struct svshm *handle = svshm_new(key);

	if (!handle) {
		message("no memory for a handle");
		*status = TOOL_FAILED;
		return NULL;
	}
	if (target_prepare(target, handle) < 0) {
		*status = fail(handle);
		svshm_free(handle);
		return NULL;
	}
	return handle;
}

static char **find_command(const struct operands *operands)
{
	char **words = operands->values;

	if (operands->before_dashes != 0 || !operands->dashes)
		return NULL;
	return *words ? words : NULL;
}

struct svshm *target_handle_and_command(const struct command *command,
					const struct target *target,
					struct operands *operands,
					char ***words, int *status)
{
	bool dashed_key = !target->native_key && operands->before_dashes == 0;
	struct svshm *handle = target_handle(command, target, operands, status);

	if (!handle)
		return NULL;
	if (dashed_key && operands->count > 0 &&
	    strcmp(operands->values[0], "--") == 0)
		operands->values++;
	else if (dashed_key)
		operands->dashes = false;
	*words = find_command(operands);
	return handle;
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
