/*
 * settle - when to act on a directory that is being changed.
 * Not at the first event but when it has been quiet for a moment; a lone rename onto a manifest,
 * which is whole by itself, waits less. Whoever goes on changing things is not waited for longer
 * than a second after the first event. Pure: time is passed in, in nanoseconds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SETTLE_QUIET_MS 20

struct settle {
	uint64_t quiet, lone; /* how long to wait after an event */
	uint64_t most;        /* and at most after the first */
	uint64_t due;         /* UINT64_MAX: nothing pending */
	uint64_t latest;      /* no later than this */
};

/* QUIET_MS 0: at once. More than a second is the most as well. */
void settle_init(struct settle *s, unsigned quiet_ms);

/* Something changed. LONE: it was one file that is known to be whole. */
void settle_event(struct settle *s, uint64_t now, bool lone);

/* When it is due there is a file that is just being written: waits for it too. False: it was
 * waited for long enough. */
bool settle_put_off(struct settle *s, uint64_t now);

/* When to act; UINT64_MAX: nothing is pending. */
uint64_t settle_due(const struct settle *s);

/* What was pending is being acted on. */
void settle_done(struct settle *s);
