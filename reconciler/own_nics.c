#include "reconciler/own_nics.h"

#include "reconciler/include.h"
#include "reconciler/survey.h"
#include "schema/arena.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define INDEX "index" /* the attribute of a nic: the number of its lxc.net.N */
#define OWN " own "   /* behind it, where it is the owner's: the type comes next */

/* INDEX: as the record has it, "1" or "0 own veth". */
static bool has_moved(const char *config, const char *index)
{
	char *end;
	unsigned number = (unsigned)strtoul(index, &end, 10);
	const char *own = strncmp(end, OWN, strlen(OWN)) == 0 ? end + strlen(OWN) : NULL, *type;
	size_t n;
	bool there = include_net(config, number, &type, &n);

	if (!own)
		return there;
	return !type || strlen(own) != n || memcmp(own, type, n) != 0;
}

bool own_nics_moved(const char *config, const struct properties *owned)
{
	for (size_t i = 0; i < owned->n; i++) {
		const struct property *p = &owned->items[i];

		if (object_is(p->object, "nic") && strcmp(p->attribute, INDEX) == 0 && p->value &&
		    has_moved(config, p->value))
			return true;
	}
	return false;
}

/* Is it a nic that nobody has given a number yet? Of those that are never made nobody asks one. */
static bool is_open(const struct subject *s, const struct device *d, struct arena *a)
{
	const char *kind = device_text(d, "nictype");
	const struct property *index;

	if (strcmp(d->type->name, "nic") != 0)
		return false;
	if (kind && (strcmp(kind, "ovn") == 0 || strcmp(kind, "sriov") == 0))
		return false;
	index = properties_find(&s->record.owned, object_name(a, d->type->name, d->name), INDEX);
	return !index || !index->value || s->record.own_nics_moved;
}

static bool is_needed(const struct survey *s, const struct subject *subject)
{
	const struct instance *i = subject->world->instance;

	for (size_t k = 0; k < i->n_devices; k++)
		if (is_open(subject, i->devices[k].device, s->arena))
			return true;
	return false;
}

static const char *item(const struct container *c, unsigned index, const char *key)
{
	const char *value = c->own_item(c, arena_printf(c->arena, "lxc.net.%u.%s", index, key));

	return value && *value ? value : NULL;
}

static bool is_type(const struct own_nic *n, const char *type)
{
	return n->type && strcmp(n->type, type) == 0;
}

/* To liblxc each x is another digit with each start, so that only the text tells which it is. */
static const char *hwaddr_of(const struct container *c, const char *config, unsigned index)
{
	const char *key = arena_printf(c->arena, "lxc.net.%u.hwaddr", index);
	const char *text = config ? include_value(config, key, c->arena) : NULL;
	char *address;

	if (!text || !*text || strpbrk(text, "xX"))
		return NULL;
	address = arena_strdup(c->arena, text);
	for (char *at = address; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return address;
}

static struct own_nic read_one(const struct container *c, const char *config, unsigned index)
{
	struct own_nic nic = {.index = index, .type = item(c, index, "type")};

	if (is_type(&nic, "empty") || is_type(&nic, "none"))
		return nic; /* its name is lo, to LXC */
	nic.name = item(c, index, "name");
	nic.link = item(c, index, "link");
	nic.hwaddr = hwaddr_of(c, config, index);
	nic.mtu = item(c, index, "mtu");
	if (is_type(&nic, "veth"))
		nic.pair = item(c, index, "veth.pair");
	if (is_type(&nic, "macvlan"))
		nic.mode = item(c, index, "macvlan.mode");
	if (is_type(&nic, "phys") && !nic.name)
		nic.name = nic.link;
	return nic;
}

static bool has_name(const struct own_nic *nics, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (nics[i].name && strcmp(nics[i].name, name) == 0)
			return true;
	return false;
}

/* What has no name gets the next free one of eth0, eth1 and so on from the kernel, in the order of
 * the numbers. */
static void name_nameless(struct own_nic *nics, size_t n_nics, struct arena *a)
{
	unsigned next = 0;

	for (size_t i = 0; i < n_nics; i++) {
		struct own_nic *n = &nics[i];
		const char *name;

		if (n->name || is_type(n, "empty") || is_type(n, "none"))
			continue;
		do
			name = arena_printf(a, "eth%u", next++);
		while (has_name(nics, n_nics, name));
		n->name = name;
	}
}

size_t own_nics_of(const struct container *c, struct arena *a, struct own_nic **out)
{
	unsigned *indexes;
	size_t n = container_own_nets(c, &indexes);
	const char *path = arena_printf(c->arena, "%s/%s/config", c->lxcpath, c->name);
	const char *config = n ? include_read(AT_FDCWD, path, c->arena) : NULL;

	*out = arena_alloc(a, (n + 1) * sizeof(**out));
	for (size_t i = 0; i < n; i++)
		(*out)[i] = read_one(c, config, indexes[i]);
	name_nameless(*out, n, a);
	return n;
}

void own_nics_read(struct survey *s, struct subject *subject)
{
	const struct container *c = subject->container;
	struct world_instance *w = subject->world;

	w->own_nics = NULL;
	w->n_own_nics = 0;
	w->own_nics_known = w->exists && is_needed(s, subject);
	if (!w->own_nics_known)
		return;
	w->n_own_nics = own_nics_of(c, s->arena, &w->own_nics);
}
