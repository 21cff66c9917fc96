/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands, in the order of the help. This is the only list of them. */
#ifndef SVSHM_TOOL_COMMANDS_COMMANDS_H
#define SVSHM_TOOL_COMMANDS_COMMANDS_H

#include "arguments/command.h"

#define COMMANDS(each) \
	each(list) \
	each(info) \
	each(recover) \
	each(remove) \
	each(put) \
	each(get) \
	each(lock) \
	each(wait) \
	each(notify) \
	each(limits) \
	each(top)

/* commands/NAME.c has "const struct command command_NAME". */
#define DECLARE_COMMAND(name) extern const struct command command_##name;
COMMANDS(DECLARE_COMMAND)
#undef DECLARE_COMMAND

#endif
