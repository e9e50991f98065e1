#include "reconciler/reload.h"

#include "schema/arena.h"

#include <string.h>

struct reload {
	const struct options *options;
	struct tree_hooks hooks;
	struct arena *arena;
	struct generation *generation;
	struct diagnostics findings;
	struct generation *retired;
	struct diagnostics none;
};

struct reload *reload_open(const struct options *o)
{
	struct arena *a = arena_new();
	struct reload *r = arena_alloc(a, sizeof(*r));
	struct arena *own = arena_new();

	r->options = o;
	r->arena = a;
	r->generation = arena_alloc(own, sizeof(*r->generation));
	*r->generation = (struct generation){
	    .arena = own,
	    .directory = o->directory,
	    .trouble = LOAD_MISSING,
	    .partial = true,
	};
	diagnostics_init(&r->findings, own);
	return r;
}

void reload_close(struct reload *r)
{
	if (!r)
		return;
	generation_free(r->retired);
	generation_free(r->generation);
	arena_free(r->arena);
}

void reload_hook(struct reload *r, struct tree_hooks hooks)
{
	r->hooks = hooks;
}

static void add_name(struct reload_news *news, size_t *capacity, struct arena *a, const char *name)
{
	news->names = arena_grow(a, news->names, news->n, capacity, sizeof(*news->names));
	news->names[news->n++] = arena_strdup(a, name);
}

static void compare(const struct generation *was, const struct generation *is,
		    struct reload_news *news, struct arena *a)
{
	size_t i = 0, k = 0, capacity = 0;

	while (i < was->n_instances || k < is->n_instances) {
		const struct instance *old = i < was->n_instances ? was->instances[i] : NULL;
		const struct instance *new = k < is->n_instances ? is->instances[k] : NULL;
		int order = !old ? 1 : !new ? -1 : strcmp(old->name, new->name);

		if (order != 0 || !instance_same(old, new))
			add_name(news, &capacity, a, order < 0 ? old->name : new->name);
		i += order <= 0;
		k += order >= 0;
	}
}

enum load_trouble reload_update(struct reload *r, const char *const *paths, size_t n,
				struct arena *a, struct reload_news *news)
{
	struct generation *next = generation_load_hooked(r->options, TRUST_ENFORCE, r->hooks);

	(void)paths;
	(void)n;
	generation_free(r->retired);
	r->retired = NULL;
	*news = (struct reload_news){.whole = true, .files_read = next->n_files};
	diagnostics_init(&news->findings, a);
	for (size_t i = 0; i < next->diagnostics.n; i++)
		diagnostics_take(&news->findings, &next->diagnostics.items[i]);
	if (next->trouble != LOAD_FINE) {
		r->retired = next;
		r->generation->trouble = next->trouble;
		r->generation->partial = true;
		return next->trouble;
	}
	news->instances_expanded = next->n_instances;
	compare(r->generation, next, news, a);
	r->retired = r->generation;
	r->generation = next;
	r->findings = next->diagnostics;
	next->diagnostics = r->none;
	return LOAD_FINE;
}

struct generation *reload_generation(struct reload *r)
{
	return r->generation;
}

void reload_findings(struct reload *r, struct diagnostics *out)
{
	for (size_t i = 0; i < r->findings.n; i++)
		diagnostics_take(out, &r->findings.items[i]);
}
