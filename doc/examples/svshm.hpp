// SPDX-License-Identifier: BSD-2-Clause
//
// svshm in C++11 and later: a handle that frees itself, exceptions, and a lock
// for std::lock_guard, std::unique_lock and std::scoped_lock. Copy this file to
// your program. (The namespace is svshmxx, as struct svshm is the C handle.)
//
//   svshmxx::memory memory("my-key");
//   bool made = memory.open(sizeof(counters));
//   if (made)
//           memory.unlock();           // open() locks what it has made
//   std::lock_guard<svshmxx::memory> guard(memory);
//   memory.as<counters>()->visits++;
//
// What stands at the head of svshm.h holds: a handle belongs to one thread at a
// time, so each thread has a memory of its own, as each process has.
//
// An owner that died. Data that somebody was changing as he died may be torn, and
// that must not be overlooked. lock(), try_lock() and the timed ones call what
// on_owner_died() was given, with the lock held: it repairs the data, which counts
// as whole once it has returned. If it throws, or if there is no such function
// (then it is svshmxx::owner_died that is thrown), the lock is given back first:
// after an exception it is not held, as std::lock_guard expects. The next one to
// lock is told again.
//
// Who wants codes, not exceptions, and all other functions, calls those of
// svshm.h with handle(); there an OWNER_DIED has taken the lock.
#ifndef SVSHM_HPP
#define SVSHM_HPP

#include <svshm.h>

#include <chrono>
#include <climits>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace svshmxx
{

// what() is the library's message: what was tried, why it failed, what to do.
class error : public std::runtime_error
{
public:
	error(int code, const std::string &message)
		: std::runtime_error(message), code_(code)
	{
	}

	// Of enum svshm_code.
	int code() const noexcept
	{
		return code_;
	}

private:
	int code_;
};

// The lock is not held: see above.
class owner_died : public error
{
public:
	owner_died() : error(SVSHM_OWNER_DIED, svshm_strerror(SVSHM_OWNER_DIED))
	{
	}
};

class memory
{
public:
	using repair = std::function<void(memory &)>;

	explicit memory(const std::string &key)
		: handle_(svshm_new(key.c_str())), repair_()
	{
		if (!handle_)
			throw std::bad_alloc();
	}

	// Detaches; if it was the last user's, the object goes.
	~memory()
	{
		svshm_free(handle_);
	}

	memory(memory &&other) noexcept
		: handle_(other.handle_), repair_(std::move(other.repair_))
	{
		other.handle_ = nullptr;
	}

	memory &operator=(memory &&other) noexcept
	{
		std::swap(handle_, other.handle_);
		std::swap(repair_, other.repair_);
		return *this;
	}

	memory(const memory &) = delete;
	memory &operator=(const memory &) = delete;

	// For the functions of svshm.h; null only after a move.
	struct svshm *handle() const noexcept
	{
		return handle_;
	}

	// ---- The object --------------------------------------------------

	// True if the users of before had all died: see SVSHM_ORPHANED.
	bool create(std::size_t size, svshm_access access = SVSHM_READ_WRITE)
	{
		return check(svshm_create(handle_, size, access)) ==
		       SVSHM_ORPHANED;
	}

	bool attach(svshm_access access = SVSHM_READ_WRITE)
	{
		return check(svshm_attach(handle_, access)) == SVSHM_ORPHANED;
	}

	// True if it was made: then it is zeros, and the lock is held.
	bool open(std::size_t size, svshm_access access = SVSHM_READ_WRITE)
	{
		bool made = false;

		check(svshm_open(handle_, size, access, &made));
		return made;
	}

	void detach()
	{
		check(svshm_detach(handle_));
	}

	bool is_attached() const noexcept
	{
		return svshm_is_attached(handle_);
	}

	std::size_t size() const noexcept
	{
		return svshm_size(handle_);
	}

	void *data() noexcept
	{
		return svshm_data(handle_);
	}

	const void *data() const noexcept
	{
		return svshm_const_data(handle_);
	}

	// The data as a T, which needs no constructor: they begin as zeros.
	template <class T> T *as()
	{
		check_type<T>();
		return static_cast<T *>(data());
	}

	template <class T> const T *as() const
	{
		check_type<T>();
		return static_cast<const T *>(data());
	}

	// ---- The lock ----------------------------------------------------

	void on_owner_died(repair function)
	{
		repair_ = std::move(function);
	}

	void lock()
	{
		locked(svshm_lock(handle_));
	}

	bool try_lock()
	{
		return locked(svshm_trylock(handle_), SVSHM_BUSY);
	}

	template <class Rep, class Period>
	bool try_lock_for(const std::chrono::duration<Rep, Period> &time)
	{
		return try_lock_until(std::chrono::steady_clock::now() + time);
	}

	// The library waits for a number of milliseconds that fits into an int,
	// so that a long time is waited for in several parts, and part of a
	// millisecond as a whole one.
	template <class Clock, class Duration>
	bool try_lock_until(
		const std::chrono::time_point<Clock, Duration> &end)
	{
		using std::chrono::milliseconds;

		for (;;) {
			const auto left = end - Clock::now();
			auto whole = std::chrono::duration_cast<milliseconds>(
				left);

			if (whole < left)
				++whole;
			if (whole < milliseconds(0))
				whole = milliseconds(0);
			if (whole > milliseconds(INT_MAX))
				whole = milliseconds(INT_MAX);
			if (locked(svshm_timedlock(handle_,
						   static_cast<int>(whole.count())),
				   SVSHM_TIMED_OUT))
				return true;
			if (Clock::now() >= end)
				return false;
		}
	}

	// Never throws, as a guard's destructor cannot: if the object has been
	// removed meanwhile, the next lock() says so, and svshm_error(handle())
	// at once.
	void unlock() noexcept
	{
		static_cast<void>(svshm_unlock(handle_));
	}

private:
	int check(int code) const
	{
		if (code < 0)
			throw error(code, message(code));
		return code;
	}

	std::string message(int code) const
	{
		const char *text = svshm_error_string(handle_);

		return *text ? text : svshm_strerror(code);
	}

	// Whether the lock is held: not after the code BUSY. May throw, and has
	// given it back then.
	bool locked(int code, int busy = SVSHM_OK)
	{
		if (code < 0 && code == busy)
			return false;
		if (check(code) == SVSHM_OWNER_DIED)
			make_whole();
		return true;
	}

	void make_whole()
	{
		try {
			if (!repair_)
				throw owner_died();
			repair_(*this);
			check(svshm_make_consistent(handle_));
		} catch (...) {
			unlock();
			throw;
		}
	}

	template <class T> void check_type() const
	{
		static_assert(std::is_trivially_destructible<T>::value &&
				      std::is_standard_layout<T>::value,
			      "other processes see the bytes only");
		if (!is_attached())
			throw error(SVSHM_NOT_ATTACHED,
				    svshm_strerror(SVSHM_NOT_ATTACHED));
		if (size() < sizeof(T))
			throw error(SVSHM_INVALID_SIZE,
				    "the shared memory is smaller than the type");
	}

	struct svshm *handle_;
	repair repair_;
};

} // namespace svshmxx

#endif
