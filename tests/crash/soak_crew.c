/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "soak.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 60000

struct worker workers[WORKERS];
unsigned long kills;

const char *const order_names[] = {
	"create", "attach", "detach", "work", "inspect", "scan", "recover",
	"exit"
};

void hire(struct worker *worker)
{
	static uint32_t generation;
	int requests[2], answers[2];

	if (pipe(requests) < 0 || pipe(answers) < 0) {
		perror("pipe");
		exit(99);
	}
	fflush(NULL);
	memset(worker, 0, sizeof(*worker));
	worker->name = ++generation * WORKERS + (uint32_t)(worker - workers);
	worker->pid = fork();
	if (worker->pid < 0) {
		perror("fork");
		exit(99);
	}
	if (worker->pid == 0) {
		/* Else a worker would outlive its master. */
		for (int i = 0; i < WORKERS; i++)
			if (workers[i].pid > 0)
				close(workers[i].requests);
		close(requests[1]);
		serve(worker->name, requests[0], answers[1]);
	}
	close(requests[0]);
	close(answers[1]);
	worker->requests = requests[1];
	worker->answers = answers[0];
	for (int i = 0; i < KEYS; i++)
		worker->answer.segment_id[i] = -1;
}

static void bury(struct worker *worker)
{
	int status;

	waitpid(worker->pid, &status, 0);
	if (WIFSIGNALED(status) ? WTERMSIG(status) != SIGKILL :
				  WEXITSTATUS(status) != 0)
		fail("worker %ld died by itself, status 0x%x, in %s of key %d",
		     (long)worker->pid, (unsigned)status,
		     order_names[worker->request.order], worker->request.key);
	close(worker->requests);
	close(worker->answers);
	worker->pid = 0;
}

static bool fits(enum order order, int code)
{
	switch (code) {
	case SVSHM_OK:
		return true;
	case SVSHM_ORPHANED:
		return order == CREATE || order == ATTACH;
	case SVSHM_ALREADY_ATTACHED:
		return order == CREATE || order == ATTACH;
	case SVSHM_ALREADY_EXISTS:
		return order == CREATE || order == WORK;
	case SVSHM_NOT_FOUND:
		return order == ATTACH || order == INSPECT;
	case SVSHM_NOT_ATTACHED:
		return order == DETACH;
	case SVSHM_TIMED_OUT:
		return order == WORK;
	case SVSHM_REMOVED:
		return order == DETACH || order == WORK;
	/* The set was removed under somebody who lives. */
	case SVSHM_BUSY:
		return order == ATTACH || order == WORK;
	default:
		return false;
	}
}

bool take_answer(struct worker *worker, int timeout_ms)
{
	struct pollfd wanted = { worker->answers, POLLIN, 0 };

	if (!worker->busy)
		return true;
	if (poll(&wanted, 1, timeout_ms) <= 0)
		return false;
	if (read(worker->answers, &worker->answer, sizeof(worker->answer)) !=
	    (ssize_t)sizeof(worker->answer)) {
		bury(worker);
		hire(worker);
		return true;
	}
	worker->busy = false;
	if (!fits(worker->request.order, worker->answer.code))
		fail("%s of key %d: %d: %s",
		     order_names[worker->request.order], worker->request.key,
		     worker->answer.code, worker->answer.message);
	return true;
}

void order(struct worker *worker, const struct request *request)
{
	if (!take_answer(worker, 0))
		return;
	worker->request = *request;
	worker->busy = true;
	if (write(worker->requests, request, sizeof(*request)) < 0)
		fail("worker %ld is gone", (long)worker->pid);
}

void stop(struct worker *worker, bool stopped)
{
	worker->stopped = stopped;
	kill(worker->pid, stopped ? SIGSTOP : SIGCONT);
}

void kill_one(struct worker *worker)
{
	kills++;
	board->doomed[worker->name % WORKERS] = worker->name;
	kill(worker->pid, SIGKILL);
	bury(worker);
	hire(worker);
}

void let_all_go_on(void)
{
	for (int i = 0; i < WORKERS; i++)
		if (workers[i].stopped)
			stop(&workers[i], false);
}

void await_all(void)
{
	let_all_go_on();
	for (int i = 0; i < WORKERS; i++) {
		struct worker *worker = &workers[i];

		if (take_answer(worker, PATIENCE_MS))
			continue;
		fail("worker %ld hangs in %s of key %d", (long)worker->pid,
		     order_names[worker->request.order], worker->request.key);
		kill_one(worker);
	}
}

void dismiss_all(void)
{
	struct request leave = { LEAVE, 0, 0 };

	await_all();
	for (int i = 0; i < WORKERS; i++) {
		if (write(workers[i].requests, &leave, sizeof(leave)) < 0)
			fail("worker %ld is gone", (long)workers[i].pid);
		workers[i].request = leave;
		bury(&workers[i]);
	}
}
