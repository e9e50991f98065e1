#include "tests/net/shaped.h"

#include <linux/rtnetlink.h>

#define DIRECT 0x656b0000

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
static const uint64_t bursts[] = {0, 1, 15000, 123457, 4 << 20};

static void what_is_read_is_what_was_set(void **state)
{
	struct shaped b = shaped_new();

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		uint64_t rate = shaping_settle(rates[i]);

		for (size_t k = 0; k < sizeof(bursts) / sizeof(*bursts); k++) {
			for
				EACH_WAY(w)
				{
					shaped_set(&b, w, rate, bursts[k]);
					shaped_assert(&b, w, rate, bursts[k]);
				}
		}
	}
	shaped_free(&b);
}

static void a_settled_burst_stays(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		uint64_t rate = shaping_settle(rates[i]);

		for (uint64_t burst = 1; burst < 1ull << 40; burst = burst * 7 / 3 + 1) {
			uint64_t settled = shaping_settle_burst(rate, burst);

			assert_true(settled > 0 || rate == 8);
			assert_int_equal(shaping_settle_burst(rate, settled), settled);
			/* a tick of 64 ns is less than a byte, and there are less than 2^32 */
			if (rate <= 125 * MBIT && burst < rate / 8 * 274)
				assert_int_equal(settled, burst);
		}
	}
}

static void too_little_is_refused_in_words(void **state)
{
	struct shaped b = shaped_new();

	(void)state;
	for
		EACH_WAY(w)
		{
			const char *why = NULL;
			char *before = shaped_state(&b), *after;

			assert_int_equal(shaping_set(b.nl, &b.host, w, 7, 0, b.arena, &why),
					 -EINVAL);
			assert_non_null(strstr(why, "8bit"));
			after = shaped_state(&b);
			assert_string_equal(before, after);
			free(before);
			free(after);
		}
	shaped_free(&b);
}

static void both_ways_are_read_as_one(void **state)
{
	struct shaped b = shaped_new();
	struct shaping both[2];

	(void)state;
	assert_int_equal(shaping_read_both(b.nl, &b.host, b.arena, both), 0);
	assert_false(both[SHAPING_INGRESS].ours);
	assert_false(both[SHAPING_EGRESS].ours);
	shaped_set(&b, SHAPING_INGRESS, 10 * MBIT, 0);
	shaped_set(&b, SHAPING_EGRESS, 20 * MBIT, 0);
	assert_int_equal(shaping_read_both(b.nl, &b.host, b.arena, both), 0);
	assert_true(both[SHAPING_INGRESS].whole);
	assert_true(both[SHAPING_EGRESS].whole);
	assert_int_equal(both[SHAPING_INGRESS].rate, 10 * MBIT);
	assert_int_equal(both[SHAPING_EGRESS].rate, 20 * MBIT);
	shaped_free(&b);
}

static void a_cleared_way_is_as_it_was(void **state)
{
	struct shaped b = shaped_new();
	char *before = shaped_state(&b), *after;
	struct link l;

	(void)state;
	for
		EACH_WAY(w)
		{
			shaped_set(&b, w, 50 * MBIT, 0);
			shaped_clear(&b, w);
			assert_false(shaped_get(&b, w).ours);
			assert_int_equal(shaped_get(&b, w).rate, 0);
			shaped_clear(&b, w);
		}
	after = shaped_state(&b);
	assert_string_equal(before, after);
	assert_int_equal(link_by_name(b.nl, LINK_HERE, b.ifb, &l), -ENODEV);
	free(before);
	free(after);
	shaped_free(&b);
}

static void clearing_one_way_leaves_the_other(void **state)
{
	struct shaped b = shaped_new();

	(void)state;
	for
		EACH_WAY(w)
		{
			enum shaping_way other =
			    w == SHAPING_INGRESS ? SHAPING_EGRESS : SHAPING_INGRESS;

			shaped_set(&b, w, 50 * MBIT, 0);
			shaped_set(&b, other, 60 * MBIT, 0);
			shaped_clear(&b, w);
			shaped_assert(&b, other, 60 * MBIT, 0);
			assert_false(shaped_get(&b, w).ours);
			shaped_clear(&b, other);
		}
	shaped_free(&b);
}

/* --- in place ----------------------------------------------------------------------------------
 */

static int watch(void)
{
	struct sockaddr_nl all = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_TC};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&all, sizeof(all)), 0);
	return fd;
}

/* What came: a bit for each type of message. Closes it. */
static uint64_t seen(int fd)
{
	_Alignas(struct nlmsghdr) char buffer[32 << 10];
	uint64_t types = 0;
	ssize_t got;

	while ((got = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
		int left = (int)got;

		for (struct nlmsghdr *h = (void *)buffer; NLMSG_OK(h, left);
		     h = NLMSG_NEXT(h, left))
			types |= 1ull << (h->nlmsg_type & 63);
	}
	close(fd);
	return types;
}

static void assert_nothing_was_deleted(uint64_t types)
{
	assert_true(types & 1ull << RTM_NEWTCLASS);
	assert_false(types & 1ull << RTM_DELQDISC);
	assert_false(types & 1ull << RTM_DELTCLASS);
	assert_false(types & 1ull << RTM_DELTFILTER);
}

static void send_some(struct shaped *b, enum shaping_way w)
{
	if (w == SHAPING_INGRESS)
		shaped_send(b->host.index, 0, SHAPED_FRAME, 50);
	else
		shaped_send_inside(b, 0, SHAPED_FRAME, 50);
}

/* Until N packets have come through, or a second is over. */
static struct shaping wait_for(struct shaped *b, enum shaping_way w, uint64_t n)
{
	struct shaping s = shaped_get(b, w);

	for (int i = 0; i < 100 && s.packets < n; i++) {
		usleep(10000);
		s = shaped_get(b, w);
	}
	return s;
}

static void a_change_keeps_counters_and_queues(void **state)
{
	struct shaped b = shaped_new();

	(void)state;
	for
		EACH_WAY(w)
	shaped_set(&b, w, 50 * MBIT, 0);
	for
		EACH_WAY(w)
		{
			struct shaping before, after;
			const char *why;
			int fd;

			send_some(&b, w);
			before = wait_for(&b, w, 50);
			assert_true(before.packets >= 50);
			assert_true(before.bytes >= 50000);
			fd = watch();
			shaped_set(&b, w, 400 * MBIT, 0);
			shaped_set(&b, w, 10 * MBIT, 70000);
			assert_int_equal(
			    shaping_change(b.nl, &b.host, w, &before, 77 * MBIT, 0, b.arena, &why),
			    0);
			assert_nothing_was_deleted(seen(fd));
			shaped_assert(&b, w, 77 * MBIT, 0);
			after = shaped_get(&b, w);
			assert_true(after.packets >= before.packets);
			assert_true(after.bytes >= before.bytes);
		}
	shaped_free(&b);
}

static void what_holds_is_not_sent_again(void **state)
{
	struct shaped b = shaped_new();
	int fd;

	(void)state;
	for
		EACH_WAY(w)
	shaped_set(&b, w, 50 * MBIT, 0);
	fd = watch();
	for
		EACH_WAY(w)
	shaped_set(&b, w, 50 * MBIT, 0);
	/* questions are heard by all on some kernels, so a class may be told of */
	assert_false(seen(fd) & (1ull << RTM_DELQDISC | 1ull << RTM_NEWTFILTER));
	shaped_free(&b);
}

/* What another kernel, or an earlier version, made. */
static void another_kind_of_queue_is_kept(void **state)
{
	struct shaped b = shaped_new();
	char *shown;
	int fd;

	(void)state;
	shaped_set(&b, SHAPING_INGRESS, 50 * MBIT, 0);
	tc_run("tc qdisc del dev " HOST " parent 656b:1 handle 656c: && "
	       "tc qdisc add dev " HOST " parent 656b:1 handle 656c: bfifo limit 5000");
	fd = watch();
	shaped_set(&b, SHAPING_INGRESS, 60 * MBIT, 0);
	assert_nothing_was_deleted(seen(fd));
	shaped_assert(&b, SHAPING_INGRESS, 60 * MBIT, 0);
	shown = tc_show("tc qdisc show dev " HOST);
	assert_non_null(strstr(shown, "bfifo 656c:"));
	free(shown);
	shaped_free(&b);
}

/* What shaping_change was told is no longer so. */
static void a_change_finds_what_has_gone(void **state)
{
	struct shaped b = shaped_new();

	(void)state;
	for
		EACH_WAY(w)
		{
			const char *why = NULL;
			struct shaping before;

			shaped_set(&b, w, 50 * MBIT, 0);
			before = shaped_get(&b, w);
			shaped_clear(&b, w);
			assert_int_equal(
			    shaping_change(b.nl, &b.host, w, &before, 60 * MBIT, 0, b.arena, &why),
			    0);
			shaped_assert(&b, w, 60 * MBIT, 0);
		}
	shaped_free(&b);
}

static void another_mtu_is_another_burst(void **state)
{
	struct shaped b = shaped_new();

	(void)state;
	for
		EACH_WAY(w)
	shaped_set(&b, w, MBIT, 0);
	tc_run("ip link set " HOST " mtu 9000");
	b.host = own_netns_link(b.nl, LINK_HERE, HOST);
	for
		EACH_WAY(w)
		{
			assert_false(shaped_get(&b, w).whole);
			shaped_set(&b, w, MBIT, 0);
			shaped_assert(&b, w, MBIT, 0);
		}
	shaped_free(&b);
}

/* --- no way around -----------------------------------------------------------------------------
 */

/* A packet of HTB's own handle is not for any class. From a container's veth none comes with it. */
static void a_priority_is_no_way_around(void **state)
{
	struct shaped b = shaped_new();
	struct link before, after;
	struct shaping in, eg;
	char *direct;

	(void)state;
	for
		EACH_WAY(w)
	shaped_set(&b, w, 50 * MBIT, 0);
	in = shaped_get(&b, SHAPING_INGRESS);
	assert_int_equal(link_stats(b.nl, LINK_HERE, b.host.index, &before), 0);
	shaped_send(b.host.index, DIRECT, SHAPED_FRAME, 30);
	assert_int_equal(link_stats(b.nl, LINK_HERE, b.host.index, &after), 0);
	assert_true(after.tx_bytes - before.tx_bytes < 30 * 1000);
	assert_true(shaped_get(&b, SHAPING_INGRESS).bytes - in.bytes < 30 * 1000);

	eg = shaped_get(&b, SHAPING_EGRESS);
	shaped_send_inside(&b, DIRECT, SHAPED_FRAME, 15);
	assert_true(wait_for(&b, SHAPING_EGRESS, eg.packets + 15).packets - eg.packets >= 15);
	direct = tc_show("tc -s qdisc show dev %s; tc -s qdisc show dev %s", HOST, b.ifb);
	assert_null(strstr(direct, "direct_packets_stat 1"));
	assert_null(strstr(direct, "direct_packets_stat 3"));
	free(direct);
	shaped_free(&b);
}

/* A filter that looks into a packet does not see one that ends before that. */
static void a_short_frame_is_no_way_around(void **state)
{
	struct shaped b = shaped_new();

	(void)state;
	for
		EACH_WAY(w)
	shaped_set(&b, w, 50 * MBIT, 0);
	for (size_t size = ETH_HLEN; size < ETH_HLEN + 8; size++) {
		uint64_t in = shaped_get(&b, SHAPING_INGRESS).packets;
		uint64_t out = shaped_get(&b, SHAPING_EGRESS).packets;

		shaped_send(b.host.index, 0, size, 20);
		shaped_send_inside(&b, 0, size, 20);
		if (wait_for(&b, SHAPING_INGRESS, in + 20).packets < in + 20 ||
		    wait_for(&b, SHAPING_EGRESS, out + 20).packets < out + 20)
			fail_msg("frames of %zu bytes", size);
	}
	shaped_free(&b);
}

/* --- what is left behind -----------------------------------------------------------------------
 */

static void orphans_are_swept_and_nothing_else(void **state)
{
	struct shaped b = shaped_new();
	struct link l;

	(void)state;
	tc_run("ip link add ekifb4711 type ifb");
	tc_run("ip link add ekifb4712 type dummy 2>/dev/null || ip link add ekifb4712 type bridge");
	tc_run("ip link set ekifb4712 alias 'evenkeel egress of 4712 veX'");
	tc_run("ip link add other type ifb && ip link set other alias 'evenkeel egress of 4713 x'");
	tc_run("ip link add ekifb04714 type ifb && "
	       "ip link set ekifb04714 alias 'evenkeel egress of 4714 x'");
	tc_run("ip link add ekifb4715 type ifb && "
	       "ip link set ekifb4715 alias 'evenkeel egress of 4716 x'");
	shaped_set(&b, SHAPING_EGRESS, MBIT, 0);
	assert_int_equal(shaping_orphans(b.nl), 0);
	assert_int_equal(shaping_sweep(b.nl), 0);
	for (int i = 0; i < 5; i++)
		tc_run("ip link add ekifb%d type ifb && "
		       "ip link set ekifb%d alias 'evenkeel egress of %d x'",
		       5000 + i, 5000 + i, 5000 + i);
	assert_int_equal(shaping_orphans(b.nl), 5);
	assert_int_equal(shaping_sweep(b.nl), 5);
	assert_int_equal(shaping_orphans(b.nl), 0);
	shaped_assert(&b, SHAPING_EGRESS, MBIT, 0);

	own_netns_drop(b.nl, HOST);
	assert_int_equal(shaping_orphans(b.nl), 1);
	assert_int_equal(shaping_sweep(b.nl), 1);
	assert_int_equal(link_by_name(b.nl, LINK_HERE, b.ifb, &l), -ENODEV);
	tc_run("for i in ekifb4711 ekifb4712 other ekifb04714 ekifb4715; do "
	       "ip link del $i || exit 1; done");
	close(b.other);
	arena_free(b.arena);
}

/* A host end that has gone has no shape, and nothing to clear. */
static void a_host_end_that_has_gone(void **state)
{
	struct shaped b = shaped_new();
	struct link was = b.host;
	struct shaping s;

	(void)state;
	shaped_free(&b);
	b.arena = arena_new();
	for
		EACH_WAY(w)
		{
			const char *why = NULL;

			assert_int_equal(shaping_read(b.nl, &was, w, b.arena, &s), -ENODEV);
			assert_int_equal(shaping_clear(b.nl, &was, w, b.arena, &why), 0);
			assert_int_equal(shaping_set(b.nl, &was, w, MBIT, 0, b.arena, &why),
					 -ENODEV);
			assert_non_null(strstr(why, "gone"));
		}
	arena_free(b.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_read_is_what_was_set),
	    cmocka_unit_test(a_settled_burst_stays),
	    cmocka_unit_test(too_little_is_refused_in_words),
	    cmocka_unit_test(both_ways_are_read_as_one),
	    cmocka_unit_test(a_cleared_way_is_as_it_was),
	    cmocka_unit_test(clearing_one_way_leaves_the_other),
	    cmocka_unit_test(a_change_keeps_counters_and_queues),
	    cmocka_unit_test(what_holds_is_not_sent_again),
	    cmocka_unit_test(another_kind_of_queue_is_kept),
	    cmocka_unit_test(a_change_finds_what_has_gone),
	    cmocka_unit_test(another_mtu_is_another_burst),
	    cmocka_unit_test(a_priority_is_no_way_around),
	    cmocka_unit_test(a_short_frame_is_no_way_around),
	    cmocka_unit_test(orphans_are_swept_and_nothing_else),
	    cmocka_unit_test(a_host_end_that_has_gone),
	};

	return cmocka_run_group_tests(tests, shaped_enter, NULL);
}
