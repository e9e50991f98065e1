#include "reconciler/pass.h"

#include "reconciler/apply.h"
#include "reconciler/draft.h"
#include "reconciler/lent.h"
#include "reconciler/lock.h"
#include "reconciler/networks.h"
#include "reconciler/pauses.h"
#include "reconciler/released.h"
#include "reconciler/report.h"
#include "reconciler/stopwatch.h"
#include "reconciler/writes.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say_write(void *context, const char *what, const char *value, int error)
{
	(void)context;
	report_kernel_write(what, value, error);
}

static struct result *result_new(void)
{
	struct arena *a = arena_new();
	struct result *r = arena_alloc(a, sizeof(*r));

	r->arena = a;
	diagnostics_init(&r->diagnostics, a);
	return r;
}

void result_free(struct result *r)
{
	if (!r)
		return;
	generation_free(r->generation);
	arena_free(r->arena);
}

/* A tree that could not be read whole, or that others could write, changes nothing. */
static bool load(struct result *r, const struct options *o)
{
	struct stopwatch watch = stopwatch_start();

	r->generation = generation_load(o, TRUST_ENFORCE);
	r->timings.load = stopwatch_lap(&watch);
	switch (r->generation->trouble) {
	case LOAD_FINE:
		return true;
	case LOAD_MISSING:
	case LOAD_UNREADABLE:
	case LOAD_UNTRUSTED:
	case LOAD_EMPTY:
		break;
	}
	r->trouble = true;
	return false;
}

static bool named(const struct options *o, const char *name)
{
	if (o->n_names == 0)
		return true;
	for (size_t i = 0; i < o->n_names; i++)
		if (strcmp(o->names[i], name) == 0)
			return true;
	return false;
}

/* A boot file alone says nothing to a container that runs, and makes none. */
static bool chosen(const struct options *o, const struct world_instance *i)
{
	if (o->boot_only &&
	    (i->status != STATUS_STOPPED || i->instance->document->state == STATE_ABSENT))
		return false;
	return named(o, i->instance->name);
}

static void unknown_name(const struct generation *g, const char *name, struct diagnostics *ds)
{
	const char **words = arena_alloc(ds->arena, g->n_instances * sizeof(*words));
	const char *near;

	for (size_t i = 0; i < g->n_instances; i++)
		words[i] = g->instances[i]->name;
	near = text_near_miss(name, words, g->n_instances);
	diagnostic_error(ds, NOWHERE, "no manifest in %s is about an instance %s", g->directory,
			 text_escape(ds->arena, name, strlen(name), 64));
	if (near)
		diagnostic_hint(ds, "did you mean %s?", near);
}

bool pass_knows_names(const struct generation *g, const struct options *o, struct diagnostics *ds)
{
	bool known = true;

	for (size_t i = 0; i < o->n_names; i++) {
		const struct instance *instance = generation_find(g, o->names[i]);

		known &= instance != NULL;
		if (!instance)
			unknown_name(g, o->names[i], ds);
		else if (instance->elsewhere)
			diagnostic_notice(ds, instance->document->at,
					  "%s is not meant for this host (%s)", instance->name,
					  o->host);
	}
	return known;
}

static int compare_outcome(const void *name, const void *outcome)
{
	return strcmp(name, ((const struct outcome *)outcome)->name);
}

/* The findings about single instances stand with their plans too. */
static void outcomes_diagnose(struct result *r, const struct diagnostics *from)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct diagnostic *d = &from->items[i];
		struct outcome *o = NULL;

		if (d->instance)
			o = bsearch(d->instance, r->outcomes, r->n, sizeof(*o), compare_outcome);
		if (o)
			diagnostics_take(&o->diagnostics, d);
	}
}

/* What cannot be read pauses nobody; who is not root may not read it. */
static void load_pauses(struct result *r, const struct options *o, struct pauses *out)
{
	int error = pauses_load(o->lxcpath, r->arena, out);

	if (error == -EACCES || (error < 0 && geteuid() != 0))
		diagnostic_notice(&r->diagnostics, NOWHERE,
				  "which instances are paused cannot be read: %s",
				  strerror(-error));
	else if (error < 0)
		diagnostic_warning(&r->diagnostics, NOWHERE,
				   "which instances are paused cannot be read: %s",
				   strerror(-error));
}

static void outcomes_make(struct result *r, const struct options *o, struct survey *s)
{
	uint64_t now = pauses_now(), today = pauses_today();
	struct pauses pauses;

	load_pauses(r, o, &pauses);
	r->outcomes = arena_alloc(r->arena, s->n * sizeof(*r->outcomes));
	for (size_t i = 0; i < s->n; i++) {
		const struct instance *instance = s->world.instances[i].instance;
		struct outcome *outcome = &r->outcomes[r->n];

		if (!chosen(o, &s->world.instances[i]))
			continue;
		*outcome = (struct outcome){
		    .name = instance->name,
		    .instance = instance,
		    .status = s->world.instances[i].status,
		    .changes = {.arena = r->arena},
		    .held_back = instance->held_back,
		    .pause = pauses_of(&pauses, instance->document, now, today, r->arena),
		};
		diagnostics_init(&outcome->diagnostics, r->arena);
		s->subjects[i].outcome = outcome;
		r->n++;
	}
}

/* Waiting for a restart, unknown and unsupported do not count: they are shown. */
static bool changes_now(const struct outcome *o)
{
	for (size_t i = 0; i < o->changes.n; i++)
		if (o->changes.items[i].action != ACTION_NONE &&
		    o->changes.items[i].action != ACTION_WAIT)
			return true;
	return false;
}

/* Thousands are in sync, and what showed that is of no use any more: without this a diff would
 * touch ten times the memory. apply goes on working with it. */
static void draft_one(struct survey *s, struct subject *subject, struct arena *scratch)
{
	struct arena *whole = s->arena;

	s->arena = scratch;
	draft_subject(s, subject);
	s->arena = whole;
	if (subject->outcome->changes.n == 0)
		arena_reset(scratch);
	else
		arena_absorb(whole, scratch);
}

/* What is paused is drafted to be shown, and then nothing of it is in anybody's hands any more. */
static void draft_paused(struct survey *s, struct subject *subject, struct arena *scratch)
{
	if (!subject->outcome->held_back)
		draft_one(s, subject, scratch);
	subject->outcome->whole = WHOLE_NONE;
	container_close(subject->container);
	subject->container = NULL;
	subject->outcome = NULL;
}

static void draft_all(struct survey *s, enum pass_mode mode)
{
	struct arena *scratch = arena_new();

	for (size_t i = 0; i < s->n; i++) {
		struct subject *subject = &s->subjects[i];
		struct outcome *o = subject->outcome;

		if (!o)
			continue;
		if (o->pause) {
			draft_paused(s, subject, scratch);
			continue;
		}
		if (!o->held_back && mode == PASS_DIFF)
			draft_one(s, subject, scratch);
		else if (!o->held_back)
			draft_subject(s, subject);
		o->in_sync = !o->held_back && !changes_now(o) && o->diagnostics.errors == 0;
		if (o->whole == WHOLE_NONE && changes_now(o))
			o->whole = WHOLE_UPDATE;
		/* thousands of containers would keep tens of thousands of fds */
		if (o->in_sync || mode == PASS_DIFF) {
			container_close(subject->container);
			subject->container = NULL;
		}
	}
	arena_free(scratch);
}

/* What comes with a network that is made is no change of its own. */
static bool is_own(const struct outcome *o, const struct change *c)
{
	if (o->network)
		return o->whole != WHOLE_CREATE && o->whole != WHOLE_DELETE;
	return strcmp(c->object, CONTAINER_OBJECT) != 0 && strcmp(c->object, BOOT_OBJECT) != 0;
}

static void count_change(struct summary *sum, const struct outcome *o, const struct change *c)
{
	switch (c->verdict) {
	case VERDICT_FAILED:
		sum->failed++;
		return;
	case VERDICT_SKIPPED:
		sum->skipped++;
		return;
	case VERDICT_NONE:
	case VERDICT_APPLIED:
	case VERDICT_PENDING:
		break;
	}
	switch (c->action) {
	case ACTION_WAIT:
		/* a restart that was allowed has brought it */
		if (c->verdict == VERDICT_APPLIED)
			sum->live++;
		else
			sum->pending_restart++;
		break;
	case ACTION_NONE:
		sum->unsupported += !c->wrong;
		break;
	case ACTION_REPLACE:
		sum->replace += c->effect == EFFECT_LIVE && is_own(o, c);
		break;
	case ACTION_ADD:
	case ACTION_CHANGE:
	case ACTION_REMOVE:
		if (c->effect == EFFECT_LIVE && is_own(o, c))
			sum->live++;
		break;
	}
}

/* Has apply brought it about? What is gone is no longer counted. */
static bool holds(const struct outcome *o)
{
	if (o->held_back || o->whole == WHOLE_DELETE || o->diagnostics.errors)
		return false;
	for (size_t i = 0; i < o->changes.n; i++)
		if (o->changes.items[i].verdict == VERDICT_FAILED ||
		    o->changes.items[i].verdict == VERDICT_SKIPPED)
			return false;
	return true;
}

static void count_outcome(struct summary *sum, const struct outcome *o, bool applied)
{
	if (o->pause) {
		sum->paused++;
		return;
	}
	switch (o->whole) {
	case WHOLE_NONE:
		break;
	case WHOLE_CREATE:
		sum->create++;
		break;
	case WHOLE_UPDATE:
		sum->update++;
		break;
	case WHOLE_REPLACE:
		sum->replace++;
		break;
	case WHOLE_DELETE:
		sum->remove++;
		break;
	}
	sum->in_sync += o->in_sync || (applied && holds(o));
	for (size_t i = 0; i < o->changes.n; i++)
		if (changes_told(&o->changes, &o->changes.items[i]))
			count_change(sum, o, &o->changes.items[i]);
}

static void count_outcomes(struct summary *sum, const struct outcome *items, size_t n, bool applied)
{
	for (size_t i = 0; i < n; i++) {
		const struct diagnostics *ds = &items[i].diagnostics;

		count_outcome(sum, &items[i], applied);
		if (items[i].pause)
			continue;
		for (size_t k = 0; k < ds->n; k++)
			sum->errors +=
			    ds->items[k].severity == SEVERITY_ERROR && !ds->items[k].instance;
	}
}

void result_summarize(struct result *r)
{
	r->summary = (struct summary){0};
	r->summary.errors = r->generation->diagnostics.errors + r->diagnostics.errors;
	count_outcomes(&r->summary, r->networks, r->n_networks, r->applied);
	count_outcomes(&r->summary, r->outcomes, r->n, r->applied);
}

static bool any_wrong(const struct outcome *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (items[i].held_back || (!items[i].pause && items[i].diagnostics.errors))
			return true;
	return false;
}

int result_status(const struct result *r)
{
	if (r->trouble)
		return 2;
	if (r->summary.errors || r->summary.failed || r->summary.skipped)
		return 1;
	return any_wrong(r->networks, r->n_networks) || any_wrong(r->outcomes, r->n);
}

static int take_lock(struct result *r, const struct options *o)
{
	pid_t holder = 0;
	int fd = lock_take(o->lxcpath, &holder);

	if (fd >= 0)
		return fd;
	r->trouble = true;
	if (fd == -EWOULDBLOCK && holder)
		diagnostic_error(&r->diagnostics, NOWHERE,
				 "another evenkeel (pid %d) is at work on %s", (int)holder,
				 o->lxcpath);
	else if (fd == -EWOULDBLOCK)
		diagnostic_error(&r->diagnostics, NOWHERE, "another evenkeel is at work on %s",
				 o->lxcpath);
	else
		diagnostic_error(&r->diagnostics, NOWHERE, "cannot lock %s: %s", o->lxcpath,
				 strerror(-fd));
	if (fd == -EPERM)
		diagnostic_hint(&r->diagnostics,
				"/run/evenkeel has to be a folder of your own that nobody else "
				"can write: rm -rf /run/evenkeel");
	return fd;
}

/* Bridges are there before whoever hangs on them, and until nobody does. */
static void apply_all(struct result *r, const struct options *o, struct survey *s,
		      struct networks *networks)
{
	networks_apply(networks);
	apply_run(s, &r->timings);
	if (!o->boot_only)
		networks_remove(networks);
	r->applied = true;
}

static void look_at_released(struct result *r, struct survey *s, enum pass_mode mode)
{
	released_look(s, r->generation, mode == PASS_APPLY, &r->diagnostics);
	networks_released(&r->generation->catalog, &r->diagnostics);
}

static void pass_over_containers(struct result *r, const struct options *o, enum pass_mode mode,
				 struct records *ahead)
{
	struct stopwatch watch = stopwatch_start();
	struct networks networks;
	struct survey s;

	if (mode == PASS_APPLY && !o->boot_only)
		lent_settle(o->lxcpath);
	if (survey_take(&s, o, r->generation, ahead, r->arena, writes_note) < 0)
		r->trouble = true;
	r->host = s.host;
	r->timings.look = stopwatch_lap(&watch);
	if (!r->trouble) {
		s.incomplete = r->generation->partial;
		outcomes_make(r, o, &s);
		outcomes_diagnose(r, &r->generation->diagnostics);
		outcomes_diagnose(r, &s.diagnostics);
		networks_take(&networks, o, r->generation, s.host->name, r->arena);
		r->networks = networks.outcomes;
		r->n_networks = networks.n;
		draft_all(&s, mode);
		r->timings.draft = stopwatch_lap(&watch);
		if (mode == PASS_APPLY)
			apply_all(r, o, &s, &networks);
		if (o->n_names == 0 && !r->generation->partial)
			look_at_released(r, &s, mode);
	}
	for (size_t i = 0; i < s.diagnostics.n; i++)
		diagnostics_take(&r->diagnostics, &s.diagnostics.items[i]);
	survey_close(&s);
}

struct result *pass_run(const struct options *o, enum pass_mode mode)
{
	struct result *r = result_new();
	struct records *ahead;
	struct writes writes = {.say = o->verbosity >= 2 ? say_write : NULL};
	struct writes *before = writes_heard_by(&writes);
	int lock = -1;

	if (mode == PASS_APPLY)
		lock = take_lock(r, o);
	ahead = r->trouble ? NULL : records_read_ahead(o->lxcpath);
	if (load(r, o) && !r->trouble) {
		r->trouble = !pass_knows_names(r->generation, o, &r->diagnostics);
		if (!r->trouble)
			pass_over_containers(r, o, mode, ahead);
	}
	records_free(ahead);
	writes_heard_by(before);
	r->kernel_writes = writes.n;
	result_summarize(r);
	if (lock >= 0)
		close(lock);
	return r;
}
