#include "reconciler/gone.h"

#include "schema/sorted.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static size_t place(const struct gone *g, const char *name)
{
	return sorted_lower(g->names, g->n, sizeof(*g->names), &name, compare);
}

static bool is_at(const struct gone *g, size_t at, const char *name)
{
	return at < g->n && strcmp(g->names[at], name) == 0;
}

/* Without memory for it, it is said once more: no more than that. */
void gone_add(struct gone *g, const char *name)
{
	size_t at = place(g, name), capacity = g->capacity ? 2 * g->capacity : 16;
	char *copy;

	if (is_at(g, at, name))
		return;
	if (g->n == g->capacity) {
		char **larger = reallocarray(g->names, capacity, sizeof(*larger));

		if (!larger)
			return;
		g->names = larger;
		g->capacity = capacity;
	}
	copy = strdup(name);
	if (!copy)
		return;
	memmove(&g->names[at + 1], &g->names[at], (g->n - at) * sizeof(*g->names));
	g->names[at] = copy;
	g->n++;
}

void gone_drop(struct gone *g, const char *name)
{
	size_t at = place(g, name);

	if (!is_at(g, at, name))
		return;
	free(g->names[at]);
	memmove(&g->names[at], &g->names[at + 1], (--g->n - at) * sizeof(*g->names));
}

bool gone_has(const struct gone *g, const char *name)
{
	return is_at(g, place(g, name), name);
}

void gone_free(struct gone *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->names[i]);
	free(g->names);
	*g = (struct gone){0};
}
