#include "tests/bench/fleet.h"

#include "reconciler/stopwatch.h"
#include "tests/bench/figures.h"

#include <dirent.h>
#include <fcntl.h>
#include <lxc/lxccontainer.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <yaml.h>

#include <cmocka.h>

#define RUNS 7

static const struct {
	const char *controller, *v1, *v2;
} files[FLEET_FILES] = {
    [FLEET_MEMORY] = {"memory", "memory.limit_in_bytes",       "memory.max"     },
    [FLEET_MEMSW] = {"memory", "memory.memsw.limit_in_bytes", "memory.swap.max"},
    [FLEET_PIDS] = {"pids",   "pids.max",                    "pids.max"       },
    [FLEET_WEIGHT] = {"cpu",    "cpu.shares",                  "cpu.weight"     },
    [FLEET_QUOTA] = {"cpu",    "cpu.cfs_quota_us",            "cpu.max"        },
    [FLEET_PERIOD] = {"cpu",    "cpu.cfs_period_us",           NULL             },
};

const struct fleet_profiles fleet_preset = {"64MiB", "50ms/100ms", "64MiB", "50ms/100ms"};

const char *fleet_path(const struct fleet *f, size_t i, enum fleet_file file)
{
	return f->paths[i * FLEET_FILES + file];
}

/* --- making them --- */

static void prepare(struct fleet *f, const char *place, const char *text)
{
	harness_write(f->h, f->aside, text);
	f->place = arena_printf(f->h->arena, "%s/%s", f->h->manifests, place);
}

void fleet_publish(struct fleet *f)
{
	assert_int_equal(rename(f->aside, f->place), 0);
}

void fleet_prepare_manifest(struct fleet *f, size_t i, const char *more)
{
	prepare(f, arena_printf(f->h->arena, "instances/%s.yaml", f->names[i]),
		arena_printf(f->h->arena,
			     "# one of many, as people write them: some lines for us, some for "
			     "others\n"
			     "kind: instance\n"
			     "name: %s\n"
			     "description: front end of the shop, second rack\n"
			     "profiles:\n"
			     "  - default\n"
			     "  - %s\n"
			     "restart: never\n"
			     "hosts: [\"*\", \"!elsewhere\"]\n"
			     "config:\n"
			     "  limits.processes: 500\n"
			     "  user.owner: bench\n"
			     "  user.team: \"shop and stock\"\n"
			     "  user.ticket: OPS-4711\n"
			     "  user.since: 2026-01-01\n"
			     "%s"
			     "devices: {}\n",
			     f->names[i], i < FLEET_FEW ? "few" : "rest", more));
}

void fleet_prepare_profiles(struct fleet *f, const struct fleet_profiles *p)
{
	prepare(f, "profiles/all.yaml",
		arena_printf(f->h->arena,
			     "kind: profile\n"
			     "name: default\n"
			     "config:\n"
			     "  limits.cpu.priority: 10\n"
			     "---\n"
			     "kind: profile\n"
			     "name: few\n"
			     "config:\n"
			     "  limits.memory: %s\n"
			     "  limits.cpu.allowance: %s\n"
			     "---\n"
			     "kind: profile\n"
			     "name: rest\n"
			     "config:\n"
			     "  limits.memory: %s\n"
			     "  limits.cpu.allowance: %s\n",
			     p->few_memory, p->few_allowance, p->rest_memory, p->rest_allowance));
}

void fleet_manifest(struct fleet *f, size_t i, const char *more)
{
	fleet_prepare_manifest(f, i, more);
	fleet_publish(f);
}

void fleet_profiles(struct fleet *f, const struct fleet_profiles *p)
{
	fleet_prepare_profiles(f, p);
	fleet_publish(f);
}

static void make_stopped(const struct fleet *f, const char *name)
{
	char *dir = arena_printf(f->h->arena, "%s/%s", f->h->lxcpath, name);

	assert_int_equal(mkdir(dir, 0711), 0);
	harness_write(f->h, arena_printf(f->h->arena, "%s/config", dir),
		      arena_printf(f->h->arena,
				   "lxc.include = /usr/share/lxc/config/common.conf\n"
				   "lxc.rootfs.path = dir:%s/rootfs\n"
				   "lxc.uts.name = %s\n",
				   dir, name));
}

static const char *name_of(const struct fleet *f, size_t i)
{
	char tag[32];

	snprintf(tag, sizeof(tag), "%05zu", i);
	return harness_name(f->h, tag);
}

/* The file that each container's limit is read from on this layout. */
static void find_paths(struct fleet *f, size_t i)
{
	for (size_t k = 0; k < FLEET_FILES; k++) {
		char *dir = harness_cgroup_path(f->h, f->names[i], files[k].controller);
		char *v1 = arena_printf(f->h->arena, "%s/%s", dir, files[k].v1);
		char *v2 = arena_printf(f->h->arena, "%s/%s", dir, files[k].v2 ? files[k].v2 : "-");

		f->paths[i * FLEET_FILES + k] = access(v1, R_OK) == 0   ? v1
						: access(v2, R_OK) == 0 ? v2
									: NULL;
	}
}

static void raise_files(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

struct fleet *fleet_new(struct harness *h)
{
	struct fleet *f = arena_alloc(h->arena, sizeof(*f));

	raise_files();
	f->h = h;
	f->aside = arena_printf(h->arena, "%s/next", h->root);
	assert_int_equal(mkdir(arena_printf(h->arena, "%s/instances", h->manifests), 0755), 0);
	assert_int_equal(mkdir(arena_printf(h->arena, "%s/profiles", h->manifests), 0755), 0);
	f->most_running = figures_size("BENCH_RUNNING", 1000);
	f->most = figures_size("BENCH_ALL", 10000);
	if (f->most < f->most_running)
		f->most = f->most_running;
	f->names = arena_alloc(h->arena, f->most * sizeof(*f->names));
	f->pids = arena_alloc(h->arena, f->most_running * sizeof(*f->pids));
	f->paths = arena_alloc(h->arena, f->most_running * FLEET_FILES * sizeof(*f->paths));
	fleet_profiles(f, &fleet_preset);
	return f;
}

void fleet_start(struct fleet *f, size_t n)
{
	size_t first = f->running;

	if (n > f->most_running)
		n = f->most_running;
	for (; f->running < n; f->running++) {
		f->names[f->running] = name_of(f, f->running);
		fleet_manifest(f, f->running, "");
		harness_create(f->h, f->names[f->running], NULL);
	}
	f->all = n;
	if (n > first)
		harness_start_all(f->h, f->names + first, n - first);
	for (size_t i = first; i < n; i++) {
		f->pids[i] = harness_init(f->h, f->names[i]);
		assert_true(f->pids[i] > 0);
		find_paths(f, i);
	}
}

void fleet_complete(struct fleet *f)
{
	fleet_profiles(f, &fleet_preset);
	for (; f->all < f->most; f->all++) {
		f->names[f->all] = name_of(f, f->all);
		make_stopped(f, f->names[f->all]);
		fleet_manifest(f, f->all, "");
	}
}

/* --- the floor of a diff --- */

static void yaml_bare(const char *path)
{
	yaml_parser_t parser;
	yaml_event_t event;
	bool more = true;
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	assert_true(yaml_parser_initialize(&parser));
	yaml_parser_set_input_file(&parser, f);
	while (more) {
		assert_true(yaml_parser_parse(&parser, &event));
		more = event.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	fclose(f);
}

static void floor_yaml(const struct fleet *f)
{
	char path[512];

	for (size_t i = 0; i < f->all; i++) {
		snprintf(path, sizeof(path), "%s/instances/%s.yaml", f->h->manifests, f->names[i]);
		yaml_bare(path);
	}
}

static void floor_active(const struct fleet *f)
{
	char **names = NULL;
	int n = list_active_containers(f->h->lxcpath, &names, NULL);

	assert_true(n >= (int)f->running);
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static void floor_pidfds(const struct fleet *f)
{
	for (size_t i = 0; i < f->running; i++) {
		struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, f->pids[i], 0),
				   .events = POLLIN};

		assert_true(p.fd >= 0);
		assert_int_equal(poll(&p, 1, 0), 0);
		close(p.fd);
	}
}

static void floor_reads(const struct fleet *f)
{
	char text[256];

	for (size_t i = 0; i < f->running * FLEET_FILES; i++) {
		int fd;

		if (!f->paths[i])
			continue;
		fd = open(f->paths[i], O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0 && read(fd, text, sizeof(text)) > 0);
		close(fd);
	}
}

static void floor_init_pids(const struct fleet *f)
{
	for (size_t i = 0; i < f->running; i++) {
		struct lxc_container *c = lxc_container_new(f->names[i], f->h->lxcpath);

		assert_non_null(c);
		assert_int_equal(c->init_pid(c), f->pids[i]);
		lxc_container_put(c);
	}
}

double fleet_floor_diff(const struct fleet *f, bool ask_liblxc)
{
	double figures[RUNS];

	for (int i = 0; i < RUNS; i++) {
		struct stopwatch w = stopwatch_start();

		floor_yaml(f);
		floor_active(f);
		floor_pidfds(f);
		floor_reads(f);
		if (ask_liblxc)
			floor_init_pids(f);
		figures[i] = figures_ms(stopwatch_lap(&w));
	}
	return figures_median(figures, RUNS);
}

static void floor_walk(const struct fleet *f)
{
	char *path = arena_printf(f->h->arena, "%s/instances", f->h->manifests);
	DIR *d = opendir(path);
	struct dirent *e;
	struct stat st;

	assert_non_null(d);
	while ((e = readdir(d)))
		assert_int_equal(fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW), 0);
	closedir(d);
}

double fleet_floor_walk(const struct fleet *f)
{
	double figures[RUNS];

	for (int i = 0; i < RUNS; i++) {
		struct stopwatch w = stopwatch_start();

		floor_walk(f);
		figures[i] = figures_ms(stopwatch_lap(&w));
	}
	return figures_median(figures, RUNS);
}

double fleet_floor_look(const struct fleet *f)
{
	double figures[RUNS];

	for (int i = 0; i < RUNS; i++) {
		struct stopwatch w = stopwatch_start();

		floor_walk(f);
		floor_active(f);
		floor_reads(f);
		figures[i] = figures_ms(stopwatch_lap(&w));
	}
	return figures_median(figures, RUNS);
}

/* --- the floors of an apply --- */

double fleet_floor_writes(const struct fleet *f, size_t n, enum fleet_file file, const char *value)
{
	struct stopwatch w = stopwatch_start();

	for (size_t i = 0; i < n; i++) {
		int fd = open(fleet_path(f, i, file), O_WRONLY | O_CLOEXEC);

		assert_true(fd >= 0);
		assert_true(write(fd, value, strlen(value)) > 0);
		close(fd);
	}
	return figures_ms(stopwatch_lap(&w));
}

double fleet_floor_renames(const struct fleet *f, size_t n, size_t size)
{
	char *text = arena_alloc(f->h->arena, size);
	struct stopwatch w = stopwatch_start();
	int dir = open(f->h->lxcpath, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char from[256], to[256];

	assert_true(dir >= 0);
	for (size_t i = 0; i < n; i++) {
		int fd;

		snprintf(from, sizeof(from), "%s/bench.tmp", f->names[i]);
		fd = openat(dir, from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		assert_true(fd >= 0 && write(fd, text, size) == (ssize_t)size);
		close(fd);
	}
	assert_int_equal(syncfs(dir), 0);
	for (size_t i = 0; i < n; i++) {
		snprintf(from, sizeof(from), "%s/bench.tmp", f->names[i]);
		snprintf(to, sizeof(to), "%s/bench", f->names[i]);
		assert_int_equal(renameat(dir, from, dir, to), 0);
	}
	assert_int_equal(syncfs(dir), 0);
	close(dir);
	return figures_ms(stopwatch_lap(&w));
}
