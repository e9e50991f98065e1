#include "schema/sorted.h"

#include "schema/arena.h"

#include <stdbool.h>
#include <string.h>

/* Grows by an eighth: these arrays are few and large. */
void *sorted_room(struct sorted_room *room, void *items, size_t n, size_t more, size_t size)
{
	size_t wanted = n + more + (n + more) / 8 + 4;
	struct arena *a;
	void *larger;

	if (n + more <= room->n)
		return items;
	a = arena_new();
	arena_reserve(a, wanted * size);
	larger = arena_alloc(a, wanted * size);
	if (n)
		memcpy(larger, items, n * size);
	sorted_free(room);
	*room = (struct sorted_room){a, wanted};
	return larger;
}

void sorted_free(struct sorted_room *room)
{
	arena_free(room->arena);
	*room = (struct sorted_room){0};
}

static char *at(const void *items, size_t i, size_t size)
{
	return (char *)items + i * size;
}

size_t sorted_lower(const void *items, size_t n, size_t size, const void *item,
		    int (*compare)(const void *, const void *))
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(at(items, middle, size), item) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Each run between two that go is moved once. */
size_t sorted_drop(void *items, size_t n, size_t size, const void *gone, size_t n_gone,
		   int (*compare)(const void *, const void *))
{
	size_t from = 0, to = 0;

	for (size_t g = 0; g < n_gone && from < n; g++) {
		size_t run =
		    sorted_lower(at(items, from, size), n - from, size, at(gone, g, size), compare);

		if (to != from)
			memmove(at(items, to, size), at(items, from, size), run * size);
		to += run;
		from += run;
		if (from < n && compare(at(items, from, size), at(gone, g, size)) == 0)
			from++;
	}
	if (to != from)
		memmove(at(items, to, size), at(items, from, size), (n - from) * size);
	return to + n - from;
}

/* From the back, so that each run is moved once, to where it stays. */
size_t sorted_add(void *items, size_t n, size_t size, const void *come, size_t n_come,
		  int (*compare)(const void *, const void *))
{
	size_t end = n;

	for (size_t c = n_come; c-- > 0;) {
		size_t here = sorted_lower(items, end, size, at(come, c, size), compare);

		memmove(at(items, here + c + 1, size), at(items, here, size), (end - here) * size);
		memcpy(at(items, here + c, size), at(come, c, size), size);
		end = here;
	}
	return n + n_come;
}

/* Does ITEM belong where the one at I is? */
static bool fits(const void *items, size_t n, size_t i, size_t size, const void *item,
		 int (*compare)(const void *, const void *))
{
	return (i == 0 || compare(at(items, i - 1, size), item) < 0) &&
	       (i + 1 == n || compare(item, at(items, i + 1, size)) < 0);
}

size_t sorted_edit(void *items, size_t n, size_t size, void *gone, size_t n_gone, void *come,
		   size_t n_come, int (*compare)(const void *, const void *))
{
	size_t going = 0, coming = 0, c = 0;

	for (size_t g = 0; g < n_gone; g++) {
		size_t i = sorted_lower(items, n, size, at(gone, g, size), compare);

		if (i == n || compare(at(items, i, size), at(gone, g, size)) != 0)
			continue;
		while (c < n_come && i > 0 &&
		       compare(at(come, c, size), at(items, i - 1, size)) <= 0)
			memmove(at(come, coming++, size), at(come, c++, size), size);
		if (c < n_come && fits(items, n, i, size, at(come, c, size), compare))
			memcpy(at(items, i, size), at(come, c++, size), size);
		else
			memmove(at(gone, going++, size), at(gone, g, size), size);
	}
	while (c < n_come)
		memmove(at(come, coming++, size), at(come, c++, size), size);
	n = sorted_drop(items, n, size, gone, going, compare);
	return sorted_add(items, n, size, come, coming, compare);
}
