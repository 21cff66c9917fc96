/* SPDX-License-Identifier: BSD-2-Clause */
/* Drawing of PNM pictures in a terminal, for the examples. */
#ifndef PICTURE_H
#define PICTURE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Draw the PGM or PPM picture (P2, P3, P5, P6) in the LENGTH bytes from START
 * on standard output, at most as wide as the terminal: with two pixels in a
 * character and 24-bit colours on a terminal, else with plain characters.
 * False if it is no such picture, or not a whole one; the bytes can be any.
 */
bool picture_draw(const unsigned char *start, size_t length);

#endif
