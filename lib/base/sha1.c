/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "base/sha1.h"

#include <stdint.h>
#include <string.h>

static uint32_t rotate(uint32_t word, int bits)
{
	return (word << bits) | (word >> (32 - bits));
}

/* FIPS 180-4, section 6.1.2: one block of 64 bytes. */
static void block(uint32_t state[5], const unsigned char *bytes)
{
	uint32_t w[80];

	for (int t = 0; t < 16; t++, bytes += 4)
		w[t] = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
		       (uint32_t)bytes[2] << 8 | bytes[3];
	for (int t = 16; t < 80; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);

	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4];

	for (int t = 0; t < 80; t++) {
		uint32_t f, k;

		if (t < 20) {
			f = (b & c) | (~b & d);
			k = 0x5a827999;
		} else if (t < 40) {
			f = b ^ c ^ d;
			k = 0x6ed9eba1;
		} else if (t < 60) {
			f = (b & c) | (b & d) | (c & d);
			k = 0x8f1bbcdc;
		} else {
			f = b ^ c ^ d;
			k = 0xca62c1d6;
		}
		uint32_t sum = rotate(a, 5) + f + e + k + w[t];

		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = sum;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
}

void svshm__sha1_hex(const void *data, size_t size,
		     char hex[SVSHM__SHA1_HEX_SIZE])
{
	uint32_t state[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
			      0xc3d2e1f0 };
	const unsigned char *bytes = data;
	size_t left = size;

	for (; left >= 64; left -= 64, bytes += 64)
		block(state, bytes);

	/* The rest, a one bit, zeros, and the length in bits: 1 or 2 blocks. */
	unsigned char tail[128] = { 0 };
	size_t tail_size = left < 56 ? 64 : 128;
	uint64_t bits = (uint64_t)size * 8;

	if (left)
		memcpy(tail, bytes, left);
	tail[left] = 0x80;
	for (int i = 0; i < 8; i++)
		tail[tail_size - 1 - (size_t)i] =
			(unsigned char)(bits >> (8 * i));
	block(state, tail);
	if (tail_size == 128)
		block(state, tail + 64);

	for (unsigned i = 0; i < SVSHM__SHA1_HEX_SIZE - 1; i++)
		hex[i] = "0123456789abcdef"[state[i / 8] >> (28 - i % 8 * 4) &
					    0xf];
	hex[SVSHM__SHA1_HEX_SIZE - 1] = '\0';
}
