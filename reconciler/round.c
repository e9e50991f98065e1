#include "reconciler/round.h"

#include "limits/balance.h"
#include "reconciler/enact.h"
#include "reconciler/kept_networks.h"
#include "reconciler/parents.h"
#include "reconciler/windows.h"
#include "schema/arena.h"
#include "schema/instance_idmap.h"

#include <stdlib.h>
#include <string.h>

#define OWN_MOST 65536 /* bytes that a kept container may hold on to */

/* ---- who takes part ---- */

/* What decides about the CPUs of an instance; 0: nothing does. */
static uint64_t pinning_of(const struct world_instance *w)
{
	const char *cpus = instance_text(w->instance, "limits.cpu");
	const char *nodes = instance_text(w->instance, "limits.cpu.nodes");
	char digest[17];
	struct arena *a;

	if (!w->will_run || (!cpus && !nodes))
		return 0;
	a = arena_new();
	bootfile_digest(arena_printf(a, "%s\n%s", cpus ? cpus : "", nodes ? nodes : ""), digest);
	arena_free(a);
	return strtoull(digest, NULL, 16) | 1;
}

static bool is_pinned(const struct instance *i)
{
	return instance_get(i, "limits.cpu") || instance_get(i, "limits.cpu.nodes");
}

static bool is_isolated(const struct round *r, const struct instance *i)
{
	uint32_t size, base;
	bool based;

	return instance_isolated(i, r->arena, &size, &base, &based);
}

/* Who stopped it for a restart owes it a start, though nobody asks for a state. */
static void owe_start(struct round *r, struct instance *copy)
{
	struct document *d = arena_alloc(r->arena, sizeof(*d));

	*d = *copy->document;
	d->state = STATE_RUNNING;
	d->state_at = d->at;
	copy->document = d;
}

/* An instance as it is to be carried out. Of one with errors the last good configuration stays in
 * force; the copy does not say that it is held back, so that it is not left out. */
static const struct instance *in_force(struct round *r, const struct ward *w,
				       const struct instance *i)
{
	bool last_good = i->held_back && i->last_good;
	bool owed = w->owed && i->document->state == STATE_AS_IT_IS;
	struct instance *copy;

	if (!last_good && !owed)
		return i;
	copy = arena_alloc(r->arena, sizeof(*copy));
	*copy = *i;
	if (last_good)
		copy->held_back = false;
	if (owed)
		owe_start(r, copy);
	return copy;
}

static const struct instance *instance_of(const struct round *r, const struct ward *w)
{
	return generation_find(reload_generation(r->keeper->reload), w->name);
}

static void join(struct round *r, struct ward *w)
{
	const struct instance *i = instance_of(r, w);
	struct turn *t = &r->turns[r->n];
	struct world_instance *world = &r->survey.world.instances[r->n];
	struct subject *s = &r->survey.subjects[r->n];

	*t = (struct turn){.ward = w, .subject = s, .held_back = i->held_back};
	*s = (struct subject){.world = world, .outcome = &t->outcome};
	*world = (struct world_instance){.instance = in_force(r, w, i), .window = w->window};
	world->window.holder = w->name;
	w->turn = t;
	w->due = w->hurried = false;
	w->restart_allowed = i->document->restart_allowed;
	r->n++;
	r->survey.n = r->survey.world.n = r->n;
}

/* ---- looking ---- */

/* Its file as it is on disk stays in memory while it runs: fan-outs need not read it again. */
static void keep_text(struct round *r, struct ward *w, const struct record *record)
{
	char digest[17], *text;

	if (record->state != RECORD_FINE || record->include != INCLUDE_FINE)
		return;
	text = bootfile_text(r->keeper->containers->dir, w->name, r->arena);
	if (!text)
		return;
	bootfile_digest(text, digest);
	if (strcmp(digest, record->digest) == 0)
		w->text = strdup(text);
}

static void look_at_record(struct round *r, struct ward *w, struct subject *s)
{
	const struct containers *cs = r->keeper->containers;

	if (w->text)
		bootfile_record(w->text, cs->lxcpath, w->name, r->arena, &s->record);
	else
		bootfile_read(cs->dir, cs->lxcpath, w->name, r->arena, &s->record);
}

static void look_anew(struct round *r, struct turn *t)
{
	struct ward *w = t->ward;
	struct subject *s = t->subject;
	struct keeper *k = r->keeper;
	struct arena *own = arena_new();
	bool known;

	keeper_let_go(k, w);
	look_at_record(r, w, s);
	known = s->record.include == INCLUDE_FINE;
	s->container = container_keep(k->containers, w->name, known, own);
	if (!subject_runs(s) || k->n_kept >= k->keep_most) {
		t->own = own; /* its items are read into it when they are asked for */
		return;
	}
	w->container = s->container;
	cgroup_keep_files(w->container->cgroup, &k->values_open);
	w->own = own;
	w->fresh = true;
	k->n_kept++;
	keep_text(r, w, &s->record);
	k->opened(k->context, w);
}

static void look(struct round *r, struct turn *t)
{
	struct ward *w = t->ward;
	struct subject *s = t->subject;

	if (w->reread) {
		free(w->text);
		w->text = NULL;
	}
	w->reread = false;
	/* answers of liblxc gather there */
	if (w->container && arena_size(w->own) > OWN_MOST)
		w->look = true;
	if (w->container && !w->look && container_still_runs(w->container)) {
		s->container = w->container;
		look_at_record(r, w, s);
		if (!w->text)
			keep_text(r, w, &s->record);
	} else {
		look_anew(r, t);
	}
	r->keeper->unseen -= !w->seen;
	w->look = false;
	w->seen = true;
	t->kept = s->container == w->container;
	/* it was up, as LXC said, and died before anybody could watch it */
	if (w->started && s->container->status == STATUS_STOPPED)
		keeper_count_death(r->keeper, w);
	w->started &= s->container->status == STATUS_STARTING;
	w->owed &=
	    s->container->status == STATUS_STOPPED || s->container->status == STATUS_STARTING;
	r->survey.containers = r->keeper->containers;
	s->container->arena = r->arena;
	s->container->host = r->survey.host;
	survey_facts(&r->survey, s);
}

/* ---- what concerns several ---- */

static bool takes_part(const struct round *r, const struct ward *w)
{
	return w->turn >= r->turns && w->turn < r->turns + r->n;
}

/* Pinned wards that take no part weigh in with what they hold. */
static void weigh_in(struct round *r, struct world *all, struct ward ***whose)
{
	struct keeper *k = r->keeper;
	size_t n = 0;

	*all = (struct world){.arena = r->arena, .host = k->host};
	all->instances = arena_alloc(r->arena, (k->wards.n + 1) * sizeof(*all->instances));
	*whose = arena_alloc(r->arena, (k->wards.n + 1) * sizeof(**whose));
	for (size_t i = 0; i < k->wards.n; i++) {
		struct ward *w = k->wards.items[i];
		const struct instance *instance = w->pinning && !w->gone ? instance_of(r, w) : NULL;

		if (!instance || takes_part(r, w))
			continue;
		all->instances[n] = (struct world_instance){.instance = in_force(r, w, instance),
							    .status = w->status,
							    .cpus_now = w->cpus,
							    .exists = true,
							    .will_run = w->will_run};
		(*whose)[n++] = w;
	}
	for (size_t i = 0; i < r->n; i++) {
		all->instances[n] = r->survey.world.instances[i];
		(*whose)[n++] = r->turns[i].ward;
	}
	all->n = n;
}

static bool deal_changed(const struct ward *w, const struct world_instance *i)
{
	return !ranges_equal(&w->cpus, &i->cpus);
}

/* All who want CPUs are dealt with together, those who take part in this round and the others;
 * those of the others who get other CPUs than before are due. */
static void deal_cpus(struct round *r)
{
	struct ward **whose;
	struct world all;

	weigh_in(r, &all, &whose);
	balance(&all);
	for (size_t i = 0; i < all.n; i++) {
		struct ward *w = whose[i];
		bool here = i >= all.n - r->n;

		if (deal_changed(w, &all.instances[i])) {
			if (here)
				r->turns[i - (all.n - r->n)].moved = true;
			else
				keeper_hurry(r->keeper, w);
			if (!here)
				w->fresh = true;
		}
		ward_set_cpus(w, &all.instances[i].cpus, all.instances[i].cpus_refused);
	}
}

/* Only when what decides about CPUs is another than at the last deal. */
static void settle_cpus(struct round *r)
{
	bool differs = false;

	for (size_t i = 0; i < r->n; i++) {
		struct ward *w = r->turns[i].ward;
		uint64_t pinning = pinning_of(r->turns[i].subject->world);

		differs |= pinning != w->pinning;
		w->pinning = pinning;
		w->will_run = r->turns[i].subject->world->will_run;
	}
	if (differs)
		deal_cpus(r);
	for (size_t i = 0; i < r->n; i++) {
		struct world_instance *w = r->turns[i].subject->world;

		w->cpus = r->turns[i].ward->cpus;
		w->cpus_refused = r->turns[i].ward->cpus_refused;
	}
}

/* An isolated one without a window: all that hold one are asked. Rare: windows are recorded. */
static void settle_windows(struct round *r)
{
	struct keeper *k = r->keeper;
	struct survey all = r->survey;
	size_t n = 0;
	bool isolated = false;

	for (size_t i = 0; i < r->n; i++) {
		struct turn *t = &r->turns[i];

		if (is_isolated(r, t->subject->world->instance))
			isolated = true;
		else /* what its record still holds is given back */
			t->ward->window = t->subject->world->window = (struct idmap_window){0};
	}
	if (!isolated)
		return;
	all.world.instances = arena_alloc(r->arena, k->wards.n * sizeof(*all.world.instances));
	for (size_t i = 0; i < k->wards.n; i++) {
		struct ward *w = k->wards.items[i];
		const struct instance *instance = instance_of(r, w);

		if (!instance || instance->elsewhere)
			continue;
		all.world.instances[n++] =
		    (struct world_instance){.instance = in_force(r, w, instance),
					    .window = w->window,
					    .status = w->status,
					    .exists = true};
	}
	all.n = all.world.n = n;
	windows_assign(&all);
	for (size_t i = 0; i < r->n; i++) {
		struct world_instance *w = r->turns[i].subject->world;
		const struct world_instance *given = world_find(&all.world, w->instance->name);

		w->window = given->window;
		w->window_refused = given->window_refused;
		r->turns[i].ward->window = given->window;
	}
}

/* Whose CPUs or id window depend on wards that were never looked at need these first. */
static void gather_unseen(struct round *r)
{
	bool pinned = false, isolated = false;

	for (size_t i = 0; i < r->n; i++) {
		pinned |= is_pinned(r->turns[i].subject->world->instance);
		isolated |= is_isolated(r, r->turns[i].subject->world->instance);
	}
	for (size_t i = 0; i < r->keeper->wards.n && (pinned || isolated); i++) {
		struct ward *w = r->keeper->wards.items[i];
		const struct instance *instance = w->seen || w->gone ? NULL : instance_of(r, w);

		if (instance && !instance->elsewhere && w->work == WORK_NONE && !w->turn &&
		    ((pinned && is_pinned(instance)) || (isolated && is_isolated(r, instance))))
			join(r, w);
	}
}

/* ---- one round ---- */

/* The file that is just being written is of another age than what was read: no difference. */
static void forget_boot(struct changes *changes)
{
	size_t n = 0;

	for (size_t i = 0; i < changes->n; i++)
		if (strcmp(changes->items[i].object, BOOT_OBJECT) != 0)
			changes->items[n++] = changes->items[i];
	changes->n = n;
}

static void draft(struct round *r, struct turn *t)
{
	struct subject *s = t->subject;
	const struct instance *i = s->world->instance;

	t->outcome = (struct outcome){.name = t->ward->name,
				      .instance = i,
				      .status = s->world->status,
				      .changes = {.arena = r->arena},
				      .held_back = i->held_back};
	t->outcome.pause =
	    pauses_of(&r->keeper->pauses, i->document, r->now, pauses_today(), r->arena);
	diagnostics_init(&t->outcome.diagnostics, r->arena);
	if (i->held_back)
		return;
	draft_subject(&r->survey, s);
	if (!scribe_pending(r->keeper->scribe, t->ward->name))
		return;
	forget_boot(&t->outcome.changes);
	/* the text on its way may be an older one than is wanted now */
	t->ward->unverified = true;
}

/* What is looked up for one round stays out of what the next ones, and a thread, work with. */
static struct host *host_of(const struct keeper *k, struct arena *a)
{
	struct host *h = arena_alloc(a, sizeof(*h));

	*h = *k->host;
	return h;
}

static void describe_world(struct round *r)
{
	const struct kept_networks *k = reload_networks(r->keeper->reload);

	r->survey.world = (struct world){.arena = r->arena,
					 .host = r->survey.host,
					 .lxcpath = r->keeper->containers->lxcpath,
					 .networks = k->documents,
					 .n_networks = k->n};
}

static struct round *round_new(struct keeper *k, size_t capacity)
{
	struct arena *a = arena_new();
	struct round *r = arena_alloc(a, sizeof(*r));

	*r = (struct round){.keeper = k, .arena = a, .capacity = capacity, .now = keeper_now()};
	r->turns = arena_alloc(a, capacity * sizeof(*r->turns));
	r->survey = (struct survey){.arena = a,
				    .host = host_of(k, a),
				    .layout = k->layout,
				    .containers = k->containers,
				    .incomplete = k->incomplete,
				    .wrote = writes_note};
	diagnostics_init(&r->survey.diagnostics, a);
	describe_world(r);
	r->survey.world.instances = arena_alloc(a, capacity * sizeof(*r->survey.world.instances));
	r->survey.subjects = arena_alloc(a, capacity * sizeof(*r->survey.subjects));
	return r;
}

void round_free(struct round *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct turn *t = &r->turns[i];

		if (!t->kept)
			container_close(t->subject->container);
		arena_free(t->own);
	}
	arena_free(r->arena);
}

/* Room for those who may have to join. */
static size_t room_for(const struct keeper *k, size_t n)
{
	return n + (k->unseen ? k->wards.n : 0);
}

void round_run(struct keeper *k, struct ward **wards, size_t n)
{
	struct round *r = round_new(k, room_for(k, n));

	for (size_t i = 0; i < n; i++)
		join(r, wards[i]);
	gather_unseen(r);
	for (size_t i = 0; i < r->n; i++)
		look(r, &r->turns[i]);
	settle_cpus(r);
	settle_windows(r);
	parents_look(&r->survey, !k->o->observe);
	if (!k->o->observe)
		parents_note(&r->survey);
	for (size_t i = 0; i < r->n; i++)
		draft(r, &r->turns[i]);
	enact(r);
}
