#include "reconciler/export.h"

#include "reconciler/export_held.h"
#include "reconciler/export_keys.h"
#include "reconciler/export_nics.h"
#include "reconciler/export_print.h"
#include "reconciler/plan.h"
#include "reconciler/report.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <stdlib.h>
#include <string.h>

/* Dropping a line can make another one wrong: limits.memory.swap without limits.memory. */
#define ROUNDS_MOST 8

struct export_line *export_add(struct exported *e, const char *device, const char *key,
			       const char *value)
{
	struct export_line *l;

	e->lines = arena_grow(e->arena, e->lines, e->n, &e->capacity, sizeof(*e->lines));
	l = &e->lines[e->n++];
	*l = (struct export_line){
	    .device = arena_strdup(e->arena, device),
	    .key = arena_strdup(e->arena, key),
	    .value = arena_strdup(e->arena, value),
	};
	return l;
}

void export_note(struct exported *e, const char *format, ...)
{
	va_list args;

	e->notes =
	    arena_grow(e->arena, e->notes, e->n_notes, &e->capacity_notes, sizeof(*e->notes));
	va_start(args, format);
	e->notes[e->n_notes++] = arena_vprintf(e->arena, format, args);
	va_end(args);
}

/* Read as any manifest is. */
static struct manifest *manifest_of(const struct exported *e, struct diagnostics *ds)
{
	struct manifest_hints hints = {.kind = KIND_INSTANCE, .kind_known = true};
	struct manifest *m;
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	if (f) {
		export_yaml(f, e, true);
		fclose(f);
	}
	m = manifest_from_bytes(e->name, text ? text : "", n, hints, ds);
	free(text);
	return m;
}

/* A generation of one document per container. */
static void generation_make(struct generation *g, const struct options *o, const struct exports *x,
			    struct arena *a)
{
	struct expand_options how = {.host = o->host};

	*g = (struct generation){.arena = a, .directory = "export"};
	diagnostics_init(&g->diagnostics, a);
	g->manifests = arena_alloc(a, x->n * sizeof(struct manifest *));
	for (; g->n_manifests < x->n; g->n_manifests++)
		g->manifests[g->n_manifests] =
		    manifest_of(&x->items[g->n_manifests], &g->diagnostics);
	catalog_build(&g->catalog, g->manifests, g->n_manifests, a, &g->diagnostics);
	g->instances = arena_alloc(a, x->n * sizeof(struct instance *));
	for (; g->n_instances < g->catalog.n_instances; g->n_instances++)
		g->instances[g->n_instances] = instance_expand(
		    &g->catalog, g->catalog.instances[g->n_instances], &how, a, &g->diagnostics);
}

static void generation_forget(struct generation *g)
{
	for (size_t i = 0; i < g->n_manifests; i++)
		manifest_free(g->manifests[i]);
}

static struct exported *find(struct exports *x, const char *name)
{
	for (size_t i = 0; i < x->n; i++)
		if (strcmp(x->items[i].name, name) == 0)
			return &x->items[i];
	return NULL;
}

static bool drop(struct export_line *l, const char *why)
{
	if (l->dropped)
		return false;
	l->dropped = why;
	return true;
}

static bool drop_device(struct exported *e, const char *device, const char *why)
{
	bool dropped = false;

	for (size_t k = 0; device && k < e->n; k++)
		if (e->lines[k].device && strcmp(e->lines[k].device, device) == 0)
			dropped |= drop(&e->lines[k], why);
	return dropped;
}

/* Without it the rest says nothing: what a nic is. */
static bool carries_the_device(const struct export_line *l)
{
	return l->device && (strcmp(l->key, "nictype") == 0 || strcmp(l->key, "parent") == 0);
}

/* What makes a device what it is stands with each of its lines, and a limit with its bucket. */
static void add_what_it_needs(struct exported *alone, const struct exported *e,
			      const struct export_line *l)
{
	static const char bucket[] = ".bucket";
	size_t n = strlen(l->key);

	n = n > strlen(bucket) && strcmp(l->key + n - strlen(bucket), bucket) == 0
		? n - strlen(bucket)
		: 0;
	for (size_t i = 0; l->device && i < e->n; i++) {
		const struct export_line *k = &e->lines[i];

		if (k != l && k->device && strcmp(k->device, l->device) == 0 &&
		    (carries_the_device(k) || (n && strncmp(k->key, l->key, n) == 0 && !k->key[n])))
			export_add(alone, k->device, k->key, k->value);
	}
}

static void drop_broken(struct exported *e, struct export_line *l, const char *why)
{
	if (carries_the_device(l))
		drop_device(e, l->device, why);
	else
		drop(l, why);
}

/* A line that no manifest may have becomes a comment: each is read by itself. */
static void drop_invalid(struct exported *e)
{
	for (size_t i = 0; i < e->n; i++) {
		struct arena *a = arena_new();
		struct exported alone = {.arena = a, .name = e->name, .status = STATUS_STOPPED};
		struct export_line *l = &e->lines[i];
		struct diagnostics ds;

		diagnostics_init(&ds, a);
		if (!text_is_utf8(l->key, strlen(l->key), NULL) ||
		    !text_is_utf8(l->value, strlen(l->value), NULL)) {
			drop(l, "it is not UTF-8");
		} else {
			add_what_it_needs(&alone, e, l);
			export_add(&alone, l->device, l->key, l->value);
			manifest_free(manifest_of(&alone, &ds));
		}
		for (size_t k = 0; k < ds.n; k++)
			if (ds.items[k].severity == SEVERITY_ERROR)
				drop_broken(e, l, arena_strdup(e->arena, ds.items[k].message));
		arena_free(a);
	}
}

/* The line that asked for a change: its key, or DEVICE.OPTION. */
static struct export_line *line_of(struct exported *e, const struct change *c)
{
	for (size_t k = 0; c->key && k < e->n; k++) {
		struct export_line *l = &e->lines[k];
		const char *key =
		    l->device ? arena_printf(e->arena, "%s.%s", l->device, l->key) : l->key;

		if (strcmp(key, c->key) == 0)
			return l;
	}
	return NULL;
}

static bool has_device(const struct exported *e, const char *device)
{
	for (size_t k = 0; device && k < e->n; k++)
		if (e->lines[k].device && strcmp(e->lines[k].device, device) == 0)
			return true;
	return false;
}

static bool drop_change(struct exported *e, const struct change *c)
{
	struct export_line *l = line_of(e, c);
	bool whole = !l && has_device(e, c->key);
	const char *why;

	if ((!l || l->dropped) && !whole)
		return false;
	if (c->action == ACTION_NONE)
		why = c->reason ? c->reason : "it cannot be had here";
	else
		why = arena_printf(e->arena, "it would change %s %s from %s to %s", c->object,
				   c->attribute, c->from ? c->from : "nothing",
				   c->to ? c->to : "nothing");
	why = arena_strdup(e->arena, why);
	if (whole || carries_the_device(l))
		return drop_device(e, whole ? c->key : l->device, why);
	return drop(l, why);
}

/* What the lines desire, against what holds. */
static bool drop_untrue(struct exported *e, struct survey *s, struct subject *subject)
{
	struct properties desired, observed, owned, kept;
	struct changes changes = {.arena = s->arena};
	bool dropped = false;

	if (!subject_runs(subject))
		return false;
	properties_init(&desired, s->arena);
	properties_init(&observed, s->arena);
	properties_init(&owned, s->arena);
	properties_init(&kept, s->arena);
	plan_desire(&s->world, subject->world, &desired);
	plan_observe(subject->container, &desired, &observed);
	plan_diff(subject->container, &desired, &observed, &owned, &changes, &kept);
	for (size_t i = 0; i < changes.n; i++)
		dropped |= drop_change(e, &changes.items[i]);
	return dropped;
}

static bool is_said(const struct properties *desired, const struct property *p)
{
	const struct property *d = properties_find(desired, p->object, p->attribute);

	return d && d->value && p->value && strcmp(d->value, p->value) == 0;
}

/* A container keeps its id map where the manifest names no key for it. Of interfaces those that no
 * nic is like are noted where they are met, and the rest is theirs to choose. */
static bool needs_no_line(const struct property *p)
{
	return (strcmp(p->attribute, "lxc.idmap") == 0 && *p->value) || object_is(p->object, "nic");
}

/* What holds and no line asks for: said, since the manifest alone would not bring it about. */
static bool note_unsaid(struct exported *e, struct survey *s, struct subject *subject)
{
	struct properties desired, held;

	if (!subject_runs(subject))
		return false;
	properties_init(&desired, s->arena);
	properties_init(&held, s->arena);
	plan_desire(&s->world, subject->world, &desired);
	export_held(subject->container, &held);
	for (size_t i = 0; i < held.n; i++) {
		const struct property *p = &held.items[i];

		if (p->certainty != CERTAIN_VALUE || !p->value || is_said(&desired, p) ||
		    needs_no_line(p))
			continue;
		export_note(e, "%s %s is %s: no line says so", p->object, p->attribute,
			    report_secret(p->attribute) ||
				    strncmp(p->attribute, "lxc.environment.", 16) == 0
				? "(hidden)"
				: p->value);
	}
	return false;
}

static bool gather(struct exported *e, struct survey *s, struct subject *subject)
{
	struct properties held;

	properties_init(&held, s->arena);
	e->status = subject->world->status;
	export_held(subject->container, &held);
	export_keys(e, s->host, &held);
	export_nics(e, &held, subject->container->owned);
	return false;
}

/* Reads the manifests as they stand, takes stock, and visits each container. *DROPPED: a line was
 * taken out, so that the next round may find another. */
static int round_of(const struct options *o, struct exports *x, struct diagnostics *ds,
		    bool (*visit)(struct exported *, struct survey *, struct subject *),
		    bool *dropped)
{
	struct arena *a = arena_new();
	struct generation g;
	struct survey s;
	int r;

	*dropped = false;
	generation_make(&g, o, x, a);
	r = survey_take(&s, o, &g, NULL, a, NULL);
	for (size_t i = 0; r == 0 && i < s.n; i++)
		*dropped |= visit(find(x, s.world.instances[i].instance->name), &s, &s.subjects[i]);
	for (size_t i = 0; r < 0 && i < s.diagnostics.n; i++)
		diagnostics_take(ds, &s.diagnostics.items[i]);
	survey_close(&s);
	generation_forget(&g);
	arena_free(a);
	return r;
}

static int compare_lines(const void *x, const void *y)
{
	const struct export_line *a = x, *b = y;
	int order = a->device && b->device ? strcmp(a->device, b->device)
					   : (a->device != NULL) - (b->device != NULL);

	return order ? order : strcmp(a->key, b->key);
}

/* Of two lines for one key (a limit in bytes and one in operations) the first stands. */
static void sort_lines(struct exported *e)
{
	if (e->n > 1)
		qsort(e->lines, e->n, sizeof(*e->lines), compare_lines);
	for (size_t i = 1; i < e->n; i++)
		if (compare_lines(&e->lines[i - 1], &e->lines[i]) == 0)
			drop(&e->lines[i], "the key can say only one of both");
}

int export_take(const struct options *o, const char *const *names, size_t n, struct exports *x,
		struct diagnostics *ds)
{
	bool dropped;
	int r;

	x->items = arena_alloc(x->arena, n * sizeof(*x->items));
	for (x->n = 0; x->n < n; x->n++)
		x->items[x->n] = (struct exported){
		    .arena = x->arena, .name = names[x->n], .status = STATUS_STOPPED};
	r = round_of(o, x, ds, gather, &dropped);
	for (size_t i = 0; i < n; i++) {
		sort_lines(&x->items[i]);
		drop_invalid(&x->items[i]);
	}
	dropped = true;
	for (int i = 0; r == 0 && dropped && i < ROUNDS_MOST; i++)
		r = round_of(o, x, ds, drop_untrue, &dropped);
	return r < 0 ? r : round_of(o, x, ds, note_unsaid, &dropped);
}
