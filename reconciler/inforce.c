#include "reconciler/inforce.h"

#include "reconciler/findings.h"
#include "reconciler/heldback.h"
#include "schema/arena.h"
#include "schema/crosscheck.h"

#include <stdlib.h>
#include <string.h>

void inforce_open(struct inforce *f, const struct options *o)
{
	struct arena *a = arena_new();

	*f = (struct inforce){.arena = a, .host = load_host_name(o, a)};
	f->leaves.arena = f->generation.catalog.arena = a;
	f->generation.directory = o->directory;
	f->generation.trouble = LOAD_MISSING;
	f->generation.partial = true;
	diagnostics_init(&f->together, arena_new());
}

void inforce_close(struct inforce *f)
{
	keeping_close(&f->keeping);
	kept_networks_close(&f->networks);
	leaves_close(&f->leaves);
	catalog_free(&f->generation.catalog);
	sorted_free(&f->room_manifests);
	arena_free(f->together.arena);
	arena_free(f->arena);
}

/* An update under way. */
struct update {
	struct inforce *f;
	struct look *look;
	struct arena *arena; /* scratch */
	struct document **gone, **come;
	size_t n_gone, n_come;
	const char **profiles; /* names of which a document went or came */
	size_t n_profiles;
	const char **networks; /* likewise */
	size_t n_networks;
	struct renewal *renewals;
	size_t n_renewals, room_renewals;
	struct reload_news *news;
	struct arena *out; /* of the news */
};

static void remember(struct look *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct sight *s = &l->sights[i];

		if (s->old && (s->leaf->missed || s->leaf->faulty))
			leaves_remember(s->leaf, s->old);
	}
}

static void count(struct inforce *f, const struct leaf *l, int sign)
{
	f->documents += (size_t)sign * leaves_count(l);
	f->faulty += (size_t)(sign * (l->missed || l->faulty));
	f->blind += (size_t)(sign * l->blind);
}

static void count_all(struct inforce *f, const struct look *l, int sign)
{
	for (size_t i = 0; i < l->n; i++) {
		count(f, l->sights[i].leaf, sign);
		if (l->sights[i].old)
			count(f, l->sights[i].old, -sign);
	}
	for (size_t i = 0; i < l->n_gone; i++)
		count(f, l->gone[i], -sign);
}

static void gather_leaf(const struct leaf *l, struct document **list, size_t *n)
{
	*n += leaves_documents(l, list + *n);
}

/* All documents that go and that come; what gives way, or does not any more, does both. */
static void gather(struct update *u)
{
	const struct look *l = u->look;
	size_t gone = 0, come = 0;

	for (size_t i = 0; i < l->n; i++) {
		come += leaves_count(l->sights[i].leaf);
		gone += l->sights[i].old ? leaves_count(l->sights[i].old) : 0;
	}
	for (size_t i = 0; i < l->n_gone; i++)
		gone += leaves_count(l->gone[i]);
	for (size_t i = 0; i < l->n_turned; i++) {
		gone += leaves_count(l->turned[i]);
		come += leaves_count(l->turned[i]);
	}
	u->gone = arena_alloc(u->arena, gone * sizeof(struct document *));
	u->come = arena_alloc(u->arena, come * sizeof(struct document *));
	for (size_t i = 0; i < l->n; i++) {
		gather_leaf(l->sights[i].leaf, u->come, &u->n_come);
		if (l->sights[i].old)
			gather_leaf(l->sights[i].old, u->gone, &u->n_gone);
	}
	for (size_t i = 0; i < l->n_gone; i++)
		gather_leaf(l->gone[i], u->gone, &u->n_gone);
	for (size_t i = 0; i < l->n_turned; i++) {
		leaves_doubt(l->turned[i], !l->turned[i]->stale);
		gather_leaf(l->turned[i], u->gone, &u->n_gone);
		gather_leaf(l->turned[i], u->come, &u->n_come);
	}
}

static void renew_later(struct update *u, const char *name, bool own)
{
	u->renewals = arena_grow(u->arena, u->renewals, u->n_renewals, &u->room_renewals,
				 sizeof(*u->renewals));
	u->renewals[u->n_renewals++] = (struct renewal){.name = name, .own = own};
}

static void touch(struct update *u, struct document *const *documents, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (documents[i]->kind == KIND_INSTANCE)
			renew_later(u, documents[i]->name, true);
		else if (documents[i]->kind == KIND_PROFILE)
			u->profiles[u->n_profiles++] = documents[i]->name;
		else if (documents[i]->kind == KIND_NETWORK)
			u->networks[u->n_networks++] = documents[i]->name;
	}
}

static void touch_users(struct update *u, const char *profile)
{
	size_t n;
	const struct catalog_use *uses = catalog_users(&u->f->generation.catalog, profile, &n);

	for (size_t i = 0; i < n; i++)
		renew_later(u, uses[i].instance->name, false);
}

static int compare_texts(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static size_t unique_texts(const char **texts, size_t n)
{
	size_t kept = 0;

	if (n > 1)
		qsort(texts, n, sizeof(*texts), compare_texts);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || strcmp(texts[i], texts[kept - 1]) != 0)
			texts[kept++] = texts[i];
	}
	return kept;
}

static int compare_renewals(const void *x, const void *y)
{
	return strcmp(((const struct renewal *)x)->name, ((const struct renewal *)y)->name);
}

static void unique_renewals(struct update *u)
{
	size_t kept = 0;

	if (u->n_renewals > 1)
		qsort(u->renewals, u->n_renewals, sizeof(*u->renewals), compare_renewals);
	for (size_t i = 0; i < u->n_renewals; i++) {
		if (kept && strcmp(u->renewals[i].name, u->renewals[kept - 1].name) == 0)
			u->renewals[kept - 1].own |= u->renewals[i].own;
		else
			u->renewals[kept++] = u->renewals[i];
	}
	u->n_renewals = kept;
}

static void edit_catalog(struct update *u)
{
	struct inforce *f = u->f;
	struct catalog *c = &f->generation.catalog;
	bool missed = f->default_missed;

	u->profiles = arena_alloc(u->arena, (u->n_gone + u->n_come) * sizeof(*u->profiles));
	u->networks = arena_alloc(u->arena, (u->n_gone + u->n_come) * sizeof(*u->networks));
	touch(u, u->gone, u->n_gone);
	touch(u, u->come, u->n_come);
	catalog_edit(c, u->gone, u->n_gone, u->come, u->n_come, &u->news->findings);
	u->n_profiles = unique_texts(u->profiles, u->n_profiles);
	u->n_networks = unique_texts(u->networks, u->n_networks);
	for (size_t i = 0; i < u->n_profiles; i++)
		touch_users(u, u->profiles[i]);
	f->default_missed = f->blind > 0 && !catalog_find(c, KIND_PROFILE, "default");
	if (f->default_missed != missed)
		touch_users(u, "default");
	unique_renewals(u);
}

static void expand(struct update *u)
{
	struct inforce *f = u->f;
	struct generation *g = &f->generation;
	const struct expand_options how = {
	    .host = f->host,
	    .default_missed = f->default_missed,
	};

	u->news->instances_expanded =
	    keeping_renew(&f->keeping, &g->catalog, &how, u->renewals, u->n_renewals);
	g->instances = f->keeping.instances;
	g->n_instances = f->keeping.n;
}

static void renew_networks(struct update *u)
{
	struct reload_news *news = u->news;

	news->networks = arena_alloc(u->out, u->n_networks * sizeof(*news->networks));
	news->n_networks = kept_networks_renew(&u->f->networks, &u->f->generation.catalog,
					       u->networks, u->n_networks, news->networks);
	for (size_t i = 0; i < news->n_networks; i++)
		news->networks[i] = arena_strdup(u->out, news->networks[i]);
}

/* ---- what is said of it ---- */

static void say_names(struct update *u)
{
	struct reload_news *news = u->news;
	size_t n = 0;

	for (size_t i = 0; i < u->n_renewals; i++)
		n += u->renewals[i].news;
	news->names = arena_alloc(u->out, n * sizeof(*news->names));
	for (size_t i = 0; i < u->n_renewals; i++) {
		if (u->renewals[i].news)
			news->names[news->n++] = arena_strdup(u->out, u->renewals[i].name);
	}
}

/* A file that was read anew says all of its own again; a place only what it did not say before. */
static void say_sights(struct update *u)
{
	for (size_t i = 0; i < u->look->n; i++) {
		const struct sight *s = &u->look->sights[i];

		for (size_t k = 0; k < s->leaf->n_findings; k++) {
			const struct diagnostic *d = &s->leaf->findings[k];

			if (s->leaf->manifest || !s->old ||
			    !findings_among(s->old->findings, s->old->n_findings, d))
				diagnostics_take(&u->news->findings, d);
		}
	}
}

/* The profiles that hold back those that were not held back before. */
static size_t profiles_of_held(struct update *u, const char ***out)
{
	const struct catalog *c = &u->f->generation.catalog;
	size_t n = u->n_profiles, room = n;

	*out = u->profiles;
	for (size_t i = 0; i < u->n_renewals; i++) {
		const struct document *d = u->renewals[i].held
					       ? catalog_find(c, KIND_INSTANCE, u->renewals[i].name)
					       : NULL;

		for (size_t k = 0; d && k < d->profiles.n + !d->profiles_given; k++) {
			*out = arena_grow(u->arena, *out, n, &room, sizeof(**out));
			(*out)[n++] = k < d->profiles.n ? d->profiles.items[k].text : "default";
		}
	}
	return unique_texts(*out, n);
}

static void say_renewed(struct update *u)
{
	struct generation *g = &u->f->generation;
	bool lack = false;

	for (size_t i = 0; i < u->n_renewals; i++) {
		const struct kept *k = NULL;

		if (u->renewals[i].said || u->renewals[i].held)
			k = keeping_find(&u->f->keeping, u->renewals[i].name);
		for (size_t n = 0; u->renewals[i].said && n < k->n_findings; n++)
			diagnostics_take(&u->news->findings, &k->findings[n]);
		lack |= u->renewals[i].held && k->instance->lacks_default;
	}
	if (lack)
		heldback_report_default(g->instances, g->n_instances, &u->news->findings);
}

static void say_held_back(struct update *u)
{
	const char **profiles;
	size_t n = profiles_of_held(u, &profiles);

	for (size_t i = 0; i < n; i++)
		heldback_report_profile(&u->f->generation.catalog, profiles[i], &u->news->findings);
}

/* Whose nics are contested now and were not, or the other way round, has something to do. */
static void say_disputes(struct update *u, const bool *before)
{
	const struct generation *g = &u->f->generation;
	struct reload_news *news = u->news;
	size_t room = news->n;

	for (size_t i = 0; i < g->n_instances; i++) {
		if (instance_disputed(g->instances[i]) == before[i])
			continue;
		news->names = arena_grow(u->out, news->names, news->n, &room, sizeof(*news->names));
		news->names[news->n++] = arena_strdup(u->out, g->instances[i]->name);
	}
	news->n = unique_texts(news->names, news->n);
}

static void say_together(struct update *u)
{
	struct inforce *f = u->f;
	struct generation *g = &f->generation;
	struct diagnostics now;
	bool claims = false, *disputed;

	for (size_t i = 0; i < u->n_renewals; i++)
		claims |= u->renewals[i].claims;
	if (!claims)
		return;
	diagnostics_init(&now, u->out);
	disputed = arena_alloc(u->arena, g->n_instances * sizeof(*disputed));
	for (size_t i = 0; i < g->n_instances; i++)
		disputed[i] = instance_disputed(g->instances[i]);
	instances_crosscheck(g->instances, g->n_instances, &now);
	say_disputes(u, disputed);
	findings_take_new(&u->news->findings, &f->together, &now);
	arena_reset(f->together.arena);
	diagnostics_init(&f->together, f->together.arena);
	findings_copy(&f->together, &now);
}

/* ---- the rest ---- */

static int compare_manifests(const void *x, const void *y)
{
	return leaves_compare_paths((*(struct manifest *const *)x)->source.name,
				    (*(struct manifest *const *)y)->source.name);
}

static void edit_manifests(struct inforce *f, struct leaf *const *gone, size_t n_gone,
			   struct leaf *const *come, size_t n_come, struct arena *scratch)
{
	struct generation *g = &f->generation;
	struct manifest **old = arena_alloc(scratch, n_gone * sizeof(struct manifest *));
	struct manifest **new = arena_alloc(scratch, n_come * sizeof(struct manifest *));
	size_t n_old = 0, n_new = 0;

	for (size_t i = 0; i < n_gone; i++)
		if (gone[i]->manifest)
			old[n_old++] = gone[i]->manifest;
	for (size_t i = 0; i < n_come; i++)
		if (come[i]->manifest)
			new[n_new++] = come[i]->manifest;
	g->manifests = sorted_room(&f->room_manifests, g->manifests, g->n_manifests, n_new,
				   sizeof(struct manifest *));
	g->n_files = g->n_manifests =
	    sorted_edit(g->manifests, g->n_manifests, sizeof(struct manifest *), old, n_old, new,
			n_new, compare_manifests);
}

/* The leaves as they are now; those that were are freed. */
static void edit_leaves(struct update *u)
{
	struct inforce *f = u->f;
	const struct look *l = u->look;
	struct leaf **gone = arena_alloc(u->arena, (l->n + l->n_gone) * sizeof(struct leaf *));
	struct leaf **come = arena_alloc(u->arena, l->n * sizeof(struct leaf *));
	struct leaf **freed;
	size_t n_gone = 0;

	for (size_t i = 0; i < l->n; i++) {
		come[i] = l->sights[i].leaf;
		if (l->sights[i].old)
			gone[n_gone++] = l->sights[i].old;
	}
	for (size_t i = 0; i < l->n_gone; i++)
		gone[n_gone++] = l->gone[i];
	if (n_gone > 1)
		qsort(gone, n_gone, sizeof(struct leaf *), leaves_compare);
	freed = arena_alloc(u->arena, n_gone * sizeof(struct leaf *));
	memcpy(freed, gone, n_gone * sizeof(struct leaf *));
	edit_manifests(f, gone, n_gone, come, l->n, u->arena);
	leaves_edit(&f->leaves, gone, n_gone, come, l->n);
	for (size_t i = 0; i < n_gone; i++)
		leaves_free(&f->leaves, freed[i]);
}

bool inforce_update(struct inforce *f, struct look *l, struct arena *scratch, struct arena *a,
		    struct reload_news *news)
{
	struct update u = {.f = f, .look = l, .arena = scratch, .news = news, .out = a};

	remember(l);
	count_all(f, l, 1);
	if (f->documents == 0 && f->faulty == 0) {
		count_all(f, l, -1);
		return false;
	}
	f->generation.trouble = LOAD_FINE;
	f->generation.partial = f->faulty > 0;
	if (l->n == 0 && l->n_gone == 0 && l->n_turned == 0)
		return true;
	f->generation.digest[0] = '\0';
	gather(&u);
	edit_catalog(&u);
	renew_networks(&u);
	expand(&u);
	say_names(&u);
	say_sights(&u);
	say_renewed(&u);
	say_held_back(&u);
	say_together(&u);
	diagnostics_sort(&news->findings);
	edit_leaves(&u);
	return true;
}

void inforce_findings(struct inforce *f, struct diagnostics *out)
{
	struct generation *g = &f->generation;

	for (size_t i = 0; i < f->leaves.n; i++) {
		for (size_t k = 0; k < f->leaves.items[i]->n_findings; k++)
			diagnostics_take(out, &f->leaves.items[i]->findings[k]);
	}
	catalog_report(&g->catalog, out);
	for (size_t i = 0; i < f->keeping.n; i++) {
		for (size_t k = 0; k < f->keeping.items[i].n_findings; k++)
			diagnostics_take(out, &f->keeping.items[i].findings[k]);
	}
	instances_crosscheck(g->instances, g->n_instances, out);
	heldback_report(&g->catalog, out);
	heldback_report_default(g->instances, g->n_instances, out);
	diagnostics_sort(out);
}
