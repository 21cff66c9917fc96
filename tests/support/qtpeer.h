/* SPDX-License-Identifier: BSD-2-Clause */
/* A program of Qt's that does what it is told: tests/qt/peer.cpp. */
#ifndef SVSHM_TEST_QTPEER_H
#define SVSHM_TEST_QTPEER_H

#include <check.h>
#include <stdbool.h>
#include <sys/types.h>

struct qt_peer {
	pid_t pid;
	int orders, answers; /* pipes */
	char version[16];
	char answer[4096]; /* to the last order, without the newline */
};

/* How many programs $SVSHM_QT_PEERS names: one for Qt 5 and one for Qt 6. */
extern int qt_program_count;

/* qt_main(); a skip, where there are none. */
int qt_peer_main(Suite *(*make)(void));

/* Add TEST, which is run with each of these programs. */
#define qt_peer_add(tcase, test) \
	tcase_add_loop_test((tcase), (test), 0, qt_program_count)

/* Start the PROGRAMth, with an object of its own for KEY. */
void qt_peer_start(struct qt_peer *peer, int program, const char *key);

/* Let it begin; await the answer, 60 seconds at most; or both. */
void qt_peer_begin(struct qt_peer *peer, const char *order);
const char *qt_peer_end(struct qt_peer *peer);
const char *qt_peer_do(struct qt_peer *peer, const char *order);

/* Fail the test unless the answer to ORDER is EXPECTED. */
#define qt_expect(peer, order, expected) \
	ck_assert_str_eq(qt_peer_do((peer), (order)), (expected))
#define qt_expect_end(peer, expected) \
	ck_assert_str_eq(qt_peer_end(peer), (expected))

/* Let it begin, and wait until it waits for a semaphore. */
void qt_peer_block(struct qt_peer *peer, const char *order);

/* End it: in good order, or by SIGKILL. */
void qt_peer_leave(struct qt_peer *peer);
void qt_peer_kill(struct qt_peer *peer);

/* How QSharedMemory numbers its errors. */
#define QT_KEY_ERROR "error 3"
#define QT_ALREADY_EXISTS "error 4"
#define QT_NOT_FOUND "error 5"

/* The key KEY, or native key, as an order. */
const char *qt_order(const char *verb, const char *text);

#endif
