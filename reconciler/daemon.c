#include "reconciler/daemon.h"

#include "reconciler/daemon_parts.h"
#include "reconciler/descriptors.h"
#include "reconciler/host.h"
#include "reconciler/lock.h"
#include "reconciler/networks.h"
#include "reconciler/released.h"
#include "reconciler/report.h"
#include "reconciler/stopwatch.h"
#include "schema/arena.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
/* Signals before all; what is due at once before those who ask about it, and before its boot files'
 * answers; a full pass after them. */
#define BEFORE_ALL (SD_EVENT_PRIORITY_NORMAL - 20)
#define AT_ONCE (SD_EVENT_PRIORITY_NORMAL - 10)
#define AFTER_ALL (SD_EVENT_PRIORITY_NORMAL + 10)
#define WORKED_MOST 128 /* rounds, until what they left in the heap is given back */
#define LOCKED_OUT_NS UINT64_C(20000000) /* until the lock is tried again */

/* ---- passes ---- */

void daemon_pass(struct daemon *d, bool insist)
{
	d->pass_start = keeper_now();
	d->pass_writes = d->keeper.writes.n;
	d->passing = true;
	if (d->lifewatch)
		lifewatch_again(d->lifewatch);
	links_sweep(d);
	files_whole(d);
	keeper_full(&d->keeper, insist);
	if (d->o->resync_s)
		d->resync = d->pass_start + d->o->resync_s * SECOND;
}

/* Containers that carry our boot file and have no manifest any more; copies are mended. */
static void look_at_released(struct daemon *d, struct diagnostics *ds)
{
	struct keeper *k = &d->keeper;
	struct generation *g = reload_generation(k->reload);
	struct survey s = {.arena = ds->arena, .containers = k->containers};

	if (g->partial || d->files.trouble != LOAD_FINE)
		return;
	released_look(&s, g, !d->o->observe && scribe_backlog(k->scribe) == 0, ds);
	networks_released(&g->catalog, ds);
}

/* At a limit of inotify the next pass is what is left. */
static void look_at_watches(struct daemon *d, struct diagnostics *ds)
{
	const char *why, *remedy;

	if (!d->lifewatch || lifewatch_complete(d->lifewatch, &why, &remedy))
		return;
	diagnostic_warning(ds, NOWHERE, "not all containers are watched: %s", why);
	if (remedy && *remedy)
		diagnostic_hint(ds, "%s", remedy);
}

static void notify_ready(struct daemon *d)
{
	sd_notifyf(0, "READY=1\nSTATUS=%zu instances, last full pass took %.1f ms",
		   d->keeper.wards.n, (double)(keeper_now() - d->pass_start) / 1e6);
	d->reloading = false;
	d->ready = true;
}

/* Rounds of different sizes leave holes that the next ones do not fit. */
static void give_back_memory(struct daemon *d)
{
	malloc_trim(0);
	d->worked = 0;
}

static void pass_done(struct daemon *d)
{
	struct arena *a = arena_new();
	struct diagnostics ds, released;

	d->passing = false;
	diagnostics_init(&ds, a);
	diagnostics_init(&released, a);
	for (size_t i = 0; i < d->keeper.host_findings.n; i++)
		diagnostics_take(&ds, &d->keeper.host_findings.items[i]);
	look_at_released(d, &released);
	look_at_watches(d, &ds);
	for (size_t i = 0; i < released.n; i++) {
		const char *name = released_name(&released.items[i], a);

		if (!name || !gone_has(&d->keeper.went, name))
			diagnostics_take(&ds, &released.items[i]);
	}
	said_tell(&d->said, d->keeper.journal, &ds);
	keeper_save_hints(&d->keeper);
	journal_say(d->keeper.journal, EVENT_PASS, NULL,
		    "full pass over %zu instances in %.1f ms, %zu kernel writes", d->keeper.wards.n,
		    (double)(keeper_now() - d->pass_start) / 1e6,
		    d->keeper.writes.n - d->pass_writes);
	if (!d->ready || d->reloading)
		notify_ready(d);
	arena_free(a);
	give_back_memory(d); /* a full pass touches much that nobody needs until the next */
}

/* ---- one writer ---- */

/* Between two bursts of work others may: release takes the same lock. */
static bool take_pass_lock(struct daemon *d)
{
	pid_t holder;

	if (!d->locked && d->pass_lock >= 0) {
		d->locked = lock_resume(d->pass_lock, d->pass_text) >= 0;
	} else if (!d->locked) {
		d->pass_lock = lock_take(d->o->lxcpath, &holder);
		d->locked = d->pass_lock >= 0;
	}
	d->locked_out = d->locked ? 0 : keeper_now() + LOCKED_OUT_NS;
	return d->locked;
}

static void give_pass_lock(struct daemon *d)
{
	if (d->locked)
		lock_pause(d->pass_lock, d->pass_text);
	d->locked = false;
}

/* ---- events ---- */

/* What was to be done at once is done: also that which a record had to name first. */
static bool pass_is_over(const struct daemon *d)
{
	return d->passing && !d->keeper.stalled && !keeper_due(&d->keeper) &&
	       !keeper_recording(&d->keeper);
}

/* A timer whose time has always come: unlike a deferred source, which sd-event takes for the oldest
 * of all, it lets whatever else has happened go first. */
static int on_work(sd_event_source *s, uint64_t usec, void *context)
{
	struct daemon *d = context;

	(void)s, (void)usec;
	if (!take_pass_lock(d))
		return 0;
	keeper_work(&d->keeper);
	d->worked++;
	if (pass_is_over(d))
		pass_done(d);
	return 0;
}

static int on_files(sd_event_source *s, int fd, uint32_t events, void *context)
{
	struct daemon *d = context;

	(void)s, (void)fd, (void)events;
	files_event(d);
	files_work(d, keeper_now());
	return 0;
}

static void found(void *context, const char *name)
{
	struct daemon *d = context;

	keeper_event(&d->keeper, name);
}

static int on_life(sd_event_source *s, int fd, uint32_t events, void *context)
{
	struct daemon *d = context;

	(void)s, (void)fd, (void)events;
	if (lifewatch_read(d->lifewatch, found, d))
		return 0;
	journal_say(d->keeper.journal, EVENT_OVERFLOW, NULL,
		    "too many events at once: all containers are looked at");
	daemon_pass(d, false);
	return 0;
}

static int on_jobs(sd_event_source *s, int fd, uint32_t events, void *context)
{
	struct daemon *d = context;

	(void)s, (void)fd, (void)events;
	keeper_collect_jobs(&d->keeper);
	return 0;
}

static int on_texts(sd_event_source *s, int fd, uint32_t events, void *context)
{
	struct daemon *d = context;

	(void)s, (void)fd, (void)events;
	keeper_collect_texts(&d->keeper);
	return 0;
}

static int on_slow(sd_event_source *s, int fd, uint32_t events, void *context)
{
	struct daemon *d = context;

	(void)s, (void)fd, (void)events;
	worker_collect(d->keeper.slow);
	return 0;
}

static int on_control(sd_event_source *s, int fd, uint32_t events, void *context)
{
	struct daemon *d = context;

	(void)s, (void)fd, (void)events;
	control_dispatch(d->control, keeper_now());
	return 0;
}

static int on_hangup(sd_event_source *s, const struct signalfd_siginfo *si, void *context)
{
	struct daemon *d = context;

	(void)s, (void)si;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   (unsigned long long)(stopwatch_start().started / 1000));
	d->reloading = true;
	journal_say(d->keeper.journal, EVENT_RELOADED, NULL, "asked for a full pass");
	daemon_pass(d, true);
	return 0;
}

static int on_end(sd_event_source *s, const struct signalfd_siginfo *si, void *context)
{
	(void)si, (void)context;
	return sd_event_exit(sd_event_source_get_event(s), 0);
}

/* ---- containers ---- */

static int on_death(sd_event_source *s, int fd, uint32_t events, void *context)
{
	struct ward *w = context;

	(void)fd, (void)events;
	sd_event_source_set_enabled(s, SD_EVENT_OFF);
	keeper_died(w->keeper, w);
	return 0;
}

static void opened(void *context, struct ward *w)
{
	struct daemon *d = context;
	sd_event_source *s = NULL;

	if (d->lifewatch)
		lifewatch_learn(d->lifewatch, w->container);
	if (sd_event_add_io(d->event, &s, w->container->pidfd, EPOLLIN, on_death, w) >= 0)
		w->watched = s;
}

static void closing(void *context, struct ward *w)
{
	struct daemon *d = context;

	if (d->lifewatch)
		lifewatch_ended(d->lifewatch, w->name);
	sd_event_source_disable_unref(w->watched);
	w->watched = NULL;
}

static void holds(void *context, struct ward *w, const char *const *paths, size_t n)
{
	struct daemon *d = context;

	if (d->lifewatch)
		lifewatch_knobs(d->lifewatch, w->container, paths, n);
}

static void changed(void *context, const struct ward *w)
{
	struct daemon *d = context;

	if (w->gone && d->lifewatch)
		lifewatch_forget(d->lifewatch, w->name);
	if (w->gone)
		links_forget(d, w->name);
	if (w->gone)
		control_broadcast_gone(d->control, w->name);
	else
		control_broadcast(d->control, &w->standing);
}

static void network_changed(void *context, const struct network_ward *w)
{
	struct daemon *d = context;

	control_broadcast(d->control, &w->standing);
}

static void network_gone(void *context, const struct network_ward *w)
{
	struct daemon *d = context;

	control_broadcast_gone(d->control, w->owner);
}

/* ---- time ---- */

static uint64_t least(uint64_t x, uint64_t y)
{
	return x < y ? x : y;
}

static int on_time(sd_event_source *s, uint64_t usec, void *context)
{
	struct daemon *d = context;
	uint64_t now = keeper_now();

	(void)s, (void)usec;
	files_work(d, now);
	links_work(d, now);
	keeper_next(&d->keeper, now);
	if (d->resync <= now)
		daemon_pass(d, false);
	if (d->watchdog <= now || d->passing) {
		sd_notify(0, "WATCHDOG=1");
		d->watchdog = d->watchdog_ns ? now + d->watchdog_ns : UINT64_MAX;
	}
	return 0;
}

/* Before every sleep: when is something to be done, and may others work meanwhile? */
static int on_prepare(sd_event_source *s, void *context)
{
	struct daemon *d = context;
	uint64_t now = keeper_now(), next = least(files_next(d), keeper_next(&d->keeper, now));
	bool due = keeper_due(&d->keeper) || pass_is_over(d);

	if (d->locked_out > now || d->keeper.stalled > now) {
		next = least(next, d->locked_out > now ? d->locked_out : d->keeper.stalled);
		due = false;
	}
	sd_event_source_set_enabled(d->work, due ? SD_EVENT_ON : SD_EVENT_OFF);
	sd_event_source_set_priority(d->work, keeper_hurries(&d->keeper) ? AT_ONCE : AFTER_ALL);
	next = least(least(next, links_next(d)), least(d->resync, d->watchdog));
	sd_event_source_set_time(s, next == UINT64_MAX ? UINT64_MAX : next / 1000);
	sd_event_source_set_enabled(s, SD_EVENT_ON); /* also for never: who is off is not asked */
	if (keeper_idle(&d->keeper)) {
		give_pass_lock(d);
		calls_idle(d);
		if (d->worked >= WORKED_MOST)
			give_back_memory(d);
	}
	journal_flush(d->keeper.journal);
	return 0;
}

/* ---- from the beginning to the end ---- */

/* Two daemons on one LXC path would undo each other's work. */
static int take_lock(struct daemon *d, struct diagnostics *ds)
{
	pid_t holder = 0;

	d->lock = lock_take_daemon(d->o->lxcpath, &holder);
	if (d->lock >= 0)
		return 0;
	if (d->lock == -EWOULDBLOCK && holder)
		diagnostic_error(ds, NOWHERE, "another daemon (pid %d) keeps %s", (int)holder,
				 d->o->lxcpath);
	else if (d->lock == -EWOULDBLOCK)
		diagnostic_error(ds, NOWHERE, "another daemon keeps %s", d->o->lxcpath);
	else
		diagnostic_error(ds, NOWHERE, "cannot lock %s: %s", d->o->lxcpath,
				 strerror(-d->lock));
	return -EBUSY;
}

static int add_fd(struct daemon *d, int fd, sd_event_io_handler_t handler)
{
	return sd_event_add_io(d->event, NULL, fd, EPOLLIN, handler, d);
}

static int add_signal(struct daemon *d, int number, sd_event_signal_handler_t handler)
{
	sd_event_source *s = NULL;
	int r = sd_event_add_signal(d->event, &s, number, handler, d);

	if (r >= 0)
		r = sd_event_source_set_priority(s, BEFORE_ALL);
	if (r >= 0)
		r = sd_event_source_set_floating(s, true);
	sd_event_source_unref(s);
	return r;
}

static int add_sources(struct daemon *d)
{
	static const int ends[] = {SIGTERM, SIGINT};
	uint64_t watchdog = 0;
	int r = sd_event_new(&d->event);

	for (size_t i = 0; r >= 0 && i < sizeof(ends) / sizeof(*ends); i++)
		r = add_signal(d, ends[i], on_end);
	if (r >= 0)
		r = add_signal(d, SIGHUP, on_hangup);
	if (r >= 0)
		r = sd_event_add_time(d->event, &d->work, CLOCK_MONOTONIC, 0, 1, on_work, d);
	if (r >= 0)
		r = sd_event_add_time(d->event, &d->timer, CLOCK_BOOTTIME, UINT64_MAX, 1, on_time,
				      d);
	if (r >= 0)
		r = sd_event_source_set_prepare(d->timer, on_prepare);
	if (r >= 0)
		r = add_fd(d, watch_fd(d->files.watch), on_files);
	if (r >= 0)
		r = add_fd(d, jobs_fd(d->keeper.jobs), on_jobs);
	if (r >= 0)
		r = add_fd(d, scribe_fd(d->keeper.scribe), on_texts);
	if (r >= 0)
		r = add_fd(d, worker_fd(d->keeper.slow), on_slow);
	if (r >= 0)
		r = add_fd(d, control_fd(d->control), on_control);
	if (r >= 0 && d->lifewatch)
		r = add_fd(d, lifewatch_fd(d->lifewatch), on_life);
	if (r >= 0)
		r = links_listen(d);
	/* half of the time that systemd waits; with the usual settings the resync comes first */
	d->watchdog = UINT64_MAX;
	if (r >= 0 && sd_watchdog_enabled(0, &watchdog) > 0)
		d->watchdog_ns = watchdog * 1000 / 2;
	if (d->watchdog_ns)
		d->watchdog = keeper_now() + d->watchdog_ns;
	return r;
}

static int open_all(struct daemon *d, struct diagnostics *ds)
{
	const struct control_identity identity = {.directory = d->o->directory,
						  .lxcpath = d->o->lxcpath,
						  .host = d->o->host,
						  .etc = d->o->etc,
						  .owner = d->o->owner,
						  .observe = d->o->observe};
	int r = take_lock(d, ds);

	if (r >= 0)
		r = keeper_open(&d->keeper, d->o, ds);
	if (r < 0)
		return r;
	journal_gather(d->keeper.journal);
	d->keeper.opened = opened;
	d->keeper.closing = closing;
	d->keeper.holds = holds;
	d->keeper.changed = changed;
	d->keeper.network_changed = network_changed;
	d->keeper.network_gone = network_gone;
	d->keeper.context = d;
	d->lifewatch = lifewatch_open(d->keeper.layout, d->o->lxcpath, ds);
	links_open(d, ds);
	r = files_open(d);
	if (r >= 0)
		r = control_open(d->o->lxcpath, &identity, &daemon_calls, d, &d->control, ds);
	if (r >= 0)
		r = add_sources(d);
	if (r < 0 && ds->errors == 0)
		diagnostic_error(ds, NOWHERE, "the daemon cannot start: %s", strerror(-r));
	return r;
}

static void close_all(struct daemon *d)
{
	control_close(d->control);
	keeper_close(&d->keeper);
	files_close(d);
	lifewatch_close(d->lifewatch);
	links_close(d);
	sd_event_source_unref(d->work);
	sd_event_source_unref(d->timer);
	sd_event_unref(d->event);
	said_forget(&d->said);
	free(d->settlers);
	if (d->pass_lock >= 0)
		close(d->pass_lock);
	if (d->lock >= 0)
		close(d->lock);
}

/* Threads inherit the mask: signals come to the loop alone. */
static void block_signals(void)
{
	sigset_t mine;

	sigemptyset(&mine);
	sigaddset(&mine, SIGTERM);
	sigaddset(&mine, SIGINT);
	sigaddset(&mine, SIGHUP);
	sigprocmask(SIG_BLOCK, &mine, NULL);
}

int daemon_run(const struct options *o)
{
	struct arena *a = arena_new();
	struct diagnostics ds;
	struct daemon d = {.o = o, .lock = -1, .pass_lock = -1, .resync = UINT64_MAX};
	int r;

	diagnostics_init(&ds, a);
	block_signals();
	r = open_all(&d, &ds);
	report_diagnostics(o, &ds);
	if (r >= 0) {
		journal_say(d.keeper.journal, EVENT_STARTED, NULL,
			    "evenkeel %s keeps %s as %s says%s", EVENKEEL_VERSION, o->lxcpath,
			    o->directory, o->observe ? ", and only looks (--observe)" : "");
		journal_flush(d.keeper.journal);
		daemon_pass(&d, false);
		r = sd_event_loop(d.event);
		sd_notify(0, "STOPPING=1");
		journal_say(d.keeper.journal, EVENT_STOPPED, NULL,
			    "ends; everything stays as it is");
		journal_flush(d.keeper.journal);
	}
	close_all(&d);
	arena_free(a);
	return r < 0 ? 2 : 0;
}
