/* SPDX-License-Identifier: BSD-2-Clause */
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

static void count(struct svshm *memory)
{
	must(memory, svshm_attach(memory, SVSHM_READ_WRITE));
	for (int i = 0; i < 1000; i++) {
		if (must(memory, svshm_lock(memory)) == SVSHM_OWNER_DIED)
			svshm_make_consistent(memory); /* no half long */
		++*(long *)svshm_data(memory);
		must(memory, svshm_unlock(memory));
	}
	svshm_free(memory); /* detaches */
}

int main(void)
{
	struct svshm *memory = svshm_new("counter");
	if (must(memory, svshm_create(memory, sizeof(long),
				      SVSHM_READ_WRITE)) == SVSHM_ORPHANED)
		warnx("replaces what a crash has left");
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			count(svshm_new("counter"));
			return 0;
		}
	while (wait(NULL) > 0)
		;
	printf("%ld\n", *(const long *)svshm_const_data(memory));
	svshm_free(memory); /* the last one: nothing is left */
}
