/* The network namespace that tests of nics have to themselves, and what they see by. */
#include "tests/integration/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char veth[] = "lxc.net.0.type = veth\nlxc.net.0.link = br0\n"
			   "lxc.net.0.name = eth0\nlxc.net.0.flags = up\n";

static void it_is_apart(void **state)
{
	struct harness *h = network_begin(state);
	char own[64], theirs[64];
	ssize_t n, m;

	n = readlink("/proc/self/ns/net", own, sizeof(own));
	m = readlink(arena_printf(h->arena, "/proc/%d/ns/net", (int)h->janitor_pid), theirs,
		     sizeof(theirs));
	assert_true(n > 0 && m > 0);
	assert_false(n == m && memcmp(own, theirs, (size_t)n) == 0);
	assert_int_equal(network_count(h, NULL, NULL), 1);
	assert_true(network_link(h, NULL, "lo").up);
	network_bridge(h, "br0", "10.7.0.1/24");
	assert_int_equal(access("/sys/class/net/br0/bridge", F_OK), 0);
	assert_int_equal(access("/sys/fs/cgroup/unified/cgroup.procs", F_OK) &
			     access("/sys/fs/cgroup/cgroup.procs", F_OK),
			 0);
	network_host(h, "ping -c 1 -W 2 10.7.0.1");
}

static void containers_have_their_end(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = harness_name(h, "ends");
	struct network_link inside, outside;
	char *before;

	network_bridge(h, "br0", "10.7.0.1/24");
	before = network_snapshot(h);
	harness_create(h, name, veth);
	harness_start(h, name);
	inside = network_link(h, name, "eth0");
	outside = network_host_end(h, name, "eth0");
	assert_string_equal(inside.kind, "veth");
	assert_string_equal(outside.master, "br0");
	assert_true(outside.peer_nsid >= 0);
	network_inside(h, name, "ip addr add 10.7.0.2/24 dev eth0");
	network_host(h, "ping -c 1 -W 2 10.7.0.2");
	assert_true(network_host_end(h, name, "eth0").tx_packets > 0);
	/* its root may do there what it likes, and nothing here */
	network_as_root(h, name, "ip link set eth0 mtu 1400");
	assert_int_equal(network_link(h, name, "eth0").mtu, 1400);
	assert_int_not_equal(network_try(h, NULL,
					 "nsenter -t %d -U -S 0 -G 0 ip link set br0 mtu 1400",
					 (int)harness_init(h, name)),
			     0);
	harness_destroy(h, name);
	network_expect_same(h, before, network_snapshot(h), "after its end");
}

static void what_is_shaped_shows(void **state)
{
	struct harness *h = network_begin(state);
	uint64_t packets, drops;

	network_host(h, "ip link add v0 type veth peer name v1; ip link set v0 up");
	assert_string_equal(network_shaping(h, "v0"), "");
	network_host(h, "tc qdisc add dev v0 root handle 1: htb default 1;"
			" tc class add dev v0 parent 1: classid 1:1 htb rate 1mbit;"
			" tc qdisc add dev v0 ingress");
	assert_non_null(strstr(network_shaping(h, "v0"), "htb"));
	assert_non_null(strstr(network_snapshot(h), "qdisc ingress ffff: dev v0"));
	assert_int_equal(network_class_bytes(h, "v0", &packets, &drops), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    network_test(it_is_apart),
	    network_test(containers_have_their_end),
	    network_test(what_is_shaped_shows),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
