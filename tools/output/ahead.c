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

/* What goes into one call. */
#define PIECE ((size_t)2 << 20)

/* There is nothing more to take. */
static void ahead_stop(struct ahead *ahead)
{
	pthread_mutex_lock(&ahead->mutex);
	ahead->taken = ahead->size;
	pthread_mutex_unlock(&ahead->mutex);
}

/* The next piece that nobody has taken, if it begins before END; or 0. */
static size_t take(struct ahead *ahead, size_t end, char **piece)
{
	size_t size = 0;

	pthread_mutex_lock(&ahead->mutex);
	if (ahead->taken < ahead->size && ahead->taken < end) {
		size = ahead->size - ahead->taken;
		if (size > PIECE)
			size = PIECE;
		*piece = ahead->data + ahead->taken;
		ahead->taken += size;
	}
	pthread_mutex_unlock(&ahead->mutex);
	return size;
}

/*
 * It only asks, and stops when it is refused: if memory is missing, the copy meets
 * that by itself, where it can be told.
 */
static void bring_in(struct ahead *ahead, size_t end)
{
	int advice = ahead->writes ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
	char *piece;
	size_t size;

	while ((size = take(ahead, end, &piece)) > 0)
		if (madvise(piece, size, advice) != 0)
			ahead_stop(ahead);
}

static void *go_ahead(void *context)
{
	struct ahead *ahead = context;

	bring_in(ahead, ahead->size);
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
	ahead->taken = 0;
	if (pthread_mutex_init(&ahead->mutex, NULL) != 0)
		return;
	ahead->running = start(ahead);
	if (!ahead->running)
		pthread_mutex_destroy(&ahead->mutex);
}

void ahead_reach(struct ahead *ahead, size_t end)
{
	if (ahead->running)
		bring_in(ahead, end);
}

void ahead_end(struct ahead *ahead)
{
	if (!ahead->running)
		return;
	ahead_stop(ahead);
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

void ahead_reach(struct ahead *ahead, size_t end)
{
	(void)ahead, (void)end;
}

void ahead_end(struct ahead *ahead)
{
	(void)ahead;
}

#endif
