#include "reconciler/own_nics.h"

#include "reconciler/survey.h"
#include "schema/arena.h"

#include <stdlib.h>
#include <string.h>

/* Does the config have this number where the record says that it was not the owner's, or has it no
 * more? */
static bool has_moved(const struct record *r, const char *index)
{
	char *end;
	unsigned long n = strtoul(index, &end, 10);
	bool own = r->own_nets & UINT64_C(1) << (n < 63 ? n : 63);

	return r->own_nets_known && own != (*end != '\0');
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
	index = properties_find(&s->record.owned, object_name(a, d->type->name, d->name), "index");
	return !index || !index->value || has_moved(&s->record, index->value);
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

static struct own_nic read_one(const struct container *c, unsigned index)
{
	struct own_nic nic = {.index = index, .type = item(c, index, "type")};

	nic.name = item(c, index, "name");
	nic.link = item(c, index, "link");
	nic.hwaddr = item(c, index, "hwaddr");
	nic.mtu = item(c, index, "mtu");
	if (nic.type && strcmp(nic.type, "veth") == 0)
		nic.pair = item(c, index, "veth.pair");
	if (nic.type && strcmp(nic.type, "macvlan") == 0)
		nic.mode = item(c, index, "macvlan.mode");
	return nic;
}

void own_nics_read(struct survey *s, struct subject *subject)
{
	const struct container *c = subject->container;
	struct world_instance *w = subject->world;
	unsigned *indexes;

	w->own_nics = NULL;
	w->n_own_nics = 0;
	w->own_nics_known = w->exists && is_needed(s, subject);
	if (!w->own_nics_known)
		return;
	w->n_own_nics = container_own_nets(c, &indexes);
	w->own_nics = arena_alloc(s->arena, (w->n_own_nics + 1) * sizeof(*w->own_nics));
	for (size_t i = 0; i < w->n_own_nics; i++)
		w->own_nics[i] = read_one(c, indexes[i]);
}
