/*
 * attempts - when something that went wrong may be tried again.
 * Kept for each instance; an instance without trouble costs 16 bytes. Times are passed in, in
 * nanoseconds of a clock that never goes back (CLOCK_BOOTTIME). Three things hold back:
 *
 * - a failure: tried again after 1 s, 2 s, 4 s ... 5 min, each with a little more by the name, so
 *   that many do not try at once; kept for each property, and for the instance as a whole (a job);
 * - a property put back three times within ten minutes is contested: put back less and less often
 *   like a failure; forgotten after ten quiet minutes;
 * - a container of ours that dies within a minute of its start, three times within ten minutes, is
 *   in a crash loop: it is started again after 10 s, 20 s ... 5 min; forgotten after ten minutes
 *   without such a death.
 *
 * A changed manifest clears all: attempts_clear.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct troubles;

struct attempts {
	struct troubles *troubles; /* NULL: none */
	uint32_t seed;             /* of the name */
};

/* One thing that is held back. OBJECT and ATTRIBUTE are NULL for the instance as a whole. */
struct attempt {
	const char *object, *attribute;
	unsigned failures; /* in a row; 0: it does not fail */
	uint64_t since;    /* of the first of them */
	const char *reason;
	bool contested;
	uint64_t next; /* when it may be tried again; 0: at once */
};

void attempts_init(struct attempts *a, const char *name);
/* Forgets everything and frees it. */
void attempts_clear(struct attempts *a);

/* OBJECT and ATTRIBUTE name a property; both NULL: the instance as a whole. REASON is copied. */
void attempts_failed(struct attempts *a, const char *object, const char *attribute, uint64_t now,
		     const char *reason);
void attempts_succeeded(struct attempts *a, const char *object, const char *attribute,
			uint64_t now);
/* It is in sync: nothing fails any more. What is contested and how often it died stays. */
void attempts_all_succeeded(struct attempts *a, uint64_t now);

/* A property that somebody else had changed was put back. True: with this it is contested, and was
 * not before: to be said once. */
bool attempts_put_back(struct attempts *a, const char *object, const char *attribute, uint64_t now);

/* We started its container. */
void attempts_started(struct attempts *a, uint64_t now);
/* Its container died. True: with this it is in a crash loop, and was not before. A death that was
 * asked for is none: do not tell. */
bool attempts_died(struct attempts *a, uint64_t now);

/* When this may be tried again; 0: at once. The instance as a whole holds back nothing but itself.
 */
uint64_t attempts_hold(const struct attempts *a, const char *object, const char *attribute,
		       uint64_t now);
/* When its container may be started again; 0: at once. */
uint64_t attempts_hold_start(const struct attempts *a, uint64_t now);
/* The next moment at which a hold ends, or at which something contested or a crash loop is to be
 * forgotten; 0: there is none. */
uint64_t attempts_next(const struct attempts *a, uint64_t now);

bool attempts_crash_loop(const struct attempts *a, uint64_t now);
/* The failure that lasts longest; false: nothing fails. The texts live until A is told again. */
bool attempts_failing(const struct attempts *a, uint64_t now, struct attempt *out);
/* The first property that is contested; false: none is. */
bool attempts_contested(const struct attempts *a, uint64_t now, struct attempt *out);
