/* SPDX-License-Identifier: BSD-2-Clause */
#include <err.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <svshm.h>

static void must(struct svshm *counter, int code)
{
	if (code < 0)
		errx(1, "%s", svshm_error_string(counter));
}

static void lock(struct svshm *counter)
{
	int code = svshm_lock(counter);
	must(counter, code);
	if (code == SVSHM_OWNER_DIED) /* a long is never half done */
		must(counter, svshm_make_consistent(counter));
}

int main(int argc, char **argv)
{
	struct svshm *counter = svshm_new(NULL);
	bool made;
	must(counter, svshm_set_native_key(counter,
					   argc > 1 ? argv[1] : argv[0]));
	int code = svshm_open(counter, sizeof(long), SVSHM_READ_WRITE, &made);
	must(counter, code);
	if (code == SVSHM_ORPHANED)
		warnx("goes on where a crash has ended");
	if (made) /* zeros, and locked until they are filled in */
		must(counter, svshm_unlock(counter));
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			for (int j = 0; j < 1000; j++) {
				lock(counter);
				++*(long *)svshm_data(counter);
				must(counter, svshm_unlock(counter));
			}
			return 0; /* exit() detaches */
		}
	while (wait(NULL) > 0)
		;
	printf("%ld\n", *(const long *)svshm_const_data(counter));
	must(counter, svshm_detach(counter)); /* the last one removes it */
	svshm_free(counter);
	return 0;
}
