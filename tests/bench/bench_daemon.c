/*
 * bench_daemon - how fast a changed file holds in the kernel, and what the daemon costs at rest.
 * Each row stands beside its floor, measured in the same run on the same containers: the same
 * writes, renames and reads by bare calls. BENCH_RUNNING, BENCH_ALL and BENCH_EDITS set the sizes,
 * BENCH_LONG=1 watches it idle for a minute.
 */
#include "tests/bench/daemon.h"
#include "tests/bench/figures.h"
#include "tests/bench/fleet.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define RUNS 7
#define RENAMES 300
#define FEW 10         /* instances: the other end of "as among 10" */
#define STARTS 5       /* of the daemon */
#define PAUSE_US 15000 /* between edits: each is one of its own */
#define PATIENCE_NS UINT64_C(20000000000)

static const char *const at_once[] = {"--settle", "0", NULL};
static const char *const by_default[] = {NULL};
static const char *const telling[] = {"--settle", "0", "-vv", NULL};

/* A value as the manifests have it, and as the kernel shows it. */
struct value {
	const char *text;
	uint64_t kernel;
};

static const struct value memory[2] = {
    {"64MiB", 67108864},
    {"65MiB", 68157440}
};
static const struct value allowance[2] = {
    {"50ms/100ms", 50000},
    {"60ms/100ms", 60000}
};

/* --- looking at the kernel -------------------------------------------------------------------- */

static int open_file(const struct fleet *f, size_t i, enum fleet_file file)
{
	int fd = open(fleet_path(f, i, file), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static uint64_t read_number(int fd)
{
	char text[64];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return strtoull(text, NULL, 10);
}

/* Reads until it is so; NAP: microseconds between two looks, 0: none. */
static void await_number(int fd, uint64_t wanted, unsigned nap)
{
	uint64_t begun = daemon_now();

	while (read_number(fd) != wanted) {
		if (daemon_now() - begun > PATIENCE_NS)
			fail_msg("%llu does not come to hold", (unsigned long long)wanted);
		if (nap)
			usleep(nap);
	}
}

/* --- one manifest renamed --------------------------------------------------------------------- */

static void edit_prepare(struct fleet *f, size_t i, const struct value *v)
{
	char line[64];

	snprintf(line, sizeof(line), "  limits.memory: %s\n", v->text);
	fleet_prepare_manifest(f, i, line);
}

static void edit(struct fleet *f, size_t i, const struct value *v)
{
	edit_prepare(f, i, v);
	fleet_publish(f);
}

struct latency {
	double median, p99;
	double cpu; /* ms of the daemon's, for each edit */
};

static struct latency renames(struct fleet *f, const struct daemon *d, size_t n)
{
	double *figures = arena_alloc(f->h->arena, n * sizeof(*figures));
	int fd = open_file(f, 0, FLEET_MEMORY);
	struct latency l;
	uint64_t cpu;

	edit(f, 0, &memory[1]);
	await_number(fd, memory[1].kernel, 100);
	daemon_rest(d);
	cpu = daemon_cpu(d);
	for (size_t i = 0; i < n; i++) {
		uint64_t begun;

		usleep(PAUSE_US);
		edit_prepare(f, 0, &memory[i % 2]);
		begun = daemon_now();
		fleet_publish(f);
		await_number(fd, memory[i % 2].kernel, 0);
		figures[i] = figures_ms(daemon_now() - begun);
	}
	daemon_rest(d);
	l.cpu = figures_ms(daemon_cpu(d) - cpu) / (double)n;
	l.median = figures_median(figures, n);
	l.p99 = figures_percentile(figures, n, 99);
	close(fd);
	return l;
}

/* The floor: a thread that knows what to do already, and does it when the file has come. */
struct reflex {
	const struct fleet *f;
	int inotify;
	size_t n;
};

static void *react(void *data)
{
	const struct reflex *r = data;
	char events[4096];

	for (size_t i = 0; i < r->n; i++) {
		const char *text = i % 2 ? "68157440" : "67108864";
		int fd;

		if (read(r->inotify, events, sizeof(events)) <= 0)
			break;
		fd = open(fleet_path(r->f, 0, FLEET_MEMORY), O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, text, strlen(text)) < 0)
			break;
		close(fd);
	}
	return NULL;
}

static struct latency floor_of_renames(const struct fleet *f, size_t n)
{
	const char *dir = arena_printf(f->h->arena, "%s/floor", f->h->root);
	const char *from = arena_printf(f->h->arena, "%s/next", dir);
	const char *to = arena_printf(f->h->arena, "%s/web.yaml", dir);
	struct reflex r = {.f = f, .inotify = inotify_init1(IN_CLOEXEC), .n = n};
	double *figures = arena_alloc(f->h->arena, n * sizeof(*figures));
	int fd = open_file(f, 0, FLEET_MEMORY);
	struct latency l = {0};
	pthread_t thread;

	assert_int_equal(mkdir(dir, 0700), 0);
	assert_true(inotify_add_watch(r.inotify, dir, IN_MOVED_TO) >= 0);
	assert_int_equal(pthread_create(&thread, NULL, react, &r), 0);
	for (size_t i = 0; i < n; i++) {
		uint64_t begun;

		usleep(PAUSE_US);
		harness_write(f->h, from, "kind: instance\n");
		begun = daemon_now();
		assert_int_equal(rename(from, to), 0);
		await_number(fd, memory[i % 2].kernel, 0);
		figures[i] = figures_ms(daemon_now() - begun);
	}
	pthread_join(thread, NULL);
	close(r.inotify);
	close(fd);
	unlink(to);
	rmdir(dir);
	l.median = figures_median(figures, n);
	l.p99 = figures_percentile(figures, n, 99);
	return l;
}

static void rows_of_renames(const char *what, const struct latency *l, const struct latency *least,
			    bool reach)
{
	char text[96];

	snprintf(text, sizeof(text), "%s: median", what);
	figures_row(&(struct figure){.what = text,
				     .ours = l->median,
				     .floor = least->median,
				     .about = reach ? REACH_VALUE : REACH_NONE,
				     .reach = 1});
	snprintf(text, sizeof(text), "%s: p99", what);
	figures_row(&(struct figure){.what = text,
				     .ours = l->p99,
				     .floor = least->p99,
				     .about = reach ? REACH_VALUE : REACH_NONE,
				     .reach = 5});
}

/* --- a profile edited --------------------------------------------------------------------------
 */

enum limit { MEMORY, QUOTA };

static void prepare_profile(struct fleet *f, bool all, enum limit limit, int turn)
{
	struct fleet_profiles p = fleet_preset;

	switch (limit) {
	case MEMORY:
		p.few_memory = memory[turn].text;
		p.rest_memory = all ? memory[turn].text : p.rest_memory;
		break;
	case QUOTA:
		p.few_allowance = allowance[turn].text;
		p.rest_allowance = all ? allowance[turn].text : p.rest_allowance;
		break;
	}
	fleet_prepare_profiles(f, &p);
}

/* The bare writes that the kernel needs to be told the same. */
static double bare_writes(const struct fleet *f, size_t n, enum limit limit, int turn)
{
	static const char *const limits[] = {"67108864", "68157440"};
	static const char *const sums[] = {"134217728", "136314880"};
	bool sum = strstr(fleet_path(f, 0, FLEET_MEMORY), "limit_in_bytes") &&
		   fleet_path(f, 0, FLEET_MEMSW);
	double spent = 0;

	if (limit == QUOTA)
		return fleet_floor_writes(f, n, FLEET_QUOTA,
					  fleet_path(f, 0, FLEET_PERIOD) ? turn ? "60000" : "50000"
					  : turn                         ? "60000 100000"
									 : "50000 100000");
	/* v1 wants room for what is raised first */
	if (sum && turn)
		spent += fleet_floor_writes(f, n, FLEET_MEMSW, sums[turn]);
	spent += fleet_floor_writes(f, n, FLEET_MEMORY, limits[turn]);
	if (sum && !turn)
		spent += fleet_floor_writes(f, n, FLEET_MEMSW, sums[turn]);
	return spent;
}

/* Which file has the boot file of the I-th in hand? */
static ino_t boot_file(const struct fleet *f, size_t i, size_t *size)
{
	struct stat st;

	if (stat(arena_printf(f->h->arena, "%s/%s/evenkeel.conf", f->h->lxcpath, f->names[i]),
		 &st) < 0)
		return 0;
	*size = (size_t)st.st_size;
	return st.st_ino;
}

struct fanout {
	double live, persisted;
	double bare_writes, bare_renames; /* the floors */
};

static void await_persisted(const struct fleet *f, size_t n, const ino_t *before)
{
	const char *journal = arena_printf(f->h->arena, "%s/.evenkeel.batch", f->h->lxcpath);
	uint64_t begun = daemon_now();
	int dir = open(f->h->lxcpath, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t size;

	for (size_t i = 0; i < n; i++)
		while (boot_file(f, i, &size) == before[i]) {
			if (daemon_now() - begun > PATIENCE_NS)
				fail_msg("the boot file of %s is not written", f->names[i]);
			usleep(200);
		}
	while (access(journal, F_OK) == 0 && daemon_now() - begun < PATIENCE_NS)
		usleep(100);
	/* its own second one may still be on its way; this one ends with it */
	assert_int_equal(syncfs(dir), 0);
	close(dir);
}

static void fan_out(struct fleet *f, const struct daemon *d, size_t n, enum limit limit,
		    struct fanout *out)
{
	enum fleet_file file = limit == MEMORY ? FLEET_MEMORY : FLEET_QUOTA;
	const struct value *values = limit == MEMORY ? memory : allowance;
	double live[RUNS], persisted[RUNS];
	ino_t *before = arena_alloc(f->h->arena, n * sizeof(*before));
	int *fds = arena_alloc(f->h->arena, n * sizeof(*fds));
	size_t size;

	for (size_t i = 0; i < n; i++)
		fds[i] = open_file(f, i, file);
	for (int run = 0; run < RUNS; run++) {
		int turn = (run + 1) % 2;
		uint64_t begun;

		daemon_rest(d);
		for (size_t i = 0; i < n; i++)
			before[i] = boot_file(f, i, &size);
		prepare_profile(f, n > FLEET_FEW, limit, turn);
		begun = daemon_now();
		fleet_publish(f);
		for (size_t i = 0; i < n; i++)
			await_number(fds[i], values[turn].kernel, 20);
		live[run] = figures_ms(daemon_now() - begun);
		await_persisted(f, n, before);
		persisted[run] = figures_ms(daemon_now() - begun);
	}
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	/* back to where every run begins */
	fleet_profiles(f, &fleet_preset);
	daemon_rest(d);
	out->live = figures_median(live, RUNS);
	out->persisted = figures_median(persisted, RUNS);
}

static void floor_of_fan_out(const struct fleet *f, size_t n, enum limit limit, struct fanout *out)
{
	double writes[RUNS], persisting[RUNS];
	size_t size = 0;

	boot_file(f, 0, &size);
	for (int run = 0; run < RUNS; run++) {
		writes[run] = bare_writes(f, n, limit, (run + 1) % 2);
		persisting[run] = fleet_floor_renames(f, n, size ? size : 600);
	}
	bare_writes(f, n, limit, 0);
	out->bare_writes = figures_median(writes, RUNS);
	out->bare_renames = figures_median(persisting, RUNS);
}

static void rows_of_fan_out(const char *limit, size_t n, const struct fanout *o, double reach)
{
	char text[96];

	snprintf(text, sizeof(text), "a profile's %s live on the last of %zu", limit, n);
	figures_row(&(struct figure){.what = text,
				     .ours = o->live,
				     .floor = o->bare_writes,
				     .about = REACH_RATIO,
				     .reach = reach});
	snprintf(text, sizeof(text), "a profile's %s on %zu, and persisted", limit, n);
	figures_row(&(struct figure){
	    .what = text, .ours = o->persisted, .floor = o->bare_writes + o->bare_renames});
}

static void bench_fan_out(struct fleet *f)
{
	size_t few = f->running < FLEET_FEW ? f->running : FLEET_FEW;
	size_t sizes[] = {few, f->running};
	struct fanout o[2][2];
	struct daemon *d;

	for (int i = 0; i < 2; i++)
		for (int limit = MEMORY; limit <= QUOTA; limit++)
			floor_of_fan_out(f, sizes[i], (enum limit)limit, &o[i][limit]);
	d = daemon_start(f->h, at_once);
	for (int i = 0; i < 2; i++)
		for (int limit = MEMORY; limit <= QUOTA; limit++)
			fan_out(f, d, sizes[i], (enum limit)limit, &o[i][limit]);
	daemon_stop(d);
	for (int i = 0; i < 2; i++)
		rows_of_fan_out("memory", sizes[i], &o[i][MEMORY], 5);
	for (int i = 0; i < 2; i++)
		rows_of_fan_out("cpu quota", sizes[i], &o[i][QUOTA], 1.5);
}

/* --- nothing changes -----------------------------------------------------------------------------
 */

static void row_of_writes(const char *what, struct daemon *d, size_t before)
{
	daemon_rest(d);
	figures_row(&(struct figure){.what = what,
				     .unit = "",
				     .ours = (double)(daemon_logged(d, "write ") - before),
				     .about = REACH_VALUE});
}

static void bench_nothing(struct fleet *f)
{
	struct fleet_profiles same = fleet_preset;
	struct daemon *d = daemon_start(f->h, telling);
	size_t before = daemon_logged(d, "write ");

	fleet_profiles(f, &same);
	row_of_writes("the same profile written again: kernel writes", d, before);
	same.few_memory = "65536KiB";
	same.rest_memory = "67108864";
	fleet_profiles(f, &same);
	row_of_writes("the same value in other words: kernel writes", d, before);
	same.few_memory = "64MiB # as ever";
	same.rest_memory = "64MiB # as ever";
	fleet_profiles(f, &same);
	row_of_writes("a comment edited: kernel writes", d, before);
	row_of_writes("a restart with nothing changed: kernel writes", d, 0);
	/* so that the rows above can be trusted */
	edit(f, 0, &memory[1]);
	daemon_rest(d);
	assert_true(daemon_logged(d, "write ") > before);
	fleet_manifest(f, 0, "");
	fleet_profiles(f, &fleet_preset);
	daemon_rest(d);
	daemon_stop(d);
}

static void bench_idle(const struct fleet *f)
{
	const char *how_long = getenv("BENCH_LONG");
	unsigned seconds = how_long && strcmp(how_long, "1") == 0 ? 60 : 20;
	struct daemon *d = daemon_start(f->h, at_once);
	uint64_t switches, cpu;
	char text[96];

	daemon_rest(d);
	switches = daemon_switches(d);
	cpu = daemon_cpu(d);
	sleep(seconds);
	snprintf(text, sizeof(text), "idle for %u s with %zu idle containers: wake-ups", seconds,
		 f->running);
	figures_row(&(struct figure){.what = text,
				     .unit = "",
				     .ours = (double)(daemon_switches(d) - switches),
				     .about = REACH_VALUE});
	assert_int_equal(daemon_cpu(d), cpu);
	daemon_stop(d);
}

static void bench_start(const struct fleet *f)
{
	double ready[STARTS], pass[STARTS], least = fleet_floor_diff(f, false);
	char text[96];

	for (int i = 0; i < STARTS; i++) {
		struct daemon *d = daemon_start(f->h, at_once);

		ready[i] = d->ready;
		pass[i] = d->first_pass;
		daemon_stop(d);
	}
	snprintf(text, sizeof(text), "from fork to ready: %zu instances, %zu running", f->all,
		 f->running);
	figures_row(
	    &(struct figure){.what = text, .ours = figures_median(ready, STARTS), .floor = least});
	snprintf(text, sizeof(text), "from fork to its first rest: %zu instances, %zu running",
		 f->all, f->running);
	figures_row(&(struct figure){.what = text,
				     .ours = figures_median(pass, STARTS),
				     .floor = least,
				     .about = f->all == f->running ? REACH_VALUE : REACH_NONE,
				     .reach = 500});
}

/* The directory is looked at as a whole; no instance has changed. */
static double walk(const struct fleet *f, const struct daemon *d)
{
	uint64_t begun;

	daemon_rest(d);
	begun = daemon_now();
	assert_int_equal(chmod(f->h->manifests, 0755), 0);
	return figures_ms(daemon_rest(d) - begun);
}

static void bench_pass(const struct fleet *f, struct daemon *d)
{
	double walks[RUNS], passes[RUNS];
	char text[96];

	for (int i = 0; i < RUNS; i++) {
		walks[i] = walk(f, d);
		passes[i] = daemon_reload(d);
	}
	snprintf(text, sizeof(text), "a look at %zu unchanged manifests", f->all);
	figures_row(&(struct figure){.what = text,
				     .ours = figures_median(walks, RUNS),
				     .floor = fleet_floor_walk(f),
				     .about = REACH_VALUE,
				     .reach = 25});
	snprintf(text, sizeof(text), "the same, and every value of %zu running compared",
		 f->running);
	figures_row(&(struct figure){.what = text,
				     .ours = figures_median(passes, RUNS),
				     .floor = fleet_floor_look(f),
				     .about = REACH_VALUE,
				     .reach = 200});
}

/* --- many, and many edits
 * ------------------------------------------------------------------------- */

static void many_edits(struct fleet *f, size_t n)
{
	int *fds = arena_alloc(f->h->arena, f->running * sizeof(*fds));

	for (size_t i = 0; i < f->running; i++)
		fds[i] = open_file(f, i, FLEET_MEMORY);
	for (size_t i = 0; i < n; i++) {
		size_t which = i * 7919 % f->running;
		int turn = (int)(i / f->running + 1) % 2;

		edit(f, which, &memory[turn]);
		if (i % 16 == 0)
			await_number(fds[which], memory[turn].kernel, 50);
	}
	for (size_t i = 0; i < f->running; i++)
		close(fds[i]);
}

static void bench_memory(struct fleet *f, struct daemon *d, size_t rss_of_few)
{
	size_t edits = figures_size("BENCH_EDITS", 10000), rss = daemon_rss(d), fds, warm;
	char text[96];

	snprintf(text, sizeof(text), "memory for each instance, of %zu", f->all);
	figures_row(&(struct figure){.what = text,
				     .unit = "KiB",
				     .ours = ((double)rss - (double)rss_of_few) / 1024 /
					     (double)(f->all - FEW),
				     .about = REACH_VALUE,
				     .reach = 4});
	many_edits(f, edits / 10);
	daemon_rest(d);
	warm = daemon_rss(d);
	fds = daemon_fds(d);
	many_edits(f, edits);
	daemon_rest(d);
	snprintf(text, sizeof(text), "memory that grew over %zu edits", edits);
	figures_row(&(struct figure){.what = text,
				     .unit = "KiB",
				     .ours = ((double)daemon_rss(d) - (double)warm) / 1024,
				     .about = REACH_VALUE,
				     .reach = 256});
	snprintf(text, sizeof(text), "fds more after %zu edits", edits);
	figures_row(&(struct figure){.what = text,
				     .unit = "",
				     .ours = (double)daemon_fds(d) - (double)fds,
				     .about = REACH_VALUE});
}

static void row_of_scale(const struct fleet *f, const char *what, double many, double few,
			 const char *unit)
{
	char text[96];

	snprintf(text, sizeof(text), "%s among %zu (floor: among %d)", what, f->all, FEW);
	figures_row(&(struct figure){.what = text,
				     .unit = unit,
				     .ours = many,
				     .floor = few,
				     .about = REACH_RATIO,
				     .reach = 1.5});
}

/* --- all of it
 * -------------------------------------------------------------------------------------- */

struct few {
	struct latency latency;
	size_t rss;
};

/* With as few instances as that: what the figures of many are held against. */
static void bench_few(struct fleet *f, struct few *few)
{
	struct latency least, patient;
	struct daemon *d;

	fleet_start(f, FEW);
	assert_int_equal(harness_evenkeel(f->h, NULL, "apply", NULL), 0);
	least = floor_of_renames(f, RENAMES);
	d = daemon_start(f->h, at_once);
	few->rss = daemon_rss(d);
	few->latency = renames(f, d, RENAMES);
	daemon_stop(d);
	d = daemon_start(f->h, by_default);
	patient = renames(f, d, RENAMES);
	fleet_manifest(f, 0, "");
	daemon_rest(d);
	daemon_stop(d);
	rows_of_renames("rename of one manifest to its limit live", &few->latency, &least, true);
	rows_of_renames("the same with the default settle", &patient, &least, false);
}

static void bench_many(struct fleet *f, const struct few *few)
{
	struct latency many;
	struct daemon *d;

	fleet_complete(f);
	assert_int_equal(harness_evenkeel(f->h, NULL, "apply", NULL), 0);
	bench_start(f);
	d = daemon_start(f->h, at_once);
	bench_pass(f, d);
	many = renames(f, d, RENAMES);
	row_of_scale(f, "one file changed", many.median, few->latency.median, "ms");
	row_of_scale(f, "the same, time on a CPU", many.cpu, few->latency.cpu, "ms");
	bench_memory(f, d, few->rss);
	daemon_stop(d);
}

static void daemon_is_fast(void **state)
{
	struct fleet *f = fleet_new(harness_require_root(state));
	struct few few;

	bench_few(f, &few);
	fleet_start(f, f->most_running);
	assert_int_equal(harness_evenkeel(f->h, NULL, "apply", NULL), 0);
	bench_start(f);
	bench_fan_out(f);
	bench_nothing(f);
	bench_idle(f);
	if (f->most > f->running)
		bench_many(f, &few);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(daemon_is_fast)};

	figures_open("daemon");
	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
