/*
 * Nics of running containers: they come, change in place and go, and what the container itself has
 * set on them stays.
 */
#include "tests/integration/wiring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- they come ---- */

static void a_hot_nic_is_whole(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "hot", NULL);
	struct network_link inside, outside;

	wiring_ask(h, name,
		   "net: {type: nic, nictype: bridged, parent: br0, name: lan0,"
		   " hwaddr: 'EE:11:22:33:44:55', mtu: 1400, host_name: ekhot0,"
		   " queue.tx.length: 700, ipv4.routes: 10.99.0.0/24,"
		   " limits.ingress: 50Mbit, limits.egress: 20Mbit}");
	wiring_apply(h);
	inside = network_link(h, name, "lan0");
	outside = network_host_end(h, name, "lan0");
	assert_string_equal(inside.hwaddr, "ee:11:22:33:44:55");
	assert_true(inside.up);
	assert_int_equal(inside.mtu, 1400);
	assert_true(outside.up);
	assert_string_equal(outside.name, "ekhot0");
	assert_string_equal(outside.master, "br0");
	assert_int_equal(outside.mtu, 1400);
	assert_int_equal(outside.txqueuelen, 700);
	assert_string_not_equal(outside.alias, "");
	assert_non_null(strstr(network_host(h, "ip route"), "10.99.0.0/24 dev br0"));
	assert_non_null(strstr(network_shaping(h, "ekhot0"), "50Mbit"));
	assert_int_equal(network_count(h, NULL, "ifb"), 1);
	wiring_address(h, name, "lan0");
	wiring_expect_ping(h, name);
}

static void several_come_and_one_goes(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "more", NULL), *addresses, *before;
	struct network_link first;

	before = network_snapshot(h);
	wiring_ask(h, name, "eth0: {type: nic, nictype: bridged, parent: br0}");
	wiring_apply(h);
	wiring_address(h, name, "eth0");
	first = network_host_end(h, name, "eth0");
	addresses = wiring_addresses(h, name);
	wiring_ask(h, name,
		   "eth0: {type: nic, nictype: bridged, parent: br0}\n"
		   "  wan: {type: nic, nictype: p2p, limits.max: 30Mbit}\n"
		   "  eth2: {type: nic, nictype: bridged, parent: br1}");
	wiring_apply(h);
	assert_string_equal(network_host_end(h, name, "eth2").master, "br1");
	assert_string_equal(network_host_end(h, name, "eth1").master, "");
	assert_int_equal(network_host_end(h, name, "eth0").index, first.index);
	wiring_ask(h, name, "eth0: {type: nic, nictype: bridged, parent: br0}");
	wiring_apply(h);
	assert_int_equal(network_count(h, name, "veth"), 1);
	assert_int_equal(network_count(h, NULL, "veth"), 1);
	assert_int_equal(network_count(h, NULL, "ifb"), 0);
	assert_string_equal(wiring_addresses(h, name), addresses);
	wiring_expect_ping(h, name);
	wiring_ask(h, name, "%s", "");
	wiring_apply(h);
	assert_int_equal(network_count(h, name, "veth"), 0);
	network_expect_same(h, before, network_snapshot(h), "after the last has gone");
}

/* ---- they change in place ---- */

/* One option after another, of what is there all along. */
static const struct {
	const char *options; /* in addition to the nic's own */
	const char *inside;  /* its name */
	const char *check;   /* with $H for the host end, $P for init's pid */
} changes[] = {
    {"parent: br0, mtu: 1400",					   "eth0", "ip link show $H | grep -q 'mtu 1400 '"                   },
    {"parent: br0, mtu: 9000",					   "eth0", "nsenter -t $P -n ip link show eth0 | grep -q 'mtu 9000 '"},
    {"parent: br0",						      "eth0", "ip link show $H | grep -q 'mtu 1500 '"                   },
    {"parent: br0, hwaddr: '02:00:00:00:aa:01'",                         "eth0",
     "nsenter -t $P -n ip link show eth0 | grep -q 02:00:00:00:aa:01"								      },
    {"parent: br1",						      "eth0", "ip link show $H | grep -q 'master br1'"                  },
    {"parent: br0",						      "eth0", "ip link show $H | grep -q 'master br0'"                  },
    {"parent: br0, host_name: other0",                                   "eth0", "ip link show other0"                                     },
    {"parent: br0, host_name: other1",                                   "eth0", "ip link show other1"                                     },
    {"parent: br0, name: wan7",					  "wan7", "nsenter -t $P -n ip link show wan7"                      },
    {"parent: br0",						      "wan7", "nsenter -t $P -n ip link show wan7"                      },
    {"parent: br0, name: eth0",					  "eth0", "nsenter -t $P -n ip link show eth0"                      },
    {"parent: br0, queue.tx.length: 333",                                "eth0", "ip link show $H | grep -q 'qlen 333'"                    },
    {"parent: br0, ipv4.routes: '10.90.0.0/16, 10.91.0.0/16'",           "eth0",
     "ip route | grep -q '10.90.0.0/16 dev br0'; ip route | grep -q '10.91.0.0/16 dev br0'"                                                },
    {"parent: br0, ipv4.routes: 10.91.0.0/16, ipv6.routes: 'fd99::/64'", "eth0",
     "ip route | grep -q '10.91.0.0/16 dev br0'; ip -6 route | grep -q 'fd99::/64 dev br0';"
     " ! ip route | grep -q 10.90"													 },
    {"parent: br0",						      "eth0", "! ip route | grep 10.9; ! ip -6 route | grep fd99"       },
    {"parent: br0, limits.max: 10Mbit",                                  "eth0", "tc class show dev $H | grep -q 'rate 10Mbit'"            },
    {"parent: br0",						      "eth0", "! tc class show dev $H | grep -q ."                      },
};

static void it_changes_in_place(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "change", NULL), *addresses;
	struct network_link inside, outside, at_first;

	wiring_ask(h, name, "eth0: {type: nic, nictype: bridged, parent: br0}");
	wiring_apply(h);
	at_first = network_link(h, name, "eth0");
	wiring_address(h, name, "eth0");
	addresses = wiring_addresses(h, name);
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		const char *plan;

		wiring_ask(h, name, "eth0: {type: nic, nictype: bridged, %s}", changes[i].options);
		plan = wiring_apply(h);
		assert_null(strstr(plan, "-/+"));
		inside = network_link(h, name, changes[i].inside);
		outside = network_host_end(h, name, changes[i].inside);
		if (inside.index != at_first.index || inside.peer != at_first.peer || !inside.up ||
		    !outside.up)
			fail_msg("%s: not in place:\n%s", changes[i].options, plan);
		network_host(h, "H=%s P=%d; %s", outside.name, (int)harness_init(h, name),
			     changes[i].check);
		if (strcmp(wiring_addresses(h, name), addresses) != 0)
			fail_msg("%s: addresses were\n%sand are\n%s", changes[i].options, addresses,
				 wiring_addresses(h, name));
		if (strcmp(outside.master, "br0") == 0)
			wiring_expect_ping(h, name);
	}
}

/* Two change their names inside at once, by way of none. */
static void two_exchange_their_names(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "swap", NULL);
	struct network_link one, two;

	wiring_ask(h, name,
		   "a: {type: nic, nictype: bridged, parent: br0, name: left}\n"
		   "  b: {type: nic, nictype: bridged, parent: br1, name: right}");
	wiring_apply(h);
	one = network_link(h, name, "left");
	two = network_link(h, name, "right");
	wiring_ask(h, name,
		   "a: {type: nic, nictype: bridged, parent: br0, name: right}\n"
		   "  b: {type: nic, nictype: bridged, parent: br1, name: left}");
	wiring_apply(h);
	assert_int_equal(network_link(h, name, "right").index, one.index);
	assert_int_equal(network_link(h, name, "left").index, two.index);
	assert_string_equal(network_host_end(h, name, "right").master, "br0");
}

/* ---- another kind of link ---- */

static void another_type_replaces_it(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "kind", NULL), *plan;
	struct network_link veth, macvlan;

	network_host(h, "ip link add p0 type veth peer name p1; ip link set p0 up;"
			" ip link set p1 up");
	wiring_ask(h, name,
		   "eth0: {type: nic, nictype: bridged, parent: br0, hwaddr: '02:00:00:00:aa:02',"
		   " limits.max: 10Mbit}");
	wiring_apply(h);
	veth = network_host_end(h, name, "eth0");
	wiring_ask(h, name,
		   "eth0: {type: nic, nictype: macvlan, parent: p0, hwaddr: '02:00:00:00:aa:02'}");
	plan = wiring_apply(h);
	if (!strstr(plan, "-/+"))
		fail_msg("nothing of a replacement:\n%s", plan);
	macvlan = network_link(h, name, "eth0");
	assert_string_equal(macvlan.kind, "macvlan");
	assert_string_equal(macvlan.hwaddr, "02:00:00:00:aa:02");
	assert_int_equal(macvlan.peer, network_link(h, NULL, "p0").index);
	assert_true(macvlan.up);
	assert_false(network_look(h, NULL, veth.name, &veth));
	assert_int_equal(network_count(h, NULL, "ifb"), 0);
	/* in place */
	wiring_ask(h, name,
		   "eth0: {type: nic, nictype: macvlan, parent: p0, hwaddr: '02:00:00:00:aa:03',"
		   " mtu: 1400}");
	assert_null(strstr(wiring_apply(h), "-/+"));
	assert_int_equal(network_link(h, name, "eth0").index, macvlan.index);
	assert_int_equal(network_link(h, name, "eth0").mtu, 1400);
	/* another parent, and back */
	wiring_ask(h, name, "eth0: {type: nic, nictype: macvlan, parent: p1}");
	assert_non_null(strstr(wiring_apply(h), "-/+"));
	assert_int_equal(network_link(h, name, "eth0").peer, network_link(h, NULL, "p1").index);
	wiring_ask(h, name, "eth0: {type: nic, nictype: bridged, parent: br0}");
	assert_non_null(strstr(wiring_apply(h), "-/+"));
	assert_string_equal(network_host_end(h, name, "eth0").master, "br0");
	assert_int_equal(network_count(h, name, "macvlan"), 0);
}

static void bridged_becomes_p2p_in_place(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "p2p", NULL), *addresses;
	struct network_link at_first;

	wiring_ask(h, name, "eth0: {type: nic, nictype: bridged, parent: br0}");
	wiring_apply(h);
	at_first = network_link(h, name, "eth0");
	wiring_address(h, name, "eth0");
	addresses = wiring_addresses(h, name);
	wiring_ask(h, name, "eth0: {type: nic, nictype: p2p, ipv4.routes: 10.97.0.0/16}");
	wiring_apply(h);
	assert_string_equal(network_host_end(h, name, "eth0").master, "");
	network_host(h, "ip route | grep -q '10.97.0.0/16 dev %s'",
		     network_host_end(h, name, "eth0").name);
	wiring_ask(h, name, "eth0: {type: nic, network: br0}");
	wiring_apply(h);
	assert_string_equal(network_host_end(h, name, "eth0").master, "br0");
	assert_int_equal(network_link(h, name, "eth0").index, at_first.index);
	assert_string_equal(wiring_addresses(h, name), addresses);
	wiring_expect_ping(h, name);
	assert_null(strstr(network_host(h, "ip route"), "10.97"));
}

/* The bridge stays, whatever becomes of the nic. */
static void routes_by_a_bridge_go_with_their_nic(void **state)
{
	static const struct {
		const char *meddling, *next;
	} cases[] = {
	    {":",								 "eth0: {type: nic, nictype: macvlan, parent: br1}"},
	    {":",								 ""						},
	    {"for i in /sys/class/net/br0/brif/*; do ip link del ${i##*/}; done", ""                                                },
	};
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "routes", NULL);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		wiring_ask(h, name,
			   "eth0: {type: nic, nictype: bridged, parent: br0,"
			   " ipv4.routes: 10.96.0.0/16}");
		wiring_apply(h);
		network_host(h, "ip route | grep -q '10.96.0.0/16 dev br0'");
		network_host(h, "%s", cases[i].meddling);
		wiring_ask(h, name, "%s", cases[i].next);
		wiring_apply(h);
		assert_null(strstr(network_host(h, "ip route"), "10.96"));
	}
}

/* ---- many of them ---- */

#define MANY 4

static void a_profile_changes_all(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *names[MANY];
	int indexes[MANY];

	for (size_t i = 0; i < MANY; i++) {
		names[i] = wiring_container(h, arena_printf(h->arena, "p%zu", i), NULL);
		wiring_ask_with(h, names[i], "profiles: [wired]\n", "%s", "");
	}
	harness_manifest(h, "profiles/wired.yaml",
			 "devices: {eth0: {type: nic, nictype: bridged, parent: br0}}\n");
	wiring_apply(h);
	for (size_t i = 0; i < MANY; i++)
		indexes[i] = network_link(h, names[i], "eth0").index;
	harness_manifest(h, "profiles/wired.yaml",
			 "devices: {eth0: {type: nic, nictype: bridged, parent: br1, mtu: 1450,"
			 " limits.max: 40Mbit}}\n");
	wiring_apply(h);
	for (size_t i = 0; i < MANY; i++) {
		struct network_link outside = network_host_end(h, names[i], "eth0");

		assert_int_equal(network_link(h, names[i], "eth0").index, indexes[i]);
		assert_int_equal(network_link(h, names[i], "eth0").mtu, 1450);
		assert_string_equal(outside.master, "br1");
		assert_non_null(strstr(network_shaping(h, outside.name), "40Mbit"));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(network_link(h, names[k], "eth0").hwaddr,
						network_link(h, names[i], "eth0").hwaddr);
	}
	assert_int_equal(network_count(h, NULL, "ifb"), MANY);
	harness_manifest(h, "profiles/wired.yaml", "devices: {}\n");
	wiring_apply(h);
	assert_int_equal(network_count(h, NULL, "veth"), 0);
	assert_int_equal(network_count(h, NULL, "ifb"), 0);
}

/* ---- somebody else changes them ---- */

static const char *const meddling[] = {
    "ip link set $H mtu 1300",
    "ip link set $H nomaster",
    "ip link set $H master br1",
    "ip link set $H down",
    "ip link set $H down; ip link set $H name else0; ip link set else0 up",
    "nsenter -t $P -n ip link set eth0 address 02:00:00:00:bb:01",
    "nsenter -t $P -n ip link set eth0 name else0",
    "nsenter -t $P -n ip link set eth0 mtu 1301",
    "tc qdisc del dev $H root",
    "tc qdisc del dev $H ingress",
    "tc class change dev $H classid 656b:1 htb rate 77mbit",
    "for i in /sys/class/net/ekifb*; do ip link del ${i##*/}; done",
    "for i in /sys/class/net/ekifb*; do ip link set ${i##*/} down; done",
    "for i in /sys/class/net/ekifb*; do tc qdisc del dev ${i##*/} root; done",
    "ip route del 10.99.0.0/24",
    "ip link del $H",
    "nsenter -t $P -n ip link del eth0",
};

static void what_others_changed_is_put_right(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "drift", NULL);

	wiring_ask(h, name,
		   "eth0: {type: nic, nictype: bridged, parent: br0, mtu: 1450,"
		   " host_name: ekdrift0, ipv4.routes: 10.99.0.0/24, limits.max: 25Mbit}");
	wiring_apply(h);
	for (size_t i = 0; i < sizeof(meddling) / sizeof(*meddling); i++) {
		struct network_link inside, outside;
		char *output;

		network_host(h, "H=ekdrift0 P=%d; %s", (int)harness_init(h, name), meddling[i]);
		if (harness_evenkeel(h, &output, "diff", NULL) != 1)
			fail_msg("not seen: %s:\n%s", meddling[i], output);
		wiring_apply(h);
		inside = network_link(h, name, "eth0");
		outside = network_host_end(h, name, "eth0");
		assert_true(inside.up && outside.up);
		assert_int_equal(inside.mtu, 1450);
		assert_int_equal(outside.mtu, 1450);
		assert_string_equal(outside.name, "ekdrift0");
		assert_string_equal(outside.master, "br0");
		assert_int_equal(network_count(h, NULL, "ifb"), 1);
		assert_non_null(strstr(network_host(h, "ip route"), "10.99.0.0/24 dev br0"));
		if (!strstr(network_shaping(h, "ekdrift0"), "25Mbit"))
			fail_msg("%s: not shaped:\n%s", meddling[i],
				 network_shaping(h, "ekdrift0"));
		network_host(h, "tc class show dev ekifb%d | grep -q 'rate 25Mbit'", outside.index);
		network_host(h,
			     "tc filter show dev ekdrift0 parent ffff: |"
			     " grep -q 'to device ekifb%d'",
			     outside.index);
	}
	wiring_address(h, name, "eth0");
	wiring_expect_ping(h, name);
}

static void a_physical_one_is_lent(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "lent", NULL);
	struct network_link lent;
	char *before;

	network_host(h, "ip link add p0 type veth peer name p1; ip link set p1 up");
	before = network_snapshot(h);
	wiring_ask(h, name, "eth0: {type: nic, nictype: physical, parent: p0, name: hw0}");
	wiring_apply(h);
	assert_false(network_look(h, NULL, "p0", &lent));
	lent = network_link(h, name, "hw0");
	assert_true(lent.up);
	wiring_ask(h, name, "%s", "");
	wiring_apply(h);
	assert_true(network_look(h, NULL, "p0", &lent));
	network_expect_same(h, before, network_snapshot(h), "after it came back");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    network_test(a_hot_nic_is_whole),
	    network_test(several_come_and_one_goes),
	    network_test(it_changes_in_place),
	    network_test(two_exchange_their_names),
	    network_test(another_type_replaces_it),
	    network_test(bridged_becomes_p2p_in_place),
	    network_test(a_profile_changes_all),
	    network_test(what_others_changed_is_put_right),
	    network_test(routes_by_a_bridge_go_with_their_nic),
	    network_test(a_physical_one_is_lent),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
