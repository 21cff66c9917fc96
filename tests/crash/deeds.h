/* SPDX-License-Identifier: BSD-2-Clause */
/* What an administrator can do to an object's parts, from outside. */
#ifndef SVSHM_CRASH_DEEDS_H
#define SVSHM_CRASH_DEEDS_H

struct deed {
	const char *name;
	void (*act)(int argument);
	int argument;
};

/* The one of number N, below deed_count; NULL: none in the Qt layout. */
const struct deed *deed_of_number(int n);
extern const int deed_count;

/* Find the parts of KEY's object, as they are now. */
void deed_prepare(const char *key);

/* By a program that ends, as ipcrm(1) does. */
void deed_do(const struct deed *deed);

/* Remove what has been made in their place. */
void deed_put_back(void);

/*
 * Recover what is left of KEY, and remove what cannot be found any more: a set
 * alone that somebody has reset, for without a tag it could be anybody's; in the Qt
 * layout, what only the key files led to.
 */
void deed_clean_up(const struct deed *deed, const char *key);

#endif
