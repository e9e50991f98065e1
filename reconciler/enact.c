#include "reconciler/enact.h"

#include "reconciler/apply.h"
#include "reconciler/plan.h"
#include "reconciler/report.h"
#include "reconciler/round.h"
#include "reconciler/session.h"
#include "reconciler/stand.h"
#include "reconciler/steps.h"
#include "reconciler/watching.h"
#include "schema/arena.h"

#include <stdlib.h>
#include <string.h>

#define START_LOOK_LEAST 5000000ull  /* ns until a starting container is looked at again */
#define START_LOOK_MOST 500000000ull /* ... each time twice as long, up to this */
#define START_LOOKS 130              /* about a minute: then only events and the resync */

static bool is(const struct change *c, const char *object)
{
	return strcmp(c->object, object) == 0;
}

/* ---- what must not be done now ---- */

static void put_off(struct change *c, const char *reason)
{
	c->verdict = VERDICT_SKIPPED;
	c->reason = reason;
}

/* What failed, and what somebody else keeps changing, is tried less and less often: an object that
 * comes or goes with all its parts. */
static void hold_back(struct round *r, struct turn *t)
{
	struct changes *changes = &t->outcome.changes;
	struct ward *w = t->ward;

	if (w->insist)
		return;
	for (size_t i = 0; i < changes->n; i++) {
		struct change *c = &changes->items[i];
		const struct change *whole = changes_whole(changes, c);

		if (!whole)
			whole = c;
		if (apply_is_live(c) &&
		    attempts_hold(&w->attempts, whole->object, whole->attribute, r->now) > r->now)
			put_off(c, "it will be tried again");
	}
}

/* An object does not come without what it is to have. */
static void put_off_parts(struct changes *changes)
{
	for (size_t i = 0; i < changes->n; i++) {
		struct change *c = &changes->items[i];
		const struct change *whole = apply_is_live(c) ? changes_whole(changes, c) : NULL;

		if (whole && whole->verdict == VERDICT_SKIPPED)
			put_off(c, whole->reason);
	}
}

/* What the record does not name yet is not taken: the record comes first. */
static void await_record(struct round *r, struct turn *t)
{
	struct changes *changes = &t->outcome.changes;
	const struct subject *s = t->subject;

	if (!draft_takes_more(s))
		return;
	for (size_t i = 0; i < changes->n; i++) {
		struct change *c = &changes->items[i], *whole;

		if (!apply_is_live(c) || properties_find(&s->record.owned, c->object, c->attribute))
			continue;
		whole = changes_whole(changes, c);
		put_off(c, NULL);
		if (whole && apply_is_live(whole))
			put_off(whole, NULL);
	}
	put_off_parts(changes);
	step_record(r, t, draft_text_between(&r->survey, s));
}

/* ---- values ---- */

/* May one of its changes wait in the kernel? Then all of that driver go to the thread. */
static bool may_wait(const struct turn *t, const struct driver *d)
{
	for (size_t i = 0; d->may_wait && i < t->outcome.changes.n; i++) {
		const struct change *c = &t->outcome.changes.items[i];

		if (apply_is_live(c) && driver_for(c->object) == d &&
		    d->may_wait(t->subject->container, c))
			return true;
	}
	return false;
}

/* What is not slow is done at once. */
static void apply_values(struct turn *t)
{
	for (size_t k = 0; k < n_drivers; k++)
		if (may_wait(t, drivers[k]))
			t->slow |= 1u << k;
		else
			apply_changes_of(drivers[k], t->subject->container, &t->outcome.changes);
}

/* Did we have it otherwise ourselves, until now? What could not be had for a while was not changed
 * by anybody. */
static bool was_otherwise(const struct turn *t, const struct change *c)
{
	const struct property *own =
	    properties_find(&t->subject->record.owned, c->object, c->attribute);

	return c->action == ACTION_REMOVE ||
	       (own && own->value && c->to && strcmp(own->value, c->to) != 0);
}

static bool is_drift(const struct turn *t, const struct change *c)
{
	return !t->ward->fresh && !t->moved && c->effect == EFFECT_LIVE && !was_otherwise(t, c);
}

static void applied(struct round *r, struct turn *t, struct change *c)
{
	struct keeper *k = r->keeper;
	struct ward *w = t->ward;

	attempts_succeeded(&w->attempts, c->object, c->attribute, r->now);
	if (driver_for(c->object)->links)
		keeper_relinked(k, w, c->action != ACTION_CHANGE);
	if (!changes_told(&t->outcome.changes, c))
		return; /* its object is told, and what others do to it is counted there */
	if (!is_drift(t, c)) {
		journal_change(k->journal, EVENT_CHANGED, w->name, &t->outcome.changes, c, 0);
		return;
	}
	journal_change(k->journal, EVENT_PUT_BACK, w->name, &t->outcome.changes, c, 0);
	if (attempts_put_back(&w->attempts, c->object, c->attribute, r->now))
		journal_change(k->journal, EVENT_CONTESTED, w->name, &t->outcome.changes, c, 0);
}

static void failed(struct round *r, struct turn *t, struct change *c)
{
	struct ward *w = t->ward;
	const char *why = c->error ? c->error : strerror(c->error_number);
	uint64_t next;

	w->insist = false;
	attempts_failed(&w->attempts, c->object, c->attribute, r->now, why);
	next = attempts_hold(&w->attempts, c->object, c->attribute, r->now);
	journal_change(r->keeper->journal, EVENT_FAILED, w->name, &t->outcome.changes, c,
		       next > r->now ? (next - r->now) / 1000000 : 0);
}

static void tell_values(struct round *r, struct turn *t)
{
	for (size_t i = 0; i < t->outcome.changes.n; i++) {
		struct change *c = &t->outcome.changes.items[i];

		if (!driver_for(c->object) || c->effect != EFFECT_LIVE)
			continue;
		if (c->verdict == VERDICT_APPLIED)
			applied(r, t, c);
		else if (c->verdict == VERDICT_FAILED)
			failed(r, t, c);
	}
}

/* ---- the end of a turn ---- */

/* What only the boot file brings: it is said when it is written, and looked at again then. */
static void write_after(struct round *r, struct turn *t)
{
	const char *text;

	if (t->ward->recording || !step_may_record(r, t->ward) || draft_takes_more(t->subject))
		return;
	text = draft_text_after(&r->survey, t->subject);
	if (!draft_differs(t->subject, text))
		return;
	keeper_record(r->keeper, t->ward, text);
	for (size_t i = 0; i < t->outcome.changes.n; i++) {
		struct change *c = &t->outcome.changes.items[i];

		if (c->verdict != VERDICT_NONE || c->action == ACTION_NONE ||
		    is(c, CONTAINER_OBJECT))
			continue;
		t->ward->unverified = true;
		if (!is(c, BOOT_OBJECT))
			journal_change(r->keeper->journal, EVENT_PENDING, t->ward->name,
				       &t->outcome.changes, c, 0);
	}
}

/* While it starts nothing tells when it is up: a few looks, further and further apart. */
static uint64_t starting_again(struct round *r, struct ward *w)
{
	uint64_t wait = START_LOOK_LEAST;

	if (w->status != STATUS_STARTING || w->looks >= START_LOOKS) {
		w->looks = w->status == STATUS_STARTING ? w->looks : 0;
		return 0;
	}
	for (unsigned i = 0; i < w->looks && wait < START_LOOK_MOST; i++)
		wait *= 2;
	w->looks++;
	w->look = r->keeper->containers_stale = true;
	return r->now + (wait < START_LOOK_MOST ? wait : START_LOOK_MOST);
}

static uint64_t sooner(uint64_t x, uint64_t y)
{
	if (!x || !y)
		return x ? x : y;
	return x < y ? x : y;
}

static void look_again(struct round *r, struct turn *t)
{
	struct ward *w = t->ward;

	w->again = sooner(starting_again(r, w), attempts_next(&w->attempts, r->now));
	if (t->outcome.pause)
		w->again = sooner(w->again, t->outcome.pause->end);
	keeper_wait(r->keeper, w);
}

/* What somebody else did with its container. Between two runs LXC's monitor may be all there is. */
static void tell_status(struct round *r, struct turn *t)
{
	struct ward *w = t->ward;
	enum status now = t->outcome.status;

	if (now == STATUS_STARTING)
		return;
	if (w->said && !w->told && w->lasting != now)
		journal_say(r->keeper->journal, EVENT_CONTAINER, w->name, "%s -> %s",
			    status_name(w->lasting), status_name(now));
	w->told = false;
	w->lasting = now;
}

/* Nothing of a round may stay in what is kept. */
static void turn_give_back(const struct round *r, struct turn *t)
{
	if (t->kept) {
		t->ward->container->arena = t->ward->own;
		t->ward->container->host = r->keeper->host;
		t->ward->container->owned = NULL;
		container_rest(t->ward->container);
	}
	t->ward->turn = NULL;
}

static void turn_end(struct round *r, struct turn *t)
{
	struct ward *w = t->ward;
	bool under_way;

	watching_turn(r, t);
	turn_give_back(r, t);
	tell_status(r, t);
	w->status = t->outcome.status;
	under_way = w->recording || w->unverified || w->work != WORK_NONE;
	w->insist &= under_way;
	/* what gathers while it is paused is no drift when that ends */
	w->fresh &= under_way || t->outcome.pause;
	ward_stands(r->keeper, t, r->now);
	look_again(r, t);
	session_turn(r->keeper, t);
	step_judge_restart(r->keeper, w);
}

static void finish(struct round *r, struct turn *t)
{
	tell_values(r, t);
	write_after(r, t);
	step_last(r, t);
	turn_end(r, t);
}

/* ---- the slow part ---- */

/* While the thread is at work the manifests may be loaded anew: what it works with, and what is
 * said of it afterwards, must not point into them. */
static void detach(struct round *r, struct turn *t)
{
	struct changes *changes = &t->outcome.changes;

	for (size_t i = 0; i < changes->n; i++)
		change_copy(&changes->items[i], r->arena, &changes->items[i]);
}

static struct round *round_of(struct task *t)
{
	return (struct round *)((char *)t - offsetof(struct round, task));
}

/* Kept in the round, which is the thread's alone meanwhile. */
static void keep_write(void *context, const char *what, const char *value, int error)
{
	struct round *r = context;

	r->slow_writes = arena_grow(r->arena, r->slow_writes, r->n_slow_writes, &r->slow_capacity,
				    sizeof(*r->slow_writes));
	r->slow_writes[r->n_slow_writes++] =
	    (struct slow_write){arena_strdup(r->arena, what), arena_strdup(r->arena, value), error};
}

static void slow_run(struct task *task)
{
	struct round *r = round_of(task);
	struct writes writes = {.say = keep_write, .context = r};

	writes_heard_by(&writes);
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < n_drivers; k++)
			if (r->turns[i].slow & 1u << k)
				apply_changes_of(drivers[k], r->turns[i].subject->container,
						 &r->turns[i].outcome.changes);
	writes_heard_by(NULL); /* it is this function's */
}

/* The next round finds out what else there is to do: the plan was made from manifests that may be
 * gone. What was wanted of this one is no drift there. */
static void slow_end(struct round *r, struct turn *t)
{
	struct ward *w = t->ward;

	tell_values(r, t);
	turn_give_back(r, t);
	session_turn(r->keeper, t);
	keeper_work_ended(r->keeper, w);
}

static void slow_done(struct task *task)
{
	struct round *r = round_of(task);

	r->now = keeper_now();
	for (size_t i = 0; i < r->n_slow_writes; i++)
		writes_note(r->slow_writes[i].what, r->slow_writes[i].value,
			    r->slow_writes[i].error);
	for (size_t i = 0; i < r->n; i++)
		if (r->turns[i].slow)
			slow_end(r, &r->turns[i]);
	round_free(r);
}

/* The daemon ends: what the thread did is done, and nobody says it any more. */
static void slow_drop(struct task *task)
{
	struct round *r = round_of(task);

	for (size_t i = 0; i < r->n; i++) {
		if (r->turns[i].slow)
			turn_give_back(r, &r->turns[i]);
	}
	round_free(r);
}

/* ---- one turn ---- */

static bool may_act(const struct round *r, const struct turn *t)
{
	return !r->keeper->o->observe && !t->outcome.pause && !t->outcome.held_back &&
	       t->subject->world->status != STATUS_STARTING;
}

static void act(struct round *r, struct turn *t)
{
	if (!may_act(r, t) || step_first(r, t) || !t->subject->world->exists) {
		turn_end(r, t);
		return;
	}
	hold_back(r, t);
	await_record(r, t);
	if (subject_runs(t->subject))
		apply_values(t);
	t->acted = !t->slow;
	if (!t->slow)
		return;
	t->ward->work = WORK_WRITE;
	detach(r, t);
	r->n_slow++;
}

void enact(struct round *r)
{
	for (size_t i = 0; i < r->n; i++)
		act(r, &r->turns[i]);
	/* the values of all come first: what is said and written of each takes its time */
	for (size_t i = 0; i < r->n; i++)
		if (r->turns[i].acted)
			finish(r, &r->turns[i]);
	if (r->n_slow == 0) {
		round_free(r);
		return;
	}
	r->task = (struct task){.run = slow_run, .done = slow_done, .drop = slow_drop};
	worker_submit(r->keeper->slow, &r->task);
}
