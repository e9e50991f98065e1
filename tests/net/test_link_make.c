#include "tests/net/own_netns.h"

#include <netlink/msg.h>
#include <netlink/route/link.h>

#define MAC "00:16:3e:01:02:03"

static int add_bridge(struct netlink *nl, const char *name)
{
	struct rtnl_link *l = rtnl_link_alloc();
	struct nl_msg *msg = NULL;

	assert_int_equal(rtnl_link_set_type(l, "bridge"), 0);
	rtnl_link_set_name(l, name);
	assert_int_equal(rtnl_link_build_add_request(l, NLM_F_CREATE | NLM_F_EXCL, &msg), 0);
	rtnl_link_put(l);
	assert_int_equal(netlink_ask(nl, msg, NULL, NULL), 0);
	return own_netns_link(nl, LINK_HERE, name).index;
}

static void count_one(const struct link *l, void *n)
{
	(void)l;
	++*(size_t *)n;
}

static size_t count(struct netlink *nl)
{
	size_t n = 0;

	assert_int_equal(link_each(nl, LINK_HERE, NULL, count_one, &n), 0);
	return n;
}

static void a_veth_is_whole_at_once(void **state)
{
	struct netlink *nl = own_netlink();
	int other = own_netns_another(), nsid = netlink_nsid(nl, other);
	struct link_veth v = {.name = "123456789012345",
			      .mtu = 1400,
			      .txqueuelen = 77,
			      .netns_fd = other,
			      .peer_name = "abcdefghijklmno",
			      .peer_hwaddr = MAC};
	struct link host, guest;

	(void)state;
	v.master = add_bridge(nl, "br0");
	assert_int_equal(link_add_veth(nl, &v), 0);
	host = own_netns_link(nl, LINK_HERE, v.name);
	guest = own_netns_link(nl, nsid, v.peer_name);
	assert_string_equal(guest.name, v.peer_name);
	assert_string_equal(guest.hwaddr, MAC);
	assert_int_equal(guest.mtu, 1400);
	assert_int_equal(guest.txqueuelen, 77);
	assert_int_equal(guest.master, 0);
	assert_int_equal(guest.flags & IFF_UP, 0);
	assert_string_equal(host.name, v.name);
	assert_int_equal(host.mtu, 1400);
	assert_int_equal(host.txqueuelen, 77);
	assert_int_equal(host.master, v.master);
	assert_int_equal(host.flags & IFF_UP, 0);
	assert_string_equal(host.alias, "");
	own_netns_drop(nl, v.name);
	own_netns_drop(nl, "br0");
	close(other);
}

static void what_is_not_given_is_the_kernels(void **state)
{
	struct netlink *nl = own_netlink();
	int other = own_netns_another(), nsid = netlink_nsid(nl, other);
	struct link_veth v = {.name = "host0", .netns_fd = other, .peer_name = "eth0"};
	struct link host, guest;

	(void)state;
	assert_int_equal(link_add_veth(nl, &v), 0);
	host = own_netns_link(nl, LINK_HERE, "host0");
	guest = own_netns_link(nl, nsid, "eth0");
	assert_int_equal(host.mtu, 1500);
	assert_int_equal(host.txqueuelen, 1000);
	assert_int_equal(guest.txqueuelen, 1000);
	assert_int_equal(strlen(guest.hwaddr), strlen(MAC));
	own_netns_drop(nl, "host0");
	v.txqueuelen_given = true;
	assert_int_equal(link_add_veth(nl, &v), 0);
	assert_int_equal(own_netns_link(nl, LINK_HERE, "host0").txqueuelen, 0);
	assert_int_equal(own_netns_link(nl, nsid, "eth0").txqueuelen, 0);
	own_netns_drop(nl, "host0");
	close(other);
}

static const struct {
	const char *title, *name, *peer_name, *hwaddr;
	uint32_t mtu;
	int master, error;
} refused_cases[] = {
    {"host name there",      "there0",           "eth9",             NULL,                0,       0,     -EEXIST       },
    {"guest name there",     "host9",            "eth0",             NULL,                0,       0,     -EEXIST       },
    {"long host name",       "1234567890123456", "eth9",             NULL,                0,       0,     -EINVAL       },
    {"long guest name",      "host9",            "1234567890123456", NULL,                0,       0,     -EINVAL       },
    {"no host name",         "",                 "eth9",             NULL,                0,       0,     -EINVAL       },
    {"no guest name",        "host9",            "",                 NULL,                0,       0,     -EINVAL       },
    {"odd host name",        "a/b",              "eth9",             NULL,                0,       0,     -EINVAL       },
    {"odd guest name",       "host9",            "a b",              NULL,                0,       0,     -EINVAL       },
    {"short address",        "host9",            "eth9",             "00:16:3e:01:02",    0,       0,     -EINVAL       },
    {"long address",         "host9",            "eth9",             MAC ":04",           0,       0,     -EINVAL       },
    {"no address",           "host9",            "eth9",             "",                  0,       0,     -EINVAL       },
    {"words for an address", "host9",            "eth9",             "seventeen letters", 0,       0,     -EINVAL       },
    {"group address",        "host9",            "eth9",             "01:16:3e:01:02:03", 0,       0,     -EADDRNOTAVAIL},
    {"mtu below all",        "host9",            "eth9",             NULL,                1,       0,     -EINVAL       },
    {"mtu above all",        "host9",            "eth9",             NULL,                1000000, 0,     -EINVAL       },
    {"master not there",     "host9",            "eth9",             NULL,                0,       99999, -EINVAL       },
    {"master is no master",  "host9",            "eth9",             NULL,                0,       1,     -EOPNOTSUPP   },
};

static void a_refused_veth_leaves_nothing(void **state)
{
	struct netlink *nl = own_netlink();
	int other = own_netns_another();
	struct netlink *in = netlink_in(other);
	size_t here, there;

	(void)state;
	assert_non_null(in);
	assert_int_equal(own_netns_veth(nl, "there0", other, "eth0"), 0);
	here = count(nl);
	there = count(in);
	for (size_t i = 0; i < sizeof(refused_cases) / sizeof(refused_cases[0]); i++) {
		const struct link_veth v = {.name = refused_cases[i].name,
					    .peer_name = refused_cases[i].peer_name,
					    .peer_hwaddr = refused_cases[i].hwaddr,
					    .mtu = refused_cases[i].mtu,
					    .master = refused_cases[i].master,
					    .netns_fd = other};
		int error = link_add_veth(nl, &v);

		print_message("%s: %s (%s)\n", refused_cases[i].title, strerror(-error),
			      netlink_said(nl));
		assert_int_equal(error, refused_cases[i].error);
		assert_int_equal(count(nl), here);
		assert_int_equal(count(in), there);
	}
	netlink_close(in);
	own_netns_drop(nl, "there0");
	close(other);
}

static void a_veth_into_no_namespace_is_refused(void **state)
{
	struct netlink *nl = own_netlink();
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	size_t before = count(nl);

	(void)state;
	assert_true(own_netns_veth(nl, "host0", file, "eth0") < 0);
	assert_true(own_netns_veth(nl, "host0", 9999, "eth0") < 0);
	assert_int_equal(count(nl), before);
	close(file);
}

static void an_ifb_has_its_queue(void **state)
{
	struct netlink *nl = own_netlink();
	int index = 0, none = -7;
	struct link l;

	(void)state;
	if (!link_kind_known(nl, "ifb"))
		skip_because("this kernel has no ifb");
	assert_int_equal(link_add_ifb(nl, "ekifb4711", 1000, &index), 0);
	l = own_netns_link(nl, LINK_HERE, "ekifb4711");
	assert_int_equal(l.index, index);
	assert_string_equal(l.kind, "ifb");
	assert_int_equal(l.txqueuelen, 1000);
	assert_int_equal(l.flags & IFF_UP, 0);
	assert_int_equal(link_add_ifb(nl, "ekifb4711", 1000, &none), -EEXIST);
	assert_int_equal(link_add_ifb(nl, "ekifb-of-too-many", 1000, &none), -EINVAL);
	assert_int_equal(none, -7);
	own_netns_drop(nl, "ekifb4711");
}

static void a_macvlan_is_born_inside(void **state)
{
	struct netlink *nl = own_netlink();
	int other = own_netns_another(), nsid = netlink_nsid(nl, other);
	struct link_child c = {.kind = "macvlan", .name = "eth0", .hwaddr = MAC, .mtu = 1300};
	struct link l;

	(void)state;
	if (!link_kind_known(nl, "macvlan"))
		skip_because("this kernel has no macvlan");
	c.netns_fd = other;
	c.parent = add_bridge(nl, "parent0");
	assert_int_equal(link_add_child(nl, &c), 0);
	l = own_netns_link(nl, nsid, "eth0");
	assert_string_equal(l.kind, "macvlan");
	assert_string_equal(l.hwaddr, MAC);
	assert_int_equal(l.mtu, 1300);
	assert_int_equal(l.macvlan_mode, 4); /* bridge */
	assert_int_equal(l.peer, c.parent);
	assert_int_equal(l.peer_nsid, LINK_HERE);
	assert_int_equal(link_add_child(nl, &c), -EEXIST);
	c.name = "eth1";
	c.hwaddr = "no";
	assert_int_equal(link_add_child(nl, &c), -EINVAL);
	c.hwaddr = NULL;
	c.parent = 99999;
	assert_int_equal(link_add_child(nl, &c), -ENODEV);
	own_netns_drop(nl, "parent0");
	assert_int_equal(link_by_name(nl, nsid, "eth0", &l), -ENODEV);
	close(other);
}

static void an_ipvlan_has_its_mode(void **state)
{
	struct netlink *nl = own_netlink();
	int other = own_netns_another(), nsid = netlink_nsid(nl, other);
	struct link_child c = {.kind = "ipvlan", .mode = "l2", .name = "eth0"};
	bool known = link_kind_known(nl, "ipvlan");
	struct link l;

	(void)state;
	c.netns_fd = other;
	c.parent = add_bridge(nl, "parent0");
	assert_int_equal(link_add_child(nl, &c), known ? 0 : -EOPNOTSUPP);
	if (known) {
		l = own_netns_link(nl, nsid, "eth0");
		assert_string_equal(l.kind, "ipvlan");
		assert_int_equal(l.ipvlan_mode, 0);
		assert_int_equal(l.peer, c.parent);
	}
	c.mode = "l9";
	assert_int_equal(link_add_child(nl, &c), -EINVAL);
	own_netns_drop(nl, "parent0");
	close(other);
	if (!known)
		skip_because("this kernel has no ipvlan: only its refusal was seen");
}

static const struct {
	const char *kind;
	bool known;
} kind_cases[] = {
    {"veth",       true },
    {"bridge",     true },
    {"ek-no-such", false},
    {"",           false},
    {"%s",         false},
};

static void asking_for_a_kind_makes_nothing(void **state)
{
	struct netlink *nl = own_netlink();
	size_t before = count(nl);

	(void)state;
	for (size_t i = 0; i < sizeof(kind_cases) / sizeof(kind_cases[0]); i++) {
		assert_int_equal(link_kind_known(nl, kind_cases[i].kind), kind_cases[i].known);
		assert_int_equal(count(nl), before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_veth_is_whole_at_once),
	    cmocka_unit_test(what_is_not_given_is_the_kernels),
	    cmocka_unit_test(a_refused_veth_leaves_nothing),
	    cmocka_unit_test(a_veth_into_no_namespace_is_refused),
	    cmocka_unit_test(an_ifb_has_its_queue),
	    cmocka_unit_test(a_macvlan_is_born_inside),
	    cmocka_unit_test(an_ipvlan_has_its_mode),
	    cmocka_unit_test(asking_for_a_kind_makes_nothing),
	};

	return cmocka_run_group_tests(tests, own_netns_enter, NULL);
}
