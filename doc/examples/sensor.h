/* SPDX-License-Identifier: BSD-2-Clause */
/* What sensor and display share: the last reading of a sensor. */
#ifndef SENSOR_H
#define SENSOR_H

#include <stdint.h>

/* New memory is zero: no readings yet. */
struct reading {
	int64_t time; /* seconds since the Epoch */
	double value;
	uint64_t number; /* of this reading, from 1 */
};

#endif
