/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svshm - named System V shared memory with Unix ownership semantics.
 *
 * The processes that are attached to an object own it: the last one to detach
 * removes it, and what crashed processes leave behind is taken over by the next
 * user of the name, or removed by the svshm tool.
 *
 * Words used here and in the manual:
 *
 *   key         the name that programs use
 *   native key  the path of the key file: ftok(3) of its directory, and its name
 *               there, give the IPC key
 *   object      the named thing: key file + segment + semaphore set
 *   handle      a struct svshm: one process's view of one object
 *   registered  a process that holds a slot in the object (every process that
 *               attached, unless its permissions let it read only)
 *   observer    a process that attached, and may only read: it owns nothing
 *   owner       the process that holds the lock
 *   orphan      an object whose registered processes all died undetached
 *
 * What holds for every function, unless its comment says otherwise:
 *
 *   Results   An int result is 0 (SVSHM_OK), a positive code (success, with
 *             something that the caller should know) or a negative code
 *             (failure). The handle keeps the last code and a message for
 *             people: what was tried, which call failed, why, what to do.
 *             On failure a handle is as it was before the call.
 *   Threads   Different handles may be used from different threads at once,
 *             also on the same object. One handle belongs to one thread at a
 *             time. No function is a cancellation point.
 *   Signals   No function is async-signal-safe. A signal handler may
 *             interrupt any wait; the wait goes on afterwards, and a time-out
 *             is not stretched by it. The library raises none: a file that
 *             may not grow (RLIMIT_FSIZE), or a pipe that nobody reads, is a
 *             failure, or is gone without.
 *   Fork      A child inherits handles and memory. The child is registered on
 *             its own at its first call that takes a handle and is more than
 *             a question about names; it never holds its parent's lock. A
 *             child that never calls holds the object, too, as long as it has
 *             the memory: one that execs, or calls exit(3), has left; one that
 *             dies otherwise, as the last, leaves an orphan.
 *   Exec      The memory is unmapped, but the kernel keeps the registration,
 *             and a lock that was held, until the process ends. Detach first.
 *   Blocking  create, attach, detach and recover wait while another process
 *             is inside one of them on the same object: microseconds, unless
 *             that process has been stopped. After 30 seconds they give up
 *             with SVSHM_TIMED_OUT and say which process is in the way.
 *   Death     A process may die at any instruction of any function. The next
 *             create or attach of the same key puts right what it left.
 *   Versions  A program goes on working, as it was compiled, with all later
 *             libraries of the same soname. They may know more functions,
 *             flags and values of enumerations; a flag that a library does not
 *             know is an INVALID_ARGUMENT. They may have more members at the
 *             end of structures, but svshm_process, of which there are arrays,
 *             stays as it is. Who needs a later member or code asks for the
 *             library's version: svshm_version().
 */
#ifndef SVSHM_H
#define SVSHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#elif defined(__clang__) && !defined(__STDC_VERSION__)
/* -std=gnu89 has bool, but -Wpedantic tells everybody so. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc99-extensions"
#endif

#define SVSHM_VERSION_MAJOR 0
#define SVSHM_VERSION_MINOR 9
#define SVSHM_VERSION_PATCH 0

#if defined(__GNUC__) && __GNUC__ >= 4
#define SVSHM_API __attribute__((__visibility__("default")))
#else
#define SVSHM_API
#endif

/* One process's view of one object. */
struct svshm;

enum svshm_access {
	SVSHM_READ_ONLY = 0, /* writing to the data is a SIGSEGV */
	SVSHM_READ_WRITE = 1
};

/* How an object looks in the kernel. */
enum svshm_layout {
	SVSHM_LAYOUT_NATIVE = 0, /* svshm's own: all promises hold */
	SVSHM_LAYOUT_QT = 1      /* QSharedMemory's, for sharing with Qt programs */
};

/*
 * What a function can answer. The list is closed: no other value is returned.
 * The first nine negative codes are QSharedMemory's errors, in its order.
 */
enum svshm_code {
	/*
	 * Success, and the object was an orphan: all its registered users had
	 * died without detaching. After attach the data are what they left, possibly half
	 * written; after create the old data are gone and the memory is zero.
	 */
	SVSHM_ORPHANED = 2,
	/*
	 * The lock is held by the caller, but an owner died holding it, and
	 * nobody has called svshm_make_consistent() since: the data may be torn.
	 */
	SVSHM_OWNER_DIED = 1,
	SVSHM_OK = 0,
	/*
	 * The system, or a check of who owns what, says no: the object or a
	 * directory belongs to somebody else, or its mode shuts the caller out.
	 */
	SVSHM_PERMISSION_DENIED = -1,
	/* Size 0, or more than the system or the address space can give. */
	SVSHM_INVALID_SIZE = -2,
	/*
	 * No key, an empty key, a native key that does not exist (create), or a
	 * key file that cannot be made or used.
	 */
	SVSHM_KEY_ERROR = -3,
	/* create: the object exists and is, or may be, in use. Attach instead. */
	SVSHM_ALREADY_EXISTS = -4,
	/* attach, inspect, recover: there is no such object. */
	SVSHM_NOT_FOUND = -5,
	/* The lock cannot be worked: an unexpected answer from the kernel. */
	SVSHM_LOCK_ERROR = -6,
	/* A limit of the system or no memory; the message says which. Retry later. */
	SVSHM_OUT_OF_RESOURCES = -7,
	/* Anything the system may answer that has no code of its own. */
	SVSHM_UNKNOWN_ERROR = -8,

	/* The handle is not attached. */
	SVSHM_NOT_ATTACHED = -9,
	/* create, attach: the handle is attached already; it stays attached. */
	SVSHM_ALREADY_ATTACHED = -10,
	/* The time given, or 30 s inside create, attach or detach, has passed. */
	SVSHM_TIMED_OUT = -11,
	/*
	 * trylock: somebody else is the owner. recover: the object is in use.
	 * attach: somebody has removed or reset its semaphore set, and users
	 * from before may live: who it is, stands in the message.
	 */
	SVSHM_BUSY = -12,
	/*
	 * The calling thread owns the lock already, by this handle or another;
	 * in the Qt layout also by that of another key, which has the same lock.
	 */
	SVSHM_DEADLOCK = -13,
	/* unlock, make_consistent: this handle does not own the lock. */
	SVSHM_NOT_OWNER = -14,
	/*
	 * Somebody removed the object under its users (ipcrm, RemoveIPC, svshm
	 * remove --force), or reset its semaphores; or, for an observer, its
	 * owners did. The memory can still be read; detach, start again.
	 */
	SVSHM_REMOVED = -15,
	/*
	 * What is in shared memory contradicts itself or the kernel; nothing was
	 * changed. "svshm remove --force KEY" removes such an object.
	 */
	SVSHM_CORRUPT = -16,
	/* The object was made by another version or kind of svshm. */
	SVSHM_INCOMPATIBLE = -17,
	/* A NULL handle, or an argument outside its range. */
	SVSHM_INVALID_ARGUMENT = -18,
	/* Not in this build, or not on this system. */
	SVSHM_NOT_SUPPORTED = -19
};

/* ---- Handles and names -------------------------------------------------- */

/*
 * Make a handle for the object named KEY (any bytes but NUL; copied), or NULL
 * to set the key later. Makes no system object, never blocks. NULL: no memory.
 * The caller owns the handle and gives it back to svshm_free().
 */
SVSHM_API struct svshm *svshm_new(const char *key);

/* Detach, if attached, and free the handle. NULL is fine. */
SVSHM_API void svshm_free(struct svshm *handle);

/*
 * Use another key (copied; NULL for none). A handle that is attached under
 * another name is detached first, as QSharedMemory does; the same key again
 * changes nothing. Keys map to files in a directory of the calling user, see
 * svshm(7), "KEYS AND FILES": the effective user and the key decide.
 * Returns: 0, INVALID_ARGUMENT, OUT_OF_RESOURCES.
 */
SVSHM_API int svshm_set_key(struct svshm *handle, const char *key);

/* The key; NULL if none, or after svshm_set_native_key(). Owned by the handle. */
SVSHM_API const char *svshm_key(const struct svshm *handle);

/*
 * Use the existing file or directory PATH (copied) as key file, as users of
 * ftok(3) do; but its name counts, not its inode, so it may be edited. It is never written to and never unlinked. Otherwise as
 * svshm_set_key(). In the Qt layout also a text that QNativeIpcKey::toString()
 * makes, and an empty file is Qt's, to be made and unlinked.
 * Returns: as svshm_set_key(); there also KEY_ERROR, NOT_SUPPORTED ("posix:").
 */
SVSHM_API int svshm_set_native_key(struct svshm *handle, const char *path);

/*
 * The path of the key file: the one set, or that of the key. NULL if there is no
 * key. Owned by the handle, valid until the key changes.
 */
SVSHM_API const char *svshm_native_key(const struct svshm *handle);

/*
 * How the object looks in the kernel: svshm's own way, or as a QSharedMemory of
 * Qt 5 or 6 on System V IPC, with which memory and lock are shared then; see
 * svshm(7), "THE QT LAYOUT". Key and native key stay, and lead to other files.
 * Returns: 0, INVALID_ARGUMENT (no such layout), ALREADY_ATTACHED, KEY_ERROR
 * and NOT_SUPPORTED (a native key that is none there), OUT_OF_RESOURCES.
 */
SVSHM_API int svshm_set_layout(struct svshm *handle, enum svshm_layout layout);

/*
 * Permission bits that create gives the object (default 0600). Read bits let a
 * class attach read-only, as observers, without the lock and unregistered; read
 * and write bits let it do everything but remove: who must, retires the object,
 * which empties it and frees the name. The owner's own two bits are always set. Sharing across users also takes a key file that both can reach.
 * Returns: 0, INVALID_ARGUMENT (bits outside 0666).
 */
SVSHM_API int svshm_set_mode(struct svshm *handle, mode_t mode);

/* The group that create gives the object (default: the caller's effective). */
SVSHM_API int svshm_set_group(struct svshm *handle, gid_t group);

/*
 * The user whose object it is: for a daemon that starts as root and gives up its
 * rights later. Create gives segment, semaphore set and key file to OWNER, and
 * the key is looked for in OWNER's key directory (root makes it for OWNER, if it
 * is missing), so that all processes of OWNER meet under it, before and after
 * setuid(2). What is found there is trusted as if OWNER asked. (uid_t)-1, the
 * default: the effective user of each call. Not in the Qt layout, whose create
 * says NOT_SUPPORTED.
 * Returns: 0, PERMISSION_DENIED (the caller is neither root nor OWNER),
 * ALREADY_ATTACHED, OUT_OF_RESOURCES, INVALID_ARGUMENT.
 */
SVSHM_API int svshm_set_owner(struct svshm *handle, uid_t owner);

/*
 * How many processes can be registered at a time in an object that create
 * makes: rounded up to a multiple of 14. Default 224 on Linux, 56 elsewhere;
 * 0 for the default. Returns: 0, INVALID_ARGUMENT (over 3500).
 */
SVSHM_API int svshm_set_max_processes(struct svshm *handle, unsigned count);

/* Flags of svshm_set_memory(). */
#define SVSHM_MEMORY_HUGE 1u    /* create: of huge pages, if that may be */
#define SVSHM_MEMORY_TOUCHED 2u /* all pages are there */
#define SVSHM_MEMORY_LOCKED 4u  /* no page is ever swapped */

/*
 * What memory create and attach shall give; 0, the default, for memory that comes
 * page by page as it is used.
 * HUGE is a wish, of create alone: without reserved huge pages, or the right to
 * them, it asks for transparent ones, or goes on with ordinary ones, and succeeds
 * all the same, with a note in svshm_error_string(). svshm_object.page_size says
 * what has come of it. In the Qt layout transparent ones at most.
 * TOUCHED: every page of the data is there, and in this process's page table, when
 * create or attach returns: no first access is slow. Others are not held up.
 * LOCKED: the segment is never swapped, for all its users and to its end (SHM_LOCK);
 * where a segment cannot be locked, what this process has mapped (mlock). It brings
 * no page in: TOUCHED does.
 * If create or attach cannot touch or lock, all is as before it: an object that it
 * has made is gone, unless others use it by then; an orphan is one. OUT_OF_RESOURCES
 * (memory, RLIMIT_MEMLOCK), PERMISSION_DENIED (to lock, RLIMIT_MEMLOCK 0),
 * NOT_SUPPORTED (the system locks no memory).
 * Returns: 0, INVALID_ARGUMENT (no such flag), ALREADY_ATTACHED.
 */
SVSHM_API int svshm_set_memory(struct svshm *handle, unsigned flags);

/* ---- The object --------------------------------------------------------- */

/*
 * Make the object with SIZE bytes of zeros, register this process, attach.
 * An orphan of the same key is replaced (SVSHM_ORPHANED), also while observers
 * look on; anything that is, or may be, in use is left alone (ALREADY_EXISTS). With SVSHM_READ_ONLY only
 * this handle's mapping of the data is read-only.
 * Dies inside: the next create makes the object; the next attach finds none or,
 * if it was all but done, an orphan of zeros.
 * Returns: 0, ORPHANED, PERMISSION_DENIED, INVALID_SIZE, KEY_ERROR,
 * ALREADY_EXISTS, OUT_OF_RESOURCES, UNKNOWN_ERROR, ALREADY_ATTACHED,
 * TIMED_OUT, CORRUPT, INCOMPATIBLE, INVALID_ARGUMENT.
 */
SVSHM_API int svshm_create(struct svshm *handle, size_t size,
			   enum svshm_access access);

/*
 * The same, and this handle owns the object's lock on return: nobody can see
 * the data, under the lock, before they have been filled in.
 * Returns: as above, and DEADLOCK (Qt layout: this thread owns the lock by
 * another handle).
 */
SVSHM_API int svshm_create_locked(struct svshm *handle, size_t size,
				  enum svshm_access access);

/*
 * Attach to the object and register this process. Handles of one process share
 * one registration, and one mapping per access mode: two read-write handles
 * have the same address. An orphan is attached to with its old data
 * (SVSHM_ORPHANED). Who may only read attaches as an observer: unregistered and
 * without the lock; it holds nobody back, and its memory stays valid, whoever
 * removes or replaces the object, until it detaches.
 * Dies inside: as if it had never been called.
 * Returns: 0, ORPHANED, PERMISSION_DENIED, KEY_ERROR (no key), NOT_FOUND, BUSY,
 * OUT_OF_RESOURCES, UNKNOWN_ERROR, ALREADY_ATTACHED, TIMED_OUT, CORRUPT,
 * INCOMPATIBLE, INVALID_ARGUMENT.
 */
SVSHM_API int svshm_attach(struct svshm *handle, enum svshm_access access);

/*
 * Attach to the object, or make it with SIZE bytes of zeros if there is none,
 * without a gap between the two: never NOT_FOUND, never ALREADY_EXISTS.
 * *MADE says which it was. If it was made, this handle owns the lock, as after
 * svshm_create_locked(): fill in the data, then unlock. If it was there, it is
 * attached as by svshm_attach(), an orphan with its data (ORPHANED), and may be
 * larger than SIZE; if it is smaller, INVALID_SIZE, and the handle stays
 * unattached. In the Qt layout the same, as far as Qt's own programs let it.
 * Blocks as create and attach do. Dies inside: as in one of the two.
 * Returns: 0, ORPHANED, PERMISSION_DENIED, INVALID_SIZE, KEY_ERROR, BUSY,
 * OUT_OF_RESOURCES, UNKNOWN_ERROR, ALREADY_ATTACHED, TIMED_OUT, CORRUPT,
 * INCOMPATIBLE, NOT_SUPPORTED, INVALID_ARGUMENT.
 */
SVSHM_API int svshm_open(struct svshm *handle, size_t size,
			 enum svshm_access access, bool *made);

/*
 * Detach this handle; data pointers that came from it are invalid afterwards
 * (unless another handle of the process shares the mapping). If this handle
 * owns the lock, the lock is released as by svshm_unlock(). The process is
 * unregistered with its last handle; the last process to go removes segment,
 * key file (if the library made it) and semaphore set.
 * Normal exit(3) counts as detach, except that a held lock is reported to the
 * next owner as SVSHM_OWNER_DIED.
 * Whatever is returned but NOT_ATTACHED and INVALID_ARGUMENT, the handle is
 * detached afterwards.
 * Dies inside: the object stays usable for others; if nobody is left, the next
 * create or attach ends the removal.
 * Who is the last and may not remove the object retires it: see svshm_set_mode().
 * Returns: 0, NOT_ATTACHED, PERMISSION_DENIED (last to go, and the system does
 * not let the owner remove it), REMOVED, TIMED_OUT, UNKNOWN_ERROR.
 */
SVSHM_API int svshm_detach(struct svshm *handle);

SVSHM_API bool svshm_is_attached(const struct svshm *handle);

/*
 * The data, at the start of a page; NULL if not attached. Through a read-only
 * handle the memory must not be written to. Shared with all users: what is not
 * read or written under the lock may change at any moment. In a forked child
 * svshm_data() registers the child; svshm_const_data() does not.
 */
SVSHM_API void *svshm_data(struct svshm *handle);
SVSHM_API const void *svshm_const_data(const struct svshm *handle);

/* The size in bytes, exactly as create was asked for; 0 if not attached. */
SVSHM_API size_t svshm_size(const struct svshm *handle);

/* ---- The lock ----------------------------------------------------------- */

/*
 * Take the object's lock; one handle of one process in the system owns it at a
 * time. Blocks without limit; a signal does not end the wait. If the owner
 * dies, one waiter gets the lock at once, with SVSHM_OWNER_DIED. Not counted:
 * a second lock() is DEADLOCK, not a deadlock.
 * On Linux, objects get a lock that calls the kernel only to wait; it notices
 * ipcrm(1) at the first call some milliseconds later. See svshm_lock(3).
 * Dies inside: the lock goes to the next, with OWNER_DIED only if it was held.
 * Returns: 0, OWNER_DIED, NOT_ATTACHED, DEADLOCK, PERMISSION_DENIED (attached
 * unregistered, or with rights that are given up by now), REMOVED, LOCK_ERROR,
 * OUT_OF_RESOURCES, CORRUPT, INVALID_ARGUMENT.
 */
SVSHM_API int svshm_lock(struct svshm *handle);

/* As svshm_lock(), but never blocks: SVSHM_BUSY while somebody owns the lock. */
SVSHM_API int svshm_trylock(struct svshm *handle);

/* A time-out that never passes, where a function's comment allows it. */
#define SVSHM_FOREVER (-1)

/*
 * As svshm_lock(), but waits TIMEOUT_MS milliseconds at most: SVSHM_TIMED_OUT.
 * 0 tries once. Negative: INVALID_ARGUMENT. The clock is monotonic. Never less,
 * and more only by what the system needs to wake a process.
 */
SVSHM_API int svshm_timedlock(struct svshm *handle, int timeout_ms);

/*
 * Release the lock. Does not block.
 * Returns: 0, NOT_ATTACHED, NOT_OWNER, REMOVED, LOCK_ERROR, INVALID_ARGUMENT.
 */
SVSHM_API int svshm_unlock(struct svshm *handle);

/*
 * After SVSHM_OWNER_DIED: declare the data whole again, holding the lock. Until
 * then every owner is told.
 * Returns: 0, NOT_ATTACHED, NOT_OWNER, INVALID_ARGUMENT.
 */
SVSHM_API int svshm_make_consistent(struct svshm *handle);

/* ---- Changes ------------------------------------------------------------ */

/*
 * Tell all who wait, in any process, that the object has changed: adds 1 to its
 * count of changes, and wakes them. What was written before is seen by who has
 * waited for it. Takes no lock, never waits for anybody; the caller may own the
 * lock or not. The count begins at 0 when the object is made, goes on when an
 * orphan is attached to, and is 0 again after 2147483647.
 * With nobody waiting it does not call the kernel, unless the object's mode lets
 * somebody read who may not write: see svshm_notify(3).
 * Dies inside: the change is counted and all are woken, or it has not happened.
 * Returns: 0, NOT_ATTACHED, PERMISSION_DENIED (an observer, or with rights that
 * are given up by now), REMOVED, OUT_OF_RESOURCES, NOT_SUPPORTED (Qt layout),
 * INVALID_ARGUMENT.
 */
SVSHM_API int svshm_notify(struct svshm *handle);

/*
 * Wait until the count of changes is not *SEEN; it is stored there then. Returns at
 * once if it is not *SEEN now, so that no change is missed between two waits. Waits
 * TIMEOUT_MS milliseconds at most, as svshm_timedlock() does, 0 not at all; or
 * SVSHM_FOREVER. Observers may wait, too, and several threads, with a handle each.
 * Several changes in a row may look like one. Who owns the lock meanwhile keeps out
 * who wants to make the change under it.
 * If the object is removed, a waiter is told within a second.
 * Dies inside: as if it had never been called.
 * Returns: 0, TIMED_OUT, REMOVED, NOT_ATTACHED, PERMISSION_DENIED,
 * OUT_OF_RESOURCES, NOT_SUPPORTED (Qt layout), INVALID_ARGUMENT.
 */
SVSHM_API int svshm_wait(struct svshm *handle, uint32_t *seen, int timeout_ms);

/* The count of changes, to begin with; 0 if not attached. */
SVSHM_API uint32_t svshm_changes(const struct svshm *handle);

/*
 * Copy LENGTH bytes of the data, from OFFSET on, to BUFFER, as they were at one
 * moment at which nobody owned the lock. Takes no lock and writes nothing to the
 * object: readers keep nobody out, and observers may. Whoever changes data has to
 * own the lock. It tries until a whole copy has fitted between two owners,
 * TIMEOUT_MS milliseconds (SVSHM_FOREVER: without limit; 0: one look), so it is
 * for data that are copied faster than the lock changes hands.
 * OWNER_DIED: copied, but an owner died holding the lock, and nobody has called
 * svshm_make_consistent() since: the data may be torn. Unless 0 or OWNER_DIED is
 * returned, BUFFER has any bytes. Does not register a forked child.
 * Dies inside: nothing happened.
 * Returns: 0, OWNER_DIED, NOT_ATTACHED, TIMED_OUT, DEADLOCK (this thread owns the
 * lock), REMOVED, CORRUPT, PERMISSION_DENIED (the semaphores may not be read),
 * NOT_SUPPORTED (Qt layout), UNKNOWN_ERROR, INVALID_ARGUMENT (not within the data,
 * no BUFFER, a TIMEOUT_MS less than -1).
 */
SVSHM_API int svshm_snapshot(struct svshm *handle, size_t offset, void *buffer,
			     size_t length, int timeout_ms);

/* ---- Results ------------------------------------------------------------ */

/* The code of the last call on this handle that returns a code. */
SVSHM_API int svshm_error(const struct svshm *handle);

/*
 * The message that goes with it, one or more sentences in one line; "" after a
 * plain success; a note, if a wish was not fulfilled. Never NULL. Valid until the next call on the handle.
 */
SVSHM_API const char *svshm_error_string(const struct svshm *handle);

/* A code's meaning in a few words; never NULL. Static. */
SVSHM_API const char *svshm_strerror(int code);

/* "MAJOR.MINOR.PATCH" of the library in use. Static. */
SVSHM_API const char *svshm_version(void);

/* ---- Looking and cleaning up -------------------------------------------- */

/* What an object is, as far as it can be proved. */
enum svshm_verdict {
	SVSHM_VERDICT_GONE = 0,         /* nothing there (any more) */
	SVSHM_VERDICT_FOREIGN = 1,      /* not svshm's */
	SVSHM_VERDICT_HALF_MADE = 2,    /* the maker died in the middle */
	SVSHM_VERDICT_IN_USE = 3,       /* registered processes or mappings */
	SVSHM_VERDICT_ORPHAN = 4,       /* all users died undetached; data intact */
	SVSHM_VERDICT_HALF_REMOVED = 5, /* the remover died, or was not allowed */
	SVSHM_VERDICT_CORRUPT = 6,      /* nobody uses it, header unreadable */
	SVSHM_VERDICT_UNKNOWN = 7       /* can't be judged: treated as in use */
};

/* What there is to say beside the verdict: bits of svshm_object.notes. */
#define SVSHM_NOTE_KEY_FILE_GONE 1u     /* the path leads to nothing any more */
#define SVSHM_NOTE_KEY_FILE_REPLACED 2u /* it leads to another file by now */
#define SVSHM_NOTE_COLLISION 4u /* its first IPC key was somebody else's */
#define SVSHM_NOTE_SET_GONE 8u  /* somebody has removed the semaphore set */
#define SVSHM_NOTE_RETIRED 16u  /* the last user was not permitted to remove it:
				   empty, and in nobody's way */
#define SVSHM_NOTE_LOCK_SHARED 32u /* Qt layout: another key has the same lock;
				   reason says which. svshm_inspect() only */

/*
 * Another program's segment or set has no registry: whether anybody wants it
 * can be estimated only, from who made it and who used it last.
 */
enum svshm_certainty {
	SVSHM_CERTAINTY_NONE = 0,     /* in use, or it can't be told */
	SVSHM_CERTAINTY_POSSIBLE = 1, /* left over, and not for long */
	SVSHM_CERTAINTY_LIKELY = 2,   /* for a day, or: a set, see svshm(1) */
	SVSHM_CERTAINTY_ALMOST = 3    /* and no key leads to it */
};

#define SVSHM_PROCESS_NAME_SIZE 16

/*
 * A process in an object's slot table: its own word, for people to read. It never
 * gets more members: what later versions know of processes, they have in arrays
 * of their own.
 */
struct svshm_process {
	pid_t pid;          /* in its own pid namespace */
	bool alive;         /* the kernel's word: its slot is held */
	enum svshm_access access;
	int64_t start_time; /* seconds since the Epoch; 0 if not known */
	int64_t attach_time;
	char name[SVSHM_PROCESS_NAME_SIZE];
};

/*
 * An object as seen at one moment. Made by the library, valid during the visit
 * only; later versions may append members. Each member says how it looks if the
 * system does not tell it, or not to this caller. Without read permission, that
 * can be all that is the segment's or the set's; without a header that may be
 * read, max_processes is 0, and what only the header tells is 0 or NULL.
 */
struct svshm_object {
	const char *key;        /* NULL: made by native key, or not known */
	const char *native_key; /* NULL: not known */
	enum svshm_layout layout;
	enum svshm_verdict verdict;
	const char *reason;     /* why that verdict, in a sentence */

	int64_t ipc_key;        /* the key_t in use; 0: IPC_PRIVATE or removed,
				   or not known */
	int segment_id;         /* -1: none */
	int semaphore_id;       /* -1: none, or not known */
	/* Of the segment; if there is none, of the set; else of the key file. */
	uid_t uid;              /* owner; (uid_t)-1: not known */
	gid_t gid;              /* (gid_t)-1: not known */
	uid_t creator_uid;      /* (uid_t)-1: not known, as of a key file */
	mode_t mode;            /* permission bits; (mode_t)-1: not known */

	uint64_t size;          /* of the data, as create was asked for; 0: none,
				   or not known */
	uint64_t segment_size;  /* of the segment, header included; 0: none, or
				   not known; then the times below aren't,
				   either */
	uint64_t mappings;      /* the kernel's count of attachments; UINT64_MAX:
				   not known */
	int64_t create_time;    /* seconds since the Epoch; 0: not known; of a
				   lone key file: when it was written */
	int64_t attach_time;    /* of the segment, the kernel's; looking changes
				   it; 0: never */
	int64_t detach_time;    /* of a leftover: when its last user left; 0:
				   nobody ever has */
	pid_t creator_pid;      /* of the segment; 0: not known, or in another
				   pid namespace */
	pid_t last_pid;         /* last to attach or detach; 0: likewise, or
				   nobody */

	/* Of the header, if max_processes is not 0. */
	uint64_t registrations; /* how often a process has registered so far */
	unsigned max_processes; /* 0: not known, or nobody registers there */
	const struct svshm_process *processes; /* registered, and died undetached */
	size_t process_count;
	bool locked;            /* false also if lock_known is */
	bool owner_died;        /* and nobody has made the data consistent; not
				   known without a header */
	pid_t lock_pid;         /* the owner, if locked and known; else 0 */

	unsigned notes;         /* SVSHM_NOTE_... */
	/* Of another program's segment or set: is it a leftover? */
	enum svshm_certainty certainty;
	unsigned semaphore_count; /* of the set; 0: none, or not known */
	/* Of another program's set, if it may be read. */
	unsigned waiters;       /* that sleep in semop now; UINT_MAX: not known */
	int64_t operation_time; /* of the last semop; 0: never, or not known */
	const pid_t *semaphore_pids; /* who changed a semaphore last: distinct;
					NULL: not known, or nobody */
	size_t semaphore_pid_count;
	uint64_t departures;    /* of the header: how often a registered process
				   has left in order, by detach or exit */
	bool lock_known;        /* whether it is locked can be seen */
	/* Of the memory: see svshm_set_memory(). */
	uint64_t page_size;     /* of the header: huge ones, or the system's; 0:
				   not known */
	bool transparent;       /* of the header: its maker has asked for
				   transparent huge pages, and the system gives
				   them where it can */
	bool memory_locked;     /* the segment is never swapped: SHM_LOCK, or
				   huge pages */
};

/* Return 0 to go on; anything else ends the scan and is its result. */
typedef int svshm_visit(const struct svshm_object *object, void *context);

/* Flags of svshm_scan(): visit segments and sets of other programs too. */
#define SVSHM_SCAN_FOREIGN 1u

/*
 * Visit every object on the machine that the caller may look at: the system's
 * segments and semaphore sets, and the caller's key directory. Each object is
 * looked at inside its gate, so that looking disturbs nobody; where somebody
 * else has been inside for long (stopped there?), only what the
 * kernel tells is shown. A verdict can be out of date as it is read.
 * Returns: 0, what VISIT returned, INVALID_ARGUMENT, OUT_OF_RESOURCES,
 * NOT_SUPPORTED, UNKNOWN_ERROR.
 */
SVSHM_API int svshm_scan(unsigned flags, svshm_visit *visit, void *context);

/*
 * The same for the objects that belong to USER, whoever made them, and with
 * USER's key directory in the place of the caller's: for an administrator, who
 * may look into it. (uid_t)-1: everybody's, as svshm_scan().
 */
SVSHM_API int svshm_scan_user(uid_t user, unsigned flags, svshm_visit *visit,
			      void *context);

/*
 * The same for the one object that HANDLE names, attached or not: its key is
 * looked up as attach would, whatever became of the key file. Does not
 * register.
 * Returns: as svshm_scan(), KEY_ERROR, NOT_FOUND, PERMISSION_DENIED.
 */
SVSHM_API int svshm_inspect(struct svshm *handle, svshm_visit *visit,
			    void *context);

/* Flags of svshm_recover(). */
#define SVSHM_RECOVER_DRY_RUN 1u /* judge, remove nothing */
#define SVSHM_RECOVER_FORCE 2u   /* remove whatever the verdict: its users get
				    SVSHM_REMOVED */
#define SVSHM_RECOVER_FOREIGN 4u /* also another program's, of a certainty of
				    POSSIBLE or more, that is the caller's own
				    (or the caller is root); FORCE counts
				    for nothing there */
#define SVSHM_RECOVER_UNMAPPED 8u /* with FOREIGN: also what nobody has used for
				    longer than unmapped_for, whoever made it:
				    a segment that nobody has mapped; a set for
				    which nobody waits, unless who changed it
				    last is known to live */

/*
 * Made by the program, all zeros but for what it wants. Members that a later
 * version may append are read and written only if a flag of that version asks
 * for them: what was compiled without them is short of them.
 */
struct svshm_recovery {
	unsigned flags;
	/*
	 * If set: called with the object's data right before the removal, with
	 * the object's gate held (so nobody can attach meanwhile). Anything but
	 * 0 stops the removal and is the result of svshm_recover(); negative
	 * values should be codes. Called only if there are data: for orphans,
	 * and with FORCE also for objects in use. A foreign segment has no gate,
	 * and all of it is data.
	 */
	int (*save)(const struct svshm_object *object, const void *data,
		    size_t size, void *context);
	void *context;
	/* Set by svshm_recover(): the verdict under the gate, and what was done
	   or why not, for people. */
	enum svshm_verdict verdict;
	char message[1024];
	/* Read only with the flag UNMAPPED: seconds, not negative. */
	int64_t unmapped_for;
};

/*
 * Remove one object that svshm_scan() or svshm_inspect() showed, called from
 * within the visit, if it still is a proven leftover: orphan, half-made or
 * half-removed. It is judged again under the object's gate right before.
 * Removal is by id: segment, key file (if the library made it), set.
 * OBJECT may be a copy: of it is read only what the first version has.
 * For a foreign one there is no gate: who attaches between the last look and
 * the removal keeps the memory, but nobody finds it any more; message says so.
 * It also says by which rule a foreign one goes: its users are dead, or (with
 * UNMAPPED) nobody has used it for so long.
 * Returns: 0 (removed; with DRY_RUN: would be), what save returned, BUSY (in
 * use, or cannot be judged), NOT_FOUND (gone meanwhile), CORRUPT (remove with
 * FORCE), NOT_SUPPORTED (foreign), PERMISSION_DENIED, TIMED_OUT,
 * OUT_OF_RESOURCES, UNKNOWN_ERROR, INVALID_ARGUMENT.
 */
SVSHM_API int svshm_recover(const struct svshm_object *object,
			    struct svshm_recovery *recovery);

/* A verdict in a word or two, e.g. "in use"; never NULL. Static. */
SVSHM_API const char *svshm_verdict_string(enum svshm_verdict verdict);

/* A limit of the system's. Later versions may append members. */
struct svshm_limit {
	const char *name;      /* "segments", "sets"...: see svshm_limits(3) */
	const char *unit;      /* "bytes", or what is counted; plural */
	const char *parameter; /* what the system calls it */
	bool total;            /* it limits a sum, of which USED is in use */
	uint64_t used;         /* 0 if not a total */
	uint64_t limit;        /* UINT64_MAX: none */
	const char *raise;     /* a command that raises it; NULL: not known */
};

typedef int svshm_limit_visit(const struct svshm_limit *limit, void *context);

/*
 * Visit every limit of System V shared memory and semaphores that the system
 * tells, as svshm_scan() visits objects.
 * Returns: 0, what VISIT returned, INVALID_ARGUMENT, NOT_SUPPORTED (the system
 * does not tell).
 */
SVSHM_API int svshm_limits(svshm_limit_visit *visit, void *context);

#ifdef __cplusplus
}
#elif defined(__clang__) && !defined(__STDC_VERSION__)
#pragma clang diagnostic pop
#endif

#endif
