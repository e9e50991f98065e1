#include "schema/nic_ip.h"

#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* clang-format off */
/* One nic, and what is read of it: "ADDRESS...; GATEWAY; HOST-ADDRESS" of each family. */
static const struct row {
	const char *device, *ipv4, *ipv6;
} rows[] = {
	{"nictype: routed",
	 "; -; -", "; -; -"},
	{"nictype: routed, ipv4.address: 10.0.0.5",
	 "10.0.0.5/32 ; 169.254.0.1; 169.254.0.1", "; -; -"},
	{"nictype: routed, ipv4.address: '10.0.0.5,10.0.0.6, 10.0.0.5'",
	 "10.0.0.5/32 10.0.0.6/32 ; 169.254.0.1; 169.254.0.1", "; -; -"},
	{"nictype: routed, ipv4.address: none",
	 "; -; -", "; -; -"},
	{"nictype: routed, ipv4.gateway: none, ipv4.address: 10.0.0.5",
	 "10.0.0.5/32 ; -; 169.254.0.1", "; -; -"},
	{"nictype: routed, ipv4.host_address: 10.1.1.1, ipv4.address: 10.0.0.5",
	 "10.0.0.5/32 ; 10.1.1.1; 10.1.1.1", "; -; -"},
	{"nictype: routed, ipv6.address: 'FD00:0::1'",
	 "; -; -", "fd00::1/128 ; fe80::1; fe80::1"},
	{"nictype: ipvlan, parent: e, ipv4.address: 10.0.0.5",
	 "10.0.0.5/32 ; dev; -", "; -; -"},
	{"nictype: ipvlan, parent: e, mode: l2, ipv4.address: 10.0.0.5",
	 "10.0.0.5/32 ; -; -", "; -; -"},
	{"nictype: ipvlan, parent: e, mode: l2, ipv4.address: 10.0.0.5, ipv4.gateway: 10.0.0.1",
	 "10.0.0.5/32 ; 10.0.0.1; -", "; -; -"},
	{"nictype: bridged, parent: br0, ipv4.address: 10.0.0.5",
	 "; -; -", "; -; -"},
};
/* clang-format on */

static const char *text_of(const struct nic_ip *ip, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < ip->n; i++)
		text = arena_join(a, text, ip->addresses[i].prefix, " ", NULL);
	return arena_join(a, text, "; ", ip->gateway ? ip->gateway : "-", "; ",
			  ip->host_address ? ip->host_address : "-", NULL);
}

static void addresses_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct expand_options options = {.host = "host1"};
		struct arena *a = arena_new();
		struct manifest *m;
		struct catalog catalog;
		struct diagnostics ds;
		const struct instance *instance;
		struct nic *nics;
		char *text = arena_printf(a,
					  "kind: instance\nname: web1\ndevices:\n"
					  "  eth0: {type: nic, %s}\n",
					  rows[i].device);

		diagnostics_init(&ds, a);
		m = manifest_from_bytes("a.yaml", text, strlen(text), (struct manifest_hints){0},
					&ds);
		catalog_build(&catalog, &m, 1, a, &ds);
		instance = instance_expand(&catalog, catalog_find(&catalog, KIND_INSTANCE, "web1"),
					   &options, a, &ds);
		assert_int_equal(ds.errors, 0);
		assert_int_equal(nics_of(instance, NULL, 0, NULL, a, &nics), 1);
		assert_string_equal(text_of(&nics[0].ip[NIC_IPV4], a), rows[i].ipv4);
		assert_string_equal(text_of(&nics[0].ip[NIC_IPV6], a), rows[i].ipv6);
		manifest_free(m);
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
