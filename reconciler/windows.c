#include "reconciler/windows.h"

#include "reconciler/survey.h"
#include "schema/arena.h"

#include <stdlib.h>
#include <string.h>

/* Every window that somebody holds, gathered only when a new one is needed. */
struct taken {
	struct idmap_window *items;
	size_t n, capacity;
};

static void taken_add(struct survey *s, struct taken *t, struct idmap_window w)
{
	t->items = arena_grow(s->arena, t->items, t->n, &t->capacity, sizeof(*t->items));
	t->items[t->n++] = w;
}

static bool isolated(const struct instance *i)
{
	return instance_yes(i, "security.idmap.isolated", false) &&
	       !instance_yes(i, "security.privileged", false);
}

static uint32_t number_of(const struct survey *s, const struct instance *i, const char *key,
			  uint32_t preset)
{
	struct value v;

	return instance_value(i, key, s->arena, &v) ? (uint32_t)v.number : preset;
}

/* The window that the manifest names or the record holds; size 0: one has to be found. */
static struct idmap_window window_known(const struct survey *s, const struct subject *subject)
{
	const struct instance *i = subject->world->instance;
	uint32_t size = number_of(s, i, "security.idmap.size", IDMAP_WINDOW);
	struct idmap_window w = {.size = size, .holder = i->name};

	if (instance_get(i, "security.idmap.base")) {
		w.base = number_of(s, i, "security.idmap.base", 0);
		return w;
	}
	w.base = subject->record.window.base;
	if (subject->record.window.size != size)
		w.size = 0;
	return w;
}

static void taken_by_map(struct survey *s, struct taken *t, const char *name, const char *text)
{
	struct idmap map;

	if (!text || idmap_parse(text, s->arena, &map) < 0)
		return;
	for (size_t k = 0; k < map.uid.n; k++)
		taken_add(
		    s, t,
		    (struct idmap_window){map.uid.items[k].host, map.uid.items[k].count, name});
	for (size_t k = 0; k < map.gid.n; k++)
		taken_add(
		    s, t,
		    (struct idmap_window){map.gid.items[k].host, map.gid.items[k].count, name});
}

/* What containers hold that no manifest of ours names, by their own config. */
static void taken_by_others(struct survey *s, struct taken *t)
{
	const char **names;
	size_t n = containers_defined(s->containers, &names);

	for (size_t k = 0; k < n; k++) {
		struct container *c;

		if (world_find(&s->world, names[k]))
			continue;
		c = container_open(s->containers, names[k]);
		taken_by_map(s, t, names[k], c->own_item(c, "lxc.idmap"));
		container_close(c);
	}
}

static bool overlap(const struct idmap_window *x, const struct idmap_window *y)
{
	return (uint64_t)x->base < (uint64_t)y->base + y->size &&
	       (uint64_t)y->base < (uint64_t)x->base + x->size;
}

static void refuse_collisions(struct survey *s, const struct subject *subject,
			      const struct taken *t)
{
	const struct instance *i = subject->world->instance;
	const struct expanded *base = instance_get(i, "security.idmap.base");
	const struct idmap_window *w = &subject->world->window;

	for (size_t k = 0; base && k < t->n; k++) {
		if (strcmp(t->items[k].holder, i->name) == 0 || !overlap(w, &t->items[k]))
			continue;
		diagnostic_error(&s->diagnostics, base->setting->value_at,
				 "the id window %u..%u overlaps %u..%u of %s", w->base,
				 w->base + w->size - 1, t->items[k].base,
				 t->items[k].base + t->items[k].size - 1, t->items[k].holder);
		diagnostic_for(&s->diagnostics, i->name);
		subject->world->window.size = 0;
		subject->world->window_refused = "its id window overlaps another container's";
		return;
	}
}

static void window_find(struct survey *s, struct subject *subject, struct taken *t)
{
	const struct instance *i = subject->world->instance;
	uint32_t size = number_of(s, i, "security.idmap.size", IDMAP_WINDOW);
	const struct expanded *at = instance_get(i, "security.idmap.isolated");
	struct idmap_window *w = &subject->world->window;

	if (idmap_window_find(&s->host->idmap, t->items, t->n, size, &w->base) < 0) {
		diagnostic_error(&s->diagnostics, at->setting->at,
				 "no %u ids are left for an isolated instance", size);
		diagnostic_hint(&s->diagnostics, "give root a larger range in /etc/subuid and "
						 "/etc/subgid: the first 65536 ids serve all "
						 "instances that are not isolated");
		diagnostic_for(&s->diagnostics, i->name);
		subject->world->window_refused = "no free id window is large enough";
		return;
	}
	w->size = size;
	w->holder = i->name;
	taken_add(s, t, *w);
}

void windows_assign(struct survey *s)
{
	struct taken taken = {0};
	bool asked = false; /* a window is to be found or to be checked */

	for (size_t k = 0; k < s->n; k++) {
		struct subject *subject = &s->subjects[k];

		subject->world->window = (struct idmap_window){0};
		if (!isolated(subject->world->instance))
			continue;
		subject->world->window = window_known(s, subject);
		if (subject->world->window.size)
			taken_add(s, &taken, subject->world->window);
		if (!subject->world->window.size ||
		    instance_get(subject->world->instance, "security.idmap.base"))
			asked = true;
	}
	if (!asked)
		return;
	taken_by_others(s, &taken);
	for (size_t k = 0; k < s->n; k++) {
		struct subject *subject = &s->subjects[k];

		if (!isolated(subject->world->instance))
			continue;
		if (subject->world->window.size)
			refuse_collisions(s, subject, &taken);
		else if (s->host->idmap.uid.n)
			window_find(s, subject, &taken);
	}
}
