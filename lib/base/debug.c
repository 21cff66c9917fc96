/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "base/debug.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/write.h"

/*
 * A setuid program must not be led astray by its caller's environment. The
 * comparison of ids does not notice raised capabilities: last resort.
 */
const char *svshm__environment(const char *name)
{
#if defined(HAVE_SECURE_GETENV)
	return secure_getenv(name);
#elif defined(HAVE_ISSETUGID)
	return issetugid() ? NULL : getenv(name);
#else
	if (getuid() != geteuid() || getgid() != getegid())
		return NULL;
	return getenv(name);
#endif
}

void svshm__debug(const char *format, ...)
{
	/* Read at the first call; two threads would store the same answer. */
	static uintptr_t answer;
	enum { UNASKED, DISABLED, ENABLED };

	if (svshm__load_relaxed(&answer) == UNASKED) {
		const char *value = svshm__environment("SVSHM_DEBUG");

		svshm__store_relaxed(&answer, value && *value && *value != '0' ?
						      ENABLED : DISABLED);
	}
	if (svshm__load_relaxed(&answer) == DISABLED)
		return;

	int saved = errno;
	char line[512];
	int used = snprintf(line, sizeof(line), "svshm[%ld]: ", (long)getpid());
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line + used, sizeof(line) - (size_t)used, format, arguments);
	va_end(arguments);

	struct svshm__write before;

	svshm__write_begin(&before);
	svshm__write_end(&before,
			 fprintf(stderr, "%s\n", line) < 0 ? errno : 0);
	errno = saved;
}
