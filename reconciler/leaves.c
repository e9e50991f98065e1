#include "reconciler/leaves.h"

#include "schema/arena.h"

#include <stdlib.h>
#include <string.h>

/* The end of a path is less than a slash, a slash is less than any other byte. */
static int rank(char c)
{
	return c == '\0' ? 0 : c == '/' ? 1 : 2 + (unsigned char)c;
}

int leaves_compare_paths(const char *x, const char *y)
{
	while (*x && *x == *y) {
		x++;
		y++;
	}
	return rank(*x) - rank(*y);
}

int leaves_compare(const void *x, const void *y)
{
	return leaves_compare_paths((*(struct leaf *const *)x)->path,
				    (*(struct leaf *const *)y)->path);
}

bool leaves_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return n == 0 || (strncmp(path, folder, n) == 0 && (path[n] == '\0' || path[n] == '/'));
}

struct leaf *leaves_make(struct leaves *ls, const char *path, struct manifest *m)
{
	struct leaf *l =
	    ls->n_unused ? ls->unused[--ls->n_unused] : arena_alloc(ls->arena, sizeof(*l));

	*l = (struct leaf){.manifest = m, .arena = m ? m->arena : arena_new()};
	l->path = m ? m->source.name : arena_strdup(l->arena, path);
	return l;
}

void leaves_free(struct leaves *ls, struct leaf *l)
{
	for (size_t i = 0; i < l->n_remembered; i++)
		manifest_free(document_manifest(l->remembered[i]));
	if (l->manifest)
		manifest_free(l->manifest);
	else
		arena_free(l->arena);
	ls->unused =
	    sorted_room(&ls->room_unused, ls->unused, ls->n_unused, 1, sizeof(*ls->unused));
	ls->unused[ls->n_unused++] = l;
}

void leaves_close(struct leaves *ls)
{
	for (size_t i = 0; i < ls->n; i++)
		leaves_free(ls, ls->items[i]);
	ls->n = 0;
	sorted_free(&ls->room);
	sorted_free(&ls->room_unused);
}

static size_t lower(const struct leaves *ls, const char *path)
{
	const struct leaf wanted = {.path = path}, *w = &wanted;

	return sorted_lower(ls->items, ls->n, sizeof(*ls->items), &w, leaves_compare);
}

/* A walk meets the leaves in their order: the next one is mostly the one behind the last. */
struct leaf *leaves_find(struct leaves *ls, const char *path)
{
	size_t i = ls->cursor;

	if (i >= ls->n || strcmp(ls->items[i]->path, path) != 0)
		i = lower(ls, path);
	if (i == ls->n || strcmp(ls->items[i]->path, path) != 0)
		return NULL;
	ls->cursor = i + 1;
	return ls->items[i];
}

size_t leaves_range(const struct leaves *ls, const char *path, size_t *n)
{
	size_t first = lower(ls, path), end = first, high = ls->n;

	while (end < high) {
		size_t middle = end + (high - end) / 2;

		if (leaves_below(ls->items[middle]->path, path))
			end = middle + 1;
		else
			high = middle;
	}
	*n = end - first;
	return first;
}

void leaves_edit(struct leaves *ls, struct leaf **gone, size_t n_gone, struct leaf **come,
		 size_t n_come)
{
	ls->items = sorted_room(&ls->room, ls->items, ls->n, n_come, sizeof(*ls->items));
	ls->n = sorted_edit(ls->items, ls->n, sizeof(*ls->items), gone, n_gone, come, n_come,
			    leaves_compare);
}

static int compare_named(const void *x, const void *y)
{
	const struct document *d = *(struct document *const *)x, *e = *(struct document *const *)y;

	return d->kind != e->kind ? (d->kind < e->kind ? -1 : 1) : strcmp(d->name, e->name);
}

void leaves_remember(struct leaf *l, const struct leaf *old)
{
	struct arena *scratch = arena_new();
	struct document **had = arena_alloc(scratch, leaves_count(old) * sizeof(*had));
	struct document **has = arena_alloc(scratch, leaves_count(l) * sizeof(*has));
	size_t n_had = leaves_documents(old, had), n_has = leaves_documents(l, has);

	qsort(has, n_has, sizeof(*has), compare_named);
	l->remembered = arena_alloc(l->arena, n_had * sizeof(*had));
	for (size_t i = 0; i < n_had; i++) {
		if (bsearch(&had[i], has, n_has, sizeof(*has), compare_named))
			continue;
		had[i]->faulty = had[i]->broken = had[i]->doubted = true;
		manifest_hold(document_manifest(had[i]));
		l->remembered[l->n_remembered++] = had[i];
	}
	arena_free(scratch);
}

void leaves_doubt(struct leaf *l, bool stale)
{
	l->stale = stale;
	for (size_t i = 0; l->manifest && i < l->manifest->n; i++)
		l->manifest->documents[i].doubted = stale || !l->trusted;
}

size_t leaves_count(const struct leaf *l)
{
	return (l->manifest ? l->manifest->n : 0) + l->n_remembered;
}

size_t leaves_documents(const struct leaf *l, struct document **out)
{
	size_t n = 0;

	for (size_t i = 0; l->manifest && i < l->manifest->n; i++) {
		if (l->manifest->documents[i].kind != KIND_PRESEED)
			out[n++] = &l->manifest->documents[i];
	}
	for (size_t i = 0; i < l->n_remembered; i++)
		out[n++] = l->remembered[i];
	return n;
}
