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
};

static void add(const struct link *l, void *context)
{
	struct sweep *s = context;
	int host_end = ifb_host_index(l);

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

/* Keeps those whose host ends are gone. */
static int keep_orphans(struct netlink *nl, struct sweep *s)
{
	struct link found;
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		int error = link_by_index(nl, LINK_HERE, s->items[i].host_end, &found);

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
	int error = link_each(nl, LINK_HERE, IFB_KIND, add, s);

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
	int error = find_orphans(nl, &s);

	for (size_t i = 0; i < s.n && error == 0; i++) {
		error = link_delete(nl, s.items[i].index);
		if (error == -ENODEV)
			error = 0;
	}
	arena_free(s.arena);
	return error ? error : (int)s.n;
}
