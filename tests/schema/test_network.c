/* schema/network, and the rules of schema/network_rules through manifests. */
#include "schema/network.h"

#include "schema/expand.h"
#include "tests/schema/findings.h"

static struct network network_of(struct loaded *l, const char *text)
{
	struct network out;

	*l = load("br0.yaml", text);
	assert_int_equal(l->ds.errors, 0);
	assert_int_equal(l->manifest->n, 1);
	network_read(&l->manifest->documents[0], l->arena, &out);
	return out;
}

static void a_bridge_is_read(void **state)
{
	struct loaded l;
	struct network n = network_of(&l, "kind: network\nconfig:\n"
					  "  bridge.mtu: 9000\n  bridge.hwaddr: 02:AA:bb:00:00:01\n"
					  "  ipv4.address: 10.0.3.1/24\n"
					  "  ipv6.address: FD42:0:0::1/064\n");

	(void)state;
	assert_int_equal(n.kind, NETWORK_BRIDGE);
	assert_int_equal(n.mtu, 9000);
	assert_string_equal(n.hwaddr, "02:aa:bb:00:00:01");
	assert_string_equal(n.ipv4.text, "10.0.3.1/24");
	assert_string_equal(n.ipv6.text, "fd42::1/64");
	assert_int_equal(n.ipv6.setting->at.line, 6);
	assert_int_equal(n.document->state, STATE_AS_IT_IS);
	unload(&l);
}

static void what_is_not_given_is_nothing(void **state)
{
	struct loaded l;
	struct network n = network_of(&l, "kind: network\nconfig: {ipv4.address: none}\n");

	(void)state;
	assert_int_equal(n.mtu, 0);
	assert_null(n.hwaddr);
	assert_null(n.ipv4.text);
	assert_non_null(n.ipv4.setting);
	assert_false(n.ipv4.automatic);
	assert_null(n.ipv6.text);
	assert_null(n.ipv6.setting);
	unload(&l);
	n = network_of(&l, "kind: network\nconfig: {ipv6.address: auto}\n");
	assert_null(n.ipv6.text);
	assert_true(n.ipv6.automatic);
	unload(&l);
}

static void other_networks_name_a_parent(void **state)
{
	static const struct {
		const char *type;
		enum network_kind kind;
	} cases[] = {
	    {"macvlan",  NETWORK_MACVLAN },
	    {"physical", NETWORK_PHYSICAL},
	    {"sriov",    NETWORK_SRIOV   },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[128];
		struct loaded l;
		struct network n;

		snprintf(text, sizeof(text),
			 "kind: network\ntype: %s\nconfig: {parent: eth1, mtu: 1400}\n",
			 cases[i].type);
		n = network_of(&l, text);
		assert_int_equal(n.kind, cases[i].kind);
		assert_string_equal(network_kind_name(n.kind), cases[i].type);
		assert_string_equal(n.parent, "eth1");
		assert_int_equal(n.mtu, 1400);
		unload(&l);
	}
}

static void which_bridges_are_made(void **state)
{
	static const struct {
		const char *name;
		bool made;
	} cases[] = {
	    {"absent",  false},
            {"fan",     false},
            {"macvlan", false},
	    {"ovs",     false},
            {"plain",   true },
            {"present", true },
	    {"twice",   false},
            {"wrong",   false},
            {"nobody",  false},
	};
	struct loaded l =
	    load("all.yaml", "{kind: network, name: plain}\n---\n"
			     "{kind: network, name: absent, state: absent}\n---\n"
			     "{kind: network, name: present, state: present}\n---\n"
			     "{kind: network, name: fan, config: {bridge.mode: fan}}\n---\n"
			     "{kind: network, name: ovs, config: {bridge.driver: "
			     "openvswitch}}\n---\n"
			     "{kind: network, name: macvlan, type: macvlan, config: "
			     "{parent: eth0}}\n---\n"
			     "{kind: network, name: twice}\n---\n"
			     "{kind: network, name: twice}\n---\n"
			     "{kind: network, name: wrong, config: {bridge.mtu: 1}}\n");
	struct catalog *c = arena_alloc(l.arena, sizeof(*c));

	(void)state;
	catalog_build(c, &l.manifest, 1, l.arena, &l.ds);
	for (size_t i = 0; i < COUNT(cases); i++)
		if (network_makes_bridge(c->networks, c->n_networks, cases[i].name) !=
		    cases[i].made)
			fail_msg("%s", cases[i].name);
	assert_string_equal(network_find(c->networks, c->n_networks, "fan")->name, "fan");
	assert_null(network_find(NULL, 0, "fan"));
	unload(&l);
}

static void addresses_differ_by_host_and_name(void **state)
{
	char a[18], b[18], c[18], again[18];

	(void)state;
	network_stable_hwaddr("host1", "br0", a);
	network_stable_hwaddr("host2", "br0", b);
	network_stable_hwaddr("host1", "br1", c);
	network_stable_hwaddr("host1", "br0", again);
	assert_string_equal(a, again);
	assert_string_not_equal(a, b);
	assert_string_not_equal(a, c);
	assert_int_equal(strlen(a), 17);
	/* locally administered, of one interface */
	assert_int_equal(strtoul((char[]){a[0], a[1], 0}, NULL, 16) & 3, 2);
	/* it is what hosts wear by now: another one would change them all */
	assert_string_equal(a, "16:13:5a:05:d1:f4");
}

static void the_state_of_a_network(void **state)
{
	static const struct finding_case cases[] = {
	    {"state: absent\n",   ""						      },
	    {"state: present\n",  ""						      },
	    {"state: ''\n",       ""						      },
	    {"state: absnet\n",
	     "2:8 error: unknown state of a network 'absnet' [did you mean absent?]\n"    },
	    {"state: running\n",
	     "2:8 error: unknown state of a network 'running' [it is present or absent]\n"},
	    {"state: [absent]\n", "2:8 error: state must be a text, not a list\n"         },
	    {"stat: absent\n",
	     "2:1 error: unknown field 'stat' of the network [did you mean state?]\n"     },
	};

	(void)state;
	check_findings("br0.yaml", "kind: network\n", cases, COUNT(cases));
}

static void a_preseed_has_no_state(void **state)
{
	static const struct finding_case cases[] = {
	    {"networks: [{name: br0, state: absent}]\n",
	     "1:1 notice: not yet supported: validated only: a preseed\n"
	     "1:31 error: a network of a preseed has no state [write a document of kind: "
	     "network]\n"},
	};

	(void)state;
	check_findings("p.yaml", "", cases, COUNT(cases));
}

static void keys_belong_to_types(void **state)
{
	static const struct finding_case cases[] = {
	    {"config: {mtu: 1400}\n",
	     "2:10 error: mtu is no key of a network of type bridge [did you mean bridge.mtu?]\n"                             },
	    {"config: {parent: eth0}\n",
	     "2:10 error: parent is no key of a network of type bridge\n"                                                     },
	    {"type: macvlan\nconfig: {parent: eth0, bridge.mtu: 1400}\n",
	     "3:24 error: bridge.mtu is no key of a network of type macvlan [did you mean mtu?]\n"                            },
	    {"type: physical\nconfig: {parent: eth0, ipv4.address: 10.0.0.1/24}\n",
	     "3:24 error: ipv4.address is no key of a network of type physical\n"                                             },
	    {"type: physical\n",						    "1:1 error: the network has no parent: one of type physical needs "
				 "one [in its config: parent: INTERFACE, one of the host's]\n"},
	    {"type: macvlan\nconfig: {parent: a/b}\n",
	     "3:19 error: 'a/b' is not an interface name [write letters, digits, \"-\", \"_\", "
	     "\".\" and \"+\", first a letter, a digit or \"_\", like eth0]\n"                                                },
	    {"type: sriov\nconfig: {parent: eth0}\n",
	     "1:1 notice: not yet supported: validated only: networks of type sriov\n"                                        },
	    {"type: ovn\nconfig: {network: up}\n",
	     "1:1 notice: not yet supported: validated only: networks of type ovn\n"                                          },
	};

	(void)state;
	check_findings("br0.yaml", "kind: network\n", cases, COUNT(cases));
}

static void addresses_of_hosts(void **state)
{
	static const struct finding_case cases[] = {
	    {"{ipv4.address: 10.0.3.1/24}\n",                    ""								      },
	    {"{ipv4.address: 10.0.3.1/32}\n",                    ""								      },
	    {"{ipv4.address: 10.0.3.0/31}\n",                    ""								      },
	    {"{ipv6.address: fd42::1/128}\n",                    ""								      },
	    {"{ipv6.address: 'fd42::ffff:ffff:ffff:ffff/64'}\n", ""								      },
	    {"{ipv4.address: 10.0.3.0/24}\n",                    "2:24 error: 10.0.3.0/24 is the address of the "
					      "network itself [did you mean 10.0.3.1/24?]\n"},
	    {"{ipv4.address: 10.0.3.255/24}\n",
	     "2:24 error: 10.0.3.255/24 is the broadcast address of its network [did you mean "
	     "10.0.3.1/24?]\n"													   },
	    {"{ipv4.address: 10.0.3.1/0}\n",
	     "2:24 error: 10.0.3.1/0 would make every address a neighbour\n"                                                             },
	    {"{ipv4.address: 127.0.0.1/8}\n",
	     "2:24 error: 127.0.0.1/8 is the host's own loopback\n"								      },
	    {"{ipv4.address: 224.0.0.5/24}\n",                   "2:24 error: 224.0.0.5/24 is no host's address\n"                       },
	    {"{ipv4.address: 0.0.0.0/8}\n",                      "2:24 error: 0.0.0.0/8 is no host's address\n"                          },
	    {"{ipv4.address: 10.0.3.1}\n",
	     "2:32 error: '10.0.3.1' is not an address with the length of its prefix [write "
	     "10.0.3.1/24, auto or none]\n"											      },
	    {"{ipv6.address: 'fd42::/64'}\n",                    "2:24 error: fd42::/64 is the address of the network "
					      "itself [did you mean fd42::1/64?]\n"         },
	    {"{ipv6.address: 'ff02::1/64'}\n",                   "2:24 error: ff02::1/64 is no host's address\n"                         },
	    {"{ipv6.address: '::1/64'}\n",                       "2:24 error: ::1/64 is the host's own loopback\n"                       },
	    {"{ipv6.address: '::1/128'}\n",                      "2:24 error: ::1/128 is the host's own loopback\n"                      },
	    {"{ipv6.address: 'fd42::1/64', bridge.mtu: 1279}\n",
	     "2:50 error: bridge.mtu 1279 is too small for IPv6 [IPv6 needs 1280; for IPv4 alone "
	     "leave ipv6.address out]\n"												 },
	    {"{ipv6.address: 'fd42::1/64', bridge.mtu: 1280}\n", ""								      },
	    {"{ipv6.address: none, bridge.mtu: 600}\n",          ""								      },
	};

	(void)state;
	check_findings("br0.yaml", "kind: network\nconfig: ", cases, COUNT(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_bridge_is_read),
	    cmocka_unit_test(what_is_not_given_is_nothing),
	    cmocka_unit_test(other_networks_name_a_parent),
	    cmocka_unit_test(which_bridges_are_made),
	    cmocka_unit_test(addresses_differ_by_host_and_name),
	    cmocka_unit_test(the_state_of_a_network),
	    cmocka_unit_test(a_preseed_has_no_state),
	    cmocka_unit_test(keys_belong_to_types),
	    cmocka_unit_test(addresses_of_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
