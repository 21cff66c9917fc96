/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "output/ahead.h"

#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#if HAVE_DECL_MADV_POPULATE_READ && HAVE_DECL_MADV_POPULATE_WRITE

/* Less takes no longer than a thread. */
#define LEAST ((size_t)16 << 20)

/* What goes into one call: while it runs, the memory cannot be unmapped. */
#define PIECE ((size_t)2 << 20)

static bool is_stopped(struct ahead *ahead)
{
	bool stopped;

	pthread_mutex_lock(&ahead->mutex);
	stopped = ahead->stopped;
	pthread_mutex_unlock(&ahead->mutex);
	return stopped;
}

/*
 * It only asks, and stops when it is refused: if memory is missing, the copy meets
 * that by itself, where it can be told.
 */
static void *go_ahead(void *context)
{
	struct ahead *ahead = context;
	int advice = ahead->writes ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
	size_t done = 0, piece;

	while (done < ahead->size && !is_stopped(ahead)) {
		piece = ahead->size - done < PIECE ? ahead->size - done : PIECE;
		if (madvise(ahead->data + done, piece, advice) != 0)
			break;
		done += piece;
	}
	return NULL;
}

/* Signals are for the thread that copies. */
static bool start(struct ahead *ahead)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	if (pthread_sigmask(SIG_BLOCK, &all, &before) != 0)
		return false;
	error = pthread_create(&ahead->thread, NULL, go_ahead, ahead);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error == 0;
}

void ahead_begin(struct ahead *ahead, const void *data, size_t size,
		 bool writes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t before = (page - (uintptr_t)data % page) % page;

	ahead->running = false;
	if (size < LEAST)
		return;
	ahead->data = (char *)(uintptr_t)data + before;
	ahead->size = (size - before) / page * page;
	ahead->writes = writes;
	ahead->stopped = false;
	if (pthread_mutex_init(&ahead->mutex, NULL) != 0)
		return;
	ahead->running = start(ahead);
	if (!ahead->running)
		pthread_mutex_destroy(&ahead->mutex);
}

void ahead_end(struct ahead *ahead)
{
	if (!ahead->running)
		return;
	pthread_mutex_lock(&ahead->mutex);
	ahead->stopped = true;
	pthread_mutex_unlock(&ahead->mutex);
	pthread_join(ahead->thread, NULL);
	pthread_mutex_destroy(&ahead->mutex);
	ahead->running = false;
}

#else

void ahead_begin(struct ahead *ahead, const void *data, size_t size,
		 bool writes)
{
	(void)data, (void)size, (void)writes;
	ahead->running = false;
}

void ahead_end(struct ahead *ahead)
{
	(void)ahead;
}

#endif
