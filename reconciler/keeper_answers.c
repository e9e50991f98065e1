#include "reconciler/draft.h"
#include "reconciler/keeper.h"
#include "reconciler/session.h"
#include "schema/arena.h"

#include <stdlib.h>
#include <string.h>

#define JOBS_AT_ONCE 16 /* answers taken in one go */

/* ---- jobs ---- */

static const char *status_after(enum step step)
{
	switch (step) {
	case STEP_CREATE:
		return "created";
	case STEP_STOP:
		return status_name(STATUS_STOPPED);
	case STEP_START:
	case STEP_RESTART:
	case STEP_THAW:
		return status_name(STATUS_RUNNING);
	case STEP_FREEZE:
		return status_name(STATUS_FROZEN);
	case STEP_DESTROY:
		break;
	}
	return "destroyed";
}

/* "container stopped -> running" */
static void tell_job(struct keeper *k, const struct ward *w, const struct job *job)
{
	struct change c = {.object = CONTAINER_OBJECT,
			   .attribute = CONTAINER_STATE,
			   .from = status_name(w->status),
			   .to = status_after(job->step),
			   .observed = CERTAIN_VALUE,
			   .action = ACTION_CHANGE,
			   .effect = EFFECT_LIVE};
	uint64_t now = keeper_now();
	uint64_t next = job->step == STEP_START ? attempts_hold_start(&w->attempts, now) : 0;

	if (job->error) {
		c.verdict = VERDICT_FAILED;
		c.error = job->reason;
		c.error_number = job->error;
		next = next ? next : attempts_hold(&w->attempts, NULL, NULL, now);
	} else {
		c.verdict = VERDICT_APPLIED;
	}
	journal_change(k->journal,
		       job->error                  ? EVENT_FAILED
		       : job->step == STEP_RESTART ? EVENT_RESTARTED
						   : EVENT_CHANGED,
		       w->name, NULL, &c, job->error && next > now ? (next - now) / 1000000 : 0);
}

static void take_job(struct keeper *k, struct job *job)
{
	struct ward *w = job->context;
	uint64_t now = keeper_now();

	k->jobs_under_way--;
	k->containers_stale = true;
	w->look = true;
	w->stopping = false;
	w->insist &= !job->error; /* it was tried */
	if (job->error)
		attempts_failed(&w->attempts, NULL, NULL, now, job->reason);
	else
		attempts_succeeded(&w->attempts, NULL, NULL, now);
	w->started = !job->error && (job->step == STEP_START || job->step == STEP_RESTART);
	if (w->started)
		attempts_started(&w->attempts, now);
	w->owed |= job->error && job->step == STEP_RESTART;
	tell_job(k, w, job);
	w->told = true;
	session_job(k, w, job);
	if (job->error && k->restarting == w) {
		k->restarting = NULL;
		k->restarts_stopped = true;
	}
	keeper_work_ended(k, w);
}

void keeper_collect_jobs(struct keeper *k)
{
	struct job *done[JOBS_AT_ONCE];
	size_t n;

	do {
		struct arena *a = arena_new();

		n = jobs_collect(k->jobs, a, done, JOBS_AT_ONCE);
		for (size_t i = 0; i < n; i++)
			take_job(k, done[i]);
		arena_free(a);
	} while (n == JOBS_AT_ONCE);
}

/* ---- boot files ---- */

void keeper_record(struct keeper *k, struct ward *w, const char *text)
{
	scribe_write(k->scribe, w->name, text);
}

static void take_text(void *context, const struct scribe_answer *answer)
{
	struct keeper *k = context;
	struct ward *w = ward_find(&k->wards, answer->name);

	if (!w)
		return;
	free(w->text);
	w->text = NULL;
	if (w->container && answer->text && answer->record.include == INCLUDE_FINE)
		w->text = strdup(answer->text);
	w->insist &= !answer->error;
	if (answer->error) {
		attempts_failed(&w->attempts, BOOT_OBJECT, BOOTFILE_NAME, keeper_now(),
				answer->why);
		journal_say(k->journal, EVENT_FAILED, w->name, "not persisted: %s", answer->why);
	} else {
		attempts_succeeded(&w->attempts, BOOT_OBJECT, BOOTFILE_NAME, keeper_now());
	}
	if (answer->error || w->recording || w->unverified)
		keeper_hurry(k, w);
	w->recording = w->unverified = false;
	session_settle(k, w);
}

void keeper_collect_texts(struct keeper *k)
{
	struct arena *a = arena_new();

	scribe_collect(k->scribe, a, take_text, k);
	arena_free(a);
}
