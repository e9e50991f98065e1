#include "reconciler/load.h"

#include "reconciler/directory.h"
#include "reconciler/heldback.h"
#include "reconciler/intake.h"
#include "schema/arena.h"
#include "schema/crosscheck.h"

#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

_Static_assert(sizeof(((struct generation *)0)->digest) == SHA256_DIGEST_STRING_LENGTH, "digest");

/* A load under way. */
struct load {
	struct generation *g;
	struct tree tree;
	size_t capacity;
	bool lone; /* only single files are loaded */
};

static struct generation *generation_new(const char *directory)
{
	struct arena *a = arena_new();
	struct generation *g = arena_alloc(a, sizeof(*g));

	g->arena = a;
	g->directory = directory;
	diagnostics_init(&g->diagnostics, a);
	return g;
}

void generation_free(struct generation *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->n_manifests; i++)
		manifest_free(g->manifests[i]);
	catalog_free(&g->catalog);
	arena_free(g->arena);
}

static void digest_file(SHA2_CTX *digest, const struct source *file)
{
	uint64_t n = file->size;

	SHA256Update(digest, (const uint8_t *)file->name, strlen(file->name) + 1);
	SHA256Update(digest, (const uint8_t *)&n, sizeof(n));
	SHA256Update(digest, (const uint8_t *)file->text, file->size);
}

const char *generation_digest(struct generation *g)
{
	SHA2_CTX digest;

	if (g->digest[0])
		return g->digest;
	SHA256Init(&digest);
	for (size_t i = 0; i < g->n_manifests; i++)
		digest_file(&digest, &g->manifests[i]->source);
	SHA256End(&digest, g->digest);
	return g->digest;
}

static void take_file(void *context, const struct tree_file *f)
{
	struct load *l = context;
	struct generation *g = l->g;
	struct intake in;
	struct manifest *m = intake_read(f, l->tree.trusted.mode, l->lone, &g->diagnostics, &in);

	g->manifests = arena_grow(g->arena, g->manifests, g->n_manifests, &l->capacity, sizeof(m));
	g->manifests[g->n_manifests++] = m;
	g->partial |= in.faulty;
	l->tree.blind |= in.blind;
}

static void load_start(struct load *l, struct generation *g, const struct options *o,
		       enum trust trust)
{
	*l = (struct load){.g = g};
	l->tree = (struct tree){
	    .arena = g->arena,
	    .ds = &g->diagnostics,
	    .take = take_file,
	    .context = l,
	    .root = -1,
	};
	if (trusted_from(o, trust, &l->tree.trusted) < 0)
		directory_report_owner(o->owner, &g->diagnostics);
}

static void trouble(struct generation *g, enum load_trouble t)
{
	if (g->trouble == LOAD_FINE)
		g->trouble = t;
	g->partial = true;
}

static void load_directory(struct load *l, const char *path, const char *prefix)
{
	struct generation *g = l->g;
	struct distrust distrust;
	enum load_trouble why;
	char *real;
	int fd = directory_open(&l->tree.trusted, path, path == g->directory, &g->diagnostics,
				&real, &distrust, &why);

	if (fd < 0) {
		trouble(g, why);
		return;
	}
	if (distrust.path && l->tree.untrusted++ == 0) {
		l->tree.first = distrust.path;
		l->tree.first_st = distrust.st;
	}
	if (tree_walk(&l->tree, fd, real, prefix) < 0)
		trouble(g, LOAD_UNREADABLE);
	close(fd);
}

const char *load_host_name(const struct options *o, struct arena *a)
{
	struct utsname name;

	if (o->host)
		return o->host;
	return uname(&name) == 0 ? arena_strdup(a, name.nodename) : "";
}

/* A default profile that is not defined is an empty one; but one that may only not have been read
 * must not take its limits from everybody. */
static bool default_missed(struct load *l)
{
	return l->tree.blind && !l->lone && !catalog_find(&l->g->catalog, KIND_PROFILE, "default");
}

static void expand_all(struct load *l, const struct options *o)
{
	struct generation *g = l->g;
	struct catalog *c = &g->catalog;
	struct expand_options how = {
	    .host = load_host_name(o, g->arena),
	    .lone_files = l->lone,
	    .default_missed = default_missed(l),
	};

	g->instances = arena_alloc(g->arena, c->n_instances * sizeof(*g->instances));
	for (size_t i = 0; i < c->n_instances; i++) {
		/* One of two with one name is enough: both are broken. */
		if (i > 0 && strcmp(c->instances[i]->name, c->instances[i - 1]->name) == 0)
			continue;
		g->instances[g->n_instances++] =
		    instance_expand(c, c->instances[i], &how, g->arena, &g->diagnostics);
	}
	instances_crosscheck(g->instances, g->n_instances, &g->diagnostics);
	heldback_report(c, &g->diagnostics);
	heldback_report_default(g->instances, g->n_instances, &g->diagnostics);
}

static void note_empty(struct load *l)
{
	struct generation *g = l->g;

	for (size_t i = 0; i < g->n_manifests; i++) {
		if (g->manifests[i]->n > 0)
			return;
	}
	if (g->trouble != LOAD_FINE || g->partial)
		return;
	directory_report_empty(&l->tree.trusted, g->directory, &g->diagnostics);
	trouble(g, LOAD_EMPTY);
}

static struct generation *load_finish(struct load *l, const struct options *o)
{
	struct generation *g = l->g;

	tree_finish(&l->tree);
	g->n_files = l->tree.files;
	g->partial |= l->tree.partial;
	note_empty(l);
	catalog_build(&g->catalog, g->manifests, g->n_manifests, g->arena, &g->diagnostics);
	expand_all(l, o);
	diagnostics_sort(&g->diagnostics);
	return g;
}

struct generation *generation_load(const struct options *o, enum trust trust)
{
	struct generation *g = generation_new(o->directory);
	struct load l;

	load_start(&l, g, o, trust);
	if (g->diagnostics.errors > 0)
		trouble(g, LOAD_UNREADABLE);
	else
		load_directory(&l, o->directory, "");
	return load_finish(&l, o);
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* "given/", as the user gave it. */
static const char *folder_prefix(struct generation *g, const char *path)
{
	size_t n = strlen(path);

	return arena_printf(g->arena, "%s%s", path, n > 0 && path[n - 1] == '/' ? "" : "/");
}

static void load_file(struct load *l, const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0) {
		if (tree_read_stdin(&l->tree) < 0)
			trouble(l->g, LOAD_UNREADABLE);
	} else if (stat(path, &st) < 0) {
		trouble(l->g, directory_report_closed(path, false, errno, &l->g->diagnostics));
	} else if (tree_read_file(&l->tree, path) < 0) {
		trouble(l->g, LOAD_UNREADABLE);
	}
}

struct generation *generation_load_paths(const struct options *o, char *const *paths, size_t n)
{
	struct generation *g = generation_new("the files given");
	struct load l;

	load_start(&l, g, o, TRUST_WARN);
	l.lone = true;
	for (size_t i = 0; i < n; i++)
		l.lone &= strcmp(paths[i], "-") == 0 || !is_folder(paths[i]);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(paths[i], "-") != 0 && is_folder(paths[i]))
			load_directory(&l, paths[i], folder_prefix(g, paths[i]));
		else
			load_file(&l, paths[i]);
	}
	return load_finish(&l, o);
}

static int compare_name(const void *name, const void *item)
{
	return strcmp(name, (*(struct instance *const *)item)->name);
}

const struct instance *generation_find(const struct generation *g, const char *name)
{
	struct instance **found;

	if (g->n_instances == 0)
		return NULL;
	found = bsearch(name, g->instances, g->n_instances, sizeof(*g->instances), compare_name);
	return found ? *found : NULL;
}
