#include "limits/cgroup.h"

#include "schema/arena.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The container makes nested groups as it likes: what it makes must not exhaust us. */
#define MOST_DEPTH 512
#define MOST_GROUPS 20000

struct walk {
	bool children_first;
	int (*visit)(int dir, const char *path, void *data);
	void *data;
	size_t groups;
	char path[MOST_DEPTH * (NAME_MAX + 1) + PATH_MAX];
};

static int walk_below(struct walk *w, DIR *group, size_t length, int depth);

/* One fd for each level: the container decides how many there are. */
static int walk_group(struct walk *w, int parent, const char *name, size_t length, int depth)
{
	int dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int answer = 0;
	DIR *group;

	if (dir < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	if (depth == MOST_DEPTH || ++w->groups > MOST_GROUPS) {
		close(dir);
		return -E2BIG;
	}
	group = fdopendir(dir);
	if (!group) {
		close(dir);
		return -ENOMEM;
	}
	length += (size_t)snprintf(w->path + length, sizeof(w->path) - length, "/%s", name);
	if (!w->children_first)
		answer = w->visit(dir, w->path, w->data);
	if (answer == 0)
		answer = walk_below(w, group, length, depth + 1);
	w->path[length] = '\0';
	if (answer == 0 && w->children_first)
		answer = w->visit(dir, w->path, w->data);
	closedir(group);
	return answer;
}

static int walk_below(struct walk *w, DIR *group, size_t length, int depth)
{
	const struct dirent *e;
	int answer = 0;

	while (answer == 0 && (e = readdir(group))) {
		if (e->d_type == DT_DIR && strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0)
			answer = walk_group(w, dirfd(group), e->d_name, length, depth);
	}
	return answer;
}

static int walk_start(struct walk *w, int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), answer;
	DIR *group = fd < 0 ? NULL : fdopendir(fd);

	if (!group) {
		answer = errno == ENOENT || errno == ENODEV ? 0 : -errno;
		if (fd >= 0)
			close(fd);
		return answer;
	}
	answer = walk_below(w, group, strlen(w->path), 0);
	closedir(group);
	return answer;
}

int cgroup_walk(const struct cgroup *g, enum controller k, bool children_first,
		int (*visit)(int dir, const char *path, void *data), void *data)
{
	int dir = cgroup_dir(g, k), answer;
	struct arena *a;
	struct walk *w;

	if (dir < 0)
		return dir;
	a = arena_new();
	w = arena_alloc(a, sizeof(*w));
	*w = (struct walk){.children_first = children_first, .visit = visit, .data = data};
	snprintf(w->path, PATH_MAX, "%s", cgroup_path(g, k, "", a));
	answer = walk_start(w, dir);
	arena_free(a);
	return answer;
}

struct processes {
	int (*visit)(pid_t pid, void *data);
	void *data;
};

static int visit_lines(FILE *f, const struct processes *p)
{
	char line[32];
	int answer = 0;

	while (answer == 0 && fgets(line, sizeof(line), f)) {
		long pid = strtol(line, NULL, 10);

		if (pid > 0) /* 0: of a pid namespace that we do not see into */
			answer = p->visit((pid_t)pid, p->data);
	}
	/* A threaded group of v2 does not list its processes: its domain does (cgroups(7)). */
	if (answer == 0 && ferror(f) && errno != EOPNOTSUPP && errno != ENODEV)
		answer = -errno;
	return answer;
}

static int visit_processes(int dir, const char *path, void *data)
{
	int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC), answer;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	(void)path;
	if (!f)
		return errno == ENOENT || errno == ENODEV || errno == EOPNOTSUPP ? 0 : -errno;
	answer = visit_lines(f, data);
	fclose(f);
	return answer;
}

int cgroup_each_process(const struct cgroup *g, int (*visit)(pid_t pid, void *data), void *data)
{
	static const enum controller order[] = {CONTROLLER_PIDS,    CONTROLLER_MEMORY,
						CONTROLLER_DEVICES, CONTROLLER_FREEZER,
						CONTROLLER_CPU,     CONTROLLER_CPUSET};
	struct processes p = {visit, data};
	int answer, dir;

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		if (cgroup_version(g, order[i]) == CGROUP_NONE)
			continue;
		dir = cgroup_dir(g, order[i]);
		if (dir < 0)
			return dir;
		answer = visit_processes(dir, "", &p);
		return answer ? answer : cgroup_walk(g, order[i], false, visit_processes, &p);
	}
	return -ENOENT;
}
