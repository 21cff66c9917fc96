/* SPDX-License-Identifier: BSD-2-Clause */
#include <apr_general.h>
#include <err.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <svshm.h>

static int must(struct svshm *memory, int code)
{
	if (code < 0)
		errx(1, "%s", svshm_error_string(memory));
	return code;
}

static apr_status_t cleanup(void *memory)
{
	svshm_free(memory); /* the last one removes the object */
	return APR_SUCCESS;
}

int main(void)
{
	apr_pool_t *pool;
	if (apr_initialize() || apr_pool_create(&pool, NULL))
		errx(1, "no pool");
	struct svshm *memory = svshm_new("counter");
	apr_pool_cleanup_register(pool, memory, cleanup, cleanup);
	if (must(memory, svshm_create(memory, sizeof(long),
				      SVSHM_READ_WRITE)) == SVSHM_ORPHANED)
		warnx("replaces what a crash has left");
	for (int i = 0; i < 4; i++)
		if (fork() == 0) { /* the handle is good in a child */
			for (int j = 0; j < 1000; j++) {
				if (must(memory, svshm_lock(memory)) ==
				    SVSHM_OWNER_DIED) /* no half long */
					svshm_make_consistent(memory);
				++*(long *)svshm_data(memory);
				must(memory, svshm_unlock(memory));
			}
			return 0;
		}
	while (wait(NULL) > 0)
		;
	printf("%ld\n", *(const long *)svshm_const_data(memory));
	apr_terminate();
}
