/* What brings a nic about at a start, and what its owner's config says of it. */
#include "net/nic_parts.h"

#include "schema/arena.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- lines of the boot file ---- */

struct lines {
	struct arena *arena;
	const char ***items;
	size_t *n, *capacity;
	const char *prefix; /* "lxc.net.0." */
};

static void line(struct lines *l, const char *key, const char *value)
{
	*l->items = arena_grow(l->arena, *l->items, *l->n, l->capacity, sizeof(**l->items));
	(*l->items)[(*l->n)++] = arena_join(l->arena, l->prefix, key, " = ", value, NULL);
}

static void line_of(struct lines *l, const char *key, const struct properties *p,
		    const char *object, const char *attribute)
{
	const char *value = nic_text(p, object, attribute);

	if (value)
		line(l, key, value);
}

/* To LXC a type, even the same again, is a new interface: all that the owner's lines say of it,
 * such as its addresses, would be forgotten. */
static void line_type(struct lines *l, const char *type, const char *own)
{
	if (!own || strcmp(own, type) != 0)
		line(l, "type", type);
}

static void boot_veth(struct lines *l, const struct properties *p, const char *object,
		      const char *own)
{
	const char *master = nic_text(p, object, NIC_MASTER);

	line_type(l, LINK_VETH, own);
	if (master)
		line(l, "link", master);
	else if (own)
		line(l, "link", "");
	line_of(l, "veth.pair", p, object, NIC_HOST_NAME);
}

static void boot_macvlan(struct lines *l, const char *parent, const char *own)
{
	line_type(l, LINK_MACVLAN, own);
	line(l, "link", parent);
	line(l, "macvlan.mode", "bridge");
}

static void boot_physical(struct lines *l, const char *parent, const char *own)
{
	line_type(l, "phys", own);
	line(l, "link", parent);
}

/* Those that are set inside; the host's side follows after the start. */
static void boot_ip(struct lines *l, const struct properties *p, const char *object)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct property *one = &p->items[i];

		if (strcmp(one->object, object) == 0 && one->value &&
		    strncmp(one->attribute, NIC_ADDRESS, strlen(NIC_ADDRESS)) == 0)
			line(l, strchr(one->attribute, ':') ? "ipv6.address" : "ipv4.address",
			     one->attribute + strlen(NIC_ADDRESS));
	}
	line_of(l, "ipv4.gateway", p, object, NIC_GATEWAY "ipv4");
	line_of(l, "ipv6.gateway", p, object, NIC_GATEWAY "ipv6");
}

static void boot_ipvlan(struct lines *l, const char *parent, const char *own)
{
	size_t n = strcspn(parent, " ");

	line_type(l, LINK_IPVLAN, own);
	line(l, "link", arena_strndup(l->arena, parent, n));
	line(l, "ipvlan.mode", parent[n] ? parent + n + 1 : "l3s");
	line(l, "ipvlan.isolation", "bridge");
}

static void boot_one(struct lines *l, const struct properties *p, const char *object,
		     const char *link, const char *index)
{
	const char *parent = strchr(link, ' ');
	const char *own = strstr(index, NIC_INDEX_OWN);
	int digits = own ? (int)(own - index) : (int)strlen(index);

	if (own)
		own += strlen(NIC_INDEX_OWN);
	l->prefix = arena_printf(l->arena, "lxc.net.%.*s.", digits, index);
	if (strcmp(link, LINK_VETH) == 0)
		boot_veth(l, p, object, own);
	else if (nic_is_link(link, LINK_PHYSICAL))
		boot_physical(l, parent + 1, own);
	else if (nic_is_link(link, LINK_IPVLAN))
		boot_ipvlan(l, parent + 1, own);
	else
		boot_macvlan(l, parent + 1, own);
	line(l, "flags", "up");
	line_of(l, "name", p, object, NIC_NAME);
	line_of(l, "hwaddr", p, object, NIC_HWADDR);
	line_of(l, "mtu", p, object, NIC_MTU);
	boot_ip(l, p, object);
}

void nic_boot(const struct host *host, const struct properties *desired, struct arena *a,
	      const char ***items, size_t *n, size_t *capacity)
{
	struct lines l = {.arena = a, .items = items, .n = n, .capacity = capacity};

	(void)host;
	for (size_t i = 0; i < desired->n; i++) {
		const struct property *p = &desired->items[i];
		const char *index;

		if (!object_is(p->object, nic_driver.kind) || strcmp(p->attribute, NIC_LINK) != 0 ||
		    p->certainty != CERTAIN_VALUE)
			continue;
		index = nic_text(desired, p->object, NIC_INDEX);
		if (index)
			boot_one(&l, desired, p->object, p->value, index);
	}
}

/* ---- what the owner's own config says ---- */

/* The owner's interface that this nic stands in for: its lxc.net.N; NULL: none. */
static const char *own_prefix(const struct container *c, const char *object, struct arena *a)
{
	const char *index = nic_text(c->owned, object, NIC_INDEX);
	const char *own = index ? strstr(index, NIC_INDEX_OWN) : NULL;

	return own ? arena_printf(a, "lxc.net.%.*s.", (int)(own - index), index) : NULL;
}

static const char *own_item(const struct container *c, const char *prefix, const char *key,
			    struct arena *a)
{
	const char *value = c->own_item(c, arena_join(a, prefix, key, NULL));

	return value && *value ? value : NULL;
}

static const char *own_link(const struct container *c, const char *prefix, struct arena *a)
{
	const char *type = own_item(c, prefix, "type", a), *parent;

	if (!type || strcmp(type, LINK_VETH) == 0)
		return type;
	parent = own_item(c, prefix, "link", a);
	if (strcmp(type, "phys") == 0 && parent)
		return arena_join(a, LINK_PHYSICAL " ", parent, NULL);
	if (strcmp(type, LINK_MACVLAN) == 0 && parent)
		return arena_join(a, LINK_MACVLAN " ", parent, NULL);
	return NULL;
}

static const char *lower(const char *text, struct arena *a)
{
	char *copy = arena_strdup(a, text);

	for (char *c = copy; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

static const char *own_value(const struct container *c, const char *prefix, const char *attribute,
			     struct arena *a)
{
	if (strcmp(attribute, NIC_MASTER) == 0)
		return own_item(c, prefix, "link", a);
	if (strcmp(attribute, NIC_NAME) == 0)
		return own_item(c, prefix, "name", a);
	if (strcmp(attribute, NIC_HWADDR) == 0)
		return lower(own_item(c, prefix, "hwaddr", a), a);
	if (strcmp(attribute, NIC_MTU) == 0)
		return own_item(c, prefix, "mtu", a);
	if (strcmp(attribute, NIC_HOST_NAME) == 0)
		return own_item(c, prefix, "veth.pair", a);
	return NULL;
}

/* What an interface cannot be without stays as it is, where nobody says otherwise. */
static const char *as_it_is(const struct nic_found *f, const char *attribute, struct arena *a)
{
	if (strcmp(attribute, NIC_NAME) == 0)
		return arena_strdup(a, f->guest.name);
	if (strcmp(attribute, NIC_HWADDR) == 0)
		return arena_strdup(a, f->guest.hwaddr);
	if (strcmp(attribute, NIC_HOST_NAME) == 0)
		return arena_strdup(a, f->host.name);
	if (strcmp(attribute, NIC_UP) == 0)
		return "yes";
	if (strcmp(attribute, NIC_MTU) == 0)
		return "1500";
	if (strcmp(attribute, NIC_TXQUEUELEN) == 0)
		return "1000";
	return NULL;
}

/* What the host's interface has there. */
static const char *at_home(const struct container *c, const struct nic_found *f,
			   const char *attribute, struct arena *a)
{
	const struct parent_link *p = nics_home(c->host, f->link, a);

	if (p && strcmp(attribute, NIC_HWADDR) == 0)
		return p->home->hwaddr;
	if (p && strcmp(attribute, NIC_MTU) == 0)
		return arena_decimal(a, p->home->mtu);
	return NULL;
}

const char *nic_base(const struct container *c, const struct property *owned, struct arena *a)
{
	const char *prefix = own_prefix(c, owned->object, a), *value;
	const struct nic_found *f = c->nics ? nics_get(c->nics, owned->object) : NULL;

	if (strcmp(owned->attribute, NIC_INDEX) == 0)
		return owned->value;
	if (strcmp(owned->attribute, NIC_LINK) == 0)
		return prefix ? own_link(c, prefix, a) : NULL;
	if (nic_ip_is(owned->attribute))
		return nic_ip_base(owned->attribute, a);
	value = prefix ? own_value(c, prefix, owned->attribute, a) : NULL;
	if (!value && f && f->there)
		value = at_home(c, f, owned->attribute, a);
	if (!value && f && f->there)
		value = as_it_is(f, owned->attribute, a);
	return value;
}
