#include "schema/arena.h"
#include "schema/expand.h"
#include "schema/sorted.h"

#include <stdint.h>
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
	return ((uintptr_t)d > (uintptr_t)e) - ((uintptr_t)d < (uintptr_t)e);
}

/* The documents of one kind. */
struct shelf {
	const struct document ***items;
	size_t *n;
	struct sorted_room *room;
};

static struct shelf shelf_of(struct catalog *c, enum kind kind)
{
	switch (kind) {
	case KIND_INSTANCE:
		return (struct shelf){&c->instances, &c->n_instances, &c->room[kind]};
	case KIND_PROFILE:
		return (struct shelf){&c->profiles, &c->n_profiles, &c->room[kind]};
	case KIND_NETWORK:
		return (struct shelf){&c->networks, &c->n_networks, &c->room[kind]};
	case KIND_POOL:
		return (struct shelf){&c->pools, &c->n_pools, &c->room[kind]};
	case KIND_PRESEED:
		break;
	}
	return (struct shelf){0};
}

static void report_twice(const struct document *d, const struct document *other,
			 struct diagnostics *ds)
{
	struct place at = d->name_at.source ? d->name_at : d->at;
	struct place there = other->name_at.source ? other->name_at : other->at;

	diagnostic_error(ds, at, "%s '%s' is also defined at %s:%u", kind_name(d->kind), d->name,
			 there.source->name, there.line ? there.line : 1);
}

/* N documents of one name are wrong: nobody can say which one is meant. */
static void report_group(const struct document *const *items, size_t n, struct diagnostics *ds)
{
	for (size_t i = 1; i < n; i++) {
		if (i == 1)
			report_twice(items[0], items[1], ds);
		report_twice(items[i], items[0], ds);
	}
}

static size_t group_length(const struct document *const *items, size_t n)
{
	size_t k = 1;

	while (k < n && strcmp(items[k]->name, items[0]->name) == 0)
		k++;
	return k;
}

/* The catalog is given documents that are its user's own to change. */
static struct document *own(const struct document *d)
{
	return (struct document *)d;
}

static void pass_over(struct catalog *c, struct document *d)
{
	c->passed_over = sorted_room(&c->room_passed_over, c->passed_over, c->n_passed_over, 1,
				     sizeof(*c->passed_over));
	c->passed_over[c->n_passed_over++] = d;
}

static bool any(const struct document *const *items, size_t n, bool doubted)
{
	for (size_t i = 0; i < n; i++)
		if (items[i]->doubted == doubted)
			return true;
	return false;
}

/* Who may not be believed must not hold back others by naming them. Returns how many stay. */
static size_t believe(struct catalog *c, const struct document **items, size_t n)
{
	size_t kept = 0;

	if (!any(items, n, true) || !any(items, n, false))
		return n;
	for (size_t i = 0; i < n; i++) {
		if (items[i]->doubted)
			pass_over(c, own(items[i]));
		else
			items[kept++] = items[i];
	}
	return kept;
}

static void mark(const struct document *const *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		own(items[i])->broken = items[i]->faulty || n > 1;
}

static size_t settle_all(struct catalog *c, const struct document **items, size_t n,
			 struct diagnostics *ds)
{
	size_t kept = 0;

	for (size_t i = 0, group, left; i < n; i += group) {
		group = group_length(items + i, n - i);
		left = group > 1 ? believe(c, items + i, group) : 1;
		memmove(items + kept, items + i, left * sizeof(*items));
		if (left > 1) {
			mark(items + kept, left);
			report_group(items + kept, left, ds);
		}
		kept += left;
	}
	return kept;
}

static void collect(struct catalog *c, struct manifest *const *manifests, size_t n, enum kind kind,
		    struct diagnostics *ds)
{
	struct shelf shelf = shelf_of(c, kind);
	const struct document **items;
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < manifests[i]->n; j++)
			found += manifests[i]->documents[j].kind == kind;
	}
	items = arena_alloc(c->arena, found * sizeof(*items));
	*shelf.items = items;
	found = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < manifests[i]->n; j++) {
			if (manifests[i]->documents[j].kind == kind)
				items[found++] = &manifests[i]->documents[j];
		}
	}
	qsort(items, found, sizeof(*items), compare_documents);
	*shelf.n = settle_all(c, items, found, ds);
}

void catalog_build(struct catalog *c, struct manifest *const *manifests, size_t n, struct arena *a,
		   struct diagnostics *ds)
{
	*c = (struct catalog){.arena = a};
	for (enum kind k = 0; k < KIND_PRESEED; k++)
		collect(c, manifests, n, k, ds);
}

/* The lowest index of NAME; of several with one name the first is meant everywhere. */
static size_t lowest(const struct document *const *items, size_t n, const char *name)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(items[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct document *catalog_find(const struct catalog *c, enum kind kind, const char *name)
{
	struct shelf shelf = shelf_of((struct catalog *)c, kind);
	size_t i;

	if (!shelf.items)
		return NULL;
	i = lowest(*shelf.items, *shelf.n, name);
	return i < *shelf.n && strcmp((*shelf.items)[i]->name, name) == 0 ? (*shelf.items)[i]
									  : NULL;
}

void catalog_report(const struct catalog *c, struct diagnostics *ds)
{
	for (enum kind k = 0; k < KIND_PRESEED; k++) {
		struct shelf shelf = shelf_of((struct catalog *)c, k);

		for (size_t i = 0, group; i < *shelf.n; i += group) {
			group = group_length(*shelf.items + i, *shelf.n - i);
			report_group(*shelf.items + i, group, ds);
		}
	}
}

/* ---- what uses what ---- */

static int compare_uses(const void *x, const void *y)
{
	const struct catalog_use *u = x, *v = y;
	int order = strcmp(u->profile, v->profile);

	if (order == 0)
		order = compare_documents(&u->instance, &v->instance);
	/* a list may name a profile twice */
	return order ? order
		     : ((uintptr_t)u->profile > (uintptr_t)v->profile) -
			   ((uintptr_t)u->profile < (uintptr_t)v->profile);
}

static size_t uses_of(const struct document *const *items, size_t n, struct catalog_use *out)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		if (!items[i]->profiles_given)
			out[found++] = (struct catalog_use){"default", items[i]};
		for (size_t k = 0; k < items[i]->profiles.n; k++)
			out[found++] =
			    (struct catalog_use){items[i]->profiles.items[k].text, items[i]};
	}
	if (found > 1)
		qsort(out, found, sizeof(*out), compare_uses);
	return found;
}

static size_t count_uses(const struct document *const *items, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += items[i]->profiles.n + !items[i]->profiles_given;
	return found;
}

static void uses_edit(struct catalog *c, const struct document *const *gone, size_t n_gone,
		      const struct document *const *come, size_t n_come)
{
	size_t n_old = count_uses(gone, n_gone), n_new = count_uses(come, n_come);
	struct arena *scratch = arena_new();
	struct catalog_use *old = arena_alloc(scratch, (n_old + n_new) * sizeof(*old));

	uses_of(gone, n_gone, old);
	uses_of(come, n_come, old + n_old);
	c->uses = sorted_room(&c->room_uses, c->uses, c->n_uses, n_new, sizeof(*c->uses));
	c->n_uses = sorted_edit(c->uses, c->n_uses, sizeof(*c->uses), old, n_old, old + n_old,
				n_new, compare_uses);
	arena_free(scratch);
}

void catalog_free(struct catalog *c)
{
	for (enum kind k = 0; k < KIND_PRESEED; k++)
		sorted_free(&c->room[k]);
	sorted_free(&c->room_passed_over);
	sorted_free(&c->room_uses);
}

static size_t lowest_use(const struct catalog *c, const char *profile)
{
	size_t low = 0, high = c->n_uses;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(c->uses[middle].profile, profile) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct catalog_use *catalog_users(struct catalog *c, const char *profile, size_t *n)
{
	size_t first, end;

	if (!c->indexed) {
		c->indexed = true;
		uses_edit(c, NULL, 0, c->instances, c->n_instances);
	}
	first = end = lowest_use(c, profile);
	while (end < c->n_uses && strcmp(c->uses[end].profile, profile) == 0)
		end++;
	*n = end - first;
	return c->uses + first;
}

/* ---- changing it ---- */

static void shelf_edit(struct catalog *c, enum kind kind, const struct document **gone,
		       size_t n_gone, const struct document **come, size_t n_come)
{
	struct shelf shelf = shelf_of(c, kind);

	if (!shelf.items)
		return;
	if (kind == KIND_INSTANCE && c->indexed)
		uses_edit(c, gone, n_gone, come, n_come);
	*shelf.items =
	    sorted_room(shelf.room, *shelf.items, *shelf.n, n_come, sizeof(**shelf.items));
	*shelf.n = sorted_edit(*shelf.items, *shelf.n, sizeof(**shelf.items), gone, n_gone, come,
			       n_come, compare_documents);
}

/* Takes D out of those passed over; false: it is not one of them. */
static bool recall(struct catalog *c, const struct document *d)
{
	for (size_t i = 0; i < c->n_passed_over; i++) {
		if (c->passed_over[i] != d)
			continue;
		c->passed_over[i] = c->passed_over[--c->n_passed_over];
		return true;
	}
	return false;
}

/* Those passed over may count again: all of the name are weighed anew. */
static void recall_name(struct catalog *c, enum kind kind, const char *name)
{
	for (size_t i = c->n_passed_over; i-- > 0;) {
		const struct document *d = c->passed_over[i];

		if (d->kind != kind || strcmp(d->name, name) != 0)
			continue;
		recall(c, d);
		shelf_edit(c, kind, NULL, 0, &d, 1);
	}
}

static void settle_name(struct catalog *c, enum kind kind, const char *name, struct diagnostics *ds)
{
	struct shelf shelf = shelf_of(c, kind);
	size_t first, n;

	if (!shelf.items)
		return;
	if (c->n_passed_over)
		recall_name(c, kind, name);
	first = lowest(*shelf.items, *shelf.n, name);
	if (first == *shelf.n || strcmp((*shelf.items)[first]->name, name) != 0)
		return;
	n = group_length(*shelf.items + first, *shelf.n - first);
	if (n > 1 && any(*shelf.items + first, n, false)) {
		for (size_t i = n; i-- > 0;) {
			const struct document *d = (*shelf.items)[first + i];

			if (!d->doubted)
				continue;
			shelf_edit(c, kind, &d, 1, NULL, 0);
			pass_over(c, own(d));
			n--;
		}
	}
	mark(*shelf.items + first, n);
	report_group(*shelf.items + first, n, ds);
}

static int compare_by_kind(const void *x, const void *y)
{
	const struct document *d = *(struct document *const *)x;
	const struct document *e = *(struct document *const *)y;

	return d->kind != e->kind ? (d->kind < e->kind ? -1 : 1) : compare_documents(x, y);
}

/* Those of KIND, from *AT on. */
static size_t run_of(struct document **items, size_t n, size_t at, enum kind kind)
{
	size_t k = at;

	while (k < n && items[k]->kind == kind)
		k++;
	return k - at;
}

static bool same_name(const struct document *d, const struct document *e)
{
	return d->kind == e->kind && strcmp(d->name, e->name) == 0;
}

static void shelves_edit(struct catalog *c, struct document **gone, size_t n_gone,
			 struct document **come, size_t n_come)
{
	size_t g = 0, k = 0;

	qsort(gone, n_gone, sizeof(*gone), compare_by_kind);
	qsort(come, n_come, sizeof(*come), compare_by_kind);
	for (enum kind kind = 0; kind < KIND_PRESEED; kind++) {
		size_t going = run_of(gone, n_gone, g, kind);
		size_t coming = run_of(come, n_come, k, kind);

		if (going + coming)
			shelf_edit(c, kind, (const struct document **)gone + g, going,
				   (const struct document **)come + k, coming);
		g += going;
		k += coming;
	}
}

void catalog_edit(struct catalog *c, struct document **gone, size_t n_gone, struct document **come,
		  size_t n_come, struct diagnostics *ds)
{
	struct arena *scratch = arena_new();
	struct document **names = arena_alloc(scratch, (n_gone + n_come) * sizeof(*names));
	size_t n = n_gone + n_come, kept = 0;

	memcpy(names, gone, n_gone * sizeof(*names));
	memcpy(names + n_gone, come, n_come * sizeof(*names));
	qsort(names, n, sizeof(*names), compare_by_kind);
	for (size_t i = 0; i < n_gone; i++) {
		if (c->n_passed_over == 0 || !recall(c, gone[i]))
			gone[kept++] = gone[i];
	}
	shelves_edit(c, gone, kept, come, n_come);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || !same_name(names[i], names[i - 1]))
			settle_name(c, names[i]->kind, names[i]->name, ds);
	}
	arena_free(scratch);
}
