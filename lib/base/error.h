/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Codes and messages. This is the only place where an errno becomes a code.
 */
#ifndef SVSHM_BASE_ERROR_H
#define SVSHM_BASE_ERROR_H

#include <stddef.h>

#include "base/debug.h"
#include "svshm.h"

#define SVSHM__MESSAGE_SIZE 1024

/* Answers within the library; none of them leaves it. */
enum {
	SVSHM__RETRY = 100,       /* something changed meanwhile: start again */
	SVSHM__TRY_NEXT_KEY = 101 /* this IPC key is somebody else's */
};

/* System calls whose errnos mean different things. */
enum svshm__call {
	SVSHM__CALL_SHMGET,
	SVSHM__CALL_SHMAT,
	SVSHM__CALL_SHMCTL,
	SVSHM__CALL_SEMGET,
	SVSHM__CALL_SEMOP,
	SVSHM__CALL_SEMCTL,
	SVSHM__CALL_FTOK,
	SVSHM__CALL_FILE /* open, stat, mkdir and so on, of key files */
};

struct svshm__error {
	int code;
	int errnum; /* of the CALL that failed; 0: none has */
	enum svshm__call call;
	char message[SVSHM__MESSAGE_SIZE];
};

/* Record CODE and a message; returns CODE. A NULL error records nothing. */
int svshm__error_set(struct svshm__error *error, int code, const char *format,
		     ...) SVSHM__PRINTF(3, 4);

/*
 * Record the failure of a system call, described by FORMAT as it was called,
 * e.g. "shmat(id=%d)", with errno's meaning and a hint, and return its code.
 * Keeps errno.
 */
int svshm__error_system(struct svshm__error *error, enum svshm__call call,
			int errnum, const char *format, ...)
	SVSHM__PRINTF(4, 5);

/* The message stands for a CALL that the system has refused. */
void svshm__error_refused(struct svshm__error *error, enum svshm__call call);

/* Append to the message. */
void svshm__error_append(struct svshm__error *error, const char *format, ...)
	SVSHM__PRINTF(2, 3);

/* TEXT with bytes that a terminal would act on replaced, into BUFFER. */
const char *svshm__printable(const char *text, char *buffer, size_t size);

#endif
