#include "tests/net/hearing.h"

#include <net/if.h>
#include <time.h>

/* ---- here ---- */

static void what_matters_is_told(void **state)
{
	struct linkwatch *w = watch(state);
	int bridge = add((struct wish){.name = "br0", .kind = "bridge"});
	int link = add((struct wish){.name = "one", .kind = "veth"});
	const struct wish wishes[] = {
	    {.name = "two"},     {.mtu = 1400},      {.hwaddr = "\x02\x00\x00\x00\x00\x01"},
	    {.up = 1},           {.alias = "ours"}, /* the kernel says so of one that is up */
	    {.alias = "theirs"}, {.master = bridge}, {.master = -1},
	    {.up = -1},
	};

	hold(w, "web", -1, link, NULL);
	for (size_t i = 0; i < sizeof(wishes) / sizeof(*wishes); i++) {
		change(link, wishes[i]);
		assert_string_equal(told(w), "web");
		change(link, wishes[i]);
		assert_string_equal(told(w), "");
	}
	drop(link);
	assert_string_equal(told(w), "web");
	drop(bridge);
}

static void what_does_not_matter_is_not(void **state)
{
	struct linkwatch *w = watch(state);
	int link = add((struct wish){.name = "one", .kind = "veth", .up = 1});
	char name[32];

	hold(w, "web", -1, link, NULL);
	change(link, (struct wish){.group = 7});
	for (int i = 0; i < 100; i++) {
		int unrelated;

		snprintf(name, sizeof(name), "other-%d", i);
		unrelated = add((struct wish){.name = name, .kind = "veth", .up = 1});
		change(unrelated, (struct wish){.mtu = 1400});
		if (i % 2)
			drop(unrelated);
	}
	assert_string_equal(told(w), "");
	for (int i = 0; i < 100; i += 2) {
		snprintf(name, sizeof(name), "other-%d", i);
		drop(index_in(netlink_here(), name));
	}
	assert_string_equal(told(w), "");
	drop(link);
}

static void ports_of_a_bridge_are_no_news_of_it(void **state)
{
	struct linkwatch *w = watch(state);
	int bridge = add((struct wish){.name = "br0", .kind = "bridge", .up = 1});
	int first = add((struct wish){.name = "one", .kind = "veth", .up = 1});
	int second = add((struct wish){.name = "two", .kind = "veth", .up = 1});

	hold(w, "bridge", -1, 0, "br0");
	hold(w, "first", -1, first, NULL);
	change(first, (struct wish){.master = bridge});
	assert_string_equal(told(w), "first");
	change(second, (struct wish){.master = bridge, .mtu = 1400});
	change(second, (struct wish){.master = -1});
	assert_string_equal(told(w), "");
	drop(second);
	drop(bridge);
	assert_true(strcmp(told(w), "bridge first") == 0 || strlen(told(w)) == 0);
	drop(first);
}

static void a_parent_that_comes_and_goes(void **state)
{
	struct linkwatch *w = watch(state);
	int bridge;

	hold(w, "web", -1, 0, "br0");
	hold(w, "db", -1, 0, "br1");
	bridge = add((struct wish){.name = "br0", .kind = "bridge"});
	assert_string_equal(told(w), "web");
	change(bridge, (struct wish){.name = "br1"});
	assert_int_equal(strlen(told(w)), strlen("web db"));
	drop(bridge);
	assert_string_equal(told(w), "db");
	bridge = add((struct wish){.name = "br1", .kind = "veth"});
	assert_string_equal(told(w), "db");
	/* made anew as something else, in one go */
	drop(bridge);
	bridge = add((struct wish){.name = "br1", .kind = "bridge"});
	assert_string_equal(told(w), "db");
	drop(bridge);
	linkwatch_hold(w, "db", NULL, 0);
	bridge = add((struct wish){.name = "br1", .kind = "veth"});
	assert_string_equal(told(w), "");
	drop(bridge);
}

static void a_storm_is_told_once(void **state)
{
	struct linkwatch *w = watch(state);
	int link = add((struct wish){.name = "one", .kind = "veth"});

	hold(w, "web", -1, link, NULL);
	for (uint32_t i = 0; i < 20; i++)
		change(link, (struct wish){.mtu = 1300 + i});
	assert_string_equal(told(w), "web");
	for (uint32_t i = 0; i < 20; i++)
		change(link, (struct wish){.mtu = 1300 + i});
	assert_string_equal(told(w), "");
	drop(link);
}

static void a_change_before_it_is_held_is_no_news(void **state)
{
	struct linkwatch *w = watch(state);
	int link = add((struct wish){.name = "one", .kind = "veth"});
	struct watched_link l = {.nsid = -1, .index = link};

	told(w);
	change(link, (struct wish){.mtu = 1400});
	linkwatch_hold(w, "web", &l, 1);
	assert_string_equal(told(w), "");
	drop(link);
}

static void queueing_by_others_is_told(void **state)
{
	struct linkwatch *w = watch(state);
	int link = add((struct wish){.name = "one", .kind = "veth", .peer = "two"});
	int other = add((struct wish){.name = "not", .kind = "bridge"});

	hold(w, "web", -1, link, NULL);
	hold(w, "db", -1, other, NULL);
	if (by_somebody_else(queue_request, RTM_NEWQDISC, link) == -ENOENT)
		skip_because("this kernel has no pfifo");
	assert_string_equal(told(w), "web");
	assert_int_equal(by_somebody_else(queue_request, RTM_NEWQDISC, other), 0);
	assert_string_equal(told(w), "");
	assert_int_equal(by_somebody_else(queue_request, RTM_DELQDISC, link), 0);
	assert_string_equal(told(w), "web");
	/* what we do ourselves */
	assert_int_equal(queue_request(RTM_NEWQDISC, link), 0);
	assert_int_equal(queue_request(RTM_DELQDISC, link), 0);
	assert_string_equal(told(w), "");
	drop(link);
	drop(other);
}

static void routes_are_told_to_who_asks(void **state)
{
	struct linkwatch *w = watch(state);
	int link = add((struct wish){.name = "one", .kind = "veth", .up = 1});
	const struct watched_link with = {.nsid = -1, .index = link, .routes = true};

	linkwatch_hold(w, "web", &with, 1);
	hold(w, "db", -1, link, NULL);
	assert_int_equal(by_somebody_else(route_request, RTM_NEWROUTE, link), 0);
	assert_string_equal(told(w), "web");
	assert_int_equal(route_request(RTM_DELROUTE, link), 0);
	assert_string_equal(told(w), "");
	assert_int_equal(route_request(RTM_NEWROUTE, link), 0);
	assert_int_equal(by_somebody_else(route_request, RTM_DELROUTE, link), 0);
	assert_string_equal(told(w), "web");
	hold(w, "web", -1, link, NULL);
	assert_int_equal(by_somebody_else(route_request, RTM_NEWROUTE, link), 0);
	assert_string_equal(told(w), "");
	drop(link);
}

static void an_ifb_left_behind_is_noticed(void **state)
{
	struct linkwatch *w = watch(state);
	int link = add((struct wish){.name = "one", .kind = "veth"}), ifb;
	char name[IFNAMSIZ];

	snprintf(name, sizeof(name), "ekifb%d", link);
	ifb = add((struct wish){.name = name, .kind = "veth"});
	told(w);
	assert_false(linkwatch_orphaned(w));
	drop(link);
	told(w);
	assert_true(linkwatch_orphaned(w));
	assert_false(linkwatch_orphaned(w));
	drop(ifb);
	told(w);
	linkwatch_veth_gone(w);
	drop(add((struct wish){.name = "one", .kind = "veth"}));
	told(w);
	assert_false(linkwatch_orphaned(w));
	assert_true(linkwatch_veth_gone(w));
	assert_false(linkwatch_veth_gone(w));
}

/* ---- too much ---- */

/* A flood that overflows the buffer is one loss; what comes behind it is heard again. */
static void a_flood_is_a_loss(void **state)
{
	struct linkwatch *w = watch(state);
	struct other o = other_open();
	int guest = add_in(o.nl, (struct wish){.name = "eth0", .kind = "veth"});
	int mine = add((struct wish){.name = "one", .kind = "veth", .up = 1});
	struct pollfd readable = {.fd = linkwatch_fd(w), .events = POLLIN};
	unsigned calls = 0, lost = 0;
	struct told t = {0};

	hold(w, "web", -1, mine, NULL);
	for (uint32_t i = 0; i < 40000; i++)
		change_in(o.nl, guest, (struct wish){.mtu = 1000 + i % 2});
	for (; poll(&readable, 1, 0) > 0; calls++)
		lost += !linkwatch_read(w, note, &t);
	assert_int_equal(lost, 1);
	assert_int_equal(t.n, 0);
	assert_true(linkwatch_orphaned(w));
	print_message("lost once in %u calls\n", calls);
	/* nobody knows whether it changed meanwhile */
	change(mine, (struct wish){.group = 9});
	assert_string_equal(told(w), "web");
	change(mine, (struct wish){.group = 10});
	assert_string_equal(told(w), "");
	change(mine, (struct wish){.mtu = 1400});
	assert_string_equal(told(w), "web");
	drop(mine);
	other_close(&o);
}

static void nothing_wakes_us_while_nothing_happens(void **state)
{
	struct linkwatch *w = watch(state);
	int link = add((struct wish){.name = "one", .kind = "veth", .peer = "two", .up = 1});
	struct pollfd readable = {.fd = linkwatch_fd(w), .events = POLLIN};

	hold(w, "web", -1, link, NULL);
	/* to look at something is no event */
	assert_int_equal(index_in(netlink_here(), "one"), link);
	assert_int_equal(poll(&readable, 1, 50), 0);
	drop(link);
}

static void what_a_message_costs(void **state)
{
	struct linkwatch *w = watch(state);
	struct other o = other_open();
	int guest = add_in(o.nl, (struct wish){.name = "eth0", .kind = "veth"});
	struct told t = {0};
	struct timespec from, to;
	double us = 0;
	const int n = 20000;

	for (int i = 1; i <= 3000; i++) {
		char owner[16];
		const struct watched_link l[] = {
		    {.nsid = -1,       .index = 1000 + i},
                    {.nsid = 1000 + i, .index = 2       }
                };

		snprintf(owner, sizeof(owner), "web%d", i);
		linkwatch_hold(w, owner, l, 2);
	}
	told(w);
	for (int i = 0; i < n; i += 100) {
		for (uint32_t k = 0; k < 100; k++)
			change_in(o.nl, guest, (struct wish){.mtu = 1000 + k % 2});
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		while (!linkwatch_read(w, note, &t))
			;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
		us += (double)(to.tv_sec - from.tv_sec) * 1e6 +
		      (double)(to.tv_nsec - from.tv_nsec) / 1e3;
	}
	assert_int_equal(t.n, 0);
	print_message("an event that nobody cares for: %.2f us\n", us / n);
	other_close(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    test(what_matters_is_told),
	    test(what_does_not_matter_is_not),
	    test(ports_of_a_bridge_are_no_news_of_it),
	    test(a_parent_that_comes_and_goes),
	    test(a_storm_is_told_once),
	    test(a_change_before_it_is_held_is_no_news),
	    test(queueing_by_others_is_told),
	    test(routes_are_told_to_who_asks),
	    test(an_ifb_left_behind_is_noticed),
	    test(a_flood_is_a_loss),
	    test(nothing_wakes_us_while_nothing_happens),
	    test(what_a_message_costs),
	};

	hearing_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
