#include "schema/complaint.h"
#include "schema/idmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t window_end(const struct idmap_window *w)
{
	return (uint64_t)w->base + w->size;
}

static int compare_windows(const void *x, const void *y)
{
	const struct idmap_window *v = x, *w = y;

	return v->base < w->base ? -1 : v->base > w->base;
}

static bool sorted(const struct idmap_window *items, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (items[i].base < items[i - 1].base)
			return false;
	}
	return true;
}

/* The lowest place from AT on where SIZE ids lie within one entry of HALF, the ids that shared
 * containers use (the first 65536 of its first entry) left out. UINT64_MAX: none. */
static uint64_t fit_half(const struct idmap_half *half, uint64_t at, uint32_t size)
{
	uint64_t best = UINT64_MAX;

	for (size_t i = 0; i < half->n; i++) {
		uint64_t first = half->items[i].host, end = idmap_host_end(&half->items[i]);

		if (i == 0)
			first += IDMAP_WINDOW;
		if (first < at)
			first = at;
		if (first < end && end - first >= size && first < best)
			best = first;
	}
	return best;
}

static bool shared_ids(const struct idmap_half *half, struct idmap_window *out)
{
	if (half->n == 0)
		return false;
	*out = (struct idmap_window){
	    half->items[0].host,
	    half->items[0].count < IDMAP_WINDOW ? half->items[0].count : IDMAP_WINDOW, NULL};
	return true;
}

static bool overlap(const struct idmap_window *v, const struct idmap_window *w)
{
	return v->size && w->size && v->base < window_end(w) && w->base < window_end(v);
}

/* Both halves want the same window, so a place for one must do for the other. */
static uint64_t fit(const struct idmap *preset, uint64_t at, uint32_t size)
{
	const struct idmap_half *halves[] = {&preset->uid, &preset->gid};

	for (;;) {
		uint64_t start = at;

		for (size_t h = 0; h < 2; h++) {
			struct idmap_window shared, tried;

			at = fit_half(halves[h], at, size);
			if (at == UINT64_MAX)
				return at;
			tried = (struct idmap_window){(uint32_t)at, size, NULL};
			if (shared_ids(halves[h], &shared) && overlap(&tried, &shared))
				at = window_end(&shared);
		}
		if (at == start)
			return at;
	}
}

static int find(const struct idmap *preset, const struct idmap_window *taken, size_t n,
		uint32_t size, uint32_t *base)
{
	uint64_t at = fit(preset, 0, size);

	for (size_t i = 0; i < n && at != UINT64_MAX; i++) {
		if (taken[i].base >= at + size)
			break;
		if (window_end(&taken[i]) > at && taken[i].size > 0)
			at = fit(preset, window_end(&taken[i]), size);
	}
	if (at == UINT64_MAX)
		return -ENOSPC;
	*base = (uint32_t)at;
	return 0;
}

int idmap_window_find(const struct idmap *preset, const struct idmap_window *taken, size_t n,
		      uint32_t size, uint32_t *base)
{
	struct idmap_window *copy;
	int r;

	if (size == 0)
		return -ENOSPC;
	if (sorted(taken, n))
		return find(preset, taken, n, size, base);
	copy = calloc(n, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, taken, n * sizeof(*copy));
	qsort(copy, n, sizeof(*copy), compare_windows);
	r = find(preset, copy, n, size, base);
	free(copy);
	return r;
}

int idmap_window_check(const struct idmap *preset, const struct idmap_window *taken, size_t n,
		       const struct idmap_window *wanted, struct complaint *why)
{
	const struct idmap_half *halves[] = {&preset->uid, &preset->gid};

	if (wanted->size == 0)
		return complaint_set(why, 0, "a window of no ids cannot be mapped");
	if (window_end(wanted) > (uint64_t)IDMAP_MOST + 1)
		return complaint_set(why, 0, "the window %u+%u goes beyond id %u", wanted->base,
				     wanted->size, IDMAP_MOST);
	for (size_t h = 0; h < 2; h++) {
		struct idmap_window shared;

		if (shared_ids(halves[h], &shared) && overlap(&shared, wanted))
			return complaint_set(why, 0,
					     "the window %u+%u overlaps the ids %u+%u of the "
					     "containers that are not isolated",
					     wanted->base, wanted->size, shared.base, shared.size);
	}
	for (size_t i = 0; i < n; i++) {
		bool own = wanted->holder && taken[i].holder &&
			   strcmp(wanted->holder, taken[i].holder) == 0;

		if (!own && overlap(&taken[i], wanted))
			return complaint_set(
			    why, 0, "the window %u+%u overlaps %u+%u of %s", wanted->base,
			    wanted->size, taken[i].base, taken[i].size,
			    taken[i].holder ? taken[i].holder : "another container");
	}
	return 0;
}
