#include "net/nic_make.h"

#include "net/physical.h"
#include "schema/arena.h"
#include "schema/nic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *nic_alias(const struct container *c, const char *object, struct arena *a)
{
	return arena_join(a, "evenkeel ", object, " of ", c->name, " in ", c->lxcpath, NULL);
}

static uint32_t wanted_u32(const struct work *w, const char *attribute)
{
	const char *text = work_wanted(w, attribute);

	return text ? (uint32_t)strtoul(text, NULL, 10) : 0;
}

/* Tells who refused, once for the link: the others do not even begin. */
static bool fail(struct work *w, struct change *link, int r, const char *said)
{
	const char *name = work_wanted(w, NIC_NAME);

	change_fail(link, w->c->arena, -r, "%s cannot be made: %s%s%s", name ? name : link->object,
		    strerror(-r), said && *said ? ": " : "", said ? said : "");
	return false;
}

static void made(struct work *w, struct change *link)
{
	static const char *const with_it[] = {NIC_NAME,   NIC_HWADDR, NIC_HOST_NAME,
					      NIC_MASTER, NIC_MTU,    NIC_TXQUEUELEN};

	work_end(w, link, w->found->guest.name, 0, NULL);
	for (size_t i = 0; i < sizeof(with_it) / sizeof(*with_it); i++) {
		struct change *c = work_change(w, with_it[i]);

		if (c && c->to)
			work_end(w, c, w->found->guest.name, 0, NULL);
	}
	w->found->there = true;
	w->found->link = link->to;
}

/* ---- veth ---- */

/* With what its traffic goes through. */
static int delete_host_end(struct work *w, int index)
{
	const char *why = NULL;
	struct link now;
	int r = link_by_index(w->nl, LINK_HERE, index, &now);

	if (r < 0)
		return r;
	shaping_clear(w->nl, &now, SHAPING_EGRESS, w->c->arena, &why);
	return link_delete(w->nl, index);
}

static bool clear_stray(struct work *w, int index)
{
	return index && delete_host_end(w, index) == 0;
}

static const char *who_has_it(struct work *w, const struct link_veth *v)
{
	struct link l;

	if (link_by_name(w->nl, LINK_HERE, v->name, &l) == 0)
		return arena_join(w->c->arena, "the host has another interface ", v->name, NULL);
	return arena_join(w->c->arena, "the container has another interface ", v->peer_name, NULL);
}

/* A bridge without an address of its own wears the lowest of its ports': never one of these. */
static const char *host_hwaddr(const struct work *w)
{
	const char *inside = work_wanted(w, NIC_HWADDR);

	if (!inside)
		return NULL;
	/* both ends with one address would be heard by neither */
	return arena_join(w->c->arena, strncmp(inside, "fe", 2) == 0 ? "fa" : "fe", inside + 2,
			  NULL);
}

static int find_ends(struct work *w, const char *name)
{
	struct nic_found *f = w->found;
	int r = link_by_name(w->nl, LINK_HERE, name, &f->host);

	if (r == 0)
		r = link_by_index(w->nl, w->nics->nsid, f->host.peer, &f->guest);
	return r;
}

static bool make_veth(struct work *w, struct change *link)
{
	struct link_veth v = {
	    .name = work_wanted(w, NIC_HOST_NAME),
	    .hwaddr = host_hwaddr(w),
	    .mtu = wanted_u32(w, NIC_MTU),
	    .txqueuelen = wanted_u32(w, NIC_TXQUEUELEN),
	    .txqueuelen_given = work_wanted(w, NIC_TXQUEUELEN),
	    .netns_fd = w->nics->netns,
	    .peer_name = work_wanted(w, NIC_NAME),
	    .peer_hwaddr = work_wanted(w, NIC_HWADDR),
	};
	const char *master_name = work_wanted(w, NIC_MASTER);
	struct link_change mark = {.alias = nic_alias(w->c, w->found->object, w->c->arena)};
	struct link master = {0};
	int r = master_name ? link_by_name(w->nl, LINK_HERE, master_name, &master) : 0;

	if (r < 0)
		return fail(w, link, r, arena_join(w->c->arena, "bridge ", master_name, NULL));
	v.master = master.index;
	if (!v.mtu)
		v.mtu = master.mtu;
	r = link_add_veth(w->nl, &v);
	if (r == -EEXIST &&
	    clear_stray(w, nics_stray(w->nl, w->c, w->nics, w->found->object, v.name, false)))
		r = link_add_veth(w->nl, &v);
	if (r < 0)
		return fail(w, link, r, r == -EEXIST ? who_has_it(w, &v) : netlink_said(w->nl));
	r = find_ends(w, v.name);
	if (r < 0)
		return fail(w, link, r, "it has gone again");
	w->found->master = master_name;
	link_change(w->nl, w->found->host.index, &mark); /* a mark for people: no harm without it */
	return true;
}

/* ---- macvlan ---- */

/* A macvlan or ipvlan, as LINK says: "ipvlan eth1 l3s". */
static bool make_child(struct work *w, struct change *link)
{
	bool ipvlan = nic_is_link(link->to, LINK_IPVLAN);
	const char *parent_name = nic_parent(link->to, w->c->arena);
	struct link_change up = {.up_given = true, .up = true};
	struct link parent = {0};
	struct link_child child = {
	    .kind = ipvlan ? LINK_IPVLAN : LINK_MACVLAN,
	    .mode = ipvlan ? strrchr(link->to, ' ') + 1 : NULL,
	    .name = work_wanted(w, NIC_NAME),
	    .hwaddr = ipvlan ? NULL : work_wanted(w, NIC_HWADDR),
	    .mtu = wanted_u32(w, NIC_MTU),
	    .netns_fd = w->nics->netns,
	};
	int r = link_by_name(w->nl, LINK_HERE, parent_name, &parent);

	if (r < 0)
		return fail(w, link, r, arena_join(w->c->arena, "parent ", parent_name, NULL));
	child.parent = parent.index;
	r = link_add_child(w->nl, &child);
	if (r < 0)
		return fail(w, link, r, netlink_said(w->nl));
	r = link_by_name(w->nl, w->nics->nsid, child.name, &w->found->guest);
	if (r == 0)
		r = link_change(w->inside, w->found->guest.index, &up);
	if (r < 0)
		return fail(w, link, r, "it has gone again, or cannot be brought up");
	w->found->host = (struct link){0};
	return true;
}

/* ---- physical ---- */

/* It has to be the one that was written down: that is what it is known by when it comes back. */
static int take_from_host(struct work *w, const char *name, const struct parent_link *p,
			  const char *guest_name, const char **said)
{
	const char *mark, *why = NULL;
	struct link l;
	int r = link_by_name(w->nl, LINK_HERE, name, &l);

	if (r < 0 || !p) {
		*said = arena_printf(w->c->arena, "interface %s of the host", name);
		return r < 0 ? r : -ESTALE;
	}
	mark = physical_mark(w->nl, &l, w->c->arena, &why);
	if (!mark || strcmp(mark, p->home->mark) != 0) {
		*said = arena_printf(
		    w->c->arena, "the %s of this host is another one than the container had", name);
		return -ESTALE;
	}
	r = link_move(w->nl, l.index, w->nics->netns, guest_name);
	if (r < 0)
		*said = r == -EEXIST ? "the container has another interface of that name"
				     : netlink_said(w->nl);
	return r;
}

static bool make_physical(struct work *w, struct change *link)
{
	struct link_change change = {.up_given = true,
				     .up = true,
				     .hwaddr = work_wanted(w, NIC_HWADDR),
				     .mtu = wanted_u32(w, NIC_MTU)};
	const struct parent_link *p = nics_home(w->c->host, link->to, w->c->arena);
	const char *said = NULL;
	int r = take_from_host(w, nic_parent(link->to, w->c->arena), p, work_wanted(w, NIC_NAME),
			       &said);

	if (r < 0)
		return fail(w, link, r, said);
	r = physical_find(w->nl, w->nics->nsid, p->home->mark, &w->found->guest);
	if (r == 0)
		r = link_change(w->inside, w->found->guest.index, &change);
	if (r < 0)
		return fail(w, link, r, netlink_said(w->inside));
	w->found->host = (struct link){0};
	return true;
}

void nic_make(struct work *w, struct change *link)
{
	bool ok;

	if (!work_wanted(w, NIC_NAME)) {
		link->verdict = VERDICT_SKIPPED; /* what it is to be called is recorded first */
		return;
	}
	clear_stray(w, w->found->stray);
	if (nic_is_link(link->to, LINK_PHYSICAL))
		ok = make_physical(w, link);
	else if (strcmp(link->to, LINK_VETH) != 0)
		ok = make_child(w, link);
	else if (work_wanted(w, NIC_HOST_NAME))
		ok = make_veth(w, link);
	else
		return;
	if (ok)
		made(w, link);
}

static int unmake_physical(struct work *w, const char **said)
{
	struct nic_found *f = w->found;
	const struct parent_link *p = nics_home(w->c->host, f->link, w->c->arena);

	f->there = false;
	if (!p)
		return -ESTALE;
	*said = NULL;
	return physical_fetch(w->nl, w->inside, w->nics->nsid, &f->guest, p->name, p->home, said);
}

int nic_unmake(struct work *w, const char **said)
{
	struct nic_found *f = w->found;
	struct link now;
	int r;

	*said = netlink_said(f->host.index ? w->nl : w->inside);
	if (nic_is_link(f->link, LINK_PHYSICAL))
		return unmake_physical(w, said);
	if (f->host.index == 0) {
		r = link_by_index(w->nl, w->nics->nsid, f->guest.index, &now);
		if (r == 0 && strcmp(now.kind, f->guest.kind) == 0)
			r = link_delete(w->inside, f->guest.index);
		for (size_t i = 0; i < f->n_clones && (r == 0 || r == -ENODEV); i++)
			r = link_delete(w->inside, f->clones[i]);
	} else {
		r = delete_host_end(w, f->host.index);
	}
	f->there = false;
	return r == -ENODEV ? 0 : r;
}
