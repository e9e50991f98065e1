#include "reconciler/trust.h"

#include "schema/arena.h"
#include "schema/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As the kernel bounds it (path_resolution(7)). */
#define MOST_LINKS 40

int trusted_from(const struct options *o, enum trust mode, struct trusted *out)
{
	const struct passwd *p;
	char *end;

	*out = (struct trusted){.mode = mode};
	if (!o->owner)
		return 0;
	p = getpwnam(o->owner);
	if (p) {
		out->owner = p->pw_uid;
		return 0;
	}
	errno = 0;
	if (o->owner[0] >= '0' && o->owner[0] <= '9') {
		unsigned long uid = strtoul(o->owner, &end, 10);

		if (errno == 0 && *end == '\0' && uid < UINT32_MAX) {
			out->owner = (uid_t)uid;
			return 0;
		}
	}
	return -ENOENT;
}

static bool owner_fits(const struct trusted *t, const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == t->owner;
}

bool trusted_fits(const struct trusted *t, const struct stat *st)
{
	return owner_fits(t, st) && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* The folder DIR in which ENTRY was found. */
static bool parent_fits(const struct trusted *t, const struct stat *dir, const struct stat *entry)
{
	if (trusted_fits(t, dir))
		return true;
	/* Nobody can rename or remove another's entry of a sticky folder. */
	return dir->st_uid == 0 && (dir->st_mode & S_ISVTX) && owner_fits(t, entry);
}

/* A path on its way: what is still to be walked, and where the walk stands. */
struct way {
	const struct trusted *trusted;
	struct arena *arena;
	const char *rest;
	int fd;         /* O_PATH of the folder reached */
	struct stat st; /* of it */
	char *real;     /* its path; "" is the root */
	unsigned links;
	struct distrust *distrust;
};

static void judge(struct way *w, bool fits, const char *path, const struct stat *st)
{
	if (fits || w->distrust->path)
		return;
	w->distrust->path = arena_strdup(w->arena, *path ? path : "/");
	w->distrust->st = *st;
}

static int way_start(struct way *w)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (w->fd >= 0)
		close(w->fd);
	w->fd = fd;
	w->real = arena_strdup(w->arena, "");
	return fstat(fd, &w->st) < 0 ? -errno : 0;
}

static int follow(struct way *w, int link, const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(link, "", target, sizeof(target));

	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof(target))
		return -ENAMETOOLONG;
	if (++w->links > MOST_LINKS)
		return -ELOOP;
	judge(w, parent_fits(w->trusted, &w->st, st), w->real, &w->st);
	w->rest = arena_printf(w->arena, "%.*s/%s", (int)n, target, w->rest);
	return target[0] == '/' ? way_start(w) : 0;
}

static void enter(struct way *w, int fd, const struct stat *st, const char *name)
{
	char *slash;

	close(w->fd);
	w->fd = fd;
	if (strcmp(name, "..") == 0) {
		slash = strrchr(w->real, '/');
		if (slash)
			*slash = '\0';
	} else {
		judge(w, parent_fits(w->trusted, &w->st, st), w->real, &w->st);
		w->real = arena_printf(w->arena, "%s/%s", w->real, name);
	}
	w->st = *st;
}

static int step(struct way *w, const char *name)
{
	int fd = openat(w->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (S_ISLNK(st.st_mode))
		r = follow(w, fd, &st);
	else if (!S_ISDIR(st.st_mode))
		r = -ENOTDIR;
	else {
		enter(w, fd, &st, name);
		return 0;
	}
	close(fd);
	return r;
}

/* Takes the next component off the rest; NULL: there is none. */
static const char *next_name(struct way *w)
{
	size_t n;
	char *name;

	for (;;) {
		w->rest += strspn(w->rest, "/");
		n = strcspn(w->rest, "/");
		if (n == 0)
			return NULL;
		name = arena_strndup(w->arena, w->rest, n);
		w->rest += n;
		if (strcmp(name, ".") != 0)
			return name;
	}
}

static int way_walk(struct way *w)
{
	const char *name;
	int r = way_start(w), fd;

	while (r == 0 && (name = next_name(w)))
		r = step(w, name);
	if (r < 0)
		return r;
	judge(w, trusted_fits(w->trusted, &w->st), w->real, &w->st);
	fd = openat(w->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int trusted_open_directory(const struct trusted *t, const char *path, struct arena *a, char **real,
			   struct distrust *out)
{
	struct way w = {.trusted = t, .arena = a, .rest = path, .fd = -1, .distrust = out};
	char cwd[PATH_MAX];
	int r;

	*out = (struct distrust){0};
	w.real = arena_strdup(a, "");
	if (path[0] == '\0')
		return -ENOENT;
	if (path[0] != '/') {
		if (!getcwd(cwd, sizeof(cwd)))
			return -errno;
		w.rest = arena_printf(a, "%s/%s", cwd, path);
	}
	r = way_walk(&w);
	if (w.fd >= 0)
		close(w.fd);
	*real = w.real[0] ? w.real : arena_strdup(a, "/");
	return r;
}

char *trusted_describe(const struct stat *st, struct arena *a)
{
	return arena_printf(a, "belongs to uid %u and has mode %04o", (unsigned)st->st_uid,
			    (unsigned)(st->st_mode & 07777));
}

char *trusted_remedy(const struct trusted *t, const struct stat *st, const char *path,
		     struct arena *a)
{
	const char *shown = text_escape(a, path, strlen(path), 0);
	bool owner = !owner_fits(t, st), mode = st->st_mode & (S_IWGRP | S_IWOTH);

	return arena_printf(a, "%s%s%s%s%s", owner ? "chown root " : "", owner ? shown : "",
			    owner && mode ? "; " : "", mode ? "chmod go-w " : "",
			    mode ? shown : "");
}
