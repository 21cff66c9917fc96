/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is there under an IPC key, and what it proves. svshm__judge_look()
 * gathers the evidence; svshm__judge() is a pure function of it. Everybody who
 * then acts (native.c, recover.c) switches on the verdict.
 */
#ifndef SVSHM_JUDGE_H
#define SVSHM_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "key.h"
#include "layout.h"
#include "registry.h"
#include "segment.h"

#define SVSHM__PATH_SIZE 4096

/* What of a header has been checked and copied. */
struct svshm__view {
	uint64_t data_offset, data_size, segment_size;
	uint64_t device, inode;
	uint32_t project, flags;
	uint32_t slots_offset, slot_count;
	/* A newcomer gets the first free slot, so slots from this one on have
	   never been used, and their pages need not be read. */
	uint32_t slots_used;
	uint32_t key_offset, key_length;
	uint32_t lock_engine;
	int64_t create_time;
	uint64_t registrations;
	bool inconsistent; /* this and the lock word: as last read */
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

/* Check the header of a mapped segment of SEGMENT_SIZE bytes; fill VIEW. */
enum svshm__header_state svshm__header_read(const void *segment,
					    uint64_t segment_size,
					    struct svshm__view *view);

struct svshm__evidence {
	struct svshm__set set; /* id -1: none */
	bool gate_held;        /* by somebody else; never when judged inside */
	int segment_id;        /* -1: none */
	struct svshm__segment_status segment;
	void *mapping; /* of the segment, if one could be made; see _free() */
	bool mapping_read_only;
	bool mapping_borrowed; /* another handle's of this process */
	enum svshm__header_state header;
	struct svshm__view view;
	bool maker_stamped; /* who made the segment has marked the set */
	bool named;         /* the header's identity is the one asked for */
	unsigned held; /* slots */
	unsigned died; /* registered and dead; counted only if held is 0 */
};

/*
 * Gather the evidence: set->id must be given and looked at, or -1. SEGMENT_ID
 * -1: none. WRITABLE: map read-write if permitted. INSIDE: the gate (or, for a
 * mere reader, the readers' mutex) is held, so that a mapping that this process
 * has already can be borrowed. FILE: whose object it should be, NULL for
 * anybody's. Does not look at what the caller may not (header UNREAD).
 * SVSHM__AGAIN: it vanished while we looked.
 */
int svshm__judge_look(struct svshm__evidence *evidence, int segment_id,
		      bool writable, bool inside,
		      const struct svshm__key_file *file,
		      struct svshm__error *error);

/*
 * Inside the gate, with SET as it is now: bring EVIDENCE of a valid header that
 * was gathered inside it a while ago up to date, without mapping the segment
 * once more. If it is the same segment, nobody has it mapped, and as many slots
 * are held, then its memory has nothing to add. SVSHM__NEXT: that is not so;
 * gather it from the start. SVSHM__AGAIN as above.
 */
int svshm__judge_renew(struct svshm__evidence *evidence,
		       const struct svshm__set *set,
		       struct svshm__error *error);

/* Give back the mapping, unless it was taken (mapping set to NULL). */
void svshm__judge_free(struct svshm__evidence *evidence);

/*
 * The verdict. In use means mapped: the kernel counts a process's mapping
 * before the process can be registered and forgets it before the slot, so
 * "no mapping" proves that nobody uses the object, and a slot without one is a
 * process that is just dying or that has called exec.
 */
enum svshm_verdict svshm__judge(const struct svshm__evidence *evidence);

/*
 * Inside the gate: the verdict, for those who remove. A mapping without anybody
 * registered can be somebody's who only looks, and found no gate to do it in,
 * as the set was just being made anew: that is over in microseconds, so it must
 * last for a tenth of a second to be believed.
 */
enum svshm_verdict svshm__judge_patiently(struct svshm__evidence *evidence);

/* Why, in a sentence, into BUFFER; returns BUFFER. */
const char *svshm__judge_reason(const struct svshm__evidence *evidence,
				enum svshm_verdict verdict, char *buffer,
				size_t size);

/*
 * P6: an object must belong to the owner of its key file, to the caller or to
 * root. Its creator counts as well as its owner, which the creator can change.
 */
bool svshm__judge_trusted(uid_t uid, uid_t creator_uid,
			  const struct svshm__key_file *file);

#endif
