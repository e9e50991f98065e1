#include "schema/arena.h"
#include "schema/expand.h"

#include <string.h>

struct losers {
	struct loser *items;
	size_t n, capacity;
	struct arena *arena;
};

static const struct expanded_device *find_device(const struct instance *i, const char *name)
{
	size_t low = 0, high = i->n_devices;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(i->devices[middle].device->name, name);

		if (order == 0)
			return &i->devices[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static void add(struct losers *l, struct loser item)
{
	l->items = arena_grow(l->arena, l->items, l->n, &l->capacity, sizeof(*l->items));
	l->items[l->n++] = item;
}

static void add_from(struct losers *l, const struct instance *i, const struct document *d)
{
	for (size_t k = 0; k < d->config.n; k++) {
		const struct expanded *e = instance_get(i, d->config.items[k].name);

		if (e && e->from != d)
			add(l, (struct loser){.setting = &d->config.items[k], .from = d});
	}
	for (size_t k = 0; k < d->devices.n; k++) {
		const struct expanded_device *e = find_device(i, d->devices.items[k].name);

		if (e && e->from != d)
			add(l, (struct loser){.device = &d->devices.items[k], .from = d});
	}
}

size_t instance_losers(const struct catalog *c, const struct instance *i, struct arena *a,
		       struct loser **out)
{
	const struct words *list = &i->document->profiles;
	struct losers l = {.arena = a};
	const struct document *p;

	if (!i->document->profiles_given && (p = catalog_find(c, KIND_PROFILE, "default")))
		add_from(&l, i, p);
	for (size_t k = 0; k < list->n; k++) {
		p = catalog_find(c, KIND_PROFILE, list->items[k].text);
		if (p)
			add_from(&l, i, p);
	}
	*out = l.items;
	return l.n;
}

const char *instance_held_reason(const struct catalog *c, const struct instance *i, struct arena *a)
{
	const struct document *d = i->document, *p;
	const struct words *list;

	if (!i->held_back)
		return NULL;
	/* What is in force is older than what is wrong. */
	if (i->last_good)
		d = catalog_find(c, KIND_INSTANCE, i->name);
	if (!d || d->broken)
		return "its manifest has errors";
	list = &d->profiles;
	if (!d->profiles_given) {
		p = catalog_find(c, KIND_PROFILE, "default");
		if (p && p->broken)
			return "profile 'default' has errors";
	}
	for (size_t k = 0; k < list->n; k++) {
		p = catalog_find(c, KIND_PROFILE, list->items[k].text);
		if (p && p->broken)
			return arena_printf(a, "profile '%s' has errors", p->name);
		if (!p && strcmp(list->items[k].text, "default") != 0)
			return arena_printf(a, "there is no profile '%s'", list->items[k].text);
	}
	return i->lacks_default ? "its default profile may not have been read"
				: "its expanded configuration has errors";
}
