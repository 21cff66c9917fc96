/* SPDX-License-Identifier: BSD-2-Clause */
#include <err.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <svshm.h>

static int must(struct svshm *counter, int code)
{
	if (code < 0)
		errx(1, "%s", svshm_error_string(counter));
	return code;
}

int main(int argc, char **argv)
{
	struct svshm *counter = svshm_new(NULL);
	bool made;
	must(counter, svshm_set_native_key(counter, argv[argc - 1]));
	int code = must(counter, svshm_open(counter, sizeof(long),
					    SVSHM_READ_WRITE, &made));
	if (code == SVSHM_ORPHANED)
		warnx("goes on where a crash has ended");
	if (made) /* and locked, to be filled in */
		must(counter, svshm_unlock(counter));
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			for (int j = 0; j < 1000; j++) {
				if (must(counter, svshm_lock(counter)) ==
				    SVSHM_OWNER_DIED) /* no half long */
					svshm_make_consistent(counter);
				++*(long *)svshm_data(counter);
				must(counter, svshm_unlock(counter));
			}
			return 0; /* exit() detaches */
		}
	while (wait(NULL) > 0)
		;
	printf("%ld\n", *(const long *)svshm_const_data(counter));
	svshm_free(counter); /* the last one to detach removes it */
}
