#include "reconciler/kept.h"

#include "schema/arena.h"
#include "schema/crosscheck.h"

#include <string.h>

static int compare_kept(const void *x, const void *y)
{
	return strcmp(((const struct kept *)x)->instance->name,
		      ((const struct kept *)y)->instance->name);
}

static int compare_instances(const void *x, const void *y)
{
	return strcmp((*(struct instance *const *)x)->name, (*(struct instance *const *)y)->name);
}

static size_t lower(const struct keeping *k, const char *name)
{
	struct instance wanted = {.name = name};
	struct kept w = {.instance = &wanted};

	return sorted_lower(k->items, k->n, sizeof(*k->items), &w, compare_kept);
}

const struct kept *keeping_find(const struct keeping *k, const char *name)
{
	size_t i = lower(k, name);

	return i < k->n && strcmp(k->items[i].instance->name, name) == 0 ? &k->items[i] : NULL;
}

static void kept_free(struct kept *k)
{
	for (size_t i = 0; i < k->n_held; i++)
		manifest_free(k->held[i]);
	arena_free(k->texts);
	arena_free(k->arena);
}

void keeping_close(struct keeping *k)
{
	for (size_t i = 0; i < k->n; i++)
		kept_free(&k->items[i]);
	k->n = 0;
	sorted_free(&k->room);
	sorted_free(&k->room_instances);
}

/* As small as it can be: there are thousands of them. */
static struct instance *copy(const struct instance *i, struct arena *a)
{
	size_t config = i->n_config * sizeof(*i->config);
	size_t devices = i->n_devices * sizeof(*i->devices);
	struct instance *out;

	arena_reserve(a, sizeof(*out) + config + devices + 3 * sizeof(max_align_t));
	out = arena_alloc(a, sizeof(*out));
	*out = *i;
	out->config = arena_alloc(a, config);
	out->devices = arena_alloc(a, devices);
	if (config)
		memcpy(out->config, i->config, config);
	if (devices)
		memcpy(out->devices, i->devices, devices);
	return out;
}

static void hold(struct kept *k, const struct document *d)
{
	struct manifest *m = document_manifest(d);

	for (size_t i = 0; i < k->n_held; i++)
		if (k->held[i] == m)
			return;
	k->held[k->n_held++] = manifest_hold(m);
}

/* What it is made of stays as long as it does. */
static void hold_all(struct kept *k)
{
	const struct instance *i = k->instance;

	k->held = arena_alloc(k->arena, (1 + i->n_config + i->n_devices) * sizeof(*k->held));
	hold(k, i->document);
	for (size_t n = 0; n < i->n_config; n++)
		hold(k, i->config[n].from);
	for (size_t n = 0; n < i->n_devices; n++)
		hold(k, i->devices[n].from);
}

static bool same_text(const char *x, const char *y)
{
	return x == y || (x && y && strcmp(x, y) == 0);
}

static bool same_findings(const struct kept *k, const struct diagnostics *ds)
{
	if (k->n_findings != ds->n)
		return false;
	for (size_t i = 0; i < ds->n; i++) {
		if (!same_text(k->findings[i].message, ds->items[i].message) ||
		    !same_text(k->findings[i].hint, ds->items[i].hint))
			return false;
	}
	return true;
}

static void take_findings(struct kept *k, struct arena *a, const struct diagnostics *ds)
{
	k->findings = ds->n ? diagnostics_compact(ds, a) : NULL;
	k->n_findings = ds->n;
}

/* The newest expansion NEW has errors: what OLD was before stays. */
static void keep_last_good(struct kept *old, const struct instance *new,
			   const struct diagnostics *ds)
{
	arena_free(old->texts);
	old->texts = ds->n ? arena_new() : NULL;
	take_findings(old, old->texts, ds);
	old->instance->lacks_default = new->lacks_default;
	if (old->instance->held_back)
		return;
	old->instance->held_back = old->instance->last_good = true;
	hold_all(old);
}

struct renewing {
	struct keeping *keeping;
	struct arena *scratch, *texts;
	struct kept *gone, *come;
	size_t n_gone, n_come, expanded;
};

static void put_in_place(struct renewing *w, size_t index, struct kept *old, struct kept new)
{
	if (!old) {
		w->come[w->n_come++] = new;
		return;
	}
	kept_free(old);
	*old = new;
	w->keeping->instances[index] = new.instance;
}

static void renew(struct renewing *w, struct catalog *c, const struct expand_options *o,
		  struct renewal *r)
{
	const struct document *d = catalog_find(c, KIND_INSTANCE, r->name);
	struct keeping *k = w->keeping;
	size_t index = lower(k, r->name);
	bool is_there = index < k->n && strcmp(k->items[index].instance->name, r->name) == 0;
	struct kept *old = is_there ? &k->items[index] : NULL, new = {0};
	const struct instance *was = old ? old->instance : NULL;
	struct diagnostics ds;
	struct instance *i;

	if (!d) {
		r->news = old != NULL;
		r->claims = old && !instances_claim_same(was, NULL);
		if (old)
			w->gone[w->n_gone++] = *old;
		return;
	}
	w->expanded++;
	diagnostics_init(&ds, w->texts);
	i = instance_expand(c, d, o, w->scratch, &ds);
	r->said = ds.n > 0 && (r->own || !old || !same_findings(old, &ds));
	r->held = i->held_back && (!old || !was->held_back);
	if (i->held_back && old && (!was->held_back || was->last_good)) {
		r->news = !was->held_back;
		keep_last_good(old, i, &ds);
	} else {
		r->news = !old || !instance_same(was, i);
		r->claims = !instances_claim_same(was, i);
		new.arena = arena_new();
		new.instance = copy(i, new.arena);
		take_findings(&new, new.arena, &ds);
		put_in_place(w, index, old, new);
	}
	arena_reset(w->scratch);
	arena_reset(w->texts);
}

static void edit(struct renewing *w, struct arena *scratch)
{
	struct keeping *k = w->keeping;
	struct instance **gone = arena_alloc(scratch, w->n_gone * sizeof(struct instance *));
	struct instance **come = arena_alloc(scratch, w->n_come * sizeof(struct instance *));
	struct kept *freed = arena_alloc(scratch, w->n_gone * sizeof(*freed));
	size_t n = k->n;

	memcpy(freed, w->gone, w->n_gone * sizeof(*freed));
	for (size_t i = 0; i < w->n_gone; i++)
		gone[i] = w->gone[i].instance;
	for (size_t i = 0; i < w->n_come; i++)
		come[i] = w->come[i].instance;
	k->items = sorted_room(&k->room, k->items, n, w->n_come, sizeof(*k->items));
	k->instances =
	    sorted_room(&k->room_instances, k->instances, n, w->n_come, sizeof(*k->instances));
	k->n = sorted_edit(k->items, n, sizeof(*k->items), w->gone, w->n_gone, w->come, w->n_come,
			   compare_kept);
	sorted_edit(k->instances, n, sizeof(*k->instances), gone, w->n_gone, come, w->n_come,
		    compare_instances);
	for (size_t i = 0; i < w->n_gone; i++)
		kept_free(&freed[i]);
}

size_t keeping_renew(struct keeping *k, struct catalog *c, const struct expand_options *o,
		     struct renewal *renewals, size_t n)
{
	struct arena *lists = arena_new();
	struct renewing w = {
	    .keeping = k,
	    .scratch = arena_new(),
	    .texts = arena_new(),
	    .gone = arena_alloc(lists, n * sizeof(*w.gone)),
	    .come = arena_alloc(lists, n * sizeof(*w.come)),
	};

	for (size_t i = 0; i < n; i++)
		renew(&w, c, o, &renewals[i]);
	if (w.n_gone + w.n_come > 0)
		edit(&w, lists);
	arena_free(w.scratch);
	arena_free(w.texts);
	arena_free(lists);
	return w.expanded;
}
