#include "reconciler/reload.h"

#include "reconciler/directory.h"
#include "reconciler/heldback.h"
#include "reconciler/kept.h"
#include "reconciler/look.h"
#include "schema/arena.h"
#include "schema/crosscheck.h"
#include "schema/sorted.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So many paths at once are looked at one by one; beyond, one walk is cheaper if they are more
 * than one in eight of all. */
#define FEW_PATHS 16

struct reload {
	const struct options *options;
	struct arena *arena; /* of arrays that only ever grow */
	struct trusted trusted;
	bool owner_unknown;
	const char *host;
	struct generation generation;
	struct sorted_room room_manifests;
	struct leaves leaves;
	struct keeping keeping;
	size_t documents, faulty, blind; /* of the leaves: how many, how many leave gaps */
	bool default_missed;
	struct look look;
	struct tree_hooks hooks;
	dev_t device; /* of the directory walked last */
	ino_t inode;
	bool walked; /* as a whole, and nothing was in the way since */
	struct arena *scratch;
	struct diagnostics trouble;  /* why the directory as a whole changes nothing */
	struct diagnostics together; /* what is wrong with all instances together */
};

struct reload *reload_open(const struct options *o)
{
	struct arena *a = arena_new();
	struct reload *r = arena_alloc(a, sizeof(*r));

	r->options = o;
	r->arena = a;
	r->host = load_host_name(o, a);
	r->owner_unknown = trusted_from(o, TRUST_ENFORCE, &r->trusted) < 0;
	r->leaves.arena = r->generation.catalog.arena = a;
	r->generation.directory = o->directory;
	r->generation.trouble = LOAD_MISSING;
	r->generation.partial = true;
	r->scratch = arena_new();
	r->generation.arena = r->scratch;
	diagnostics_init(&r->generation.diagnostics, r->scratch);
	diagnostics_init(&r->trouble, arena_new());
	diagnostics_init(&r->together, arena_new());
	return r;
}

void reload_close(struct reload *r)
{
	if (!r)
		return;
	keeping_close(&r->keeping);
	leaves_close(&r->leaves);
	catalog_free(&r->generation.catalog);
	sorted_free(&r->room_manifests);
	free(r->look.buffer);
	arena_free(r->scratch);
	arena_free(r->trouble.arena);
	arena_free(r->together.arena);
	arena_free(r->arena);
}

void reload_hook(struct reload *r, struct tree_hooks hooks)
{
	r->hooks = hooks;
}

struct generation *reload_generation(struct reload *r)
{
	return &r->generation;
}

static bool same_text(const char *x, const char *y)
{
	return x == y || (x && y && strcmp(x, y) == 0);
}

static const char *file_of(const struct diagnostic *d)
{
	return d->place.source ? d->place.source->name : NULL;
}

/* The same, though it may have moved to another line. */
static bool is_among(const struct diagnostic *items, size_t n, const struct diagnostic *d)
{
	for (size_t i = 0; i < n; i++) {
		if (items[i].severity == d->severity && same_text(items[i].message, d->message) &&
		    same_text(items[i].hint, d->hint) &&
		    same_text(items[i].instance, d->instance) &&
		    same_text(file_of(&items[i]), file_of(d)))
			return true;
	}
	return false;
}

/* What NOW has and BEFORE had not. */
static void take_new(struct diagnostics *out, const struct diagnostics *before,
		     const struct diagnostics *now)
{
	for (size_t i = 0; i < now->n; i++) {
		if (!is_among(before->items, before->n, &now->items[i]))
			diagnostics_take(out, &now->items[i]);
	}
}

static void replace(struct diagnostics *ds, struct diagnostics by)
{
	arena_free(ds->arena);
	*ds = by;
}

/* --- what is looked at ---------------------------------------------------------------------------
 */

static int compare_paths(const void *x, const void *y)
{
	return leaves_compare_paths(*(const char *const *)x, *(const char *const *)y);
}

static bool is_plain(const char *path)
{
	if (path[0] == '\0' || path[0] == '/' || strcmp(path, IGNORE_NAME) == 0)
		return false;
	for (const char *part = path; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
			return false;
	}
	return true;
}

/* Where something was in the way, or is to be said about a folder, all below it is looked at. */
static const char *widen(struct reload *r, const char *path)
{
	char *copy = arena_strdup(r->scratch, path);
	size_t n = strlen(copy);

	while (n > 0 && copy[n - 1] == '/')
		copy[--n] = '\0';
	for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (leaves_find(&r->leaves, copy))
			return copy;
		*slash = '/';
	}
	return copy;
}

/* The paths to be looked at, each once; 0: all. */
static size_t choose(struct reload *r, const char *const *paths, size_t n, const char ***out)
{
	const char **chosen = arena_alloc(r->scratch, n * sizeof(*chosen));
	size_t kept = 0;

	*out = chosen;
	if (!r->walked || leaves_find(&r->leaves, "") || (n > FEW_PATHS && n > r->leaves.n / 8))
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (!is_plain(paths[i]))
			return 0;
		chosen[i] = widen(r, paths[i]);
	}
	if (n > 1)
		qsort(chosen, n, sizeof(*chosen), compare_paths);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || !leaves_below(chosen[i], chosen[kept - 1]))
			chosen[kept++] = chosen[i];
	}
	return kept;
}

/* --- the directory as a whole changes nothing ----------------------------------------------------
 */

static void sights_take_findings(const struct look *l, struct diagnostics *out)
{
	for (size_t i = 0; i < l->n; i++) {
		for (size_t k = 0; k < l->sights[i].leaf->n_findings; k++)
			diagnostics_take(out, &l->sights[i].leaf->findings[k]);
	}
}

static enum load_trouble refuse(struct reload *r, enum load_trouble why, struct diagnostics *now,
				struct reload_news *news)
{
	r->walked = false;
	r->generation.trouble = why;
	r->generation.partial = true;
	take_new(&news->findings, &r->trouble, now);
	replace(&r->trouble, *now);
	diagnostics_sort(&news->findings);
	return why;
}

/* What was found is dropped: what is said of it lives on in NOW. */
static void copy_findings(const struct diagnostics *found, struct diagnostics *now)
{
	for (size_t i = 0; i < found->n; i++)
		diagnostics_copy(now, &found->items[i]);
}

/* --- what was found is put in place -------------------------------------------------------------
 */

/* An update under way. */
struct update {
	struct reload *r;
	struct look *look;
	struct arena *arena; /* scratch */
	struct document **gone, **come;
	size_t n_gone, n_come;
	const char **profiles; /* names of which a document went or came */
	size_t n_profiles;
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

static void count(struct reload *r, const struct leaf *l, int sign)
{
	r->documents += (size_t)sign * leaves_count(l);
	r->faulty += (size_t)(sign * (l->missed || l->faulty));
	r->blind += (size_t)(sign * l->blind);
}

static void count_all(struct reload *r, const struct look *l, int sign)
{
	for (size_t i = 0; i < l->n; i++) {
		count(r, l->sights[i].leaf, sign);
		if (l->sights[i].old)
			count(r, l->sights[i].old, -sign);
	}
	for (size_t i = 0; i < l->n_gone; i++)
		count(r, l->gone[i], -sign);
}

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
	u->gone = arena_alloc(u->arena, gone * sizeof(struct document *));
	u->come = arena_alloc(u->arena, come * sizeof(struct document *));
	for (size_t i = 0; i < l->n; i++) {
		u->n_come += leaves_documents(l->sights[i].leaf, u->come + u->n_come);
		if (l->sights[i].old)
			u->n_gone += leaves_documents(l->sights[i].old, u->gone + u->n_gone);
	}
	for (size_t i = 0; i < l->n_gone; i++)
		u->n_gone += leaves_documents(l->gone[i], u->gone + u->n_gone);
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
	}
}

static void touch_users(struct update *u, const char *profile)
{
	size_t n;
	const struct catalog_use *uses = catalog_users(&u->r->generation.catalog, profile, &n);

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
	struct reload *r = u->r;
	struct catalog *c = &r->generation.catalog;
	bool missed = r->default_missed;

	u->profiles = arena_alloc(u->arena, (u->n_gone + u->n_come) * sizeof(*u->profiles));
	touch(u, u->gone, u->n_gone);
	touch(u, u->come, u->n_come);
	catalog_edit(c, u->gone, u->n_gone, u->come, u->n_come, &u->news->findings);
	u->n_profiles = unique_texts(u->profiles, u->n_profiles);
	for (size_t i = 0; i < u->n_profiles; i++)
		touch_users(u, u->profiles[i]);
	r->default_missed = r->blind > 0 && !catalog_find(c, KIND_PROFILE, "default");
	if (r->default_missed != missed)
		touch_users(u, "default");
	unique_renewals(u);
}

static void expand(struct update *u)
{
	struct reload *r = u->r;
	struct generation *g = &r->generation;
	const struct expand_options how = {
	    .host = r->host,
	    .default_missed = r->default_missed,
	};

	u->news->instances_expanded =
	    keeping_renew(&r->keeping, &g->catalog, &how, u->renewals, u->n_renewals);
	g->instances = r->keeping.instances;
	g->n_instances = r->keeping.n;
}

/* --- what is said of it
 * --------------------------------------------------------------------------- */

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
			    !is_among(s->old->findings, s->old->n_findings, d))
				diagnostics_take(&u->news->findings, d);
		}
	}
}

/* The profiles that hold back those that were not held back before. */
static size_t profiles_of_held(struct update *u, const char ***out)
{
	const struct catalog *c = &u->r->generation.catalog;
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
	struct generation *g = &u->r->generation;
	bool lack = false;

	for (size_t i = 0; i < u->n_renewals; i++) {
		const struct kept *k = NULL;

		if (u->renewals[i].said || u->renewals[i].held)
			k = keeping_find(&u->r->keeping, u->renewals[i].name);
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
		heldback_report_profile(&u->r->generation.catalog, profiles[i], &u->news->findings);
}

static void say_together(struct update *u)
{
	struct reload *r = u->r;
	struct generation *g = &r->generation;
	struct diagnostics now, kept;
	bool claims = false;

	for (size_t i = 0; i < u->n_renewals; i++)
		claims |= u->renewals[i].claims;
	if (!claims)
		return;
	diagnostics_init(&now, u->out);
	instances_crosscheck(g->instances, g->n_instances, &now);
	take_new(&u->news->findings, &r->together, &now);
	diagnostics_init(&kept, arena_new());
	copy_findings(&now, &kept);
	replace(&r->together, kept);
}

/* --- the rest
 * -------------------------------------------------------------------------------------- */

static int compare_manifests(const void *x, const void *y)
{
	return leaves_compare_paths((*(struct manifest *const *)x)->source.name,
				    (*(struct manifest *const *)y)->source.name);
}

static void edit_manifests(struct reload *r, struct leaf *const *gone, size_t n_gone,
			   struct leaf *const *come, size_t n_come, struct arena *scratch)
{
	struct generation *g = &r->generation;
	struct manifest **old = arena_alloc(scratch, n_gone * sizeof(struct manifest *));
	struct manifest **new = arena_alloc(scratch, n_come * sizeof(struct manifest *));
	size_t n_old = 0, n_new = 0;

	for (size_t i = 0; i < n_gone; i++)
		if (gone[i]->manifest)
			old[n_old++] = gone[i]->manifest;
	for (size_t i = 0; i < n_come; i++)
		if (come[i]->manifest)
			new[n_new++] = come[i]->manifest;
	g->manifests = sorted_room(&r->room_manifests, g->manifests, g->n_manifests, n_new,
				   sizeof(struct manifest *));
	g->n_files = g->n_manifests =
	    sorted_edit(g->manifests, g->n_manifests, sizeof(struct manifest *), old, n_old, new,
			n_new, compare_manifests);
}

/* The leaves as they are now; those that were are freed. */
static void edit_leaves(struct update *u)
{
	struct reload *r = u->r;
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
	edit_manifests(r, gone, n_gone, come, l->n, u->arena);
	leaves_edit(&r->leaves, gone, n_gone, come, l->n);
	for (size_t i = 0; i < n_gone; i++)
		leaves_free(&r->leaves, freed[i]);
}

static void commit(struct reload *r, struct look *l, struct arena *a, struct reload_news *news)
{
	struct update u = {.r = r, .look = l, .arena = r->scratch, .news = news, .out = a};

	r->generation.trouble = LOAD_FINE;
	r->generation.partial = r->faulty > 0;
	if (r->trouble.n)
		replace(&r->trouble, (struct diagnostics){.arena = arena_new()});
	if (l->n == 0 && l->n_gone == 0)
		return;
	r->generation.digest[0] = '\0';
	gather(&u);
	edit_catalog(&u);
	expand(&u);
	say_names(&u);
	say_sights(&u);
	say_renewed(&u);
	say_held_back(&u);
	say_together(&u);
	diagnostics_sort(&news->findings);
	edit_leaves(&u);
}

static enum load_trouble settle(struct reload *r, struct look *l, struct diagnostics *now,
				struct arena *a, struct reload_news *news)
{
	struct diagnostics found;

	remember(l);
	count_all(r, l, 1);
	if (r->documents == 0 && r->faulty == 0) {
		count_all(r, l, -1);
		directory_report_empty(&r->trusted, r->options->directory, now);
		diagnostics_init(&found, r->scratch);
		sights_take_findings(l, &found);
		copy_findings(&found, now);
		look_forget(l);
		return refuse(r, LOAD_EMPTY, now, news);
	}
	arena_free(now->arena);
	commit(r, l, a, news);
	return LOAD_FINE;
}

static enum load_trouble update_open(struct reload *r, int root, const char *real,
				     const char *const *paths, size_t n, struct diagnostics *now,
				     struct arena *a, struct reload_news *news)
{
	struct look *l = &r->look;
	struct stat st;
	int e;

	if (fstat(root, &st) < 0 || st.st_dev != r->device || st.st_ino != r->inode)
		n = 0;
	*l = (struct look){
	    .leaves = &r->leaves,
	    .hooks = r->hooks,
	    .trusted = r->trusted,
	    .arena = r->scratch,
	    .round = l->round + 1,
	    .buffer = l->buffer,
	};
	e = look_at(l, root, real, paths, n);
	news->files_read = l->files_read;
	news->whole = l->whole;
	if (e < 0) {
		copy_findings(&l->ds, now);
		look_forget(l);
		return refuse(r, LOAD_UNREADABLE, now, news);
	}
	if (l->whole) {
		r->walked = true;
		r->device = st.st_dev;
		r->inode = st.st_ino;
	}
	return settle(r, l, now, a, news);
}

enum load_trouble reload_update(struct reload *r, const char *const *paths, size_t n,
				struct arena *a, struct reload_news *news)
{
	struct distrust distrust;
	struct diagnostics now;
	enum load_trouble why;
	const char **chosen;
	char *real;
	int root;

	*news = (struct reload_news){0};
	diagnostics_init(&news->findings, a);
	arena_reset(r->scratch);
	diagnostics_init(&r->generation.diagnostics, r->scratch);
	diagnostics_init(&now, arena_new());
	n = choose(r, paths, n, &chosen);
	if (r->owner_unknown) {
		directory_report_owner(r->options->owner, &now);
		return refuse(r, LOAD_UNREADABLE, &now, news);
	}
	root =
	    directory_open(&r->trusted, r->options->directory, true, &now, &real, &distrust, &why);
	if (root < 0)
		return refuse(r, why, &now, news);
	why = update_open(r, root, real, chosen, n, &now, a, news);
	close(root);
	return why;
}

void reload_findings(struct reload *r, struct diagnostics *out)
{
	struct generation *g = &r->generation;

	for (size_t i = 0; i < r->trouble.n; i++)
		diagnostics_take(out, &r->trouble.items[i]);
	for (size_t i = 0; i < r->leaves.n; i++) {
		for (size_t k = 0; k < r->leaves.items[i]->n_findings; k++)
			diagnostics_take(out, &r->leaves.items[i]->findings[k]);
	}
	catalog_report(&g->catalog, out);
	for (size_t i = 0; i < r->keeping.n; i++) {
		for (size_t k = 0; k < r->keeping.items[i].n_findings; k++)
			diagnostics_take(out, &r->keeping.items[i].findings[k]);
	}
	instances_crosscheck(g->instances, g->n_instances, out);
	heldback_report(&g->catalog, out);
	heldback_report_default(g->instances, g->n_instances, out);
	diagnostics_sort(out);
}
