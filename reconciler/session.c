#include "reconciler/session.h"

#include "reconciler/kept_networks.h"
#include "reconciler/network_draft.h"
#include "reconciler/networks.h"
#include "reconciler/pauses.h"
#include "reconciler/report.h"
#include "reconciler/round.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <stdlib.h>
#include <string.h>

struct session {
	struct session *next;
	struct arena *arena;
	struct options options;
	uint64_t client;
	void (*ended)(void *context, uint64_t client, const char *out, const char *err, int status);
	void *context;
	struct outcome *outcomes; /* sorted by name */
	bool *open;               /* of each: something may be under way */
	size_t n, left;
	struct outcome *networks; /* likewise */
	bool *networks_open;
	size_t n_networks, networks_left;
	size_t writes; /* to the kernel, before it began */
	struct diagnostics diagnostics;
	bool trouble;
};

static int compare_outcome(const void *name, const void *outcome)
{
	return strcmp(name, ((const struct outcome *)outcome)->name);
}

static struct outcome *find(const struct session *s, const char *name)
{
	return s->n ? bsearch(name, s->outcomes, s->n, sizeof(*s->outcomes), compare_outcome)
		    : NULL;
}

static struct outcome *find_network(const struct session *s, const struct network_ward *w)
{
	return s->n_networks ? bsearch(w->name, s->networks, s->n_networks, sizeof(*s->networks),
				       compare_outcome)
			     : NULL;
}

/* ---- the end ---- */

static const struct ward *ward_of(const struct keeper *k, const struct outcome *o)
{
	return ward_find(&k->wards, o->name);
}

/* Who is paused now: by what, and until when. */
static const struct pause *pause_of(const struct keeper *k, const struct ward *w,
				    const struct outcome *o)
{
	if (!w || !o->instance || w->standing.condition != CONDITION_PAUSED)
		return NULL;
	return pauses_of(&k->pauses, o->instance->document, pauses_now(), pauses_today(),
			 o->changes.arena);
}

/* What was planned and has no verdict of its own came with something else: a boot file, a start. */
static void judge(const struct keeper *k, struct outcome *o)
{
	const struct ward *w = ward_of(k, o);
	bool holds = w && (w->standing.condition == CONDITION_IN_SYNC ||
			   w->standing.condition == CONDITION_PENDING_RESTART);

	o->instance = generation_find(reload_generation(k->reload), o->name);
	o->pause = pause_of(k, w, o);
	if (o->pause)
		o->whole = WHOLE_NONE;
	o->held_back = w && w->standing.condition == CONDITION_HELD_BACK;
	o->in_sync = w && w->standing.condition == CONDITION_IN_SYNC && o->changes.n == 0;
	for (size_t i = 0; i < o->changes.n; i++) {
		struct change *c = &o->changes.items[i];

		if (c->verdict != VERDICT_NONE || c->action == ACTION_NONE || o->pause)
			continue;
		if (c->action == ACTION_WAIT)
			c->verdict = VERDICT_PENDING;
		else
			c->verdict = holds ? VERDICT_APPLIED : VERDICT_SKIPPED;
		if (c->verdict == VERDICT_SKIPPED && !c->reason)
			c->reason = w && w->standing.reason
					? arena_strdup(o->changes.arena, w->standing.reason)
					: NULL;
	}
}

static void judge_network(const struct keeper *k, struct outcome *o)
{
	const struct network_ward *w = network_ward_find(&k->networks, o->name);
	const struct kept_network *kept = kept_networks_find(reload_networks(k->reload), o->name);

	if (kept)
		o->network = &kept->document;
	o->held_back = w && w->standing.condition == CONDITION_HELD_BACK;
	o->in_sync = w && w->standing.condition == CONDITION_IN_SYNC && o->changes.n == 0;
	for (size_t i = 0; i < o->changes.n; i++)
		if (o->changes.items[i].verdict == VERDICT_NONE &&
		    o->changes.items[i].action != ACTION_NONE)
			o->changes.items[i].verdict = VERDICT_SKIPPED;
}

static void print_findings(FILE *f, const struct session *s, const struct diagnostics *ds)
{
	struct diagnostics shown;

	diagnostics_init(&shown, s->arena);
	for (size_t i = 0; i < ds->n; i++)
		if (ds->items[i].severity != SEVERITY_NOTICE || s->options.verbosity > 0)
			diagnostics_take(&shown, &ds->items[i]);
	report_diagnostics_to(f, &s->options, &shown);
}

static struct result *result_of(struct keeper *k, struct session *s)
{
	struct result *r = arena_alloc(s->arena, sizeof(*r));

	*r = (struct result){.arena = s->arena,
			     .generation = reload_generation(k->reload),
			     .host = k->host,
			     .outcomes = s->outcomes,
			     .n = s->n,
			     .networks = s->networks,
			     .n_networks = s->n_networks,
			     .diagnostics = s->diagnostics,
			     .trouble = s->trouble,
			     .applied = !s->trouble,
			     .kernel_writes = k->writes.n - s->writes};
	for (size_t i = 0; i < s->n; i++)
		judge(k, &s->outcomes[i]);
	for (size_t i = 0; i < s->n_networks; i++)
		judge_network(k, &s->networks[i]);
	result_summarize(r);
	return r;
}

static void end(struct keeper *k, struct session *s)
{
	struct result *r = result_of(k, s);
	char *out = NULL, *err = NULL;
	size_t n_out, n_err;
	FILE *o = open_memstream(&out, &n_out), *e = open_memstream(&err, &n_err);
	struct diagnostics standing;

	diagnostics_init(&standing, s->arena);
	reload_findings(k->reload, &standing);
	r->summary.errors += standing.errors;
	if (o && e) {
		print_findings(e, s, &standing);
		print_findings(e, s, &s->diagnostics);
		if (s->options.output == OUTPUT_JSON)
			report_json(o, &s->options, r);
		else
			report_text(o, &s->options, r);
	}
	if (o)
		fclose(o);
	if (e)
		fclose(e);
	s->ended(s->context, s->client, out ? out : "", err ? err : "", result_status(r));
	free(out);
	free(err);
	arena_free(s->arena);
}

/* Those in which nobody is waited for any more. */
static void end_settled(struct keeper *k)
{
	struct session **at = &k->sessions;

	while (*at) {
		struct session *s = *at;

		if (s->left + s->networks_left > 0) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		end(k, s);
	}
}

/* ---- what happens meanwhile ---- */

static struct change *find_change(struct changes *changes, const struct change *like)
{
	for (size_t i = 0; i < changes->n; i++)
		if (strcmp(changes->items[i].object, like->object) == 0 &&
		    strcmp(changes->items[i].attribute, like->attribute) == 0)
			return &changes->items[i];
	return NULL;
}

static void merge(struct session *s, struct outcome *o, const struct outcome *now)
{
	o->status = o->whole == WHOLE_NONE && o->changes.n == 0 ? now->status : o->status;
	if (o->whole == WHOLE_NONE || o->whole == WHOLE_UPDATE)
		o->whole = now->whole != WHOLE_NONE ? now->whole : o->whole;
	if (o->whole == WHOLE_NONE && now->changes.n)
		o->whole = WHOLE_UPDATE;
	for (size_t i = 0; i < now->changes.n; i++) {
		const struct change *c = &now->changes.items[i];
		struct change *known = find_change(&o->changes, c);

		if (!known)
			known = changes_add(&o->changes, *c);
		else if (c->verdict == VERDICT_NONE || c->verdict == VERDICT_SKIPPED)
			continue;
		change_copy(known, s->arena, c);
	}
	diagnostics_init(&o->diagnostics, s->arena);
	for (size_t i = 0; i < now->diagnostics.n; i++)
		diagnostics_copy(&o->diagnostics, &now->diagnostics.items[i]);
}

bool session_settled(const struct keeper *k, const struct ward *w)
{
	bool restarts = w->standing.condition == CONDITION_PENDING_RESTART && w->restart_allowed &&
			!k->restarts_stopped;

	return w->work == WORK_NONE && !w->due && !w->recording && !w->unverified && !restarts &&
	       w->status != STATUS_STARTING && !scribe_pending(k->scribe, w->name);
}

/* Is it this change that such a job answers for? */
static bool is_for(enum step step, const struct change *c)
{
	bool existence = strcmp(c->attribute, CONTAINER_EXISTENCE) == 0;

	switch (step) {
	case STEP_CREATE:
	case STEP_DESTROY:
		return existence;
	case STEP_RESTART:
		return strcmp(c->attribute, CONTAINER_RESTART) == 0;
	case STEP_START:
	case STEP_STOP:
	case STEP_FREEZE:
	case STEP_THAW:
		break;
	}
	return strcmp(c->attribute, CONTAINER_STATE) == 0;
}

static void close_one(struct session *s, const struct outcome *o)
{
	bool *open = &s->open[o - s->outcomes];

	s->left -= *open;
	*open = false;
}

void session_settle(struct keeper *k, const struct ward *w)
{
	bool settled = k->sessions && session_settled(k, w);

	if (!settled)
		return;
	for (struct session *s = k->sessions; s; s = s->next) {
		struct outcome *o = find(s, w->name);

		if (o)
			close_one(s, o);
	}
	end_settled(k);
}

void session_turn(struct keeper *k, const struct turn *t)
{
	for (struct session *s = k->sessions; s; s = s->next) {
		struct outcome *o = find(s, t->ward->name);

		if (o)
			merge(s, o, &t->outcome);
	}
	session_settle(k, t->ward);
}

void session_job(struct keeper *k, const struct ward *w, const struct job *job)
{
	for (struct session *s = k->sessions; s; s = s->next) {
		struct outcome *o = find(s, w->name);

		for (size_t i = 0; o && i < o->changes.n; i++) {
			struct change *c = &o->changes.items[i];

			if (strcmp(c->object, CONTAINER_OBJECT) != 0 ||
			    c->verdict != VERDICT_NONE || !is_for(job->step, c))
				continue;
			c->verdict = job->error ? VERDICT_FAILED : VERDICT_APPLIED;
			c->error_number = job->error;
			c->error = arena_strdup(s->arena, job->reason);
		}
	}
}

void session_forget(struct keeper *k, const struct ward *w)
{
	for (struct session *s = k->sessions; s; s = s->next) {
		struct outcome *o = find(s, w->name);

		if (o)
			close_one(s, o);
	}
	end_settled(k);
}

/* ---- networks ---- */

static void close_network(struct session *s, const struct outcome *o)
{
	bool *open = &s->networks_open[o - s->networks];

	s->networks_left -= *open;
	*open = false;
}

void session_network(struct keeper *k, const struct network_ward *w, const struct outcome *now)
{
	for (struct session *s = k->sessions; s; s = s->next) {
		struct outcome *o = find_network(s, w);

		if (!o)
			continue;
		merge(s, o, now);
		if (!w->due && !w->waits && !w->removing)
			close_network(s, o);
	}
	end_settled(k);
}

void session_network_change(struct keeper *k, const struct network_ward *w, const struct change *c)
{
	for (struct session *s = k->sessions; s; s = s->next) {
		struct outcome *o = find_network(s, w);
		struct change *known = o ? find_change(&o->changes, c) : NULL;

		if (known)
			change_copy(known, s->arena, c);
	}
}

void session_network_forget(struct keeper *k, const struct network_ward *w)
{
	for (struct session *s = k->sessions; s; s = s->next) {
		struct outcome *o = find_network(s, w);

		if (o)
			close_network(s, o);
	}
	end_settled(k);
}

/* ---- the beginning ---- */

static bool wanted(const struct options *o, const char *name)
{
	for (size_t i = 0; i < o->n_names; i++)
		if (strcmp(o->names[i], name) == 0)
			return true;
	return o->n_names == 0;
}

static void copy_options(struct session *s, const struct options *o)
{
	s->options = *o;
	s->options.names = arena_alloc(s->arena, (o->n_names + 1) * sizeof(char *));
	for (size_t i = 0; i < o->n_names; i++)
		s->options.names[i] = arena_strdup(s->arena, o->names[i]);
}

static void take_names(struct keeper *k, struct session *s)
{
	s->outcomes = arena_alloc(s->arena, k->wards.n * sizeof(*s->outcomes));
	s->open = arena_alloc(s->arena, k->wards.n * sizeof(*s->open));
	for (size_t i = 0; i < k->wards.n; i++) {
		const struct ward *w = k->wards.items[i];
		struct outcome *o = &s->outcomes[s->n];

		if (w->gone || !wanted(&s->options, w->name))
			continue;
		*o = (struct outcome){.name = arena_strdup(s->arena, w->name),
				      .status = w->status,
				      .changes = {.arena = s->arena}};
		diagnostics_init(&o->diagnostics, s->arena);
		s->open[s->n++] = true;
	}
	s->left = s->n;
}

/* With names: those that these instances use. */
static bool wanted_network(struct keeper *k, const struct session *s, const char *network)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct instance *instance =
		    generation_find(reload_generation(k->reload), s->outcomes[i].name);

		if (instance && network_used_by(network, instance))
			return true;
	}
	return s->options.n_names == 0;
}

static void take_networks(struct keeper *k, struct session *s)
{
	s->networks = arena_alloc(s->arena, k->networks.n * sizeof(*s->networks));
	s->networks_open = arena_alloc(s->arena, k->networks.n * sizeof(*s->networks_open));
	for (size_t i = 0; i < k->networks.n; i++) {
		const struct network_ward *w = k->networks.items[i];
		const struct kept_network *kept =
		    kept_networks_find(reload_networks(k->reload), w->name);

		if (!kept || !wanted_network(k, s, w->name))
			continue;
		network_outcome(&kept->document, s->arena, &s->networks[s->n_networks]);
		s->networks[s->n_networks].name = arena_strdup(s->arena, w->name);
		s->networks[s->n_networks].status = w->standing.status;
		s->networks_open[s->n_networks++] = true;
	}
	s->networks_left = s->n_networks;
}

void session_open(struct keeper *k, const struct options *o,
		  void (*ended)(void *context, uint64_t client, const char *out, const char *err,
				int status),
		  void *context, uint64_t client)
{
	struct arena *a = arena_new();
	struct session *s = arena_alloc(a, sizeof(*s));
	struct generation *g = reload_generation(k->reload);

	*s = (struct session){.arena = a,
			      .client = client,
			      .ended = ended,
			      .context = context,
			      .writes = k->writes.n};
	diagnostics_init(&s->diagnostics, a);
	copy_options(s, o);
	s->trouble = !pass_knows_names(g, &s->options, &s->diagnostics);
	if (!s->trouble) {
		take_names(k, s);
		take_networks(k, s);
	}
	s->next = k->sessions;
	k->sessions = s;
	end_settled(k);
}
