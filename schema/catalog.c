#include "schema/arena.h"
#include "schema/expand.h"

#include <stdlib.h>
#include <string.h>

static int compare_documents(const void *x, const void *y)
{
	const struct document *d = *(const struct document *const *)x;
	const struct document *e = *(const struct document *const *)y;
	int order = strcmp(d->name, e->name);

	if (order)
		return order;
	order = strcmp(d->at.source->name, e->at.source->name);
	if (order)
		return order;
	if (d->at.line != e->at.line)
		return d->at.line < e->at.line ? -1 : 1;
	return 0;
}

static void report_twice(const struct document *d, const struct document *other,
			 struct diagnostics *ds)
{
	struct place at = d->name_at.source ? d->name_at : d->at;
	struct place there = other->name_at.source ? other->name_at : other->at;

	diagnostic_error(ds, at, "%s '%s' is also defined at %s:%u", kind_name(d->kind), d->name,
			 there.source->name, there.line ? there.line : 1);
}

/* All of one name are wrong: nobody can say which one is meant. */
static void check_unique(struct document **items, size_t n, struct diagnostics *ds)
{
	size_t first = 0;

	for (size_t i = 1; i < n; i++) {
		if (strcmp(items[i]->name, items[first]->name) != 0) {
			first = i;
			continue;
		}
		if (i == first + 1)
			report_twice(items[first], items[i], ds);
		report_twice(items[i], items[first], ds);
		items[first]->broken = items[i]->broken = true;
	}
}

static size_t collect(struct manifest *const *manifests, size_t n, enum kind kind, struct arena *a,
		      struct diagnostics *ds, const struct document ***out)
{
	struct document **items;
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < manifests[i]->n; j++)
			found += manifests[i]->documents[j].kind == kind;
	}
	items = arena_alloc(a, found * sizeof(*items));
	found = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < manifests[i]->n; j++) {
			if (manifests[i]->documents[j].kind == kind)
				items[found++] = &manifests[i]->documents[j];
		}
	}
	qsort(items, found, sizeof(*items), compare_documents);
	check_unique(items, found, ds);
	*out = (const struct document **)items;
	return found;
}

void catalog_build(struct catalog *c, struct manifest *const *manifests, size_t n, struct arena *a,
		   struct diagnostics *ds)
{
	*c = (struct catalog){.arena = a};
	c->n_instances = collect(manifests, n, KIND_INSTANCE, a, ds, &c->instances);
	c->n_profiles = collect(manifests, n, KIND_PROFILE, a, ds, &c->profiles);
	c->n_networks = collect(manifests, n, KIND_NETWORK, a, ds, &c->networks);
	c->n_pools = collect(manifests, n, KIND_POOL, a, ds, &c->pools);
}

static const struct document *search(const struct document *const *items, size_t n,
				     const char *name)
{
	size_t low = 0, high = n;

	/* The lowest match: of several with one name the first is meant everywhere. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(items[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && strcmp(items[low]->name, name) == 0 ? items[low] : NULL;
}

const struct document *catalog_find(const struct catalog *c, enum kind kind, const char *name)
{
	switch (kind) {
	case KIND_INSTANCE:
		return search(c->instances, c->n_instances, name);
	case KIND_PROFILE:
		return search(c->profiles, c->n_profiles, name);
	case KIND_NETWORK:
		return search(c->networks, c->n_networks, name);
	case KIND_POOL:
		return search(c->pools, c->n_pools, name);
	case KIND_PRESEED:
		break;
	}
	return NULL;
}
