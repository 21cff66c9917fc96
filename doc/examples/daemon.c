/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon - one instance for each key, with a state that survives it.
 *
 *   daemon [-f] [-r SECONDS] [-u USER] KEY
 *
 *   -f  stay in the foreground, as systemd and other monitors want it
 *   -r  replace the one that runs: wait so long for it to hand over
 *   -u  give up root's rights for those of USER
 *
 * Exit status: 0 started (-f: ended in order), 1 failed, 2 usage, 3 one runs
 * already. An example to copy from:
 *
 *   - Whoever has the object's lock is the daemon, and has it for life. However
 *     he dies, the kernel gives it back: there are no stale pid files.
 *   - Fork first, attach then. A child does not own the lock of its parent, and
 *     would be one more user of the object.
 *   - svshm_set_owner() makes the object USER's: it is used, and removed by the
 *     last, without root's rights.
 *   - An upgrade attaches before the old one leaves: so the state stays.
 *   - Only the daemon itself detaches. Who detaches as the last removes the
 *     object, and with it the state of a daemon that was killed just before.
 */
#define _DEFAULT_SOURCE /* initgroups(), also for compilers told to be strict */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <svshm.h>

enum { STARTED = 0, FAILED = 1, USAGE = 2, RUNS_ALREADY = 3 };

#define TICK_MS 200
#define STATE_FORMAT 1
#define STATE_SIZE 4096 /* objects do not grow: room for later versions */

/*
 * The owner of the lock writes it. Others look at it without the lock, to tell
 * people what they see, and write one word: that they want to be next.
 */
struct state {
	uint32_t format;            /* 0: its maker died before it was ready */
	volatile uint32_t starts;   /* so far: who takes over adds one */
	volatile int32_t successor; /* pid of who wants to take over, or 0 */
	volatile int32_t pid;       /* of the daemon */
	volatile int64_t since;     /* when it took over, by time(2) */
	volatile uint64_t ticks;    /* what it is all about */
};

static bool foreground;
static int replace_seconds;       /* 0: don't */
static const struct passwd *user; /* NULL: as we are */
static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "daemon: %s: %s\n", what, why);
	return FAILED;
}

static void say(const struct state *state, const char *what)
{
	time_t time = (time_t)state->since;
	const char *since = ctime(&time);

	if (state->pid == 0)
		fprintf(stderr, "daemon: one that is not ready, %s\n", what);
	else
		fprintf(stderr, "daemon: pid %ld, since %.24s, tick %llu, %s\n",
			(long)state->pid, since != NULL ? since : "?",
			(unsigned long long)state->ticks, what);
}

/*
 * The usual double fork, with nothing of svshm's attached yet. The starter stays
 * until the daemon works or has failed, and ends with the same status. Only the
 * last child returns, with a pipe to the starter; -1: there is no child.
 */
static int go_background(void)
{
	unsigned char status;
	bool told = false;
	int ends[2];
	pid_t child = pipe(ends) == 0 ? fork() : -1;

	if (child < 0)
		return -1;
	if (child > 0) {
		close(ends[1]); /* or we would wait for ourselves */
		while (read(ends[0], &status, 1) == 1)
			told = true;
		exit(told ? status : fail("start", "killed on the way"));
	}
	close(ends[0]);
	setsid();
	child = fork(); /* who leads no session gets no terminal */
	if (child != 0 || chdir("/") != 0)
		_exit(FAILED); /* which nobody looks at */
	return ends[1];
}

/* If the starter has been killed, nobody is told, and the daemon runs anyway. */
static void tell_starter(int starter, int null, int status)
{
	unsigned char byte = (unsigned char)status;

	signal(SIGPIPE, SIG_IGN);
	if (write(starter, &byte, 1) != 1)
		fail("starter", strerror(errno));
	if (status != STARTED)
		return; /* the starter waits for our end */
	close(starter);
	for (int i = 0; i < 3; i++)
		dup2(null, i); /* whoever reads our output may go on */
}

static int take_lock(struct svshm *handle, struct state *state)
{
	int32_t me = (int32_t)getpid();
	int code = svshm_trylock(handle);

	if (code != SVSHM_BUSY || replace_seconds == 0)
		return code;
	say(state, "is asked to leave");
	for (int i = 0; i < replace_seconds; i++) {
		/* A word, no signal: root should not trust a pid that USER wrote.
		   Again, as one that takes over meanwhile clears it. */
		state->successor = me;
		code = svshm_timedlock(handle, 1000);
		if (code != SVSHM_TIMED_OUT)
			return code;
	}
	if (state->successor == me)
		state->successor = 0;
	/* It may have seen that just before, and hand over now. */
	return svshm_timedlock(handle, 5 * TICK_MS);
}

/* With the lock, got with CODE: this is the daemon from now on. */
static void take_over(struct svshm *handle, struct state *state, int code)
{
	/* After OWNER_DIED, who has more than words checks them, or mends. */
	state->format = STATE_FORMAT;
	state->pid = (int32_t)getpid();
	state->since = (int64_t)time(NULL);
	state->successor = 0;
	state->starts++; /* last: the old one waits for it */
	if (code == SVSHM_OWNER_DIED)
		svshm_make_consistent(handle);
	say(state, "runs from now on");
}

/* After what only root may do. The handle goes on: see svshm_set_owner(). */
static bool give_up_rights(void)
{
	return user == NULL || geteuid() == user->pw_uid ||
	       (initgroups(user->pw_name, user->pw_gid) == 0 &&
		setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0);
}

static int start(struct svshm *handle)
{
	bool made;
	int code;

	if (user != NULL && svshm_set_owner(handle, user->pw_uid) < 0)
		return fail("owner", svshm_error_string(handle));
	code = svshm_open(handle, STATE_SIZE, SVSHM_READ_WRITE, &made);
	if (code < 0)
		return fail("open", svshm_error_string(handle));

	struct state *state = svshm_data(handle);

	if (!made) /* who has made it has the lock already */
		code = take_lock(handle, state);
	if (code == SVSHM_BUSY || code == SVSHM_TIMED_OUT) {
		say(state, "runs already");
		return RUNS_ALREADY;
	}
	if (code < 0)
		return fail("lock", svshm_error_string(handle));
	if (code == SVSHM_OWNER_DIED) /* the proof: it had the lock for life */
		say(state, "died");
	if (state->format != 0 && state->format != STATE_FORMAT)
		return fail("state", "it is another version's");
	if (!give_up_rights()) {
		fail(user->pw_name, strerror(errno));
		if (made) /* there is no state to keep */
			svshm_detach(handle);
		return FAILED;
	}
	take_over(handle, state, code);
	return STARTED;
}

/*
 * Let the successor have the lock, and stay until it has taken over: so the
 * state stays. If the successor is killed on its way, go on.
 */
static void hand_over(struct svshm *handle, struct state *state)
{
	uint32_t starts = state->starts;
	int code = SVSHM_BUSY;

	state->successor = 0;
	say(state, "hands over");
	if (svshm_unlock(handle) < 0) { /* removed by force, detach will say */
		stop = 1;
		return;
	}
	for (int i = 0; i < 100 && !stop && state->starts == starts; i++)
		poll(NULL, 0, 10);
	if (state->starts == starts)
		code = svshm_trylock(handle);
	if (code < 0) /* somebody has it */
		_exit(STARTED);
	take_over(handle, state, code);
}

static int work(struct svshm *handle)
{
	struct state *state = svshm_data(handle);

	while (!stop) {
		state->ticks++;
		poll(NULL, 0, TICK_MS); /* a signal ends it */
		if (state->successor != 0)
			hand_over(handle, state);
	}
	if (svshm_detach(handle) < 0)
		return fail("detach", svshm_error_string(handle));
	return STARTED;
}

static bool read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "fr:u:")) != -1) {
		if (option == 'f')
			foreground = true;
		else if (option == 'r')
			replace_seconds = atoi(optarg);
		else if (option != 'u' || (user = getpwnam(optarg)) == NULL)
			return false;
	}
	return argc - optind == 1 && replace_seconds >= 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	int starter = -1, null;

	do { /* 0, 1 and 2 may be closed; they are for nothing else */
		null = open("/dev/null", O_RDWR);
	} while (null >= 0 && null < 3);
	if (!read_options(argc, argv)) {
		fprintf(stderr, "usage: daemon [-f] [-r SECONDS] [-u USER] "
			"KEY\n");
		return USAGE;
	}
	if (!foreground && (starter = go_background()) < 0)
		return fail("start", strerror(errno));

	struct svshm *handle = svshm_new(argv[optind]);
	int status = handle == NULL ? fail("start", "no memory") :
				      start(handle);

	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (starter >= 0)
		tell_starter(starter, null, status);
	if (status != STARTED)
		_exit(status); /* exit(3) would detach */
	status = work(handle);
	svshm_free(handle);
	return status;
}
