#include "reconciler/stopwatch.h"

#include <time.h>

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct stopwatch stopwatch_start(void)
{
	return (struct stopwatch){now()};
}

uint64_t stopwatch_lap(struct stopwatch *w)
{
	uint64_t before = w->started;

	w->started = now();
	return w->started - before;
}
