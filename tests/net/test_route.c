#include "net/route.h"
#include "schema/arena.h"
#include "tests/net/own_netns.h"

#include <stdlib.h>

static int add_up(struct netlink *nl, const char *name)
{
	const struct link_change up = {.up_given = true, .up = true};
	char peer[IFNAMSIZ + 8];
	int home = own_netns_fd(), index;

	snprintf(peer, sizeof(peer), "p-%s", name);
	assert_int_equal(own_netns_veth(nl, name, home, peer), 0);
	index = own_netns_link(nl, LINK_HERE, name).index;
	assert_int_equal(link_change(nl, index, &up), 0);
	close(home);
	return index;
}

static int compare(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* All of an interface, sorted and joined by blanks. */
static void assert_routes(struct netlink *nl, int index, const char *wanted)
{
	struct arena *a = arena_new();
	const char **prefixes = NULL, *joined = "";
	size_t n = 0;

	assert_int_equal(route_list(nl, index, a, &prefixes, &n), 0);
	if (n > 1)
		qsort(prefixes, n, sizeof(*prefixes), compare);
	for (size_t i = 0; i < n; i++)
		joined = arena_join(a, joined, i ? " " : "", prefixes[i], (char *)NULL);
	assert_string_equal(joined, wanted);
	arena_free(a);
}

static bool has_ipv6(void)
{
	return access("/proc/sys/net/ipv6", F_OK) == 0;
}

static void routes_are_told_as_they_were_given(void **state)
{
	struct netlink *nl = own_netlink();
	int index;

	(void)state;
	assert_routes(nl, 1, "");
	index = add_up(nl, "host0");
	assert_routes(nl, index, "");
	assert_int_equal(route_add(nl, index, "10.1.2.0/24"), 0);
	assert_int_equal(route_add(nl, index, "10.1.3.4/32"), 0);
	assert_int_equal(route_add(nl, index, "0.0.0.0/0"), 0);
	assert_routes(nl, index, "0.0.0.0/0 10.1.2.0/24 10.1.3.4/32");
	assert_routes(nl, 1, "");
	assert_int_equal(route_delete(nl, index, "0.0.0.0/0"), 0);
	assert_int_equal(route_delete(nl, index, "10.1.3.4/32"), 0);
	assert_routes(nl, index, "10.1.2.0/24");
	assert_int_equal(route_delete(nl, index, "10.1.2.0/24"), 0);
	assert_routes(nl, index, "");
	own_netns_drop(nl, "host0");
}

static void routes_of_both_families(void **state)
{
	struct netlink *nl = own_netlink();
	int index;

	(void)state;
	if (!has_ipv6())
		skip_because("this kernel has no IPv6");
	index = add_up(nl, "host0");
	assert_int_equal(route_add(nl, index, "2001:db8::/64"), 0);
	assert_int_equal(route_add(nl, index, "2001:DB8:0:1::7/128"), 0);
	assert_int_equal(route_add(nl, index, "10.1.2.0/24"), 0);
	assert_int_equal(route_add(nl, index, "::/0"), 0);
	assert_routes(nl, index, "10.1.2.0/24 2001:db8:0:1::7/128 2001:db8::/64 ::/0");
	assert_int_equal(route_add(nl, index, "2001:db8::/64"), 0);
	assert_int_equal(route_delete(nl, index, "2001:db8::/64"), 0);
	assert_int_equal(route_delete(nl, index, "2001:db8::/64"), 0);
	assert_int_equal(route_delete(nl, index, "::/0"), 0);
	assert_routes(nl, index, "10.1.2.0/24 2001:db8:0:1::7/128");
	own_netns_drop(nl, "host0");
}

static void there_already_and_gone_already_are_fine(void **state)
{
	struct netlink *nl = own_netlink();
	int index = add_up(nl, "host0");

	(void)state;
	assert_int_equal(route_delete(nl, index, "10.1.2.0/24"), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(route_add(nl, index, "10.1.2.0/24"), 0);
	assert_int_equal(route_add(nl, index, "10.1.2.7/32"), 0);
	assert_int_equal(route_add(nl, index, "10.1.2.7/32"), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(route_delete(nl, index, "10.1.2.0/24"), 0);
	assert_routes(nl, index, "10.1.2.7/32");
	own_netns_drop(nl, "host0");
	assert_int_equal(route_delete(nl, index, "10.1.2.7/32"), 0);
	assert_routes(nl, index, "");
	assert_int_equal(route_add(nl, index, "10.1.2.7/32"), -ENODEV);
}

static void a_route_elsewhere_is_not_touched(void **state)
{
	struct netlink *nl = own_netlink();
	int one = add_up(nl, "host0"), two = add_up(nl, "host1");

	(void)state;
	assert_int_equal(route_add(nl, one, "10.1.2.0/24"), 0);
	assert_int_equal(route_add(nl, two, "10.1.2.0/24"), -EEXIST);
	assert_int_equal(route_delete(nl, two, "10.1.2.0/24"), 0);
	assert_routes(nl, one, "10.1.2.0/24");
	assert_routes(nl, two, "");
	if (has_ipv6()) {
		assert_int_equal(route_add(nl, one, "2001:db8::/64"), 0);
		assert_int_equal(route_add(nl, two, "2001:db8::/64"), -EEXIST);
		assert_int_equal(route_delete(nl, two, "2001:db8::/64"), 0);
		assert_routes(nl, one, "10.1.2.0/24 2001:db8::/64");
	}
	own_netns_drop(nl, "host0");
	own_netns_drop(nl, "host1");
}

static const struct {
	const char *prefix;
	int error;
} refused_cases[] = {
    {"",		     -EINVAL},
    {"10.1.2.3",             -EINVAL},
    {"10.1.2.3/24",          -EINVAL},
    {"10.1.2.0/33",          -EINVAL},
    {"10.1.2.0/-1",          -EINVAL},
    {"10.1.2.0/",            -EINVAL},
    {"/24",		  -EINVAL},
    {"default",              -EINVAL},
    {"default/0",            -EINVAL},
    {"localhost/8",          -EINVAL},
    {"00:11:22:33:44:55/48", -EINVAL},
    {"2001:db8::1/64",       -EINVAL},
    {"2001:db8::/129",       -EINVAL},
    {"10.1.2.0/24 ",         -EINVAL},
};

static void what_is_no_prefix_is_refused(void **state)
{
	struct netlink *nl = own_netlink();
	int index = add_up(nl, "host0");

	(void)state;
	for (size_t i = 0; i < sizeof(refused_cases) / sizeof(refused_cases[0]); i++) {
		print_message("'%s'\n", refused_cases[i].prefix);
		assert_int_equal(route_add(nl, index, refused_cases[i].prefix),
				 refused_cases[i].error);
	}
	assert_routes(nl, index, "");
	own_netns_drop(nl, "host0");
}

static void a_link_that_is_down_takes_none(void **state)
{
	struct netlink *nl = own_netlink();
	int index = add_up(nl, "host0");

	(void)state;
	assert_int_equal(link_change(nl, index, &(struct link_change){.up_given = true}), 0);
	assert_int_equal(route_add(nl, index, "10.1.2.0/24"), -ENETDOWN);
	if (has_ipv6())
		assert_int_equal(route_add(nl, index, "2001:db8::/64"), -ENETDOWN);
	own_netns_drop(nl, "host0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(routes_are_told_as_they_were_given),
	    cmocka_unit_test(routes_of_both_families),
	    cmocka_unit_test(there_already_and_gone_already_are_fine),
	    cmocka_unit_test(a_route_elsewhere_is_not_touched),
	    cmocka_unit_test(what_is_no_prefix_is_refused),
	    cmocka_unit_test(a_link_that_is_down_takes_none),
	};

	return cmocka_run_group_tests(tests, own_netns_enter, NULL);
}
