#include "reconciler/networks.h"

#include "net/netlink.h"
#include "reconciler/network_apply.h"
#include "reconciler/options.h"
#include "schema/arena.h"

#include <errno.h>
#include <string.h>

bool network_used_by(const char *network, const struct instance *i)
{
	for (size_t k = 0; k < i->n_devices; k++) {
		const struct device *d = i->devices[k].device;
		const char *name = device_text(d, "network"), *parent = device_text(d, "parent");

		if (strcmp(d->type->name, "nic") == 0 && ((name && strcmp(name, network) == 0) ||
							  (parent && strcmp(parent, network) == 0)))
			return true;
	}
	return false;
}

static bool chosen(const struct options *o, const struct generation *g, const char *network)
{
	for (size_t i = 0; i < o->n_names; i++) {
		const struct instance *instance = generation_find(g, o->names[i]);

		if (instance && network_used_by(network, instance))
			return true;
	}
	return o->n_names == 0;
}

/* What there is under the name of a bridge, or is the parent of another network. */
static int look(const struct network *n, struct arena *a, struct bridge *out)
{
	const char *name = n->kind == NETWORK_BRIDGE ? n->document->name : n->parent;
	struct netlink *nl = name ? netlink_here() : NULL;

	if (!name)
		return 0;
	return nl ? bridge_look(nl, name, a, out) : -errno;
}

void networks_look(struct network_subject *s, const struct document *d, const char *host,
		   struct arena *a)
{
	network_read(d, a, &s->network);
	s->error = look(&s->network, a, &s->bridge);
	network_draft(s, host);
}

void networks_take(struct networks *ns, const struct options *o, const struct generation *g,
		   const char *host, struct arena *a)
{
	const struct catalog *c = &g->catalog;

	*ns = (struct networks){.arena = a};
	ns->subjects = arena_alloc(a, c->n_networks * sizeof(*ns->subjects));
	ns->outcomes = arena_alloc(a, c->n_networks * sizeof(*ns->outcomes));
	for (size_t i = 0; i < c->n_networks; i++) {
		const struct document *d = c->networks[i];
		struct network_subject *s = &ns->subjects[ns->n];

		/* of several with one name each is wrong: that is said once */
		if ((i && strcmp(d->name, c->networks[i - 1]->name) == 0) || !chosen(o, g, d->name))
			continue;
		*s =
		    (struct network_subject){.unsure = g->partial, .outcome = &ns->outcomes[ns->n]};
		network_outcome(d, a, s->outcome);
		ns->n++;
		networks_look(s, d, host, a);
	}
}

void networks_apply(struct networks *ns)
{
	struct netlink *nl = ns->n ? netlink_here() : NULL;

	for (size_t i = 0; nl && i < ns->n; i++)
		network_apply(nl, &ns->subjects[i]);
}

void networks_remove(struct networks *ns)
{
	struct netlink *nl = ns->n ? netlink_here() : NULL;

	for (size_t i = 0; nl && i < ns->n; i++) {
		struct network_subject *s = &ns->subjects[i];
		struct change *c = network_removal(s);

		if (c)
			network_remove(nl, s->outcome->name, s->bridge.link.index, c, ns->arena);
	}
}

struct releasing {
	const struct catalog *catalog;
	struct diagnostics *ds;
};

static void release(const char *name, void *context)
{
	const struct releasing *r = context;

	if (network_find(r->catalog->networks, r->catalog->n_networks, name))
		return;
	diagnostic_notice(r->ds, NOWHERE,
			  "no manifest is about the network %s any more: left as it is", name);
	diagnostic_hint(r->ds, "to have the bridge removed, write a document of kind: network "
			       "with state: absent");
}

void networks_released(const struct catalog *c, struct diagnostics *ds)
{
	struct netlink *nl = netlink_here();
	struct releasing r = {c, ds};

	if (nl)
		bridge_each_made(nl, release, &r);
}
