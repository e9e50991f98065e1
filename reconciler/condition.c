#include "reconciler/condition.h"

#include "reconciler/draft.h"
#include "reconciler/options.h"
#include "reconciler/pauses.h"
#include "reconciler/report.h"
#include "schema/arena.h"

#include <string.h>

/* In what is kept and told to many, secrets are hidden. */
static const struct options hiding;

#define NAMES_MOST 4 /* in a reason; the others are counted */

const char *condition_name(enum condition c)
{
	switch (c) {
	case CONDITION_IN_SYNC:
		return "in-sync";
	case CONDITION_DRIFTED:
		return "drifted";
	case CONDITION_PENDING_RESTART:
		return "pending-restart";
	case CONDITION_FAILING:
		return "failing";
	case CONDITION_CONTESTED:
		return "contested";
	case CONDITION_PAUSED:
		return "paused";
	case CONDITION_HELD_BACK:
		return "held-back";
	case N_CONDITIONS:
		break;
	}
	return "?";
}

enum condition condition_find(const char *name)
{
	for (int i = 0; i < N_CONDITIONS; i++)
		if (strcmp(condition_name((enum condition)i), name) == 0)
			return (enum condition)i;
	return N_CONDITIONS;
}

static const char *first_error(const struct outcome *o, struct arena *a)
{
	for (size_t i = 0; i < o->diagnostics.n; i++) {
		const struct diagnostic *d = &o->diagnostics.items[i];
		const char *place = report_place(d->place, a);

		if (d->severity == SEVERITY_ERROR)
			return arena_printf(a, "%s%s%s", place ? place : "", place ? ": " : "",
					    d->message);
	}
	return NULL;
}

static bool is_waiting(const struct change *c)
{
	return c->action == ACTION_WAIT && c->verdict != VERDICT_APPLIED;
}

static bool is_drift(const struct change *c)
{
	/* a restart that is allowed is how what waits will come */
	if (strcmp(c->object, CONTAINER_OBJECT) == 0 &&
	    strcmp(c->attribute, CONTAINER_RESTART) == 0)
		return false;
	return c->action != ACTION_WAIT && c->action != ACTION_NONE &&
	       c->verdict != VERDICT_APPLIED && c->verdict != VERDICT_PENDING;
}

static const char *first_failure(const struct outcome *o, struct arena *a)
{
	for (size_t i = 0; i < o->changes.n; i++) {
		const struct change *c = &o->changes.items[i];
		const char *hidden;

		if (c->verdict != VERDICT_FAILED)
			continue;
		hidden = report_hide(&hiding, c, c->error ? c->error : "failed", a);
		return arena_printf(a, "%s: %s", report_name(c, a), hidden);
	}
	return NULL;
}

/* "cgroup memory.max, cgroup pids.max and 3 more"; each name once */
static const char *list(const struct outcome *o, bool (*counts)(const struct change *c),
			struct arena *a)
{
	const char *line = "", *last = "";
	size_t n = 0;

	for (size_t i = 0; i < o->changes.n; i++) {
		const struct change *c = &o->changes.items[i];
		bool said = counts(c) && changes_told(&o->changes, c);
		const char *name = said ? report_name(c, a) : last;

		if (strcmp(name, last) == 0)
			continue;
		last = name;
		if (n++ < NAMES_MOST)
			line = arena_printf(a, "%s%s%s", line, n > 1 ? ", " : "", name);
	}
	if (n > NAMES_MOST)
		line = arena_printf(a, "%s and %zu more", line, n - NAMES_MOST);
	return line;
}

static bool any(const struct outcome *o, bool (*counts)(const struct change *c))
{
	for (size_t i = 0; i < o->changes.n; i++)
		if (counts(&o->changes.items[i]))
			return true;
	return false;
}

/* Why and until when, and what it keeps from being made. */
static const char *paused(const struct outcome *o, struct arena *a)
{
	const char *words = pause_words(o->pause, a);

	if (!any(o, is_drift))
		return *words ? words : NULL;
	return arena_printf(a, "%s%s%s", words,
			    *words ? "; not changed: " : "not changed: ", list(o, is_drift, a));
}

enum condition condition_of(const struct outcome *o, struct arena *a, const char **reason)
{
	*reason = first_error(o, a);
	if (o->pause) {
		*reason = paused(o, a);
		return CONDITION_PAUSED;
	}
	if (o->held_back) {
		if (!*reason)
			*reason = "its manifest or a profile of its is invalid";
		return CONDITION_HELD_BACK;
	}
	if (o->diagnostics.errors)
		return CONDITION_FAILING;
	if (!*reason)
		*reason = first_failure(o, a);
	if (*reason)
		return CONDITION_FAILING;
	if (o->whole == WHOLE_CREATE && any(o, is_drift)) {
		*reason = "to create";
		return CONDITION_DRIFTED;
	}
	if (any(o, is_drift)) {
		*reason = list(o, is_drift, a);
		return CONDITION_DRIFTED;
	}
	if (any(o, is_waiting)) {
		*reason = list(o, is_waiting, a);
		return CONDITION_PENDING_RESTART;
	}
	return CONDITION_IN_SYNC;
}
