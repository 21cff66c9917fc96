/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What sensor and display share: the readings of a sensor.
 *
 * Who may only read cannot lock. So there is room for two readings: the one that
 * counts, and the next, which is being written. Who dies while he writes has spoilt
 * nothing that anybody looks at.
 */
#ifndef SENSOR_H
#define SENSOR_H

#include <stdint.h>

#define SENSOR_FORMAT 1u

struct reading {
	int64_t time; /* seconds since the Epoch */
	double value;
};

/* New memory is zero: no readings yet. */
struct readings {
	uint32_t format;        /* SENSOR_FORMAT, once there is one */
	volatile uint32_t count; /* so far: readings[count % 2] is the last */
	volatile struct reading reading[2];
};

/* What stands before it is done before what stands behind it. */
static inline void in_order(void)
{
	__sync_synchronize();
}

#endif
