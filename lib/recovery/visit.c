/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "recovery/visit.h"

#include <pthread.h>

#include "memory/attachment.h"

/*
 * On the visiting threads' stacks; a forked child has only one of them. [mapping
 * mutex]
 */
static uint32_t generation;
static struct visit {
	const struct svshm_object *object;
	const struct svshm__evidence *evidence;
	struct svshm__pids *pids;
	pthread_t thread;
	struct visit *next;
} *first;

static void forget_parents_visits(void)
{
	if (generation == svshm__fork_generation())
		return;
	generation = svshm__fork_generation();
	first = NULL;
}

int svshm__visit(const struct svshm_object *object,
		 const struct svshm__evidence *evidence,
		 struct svshm__pids *pids, svshm_visit *visit, void *context)
{
	struct visit mine = { object, evidence, pids, pthread_self(), NULL };
	struct visit **link;

	svshm__attachment_mutex_lock();
	forget_parents_visits();
	mine.next = first;
	first = &mine;
	svshm__attachment_mutex_unlock();

	int code = visit(object, context);

	svshm__attachment_mutex_lock();
	forget_parents_visits();
	for (link = &first; *link && *link != &mine; link = &(*link)->next)
		;
	/* Gone, if the visit has forked and this is the child. */
	if (*link)
		*link = mine.next;
	svshm__attachment_mutex_unlock();
	return code;
}

const struct svshm__evidence *
svshm__visit_evidence(const struct svshm_object *object)
{
	const struct svshm__evidence *evidence = NULL;

	svshm__attachment_mutex_lock();
	forget_parents_visits();
	for (const struct visit *visit = first; visit; visit = visit->next)
		if (visit->object == object)
			evidence = visit->evidence;
	svshm__attachment_mutex_unlock();
	return evidence;
}

struct svshm__pids *svshm__visit_pids(const struct svshm_object *object)
{
	struct svshm__pids *pids = NULL;

	svshm__attachment_mutex_lock();
	forget_parents_visits();
	for (const struct visit *visit = first; visit; visit = visit->next)
		if (visit->object == object &&
		    pthread_equal(visit->thread, pthread_self()))
			pids = visit->pids;
	svshm__attachment_mutex_unlock();
	return pids;
}
