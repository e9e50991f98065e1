#include "tests/net/nic_fixture.h"

#define BRIDGED "  eth0: {type: nic, nictype: bridged, parent: br0"

/* clang-format off */
static struct parent_link parents[] = {
	{.name = "br0", .index = 7, .bridge = true, .mtu = 1500},
	{.name = "coming", .bridge = true, .to_come = true},
	{.name = "eth9", .index = 3, .mtu = 1500},
	{.name = "nobr"},
};
/* clang-format on */

static void load(struct fixture *f, const char *devices)
{
	nic_fixture_load(f, devices, (struct host){.parents = parents, .n_parents = 4});
}

static void record(struct fixture *f, const char *object, const char *attribute, const char *value)
{
	properties_add(&f->owned,
		       (struct property){.object = object, .attribute = attribute, .value = value});
	properties_sort(&f->owned);
}

/* "OBJECT ATTRIBUTE VALUE" */
static const char *value_of(struct fixture *f, const char *object, const char *attribute)
{
	const struct property *p = properties_find(&f->desired, object, attribute);

	return p ? p->value : NULL;
}

static void test_bridged(void **state)
{
	static const char *const expected[][2] = {
	    {"egress",            "19999992"         },
	    {"egress.burst",      NULL               },
	    {"host_name",         NULL               },
	    {"hwaddr",            "00:16:3e:aa:bb:cc"},
	    {"index",             "0"                },
	    {"ingress",           "50000000"         },
	    {"link",              "veth"             },
	    {"master",            "br0"              },
	    {"mtu",               "1400"             },
	    {"name",              "eth0"             },
	    {"route.10.9.0.0/24", "br0"              },
	    {"txqueuelen",        "500"              },
	    {"up",                "yes"              },
	};
	struct fixture f;

	(void)state;
	load(&f, BRIDGED ", hwaddr: '00:16:3E:AA:BB:CC', mtu: 1400, queue.tx.length: 500, "
			 "limits.ingress: 50Mbit, limits.egress: 19999999bit, "
			 "ipv4.routes: 10.9.0.0/24}\n");
	nic_fixture_desire(&f);
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		const char *value = value_of(&f, "nic/eth0", expected[i][0]);

		if (expected[i][1])
			assert_string_equal(value, expected[i][1]);
	}
	assert_null(value_of(&f, "nic/eth0", "egress.burst"));
	assert_int_equal(strlen(value_of(&f, "nic/eth0", "host_name")), 12);
	nic_fixture_free(&f);
}

static void test_derived_is_stable(void **state)
{
	struct fixture f, g;

	(void)state;
	load(&f, BRIDGED "}\n");
	load(&g, BRIDGED ", mtu: 1400}\n  a: {type: nic, nictype: p2p}\n");
	nic_fixture_desire(&f);
	nic_fixture_desire(&g);
	assert_string_equal(value_of(&f, "nic/eth0", "hwaddr"), value_of(&g, "nic/eth0", "hwaddr"));
	assert_string_equal(value_of(&f, "nic/eth0", "host_name"),
			    value_of(&g, "nic/eth0", "host_name"));
	assert_string_not_equal(value_of(&g, "nic/a", "hwaddr"),
				value_of(&g, "nic/eth0", "hwaddr"));
	assert_true(properties_find(&f.desired, "nic/eth0", "hwaddr")->recorded);
	nic_fixture_free(&f);
	nic_fixture_free(&g);
}

/* Nothing of a nic whose parent cannot be had is asked for; another nic is. */
static void test_parents(void **state)
{
	static const struct {
		const char *device, *reason;
	} cases[] = {
	    {"  eth0: {type: nic, nictype: bridged, parent: nobr}\n",
	     "there is no bridge nobr on this host"                                           },
	    {"  eth0: {type: nic, nictype: bridged, parent: eth9}\n",   "eth9 is not a bridge"},
	    {"  eth0: {type: nic, nictype: macvlan, parent: nobr}\n",
	     "there is no interface nobr on this host"                                        },
	    {"  eth0: {type: nic, nictype: macvlan, parent: eth9}\n",   NULL                  },
	    {"  eth0: {type: nic, nictype: bridged, parent: coming}\n", NULL                  },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		const struct property *link;

		load(&f, cases[i].device);
		nic_fixture_desire(&f);
		link = properties_find(&f.desired, "nic/eth0", "link");
		assert_non_null(link);
		if (!cases[i].reason) {
			assert_int_equal(link->certainty, CERTAIN_VALUE);
		} else {
			assert_int_equal(link->certainty, UNKNOWN);
			assert_true(link->wrong);
			assert_string_equal(link->reason, cases[i].reason);
			assert_non_null(link->remedy);
			assert_int_equal(f.desired.n, 1);
		}
		nic_fixture_free(&f);
	}
}

static void test_indexes(void **state)
{
	struct own_nic own[] = {
	    {.index = 0, .type = "veth", .name = "eth1", .hwaddr = "00:16:3e:01:02:03"},
	    {.index = 2,          .type = "veth",               .name = "eth5"     },
	};
	struct fixture f;

	(void)state;
	load(&f, BRIDGED "}\n  eth1: {type: nic, nictype: p2p}\n"
			 "  eth2: {type: nic, nictype: p2p}\n  eth5: {type: nic, nictype: p2p}\n");
	f.instance.own_nics = own;
	f.instance.n_own_nics = 2;
	nic_fixture_desire(&f);
	assert_string_equal(value_of(&f, "nic/eth0", "index"), "1");
	assert_string_equal(value_of(&f, "nic/eth1", "index"), "0 own veth");
	assert_string_equal(value_of(&f, "nic/eth2", "index"), "3");
	assert_string_equal(value_of(&f, "nic/eth5", "index"), "2 own veth");
	/* the owner's address stays; where he gave none, none is derived */
	assert_string_equal(value_of(&f, "nic/eth1", "hwaddr"), "00:16:3e:01:02:03");
	assert_null(value_of(&f, "nic/eth5", "hwaddr"));
	nic_fixture_free(&f);
}

static void test_recorded_index_stays(void **state)
{
	struct fixture f;

	(void)state;
	load(&f, "  a: {type: nic, nictype: p2p}\n  b: {type: nic, nictype: p2p}\n"
		 "  c: {type: nic, nictype: p2p}\n");
	record(&f, "nic/b", "index", "0");
	record(&f, "nic/c", "index", "0"); /* cannot be: both come anew but for the first */
	nic_fixture_desire(&f);
	assert_string_equal(value_of(&f, "nic/b", "index"), "0");
	assert_string_equal(value_of(&f, "nic/a", "index"), "1");
	assert_string_equal(value_of(&f, "nic/c", "index"), "2");
	nic_fixture_free(&f);
}

/* What the record says of the owner's interfaces is looked at again when his config says otherwise.
 */
static void test_indexes_follow_the_owner(void **state)
{
	static const struct {
		const char *recorded;
		struct own_nic own;
		bool known;
		const char *index;
	} rows[] = {
	    {"0 own veth", {.name = NULL},                               false, "0 own veth"   }, /* nobody looked */
	    {"3",          {.name = NULL},                               false, "3"            },
	    {"0 own veth", {.type = "macvlan", .name = "eth0"},          true,  "0 own macvlan"},
	    {"0 own veth", {.index = 1, .type = "veth", .name = "eth7"}, true,  "0"            },
	    {"0",          {.type = "veth", .name = "eth0"},             true,  "0 own veth"   },
	    {"0",          {.type = "veth", .name = "eth7"},             true,  "1"            },
	    {"0",          {.type = "empty"},                            true,  "1"            },
	    {"0 own veth", {.type = "veth", .name = "eth7"},             true,  "1"            },
	    {"0 ours",     {.index = 1, .type = "veth", .name = "eth7"}, true,  "0"            },
	    {"x",          {.index = 1, .type = "veth", .name = "eth7"}, true,  "0"            },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct own_nic own = rows[i].own;
		struct fixture f;

		load(&f, BRIDGED "}\n");
		record(&f, "nic/eth0", "index", rows[i].recorded);
		f.instance.own_nics = &own;
		f.instance.n_own_nics = rows[i].known;
		f.instance.own_nics_known = rows[i].known;
		nic_fixture_desire(&f);
		if (strcmp(value_of(&f, "nic/eth0", "index"), rows[i].index) != 0)
			fail_msg("row %zu: %s", i, value_of(&f, "nic/eth0", "index"));
		nic_fixture_free(&f);
	}
}

/* Both would go into lines of LXC's. */
static void test_recorded_texts_are_read(void **state)
{
	static const char *const names[] = {"a b", "web0\nlxc.hook.start = x", "",
					    "0123456789abcdef"};
	static const char *const hwaddrs[] = {"x", "02:00:00:00:00:01\nlxc.net.1.type = none", "",
					      "02:00:00:00:00"};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		load(&f, BRIDGED "}\n");
		record(&f, "nic/eth0", "index", "0 own veth");
		record(&f, "nic/eth0", "host_name", names[i]);
		record(&f, "nic/eth0", "hwaddr", hwaddrs[i]);
		nic_fixture_desire(&f);
		assert_int_equal(strlen(value_of(&f, "nic/eth0", "host_name")), 12);
		assert_null(value_of(&f, "nic/eth0", "hwaddr"));
		nic_fixture_free(&f);
	}
}

static void test_too_slow_a_rate(void **state)
{
	struct fixture f;
	const struct property *p;

	(void)state;
	load(&f, BRIDGED ", limits.ingress: 80bit}\n");
	nic_fixture_desire(&f);
	p = properties_find(&f.desired, "nic/eth0", "ingress");
	assert_string_equal(p->value, "80");
	nic_fixture_free(&f);
}

static const char *boot_text(struct fixture *f)
{
	const char **lines = NULL, *text = "";
	size_t n = 0, capacity = 0;

	nic_driver.boot(&f->host, &f->desired, f->arena, &lines, &n, &capacity);
	for (size_t i = 0; i < n; i++)
		text = arena_join(f->arena, text, lines[i], "\n", NULL);
	return text;
}

static void test_boot_lines(void **state)
{
	struct fixture f;

	(void)state;
	load(&f, BRIDGED ", hwaddr: '00:16:3e:aa:bb:cc', host_name: vweb1, mtu: 1400, "
			 "limits.ingress: 1Mbit}\n"
			 "  lan: {type: nic, nictype: macvlan, parent: eth9, name: lan0, hwaddr: "
			 "'00:16:3e:aa:bb:cd'}\n"
			 "  bad: {type: nic, nictype: bridged, parent: nobr}\n");
	nic_fixture_desire(&f);
	assert_string_equal(boot_text(&f), "lxc.net.1.type = veth\n"
					   "lxc.net.1.link = br0\n"
					   "lxc.net.1.veth.pair = vweb1\n"
					   "lxc.net.1.flags = up\n"
					   "lxc.net.1.name = eth0\n"
					   "lxc.net.1.hwaddr = 00:16:3e:aa:bb:cc\n"
					   "lxc.net.1.mtu = 1400\n"
					   "lxc.net.2.type = macvlan\n"
					   "lxc.net.2.link = eth9\n"
					   "lxc.net.2.macvlan.mode = bridge\n"
					   "lxc.net.2.flags = up\n"
					   "lxc.net.2.name = lan0\n"
					   "lxc.net.2.hwaddr = 00:16:3e:aa:bb:cd\n");
	nic_fixture_free(&f);
}

/* Of a nic that stands in for the owner's, none of his lines may stay in force. */
static void test_boot_takes_over(void **state)
{
	struct own_nic own = {.index = 4, .type = "veth", .name = "eth0", .link = "lxcbr0"};
	struct fixture f;

	(void)state;
	load(&f, "  eth0: {type: nic, nictype: p2p, host_name: vweb1}\n");
	f.instance.own_nics = &own;
	f.instance.n_own_nics = 1;
	nic_fixture_desire(&f);
	/* a type again would make LXC forget his addresses */
	assert_string_equal(boot_text(&f), "lxc.net.4.link = \n"
					   "lxc.net.4.veth.pair = vweb1\n"
					   "lxc.net.4.flags = up\n"
					   "lxc.net.4.name = eth0\n");
	own.type = "macvlan";
	properties_init(&f.desired, f.arena);
	nic_fixture_desire(&f);
	assert_int_equal(strncmp(boot_text(&f), "lxc.net.4.type = veth\n", 22), 0);
	nic_fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bridged),
	    cmocka_unit_test(test_derived_is_stable),
	    cmocka_unit_test(test_parents),
	    cmocka_unit_test(test_indexes),
	    cmocka_unit_test(test_recorded_index_stays),
	    cmocka_unit_test(test_recorded_texts_are_read),
	    cmocka_unit_test(test_indexes_follow_the_owner),
	    cmocka_unit_test(test_too_slow_a_rate),
	    cmocka_unit_test(test_boot_lines),
	    cmocka_unit_test(test_boot_takes_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
