/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Other processes: is the one alive that had a pid at some time, or is that
 * pid another's by now?
 *
 * The kernel keeps pids beside segments and semaphores, and uses pids again. A
 * process that has the pid now but was started later is another one. Times of
 * objects are the clock's, start times count from the boot: if the clock has
 * been set forward since, the maker of an object may seem younger than what it
 * made. An object older than the boot proves that, and then every process
 * counts as old. Whatever cannot be told counts as alive or not known, never as
 * dead.
 */
#ifndef SVSHM_RECOVERY_PIDS_H
#define SVSHM_RECOVERY_PIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum svshm__life { SVSHM__LIFE_UNKNOWN, SVSHM__LIFE_DEAD, SVSHM__LIFE_ALIVE };

#define SVSHM__PIDS_KEPT 64 /* a power of two */

struct svshm__process_seen {
	pid_t pid, parent;
	uid_t uid;
	int64_t start_time; /* 0: not known */
};

/*
 * What has been found out during one scan: nobody wants to look at the same
 * process a thousand times. Begin with zeros.
 */
struct svshm__pids {
	struct {
		pid_t pid; /* 0: an empty place */
		bool exists;
		int64_t start_time; /* 0: not known */
	} kept[SVSHM__PIDS_KEPT];
	bool listed;                     /* the next two have been tried for */
	int64_t listed_time;             /* when that began: by the clock, */
	int64_t listed_at;               /* and by svshm__process_now() */
	struct svshm__process_seen *all; /* NULL: not to be had */
	size_t count;
	/* The last answer of svshm__pids_older(): thousands of sets have the
	   same owner. */
	uid_t user, creator;
	const struct svshm__process_seen *eldest; /* NULL: there is none */
	bool answered;
};

void svshm__pids_free(struct svshm__pids *pids);

/*
 * To be asked again, about an object that was used last at TIME: forgets what
 * can have changed. To list all processes takes as long as to judge hundreds of
 * sets. So the list stays for a second, unless who has been started since can
 * have been there at TIME.
 */
void svshm__pids_renew(struct svshm__pids *pids, int64_t time);

/* The process that had PID at TIME (seconds since the Epoch, 0: always). */
enum svshm__life svshm__pids_of(struct svshm__pids *pids, pid_t pid,
				int64_t time);

/*
 * Is there a living process that was there at TIME and runs as USER or CREATOR?
 * A CREATOR of 0 with another USER is a daemon that was started by root and has
 * children of USER: of root's processes, of which there are always some, only
 * such parents count then. ALIVE, and its pid; DEAD: there is none; UNKNOWN,
 * also where there can be others, in another pid namespace.
 */
enum svshm__life svshm__pids_older(struct svshm__pids *pids, uid_t user,
				   uid_t creator, int64_t time, pid_t *pid);

#endif
