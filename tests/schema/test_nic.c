#include "schema/nic.h"

#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct fixture {
	struct arena *arena;
	struct diagnostics ds;
	struct manifest *manifest;
	struct catalog catalog;
	const struct instance *instance;
	struct properties owned;
};

/* Reads TEXT, whose instance is web1. */
static struct fixture load(const char *text)
{
	struct fixture f = {.arena = arena_new()};
	struct expand_options options = {.host = "host1"};

	diagnostics_init(&f.ds, f.arena);
	properties_init(&f.owned, f.arena);
	f.manifest =
	    manifest_from_bytes("all.yaml", text, strlen(text), (struct manifest_hints){0}, &f.ds);
	catalog_build(&f.catalog, &f.manifest, 1, f.arena, &f.ds);
	f.instance = instance_expand(&f.catalog, catalog_find(&f.catalog, KIND_INSTANCE, "web1"),
				     &options, f.arena, &f.ds);
	return f;
}

static void unload(struct fixture *f)
{
	manifest_free(f->manifest);
	arena_free(f->arena);
}

static void record(struct fixture *f, const char *object, const char *attribute, const char *value)
{
	properties_add(&f->owned,
		       (struct property){.object = object, .attribute = attribute, .value = value});
	properties_sort(&f->owned);
}

static size_t nics(struct fixture *f, struct nic **out)
{
	return nics_of(f->instance, f->catalog.networks, f->catalog.n_networks, &f->owned, f->arena,
		       out);
}

/* "OBJECT=NAME" of all, a blank between. */
static const char *names(struct fixture *f)
{
	struct nic *all;
	size_t n = nics(f, &all);
	const char *text = "";

	for (size_t k = 0; k < n; k++)
		text = arena_printf(f->arena, "%s%s%s=%s", text, k ? " " : "", all[k].object,
				    all[k].name);
	return text;
}

#define WEB1 "kind: instance\nname: web1\nprofiles: []\ndevices:\n"
#define P2P "type: nic, nictype: p2p"

static void names_inside_are_given_once(void **state)
{
	static const struct {
		const char *devices, *names;
	} rows[] = {
	    {"  eth0: {" P2P "}\n",					     "nic/eth0=eth0"           },
	    {"  lan: {" P2P "}\n",					      "nic/lan=eth0"            },
	    {"  lan: {" P2P ", name: lan0}\n",                                  "nic/lan=lan0"            },
 /* a name of one's own wins over a free one, whatever the order */
	    {"  a: {" P2P "}\n  eth0: {" P2P "}\n",                             "nic/a=eth1 nic/eth0=eth0"},
 /* a given one wins over both */
	    {"  a: {" P2P "}\n  eth0: {" P2P "}\n  z: {" P2P ", name: eth0}\n",
	     "nic/a=eth1 nic/eth0=eth2 nic/z=eth0"							},
	    {"  eth00: {" P2P "}\n  eth: {" P2P "}\n  eth7: {" P2P "}\n",
	     "nic/eth=eth0 nic/eth00=eth1 nic/eth7=eth7"                                                  },
	    {"  eth4294967296: {" P2P "}\n",                                    "nic/eth4294967296=eth0"  },
	    {"  a/b: {" P2P "}\n",					      "nic/a%2Fb=eth0"          },
	    {"  b: {type: none}\n  c: {" P2P "}\n",                             "nic/c=eth0"              },
	    {"  a: {type: infiniband, nictype: physical, parent: ib0, name: eth0}\n"
	     "  c: {" P2P "}\n",
	     "nic/c=eth1"										 },
	};

	(void)state;
	for (size_t k = 0; k < COUNT(rows); k++) {
		char text[1024];
		struct fixture f;

		snprintf(text, sizeof(text), WEB1 "%s", rows[k].devices);
		f = load(text);
		assert_int_equal(f.ds.errors, 0);
		assert_string_equal(names(&f), rows[k].names);
		unload(&f);
	}
}

static void a_recorded_name_stays(void **state)
{
	struct fixture f = load(WEB1 "  a: {" P2P "}\n  b: {" P2P "}\n  c: {" P2P ", name: x}\n"
				     "  eth0: {" P2P "}\n");

	(void)state;
	assert_string_equal(names(&f), "nic/a=eth1 nic/b=eth2 nic/c=x nic/eth0=eth0");
	record(&f, "nic/a", "name", "eth0");
	assert_string_equal(names(&f), "nic/a=eth0 nic/b=eth1 nic/c=x nic/eth0=eth2");
	/* not one that the manifest gives to another, and not what is none */
	record(&f, "nic/a", "name", "x");
	record(&f, "nic/b", "name", "../b");
	record(&f, "nic/c", "name", "y");
	assert_string_equal(names(&f), "nic/a=eth1 nic/b=eth2 nic/c=x nic/eth0=eth0");
	unload(&f);
}

static void a_network_says_kind_and_parent(void **state)
{
	static const struct {
		const char *documents, *options;
		enum nic_kind kind;
		const char *parent;
		uint32_t mtu;
	} rows[] = {
	    {"",											       "nictype: bridged, parent: br0, mtu: 1400", NIC_BRIDGED,  "br0",  1400},
	    {"",											       "nictype: p2p",                             NIC_P2P,      NULL,   0   },
	    {"",											       "nictype: macvlan, parent: eth9",           NIC_MACVLAN,  "eth9", 0   },
	    {"",											       "nictype: physical, parent: eth9",          NIC_PHYSICAL, "eth9", 0   },
	    {"",											       "nictype: routed",                          NIC_ROUTED,   NULL,   0   },
	    {"",											       "nictype: ipvlan, parent: eth9",            NIC_IPVLAN,   "eth9", 0   },
	    {"",											       "nictype: sriov, parent: eth9",             NIC_SRIOV,    "eth9", 0   },
	    {"",											       "network: lan",                             NIC_BRIDGED,  "lan",  0   },
	    {"kind: network\nname: lan\ntype: bridge\nconfig: {bridge.mtu: 9000}\n---\n",
	     "network: lan",															       NIC_BRIDGED,  "lan",  0   },
	    {"kind: network\nname: lan\n---\n",								"network: lan",                             NIC_BRIDGED,  "lan",  0   },
	    {"kind: network\nname: other\ntype: macvlan\nconfig: {parent: eth7}\n---\n"
	     "kind: network\nname: lan\ntype: macvlan\nconfig: {parent: eth9, mtu: 1300}\n---\n", "network: lan",			     NIC_MACVLAN,  "eth9", 1300},
	    {"kind: network\nname: lan\ntype: physical\nconfig: {parent: eth9}\n---\n",
	     "network: lan",															       NIC_PHYSICAL, "eth9", 0   },
	    {"kind: network\nname: lan\ntype: sriov\nconfig: {parent: eth9}\n---\n",                           "network: lan",
	     NIC_SRIOV,																		  "eth9", 0   },
	    {"kind: network\nname: lan\ntype: ovn\n---\n",                                                     "network: lan",                             NIC_OVN,      NULL,   0   },
	};

	(void)state;
	for (size_t k = 0; k < COUNT(rows); k++) {
		char text[1024];
		struct fixture f;
		struct nic *all;

		snprintf(text, sizeof(text), "%s" WEB1 "  eth0: {type: nic, %s}\n",
			 rows[k].documents, rows[k].options);
		f = load(text);
		assert_int_equal(nics(&f, &all), 1);
		assert_int_equal(all->kind, rows[k].kind);
		assert_int_equal(all->mtu, rows[k].mtu);
		assert_int_equal(!all->parent_setting, !rows[k].parent && all->kind != NIC_OVN);
		if (rows[k].parent)
			assert_string_equal(all->parent, rows[k].parent);
		else
			assert_null(all->parent);
		unload(&f);
	}
}

static void options_are_typed(void **state)
{
	struct fixture f = load(WEB1 "  eth0: {type: nic, nictype: bridged, parent: br0,\n"
				     "    name: lan0, hwaddr: '00:16:3E:AB:CD:EF',\n"
				     "    host_name: vethweb, queue.tx.length: 0,\n"
				     "    limits.ingress: 100Mbit, limits.egress: 1kbit,\n"
				     "    limits.priority: 0}\n");
	struct nic *all;

	(void)state;
	assert_int_equal(f.ds.errors, 0);
	assert_int_equal(nics(&f, &all), 1);
	assert_string_equal(all->object, "nic/eth0");
	assert_string_equal(all->name, "lan0");
	assert_true(all->name_given);
	assert_string_equal(all->hwaddr, "00:16:3e:ab:cd:ef");
	assert_string_equal(all->host_name, "vethweb");
	assert_true(all->txqueuelen_given);
	assert_int_equal(all->txqueuelen, 0);
	assert_int_equal(all->ingress, 100000000);
	assert_int_equal(all->egress, 1000);
	assert_string_equal(all->egress_setting->name, "limits.egress");
	assert_true(all->priority_given);
	assert_null(all->mode);
	assert_int_equal(all->n_routes, 0);
	assert_string_equal(all->device->device->name, "eth0");
	unload(&f);
}

static void limits_max_wins(void **state)
{
	struct fixture f = load(WEB1 "  eth0: {" P2P ", limits.ingress: 1Mbit, limits.max: 3Mbit}\n"
				     "  eth1: {" P2P "}\n");
	struct nic *all;

	(void)state;
	assert_int_equal(nics(&f, &all), 2);
	assert_int_equal(all[0].ingress, 3000000);
	assert_int_equal(all[0].egress, 3000000);
	assert_string_equal(all[0].ingress_setting->name, "limits.max");
	assert_int_equal(all[1].ingress, 0);
	assert_null(all[1].ingress_setting);
	assert_false(all[1].txqueuelen_given);
	assert_false(all[1].priority_given);
	unload(&f);
}

static void routes_are_as_the_kernel_has_them(void **state)
{
	struct fixture f = load(WEB1 "  eth0: {" P2P ",\n"
				     "    ipv4.routes: '10.1.2.3/24, 10.0.0.0/8,10.1.2.77/24',\n"
				     "    ipv6.routes: 'FD42:0:0::7/64, fd42::1/128'}\n");
	static const char *const expected[] = {"10.0.0.0/8", "10.1.2.0/24", "fd42::/64",
					       "fd42::1/128"};
	struct nic *all;

	(void)state;
	assert_int_equal(f.ds.errors, 0);
	assert_int_equal(nics(&f, &all), 1);
	assert_int_equal(all->n_routes, COUNT(expected));
	for (size_t k = 0; k < COUNT(expected); k++)
		assert_string_equal(all->routes[k].prefix, expected[k]);
	assert_string_equal(all->routes[1].setting->name, "ipv4.routes");
	assert_string_equal(all->routes[3].setting->name, "ipv6.routes");
	unload(&f);
}

static void prefixes_lose_their_host_bits(void **state)
{
	static const struct {
		const char *text, *prefix;
	} rows[] = {
	    {"10.1.2.3/24",					   "10.1.2.0/24"          },
	    {"10.1.2.3/32",					   "10.1.2.3/32"          },
	    {"10.1.2.255/25",					 "10.1.2.128/25"        },
	    {"255.255.255.255/0",				     "0.0.0.0/0"            },
	    {"fd42:1:2:3:4:5:6:7/65",                                 "fd42:1:2:3::/65"      },
	    {"::ffff:ffff/128",				       "::255.255.255.255/128"},
	    {"10.1.2.3",					      NULL                   },
	    {"10.1.2.3/33",					   NULL                   },
	    {"10.1.2.3/",					     NULL                   },
	    {"/24",						   NULL                   },
	    {"10.1.2/24",					     NULL                   },
	    {"fd42::/129",					    NULL                   },
	    {"fd42::zzzz:zzzz:zzzz:zzzz:zzzz:zzzz:zzzz:zzzz:zzzz/64", NULL                   },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t k = 0; k < COUNT(rows); k++) {
		const char *prefix = nic_route_prefix(rows[k].text, a);

		if (rows[k].prefix)
			assert_string_equal(prefix, rows[k].prefix);
		else
			assert_null(prefix);
	}
	arena_free(a);
}

/* Two hosts that disagree would cut a container off when it moves: this never changes. */
static void addresses_and_host_names_are_stable(void **state)
{
	char address[18], other[18], name[16], other_name[16];

	(void)state;
	nic_stable_hwaddr("web1", "eth0", address);
	assert_string_equal(address, "2a:57:a2:56:91:fe");
	nic_stable_hwaddr("web1e", "th0", other);
	assert_string_not_equal(address, other);
	nic_stable_host_name("/var/lib/lxc", "web1", "eth0", name);
	assert_string_equal(name, "ve7c98fdb509");
	nic_stable_host_name("/var/lib/lxc2", "web1", "eth0", other_name);
	assert_string_not_equal(name, other_name);
	for (int k = 0; k < 1000; k++) {
		unsigned first;
		char device[16];

		snprintf(device, sizeof(device), "eth%d", k);
		nic_stable_hwaddr("web1", device, address);
		assert_int_equal(strlen(address), 17);
		first = (unsigned)strtoul(address, NULL, 16);
		assert_int_equal(first & 3u, 2);
	}
}

static void kinds_have_names(void **state)
{
	static const char *const words[] = {"bridged", "ipvlan",   "macvlan", "ovn",
					    "p2p",     "physical", "routed",  "sriov"};
	enum nic_kind kind;

	(void)state;
	for (size_t k = 0; k < COUNT(words); k++) {
		assert_true(nic_kind_find(words[k], &kind));
		assert_int_equal(kind, k);
		assert_string_equal(nic_kind_name(kind), words[k]);
		assert_int_equal(nic_has_host_end(kind),
				 kind == NIC_BRIDGED || kind == NIC_P2P || kind == NIC_ROUTED);
	}
	assert_false(nic_kind_find("veth", &kind));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_inside_are_given_once),
	    cmocka_unit_test(a_recorded_name_stays),
	    cmocka_unit_test(a_network_says_kind_and_parent),
	    cmocka_unit_test(options_are_typed),
	    cmocka_unit_test(limits_max_wins),
	    cmocka_unit_test(routes_are_as_the_kernel_has_them),
	    cmocka_unit_test(prefixes_lose_their_host_bits),
	    cmocka_unit_test(addresses_and_host_names_are_stable),
	    cmocka_unit_test(kinds_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
