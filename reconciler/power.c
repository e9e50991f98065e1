#include "reconciler/power.h"

#include "reconciler/lifecycle.h"
#include "schema/arena.h"

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

/* state: absent. Stopped first where it runs; what is gone needs nothing else. */
static void destroy_absent(struct survey *s)
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
		if (!draft_failed(c))
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

static void create_missing(struct survey *s)
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

void power_existence(struct survey *s)
{
	destroy_absent(s);
	create_missing(s);
}

void power_stop_and_start(struct survey *s)
{
	struct round stop = {0}, start = {0};

	for (size_t i = 0; i < s->n; i++) {
		struct subject *subject = &s->subjects[i];
		struct change *c =
		    draft_in_hand(subject) ? draft_lifecycle(subject, CONTAINER_STATE) : NULL;

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

void power_freezer(struct survey *s)
{
	struct round r = {0};

	for (size_t i = 0; i < s->n; i++) {
		struct subject *subject = &s->subjects[i];
		struct change *c =
		    draft_in_hand(subject) ? draft_lifecycle(subject, CONTAINER_STATE) : NULL;

		if (!c || draft_failed(c))
			continue;
		if (subject->world->instance->document->state == STATE_FROZEN)
			round_add(s, &r, subject, STEP_FREEZE, c);
		else if (c->phase == PHASE_STATE)
			round_add(s, &r, subject, STEP_THAW, c);
	}
	round_run(s, &r);
}

static bool restart(struct survey *s, struct subject *subject, struct change *c,
		    bool (*settle)(struct survey *, struct subject *))
{
	struct round r = {0};

	round_add(s, &r, subject, STEP_RESTART, c);
	r.jobs[0].init = subject->container->init;
	round_run(s, &r);
	if (r.jobs[0].error)
		return false;
	survey_refresh(s, subject);
	if (subject_runs(subject) && settle(s, subject))
		return true;
	change_fail(c, s->arena, 0, "it was restarted and is not in sync");
	return false;
}

void power_restarts(struct survey *s, bool (*settle)(struct survey *, struct subject *))
{
	bool stopped = false;

	for (size_t i = 0; i < s->n; i++) {
		struct subject *subject = &s->subjects[i];
		struct change *c =
		    draft_in_hand(subject) ? draft_lifecycle(subject, CONTAINER_RESTART) : NULL;

		if (!c || c->verdict != VERDICT_NONE)
			continue;
		if (stopped) {
			c->verdict = VERDICT_SKIPPED;
			c->reason = "a restart before it failed";
		} else {
			stopped = !restart(s, subject, c, settle);
		}
	}
}
