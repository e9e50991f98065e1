#include "net/nic_parts.h"

#include "net/nic_make.h"
#include "net/priority.h"
#include "net/route.h"
#include "schema/arena.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is(const struct change *c, const char *attribute)
{
	return strcmp(c->attribute, attribute) == 0;
}

static bool is_route(const struct change *c)
{
	return strncmp(c->attribute, NIC_ROUTE, strlen(NIC_ROUTE)) == 0;
}

static bool is_way(const struct change *c, const char *way)
{
	size_t n = strlen(way);

	return strncmp(c->attribute, way, n) == 0 &&
	       (!c->attribute[n] || strcmp(c->attribute + n, NIC_BURST) == 0);
}

struct change *work_change(const struct work *w, const char *attribute)
{
	for (size_t i = 0; i < w->n; i++)
		if (is(w->changes[i], attribute))
			return w->changes[i];
	return NULL;
}

const char *work_wanted(const struct work *w, const char *attribute)
{
	const struct change *c = work_change(w, attribute);

	return c ? c->to : NULL;
}

void work_end(struct work *w, struct change *c, const char *link, int error, const char *said)
{
	struct arena *a = w->c->arena;
	const char *value = c->to ? c->to : "nothing";

	if (w->c->wrote)
		w->c->wrote(arena_join(a, c->object, " (", link, ") ", c->attribute, NULL), value,
			    -error);
	if (error == 0) {
		c->verdict = VERDICT_APPLIED;
		return;
	}
	change_fail(c, a, -error, "%s: %s cannot become %s: %s%s%s", link, c->attribute, value,
		    strerror(-error), said && *said ? ": " : "", said ? said : "");
}

/* ---- inside ---- */

/* Two nics that exchange their names: the other one steps aside. */
static void make_way(struct work *w, const char *name)
{
	for (size_t i = 0; i < w->nics->n; i++) {
		struct nic_found *f = &w->nics->items[i];
		char aside[IFNAMSIZ];
		struct link_change change = {.name = aside};

		if (f == w->found || !f->there || strcmp(f->guest.name, name) != 0)
			continue;
		snprintf(aside, sizeof(aside), "ek-%d", f->guest.index);
		if (link_change(w->inside, f->guest.index, &change) == 0)
			memcpy(f->guest.name, aside, sizeof(aside));
	}
}

static bool changes_its_name(const struct work *w, const char *name)
{
	for (size_t i = 0; i < w->n_all; i++) {
		const struct change *c = w->all[i];
		const struct nic_found *f = nics_get(w->nics, c->object);

		if (is(c, NIC_NAME) && f && f != w->found && f->there &&
		    strcmp(f->guest.name, name) == 0)
			return true;
	}
	return false;
}

static void apply_name(struct work *w, struct change *c)
{
	struct link_change change = {.name = c->to};
	const char *said = NULL;
	int r;

	if (changes_its_name(w, c->to))
		make_way(w, c->to);
	r = link_change(w->inside, w->found->guest.index, &change);
	if (r == -EEXIST)
		said = "the container has another interface of that name";
	else if (r == -EBUSY)
		said = "this kernel renames only interfaces that are down; a restart brings it";
	else if (r < 0)
		said = netlink_said(w->inside);
	else
		snprintf(w->found->guest.name, IFNAMSIZ, "%s", c->to);
	work_end(w, c, w->found->guest.name, r, said);
}

static void apply_hwaddr(struct work *w, struct change *c)
{
	struct link_change change = {.hwaddr = c->to};
	int r = link_change(w->inside, w->found->guest.index, &change);

	work_end(w, c, w->found->guest.name, r, netlink_said(w->inside));
}

/* Of both ends; what makes room comes first on the host. */
static void apply_both(struct work *w, struct change *c, const struct link_change *change)
{
	int r = 0;

	if (w->found->host.index)
		r = link_change(w->nl, w->found->host.index, change);
	if (r < 0) {
		work_end(w, c, w->found->host.name, r, netlink_said(w->nl));
		return;
	}
	r = link_change(w->inside, w->found->guest.index, change);
	work_end(w, c, w->found->guest.name, r, netlink_said(w->inside));
}

static void apply_mtu(struct work *w, struct change *c)
{
	struct link_change change = {.mtu = (uint32_t)strtoul(c->to, NULL, 10)};

	apply_both(w, c, &change);
	if (c->verdict == VERDICT_APPLIED)
		w->found->host.mtu = w->found->guest.mtu = change.mtu;
}

static void apply_txqueuelen(struct work *w, struct change *c)
{
	struct link_change change = {.txqueuelen = (uint32_t)strtoul(c->to, NULL, 10),
				     .txqueuelen_given = true};

	apply_both(w, c, &change);
}

/* ---- on the host ---- */

static void apply_host_name(struct work *w, struct change *c)
{
	struct link_change change = {.name = c->to};
	int r = link_change(w->nl, w->found->host.index, &change);

	work_end(w, c, w->found->host.name, r,
		 r == -EEXIST ? "the host has another interface of that name"
			      : netlink_said(w->nl));
	if (r == 0)
		snprintf(w->found->host.name, IFNAMSIZ, "%s", c->to);
}

static void apply_master(struct work *w, struct change *c)
{
	struct link_change change = {.master_given = true};
	struct link master = {0};
	int r = c->to ? link_by_name(w->nl, LINK_HERE, c->to, &master) : 0;

	change.master = master.index;
	if (r == 0)
		r = link_change(w->nl, w->found->host.index, &change);
	work_end(w, c, w->found->host.name, r,
		 r == -ENODEV ? "there is no such bridge" : netlink_said(w->nl));
	if (r == 0) {
		w->found->host.master = master.index;
		w->found->master = c->to;
	}
}

/* One whose host end was down may not have been finished when it was made. */
static void apply_up(struct work *w, struct change *c)
{
	struct link_change change = {.up_given = true, .up = true};

	apply_both(w, c, &change);
}

static int route_device(const struct work *w, const char *device)
{
	struct link l;

	if (strcmp(device, NIC_ROUTE_HOST_END) == 0)
		return w->found->host.index;
	return link_by_name(w->nl, LINK_HERE, device, &l) < 0 ? 0 : l.index;
}

static void route_away(struct work *w, struct change *c)
{
	int device = route_device(w, c->from);
	int r = device ? route_delete(w->nl, device, c->attribute + strlen(NIC_ROUTE)) : 0;

	if (!c->to || r < 0)
		work_end(w, c, c->from, r, netlink_said(w->nl));
}

static void route_to(struct work *w, struct change *c)
{
	int device = route_device(w, c->to);
	const char *prefix = c->attribute + strlen(NIC_ROUTE), *said = NULL;
	int r = device ? route_add(w->nl, device, prefix) : -ENODEV;

	if (r == -EEXIST)
		said = arena_printf(
		    w->c->arena, "it leads elsewhere already, as ip route show %s tells", prefix);
	else if (r < 0 && device)
		said = netlink_said(w->nl);
	work_end(w, c, c->to, r, said);
}

/* ---- shaping ---- */

static const char *const way_names[] = {NIC_INGRESS, NIC_EGRESS};

/* The rate or burst that shall be: a change's, else what is there. */
static uint64_t wanted_number(const struct work *w, const char *attribute, uint64_t now)
{
	const struct change *c = work_change(w, attribute);

	if (!c)
		return now;
	return c->to ? strtoull(c->to, NULL, 10) : 0;
}

static int set_way(struct work *w, enum shaping_way way, uint64_t rate, uint64_t burst,
		   const char **why)
{
	const struct link *end = &w->found->host;

	if (rate == 0)
		return shaping_clear(w->nl, end, way, w->c->arena, why);
	if (w->found->ways_read[way] && !work_change(w, NIC_MTU))
		return shaping_change(w->nl, end, way, &w->found->ways[way], rate, burst,
				      w->c->arena, why);
	return shaping_set(w->nl, end, way, rate, burst, w->c->arena, why);
}

static void end_way(struct work *w, struct change *c, int r, const char *why)
{
	if (r == 0 || !why) {
		work_end(w, c, w->found->host.name, r, netlink_said(w->nl));
		return;
	}
	change_fail(c, w->c->arena, -r, "%s", why);
}

static void end_changes(struct work *w, enum shaping_way way, int r, const char *why)
{
	for (size_t i = 0; i < w->n; i++)
		if (is_way(w->changes[i], way_names[way]))
			end_way(w, w->changes[i], r, why);
}

/* What WAY shall become; false: it stays. Its queue is made for frames of the MTU. */
static bool find_wish(const struct work *w, enum shaping_way way, uint64_t *rate, uint64_t *burst)
{
	const char *burst_name =
	    way == SHAPING_INGRESS ? NIC_INGRESS NIC_BURST : NIC_EGRESS NIC_BURST;
	const struct shaping *now = &w->found->ways[way];
	bool keeps = w->found->burst_asked[way] && !now->burst_derived;

	if (!work_change(w, way_names[way]) && !work_change(w, burst_name) &&
	    !(work_change(w, NIC_MTU) && now->ours && now->rate))
		return false;
	*rate = wanted_number(w, way_names[way], now->rate);
	*burst = wanted_number(w, burst_name, keeps ? now->burst : 0);
	return true;
}

/* Both with one request, where they only get other numbers. */
static bool change_both_ways(struct work *w, const uint64_t *rates, const uint64_t *bursts)
{
	const struct nic_found *f = w->found;

	return f->ways_read[SHAPING_INGRESS] && f->ways_read[SHAPING_EGRESS] &&
	       !work_change(w, NIC_MTU) && rates[SHAPING_INGRESS] && rates[SHAPING_EGRESS] &&
	       shaping_change_both(w->nl, &f->host, f->ways, rates, bursts) == 0;
}

static void apply_ways(struct work *w)
{
	uint64_t rates[2], bursts[2];
	bool wished[2], done;

	for (int way = SHAPING_INGRESS; way <= SHAPING_EGRESS; way++)
		wished[way] = find_wish(w, (enum shaping_way)way, &rates[way], &bursts[way]);
	done =
	    wished[SHAPING_INGRESS] && wished[SHAPING_EGRESS] && change_both_ways(w, rates, bursts);
	for (int way = SHAPING_INGRESS; way <= SHAPING_EGRESS; way++) {
		const char *why = NULL;
		int r = 0;

		if (!wished[way])
			continue;
		if (!done)
			r = set_way(w, (enum shaping_way)way, rates[way], bursts[way], &why);
		end_changes(w, (enum shaping_way)way, r, why);
	}
}

static void apply_priority(struct work *w, struct change *c)
{
	const struct link *end = &w->found->host;
	const char *why = NULL;
	int r = c->to ? priority_set(end, (uint32_t)strtoul(c->to, NULL, 10), w->c->arena, &why)
		      : priority_clear(end, w->c->arena, &why);

	end_way(w, c, r, why);
}

/* ---- one nic ---- */

static void (*applier(const struct change *c))(struct work *w, struct change *c)
{
	static const struct {
		const char *attribute;
		void (*apply)(struct work *w, struct change *c);
	} appliers[] = {
	    {NIC_HOST_NAME,  apply_host_name },
	    {NIC_HWADDR,     apply_hwaddr    },
	    {NIC_MASTER,     apply_master    },
	    {NIC_MTU,        apply_mtu       },
	    {NIC_NAME,       apply_name      },
	    {NIC_PRIORITY,   apply_priority  },
	    {NIC_TXQUEUELEN, apply_txqueuelen},
	};

	for (size_t i = 0; i < sizeof(appliers) / sizeof(*appliers); i++)
		if (is(c, appliers[i].attribute))
			return appliers[i].apply;
	return NULL;
}

/* Nobody is led to it any more, nor answered in its place. INSIDE: what it has there, too. */
static void take_ways(struct work *w, bool inside)
{
	for (size_t i = 0; i < w->n; i++) {
		struct change *c = w->changes[i];

		if (!c->from || c->verdict != VERDICT_NONE)
			continue;
		if (is_route(c))
			route_away(w, c);
		else if (nic_ip_is(c->attribute) && (inside || !nic_ip_is_inside(c->attribute)))
			nic_ip_take(w, c);
	}
}

/* Traffic passes only once it is shaped. */
static void apply_attributes(struct work *w)
{
	struct change *up = work_change(w, NIC_UP);

	take_ways(w, true);
	for (size_t i = 0; i < w->n; i++) {
		struct change *c = w->changes[i];

		if (c->verdict == VERDICT_NONE && applier(c))
			applier(c)(w, c);
		else if (c->verdict == VERDICT_NONE && nic_ip_is(c->attribute) &&
			 !nic_ip_is_late(c->attribute))
			nic_ip_give(w, c);
		else if (is(c, NIC_INDEX))
			c->verdict = VERDICT_APPLIED;
	}
	if (w->found->host.index) {
		apply_ways(w);
	}
	if (up && up->verdict == VERDICT_NONE)
		apply_up(w, up);
	for (size_t i = 0; i < w->n; i++)
		if (is_route(w->changes[i]) && w->changes[i]->verdict == VERDICT_NONE)
			route_to(w, w->changes[i]);
	for (size_t i = 0; i < w->n; i++)
		if (nic_ip_is_late(w->changes[i]->attribute) &&
		    w->changes[i]->verdict == VERDICT_NONE)
			nic_ip_give(w, w->changes[i]);
}

static void skip_rest(struct work *w, const char *reason)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->changes[i]->verdict != VERDICT_NONE)
			continue;
		w->changes[i]->verdict = VERDICT_SKIPPED;
		w->changes[i]->reason = reason;
	}
}

/* It goes; what it had goes with it. */
static void apply_removal(struct work *w, struct change *link)
{
	const char *said = NULL;
	int r;

	take_ways(w, false);
	r = nic_unmake(w, &said);
	if (link->action == ACTION_REMOVE || r < 0)
		work_end(w, link, w->found->guest.name, r, said);
	for (size_t i = 0; i < w->n; i++)
		if (link->action == ACTION_REMOVE && w->changes[i]->verdict == VERDICT_NONE)
			w->changes[i]->verdict = link->verdict;
}

static void apply_leaving(struct work *w)
{
	struct change *link = work_change(w, NIC_LINK);

	if (link && w->found->there)
		apply_removal(w, link);
}

static void finish_gone(struct work *w)
{
	take_ways(w, false); /* by a bridge they are there all the same */
	skip_rest(w, "the interface has gone");
}

static void apply_staying(struct work *w)
{
	struct change *link = work_change(w, NIC_LINK);

	if (link && link->verdict == VERDICT_NONE)
		nic_make(w, link);
	if (link && link->verdict != VERDICT_APPLIED)
		skip_rest(w, "the interface is not there");
	else if (w->found->there)
		apply_attributes(w);
	else
		finish_gone(w);
}

/* ---- all nics of a container ---- */

static void gather(struct work *w, const char *object)
{
	w->n = 0;
	for (size_t i = 0; i < w->n_all; i++)
		if (strcmp(w->all[i]->object, object) == 0)
			w->changes[w->n++] = w->all[i];
}

static void each(struct work *w, void (*apply)(struct work *w))
{
	for (size_t i = 0; i < w->nics->n; i++) {
		w->found = &w->nics->items[i];
		gather(w, w->found->object);
		if (w->n)
			apply(w);
	}
}

static void refuse_all(struct container *c, struct change **changes, size_t n, int error)
{
	for (size_t i = 0; i < n; i++)
		change_fail(changes[i], c->arena, -error,
			    "the container's network cannot be entered: %s", strerror(-error));
}

static bool is_inside(const struct change *c)
{
	if (nic_ip_is(c->attribute))
		return nic_ip_is_inside(c->attribute);
	return !is_way(c, NIC_INGRESS) && !is_way(c, NIC_EGRESS) && !is_route(c) &&
	       !is(c, NIC_MASTER) && !is(c, NIC_HOST_NAME) && !is(c, NIC_INDEX) &&
	       !is(c, NIC_PRIORITY);
}

/* Opens a socket inside only where something inside changes: it costs, and pins the namespace. */
static int enter(struct work *w)
{
	bool inside = false;
	int r;

	for (size_t i = 0; i < w->n_all; i++)
		inside |= is_inside(w->all[i]);
	w->nl = netlink_here();
	if (!w->nl)
		return -errno;
	if (!inside)
		return 0;
	r = nics_enter(w->c, w->nics);
	if (r < 0)
		return r;
	w->inside = netlink_in(w->nics->netns);
	return w->inside ? 0 : -errno;
}

void nic_apply(struct container *c, struct change **changes, size_t n)
{
	struct work w = {.c = c, .nics = c->nics, .all = changes, .n_all = n};
	int r = c->nics ? enter(&w) : -ESTALE;

	if (r < 0) {
		refuse_all(c, changes, n, r);
	} else {
		w.changes = arena_alloc(c->arena, n * sizeof(*w.changes));
		each(&w, apply_leaving);
		each(&w, apply_staying);
	}
	netlink_close(w.inside);
	if (c->nics)
		nics_leave(c->nics);
}
