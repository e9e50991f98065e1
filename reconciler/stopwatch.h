/*
 * stopwatch - how long a step took, on the monotonic clock.
 */
#pragma once

#include <stdint.h>

struct stopwatch {
	uint64_t started; /* nanoseconds */
};

struct stopwatch stopwatch_start(void);

/* Nanoseconds since the start or the last lap; a new lap begins. */
uint64_t stopwatch_lap(struct stopwatch *w);
