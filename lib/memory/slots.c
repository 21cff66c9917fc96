/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "memory/slots.h"

#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/crashpoint.h"
#include "key/key.h"
#include "kernel/process.h"

/* ---- Sets ---------------------------------------------------------------- */

/* What is gone, or another one now, is looked up again from the start. */
static int again_if_removed(int code)
{
	return code == SVSHM_REMOVED ? SVSHM__AGAIN : code;
}

static int read_values(struct svshm__set *set, struct svshm__error *error)
{
	return again_if_removed(
		svshm__semset_values(set->id, set->values, error));
}

static bool has_tag(const struct svshm__set *set, unsigned name_hash)
{
	unsigned tag = set->values[SVSHM__SEM_TAG];

	return name_hash ? tag == svshm__tag(name_hash) :
			   tag >= svshm__tag(1) &&
			   tag <= svshm__tag(SVSHM__NAME_HASHES);
}

bool svshm__set_has_tag(const struct svshm__set *set)
{
	return set->status.count > SVSHM__SEM_SLOTS && has_tag(set, 0);
}

bool svshm__set_is_idle(const struct svshm__set *set)
{
	return set->status.count > SVSHM__SEM_SLOTS &&
	       set->status.count <= SVSHM__SEMAPHORES_MAX &&
	       (set->marked || has_tag(set, 0)) &&
	       svshm__slots_held(set) == 0 && svshm__children(set) == 0;
}

bool svshm__set_is_removable(const struct svshm__set *set)
{
	uid_t us = geteuid();

	return us == 0 || us == set->status.uid ||
	       us == set->status.creator_uid;
}

int svshm__set_look(struct svshm__set *set, unsigned name_hash,
		    struct svshm__error *error)
{
	int code = svshm__semset_stat(set->id, &set->status, error);

	set->fresh = set->tagged = set->marked = false;
	if (code)
		return again_if_removed(code);
	if (set->status.count <= SVSHM__SEM_SLOTS ||
	    set->status.count > SVSHM__SEMAPHORES_MAX)
		return SVSHM__NEXT;
	code = read_values(set, error);
	if (code)
		return code;
	/* The tag comes with the first operation ever, in one. */
	set->marked = (set->status.mode & SVSHM__SET_MARK) != 0;
	set->fresh = set->marked && set->values[SVSHM__SEM_TAG] == 0 &&
		     set->status.operation_time == 0;
	set->status.mode &= 0666;
	set->tagged = set->fresh || has_tag(set, name_hash);
	return set->tagged ? SVSHM_OK : SVSHM__NEXT;
}

/* Nobody can have been inside yet; if somebody has, entering tells. */
void svshm__set_made(struct svshm__set *set, int count, mode_t mode)
{
	memset(&set->status, 0, sizeof(set->status));
	memset(set->values, 0, sizeof(set->values));
	set->status.count = count;
	set->status.mode = mode;
	set->status.uid = set->status.creator_uid = geteuid();
	set->status.gid = getegid();
	set->fresh = set->tagged = set->marked = true;
}

int svshm__set_give(struct svshm__set *set, uid_t user,
		    struct svshm__error *error)
{
	int code;

	if (user == set->status.uid || geteuid() != 0)
		return SVSHM_OK;
	CRASHPOINT("enter:set not given");
	code = svshm__semset_change(set->id,
				    set->status.mode | SVSHM__SET_MARK, user,
				    set->status.gid, error);
	if (code)
		svshm__semset_remove(set->id, NULL);
	else
		set->status.uid = user;
	return code;
}

/* ---- The gate ------------------------------------------------------------ */

static struct sembuf operation(int semaphore, int change, int flags)
{
	struct sembuf result;

	memset(&result, 0, sizeof(result));
	result.sem_num = (unsigned short)semaphore;
	result.sem_op = (short)change;
	result.sem_flg = (short)flags;
	return result;
}

static int enter_fresh(int set_id, unsigned name_hash,
		       struct svshm__error *error)
{
	struct sembuf operations[] = {
		operation(SVSHM__SEM_TAG, 0, IPC_NOWAIT),
		operation(SVSHM__SEM_TAG, (int)svshm__tag(name_hash),
			  IPC_NOWAIT),
		operation(SVSHM__SEM_GATE, 0, IPC_NOWAIT),
		operation(SVSHM__SEM_GATE, 1, IPC_NOWAIT | SEM_UNDO),
	};
	int code = svshm__semset_operate(set_id, operations, 4, SVSHM__FOREVER,
					 error);

	/* Busy: somebody else was first. The set isn't fresh any more. */
	return code == SVSHM_BUSY ? SVSHM__AGAIN : again_if_removed(code);
}

/*
 * The gate is given back by the kernel when its holder dies, unless somebody
 * has reset the set meanwhile, or the kernel does not keep what SEM_UNDO
 * promises. Who changed the semaphore last is the holder: if there is no such
 * process, nobody is inside, and the gate would be shut for ever. A value that
 * svshm never gives it says the same.
 */
static bool is_stuck(int set_id)
{
	unsigned value;

	if (svshm__semset_value(set_id, SVSHM__SEM_GATE, &value, NULL) ||
	    value == 0)
		return false;
	if (value > 1)
		return true;

	pid_t pid = svshm__semset_last_pid(set_id, SVSHM__SEM_GATE);

	return pid > 0 && !svshm__process_exists(pid);
}

static int enter_by(int set_id, int64_t deadline, struct svshm__error *error)
{
	struct sembuf operations[] = {
		operation(SVSHM__SEM_GATE, 0, 0),
		operation(SVSHM__SEM_GATE, 1, SEM_UNDO),
	};

	return again_if_removed(svshm__semset_operate_by(set_id, operations, 2,
							 deadline, error));
}

/* So long one waits before one doubts that the holder is there. */
#define GATE_SLICE_MS 500

static int enter_used(int set_id, int64_t deadline, struct svshm__error *error)
{
	int64_t end;
	int code;

	do {
		end = svshm__process_deadline(GATE_SLICE_MS);
		if (end > deadline)
			end = deadline;
		code = enter_by(set_id, end, error);
		if (code != SVSHM_TIMED_OUT)
			return code;
		/* With the set everybody who waits starts again. */
		if (is_stuck(set_id) &&
		    !svshm__semset_remove(set_id, NULL))
			return SVSHM__AGAIN;
	} while (end < deadline);
	svshm__error_append(error, "; process %ld has been creating, attaching "
			    "to, detaching from or recovering this object all "
			    "that time: is it stopped?",
			    (long)svshm__semset_last_pid(set_id,
							 SVSHM__SEM_GATE));
	return code;
}

int svshm__gate_enter(const struct svshm__set *set, unsigned name_hash,
		      int64_t deadline, struct svshm__error *error)
{
	return set->fresh ? enter_fresh(set->id, name_hash, error) :
			    enter_used(set->id, deadline, error);
}

int svshm__gate_refresh(struct svshm__set *set, struct svshm__error *error)
{
	int code = read_values(set, error);

	if (code)
		svshm__gate_leave(set->id);
	return code;
}

int svshm__set_renew(struct svshm__set *set, struct svshm__error *error)
{
	int count = set->status.count;
	int code = SVSHM_OK;

	/* The time of change after the values: what was reset before does show. */
	if (!set->fresh)
		code = read_values(set, error);
	if (!code)
		code = svshm__semset_stat(set->id, &set->status, error);
	if (code)
		return again_if_removed(code);
	set->status.mode &= 0666;
	set->tagged = set->fresh || (set->tagged && has_tag(set, 0));
	return set->status.count == count ? SVSHM_OK : SVSHM__AGAIN;
}

int svshm__gate_try(struct svshm__set *set)
{
	int64_t deadline = svshm__process_deadline(300);
	int code = set->fresh ? SVSHM__AGAIN :
				enter_by(set->id, deadline, NULL);

	if (code)
		return code == SVSHM_TIMED_OUT ? SVSHM_BUSY : code;
	return svshm__gate_refresh(set, NULL);
}

void svshm__gate_leave(int set_id)
{
	/* No wait: the gate is ours. If the set is gone, so is the gate. */
	struct sembuf leave = operation(SVSHM__SEM_GATE, -1,
					IPC_NOWAIT | SEM_UNDO);

	svshm__semset_give_back(set_id, &leave, 1, NULL);
}

int svshm__gate_stamp(const struct svshm__set *set, struct svshm__error *error)
{
	int tag = set->values[SVSHM__SEM_TAG];
	struct sembuf operations[] = {
		operation(SVSHM__SEM_TAG, -tag, IPC_NOWAIT),
		operation(SVSHM__SEM_TAG, tag, IPC_NOWAIT),
	};

	return again_if_removed(svshm__semset_operate(
		set->id, operations, 2, SVSHM__FOREVER, error));
}

static bool is_used(const char *path, int project, int set_id)
{
	struct svshm__set set;
	key_t key;
	int code;

	if (svshm__key_of(path, project, &key, NULL) ||
	    svshm__semset_find(key, &set.id, NULL) || set.id == set_id)
		return false;
	/* Other programs' do not count. */
	code = svshm__set_look(&set, svshm__key_name_hash(path), NULL);
	return code != SVSHM__NEXT && code != SVSHM__AGAIN;
}

bool svshm__keys_unused(const char *path, int set_id)
{
	for (int i = 0; i < SVSHM__PROJECTS; i++)
		if (is_used(path, SVSHM__PROJECT_FIRST + i, set_id))
			return false;
	return true;
}

/* ---- Children ------------------------------------------------------------- */

int svshm__child_count(int set_id)
{
	struct sembuf count = operation(SVSHM__SEM_CHILDREN, 1,
					IPC_NOWAIT | SEM_UNDO);

	return svshm__semset_operate(set_id, &count, 1, SVSHM__FOREVER, NULL);
}

void svshm__child_discount(int set_id)
{
	struct sembuf discount = operation(SVSHM__SEM_CHILDREN, -1,
					   IPC_NOWAIT | SEM_UNDO);

	svshm__semset_give_back(set_id, &discount, 1, NULL);
}

/* ---- Slots --------------------------------------------------------------- */

unsigned svshm__slot_capacity(int count)
{
	return (unsigned)(count - SVSHM__SEM_SLOTS) *
	       SVSHM__SLOTS_PER_SEMAPHORE;
}

int svshm__slot_semaphores(unsigned slots)
{
	return (int)((slots + SVSHM__SLOTS_PER_SEMAPHORE - 1) /
		     SVSHM__SLOTS_PER_SEMAPHORE) + SVSHM__SEM_SLOTS;
}

static int slot_semaphore(unsigned slot)
{
	return SVSHM__SEM_SLOTS + (int)(slot / SVSHM__SLOTS_PER_SEMAPHORE);
}

static int slot_bit(unsigned slot)
{
	return 1 << (slot % SVSHM__SLOTS_PER_SEMAPHORE);
}

bool svshm__slot_held(const struct svshm__set *set, unsigned slot)
{
	return slot < svshm__slot_capacity(set->status.count) &&
	       (set->values[slot_semaphore(slot)] & slot_bit(slot)) != 0;
}

unsigned svshm__slots_held(const struct svshm__set *set)
{
	unsigned held = 0;

	for (int i = SVSHM__SEM_SLOTS; i < set->status.count; i++)
		for (unsigned value = set->values[i]; value; value &= value - 1)
			held++;
	return held;
}

int svshm__slot_find(const struct svshm__set *set, unsigned limit, int *slot,
		     struct svshm__error *error)
{
	unsigned capacity = svshm__slot_capacity(set->status.count);

	if (limit < capacity)
		capacity = limit;
	for (unsigned i = 0; i < capacity; i++) {
		if (!svshm__slot_held(set, i)) {
			*slot = (int)i;
			return SVSHM_OK;
		}
	}
	return svshm__error_set(error, SVSHM_OUT_OF_RESOURCES,
				"%u processes are attached, and the object was "
				"made for no more; the one that creates it can "
				"ask for room by svshm_set_max_processes()",
				capacity);
}

/* Tokens that nobody consumed; one is left, so that nobody misses a wake-up. */
#define TOKENS_PLENTY 1000

static void drain_tokens(int set_id, unsigned tokens)
{
	struct sembuf drain = operation(SVSHM__SEM_LOCK, 1 - (int)tokens,
					IPC_NOWAIT);

	if (tokens > TOKENS_PLENTY)
		svshm__semset_operate(set_id, &drain, 1, SVSHM__FOREVER, NULL);
}

/*
 * Slot and death token are claimed in one operation: a process that died
 * between two would be a dead owner that wakes nobody. The kernel applies what
 * is undone of one set in one step, too (Linux: exit_sem() holds the set).
 *
 * Compare-and-swap: take off what is thought to be there, wait for 0, add it and
 * the slot's bit. Of the two that are undone, the bit remains. A death beside us
 * changes the semaphore as well.
 */
int svshm__slot_claim(struct svshm__set *set, int slot, bool death_token,
		      struct svshm__error *error)
{
	int semaphore = slot_semaphore((unsigned)slot);
	int bit = slot_bit((unsigned)slot);
	int value = set->values[semaphore];
	struct sembuf operations[5];
	size_t count = 0;
	int code;

	if (value)
		operations[count++] = operation(semaphore, -value,
						IPC_NOWAIT | SEM_UNDO);
	operations[count++] = operation(semaphore, 0, IPC_NOWAIT);
	operations[count++] = operation(semaphore, value + bit,
					IPC_NOWAIT | SEM_UNDO);
	if (death_token) {
		drain_tokens(set->id, set->values[SVSHM__SEM_LOCK]);
		operations[count++] = operation(SVSHM__SEM_LOCK, 1, IPC_NOWAIT);
		operations[count++] = operation(SVSHM__SEM_LOCK, -1,
						IPC_NOWAIT | SEM_UNDO);
	}
	code = svshm__semset_operate(set->id, operations, count,
				     SVSHM__FOREVER, error);
	if (code == SVSHM_BUSY && read_values(set, error))
		return SVSHM__AGAIN;
	return code;
}

void svshm__slot_release(int set_id, int slot, bool death_token)
{
	struct sembuf operations[] = {
		operation(slot_semaphore((unsigned)slot),
			  -slot_bit((unsigned)slot), IPC_NOWAIT | SEM_UNDO),
		operation(SVSHM__SEM_LOCK, 1, IPC_NOWAIT | SEM_UNDO),
		operation(SVSHM__SEM_LOCK, -1, IPC_NOWAIT),
	};
	size_t count = death_token ? 3 : 1;
	unsigned tokens;
	int code = svshm__semset_give_back(set_id, operations, count, NULL);

	/* No room for one more: ERANGE. */
	if (code == SVSHM_LOCK_ERROR && death_token &&
	    !svshm__semset_value(set_id, SVSHM__SEM_LOCK, &tokens, NULL)) {
		drain_tokens(set_id, tokens);
		svshm__semset_give_back(set_id, operations, count, NULL);
	}
}

int svshm__slot_ask(int set_id, unsigned slot, bool *held,
		    struct svshm__error *error)
{
	unsigned value;
	int code = svshm__semset_value(set_id, slot_semaphore(slot), &value,
				       error);

	*held = !code && (value & (unsigned)slot_bit(slot)) != 0;
	return code;
}

#define SEEN_MS 100

bool svshm__slot_user_seen(const struct svshm__slot *entry, int segment_id)
{
	int64_t deadline = svshm__process_deadline(SEEN_MS);

	while (svshm__process_fate(entry->pid, entry->start_ticks,
				   entry->pid_space, segment_id) ==
	       SVSHM__FATE_ALIVE) {
		if (svshm__process_now() >= deadline)
			return true;
		svshm__process_pause(1);
	}
	return false;
}

void svshm__slot_note(struct svshm__slot *entry, enum svshm_access access,
		      uint32_t registration)
{
	struct svshm__process_self self;

	svshm__process_self(&self);
	entry->access = (uint32_t)access;
	entry->pid = (int64_t)getpid();
	entry->start_time = self.start_time;
	entry->start_ticks = self.start_ticks;
	entry->pid_space = self.pid_space;
	entry->attach_time = svshm__process_time();
	svshm__process_name(entry->name, sizeof(entry->name));
	svshm__store(&entry->generation, registration);
	svshm__announce(&entry->used, SVSHM__SLOT_USED);
}
