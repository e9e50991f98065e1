#include "reconciler/lifefolder.h"

#include "schema/arena.h"
#include "schema/names.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENTS (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)
#define CAME (IN_CREATE | IN_MOVED_TO)

/* LXC marks what it is still making with a file "partial". */
#define MAKING_EVENTS (IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR | IN_DONT_FOLLOW)

#define MAKING_MOST 16 /* at a time: more are left to the next full pass */

/* A folder in which a container is being made. */
struct making {
	int wd; /* -1: free */
	char name[64];
};

struct lifefolder {
	int fd, wd; /* WD: of the LXC path; -1 */
	struct arena *arena;
	const char *lxcpath;
	struct making making[MAKING_MOST];
	char name[64]; /* of the last event */
};

struct lifefolder *lifefolder_new(int fd, const char *lxcpath)
{
	struct arena *a = arena_new();
	struct lifefolder *f = arena_alloc(a, sizeof(*f));

	*f = (struct lifefolder){
	    .arena = a, .fd = fd, .wd = -1, .lxcpath = arena_strdup(a, lxcpath)};
	for (size_t i = 0; i < MAKING_MOST; i++)
		f->making[i].wd = -1;
	return f;
}

void lifefolder_free(struct lifefolder *f)
{
	if (f)
		arena_free(f->arena);
}

/* In a folder that others can write they could wake us as they like. */
static bool is_ours(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 022) == 0;
}

void lifefolder_watch(struct lifefolder *f, struct shortfall *s)
{
	int wd = -1;

	errno = 0;
	if (is_ours(f->lxcpath))
		wd = inotify_add_watch(f->fd, f->lxcpath, EVENTS);
	if (wd < 0 && errno == ENOSPC)
		shortfall_watch(s, errno, f->lxcpath);
	if (f->wd >= 0 && f->wd != wd)
		inotify_rm_watch(f->fd, f->wd);
	f->wd = wd;
}

static bool has(const struct lifefolder *f, const char *name, const char *file)
{
	char path[PATH_MAX];

	return (size_t)snprintf(path, sizeof(path), "%s/%s/%s", f->lxcpath, name, file) <
		   sizeof(path) &&
	       access(path, F_OK) == 0;
}

static bool is_whole(const struct lifefolder *f, const char *name)
{
	return has(f, name, "config") && !has(f, name, "partial");
}

static void making_end(struct lifefolder *f, struct making *m)
{
	inotify_rm_watch(f->fd, m->wd);
	m->wd = -1;
}

static void making_begin(struct lifefolder *f, const char *name, struct shortfall *s)
{
	struct making *m = NULL;
	char path[PATH_MAX];

	for (size_t i = 0; i < MAKING_MOST && !m; i++)
		if (f->making[i].wd < 0)
			m = &f->making[i];
	if (!m || (size_t)snprintf(path, sizeof(path), "%s/%s", f->lxcpath, name) >= sizeof(path) ||
	    !is_ours(path))
		return;
	m->wd = inotify_add_watch(f->fd, path, MAKING_EVENTS);
	snprintf(m->name, sizeof(m->name), "%s", name);
	if (m->wd < 0 && errno == ENOSPC)
		shortfall_watch(s, errno, path);
	if (m->wd >= 0 && is_whole(f, name))
		making_end(f, m);
}

static void forget(struct lifefolder *f, const char *name)
{
	for (size_t i = 0; i < MAKING_MOST; i++)
		if (f->making[i].wd >= 0 && strcmp(f->making[i].name, name) == 0)
			making_end(f, &f->making[i]);
}

/* Our own folders aside begin with a dot. */
static const char *in_path(struct lifefolder *f, const struct inotify_event *e, struct shortfall *s)
{
	if (e->mask & IN_IGNORED)
		f->wd = -1;
	if (!(e->mask & IN_ISDIR) || e->len == 0 || strlen(e->name) >= sizeof(f->name) ||
	    name_check_instance(e->name))
		return NULL;
	snprintf(f->name, sizeof(f->name), "%s", e->name);
	forget(f, f->name);
	if ((e->mask & CAME) && !is_whole(f, f->name))
		making_begin(f, f->name, s);
	return f->name;
}

static const char *in_making(struct lifefolder *f, struct making *m, const struct inotify_event *e)
{
	if (e->mask & IN_IGNORED) {
		m->wd = -1;
		return NULL;
	}
	if (e->len == 0 || (strcmp(e->name, "config") != 0 && strcmp(e->name, "partial") != 0) ||
	    !is_whole(f, m->name))
		return NULL;
	making_end(f, m);
	snprintf(f->name, sizeof(f->name), "%s", m->name);
	return f->name;
}

bool lifefolder_event(struct lifefolder *f, const struct inotify_event *e, const char **name,
		      struct shortfall *s)
{
	*name = NULL;
	if (e->wd < 0)
		return false;
	if (e->wd == f->wd) {
		*name = in_path(f, e, s);
		return true;
	}
	for (size_t i = 0; i < MAKING_MOST; i++) {
		if (f->making[i].wd != e->wd)
			continue;
		*name = in_making(f, &f->making[i], e);
		return true;
	}
	return false;
}
