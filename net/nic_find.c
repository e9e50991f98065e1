#include "net/nic_parts.h"

#include "net/physical.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names of interfaces that LXC started are looked for among so many. */
#define OWN_INTERFACES 16

int nics_namespace(const struct container *c)
{
	int fd = openat(c->proc, "ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

bool nics_is_ours(int netns)
{
	struct stat theirs, here;

	return fstat(netns, &theirs) == 0 && stat("/proc/thread-self/ns/net", &here) == 0 &&
	       theirs.st_dev == here.st_dev && theirs.st_ino == here.st_ino;
}

int nics_enter(const struct container *c, struct nics *nics)
{
	struct netlink *nl = netlink_here();
	int nsid;

	if (nics->netns >= 0)
		return 0;
	if (!nl)
		return -errno;
	nics->netns = nics_namespace(c);
	if (nics->netns < 0)
		return nics->netns;
	nsid = netlink_nsid(nl, nics->netns);
	if (nsid == nics->nsid)
		return 0;
	nics_leave(nics);
	return nsid < 0 ? nsid : -ESTALE;
}

void nics_leave(struct nics *nics)
{
	if (nics->netns >= 0)
		close(nics->netns);
	nics->netns = -1;
}

struct nic_found *nics_get(struct nics *nics, const char *object)
{
	for (size_t i = 0; i < nics->n; i++)
		if (strcmp(nics->items[i].object, object) == 0)
			return &nics->items[i];
	return NULL;
}

/* ---- both ends of a veth ---- */

int nics_host_end(struct netlink *nl, int nsid, const struct link *guest, struct link *host)
{
	int r = guest->peer > 0 ? link_by_index(nl, LINK_HERE, guest->peer, host) : -ENODEV;

	if (r < 0)
		return r;
	/* an index is one of many namespaces' */
	if (strcmp(host->kind, LINK_VETH) != 0 || host->peer != guest->index ||
	    host->peer_nsid != nsid)
		return -ENODEV;
	return 0;
}

static bool is_claimed(const struct nics *nics, const struct link *guest)
{
	for (size_t i = 0; i < nics->n; i++)
		if (nics->items[i].there && nics->items[i].guest.index == guest->index)
			return true;
	return false;
}

static bool found_veth(struct nics *nics, struct nic_found *f, const struct link *guest,
		       const struct link *host)
{
	if (is_claimed(nics, guest))
		return false;
	f->guest = *guest;
	f->host = *host;
	f->link = LINK_VETH;
	return f->there = true;
}

/* The name of its end on the host is what container root cannot change. */
static bool find_by_host_name(struct netlink *nl, struct nics *nics, struct nic_found *f,
			      const char *name)
{
	struct link host, guest;

	if (!name || link_by_name(nl, LINK_HERE, name, &host) < 0 ||
	    strcmp(host.kind, LINK_VETH) != 0 || host.peer_nsid != nics->nsid ||
	    link_by_index(nl, nics->nsid, host.peer, &guest) < 0)
		return false;
	return found_veth(nics, f, &guest, &host);
}

const char *nics_link_name(struct netlink *nl, int index, struct arena *a)
{
	struct link parent;

	if (index <= 0 || link_by_index(nl, LINK_HERE, index, &parent) < 0)
		return NULL;
	return arena_strdup(a, parent.name);
}

/* A macvlan has no end of its own on the host. Container root may have some on interfaces of its
 * own. */
static bool is_child_of_host(const struct link *guest, const char *kind)
{
	return strcmp(guest->kind, kind) == 0 && guest->peer > 0 && guest->peer_nsid == LINK_HERE;
}

static const char *ipvlan_mode(uint32_t mode)
{
	static const char *const modes[] = {"l2", "l3", "l3s"};

	return mode < sizeof(modes) / sizeof(*modes) ? modes[mode] : "?";
}

const char *nics_child_link(struct netlink *nl, const struct link *guest, struct arena *a)
{
	const char *parent = nics_link_name(nl, guest->peer, a);

	if (!parent)
		return NULL;
	if (is_child_of_host(guest, LINK_IPVLAN))
		return arena_join(a, LINK_IPVLAN " ", parent, " ", ipvlan_mode(guest->ipvlan_mode),
				  NULL);
	if (is_child_of_host(guest, LINK_MACVLAN))
		return arena_join(a, LINK_MACVLAN " ", parent, NULL);
	return NULL;
}

static bool found_child(struct netlink *nl, struct nics *nics, struct nic_found *f,
			const struct link *guest, struct arena *a)
{
	const char *link = nics_child_link(nl, guest, a);

	if (!link || is_claimed(nics, guest))
		return false;
	f->guest = *guest;
	f->link = link;
	return f->there = true;
}

/* Those of one kind on one parent, whatever container root calls them. */
struct children {
	const struct container *container;
	const struct nics *nics;
	const char *kind;
	int parent;
	const char *hwaddr; /* the one that it had; NULL */
	struct link best;
	bool same;
};

/* Was the container started with an interface of that name of its owner's? */
static bool is_owners(const struct container *c, const char *name)
{
	for (unsigned i = 0; i < OWN_INTERFACES; i++) {
		const char *item = arena_printf(c->arena, "lxc.net.%u.name", i);
		const char *value = c->running_item ? c->running_item(c, item) : NULL;

		if (value && strcmp(value, name) == 0)
			return true;
	}
	return false;
}

static void take_child(const struct link *l, void *context)
{
	struct children *c = context;
	bool same = c->hwaddr && strcmp(l->hwaddr, c->hwaddr) == 0;

	if (!is_child_of_host(l, c->kind) || l->peer != c->parent || is_claimed(c->nics, l) ||
	    c->same || (c->best.index && !same) || (!same && is_owners(c->container, l->name)))
		return;
	c->best = *l;
	c->same = same;
}

/* LINK: "macvlan PARENT", and perhaps more. */
static bool find_child(struct netlink *nl, const struct container *container, struct nics *nics,
		       struct nic_found *f, const char *link, const char *hwaddr)
{
	struct children c = {.container = container, .nics = nics, .hwaddr = hwaddr};
	const char *parent_name = nic_parent(link, container->arena);
	struct link parent;

	if (nic_is_link(link, LINK_MACVLAN))
		c.kind = LINK_MACVLAN;
	else if (nic_is_link(link, LINK_IPVLAN))
		c.kind = LINK_IPVLAN;
	if (!c.kind || !parent_name || link_by_name(nl, LINK_HERE, parent_name, &parent) < 0)
		return false;
	c.parent = parent.index;
	return link_each(nl, nics->nsid, c.kind, take_child, &c) == 0 && c.best.index &&
	       found_child(nl, nics, f, &c.best, container->arena);
}

bool nic_is_link(const char *link, const char *kind)
{
	size_t n = strlen(kind);

	return strncmp(link, kind, n) == 0 && (link[n] == ' ' || !link[n]);
}

const char *nic_parent(const char *link, struct arena *a)
{
	const char *parent = strchr(link, ' ');

	return parent ? arena_strndup(a, parent + 1, strcspn(parent + 1, " ")) : NULL;
}

/* What LXC made, or what the manifest calls so: the name inside leads to the end on the host. */
static bool find_by_guest_name(struct netlink *nl, struct nics *nics, struct nic_found *f,
			       const char *name, struct arena *a)
{
	struct link guest, host;

	if (!name || link_by_name(nl, nics->nsid, name, &guest) < 0)
		return false;
	if (is_child_of_host(&guest, LINK_MACVLAN) || is_child_of_host(&guest, LINK_IPVLAN))
		return found_child(nl, nics, f, &guest, a);
	return strcmp(guest.kind, LINK_VETH) == 0 &&
	       nics_host_end(nl, nics->nsid, &guest, &host) == 0 &&
	       found_veth(nics, f, &guest, &host);
}

/* ---- all of a container ---- */

static void collect_objects(const struct properties *asked, struct nics *nics, struct arena *a)
{
	nics->items = arena_alloc(a, (asked->n + 1) * sizeof(*nics->items));
	for (size_t i = 0; i < asked->n; i++) {
		const char *object = asked->items[i].object;

		if (nics->n && strcmp(nics->items[nics->n - 1].object, object) == 0)
			continue;
		nics->items[nics->n++].object = object;
	}
}

/* The name that LXC gave the end on the host when it started the container; NULL: it made none. */
static const char *pair_of(struct container *c, const struct properties *asked, const char *object)
{
	const char *index = nic_text(c->owned, object, NIC_INDEX);

	if (!index)
		index = nic_text(asked, object, NIC_INDEX);
	if (!index || !c->running_item)
		return NULL;
	return c->running_item(
	    c, arena_printf(c->arena, "lxc.net.%lu.veth.pair", strtoul(index, NULL, 10)));
}

/* Nobody else has a name that is made of ours; one that was given may be anybody's. */
static bool is_ours(const struct container *c, const char *object, const struct link *host)
{
	char stable[16];

	nic_stable_host_name(c->lxcpath, c->name, object + strlen("nic/"), stable);
	return strcmp(host->name, stable) == 0 ||
	       strcmp(host->alias, nic_alias(c, object, c->arena)) == 0;
}

int nics_stray(struct netlink *nl, const struct container *c, const struct nics *nics,
	       const char *object, const char *name, bool by_lxc)
{
	struct link host;

	if (!name || link_by_name(nl, LINK_HERE, name, &host) < 0 || strcmp(host.name, name) != 0 ||
	    strcmp(host.kind, LINK_VETH) != 0 || host.peer_nsid == LINK_HERE ||
	    host.peer_nsid == nics->nsid)
		return 0;
	return by_lxc || is_ours(c, object, &host) ? host.index : 0;
}

struct clones {
	const struct container *container;
	const struct nics *nics;
	struct nic_found *found;
	size_t capacity;
};

static void take_clone(const struct link *l, void *context)
{
	struct clones *c = context;
	struct nic_found *f = c->found;

	if (!is_child_of_host(l, f->guest.kind) || l->peer != f->guest.peer ||
	    is_claimed(c->nics, l) || is_owners(c->container, l->name))
		return;
	f->clones = arena_grow(c->container->arena, f->clones, f->n_clones, &c->capacity,
			       sizeof(*f->clones));
	f->clones[f->n_clones++] = l->index;
}

/* A macvlan on a macvlan is one on the same parent: it would stay when its model goes. */
static void find_clones(struct netlink *nl, const struct container *c,
			const struct properties *asked, const struct nics *nics,
			struct nic_found *f)
{
	const struct property *link = properties_find(asked, f->object, NIC_LINK);
	struct clones clones = {.container = c, .nics = nics, .found = f};

	if (!f->there || f->host.index || nic_is_link(f->link, LINK_PHYSICAL) ||
	    (link && link->from && link->value && strcmp(link->value, f->link) == 0))
		return;
	link_each(nl, nics->nsid, f->guest.kind, take_clone, &clones);
}

/* What has no end on the host is known by the parent that it was made on. */
static void find_renamed(struct netlink *nl, struct container *c, struct nics *nics,
			 struct nic_found *f)
{
	const char *was = nic_text(c->owned, f->object, NIC_LINK);

	if (was)
		find_child(nl, c, nics, f, was, nic_text(c->owned, f->object, NIC_HWADDR));
}

/* By what it was when the container started, or when it was made. */
static void find_what_was(struct netlink *nl, struct container *c, const struct properties *asked,
			  struct nics *nics, struct nic_found *f)
{
	const char *pair = pair_of(c, asked, f->object);

	if (find_by_host_name(nl, nics, f, pair))
		return;
	f->stray = nics_stray(nl, c, nics, f->object, pair, true);
	if (!f->stray)
		f->stray = nics_stray(nl, c, nics, f->object,
				      nic_text(asked, f->object, NIC_HOST_NAME), false);
	find_renamed(nl, c, nics, f);
}

const struct parent_link *nics_home(const struct host *host, const char *link, struct arena *a)
{
	const char *name = link && nic_is_link(link, LINK_PHYSICAL) ? nic_parent(link, a) : NULL;
	const struct parent_link *p = name ? host_parent(host, name) : NULL;

	return p && p->home ? p : NULL;
}

/* One of the host's own, whatever became of it inside. Gone from the host, and not to be seen in
 * the container: it is in a namespace of container root's own, or hidden. */
static void find_physical(struct netlink *nl, struct container *c, struct nics *nics,
			  struct nic_found *f, const char *link)
{
	const struct parent_link *p = nics_home(c->host, link, c->arena);
	struct link guest;
	int r;

	if (!p || f->there)
		return;
	r = physical_find(nl, nics->nsid, p->home->mark, &guest);
	if (r == 0 && !is_claimed(nics, &guest)) {
		f->guest = guest;
		f->link = arena_join(c->arena, LINK_PHYSICAL " ", p->name, NULL);
		f->there = true;
		f->lost = NULL;
	} else if (p->away) {
		f->lost = arena_printf(c->arena,
				       "%s is not on the host, and cannot be seen in the "
				       "container",
				       p->name);
	}
}

/* The host's ends come first: two nics may be about to exchange their names inside. */
static void find_all(struct netlink *nl, struct container *c, const struct properties *asked,
		     struct nics *nics)
{
	for (size_t i = 0; i < nics->n; i++) {
		struct nic_found *f = &nics->items[i];
		const char *wanted = nic_text(asked, f->object, NIC_HOST_NAME);

		find_physical(nl, c, nics, f, nic_text(c->owned, f->object, NIC_LINK));
		find_physical(nl, c, nics, f, nic_text(asked, f->object, NIC_LINK));
		if (!f->there && !f->lost && !find_by_host_name(nl, nics, f, wanted))
			find_by_host_name(nl, nics, f,
					  nic_text(c->owned, f->object, NIC_HOST_NAME));
	}
	for (size_t i = 0; i < nics->n; i++) {
		struct nic_found *f = &nics->items[i];
		const char *recorded = nic_text(c->owned, f->object, NIC_NAME);

		if (!f->there && !f->lost && !find_by_guest_name(nl, nics, f, recorded, c->arena))
			find_by_guest_name(nl, nics, f, nic_text(asked, f->object, NIC_NAME),
					   c->arena);
	}
	for (size_t i = 0; i < nics->n; i++)
		if (!nics->items[i].there && !nics->items[i].lost)
			find_what_was(nl, c, asked, nics, &nics->items[i]);
	for (size_t i = 0; i < nics->n; i++)
		find_clones(nl, c, asked, nics, &nics->items[i]);
	for (size_t i = 0; i < nics->n; i++)
		if (nics->items[i].there && nics->items[i].host.master)
			nics->items[i].master =
			    nics_link_name(nl, nics->items[i].host.master, c->arena);
}

struct nics *nics_find(struct container *c, const struct properties *asked)
{
	struct nics *nics = arena_alloc(c->arena, sizeof(*nics));
	struct netlink *nl = netlink_here();

	c->nics = nics;
	*nics = (struct nics){.netns = -1, .nsid = -1};
	if (asked)
		collect_objects(asked, nics, c->arena);
	nics->netns = nl ? nics_namespace(c) : -errno;
	if (nics->netns < 0) {
		nics->unseen = arena_printf(c->arena, "its network cannot be looked at: %s",
					    strerror(-nics->netns));
		nics->netns = -1;
		return nics;
	}
	nics->shared = nics_is_ours(nics->netns);
	nics->nsid = netlink_nsid(nl, nics->netns);
	nics_leave(nics);
	if (nics->shared)
		nics->unseen = "the container shares the host's network (lxc.net.0.type = none)";
	else if (nics->nsid < 0)
		nics->unseen =
		    arena_printf(c->arena, "its network has no number: %s", strerror(-nics->nsid));
	else
		find_all(nl, c, asked, nics);
	return nics;
}
