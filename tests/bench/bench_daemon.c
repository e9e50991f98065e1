/*
 * bench_daemon - how fast a changed file holds in the kernel, and what the daemon costs at rest.
 * Each row stands beside its floor, measured in the same run on the same containers: the same
 * writes, renames and reads by bare calls. BENCH_RUNNING, BENCH_ALL and BENCH_EDITS set the sizes,
 * BENCH_LONG=1 watches it idle for a minute.
 */
#include "tests/bench/fanout.h"
#include "tests/bench/figures.h"
#include "tests/bench/gauge.h"
#include "tests/bench/latency.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define RUNS 7
#define RENAMES 300
#define FEW 10   /* instances: the other end of "as among 10" */
#define STARTS 5 /* of the daemon */

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

/* --- a profile edited --- */

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
		for (int limit = LIMIT_MEMORY; limit <= LIMIT_QUOTA; limit++)
			fanout_floor(f, sizes[i], (enum limit)limit, &o[i][limit]);
	d = daemon_start(f->h, "--settle", "0", NULL);
	for (int i = 0; i < 2; i++)
		for (int limit = LIMIT_MEMORY; limit <= LIMIT_QUOTA; limit++)
			fanout_measure(f, d, sizes[i], (enum limit)limit, &o[i][limit]);
	daemon_stop(d);
	for (int i = 0; i < 2; i++)
		rows_of_fan_out("memory", sizes[i], &o[i][LIMIT_MEMORY], 5);
	for (int i = 0; i < 2; i++)
		rows_of_fan_out("cpu quota", sizes[i], &o[i][LIMIT_QUOTA], 1.5);
}

/* --- nothing changes --- */

static void row_of_writes(const char *what, struct daemon *d, size_t before)
{
	gauge_rest(d);
	figures_row(&(struct figure){.what = what,
				     .unit = "",
				     .ours = (double)(daemon_count(d, "write /") - before),
				     .about = REACH_VALUE});
}

static void bench_nothing(struct fleet *f)
{
	struct fleet_profiles same = fleet_preset;
	struct daemon *d = daemon_start(f->h, "--settle", "0", "-vv", NULL);
	size_t before = daemon_count(d, "write /");

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
	latency_edit(f, 0, 1);
	gauge_rest(d);
	assert_true(daemon_count(d, "write /") > before);
	fleet_manifest(f, 0, "");
	fleet_profiles(f, &fleet_preset);
	gauge_rest(d);
	daemon_stop(d);
}

static void bench_idle(const struct fleet *f)
{
	const char *how_long = getenv("BENCH_LONG");
	unsigned seconds = how_long && strcmp(how_long, "1") == 0 ? 60 : 20;
	struct daemon *d = daemon_start(f->h, "--settle", "0", NULL);
	uint64_t switches;
	char text[96];

	gauge_rest(d);
	switches = gauge_switches(d);
	sleep(seconds);
	snprintf(text, sizeof(text), "idle for %u s with %zu idle containers: wake-ups", seconds,
		 f->running);
	figures_row(&(struct figure){.what = text,
				     .unit = "",
				     .ours = (double)(gauge_switches(d) - switches),
				     .about = REACH_VALUE});
	daemon_stop(d);
}

static void bench_start(const struct fleet *f)
{
	double ready[STARTS], pass[STARTS], least = fleet_floor_diff(f, false);
	char text[96];

	for (int i = 0; i < STARTS; i++) {
		uint64_t begun = gauge_now();
		struct daemon *d = daemon_start(f->h, "--settle", "0", NULL);

		ready[i] = figures_ms(gauge_now() - begun);
		pass[i] = figures_ms(gauge_rest(d) - begun);
		pass[i] = pass[i] < ready[i] ? ready[i] : pass[i];
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

/* The directory is looked at as a whole: its mode is another. No instance has changed. */
static double walk(const struct fleet *f, struct daemon *d, bool narrow)
{
	uint64_t begun;

	gauge_rest(d);
	begun = gauge_now();
	assert_int_equal(chmod(f->h->manifests, narrow ? 0711 : 0755), 0);
	return figures_ms(gauge_rest(d) - begun);
}

/* All is looked at, the kernel's values too. */
static double reload(struct daemon *d)
{
	uint64_t begun;

	gauge_rest(d);
	begun = gauge_now();
	assert_int_equal(kill(d->pid, SIGHUP), 0);
	return figures_ms(gauge_rest(d) - begun);
}

static void bench_pass(const struct fleet *f, struct daemon *d)
{
	double walks[RUNS], passes[RUNS];
	char text[96];

	for (int i = 0; i < RUNS; i++) {
		walks[i] = walk(f, d, i % 2 == 0);
		passes[i] = reload(d);
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

/* --- many, and many edits --- */

static void many_edits(struct fleet *f, size_t n)
{
	int *fds = arena_alloc(f->h->arena, f->running * sizeof(*fds));

	for (size_t i = 0; i < f->running; i++)
		fds[i] = limit_open(f, i, LIMIT_MEMORY);
	for (size_t i = 0; i < n; i++) {
		size_t which = i * 7919 % f->running;
		size_t turn = (i / f->running + 1) % 2;

		latency_edit(f, which, turn);
		if (i % 16 == 0)
			limit_await(fds[which], limit_value(LIMIT_MEMORY, turn)->kernel, 50);
	}
	for (size_t i = 0; i < f->running; i++)
		close(fds[i]);
}

static void bench_memory(struct fleet *f, struct daemon *d, size_t rss_of_few)
{
	size_t edits = figures_size("BENCH_EDITS", 10000), rss = gauge_rss(d), fds, warm;
	char text[96];

	snprintf(text, sizeof(text), "memory for each instance, of %zu", f->all);
	figures_row(&(struct figure){.what = text,
				     .unit = "KiB",
				     .ours = ((double)rss - (double)rss_of_few) / 1024 /
					     (double)(f->all - FEW),
				     .about = REACH_VALUE,
				     .reach = 4});
	many_edits(f, edits / 2);
	gauge_rest(d);
	warm = gauge_rss(d);
	fds = gauge_fds(d);
	many_edits(f, edits);
	gauge_rest(d);
	snprintf(text, sizeof(text), "memory that grew over %zu edits", edits);
	figures_row(&(struct figure){.what = text,
				     .unit = "KiB",
				     .ours = ((double)gauge_rss(d) - (double)warm) / 1024,
				     .about = REACH_VALUE,
				     .reach = 256});
	snprintf(text, sizeof(text), "fds more after %zu edits", edits);
	figures_row(&(struct figure){.what = text,
				     .unit = "",
				     .ours = (double)gauge_fds(d) - (double)fds,
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

/* --- all of it --- */

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
	least = latency_floor(f, RENAMES);
	d = daemon_start(f->h, "--settle", "0", NULL);
	few->rss = gauge_rss(d);
	few->latency = latency_measure(f, d, RENAMES);
	daemon_stop(d);
	d = daemon_start(f->h, NULL);
	patient = latency_measure(f, d, RENAMES);
	fleet_manifest(f, 0, "");
	gauge_rest(d);
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
	d = daemon_start(f->h, "--settle", "0", NULL);
	bench_pass(f, d);
	many = latency_measure(f, d, RENAMES);
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

static int teardown(void **state)
{
	daemon_end_all();
	return harness_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(daemon_is_fast)};

	figures_open("daemon");
	return cmocka_run_group_tests(tests, harness_setup, teardown);
}
