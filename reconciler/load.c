#include "reconciler/load.h"

#include "reconciler/tree.h"
#include "schema/arena.h"
#include "schema/crosscheck.h"
#include "schema/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

_Static_assert(sizeof(((struct generation *)0)->digest) == SHA256_DIGEST_STRING_LENGTH, "digest");

/* Names of held back instances that one message lists. */
#define MOST_NAMES 3

/* A load under way. */
struct load {
	struct generation *g;
	struct tree tree;
	size_t capacity;
	struct manifest **untrusted; /* a part of the manifests, in their order */
	size_t n_untrusted, untrusted_capacity;
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

static void break_all(struct manifest *m)
{
	for (size_t i = 0; i < m->n; i++)
		m->documents[i].broken = true;
}

/* Is there a line "kind: profile" in a file that was not understood? */
static bool mentions_profile(const char *bytes, size_t n)
{
	const char *end = bytes + n;

	for (const char *line = bytes; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((stop ? stop : end) - line);
		const char *kind = memmem(line, length, "kind", 4);

		if (kind && memmem(kind, length - (size_t)(kind - line), "profile", 7))
			return true;
		line += length + 1;
	}
	return false;
}

static void take_file(void *context, const struct tree_file *f)
{
	struct load *l = context;
	struct generation *g = l->g;
	struct manifest_hints hints = manifest_hints_from_path(f->path);
	size_t errors = g->diagnostics.errors;
	struct manifest *m;

	hints.named_alone = l->lone;
	m = manifest_from_bytes(arena_strdup(g->arena, f->path), f->bytes, f->n, hints,
				&g->diagnostics);
	g->manifests = arena_grow(g->arena, g->manifests, g->n_manifests, &l->capacity, sizeof(m));
	g->manifests[g->n_manifests++] = m;
	/* Which documents a file with errors would have had nobody knows. */
	if (g->diagnostics.errors > errors) {
		g->partial = true;
		l->tree.blind |= (!hints.kind_known || hints.kind == KIND_PROFILE) &&
				 mentions_profile(f->bytes, f->n);
	}
	if (!f->trusted && l->tree.trusted.mode == TRUST_ENFORCE) {
		break_all(m);
		g->partial = true;
		l->untrusted = arena_grow(g->arena, l->untrusted, l->n_untrusted,
					  &l->untrusted_capacity, sizeof(m));
		l->untrusted[l->n_untrusted++] = m;
	}
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
		diagnostic_error(&g->diagnostics, NOWHERE, "--owner: there is no user '%s'",
				 text_escape(g->arena, o->owner, strlen(o->owner), 64));
}

static int trouble(struct generation *g, enum load_trouble t)
{
	if (g->trouble == LOAD_FINE)
		g->trouble = t;
	g->partial = true;
	return -1;
}

static const char *show_path(struct generation *g, const char *path)
{
	return text_escape(g->arena, path, strlen(path), 0);
}

static int cannot_open(struct generation *g, const char *path, int error)
{
	bool missing = error == ENOENT || error == ENOTDIR;

	diagnostic_error(&g->diagnostics, NOWHERE, "%s cannot be read: %s", show_path(g, path),
			 strerror(error));
	if (error == ENOENT && path == g->directory)
		diagnostic_hint(&g->diagnostics, "mkdir -p %s, or name another one with -d",
				show_path(g, path));
	return trouble(g, missing ? LOAD_MISSING : LOAD_UNREADABLE);
}

/* The directory itself or one above it is open to somebody else. */
static int judge_directory(struct load *l, const struct distrust *d, const char *path)
{
	struct generation *g = l->g;
	const char *what = trusted_describe(&d->st, g->arena);

	if (!d->path)
		return 0;
	if (l->tree.trusted.mode == TRUST_WARN) {
		if (l->tree.untrusted++ == 0) {
			l->tree.first = d->path;
			l->tree.first_st = d->st;
		}
		return 0;
	}
	diagnostic_error(&g->diagnostics, NOWHERE,
			 "%s is not applied: %s %s, so that others than root can write it",
			 show_path(g, path), show_path(g, d->path), what);
	diagnostic_hint(&g->diagnostics, "%s",
			trusted_remedy(&l->tree.trusted, &d->st, d->path, g->arena));
	return trouble(g, LOAD_UNTRUSTED);
}

static int load_directory(struct load *l, const char *path, const char *prefix)
{
	struct generation *g = l->g;
	struct distrust distrust;
	char *real;
	int fd = trusted_open_directory(&l->tree.trusted, path, g->arena, &real, &distrust);
	int r;

	if (fd < 0)
		return cannot_open(g, path, -fd);
	r = judge_directory(l, &distrust, path);
	if (r == 0 && tree_walk(&l->tree, fd, real, prefix) < 0)
		r = trouble(g, LOAD_UNREADABLE);
	close(fd);
	return r;
}

/* Leaves only those documents in M that no trusted manifest has. */
static void drop_known(struct manifest *m, const struct catalog *known)
{
	size_t kept = 0;

	for (size_t k = 0; k < m->n; k++) {
		if (!catalog_find(known, m->documents[k].kind, m->documents[k].name))
			m->documents[kept++] = m->documents[k];
	}
	m->n = kept;
}

/* Who may not be believed must not hold back others by naming them. */
static void drop_untrusted(struct load *l)
{
	struct generation *g = l->g;
	struct arena *scratch = arena_new();
	struct manifest **trusted = arena_alloc(scratch, g->n_manifests * sizeof(*trusted));
	struct diagnostics unheard;
	struct catalog known;
	size_t n = 0;

	diagnostics_init(&unheard, scratch);
	for (size_t i = 0, u = 0; i < g->n_manifests; i++) {
		if (u < l->n_untrusted && g->manifests[i] == l->untrusted[u])
			u++;
		else
			trusted[n++] = g->manifests[i];
	}
	catalog_build(&known, trusted, n, scratch, &unheard);
	for (size_t u = 0; u < l->n_untrusted; u++)
		drop_known(l->untrusted[u], &known);
	arena_free(scratch);
}

static const char *host_name(const struct options *o, struct arena *a)
{
	struct utsname name;

	if (o->host)
		return o->host;
	return uname(&name) == 0 ? arena_strdup(a, name.nodename) : "";
}

static void expand_all(struct generation *g, const struct options *o, bool lone)
{
	struct expand_options how = {host_name(o, g->arena), lone};
	const struct catalog *c = &g->catalog;

	g->instances = arena_alloc(g->arena, c->n_instances * sizeof(*g->instances));
	for (size_t i = 0; i < c->n_instances; i++) {
		/* One of two with one name is enough: both are broken. */
		if (i > 0 && strcmp(c->instances[i]->name, c->instances[i - 1]->name) == 0)
			continue;
		g->instances[g->n_instances++] =
		    instance_expand(c, c->instances[i], &how, g->arena, &g->diagnostics);
	}
	instances_crosscheck(g->instances, g->n_instances, &g->diagnostics);
}

/* Who is held back by a profile with errors. */
struct users {
	size_t n;
	const char *names;
};

static void count_user(struct generation *g, struct users *users, const char *profile,
		       const char *instance)
{
	const struct document *p = catalog_find(&g->catalog, KIND_PROFILE, profile);
	size_t k = 0;

	if (!p || !p->broken)
		return;
	while (g->catalog.profiles[k] != p)
		k++;
	if (users[k].n < MOST_NAMES)
		users[k].names = users[k].n
				     ? arena_printf(g->arena, "%s, %s", users[k].names, instance)
				     : instance;
	users[k].n++;
}

static bool any_broken_profile(const struct catalog *c)
{
	for (size_t k = 0; k < c->n_profiles; k++) {
		if (c->profiles[k]->broken)
			return true;
	}
	return false;
}

/* Once per profile, not once per user. */
static void note_held_back(struct generation *g)
{
	const struct catalog *c = &g->catalog;
	struct users *users;

	if (!any_broken_profile(c))
		return;
	users = arena_alloc(g->arena, c->n_profiles * sizeof(*users));
	for (size_t i = 0; i < g->n_instances; i++) {
		const struct document *d = g->instances[i]->document;

		if (!d->profiles_given)
			count_user(g, users, "default", d->name);
		for (size_t k = 0; k < d->profiles.n; k++)
			count_user(g, users, d->profiles.items[k].text, d->name);
	}
	for (size_t k = 0; k < c->n_profiles; k++) {
		if (users[k].n == 0)
			continue;
		diagnostic_notice(&g->diagnostics, c->profiles[k]->at,
				  "profile '%s' has errors and holds back %zu instance%s: %s%s",
				  c->profiles[k]->name, users[k].n, users[k].n == 1 ? "" : "s",
				  users[k].names, users[k].n > MOST_NAMES ? ", ..." : "");
	}
}

static bool uses(const struct document *d, const char *profile)
{
	for (size_t k = 0; k < d->profiles.n; k++)
		if (strcmp(d->profiles.items[k].text, profile) == 0)
			return true;
	return !d->profiles_given;
}

/* A default profile that is not defined is an empty one; but one that may only not have been read
 * must not take its limits from everybody. */
static void hold_back_without_default(struct load *l)
{
	struct generation *g = l->g;
	size_t held = 0;

	if (!l->tree.blind || l->lone || catalog_find(&g->catalog, KIND_PROFILE, "default"))
		return;
	for (size_t i = 0; i < g->n_instances; i++) {
		if (g->instances[i]->held_back || !uses(g->instances[i]->document, "default"))
			continue;
		g->instances[i]->held_back = true;
		held++;
	}
	if (held)
		diagnostic_error(&g->diagnostics, NOWHERE,
				 "the profile 'default' may be in what could not be read: %zu "
				 "instance%s it applies to %s what %s",
				 held, held == 1 ? "" : "s", held == 1 ? "keeps" : "keep",
				 held == 1 ? "it has" : "they have");
}

static void note_empty(struct load *l)
{
	struct generation *g = l->g;
	const char *path = show_path(g, g->directory);
	bool enforced = l->tree.trusted.mode == TRUST_ENFORCE;

	for (size_t i = 0; i < g->n_manifests; i++) {
		if (g->manifests[i]->n > 0)
			return;
	}
	if (g->trouble != LOAD_FINE || g->partial)
		return;
	if (enforced)
		diagnostic_error(&g->diagnostics, NOWHERE,
				 "%s holds no manifest: nothing is changed", path);
	else
		diagnostic_warning(&g->diagnostics, NOWHERE, "%s holds no manifest", path);
	diagnostic_hint(&g->diagnostics, "manifests end in .yaml, .yml or .json");
	trouble(g, LOAD_EMPTY);
}

static struct generation *load_finish(struct load *l, const struct options *o)
{
	struct generation *g = l->g;

	tree_finish(&l->tree);
	g->n_files = l->tree.files;
	g->partial |= l->tree.partial;
	note_empty(l);
	if (l->n_untrusted > 0)
		drop_untrusted(l);
	catalog_build(&g->catalog, g->manifests, g->n_manifests, g->arena, &g->diagnostics);
	expand_all(g, o, l->lone);
	note_held_back(g);
	hold_back_without_default(l);
	diagnostics_sort(&g->diagnostics);
	return g;
}

struct generation *generation_load(const struct options *o, enum trust trust)
{
	return generation_load_hooked(o, trust, (struct tree_hooks){0});
}

struct generation *generation_load_hooked(const struct options *o, enum trust trust,
					  struct tree_hooks hooks)
{
	struct generation *g = generation_new(o->directory);
	struct load l;

	load_start(&l, g, o, trust);
	l.tree.hooks = hooks;
	if (hooks.begin)
		hooks.begin(hooks.context, true);
	if (g->diagnostics.errors > 0)
		trouble(g, LOAD_UNREADABLE);
	else
		load_directory(&l, o->directory, "");
	if (hooks.end)
		hooks.end(hooks.context);
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
		cannot_open(l->g, path, errno);
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
