#include "reconciler/parents.h"

#include "net/devconf.h"
#include "net/lifeline.h"
#include "net/link.h"
#include "net/netlink.h"
#include "net/physical.h"
#include "reconciler/lent.h"
#include "reconciler/survey.h"
#include "schema/arena.h"
#include "schema/network.h"
#include "schema/nic.h"

#include <errno.h>
#include <string.h>

struct parents {
	struct arena *arena;
	struct parent_link *items; /* sorted by name */
	size_t n, capacity;
	bool ipvlan;
};

static size_t place_of(const struct parents *p, const char *name, bool *found)
{
	size_t low = 0, high = p->n;

	*found = false;
	while (low < high && !*found) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, p->items[middle].name);

		*found = order == 0;
		if (order <= 0)
			high = middle;
		else
			low = middle + 1;
	}
	return high;
}

static struct parent_link *name_parent(struct parents *p, const char *name)
{
	bool found;
	size_t at = place_of(p, name, &found);

	if (found)
		return &p->items[at];
	p->items = arena_grow(p->arena, p->items, p->n, &p->capacity, sizeof(*p->items));
	memmove(&p->items[at + 1], &p->items[at], (p->n - at) * sizeof(*p->items));
	p->items[at] = (struct parent_link){.name = arena_strdup(p->arena, name)};
	p->n++;
	return &p->items[at];
}

static void name_parent_of(struct parents *p, const struct nic *nic, bool will_run)
{
	struct parent_link *named = name_parent(p, nic->parent);

	p->ipvlan |= nic->kind == NIC_IPVLAN;
	named->routed |= nic->kind == NIC_ROUTED;
	if (nic->kind != NIC_PHYSICAL)
		return;
	named->whole = true;
	named->lends |= will_run;
}

static bool has_nics(const struct instance *i)
{
	for (size_t k = 0; k < i->n_devices; k++)
		if (strcmp(i->devices[k].device->type->name, "nic") == 0)
			return true;
	return false;
}

static void name_all(struct survey *s, struct parents *p)
{
	struct arena *scratch = arena_new();
	struct nic *nics;

	for (size_t i = 0; i < s->world.n; i++) {
		const struct instance *instance = s->world.instances[i].instance;
		size_t n;

		if (!has_nics(instance))
			continue;
		n = nics_of(instance, s->world.networks, s->world.n_networks, NULL, scratch, &nics);
		for (size_t k = 0; k < n; k++)
			if (nics[k].parent)
				name_parent_of(p, &nics[k], s->world.instances[i].will_run);
		arena_reset(scratch);
	}
	arena_free(scratch);
}

/* What has gone into a container is still somebody's parent, also of one that shall give it back.
 */
static void name_lent(struct parents *p, const struct lent *lent)
{
	for (size_t i = 0; i < lent->n; i++)
		if (lent->items[i].away)
			name_parent(p, lent->items[i].name);
}

/* The kernel finds an interface by its further names as well. L: NULL, if there is none. */
static void look_at_whole(struct survey *s, struct netlink *nl, struct parent_link *p,
			  const struct link *l)
{
	const struct lent_link *lent = lent_find(s->lent, p->name);
	struct link found;

	if (l && strcmp(l->name, p->name) == 0) {
		p->home = physical_home(nl, l, s->arena, &p->unmarked);
		p->needed = lifeline_reason(nl, l, s->arena);
	} else {
		p->index = 0;
	}
	if (!lent || (!lent->away && p->index) || physical_is_gone(nl, lent->home.mark))
		return;
	p->away = !p->index || !p->home || strcmp(p->home->mark, lent->home.mark) != 0;
	if (p->away && physical_find(nl, LINK_HERE, lent->home.mark, &found) == 0) {
		/* home again under another name, or renamed by whom it belongs to */
		p->away = false;
		p->index = lent->away ? found.index : 0;
	} else if (p->away) {
		p->index = 0;
	}
	p->home = &lent->home;
}

static bool is_set(const char *family, const char *interface, const char *key)
{
	char value[DEVCONF_MOST];

	return devconf_read(family, interface, key, value) == 0 && strcmp(value, "0") != 0;
}

/* sysctl(8) has "/" for a dot in a name. */
static const char *sysctl_name(const char *family, const char *interface, const char *key,
			       struct arena *a)
{
	char *name = arena_strdup(a, interface);

	for (char *dot = strchr(name, '.'); dot; dot = strchr(dot, '.'))
		*dot = '/';
	return arena_printf(a, "net.%s.conf.%s.%s", family, name, key);
}

static void look_at_routed(struct parent_link *p, struct arena *a)
{
	if (!is_set("ipv4", p->name, "forwarding"))
		p->lacks4 = sysctl_name("ipv4", p->name, "forwarding", a);
	if (!is_set("ipv6", "all", "forwarding"))
		p->lacks6 = sysctl_name("ipv6", "all", "forwarding", a);
	else if (!is_set("ipv6", p->name, "forwarding"))
		p->lacks6 = sysctl_name("ipv6", p->name, "forwarding", a);
	else if (!is_set("ipv6", p->name, "proxy_ndp"))
		p->lacks6 = sysctl_name("ipv6", p->name, "proxy_ndp", a);
}

/* Of what cannot be looked at nothing is known: a nic on it is not refused. */
static bool look_at(struct survey *s, struct netlink *nl, struct parent_link *p)
{
	struct link l;
	int error = link_by_name(nl, LINK_HERE, p->name, &l);

	if (error < 0 && error != -ENODEV) {
		diagnostic_warning(&s->diagnostics, NOWHERE,
				   "the interface %s cannot be looked at: %s", p->name,
				   strerror(-error));
		return false;
	}
	if (error == 0) {
		p->index = l.index;
		p->bridge = strcmp(l.kind, "bridge") == 0;
		p->mtu = l.mtu;
	} else {
		p->to_come = network_makes_bridge(s->world.networks, s->world.n_networks, p->name);
	}
	if (p->routed && p->index)
		look_at_routed(p, s->arena);
	if (p->whole || lent_find(s->lent, p->name))
		look_at_whole(s, nl, p, error == 0 ? &l : NULL);
	return true;
}

/* Has or had one of them an interface of the host whole? */
static bool anything_lent(const struct survey *s, const struct parents *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->items[i].whole)
			return true;
	for (size_t i = 0; i < s->n; i++) {
		const struct properties *owned = &s->subjects[i].record.owned;

		for (size_t k = 0; k < owned->n; k++)
			if (owned->items[k].value && object_is(owned->items[k].object, "nic") &&
			    strncmp(owned->items[k].value, "physical ", 9) == 0)
				return true;
	}
	return false;
}

void parents_look(struct survey *s, bool settle)
{
	struct parents p = {.arena = s->arena};
	const char *lxcpath = NULL;
	struct netlink *nl;
	size_t n = 0;

	name_all(s, &p);
	if (s->containers && anything_lent(s, &p))
		lxcpath = s->containers->lxcpath;
	if (lxcpath && settle)
		lent_settle(lxcpath);
	s->lent = lent_load(lxcpath, s->arena);
	name_lent(&p, s->lent);
	nl = p.n ? netlink_here() : NULL;
	for (size_t i = 0; nl && i < p.n; i++)
		if (look_at(s, nl, &p.items[i]))
			p.items[n++] = p.items[i];
	if (nl && p.ipvlan)
		s->host->lacks_ipvlan = !link_kind_known(nl, "ipvlan");
	s->host->parents = p.items;
	s->host->n_parents = n;
}

void parents_note(struct survey *s)
{
	int error;

	for (size_t i = 0; i < s->host->n_parents; i++) {
		const struct parent_link *p = &s->host->parents[i];

		if (p->away)
			lent_put(s->lent, p->name, p->home, true);
		else if (p->whole && p->index && p->home)
			lent_put(s->lent, p->name, p->home, p->lends && !p->needed);
	}
	error = lent_save(s->lent);
	if (error < 0)
		diagnostic_warning(&s->diagnostics, NOWHERE,
				   "what the host's interfaces are cannot be kept: %s",
				   strerror(-error));
}
