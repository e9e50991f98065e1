#include "reconciler/liferoots.h"

#include "schema/arena.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* Not IN_ATTRIB: a container's root may change the mode of his payload's directory all day. */
#define EVENTS (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR | IN_DONT_FOLLOW)

struct root {
	const char *path;
	int wd;     /* -1: it is not there */
	bool mount; /* stays */
};

/* A container that is not where its name says. */
struct learned {
	struct learned *next;
	struct arena *arena;
	const char *name, *mount, *group;
};

struct liferoots {
	struct arena *arena;
	int fd;
	struct root *roots;
	size_t n, capacity;
	struct learned *learned;
};

struct liferoots *liferoots_new(int fd)
{
	struct arena *a = arena_new();
	struct liferoots *r = arena_alloc(a, sizeof(*r));

	*r = (struct liferoots){.arena = a, .fd = fd};
	return r;
}

void liferoots_free(struct liferoots *r)
{
	struct learned *next;

	if (!r)
		return;
	for (struct learned *l = r->learned; l; l = next) {
		next = l->next;
		arena_free(l->arena);
	}
	arena_free(r->arena);
}

/* Is PATH the directory ABOVE, or in it? */
static bool is_below(const char *path, const char *above)
{
	size_t n = strlen(above);

	return strncmp(path, above, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* In one that others can write anybody's groups come and go: they could wake us as they like. */
static int watch(const struct liferoots *r, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -1;
	if (st.st_uid != geteuid() || (st.st_mode & 022) != 0) {
		errno = EPERM;
		return -1;
	}
	return inotify_add_watch(r->fd, path, EVENTS);
}

static struct root *find(const struct liferoots *r, const char *path)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->roots[i].path, path) == 0)
			return &r->roots[i];
	return NULL;
}

static struct root *add(struct liferoots *r, const char *path)
{
	struct root *root = find(r, path);

	if (root)
		return root;
	r->roots = arena_grow(r->arena, r->roots, r->n, &r->capacity, sizeof(*r->roots));
	r->roots[r->n] = (struct root){arena_strdup(r->arena, path), -1, false};
	return &r->roots[r->n++];
}

int liferoots_add(struct liferoots *r, const char *mount)
{
	struct root *root = add(r, mount);

	root->mount = true;
	root->wd = watch(r, mount);
	return root->wd < 0 ? -errno : 0;
}

const char *liferoots_path(const struct liferoots *r, int wd)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->roots[i].wd == wd)
			return r->roots[i].path;
	return NULL;
}

/* The watch of a directory that has gone is one of nothing. */
static int rewatch(struct liferoots *r, struct root *root)
{
	int wd = watch(r, root->path), error = wd < 0 ? errno : 0;

	if (root->wd >= 0 && root->wd != wd)
		inotify_rm_watch(r->fd, root->wd);
	root->wd = wd;
	return error;
}

void liferoots_came(struct liferoots *r, const char *path)
{
	for (size_t i = 0; i < r->n; i++)
		if (is_below(r->roots[i].path, path))
			rewatch(r, &r->roots[i]);
}

void liferoots_names(const struct liferoots *r, const char *path,
		     void (*found)(void *context, const char *name), void *context)
{
	for (const struct learned *l = r->learned; l; l = l->next)
		if (is_below(l->group, path))
			found(context, l->name);
}

/* The directories between a mount and a group, the mount apart. */
static void watch_way(struct liferoots *r, const struct learned *l, struct shortfall *s)
{
	char *path = arena_strdup(l->arena, l->group), *end = path + strlen(l->mount);

	while (*end == '/' && (end = strchr(end + 1, '/'))) {
		int error;

		*end = '\0';
		error = rewatch(r, add(r, path));
		if (error && error != ENOENT && error != EPERM)
			shortfall_watch(s, error, path);
		*end = '/';
	}
}

void liferoots_learn(struct liferoots *r, const char *name, const char *mount, const char *group,
		     struct shortfall *s)
{
	struct learned *l;
	struct arena *a;

	if (!is_below(group, mount))
		return;
	for (l = r->learned; l; l = l->next)
		if (strcmp(l->name, name) == 0 && strcmp(l->group, group) == 0)
			return;
	a = arena_new();
	l = arena_alloc(a, sizeof(*l));
	*l = (struct learned){.arena = a,
			      .next = r->learned,
			      .name = arena_strdup(a, name),
			      .mount = arena_strdup(a, mount),
			      .group = arena_strdup(a, group)};
	r->learned = l;
	watch_way(r, l, s);
}

static bool is_on_a_way(const struct liferoots *r, const struct root *root)
{
	for (const struct learned *l = r->learned; l; l = l->next)
		if (is_below(l->group, root->path))
			return true;
	return false;
}

void liferoots_forget(struct liferoots *r, const char *name)
{
	bool any = false;
	size_t kept = 0;

	for (struct learned **at = &r->learned; *at;) {
		struct learned *l = *at;

		if (strcmp(l->name, name) != 0) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		arena_free(l->arena);
		any = true;
	}
	for (size_t i = 0; any && i < r->n; i++) {
		struct root *root = &r->roots[i];

		if (root->mount || is_on_a_way(r, root))
			r->roots[kept++] = *root;
		else if (root->wd >= 0)
			inotify_rm_watch(r->fd, root->wd);
	}
	r->n = any ? kept : r->n;
}
