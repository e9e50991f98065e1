#include "reconciler/ward.h"

#include "reconciler/container.h"
#include "schema/arena.h"
#include "schema/sorted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_end(void *piece)
{
	if (piece)
		return piece;
	fputs("evenkeel: out of memory\n", stderr);
	_Exit(2);
}

static int compare_names(const void *x, const void *y)
{
	return strcmp((*(struct ward *const *)x)->name, (*(struct ward *const *)y)->name);
}

/* Where NAME is, or would be. */
static size_t position(const struct wards *w, const char *name, bool *found)
{
	const struct ward probe = {.name = (char *)name}, *wanted = &probe;
	size_t at = sorted_lower(w->items, w->n, sizeof(struct ward *), &wanted, compare_names);

	*found = at < w->n && strcmp(w->items[at]->name, name) == 0;
	return at;
}

struct ward *ward_find(const struct wards *w, const char *name)
{
	bool found;
	size_t at = position(w, name, &found);

	return found ? w->items[at] : NULL;
}

size_t wards_behind(const struct wards *w, const char *name)
{
	bool found = false;
	size_t at = name ? position(w, name, &found) : 0;

	return at + found;
}

static struct ward *ward_new(const char *name)
{
	struct ward *ward = or_end(calloc(1, sizeof(*ward)));

	ward->name = or_end(strdup(name));
	ward->fresh = ward->look = true;
	ward->status = STATUS_MISSING;
	ward->standing.name = ward->name;
	ward->standing.condition = CONDITION_DRIFTED;
	attempts_init(&ward->attempts, name);
	return ward;
}

struct ward *ward_add(struct wards *w, const char *name)
{
	bool found;
	size_t at = position(w, name, &found);

	if (found)
		return w->items[at];
	if (w->n == w->capacity) {
		w->capacity = w->capacity ? 2 * w->capacity : 64;
		w->items = or_end(reallocarray(w->items, w->capacity, sizeof(*w->items)));
	}
	memmove(&w->items[at + 1], &w->items[at], (w->n - at) * sizeof(*w->items));
	w->n++;
	return w->items[at] = ward_new(name);
}

void ward_let_go(struct ward *w)
{
	container_close(w->container);
	w->container = NULL;
	arena_free(w->own);
	w->own = NULL;
	free(w->text);
	w->text = NULL;
	w->held = 0;
}

void ward_set_cpus(struct ward *w, const struct ranges *cpus, const char *refused)
{
	struct range *items = NULL;

	if (cpus->n) {
		items = or_end(reallocarray(NULL, cpus->n, sizeof(*items)));
		memcpy(items, cpus->items, cpus->n * sizeof(*items));
	}
	free((void *)w->cpus.items);
	w->cpus = (struct ranges){items, cpus->n};
	free(w->cpus_refused);
	w->cpus_refused = refused ? or_end(strdup(refused)) : NULL;
}

void ward_remove(struct wards *w, struct ward *ward)
{
	static const struct ranges none;
	bool found;
	size_t at = position(w, ward->name, &found);

	if (found)
		memmove(&w->items[at], &w->items[at + 1], (--w->n - at) * sizeof(*w->items));
	ward_let_go(ward);
	ward_set_cpus(ward, &none, NULL);
	attempts_clear(&ward->attempts);
	arena_free(ward->details);
	free(ward->name);
	free(ward);
}
