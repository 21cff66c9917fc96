/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An order is a line "VERB KEY MILLISECONDS"; "end" ends it. The answer to hold
 * and go is "ok", that to the others "COUNT MICROSECONDS". A program of Qt's says
 * its version first.
 */
#include <config.h>

#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figures.h"

/* ---- The worker itself, with svshm ---------------------------------------- */

static void need(struct svshm *handle, int code)
{
	if (code >= 0)
		return;
	fprintf(stderr, "worker: %s\n", svshm_error_string(handle));
	exit(1);
}

static struct svshm *new_handle(const char *key, enum svshm_layout layout)
{
	struct svshm *handle = svshm_new(key);

	if (!handle)
		bench_die("svshm_new");
	need(handle, svshm_set_layout(handle, layout));
	return handle;
}

static struct svshm *enter(const char *key, enum svshm_layout layout,
			   int create)
{
	struct svshm *handle = new_handle(key, layout);

	need(handle, create ?
		svshm_create(handle, BENCH_SIZE, SVSHM_READ_WRITE) :
		svshm_attach(handle, SVSHM_READ_WRITE));
	return handle;
}

static void leave(struct svshm *handle)
{
	need(handle, svshm_detach(handle));
	svshm_free(handle);
}

static void measure(const char *key, enum svshm_layout layout, int create,
		    int milliseconds)
{
	double begin, end;
	long count = 0;

	leave(enter(key, layout, create));
	begin = bench_now();
	do {
		leave(enter(key, layout, create));
		count++;
		end = bench_now();
	} while (end - begin < milliseconds * 1e6);
	printf("%ld %.3f\n", count, (end - begin) / 1e3);
}

static void work(enum svshm_layout layout)
{
	struct svshm *held = NULL;
	char line[256];

	while (fgets(line, sizeof(line), stdin)) {
		char verb[16] = "", key[128] = "";
		int milliseconds = 0;

		sscanf(line, "%15s %127s %d", verb, key, &milliseconds);
		if (strcmp(verb, "end") == 0)
			break;
		if (strcmp(verb, "hold") == 0) {
			held = enter(key, layout, 1);
			puts("ok");
		} else if (strcmp(verb, "go") == 0) {
			leave(held);
			puts("ok");
		} else {
			measure(key, layout, strcmp(verb, "create") == 0,
				milliseconds);
		}
		fflush(stdout);
	}
	exit(0);
}

/* ---- From outside ---------------------------------------------------------- */

static void become_worker(const int orders[2], const int answers[2],
			  const struct contender *contender)
{
	if (dup2(orders[0], STDIN_FILENO) < 0 ||
	    dup2(answers[1], STDOUT_FILENO) < 0)
		bench_die("dup2");
	close(orders[0]);
	close(orders[1]);
	close(answers[0]);
	close(answers[1]);
	if (!contender->program)
		work(contender->layout);
	execl(contender->program, contender->program, (char *)NULL);
	bench_die(contender->program);
}

static void await_line(const struct worker *worker, char *line, size_t size)
{
	size_t used = 0;

	while (used + 1 < size && read(worker->answers, line + used, 1) == 1)
		if (line[used++] == '\n')
			break;
	if (used == 0 || line[used - 1] != '\n') {
		fprintf(stderr, "a worker has ended\n");
		exit(1);
	}
	line[used - 1] = '\0';
}

/* NAME: room for the first line of a program of Qt's, or NULL. */
static void start(struct worker *worker, const struct contender *contender,
		  char *name, size_t size)
{
	int orders[2], answers[2];
	char line[32];

	fflush(stdout);
	if (pipe(orders) < 0 || pipe(answers) < 0)
		bench_die("pipe");
	worker->pid = fork();
	if (worker->pid < 0)
		bench_die("fork");
	if (worker->pid == 0)
		become_worker(orders, answers, contender);
	close(orders[0]);
	close(answers[1]);
	worker->orders = orders[1];
	worker->answers = answers[0];
	if (contender->program)
		await_line(worker, name ? name : line,
			   name ? size : sizeof(line));
}

void worker_start(struct worker *worker, const struct contender *contender)
{
	start(worker, contender, NULL, 0);
}

void worker_tell(const struct worker *worker, const char *verb,
		 const char *key, int milliseconds)
{
	char line[256];
	int length = snprintf(line, sizeof(line), "%s %s %d\n", verb, key,
			      milliseconds);

	if (write(worker->orders, line, (size_t)length) != length)
		bench_die("write");
}

/* Not by closing its pipe: those that were started later have that, too. */
void worker_stop(struct worker *worker)
{
	worker_tell(worker, "end", "-", 0);
	close(worker->orders);
	close(worker->answers);
	waitpid(worker->pid, NULL, 0);
}

long worker_await(const struct worker *worker, double *microseconds)
{
	char line[64];
	double duration = 0;
	long count = 0;

	await_line(worker, line, sizeof(line));
	sscanf(line, "%ld %lf", &count, &duration);
	if (microseconds)
		*microseconds = duration;
	return count;
}

int contenders_find(struct contender contenders[CONTENDERS_MAX])
{
	static char programs[1024];
	const char *named = getenv("SVSHM_BENCH_QT");
	int count = 2;

	memset(contenders, 0, CONTENDERS_MAX * sizeof(*contenders));
	strcpy(contenders[0].name, "svshm");
	contenders[0].layout = SVSHM_LAYOUT_NATIVE;
	strcpy(contenders[1].name, "Qt layout");
	contenders[1].layout = SVSHM_LAYOUT_QT;
	snprintf(programs, sizeof(programs), "%s", named ? named : "");
	for (char *program = strtok(programs, " ");
	     program && count < CONTENDERS_MAX; program = strtok(NULL, " ")) {
		struct contender *found = &contenders[count++];
		struct worker worker;

		found->program = program;
		start(&worker, found, found->name, sizeof(found->name));
		worker_stop(&worker);
	}
	return count;
}
