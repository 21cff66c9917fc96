/* SPDX-License-Identifier: BSD-2-Clause */
/* A release's svshm.h without its comments: tests/abi/abi.sh. */
#ifndef SVSHM_H
#define SVSHM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#ifdef __cplusplus
extern "C" {
#elif defined(__clang__) && !defined(__STDC_VERSION__)
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
struct svshm;
enum svshm_access {
	SVSHM_READ_ONLY = 0,
	SVSHM_READ_WRITE = 1
};
enum svshm_layout {
	SVSHM_LAYOUT_NATIVE = 0,
	SVSHM_LAYOUT_QT = 1
};
enum svshm_code {
	SVSHM_ORPHANED = 2,
	SVSHM_OWNER_DIED = 1,
	SVSHM_OK = 0,
	SVSHM_PERMISSION_DENIED = -1,
	SVSHM_INVALID_SIZE = -2,
	SVSHM_KEY_ERROR = -3,
	SVSHM_ALREADY_EXISTS = -4,
	SVSHM_NOT_FOUND = -5,
	SVSHM_LOCK_ERROR = -6,
	SVSHM_OUT_OF_RESOURCES = -7,
	SVSHM_UNKNOWN_ERROR = -8,
	SVSHM_NOT_ATTACHED = -9,
	SVSHM_ALREADY_ATTACHED = -10,
	SVSHM_TIMED_OUT = -11,
	SVSHM_BUSY = -12,
	SVSHM_DEADLOCK = -13,
	SVSHM_NOT_OWNER = -14,
	SVSHM_REMOVED = -15,
	SVSHM_CORRUPT = -16,
	SVSHM_INCOMPATIBLE = -17,
	SVSHM_INVALID_ARGUMENT = -18,
	SVSHM_NOT_SUPPORTED = -19
};
SVSHM_API struct svshm *svshm_new(const char *key);
SVSHM_API void svshm_free(struct svshm *handle);
SVSHM_API int svshm_set_key(struct svshm *handle, const char *key);
SVSHM_API const char *svshm_key(const struct svshm *handle);
SVSHM_API int svshm_set_native_key(struct svshm *handle, const char *path);
SVSHM_API const char *svshm_native_key(const struct svshm *handle);
SVSHM_API int svshm_set_layout(struct svshm *handle, enum svshm_layout layout);
SVSHM_API int svshm_set_mode(struct svshm *handle, mode_t mode);
SVSHM_API int svshm_set_group(struct svshm *handle, gid_t group);
SVSHM_API int svshm_set_owner(struct svshm *handle, uid_t owner);
SVSHM_API int svshm_set_max_processes(struct svshm *handle, unsigned count);
#define SVSHM_MEMORY_HUGE 1u
#define SVSHM_MEMORY_TOUCHED 2u
#define SVSHM_MEMORY_LOCKED 4u
SVSHM_API int svshm_set_memory(struct svshm *handle, unsigned flags);
SVSHM_API int svshm_create(struct svshm *handle, size_t size,
			   enum svshm_access access);
SVSHM_API int svshm_create_locked(struct svshm *handle, size_t size,
				  enum svshm_access access);
SVSHM_API int svshm_attach(struct svshm *handle, enum svshm_access access);
SVSHM_API int svshm_open(struct svshm *handle, size_t size,
			 enum svshm_access access, bool *made);
SVSHM_API int svshm_detach(struct svshm *handle);
SVSHM_API bool svshm_is_attached(const struct svshm *handle);
SVSHM_API void *svshm_data(struct svshm *handle);
SVSHM_API const void *svshm_const_data(const struct svshm *handle);
SVSHM_API size_t svshm_size(const struct svshm *handle);
SVSHM_API int svshm_lock(struct svshm *handle);
SVSHM_API int svshm_trylock(struct svshm *handle);
#define SVSHM_FOREVER (-1)
SVSHM_API int svshm_timedlock(struct svshm *handle, int timeout_ms);
SVSHM_API int svshm_unlock(struct svshm *handle);
SVSHM_API int svshm_make_consistent(struct svshm *handle);
SVSHM_API int svshm_notify(struct svshm *handle);
SVSHM_API int svshm_wait(struct svshm *handle, uint32_t *seen, int timeout_ms);
SVSHM_API uint32_t svshm_changes(const struct svshm *handle);
SVSHM_API int svshm_snapshot(struct svshm *handle, size_t offset, void *buffer,
			     size_t length, int timeout_ms);
SVSHM_API int svshm_error(const struct svshm *handle);
SVSHM_API const char *svshm_error_string(const struct svshm *handle);
SVSHM_API const char *svshm_strerror(int code);
SVSHM_API const char *svshm_version(void);
enum svshm_verdict {
	SVSHM_VERDICT_GONE = 0,
	SVSHM_VERDICT_FOREIGN = 1,
	SVSHM_VERDICT_HALF_MADE = 2,
	SVSHM_VERDICT_IN_USE = 3,
	SVSHM_VERDICT_ORPHAN = 4,
	SVSHM_VERDICT_HALF_REMOVED = 5,
	SVSHM_VERDICT_CORRUPT = 6,
	SVSHM_VERDICT_UNKNOWN = 7
};
#define SVSHM_NOTE_KEY_FILE_GONE 1u
#define SVSHM_NOTE_KEY_FILE_REPLACED 2u
#define SVSHM_NOTE_COLLISION 4u
#define SVSHM_NOTE_SET_GONE 8u
#define SVSHM_NOTE_RETIRED 16u
#define SVSHM_NOTE_LOCK_SHARED 32u
enum svshm_certainty {
	SVSHM_CERTAINTY_NONE = 0,
	SVSHM_CERTAINTY_POSSIBLE = 1,
	SVSHM_CERTAINTY_LIKELY = 2,
	SVSHM_CERTAINTY_ALMOST = 3
};
#define SVSHM_PROCESS_NAME_SIZE 16
struct svshm_process {
	pid_t pid;
	bool alive;
	enum svshm_access access;
	int64_t start_time;
	int64_t attach_time;
	char name[SVSHM_PROCESS_NAME_SIZE];
};
struct svshm_object {
	const char *key;
	const char *native_key;
	enum svshm_layout layout;
	enum svshm_verdict verdict;
	const char *reason;
	int64_t ipc_key;
	int segment_id;
	int semaphore_id;
	uid_t uid;
	gid_t gid;
	uid_t creator_uid;
	mode_t mode;
	uint64_t size;
	uint64_t segment_size;
	uint64_t mappings;
	int64_t create_time;
	int64_t attach_time;
	int64_t detach_time;
	pid_t creator_pid;
	pid_t last_pid;
	uint64_t registrations;
	unsigned max_processes;
	const struct svshm_process *processes;
	size_t process_count;
	bool locked;
	bool owner_died;
	pid_t lock_pid;
	unsigned notes;
	enum svshm_certainty certainty;
	unsigned semaphore_count;
	unsigned waiters;
	int64_t operation_time;
	const pid_t *semaphore_pids;
	size_t semaphore_pid_count;
	uint64_t departures;
	bool lock_known;
	uint64_t page_size;
	bool transparent;
	bool memory_locked;
};
typedef int svshm_visit(const struct svshm_object *object, void *context);
#define SVSHM_SCAN_FOREIGN 1u
SVSHM_API int svshm_scan(unsigned flags, svshm_visit *visit, void *context);
SVSHM_API int svshm_scan_user(uid_t user, unsigned flags, svshm_visit *visit,
			      void *context);
SVSHM_API int svshm_inspect(struct svshm *handle, svshm_visit *visit,
			    void *context);
#define SVSHM_RECOVER_DRY_RUN 1u
#define SVSHM_RECOVER_FORCE 2u
#define SVSHM_RECOVER_FOREIGN 4u
#define SVSHM_RECOVER_UNMAPPED 8u
struct svshm_recovery {
	unsigned flags;
	int (*save)(const struct svshm_object *object, const void *data,
		    size_t size, void *context);
	void *context;
	enum svshm_verdict verdict;
	char message[1024];
	int64_t unmapped_for;
};
SVSHM_API int svshm_recover(const struct svshm_object *object,
			    struct svshm_recovery *recovery);
SVSHM_API const char *svshm_verdict_string(enum svshm_verdict verdict);
struct svshm_limit {
	const char *name;
	const char *unit;
	const char *parameter;
	bool total;
	uint64_t used;
	uint64_t limit;
	const char *raise;
};
typedef int svshm_limit_visit(const struct svshm_limit *limit, void *context);
SVSHM_API int svshm_limits(svshm_limit_visit *visit, void *context);
#ifdef __cplusplus
}
#elif defined(__clang__) && !defined(__STDC_VERSION__)
#pragma clang diagnostic pop
#endif
#endif
