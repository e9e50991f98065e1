#include "tests/integration/witness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const controllers[] = {"cpuset",  "cpu",     "memory",  "pids",     "blkio",
					  "devices", "freezer", "hugetlb", "net_prio", "unified"};

/* They change by themselves, or are no settings. */
static const char *const restless[] = {
    "cgroup.procs", "tasks",       "max_usage_in_bytes", "failcnt",        "cgroup.event_control",
    "events",       "peak",        "pressure",           "cgroup.threads", "usage",
    "stat",         "force_empty", "reset_stats",        "reclaim",
};

const char *witness_knob(struct harness *h, const char *name, const char *controller,
			 const char *v1, const char *v2)
{
	char *group = harness_cgroup_path(h, name, controller);
	const char *names[] = {v1, v2 ? v2 : v1};

	for (size_t i = 0; group && i < 2; i++) {
		char *path = arena_printf(h->arena, "%s/%s", group, names[i]);

		if (access(path, F_OK) == 0)
			return path;
	}
	fail_msg("%s has no %s", name, v1);
	return NULL;
}

const char *witness_pids(struct harness *h, const char *name)
{
	return witness_knob(h, name, "pids", "pids.max", "pids.max");
}

static ssize_t read_path(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	if (n > 0 && text[n - 1] == '\n')
		text[n - 1] = '\0';
	return n;
}

bool witness_is(const char *path, const char *text)
{
	char now[4096];

	return read_path(path, now, sizeof(now)) >= 0 && strcmp(now, text) == 0;
}

const char *witness_read(struct harness *h, const char *path)
{
	char now[4096];

	read_path(path, now, sizeof(now));
	return arena_strdup(h->arena, now);
}

int witness_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		error = -errno;
	close(fd);
	return error;
}

/* ---- everything ---- */

static bool is_setting(int dir, const struct dirent *e)
{
	struct stat st;

	if (fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return false;
	for (size_t i = 0; i < sizeof(restless) / sizeof(*restless); i++)
		if (strstr(e->d_name, restless[i]))
			return false;
	return (st.st_mode & 0200) && (st.st_mode & 0400);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The settings in one group, sorted: readdir's order is nobody's. */
static char *settings_of(struct harness *h, const char *group, char *text)
{
	DIR *dir = opendir(group);
	const struct dirent *e;
	char *lines[512], value[4096];
	size_t n = 0;

	assert_non_null(dir);
	while ((e = readdir(dir)) && n < 512) {
		if (!is_setting(dirfd(dir), e))
			continue;
		if (read_path(arena_printf(h->arena, "%s/%s", group, e->d_name), value,
			      sizeof(value)) >= 0)
			lines[n++] = arena_printf(h->arena, "%s %s\n", e->d_name, value);
	}
	closedir(dir);
	qsort(lines, n, sizeof(*lines), by_text);
	for (size_t i = 0; i < n; i++)
		text = arena_printf(h->arena, "%s%s", text, lines[i]);
	return text;
}

/* The groups of a container, each once: controllers may share one. */
static size_t groups_of(struct harness *h, const char *name, char **groups, size_t most)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(controllers) / sizeof(*controllers) && n < most; i++) {
		char *group = harness_cgroup_path(h, name, controllers[i]);
		bool seen = false;

		for (size_t k = 0; group && k < n; k++)
			seen = seen || strcmp(groups[k], group) == 0;
		if (group && !seen && access(group, F_OK) == 0)
			groups[n++] = group;
	}
	return n;
}

char *witness_snapshot(struct harness *h, const char *name)
{
	int init = (int)harness_init(h, name);
	char *groups[16], *text = arena_strdup(h->arena, "");
	size_t n = groups_of(h, name, groups, 16);

	assert_true(init > 0 && n > 0);
	for (size_t i = 0; i < n; i++)
		text = settings_of(h, groups[i], text);
	return arena_printf(h->arena, "%s%s%s", text, harness_read(h, "/proc/%d/limits", init),
			    harness_read(h, "/proc/%d/oom_score_adj", init));
}

/* ---- writes ---- */

int witness_watch(struct harness *h, const char *name)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char *groups[16];
	size_t n = groups_of(h, name, groups, 16);

	assert_true(fd >= 0 && n > 0);
	for (size_t i = 0; i < n; i++)
		assert_true(inotify_add_watch(fd, groups[i], IN_MODIFY) >= 0);
	return fd;
}

size_t witness_writes(struct harness *h, int watch, const char **last)
{
	char bytes[16384] __attribute__((aligned(8)));
	size_t count = 0;
	ssize_t n;

	while ((n = read(watch, bytes, sizeof(bytes))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(bytes + at);

			at += (ssize_t)(sizeof(*e) + e->len);
			/* the kernel itself tells of these */
			if (!e->len || strstr(e->name, ".events"))
				continue;
			count++;
			if (last)
				*last = arena_strdup(h->arena, e->name);
		}
	}
	return count;
}
