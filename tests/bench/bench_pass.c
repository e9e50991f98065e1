/*
 * bench_pass - cold diff, one changed limit on 100 containers, memory: as ratios to the floor.
 * The floor is what the kernel, libyaml and liblxc cost by themselves for the same files and the
 * same containers, measured in this very run. BENCH_RUNNING and BENCH_ALL set the sizes.
 */
#include "reconciler/pass.h"
#include "reconciler/stopwatch.h"
#include "tests/bench/figures.h"
#include "tests/bench/fleet.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define RUNS 7

static void expect_in_sync(const struct fleet *f)
{
	char *output;
	int status = harness_evenkeel(f->h, &output, "diff", NULL);

	if (status != 0)
		fprintf(stderr, "%.4000s\n", output);
	assert_int_equal(status, 0);
}

static double cold_diff(const struct fleet *f, const char *forget)
{
	double figures[RUNS];

	expect_in_sync(f);
	for (int i = 0; i < RUNS; i++) {
		struct stopwatch w;

		if (forget)
			harness_run(f->h, NULL, "rm", "-rf", forget, NULL);
		w = stopwatch_start();
		assert_int_equal(harness_evenkeel(f->h, NULL, "diff", NULL), 0);
		figures[i] = figures_ms(stopwatch_lap(&w));
	}
	return figures_median(figures, RUNS);
}

static void bench_diff(const struct fleet *f)
{
	char what[80];

	snprintf(what, sizeof(what), "cold diff, in sync: %zu instances, %zu running", f->all,
		 f->running);
	figures_row(&(struct figure){
	    .what = what,
	    .ours = cold_diff(f, NULL),
	    .floor = fleet_floor_diff(f, false),
	    .about = REACH_RATIO,
	    .reach = 2,
	});
	figures_row(&(struct figure){
	    .what = "the same without hints of init pids",
	    .ours = cold_diff(f, "/run/evenkeel"),
	    .floor = fleet_floor_diff(f, true),
	    .about = REACH_RATIO,
	    .reach = 2,
	});
}

static struct options options_for(const struct fleet *f)
{
	return (struct options){.directory = f->h->manifests,
				.lxcpath = f->h->lxcpath,
				.host = "bench",
				.etc = f->h->etc};
}

static void bench_apply(struct fleet *f)
{
	size_t changed = f->running < FLEET_FEW ? f->running : FLEET_FEW;
	struct options o = options_for(f);
	double live[RUNS], persisted[RUNS], writes[RUNS], renames[RUNS];
	struct result *r;

	for (int i = 0; i < RUNS; i++) {
		struct fleet_profiles p = fleet_preset;

		p.few_memory = i % 2 ? "64MiB" : "65MiB";
		fleet_profiles(f, &p);
		/* the bare write is of the value in force: it must not do apply's work */
		writes[i] =
		    fleet_floor_writes(f, changed, FLEET_MEMORY, i % 2 ? "68157440" : "67108864");
		renames[i] = fleet_floor_renames(f, changed, 600);
		r = pass_run(&o, PASS_APPLY);
		assert_int_equal(r->summary.failed, 0);
		assert_int_equal(r->summary.update, changed);
		live[i] = figures_ms(r->timings.live);
		persisted[i] = figures_ms(r->timings.live + r->timings.persist);
		result_free(r);
	}
	figures_row(&(struct figure){
	    .what = "a memory limit changed on 100 containers, beyond diff",
	    .ours = figures_median(live, RUNS),
	    .floor = figures_median(writes, RUNS),
	    .about = REACH_RATIO,
	    .reach = 5,
	});
	figures_row(&(struct figure){
	    .what = "the same and persisted",
	    .ours = figures_median(persisted, RUNS),
	    .floor = figures_median(writes, RUNS) + figures_median(renames, RUNS),
	    .about = REACH_RATIO,
	    .reach = 5,
	});
	r = pass_run(&o, PASS_APPLY);
	figures_row(&(struct figure){
	    .what = "the same values again: kernel writes",
	    .unit = "",
	    .ours = (double)r->kernel_writes,
	    .about = REACH_VALUE,
	});
	assert_int_equal(r->kernel_writes, 0);
	result_free(r);
}

static void bench_memory(const struct fleet *f)
{
	struct options o = options_for(f);
	struct mallinfo2 before = mallinfo2(), after;
	struct generation *g = generation_load(&o, TRUST_ENFORCE);
	double held;

	after = mallinfo2();
	held = (double)(after.uordblks + after.hblkhd) - (double)(before.uordblks + before.hblkhd);
	figures_row(&(struct figure){
	    .what = "memory of a generation, for each instance",
	    .unit = "KiB",
	    .ours = held / 1024 / (double)f->all,
	    .about = REACH_VALUE,
	    .reach = 4,
	});
	generation_free(g);
}

static void pass_is_fast(void **state)
{
	struct fleet *f = fleet_new(harness_require_root(state));

	fleet_start(f, f->most_running);
	assert_int_equal(harness_evenkeel(f->h, NULL, "apply", NULL), 0);
	bench_diff(f);
	bench_apply(f);
	if (f->most <= f->running)
		return;
	fleet_complete(f);
	assert_int_equal(harness_evenkeel(f->h, NULL, "apply", NULL), 0);
	bench_diff(f);
	bench_memory(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(pass_is_fast)};

	figures_open("pass");
	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
