#include "reconciler/apply.h"

#include "reconciler/lifecycle.h"
#include "reconciler/plan.h"
#include "reconciler/progress.h"
#include "reconciler/stopwatch.h"
#include "schema/arena.h"

#include <errno.h>
#include <string.h>

/* Subjects that one round of jobs is about, with the change each answers for. */
struct round {
	struct job *jobs;
	struct subject **subjects;
	struct change **changes; /* NULL: the step is not a change of its own */
	size_t n, capacity_jobs, capacity_subjects, capacity_changes;
};

static void round_add(struct survey *s, struct round *r, struct subject *subject, enum step step,
		      struct change *change)
{
	r->jobs = arena_grow(s->arena, r->jobs, r->n, &r->capacity_jobs, sizeof(*r->jobs));
	r->subjects =
	    arena_grow(s->arena, r->subjects, r->n, &r->capacity_subjects, sizeof(*r->subjects));
	r->changes =
	    arena_grow(s->arena, r->changes, r->n, &r->capacity_changes, sizeof(*r->changes));
	r->jobs[r->n] = (struct job){.step = step,
				     .name = subject->world->instance->name,
				     .instance = subject->world->instance};
	r->subjects[r->n] = subject;
	r->changes[r->n++] = change;
}

static void skip_the_rest(struct subject *subject, const char *reason)
{
	struct changes *changes = &subject->outcome->changes;

	for (size_t i = 0; i < changes->n; i++) {
		struct change *c = &changes->items[i];

		if (c->verdict != VERDICT_NONE || c->action == ACTION_NONE)
			continue;
		c->verdict = VERDICT_SKIPPED;
		c->reason = reason;
	}
}

static void round_run(struct survey *s, struct round *r)
{
	if (r->n == 0)
		return;
	jobs_run(s->containers->lxcpath, s->host, r->jobs, r->n, s->arena);
	containers_refresh(s->containers);
	for (size_t i = 0; i < r->n; i++) {
		const struct job *j = &r->jobs[i];
		struct change *c = r->changes[i];

		if (c && j->error)
			change_fail(c, s->arena, j->error, "%s",
				    j->reason ? j->reason : strerror(j->error));
		else if (c)
			c->verdict = VERDICT_APPLIED;
		if (j->error)
			skip_the_rest(r->subjects[i], "a step before it failed");
	}
}

static bool failed(const struct change *c)
{
	return c && c->verdict != VERDICT_NONE && c->verdict != VERDICT_APPLIED;
}

/* state: absent. Stopped first where it runs; what is gone needs nothing else. */
static void apply_destruction(struct survey *s)
{
	struct round stop = {0}, destroy = {0};

	for (size_t i = 0; i < s->n; i++) {
		struct subject *subject = &s->subjects[i];

		if (subject->outcome && subject->outcome->whole == WHOLE_DELETE &&
		    subject->world->status != STATUS_STOPPED)
			round_add(s, &stop, subject, STEP_STOP, NULL);
	}
	round_run(s, &stop);
	for (size_t i = 0; i < s->n; i++) {
		struct subject *subject = &s->subjects[i];
		struct change *c;

		if (!subject->outcome || subject->outcome->whole != WHOLE_DELETE)
			continue;
		c = draft_lifecycle(subject, CONTAINER_EXISTENCE);
		if (!failed(c))
			round_add(s, &destroy, subject, STEP_DESTROY, c);
	}
	round_run(s, &destroy);
}

/* A new container gets its properties drafted now that there is something to compare with. */
static void draft_created(struct survey *s, struct subject *subject)
{
	struct changes ignored = {.arena = s->arena};

	survey_refresh(s, subject);
	if (!subject->world->exists)
		return;
	draft_properties(s, subject, true, &ignored);
}

static void apply_creation(struct survey *s)
{
	struct round create = {0};

	for (size_t i = 0; i < s->n; i++) {
		struct subject *subject = &s->subjects[i];

		if (subject->outcome && subject->outcome->whole == WHOLE_CREATE)
			round_add(s, &create, subject, STEP_CREATE,
				  draft_lifecycle(subject, CONTAINER_EXISTENCE));
	}
	round_run(s, &create);
	for (size_t i = 0; i < create.n; i++)
		if (!create.jobs[i].error)
			draft_created(s, create.subjects[i]);
}

/* Instances that are planned, whose containers are there, and that nothing has failed for. */
static bool in_hand(const struct subject *s)
{
	return s->outcome && !s->outcome->held_back && s->world->exists &&
	       s->outcome->whole != WHOLE_DELETE &&
	       !failed(draft_lifecycle(s, CONTAINER_EXISTENCE));
}

static bool will_start(const struct subject *s)
{
	const struct change *c = draft_lifecycle(s, CONTAINER_STATE);

	return c && c->phase == PHASE_START && c->verdict == VERDICT_NONE;
}

static void boot_failed(struct survey *s, struct subject *subject, int error, const char *why)
{
	struct changes *changes = &subject->outcome->changes;
	const char *file = arena_printf(s->arena, "%s/%s/" BOOTFILE_NAME, s->containers->lxcpath,
					subject->world->instance->name);

	for (size_t i = 0; i < changes->n; i++) {
		struct change *c = &changes->items[i];

		if (strcmp(c->object, BOOT_OBJECT) == 0 || c->action == ACTION_WAIT) {
			change_fail(c, s->arena, error, "%s: %s", file,
				    why ? why : strerror(error));
			return;
		}
	}
	diagnostic_error(&subject->outcome->diagnostics, NOWHERE,
			 "%s could not be written: %s; what was changed is not kept over a restart",
			 file, why ? why : strerror(error));
	diagnostic_for(&subject->outcome->diagnostics, subject->world->instance->name);
}

/* Which subjects a round of boot files is about, and what theirs shall be. */
/* Does SUBJECT take part in a round of boot files, and what shall its file be? */
struct boot_rule {
	bool (*applies)(const struct subject *subject);
	const char *(*text)(struct survey *s, const struct subject *subject);
};

/* Two syncfs, however many files. Returns for each subject whether its file failed. */
static bool *boot_round(struct survey *s, const struct boot_rule *rule)
{
	struct bootfile_batch *batch =
	    bootfile_batch_new(s->containers->dir, s->containers->lxcpath, s->arena);
	const char **why = arena_alloc(s->arena, s->n * sizeof(*why));
	int *errors = arena_alloc(s->arena, s->n * sizeof(*errors));
	bool *bad = arena_alloc(s->arena, s->n * sizeof(*bad));
	bool *added = arena_alloc(s->arena, s->n * sizeof(*added));

	for (size_t i = 0; i < s->n; i++) {
		struct subject *subject = &s->subjects[i];
		const char *text;

		if (!in_hand(subject) || !rule->applies(subject))
			continue;
		text = rule->text(s, subject);
		if (!draft_differs(subject, text))
			continue;
		added[i] = true;
		bootfile_batch_add(batch, subject->world->instance->name, text, &errors[i],
				   &why[i]);
	}
	bootfile_batch_commit(batch);
	for (size_t i = 0; i < s->n; i++) {
		struct subject *subject = &s->subjects[i];

		bad[i] = errors[i] != 0;
		if (bad[i])
			boot_failed(s, subject, errors[i], why[i]);
		else if (added[i])
			bootfile_read(s->containers->dir, s->containers->lxcpath,
				      subject->world->instance->name, s->arena, &subject->record);
	}
	return bad;
}

static bool applies_before(const struct subject *subject)
{
	return draft_takes_more(subject) || will_start(subject);
}

static bool applies_after(const struct subject *subject)
{
	(void)subject;
	return true;
}

/* Ownership first: before something is taken that the record does not name, and before a start. */
static const struct boot_rule before = {applies_before, draft_text_between};
static const struct boot_rule after = {applies_after, draft_text_after};

/* What could not be recorded is not taken; what is ours already goes on. */
static void skip_unrecorded(struct subject *subject)
{
	struct changes *changes = &subject->outcome->changes;

	for (size_t i = 0; i < changes->n; i++) {
		struct change *c = &changes->items[i];

		if (c->verdict != VERDICT_NONE || c->action == ACTION_NONE ||
		    properties_find(&subject->record.owned, c->object, c->attribute))
			continue;
		c->verdict = VERDICT_SKIPPED;
		c->reason = "it could not be recorded first";
	}
}

static void apply_record(struct survey *s)
{
	bool *bad = boot_round(s, &before);

	for (size_t i = 0; i < s->n; i++)
		if (bad[i])
			skip_unrecorded(&s->subjects[i]);
}

static void apply_power(struct survey *s)
{
	struct round stop = {0}, start = {0};

	for (size_t i = 0; i < s->n; i++) {
		struct subject *subject = &s->subjects[i];
		struct change *c =
		    in_hand(subject) ? draft_lifecycle(subject, CONTAINER_STATE) : NULL;

		if (c && c->verdict == VERDICT_NONE && c->phase == PHASE_STOP)
			round_add(s, &stop, subject, STEP_STOP, c);
		if (c && c->verdict == VERDICT_NONE && c->phase == PHASE_START)
			round_add(s, &start, subject, STEP_START, c);
	}
	round_run(s, &stop);
	round_run(s, &start);
	for (size_t i = 0; i < stop.n; i++)
		survey_refresh(s, stop.subjects[i]);
	for (size_t i = 0; i < start.n; i++)
		survey_refresh(s, start.subjects[i]);
}

static bool carried_out_live(const struct change *c)
{
	return c->verdict == VERDICT_NONE && c->effect == EFFECT_LIVE &&
	       (c->action == ACTION_ADD || c->action == ACTION_CHANGE ||
		c->action == ACTION_REMOVE) &&
	       driver_for(c->object);
}

/* Each driver gets its changes at once: it knows the order among them. */
static void apply_changes(struct survey *s, struct subject *subject, struct changes *changes)
{
	struct change **mine = arena_alloc(s->arena, changes->n * sizeof(*mine));

	for (size_t k = 0; k < n_drivers; k++) {
		size_t n = 0;

		for (size_t i = 0; i < changes->n; i++)
			if (carried_out_live(&changes->items[i]) &&
			    driver_for(changes->items[i].object) == drivers[k])
				mine[n++] = &changes->items[i];
		if (n > 0 && drivers[k]->apply)
			drivers[k]->apply(subject->container, mine, n);
	}
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
	apply_changes(s, subject, &late);
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

		if (!in_hand(subject) || !subject_runs(subject))
			continue;
		progress_show("looking after containers", i, s->n);
		state = draft_lifecycle(subject, CONTAINER_STATE);
		if (state && state->phase == PHASE_START)
			apply_started(s, subject);
		else
			apply_changes(s, subject, &subject->outcome->changes);
	}
}

/* The last step of frozen and thawed ones: limits were set before. */
static void apply_freezer(struct survey *s)
{
	struct round r = {0};

	for (size_t i = 0; i < s->n; i++) {
		struct subject *subject = &s->subjects[i];
		struct change *c =
		    in_hand(subject) ? draft_lifecycle(subject, CONTAINER_STATE) : NULL;

		if (!c || failed(c))
			continue;
		if (subject->world->instance->document->state == STATE_FROZEN)
			round_add(s, &r, subject, STEP_FREEZE, c);
		else if (c->phase == PHASE_STATE)
			round_add(s, &r, subject, STEP_THAW, c);
	}
	round_run(s, &r);
}

/* What the boot file was to bring has been written with it. */
static void settle_written(struct survey *s, const bool *bad)
{
	for (size_t i = 0; i < s->n; i++) {
		struct subject *subject = &s->subjects[i];

		if (!subject->outcome || bad[i] || !in_hand(subject))
			continue;
		for (size_t k = 0; k < subject->outcome->changes.n; k++) {
			struct change *c = &subject->outcome->changes.items[k];

			if (c->verdict != VERDICT_NONE || c->action == ACTION_NONE)
				continue;
			c->verdict = c->action == ACTION_WAIT ? VERDICT_PENDING : VERDICT_APPLIED;
		}
	}
}

void apply_run(struct survey *s, struct timings *timings)
{
	struct stopwatch watch = stopwatch_start();
	bool *bad;

	apply_destruction(s);
	apply_creation(s);
	timings->live += stopwatch_lap(&watch);
	apply_record(s);
	timings->persist += stopwatch_lap(&watch);
	apply_power(s);
	apply_live(s);
	timings->live += stopwatch_lap(&watch);
	bad = boot_round(s, &after);
	timings->persist += stopwatch_lap(&watch);
	apply_freezer(s);
	timings->live += stopwatch_lap(&watch);
	settle_written(s, bad);
}
