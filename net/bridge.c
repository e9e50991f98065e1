#include "net/bridge.h"

#include "net/netlink.h"
#include "schema/arena.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <netlink/route/link/bridge.h>
#include <string.h>

/* The group of a bridge that is being made: the kernel sets it as it makes the bridge, unlike the
 * alias, which comes second and takes this one's place. */
#define UNWRITTEN_GROUP 0x656b6e62

/* --- looking ------------------------------------------------------------------------------------
 */

static void read_note(const struct link *l, struct bridge_note *out)
{
	bridge_note_parse(l->alias, l->name, out);
	out->unwritten = l->group == UNWRITTEN_GROUP && !l->alias[0];
	out->made |= out->unwritten;
	out->there |= out->unwritten;
}

int bridge_look(struct netlink *nl, const char *name, struct arena *a, struct bridge *out)
{
	int error;

	*out = (struct bridge){.found = BRIDGE_MISSING};
	error = link_by_name(nl, LINK_HERE, name, &out->link);
	if (error == -ENODEV)
		return 0;
	if (error < 0)
		return error;
	if (strcmp(out->link.kind, "bridge") != 0 || strcmp(out->link.name, name) != 0) {
		out->found = BRIDGE_OTHER;
		return 0;
	}
	out->found = BRIDGE_THERE;
	read_note(&out->link, &out->note);
	return address_list(nl, LINK_HERE, out->link.index, a, &out->addresses, &out->n_addresses);
}

bool bridge_has_address(const struct bridge *b, const char *address)
{
	for (size_t i = 0; i < b->n_addresses; i++)
		if (strcmp(b->addresses[i].text, address) == 0)
			return true;
	return false;
}

struct made {
	void (*each)(const char *name, void *context);
	void *context;
};

static void take_made(const struct link *l, void *context)
{
	const struct made *m = context;
	struct bridge_note note;

	read_note(l, &note);
	if (note.made)
		m->each(l->name, m->context);
}

int bridge_each_made(struct netlink *nl, void (*each)(const char *name, void *context),
		     void *context)
{
	struct made m = {each, context};

	return link_each(nl, LINK_HERE, "bridge", take_made, &m);
}

struct ports {
	struct arena *arena;
	int master;
	struct bridge_port *items;
	size_t n, capacity;
};

static void take_port(const struct link *l, void *context)
{
	struct ports *p = context;

	if (l->master != p->master)
		return;
	for (size_t i = 0; i < p->n; i++)
		if (p->items[i].index == l->index)
			return;
	p->items = arena_grow(p->arena, p->items, p->n, &p->capacity, sizeof(*p->items));
	p->items[p->n++] = (struct bridge_port){l->index, arena_strdup(p->arena, l->name),
						arena_strdup(p->arena, l->alias)};
}

int bridge_ports(struct netlink *nl, int index, struct arena *a, struct bridge_port **out,
		 size_t *n)
{
	struct ports p = {.arena = a, .master = index};
	int error = link_each(nl, LINK_HERE, NULL, take_port, &p);

	*out = p.items;
	*n = p.n;
	return error;
}

/* --- making -------------------------------------------------------------------------------------
 */

static int set_hwaddr(struct rtnl_link *l, const char *hwaddr)
{
	struct nl_addr *addr = NULL;
	int error = nl_addr_parse(hwaddr, AF_LLC, &addr);

	if (error < 0)
		return netlink_errno(error);
	rtnl_link_set_addr(l, addr);
	nl_addr_put(addr);
	return 0;
}

static struct nl_msg *make_message(const char *name, const char *hwaddr)
{
	struct rtnl_link *l = rtnl_link_bridge_alloc();
	struct nl_msg *msg = NULL;

	if (!l)
		return NULL;
	rtnl_link_set_name(l, name);
	rtnl_link_set_group(l, UNWRITTEN_GROUP);
	if (set_hwaddr(l, hwaddr) < 0 ||
	    rtnl_link_build_add_request(l, NLM_F_CREATE | NLM_F_EXCL, &msg) < 0)
		msg = NULL;
	rtnl_link_put(l);
	return msg;
}

/* An alias without its NUL: the kernel counts bytes, and an empty one takes it away. */
int bridge_annotate(struct netlink *nl, int index, const char *name, const struct bridge_note *note)
{
	struct ifinfomsg which = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_SETLINK, 0);
	char alias[LINK_ALIAS_MOST];

	bridge_note_print(note, name, alias);
	if (index > 0 && msg && nlmsg_append(msg, &which, sizeof(which), NLMSG_ALIGNTO) == 0 &&
	    nla_put(msg, IFLA_IFALIAS, (int)strlen(alias), alias) == 0 &&
	    (!note->unwritten || nla_put_u32(msg, IFLA_GROUP, 0) == 0))
		return netlink_ask(nl, msg, NULL, NULL);
	nlmsg_free(msg);
	return index > 0 ? -ENOMEM : -ENODEV;
}

int bridge_make(struct netlink *nl, const char *name, const char *hwaddr,
		const struct bridge_note *note, int *index)
{
	struct bridge_note first = *note;
	struct link made = {0};
	int error = netlink_ask(nl, make_message(name, hwaddr), NULL, NULL);

	if (error == 0)
		error = link_by_name(nl, LINK_HERE, name, &made);
	if (error < 0)
		return error;
	/* somebody was quicker than us */
	if (made.group != UNWRITTEN_GROUP || strcmp(made.kind, "bridge") != 0)
		return -EEXIST;
	*index = made.index;
	first.unwritten = true;
	error = bridge_annotate(nl, made.index, name, &first);
	if (error < 0)
		link_delete(nl, made.index);
	return error;
}

/* --- deleting -----------------------------------------------------------------------------------
 */

int bridge_delete(struct netlink *nl, int index, const char *name)
{
	struct arena *a = arena_new();
	struct bridge_port *ports;
	struct bridge_note note;
	struct link l;
	size_t n = 0;
	int error = link_by_index(nl, LINK_HERE, index, &l);

	if (error == 0 && (strcmp(l.kind, "bridge") != 0 || strcmp(l.name, name) != 0))
		error = -ENODEV;
	if (error == 0) {
		read_note(&l, &note);
		error = note.made ? 0 : -EPERM;
	}
	if (error == 0)
		error = bridge_ports(nl, index, a, &ports, &n);
	arena_free(a);
	if (error == 0 && n > 0)
		error = -EBUSY;
	return error < 0 ? error : link_delete(nl, index);
}
