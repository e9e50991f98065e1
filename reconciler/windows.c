#include "reconciler/windows.h"

#include "reconciler/survey.h"
#include "schema/arena.h"
#include "schema/instance_idmap.h"

/* Windows that somebody holds who is not in the world. */
struct foreign {
	struct idmap_window *items;
	size_t n, capacity;
};

static void foreign_half(struct survey *s, struct foreign *f, const struct idmap_half *half,
			 const char *holder)
{
	for (size_t i = 0; i < half->n; i++) {
		f->items = arena_grow(s->arena, f->items, f->n, &f->capacity, sizeof(*f->items));
		f->items[f->n++] = (struct idmap_window){
		    .base = half->items[i].host, .size = half->items[i].count, .holder = holder};
	}
}

static void foreign_container(struct survey *s, struct foreign *f, const char *name)
{
	struct container *c = container_open(s->containers, name);
	const char *text = c->own_item(c, "lxc.idmap");
	struct idmap map;

	if (text && idmap_parse(text, s->arena, &map) == 0) {
		foreign_half(s, f, &map.uid, name);
		foreign_half(s, f, &map.gid, name);
	}
	container_close(c);
}

/* What containers hold that no manifest of ours names, by their own config. */
static struct foreign foreign_windows(struct survey *s)
{
	struct foreign f = {0};
	const char **names;
	size_t n = containers_defined(s->containers, &names);

	for (size_t i = 0; i < n; i++)
		if (!world_find(&s->world, names[i]))
			foreign_container(s, &f, names[i]);
	return f;
}

/* Is there a window to be found, or one that the manifest names and that must be checked? */
static bool windows_asked(const struct survey *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct world_instance *w = &s->world.instances[i];
		uint32_t size, base;
		bool based;

		if (instance_isolated(w->instance, s->arena, &size, &base, &based) &&
		    (based || w->window.size != size))
			return true;
	}
	return false;
}

void windows_assign(struct survey *s)
{
	struct foreign f = {0};

	/* others' configs are read only when somebody needs to be told apart from them */
	if (windows_asked(s))
		f = foreign_windows(s);
	instance_windows(s->world.instances, s->n, s->host, f.items, f.n, s->arena);
}
