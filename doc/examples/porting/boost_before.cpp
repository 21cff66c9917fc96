// SPDX-License-Identifier: BSD-2-Clause
#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>
#include <sys/wait.h>
#include <unistd.h>
#include <cstdio>
using namespace boost::interprocess;

struct counter {
	interprocess_mutex mutex;
	long number = 0;
};

static void count()
{
	managed_shared_memory memory(open_only, "counter");
	counter *found = memory.find<counter>("counter").first;
	for (int i = 0; i < 1000; i++) {
		scoped_lock<interprocess_mutex> lock(found->mutex);
		++found->number; // who dies here leaves it locked
	}
}

int main()
{
	shared_memory_object::remove("counter"); // if in use, too
	managed_shared_memory memory(create_only, "counter", 65536);
	counter *made = memory.construct<counter>("counter")();
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			count();
			_exit(0);
		}
	while (wait(nullptr) > 0)
		;
	std::printf("%ld\n", made->number);
	shared_memory_object::remove("counter");
}
