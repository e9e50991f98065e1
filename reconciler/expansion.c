#include "reconciler/expansion.h"

#include "reconciler/host.h"
#include "reconciler/report.h"
#include "reconciler/survey.h"
#include "schema/arena.h"
#include "schema/instance_idmap.h"
#include "schema/text.h"

#include <errno.h>
#include <string.h>

/* What id maps depend on: the host's ranges, and the windows in force. */
struct ids {
	const struct host *host;
	const char *etc;              /* where subuid and subgid are */
	struct world_instance *items; /* parallel to the generation's instances */
	size_t n;
	size_t without_range; /* unprivileged ones, while root has no range to give */
	const char *first;    /* of them */
};

const char *expansion_value(const struct options *o, const struct setting *s)
{
	return o->show_secrets || !report_secret(s->name) ? s->text : "(hidden)";
}

static bool any_isolated(const struct generation *g, struct arena *a)
{
	uint32_t size, base;
	bool based;

	for (size_t i = 0; i < g->n_instances; i++) {
		if (!g->instances[i]->elsewhere &&
		    instance_isolated(g->instances[i], a, &size, &base, &based))
			return true;
	}
	return false;
}

/* The windows as a pass would assign them: what records and other containers hold counts. */
static bool survey_windows(struct ids *ids, const struct options *o, const struct generation *g,
			   struct arena *a)
{
	struct survey s;

	if (survey_take(&s, o, g, NULL, a, NULL) < 0)
		return false;
	for (size_t i = 0; i < ids->n; i++) {
		const struct world_instance *w = world_find(&s.world, ids->items[i].instance->name);

		if (w) {
			ids->items[i].window = w->window;
			ids->items[i].window_refused = w->window_refused;
		}
	}
	survey_close(&s);
	return true;
}

static void ids_read(struct ids *ids, const struct options *o, struct generation *g,
		     struct arena *a)
{
	*ids = (struct ids){.n = g->n_instances, .etc = o->etc ? o->etc : "/etc"};
	ids->host = host_read(o, NULL, a, &g->diagnostics);
	ids->items = arena_alloc(a, ids->n * sizeof(*ids->items));
	for (size_t i = 0; i < ids->n; i++)
		ids->items[i].instance = g->instances[i];
	if (any_isolated(g, a) && !survey_windows(ids, o, g, a))
		instance_windows(ids->items, ids->n, ids->host, NULL, 0, a);
}

/* The lines in one: hints have no line breaks. */
static const char *joined(const char *lines, struct arena *a)
{
	char *text = arena_strdup(a, lines);

	for (char *at = text; at && *at; at++) {
		if (*at == '\n')
			*at = ' ';
	}
	return text;
}

/* Host ids that root's lines do not cover: newuidmap(1) would refuse the start. */
static void check_covered(const struct ids *ids, const struct instance *i, const struct idmap *map,
			  struct generation *g)
{
	const struct expanded *e = instance_idmap_setting(i);
	const struct {
		const char *file, *lines;
	} halves[] = {
	    {"subuid",
	     instance_idmap_missing(&map->uid, ids->host->subuids, ids->host->n_subuids, g->arena)},
	    {"subgid",
	     instance_idmap_missing(&map->gid, ids->host->subgids, ids->host->n_subgids, g->arena)},
	};

	/* With the host's root in it LXC writes the map itself. */
	if (!e || idmap_maps_root(map))
		return;
	for (size_t h = 0; h < 2; h++) {
		if (!halves[h].lines)
			continue;
		diagnostic_warning(&g->diagnostics, e->setting->value_at,
				   "it would not start: root may not map all of these ids");
		diagnostic_hint(&g->diagnostics, "add to %s/%s: %s", ids->etc, halves[h].file,
				joined(halves[h].lines, g->arena));
		diagnostic_for(&g->diagnostics, i->name);
	}
}

static void refused(struct expansion *out, struct ids *ids, const struct complaint *why, int error,
		    struct generation *g)
{
	const struct expanded *e = instance_idmap_setting(out->instance);

	out->idmap_refused = arena_strdup(g->arena, why->message);
	if (error == -ENOENT) {
		if (ids->without_range++ == 0)
			ids->first = out->instance->name;
		return;
	}
	diagnostic_error(&g->diagnostics, e ? e->setting->value_at : out->instance->document->at,
			 "%s", why->message);
	if (why->hint[0])
		diagnostic_hint(&g->diagnostics, "%s", why->hint);
	diagnostic_for(&g->diagnostics, out->instance->name);
}

static void map_ids(struct expansion *out, struct ids *ids, size_t index, struct generation *g)
{
	struct complaint why;
	struct idmap map;
	int r;

	/* What is wrong already was said in full. */
	if (out->held)
		return;
	r = instance_idmap(&ids->items[index], ids->host, g->arena, &map, &why);
	if (r < 0) {
		refused(out, ids, &why, r, g);
		return;
	}
	out->n_idmap = idmap_print(&map, g->arena, &out->idmap);
	check_covered(ids, out->instance, &map, g);
}

static bool asked_for(const struct options *o, const char *name)
{
	for (size_t i = 0; i < o->n_names; i++) {
		if (strcmp(o->names[i], name) == 0)
			return true;
	}
	return o->n_names == 0;
}

static int unknown(const char *name, struct generation *g)
{
	const char **names = arena_alloc(g->arena, g->n_instances * sizeof(*names));
	const char *near;

	for (size_t i = 0; i < g->n_instances; i++)
		names[i] = g->instances[i]->name;
	near = text_near_miss(name, names, g->n_instances);
	diagnostic_error(&g->diagnostics, NOWHERE, "no manifest in %s is about an instance %s",
			 text_escape(g->arena, g->directory, strlen(g->directory), 0),
			 text_escape(g->arena, name, strlen(name), 64));
	if (near)
		diagnostic_hint(&g->diagnostics, "did you mean %s?", near);
	return -ENOENT;
}

static void note_missing_range(const struct ids *ids, struct generation *g)
{
	if (ids->without_range == 0)
		return;
	diagnostic_warning(&g->diagnostics, NOWHERE, "no id map for %s%s: %s", ids->first,
			   ids->without_range == 1
			       ? ""
			       : arena_printf(g->arena, " and %zu more", ids->without_range - 1),
			   ids->host->idmap_missing ? ids->host->idmap_missing
						    : "root has no range of ids");
}

int expansions_make(struct expansions *out, const struct options *o, struct generation *g)
{
	struct ids ids;
	int r = 0;

	*out = (struct expansions){.arena = g->arena};
	out->items = arena_alloc(g->arena, g->n_instances * sizeof(*out->items));
	ids_read(&ids, o, g, g->arena);
	for (size_t i = 0; i < o->n_names; i++) {
		if (!generation_find(g, o->names[i]))
			r = unknown(o->names[i], g);
	}
	for (size_t i = 0; i < g->n_instances; i++) {
		struct expansion *e = &out->items[out->n];

		if (!asked_for(o, g->instances[i]->name))
			continue;
		e->instance = g->instances[i];
		e->held = instance_held_reason(&g->catalog, e->instance, g->arena);
		e->n_losers = instance_losers(&g->catalog, e->instance, g->arena, &e->losers);
		map_ids(e, &ids, i, g);
		out->n++;
	}
	note_missing_range(&ids, g);
	diagnostics_sort(&g->diagnostics);
	return r;
}
