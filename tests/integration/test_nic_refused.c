/*
 * Nics that cannot be: a clear error at its place, with what to do, and nothing is touched; what
 * is well beside it goes on.
 */
#include "tests/integration/wiring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char well[] = "eth0: {type: nic, nictype: bridged, parent: br0}";

/* The second device stands in the eighth line: kind, name, profiles, devices, eth0, bad: {...}. */
#define BAD_LINE 6

struct bad {
	const char *device;
	const char *says;
};

static int validate(struct harness *h, char **output)
{
	return harness_run(h, output, h->program, "validate", h->manifests, NULL);
}

/* ---- what the manifest alone tells ---- */

static const struct bad invalid[] = {
    {"{type: nic, nictype: bridged, parent: br0, limits.ingress: 100Xbit}",                     "100Xbit"                },
    {"{type: nic, nictype: bridged, parent: br0, limits.ingress: -1}",                          "-1"                     },
    {"{type: nic, nictype: bridged, parent: br0, limits.max: 99999999Ebit}",                    "99999999Ebit"           },
    {"{type: nic, nictype: bridged, parent: br0, limits.egress: 18446744073709551616}",
     "18446744073709551616"											      },
    {"{type: nic, nictype: bridged, parent: br0, limits.max: 1Mbit, limits.egress.burst: 1XB}",
     "1XB"													       },
    {"{type: nic, nictype: bridged, parent: br0, name: abcdefghijklmnop}",                      "abcdefghijklmnop"       },
    {"{type: nic, nictype: bridged, parent: br0, name: 'a b'}",                                 "a b"                    },
    {"{type: nic, nictype: bridged, parent: br0, name: a/b}",                                   "a/b"                    },
    {"{type: nic, nictype: bridged, parent: br0, name: '..'}",                                  ".."                     },
    {"{type: nic, nictype: bridged, parent: br0, name: \"a\\nb\"}",                             "name"                   },
    {"{type: nic, nictype: bridged, parent: br0, name: lo}",                                    "lo"                     },
    {"{type: nic, nictype: bridged, parent: br0, host_name: averyveryverylongname}",
     "averyveryverylongname"											     },
    {"{type: nic, nictype: bridged, parent: br0, hwaddr: zz}",                                  "zz"                     },
    {"{type: nic, nictype: bridged, parent: br0, hwaddr: '01:00:00:00:00:01'}",
     "01:00:00:00:00:01"												 },
    {"{type: nic, nictype: bridged, parent: br0, mtu: 10}",                                     "10"                     },
    {"{type: nic, nictype: bridged, parent: br0, mtu: 4294967296}",                             "4294967296"             },
    {"{type: nic, nictype: bridged, parent: br0, ipv4.routes: 10.0.0.0/33}",                    "10.0.0.0/33"            },
    {"{type: nic, nictype: bridged, parent: br0, ipv6.routes: 10.0.0.0/8}",                     "10.0.0.0/8"             },
    {"{type: nic, nictype: bridged}",							   "parent"                 },
    {"{type: nic, nictype: bridged, parent: averyverylongbridgename}",                          "averyverylongbridgename"},
    {"{type: nic, nictype: bridgd, parent: br0}",                                               "bridged"                },
    {"{type: nic, parent: br0}",								"nictype"                },
    {"{type: nic, nictype: macvlan, parent: br0, limits.ingress: 1Mbit}",                       "limits.ingress"         },
    {"{type: nic, nictype: physical, parent: br0, limits.max: 1Mbit}",                          "limits.max"             },
    {"{type: nic, nictype: bridged, parent: br0, limits.ingres: 1Mbit}",                        "limits.ingress"         },
};

static void bad_manifests_touch_nothing(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "bad", NULL);
	char *before, *output;

	wiring_ask(h, name, well);
	wiring_apply(h);
	before = network_snapshot(h);
	for (size_t i = 0; i < sizeof(invalid) / sizeof(*invalid); i++) {
		wiring_ask(h, name, "%s\n  bad: %s", well, invalid[i].device);
		if (validate(h, &output) != 1)
			fail_msg("%s is valid:\n%s", invalid[i].device, output);
		if (!strstr(output, arena_printf(h->arena, ".yaml:%d:", BAD_LINE)) ||
		    !strstr(output, "error: ") || !strstr(output, invalid[i].says))
			fail_msg("%s:\n%s", invalid[i].device, output);
		if (harness_evenkeel(h, &output, "diff", NULL) != 2)
			fail_msg("%s:\n%s", invalid[i].device, output);
		if (harness_evenkeel(h, &output, "apply", NULL) != 1)
			fail_msg("%s:\n%s", invalid[i].device, output);
		network_expect_same(h, before, network_snapshot(h), invalid[i].device);
		assert_int_equal(network_count(h, name, "veth"), 1);
	}
}

/* Twice the same, within one and between two. */
static void nothing_is_had_twice(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "twice", NULL);
	const char *other = wiring_container(h, "other", NULL);
	static const char *const options[] = {"name: lan0", "hwaddr: '02:00:00:00:dd:01'",
					      "host_name: ektwice0"};
	char *before = network_snapshot(h), *output;

	for (size_t i = 0; i < 3; i++) {
		wiring_ask(h, name,
			   "a: {type: nic, nictype: bridged, parent: br0, %s}\n"
			   "  b: {type: nic, nictype: bridged, parent: br0, %s}",
			   options[i], options[i]);
		if (validate(h, &output) != 1)
			fail_msg("%s is valid twice:\n%s", options[i], output);
		assert_int_equal(harness_evenkeel(h, NULL, "apply", NULL), 1);
		network_expect_same(h, before, network_snapshot(h), options[i]);
	}
	for (size_t i = 1; i < 3; i++) {
		wiring_ask(h, name, "a: {type: nic, nictype: bridged, parent: br0, %s}",
			   options[i]);
		wiring_ask(h, other, "a: {type: nic, nictype: bridged, parent: br0, %s}",
			   options[i]);
		if (validate(h, &output) != 1)
			fail_msg("%s is valid in two instances:\n%s", options[i], output);
		assert_int_equal(harness_evenkeel(h, NULL, "apply", NULL), 1);
		network_expect_same(h, before, network_snapshot(h), options[i]);
	}
	/* names inside are each container's own */
	wiring_ask(h, name, "a: {type: nic, nictype: bridged, parent: br0, %s}", options[0]);
	wiring_ask(h, other, "a: {type: nic, nictype: bridged, parent: br0, %s}", options[0]);
	wiring_apply(h);
}

/* ---- what this host has not ---- */

static const struct bad missing[] = {
    {"{type: nic, nictype: bridged, parent: nobr}",  "there is no bridge nobr"},
    {"{type: nic, network: nobr}",                   "there is no bridge nobr"},
    {"{type: nic, nictype: bridged, parent: p0}",    "p0 is not a bridge"     },
    {"{type: nic, nictype: bridged, parent: lo}",    "lo is not a bridge"     },
    {"{type: nic, nictype: macvlan, parent: nodev}", "nodev"                  },
};

static void a_missing_bridge_is_an_error(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "nobr", NULL);
	char *before, *output;

	network_host(h, "ip link add p0 type veth peer name p1");
	wiring_ask(h, name, well);
	wiring_apply(h);
	wiring_address(h, name, "eth0");
	before = network_snapshot(h);
	for (size_t i = 0; i < sizeof(missing) / sizeof(*missing); i++) {
		wiring_ask(h, name, "%s\n  bad: %s", well, missing[i].device);
		if (validate(h, &output) != 0)
			fail_msg("validate looks at the host:\n%s", output);
		if (harness_evenkeel(h, &output, "diff", NULL) != 1)
			fail_msg("%s", output);
		if (harness_evenkeel(h, &output, "apply", NULL) != 1)
			fail_msg("%s", output);
		if (!strstr(output, missing[i].says) ||
		    !strstr(output, arena_printf(h->arena, ".yaml:%d:", BAD_LINE)))
			fail_msg("%s", output);
		network_expect_same(h, before, network_snapshot(h), missing[i].device);
	}
	/* what is beside it is done */
	wiring_ask(h, name,
		   "eth0: {type: nic, nictype: bridged, parent: br0, mtu: 1400}\n  bad: %s",
		   missing[0].device);
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 1);
	assert_int_equal(network_link(h, name, "eth0").mtu, 1400);
	wiring_expect_ping(h, name);
	/* and it comes as soon as the bridge is there */
	network_host(h, "ip link add nobr type bridge; ip link set nobr up");
	wiring_apply(h);
	assert_int_equal(network_count(h, name, "veth"), 2);
	/* a bridge that vanishes takes nothing along */
	network_host(h, "ip link del nobr");
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 1);
	assert_int_equal(network_count(h, name, "veth"), 2);
	/* nor does the next start fail for it */
	wiring_ask(h, name, "%s", well);
	wiring_apply(h);
	harness_stop(h, name);
	harness_start(h, name);
	wiring_apply(h);
}

/* A name on the host that is somebody else's. */
/* Who plans a container hears of it before the container is made. */
static void what_a_new_container_lacks_is_told(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = harness_name(h, "new");
	char *output;

	wiring_ask_with(h, name, "state: stopped\nsource: {template: busybox}\n", "%s\n  bad: %s",
			well, missing[0].device);
	assert_int_equal(harness_evenkeel(h, &output, "diff", NULL), 1);
	assert_non_null(strstr(output, "create from template busybox"));
	assert_non_null(strstr(output, missing[0].says));
}

static void a_taken_host_name_is_left_alone(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "taken", NULL);
	char *before, *output;

	network_host(h, "ip link add ektaken0 type veth peer name ektaken1");
	before = network_snapshot(h);
	wiring_ask(h, name, "a: {type: nic, nictype: bridged, parent: br0, host_name: ektaken0}");
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 1);
	assert_non_null(strstr(output, "ektaken0"));
	network_expect_same(h, before, network_snapshot(h), "beside a taken name");
	network_host(h, "ip link del ektaken0");
	wiring_apply(h);
	assert_string_equal(network_host_end(h, name, "eth0").name, "ektaken0");
}

/* A name inside that the container took itself. */
static void a_taken_name_inside_is_told(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "inside", NULL);
	char *output;

	network_as_root(h, name, "ip link add lan0 type veth peer name lan1");
	wiring_ask(h, name, "a: {type: nic, nictype: bridged, parent: br0, name: lan0}");
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 1);
	assert_non_null(strstr(output, "lan0"));
	assert_int_equal(network_count(h, NULL, "veth"), 0);
	network_as_root(h, name, "ip link del lan0");
	wiring_apply(h);
	assert_string_equal(network_host_end(h, name, "lan0").master, "br0");
}

/* ---- what we do not carry out ---- */

static const char *const unsupported[] = {
    "{type: nic, nictype: sriov, parent: br0}",
    "{type: nic, nictype: bridged, parent: br1, security.mac_filtering: true}",
};

static void what_is_not_carried_out_is_said(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "unsup", NULL);
	char *output;

	for (size_t i = 0; i < sizeof(unsupported) / sizeof(*unsupported); i++) {
		wiring_ask(h, name, "%s\n  eth1: %s", well, unsupported[i]);
		if (harness_evenkeel(h, &output, "apply", NULL) != 0)
			fail_msg("%s", output);
		if (!strstr(output, "?") || !strstr(output, "eth1"))
			fail_msg("nothing of eth1:\n%s", output);
		assert_string_equal(network_host_end(h, name, "eth0").master, "br0");
		if (harness_evenkeel(h, &output, "diff", NULL) != 0)
			fail_msg("%s", output);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    network_test(bad_manifests_touch_nothing),
	    network_test(nothing_is_had_twice),
	    network_test(a_missing_bridge_is_an_error),
	    network_test(what_a_new_container_lacks_is_told),
	    network_test(a_taken_host_name_is_left_alone),
	    network_test(a_taken_name_inside_is_told),
	    network_test(what_is_not_carried_out_is_said),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
