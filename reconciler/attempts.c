#include "reconciler/attempts.h"

#include "schema/arena.h"

#include <stddef.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define MINUTE (60 * SECOND)

#define FIRST_RETRY SECOND
#define FIRST_START (10 * SECOND)
#define LAST_RETRY (5 * MINUTE)
#define WINDOW (10 * MINUTE)
#define SHORT_LIFE MINUTE
#define TOO_OFTEN 3

/* When something happened that is fine once and bad too often. */
struct recurrence {
	uint64_t last[TOO_OFTEN]; /* the newest first; 0: none */
	unsigned beyond;          /* how often since it was too often; 0: it is not */
	uint64_t next;
};

struct trouble {
	struct trouble *next;
	const char *object, *attribute; /* NULL: the instance as a whole */
	unsigned failures;
	uint64_t since, retry;
	char *reason;
	size_t room; /* of reason */
	struct recurrence put_back;
};

struct troubles {
	struct arena *arena;
	struct trouble *first;
	uint64_t started; /* the last start of ours; 0: none, or it has died since */
	struct recurrence deaths;
};

/* ---- how long ---- */

/* Doubled each time, and up to an eighth longer by the name: what failed together is not tried
 * again together. */
static uint64_t backoff(const struct attempts *a, uint64_t first, unsigned times)
{
	uint64_t delay = first;
	uint32_t spread = (a->seed ^ times * UINT32_C(0x9e3779b9)) * UINT32_C(0x85ebca6b);

	while (--times > 0 && delay < LAST_RETRY)
		delay *= 2;
	if (delay > LAST_RETRY)
		delay = LAST_RETRY;
	return delay + delay / 8 * (spread >> 24) / 256;
}

/* ---- what is fine once and bad too often ---- */

/* Who looks took the time before what he found happened: that is no long time ago. */
static uint64_t passed(uint64_t then, uint64_t now)
{
	return now > then ? now - then : 0;
}

static bool recurs(const struct recurrence *r, uint64_t now)
{
	return r->beyond > 0 && passed(r->last[0], now) < WINDOW;
}

/* True: with this it is too often, and was not before. */
static bool recurrence_note(struct recurrence *r, const struct attempts *a, uint64_t first,
			    uint64_t now)
{
	bool was = recurs(r, now);

	memmove(&r->last[1], &r->last[0], sizeof(r->last) - sizeof(r->last[0]));
	r->last[0] = now;
	if (!was)
		r->beyond = 0;
	if (!was && (!r->last[TOO_OFTEN - 1] || passed(r->last[TOO_OFTEN - 1], now) >= WINDOW))
		return false;
	r->next = now + backoff(a, first, ++r->beyond);
	return !was;
}

static uint64_t recurrence_hold(const struct recurrence *r, uint64_t now)
{
	return recurs(r, now) && r->next > now ? r->next : 0;
}

/* Nothing of it matters any more. */
static bool recurrence_is_over(const struct recurrence *r, uint64_t now)
{
	return !r->last[0] || passed(r->last[0], now) >= WINDOW;
}

/* ---- the troubles of an instance ---- */

void attempts_init(struct attempts *a, const char *name)
{
	uint32_t hash = UINT32_C(2166136261);

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * UINT32_C(16777619);
	*a = (struct attempts){.seed = hash};
}

void attempts_clear(struct attempts *a)
{
	struct arena *arena = a->troubles ? a->troubles->arena : NULL;

	a->troubles = NULL;
	arena_free(arena);
}

static struct troubles *troubles_of(struct attempts *a)
{
	struct arena *arena;

	if (a->troubles)
		return a->troubles;
	arena = arena_new();
	a->troubles = arena_alloc(arena, sizeof(*a->troubles));
	a->troubles->arena = arena;
	return a->troubles;
}

static bool same_text(const char *x, const char *y)
{
	return x == y || (x && y && strcmp(x, y) == 0);
}

static struct trouble *trouble_find(const struct attempts *a, const char *object,
				    const char *attribute)
{
	struct trouble *t = a->troubles ? a->troubles->first : NULL;

	while (t && !(same_text(t->object, object) && same_text(t->attribute, attribute)))
		t = t->next;
	return t;
}

static struct trouble *trouble_of(struct attempts *a, const char *object, const char *attribute)
{
	struct troubles *all = troubles_of(a);
	struct trouble *t = trouble_find(a, object, attribute);

	if (t)
		return t;
	t = arena_alloc(all->arena, sizeof(*t));
	*t = (struct trouble){
	    .next = all->first,
	    .object = arena_strdup(all->arena, object),
	    .attribute = arena_strdup(all->arena, attribute),
	};
	all->first = t;
	return t;
}

/* Back to 16 bytes once nothing is left of it. */
static void tidy(struct attempts *a, uint64_t now)
{
	const struct troubles *all = a->troubles;

	if (!all || !recurrence_is_over(&all->deaths, now) ||
	    (all->started && passed(all->started, now) < SHORT_LIFE))
		return;
	for (const struct trouble *t = all->first; t; t = t->next)
		if (t->failures || !recurrence_is_over(&t->put_back, now))
			return;
	attempts_clear(a);
}

/* ---- failures ---- */

/* The same reason again takes no memory, nor does one that is no longer than those before. */
static void keep_reason(struct troubles *all, struct trouble *t, const char *reason)
{
	size_t n = strlen(reason) + 1;

	if (n > t->room) {
		t->room = 2 * n;
		t->reason = arena_alloc(all->arena, t->room);
	}
	memcpy(t->reason, reason, n);
}

void attempts_failed(struct attempts *a, const char *object, const char *attribute, uint64_t now,
		     const char *reason)
{
	struct trouble *t = trouble_of(a, object, attribute);

	if (t->failures++ == 0)
		t->since = now;
	t->retry = now + backoff(a, FIRST_RETRY, t->failures);
	keep_reason(a->troubles, t, reason);
}

static void trouble_over(struct trouble *t)
{
	t->failures = 0;
	t->since = t->retry = 0;
}

void attempts_succeeded(struct attempts *a, const char *object, const char *attribute, uint64_t now)
{
	struct trouble *t = trouble_find(a, object, attribute);

	if (!t)
		return;
	trouble_over(t);
	tidy(a, now);
}

void attempts_all_succeeded(struct attempts *a, uint64_t now)
{
	for (struct trouble *t = a->troubles ? a->troubles->first : NULL; t; t = t->next)
		trouble_over(t);
	tidy(a, now);
}

/* ---- drift and crash loops ---- */

bool attempts_put_back(struct attempts *a, const char *object, const char *attribute, uint64_t now)
{
	return recurrence_note(&trouble_of(a, object, attribute)->put_back, a, FIRST_RETRY, now);
}

void attempts_started(struct attempts *a, uint64_t now)
{
	troubles_of(a)->started = now;
}

bool attempts_died(struct attempts *a, uint64_t now)
{
	uint64_t started = a->troubles ? a->troubles->started : 0;

	if (!started)
		return false;
	a->troubles->started = 0;
	return passed(started, now) < SHORT_LIFE &&
	       recurrence_note(&a->troubles->deaths, a, FIRST_START, now);
}

/* ---- when ---- */

static uint64_t trouble_hold(const struct trouble *t, uint64_t now)
{
	uint64_t contested = recurrence_hold(&t->put_back, now);
	uint64_t failure = t->failures && t->retry > now ? t->retry : 0;

	return failure > contested ? failure : contested;
}

uint64_t attempts_hold(const struct attempts *a, const char *object, const char *attribute,
		       uint64_t now)
{
	const struct trouble *t = trouble_find(a, object, attribute);

	return t ? trouble_hold(t, now) : 0;
}

uint64_t attempts_hold_start(const struct attempts *a, uint64_t now)
{
	return a->troubles ? recurrence_hold(&a->troubles->deaths, now) : 0;
}

static void sooner(uint64_t *next, uint64_t at, uint64_t now)
{
	if (at > now && (!*next || at < *next))
		*next = at;
}

static void sooner_for_recurrence(uint64_t *next, const struct recurrence *r, uint64_t now)
{
	sooner(next, recurrence_hold(r, now), now);
	if (recurs(r, now))
		sooner(next, r->last[0] + WINDOW, now);
}

uint64_t attempts_next(const struct attempts *a, uint64_t now)
{
	uint64_t next = 0;

	if (!a->troubles)
		return 0;
	sooner_for_recurrence(&next, &a->troubles->deaths, now);
	for (const struct trouble *t = a->troubles->first; t; t = t->next) {
		sooner(&next, trouble_hold(t, now), now);
		sooner_for_recurrence(&next, &t->put_back, now);
	}
	return next;
}

/* ---- for showing ---- */

bool attempts_crash_loop(const struct attempts *a, uint64_t now)
{
	return a->troubles && recurs(&a->troubles->deaths, now);
}

static struct attempt attempt_of(const struct trouble *t, uint64_t now)
{
	return (struct attempt){
	    .object = t->object,
	    .attribute = t->attribute,
	    .failures = t->failures,
	    .since = t->since,
	    .reason = t->failures ? t->reason : NULL,
	    .contested = recurs(&t->put_back, now),
	    .next = trouble_hold(t, now),
	};
}

bool attempts_failing(const struct attempts *a, uint64_t now, struct attempt *out)
{
	const struct trouble *longest = NULL;

	for (const struct trouble *t = a->troubles ? a->troubles->first : NULL; t; t = t->next)
		if (t->failures && (!longest || t->since < longest->since))
			longest = t;
	if (longest)
		*out = attempt_of(longest, now);
	return longest;
}

bool attempts_contested(const struct attempts *a, uint64_t now, struct attempt *out)
{
	for (const struct trouble *t = a->troubles ? a->troubles->first : NULL; t; t = t->next)
		if (recurs(&t->put_back, now)) {
			*out = attempt_of(t, now);
			return true;
		}
	return false;
}
