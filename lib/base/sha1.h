/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SHA-1 (FIPS 180-4), to make short file names of long keys. Not for secrets.
 */
#ifndef SVSHM_BASE_SHA1_H
#define SVSHM_BASE_SHA1_H

#include <stddef.h>

#define SVSHM__SHA1_HEX_SIZE 41

/* The digest of SIZE bytes as 40 lower-case hex digits and a NUL. */
void svshm__sha1_hex(const void *data, size_t size,
		     char hex[SVSHM__SHA1_HEX_SIZE]);

#endif
