/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "kernel/semset.h"

#include <errno.h>
#include <string.h>

#include "kernel/limits.h"
#include "kernel/process.h"
#include "kernel/semun.h"

int svshm__semset_find(key_t key, int *id, struct svshm__error *error)
{
	*id = semget(key, 0, 0);
	if (*id >= 0)
		return SVSHM_OK;
	if (errno == ENOENT)
		return SVSHM_NOT_FOUND;
	return svshm__error_system(error, SVSHM__CALL_SEMGET, errno,
				   "semget(key=0x%08lx, 0, 0)",
				   (unsigned long)key);
}

/*
 * A set of that key comes first, whatever the answer is. Not so on other
 * systems than Linux: the BSDs and macOS say EINVAL if it has fewer semaphores,
 * or EACCES, OpenBSD ENOSPC if there is no room for another, and look at EXCL
 * then.
 */
static int set_reason(key_t key, int errnum)
{
	return errnum != EEXIST && key != IPC_PRIVATE &&
	       semget(key, 0, 0) >= 0 ? EEXIST : errnum;
}

/* 0, or the errno. That there is no set now does not say that there was none:
   it may have gone since. So EINVAL is not believed at once. */
static int make_set(key_t key, int count, mode_t mode, int *id)
{
	int errnum = EINVAL;

	for (int i = 0; i < 3 && errnum == EINVAL; i++) {
		*id = semget(key, count, IPC_CREAT | IPC_EXCL | (int)mode);
		errnum = *id >= 0 ? 0 : set_reason(key, errno);
	}
	return errnum;
}

int svshm__semset_make(key_t key, int count, mode_t mode, int *id,
		       struct svshm__error *error)
{
	char limit[400];
	int errnum = make_set(key, count, mode, id);

	if (!errnum)
		return SVSHM_OK;

	int code = svshm__error_system(error, SVSHM__CALL_SEMGET, errnum,
				       "semget(key=0x%08lx, count=%d, "
				       "IPC_CREAT|IPC_EXCL|0%o)",
				       (unsigned long)key, count,
				       (unsigned)mode);

	if (errnum != EEXIST &&
	    *svshm__limits_of_sets(count, limit, sizeof(limit)))
		svshm__error_append(error, "; %s", limit);
	return code;
}

void svshm__semset_convert(const struct semid_ds *from,
			   struct svshm__set_status *to)
{
	memset(to, 0, sizeof(*to));
#if defined(HAVE_STRUCT_IPC_PERM___KEY)
	to->key = from->sem_perm.__key;
#elif defined(HAVE_STRUCT_IPC_PERM__KEY)
	to->key = from->sem_perm._key;
#elif defined(HAVE_STRUCT_IPC_PERM_KEY)
	to->key = from->sem_perm.key;
#endif
	to->count = (int)from->sem_nsems;
	to->uid = from->sem_perm.uid;
	to->creator_uid = from->sem_perm.cuid;
	to->gid = from->sem_perm.gid;
	to->mode = from->sem_perm.mode & 0777;
	to->operation_time = from->sem_otime;
	to->change_time = from->sem_ctime;
}

int svshm__semset_stat(int id, struct svshm__set_status *status,
		       struct svshm__error *error)
{
	struct semid_ds from;
	union semun argument;

	/* A kernel's emulation may not fill in all: the same nothing each time. */
	memset(&from, 0, sizeof(from));
	argument.buf = &from;
	if (semctl(id, 0, IPC_STAT, argument) < 0)
		return svshm__error_system(error, SVSHM__CALL_SEMCTL, errno,
					   "semctl(id=%d, IPC_STAT)", id);
	svshm__semset_convert(&from, status);
	return SVSHM_OK;
}

int svshm__semset_value(int id, int index, unsigned *value,
			struct svshm__error *error)
{
	int result = semctl(id, index, GETVAL);

	if (result < 0)
		return svshm__error_system(error, SVSHM__CALL_SEMCTL, errno,
					   "semctl(id=%d, %d, GETVAL)", id,
					   index);
	*value = (unsigned)result;
	return SVSHM_OK;
}

int svshm__semset_values(int id, unsigned short *values,
			 struct svshm__error *error)
{
	union semun argument;

	argument.array = values;
	if (semctl(id, 0, GETALL, argument) == 0)
		return SVSHM_OK;
	return svshm__error_system(error, SVSHM__CALL_SEMCTL, errno,
				   "semctl(id=%d, GETALL)", id);
}

pid_t svshm__semset_last_pid(int id, int index)
{
	int pid = semctl(id, index, GETPID);

	return pid > 0 ? (pid_t)pid : 0;
}

int svshm__semset_waiters(int id, int index, unsigned *waiters)
{
	int larger = semctl(id, index, GETNCNT);
	int zero = larger < 0 ? -1 : semctl(id, index, GETZCNT);

	if (zero < 0)
		return svshm__error_system(NULL, SVSHM__CALL_SEMCTL, errno,
					   "semctl(id=%d, %d, GETNCNT)", id,
					   index);
	*waiters = (unsigned)(larger + zero);
	return SVSHM_OK;
}

/*
 * EINVAL is said of a set that is gone, and where undo entries are few (10 a
 * process on NetBSD, OpenBSD and macOS), of one entry too many.
 */
static bool is_there(int id)
{
	int errnum = errno;
	bool result = semctl(id, 0, GETVAL) >= 0;

	errno = errnum;
	return result;
}

static int64_t milliseconds_up(int64_t nanoseconds)
{
	return nanoseconds <= 0 ? 0 :
		(nanoseconds - 1) / SVSHM__MILLISECOND + 1;
}

int svshm__semset_operate(int id, struct sembuf *operations, size_t count,
			  int timeout_ms, struct svshm__error *error)
{
	return svshm__semset_operate_by(id, operations, count,
					svshm__process_deadline(timeout_ms),
					error);
}

int svshm__semset_operate_by(int id, struct sembuf *operations, size_t count,
			     int64_t deadline, struct svshm__error *error)
{
	bool forever = deadline == SVSHM__NO_DEADLINE;
	/* Without a deadline there is no clock to read: the common case. */
	int64_t start = forever ? 0 : svshm__process_now();
	int result;

	/* EINTR: no system restarts semop by itself. */
	do {
		if (forever)
			result = semop(id, operations, count);
		else
			result = svshm__semset_operate_until(
				id, operations, count, deadline);
	} while (result < 0 && errno == EINTR);
	if (result == 0)
		return SVSHM_OK;
	if (errno == EAGAIN && !forever)
		return svshm__error_set(error, SVSHM_TIMED_OUT,
					"semtimedop(id=%d, semaphore %d) gave "
					"up after %lld ms",
					id, operations[0].sem_num,
					(long long)milliseconds_up(deadline -
								   start));
	if (errno == EINVAL && is_there(id))
		return svshm__error_set(error, SVSHM_OUT_OF_RESOURCES,
					"semop(id=%d, semaphore %d, %+d) "
					"failed: too many semaphores taken "
					"with SEM_UNDO by this process; attach "
					"to fewer objects, or raise the "
					"kernel's semume",
					id, operations[0].sem_num,
					operations[0].sem_op);
	return svshm__error_system(error, SVSHM__CALL_SEMOP, errno,
				   "semop(id=%d, semaphore %d, %+d)", id,
				   operations[0].sem_num, operations[0].sem_op);
}

int svshm__semset_give_back(int id, struct sembuf *operations, size_t count,
			    struct svshm__error *error)
{
	int code = SVSHM_OK;

	for (int i = 0; i < 3; i++) {
		code = svshm__semset_operate(id, operations, count,
					     SVSHM__FOREVER, error);
		if (!code || code == SVSHM_BUSY)
			break;
	}
	return code;
}

int svshm__semset_change(int id, mode_t mode, uid_t uid, gid_t group,
			 struct svshm__error *error)
{
	struct semid_ds change;
	union semun argument;

	argument.buf = &change;
	if (semctl(id, 0, IPC_STAT, argument) == 0) {
		if (uid != (uid_t)-1)
			change.sem_perm.uid = uid;
		change.sem_perm.gid = group;
		change.sem_perm.mode = mode & 0777;
		if (semctl(id, 0, IPC_SET, argument) == 0)
			return SVSHM_OK;
	}
	return svshm__error_system(error, SVSHM__CALL_SEMCTL, errno,
				   "semctl(id=%d, IPC_SET, mode 0%o, uid %ld, "
				   "gid %lu)", id, (unsigned)mode, (long)uid,
				   (unsigned long)group);
}

int svshm__semset_remove(int id, struct svshm__error *error)
{
	if (semctl(id, 0, IPC_RMID) == 0)
		return SVSHM_OK;
	/* Gone already, but not on one answer: who is inside its gate and took
	   it for gone would wait at the gate for himself. */
	if ((errno == EINVAL || errno == EIDRM) &&
	    (semctl(id, 0, IPC_RMID) == 0 || errno == EINVAL ||
	     errno == EIDRM))
		return SVSHM_OK;
	return svshm__error_system(error, SVSHM__CALL_SEMCTL, errno,
				   "semctl(id=%d, IPC_RMID)", id);
}
