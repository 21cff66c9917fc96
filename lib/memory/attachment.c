/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "memory/attachment.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/atomic.h"
#include "kernel/process.h"
#include "memory/slots.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t readers_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct svshm__attachment *first;
uint32_t svshm__registration_epoch = 1;

/* ---- Fork ---------------------------------------------------------------- */

#ifdef HAVE_PTHREAD_ATFORK

uint32_t svshm__forks = 1;

/*
 * The header of what a forked child would have as a user, not as a mere reader;
 * else NULL. What is mapped when a fork begins stays so until it has ended: the
 * mutex is held, and who unmaps has taken the entry out of the list.
 */
static struct svshm__header *
header_for_child(const struct svshm__attachment *attachment)
{
	if (attachment->reader || svshm__attachment_left(attachment))
		return NULL;
	return attachment->base[SVSHM_READ_WRITE] ?
		       attachment->base[SVSHM_READ_WRITE] :
		       attachment->base[SVSHM_READ_ONLY];
}

/*
 * A child has the memory from its first moment, and may live on it without ever
 * calling us. So it is counted here: see "Children" at the head of
 * object/object.c. And it has one thread; no mutex may be held by one it hasn't.
 */
static void before_fork(void)
{
	struct svshm__header *header;

	pthread_mutex_lock(&readers_mutex);
	pthread_mutex_lock(&mutex);
	for (struct svshm__attachment *one = first; one; one = one->next) {
		header = header_for_child(one);
		if (!header)
			continue;
		svshm__store(&header->fork_time,
			     (uint32_t)svshm__process_clock());
		svshm__add(&header->forks, 1);
	}
}

static void in_parent(void)
{
	pthread_mutex_unlock(&mutex);
	pthread_mutex_unlock(&readers_mutex);
}

static void in_child(void)
{
	struct svshm__header *header;

	svshm__forks++;
	svshm__add(&svshm__registration_epoch, 1);
	for (struct svshm__attachment *one = first; one; one = one->next) {
		header = header_for_child(one);
		if (header && !svshm__child_count(one->set_id)) {
			svshm__store(&one->counted, svshm__forks);
			svshm__add(&header->births, 1);
		}
	}
	in_parent();
}

static void watch_forks(void)
{
	pthread_atfork(before_fork, in_parent, in_child);
}

#else

/* POSIX has had it as long as threads. Without it, who forks while another
   thread is in here leaves the child a mutex that nobody gives back. */
static void watch_forks(void)
{
}

/* The process id tells as well, at the price of a system call. */
uint32_t svshm__fork_generation(void)
{
	return (uint32_t)getpid();
}

#endif

/* Forks are watched before any mutex is ever taken: else a fork by another
   thread could leave the child a mutex that nobody will give back. */
static void take(pthread_mutex_t *which)
{
	pthread_once(&once, watch_forks);
	pthread_mutex_lock(which);
}

/* ---- The mutexes ---------------------------------------------------------- */

void svshm__attachment_mutex_lock(void)
{
	take(&mutex);
}

void svshm__attachment_mutex_unlock(void)
{
	pthread_mutex_unlock(&mutex);
}

void svshm__attachment_readers_lock(void)
{
	take(&readers_mutex);
}

void svshm__attachment_readers_unlock(void)
{
	pthread_mutex_unlock(&readers_mutex);
}

/* ---- The list ------------------------------------------------------------ */

/* [mutex] */
static struct svshm__attachment *find(int segment_id)
{
	struct svshm__attachment *found = first;

	while (found && found->segment_id != segment_id)
		found = found->next;
	return found;
}

bool svshm__attachment_find(int segment_id, int *set_id)
{
	const struct svshm__attachment *found;

	svshm__attachment_mutex_lock();
	found = find(segment_id);
	if (found)
		*set_id = found->set_id;
	svshm__attachment_mutex_unlock();
	return found != NULL;
}

struct svshm__attachment *svshm__attachment_acquire(int segment_id,
						    enum svshm_access access)
{
	struct svshm__attachment *found;

	svshm__attachment_mutex_lock();
	found = find(segment_id);
	if (found)
		found->references[access]++;
	svshm__attachment_mutex_unlock();
	return found;
}

struct svshm__attachment *svshm__attachment_borrow(int segment_id,
						   void **mapping)
{
	struct svshm__attachment *found;

	svshm__attachment_mutex_lock();
	found = find(segment_id);
	if (found) {
		found->references[SVSHM_READ_ONLY]++;
		*mapping = found->base[SVSHM_READ_WRITE] ?
				   found->base[SVSHM_READ_WRITE] :
				   found->base[SVSHM_READ_ONLY];
	}
	svshm__attachment_mutex_unlock();
	return found;
}

void svshm__attachment_insert(struct svshm__attachment *attachment,
			      enum svshm_access access)
{
	svshm__attachment_mutex_lock();
	attachment->references[access] = 1;
	attachment->next = first;
	first = attachment;
	svshm__attachment_mutex_unlock();
}

void svshm__attachment_drop(const struct svshm__attachment *attachment)
{
	struct svshm__attachment **link = &first;

	while (*link != attachment)
		link = &(*link)->next;
	*link = attachment->next;
}

struct svshm__attachment *svshm__attachment_leave_next(void)
{
	struct svshm__attachment *next;

	svshm__attachment_mutex_lock();
	for (next = first; next; next = next->next)
		if (!svshm__attachment_left(next) && !next->reader)
			break;
	if (next) {
		next->references[SVSHM_READ_ONLY]++;
		svshm__store(&next->left, 1);
	}
	svshm__attachment_mutex_unlock();
	return next;
}

int svshm__attachment_at_exit(void (*handler)(void), struct svshm__error *error)
{
	static void (*registered[2])(void); /* [mutex] one for each layout */
	bool done = false;

	svshm__attachment_mutex_lock();
	for (int i = 0; i < 2 && !done; i++) {
		if (!registered[i] && atexit(handler) == 0)
			registered[i] = handler;
		done = registered[i] == handler;
	}
	svshm__attachment_mutex_unlock();
	if (done)
		return SVSHM_OK;
	return svshm__error_set(error, SVSHM_OUT_OF_RESOURCES,
				"atexit() has no room for another handler");
}

/* ---- Registration --------------------------------------------------------- */

void svshm__attachment_discount(struct svshm__attachment *attachment)
{
	if (!svshm__attachment_counted(attachment))
		return;
	svshm__store(&attachment->counted, 0);
	svshm__child_discount(attachment->set_id);
}

void svshm__attachment_set_slot(struct svshm__attachment *attachment, int slot,
				uint32_t registration)
{
	/* The owner that a forked child has inherited is its parent's. */
	svshm__store_relaxed(&attachment->lock_thread, 0);
	attachment->slot = slot;
	attachment->lock_mark = svshm__lock_mark((unsigned)slot, registration);
	svshm__store(&attachment->generation, svshm__fork_generation());
	svshm__add(&svshm__registration_epoch, 1);
}
