/*
 * Rates as traffic meets them: the bytes that the kernel counts, packets that are not lost while
 * rates change, the time that they wait. Windows of time are measured, not expected, and what a
 * stall of the machine could spoil has another try.
 */
#include "reconciler/pass.h"
#include "tests/integration/stage.h"
#include "tests/integration/traffic.h"
#include "tests/integration/wiring.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/netlink.h"
#include "net/shaping.h"

#define MBIT UINT64_C(1000000)
#define WINDOW 5000 /* ms */
#define TRIES 3
#define FRAME 1250 /* bytes of a flow's */

/* A container on br0 with an address: HOST end and all. */
struct wire {
	struct harness *h;
	struct traffic_ends ends;
	const char *name;
	struct link host;
};

static struct wire wire_open(struct harness *h, const char *tag, unsigned last)
{
	struct wire w = {.h = h, .name = wiring_container(h, tag, NULL)};
	char *inside = arena_printf(h->arena, "10.7.0.%u", last);

	wiring_ask(h, w.name, "eth0: {type: nic, nictype: bridged, parent: br0}");
	wiring_apply(h);
	network_inside(h, w.name, "ip addr add %s/24 dev eth0", inside);
	w.ends = (struct traffic_ends){w.name, inside, WIRING_HOST};
	assert_int_equal(link_by_name(netlink_here(), LINK_HERE,
				      network_host_end(h, w.name, "eth0").name, &w.host),
			 0);
	network_host(h, "ping -c 1 -W 5 %s >/dev/null", inside);
	return w;
}

static void ask_limits(const struct wire *w, const char *limits)
{
	wiring_ask(w->h, w->name, "eth0: {type: nic, nictype: bridged, parent: br0%s}", limits);
}

static void limit(const struct wire *w, const char *limits)
{
	ask_limits(w, limits);
	wiring_apply(w->h);
}

/* What the class has counted. */
static struct shaping counted(const struct wire *w, enum shaping_way way)
{
	struct arena *a = arena_new();
	struct shaping s;

	assert_int_equal(shaping_read(netlink_here(), &w->host, way, a, &s), 0);
	s.foreign = NULL;
	arena_free(a);
	return s;
}

/* ---- rates ---- */

struct window {
	const struct wire *wire;
	enum shaping_way way;
	uint64_t bytes;
	uint64_t from; /* ms */
};

static struct window window_open(const struct wire *w, enum shaping_way way)
{
	return (struct window){w, way, counted(w, way).bytes, daemon_clock()};
}

/* Bits per second since it was opened. */
static double window_rate(const struct window *w)
{
	uint64_t bytes = counted(w->wire, w->way).bytes - w->bytes, now = daemon_clock();

	return (double)bytes * 8000 / (double)(now - w->from);
}

/* 2 %, and what a bucket that was full at the beginning gives on top. */
static bool is_near(double rate, uint64_t wanted, uint64_t window)
{
	double burst = (double)shaping_burst(wanted, 1500) * 8000 / (double)window;

	return rate >= (double)wanted * 0.98 - burst && rate <= (double)wanted * 1.02 + burst;
}

static const enum shaping_way ways[] = {SHAPING_INGRESS, SHAPING_EGRESS};
static const enum traffic_way traffic_ways[] = {TRAFFIC_IN, TRAFFIC_OUT};
static const char *const way_names[] = {"ingress", "egress"};

/* Some wires under load, each with a rate of its own. */
struct load {
	const struct wire *wires;
	const uint64_t *rates;
	size_t n;
	int first_way, last_way;
};

/* Are all near? More than is allowed is never right; less may be a sender that did not get the CPU,
 * and is right the next time. */
static bool measure(const struct load *l)
{
	struct window windows[2][2];
	bool all = true;

	for (size_t i = 0; i < l->n; i++)
		for (int k = l->first_way; k <= l->last_way; k++)
			windows[i][k] = window_open(&l->wires[i], ways[k]);
	daemon_nap(WINDOW);
	for (size_t i = 0; i < l->n; i++) {
		for (int k = l->first_way; k <= l->last_way; k++) {
			double rate = window_rate(&windows[i][k]);
			bool near = is_near(rate, l->rates[i], WINDOW);

			print_message("%s at %" PRIu64 " Mbit: %.3f Mbit\n", way_names[k],
				      l->rates[i] / MBIT, rate / 1e6);
			if (!near && rate > (double)l->rates[i])
				fail_msg("%s at %" PRIu64 " bit is %.0f bit", way_names[k],
					 l->rates[i], rate);
			all &= near;
		}
	}
	return all;
}

static void expect_rates(const struct load *l)
{
	struct traffic *streams[2][2];
	int tries = 0;

	for (size_t i = 0; i < l->n; i++)
		for (int k = l->first_way; k <= l->last_way; k++)
			streams[i][k] =
			    traffic_stream(l->wires[i].h, &l->wires[i].ends, traffic_ways[k]);
	daemon_nap(1500); /* the buckets are empty, the queues full */
	while (!measure(l))
		if (++tries == TRIES)
			fail_msg("less than the rate, %d times", TRIES);
	for (size_t i = 0; i < l->n; i++)
		for (int k = l->first_way; k <= l->last_way; k++)
			traffic_end_stream(streams[i][k]);
}

static void rates_are_exact(void **state)
{
	struct harness *h = wiring_begin(state);
	const uint64_t slow[] = {1 * MBIT, 50 * MBIT}, fast[] = {1000 * MBIT};
	struct wire wires[2];
	char *output;

	wires[0] = wire_open(h, "r0", 2);
	wires[1] = wire_open(h, "r1", 3);
	limit(&wires[0], ", limits.ingress: 1Mbit, limits.egress: 1Mbit");
	limit(&wires[1], ", limits.max: 50Mbit");
	expect_rates(&(struct load){wires, slow, 2, 0, 1});
	limit(&wires[0], ", limits.max: 1Gbit");
	for (int k = 0; k < 2; k++)
		expect_rates(&(struct load){wires, fast, 1, k, k});
	daemon_nap(300); /* what is under way arrives */
	/* it is what status tells, too */
	assert_int_equal(harness_evenkeel(h, &output, "status", "--usage", NULL), 0);
	if (!strstr(output, "ingress 1Gbit") || !strstr(output, "egress 1Gbit"))
		fail_msg("%s", output);
	/* what we read is what tc reads */
	assert_int_equal(counted(&wires[0], SHAPING_INGRESS).bytes,
			 network_class_bytes(h, wires[0].host.name, NULL, NULL));
}

/* ---- changes ---- */

static double rate_within(const struct wire *w, enum shaping_way way, unsigned ms)
{
	struct window window = window_open(w, way);

	daemon_nap(ms);
	return window_rate(&window);
}

/* To RATE: is what passes from a second after the change on what was asked for? */
static bool follows(const struct wire *w, uint64_t rate)
{
	bool both = true;

	ask_limits(w, arena_printf(w->h->arena, ", limits.max: %" PRIu64 "bit", rate));
	assert_int_equal(harness_evenkeel(w->h, NULL, "apply", NULL), 0);
	daemon_nap(1000);
	for (int k = 0; k < 2; k++) {
		double now = rate_within(w, ways[k], 1000);

		print_message("%s a second after: %.3f Mbit\n", way_names[k], now / 1e6);
		both &= now > (double)rate * 0.9 && now < (double)rate * 1.05;
	}
	return both;
}

static void a_change_is_followed_within_a_second(void **state)
{
	struct harness *h = wiring_begin(state);
	struct wire w = wire_open(h, "live", 2);
	struct traffic *streams[2];
	int down = 0, up = 0;

	limit(&w, ", limits.max: 50Mbit");
	for (int k = 0; k < 2; k++)
		streams[k] = traffic_stream(h, &w.ends, traffic_ways[k]);
	daemon_nap(1000);
	for (int i = 0; i < TRIES && !(down && up); i++) {
		down += follows(&w, 20 * MBIT);
		up += follows(&w, 200 * MBIT);
	}
	assert_true(down && up);
	for (int k = 0; k < 2; k++)
		traffic_end_stream(streams[k]);
}

/* Changes between two rates, neither below 50 Mbit. */
static void turn_by_library(const struct wire *w, unsigned n)
{
	const char *why = "";

	for (int k = 0; k < 2; k++) {
		struct arena *a = arena_new();

		if (shaping_set(netlink_here(), &w->host, ways[k],
				shaping_settle((50 + n % 11) * MBIT), 0, a, &why) < 0)
			fail_msg("%s", why);
		arena_free(a);
	}
	daemon_nap(3);
}

/* By apply, in this process. */
static void turn_by_pass(const struct wire *w, unsigned n)
{
	struct options o = {.directory = w->h->manifests,
			    .lxcpath = w->h->lxcpath,
			    .host = "test",
			    .etc = w->h->etc};
	struct result *r;

	ask_limits(w, arena_printf(w->h->arena, ", limits.max: %uMbit", 50 + n % 11));
	r = pass_run(&o, PASS_APPLY);
	assert_int_equal(r->summary.failed, 0);
	assert_int_equal(r->summary.live, 2);
	result_free(r);
}

static uint64_t lost_while(const struct wire *w, void (*turn)(const struct wire *w, unsigned n),
			   unsigned turns)
{
	uint64_t lost = 0, sent[2], arrived[2], drops[2];
	struct traffic *flows[2];

	for (int k = 0; k < 2; k++) {
		drops[k] = counted(w, ways[k]).drops;
		flows[k] = traffic_flow(w->h, &w->ends, traffic_ways[k], 49 * MBIT, FRAME);
	}
	daemon_nap(200);
	for (unsigned n = 0; n < turns; n++)
		turn(w, n + 1);
	for (int k = 0; k < 2; k++) {
		traffic_end_flow(flows[k], &sent[k], &arrived[k]);
		drops[k] = counted(w, ways[k]).drops - drops[k];
		lost += sent[k] - arrived[k];
		print_message("%s: %" PRIu64 " sent, %" PRIu64 " lost, %" PRIu64 " dropped\n",
			      way_names[k], sent[k], sent[k] - arrived[k], drops[k]);
		assert_true(sent[k] > 1000);
	}
	return lost;
}

/* A machine that stands still for longer than a queue holds loses packets without any change. */
static void expect_nothing_lost(const struct wire *w,
				void (*turn)(const struct wire *w, unsigned n), unsigned turns)
{
	for (int i = 0; i < TRIES; i++)
		if (lost_while(w, turn, turns) == 0)
			return;
	fail_msg("packets are lost each time");
}

static void a_thousand_changes_lose_nothing(void **state)
{
	struct harness *h = wiring_begin(state);
	struct wire w = wire_open(h, "udp", 2);

	limit(&w, ", limits.max: 50Mbit");
	expect_nothing_lost(&w, turn_by_library, 1000);
	limit(&w, ", limits.max: 50Mbit");
	expect_nothing_lost(&w, turn_by_pass, stage_soak() ? 1000 : 100);
}

static void turn_egress(const struct wire *w, unsigned n)
{
	const char *why = "";
	struct arena *a = arena_new();
	int r = n % 2 ? shaping_set(netlink_here(), &w->host, SHAPING_EGRESS, 60 * MBIT, 0, a, &why)
		      : shaping_clear(netlink_here(), &w->host, SHAPING_EGRESS, a, &why);

	if (r < 0)
		fail_msg("%s", why);
	arena_free(a);
	daemon_nap(10);
}

/* Neither its packets nor its counters. */
static void one_way_does_not_disturb_the_other(void **state)
{
	struct harness *h = wiring_begin(state);
	struct wire w = wire_open(h, "ways", 2);
	uint64_t sent, arrived, before, counters;
	struct traffic *flow;
	int tries = 0;

	limit(&w, ", limits.ingress: 50Mbit");
	do {
		before = counted(&w, SHAPING_INGRESS).packets;
		flow = traffic_flow(h, &w.ends, TRAFFIC_IN, 49 * MBIT, FRAME);
		for (unsigned n = 1; n <= 100; n++)
			turn_egress(&w, n);
		traffic_end_flow(flow, &sent, &arrived);
		counters = counted(&w, SHAPING_INGRESS).packets;
		if (counters - before < arrived)
			fail_msg("%" PRIu64 " arrived, %" PRIu64 " counted, %" PRIu64 " before",
				 arrived, counters, before);
	} while (sent != arrived && ++tries < TRIES);
	assert_int_equal(sent, arrived);
	assert_int_equal(network_count(h, NULL, "ifb"), 0);
}

/* ---- latency ---- */

static double ping_ms(const struct wire *w)
{
	char *output = network_host(w->h, "ping -q -c 30 -i 0.05 -W 5 %s", w->ends.inside);
	const char *figures = strstr(output, "min/avg/max/mdev = ");
	double least, average;

	assert_non_null(figures);
	assert_int_equal(sscanf(figures, "min/avg/max/mdev = %lf/%lf", &least, &average), 2);
	return average;
}

static void a_queue_is_short(void **state)
{
	struct harness *h = wiring_begin(state);
	struct wire w = wire_open(h, "ping", 2);
	struct traffic *streams[2];
	double idle, loaded = 0;

	limit(&w, ", limits.max: 50Mbit");
	idle = ping_ms(&w);
	for (int k = 0; k < 2; k++)
		streams[k] = traffic_stream(h, &w.ends, traffic_ways[k]);
	daemon_nap(1000);
	for (int i = 0; i < TRIES; i++) {
		loaded = ping_ms(&w);
		print_message("ping: idle %.2f ms, under load both ways %.2f ms\n", idle, loaded);
		if (loaded < 50)
			break;
	}
	assert_true(loaded < 50);
	assert_true(counted(&w, SHAPING_INGRESS).bytes > 5 * MBIT);
	for (int k = 0; k < 2; k++)
		traffic_end_stream(streams[k]);
}

/* ---- what is read back ---- */

static const struct {
	const char *text;
	uint64_t bits;
} rates[] = {
    {"1kbit",          1000                 },
    {"100kbit",        100000               },
    {"1Mbit",          MBIT                 },
    {"999999bit",      999992               },
    {"10Gbit",         10000 * MBIT         },
    {"40Gbit",         40000 * MBIT         },
    {"100Gbit",        100000 * MBIT        },
    {"8bit",           8		    },
    {"34359738368bit", UINT64_C(34359738368)},
};

static void a_second_pass_is_empty(void **state)
{
	struct harness *h = wiring_begin(state);
	struct wire w = wire_open(h, "empty", 2);

	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		limit(&w, arena_printf(h->arena, ", limits.ingress: %s, limits.egress: %s",
				       rates[i].text, rates[i].text));
		for (int k = 0; k < 2; k++) {
			struct shaping s = counted(&w, ways[k]);

			assert_true(s.ours && s.whole && s.burst_derived);
			if (s.rate != rates[i].bits)
				fail_msg("%s is %" PRIu64, rates[i].text, s.rate);
		}
		if (rates[i].bits < 100000)
			continue;
		/* a bucket of its own, for one way */
		limit(&w, arena_printf(h->arena,
				       ", limits.ingress: %s, limits.egress: %s,"
				       " limits.egress.bucket: 100kbit",
				       rates[i].text, rates[i].text));
	}
	/* one that is the rate's own */
	limit(&w, ", limits.ingress: 50Mbit, limits.ingress.bucket: 121096bit");
}

static void what_goes_leaves_nothing(void **state)
{
	struct harness *h = wiring_begin(state);
	struct wire w = wire_open(h, "gone", 2);
	char *before = network_snapshot(h), *ingress;

	limit(&w, ", limits.ingress: 50Mbit");
	ingress = network_snapshot(h);
	limit(&w, ", limits.max: 50Mbit");
	assert_int_equal(network_count(h, NULL, "ifb"), 1);
	limit(&w, ", limits.ingress: 50Mbit");
	network_expect_same(h, ingress, network_snapshot(h), "without its egress limit");
	limit(&w, "");
	network_expect_same(h, before, network_snapshot(h), "without limits");
}

/* ---- what others have put there ---- */

static void foreign_queues_are_left_alone(void **state)
{
	struct harness *h = wiring_begin(state);
	struct wire w = wire_open(h, "foreign", 2);
	char *output, *before;

	network_host(h, "tc qdisc add dev %s root handle 1: tbf rate 5mbit burst 10k latency 20ms",
		     w.host.name);
	before = network_shaping(h, w.host.name);
	ask_limits(&w, ", limits.ingress: 50Mbit");
	harness_evenkeel(h, &output, "apply", NULL);
	if (!strstr(output, "tbf"))
		fail_msg("nothing of the foreign queue:\n%s", output);
	assert_string_equal(network_shaping(h, w.host.name), before);
	/* the other way is free */
	ask_limits(&w, ", limits.max: 50Mbit");
	harness_evenkeel(h, &output, "apply", NULL);
	assert_int_equal(network_count(h, NULL, "ifb"), 1);
	assert_true(counted(&w, SHAPING_EGRESS).whole);
	assert_non_null(strstr(network_shaping(h, w.host.name), "tbf"));
	/* once it is gone, ours comes */
	network_host(h, "tc qdisc del dev %s root", w.host.name);
	wiring_apply(h);
	assert_true(counted(&w, SHAPING_INGRESS).whole);
	limit(&w, "");
	/* a filter of somebody's, and an interface with a name like ours */
	network_host(h,
		     "tc qdisc add dev %s ingress; tc filter add dev %s parent ffff: protocol ip"
		     " prio 7 u32 match ip dst 192.0.2.1/32 flowid 1:1;"
		     " ip link add ekifb99999 type ifb",
		     w.host.name, w.host.name);
	before = network_snapshot(h);
	ask_limits(&w, ", limits.egress: 50Mbit");
	harness_evenkeel(h, &output, "apply", NULL);
	assert_non_null(strstr(network_shaping(h, w.host.name), "192.0.2.1") ||
				strstr(network_shaping(h, w.host.name), "c0000201")
			    ? h
			    : NULL);
	ask_limits(&w, "");
	harness_evenkeel(h, &output, "apply", NULL);
	network_expect_same(h, before, network_snapshot(h), "beside a foreign filter");
}

static int end(void **state)
{
	traffic_end_all();
	return network_end(state);
}

#define traffic_test(f) cmocka_unit_test_teardown(f, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    traffic_test(rates_are_exact),
	    traffic_test(a_change_is_followed_within_a_second),
	    traffic_test(a_thousand_changes_lose_nothing),
	    traffic_test(one_way_does_not_disturb_the_other),
	    traffic_test(a_queue_is_short),
	    traffic_test(a_second_pass_is_empty),
	    traffic_test(what_goes_leaves_nothing),
	    traffic_test(foreign_queues_are_left_alone),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
