#include "reconciler/lifewatch.h"

#include "limits/cgroup_layout.h"
#include "limits/procfile.h"
#include "reconciler/lifefolder.h"
#include "reconciler/lifemarks.h"
#include "reconciler/lifenames.h"
#include "reconciler/liferoots.h"
#include "schema/arena.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define READ_BYTES 65536
#define MOST_READS 64 /* in one go: what is left keeps the fd readable */

#define CAME (IN_CREATE | IN_MOVED_TO)
#define WENT (IN_DELETE | IN_MOVED_FROM)

struct lifewatch {
	const struct cgroup_layout *layout;
	int fd;
	int v1, v2; /* hierarchies of the layout; -1: none */
	struct liferoots *roots;
	struct lifemarks *marks;
	struct lifefolder *folder;
	struct shortfall shortfall;
};

/* Who was found in one go. */
struct finds {
	struct arena *arena;
	const char **names;
	size_t n, capacity;
};

/* ---- beginning and end ---- */

/* LXC makes a container's group in every v1 hierarchy alike; the freezer's says most. */
static int choose_v1(const struct cgroup_layout *l)
{
	static const enum controller order[] = {CONTROLLER_FREEZER, CONTROLLER_PIDS,
						CONTROLLER_DEVICES, CONTROLLER_MEMORY,
						CONTROLLER_CPU};

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		int h = l->of[order[i]];

		if (h >= 0 && l->hierarchies[h].version == CGROUP_V1)
			return h;
	}
	return -1;
}

static int watch_hierarchy(struct lifewatch *w, int hierarchy)
{
	return hierarchy < 0 ? 0 : liferoots_add(w->roots, w->layout->hierarchies[hierarchy].mount);
}

static struct lifewatch *refuse(struct lifewatch *w, struct diagnostics *ds, int error)
{
	struct shortfall s = {0};

	if (w->fd < 0)
		shortfall_instance(&s, error);
	else
		shortfall_watch(&s, error, "the cgroup hierarchies");
	diagnostic_error(ds, NOWHERE, "containers cannot be followed: %s", s.why);
	if (*s.remedy)
		diagnostic_hint(ds, "%s", s.remedy);
	lifewatch_close(w);
	return NULL;
}

struct lifewatch *lifewatch_open(const struct cgroup_layout *l, const char *lxcpath,
				 struct diagnostics *ds)
{
	struct lifewatch *w = calloc(1, sizeof(*w));
	int error;

	if (!w) {
		diagnostic_error(ds, NOWHERE, "containers cannot be followed: %s",
				 strerror(ENOMEM));
		return NULL;
	}
	*w = (struct lifewatch){.layout = l, .v1 = choose_v1(l), .v2 = l->unified};
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	error = w->fd < 0 ? errno : 0;
	if (error)
		return refuse(w, ds, error);
	w->roots = liferoots_new(w->fd);
	w->marks = lifemarks_new(w->fd);
	w->folder = lifefolder_new(w->fd, lxcpath);
	lifefolder_watch(w->folder, &w->shortfall);
	error = -watch_hierarchy(w, w->v2);
	if (!error)
		error = -watch_hierarchy(w, w->v1);
	return error ? refuse(w, ds, error) : w;
}

void lifewatch_close(struct lifewatch *w)
{
	if (!w)
		return;
	lifefolder_free(w->folder);
	lifemarks_free(w->marks);
	liferoots_free(w->roots);
	procfile_close(&w->fd);
	free(w);
}

/* What was kept by events that were lost. */
static void recover(struct lifewatch *w)
{
	lifemarks_check_all(w->marks);
	if (w->v1 >= 0)
		liferoots_came(w->roots, w->layout->hierarchies[w->v1].mount);
	if (w->v2 >= 0)
		liferoots_came(w->roots, w->layout->hierarchies[w->v2].mount);
	lifefolder_watch(w->folder, &w->shortfall);
}

void lifewatch_again(struct lifewatch *w)
{
	lifefolder_watch(w->folder, &w->shortfall);
}

int lifewatch_fd(const struct lifewatch *w)
{
	return w->fd;
}

bool lifewatch_complete(const struct lifewatch *w, const char **why, const char **remedy)
{
	*why = w->shortfall.why;
	*remedy = w->shortfall.remedy;
	return !w->shortfall.given;
}

/* ---- events ---- */

static void note(void *context, const char *name)
{
	struct finds *f = context;

	f->names = arena_grow(f->arena, f->names, f->n, &f->capacity, sizeof(*f->names));
	f->names[f->n++] = arena_strdup(f->arena, name);
}

/* A group of whose container nothing more is known yet: its marks are owned by the group. */
static const char *group_owner(const char *group, char out[NAME_MAX + 2])
{
	snprintf(out, NAME_MAX + 2, "/%s", group);
	return out;
}

static void note_group(struct finds *f, const char *group, const char *prefix)
{
	char names[2][LIFENAMES_SIZE];
	size_t n = lifenames_of(group, prefix, names);

	for (size_t i = 0; i < n; i++)
		note(f, names[i]);
}

/* When it comes nobody is in it yet; v2 tells when somebody is. */
static void payload_came(struct lifewatch *w, const char *path, const char *group)
{
	char owner[NAME_MAX + 2], file[PATH_MAX];
	const char *paths[] = {file};

	if ((size_t)snprintf(file, sizeof(file), "%s/cgroup.events", path) < sizeof(file))
		lifemarks_set(w->marks, group_owner(group, owner), path, paths, 1, &w->shortfall);
}

/* The event may be late, and the next run there already. */
static void payload_went(struct lifewatch *w, const char *group)
{
	char owner[NAME_MAX + 2], names[2][LIFENAMES_SIZE];
	size_t n = lifenames_of(group, LIFENAMES_PAYLOAD, names);

	lifemarks_check(w->marks, group_owner(group, owner));
	for (size_t i = 0; i < n; i++)
		lifemarks_check(w->marks, names[i]);
}

static void check_one(void *context, const char *name)
{
	struct lifewatch *w = context;

	lifemarks_check(w->marks, name);
}

static void in_directory(struct lifewatch *w, struct finds *f, const char *directory,
			 const struct inotify_event *e)
{
	char names[2][LIFENAMES_SIZE], path[PATH_MAX];

	if (!(e->mask & IN_ISDIR) || e->len == 0 ||
	    (size_t)snprintf(path, sizeof(path), "%s/%s", directory, e->name) >= sizeof(path))
		return;
	note_group(f, e->name, LIFENAMES_PAYLOAD);
	/* the monitor's goes last */
	if (e->mask & WENT)
		note_group(f, e->name, LIFENAMES_MONITOR);
	if (e->mask & CAME)
		liferoots_came(w->roots, path);
	liferoots_names(w->roots, path, note, f);
	if (e->mask & WENT) {
		payload_went(w, e->name);
		liferoots_names(w->roots, path, check_one, w);
	} else if (lifenames_of(e->name, LIFENAMES_PAYLOAD, names) > 0) {
		payload_came(w, path, e->name);
	}
}

static void of_file(struct lifewatch *w, struct finds *f, const struct inotify_event *e)
{
	const char *owner = lifemarks_owner(w->marks, e->wd);

	if (owner && *owner == '/')
		note_group(f, owner + 1, LIFENAMES_PAYLOAD);
	else if (owner)
		note(f, owner);
	if (e->mask & IN_IGNORED)
		lifemarks_lost(w->marks, e->wd);
}

/* False: some were lost before it. */
static bool take_event(struct lifewatch *w, struct finds *f, const struct inotify_event *e)
{
	const char *directory = e->wd < 0 ? NULL : liferoots_path(w->roots, e->wd), *name;

	if (e->mask & IN_Q_OVERFLOW)
		return false;
	if (lifefolder_event(w->folder, e, &name, &w->shortfall)) {
		if (name)
			note(f, name);
	} else if (directory) {
		in_directory(w, f, directory, e);
	} else {
		of_file(w, f, e);
	}
	return true;
}

static bool take_events(struct lifewatch *w, struct finds *f)
{
	char bytes[READ_BYTES] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool whole = true;
	ssize_t n;

	for (int i = 0; i < MOST_READS && (n = read(w->fd, bytes, sizeof(bytes))) > 0; i++) {
		for (const char *at = bytes; at < bytes + n;) {
			const struct inotify_event *e = (const struct inotify_event *)at;

			whole &= take_event(w, f, e);
			at += sizeof(*e) + e->len;
		}
	}
	return whole;
}

static int compare(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

bool lifewatch_read(struct lifewatch *w, void (*found)(void *context, const char *name),
		    void *context)
{
	struct finds f = {.arena = arena_new()};
	bool whole = take_events(w, &f);

	if (!whole)
		recover(w);
	if (f.n)
		qsort(f.names, f.n, sizeof(*f.names), compare);
	for (size_t i = 0; i < f.n; i++)
		if (i == 0 || strcmp(f.names[i - 1], f.names[i]) != 0)
			found(context, f.names[i]);
	arena_free(f.arena);
	return whole;
}

/* ---- one container ---- */

static bool is_usual(const struct lifewatch *w, int hierarchy, const char *name, const char *group)
{
	const char *rest = group + strlen(w->layout->hierarchies[hierarchy].mount);
	char names[2][LIFENAMES_SIZE];
	size_t n = *rest == '/' ? lifenames_of(rest + 1, LIFENAMES_PAYLOAD, names) : 0;

	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void learn_in(struct lifewatch *w, const struct container *c, int hierarchy, struct arena *a)
{
	const char *group = hierarchy < 0 ? NULL : cgroup_group(c->cgroup, hierarchy, a);

	if (group && !is_usual(w, hierarchy, c->name, group))
		liferoots_learn(w->roots, c->name, w->layout->hierarchies[hierarchy].mount, group,
				&w->shortfall);
}

void lifewatch_learn(struct lifewatch *w, const struct container *c)
{
	struct arena *a = arena_new();

	if (c->cgroup) {
		learn_in(w, c, w->v2, a);
		learn_in(w, c, w->v1, a);
	}
	arena_free(a);
}

void lifewatch_knobs(struct lifewatch *w, const struct container *c, const char *const *paths,
		     size_t n)
{
	struct arena *a = arena_new();
	const char **all = arena_alloc(a, (n + 2) * sizeof(*all));
	const char *v1 = c->cgroup && w->v1 >= 0 ? cgroup_group(c->cgroup, w->v1, a) : NULL;
	const char *v2 = c->cgroup && w->v2 >= 0 ? cgroup_group(c->cgroup, w->v2, a) : NULL;
	char owner[NAME_MAX + 2];

	for (size_t i = 0; i < n; i++)
		all[i] = paths[i];
	if (v1)
		all[n++] = arena_printf(a, "%s/freezer.state", v1);
	if (v2)
		all[n++] = arena_printf(a, "%s/cgroup.events", v2);
	if (v1 || v2) {
		lifemarks_set(w->marks, c->name, v2 ? v2 : v1, all, n, &w->shortfall);
		lifemarks_drop(w->marks, group_owner(strrchr(v2 ? v2 : v1, '/') + 1, owner));
	} else {
		lifemarks_drop(w->marks, c->name);
	}
	arena_free(a);
}

void lifewatch_ended(struct lifewatch *w, const char *name)
{
	lifemarks_drop(w->marks, name);
}

void lifewatch_forget(struct lifewatch *w, const char *name)
{
	lifemarks_drop(w->marks, name);
	liferoots_forget(w->roots, name);
}
