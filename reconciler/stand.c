#include "reconciler/stand.h"

#include "reconciler/report.h"
#include "schema/arena.h"

#include <string.h>
#include <time.h>

static bool stands_in(const struct diagnostic *d, const struct document *document)
{
	return document && d->place.source &&
	       strcmp(d->place.source->name, document->at.source->name) == 0;
}

/* Is it about this instance, its manifest or a profile of its? */
static bool concerns(const struct diagnostic *d, const struct instance *i, const struct catalog *c)
{
	const struct words *profiles = &i->document->profiles;

	if (d->severity != SEVERITY_ERROR)
		return false;
	if (d->instance)
		return strcmp(d->instance, i->name) == 0;
	if (stands_in(d, i->document))
		return true;
	for (size_t k = 0; k < profiles->n; k++)
		if (stands_in(d, catalog_find(c, KIND_PROFILE, profiles->items[k].text)))
			return true;
	return !i->document->profiles_given &&
	       stands_in(d, catalog_find(c, KIND_PROFILE, "default"));
}

/* The finding that holds an instance back, with its place. */
static const char *held_reason(struct keeper *k, const struct turn *t, struct arena *a)
{
	struct generation *g = reload_generation(k->reload);
	const struct instance *i = t->subject->world->instance;
	const char *reason = instance_held_reason(&g->catalog, i, a);
	struct diagnostics all;

	diagnostics_init(&all, a);
	reload_findings(k->reload, &all);
	for (size_t n = 0; n < all.n; n++)
		if (concerns(&all.items[n], i, &g->catalog))
			return arena_printf(a, "%s: %s", report_place(all.items[n].place, a),
					    all.items[n].message);
	return reason ? reason : "its manifest has errors";
}

static void held_back(struct keeper *k, const struct turn *t, struct arena *a, struct standing *out)
{
	if (!t->held_back || out->condition == CONDITION_PAUSED)
		return;
	out->condition = CONDITION_HELD_BACK;
	out->reason = held_reason(k, t, a);
}

void stand_troubled(const struct attempts *attempts, uint64_t now, struct arena *a,
		    struct standing *out)
{
	struct attempt attempt;

	if (out->condition == CONDITION_PAUSED || out->condition == CONDITION_HELD_BACK)
		return;
	if (attempts_crash_loop(attempts, now)) {
		out->condition = CONDITION_FAILING;
		out->reason = "crash loop: it does not stay up after its start";
	} else if (attempts_failing(attempts, now, &attempt)) {
		out->condition = CONDITION_FAILING;
		out->reason = arena_strdup(a, attempt.reason);
	} else if (attempts_contested(attempts, now, &attempt)) {
		out->condition = CONDITION_CONTESTED;
		out->reason = arena_printf(a, "%s %s: somebody keeps changing it", attempt.object,
					   attempt.attribute);
	}
}

/* Neither in sync nor in trouble: what LXC is about to set cannot be seen yet. */
static void starting(const struct turn *t, struct standing *out)
{
	if (t->outcome.status != STATUS_STARTING || t->outcome.pause || t->held_back)
		return;
	out->condition = CONDITION_DRIFTED;
	out->reason = "it is starting";
}

enum event stand_event(enum condition c)
{
	switch (c) {
	case CONDITION_PENDING_RESTART:
		return EVENT_PENDING;
	case CONDITION_FAILING:
		return EVENT_FAILED;
	case CONDITION_CONTESTED:
		return EVENT_CONTESTED;
	case CONDITION_PAUSED:
		return EVENT_PAUSED;
	case CONDITION_HELD_BACK:
		return EVENT_HELD_BACK;
	case CONDITION_DRIFTED:
		return EVENT_WOULD_CHANGE;
	case CONDITION_IN_SYNC:
	case N_CONDITIONS:
		break;
	}
	return EVENT_RECOVERED;
}

bool stand_was_trouble(enum condition c)
{
	return c == CONDITION_FAILING || c == CONDITION_CONTESTED || c == CONDITION_HELD_BACK;
}

/* Values that were made or refused have had their own lines; here is what they do not say. */
static void say(struct keeper *k, const struct turn *t, const struct standing *next, uint64_t retry)
{
	const struct ward *w = t->ward;
	const struct standing *last = &w->standing;
	bool same = last->condition == next->condition;

	switch (next->condition) {
	case CONDITION_IN_SYNC:
	case CONDITION_PENDING_RESTART:
		if (stand_was_trouble(last->condition) && w->said)
			journal_say(k->journal, EVENT_RECOVERED, w->name, "in sync again");
		else if (last->condition == CONDITION_PAUSED && w->said)
			journal_say(k->journal, EVENT_RESUMED, w->name, "no longer paused");
		return;
	case CONDITION_DRIFTED:
		if (k->o->observe)
			for (size_t i = 0; i < t->outcome.changes.n; i++)
				journal_change(k->journal, EVENT_WOULD_CHANGE, w->name,
					       &t->outcome.changes, &t->outcome.changes.items[i],
					       0);
		return;
	case CONDITION_CONTESTED:
		return;
	case CONDITION_FAILING:
		if (t->outcome.diagnostics.errors == 0)
			return; /* each refusal has had its line */
		break;
	case CONDITION_PAUSED:
		if (same)
			return; /* what it is not changed to comes and goes */
		break;
	case CONDITION_HELD_BACK:
	case N_CONDITIONS:
		break;
	}
	if (!same || !last->reason || !next->reason || strcmp(last->reason, next->reason) != 0)
		journal_retry(k->journal, stand_event(next->condition), w->name, retry / 1000000,
			      "%s%s%s", condition_name(next->condition), next->reason ? ": " : "",
			      next->reason ? next->reason : "");
}

static bool was_shown(const struct standing *last, const struct change *c)
{
	for (size_t i = 0; i < last->n_unsupported; i++) {
		const struct waiting *w = &last->unsupported[i];

		if (strcmp(w->object, c->object) == 0 && strcmp(w->attribute, c->attribute) == 0)
			return w->reason && strcmp(w->reason, c->reason) == 0;
	}
	return false;
}

/* What is in the way, a qdisc of somebody else's, needs a person; what a kernel lacks is no news.
 */
static void say_unknown(struct keeper *k, const struct turn *t)
{
	const struct changes *changes = &t->outcome.changes;

	if (t->outcome.pause || t->held_back || t->outcome.status == STATUS_STARTING)
		return;
	for (size_t i = 0; i < changes->n; i++) {
		const struct change *c = &changes->items[i];

		if (c->action == ACTION_NONE && c->observed == UNKNOWN && c->reason && !c->wrong &&
		    !was_shown(&t->ward->standing, c))
			journal_change(k->journal, EVENT_UNSUPPORTED, t->ward->name, changes, c, 0);
	}
}

/* Thousands are in sync, and need no memory for it. */
static void keep(struct ward *w, const struct standing *next)
{
	bool plain = !next->reason && !next->n_pending && !next->n_unsupported;
	struct arena *details = plain ? NULL : arena_new();

	if (plain)
		w->standing = *next;
	else
		standing_copy(next, details, &w->standing);
	w->standing.name = w->name;
	arena_free(w->details);
	w->details = details;
	w->said = true;
}

void ward_stands(struct keeper *k, const struct turn *t, uint64_t now)
{
	struct arena *a = t->outcome.changes.arena;
	struct ward *w = t->ward;
	struct standing next;

	standing_from_outcome(&t->outcome, a, &next);
	starting(t, &next);
	if (next.condition == CONDITION_IN_SYNC) /* nothing that failed is wanted any more */
		attempts_all_succeeded(&w->attempts, now);
	held_back(k, t, a, &next);
	stand_troubled(&w->attempts, now, a, &next);
	w->retry = next.condition == CONDITION_FAILING || next.condition == CONDITION_CONTESTED
		       ? attempts_next(&w->attempts, now)
		       : 0;
	next.since = w->standing.since;
	if (w->said && standing_equal(&w->standing, &next))
		return;
	if (!w->said || w->standing.condition != next.condition)
		next.since = (uint64_t)time(NULL);
	say(k, t, &next, w->retry > now ? w->retry - now : 0);
	say_unknown(k, t);
	keep(w, &next);
	k->changed(k->context, w);
}
