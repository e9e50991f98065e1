/*
 * fixture - instances made of key and value pairs, hosts of either layout, and a folder that stands
 * in for a container's cgroup.
 */
#pragma once

#include "limits/cgroup.h"
#include "schema/arena.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define FIXTURE __attribute__((unused)) static

/* "KEY=VALUE" texts, sorted by key here. */
FIXTURE int fixture_by_name(const void *x, const void *y)
{
	const struct expanded *p = x, *q = y;

	return strcmp(p->setting->name, q->setting->name);
}

FIXTURE struct instance *fixture_instance(struct arena *a, const char *const *lines)
{
	struct instance *i = arena_alloc(a, sizeof(*i));
	size_t n = 0;

	while (lines[n])
		n++;
	i->name = "web1";
	i->config = arena_alloc(a, n * sizeof(*i->config));
	for (; i->n_config < n; i->n_config++) {
		const char *line = lines[i->n_config], *sign = strchr(line, '=');
		struct setting *s = arena_alloc(a, sizeof(*s));

		s->name = arena_strndup(a, line, (size_t)(sign - line));
		s->text = sign + 1;
		s->key = keys_find(s->name, SCOPE_INSTANCE);
		assert_non_null(s->key);
		i->config[i->n_config].setting = s;
	}
	qsort(i->config, n, sizeof(*i->config), fixture_by_name);
	return i;
}

/* A host of 1000 MiB and a little, where everything is on VERSION. */
FIXTURE struct host *fixture_host(struct arena *a, enum cgroup_version version)
{
	struct host *h = arena_alloc(a, sizeof(*h));

	h->name = "host";
	h->memory = 1048577000;
	h->page_size = 4096;
	for (int k = 0; k < N_CONTROLLERS; k++)
		h->cgroups[k] = version;
	h->swap_accounting = true;
	h->swappiness = version == CGROUP_V1;
	return h;
}

/* A container whose cgroup is the folder ROOT/group, with files of "NAME=TEXT". */
struct fixture_tree {
	struct arena *arena;
	char root[64];
	int dir;    /* of the group */
	int sealed; /* see fixture_refuse */
	struct container container;
};

FIXTURE void fixture_file(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(write(fd, "\n", 1), 1);
	close(fd);
}

FIXTURE void fixture_files(int dir, const char *const *lines)
{
	char name[256];

	fixture_file(dir, "cgroup.procs", "1");
	for (; *lines; lines++) {
		const char *sign = strchr(*lines, '=');

		snprintf(name, sizeof(name), "%.*s", (int)(sign - *lines), *lines);
		fixture_file(dir, name, sign + 1);
	}
}

FIXTURE struct fixture_tree *fixture_tree(enum cgroup_version version, const char *const *lines)
{
	struct arena *a = arena_new();
	struct fixture_tree *t = arena_alloc(a, sizeof(*t));

	t->arena = a;
	t->sealed = -1;
	strcpy(t->root, "/tmp/ek-test-cgroup-XXXXXX");
	assert_non_null(mkdtemp(t->root));
	assert_int_equal(mkdir(arena_printf(a, "%s/group", t->root), 0755), 0);
	t->dir = open(arena_printf(a, "%s/group", t->root), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(t->dir >= 0);
	fixture_files(t->dir, lines);
	t->container = (struct container){.arena = a,
					  .name = "web1",
					  .status = STATUS_RUNNING,
					  .pidfd = -1,
					  .proc = -1,
					  .host = fixture_host(a, version)};
	t->container.cgroup =
	    cgroup_at(&t->container, version, t->dir, arena_printf(a, "%s/group", t->root));
	return t;
}

/* A file that reads as TEXT and refuses every write with EPERM. */
FIXTURE void fixture_refuse(struct fixture_tree *t, const char *name, const char *text)
{
	int fd = memfd_create("refuse", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
	unlinkat(t->dir, name, 0);
	assert_int_equal(
	    symlinkat(arena_printf(t->arena, "/proc/%d/fd/%d", getpid(), fd), t->dir, name), 0);
	t->sealed = fd;
}

/* A group nested at PATH below the group. Returns its fd, to be closed. */
FIXTURE int fixture_nested(struct fixture_tree *t, const char *path, const char *const *lines)
{
	int dir;

	assert_int_equal(mkdirat(t->dir, path, 0755), 0);
	dir = openat(t->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	fixture_files(dir, lines);
	return dir;
}

FIXTURE const char *fixture_text(struct fixture_tree *t, const char *path)
{
	char *text = arena_alloc(t->arena, 4096);
	int fd = openat(t->dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, 4095);
	close(fd);
	assert_true(n >= 0);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* From now on it is counted how often files of the group are opened. */
FIXTURE int fixture_count_opens(struct fixture_tree *t)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	assert_true(fd >= 0);
	/* of two that are the same, one behind the other, only one is told */
	assert_true(inotify_add_watch(fd, arena_printf(t->arena, "%s/group", t->root),
				      IN_OPEN | IN_CLOSE) >= 0);
	return fd;
}

/* How often NAME was opened; ends the counting. */
FIXTURE size_t fixture_opens(int counting, const char *name)
{
	_Alignas(struct inotify_event) char events[4096];
	ssize_t length = read(counting, events, sizeof(events));
	size_t n = 0;

	for (ssize_t at = 0; at < length;) {
		const struct inotify_event *e = (const void *)(events + at);

		n += e->len && (e->mask & IN_OPEN) && strcmp(e->name, name) == 0;
		at += (ssize_t)(sizeof(*e) + e->len);
	}
	close(counting);
	return n;
}

FIXTURE void fixture_remove(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *entries = fdopendir(fd);
	struct dirent *e;

	while ((e = readdir(entries))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (e->d_type == DT_DIR)
			fixture_remove(fd, e->d_name);
		else
			unlinkat(fd, e->d_name, 0);
	}
	closedir(entries);
	unlinkat(parent, name, AT_REMOVEDIR);
}

FIXTURE void fixture_free(struct fixture_tree *t)
{
	cgroup_close(t->container.cgroup);
	close(t->dir);
	if (t->sealed >= 0)
		close(t->sealed);
	fixture_remove(AT_FDCWD, t->root);
	arena_free(t->arena);
}
