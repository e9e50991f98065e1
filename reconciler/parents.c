#include "reconciler/parents.h"

#include "net/link.h"
#include "net/netlink.h"
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

static void name_parent(struct parents *p, const char *name)
{
	bool found;
	size_t at = place_of(p, name, &found);

	if (found)
		return;
	p->items = arena_grow(p->arena, p->items, p->n, &p->capacity, sizeof(*p->items));
	memmove(&p->items[at + 1], &p->items[at], (p->n - at) * sizeof(*p->items));
	p->items[at] = (struct parent_link){.name = arena_strdup(p->arena, name)};
	p->n++;
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
				name_parent(p, nics[k].parent);
		arena_reset(scratch);
	}
	arena_free(scratch);
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
	return true;
}

void parents_look(struct survey *s)
{
	struct parents p = {.arena = s->arena};
	struct netlink *nl;
	size_t n = 0;

	name_all(s, &p);
	nl = p.n ? netlink_here() : NULL;
	for (size_t i = 0; nl && i < p.n; i++)
		if (look_at(s, nl, &p.items[i]))
			p.items[n++] = p.items[i];
	s->host->parents = p.items;
	s->host->n_parents = n;
}
