/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is there under an IPC key, and what it proves. svshm__evidence_gather()
 * gathers the evidence; svshm__judge() is a pure function of it. Everybody who
 * then acts (object/, recovery/recover_native.c) switches on the verdict.
 */
#ifndef SVSHM_OBJECT_JUDGE_H
#define SVSHM_OBJECT_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "key/key.h"
#include "memory/layout.h"
#include "kernel/process.h"
#include "memory/slots.h"
#include "kernel/segment.h"
#include "memory/turn.h"

#define SVSHM__PATH_SIZE 4096

struct svshm__attachment;

/* What of a header has been checked and copied. */
struct svshm__view {
	uint64_t data_offset, data_size, segment_size;
	struct svshm__key_identity key_file;
	uint32_t project, flags;
	uint32_t slots_offset, slot_count;
	/* A newcomer gets the first free slot, so slots from this one on have
	   never been used, and their pages need not be read. */
	uint32_t slots_used;
	uint32_t key_offset, key_length;
	uint32_t lock_engine;
	int64_t create_time;
	uint64_t registrations, departures;
	/* As last read: */
	int32_t set_id;
	int64_t set_change_time;
	bool bequeathed, retired, inconsistent;
	uint32_t lock_word;
	char path[SVSHM__PATH_SIZE];
};

enum svshm__header_state {
	SVSHM__HEADER_UNREAD,      /* no permission, or none there */
	SVSHM__HEADER_UNPUBLISHED, /* the magic is not yet there */
	SVSHM__HEADER_VALID,
	SVSHM__HEADER_FOREIGN,      /* another magic */
	SVSHM__HEADER_CORRUPT,      /* our magic, and nonsense */
	SVSHM__HEADER_INCOMPATIBLE  /* another format or byte order */
};

/*
 * Whether it is the object of FILE's name (NULL: of any): the same name in the
 * same directory, by whatever path.
 */
bool svshm__view_is_named(const struct svshm__view *view,
			  const struct svshm__key_file *file);

/* Check the header of a mapped segment of SEGMENT_SIZE bytes; fill VIEW. */
enum svshm__header_state svshm__header_read(const void *segment,
					    uint64_t segment_size,
					    struct svshm__view *view);

/* What the set that is there says of the slots in the table. */
enum svshm__set_state {
	SVSHM__SET_INTACT,  /* they were claimed in it, and it is as it was */
	SVSHM__SET_CHANGED, /* it was changed from outside: its mode, or worse */
	SVSHM__SET_LOST     /* nothing: another set, none, or one without tag */
};

/* Forked children that have not registered. */
enum svshm__children {
	SVSHM__CHILDREN_NONE,
	SVSHM__CHILDREN_MAYBE, /* in doubt */
	SVSHM__CHILDREN_SOME
};

struct svshm__evidence {
	struct svshm__set set; /* id -1: none */
	bool gate_held;        /* by somebody else; never when judged inside */
	int segment_id;        /* -1: none */
	struct svshm__segment_status segment;
	void *mapping; /* of the segment, if one could be made; see _free() */
	bool mapping_read_only;
	struct svshm__attachment *borrowed; /* the mapping is another handle's of
					       this process; or NULL */
	enum svshm__header_state header;
	bool will_change; /* who judges is about to change it: see turn.h */
	struct svshm__turn turn;
	struct svshm__view view;
	bool marked_by_maker; /* who made the segment has marked the set */
	bool named;         /* the header's identity is the one asked for */

	/* Of those who have registered: */
	enum svshm__set_state set_state;
	unsigned held; /* slots, by the living who stay: the kernel's word */
	bool leaving;  /* others are in exit(3): mapped, but they have left */
	unsigned died; /* proven; counted only if held is 0 */
	/* That live, or may live, though the set that is there now does not say
	   so: it was removed or reset under them. */
	unsigned stranded;
	bool seen; /* one of them, alive */
	enum svshm__children children; /* asked only if nobody else is there */
	bool bequeathed; /* the last registered one has left it to children */
};

/*
 * Gather the evidence: set->id must be given and looked at, or -1. SEGMENT_ID
 * -1: none. WRITABLE: map read-write if permitted. INSIDE: the gate (or, for a
 * mere reader, the readers' mutex) is held, so that a mapping that this process
 * has already can be borrowed, and nobody who detaches meanwhile is made to
 * believe that he is not the last. FILE: whose object it should be, NULL for
 * anybody's. Does not look at what the caller may not (header UNREAD).
 * SVSHM__RETRY: it vanished while we looked.
 * With will_change, which the caller sets inside the gate, all is looked at
 * since the turn was: SVSHM_TIMED_OUT, if one who lives keeps it.
 */
int svshm__evidence_gather(struct svshm__evidence *evidence, int segment_id,
			   bool writable, bool inside,
			   const struct svshm__key_file *file,
			   struct svshm__error *error);

/*
 * Inside the gate, with SET as it is now: bring EVIDENCE of a valid header that
 * was gathered inside it a while ago up to date, without mapping the segment
 * once more. If it is the same segment, nobody has it mapped, and as many slots
 * are held, then its memory has nothing to add. SVSHM__TRY_NEXT_KEY: that is not
 * so; gather it from the start. SVSHM__RETRY as above.
 */
int svshm__evidence_renew(struct svshm__evidence *evidence,
			  const struct svshm__set *set,
			  struct svshm__error *error);

/*
 * Who had SLOT, as the table says: does the process live? In doubt: unknown.
 * EVIDENCE has a valid header, and is mapped.
 */
enum svshm__fate svshm__judge_fate(const struct svshm__evidence *evidence,
				   unsigned slot);

/* The pids of those who are stranded, as far as they fit: "123 (name), 456". */
const char *svshm__judge_stranded(const struct svshm__evidence *evidence,
				  char *buffer, size_t size);

/*
 * Whose is SET, which has not our tag for FILE's name? The header of the segment
 * under KEY knows in which set its slots are.
 */
enum svshm__set_owner {
	SVSHM__SET_FOREIGN,
	SVSHM__SET_OURS,   /* somebody has reset it, or has tagged it for another
			      name, whose IPC key is the same, before he saw
			      whose segment is there */
	SVSHM__SET_USURPED /* foreign, in the place of ours */
};

enum svshm__set_owner svshm__judge_set_owner(key_t key,
					     const struct svshm__set *set,
					     const struct svshm__key_file *file);

/* svshm__set_look() for any name; a set of ours that somebody has reset is ours
   still. */
int svshm__judge_look_at_set(struct svshm__set *set, key_t key,
			     struct svshm__error *error);

/*
 * Are there children that have HEADER's object, which somebody has mapped? OURS:
 * so many mappings of this process's are none of a child. What is in passing is
 * over in microseconds: a child that is being born, or somebody who looks on with
 * a mapping of his own. So it must last for a tenth of a second to be believed.
 */
enum svshm__children svshm__judge_children(const struct svshm__header *header,
					   int segment_id, uint64_t ours,
					   const struct svshm__set *set,
					   enum svshm__set_state state);

/* Whether the header names the set, and it was changed since. */
bool svshm__judge_was_reset(key_t key, int set_id);

/* Whether the segment is FILE's object, and retired. */
bool svshm__judge_retired(int segment_id, const struct svshm__key_file *file);

/* Whether the set can be an object's from now on: nobody has reset it. */
bool svshm__judge_set_sound(const struct svshm__evidence *evidence);

/* What SET says of the slots of HEADER's object. */
enum svshm__set_state svshm__judge_set_state(const struct svshm__set *set,
					     int set_id, int64_t change_time);

/* Fill in who uses it: EVIDENCE has a valid header, and is mapped. */
void svshm__judge_users(struct svshm__evidence *evidence);

/* As long as one would wait at the gate. */
#define SVSHM__TURN_TIMEOUT_MS 30000

/* A tenth of a second, in milliseconds: what is in passing has passed. */
#define SVSHM__PATIENCE_MS 100

/* Give back the mapping, unless it was taken (mapping set to NULL). */
void svshm__evidence_free(struct svshm__evidence *evidence);

/*
 * The verdict. "No mapping" proves that nobody uses the object, whatever its
 * set says: the kernel counts a process's mapping before the process can be
 * registered and forgets it before the slot, so a slot without one is a process
 * that is just dying or that has called exec. A mapping alone is no use: it
 * may be of somebody who may only read, or who only looks.
 */
enum svshm_verdict svshm__judge(const struct svshm__evidence *evidence);

/* Why, in a sentence, into BUFFER; returns BUFFER. */
const char *svshm__judge_reason(const struct svshm__evidence *evidence,
				enum svshm_verdict verdict, char *buffer,
				size_t size);

/*
 * P6: an object must belong to the owner of its key file, to the caller or to
 * root; or to one whom its key file names as a maker, as those can that may
 * write to it. Its creator counts as well as its owner, which the creator can
 * change.
 */
bool svshm__judge_trusted(uid_t uid, uid_t creator_uid,
			  const struct svshm__key_file *file);

#endif
