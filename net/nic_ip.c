/* Addresses, default routes and what else makes packets find their way to a routed or ipvlan nic:
 * inside, on its end on the host, and on the parent, where the host answers for it. */
#include "net/nic_parts.h"

#include "net/address.h"
#include "net/devconf.h"
#include "net/gateway.h"
#include "net/neighbour.h"
#include "net/nic_make.h"
#include "schema/arena.h"

#include <errno.h>
#include <string.h>

#define DOWN_INSIDE "the container's root has set it down"

/* What was read of one nic, once. */
struct nic_ip_seen {
	struct address *inside, *outside;
	size_t n_inside, n_outside;
	struct neighbour *neighbours;
	size_t n_neighbours;
	bool inside_read, outside_read, neighbours_read;
};

static const char *after(const char *attribute, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(attribute, prefix, n) == 0 ? attribute + n : NULL;
}

/* "ipv4.forwarding": family and key of the host end. */
static bool is_conf(const char *attribute)
{
	return strcmp(attribute, NIC_FORWARDING4) == 0 || strcmp(attribute, NIC_RP_FILTER) == 0 ||
	       strcmp(attribute, NIC_FORWARDING6) == 0;
}

bool nic_ip_is(const char *attribute)
{
	return after(attribute, NIC_ADDRESS) || after(attribute, NIC_HOST_ADDRESS) ||
	       after(attribute, NIC_NEIGHBOUR) || after(attribute, NIC_GATEWAY) ||
	       is_conf(attribute);
}

bool nic_ip_is_inside(const char *attribute)
{
	return after(attribute, NIC_ADDRESS) || after(attribute, NIC_GATEWAY);
}

/* ---- looking ---- */

static struct nic_ip_seen *seen(struct container *c, struct nic_found *f)
{
	if (!f->ip)
		f->ip = arena_alloc(c->arena, sizeof(*f->ip));
	return f->ip;
}

static bool has_address(const struct address *items, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(items[i].text, text) == 0)
			return true;
	return false;
}

static void unknown(struct property *p, const char *reason)
{
	p->certainty = UNKNOWN;
	p->reason = reason;
}

static void found_as(struct property *p, const char *value, bool there)
{
	p->certainty = there ? CERTAIN_VALUE : CERTAIN_ABSENT;
	p->value = there ? value : NULL;
}

static void see_address(struct container *c, struct nic_found *f, const char *text,
			struct property *p)
{
	struct nic_ip_seen *s = seen(c, f);

	/* the kernel forgets those of IPv6 on a link that is set down */
	if (strchr(text, ':') && !(f->guest.flags & IFF_UP) && (f->host.flags & IFF_UP)) {
		unknown(p, DOWN_INSIDE);
		return;
	}
	if (!s->inside_read)
		s->inside_read = address_list(netlink_here(), c->nics->nsid, f->guest.index,
					      c->arena, &s->inside, &s->n_inside) == 0;
	if (!s->inside_read)
		unknown(p, "its addresses cannot be read");
	else
		found_as(p, NIC_INSIDE, has_address(s->inside, s->n_inside, text));
}

static void see_host_address(struct container *c, struct nic_found *f, const char *text,
			     struct property *p)
{
	struct nic_ip_seen *s = seen(c, f);

	if (!s->outside_read && f->host.index)
		s->outside_read = address_list(netlink_here(), LINK_HERE, f->host.index, c->arena,
					       &s->outside, &s->n_outside) == 0;
	if (!s->outside_read && f->host.index)
		unknown(p, "the addresses of its host end cannot be read");
	else
		found_as(p, NIC_ROUTE_HOST_END, has_address(s->outside, s->n_outside, text));
}

/* One that is ours and on another interface than the wanted one is what is seen. */
static void see_neighbour(struct container *c, struct nic_found *f, const char *address,
			  const char *wanted, struct property *p)
{
	struct nic_ip_seen *s = seen(c, f);
	const char *where = NULL;

	if (!s->neighbours_read)
		s->neighbours_read =
		    neighbour_list(netlink_here(), c->arena, &s->neighbours, &s->n_neighbours) == 0;
	if (!s->neighbours_read) {
		unknown(p, "what the host answers for cannot be read");
		return;
	}
	for (size_t i = 0; i < s->n_neighbours; i++) {
		const struct neighbour *n = &s->neighbours[i];
		const char *name;

		if (strcmp(n->address, address) != 0)
			continue;
		name = nics_link_name(netlink_here(), n->index, c->arena);
		if (name && wanted && strcmp(name, wanted) == 0)
			where = where ? where : name;
		else if (name && n->ours)
			where = name;
	}
	found_as(p, where, where);
}

static const char *gateway_text(const char *family, const char *value)
{
	return strcmp(value, NIC_GATEWAY_DEVICE) == 0 ? family : value;
}

static int look_inside(struct container *c, int index, const char *gateway, bool *there)
{
	struct netlink *inside = NULL;
	int r = nics_enter(c, c->nics);

	if (r == 0) {
		inside = netlink_in(c->nics->netns);
		r = inside ? gateway_look(inside, index, gateway, there) : -errno;
	}
	netlink_close(inside);
	nics_leave(c->nics);
	return r;
}

static void see_gateway(struct container *c, struct nic_found *f, const char *family,
			const char *wanted, struct property *p)
{
	bool there = false;
	int r;

	/* the kernel forgets the routes of a link that is set down */
	if (!(f->guest.flags & IFF_UP) && (!f->host.index || f->host.flags & IFF_UP)) {
		unknown(p, DOWN_INSIDE);
		return;
	}
	if (!wanted) {
		found_as(p, NULL, false);
		return;
	}
	r = look_inside(c, f->guest.index, gateway_text(family, wanted), &there);
	if (r < 0)
		unknown(p, arena_printf(c->arena, "its routes cannot be read: %s", strerror(-r)));
	else
		found_as(p, wanted, there);
}

static void see_conf(struct container *c, const struct nic_found *f, const char *attribute,
		     struct property *p)
{
	char value[DEVCONF_MOST];
	const char *key = strchr(attribute, '.') + 1;
	int r = -ENODEV;

	if (f->host.index)
		r = devconf_read(arena_strndup(c->arena, attribute, strcspn(attribute, ".")),
				 f->host.name, key, value);
	found_as(p, r < 0 ? NULL : arena_strdup(c->arena, value), r == 0);
}

void nic_ip_see(struct container *c, struct nic_found *f, const struct property *asked,
		struct property *p)
{
	const char *rest;

	if ((rest = after(asked->attribute, NIC_ADDRESS)))
		see_address(c, f, rest, p);
	else if ((rest = after(asked->attribute, NIC_HOST_ADDRESS)))
		see_host_address(c, f, rest, p);
	else if ((rest = after(asked->attribute, NIC_NEIGHBOUR)))
		see_neighbour(c, f, rest, asked->value, p);
	else if ((rest = after(asked->attribute, NIC_GATEWAY)))
		see_gateway(c, f, rest, asked->value, p);
	else
		see_conf(c, f, asked->attribute, p);
}

/* ---- changing ---- */

static int on_parent(struct work *w, const char *parent, const char *address,
		     int (*change)(struct netlink *nl, int index, const char *address))
{
	struct link l;
	int r = link_by_name(w->nl, LINK_HERE, parent, &l);

	return r < 0 ? r : change(w->nl, l.index, address);
}

static int take(struct work *w, const struct change *c)
{
	const char *rest;
	int r;

	if ((rest = after(c->attribute, NIC_ADDRESS)))
		return address_remove(w->inside, w->found->guest.index, rest);
	if ((rest = after(c->attribute, NIC_HOST_ADDRESS)))
		return address_remove(w->nl, w->found->host.index, rest);
	if ((rest = after(c->attribute, NIC_GATEWAY)))
		return gateway_remove(w->inside, w->found->guest.index,
				      gateway_text(rest, c->from));
	if ((rest = after(c->attribute, NIC_NEIGHBOUR))) {
		r = on_parent(w, c->from, rest, neighbour_remove);
		return r == -ENODEV ? 0 : r;
	}
	return 0; /* a setting of the host end gets another value */
}

static int give(struct work *w, const struct change *c)
{
	const char *rest;

	if ((rest = after(c->attribute, NIC_ADDRESS)))
		return address_add(w->inside, w->found->guest.index, rest);
	if ((rest = after(c->attribute, NIC_HOST_ADDRESS)))
		return address_add(w->nl, w->found->host.index, rest);
	if ((rest = after(c->attribute, NIC_GATEWAY)))
		return gateway_add(w->inside, w->found->guest.index, gateway_text(rest, c->to));
	if ((rest = after(c->attribute, NIC_NEIGHBOUR)))
		return on_parent(w, c->to, rest, neighbour_add);
	return devconf_write(arena_strndup(w->c->arena, c->attribute, strcspn(c->attribute, ".")),
			     w->found->host.name, strchr(c->attribute, '.') + 1, c->to);
}

static void end(struct work *w, struct change *c, int r)
{
	bool inside = nic_ip_is_inside(c->attribute);
	const char *said = NULL;

	if (r == -EEXIST)
		said = "the container has another default route";
	else if (r < 0 && !is_conf(c->attribute))
		said = netlink_said(inside ? w->inside : w->nl);
	work_end(w, c, inside ? w->found->guest.name : w->found->host.name, r, said);
}

void nic_ip_take(struct work *w, struct change *c)
{
	int r = take(w, c);

	if (!c->to || r < 0)
		end(w, c, r);
}

void nic_ip_give(struct work *w, struct change *c)
{
	end(w, c, give(w, c));
}

/* Packets only come once it is up, and the host answers for it once there is a way to it. */
bool nic_ip_is_late(const char *attribute)
{
	return after(attribute, NIC_GATEWAY) || after(attribute, NIC_NEIGHBOUR);
}

const char *nic_ip_base(const char *attribute, struct arena *a)
{
	char value[DEVCONF_MOST];

	if (!is_conf(attribute) ||
	    devconf_read(arena_strndup(a, attribute, strcspn(attribute, ".")), "default",
			 strchr(attribute, '.') + 1, value) < 0)
		return NULL;
	return arena_strdup(a, value);
}
