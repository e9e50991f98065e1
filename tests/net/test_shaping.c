#include "net/ifb.h"
#include "net/leaf.h"
#include "net/shaping.h"
#include "schema/arena.h"
#include "tests/net/own_netns.h"
#include "tests/net/tc.h"

#include <inttypes.h>

#define HOST "ve0"
#define MBIT 1000000ull

static const char *const way_names[] = {"ingress", "egress"};

struct bench {
	struct arena *arena;
	struct netlink *nl;
	struct link host;
	int other;
};

static struct bench set_up(void)
{
	struct bench b = {.nl = own_netlink(), .arena = arena_new()};
	const struct link_change up = {.up_given = true, .up = true};

	if (!tc_there())
		skip_because("no tc program: what others do to qdiscs cannot be shown");
	b.other = own_netns_another();
	assert_int_equal(own_netns_veth(b.nl, HOST, b.other, "eth0"), 0);
	b.host = own_netns_link(b.nl, LINK_HERE, HOST);
	assert_int_equal(link_change(b.nl, b.host.index, &up), 0);
	return b;
}

static void tear_down(struct bench *b)
{
	own_netns_drop(b->nl, HOST);
	close(b->other);
	assert_true(shaping_sweep(b->nl) >= 0);
	arena_free(b->arena);
}

static void set(struct bench *b, enum shaping_way way, uint64_t rate, uint64_t burst)
{
	const char *why = NULL;
	int error = shaping_set(b->nl, &b->host, way, rate, burst, b->arena, &why);

	if (error)
		fail_msg("%s %" PRIu64 ": %d %s", way_names[way], rate, error, why ? why : "");
}

static struct shaping get(struct bench *b, enum shaping_way way)
{
	struct shaping s;

	assert_int_equal(shaping_read(b->nl, &b->host, way, b->arena, &s), 0);
	return s;
}

static void clear(struct bench *b, enum shaping_way way)
{
	const char *why = NULL;
	int error = shaping_clear(b->nl, &b->host, way, b->arena, &why);

	if (error)
		fail_msg("%s: %d %s", way_names[way], error, why ? why : "");
}

static void assert_holds(struct bench *b, enum shaping_way way, uint64_t rate, uint64_t burst)
{
	struct shaping s = get(b, way);
	uint64_t derived = shaping_burst(rate, b->host.mtu);

	assert_true(s.ours);
	assert_true(s.whole);
	assert_null(s.foreign);
	assert_int_equal(s.rate, rate);
	assert_int_equal(s.burst, shaping_settle_burst(rate, burst ? burst : derived));
	assert_int_equal(s.burst_derived, s.burst == shaping_settle_burst(rate, derived));
}

static const uint64_t rates[] = {8,
				 1000,
				 100000,
				 MBIT,
				 999999,
				 50 * MBIT,
				 1000 * MBIT,
				 10000 * MBIT,
				 34359738360,
				 34359738368,
				 40000 * MBIT,
				 100000 * MBIT,
				 400000 * MBIT};

static void what_is_read_is_what_was_set(void **state)
{
	struct bench b = set_up();

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		uint64_t rate = shaping_settle(rates[i]);

		for (enum shaping_way w = SHAPING_INGRESS; w <= SHAPING_EGRESS; w++) {
			set(&b, w, rate, 0);
			assert_holds(&b, w, rate, 0);
			set(&b, w, rate, 123457);
			assert_holds(&b, w, rate, 123457);
		}
	}
	tear_down(&b);
}

static void a_cleared_way_is_as_it_was(void **state)
{
	struct bench b = set_up();
	char *before = tc_state(HOST), *after;
	struct shaping s;
	char name[IFNAMSIZ];
	struct link l;

	(void)state;
	ifb_name(b.host.index, name);
	for (enum shaping_way w = SHAPING_INGRESS; w <= SHAPING_EGRESS; w++) {
		set(&b, w, 50 * MBIT, 0);
		clear(&b, w);
		s = get(&b, w);
		assert_false(s.ours);
		assert_int_equal(s.rate, 0);
		clear(&b, w);
	}
	after = tc_state(HOST);
	assert_string_equal(before, after);
	assert_int_equal(link_by_name(b.nl, LINK_HERE, name, &l), -ENODEV);
	free(before);
	free(after);
	tear_down(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_cleared_way_is_as_it_was),
	    cmocka_unit_test(what_is_read_is_what_was_set),
	};

	return cmocka_run_group_tests(tests, own_netns_enter, NULL);
}
