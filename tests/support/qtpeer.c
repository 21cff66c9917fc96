/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "qtpeer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qtwire.h"
#include "support.h"

#define PATIENCE_MS 60000

#define PROGRAMS_MAX 4
static const char *programs[PROGRAMS_MAX];
int qt_program_count;

struct ends {
	const char *program;
	int orders[2], answers[2];
};

static void find_programs(void)
{
	char *names = getenv("SVSHM_QT_PEERS");
	char *name = names ? strtok(strdup(names), " ") : NULL;

	for (; name && qt_program_count < PROGRAMS_MAX; name = strtok(NULL, " "))
		programs[qt_program_count++] = name;
}

int qt_peer_main(Suite *(*make)(void))
{
	find_programs();
	if (qt_program_count == 0) {
		printf("SKIP: there is no Qt here\n");
		return 77;
	}
	return qt_main(make);
}

static int become_peer(void *context)
{
	struct ends *ends = context;

	dup2(ends->orders[0], STDIN_FILENO);
	dup2(ends->answers[1], STDOUT_FILENO);
	for (int i = 0; i < 2; i++) {
		close(ends->orders[i]);
		close(ends->answers[i]);
	}
	/* What Qt makes of bytes in names must not depend on the caller. */
	setenv("LC_ALL", "C.UTF-8", 1);
	execl(ends->program, ends->program, (char *)NULL);
	return 127;
}

static void read_answer(struct qt_peer *peer)
{
	size_t used = 0;

	while (used + 1 < sizeof(peer->answer)) {
		struct pollfd waiting = { peer->answers, POLLIN, 0 };
		ssize_t got;

		if (poll(&waiting, 1, PATIENCE_MS) <= 0)
			ck_abort_msg("gave up waiting for a Qt program");
		got = read(peer->answers, peer->answer + used, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			ck_abort_msg("a Qt program has ended");
		if (peer->answer[used] == '\n')
			break;
		used++;
	}
	peer->answer[used] = '\0';
}

const char *qt_order(const char *verb, const char *text)
{
	static char order[2048];
	size_t used = (size_t)snprintf(order, sizeof(order), "%s ", verb);

	for (; *text && used + 3 < sizeof(order); text++)
		used += (size_t)snprintf(order + used, 3, "%02x",
					 (unsigned char)*text);
	return order;
}

void qt_peer_start(struct qt_peer *peer, int program, const char *key)
{
	struct ends ends = { .program = programs[program] };

	ck_assert_int_eq(pipe(ends.orders), 0);
	ck_assert_int_eq(pipe(ends.answers), 0);
	peer->pid = test_fork(become_peer, &ends);
	close(ends.orders[0]);
	close(ends.answers[1]);
	peer->orders = ends.orders[1];
	peer->answers = ends.answers[0];
	read_answer(peer);
	snprintf(peer->version, sizeof(peer->version), "%.15s", peer->answer);
	if (key)
		qt_expect(peer, qt_order("key", key), "ok");
}

void qt_peer_begin(struct qt_peer *peer, const char *order)
{
	ck_assert_int_eq(write(peer->orders, order, strlen(order)),
			 (int)strlen(order));
	ck_assert_int_eq(write(peer->orders, "\n", 1), 1);
}

const char *qt_peer_end(struct qt_peer *peer)
{
	read_answer(peer);
	return peer->answer;
}

const char *qt_peer_do(struct qt_peer *peer, const char *order)
{
	qt_peer_begin(peer, order);
	return qt_peer_end(peer);
}

void qt_peer_block(struct qt_peer *peer, const char *order)
{
	qt_peer_begin(peer, order);
	test_await_blocked(peer->pid);
}

void qt_peer_leave(struct qt_peer *peer)
{
	/* A child that was forked meanwhile may keep the pipe open. */
	qt_peer_begin(peer, "quit");
	ck_assert_int_eq(test_wait(peer->pid), 0);
	close(peer->orders);
	close(peer->answers);
}

void qt_peer_kill(struct qt_peer *peer)
{
	test_kill(peer->pid);
	close(peer->orders);
	close(peer->answers);
}
