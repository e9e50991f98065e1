#include "reconciler/steps.h"

bool step_may_record(const struct round *r, const struct ward *w)
{
	return w->insist ||
	       attempts_hold(&w->attempts, BOOT_OBJECT, BOOTFILE_NAME, r->now) <= r->now;
}

void step_record(struct round *r, struct turn *t, const char *text)
{
	t->ward->recording = step_may_record(r, t->ward);
	if (t->ward->recording)
		keeper_record(r->keeper, t->ward, text);
}

static void submit(struct round *r, struct turn *t, enum step step)
{
	struct ward *w = t->ward;
	struct keeper *k = r->keeper;

	w->job = (struct job){.step = step,
			      .name = w->name,
			      .instance = t->subject->world->instance,
			      .init = t->subject->container->init,
			      .context = w};
	w->work = WORK_JOB;
	w->stopping = step == STEP_STOP || step == STEP_RESTART || step == STEP_DESTROY;
	k->jobs_under_way++;
	jobs_submit(k->jobs, k->host, &w->job);
}

static bool may_start(struct round *r, const struct ward *w)
{
	return w->insist || attempts_hold_start(&w->attempts, r->now) <= r->now;
}

static bool may_step(struct round *r, const struct ward *w)
{
	return w->insist || attempts_hold(&w->attempts, NULL, NULL, r->now) <= r->now;
}

/* A container is started with the boot file that its manifest asks for, or not at all. */
static void start(struct round *r, struct turn *t)
{
	const char *text = draft_text_between(&r->survey, t->subject);

	if (draft_differs(t->subject, text)) {
		step_record(r, t, text);
	} else if (may_start(r, t->ward)) {
		submit(r, t, STEP_START);
	}
}

static enum step ending(const struct turn *t)
{
	return t->outcome.status == STATUS_STOPPED ? STEP_DESTROY : STEP_STOP;
}

bool step_first(struct round *r, struct turn *t)
{
	struct change *existence = draft_lifecycle(t->subject, CONTAINER_EXISTENCE);
	struct change *state = draft_lifecycle(t->subject, CONTAINER_STATE);

	if (!existence && !(state && (state->phase == PHASE_STOP || state->phase == PHASE_START)))
		return false;
	if (!may_step(r, t->ward))
		return true;
	if (existence && existence->action == ACTION_REMOVE)
		submit(r, t, ending(t));
	else if (existence)
		submit(r, t, STEP_CREATE);
	else if (state->phase == PHASE_STOP)
		submit(r, t, STEP_STOP);
	else
		start(r, t);
	return true;
}

/* One restart at a time, each in sync before the next; after one that failed none. */
static void restart(struct round *r, struct turn *t)
{
	struct keeper *k = r->keeper;

	if (k->restarting || k->restarts_stopped || t->ward->recording ||
	    scribe_pending(k->scribe, t->ward->name))
		return;
	k->restarting = t->ward;
	submit(r, t, STEP_RESTART);
}

void step_judge_restart(struct keeper *k, struct ward *w)
{
	if (k->restarting != w || w->work != WORK_NONE || w->recording ||
	    w->status == STATUS_STARTING)
		return;
	k->restarting = NULL;
	k->restarts_stopped = w->standing.condition != CONDITION_IN_SYNC;
	if (!k->restarts_stopped)
		keeper_resume_restarts(k);
}

static enum step freezing(const struct turn *t)
{
	return t->subject->world->instance->document->state == STATE_FROZEN ? STEP_FREEZE
									    : STEP_THAW;
}

void step_last(struct round *r, struct turn *t)
{
	struct change *state = draft_lifecycle(t->subject, CONTAINER_STATE);
	struct change *again = draft_lifecycle(t->subject, CONTAINER_RESTART);

	if (!may_step(r, t->ward))
		return;
	if (state && state->phase == PHASE_STATE)
		submit(r, t, freezing(t));
	else if (again)
		restart(r, t);
}
