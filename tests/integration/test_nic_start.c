/*
 * Nics and starts: what the boot file brings about by plain lxc-start, what a restart keeps, nics
 * that the container's own config has, and letting go.
 */
#include "tests/integration/wiring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *boot_file(struct harness *h, const char *name)
{
	char *text = harness_read(h, "%s/%s/evenkeel.conf", h->lxcpath, name);

	return text ? text : arena_strdup(h->arena, "");
}

/* ---- starts ---- */

static const char whole[] =
    "eth0: {type: nic, nictype: bridged, parent: br0, name: lan0, mtu: 1400,"
    " hwaddr: '02:00:00:00:cc:01', host_name: ekboot0, limits.max: 10Mbit}\n"
    "  eth1: {type: nic, nictype: p2p, name: wan0}\n"
    "  eth2: {type: nic, nictype: macvlan, parent: p0, mtu: 1300}";

static void expect_started(struct harness *h, const char *name)
{
	struct network_link lan = network_link(h, name, "lan0"),
			    wan = network_link(h, name, "wan0");
	struct network_link mac = network_link(h, name, "eth2");
	struct network_link outside = network_host_end(h, name, "lan0");

	assert_string_equal(lan.hwaddr, "02:00:00:00:cc:01");
	assert_int_equal(lan.mtu, 1400);
	assert_int_equal(outside.mtu, 1400);
	assert_true(lan.up && outside.up && wan.up && mac.up);
	assert_string_equal(outside.name, "ekboot0");
	assert_string_equal(outside.master, "br0");
	assert_string_equal(network_host_end(h, name, "wan0").master, "");
	assert_true(network_host_end(h, name, "wan0").up);
	assert_string_equal(mac.kind, "macvlan");
	assert_int_equal(mac.mtu, 1300);
	assert_int_equal(mac.peer, network_link(h, NULL, "p0").index);
}

/* Every property that a start can bring about is there before we look again. */
static void a_start_brings_them_about(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = harness_name(h, "start");
	char *output, *macs, *boot;

	network_host(h, "ip link add p0 type veth peer name p1; ip link set p0 up;"
			" ip link set p1 up");
	harness_create(h, name, NULL);
	wiring_ask(h, name, "%s", whole);
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 0);
	harness_start(h, name);
	expect_started(h, name);
	assert_int_equal(network_count(h, name, "veth"), 2);
	harness_evenkeel(h, &output, "diff", NULL);
	if (strstr(output, "hwaddr") || strstr(output, "mtu") || strstr(output, "master") ||
	    strstr(output, "host_name") || strstr(output, " link"))
		fail_msg("the start left undone:\n%s", output);
	wiring_apply(h);
	assert_non_null(strstr(network_shaping(h, "ekboot0"), "10Mbit"));
	/* again */
	macs = network_inside(h, name, " ip -o link | sed -E 's/.*ether ([^ ]+) .*/\\1/' | sort");
	boot = boot_file(h, name);
	harness_stop(h, name);
	network_await_count(h, "veth", 2); /* p0, p1 */
	harness_start(h, name);
	expect_started(h, name);
	assert_string_equal(
	    network_inside(h, name, "ip -o link | sed -E 's/.*ether ([^ ]+) .*/\\1/' | sort"),
	    macs);
	wiring_apply(h);
	assert_string_equal(boot_file(h, name), boot);
	assert_int_equal(network_count(h, NULL, "ifb"), 1);
}

/* One that came while the container ran is there after a restart, the same. */
static void a_hot_one_is_there_after_a_restart(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "again", NULL);
	struct network_link before, after;

	wiring_ask(h, name,
		   "web: {type: nic, nictype: bridged, parent: br0, limits.egress: 5Mbit}\n"
		   "  eth5: {type: nic, nictype: bridged, parent: br1}");
	wiring_apply(h);
	before = network_link(h, name, "eth0");
	assert_true(network_look(h, name, "eth5", &after));
	harness_stop(h, name);
	network_await_count(h, "veth", 0);
	harness_start(h, name);
	after = network_link(h, name, "eth0");
	assert_string_equal(after.hwaddr, before.hwaddr);
	assert_true(after.up);
	assert_string_equal(network_host_end(h, name, "eth5").master, "br1");
	wiring_apply(h);
	/* it goes while the container does not run */
	harness_stop(h, name);
	wiring_ask(h, name, "eth5: {type: nic, nictype: bridged, parent: br1}");
	assert_int_equal(harness_evenkeel(h, NULL, "apply", NULL), 0);
	harness_start(h, name);
	assert_int_equal(network_count(h, name, "veth"), 1);
	assert_true(network_look(h, name, "eth5", &after));
	wiring_apply(h);
	assert_int_equal(network_count(h, NULL, "ifb"), 0);
}

static void the_same_name_has_the_same_address(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "mac", NULL);
	char first[24];

	wiring_ask(h, name, "web: {type: nic, nictype: bridged, parent: br0}");
	wiring_apply(h);
	snprintf(first, sizeof(first), "%s", network_link(h, name, "eth0").hwaddr);
	assert_int_equal(strtoul(first, NULL, 16) & 3, 2); /* local, of one */
	wiring_ask(h, name, "%s", "");
	wiring_apply(h);
	wiring_ask(h, name, "web: {type: nic, nictype: p2p}");
	wiring_apply(h);
	assert_string_equal(network_link(h, name, "eth0").hwaddr, first);
}

/* ---- the owner's own ---- */

static const char own_veth[] = "lxc.net.0.type = veth\n"
			       "lxc.net.0.link = br0\n"
			       "lxc.net.0.flags = up\n"
			       "lxc.net.0.name = eth0\n"
			       "lxc.net.0.mtu = 1450\n"
			       "lxc.net.0.hwaddr = 00:16:3e:00:00:07\n"
			       "lxc.net.0.ipv4.address = " WIRING_INSIDE "/24\n";

static void own_nics_are_kept(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "own", own_veth);
	struct network_link at_first = network_link(h, name, "eth0"), now;

	/* nothing is said of it: nothing is done to it */
	wiring_ask(h, name, "eth1: {type: nic, nictype: bridged, parent: br1}");
	wiring_apply(h);
	now = network_link(h, name, "eth0");
	assert_memory_equal(&now.hwaddr, at_first.hwaddr, sizeof(now.hwaddr));
	assert_int_equal(now.mtu, 1450);
	assert_int_equal(now.index, at_first.index);
	harness_stop(h, name);
	harness_start(h, name);
	assert_string_equal(network_link(h, name, "eth0").hwaddr, "00:16:3e:00:00:07");
	assert_string_equal(network_host_end(h, name, "eth0").master, "br0");
	assert_string_equal(network_host_end(h, name, "eth1").master, "br1");
	wiring_expect_in_sync(h);
	wiring_expect_ping(h, name);
}

static void own_nics_are_taken_over_by_name(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "take", own_veth);
	struct network_link at_first = network_link(h, name, "eth0"), outside;

	wiring_ask(h, name,
		   "eth0: {type: nic, nictype: bridged, parent: br1, mtu: 1300,"
		   " limits.max: 20Mbit}");
	assert_null(strstr(wiring_apply(h), "-/+"));
	assert_int_equal(network_link(h, name, "eth0").index, at_first.index);
	assert_string_equal(network_link(h, name, "eth0").hwaddr, "00:16:3e:00:00:07");
	assert_int_equal(network_link(h, name, "eth0").mtu, 1300);
	outside = network_host_end(h, name, "eth0");
	assert_string_equal(outside.master, "br1");
	assert_non_null(strstr(network_shaping(h, outside.name), "20Mbit"));
	/* it is found by the name that LXC gave its end on the host */
	network_as_root(h, name, "ip link set eth0 name evil");
	assert_non_null(strstr(wiring_apply(h), "evil -> eth0"));
	assert_int_equal(network_link(h, name, "eth0").index, at_first.index);
	/* a start has both: the owner's address, and what the manifest says */
	harness_stop(h, name);
	harness_start(h, name);
	assert_int_equal(network_count(h, name, "veth"), 1);
	assert_int_equal(network_link(h, name, "eth0").mtu, 1300);
	assert_string_equal(network_link(h, name, "eth0").hwaddr, "00:16:3e:00:00:07");
	assert_string_equal(network_host_end(h, name, "eth0").master, "br1");
	if (!strstr(wiring_addresses(h, name), WIRING_INSIDE))
		fail_msg("%s%s", network_inside(h, name, "ip addr"), boot_file(h, name));
	wiring_apply(h);
	/* put back, live and for the next start */
	at_first = network_link(h, name, "eth0");
	wiring_ask(h, name, "%s", "");
	wiring_apply(h);
	assert_int_equal(network_link(h, name, "eth0").index, at_first.index);
	assert_int_equal(network_link(h, name, "eth0").mtu, 1450);
	outside = network_host_end(h, name, "eth0");
	assert_string_equal(outside.master, "br0");
	assert_string_equal(network_shaping(h, outside.name), "");
	assert_int_equal(network_count(h, NULL, "ifb"), 0);
	wiring_expect_ping(h, name);
	harness_stop(h, name);
	harness_start(h, name);
	assert_int_equal(network_link(h, name, "eth0").mtu, 1450);
	assert_string_equal(network_host_end(h, name, "eth0").master, "br0");
}

/* A nic without a name in the owner's config is eth0 all the same. */
static void an_own_one_without_a_name(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "anon",
					    "lxc.net.0.type = veth\nlxc.net.0.link = br0\n"
					    "lxc.net.0.flags = up\n");
	struct network_link at_first = network_link(h, name, "eth0");

	wiring_ask(h, name, "eth0: {type: nic, nictype: bridged, parent: br0, limits.max: 9Mbit}");
	wiring_apply(h);
	assert_int_equal(network_link(h, name, "eth0").index, at_first.index);
	assert_string_equal(network_link(h, name, "eth0").hwaddr, at_first.hwaddr);
	harness_stop(h, name);
	harness_start(h, name);
	assert_int_equal(network_count(h, name, "veth"), 1);
	wiring_apply(h);
}

/* ---- letting go ---- */

static void release_leaves_all(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "free", NULL);
	struct network_link outside;
	char *before, *output;

	wiring_ask(h, name,
		   "eth0: {type: nic, nictype: bridged, parent: br0, limits.max: 20Mbit,"
		   " ipv4.routes: 10.95.0.0/16}");
	wiring_apply(h);
	outside = network_host_end(h, name, "eth0");
	before = network_snapshot(h);
	harness_manifests_clear(h);
	harness_manifest(h, "profiles/other.yaml", "config: {}\n");
	wiring_expect_in_sync(h);
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 0);
	network_expect_same(h, before, network_snapshot(h), "without a manifest");
	assert_int_equal(
	    harness_run(h, &output, h->program, "release", "-P", h->lxcpath, name, NULL), 0);
	network_expect_same(h, before, network_snapshot(h), "after release");
	assert_true(network_look(h, NULL, outside.name, &outside));
	assert_string_equal(boot_file(h, name), "");
}

/* An export describes what there is: applied, it changes nothing. */
static void an_export_is_in_sync(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "export", own_veth);
	char *output, *before;

	wiring_ask(h, name,
		   "eth0: {type: nic, nictype: bridged, parent: br0, limits.ingress: 20Mbit}\n"
		   "  eth1: {type: nic, nictype: bridged, parent: br1}");
	wiring_apply(h);
	before = network_snapshot(h);
	if (harness_run(h, &output, h->program, "export", "-P", h->lxcpath, name, NULL) != 0)
		fail_msg("%s", output);
	assert_non_null(strstr(output, "limits.ingress: 20Mbit"));
	assert_non_null(strstr(output, "parent: br1"));
	harness_manifests_clear(h);
	harness_manifest(h, "instances/x.yaml", "%s", output);
	/* what it now names is ours to keep: that is written down, and nothing else */
	harness_evenkeel(h, &output, "diff", NULL);
	if (strstr(output, "nic/"))
		fail_msg("%s", output);
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 0);
	wiring_expect_in_sync(h);
	network_expect_same(h, before, network_snapshot(h), "after the export was applied");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    network_test(a_start_brings_them_about),
	    network_test(a_hot_one_is_there_after_a_restart),
	    network_test(the_same_name_has_the_same_address),
	    network_test(own_nics_are_kept),
	    network_test(own_nics_are_taken_over_by_name),
	    network_test(an_own_one_without_a_name),
	    network_test(release_leaves_all),
	    network_test(an_export_is_in_sync),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
