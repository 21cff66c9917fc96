/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "memory/mapping.h"

#include <stdlib.h>

#include "kernel/segment.h"

/*
 * HP-UX lets a process attach a segment once, so handles of both access modes
 * have one mapping there. It is writable as long as a read-write handle is
 * there, and as long as the system does not let us protect a part of a segment.
 */
static bool is_shared(const struct svshm__attachment *attachment)
{
	return attachment->base[SVSHM_READ_ONLY] &&
	       attachment->base[SVSHM_READ_ONLY] ==
		       attachment->base[SVSHM_READ_WRITE];
}

/* To the end of the segment: no part of a huge page can be protected. */
static int protect(const struct svshm__attachment *attachment, void *address,
		   bool writable, struct svshm__error *error)
{
	return svshm__segment_protect((char *)address + attachment->data_offset,
				      attachment->data_room, writable, error);
}

static void set_base(struct svshm__attachment *attachment,
		     enum svshm_access access, void *address)
{
	svshm__attachment_mutex_lock();
	attachment->base[access] = address;
	svshm__attachment_mutex_unlock();
}

/* A second mapping was refused: is it because we have one already? */
static int share_other(struct svshm__attachment *attachment,
		       enum svshm_access access, int refusal,
		       struct svshm__error *error)
{
	enum svshm_access other =
		access == SVSHM_READ_ONLY ? SVSHM_READ_WRITE : SVSHM_READ_ONLY;
	void *address = attachment->base[other];

	if (refusal != SVSHM_ALREADY_ATTACHED || !address)
		return refusal;
	if (access == SVSHM_READ_WRITE) {
		int code = protect(attachment, address, true, error);

		/* Not possible now, nor was it before. */
		if (code && code != SVSHM_NOT_SUPPORTED)
			return code;
	}
	set_base(attachment, access, address);
	return svshm__error_set(error, SVSHM_OK, "%s", "");
}

static int map(struct svshm__attachment *attachment, enum svshm_access access,
	       void **adopt, struct svshm__error *error)
{
	void *address = adopt ? *adopt : NULL;
	int code;

	if (address) {
		*adopt = NULL;
	} else if (attachment->reader) {
		code = svshm__segment_map(attachment->segment_id, true,
					  &address, error);
		if (code)
			return code;
	} else {
		code = svshm__segment_map(attachment->segment_id, false,
					  &address, error);
		if (code)
			return share_other(attachment, access, code, error);
	}
	if (access == SVSHM_READ_ONLY && !attachment->reader) {
		code = protect(attachment, address, false, error);
		if (code && code != SVSHM_NOT_SUPPORTED) {
			svshm__segment_unmap(address);
			return code;
		}
		attachment->is_split = code == SVSHM_OK;
	}
	set_base(attachment, access, address);
	return SVSHM_OK;
}

int svshm__mapping_map(struct svshm__attachment *attachment,
		       enum svshm_access access, void **adopt,
		       struct svshm__error *error)
{
	if (!attachment->base[access])
		return map(attachment, access, adopt, error);
	if (is_shared(attachment) && access == SVSHM_READ_WRITE)
		protect(attachment, attachment->base[access], true, NULL);
	return SVSHM_OK;
}

#ifdef __linux__
#define SPLIT_COUNTS_TWICE true
#else
#define SPLIT_COUNTS_TWICE false
#endif

unsigned svshm__mapping_pieces(const struct svshm__attachment *attachment)
{
	unsigned pieces = attachment->base[SVSHM_READ_WRITE] ? 1 : 0;

	if (is_shared(attachment))
		return 1;
	if (attachment->base[SVSHM_READ_ONLY])
		pieces += SPLIT_COUNTS_TWICE && attachment->is_split ? 2 : 1;
	return pieces;
}

void svshm__mapping_unmap(struct svshm__attachment *attachment)
{
	if (!is_shared(attachment))
		svshm__segment_unmap(attachment->base[SVSHM_READ_ONLY]);
	svshm__segment_unmap(attachment->base[SVSHM_READ_WRITE]);
	attachment->base[SVSHM_READ_ONLY] = NULL;
	attachment->base[SVSHM_READ_WRITE] = NULL;
}

struct svshm__header *
svshm__mapping_header(const struct svshm__attachment *attachment,
		      enum svshm_access access)
{
	return attachment->base[access];
}

bool svshm__mapping_release(struct svshm__attachment *attachment,
			    enum svshm_access access)
{
	bool last;

	svshm__attachment_mutex_lock();
	attachment->references[access]--;
	last = attachment->references[SVSHM_READ_ONLY] +
	       attachment->references[SVSHM_READ_WRITE] == 0;
	if (last)
		svshm__attachment_drop(attachment);
	else if (access == SVSHM_READ_WRITE &&
		 !attachment->references[SVSHM_READ_WRITE] &&
		 is_shared(attachment))
		/* For readers it is read-only again. */
		protect(attachment, attachment->base[SVSHM_READ_WRITE], false,
			NULL);
	svshm__attachment_mutex_unlock();
	return last;
}

void svshm__mapping_free(struct svshm__attachment *attachment)
{
	svshm__mapping_unmap(attachment);
	free(attachment->path);
	free(attachment);
}
