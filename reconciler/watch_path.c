#include "reconciler/watch_path.h"

#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* As the kernel bounds it (path_resolution(7)). */
#define MOST_LINKS 40
/* Of what is renamed under our eyes. */
#define MOST_TRIES 8

static void digest_add(uint64_t *digest, uint64_t n)
{
	*digest = (*digest ^ n) * 1099511628211ull;
}

static void forget_above(struct watch_path *p)
{
	if (p->above >= 0)
		close(p->above);
	p->above = -1;
}

/* Stands on FD now, found as NAME (NULL: it was not looked up) in the folder before; takes FD. */
static int stand(struct watch_path *p, int fd, const char *name)
{
	if (fd < 0)
		return -errno;
	forget_above(p);
	if (name)
		p->above = p->fd;
	else if (p->fd >= 0)
		close(p->fd);
	p->name = name;
	p->fd = fd;
	if (fstat(fd, &p->st) < 0)
		return -errno;
	digest_add(&p->digest, p->st.st_dev);
	digest_add(&p->digest, p->st.st_ino);
	digest_add(&p->digest, p->st.st_mode);
	digest_add(&p->digest, p->st.st_uid);
	return 0;
}

static int stand_on_root(struct watch_path *p)
{
	int r = stand(p, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), NULL);

	p->real = arena_strdup(p->arena, "");
	if (r == 0 && p->quiet)
		p->show(p->context, p->fd, ASPECT_ITSELF, "");
	return r;
}

static bool at_top(const struct watch_path *p)
{
	return p->top && p->st.st_dev == p->top->st_dev && p->st.st_ino == p->top->st_ino;
}

static int follow(struct watch_path *p, int link, const char **rest, unsigned *links)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(link, "", target, sizeof(target));

	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof(target))
		return -ENAMETOOLONG;
	if (++*links > MOST_LINKS)
		return -ELOOP;
	*rest = arena_printf(p->arena, "%.*s/%s", (int)n, target, *rest);
	if (target[0] != '/')
		return 0;
	return p->top ? -EXDEV : stand_on_root(p);
}

static void note_real(struct watch_path *p, const char *name)
{
	char *slash;

	if (strcmp(name, "..") != 0) {
		p->real = arena_printf(p->arena, "%s/%s", p->real, name);
		return;
	}
	slash = strrchr(p->real, '/');
	if (slash)
		*slash = '\0';
}

static bool is_still(int folder, const char *name, const struct stat *was)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == was->st_dev &&
	       st.st_ino == was->st_ino;
}

/* Finds NAME where it stands. What it found is watched, or that there is nothing. */
static int look_up(struct watch_path *p, const char *name, struct stat *st)
{
	bool awaited = false;

	if (!p->quiet)
		p->show(p->context, p->fd, ASPECT_ENTRY, name);
	for (unsigned i = 0; i < MOST_TRIES; i++) {
		int fd = openat(p->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0 && (awaited || !p->quiet))
			return -errno;
		if (fd < 0) {
			p->show(p->context, p->fd, ASPECT_COMING, name);
			awaited = true;
			continue;
		}
		if (p->quiet)
			p->show(p->context, fd, ASPECT_ITSELF, "");
		if (fstat(fd, st) == 0 && (!p->quiet || is_still(p->fd, name, st)))
			return fd;
		close(fd);
	}
	return -EAGAIN;
}

static int step(struct watch_path *p, const char *name, const char **rest, unsigned *links)
{
	struct stat st = {0};
	int fd, r;

	if (!S_ISDIR(p->st.st_mode))
		return -ENOTDIR;
	if (strcmp(name, "..") == 0 && at_top(p))
		return -EXDEV;
	fd = look_up(p, name, &st);
	if (fd < 0)
		return fd;
	if (S_ISLNK(st.st_mode)) {
		r = follow(p, fd, rest, links);
		close(fd);
		return r;
	}
	note_real(p, name);
	return stand(p, fd, strcmp(name, "..") == 0 ? NULL : name);
}

/* Where it stands at the end, there or half way: that this is removed. */
static int watch_last(struct watch_path *p)
{
	if (!p->quiet || p->above < 0)
		return 0;
	p->show(p->context, p->above, ASPECT_GOING, p->name);
	return is_still(p->above, p->name, &p->st) ? 0 : -EAGAIN;
}

/* Takes the next name off REST; NULL: there is none. */
static const char *next_name(struct watch_path *p, const char **rest)
{
	for (;;) {
		const char *start = *rest + strspn(*rest, "/");
		size_t n = strcspn(start, "/");

		*rest = start + n;
		if (n == 0)
			return NULL;
		if (n != 1 || *start != '.')
			return arena_strndup(p->arena, start, n);
	}
}

static int walk(struct watch_path *p, int start, const char *path)
{
	unsigned links = 0;
	const char *name;
	int r, last;

	p->fd = p->above = -1;
	p->digest = 14695981039346656037ull;
	p->real = arena_strdup(p->arena, "");
	if (path[0] == '/')
		r = p->top ? -EXDEV : stand_on_root(p);
	else
		r = stand(p, fcntl(start, F_DUPFD_CLOEXEC, 0), NULL);
	while (r == 0 && (name = next_name(p, &path)))
		r = step(p, name, &path, &links);
	last = watch_last(p);
	if (last < 0)
		r = last;
	forget_above(p);
	if (r < 0 && p->fd >= 0) {
		close(p->fd);
		p->fd = -1;
	}
	return r;
}

int watch_path_walk(struct watch_path *p, int start, const char *path)
{
	int r, tries = MOST_TRIES;

	do
		r = walk(p, start, path);
	while (r == -EAGAIN && --tries);
	return r;
}

bool watch_path_wants(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM;
}
