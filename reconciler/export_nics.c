#include "reconciler/export_nics.h"

#include "reconciler/own_nics.h"
#include "schema/arena.h"
#include "schema/nic.h"
#include "schema/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One interface on its way to a device. */
struct interface {
	struct exported *e;
	const struct properties *held, *owned;
	const char *object, *device;
};

static const char *held(const struct interface *s, const char *attribute)
{
	const struct property *p = properties_find(s->held, s->object, attribute);

	return p && p->certainty == CERTAIN_VALUE ? p->value : NULL;
}

static void add(const struct interface *s, const char *key, const char *value)
{
	if (value)
		export_add(s->e, s->device, key, value);
}

static const char *shown(const struct interface *s, const char *text)
{
	return text_escape(s->e->arena, text, strlen(text), 80);
}

/* Names come from container root and from whoever else makes links: not all can be said. */
static bool can_be_said(const char *name, struct arena *a)
{
	struct complaint why;
	struct value v;

	return name && value_parse(&grammar_interface, name, a, &v, &why) == 0;
}

/* ---- what only the record says ---- */

static const char *recorded(const struct interface *s, const char *attribute)
{
	const char *object = object_name(s->e->arena, "nic", s->device);
	const struct property *p = s->owned ? properties_find(s->owned, object, attribute) : NULL;

	return p ? p->value : NULL;
}

/* What follows BEFORE in the names of attributes, one after the other; NULL: no more. */
static const char *next_recorded(const struct interface *s, const char *before, size_t *at)
{
	const char *object = object_name(s->e->arena, "nic", s->device);

	while (s->owned && *at < s->owned->n) {
		const struct property *p = &s->owned->items[(*at)++];

		if (strcmp(p->object, object) == 0 &&
		    strncmp(p->attribute, before, strlen(before)) == 0)
			return p->attribute + strlen(before);
	}
	return NULL;
}

static const char *without_bits(const char *prefix, struct arena *a)
{
	return arena_strndup(a, prefix, strcspn(prefix, "/"));
}

/* "10.0.0.5, 10.0.0.6": those of one family, which SIGN tells from the other; NULL: none. */
static const char *addresses(const struct interface *s, const char *before, char sign)
{
	struct arena *a = s->e->arena;
	const char *list = NULL, *prefix;

	for (size_t at = 0; (prefix = next_recorded(s, before, &at));) {
		if (!strchr(prefix, sign))
			continue;
		prefix = without_bits(prefix, a);
		list = list ? arena_join(a, list, ", ", prefix, NULL) : prefix;
	}
	return list;
}

static void add_family(const struct interface *s, const char *family, char sign,
		       const char *usual_host_address)
{
	struct arena *a = s->e->arena;
	const char *list = addresses(s, "address.", sign);
	const char *host_address = addresses(s, "host_address.", sign);
	const char *gateway = recorded(s, arena_join(a, "gateway.", family, NULL));

	if (!list)
		return;
	add(s, arena_join(a, family, ".address", NULL), list);
	if (!gateway)
		add(s, arena_join(a, family, ".gateway", NULL), "none");
	if (host_address && strcmp(host_address, usual_host_address) != 0)
		add(s, arena_join(a, family, ".host_address", NULL), host_address);
}

/* The addresses of a veth that is no bridge's port are a routed nic's. */
static bool add_routed(const struct interface *s)
{
	size_t at = 0;
	const char *neighbour;

	if (!next_recorded(s, "address.", &at))
		return false;
	add(s, "nictype", "routed");
	at = 0;
	neighbour = next_recorded(s, "neighbour.", &at);
	if (neighbour)
		add(s, "parent",
		    recorded(s, arena_join(s->e->arena, "neighbour.", neighbour, NULL)));
	add_family(s, "ipv4", '.', "169.254.0.1");
	add_family(s, "ipv6", ':', "fe80::1");
	return true;
}

/* What it is; false: no nic is like that. */
static bool add_kind(const struct interface *s, const char *link)
{
	struct arena *a = s->e->arena;
	const char *master = held(s, "master"), *parent = strchr(link, ' '), *mode;
	const char *kind = arena_strndup(a, link, strcspn(link, " "));
	enum nic_kind known;

	if (strcmp(kind, "veth") == 0) {
		if (master && !can_be_said(master, a))
			return false;
		if (!master && add_routed(s))
			return true;
		add(s, "nictype", master ? "bridged" : "p2p");
		add(s, "parent", master);
		return true;
	}
	if (!parent || !nic_kind_find(kind, &known))
		return false;
	mode = strchr(parent + 1, ' ');
	parent = arena_strndup(a, parent + 1, strcspn(parent + 1, " "));
	if (!can_be_said(parent, a))
		return false;
	add(s, "nictype", kind);
	add(s, "parent", parent);
	add(s, "mode", mode ? mode + 1 : NULL);
	return true;
}

static bool is_made_of(const char *text, const char *letters, size_t least, size_t most)
{
	size_t n = strlen(text);

	return n >= least && n <= most && strspn(text, letters) == n;
}

/* LXC, LXD and evenkeel itself make names for ends that have none given. */
static bool is_made_up(const char *host_name)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	if (strncmp(host_name, "veth", strlen("veth")) == 0 &&
	    is_made_of(host_name + strlen("veth"), letters, 5, 8))
		return true;
	return strncmp(host_name, "ve", strlen("ve")) == 0 &&
	       is_made_of(host_name + strlen("ve"), "0123456789abcdef", 10, 10);
}

static void add_host_name(const struct interface *s)
{
	const char *name = held(s, "host_name");

	if (!name || !*name || is_made_up(name))
		return;
	if (can_be_said(name, s->e->arena))
		add(s, "host_name", name);
	else
		export_note(s->e, "%s: its host end is called '%s', which no manifest can say",
			    shown(s, s->object), shown(s, name));
}

static bool number(const char *text, uint64_t *out)
{
	return text && value_digits(text, strlen(text), UINT64_MAX, out);
}

/* Buckets are said in bits. */
static void add_way(const struct interface *s, const char *attribute, const char *key)
{
	struct arena *a = s->e->arena;
	struct complaint why;
	struct value v;
	const char *text;
	uint64_t n;

	if (!number(held(s, attribute), &n))
		return;
	add(s, key, value_show_bits(n, a));
	if (!number(held(s, arena_join(a, attribute, ".burst", NULL)), &n) ||
	    __builtin_mul_overflow(n, 8, &n))
		return;
	text = value_show_bits(n, a);
	if (value_parse(&grammar_bits, text, a, &v, &why) == 0)
		add(s, arena_join(a, key, ".bucket", NULL), text);
}

/* "nic/a%2Fb" is called "a/b". */
static const char *device_of(const char *object, struct arena *a)
{
	char *name = arena_strdup(a, object + strlen("nic/")), *to = name;

	for (const char *c = name; *c; to++) {
		bool slash = strncmp(c, "%2F", 3) == 0;

		*to = slash ? '/' : *c;
		c += slash ? 3 : 1;
	}
	*to = '\0';
	return name;
}

/* The device that the record has for the interface NAME; "root" is the rootfs. */
static const char *device_named(const struct interface *s, const char *name)
{
	for (size_t i = 0; s->owned && i < s->owned->n; i++) {
		const struct property *p = &s->owned->items[i];

		if (object_is(p->object, "nic") && strcmp(p->attribute, "name") == 0 && p->value &&
		    strcmp(p->value, name) == 0)
			return device_of(p->object, s->e->arena);
	}
	return strcmp(name, "root") == 0 ? "root-nic" : name;
}

/* Inside, an interface of the host looks like any other: what it is, is in the record. */
static bool add_physical(struct interface *s, const char *name)
{
	static const char kind[] = "physical ";
	const char *link = recorded(s, "link");

	if (!link || strncmp(link, kind, strlen(kind)) != 0)
		return false;
	add(s, "nictype", "physical");
	add(s, "parent", link + strlen(kind));
	add(s, "name", name);
	add(s, "hwaddr", recorded(s, "hwaddr"));
	add(s, "mtu", recorded(s, "mtu"));
	return true;
}

static void add_nic(struct interface *s, const char *link)
{
	const char *name = held(s, "name");

	s->device = name ? device_named(s, name) : NULL;
	if (name && add_physical(s, name))
		return;
	if (!can_be_said(name, s->e->arena) || name_check_device(s->device) || !add_kind(s, link)) {
		export_note(s->e, "the interface %s (%s): no nic can be like that",
			    shown(s, s->object + strlen("nic/")), shown(s, link));
		return;
	}
	add(s, "name", name);
	add(s, "hwaddr", held(s, "hwaddr"));
	add(s, "mtu", held(s, "mtu"));
	add_host_name(s);
	add_way(s, "ingress", "limits.ingress");
	add_way(s, "egress", "limits.egress");
}

void export_nics(struct exported *e, const struct properties *held, const struct properties *owned)
{
	for (size_t i = 0; i < held->n; i++) {
		const struct property *p = &held->items[i];
		struct interface s = {.e = e, .held = held, .owned = owned, .object = p->object};

		if (object_is(p->object, "nic") && strcmp(p->attribute, "link") == 0 &&
		    p->certainty == CERTAIN_VALUE && p->value)
			add_nic(&s, p->value);
	}
}

/* ---- of a container that does not run ---- */

static void see(struct properties *out, const char *object, const char *attribute,
		const char *value)
{
	if (value)
		properties_add(out, (struct property){
					.object = object, .attribute = attribute, .value = value});
}

static const char *link_of(const struct own_nic *n, struct arena *a)
{
	const char *parent = n->link ? n->link : "?";

	if (strcmp(n->type, "veth") == 0)
		return "veth";
	return arena_join(a, strcmp(n->type, "phys") == 0 ? "physical" : n->type, " ", parent,
			  NULL);
}

/* LXC fills in the x of "00:16:3e:xx:xx:xx" at each start. */
static const char *fixed(const char *hwaddr)
{
	return hwaddr && !strpbrk(hwaddr, "xX") ? hwaddr : NULL;
}

void export_own_nics(const struct container *c, struct properties *out)
{
	struct own_nic *nics;
	size_t n = own_nics_of(c, out->arena, &nics);

	for (size_t i = 0; i < n; i++) {
		const struct own_nic *o = &nics[i];
		const char *object;

		if (!o->type || !o->name || strcmp(o->type, "empty") == 0 ||
		    strcmp(o->type, "none") == 0)
			continue;
		object = object_name(out->arena, "nic", o->name);
		see(out, object, "link", link_of(o, out->arena));
		see(out, object, "name", o->name);
		see(out, object, "hwaddr", fixed(o->hwaddr));
		see(out, object, "mtu", o->mtu);
		see(out, object, "host_name", o->pair);
		if (strcmp(o->type, "veth") == 0)
			see(out, object, "master", o->link);
	}
}
