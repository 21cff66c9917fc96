// SPDX-License-Identifier: BSD-2-Clause
//
// doc/examples/svshm.hpp: the standard's locks work with it, an owner that died is
// told by an exception or repaired, and no exception leaves the lock held.
//
//   cxx_memory KEY
#include "svshm.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>

using svshmxx::memory;

static std::string key;

static void expect(bool holds, const char *what, int line)
{
	if (holds)
		return;
	std::fprintf(stderr, "cxx_memory.cpp:%d: %s\n", line, what);
	std::exit(1);
}
#define EXPECT(condition) expect((condition), #condition, __LINE__)

// The code of the error that CALL throws, 0 if none.
#define CODE_OF(call) code_of([&] { call; })

template <class Call> static int code_of(Call call)
{
	try {
		call();
	} catch (const svshmxx::error &error) {
		EXPECT(*error.what() != '\0');
		return error.code();
	}
	return 0;
}

struct counters {
	long first, second;
};

// Runs BODY in another process that dies without any exit handler.
template <class Body> static pid_t process(Body body)
{
	const pid_t child = fork();

	if (child == 0) {
		body();
		_exit(0);
	}
	EXPECT(child > 0);
	return child;
}

static void ended(pid_t child)
{
	int status = 1;

	EXPECT(waitpid(child, &status, 0) == child && status == 0);
}

static void attach_and_count()
{
	memory mine(key);

	mine.attach();
	for (int i = 0; i < 1000; i++) {
		std::unique_lock<memory> guard(mine);

		mine.as<counters>()->first++;
		mine.as<counters>()->second++;
	}
	mine.detach();
}

static void two_processes(memory &shared)
{
	const pid_t one = process(attach_and_count);
	const pid_t two = process(attach_and_count);

	ended(one);
	ended(two);

	std::lock_guard<memory> guard(shared);

	EXPECT(shared.as<counters>()->first == 2000);
	EXPECT(shared.as<counters>()->second == 2000);
}

// Nobody holds it: another process can take it.
static void expect_free()
{
	ended(process([] {
		memory other(key);

		other.attach();
		EXPECT(svshm_trylock(other.handle()) >= 0);
		other.unlock();
		other.detach();
	}));
}

static void owned_by_another(memory &shared)
{
	std::unique_lock<memory> guard(shared);

	ended(process([] {
		using std::chrono::milliseconds;
		memory other(key);

		other.attach();
		EXPECT(!other.try_lock());
		EXPECT(!other.try_lock_for(std::chrono::microseconds(1500)));
		EXPECT(!other.try_lock_for(milliseconds(-1)));
		EXPECT(!other.try_lock_until(std::chrono::system_clock::now() +
					     milliseconds(2)));
		std::unique_lock<memory> late(other, milliseconds(1));
		EXPECT(!late.owns_lock());
		other.detach();
	}));
	EXPECT(CODE_OF(shared.lock()) == SVSHM_DEADLOCK);
	guard.unlock();
	EXPECT(guard.try_lock_for(std::chrono::hours(1)));
	guard.unlock();
	EXPECT(guard.try_lock());
}

static void die_with_the_lock()
{
	ended(process([] {
		memory other(key);

		other.attach();
		other.lock();
		other.as<counters>()->second++;
		_exit(0);
	}));
}

static void owner_died(memory &shared)
{
	int repairs = 0;

	die_with_the_lock();
	EXPECT(CODE_OF(std::lock_guard<memory> guard(shared)) ==
	       SVSHM_OWNER_DIED);
	expect_free();
	// It is told again, and by each of them.
	EXPECT(CODE_OF(shared.try_lock()) == SVSHM_OWNER_DIED);
	EXPECT(CODE_OF(shared.try_lock_for(std::chrono::seconds(1))) ==
	       SVSHM_OWNER_DIED);
	expect_free();

	shared.on_owner_died([&](memory &) { throw repairs++; });
	try {
		std::lock_guard<memory> guard(shared);
		EXPECT(false);
	} catch (int) {
	}
	EXPECT(repairs == 1);
	expect_free();

	shared.on_owner_died([&](memory &torn) {
		repairs++;
		torn.as<counters>()->second = torn.as<counters>()->first;
	});
	{
		std::lock_guard<memory> guard(shared);
		EXPECT(shared.as<counters>()->second == 2000);
	}
	{
		std::lock_guard<memory> guard(shared);
	}
	EXPECT(repairs == 2);
}

static void moves(memory &shared)
{
	memory moved(std::move(shared));

	EXPECT(!shared.handle() && !shared.is_attached());
	EXPECT(CODE_OF(shared.lock()) == SVSHM_INVALID_ARGUMENT);
	moved.lock();
	shared = std::move(moved);
	EXPECT(shared.is_attached() && shared.size() == sizeof(counters));
	shared.unlock();
	expect_free();
}

static void errors(memory &shared)
{
	memory other(key + "-none");
	const memory &constant = shared;

	EXPECT(CODE_OF(other.attach()) == SVSHM_NOT_FOUND);
	EXPECT(CODE_OF(other.as<long>()) == SVSHM_NOT_ATTACHED);
	EXPECT(CODE_OF(other.detach()) == SVSHM_NOT_ATTACHED);
	EXPECT(CODE_OF(shared.create(1)) == SVSHM_ALREADY_ATTACHED);
	EXPECT(CODE_OF(shared.as<char[4096]>()) == SVSHM_INVALID_SIZE);
	EXPECT(constant.as<counters>() == constant.data());
	other.unlock();
	EXPECT(svshm_error(other.handle()) == SVSHM_NOT_ATTACHED);

	// Two locks at once, without an order.
	EXPECT(!other.create(1));
	std::lock(shared, other);
	std::lock_guard<memory> one(shared, std::adopt_lock);
	std::lock_guard<memory> two(other, std::adopt_lock);
}

static void orphan()
{
	memory next(key);

	ended(process([] { _exit(memory(key).create(1)); }));
	ended(process([] {
		memory left(key);

		left.create(sizeof(counters));
		left.as<counters>()->first = 7;
		_exit(0);
	}));
	EXPECT(next.attach());
	EXPECT(next.as<counters>()->first == 7);
}

int main(int argc, char **argv)
{
	EXPECT(argc == 2);
	key = argv[1];
	{
		memory shared(key);

		EXPECT(shared.open(sizeof(counters)));
		shared.unlock();
		two_processes(shared);
		owned_by_another(shared);
		owner_died(shared);
		moves(shared);
		errors(shared);
	}
	EXPECT(CODE_OF(memory(key).attach()) == SVSHM_NOT_FOUND);
	orphan();
	std::puts("svshm.hpp works");
	return 0;
}
