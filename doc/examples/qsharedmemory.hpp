// SPDX-License-Identifier: BSD-2-Clause
//
// The face of Qt's QSharedMemory without Qt, for C++11 and later: a program leaves
// Qt by including this file in the place of <QSharedMemory>, and goes on sharing
// memory and lock with programs of Qt 5 and 6 that use System V. Where no Qt
// program takes part, define QSHAREDMEMORY_NATIVE before the include: then the
// objects are svshm's own, and all its promises hold.
//
// What is different:
//   Texts     are std::string, in UTF-8, not QString; there is no parent, as there
//             is no QObject, and no QNativeIpcKey: setNativeKey() takes its text,
//             too. Sizes are std::ptrdiff_t, as in Qt 6.
//   Errors    have Qt's numbers, but errorString() is svshm's message.
//   Leftovers of users that were killed are no obstacle: create() takes them over,
//             where Qt says AlreadyExists. attach() gets their data.
//   lock()    wants an object that is attached. A second object of this thread
//             gets LockError, where Qt waits for ever.
//             ownerDied() says whether the owner before died with the lock, so
//             that the data may be torn; Qt's own users do not tell.
//   Waiting   inside create, attach and detach ends after 30 seconds (LockError).
// The rest is as in Qt, also that lock() of one that has it returns true, and that
// attach() of one that is attached is false without an error.
#ifndef SVSHM_QSHAREDMEMORY_HPP
#define SVSHM_QSHAREDMEMORY_HPP

#include <svshm.h>

#include <cstddef>
#include <new>
#include <string>

class QSharedMemory
{
public:
	enum AccessMode { ReadOnly, ReadWrite };

	// The first codes of svshm.h are these, with a minus.
	enum SharedMemoryError {
		NoError,
		PermissionDenied,
		InvalidSize,
		KeyError,
		AlreadyExists,
		NotFound,
		LockError,
		OutOfResources,
		UnknownError
	};

	QSharedMemory()
		: handle_(svshm_new(nullptr)), error_(NoError), locked_(false),
		  owner_died_(false), text_()
	{
#ifdef QSHAREDMEMORY_NATIVE
		const enum svshm_layout layout = SVSHM_LAYOUT_NATIVE;
#else
		const enum svshm_layout layout = SVSHM_LAYOUT_QT;
#endif
		if (!handle_ || svshm_set_layout(handle_, layout)) {
			svshm_free(handle_);
			throw std::bad_alloc();
		}
	}

	explicit QSharedMemory(const std::string &key) : QSharedMemory()
	{
		setKey(key);
	}

	~QSharedMemory()
	{
		svshm_free(handle_);
	}

	QSharedMemory(const QSharedMemory &) = delete;
	QSharedMemory &operator=(const QSharedMemory &) = delete;

	// ---- Names -------------------------------------------------------

	// Another key detaches; no error is set, but create and attach have one
	// if there is no key.
	void setKey(const std::string &key)
	{
		named(svshm_set_key(handle_, key.empty() ? nullptr : key.c_str()));
	}

	std::string key() const
	{
		return text(svshm_key(handle_));
	}

	void setNativeKey(const std::string &key)
	{
		named(key.empty() ? svshm_set_key(handle_, nullptr) :
				    svshm_set_native_key(handle_, key.c_str()));
	}

	std::string nativeKey() const
	{
		return text(svshm_native_key(handle_));
	}

	// ---- The memory --------------------------------------------------

	bool create(std::ptrdiff_t size, AccessMode mode = ReadWrite)
	{
		error_ = NoError;
		text_.clear();
		if (isAttached() && size > 0)
			return fail(AlreadyExists,
				    "the object is attached already");
		return done(svshm_create(handle_,
					 size > 0 ? std::size_t(size) : 0,
					 access(mode)));
	}

	bool attach(AccessMode mode = ReadWrite)
	{
		if (isAttached())
			return false;
		error_ = NoError;
		text_.clear();
		return done(svshm_attach(handle_, access(mode)));
	}

	// Gives the lock back, too.
	bool detach()
	{
		if (!isAttached())
			return false;
		locked_ = false;
		return done(svshm_detach(handle_));
	}

	bool isAttached() const
	{
		return svshm_is_attached(handle_);
	}

	std::ptrdiff_t size() const
	{
		return std::ptrdiff_t(svshm_size(handle_));
	}

	void *data()
	{
		return svshm_data(handle_);
	}

	const void *data() const
	{
		return svshm_const_data(handle_);
	}

	const void *constData() const
	{
		return svshm_const_data(handle_);
	}

	// ---- The lock ----------------------------------------------------

	bool lock()
	{
		if (locked_)
			return true;

		const int code = svshm_lock(handle_);

		owner_died_ = code == SVSHM_OWNER_DIED;
		locked_ = code >= 0;
		return locked_ || fail(LockError, svshm_error_string(handle_));
	}

	bool unlock()
	{
		if (!locked_)
			return false;
		locked_ = false;
		return svshm_unlock(handle_) == SVSHM_OK ||
		       fail(LockError, svshm_error_string(handle_));
	}

	// ---- Errors ------------------------------------------------------

	SharedMemoryError error() const
	{
		return error_;
	}

	std::string errorString() const
	{
		return text_;
	}

	// ---- Not in Qt ---------------------------------------------------

	// Of the last lock(). The next one has it, too, until somebody has called
	// svshm_make_consistent().
	bool ownerDied() const
	{
		return owner_died_;
	}

	// For all other functions of svshm.h.
	struct svshm *handle() const
	{
		return handle_;
	}

private:
	static std::string text(const char *text)
	{
		return text ? text : "";
	}

	static enum svshm_access access(AccessMode mode)
	{
		return mode == ReadOnly ? SVSHM_READ_ONLY : SVSHM_READ_WRITE;
	}

	// A name that cannot be used is none: the one of before must not be used
	// in its place.
	void named(int code)
	{
		if (code < 0)
			svshm_set_key(handle_, nullptr);
		locked_ = locked_ && isAttached();
	}

	bool fail(SharedMemoryError error, const char *message)
	{
		error_ = error;
		text_ = message;
		return false;
	}

	// What Qt has no name for, is what it is most like.
	static SharedMemoryError error_of(int code)
	{
		switch (code) {
		case SVSHM_TIMED_OUT:
		case SVSHM_DEADLOCK:
			return LockError;
		case SVSHM_REMOVED:
			return NotFound;
		default:
			return code < SVSHM_UNKNOWN_ERROR ?
				       UnknownError :
				       static_cast<SharedMemoryError>(-code);
		}
	}

	// Success with something to say is success: ORPHANED.
	bool done(int code)
	{
		return code >= 0 ||
		       fail(error_of(code), svshm_error_string(handle_));
	}

	struct svshm *handle_;
	SharedMemoryError error_;
	bool locked_;
	bool owner_died_;
	std::string text_;
};

#endif
