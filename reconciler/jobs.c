#include "limits/procfile.h"
#include "reconciler/joblock.h"
#include "reconciler/jobprocess.h"
#include "reconciler/jobspec.h"
#include "reconciler/progress.h"
#include "reconciler/runfolder.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_AT_ONCE 4
#define LOOK_MS 100     /* at a process that nothing tells about */
#define KILLED_MS 5000  /* for one that was killed; in the kernel it may hang on */
#define HELD_MS 1800000 /* for one of somebody else's, which ends itself */

enum stage {
	QUEUED,
	HELD,    /* until the job of a submitter that is no more has ended */
	RUNNING, /* takes one of the few places */
	KILLED,  /* likewise, for a moment */
	LOST,    /* killed, answered for, and still there */
	ENDED,   /* waits to be collected */
};

struct entry {
	struct entry *next;
	struct arena *arena;
	struct job *job; /* NULL: one of our own, nobody waits for its answer */
	const char *name, *spec;
	size_t length; /* of spec */
	uint32_t seconds;
	enum step step;
	enum stage stage;
	struct jobprocess process;
	int holder;       /* held: a pidfd of who has the lock; -1 */
	int64_t deadline; /* milliseconds of the monotonic clock */
	int error;
	const char *reason;
};

struct jobs {
	const char *lxcpath;
	struct arena *arena;
	struct entry *first, **end; /* in the order in which they came */
	size_t places;
	struct rlimit_pair rlimits[16];
	int epoll, timer, locks; /* LOCKS: -1: who holds them is not known */
};

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void listen_to(const struct jobs *j, int fd)
{
	struct epoll_event e = {.events = EPOLLIN};

	if (fd >= 0)
		epoll_ctl(j->epoll, EPOLL_CTL_ADD, fd, &e);
}

struct jobs *jobs_open(const char *lxcpath)
{
	struct arena *a = arena_new();
	struct jobs *j = arena_alloc(a, sizeof(*j));

	*j = (struct jobs){.arena = a, .lxcpath = arena_strdup(a, lxcpath), .places = 1};
	j->end = &j->first;
	j->epoll = epoll_create1(EPOLL_CLOEXEC);
	j->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	j->locks = -1;
	if (j->epoll < 0 || j->timer < 0) {
		int error = errno;

		jobs_close(j);
		errno = error;
		return NULL;
	}
	listen_to(j, j->timer);
	j->locks = joblock_open(RUNFOLDER, lxcpath);
	return j;
}

static void entry_free(struct entry *e)
{
	jobprocess_close(&e->process);
	procfile_close(&e->holder);
	arena_free(e->arena);
}

void jobs_close(struct jobs *j)
{
	if (!j)
		return;
	for (struct entry *e = j->first, *next; e; e = next) {
		next = e->next;
		entry_free(e);
	}
	procfile_close(&j->epoll);
	procfile_close(&j->timer);
	procfile_close(&j->locks);
	arena_free(j->arena);
}

int jobs_fd(const struct jobs *j)
{
	return j->epoll;
}

/* ---- the list ---- */

static struct entry *entry_add(struct jobs *j)
{
	struct arena *a = arena_new();
	struct entry *e = arena_alloc(a, sizeof(*e));

	e->arena = a;
	e->process = (struct jobprocess){.pid = -1, .pidfd = -1, .answer = -1, .output = -1};
	e->holder = -1;
	*j->end = e;
	j->end = &e->next;
	return e;
}

/* Takes out what *AT points at. */
static void entry_remove(struct jobs *j, struct entry **at)
{
	struct entry *e = *at;

	*at = e->next;
	if (!e->next)
		j->end = at;
	entry_free(e);
}

static void entry_spec(struct entry *e, const struct jobspec *spec)
{
	e->name = arena_strdup(e->arena, spec->name);
	e->step = spec->step;
	e->seconds = spec->seconds;
	e->spec = jobspec_print(spec, e->arena, &e->length);
}

static void entry_end(struct entry *e, int error, const char *reason)
{
	e->stage = ENDED;
	e->error = error;
	e->reason = reason;
}

bool jobs_busy(const struct jobs *j, const char *name)
{
	for (const struct entry *e = j->first; e; e = e->next)
		if (e->job && strcmp(e->name, name) == 0)
			return true;
	return false;
}

/* ---- from stage to stage ---- */

static void entry_hold(struct jobs *j, struct entry *e, pid_t holder)
{
	e->stage = HELD;
	e->holder = holder > 0 ? (int)syscall(SYS_pidfd_open, holder, 0) : -1;
	listen_to(j, e->holder);
}

static void entry_start(struct jobs *j, struct entry *e)
{
	pid_t holder = e->job ? joblock_holder(j->locks, e->name) : 0;
	int error;

	if (holder != 0) {
		e->deadline = now() + HELD_MS;
		entry_hold(j, e, holder);
		return;
	}
	error = jobprocess_start(&e->process, e->spec, e->length);
	if (error < 0) {
		entry_end(e, -error,
			  arena_printf(e->arena, "no process for it: %s", strerror(-error)));
		return;
	}
	e->stage = RUNNING;
	e->deadline = now() + (int64_t)e->seconds * 1000;
	listen_to(j, e->process.pidfd);
}

/* Whoever had the lock: is it free now? */
static void entry_look(struct jobs *j, struct entry *e)
{
	pid_t holder = joblock_holder(j->locks, e->name);

	procfile_close(&e->holder);
	if (holder == 0)
		e->stage = QUEUED;
	else if (now() < e->deadline)
		entry_hold(j, e, holder);
	else
		entry_end(
		    e, EBUSY,
		    arena_printf(e->arena, "another job (pid %d) is at work on it", (int)holder));
}

static const char *too_long(const struct entry *e)
{
	if (e->step == STEP_START || e->step == STEP_RESTART)
		return arena_printf(
		    e->arena, "not up within %" PRIu32 " s; it may still be starting", e->seconds);
	return arena_printf(e->arena, "not done within %" PRIu32 " s: given up", e->seconds);
}

/* A creation that was killed could not clear up after itself. */
static void clear_after(struct jobs *j, const struct entry *killed)
{
	struct jobspec spec = {
	    .clear = true,
	    .step = STEP_DESTROY,
	    .lxcpath = j->lxcpath,
	    .name = killed->name,
	    .seconds = JOB_CLEAR_SECONDS,
	};

	memcpy(spec.rlimits, j->rlimits, sizeof(spec.rlimits));
	if (killed->job && killed->step == STEP_CREATE)
		entry_spec(entry_add(j), &spec);
}

static void entry_ended(struct jobs *j, struct entry *e, int status)
{
	bool killed = e->stage == KILLED || WIFSIGNALED(status);

	if (e->stage == KILLED)
		entry_end(e, ETIMEDOUT, too_long(e));
	else
		jobprocess_answer(&e->process, status, e->arena, &e->error, &e->reason);
	e->stage = ENDED;
	jobprocess_close(&e->process);
	if (killed)
		clear_after(j, e);
}

/* The process stays to be waited for; its place is free for another. */
static void entry_lose(struct jobs *j, struct entry *e)
{
	struct entry *lost = entry_add(j);

	lost->stage = LOST;
	lost->process = e->process;
	e->process = (struct jobprocess){.pid = -1, .pidfd = -1, .answer = -1, .output = -1};
	entry_end(e, ETIMEDOUT, too_long(e));
	clear_after(j, e);
}

static void entry_watch(struct jobs *j, struct entry *e)
{
	int status;

	if (jobprocess_ended(&e->process, &status)) {
		entry_ended(j, e, status);
	} else if (e->stage == RUNNING && now() >= e->deadline) {
		jobprocess_kill(&e->process);
		e->stage = KILLED;
		e->deadline = now() + KILLED_MS;
	} else if (e->stage == KILLED && now() >= e->deadline) {
		entry_lose(j, e);
	}
}

static void look(struct jobs *j)
{
	for (struct entry *e = j->first; e; e = e->next) {
		switch (e->stage) {
		case RUNNING:
		case KILLED:
		case LOST:
			entry_watch(j, e);
			break;
		case HELD:
			entry_look(j, e);
			break;
		case QUEUED:
		case ENDED:
			break;
		}
	}
}

/* Is an earlier one for the same container still to end? */
static bool waits_for_another(const struct jobs *j, const struct entry *e)
{
	for (const struct entry *x = j->first; x != e; x = x->next)
		if (x->job && x->stage < LOST && e->job && strcmp(x->name, e->name) == 0)
			return true;
	return false;
}

static void start_queued(struct jobs *j)
{
	size_t taken = 0;

	for (const struct entry *e = j->first; e; e = e->next)
		taken += e->stage == RUNNING || e->stage == KILLED;
	for (struct entry *e = j->first; e && taken < j->places; e = e->next) {
		if (e->stage == QUEUED && !waits_for_another(j, e))
			entry_start(j, e);
		else
			continue;
		taken += e->stage == RUNNING;
	}
}

/* When E has to be looked at although no fd tells of it. */
static int64_t due(const struct entry *e)
{
	int fd = e->stage == HELD ? e->holder : e->process.pidfd;
	int64_t look_again = now() + LOOK_MS;

	switch (e->stage) {
	case ENDED:
		if (e->job)
			return 0;
		break;
	case HELD:
	case RUNNING:
	case KILLED:
		return fd < 0 && look_again < e->deadline ? look_again : e->deadline;
	case LOST:
		return fd < 0 ? look_again : INT64_MAX;
	case QUEUED:
		break;
	}
	return INT64_MAX;
}

static void set_timer(const struct jobs *j)
{
	struct itimerspec t = {0};
	int64_t next = INT64_MAX;

	for (const struct entry *e = j->first; e; e = e->next)
		next = due(e) < next ? due(e) : next;
	if (next != INT64_MAX) {
		t.it_value.tv_sec = next / 1000;
		t.it_value.tv_nsec = next % 1000 * 1000000 + 1; /* all zero would disarm it */
	}
	timerfd_settime(j->timer, TFD_TIMER_ABSTIME, &t, NULL);
}

/* ---- the caller's side ---- */

static size_t at_once(const struct host *host)
{
	if (host->n_cpus == 0)
		return 1;
	return host->n_cpus < MOST_AT_ONCE ? host->n_cpus : MOST_AT_ONCE;
}

void jobs_submit(struct jobs *j, const struct host *host, struct job *job)
{
	struct entry *e = entry_add(j);
	struct jobspec spec;

	j->places = at_once(host);
	memcpy(j->rlimits, host->rlimits, sizeof(j->rlimits));
	job->error = 0;
	job->reason = NULL;
	e->job = job;
	e->name = arena_strdup(e->arena, job->name);
	if (jobspec_make(j->lxcpath, host, job, e->arena, &spec) < 0)
		entry_end(e, job->error, arena_strdup(e->arena, job->reason));
	else
		entry_spec(e, &spec);
	start_queued(j);
	set_timer(j);
}

bool jobs_withdraw(struct jobs *j, const struct job *job)
{
	for (struct entry **at = &j->first; *at; at = &(*at)->next) {
		if ((*at)->job != job || ((*at)->stage != QUEUED && (*at)->stage != HELD))
			continue;
		entry_remove(j, at);
		set_timer(j);
		return true;
	}
	return false;
}

static size_t hand_out(struct jobs *j, struct arena *a, struct job **done, size_t most)
{
	struct entry **at = &j->first;
	size_t n = 0;

	while (*at) {
		struct entry *e = *at;

		if (e->stage != ENDED || (e->job && n == most)) {
			at = &e->next;
			continue;
		}
		if (e->job) {
			e->job->error = e->error;
			e->job->reason = arena_strdup(a, e->reason);
			done[n++] = e->job;
		}
		entry_remove(j, at);
	}
	return n;
}

size_t jobs_collect(struct jobs *j, struct arena *a, struct job **done, size_t most)
{
	size_t n;

	look(j);
	start_queued(j);
	n = hand_out(j, a, done, most);
	set_timer(j);
	return n;
}

/* ---- all of them, waited for ---- */

static const char *doing(enum step step)
{
	switch (step) {
	case STEP_CREATE:
		return "creating containers";
	case STEP_START:
		return "starting containers";
	case STEP_STOP:
		return "stopping containers";
	case STEP_RESTART:
		return "restarting containers";
	case STEP_FREEZE:
		return "freezing containers";
	case STEP_THAW:
		return "thawing containers";
	case STEP_DESTROY:
		return "destroying containers";
	}
	return "";
}

static bool any_left(const struct jobs *j)
{
	for (const struct entry *e = j->first; e; e = e->next)
		if (e->stage != LOST)
			return true;
	return false;
}

static void refuse_all(struct job *jobs, size_t n, int error, struct arena *a)
{
	for (size_t i = 0; i < n; i++) {
		jobs[i].error = error;
		jobs[i].reason = arena_printf(a, "no process for it: %s", strerror(error));
	}
}

void jobs_run(const char *lxcpath, const struct host *host, struct job *jobs, size_t n,
	      struct arena *a)
{
	struct jobs *j = jobs_open(lxcpath);
	struct pollfd p = {.events = POLLIN};
	struct job *done[16];
	size_t ended = 0;

	if (!j) {
		refuse_all(jobs, n, errno, a);
		return;
	}
	p.fd = jobs_fd(j);
	for (size_t i = 0; i < n; i++)
		jobs_submit(j, host, &jobs[i]);
	while (any_left(j)) {
		progress_show(doing(jobs[0].step), ended, n);
		poll(&p, 1, -1);
		ended += jobs_collect(j, a, done, sizeof(done) / sizeof(*done));
	}
	jobs_close(j);
}
