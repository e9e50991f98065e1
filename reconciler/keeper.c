#include "reconciler/keeper.h"

#include "reconciler/draft.h"
#include "reconciler/hints.h"
#include "reconciler/host.h"
#include "reconciler/network_round.h"
#include "reconciler/round.h"
#include "reconciler/session.h"
#include "schema/arena.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define HURRIED_AT_ONCE 512   /* wards of a round that something happened to */
#define BACKGROUND_AT_ONCE 64 /* of a full pass: others get in between */
#define HURRIED_IN_A_ROW 8    /* such rounds, before it goes on */
#define STALLED_NS UINT64_C(1000000000)
#define LINKED_NS UINT64_C(1000000000)  /* in so long ... */
#define LINKED_LOOKS 4                  /* ... so many looks because of interfaces */
#define RELINKED_NS UINT64_C(100000000) /* our own events have come by then */
#define FDS_OF_ONE 12                   /* that a kept container may need, its life among them */
#define FDS_OF_OURS 256                 /* everything else */
#define VALUES_MOST 16384 /* kernel files that stay open; each costs the kernel some 5 KiB */

uint64_t keeper_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- the queue ---- */

void keeper_hurry(struct keeper *k, struct ward *w)
{
	if (w->hurried)
		return;
	w->due = w->hurried =
	    true; /* in the other queue it is passed over, once it was looked at */
	w->queued++;
	queue_add(&k->hurried, w);
}

void keeper_remind(struct keeper *k, struct ward *w)
{
	if (w->due)
		return;
	w->due = true;
	w->queued++;
	queue_add(&k->background, w);
}

void keeper_remind_held(struct keeper *k)
{
	for (size_t i = 0; i < k->wards.n; i++)
		if (k->wards.items[i]->standing.condition == CONDITION_HELD_BACK)
			keeper_remind(k, k->wards.items[i]);
}

/* ---- wards come and go ---- */

void keeper_let_go(struct keeper *k, struct ward *w)
{
	if (w->container) {
		k->closing(k->context, w);
		k->n_kept--;
	}
	ward_let_go(w);
}

static void forget(struct keeper *k, struct ward *w)
{
	if (w->queued) {
		queue_forget(&k->hurried, w);
		queue_forget(&k->background, w);
	}
	keeper_let_go(k, w);
	if (k->restarting == w)
		k->restarting = NULL;
	k->unseen -= !w->seen;
	queue_forget(&k->waiting, w);
	session_forget(k, w);
	ward_remove(&k->wards, w);
}

void keeper_work_ended(struct keeper *k, struct ward *w)
{
	w->work = WORK_NONE;
	if (w->gone)
		forget(k, w);
	else
		keeper_hurry(k, w);
}

void keeper_withdraw(struct keeper *k, struct ward *w)
{
	if (w->work != WORK_JOB || !jobs_withdraw(k->jobs, &w->job))
		return;
	w->work = WORK_NONE;
	w->stopping = false;
	k->jobs_under_way--;
	if (k->restarting == w)
		k->restarting = NULL;
}

static void news_of(struct keeper *k, const char *name)
{
	const struct instance *i = generation_find(reload_generation(k->reload), name);
	struct ward *w = ward_find(&k->wards, name);

	if (w)
		keeper_withdraw(k, w);
	if (!i || i->elsewhere) {
		if (!w || w->gone)
			return;
		w->gone = true;
		w->linked = 0;
		/* the next pass need not say it again */
		gone_add(&k->went, name);
		journal_say(k->journal, EVENT_RELEASED, name,
			    i ? "not meant for this host any more: left as it is"
			      : "no manifest is about it any more: left as it is");
		k->changed(k->context, w);
		if (w->work == WORK_NONE)
			forget(k, w);
		return;
	}
	gone_drop(&k->went, name);
	if (!w) {
		w = ward_add(&k->wards, name);
		w->keeper = k;
		k->containers_stale = true; /* nobody asked whether it runs */
		k->unseen++;
	}
	if (w->gone) /* who watches was told so */
		w->said = false;
	w->gone = false;
	w->fresh = true;
	attempts_clear(&w->attempts);
	attempts_init(&w->attempts, name);
	keeper_hurry(k, w);
}

/* Once all can be read again, who is to go goes. */
static void hurry_absent(struct keeper *k)
{
	const struct generation *g = reload_generation(k->reload);

	for (size_t i = 0; i < g->n_instances; i++) {
		const struct instance *instance = g->instances[i];
		struct ward *w = instance->document->state == STATE_ABSENT
				     ? ward_find(&k->wards, instance->name)
				     : NULL;

		if (w)
			keeper_hurry(k, w);
	}
}

void keeper_news(struct keeper *k, const char *const *names, size_t n)
{
	bool was = k->incomplete;

	k->incomplete = reload_generation(k->reload)->partial;
	if (n)
		k->restarts_stopped = false;
	for (size_t i = 0; i < n; i++)
		news_of(k, names[i]);
	if (was && !k->incomplete) {
		hurry_absent(k);
		network_round_full(k, false);
	}
}

/* ---- events ---- */

/* While its init lives it is the container that is kept: a look at its values is enough, and most
 * of these events are about writes of our own. */
void keeper_event(struct keeper *k, const char *name)
{
	struct ward *w = ward_find(&k->wards, name);

	if (!w)
		return;
	if (w->container) {
		keeper_remind(k, w);
		return;
	}
	w->look = k->containers_stale = true;
	keeper_hurry(k, w);
}

void keeper_linked(struct keeper *k, const char *name)
{
	struct ward *w = network_round_event(k, name) ? NULL : ward_find(&k->wards, name);
	uint64_t now = keeper_now();

	if (!w)
		return;
	if (now - w->links_since >= LINKED_NS) {
		w->links_since = now;
		w->links_looks = 0;
	}
	if (w->links_looks >= LINKED_LOOKS) {
		/* a look that comes before for another reason will do as well */
		if (!w->again || w->again > w->links_since + LINKED_NS)
			w->again = w->links_since + LINKED_NS;
		keeper_wait(k, w);
		return;
	}
	w->links_looks++;
	if (now - w->relinked < RELINKED_NS)
		keeper_remind(k, w);
	else
		keeper_hurry(k, w);
}

void keeper_relinked(struct keeper *k, struct ward *w, bool others)
{
	w->relinked = keeper_now();
	if (others)
		keeper_remind(k, w);
}

void keeper_remind_linked(struct keeper *k)
{
	network_round_full(k, false);
	for (size_t i = 0; i < k->wards.n; i++)
		if (k->wards.items[i]->linked)
			keeper_remind(k, k->wards.items[i]);
}

void keeper_count_death(struct keeper *k, struct ward *w)
{
	if (!w->stopping && attempts_died(&w->attempts, keeper_now()))
		journal_say(k->journal, EVENT_CRASH_LOOP, w->name,
			    "it does not stay up after its start: started less and less often");
}

void keeper_died(struct keeper *k, struct ward *w)
{
	k->containers_stale = true;
	w->look = w->fresh = true;
	keeper_count_death(k, w);
	keeper_hurry(k, w);
}

/* ---- passes ---- */

static bool same_cpus(const struct host *x, const struct host *y)
{
	if (x->n_cpus != y->n_cpus)
		return false;
	for (size_t i = 0; i < x->n_cpus; i++)
		if (x->cpus[i].number != y->cpus[i].number)
			return false;
	return true;
}

/* CPUs and memory may come and go, interfaces do. */
static void read_host(struct keeper *k)
{
	struct arena *a = arena_new();
	const struct host *before = k->host;

	diagnostics_init(&k->host_findings, a);
	k->host = host_read(k->o, k->layout, a, &k->host_findings);
	k->containers->host = k->host;
	if (before && !same_cpus(before, k->host)) /* they are dealt anew */
		for (size_t i = 0; i < k->wards.n; i++)
			k->wards.items[i]->pinning = 0;
	/* a thread may still be at work by the host as it was */
	if (k->host_arena && worker_pending(k->slow) > 0)
		arena_absorb(a, k->host_arena);
	arena_free(k->host_arena);
	k->host_arena = a;
}

void keeper_save_hints(struct keeper *k)
{
	struct containers *cs = k->containers;

	for (size_t i = 0; i < k->wards.n; i++)
		if (k->wards.items[i]->container)
			container_remember(cs, k->wards.items[i]->container);
	hints_save(cs->hints);
}

void keeper_read_pauses(struct keeper *k)
{
	struct arena *a = arena_new();

	pauses_load(k->o->lxcpath, a, &k->pauses);
	arena_free(k->pauses_arena);
	k->pauses_arena = a;
}

void keeper_full(struct keeper *k, bool insist)
{
	read_host(k);
	keeper_read_pauses(k);
	k->containers_stale = true;
	network_round_full(k, insist);
	for (size_t i = 0; i < k->wards.n; i++) {
		struct ward *w = k->wards.items[i];

		w->insist |= insist;
		w->reread = true;
		w->look |= !w->container;
		if (insist)
			k->restarts_stopped = false;
		keeper_remind(k, w);
	}
}

/* Which ones run; without that every one of them would seem to have stopped. */
static bool list_containers(struct keeper *k)
{
	struct arena *a = arena_new();
	struct containers *next = containers_again(k->containers, k->host, a);

	if (next->error) {
		k->stalled = keeper_now() + STALLED_NS;
		journal_say(k->journal, EVENT_FAILED, NULL,
			    "cannot tell which containers of %s run: %s; nothing is changed",
			    k->o->lxcpath, strerror(-next->error));
		k->containers->dir = next->dir;
		arena_free(a);
		return false;
	}
	k->containers = next;
	arena_free(k->containers_arena);
	k->containers_arena = a;
	k->containers_stale = false;
	k->stalled = 0;
	return true;
}

/* What something keeps happening to goes first, but not for ever. */
static size_t take_due(struct keeper *k, struct ward *out[HURRIED_AT_ONCE])
{
	size_t n = 0;

	if (k->in_a_row < HURRIED_IN_A_ROW || queue_empty(&k->background))
		n = queue_take(&k->hurried, out, HURRIED_AT_ONCE);
	k->in_a_row = n ? k->in_a_row + 1 : 0;
	return n ? n : queue_take(&k->background, out, BACKGROUND_AT_ONCE);
}

bool keeper_work(struct keeper *k)
{
	struct ward *due[HURRIED_AT_ONCE];
	size_t n;

	/* a bridge is there before whoever hangs on it */
	network_round(k);
	if (k->containers_stale && keeper_due(k) && !list_containers(k))
		return false;
	n = take_due(k, due);
	if (n)
		round_run(k, due, n);
	if (queue_empty(&k->hurried) && queue_empty(&k->background))
		network_round_quiet(k);
	return keeper_due(k);
}

void keeper_resume_restarts(struct keeper *k)
{
	for (size_t i = 0; i < k->wards.n; i++)
		if (k->wards.items[i]->standing.condition == CONDITION_PENDING_RESTART)
			keeper_remind(k, k->wards.items[i]);
}

void keeper_wait(struct keeper *k, struct ward *w)
{
	if (w->again && !w->waits)
		queue_add(&k->waiting, w);
	w->waits |= w->again != 0;
}

uint64_t keeper_next(struct keeper *k, uint64_t now)
{
	uint64_t next = network_round_next(k, now);

	struct queue *q = &k->waiting;
	size_t left = 0;

	for (size_t i = 0; i < q->n; i++) {
		struct ward *w = q->items[i];

		if (!w)
			continue;
		if (w->again && w->again <= now) {
			w->again = 0;
			keeper_hurry(k, w);
		}
		w->waits = w->again != 0;
		if (!w->waits)
			continue;
		next = w->again < next ? w->again : next;
		q->items[left++] = w;
	}
	q->n = left;
	return next;
}

bool keeper_due(const struct keeper *k)
{
	return !queue_empty(&k->hurried) || !queue_empty(&k->background) ||
	       network_wards_due(&k->networks);
}

bool keeper_hurries(const struct keeper *k)
{
	return !queue_empty(&k->hurried) || network_wards_due(&k->networks);
}

bool keeper_recording(const struct keeper *k)
{
	for (size_t i = 0; i < k->wards.n; i++)
		if (k->wards.items[i]->recording)
			return true;
	return false;
}

bool keeper_idle(const struct keeper *k)
{
	return !keeper_due(k) && k->jobs_under_way == 0 && scribe_backlog(k->scribe) == 0 &&
	       worker_pending(k->slow) == 0;
}

/* ---- beginning and end ---- */

/* Which containers there are, before anybody asks. */
static int look_at_containers(struct keeper *k, struct diagnostics *ds)
{
	k->containers_arena = arena_new();
	k->containers = containers_open(k->o->lxcpath, NULL, k->layout, k->containers_arena);
	if (!k->containers->error)
		return 0;
	return diagnostic_error(ds, NOWHERE, "cannot tell which containers of %s run: %s",
				k->o->lxcpath, strerror(-k->containers->error));
}

/* Most are for the containers themselves, a quarter for their values. */
static void share_fds(struct keeper *k)
{
	struct rlimit l;
	size_t most;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur <= FDS_OF_OURS)
		return;
	most = (l.rlim_cur - FDS_OF_OURS) / 4;
	k->keep_most = 3 * most / FDS_OF_ONE;
	k->values_open = most < VALUES_MOST ? most : VALUES_MOST;
}

static void say_write(void *context, const char *what, const char *value, int error)
{
	journal_kernel_write(context, what, value, error);
}

int keeper_open(struct keeper *k, const struct options *o, struct diagnostics *ds)
{
	int r;

	*k = (struct keeper){.o = o};
	r = cgroup_layout_open(&k->layout, ds);
	if (r < 0)
		return r;
	r = look_at_containers(k, ds);
	if (r < 0)
		return r;
	read_host(k);
	share_fds(k);
	k->journal = journal_open(o);
	k->writes =
	    (struct writes){.say = o->verbosity >= 2 ? say_write : NULL, .context = k->journal};
	writes_heard_by(&k->writes);
	k->jobs = jobs_open(o->lxcpath);
	if (!o->observe)
		bootfile_batch_recover(k->containers->dir, o->lxcpath);
	k->scribe = scribe_open(k->containers->dir, o->lxcpath);
	k->slow = worker_open("slow writes");
	if (k->journal && k->jobs && k->scribe && k->slow)
		return 0;
	return diagnostic_error(ds, NOWHERE, "no fds or threads to work with: %s", strerror(errno));
}

static void wards_close(struct keeper *k)
{
	while (k->wards.n) {
		struct ward *w = k->wards.items[k->wards.n - 1];

		keeper_let_go(k, w);
		ward_remove(&k->wards, w);
	}
	free(k->wards.items);
	network_wards_free(&k->networks);
	free(k->hurried.items);
	free(k->background.items);
	free(k->waiting.items);
	gone_free(&k->went);
}

void keeper_close(struct keeper *k)
{
	worker_close(k->slow);
	if (k->scribe)
		scribe_close(k->scribe);
	if (k->jobs)
		jobs_close(k->jobs);
	if (k->containers) {
		keeper_save_hints(k);
		containers_close(k->containers);
	}
	wards_close(k);
	cgroup_layout_close(k->layout);
	writes_heard_by(NULL);
	if (k->journal)
		journal_close(k->journal);
	arena_free(k->containers_arena);
	arena_free(k->host_arena);
	arena_free(k->pauses_arena);
}
