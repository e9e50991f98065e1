#include "reconciler/watch_path.h"

#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* As the kernel bounds it (path_resolution(7)). */
#define MOST_LINKS 40

static void digest_add(uint64_t *digest, uint64_t n)
{
	*digest = (*digest ^ n) * 1099511628211ull;
}

/* Stands on FD now; takes it. */
static int stand(struct watch_path *p, int fd)
{
	if (fd < 0)
		return -errno;
	if (p->fd >= 0)
		close(p->fd);
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
	p->real = arena_strdup(p->arena, "");
	return stand(p, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
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

static int step(struct watch_path *p, const char *name, const char **rest, unsigned *links)
{
	struct stat st;
	int fd, r;

	if (!S_ISDIR(p->st.st_mode))
		return -ENOTDIR;
	if (strcmp(name, "..") == 0 && at_top(p))
		return -EXDEV;
	p->step(p->context, p->fd, name);
	fd = openat(p->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		r = -errno;
	} else if (S_ISLNK(st.st_mode)) {
		r = follow(p, fd, rest, links);
	} else {
		note_real(p, name);
		return stand(p, fd);
	}
	if (fd >= 0)
		close(fd);
	return r;
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

int watch_path_walk(struct watch_path *p, int start, const char *path)
{
	unsigned links = 0;
	const char *name;
	int r;

	p->fd = -1;
	p->digest = 14695981039346656037ull;
	p->real = arena_strdup(p->arena, "");
	if (path[0] == '/')
		r = p->top ? -EXDEV : stand_on_root(p);
	else
		r = stand(p, fcntl(start, F_DUPFD_CLOEXEC, 0));
	while (r == 0 && (name = next_name(p, &path)))
		r = step(p, name, &path, &links);
	if (r < 0 && p->fd >= 0) {
		close(p->fd);
		p->fd = -1;
	}
	return r;
}
