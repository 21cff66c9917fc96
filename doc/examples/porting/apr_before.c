/* SPDX-License-Identifier: BSD-2-Clause */
#include <apr_general.h>
#include <apr_global_mutex.h>
#include <apr_shm.h>
#include <err.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOCK "counter.lock"

static void must(apr_status_t status)
{
	char text[100];
	if (status != APR_SUCCESS)
		errx(1, "%s", apr_strerror(status, text, sizeof(text)));
}

int main(void)
{
	apr_pool_t *pool;
	apr_shm_t *memory;
	apr_global_mutex_t *lock;
	must(apr_initialize());
	must(apr_pool_create(&pool, NULL));
	apr_shm_remove("counter.shm", pool); /* left over, or in use */
	must(apr_shm_create(&memory, sizeof(long), "counter.shm", pool));
	must(apr_global_mutex_create(&lock, LOCK, APR_LOCK_DEFAULT, pool));
	long *number = apr_shm_baseaddr_get(memory);
	*number = 0;
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			must(apr_global_mutex_child_init(&lock, LOCK,
							 pool));
			for (int j = 0; j < 1000; j++) {
				must(apr_global_mutex_lock(lock));
				++*number;
				must(apr_global_mutex_unlock(lock));
			}
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	printf("%ld\n", *number);
	apr_terminate(); /* the pool's cleanups remove both */
}
