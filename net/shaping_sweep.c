#include "net/ifb.h"
#include "net/netlink.h"
#include "net/shaping.h"
#include "schema/arena.h"

#include <errno.h>
#include <stdlib.h>

/* An IFB of ours, and whose it is. */
struct owned {
	int index, host_end;
};

struct sweep {
	struct arena *arena;
	struct owned *items;
	size_t n, capacity;
	int *all; /* interfaces there are */
	size_t n_all, capacity_all;
};

static void add(const struct link *l, void *context)
{
	struct sweep *s = context;
	int host_end = ifb_host_index(l);

	s->all = arena_grow(s->arena, s->all, s->n_all, &s->capacity_all, sizeof(*s->all));
	s->all[s->n_all++] = l->index;
	if (host_end == 0)
		return;
	s->items = arena_grow(s->arena, s->items, s->n, &s->capacity, sizeof(*s->items));
	s->items[s->n++] = (struct owned){l->index, host_end};
}

static int compare(const void *x, const void *y)
{
	const struct owned *a = x, *b = y;

	return (a->index > b->index) - (a->index < b->index);
}

/* An interrupted dump was taken again: some are there twice. */
static void sort(struct sweep *s)
{
	size_t n = 0;

	if (s->n > 1)
		qsort(s->items, s->n, sizeof(*s->items), compare);
	for (size_t i = 0; i < s->n; i++)
		if (n == 0 || s->items[n - 1].index != s->items[i].index)
			s->items[n++] = s->items[i];
	s->n = n;
}

static int compare_numbers(const void *x, const void *y)
{
	const int *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/* Keeps those whose host ends are gone: they were not among all, and are not found alone. */
static int keep_orphans(struct netlink *nl, struct sweep *s)
{
	struct link found;
	size_t n = 0;

	if (s->n_all > 1)
		qsort(s->all, s->n_all, sizeof(*s->all), compare_numbers);
	for (size_t i = 0; i < s->n; i++) {
		int host_end = s->items[i].host_end, error;

		if (bsearch(&host_end, s->all, s->n_all, sizeof(*s->all), compare_numbers))
			continue;
		error = link_by_index(nl, LINK_HERE, host_end, &found);
		if (error && error != -ENODEV)
			return error;
		if (error)
			s->items[n++] = s->items[i];
	}
	s->n = n;
	return 0;
}

static int find_orphans(struct netlink *nl, struct sweep *s)
{
	int error = link_each(nl, LINK_HERE, NULL, add, s);

	if (error)
		return error;
	sort(s);
	return keep_orphans(nl, s);
}

int shaping_orphans(struct netlink *nl)
{
	struct sweep s = {.arena = arena_new()};
	int error = find_orphans(nl, &s);

	arena_free(s.arena);
	return error ? error : (int)s.n;
}

int shaping_sweep(struct netlink *nl)
{
	struct sweep s = {.arena = arena_new()};
	int error = find_orphans(nl, &s), n = (int)s.n;
	int *indexes = arena_alloc(s.arena, (s.n + 1) * sizeof(*indexes));

	for (size_t i = 0; i < s.n; i++)
		indexes[i] = s.items[i].index;
	if (error == 0)
		error = link_delete_all(nl, indexes, s.n);
	arena_free(s.arena);
	return error ? error : n;
}
