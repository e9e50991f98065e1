#include "reconciler/network_wards.h"

#include "schema/arena.h"

#include <stdlib.h>
#include <string.h>

static void *or_end(void *piece)
{
	if (piece)
		return piece;
	fputs("evenkeel: out of memory\n", stderr);
	_Exit(2);
}

/* The first whose name does not come before NAME. */
static size_t place_of(const struct network_wards *w, const char *name)
{
	size_t low = 0, high = w->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(w->items[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct network_ward *network_ward_find(const struct network_wards *w, const char *name)
{
	size_t at = place_of(w, name);

	return at < w->n && strcmp(w->items[at]->name, name) == 0 ? w->items[at] : NULL;
}

size_t network_wards_behind(const struct network_wards *w, const char *owner)
{
	size_t at = 0;

	while (owner && at < w->n && strcmp(w->items[at]->owner, owner) <= 0)
		at++;
	return at;
}

static struct network_ward *ward_new(const char *name)
{
	struct network_ward *w = or_end(calloc(1, sizeof(*w)));

	if (asprintf(&w->owner, STANDING_NETWORK "%s", name) < 0)
		or_end(NULL);
	w->name = w->owner + strlen(STANDING_NETWORK);
	attempts_init(&w->attempts, w->owner);
	w->standing.name = w->owner;
	return w;
}

struct network_ward *network_ward_add(struct network_wards *w, const char *name)
{
	struct network_ward *ward = network_ward_find(w, name);
	size_t at = place_of(w, name);

	if (ward)
		return ward;
	if (w->n == w->capacity) {
		w->capacity = w->capacity ? 2 * w->capacity : 8;
		w->items = or_end(reallocarray(w->items, w->capacity, sizeof(*w->items)));
	}
	memmove(w->items + at + 1, w->items + at, (w->n - at) * sizeof(*w->items));
	w->items[at] = ward = ward_new(name);
	w->n++;
	return ward;
}

void network_ward_remove(struct network_wards *w, struct network_ward *ward)
{
	size_t at = place_of(w, ward->name);

	w->n--;
	memmove(w->items + at, w->items + at + 1, (w->n - at) * sizeof(*w->items));
	attempts_clear(&ward->attempts);
	arena_free(ward->details);
	free(ward->owner);
	free(ward);
}

void network_wards_free(struct network_wards *w)
{
	while (w->n)
		network_ward_remove(w, w->items[w->n - 1]);
	free(w->items);
	*w = (struct network_wards){0};
}

bool network_wards_due(const struct network_wards *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->items[i]->due && !w->items[i]->removing)
			return true;
	return false;
}
