#include "reconciler/apply.h"

#include "net/neighbour.h"
#include "net/netlink.h"
#include "net/priority.h"
#include "net/shaping.h"
#include "reconciler/lent.h"
#include "reconciler/parents.h"
#include "reconciler/persist.h"
#include "reconciler/plan.h"
#include "reconciler/power.h"
#include "reconciler/progress.h"
#include "reconciler/stopwatch.h"
#include "schema/arena.h"

#include <string.h>

bool apply_is_live(const struct change *c)
{
	return c->verdict == VERDICT_NONE && c->effect == EFFECT_LIVE &&
	       (c->action == ACTION_ADD || c->action == ACTION_CHANGE ||
		c->action == ACTION_REMOVE || c->action == ACTION_REPLACE) &&
	       driver_for(c->object);
}

void apply_changes_of(const struct driver *d, struct container *c, struct changes *changes)
{
	struct change **mine = arena_alloc(c->arena, changes->n * sizeof(*mine));
	size_t n = 0;

	for (size_t i = 0; i < changes->n; i++)
		if (apply_is_live(&changes->items[i]) && driver_for(changes->items[i].object) == d)
			mine[n++] = &changes->items[i];
	if (n > 0 && d->apply)
		d->apply(c, mine, n);
}

void apply_changes(struct container *c, struct changes *changes)
{
	for (size_t k = 0; k < n_drivers; k++)
		apply_changes_of(drivers[k], c, changes);
}

static struct change *change_find(struct changes *changes, const struct change *like)
{
	for (size_t i = 0; i < changes->n; i++)
		if (strcmp(changes->items[i].object, like->object) == 0 &&
		    strcmp(changes->items[i].attribute, like->attribute) == 0)
			return &changes->items[i];
	return NULL;
}

/* What came with the start is looked at, not believed; what LXC cannot bring is applied now. */
static void apply_started(struct survey *s, struct subject *subject)
{
	struct changes *planned = &subject->outcome->changes;
	struct changes late = {.arena = s->arena};

	draft_properties(s, subject, false, &late);
	apply_changes(subject->container, &late);
	for (size_t i = 0; i < planned->n; i++) {
		struct change *c = &planned->items[i], *now;

		if (c->verdict != VERDICT_NONE || c->effect != EFFECT_START)
			continue;
		now = change_find(&late, c);
		c->verdict = now ? now->verdict : VERDICT_APPLIED;
		if (now && now->verdict == VERDICT_FAILED) {
			c->error = now->error;
			c->error_number = now->error_number;
		}
	}
	for (size_t i = 0; i < late.n; i++)
		if (late.items[i].verdict == VERDICT_FAILED &&
		    !change_find(planned, &late.items[i]))
			changes_add(planned, late.items[i]);
}

static void apply_live(struct survey *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct subject *subject = &s->subjects[i];
		const struct change *state;

		if (!draft_in_hand(subject) || !subject_runs(subject))
			continue;
		progress_show("looking after containers", i, s->n);
		state = draft_lifecycle(subject, CONTAINER_STATE);
		if (state && state->phase == PHASE_START)
			apply_started(s, subject);
		else
			apply_changes(subject->container, &subject->outcome->changes);
	}
}

/* A restarted instance: what waited for it has come, or says what is there instead. */
static bool settle_restarted(struct survey *s, struct subject *subject)
{
	struct changes *planned = &subject->outcome->changes;
	struct changes late = {.arena = s->arena};
	bool in_sync = true;

	draft_properties(s, subject, false, &late);
	apply_changes(subject->container, &late);
	for (size_t i = 0; i < late.n; i++)
		in_sync &=
		    late.items[i].action == ACTION_NONE || late.items[i].verdict == VERDICT_APPLIED;
	for (size_t i = 0; i < planned->n; i++) {
		struct change *c = &planned->items[i];

		if (c->action == ACTION_WAIT && !change_find(&late, c))
			c->verdict = VERDICT_APPLIED;
	}
	return in_sync;
}

/* What a dead container, or a killed pass, has left on the host. */
static void sweep_links(const struct survey *s)
{
	struct netlink *nl = netlink_here();

	if (nl && shaping_orphans(nl) > 0)
		shaping_sweep(nl);
	if (nl)
		priority_sweep(nl);
	if (nl)
		neighbour_sweep(nl);
	lent_settle(s->containers->lxcpath);
}

void apply_run(struct survey *s, struct timings *timings)
{
	struct stopwatch watch = stopwatch_start();

	parents_note(s);
	power_existence(s);
	timings->live += stopwatch_lap(&watch);
	persist_before(s);
	timings->persist += stopwatch_lap(&watch);
	power_stop_and_start(s);
	apply_live(s);
	timings->live += stopwatch_lap(&watch);
	persist_after(s);
	timings->persist += stopwatch_lap(&watch);
	power_freezer(s);
	power_restarts(s, settle_restarted);
	timings->live += stopwatch_lap(&watch);
	if (!s->boot_only)
		sweep_links(s);
	timings->sweep += stopwatch_lap(&watch);
}
