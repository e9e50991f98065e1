/* Addresses, default routes, what the host answers for, and settings of single interfaces. */
#include "net/address.h"
#include "net/devconf.h"
#include "net/gateway.h"
#include "net/neighbour.h"
#include "net/route.h"
#include "schema/arena.h"
#include "tests/net/own_netns.h"

#include <stdio.h>

static bool has_ipv6(void)
{
	return access("/proc/sys/net/ipv6", F_OK) == 0;
}

/* "host0", up, with its other end here as well. */
static int begin(struct netlink *nl)
{
	const struct link_change up = {.up_given = true, .up = true};
	int home = own_netns_fd(), index;

	assert_int_equal(own_netns_veth(nl, "host0", home, "peer0"), 0);
	close(home);
	index = own_netns_link(nl, LINK_HERE, "host0").index;
	assert_int_equal(link_change(nl, index, &up), 0);
	assert_int_equal(link_change(nl, own_netns_link(nl, LINK_HERE, "peer0").index, &up), 0);
	return index;
}

static bool has(struct netlink *nl, int nsid, int index, const char *text)
{
	struct arena *a = arena_new();
	struct address *all;
	size_t n;
	bool found = false;

	assert_int_equal(address_list(nl, nsid, index, a, &all, &n), 0);
	for (size_t i = 0; i < n; i++)
		found |= strcmp(all[i].text, text) == 0 && (index == 0 || all[i].index == index);
	arena_free(a);
	return found;
}

static void addresses_come_and_go(void **state)
{
	static const char *const texts[] = {"10.1.2.3/24", "169.254.0.1/32", "fe80::1/128",
					    "2001:db8::7/128"};
	struct netlink *nl = own_netlink();
	int index = begin(nl);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (strchr(texts[i], ':') && !has_ipv6())
			continue;
		assert_false(has(nl, LINK_HERE, index, texts[i]));
		assert_int_equal(address_remove(nl, index, texts[i]), 0);
		assert_int_equal(address_add(nl, index, texts[i]), 0);
		assert_int_equal(address_add(nl, index, texts[i]), 0);
		assert_true(has(nl, LINK_HERE, index, texts[i]));
		assert_true(has(nl, LINK_HERE, 0, texts[i]));
		assert_int_equal(address_remove(nl, index, texts[i]), 0);
		assert_false(has(nl, LINK_HERE, index, texts[i]));
	}
	own_netns_drop(nl, "host0");
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const texts[] = {"",          "10.0.0.1", "10.0.0.1/33",
					    "default/0", "x/8",      "::g/64"};
	struct netlink *nl = own_netlink();
	int index = begin(nl);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(address_add(nl, index, texts[i]), -EINVAL);
		assert_int_equal(address_remove(nl, index, texts[i]), -EINVAL);
	}
	assert_int_equal(address_add(nl, 9999, "10.0.0.1/8"), -ENODEV);
	own_netns_drop(nl, "host0");
}

static void addresses_elsewhere_are_seen_from_here(void **state)
{
	struct netlink *nl = own_netlink(), *in;
	int other = own_netns_another(), nsid = netlink_nsid(nl, other), index;

	(void)state;
	assert_int_equal(own_netns_veth(nl, "host0", other, "eth0"), 0);
	index = own_netns_link(nl, nsid, "eth0").index;
	in = netlink_in(other);
	assert_int_equal(address_add(in, index, "10.0.0.5/32"), 0);
	netlink_close(in);
	assert_true(has(nl, nsid, index, "10.0.0.5/32"));
	assert_false(has(nl, LINK_HERE, 0, "10.0.0.5/32"));
	own_netns_drop(nl, "host0");
	close(other);
}

static bool leads(struct netlink *nl, int index, const char *gateway)
{
	bool there = true;

	assert_int_equal(gateway_look(nl, index, gateway, &there), 0);
	return there;
}

static void default_routes_come_and_go(void **state)
{
	static const char *const gateways[] = {"169.254.0.1", "ipv4", "fe80::1", "ipv6"};
	struct netlink *nl = own_netlink();
	int index = begin(nl), other = own_netns_link(nl, LINK_HERE, "peer0").index;

	(void)state;
	assert_int_equal(address_add(nl, index, "10.0.0.5/32"), 0);
	for (size_t i = 0; i < sizeof(gateways) / sizeof(*gateways); i++) {
		if (i >= 2 && !has_ipv6())
			continue;
		assert_false(leads(nl, index, gateways[i]));
		assert_int_equal(gateway_remove(nl, index, gateways[i]), 0);
		assert_int_equal(gateway_add(nl, index, gateways[i]), 0);
		assert_true(leads(nl, index, gateways[i]));
		assert_false(leads(nl, other, gateways[i]));
		assert_int_equal(gateway_add(nl, index, gateways[i]), 0);
		if (i < 2) /* IPv6 has room for both */
			assert_int_equal(gateway_add(nl, other, gateways[i]), -EEXIST);
		assert_int_equal(gateway_remove(nl, index, gateways[i]), 0);
		assert_false(leads(nl, index, gateways[i]));
	}
	assert_int_equal(gateway_add(nl, index, "nonsense"), -EINVAL);
	assert_int_equal(gateway_remove(nl, index, "10.0.0.300"), -EINVAL);
	own_netns_drop(nl, "host0");
}

/* How many there are of ADDRESS, and how many of these are ours. */
static size_t answers(struct netlink *nl, int index, const char *address, size_t *ours)
{
	struct arena *a = arena_new();
	struct neighbour *all;
	size_t n, found = 0;

	*ours = 0;
	assert_int_equal(neighbour_list(nl, a, &all, &n), 0);
	for (size_t i = 0; i < n; i++) {
		if (all[i].index != index || strcmp(all[i].address, address) != 0)
			continue;
		found++;
		*ours += all[i].ours;
	}
	arena_free(a);
	return found;
}

static void neighbours_come_and_go(void **state)
{
	static const char *const addresses[] = {"10.0.0.5", "fd00::5"};
	struct netlink *nl = own_netlink();
	int index = begin(nl);
	size_t ours;

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		const char *route = i ? "fd00::5/128" : "10.0.0.5/32";

		if (i && !has_ipv6())
			continue;
		assert_int_equal(answers(nl, index, addresses[i], &ours), 0);
		assert_int_equal(neighbour_remove(nl, index, addresses[i]), 0);
		assert_int_equal(neighbour_add(nl, index, addresses[i]), 0);
		assert_int_equal(neighbour_add(nl, index, addresses[i]), 0);
		assert_int_equal(answers(nl, index, addresses[i], &ours), 1);
		assert_int_equal(ours, 1);
		/* with a way to it, it stays */
		assert_int_equal(route_add(nl, index, route), 0);
		assert_int_equal(neighbour_sweep(nl), 0);
		assert_int_equal(answers(nl, index, addresses[i], &ours), 1);
		assert_int_equal(route_delete(nl, index, route), 0);
		assert_int_equal(neighbour_sweep(nl), 0);
		assert_int_equal(answers(nl, index, addresses[i], &ours), 0);
	}
	assert_int_equal(neighbour_add(nl, index, "nonsense"), -EINVAL);
	assert_int_equal(neighbour_add(nl, 9999, "10.0.0.5"), -ENODEV);
	own_netns_drop(nl, "host0");
}

static void settings_are_read_and_written(void **state)
{
	struct netlink *nl = own_netlink();
	char value[DEVCONF_MOST];

	(void)state;
	begin(nl);
	assert_int_equal(devconf_read("ipv4", "host0", "rp_filter", value), 0);
	assert_int_equal(devconf_read("ipv4", "none0", "rp_filter", value), -ENOENT);
	assert_int_equal(devconf_read("ipv9", "host0", "rp_filter", value), -ENOENT);
	assert_int_equal(devconf_read("ipv4", "../host0", "rp_filter", value), -EINVAL);
	assert_int_equal(devconf_read("ipv4", "..", "rp_filter", value), -EINVAL);
	assert_int_equal(devconf_read("ipv4", "", "rp_filter", value), -EINVAL);
	if (devconf_write("ipv4", "host0", "rp_filter", "2") == 0) {
		assert_int_equal(devconf_read("ipv4", "host0", "rp_filter", value), 0);
		assert_string_equal(value, "2");
		assert_true(devconf_write("ipv4", "host0", "rp_filter", "x") < 0);
	}
	own_netns_drop(nl, "host0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses_come_and_go),
	    cmocka_unit_test(what_is_no_address_is_refused),
	    cmocka_unit_test(addresses_elsewhere_are_seen_from_here),
	    cmocka_unit_test(default_routes_come_and_go),
	    cmocka_unit_test(neighbours_come_and_go),
	    cmocka_unit_test(settings_are_read_and_written),
	};

	return cmocka_run_group_tests(tests, own_netns_enter, NULL);
}
