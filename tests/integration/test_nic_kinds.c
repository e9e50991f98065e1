/* Nics that are no bridge's ports: macvlan, physical, routed and ipvlan, on real containers whose
 * root does what it can to confuse. Their parents are veths in a network of the test's own. */
#include "tests/integration/network.h"
#include "tests/integration/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MAC "00:16:3e:aa:bb:01"

/* A running container without interfaces, and "up0", whose other end "up1" is the wire. */
static const char *begin(struct harness *h, const char *tag)
{
	const char *name = harness_name(h, tag);

	network_host(h, "ip link add up0 type veth peer name up1;"
			" ip link set up0 up; ip link set up1 up");
	harness_create(h, name, NULL);
	harness_start(h, name);
	return name;
}

/* Its devices, one a line. */
static void ask(struct harness *h, const char *name, const char *devices)
{
	harness_manifest(h, arena_printf(h->arena, "instances/%s.yaml", name),
			 "kind: instance\nname: %s\n%s%s", name, *devices ? "devices:\n" : "",
			 devices);
}

static void expect(struct harness *h, const char *command, int status, const char *said)
{
	char *output;
	int r = harness_evenkeel(h, &output, command, NULL);

	if (r != status || (said && !strstr(output, said))) {
		print_error("%s\n", output);
		fail_msg("%s ended with %d, not %d, or did not say '%s'", command, r, status,
			 said ? said : "");
	}
}

/* Asked for, done, and nothing left to do. */
static void bring(struct harness *h, const char *name, const char *devices)
{
	ask(h, name, devices);
	expect(h, "apply", 0, NULL);
	expect(h, "diff", 0, "Nothing to do");
}

static void expect_hwaddr(struct harness *h, const char *name, const char *link, const char *hwaddr)
{
	assert_string_equal(network_link(h, name, link).hwaddr, hwaddr);
}

/* ---- macvlan ---- */

#define MV "  mv: {type: nic, nictype: macvlan, parent: up0, name: eth1"

static void a_macvlan_comes_changes_and_goes(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin(h, "mv");
	int index, parent = network_link(h, NULL, "up0").index;

	bring(h, name, MV "}\n");
	index = network_link(h, name, "eth1").index;
	assert_string_equal(network_link(h, name, "eth1").kind, "macvlan");
	assert_int_equal(network_link(h, name, "eth1").peer, parent);
	assert_true(network_link(h, name, "eth1").up);
	bring(h, name, MV ", mtu: 1400, hwaddr: \"" MAC "\"}\n");
	assert_int_equal(network_link(h, name, "eth1").index, index);
	assert_int_equal(network_link(h, name, "eth1").mtu, 1400);
	expect_hwaddr(h, name, "eth1", MAC);
	network_inside(h, name, "ip addr add 10.9.0.2/24 dev eth1");
	network_host(h, "ip addr add 10.9.0.1/24 dev up1; ping -c 1 -W 2 10.9.0.2");
	bring(h, name, "");
	assert_false(network_look(h, name, "eth1", &(struct network_link){0}));
}

static void a_macvlan_becomes_a_veth_and_back(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin(h, "mvveth");

	network_bridge(h, "br0", NULL);
	bring(h, name, MV "}\n");
	ask(h, name, "  mv: {type: nic, nictype: bridged, parent: br0, name: eth1}\n");
	expect(h, "diff", 1, "-/+");
	expect(h, "apply", 0, NULL);
	expect(h, "diff", 0, "Nothing to do");
	assert_string_equal(network_host_end(h, name, "eth1").master, "br0");
	assert_int_equal(network_count(h, name, "macvlan"), 0);
	bring(h, name, MV "}\n");
	assert_string_equal(network_link(h, name, "eth1").kind, "macvlan");
	assert_int_equal(network_count(h, name, "veth"), 0);
	/* another parent is another interface */
	bring(h, name, "  mv: {type: nic, nictype: macvlan, parent: up1, name: eth1}\n");
	assert_int_equal(network_count(h, name, "macvlan"), 1);
	assert_int_equal(network_link(h, name, "eth1").peer, network_link(h, NULL, "up1").index);
}

static void a_start_brings_a_macvlan(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin(h, "mvboot");

	ask(h, name, MV ", mtu: 1400, hwaddr: \"" MAC "\"}\n");
	harness_stop(h, name);
	expect(h, "apply", 0, NULL);
	harness_start(h, name);
	assert_string_equal(network_link(h, name, "eth1").kind, "macvlan");
	assert_int_equal(network_link(h, name, "eth1").mtu, 1400);
	assert_true(network_link(h, name, "eth1").up);
	expect_hwaddr(h, name, "eth1", MAC);
	expect(h, "diff", 0, "Nothing to do");
}

static void a_macvlan_is_found_under_any_name(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin(h, "mvname");
	int index;

	bring(h, name, MV "}\n");
	index = network_link(h, name, "eth1").index;
	network_as_root(h, name, "ip link set eth1 down; ip link set eth1 name mine");
	expect(h, "diff", 1, "name");
	expect(h, "apply", 0, NULL);
	assert_int_equal(network_link(h, name, "eth1").index, index);
	/* another name and another address: there is no other on that parent */
	network_as_root(h, name, "ip link set eth1 down; ip link set eth1 name mine address " MAC);
	expect(h, "apply", 0, NULL);
	expect(h, "diff", 0, "Nothing to do");
	assert_int_equal(network_link(h, name, "eth1").index, index);
	assert_int_equal(network_count(h, name, "macvlan"), 1);
}

static void a_macvlan_of_container_root_is_not_ours(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin(h, "mvroot");
	struct network_link ours;

	bring(h, name, MV "}\n");
	ours = network_link(h, name, "eth1");
	network_as_root(h, name,
			"ip link set eth1 down; ip link set eth1 name mine;"
			" ip link add v0 type veth peer name v1;"
			" ip link add link v0 name eth1 address %s type macvlan mode bridge",
			ours.hwaddr);
	expect(h, "diff", 1, "name");
	/* its name is taken: that is said, and its own is let be */
	expect(h, "apply", 1, "another interface of that name");
	assert_int_equal(network_link(h, name, "mine").index, ours.index);
	ask(h, name, "");
	expect(h, "apply", 0, NULL);
	assert_false(network_look(h, name, "mine", &(struct network_link){0}));
	assert_true(network_look(h, name, "eth1", &(struct network_link){0}));
}

/* One that its root made of ours is on the host's parent, too, and would stay on the wire. */
static void no_clone_of_a_macvlan_stays(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin(h, "mvclone");

	bring(h, name, MV "}\n");
	network_as_root(h, name,
			"ip link add link eth1 name mine type macvlan mode bridge;"
			" ip link add v0 type veth peer name v1;"
			" ip link add link v0 name on0 type macvlan mode bridge");
	assert_int_equal(network_count(h, name, "macvlan"), 3);
	expect(h, "diff", 0, "Nothing to do");
	bring(h, name, "");
	assert_int_equal(network_count(h, name, "macvlan"), 1);
	assert_true(network_look(h, name, "on0", &(struct network_link){0}));
}

/* One of the owner's on the same parent is not ours to take away. */
static void the_owners_macvlan_stays(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = harness_name(h, "mvown");

	network_host(h, "ip link add up0 type veth peer name up1;"
			" ip link set up0 up; ip link set up1 up");
	harness_create(h, name,
		       "lxc.net.0.type = macvlan\nlxc.net.0.link = up0\n"
		       "lxc.net.0.macvlan.mode = bridge\nlxc.net.0.name = eth0\n");
	harness_start(h, name);
	bring(h, name, MV "}\n");
	assert_int_equal(network_count(h, name, "macvlan"), 2);
	bring(h, name, "");
	assert_int_equal(network_count(h, name, "macvlan"), 1);
	assert_true(network_look(h, name, "eth0", &(struct network_link){0}));
}

/* ---- physical ---- */

#define PH "  ph: {type: nic, nictype: physical, parent: up0, name: lan0"
#define HOME "00:16:3e:aa:bb:77"

/* What up0 is on the host, for the time after. */
static const char *begin_physical(struct harness *h, const char *tag)
{
	const char *name = begin(h, tag);

	network_host(h, "ip link set up0 address " HOME " mtu 1450 alias 'the wire';"
			" ip link property add dev up0 altname uplink");
	return name;
}

static void expect_home(struct harness *h)
{
	struct network_link l = network_link(h, NULL, "up0");

	assert_string_equal(l.hwaddr, HOME);
	assert_int_equal(l.mtu, 1450);
	assert_string_equal(l.alias, "the wire");
	network_host(h, "ip link show uplink | grep -q up0");
	assert_int_equal(network_try(h, NULL, "ip link show | grep -q 'ek-'"), 1);
}

static void a_physical_one_goes_and_comes_home(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin_physical(h, "ph");
	struct network_link l;

	bring(h, name, PH "}\n");
	assert_false(network_look(h, NULL, "up0", &l));
	l = network_link(h, name, "lan0");
	assert_true(l.up);
	assert_string_equal(l.hwaddr, HOME);
	assert_int_equal(l.mtu, 1450);
	bring(h, name, PH ", mtu: 1300, hwaddr: \"" MAC "\"}\n");
	assert_int_equal(network_link(h, name, "lan0").mtu, 1300);
	expect_hwaddr(h, name, "lan0", MAC);
	/* what nobody asks for any more is the host's again */
	bring(h, name, PH "}\n");
	assert_int_equal(network_link(h, name, "lan0").mtu, 1450);
	expect_hwaddr(h, name, "lan0", HOME);
	bring(h, name, PH ", mtu: 1300, hwaddr: \"" MAC "\"}\n");
	bring(h, name, "");
	expect_home(h);
	assert_int_equal(network_count(h, name, "veth"), 0);
	/* now it is its administrator's */
	network_host(h, "ip link set up0 mtu 1440");
	expect(h, "apply", 0, NULL);
	assert_int_equal(network_link(h, NULL, "up0").mtu, 1440);
}

static void a_physical_one_comes_home_with_a_stop(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin_physical(h, "phstop");
	struct network_link l;

	ask(h, name, PH ", mtu: 1300, hwaddr: \"" MAC "\"}\nstate: running\n");
	harness_stop(h, name);
	expect(h, "apply", 0, NULL);
	l = network_link(h, name, "lan0");
	assert_true(l.up);
	assert_int_equal(l.mtu, 1300);
	assert_string_equal(l.hwaddr, MAC);
	expect(h, "diff", 0, "Nothing to do");
	network_as_root(h, name, "ip link set lan0 mtu 1280 address 00:16:3e:00:00:99 alias x");
	ask(h, name, PH ", mtu: 1300, hwaddr: \"" MAC "\"}\nstate: stopped\n");
	expect(h, "apply", 0, NULL);
	expect_home(h);
	expect(h, "diff", 0, "Nothing to do");
}

static void a_start_takes_a_physical_one(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin_physical(h, "phboot");

	ask(h, name, PH ", hwaddr: \"" MAC "\"}\n");
	harness_stop(h, name);
	expect(h, "apply", 0, NULL);
	harness_start(h, name);
	expect_hwaddr(h, name, "lan0", MAC);
	expect(h, "diff", 0, "Nothing to do");
	expect(h, "apply", 0, NULL); /* sees that it is away */
	harness_stop(h, name);
	expect(h, "apply", 0, NULL);
	expect_home(h);
}

/* Its root cannot make the host take another one, nor keep a hold on this one. */
static void container_root_does_not_decide_what_comes_home(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin_physical(h, "phroot");
	int index;

	bring(h, name, PH "}\n");
	index = network_link(h, name, "lan0").index;
	network_as_root(h, name,
			"ip link set lan0 down; ip link set lan0 name real address " MAC
			" mtu 1000 alias mine; ip link property add dev real altname br0;"
			" ip link property add dev real altname up0;"
			" ip link add lan0 type veth peer name decoy;"
			" ip link add link real name mv type macvlan mode bridge");
	expect(h, "diff", 1, "name");
	network_bridge(h, "br0", NULL);
	ask(h, name, "");
	expect(h, "apply", 0, NULL);
	expect_home(h);
	assert_string_equal(network_link(h, NULL, "br0").kind, "bridge");
	assert_false(network_look_index(h, name, index, &(struct network_link){0}));
	assert_int_equal(network_count(h, name, "veth"), 2);
	assert_int_equal(network_count(h, name, "macvlan"), 0);
}

static void a_hidden_one_is_missed_until_it_is_free(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin_physical(h, "phhide");

	bring(h, name, PH "}\n");
	network_as_root(h, name, "unshare -n sleep 6 & sleep 0.3; ip link set lan0 netns $!");
	expect(h, "diff", 0, "cannot be seen in the container");
	ask(h, name, "");
	expect(h, "diff", 1, "cannot be seen in the container");
}

static void the_host_is_not_cut_off(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin_physical(h, "phneed");

	ask(h, name, PH "}\n");
	network_host(h, "ip addr add 10.8.0.1/24 dev up0; ip link add br0 type bridge");
	expect(h, "apply", 1, "the only addresses of the host");
	network_host(h, "ip addr add 10.7.0.1/24 dev br0; ip link set br0 up;"
			" ip route add default via 10.8.0.2 dev up0");
	expect(h, "diff", 1, "a default route of the host leads over it");
	network_host(h, "ip route del default; ip link set up0 master br0");
	expect(h, "diff", 1, "a port of the bridge br0");
	ask(h, name, "  ph: {type: nic, nictype: physical, parent: br0}\n");
	expect(h, "diff", 1, "br0 cannot be given to a container");
	ask(h, name, "  ph: {type: nic, nictype: physical, parent: none0}\n");
	expect(h, "diff", 1, "there is no interface none0");
	network_link(h, NULL, "up0");
	network_host(h, "ip link set up0 nomaster");
	bring(h, name, PH "}\n");
}

static void another_one_of_that_name_is_not_taken_for_it(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin_physical(h, "phtwo");

	bring(h, name, PH "}\n");
	network_host(h, "ip link add up0 type veth peer name other");
	expect(h, "diff", 0, "Nothing to do");
	ask(h, name, "");
	expect(h, "apply", 1, "the host has another interface of that name");
	network_host(h, "ip link del up0");
	expect(h, "apply", 0, NULL);
	expect_home(h);
}

/* As the kernel leaves hardware behind when its container dies: on the host, under another name. */
static void what_the_kernel_gives_back_gets_its_name(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin_physical(h, "phback");

	bring(h, name, PH ", mtu: 1300, hwaddr: \"" MAC "\"}\n");
	network_inside(h, name, "ip link set lan0 netns %d name dev7", (int)getpid());
	ask(h, name, "");
	expect(h, "apply", 0, NULL);
	expect_home(h);
	bring(h, name, PH "}\n");
	network_inside(h, name, "ip link set lan0 netns %d name dev7", (int)getpid());
	/* it is still wanted: home first, and there again */
	expect(h, "apply", 0, NULL);
	expect_hwaddr(h, name, "lan0", HOME);
}

static bool is_home(struct harness *h)
{
	struct network_link l;

	return network_look(h, NULL, "up0", &l) && strcmp(l.hwaddr, HOME) == 0 && l.mtu == 1450;
}

static void the_daemon_sees_it_home(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin_physical(h, "phday");
	struct network_link l;
	struct daemon *d;

	ask(h, name, PH ", mtu: 1300, hwaddr: \"" MAC "\"}\n");
	d = daemon_start(h, NULL);
	daemon_await(d, network_look(h, name, "lan0", &l) && l.up);
	ask(h, name, "");
	daemon_await(d, is_home(h));
	ask(h, name, PH ", mtu: 1300, hwaddr: \"" MAC "\"}\n");
	daemon_await(d, network_look(h, name, "lan0", &l) && l.mtu == 1300);
	network_as_root(h, name, "ip link set lan0 name mine mtu 1290");
	daemon_await(d, network_look(h, name, "lan0", &l) && l.mtu == 1300);
	/* this one is LXC's to give back: the one that it took at a start */
	ask(h, name, "");
	daemon_await(d, is_home(h));
	ask(h, name, PH ", hwaddr: \"" MAC "\"}\nstate: stopped\n");
	daemon_await(d, harness_init(h, name) == 0);
	ask(h, name, PH ", hwaddr: \"" MAC "\"}\nstate: running\n");
	daemon_await(d, harness_init(h, name) > 0);
	daemon_await(d, daemon_holds(d, name, "in-sync", NULL));
	assert_true(network_link(h, name, "lan0").up);
	ask(h, name, PH ", hwaddr: \"" MAC "\"}\n");
	daemon_nap(300);
	harness_stop(h, name);
	daemon_await(d, is_home(h));
	expect_home(h);
	daemon_stop(d);
}

/* ---- routed ---- */

#define RT "  rt: {type: nic, nictype: routed, name: eth0, "

static const char *begin_routed(struct harness *h, const char *tag)
{
	const char *name = begin(h, tag);

	network_host(h, "ip addr add 10.9.0.1/24 dev up0; echo 1 >"
			" /proc/sys/net/ipv4/conf/up0/forwarding");
	return name;
}

/* Lines of ip's answers. */
static bool says(const char *output, const char *line)
{
	return strstr(output, line) != NULL;
}

static void a_routed_one_has_its_ways(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin_routed(h, "rt");
	struct network_link end;
	char *before;

	before = network_snapshot(h);
	bring(h, name, RT "parent: up0, ipv4.address: 10.9.0.5, limits.ingress: 50Mbit}\n");
	end = network_host_end(h, name, "eth0");
	assert_true(says(network_inside(h, name, "ip addr show dev eth0"), "inet 10.9.0.5/32"));
	assert_true(says(network_inside(h, name, "ip route"), "default via 169.254.0.1 dev eth0"));
	assert_true(says(network_host(h, "ip addr show dev %s", end.name), "169.254.0.1/32"));
	assert_true(says(network_host(h, "ip route"), "10.9.0.5 dev"));
	assert_true(says(network_host(h, "ip neigh show proxy"), "10.9.0.5 dev up0"));
	network_host(h, "ping -c 1 -W 2 10.9.0.5");
	network_inside(h, name, "ping -c 1 -W 2 10.9.0.1");
	assert_true(says(network_shaping(h, end.name), "htb"));
	/* more addresses, without the gateway: in place */
	bring(h, name,
	      RT "parent: up0, ipv4.address: \"10.9.0.6, 10.9.0.7\", ipv4.gateway: none}\n");
	assert_int_equal(network_host_end(h, name, "eth0").index, end.index);
	assert_false(says(network_inside(h, name, "ip addr show dev eth0"), "10.9.0.5"));
	assert_false(says(network_inside(h, name, "ip route"), "default"));
	assert_false(says(network_host(h, "ip neigh show proxy"), "10.9.0.5"));
	assert_true(says(network_host(h, "ip neigh show proxy"), "10.9.0.7"));
	/* another parent, and none */
	network_host(h, "echo 1 > /proc/sys/net/ipv4/conf/up1/forwarding");
	bring(h, name, RT "parent: up1, ipv4.address: 10.9.0.6}\n");
	network_host(h, "ping -c 1 -W 2 10.9.0.6");
	assert_true(says(network_host(h, "ip neigh show proxy"), "10.9.0.6 dev up1"));
	assert_false(says(network_host(h, "ip neigh show proxy"), "up0"));
	bring(h, name, RT "ipv4.address: 10.9.0.6}\n");
	assert_string_equal(network_host(h, "ip neigh show proxy"), "");
	bring(h, name, "");
	network_host(h, "echo 0 > /proc/sys/net/ipv4/conf/up1/forwarding");
	network_expect_same(h, before, network_snapshot(h), "after it went");
}

static void a_routed_one_has_ipv6(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin_routed(h, "rt6");

	if (network_try(h, NULL, "test -d /proc/sys/net/ipv6") != 0)
		skip();
	ask(h, name, RT "parent: up0, ipv6.address: \"fd42::5\"}\n");
	expect(h, "diff", 1, "net.ipv6.conf.all.forwarding is not set");
	network_host(h, "cd /proc/sys/net/ipv6/conf; echo 1 > all/forwarding;"
			" echo 1 > up0/proxy_ndp; ip addr add fd42::1/64 dev up0 nodad");
	bring(h, name, RT "parent: up0, ipv6.address: \"fd42::5\"}\n");
	assert_true(says(network_inside(h, name, "ip -6 addr show dev eth0"), "fd42::5/128"));
	assert_true(says(network_inside(h, name, "ip -6 route"), "default via fe80::1 dev eth0"));
	network_host(h, "ping -c 1 -W 2 fd42::5");
	network_inside(h, name, "ping -c 1 -W 2 fd42::1");
	assert_true(says(network_host(h, "ip -6 neigh show proxy"), "fd42::5 dev up0"));
	network_host(h, "echo 0 > /proc/sys/net/ipv6/conf/all/forwarding");
}

static void a_start_brings_a_routed_one(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin_routed(h, "rtboot");

	ask(h, name, RT "parent: up0, ipv4.address: 10.9.0.5}\n");
	harness_stop(h, name);
	expect(h, "apply", 0, NULL);
	harness_start(h, name);
	assert_true(says(network_inside(h, name, "ip addr show dev eth0"), "inet 10.9.0.5/32"));
	assert_true(says(network_inside(h, name, "ip route"), "default via 169.254.0.1 dev eth0"));
	expect(h, "apply", 0, NULL);
	expect(h, "diff", 0, "Nothing to do");
	network_host(h, "ping -c 1 -W 2 10.9.0.5");
	/* nobody answers for a container that is gone */
	harness_stop(h, name);
	expect(h, "apply", 0, NULL);
	assert_string_equal(network_host(h, "ip neigh show proxy"), "");
}

static void what_root_takes_of_a_routed_one_is_put_back(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin_routed(h, "rtroot");

	bring(h, name, RT "parent: up0, ipv4.address: 10.9.0.5}\n");
	network_as_root(h, name, "ip addr flush dev eth0; ip addr add 10.9.0.66/32 dev eth0");
	network_host(h, "ip neigh del proxy 10.9.0.5 dev up0; ip route del 10.9.0.5");
	expect(h, "diff", 1, "address.10.9.0.5/32");
	expect(h, "apply", 0, NULL);
	expect(h, "diff", 0, "Nothing to do");
	network_host(h, "ping -c 1 -W 2 10.9.0.5");
	/* set down it has no routes: that is its root's affair */
	network_as_root(h, name, "ip link set eth0 down");
	expect(h, "diff", 0, "set it down");
	network_as_root(h, name, "ip link set eth0 up");
	expect(h, "diff", 1, "gateway.ipv4");
	expect(h, "apply", 0, NULL);
	network_host(h, "ping -c 1 -W 2 10.9.0.5");
}

static void a_routed_one_needs_a_parent_that_forwards(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin(h, "rtneed");

	network_host(h, "echo 0 > /proc/sys/net/ipv4/conf/up0/forwarding");
	ask(h, name, RT "parent: up0, ipv4.address: 10.9.0.5}\n");
	expect(h, "diff", 1, "sysctl -w net.ipv4.conf.up0.forwarding=1");
	expect(h, "apply", 1, NULL);
	assert_int_equal(network_count(h, name, "veth"), 0);
	ask(h, name, RT "parent: none0, ipv4.address: 10.9.0.5}\n");
	expect(h, "diff", 1, "there is no interface none0");
	/* without an address nothing comes in there */
	bring(h, name, RT "parent: up0}\n");
}

static void routed_bridged_and_p2p_become_each_other(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin_routed(h, "rtbr");
	int index;

	network_bridge(h, "br0", NULL);
	bring(h, name, "  rt: {type: nic, nictype: bridged, parent: br0, name: eth0}\n");
	index = network_host_end(h, name, "eth0").index;
	bring(h, name, RT "parent: up0, ipv4.address: 10.9.0.5}\n");
	assert_string_equal(network_host_end(h, name, "eth0").master, "");
	network_host(h, "ping -c 1 -W 2 10.9.0.5");
	bring(h, name, "  rt: {type: nic, nictype: p2p, name: eth0}\n");
	assert_string_equal(network_host(h, "ip neigh show proxy"), "");
	assert_false(says(network_host(h, "ip route"), "10.9.0.5"));
	assert_int_equal(network_host_end(h, name, "eth0").index, index);
}

static void the_daemon_answers_for_nobody_who_is_gone(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin_routed(h, "rtday");
	struct daemon *d;

	ask(h, name, RT "parent: up0, ipv4.address: 10.9.0.5}\n");
	d = daemon_start(h, NULL);
	daemon_await(d, says(network_host(h, "ip neigh show proxy"), "10.9.0.5"));
	daemon_await(d, network_try(h, NULL, "ping -c 1 -W 1 10.9.0.5") == 0);
	network_as_root(h, name, "ip addr flush dev eth0");
	daemon_await(d, network_try(h, NULL, "ping -c 1 -W 1 10.9.0.5") == 0);
	harness_stop(h, name);
	daemon_await(d, !*network_host(h, "ip neigh show proxy"));
	harness_start(h, name);
	daemon_await(d, network_try(h, NULL, "ping -c 1 -W 1 10.9.0.5") == 0);
	daemon_stop(d);
}

/* ---- export ---- */

static void the_manifest_of_an_export_changes_nothing(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin_routed(h, "export");
	char *text;

	network_host(h, "ip link add ph0 type veth peer name ph1");
	bring(h, name,
	      "  mv: {type: nic, nictype: macvlan, parent: up0}\n"
	      "  ph: {type: nic, nictype: physical, parent: ph0, mtu: 1400}\n"
	      "  rt: {type: nic, nictype: routed, parent: up0, ipv4.gateway: none,\n"
	      "       ipv4.address: \"10.9.0.5, 10.9.0.6\"}\n"
	      "  rx: {type: nic, nictype: routed, ipv4.host_address: 10.9.9.9,\n"
	      "       ipv4.address: 10.9.0.7}\n");
	if (harness_run(h, &text, h->program, "export", "-P", h->lxcpath, name, NULL) != 0)
		fail_msg("%s", text);
	harness_manifest(h, arena_printf(h->arena, "instances/%s.yaml", name), "%s", text);
	expect(h, "diff", 0, "Nothing to do");
	assert_true(says(text, "nictype: physical") && says(text, "parent: ph0"));
	assert_true(says(text, "ipv4.gateway: none") && says(text, "10.9.9.9"));
}

/* ---- ipvlan ---- */

static void an_ipvlan_needs_a_kernel_that_has_it(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = begin(h, "ipvlan");
	const char *device = "  ip: {type: nic, nictype: ipvlan, parent: up0, name: eth0,"
			     " ipv4.address: 10.9.0.5}\n";

	ask(h, name, device);
	if (network_try(h, NULL, "ip link add link up0 name try0 type ipvlan mode l3s") != 0) {
		expect(h, "diff", 0, "this kernel has no ipvlan");
		expect(h, "diff", 0, "CONFIG_IPVLAN");
		expect(h, "apply", 0, NULL);
		return;
	}
	network_host(h, "ip link del try0");
	bring(h, name, device);
	assert_string_equal(network_link(h, name, "eth0").kind, "ipvlan");
	assert_true(says(network_inside(h, name, "ip addr show dev eth0"), "10.9.0.5/32"));
	assert_true(says(network_inside(h, name, "ip route"), "default dev eth0"));
	bring(h, name, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    network_test(a_macvlan_comes_changes_and_goes),
	    network_test(a_macvlan_becomes_a_veth_and_back),
	    network_test(a_start_brings_a_macvlan),
	    network_test(a_macvlan_is_found_under_any_name),
	    network_test(a_macvlan_of_container_root_is_not_ours),
	    network_test(no_clone_of_a_macvlan_stays),
	    network_test(the_owners_macvlan_stays),
	    network_test(a_physical_one_goes_and_comes_home),
	    network_test(a_physical_one_comes_home_with_a_stop),
	    network_test(a_start_takes_a_physical_one),
	    network_test(container_root_does_not_decide_what_comes_home),
	    network_test(a_hidden_one_is_missed_until_it_is_free),
	    network_test(the_host_is_not_cut_off),
	    network_test(another_one_of_that_name_is_not_taken_for_it),
	    network_test(what_the_kernel_gives_back_gets_its_name),
	    network_test(the_daemon_sees_it_home),
	    network_test(a_routed_one_has_its_ways),
	    network_test(a_routed_one_has_ipv6),
	    network_test(a_start_brings_a_routed_one),
	    network_test(what_root_takes_of_a_routed_one_is_put_back),
	    network_test(a_routed_one_needs_a_parent_that_forwards),
	    network_test(routed_bridged_and_p2p_become_each_other),
	    network_test(the_daemon_answers_for_nobody_who_is_gone),
	    network_test(the_manifest_of_an_export_changes_nothing),
	    network_test(an_ipvlan_needs_a_kernel_that_has_it),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
