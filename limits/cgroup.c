#include "limits/cgroup_layout.h"

#include "limits/procfile.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Files that stay open: of a container that is kept. */
struct kept {
	struct arena *arena; /* the container's may be a round's for a while */
	size_t *budget;      /* of everybody's */
	struct kept_file {
		const char *name;
		int hierarchy, fd;
		bool writable;
	} * files;
	size_t n, capacity;
};

struct cgroup {
	const struct cgroup_layout *layout;
	const struct container *container;
	/* by hierarchy of the layout */
	const char
	    *paths[N_CONTROLLERS + 1]; /* NULL: the container has no group of its own there */
	int *dirs;                     /* -1: not opened yet */
	bool stand_in;                 /* plain files: what they held is not replaced by itself */
	struct kept *kept;             /* NULL: none */
};

/* Length of the component at AT when it is lxc.payload.NAME, or that with LXC's "-N" behind it; 0
 * else. */
static size_t payload_length(const char *at, const char *name)
{
	static const char prefix[] = "lxc.payload.";
	const char *rest;

	if (strncmp(at, prefix, strlen(prefix)) != 0)
		return 0;
	rest = at + strlen(prefix);
	if (strncmp(rest, name, strlen(name)) != 0)
		return 0;
	rest += strlen(name);
	if (*rest == '-' && rest[1] >= '0' && rest[1] <= '9')
		rest += 1 + strspn(rest + 1, "0123456789");
	return *rest == '/' || *rest == '\0' ? (size_t)(rest - at) : 0;
}

/* Likewise when the configured directory begins at AT. */
static size_t directory_length(const char *at, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 0 || strncmp(at, dir, n) != 0)
		return 0;
	return at[n] == '/' || at[n] == '\0' ? n : 0;
}

/* Cuts PATH behind what is the container's own. What the container has nested further in is its
 * affair; without a match the group is somebody else's. */
static bool cut_path(char *path, const char *name, const char *dir)
{
	size_t n = 0;
	char *at;

	for (at = path; n == 0 && (at = strchr(at, '/')); at++)
		n = payload_length(at + 1, name);
	while (dir && *dir == '/')
		dir++;
	if (n == 0 && dir) {
		for (at = path; n == 0 && (at = strchr(at, '/')); at++)
			n = directory_length(at + 1, dir);
	}
	if (n == 0)
		return false;
	at[n] = '\0'; /* the loop's last step went over the slash */
	return true;
}

static bool init_lives(const struct container *c)
{
	struct pollfd p = {.fd = c->pidfd, .events = POLLIN};

	return c->pidfd < 0 || poll(&p, 1, 0) == 0;
}

struct cgroup *cgroup_open(const struct cgroup_layout *l, const struct container *c,
			   const char *dir)
{
	struct cgroup *g = arena_alloc(c->arena, sizeof(*g));
	struct cgroup_line line;
	char small[1024], *text;
	ssize_t n = procfile_read(c->proc, "cgroup", small, sizeof(small));
	int hierarchy;

	text = n >= 0 ? arena_strndup(c->arena, small, (size_t)n) : NULL;
	if (n == -EMSGSIZE)
		text = procfile_read_all(c->proc, "cgroup", c->arena, NULL);
	else if (n < 0)
		errno = (int)-n;
	if (!text) {
		if (errno == ENOENT)
			errno = ESRCH;
		return NULL;
	}
	*g = (struct cgroup){.layout = l, .container = c};
	while (cgroup_line_next(&text, &line)) {
		hierarchy = cgroup_layout_find(l, &line);
		if (hierarchy >= 0 && cut_path(line.path, c->name, dir))
			g->paths[hierarchy] = line.path;
	}
	if (!init_lives(c)) {
		errno = ESRCH;
		return NULL;
	}
	g->dirs = arena_alloc(c->arena, l->n * sizeof(*g->dirs));
	for (size_t i = 0; i < l->n; i++)
		g->dirs[i] = -1;
	return g;
}

struct cgroup *cgroup_at(const struct container *c, enum cgroup_version version, int dir,
			 const char *path)
{
	struct cgroup_layout *l = arena_alloc(c->arena, sizeof(*l));
	struct cgroup *g = arena_alloc(c->arena, sizeof(*g));

	l->hierarchies[0] = (struct hierarchy){version, -1, path};
	l->n = 1;
	l->unified = version == CGROUP_V2 ? 0 : -1;
	*g = (struct cgroup){.layout = l, .container = c, .paths = {""}, .stand_in = true};
	g->dirs = arena_alloc(c->arena, sizeof(*g->dirs));
	g->dirs[0] = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	return g;
}

static void close_kept(struct kept *kept)
{
	for (size_t i = 0; i < kept->n; i++)
		close(kept->files[i].fd);
	__atomic_add_fetch(kept->budget, kept->n, __ATOMIC_RELAXED);
	kept->n = 0;
}

void cgroup_close(struct cgroup *g)
{
	if (!g)
		return;
	if (g->kept)
		close_kept(g->kept);
	for (size_t i = 0; i < g->layout->n; i++) {
		if (g->dirs[i] >= 0)
			close(g->dirs[i]);
		g->dirs[i] = -1;
	}
}

static int hierarchy_of(const struct cgroup *g, enum controller k)
{
	int hierarchy = g->layout->of[k];

	return hierarchy >= 0 && g->paths[hierarchy] ? hierarchy : -1;
}

enum cgroup_version cgroup_version(const struct cgroup *g, enum controller k)
{
	int hierarchy = hierarchy_of(g, k);

	return hierarchy < 0 ? CGROUP_NONE : g->layout->hierarchies[hierarchy].version;
}

int cgroup_dir(const struct cgroup *g, enum controller k)
{
	int hierarchy = hierarchy_of(g, k), dir, error;

	if (hierarchy < 0)
		return -ENOENT;
	if (g->dirs[hierarchy] >= 0)
		return g->dirs[hierarchy];
	dir = cgroup_layout_enter(g->layout, hierarchy, g->paths[hierarchy]);
	if (dir < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	/* A group of this name may be that of the next run. */
	error = init_lives(g->container) ? 0 : -ENODEV;
	if (error) {
		close(dir);
		return error;
	}
	return g->dirs[hierarchy] = dir;
}

/* A file that is not there, or a group that is not there any more? */
static int tell_missing(int dir, int error)
{
	if (error == -ENOENT && faccessat(dir, "cgroup.procs", F_OK, 0) < 0)
		return -ENODEV;
	return error;
}

bool cgroup_has(const struct cgroup *g, enum controller k, const char *file)
{
	int dir = cgroup_dir(g, k);

	return dir >= 0 && faccessat(dir, file, F_OK, 0) == 0;
}

ssize_t cgroup_read(const struct cgroup *g, enum controller k, const char *file, char *buf,
		    size_t size)
{
	int dir = cgroup_dir(g, k);
	ssize_t n = dir < 0 ? dir : procfile_read_knob(dir, file, buf, size);

	return n == -ENOENT && dir >= 0 ? tell_missing(dir, -ENOENT) : n;
}

static int put_text(int fd, const char *text)
{
	ssize_t put;

	do
		put = pwrite(fd, text, strlen(text), 0);
	while (put < 0 && errno == EINTR);
	return put < 0 ? -errno : 0;
}

void cgroup_keep_files(struct cgroup *g, size_t *budget)
{
	g->kept = arena_alloc(g->container->arena, sizeof(*g->kept));
	*g->kept = (struct kept){.arena = g->container->arena, .budget = budget};
}

static const struct kept_file *kept_find(const struct kept *kept, int hierarchy, const char *name)
{
	for (size_t i = 0; kept && i < kept->n; i++)
		if (kept->files[i].hierarchy == hierarchy && strcmp(kept->files[i].name, name) == 0)
			return &kept->files[i];
	return NULL;
}

/* A thread may be at work with one container while the loop looks at others. */
static bool budget_take(size_t *budget)
{
	size_t left = __atomic_load_n(budget, __ATOMIC_RELAXED);

	while (left > 0)
		if (__atomic_compare_exchange_n(budget, &left, left - 1, true, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

/* NULL: it cannot be kept, or not be opened. */
static const struct kept_file *kept_open(const struct cgroup *g, enum controller k,
					 const char *name)
{
	struct kept *kept = g->kept;
	int dir = cgroup_dir(g, k);
	struct kept_file file = {.hierarchy = hierarchy_of(g, k), .writable = true};

	if (dir < 0 || !budget_take(kept->budget))
		return NULL;
	file.fd = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (file.fd < 0) {
		file.fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		file.writable = false;
	}
	if (file.fd < 0) {
		__atomic_add_fetch(kept->budget, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	file.name = arena_strdup(kept->arena, name);
	kept->files =
	    arena_grow(kept->arena, kept->files, kept->n, &kept->capacity, sizeof(*kept->files));
	kept->files[kept->n] = file;
	return &kept->files[kept->n++];
}

ssize_t cgroup_read_again(const struct cgroup *g, enum controller k, const char *file, char *buf,
			  size_t size)
{
	const struct kept_file *kept = kept_find(g->kept, hierarchy_of(g, k), file);

	if (!kept && g->kept)
		kept = kept_open(g, k, file);
	return kept ? procfile_read_open(kept->fd, buf, size) : cgroup_read(g, k, file, buf, size);
}

static int write_text(const struct cgroup *g, int dir, const char *file, const char *text)
{
	/* Truncating means nothing to a kernel file, and costs it an inode's attributes. */
	int fd = openat(dir, file, O_WRONLY | O_CLOEXEC | (g->stand_in ? O_TRUNC : 0));
	int error;

	if (fd < 0)
		return tell_missing(dir, -errno);
	error = put_text(fd, text);
	close(fd);
	return error;
}

static void tell_written(const struct cgroup *g, enum controller k, const char *file,
			 const char *text, int error)
{
	if (g->container->wrote)
		g->container->wrote(cgroup_path(g, k, file, g->container->arena), text, -error);
}

int cgroup_write(const struct cgroup *g, enum controller k, const char *file, const char *text)
{
	int dir = cgroup_dir(g, k);
	int error = dir < 0 ? dir : write_text(g, dir, file, text);

	tell_written(g, k, file, text, error);
	return error;
}

struct cgroup_file cgroup_file_open(const struct cgroup *g, enum controller k, const char *file)
{
	const struct kept_file *kept = kept_find(g->kept, hierarchy_of(g, k), file);
	struct cgroup_file f = {.group = g, .controller = k, .name = file, .fd = -1};
	int dir = cgroup_dir(g, k);

	if (kept && kept->writable) {
		f.fd = kept->fd;
		f.kept = true;
	} else if (dir >= 0) {
		f.fd = openat(dir, file, O_RDWR | O_CLOEXEC | O_NOCTTY);
	}
	return f;
}

void cgroup_file_close(struct cgroup_file *f)
{
	if (!f->kept)
		procfile_close(&f->fd);
	f->fd = -1;
}

ssize_t cgroup_file_read(const struct cgroup_file *f, char *buf, size_t size)
{
	return f->fd < 0 ? cgroup_read(f->group, f->controller, f->name, buf, size)
			 : procfile_read_open(f->fd, buf, size);
}

int cgroup_file_write(const struct cgroup_file *f, const char *text)
{
	int error;

	if (f->fd < 0)
		return cgroup_write(f->group, f->controller, f->name, text);
	error = f->group->stand_in && ftruncate(f->fd, 0) < 0 ? -errno : put_text(f->fd, text);
	tell_written(f->group, f->controller, f->name, text, error);
	return error;
}

int cgroup_write_nested(const struct cgroup *g, enum controller k, const char *path,
			const char *file, const char *text)
{
	struct arena *a = g->container->arena;
	const char *below = path + strlen(cgroup_path(g, k, "", a)) + 1;
	int group = cgroup_dir(g, k), error;
	procfile_fd dir = -1;

	if (group < 0)
		return group;
	dir = openat(group, below, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	error = write_text(g, dir, file, text);
	if (g->container->wrote)
		g->container->wrote(arena_printf(a, "%s/%s", path, file), text, -error);
	return error == -ENODEV ? 0 : error;
}

const char *cgroup_group(const struct cgroup *g, int hierarchy, struct arena *a)
{
	return g->paths[hierarchy]
		   ? arena_printf(a, "%s%s", g->layout->hierarchies[hierarchy].mount,
				  g->paths[hierarchy])
		   : NULL;
}

const char *cgroup_path(const struct cgroup *g, enum controller k, const char *file,
			struct arena *a)
{
	int hierarchy = hierarchy_of(g, k);

	if (hierarchy < 0)
		return file;
	return arena_printf(a, "%s%s%s%s", g->layout->hierarchies[hierarchy].mount,
			    g->paths[hierarchy], *file ? "/" : "", file);
}
