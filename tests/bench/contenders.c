/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "contenders.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <unistd.h>

#include "figures.h"
#include "lock/lock.h"
#include "svshm.h"

static void nothing(void)
{
}

/* ---- svshm --------------------------------------------------------------- */

static char key[64];
static struct svshm *maker, *handle;

static void must(int code, const struct svshm *whose)
{
	if (code == SVSHM_OK || code == SVSHM_OWNER_DIED)
		return;
	fprintf(stderr, "bench: %s\n", svshm_error_string(whose));
	exit(1);
}

static void svshm_make_with(unsigned engine)
{
	const char *prefix = getenv("SVSHM_TEST_PREFIX");

	svshm__lock_engine_of_new = engine;
	snprintf(key, sizeof(key), "%s-bench-%ld",
		 prefix ? prefix : "svshm-test", (long)getpid());
	maker = handle = svshm_new(key);
	must(svshm_create(maker, 64, SVSHM_READ_WRITE), maker);
}

static void make_fast(void)
{
	svshm_make_with(SVSHM__LOCK_FAST);
}

static void make_portable(void)
{
	svshm_make_with(SVSHM__LOCK_PORTABLE);
}

static void unmake_svshm(void)
{
	svshm_free(maker);
	maker = handle = NULL;
}

static void enter_svshm(void)
{
	handle = svshm_new(key);
	must(svshm_attach(handle, SVSHM_READ_WRITE), handle);
}

static void leave_svshm(void)
{
	svshm_free(handle);
}

static void lock_svshm(void)
{
	int code = svshm_lock(handle);

	if (code)
		must(code, handle);
}

static void unlock_svshm(void)
{
	int code = svshm_unlock(handle);

	if (code)
		must(code, handle);
}

/* ---- semop --------------------------------------------------------------- */

static int set_id;

static void make_semop(void)
{
	set_id = semget(IPC_PRIVATE, 1, 0600);
	if (set_id < 0)
		bench_die("semget");
}

static void unmake_semop(void)
{
	semctl(set_id, 0, IPC_RMID);
}

static void operate(short change, short flags)
{
	struct sembuf operations[] = {
		{ 0, 0, 0 }, { 0, change, flags }
	};
	int skip = change < 0; /* to give, there is nothing to wait for */

	while (semop(set_id, operations + skip, 2 - (size_t)skip) < 0)
		if (errno != EINTR)
			bench_die("semop");
}

static void lock_semop(void)
{
	operate(1, 0);
}

static void unlock_semop(void)
{
	operate(-1, 0);
}

static void lock_semop_undo(void)
{
	operate(1, SEM_UNDO);
}

static void unlock_semop_undo(void)
{
	operate(-1, SEM_UNDO);
}

/* ---- pthread ------------------------------------------------------------- */

static pthread_mutex_t *mutex;

static void *share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		bench_die("mmap");
	return memory;
}

static void make_mutex(bool robust)
{
	pthread_mutexattr_t attributes;

	mutex = share(sizeof(*mutex));
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	if (robust)
		pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	errno = pthread_mutex_init(mutex, &attributes);
	if (errno)
		bench_die("pthread_mutex_init");
}

static void make_robust(void)
{
	make_mutex(true);
}

static void make_shared(void)
{
	make_mutex(false);
}

static void unmake_mutex(void)
{
	munmap(mutex, sizeof(*mutex));
}

static void lock_mutex(void)
{
	if (pthread_mutex_lock(mutex) == EOWNERDEAD)
		pthread_mutex_consistent(mutex);
}

static void unlock_mutex(void)
{
	pthread_mutex_unlock(mutex);
}

/* ---- A bare word --------------------------------------------------------- */

static uint32_t *word;

static void make_word(void)
{
	word = share(sizeof(*word));
}

static void unmake_word(void)
{
	munmap(word, sizeof(*word));
}

static void lock_word(void)
{
	while (!svshm__exchange_if(word, 0, 1))
		svshm__relax();
}

static void unlock_word(void)
{
	svshm__store(word, 0);
}

const struct contender contenders[] = {
	{ "svshm fast", true, true, make_fast, unmake_svshm, enter_svshm,
	  leave_svshm, lock_svshm, unlock_svshm },
	{ "svshm portable", true, true, make_portable, unmake_svshm,
	  enter_svshm, leave_svshm, lock_svshm, unlock_svshm },
	{ "robust mutex", true, true, make_robust, unmake_mutex, nothing,
	  nothing, lock_mutex, unlock_mutex },
	{ "plain mutex", false, true, make_shared, unmake_mutex, nothing,
	  nothing, lock_mutex, unlock_mutex },
	{ "semop, undo", true, true, make_semop, unmake_semop, nothing,
	  nothing, lock_semop_undo, unlock_semop_undo },
	{ "semop", false, true, make_semop, unmake_semop, nothing, nothing,
	  lock_semop, unlock_semop },
	{ "bare CAS", false, false, make_word, unmake_word, nothing, nothing,
	  lock_word, unlock_word },
};

const int contender_count = sizeof(contenders) / sizeof(*contenders);
