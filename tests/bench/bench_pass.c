/*
 * bench_pass - cold diff, one changed limit on 100 containers, memory: as ratios to the floor.
 * The floor is what the kernel, libyaml and liblxc cost by themselves for the same files and the
 * same containers, measured in this very run. BENCH_RUNNING and BENCH_ALL set the sizes.
 */
#include "reconciler/pass.h"
#include "reconciler/stopwatch.h"
#include "tests/integration/harness.h"

#include <fcntl.h>
#include <lxc/lxccontainer.h>
#include <malloc.h>
#include <poll.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <yaml.h>

#include <cmocka.h>

#define RUNS 7
#define CHANGED 100

struct knob_file {
	const char *controller, *v1, *v2;
};

/* What a diff of the bench's manifests reads of each running container. */
static const struct knob_file files[] = {
    {"memory", "memory.limit_in_bytes",       "memory.max"     },
    {"memory", "memory.memsw.limit_in_bytes", "memory.swap.max"},
    {"pids",   "pids.max",                    "pids.max"       },
    {"cpu",    "cpu.shares",                  "cpu.weight"     },
    {"cpu",    "cpu.cfs_quota_us",            "cpu.max"        },
    {"cpu",    "cpu.cfs_period_us",           NULL             },
};
#define FILES (sizeof(files) / sizeof(*files))

struct bench {
	struct harness *h;
	const char **names;
	size_t running, all;
	pid_t *pids;
	char **paths; /* FILES of each running container; NULL: not on this layout */
};

static int compare_numbers(const void *x, const void *y)
{
	const double *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

static double median(double *figures, size_t n)
{
	qsort(figures, n, sizeof(*figures), compare_numbers);
	return figures[n / 2];
}

static double milliseconds(uint64_t nanoseconds)
{
	return (double)nanoseconds / 1e6;
}

static void row(const char *what, double ours, double least, double reach)
{
	printf("  %-56s %8.2f ms  floor %8.2f ms  ratio %5.2f  (reach: %.0f)%s\n", what, ours,
	       least, ours / least, reach, ours / least <= reach ? "" : " MISSED");
	fflush(stdout);
}

/* --- the floor ----------------------------------------------------------------------------- */

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

static void floor_yaml(const struct bench *b)
{
	char path[512];

	for (size_t i = 0; i < b->all; i++) {
		snprintf(path, sizeof(path), "%s/instances/%s.yaml", b->h->manifests, b->names[i]);
		yaml_bare(path);
	}
}

static void floor_active(const struct bench *b)
{
	char **names = NULL;
	int n = list_active_containers(b->h->lxcpath, &names, NULL);

	assert_true(n >= (int)b->running);
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static void floor_pidfds(const struct bench *b)
{
	for (size_t i = 0; i < b->running; i++) {
		struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, b->pids[i], 0),
				   .events = POLLIN};

		assert_true(p.fd >= 0);
		assert_int_equal(poll(&p, 1, 0), 0);
		close(p.fd);
	}
}

static void floor_reads(const struct bench *b)
{
	char text[256];

	for (size_t i = 0; i < b->running * FILES; i++) {
		int fd;

		if (!b->paths[i])
			continue;
		fd = open(b->paths[i], O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0 && read(fd, text, sizeof(text)) > 0);
		close(fd);
	}
}

static void floor_init_pids(const struct bench *b)
{
	for (size_t i = 0; i < b->running; i++) {
		struct lxc_container *c = lxc_container_new(b->names[i], b->h->lxcpath);

		assert_non_null(c);
		assert_int_equal(c->init_pid(c), b->pids[i]);
		lxc_container_put(c);
	}
}

static double floor_of(const struct bench *b, bool ask_liblxc)
{
	double figures[RUNS];

	for (int i = 0; i < RUNS; i++) {
		struct stopwatch w = stopwatch_start();

		floor_yaml(b);
		floor_active(b);
		floor_pidfds(b);
		floor_reads(b);
		if (ask_liblxc)
			floor_init_pids(b);
		figures[i] = milliseconds(stopwatch_lap(&w));
	}
	return median(figures, RUNS);
}

/* --- the containers ------------------------------------------------------------------------ */

static void manifest(const struct bench *b, size_t i)
{
	harness_manifest(b->h, arena_printf(b->h->arena, "instances/%s.yaml", b->names[i]),
			 "# one of many, as people write them: some lines for us, some for others\n"
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
			 "devices: {}\n",
			 b->names[i], i < CHANGED ? "few" : "rest");
}

static void profiles(const struct bench *b, const char *memory)
{
	harness_manifest(b->h, "profiles/all.yaml",
			 "kind: profile\n"
			 "name: default\n"
			 "config:\n"
			 "  limits.cpu.allowance: 50ms/100ms\n"
			 "---\n"
			 "kind: profile\n"
			 "name: rest\n"
			 "config:\n"
			 "  limits.memory: 64MiB\n"
			 "---\n"
			 "kind: profile\n"
			 "name: few\n"
			 "config:\n"
			 "  limits.memory: %s\n",
			 memory);
}

static void make_stopped(const struct bench *b, const char *name)
{
	char *dir = arena_printf(b->h->arena, "%s/%s", b->h->lxcpath, name);

	assert_int_equal(mkdir(dir, 0711), 0);
	harness_write(b->h, arena_printf(b->h->arena, "%s/config", dir),
		      arena_printf(b->h->arena,
				   "lxc.include = /usr/share/lxc/config/common.conf\n"
				   "lxc.rootfs.path = dir:%s/rootfs\n"
				   "lxc.uts.name = %s\n",
				   dir, name));
}

static const char *name_of(const struct bench *b, size_t i)
{
	char tag[32];

	snprintf(tag, sizeof(tag), "%05zu", i);
	return harness_name(b->h, tag);
}

/* The file that each container's limit is read from on this layout. */
static void find_paths(struct bench *b, size_t i)
{
	for (size_t k = 0; k < FILES; k++) {
		char *dir = harness_cgroup_path(b->h, b->names[i], files[k].controller);
		char *v1 = arena_printf(b->h->arena, "%s/%s", dir, files[k].v1);
		char *v2 = arena_printf(b->h->arena, "%s/%s", dir, files[k].v2 ? files[k].v2 : "-");

		b->paths[i * FILES + k] = access(v1, R_OK) == 0   ? v1
					  : access(v2, R_OK) == 0 ? v2
								  : NULL;
	}
}

static void make_running(struct bench *b)
{
	b->names = arena_alloc(b->h->arena, b->all * sizeof(*b->names));
	b->pids = arena_alloc(b->h->arena, b->running * sizeof(*b->pids));
	b->paths = arena_alloc(b->h->arena, b->running * FILES * sizeof(*b->paths));
	profiles(b, "64MiB");
	for (size_t i = 0; i < b->running; i++) {
		b->names[i] = name_of(b, i);
		manifest(b, i);
		harness_create(b->h, b->names[i], NULL);
	}
	harness_start_all(b->h, b->names, b->running);
	for (size_t i = 0; i < b->running; i++) {
		b->pids[i] = harness_init(b->h, b->names[i]);
		assert_true(b->pids[i] > 0);
		find_paths(b, i);
	}
}

static void make_the_rest(struct bench *b)
{
	profiles(b, "64MiB");
	for (size_t i = b->running; i < b->all; i++) {
		b->names[i] = name_of(b, i);
		make_stopped(b, b->names[i]);
		manifest(b, i);
	}
}

/* --- what we cost -------------------------------------------------------------------------- */

static void expect_in_sync(const struct bench *b)
{
	char *output;
	int status = harness_evenkeel(b->h, &output, "diff", NULL);

	if (status != 0)
		fprintf(stderr, "%.4000s\n", output);
	assert_int_equal(status, 0);
}

static double cold_diff(const struct bench *b, const char *forget)
{
	double figures[RUNS];

	expect_in_sync(b);
	for (int i = 0; i < RUNS; i++) {
		struct stopwatch w;

		if (forget)
			harness_run(b->h, NULL, "rm", "-rf", forget, NULL);
		w = stopwatch_start();
		assert_int_equal(harness_evenkeel(b->h, NULL, "diff", NULL), 0);
		figures[i] = milliseconds(stopwatch_lap(&w));
	}
	return median(figures, RUNS);
}

static void bench_diff(const struct bench *b)
{
	char what[80];

	snprintf(what, sizeof(what), "cold diff, in sync: %zu instances, %zu running", b->all,
		 b->running);
	row(what, cold_diff(b, NULL), floor_of(b, false), 2);
	snprintf(what, sizeof(what), "the same without hints of init pids");
	row(what, cold_diff(b, "/run/evenkeel"), floor_of(b, true), 2);
}

static struct options options_for(const struct bench *b)
{
	return (struct options){.directory = b->h->manifests,
				.lxcpath = b->h->lxcpath,
				.host = "bench",
				.etc = b->h->etc};
}

static double bare_writes(const struct bench *b, const char *value)
{
	struct stopwatch w = stopwatch_start();

	for (size_t i = 0; i < CHANGED; i++) {
		int fd = open(b->paths[i * FILES], O_WRONLY | O_CLOEXEC);

		assert_true(fd >= 0);
		assert_true(write(fd, value, strlen(value)) > 0);
		close(fd);
	}
	return milliseconds(stopwatch_lap(&w));
}

/* As many files of the same size, by the same steps: temporaries, syncfs, renames, syncfs. */
static double bare_renames(const struct bench *b)
{
	static const char text[600];
	struct stopwatch w = stopwatch_start();
	int dir = open(b->h->lxcpath, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char from[256], to[256];

	assert_true(dir >= 0);
	for (size_t i = 0; i < CHANGED; i++) {
		int fd;

		snprintf(from, sizeof(from), "%s/bench.tmp", b->names[i]);
		fd = openat(dir, from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		assert_true(fd >= 0 && write(fd, text, sizeof(text)) == sizeof(text));
		close(fd);
	}
	assert_int_equal(syncfs(dir), 0);
	for (size_t i = 0; i < CHANGED; i++) {
		snprintf(from, sizeof(from), "%s/bench.tmp", b->names[i]);
		snprintf(to, sizeof(to), "%s/bench", b->names[i]);
		assert_int_equal(renameat(dir, from, dir, to), 0);
	}
	assert_int_equal(syncfs(dir), 0);
	close(dir);
	return milliseconds(stopwatch_lap(&w));
}

static void bench_apply(const struct bench *b)
{
	struct options o = options_for(b);
	double live[RUNS], persisted[RUNS], writes[RUNS], renames[RUNS];
	struct result *r;

	for (int i = 0; i < RUNS; i++) {
		profiles(b, i % 2 ? "64MiB" : "65MiB");
		/* the bare write is of the value in force: it must not do apply's work */
		writes[i] = bare_writes(b, i % 2 ? "68157440" : "67108864");
		renames[i] = bare_renames(b);
		r = pass_run(&o, PASS_APPLY);
		assert_int_equal(r->summary.failed, 0);
		assert_int_equal(r->summary.update, CHANGED);
		live[i] = milliseconds(r->timings.live);
		persisted[i] = milliseconds(r->timings.live + r->timings.persist);
		result_free(r);
	}
	row("a memory limit changed on 100 containers, beyond diff", median(live, RUNS),
	    median(writes, RUNS), 5);
	row("the same and persisted", median(persisted, RUNS),
	    median(writes, RUNS) + median(renames, RUNS), 5);
	r = pass_run(&o, PASS_APPLY);
	printf("  %-56s %8zu kernel writes (reach: 0)\n", "the same values again",
	       r->kernel_writes);
	assert_int_equal(r->kernel_writes, 0);
	result_free(r);
}

static void bench_memory(const struct bench *b)
{
	struct options o = options_for(b);
	struct mallinfo2 before = mallinfo2(), after;
	struct generation *g = generation_load(&o, TRUST_ENFORCE);
	double held;

	after = mallinfo2();
	held = (double)(after.uordblks + after.hblkhd) - (double)(before.uordblks + before.hblkhd);
	printf("  %-56s %8.2f KiB (reach: 4)\n", "memory of a generation, for each instance",
	       held / 1024 / (double)b->all);
	generation_free(g);
}

static size_t number_from(const char *variable, size_t preset)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 10) : preset;
}

static void pass_is_fast(void **state)
{
	struct bench b = {.h = harness_require_root(state)};
	size_t running = number_from("BENCH_RUNNING", 1000);

	b.all = number_from("BENCH_ALL", 10000);
	b.running = running;
	if (b.all < running)
		b.all = running;
	make_running(&b);
	b.all = running;
	assert_int_equal(harness_evenkeel(b.h, NULL, "apply", NULL), 0);
	bench_diff(&b);
	bench_apply(&b);
	b.all = number_from("BENCH_ALL", 10000);
	if (b.all <= running)
		return;
	make_the_rest(&b);
	assert_int_equal(harness_evenkeel(b.h, NULL, "apply", NULL), 0);
	bench_diff(&b);
	bench_memory(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(pass_is_fast)};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
