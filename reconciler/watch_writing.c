#include "reconciler/watch_writing.h"

#include "schema/arena.h"

#include <string.h>

static size_t find(const struct watch_writing *w, const char *path)
{
	size_t i = 0;

	while (i < w->n && strcmp(w->items[i].path, path) != 0)
		i++;
	return i;
}

bool watch_writing_add(struct watch_writing *w, const char *path)
{
	if (watch_writing_has(w, path))
		return true;
	if (w->n == sizeof(w->items) / sizeof(*w->items))
		return false;
	if (w->n == 0)
		arena_reset(w->arena);
	w->items[w->n++] = (struct written){arena_strdup(w->arena, path), false};
	return true;
}

bool watch_writing_has(const struct watch_writing *w, const char *path)
{
	return find(w, path) < w->n;
}

static void take_out(struct watch_writing *w, size_t i)
{
	w->items[i] = w->items[--w->n];
}

void watch_writing_remove(struct watch_writing *w, const char *path)
{
	size_t i = find(w, path);

	if (i < w->n)
		take_out(w, i);
}

void watch_writing_clear(struct watch_writing *w)
{
	w->n = 0;
}

const char *watch_writing_expire(struct watch_writing *w)
{
	const char *path;

	for (size_t i = 0; i < w->n; i++) {
		if (!w->items[i].old)
			continue;
		path = w->items[i].path;
		take_out(w, i);
		return path;
	}
	for (size_t i = 0; i < w->n; i++)
		w->items[i].old = true;
	return NULL;
}
