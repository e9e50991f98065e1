#include "reconciler/reload.h"

#include "reconciler/directory.h"
#include "reconciler/findings.h"
#include "reconciler/inforce.h"
#include "schema/arena.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So many paths at once are looked at one by one; beyond, one walk is cheaper if they are more
 * than one in eight of all. */
#define FEW_PATHS 16

struct reload {
	struct arena *arena;
	const struct options *options;
	struct trusted trusted;
	bool owner_unknown;
	struct inforce inforce;
	struct look look;
	struct tree_hooks hooks;
	dev_t device; /* of the directory walked last */
	ino_t inode;
	bool walked;                /* as a whole, and nothing was in the way since */
	struct arena *scratch;      /* until the next update */
	struct diagnostics trouble; /* why the directory as a whole changes nothing */
};

struct reload *reload_open(const struct options *o)
{
	struct arena *scratch = arena_new(), *own = arena_new();
	struct reload *r = arena_alloc(own, sizeof(*r));

	r->arena = own;
	r->options = o;
	r->owner_unknown = trusted_from(o, TRUST_ENFORCE, &r->trusted) < 0;
	r->scratch = scratch;
	diagnostics_init(&r->trouble, arena_new());
	inforce_open(&r->inforce, o);
	r->inforce.generation.arena = scratch;
	diagnostics_init(&r->inforce.generation.diagnostics, scratch);
	return r;
}

void reload_close(struct reload *r)
{
	if (!r)
		return;
	inforce_close(&r->inforce);
	free(r->look.buffer);
	arena_free(r->trouble.arena);
	arena_free(r->scratch);
	arena_free(r->arena);
}

void reload_hook(struct reload *r, struct tree_hooks hooks)
{
	r->hooks = hooks;
}

struct generation *reload_generation(struct reload *r)
{
	return &r->inforce.generation;
}

const struct kept_networks *reload_networks(struct reload *r)
{
	return &r->inforce.networks;
}

void reload_findings(struct reload *r, struct diagnostics *out)
{
	for (size_t i = 0; i < r->trouble.n; i++)
		diagnostics_take(out, &r->trouble.items[i]);
	inforce_findings(&r->inforce, out);
}

/* ---- what is looked at ---- */

static int compare_paths(const void *x, const void *y)
{
	return leaves_compare_paths(*(const char *const *)x, *(const char *const *)y);
}

/* Names below the directory, each of them just one. */
static bool is_plain(const char *path)
{
	if (path[0] == '\0' || strcmp(path, IGNORE_NAME) == 0)
		return false;
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && memcmp(path, "..", 2) == 0))
			return false;
		path += n + (path[n] == '/');
		if (path[0] == '\0')
			return true;
	}
}

/* Where something was in the way, or is to be said about a folder, all below it is looked at. */
static const char *widen(struct reload *r, const char *path)
{
	char *copy = arena_strdup(r->scratch, path);
	size_t n = strlen(copy);

	if (copy[n - 1] == '/')
		copy[n - 1] = '\0';
	for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (leaves_find(&r->inforce.leaves, copy))
			return copy;
		*slash = '/';
	}
	return copy;
}

/* The paths to be looked at, each once; 0: all. */
static size_t choose(struct reload *r, const char *const *paths, size_t n, const char ***out)
{
	struct leaves *leaves = &r->inforce.leaves;
	const char **chosen = arena_alloc(r->scratch, n * sizeof(*chosen));
	size_t kept = 0;

	*out = chosen;
	if (!r->walked || leaves_find(leaves, "") || (n > FEW_PATHS && n > leaves->n / 8))
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

/* ---- what comes of it ---- */

/* The directory as a whole changes nothing; NOW says why. */
static enum load_trouble refuse(struct reload *r, enum load_trouble why,
				const struct diagnostics *now, struct reload_news *news)
{
	struct diagnostics before = r->trouble;

	r->walked = false;
	r->inforce.generation.trouble = why;
	r->inforce.generation.partial = true;
	diagnostics_init(&r->trouble, arena_new());
	findings_copy(&r->trouble, now);
	findings_take_new(&news->findings, &before, &r->trouble);
	diagnostics_sort(&news->findings);
	arena_free(before.arena);
	return why;
}

static enum load_trouble refuse_empty(struct reload *r, struct diagnostics *now,
				      struct reload_news *news)
{
	const struct look *l = &r->look;

	directory_report_empty(&r->trusted, r->options->directory, now);
	for (size_t i = 0; i < l->n; i++) {
		for (size_t k = 0; k < l->sights[i].leaf->n_findings; k++)
			diagnostics_take(now, &l->sights[i].leaf->findings[k]);
	}
	return refuse(r, LOAD_EMPTY, now, news);
}

static void trouble_is_over(struct reload *r)
{
	arena_reset(r->trouble.arena);
	diagnostics_init(&r->trouble, r->trouble.arena);
}

static enum load_trouble look(struct reload *r, int root, const char *real,
			      const char *const *paths, size_t n, struct diagnostics *now,
			      struct arena *a, struct reload_news *news)
{
	struct look *l = &r->look;
	enum load_trouble why = LOAD_FINE;
	struct stat st;

	/* Another directory than before is at its place. */
	if (fstat(root, &st) < 0 || st.st_dev != r->device || st.st_ino != r->inode)
		n = 0;
	*l = (struct look){
	    .leaves = &r->inforce.leaves,
	    .hooks = r->hooks,
	    .trusted = r->trusted,
	    .arena = r->scratch,
	    .round = l->round + 1,
	    .buffer = l->buffer,
	};
	if (look_at(l, root, real, paths, n) < 0)
		why = refuse(r, LOAD_UNREADABLE, &l->ds, news);
	else if (!inforce_update(&r->inforce, l, r->scratch, a, news))
		why = refuse_empty(r, now, news);
	news->files_read = l->files_read;
	news->whole = l->whole;
	if (why != LOAD_FINE) {
		look_forget(l);
		return why;
	}
	trouble_is_over(r);
	if (l->whole) {
		r->walked = true;
		r->device = st.st_dev;
		r->inode = st.st_ino;
	}
	return LOAD_FINE;
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
	diagnostics_init(&r->inforce.generation.diagnostics, r->scratch);
	diagnostics_init(&now, r->scratch);
	n = choose(r, paths, n, &chosen);
	if (r->owner_unknown) {
		directory_report_owner(r->options->owner, &now);
		return refuse(r, LOAD_UNREADABLE, &now, news);
	}
	root =
	    directory_open(&r->trusted, r->options->directory, true, &now, &real, &distrust, &why);
	if (root < 0)
		return refuse(r, why, &now, news);
	why = look(r, root, real, chosen, n, &now, a, news);
	close(root);
	return why;
}
