#include "reconciler/daemon_parts.h"

#include "net/linkwatch.h"
#include "net/neighbour.h"
#include "net/netlink.h"
#include "net/priority.h"
#include "net/shaping.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define SECOND UINT64_C(1000000000)
/* Who has a container may make events without end: so many turns in so long are theirs. Each takes
 * what has gathered meanwhile, up to what the watch hears in one go. */
#define TURNS_USEC 20000
#define TURNS_MOST 4
/* After events were lost all are looked at, at once; while it goes on, less and less often. */
#define LOST_LEAST SECOND
#define LOST_MOST (32 * SECOND)

/* ---- what was left behind ---- */

static struct daemon *daemon_of(struct task *t)
{
	return (struct daemon *)((char *)t - offsetof(struct daemon, links.sweep));
}

/* Each deletion waits in the kernel. */
static void sweep_run(struct task *t)
{
	struct netlink *nl = netlink_here();

	daemon_of(t)->links.swept = nl ? shaping_sweep(nl) : -errno;
	if (nl)
		priority_sweep(nl);
	if (nl)
		neighbour_sweep(nl);
}

static void sweep_done(struct task *t)
{
	struct daemon *d = daemon_of(t);
	struct links *l = &d->links;

	l->sweeping = false;
	if (l->swept < 0)
		journal_say(d->keeper.journal, EVENT_FAILED, NULL,
			    "interfaces that were left behind (ekifb*) cannot be taken away: %s",
			    strerror(-l->swept));
	else if (l->sweep_again)
		links_sweep(d);
}

void links_sweep(struct daemon *d)
{
	struct links *l = &d->links;

	if (d->o->observe)
		return;
	l->sweep_again = l->sweeping;
	if (l->sweeping)
		return;
	l->sweeping = true;
	l->sweep = (struct task){.run = sweep_run, .done = sweep_done};
	worker_submit(d->keeper.slow, &l->sweep);
}

/* ---- events ---- */

static void look_at_all(struct daemon *d, uint64_t now)
{
	struct links *l = &d->links;

	journal_say(d->keeper.journal, EVENT_OVERFLOW, NULL,
		    "too many events about interfaces at once: all containers that have some are "
		    "looked at");
	keeper_remind_linked(&d->keeper);
	l->wait = l->wait ? 2 * l->wait : LOST_LEAST;
	if (l->wait > LOST_MOST)
		l->wait = LOST_MOST;
	l->not_before = now + l->wait;
	l->lost = false;
}

static void events_lost(struct daemon *d, uint64_t now)
{
	struct links *l = &d->links;

	if (now >= l->not_before + l->wait)
		l->wait = 0; /* that was another time */
	l->lost = true;
	links_work(d, now);
}

static void found(void *context, const char *name)
{
	struct daemon *d = context;

	keeper_linked(&d->keeper, name);
}

static int on_links(sd_event_source *s, int fd, uint32_t events, void *context)
{
	struct daemon *d = context;

	(void)s, (void)fd, (void)events;
	if (!linkwatch_read(d->links.watch, found, d))
		events_lost(d, keeper_now());
	if (linkwatch_orphaned(d->links.watch) | linkwatch_veth_gone(d->links.watch))
		links_sweep(d);
	return 0;
}

void links_work(struct daemon *d, uint64_t now)
{
	if (d->links.lost && d->links.not_before <= now)
		look_at_all(d, now);
}

uint64_t links_next(const struct daemon *d)
{
	return d->links.lost ? d->links.not_before : UINT64_MAX;
}

/* ---- who holds what ---- */

static void hold(void *context, struct ward *w, const struct watched_link *links, size_t n)
{
	struct daemon *d = context;

	linkwatch_hold(d->links.watch, w->name, links, n);
}

static void hold_network(void *context, const char *owner, const struct watched_link *links,
			 size_t n)
{
	struct daemon *d = context;

	linkwatch_hold(d->links.watch, owner, links, n);
}

void links_forget(struct daemon *d, const char *name)
{
	if (d->links.watch)
		linkwatch_hold(d->links.watch, name, NULL, 0);
}

/* ---- beginning and end ---- */

void links_open(struct daemon *d, struct diagnostics *ds)
{
	d->links.watch = linkwatch_open();
	if (!d->links.watch) {
		diagnostic_warning(ds, NOWHERE,
				   "interfaces cannot be followed: %s: what happens to one is seen "
				   "with the next full pass",
				   strerror(errno));
		return;
	}
	d->keeper.links = hold;
	d->keeper.network_links = hold_network;
}

int links_listen(struct daemon *d)
{
	sd_event_source *s = NULL;
	int r = 0;

	if (d->links.watch)
		r = sd_event_add_io(d->event, &s, linkwatch_fd(d->links.watch), EPOLLIN, on_links,
				    d);
	if (s && r >= 0)
		r = sd_event_source_set_ratelimit(s, TURNS_USEC, TURNS_MOST);
	if (s && r >= 0)
		r = sd_event_source_set_floating(s, true);
	sd_event_source_unref(s);
	return r;
}

void links_close(struct daemon *d)
{
	linkwatch_close(d->links.watch);
}
