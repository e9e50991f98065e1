#include "reconciler/network_apply.h"

#include "net/netlink.h"
#include "reconciler/writes.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KERNELS_MTU 1500
#define PORTS_MOST 4 /* in a reason; the others are counted */

struct applying {
	struct netlink *nl;
	struct network_subject *subject;
	struct bridge *bridge;
	const char *name;
	struct arena *arena;
};

static int wrote(struct applying *p, const char *attribute, const char *value, int error)
{
	writes_note(arena_printf(p->arena, "bridge %s %s", p->name, attribute), value, -error);
	return error;
}

static const char *kernels_words(struct netlink *nl, int error, struct arena *a)
{
	const char *said = netlink_said(nl);

	if (!said[0])
		return strerror(-error);
	return arena_printf(a, "%s (%s)", strerror(-error),
			    text_escape(a, said, strlen(said), 200));
}

static void judge(struct applying *p, struct change *c, int error)
{
	if (error == 0) {
		c->verdict = VERDICT_APPLIED;
		return;
	}
	change_fail(c, p->arena, -error, "bridge %s: %s %s is refused: %s", p->name, c->attribute,
		    c->to ? c->to : c->from, kernels_words(p->nl, error, p->arena));
	if (error == -EPERM || error == -EACCES)
		c->remedy = "evenkeel has to be root on the host";
	if (error == -EOPNOTSUPP)
		c->remedy = "this kernel lacks it: is its module bridge installed?";
}

static bool same_note(const struct bridge_note *x, const struct bridge_note *y, const char *name)
{
	char a[LINK_ALIAS_MOST], b[LINK_ALIAS_MOST];

	bridge_note_print(x, name, a);
	bridge_note_print(y, name, b);
	return strcmp(a, b) == 0;
}

static int note(struct applying *p, const struct bridge_note *next)
{
	char text[LINK_ALIAS_MOST];
	int error;

	if (!p->bridge->note.unwritten && same_note(&p->bridge->note, next, p->name))
		return 0;
	bridge_note_print(next, p->name, text);
	error =
	    wrote(p, "alias", text, bridge_annotate(p->nl, p->bridge->link.index, p->name, next));
	if (error == 0) {
		p->bridge->note = *next;
		p->bridge->note.there = text[0] != '\0';
		p->bridge->note.unwritten = false;
	}
	return error;
}

static void copy(char *to, size_t size, const char *from)
{
	*(char *)mempcpy(to, from, strnlen(from, size - 1)) = '\0';
}

/* --- one value ----------------------------------------------------------------------------------
 */

static int set(struct applying *p, const char *attribute, const char *value,
	       const struct link_change *change)
{
	return wrote(p, attribute, value, link_change(p->nl, p->bridge->link.index, change));
}

static int apply_state(struct applying *p, const struct change *c)
{
	return set(p, "state", c->to, &(struct link_change){.up_given = true, .up = true});
}

/* What the bridge had is noted before it has something else, and forgotten once it has it again. */
static int apply_mtu(struct applying *p, const struct change *c)
{
	uint32_t mtu = (uint32_t)strtoul(c->to, NULL, 10);
	struct bridge_note before = p->bridge->note, next = before;
	int error = 0;

	if (c->action == ACTION_CHANGE && !next.mtu) {
		next.mtu = p->bridge->link.mtu;
		error = note(p, &next);
	}
	if (error == 0)
		error = set(p, "mtu", c->to, &(struct link_change){.mtu = mtu});
	if (error < 0) {
		note(p, &before);
		return error;
	}
	p->bridge->link.mtu = mtu;
	return 0;
}

/* Of a bridge that we made nobody gets an older one back. */
static int apply_hwaddr(struct applying *p, const struct change *c)
{
	struct bridge_note before = p->bridge->note, next = before;
	int error = 0;

	if (c->action == ACTION_CHANGE && !next.made && !next.hwaddr[0]) {
		copy(next.hwaddr, sizeof(next.hwaddr), p->bridge->link.hwaddr);
		error = note(p, &next);
	}
	if (error == 0)
		error = set(p, "hwaddr", c->to, &(struct link_change){.hwaddr = c->to});
	if (error < 0) {
		note(p, &before);
		return error;
	}
	copy(p->bridge->link.hwaddr, sizeof(p->bridge->link.hwaddr), c->to);
	return 0;
}

static int add_address(struct applying *p, const char *attribute, const char *address)
{
	return wrote(p, attribute, address, address_add(p->nl, p->bridge->link.index, address));
}

static int remove_address(struct applying *p, const char *attribute, const char *address)
{
	return wrote(p, attribute, arena_printf(p->arena, "-%s", address),
		     address_remove(p->nl, p->bridge->link.index, address));
}

/* The note that ADDRESS is ours. */
static struct bridge_note noting(const struct bridge_note *from, const char *attribute,
				 const char *address)
{
	struct bridge_note next = *from;

	if (strcmp(attribute, NETWORK_IPV4) == 0)
		copy(next.ipv4, sizeof(next.ipv4), address);
	else
		copy(next.ipv6, sizeof(next.ipv6), address);
	return next;
}

/* With its last IPv4 address an interface loses all routes by it: the new one is there first. Where
 * both are of one subnet it goes with the old one: then routes to containers come again with the
 * next look at those. */
static int bridge_the_gap(struct applying *p, const struct change *c)
{
	if (!c->from || !c->to || strcmp(c->attribute, NETWORK_IPV4) != 0)
		return 0;
	return address_add(p->nl, p->bridge->link.index, c->to);
}

/* The old one goes first: two prefixes of one IPv6 address cannot be. When the new one is refused
 * it comes back. */
static int apply_address(struct applying *p, const struct change *c)
{
	struct bridge_note before = p->bridge->note;
	struct bridge_note next = noting(&before, c->attribute, c->to ? c->to : "");
	int error = bridge_the_gap(p, c);

	if (error == 0 && c->from)
		error = remove_address(p, c->attribute, c->from);
	if (error < 0)
		return error;
	error = note(p, &next);
	if (error == 0 && c->to)
		error = add_address(p, c->attribute, c->to);
	if (error == 0)
		return 0;
	note(p, &before);
	if (c->from)
		add_address(p, c->attribute, c->from);
	return error;
}

static const struct {
	const char *attribute;
	int (*apply)(struct applying *p, const struct change *c);
} values[] = {
    {NETWORK_HWADDR, apply_hwaddr },
    {NETWORK_MTU,    apply_mtu    },
    {NETWORK_IPV4,   apply_address},
    {NETWORK_IPV6,   apply_address},
    {NETWORK_STATE,  apply_state  },
};

static void apply_value(struct applying *p, struct change *c)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (strcmp(values[i].attribute, c->attribute) == 0)
			judge(p, c, values[i].apply(p, c));
}

/* --- the bridge itself --------------------------------------------------------------------------
 */

static struct change *find(struct changes *changes, const char *attribute)
{
	for (size_t i = 0; i < changes->n; i++)
		if (strcmp(changes->items[i].attribute, attribute) == 0 &&
		    changes->items[i].action != ACTION_NONE)
			return &changes->items[i];
	return NULL;
}

static void skip_all(struct changes *changes, const char *reason)
{
	for (size_t i = 0; i < changes->n; i++)
		if (changes->items[i].verdict == VERDICT_NONE &&
		    changes->items[i].action != ACTION_NONE) {
			changes->items[i].verdict = VERDICT_SKIPPED;
			changes->items[i].reason = reason;
		}
}

/* It comes with its hardware address, in one message: set later it would be another one first. */
static bool make(struct applying *p, struct changes *changes)
{
	struct change *link = find(changes, NETWORK_LINK), *hwaddr = find(changes, NETWORK_HWADDR);
	struct bridge_note made = {
	    .there = true, .made = true, .mtu = find(changes, NETWORK_MTU) ? KERNELS_MTU : 0};
	int error;

	if (link->verdict != VERDICT_NONE) {
		skip_all(changes, link->reason);
		return false;
	}
	error = bridge_make(p->nl, p->name, hwaddr->to, &made, &p->bridge->link.index);
	judge(p, link, wrote(p, "link", "bridge", error));
	if (error < 0) {
		skip_all(changes, "the bridge is not there");
		return false;
	}
	hwaddr->verdict = VERDICT_APPLIED;
	p->bridge->found = BRIDGE_THERE;
	p->bridge->note = made;
	return true;
}

/* Forgets what was put back, and what somebody else has taken away. */
static void tidy(struct applying *p)
{
	const struct network *n = &p->subject->network;
	bool stays = n->document->state != STATE_ABSENT;
	struct bridge_note next = p->bridge->note;
	struct bridge now;

	if (!next.there || bridge_look(p->nl, p->name, p->arena, &now) < 0 ||
	    now.found != BRIDGE_THERE || now.link.index != p->bridge->link.index)
		return;
	if (!(stays && n->mtu) && next.mtu == now.link.mtu)
		next.mtu = 0;
	if (!(stays && n->hwaddr) && strcmp(next.hwaddr, now.link.hwaddr) == 0)
		next.hwaddr[0] = '\0';
	if (!bridge_has_address(&now, next.ipv4))
		next.ipv4[0] = '\0';
	if (!bridge_has_address(&now, next.ipv6))
		next.ipv6[0] = '\0';
	note(p, &next);
}

/* Is anything noted beside that the bridge is ours? */
static bool notes_values(const struct bridge_note *note)
{
	return note->mtu || note->hwaddr[0] || note->ipv4[0] || note->ipv6[0];
}

void network_apply(struct netlink *nl, struct network_subject *s)
{
	struct changes *changes = &s->outcome->changes;
	struct applying p = {.nl = nl,
			     .subject = s,
			     .bridge = &s->bridge,
			     .name = s->outcome->name,
			     .arena = changes->arena};

	if (s->outcome->held_back || s->error || s->network.kind != NETWORK_BRIDGE ||
	    s->outcome->whole == WHOLE_DELETE)
		return;
	if (s->outcome->whole == WHOLE_CREATE && !make(&p, changes))
		return;
	if (s->bridge.note.unwritten)
		note(&p, &(struct bridge_note){.made = true, .unwritten = true});
	for (size_t i = 0; i < changes->n; i++)
		if (changes->items[i].verdict == VERDICT_NONE &&
		    changes->items[i].action != ACTION_NONE)
			apply_value(&p, &changes->items[i]);
	if (notes_values(&s->bridge.note))
		tidy(&p);
}

/* --- removing -----------------------------------------------------------------------------------
 */

struct change *network_removal(const struct network_subject *s)
{
	struct change *c = find(&s->outcome->changes, NETWORK_LINK);

	return c && c->action == ACTION_REMOVE && c->verdict == VERDICT_NONE ? c : NULL;
}

/* "vethA, vethB (evenkeel web1 eth0) and 3 more" */
static const char *list_ports(const struct bridge_port *ports, size_t n, struct arena *a)
{
	const char *line = "";
	size_t i;

	for (i = 0; i < n && i < PORTS_MOST; i++) {
		const char *alias = text_escape(a, ports[i].alias, strlen(ports[i].alias), 80);

		line = arena_printf(a, "%s%s%s%s%s%s", line, i ? ", " : "",
				    text_escape(a, ports[i].name, strlen(ports[i].name), 0),
				    *alias ? " (" : "", alias, *alias ? ")" : "");
	}
	return n > i ? arena_printf(a, "%s and %zu more", line, n - i) : line;
}

void network_busy(const char *name, const struct bridge_port *ports, size_t n, struct change *c,
		  struct arena *a)
{
	change_fail(c, a, EBUSY, "bridge %s is not removed: in use by %s", name,
		    list_ports(ports, n, a));
	c->remedy = "stop or move what is on it first";
}

void network_remove(struct netlink *nl, const char *name, int index, struct change *c,
		    struct arena *a)
{
	struct bridge_port *ports;
	size_t n = 0;
	int error = bridge_delete(nl, index, name);

	writes_note(arena_printf(a, "bridge %s link", name), "-bridge", -error);
	if (error == 0 || error == -ENODEV) {
		c->verdict = VERDICT_APPLIED;
		return;
	}
	if (error == -EBUSY) {
		bridge_ports(nl, index, a, &ports, &n);
		network_busy(name, ports, n, c, a);
		return;
	}
	change_fail(c, a, -error, "bridge %s is not removed: %s", name,
		    kernels_words(nl, error, a));
}
