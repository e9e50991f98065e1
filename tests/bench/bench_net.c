/*
 * bench_net - what shaped nics cost: on a thousand interfaces by the library, on a hundred
 * containers by the program. The floor are the same messages, built beforehand, in a bare batch in
 * the same run. BENCH_VETHS, BENCH_NICS and BENCH_REMOVED set the sizes.
 */
#include "net/netlink.h"
#include "net/shaping.h"
#include "reconciler/pass.h"
#include "reconciler/stopwatch.h"
#include "tests/bench/figures.h"
#include "tests/bench/gauge.h"
#include "tests/bench/rawbatch.h"
#include "tests/integration/daemon.h"
#include "tests/integration/wiring.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define RUNS 7
#define MBIT UINT64_C(1000000)
#define MTU 1500
#define FIRST_IFB 1000000 /* indexes of the floor's own */
#define MOST_TEXT 64

static const enum shaping_way ways[] = {SHAPING_INGRESS, SHAPING_EGRESS};

static struct bucket bucket_for(uint64_t bits)
{
	uint64_t rate = bits / 8;

	return (struct bucket){rate, bucket_ticks(rate, bucket_own_burst(rate, MTU)),
			       bucket_quantum(rate)};
}

static const char *named(char *text, size_t n, const char *what)
{
	snprintf(text, MOST_TEXT, "%zu %s", n, what);
	return text;
}

/* Row of N things. */
static void row(size_t n, const char *what, double ours, double floor, double reach)
{
	char text[MOST_TEXT];

	figures_row(&(struct figure){.what = named(text, n, what),
				     .ours = ours,
				     .floor = floor,
				     .about = reach > 0 ? REACH_RATIO : REACH_NONE,
				     .reach = reach});
}

/* ---- a thousand, by the library ---- */

/* Two sets of veths in this namespace: one for us, one for the floor. */
struct sets {
	struct harness *h;
	size_t n;
	struct link *ours, *bare;
};

static struct link *make_veths(struct harness *h, const char *prefix, size_t n)
{
	struct link *links = arena_alloc(h->arena, n * sizeof(*links));
	char *path = arena_printf(h->arena, "%s/batch", h->root);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	for (size_t i = 0; i < n; i++)
		fprintf(f,
			"link add %s%zu type veth peer name %sp%zu\nlink set %s%zu up\n"
			"link set %sp%zu up\n",
			prefix, i, prefix, i, prefix, i, prefix, i);
	fclose(f);
	network_host(h, "ip -batch %s", path);
	for (size_t i = 0; i < n; i++) {
		char name[IFNAMSIZ];

		snprintf(name, sizeof(name), "%.6s%u", prefix, (unsigned)(i % 100000));
		assert_int_equal(link_by_name(netlink_here(), LINK_HERE, name, &links[i]), 0);
	}
	return links;
}

static void set_all(const struct sets *s, uint64_t bits)
{
	struct arena *a = arena_new();
	const char *why = "";

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < 2; k++)
			if (shaping_set(netlink_here(), &s->ours[i], ways[k], bits, 0, a, &why) < 0)
				fail_msg("%s", why);
	arena_free(a);
}

/* As the driver does it: what was read is not read again. */
static void change_all(const struct sets *s, struct shaping *now, uint64_t bits)
{
	struct arena *a = arena_new();
	const char *why = "";

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < 2; k++)
			if (shaping_change(netlink_here(), &s->ours[i], ways[k], &now[2 * i + k],
					   bits, 0, a, &why) < 0)
				fail_msg("%s", why);
	arena_free(a);
}

static void read_all(const struct sets *s, struct shaping *now)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < s->n; i++) {
		assert_int_equal(shaping_read_both(netlink_here(), &s->ours[i], a, &now[2 * i]), 0);
		assert_true(now[2 * i].whole && now[2 * i + 1].whole);
	}
	arena_free(a);
}

static void clear_some(const struct sets *s, size_t n)
{
	struct arena *a = arena_new();
	const char *why = "";

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < 2; k++)
			if (shaping_clear(netlink_here(), &s->ours[i], ways[k], a, &why) < 0)
				fail_msg("%s", why);
	arena_free(a);
}

/* What the kernel holds for itself, in KiB. */
static double kernel_memory(struct harness *h)
{
	static const char *const lines[] = {
	    "\nSlab:", "\nPercpu:", "\nVmallocUsed:", "\nKernelStack:"};
	const char *text = harness_read(h, "/proc/meminfo");
	double sum = 0;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		const char *line = strstr(text, lines[i]);

		sum += line ? strtod(line + strlen(lines[i]), NULL) : 0;
	}
	return sum;
}

static struct rawbatch *bare_setup(const struct sets *s, uint64_t bits)
{
	struct rawbatch *b = rawbatch_new();
	struct bucket bucket = bucket_for(bits);

	for (size_t i = 0; i < s->n; i++) {
		int ifb = FIRST_IFB + (int)i;

		rawbatch_add_redirect(b, &s->bare[i], ifb);
		rawbatch_add_htb(b, s->bare[i].index, &bucket, MTU);
		rawbatch_add_htb(b, ifb, &bucket, MTU);
	}
	return b;
}

static struct rawbatch *bare_change(const struct sets *s, uint64_t from, uint64_t to)
{
	struct bucket x = bucket_for(from), y = bucket_for(to);
	struct rawbatch *b = rawbatch_new();

	for (size_t i = 0; i < s->n; i++) {
		rawbatch_add_change(b, s->bare[i].index, &x, &y, MTU);
		rawbatch_add_change(b, FIRST_IFB + (int)i, &x, &y, MTU);
	}
	return b;
}

static double bare_once(struct rawbatch *b)
{
	double ms = rawbatch_send(b);

	rawbatch_free(b);
	return ms;
}

static void bench_setup(const struct sets *s)
{
	double memory = kernel_memory(s->h), ours;
	struct stopwatch w = stopwatch_start();

	set_all(s, 50 * MBIT);
	ours = figures_ms(stopwatch_lap(&w));
	memory = kernel_memory(s->h) - memory;
	row(s->n, "veths shaped both ways: set up", ours, bare_once(bare_setup(s, 50 * MBIT)), 0);
	figures_row(&(struct figure){
	    .what = "kernel memory for each", .unit = "KiB", .ours = memory / (double)s->n});
}

static void bench_look(const struct sets *s, struct shaping *now)
{
	struct rawbatch *b = rawbatch_new();
	double ours[RUNS], bare[RUNS];

	for (size_t i = 0; i < s->n; i++)
		rawbatch_add_questions(b, &s->bare[i], FIRST_IFB + (int)i);
	for (int run = 0; run < RUNS; run++) {
		struct stopwatch w = stopwatch_start();

		read_all(s, now);
		ours[run] = figures_ms(stopwatch_lap(&w));
		bare[run] = rawbatch_send(b);
	}
	rawbatch_free(b);
	row(s->n, "of them looked at, nothing to do", figures_median(ours, RUNS),
	    figures_median(bare, RUNS), 0);
}

static void bench_change(const struct sets *s, struct shaping *now)
{
	const uint64_t rates[] = {50 * MBIT, 60 * MBIT};
	double set[RUNS], change[RUNS], bare[RUNS];

	for (int run = 0; run < RUNS; run++) {
		uint64_t from = rates[run % 2], to = rates[1 - run % 2];
		struct stopwatch w = stopwatch_start();

		change_all(s, now, to);
		change[run] = figures_ms(stopwatch_lap(&w));
		bare[run] = bare_once(bare_change(s, from, to));
		w = stopwatch_start();
		set_all(s, from);
		set[run] = figures_ms(stopwatch_lap(&w));
		set_all(s, to);
		read_all(s, now);
	}
	row(s->n, "of them changed both ways", figures_median(change, RUNS),
	    figures_median(bare, RUNS), 1.5);
	row(s->n, "of them looked at and changed", figures_median(set, RUNS),
	    figures_median(bare, RUNS), 0);
}

/* A link that goes waits for the kernel: fewer of them. */
static void bench_removal(const struct sets *s)
{
	size_t n = figures_size("BENCH_REMOVED", 50);
	struct rawbatch *b = rawbatch_new();
	struct stopwatch w;
	double ours;

	n = n < s->n ? n : s->n;
	for (size_t i = 0; i < n; i++)
		rawbatch_add_removal(b, &s->bare[i], FIRST_IFB + (int)i);
	w = stopwatch_start();
	clear_some(s, n);
	ours = figures_ms(stopwatch_lap(&w));
	row(n, "of them no longer shaped", ours, bare_once(b), 0);
}

static void the_library(void **state)
{
	struct harness *h = network_begin(state);
	struct sets s = {.h = h, .n = figures_size("BENCH_VETHS", 1000)};
	struct shaping *now = arena_alloc(h->arena, 2 * s.n * sizeof(*now));

	/* thousands of interfaces that look for their neighbours keep the kernel busy for minutes
	 */
	network_host(h, "sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
	s.ours = make_veths(h, "ekb", s.n);
	s.bare = make_veths(h, "raw", s.n);
	bench_setup(&s);
	bench_look(&s, now);
	bench_change(&s, now);
	bench_removal(&s);
}

/* ---- a hundred containers, by the program ---- */

struct crowd {
	struct harness *h;
	size_t n;
	const char **names;
	struct link *hosts;
};

static void profile(const struct crowd *c, const char *limits)
{
	harness_manifest(c->h, "profiles/wired.yaml",
			 "devices: {eth0: {type: nic, nictype: bridged, parent: br0%s}}\n", limits);
}

static const char *rate_text(const struct crowd *c, unsigned mbit)
{
	return arena_printf(c->h->arena, ", limits.max: %uMbit", mbit);
}

static struct crowd crowd_open(struct harness *h)
{
	struct crowd c = {.h = h, .n = figures_size("BENCH_NICS", 100)};

	c.names = arena_alloc(h->arena, c.n * sizeof(*c.names));
	c.hosts = arena_alloc(h->arena, c.n * sizeof(*c.hosts));
	for (size_t i = 0; i < c.n; i++) {
		c.names[i] = harness_name(h, arena_printf(h->arena, "%03zu", i));
		harness_create(h, c.names[i], NULL);
		wiring_ask_with(h, c.names[i], "profiles: [wired]\n", "%s", "");
	}
	harness_start_all(h, c.names, c.n);
	return c;
}

static double apply(const struct crowd *c, enum pass_mode mode, size_t live)
{
	struct options o = {.directory = c->h->manifests,
			    .lxcpath = c->h->lxcpath,
			    .host = "bench",
			    .etc = c->h->etc};
	struct result *r = pass_run(&o, mode);
	double ms =
	    figures_ms(mode == PASS_APPLY ? r->timings.live : r->timings.look + r->timings.draft);

	assert_int_equal(r->summary.failed, 0);
	assert_int_equal(r->summary.errors, 0);
	assert_int_equal(r->summary.live, live);
	result_free(r);
	return ms;
}

static void find_hosts(struct crowd *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct network_link end = network_host_end(c->h, c->names[i], "eth0");

		assert_int_equal(link_by_index(netlink_here(), LINK_HERE, end.index, &c->hosts[i]),
				 0);
	}
}

/* The device that has the class of one way. */
static int device_of(const struct link *host, size_t way)
{
	struct link ifb;
	char name[IFNAMSIZ];

	if (way == 0)
		return host->index;
	snprintf(name, sizeof(name), "ekifb%d", host->index);
	assert_int_equal(link_by_name(netlink_here(), LINK_HERE, name, &ifb), 0);
	return ifb.index;
}

/* Messages that are already true: they cost the same. */
static struct rawbatch *bare_repeat(const struct crowd *c, unsigned from, unsigned to)
{
	struct bucket x = bucket_for(from * MBIT), y = bucket_for(to * MBIT);
	struct rawbatch *b = rawbatch_new();

	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < 2; k++)
			rawbatch_add_change(b, device_of(&c->hosts[i], k), &x, &y, MTU);
	return b;
}

static double by_tc(const struct crowd *c, unsigned mbit)
{
	char *script = arena_strdup(c->h->arena, "");
	struct stopwatch w;

	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < 2; k++)
			script =
			    arena_printf(c->h->arena,
					 "%stc class change dev %s%.0d parent 656b: classid "
					 "656b:1 htb rate %umbit burst 50k\n",
					 script,
					 k ? arena_printf(c->h->arena, "ekifb%d", c->hosts[i].index)
					   : c->hosts[i].name,
					 0, mbit);
	w = stopwatch_start();
	network_host(c->h, "%s", script);
	return figures_ms(stopwatch_lap(&w));
}

static void bench_fan_out(const struct crowd *c)
{
	double live[RUNS], bare[RUNS], tc;

	for (int run = 0; run < RUNS; run++) {
		unsigned from = run % 2 ? 60 : 50, to = run % 2 ? 50 : 60;

		profile(c, rate_text(c, to));
		live[run] = apply(c, PASS_APPLY, 2 * c->n);
		bare[run] = bare_once(bare_repeat(c, from, to));
	}
	row(c->n, "containers: a profile's nic limit, beyond diff", figures_median(live, RUNS),
	    figures_median(bare, RUNS), 1.5);
	tc = by_tc(c, 70);
	row(c->n, "containers: the same, beside a loop over tc", figures_median(live, RUNS), tc, 0);
	apply(c, PASS_APPLY, 2 * c->n); /* put right */
}

static void await_rate(const struct crowd *c, uint64_t bits)
{
	struct arena *a = arena_new();
	uint64_t begun = gauge_now();
	struct shaping now[2];

	for (size_t i = 0; i < c->n; i++) {
		do {
			assert_int_equal(shaping_read_both(netlink_here(), &c->hosts[i], a, now),
					 0);
			if (gauge_now() - begun > UINT64_C(20000000000))
				fail_msg("%s is not changed", c->names[i]);
		} while (now[0].rate != bits || now[1].rate != bits);
	}
	arena_free(a);
}

static void bench_daemon(const struct crowd *c)
{
	struct daemon *d = daemon_start(c->h, "--settle", "0", NULL);
	double ours[RUNS], bare[RUNS];

	for (int run = 0; run < RUNS; run++) {
		unsigned to = run % 2 ? 60 : 50, from = run % 2 ? 50 : 60;
		uint64_t begun;

		gauge_rest(d);
		begun = gauge_now();
		profile(c, rate_text(c, to));
		await_rate(c, to * MBIT);
		ours[run] = figures_ms(gauge_now() - begun);
		gauge_rest(d);
		bare[run] = bare_once(bare_repeat(c, from, to));
	}
	daemon_stop(d);
	row(c->n, "containers: a profile edited, live on the last", figures_median(ours, RUNS),
	    figures_median(bare, RUNS), 0);
}

static void the_program(void **state)
{
	struct harness *h = wiring_begin(state);
	struct crowd c = crowd_open(h);
	double bare, ms;

	profile(&c, "");
	wiring_apply(h);
	find_hosts(&c);
	profile(&c, rate_text(&c, 50));
	ms = apply(&c, PASS_APPLY, 2 * c.n);
	row(c.n, "containers: a nic limit comes", ms, 0, 0);
	bare = bare_once(bare_repeat(&c, 60, 50));
	row(c.n, "containers in sync: look and compare", apply(&c, PASS_DIFF, 0), bare, 0);
	bench_fan_out(&c);
	bench_daemon(&c);
	profile(&c, "");
	row(c.n, "containers: a nic limit goes", apply(&c, PASS_APPLY, 2 * c.n), 0, 0);
	assert_int_equal(network_count(h, NULL, "ifb"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {network_test(the_library), network_test(the_program)};

	figures_open("net");
	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
