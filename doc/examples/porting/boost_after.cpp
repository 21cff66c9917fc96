// SPDX-License-Identifier: BSD-2-Clause
#include <sys/wait.h>
#include <unistd.h>
#include <cstdio>
#include <stdexcept>
#include <svshm.h>

struct memory { // a guard of the program's own
	svshm *const it = svshm_new("counter");
	~memory() { svshm_free(it); }
	int must(int code) const
	{
		if (code < 0)
			throw std::runtime_error(svshm_error_string(it));
		return code;
	}
};

static void count()
{
	memory shared;
	shared.must(svshm_attach(shared.it, SVSHM_READ_WRITE));
	long *number = static_cast<long *>(svshm_data(shared.it));
	for (int i = 0; i < 1000; i++) {
		if (shared.must(svshm_lock(shared.it)) == SVSHM_OWNER_DIED)
			svshm_make_consistent(shared.it);
		++*number; // who dies here gives the lock to another
		shared.must(svshm_unlock(shared.it));
	}
}

int main()
{
	memory shared;
	if (shared.must(svshm_create(shared.it, sizeof(long),
				     SVSHM_READ_WRITE)) == SVSHM_ORPHANED)
		std::fprintf(stderr, "replaces what a crash has left\n");
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			count();
			return 0;
		}
	while (wait(nullptr) > 0)
		;
	std::printf("%ld\n", *static_cast<long *>(svshm_data(shared.it)));
	// the last detach, in the destructor, removes it
}
