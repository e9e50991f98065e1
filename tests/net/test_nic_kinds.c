/* What is asked of nics that are no bridge's ports, and what the boot file says of them. */
#include "tests/net/nic_fixture.h"

static const struct home_link home = {.mark = "veth 9", .mtu = 1450};

static struct parent_link parents[] = {
    {.name = "away",  .away = true, .home = &home},
    {.name = "br0",  .index = 2, .bridge = true, .unmarked = "nothing tells a bridge from one"},
    {.name = "busy",   .index = 3, .home = &home, .needed = "it is a port of the bridge br0"},
    {.name = "dumb",
     .index = 4,
     .lacks4 = "net.ipv4.conf.dumb.forwarding",
     .lacks6 = "net.ipv6.conf.all.forwarding"},
    {.name = "eth1",               .index = 5, .home = &home},
    {.name = "gone"  },
};

static void desire(struct fixture *f, const char *device, enum status status)
{
	char line[512];

	snprintf(line, sizeof(line), "  eth0: {type: nic, %s}\n", device);
	nic_fixture_load(f, line,
			 (struct host){.parents = parents,
				       .n_parents = sizeof(parents) / sizeof(*parents),
				       .lacks_ipvlan = strstr(device, "parent: gone") != NULL});
	f->instance.status = status;
	nic_fixture_desire(f);
}

/* "ATTRIBUTE=VALUE" of each, but for what is derived. */
static const char *all_of(struct fixture *f)
{
	static const char *const derived[] = {"host_name", "hwaddr", "index", "up"};
	const char *text = "";

	for (size_t i = 0; i < f->desired.n; i++) {
		const struct property *p = &f->desired.items[i];
		bool leave_out = false;

		for (size_t k = 0; k < sizeof(derived) / sizeof(*derived); k++)
			leave_out |= strcmp(p->attribute, derived[k]) == 0;
		if (!leave_out)
			text = arena_join(f->arena, text, *text ? " " : "", p->attribute, "=",
					  p->value ? p->value : "?", NULL);
	}
	return text;
}

static const char *boot_of(struct fixture *f)
{
	const char **lines = NULL, *text = "";
	size_t n = 0, capacity = 0;

	nic_driver.boot(&f->host, &f->desired, f->arena, &lines, &n, &capacity);
	for (size_t i = 0; i < n; i++)
		if (!strstr(lines[i], "pair") && !strstr(lines[i], "hwaddr"))
			text =
			    arena_join(f->arena, text, lines[i] + strlen("lxc.net.0."), "\n", NULL);
	return text;
}

/* clang-format off */
static const struct {
	const char *device, *wanted, *boot;
} kinds[] = {
	{"nictype: physical, parent: eth1, name: lan0",
	 "link=physical eth1 name=lan0",
	 "type = phys\nlink = eth1\nflags = up\nname = lan0\n"},
	{"nictype: physical, parent: eth1, mtu: 1400",
	 "link=physical eth1 mtu=1400 name=eth0",
	 "type = phys\nlink = eth1\nflags = up\nname = eth0\nmtu = 1400\n"},
	{"nictype: routed, parent: eth1, ipv4.address: 10.0.0.5",
	 "address.10.0.0.5/32=inside gateway.ipv4=169.254.0.1 host_address.169.254.0.1/32=host end "
	 "ipv4.forwarding=1 ipv4.rp_filter=1 link=veth name=eth0 neighbour.10.0.0.5=eth1 "
	 "route.10.0.0.5/32=host end",
	 "type = veth\nflags = up\nname = eth0\nipv4.address = 10.0.0.5/32\n"
	 "ipv4.gateway = 169.254.0.1\n"},
	{"nictype: routed, ipv6.address: 'fd00::5', ipv6.gateway: none",
	 "address.fd00::5/128=inside host_address.fe80::1/128=host end ipv6.forwarding=1 link=veth "
	 "name=eth0 route.fd00::5/128=host end",
	 "type = veth\nflags = up\nname = eth0\nipv6.address = fd00::5/128\n"},
	{"nictype: routed", "link=veth name=eth0", "type = veth\nflags = up\nname = eth0\n"},
	{"nictype: ipvlan, parent: eth1, ipv4.address: 10.0.0.5",
	 "address.10.0.0.5/32=inside gateway.ipv4=dev link=ipvlan eth1 l3s name=eth0",
	 "type = ipvlan\nlink = eth1\nipvlan.mode = l3s\nipvlan.isolation = bridge\nflags = up\n"
	 "name = eth0\nipv4.address = 10.0.0.5/32\nipv4.gateway = dev\n"},
	{"nictype: ipvlan, parent: eth1, mode: l2",
	 "link=ipvlan eth1 l2 name=eth0",
	 "type = ipvlan\nlink = eth1\nipvlan.mode = l2\nipvlan.isolation = bridge\nflags = up\n"
	 "name = eth0\n"},
	{"nictype: bridged, parent: br0, ipv4.address: 10.0.0.5",
	 "ipv4.address=? link=veth master=br0 name=eth0",
	 "type = veth\nlink = br0\nflags = up\nname = eth0\n"},
};

static const struct {
	const char *device;
	enum status status;
	const char *reason, *remedy; /* NULL: it can be had */
} judged[] = {
	{"nictype: physical, parent: eth1", STATUS_RUNNING, NULL, NULL},
	{"nictype: physical, parent: away", STATUS_RUNNING, NULL, NULL},
	{"nictype: physical, parent: away", STATUS_STOPPED, "away has not come back", "unplugged"},
	{"nictype: physical, parent: gone", STATUS_STOPPED, "no interface gone", "ip link"},
	{"nictype: physical, parent: gone", STATUS_RUNNING, "no interface gone", "stop that once"},
	{"nictype: physical, parent: br0", STATUS_STOPPED, "nothing tells a bridge", "macvlan"},
	{"nictype: physical, parent: busy", STATUS_STOPPED, "a port of the bridge br0", "cut off"},
	{"nictype: routed, parent: dumb", STATUS_STOPPED, NULL, NULL},
	{"nictype: routed, parent: dumb, ipv4.address: 10.0.0.5", STATUS_STOPPED,
	 "net.ipv4.conf.dumb.forwarding", "sysctl -w net.ipv4.conf.dumb.forwarding=1"},
	{"nictype: routed, parent: dumb, ipv6.address: 'fd00::1'", STATUS_STOPPED,
	 "net.ipv6.conf.all.forwarding", "sysctl -w net.ipv6.conf.all.forwarding=1"},
	{"nictype: routed, parent: gone", STATUS_STOPPED, "no interface gone", "ip link"},
	{"nictype: ipvlan, parent: dumb", STATUS_STOPPED, NULL, NULL},
	{"nictype: ipvlan, parent: gone", STATUS_STOPPED, "no ipvlan", "CONFIG_IPVLAN"},
	{"nictype: sriov, parent: eth1", STATUS_STOPPED, "no SR-IOV", NULL},
	{"nictype: physical, parent: unseen", STATUS_STOPPED, NULL, NULL},
};
/* clang-format on */

static void each_kind_asks_for_its_own(void **state)
{
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		desire(&f, kinds[i].device, STATUS_STOPPED);
		assert_string_equal(all_of(&f), kinds[i].wanted);
		assert_string_equal(boot_of(&f), kinds[i].boot);
		nic_fixture_free(&f);
	}
}

static void what_cannot_be_had_says_why(void **state)
{
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(judged) / sizeof(*judged); i++) {
		const struct property *link;

		desire(&f, judged[i].device, judged[i].status);
		link = properties_find(&f.desired, "nic/eth0", "link");
		assert_non_null(link);
		if (!judged[i].reason && link->certainty != CERTAIN_VALUE)
			fail_msg("%s: %s", judged[i].device, link->reason);
		if (judged[i].reason) {
			assert_int_not_equal(link->certainty, CERTAIN_VALUE);
			assert_non_null(strstr(link->reason, judged[i].reason));
			assert_string_equal(boot_of(&f), "");
		}
		if (judged[i].remedy)
			assert_non_null(strstr(link->remedy, judged[i].remedy));
		nic_fixture_free(&f);
	}
}

/* What a start brings is written down with its value; the host's side is not. */
static void what_is_recorded(void **state)
{
	struct fixture f;

	(void)state;
	desire(&f, "nictype: routed, parent: eth1, ipv4.address: 10.0.0.5", STATUS_STOPPED);
	assert_true(properties_find(&f.desired, "nic/eth0", "address.10.0.0.5/32")->recorded);
	assert_true(properties_find(&f.desired, "nic/eth0", "gateway.ipv4")->recorded);
	assert_false(properties_find(&f.desired, "nic/eth0", "neighbour.10.0.0.5")->recorded);
	assert_false(properties_find(&f.desired, "nic/eth0", "ipv4.forwarding")->recorded);
	nic_fixture_free(&f);
	desire(&f, "nictype: physical, parent: eth1", STATUS_STOPPED);
	assert_null(properties_find(&f.desired, "nic/eth0", "hwaddr"));
	assert_null(properties_find(&f.desired, "nic/eth0", "host_name"));
	nic_fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_kind_asks_for_its_own),
	    cmocka_unit_test(what_cannot_be_had_says_why),
	    cmocka_unit_test(what_is_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
