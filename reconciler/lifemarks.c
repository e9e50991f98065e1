#include "reconciler/lifemarks.h"

#include "limits/procfile.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

struct owner {
	struct arena *arena;
	const char *name, *group;
	ino_t inode; /* of the group: never given twice */
	int *wds;
	size_t n;
};

struct mark {
	int wd;
	const struct owner *owner;
};

struct lifemarks {
	struct arena *arena;
	int fd;
	struct owner **owners; /* sorted by name */
	size_t n_owners, owners_capacity;
	struct mark *marks; /* sorted by wd */
	size_t n, capacity;
};

struct lifemarks *lifemarks_new(int fd)
{
	struct arena *a = arena_new();
	struct lifemarks *m = arena_alloc(a, sizeof(*m));

	*m = (struct lifemarks){.arena = a, .fd = fd};
	return m;
}

void lifemarks_free(struct lifemarks *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n_owners; i++)
		arena_free(m->owners[i]->arena);
	arena_free(m->arena);
}

size_t lifemarks_count(const struct lifemarks *m)
{
	return m->n;
}

/* ---- marks by wd ---- */

/* The first whose wd is not below WD. New ones come at the end: the kernel counts upwards. */
static size_t mark_index(const struct lifemarks *m, int wd)
{
	size_t low = 0, high = m->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->marks[middle].wd < wd)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct mark *mark_find(const struct lifemarks *m, int wd)
{
	size_t i = mark_index(m, wd);

	return i < m->n && m->marks[i].wd == wd ? &m->marks[i] : NULL;
}

static void mark_set(struct lifemarks *m, int wd, const struct owner *owner)
{
	size_t i = mark_index(m, wd);

	if (i < m->n && m->marks[i].wd == wd) {
		m->marks[i].owner = owner;
		return;
	}
	m->marks = arena_grow(m->arena, m->marks, m->n, &m->capacity, sizeof(*m->marks));
	memmove(&m->marks[i + 1], &m->marks[i], (m->n - i) * sizeof(*m->marks));
	m->marks[i] = (struct mark){wd, owner};
	m->n++;
}

static void mark_remove(struct lifemarks *m, struct mark *mark)
{
	size_t i = (size_t)(mark - m->marks);

	memmove(mark, mark + 1, (m->n - i - 1) * sizeof(*m->marks));
	m->n--;
}

const char *lifemarks_owner(const struct lifemarks *m, int wd)
{
	const struct mark *mark = mark_find(m, wd);

	return mark ? mark->owner->name : NULL;
}

void lifemarks_lost(struct lifemarks *m, int wd)
{
	struct mark *mark = mark_find(m, wd);

	if (mark)
		mark_remove(m, mark);
}

/* ---- owners by name ---- */

static size_t owner_index(const struct lifemarks *m, const char *name)
{
	size_t low = 0, high = m->n_owners;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(m->owners[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct owner *owner_find(const struct lifemarks *m, const char *name)
{
	size_t i = owner_index(m, name);

	return i < m->n_owners && strcmp(m->owners[i]->name, name) == 0 ? m->owners[i] : NULL;
}

/* What was somebody else's meanwhile stays his. */
static void owner_free(struct lifemarks *m, struct owner *o)
{
	for (size_t i = 0; i < o->n; i++) {
		struct mark *mark = mark_find(m, o->wds[i]);

		if (!mark || mark->owner != o)
			continue;
		inotify_rm_watch(m->fd, o->wds[i]);
		mark_remove(m, mark);
	}
	arena_free(o->arena);
}

void lifemarks_drop(struct lifemarks *m, const char *owner)
{
	struct owner *o = owner_find(m, owner);
	size_t i = owner_index(m, owner);

	if (!o)
		return;
	memmove(&m->owners[i], &m->owners[i + 1], (m->n_owners - i - 1) * sizeof(*m->owners));
	m->n_owners--;
	owner_free(m, o);
}

static bool is_there(const struct owner *o)
{
	struct stat st;

	return stat(o->group, &st) == 0 && st.st_ino == o->inode;
}

void lifemarks_check(struct lifemarks *m, const char *owner)
{
	const struct owner *o = owner_find(m, owner);

	if (o && !is_there(o))
		lifemarks_drop(m, owner);
}

void lifemarks_check_all(struct lifemarks *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n_owners; i++) {
		struct owner *o = m->owners[i];

		if (is_there(o))
			m->owners[kept++] = o;
		else
			owner_free(m, o);
	}
	m->n_owners = kept;
}

/* ---- files ---- */

static bool on_cgroupfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 &&
	       (fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC);
}

/* -1 with errno. */
static int watch_file(const struct lifemarks *m, const char *path)
{
	procfile_fd fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char link[32];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022) != 0 ||
	    !on_cgroupfs(fd)) {
		errno = EPERM;
		return -1;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return inotify_add_watch(m->fd, link, IN_MODIFY);
}

static void watch_files(struct lifemarks *m, struct owner *o, const char *const *paths, size_t n,
			struct shortfall *s)
{
	o->wds = arena_alloc(o->arena, n * sizeof(*o->wds));
	for (size_t i = 0; i < n; i++) {
		int wd = watch_file(m, paths[i]);

		if (wd >= 0) {
			mark_set(m, wd, o);
			o->wds[o->n++] = wd;
		} else if (errno != EPERM && errno != ENOENT && errno != ENODEV) {
			shortfall_watch(s, errno, paths[i]);
		}
	}
}

void lifemarks_set(struct lifemarks *m, const char *owner, const char *group,
		   const char *const *paths, size_t n, struct shortfall *s)
{
	size_t i = owner_index(m, owner);
	struct owner *old = owner_find(m, owner), *o;
	struct arena *a;
	struct stat st;

	if (stat(group, &st) < 0) {
		lifemarks_drop(m, owner);
		return;
	}
	a = arena_new();
	o = arena_alloc(a, sizeof(*o));
	*o = (struct owner){.arena = a,
			    .name = arena_strdup(a, owner),
			    .group = arena_strdup(a, group),
			    .inode = st.st_ino};
	watch_files(m, o, paths, n, s);
	if (old) {
		m->owners[i] = o;
		owner_free(m, old);
		return;
	}
	m->owners = arena_grow(m->arena, m->owners, m->n_owners, &m->owners_capacity,
			       sizeof(struct owner *));
	memmove(&m->owners[i + 1], &m->owners[i], (m->n_owners - i) * sizeof(*m->owners));
	m->owners[i] = o;
	m->n_owners++;
}
