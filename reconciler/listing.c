#include "reconciler/listing.h"

#include "schema/arena.h"

#include <stdlib.h>
#include <string.h>

/* Where NAME is, or would be. */
static size_t place_of(const struct listing *l, const char *name, bool *found)
{
	size_t first = 0, last = l->n;

	*found = false;
	/* they mostly come in order */
	if (l->n && strcmp(l->items[l->n - 1].standing.name, name) < 0)
		return l->n;
	while (first < last) {
		size_t middle = first + (last - first) / 2;
		int order = strcmp(l->items[middle].standing.name, name);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			first = middle + 1;
		else
			last = middle;
	}
	return first;
}

static void make_room(struct listing *l)
{
	size_t capacity = l->capacity ? l->capacity * 2 : 16;
	struct listing_entry *larger;

	if (l->n < l->capacity)
		return;
	larger = reallocarray(l->items, capacity, sizeof(*larger));
	if (!larger)
		abort();
	l->items = larger;
	l->capacity = capacity;
}

const struct standing *listing_put(struct listing *l, const struct standing *s, bool *changed)
{
	struct listing_entry fresh = {.arena = arena_new()};
	bool found, same;
	size_t at = place_of(l, s->name, &found);

	standing_copy(s, fresh.arena, &fresh.standing);
	same = found && standing_equal(s, &l->items[at].standing);
	if (found) {
		arena_free(l->items[at].arena);
	} else {
		make_room(l);
		memmove(&l->items[at + 1], &l->items[at], (l->n - at) * sizeof(*l->items));
		l->n++;
	}
	l->items[at] = fresh;
	if (changed)
		*changed = !same;
	return &l->items[at].standing;
}

const struct standing *listing_find(const struct listing *l, const char *name)
{
	bool found;
	size_t at = place_of(l, name, &found);

	return found ? &l->items[at].standing : NULL;
}

void listing_remove(struct listing *l, const char *name)
{
	bool found;
	size_t at = place_of(l, name, &found);

	if (!found)
		return;
	arena_free(l->items[at].arena);
	l->n--;
	memmove(&l->items[at], &l->items[at + 1], (l->n - at) * sizeof(*l->items));
}

void listing_free(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		arena_free(l->items[i].arena);
	free(l->items);
	*l = (struct listing){0};
}

struct standings listing_standings(const struct listing *l, struct arena *a)
{
	struct standings s = {.n = l->n};

	s.items = arena_alloc(a, l->n * sizeof(*s.items));
	for (size_t i = 0; i < l->n; i++)
		s.items[i] = l->items[i].standing;
	return s;
}
