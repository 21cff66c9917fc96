/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The BSDs and macOS: sysctl tells the kernel's whole tables, in a form of its
 * own on each system. An entry's number and its sequence number make the id.
 * No permission is needed; a jail sees its own objects only.
 *
 *   FreeBSD   kern.ipc.shmsegs, .sema: entries with private members at the end
 *   NetBSD    kern.sysvipc.info: limits, then entries of fixed widths
 *   OpenBSD   kern.sysvipc_info: limits, then struct shmid_ds, semid_ds
 *   macOS     kern.sysv.ipcs.shm, .sem: one entry a call, by a cursor
 */
#include <config.h>

#ifdef __FreeBSD__
/* What ipcs(1) needs of the headers, as we do. */
#define _WANT_SYSVIPC_INTERNALS
#define _WANT_SYSVSHM_INTERNALS
#define _WANT_SYSVSEM_INTERNALS
#endif

#include <sys/param.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/sysctl.h>

#include "kernel/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* In the mode of an entry in use, and of a removed one that is still mapped:
   for the kernel's own use, and for ipcs(1), which knows them by number. */
#define SEGMENT_ALLOCATED 0x0800
#define SEGMENT_REMOVED 0x0400
#define SET_ALLOCATED 01000

#ifdef HAVE_STRUCT_IPC_PERM__KEY
#define SEQUENCE(permission) ((permission)._seq)
#else
#define SEQUENCE(permission) ((permission).seq)
#endif

static int make_id(unsigned index, unsigned sequence)
{
	return (int)(sequence << 16 | (index & 0xffff));
}

/* One entry of the table of segments; free ones are passed over. */
static int add_segment(struct svshm__list *list, unsigned index,
		       const struct shmid_ds *from)
{
	struct svshm__segment_status status;

	if (!(from->shm_perm.mode & SEGMENT_ALLOCATED))
		return SVSHM_OK;
	svshm__segment_convert(from, &status);
	status.removed = (from->shm_perm.mode & SEGMENT_REMOVED) != 0;
	return svshm__list_add(list, make_id(index, SEQUENCE(from->shm_perm)),
			       status.key, &status, NULL);
}

static int add_set(struct svshm__list *list, unsigned index,
		   const struct semid_ds *from)
{
	struct svshm__set_status status;

	if (!(from->sem_perm.mode & SET_ALLOCATED))
		return SVSHM_OK;
	svshm__semset_convert(from, &status);
	return svshm__list_add(list, make_id(index, SEQUENCE(from->sem_perm)),
			       status.key, NULL, &status);
}

#ifdef __APPLE__

/*
 * What <sys/ipcs.h> declares, which not every SDK has. The cursor goes up to
 * the entry after the one that was told.
 */
struct ipcs_command {
	int magic;
	int operation;
	int cursor;
	int length;
	void *data;
};

#define IPCS_MAGIC 1
#define IPCS_SHM_ITER 2
#define IPCS_SEM_ITER 0x20

/* The entry at *CURSOR or after it: 0, or errno. */
static int next_entry(const char *name, int operation, int *cursor,
		      void *entry, size_t size)
{
	struct ipcs_command command = { IPCS_MAGIC, operation, *cursor,
					(int)size, entry };
	size_t command_size = sizeof(command);

	if (sysctlbyname(name, &command, &command_size, &command,
			 sizeof(command)) < 0)
		return errno;
	*cursor = command.cursor;
	return 0;
}

/* The end of the table: past its size, or nothing in use behind the cursor. */
static bool is_end(int errnum)
{
	return errnum == ERANGE || errnum == ENOENT;
}

static int list_segments(struct svshm__list *list)
{
	struct shmid_ds entry;
	int cursor = 0, errnum, code = SVSHM_OK;

	while (!code && (errnum = next_entry("kern.sysv.ipcs.shm",
					     IPCS_SHM_ITER, &cursor, &entry,
					     sizeof(entry))) == 0)
		code = add_segment(list, (unsigned)cursor - 1, &entry);
	errno = errnum;
	return code ? code : is_end(errnum) ? SVSHM_OK : SVSHM_UNKNOWN_ERROR;
}

static int list_sets(struct svshm__list *list)
{
	struct semid_ds entry;
	int cursor = 0, errnum, code = SVSHM_OK;

	while (!code && (errnum = next_entry("kern.sysv.ipcs.sem",
					     IPCS_SEM_ITER, &cursor, &entry,
					     sizeof(entry))) == 0)
		code = add_set(list, (unsigned)cursor - 1, &entry);
	errno = errnum;
	return code ? code : is_end(errnum) ? SVSHM_OK : SVSHM_UNKNOWN_ERROR;
}

#else /* tables as a whole */

#if defined(__FreeBSD__)

struct segment_table {
	struct shmid_kernel entries[1];
};
struct set_table {
	struct semid_kernel entries[1];
};

static int ask(bool segments, void *table, size_t *size)
{
	return sysctlbyname(segments ? "kern.ipc.shmsegs" : "kern.ipc.sema",
			    table, size, NULL, 0);
}

static const struct shmid_ds *segment_of(const struct shmid_kernel *entry,
					 struct shmid_ds *buffer)
{
	(void)buffer;
	return &entry->u;
}

static const struct semid_ds *set_of(const struct semid_kernel *entry,
				     struct semid_ds *buffer)
{
	(void)buffer;
	return &entry->u;
}

#elif defined(__NetBSD__)

struct segment_table {
	struct shminfo limits;
	struct shmid_ds_sysctl entries[1];
};
struct set_table {
	struct seminfo limits;
	struct semid_ds_sysctl entries[1];
};

static int ask(bool segments, void *table, size_t *size)
{
	int name[] = { CTL_KERN, KERN_SYSVIPC, KERN_SYSVIPC_INFO,
		       segments ? KERN_SYSVIPC_SHM_INFO :
				  KERN_SYSVIPC_SEM_INFO };

	return sysctl(name, sizeof(name) / sizeof(*name), table, size, NULL,
		      0);
}

static void fill_permission(const struct ipc_perm_sysctl *from,
			    struct ipc_perm *to)
{
	to->_key = (key_t)from->_key;
	to->_seq = (unsigned short)from->_seq;
	to->uid = from->uid;
	to->gid = from->gid;
	to->cuid = from->cuid;
	to->cgid = from->cgid;
	to->mode = from->mode;
}

static const struct shmid_ds *segment_of(const struct shmid_ds_sysctl *entry,
					 struct shmid_ds *buffer)
{
	memset(buffer, 0, sizeof(*buffer));
	fill_permission(&entry->shm_perm, &buffer->shm_perm);
	buffer->shm_segsz = (size_t)entry->shm_segsz;
	buffer->shm_lpid = entry->shm_lpid;
	buffer->shm_cpid = entry->shm_cpid;
	buffer->shm_nattch = entry->shm_nattch;
	buffer->shm_atime = entry->shm_atime;
	buffer->shm_dtime = entry->shm_dtime;
	buffer->shm_ctime = entry->shm_ctime;
	return buffer;
}

static const struct semid_ds *set_of(const struct semid_ds_sysctl *entry,
				     struct semid_ds *buffer)
{
	memset(buffer, 0, sizeof(*buffer));
	fill_permission(&entry->sem_perm, &buffer->sem_perm);
	buffer->sem_nsems = (unsigned short)entry->sem_nsems;
	buffer->sem_otime = entry->sem_otime;
	buffer->sem_ctime = entry->sem_ctime;
	return buffer;
}

#elif defined(__OpenBSD__)

struct segment_table {
	struct shminfo limits;
	struct shmid_ds entries[1];
};
/* struct seminfo is shown to the kernel only: nine numbers. */
struct set_table {
	int limits[9];
	struct semid_ds entries[1];
};

static int ask(bool segments, void *table, size_t *size)
{
	int name[] = { CTL_KERN, KERN_SYSVIPC_INFO,
		       segments ? KERN_SYSVIPC_SHM_INFO :
				  KERN_SYSVIPC_SEM_INFO };

	return sysctl(name, sizeof(name) / sizeof(*name), table, size, NULL,
		      0);
}

static const struct shmid_ds *segment_of(const struct shmid_ds *entry,
					 struct shmid_ds *buffer)
{
	(void)buffer;
	return entry;
}

static const struct semid_ds *set_of(const struct semid_ds *entry,
				     struct semid_ds *buffer)
{
	(void)buffer;
	return entry;
}

#else
#error "lib/kernel/list_bsd.c does not know this system: configure --with-scan=keydir"
#endif

/*
 * The table, to be freed, or NULL with errno. It does not grow while the
 * system runs on most of them; where it can, ENOMEM tells that it has.
 */
static void *read_table(bool segments, size_t *size)
{
	void *table = NULL;

	for (int i = 0; i < 10; i++) {
		if (ask(segments, NULL, size) < 0)
			return NULL;
		/* OpenBSD's size leaves out the padding before the entries. */
		*size += 64;
		table = calloc(1, *size);
		if (!table || ask(segments, table, size) == 0)
			return table;

		int errnum = errno;

		free(table);
		errno = errnum;
		if (errnum != ENOMEM)
			break;
	}
	return NULL;
}

static int list_segments(struct svshm__list *list)
{
	size_t size, start = offsetof(struct segment_table, entries);
	struct segment_table *table = read_table(true, &size);
	struct shmid_ds buffer;
	int code = table ? SVSHM_OK : SVSHM_UNKNOWN_ERROR;

	for (size_t i = 0; !code && start + (i + 1) *
				sizeof(table->entries[0]) <= size; i++)
		code = add_segment(list, (unsigned)i,
				   segment_of(&table->entries[i], &buffer));
	free(table);
	return code;
}

static int list_sets(struct svshm__list *list)
{
	size_t size, start = offsetof(struct set_table, entries);
	struct set_table *table = read_table(false, &size);
	struct semid_ds buffer;
	int code = table ? SVSHM_OK : SVSHM_UNKNOWN_ERROR;

	for (size_t i = 0; !code && start + (i + 1) *
				sizeof(table->entries[0]) <= size; i++)
		code = add_set(list, (unsigned)i,
			       set_of(&table->entries[i], &buffer));
	free(table);
	return code;
}

#endif

int svshm__list_segments(struct svshm__list *list, struct svshm__error *error)
{
	memset(list, 0, sizeof(*list));

	int code = list_segments(list);

	if (code == SVSHM_UNKNOWN_ERROR)
		return svshm__list_refused(list, errno, error,
					   "sysctl(segments)");
	return code ? svshm__error_set(error, code, "no memory") : SVSHM_OK;
}

int svshm__list_sets(struct svshm__list *list, struct svshm__error *error)
{
	memset(list, 0, sizeof(*list));

	int code = list_sets(list);

	if (code == SVSHM_UNKNOWN_ERROR)
		return svshm__list_refused(list, errno, error, "sysctl(sets)");
	return code ? svshm__error_set(error, code, "no memory") : SVSHM_OK;
}
