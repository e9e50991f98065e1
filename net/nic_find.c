#include "net/nic_parts.h"

#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* A macvlan has no end of its own on the host. */
static bool found_child(struct netlink *nl, struct nics *nics, struct nic_found *f,
			const struct link *guest, struct arena *a)
{
	const char *parent = nics_link_name(nl, guest->peer, a);

	if (is_claimed(nics, guest))
		return false;
	f->guest = *guest;
	f->link = arena_join(a, guest->kind, " ", parent ? parent : "?", NULL);
	return f->there = true;
}

/* What LXC made, or what the manifest calls so: the name inside leads to the end on the host. */
static bool find_by_guest_name(struct netlink *nl, struct nics *nics, struct nic_found *f,
			       const char *name, struct arena *a)
{
	struct link guest, host;

	if (!name || link_by_name(nl, nics->nsid, name, &guest) < 0)
		return false;
	if (strcmp(guest.kind, LINK_MACVLAN) == 0)
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

/* The host's ends come first: two nics may be about to exchange their names inside. */
static void find_all(struct netlink *nl, struct container *c, const struct properties *asked,
		     struct nics *nics)
{
	for (size_t i = 0; i < nics->n; i++) {
		struct nic_found *f = &nics->items[i];
		const char *wanted = nic_text(asked, f->object, NIC_HOST_NAME);

		if (!find_by_host_name(nl, nics, f, wanted))
			find_by_host_name(nl, nics, f,
					  nic_text(c->owned, f->object, NIC_HOST_NAME));
	}
	for (size_t i = 0; i < nics->n; i++) {
		struct nic_found *f = &nics->items[i];
		const char *recorded = nic_text(c->owned, f->object, NIC_NAME);

		if (!f->there && !find_by_guest_name(nl, nics, f, recorded, c->arena))
			find_by_guest_name(nl, nics, f, nic_text(asked, f->object, NIC_NAME),
					   c->arena);
	}
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
