#include "net/physical.h"

#include "net/altname.h"
#include "net/netlink.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARK_DEVICE "device "
#define MARK_VETH "veth "
#define NO_ADDRESS "-"

/* ---- what it is known by ---- */

static const char *device_mark(const struct link *l, struct arena *a)
{
	return arena_join(a, MARK_DEVICE, l->device, " ",
			  l->perm_hwaddr[0] ? l->perm_hwaddr : NO_ADDRESS, NULL);
}

const char *physical_mark(struct netlink *nl, const struct link *l, struct arena *a,
			  const char **why)
{
	struct link other;

	if (!l->kind[0] && l->device[0])
		return device_mark(l, a);
	if (strcmp(l->kind, "veth") != 0) {
		*why = arena_printf(a, "nothing tells a %s from one that the container makes",
				    l->kind[0] ? l->kind : "interface without a device");
		return NULL;
	}
	if (l->peer_nsid != LINK_HERE || link_by_index(nl, LINK_HERE, l->peer, &other) < 0 ||
	    other.peer != l->index || other.peer_nsid != LINK_HERE) {
		*why = "its other end is not on this host";
		return NULL;
	}
	return arena_join(a, MARK_VETH, arena_decimal(a, (uint64_t)other.index), NULL);
}

struct hardware {
	struct arena *arena;
	const char *mark;
	struct link *out;
	int index; /* 0: none yet */
	bool several;
};

static void take_hardware(const struct link *l, void *context)
{
	struct hardware *d = context;

	if (l->kind[0] || !l->device[0] || strcmp(device_mark(l, d->arena), d->mark) != 0)
		return;
	d->several |= d->index && d->index != l->index;
	d->index = l->index;
	*d->out = *l;
}

static int find_hardware(struct netlink *nl, int nsid, const char *mark, struct link *out)
{
	struct hardware d = {.arena = arena_new(), .mark = mark, .out = out};
	int error = link_each(nl, nsid, NULL, take_hardware, &d);

	arena_free(d.arena);
	if (error < 0)
		return error;
	if (d.several)
		return -ENOTUNIQ;
	return d.index ? 0 : -ENODEV;
}

/* Both ends have to point at each other: an index is one of many namespaces'. */
static int find_veth(struct netlink *nl, int nsid, int index, struct link *out)
{
	struct link other;
	int error = link_by_index(nl, LINK_HERE, index, &other);

	if (error < 0)
		return error;
	if (strcmp(other.kind, "veth") != 0 || other.peer_nsid != nsid)
		return -ENODEV;
	error = link_by_index(nl, nsid, other.peer, out);
	if (error == 0 && (strcmp(out->kind, "veth") != 0 || out->peer != other.index ||
			   out->peer_nsid != LINK_HERE))
		error = -ENODEV;
	return error;
}

static bool is_veth(const char *mark, int *index)
{
	size_t n = strlen(MARK_VETH);

	if (strncmp(mark, MARK_VETH, n) != 0)
		return false;
	*index = (int)strtol(mark + n, NULL, 10);
	return true;
}

/* The ends of a veth live and die together, and the host gives no index twice. */
bool physical_is_gone(struct netlink *nl, const char *mark)
{
	struct link other;
	int index;

	return is_veth(mark, &index) && link_by_index(nl, LINK_HERE, index, &other) == -ENODEV;
}

int physical_find(struct netlink *nl, int nsid, const char *mark, struct link *out)
{
	int index;

	if (is_veth(mark, &index))
		return find_veth(nl, nsid, index, out);
	if (strncmp(mark, MARK_DEVICE, strlen(MARK_DEVICE)) == 0)
		return find_hardware(nl, nsid, mark, out);
	return -ENODEV;
}

const struct home_link *physical_home(struct netlink *nl, const struct link *l, struct arena *a,
				      const char **why)
{
	struct home_link *home = arena_alloc(a, sizeof(*home));

	home->mark = physical_mark(nl, l, a, why);
	if (!home->mark)
		return NULL;
	home->mtu = l->mtu;
	home->hwaddr = l->hwaddr[0] ? arena_strdup(a, l->hwaddr) : NULL;
	home->alias = l->alias[0] ? arena_strdup(a, l->alias) : NULL;
	altname_list(nl, l->index, a, &home->altnames, &home->n_altnames);
	return home;
}

/* ---- home again ---- */

static bool is_other(const char *x, const char *y)
{
	return strcmp(x ? x : "", y ? y : "") != 0;
}

/* Further names go first, and come last: one of them may be the name that it had. */
int physical_settle(struct netlink *nl, const struct link *l, const char *name,
		    const struct home_link *home)
{
	struct link_change change = {
	    .name = is_other(l->name, name) ? name : NULL,
	    .hwaddr = home->hwaddr && is_other(l->hwaddr, home->hwaddr) ? home->hwaddr : NULL,
	    .mtu = l->mtu != home->mtu ? home->mtu : 0,
	};
	struct link_change alias = {.alias = home->alias ? home->alias : ""};
	int error = altname_set(nl, l->index, NULL, 0);

	if (error == 0 && (change.name || change.hwaddr || change.mtu))
		error = link_change(nl, l->index, &change);
	if (error == 0 && is_other(l->alias, home->alias))
		error = link_change(nl, l->index, &alias);
	if (error == 0)
		error = altname_set(nl, l->index, home->altnames, home->n_altnames);
	return error;
}

/* ---- out of a container ---- */

struct built {
	int *indexes;
	struct arena *arena;
	size_t n, capacity;
	int below, nsid;
};

static void take_built(const struct link *l, void *context)
{
	struct built *b = context;

	if (l->peer != b->below || l->peer_nsid != b->nsid || l->index == b->below ||
	    strcmp(l->kind, "veth") == 0)
		return;
	b->indexes = arena_grow(b->arena, b->indexes, b->n, &b->capacity, sizeof(*b->indexes));
	b->indexes[b->n++] = l->index;
}

/* A macvlan or VLAN of container root's stays on its interface wherever that is moved, and would go
 * on sending and hearing on it: BELOW, of the namespace NSID, by the numbers of ASKED. */
static int drop_built(struct netlink *inside, struct netlink *asked, int where, int below, int nsid)
{
	struct built b = {.arena = arena_new(), .below = below, .nsid = nsid};
	int error = link_each(asked, where, NULL, take_built, &b);

	for (size_t i = 0; i < b.n; i++) {
		int r = link_delete(inside, b.indexes[i]);

		if (r < 0 && r != -ENODEV && error == 0)
			error = r;
	}
	arena_free(b.arena);
	return error;
}

static int here_fd(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* It comes under a name that nobody asks for, and down: if container root has put another in its
 * place meanwhile, that one goes before anybody takes it for the host's. */
static int move_here(struct netlink *nl, struct netlink *inside, const struct link *guest,
		     const char *mark, struct link *came)
{
	char aside[IFNAMSIZ];
	struct link impostor;
	int fd = here_fd(), error;

	if (fd < 0)
		return fd;
	snprintf(aside, sizeof(aside), "ek-%d", guest->index);
	error = link_move(inside, guest->index, fd, aside);
	close(fd);
	if (error < 0)
		return error;
	error = physical_find(nl, LINK_HERE, mark, came);
	if (error == 0 && strcmp(came->name, aside) == 0)
		return 0;
	if (link_by_name(nl, LINK_HERE, aside, &impostor) == 0)
		link_delete(nl, impostor.index);
	return -ESTALE;
}

int physical_fetch(struct netlink *nl, struct netlink *inside, int nsid, const struct link *guest,
		   const char *name, const struct home_link *home, const char **why)
{
	struct link came = {0}, taken;
	int error;

	if (link_by_name(nl, LINK_HERE, name, &taken) == 0) {
		*why = "the host has another interface of that name now";
		return -EEXIST;
	}
	error = drop_built(inside, inside, LINK_HERE, guest->index, LINK_HERE);
	if (error == 0)
		error = altname_set(inside, guest->index, NULL, 0);
	if (error == 0)
		error = move_here(nl, inside, guest, home->mark, &came);
	if (error == -ESTALE)
		*why = "the container has put another interface in its place";
	if (error < 0)
		return error;
	error = physical_settle(nl, &came, name, home);
	if (error == 0)
		error = drop_built(inside, nl, nsid, came.index, LINK_HERE);
	return error;
}
