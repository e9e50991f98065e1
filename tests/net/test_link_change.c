#include "net/route.h"
#include "schema/arena.h"
#include "tests/net/own_netns.h"

#include <netlink/addr.h>
#include <netlink/msg.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <stdio.h>

#define ADDRESS "10.99.0.1/24"

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

/* Adding it anew without NLM_F_REPLACE says whether it is there. */
static int add_address(struct netlink *nl, int index)
{
	struct rtnl_addr *addr = rtnl_addr_alloc();
	struct nl_addr *local = NULL;
	struct nl_msg *msg = NULL;

	assert_int_equal(nl_addr_parse(ADDRESS, AF_INET, &local), 0);
	rtnl_addr_set_ifindex(addr, index);
	assert_int_equal(rtnl_addr_set_local(addr, local), 0);
	assert_int_equal(rtnl_addr_build_add_request(addr, NLM_F_CREATE | NLM_F_EXCL, &msg), 0);
	nl_addr_put(local);
	rtnl_addr_put(addr);
	return netlink_ask(nl, msg, NULL, NULL);
}

static bool has_route(struct netlink *nl, int index)
{
	struct arena *a = arena_new();
	const char **prefixes = NULL;
	bool found = false;
	size_t n = 0;

	assert_int_equal(route_list(nl, index, a, &prefixes, &n), 0);
	for (size_t i = 0; i < n; i++)
		found = found || strcmp(prefixes[i], "10.98.0.0/24") == 0;
	arena_free(a);
	return found;
}

static int bridge; /* of the test below */

static const struct {
	const char *title;
	struct link_change change;
	bool master;
} change_cases[] = {
    {"mtu",           {.mtu = 1400},				false},
    {"bigger mtu",    {.mtu = 9000},                                false},
    {"queue",         {.txqueuelen_given = true, .txqueuelen = 77}, false},
    {"no queue",      {.txqueuelen_given = true},                   false},
    {"address",       {.hwaddr = "00:16:3e:0a:0b:0c"},              false},
    {"name",          {.name = "123456789012345"},                  false},
    {"the same name", {.name = "123456789012345"},                  false},
    {"alias",         {.alias = "evenkeel of web1"},                false},
    {"no alias",      {.alias = ""},				false},
    {"master",        {.master_given = true},                       true },
    {"no master",     {.master_given = true},                       false},
    {"up",	    {.up_given = true, .up = true},               false},
    {"nothing",       {.mtu = 0},				   false},
    {"many",
     {.name = "host1",
      .hwaddr = "00:16:3e:0a:0b:0d",
      .alias = "x",
      .mtu = 1300,
      .txqueuelen_given = true,
      .txqueuelen = 5,
      .master_given = true},
     true								},
};

static void set_text(char *out, size_t size, const char *text)
{
	if (!text)
		return;
	memset(out, 0, size);
	snprintf(out, size, "%s", text);
}

static void apply_to(struct link *l, const struct link_change *c)
{
	set_text(l->name, sizeof(l->name), c->name);
	set_text(l->hwaddr, sizeof(l->hwaddr), c->hwaddr);
	set_text(l->alias, sizeof(l->alias), c->alias);
	if (c->mtu)
		l->mtu = c->mtu;
	if (c->txqueuelen_given)
		l->txqueuelen = c->txqueuelen;
	if (c->master_given)
		l->master = c->master;
}

/* What was changed is as asked, all else as it was: its addresses and routes as well. */
static void check_change(struct netlink *nl, int index, size_t i)
{
	struct link_change c = change_cases[i].change;
	struct link before, after;
	int error;

	if (change_cases[i].master)
		c.master = bridge;
	assert_int_equal(link_by_index(nl, LINK_HERE, index, &before), 0);
	error = link_change(nl, index, &c);
	if (error == -EBUSY && c.name) {
		print_message("an old kernel: no name on a link that is up\n");
		return;
	}
	assert_int_equal(error, 0);
	assert_int_equal(link_by_index(nl, LINK_HERE, index, &after), 0);
	apply_to(&before, &c);
	before.flags = after.flags = after.flags & IFF_UP;
	assert_int_equal(after.flags, IFF_UP);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(add_address(nl, index), -EEXIST);
	assert_true(has_route(nl, index));
}

static void each_change_keeps_addresses_and_routes(void **state)
{
	struct netlink *nl = own_netlink();
	const struct link_change up = {.up_given = true, .up = true};
	int other = own_netns_another(), index;
	struct link l;

	(void)state;
	bridge = add_bridge(nl, "br0");
	assert_int_equal(own_netns_veth(nl, "host0", other, "eth0"), 0);
	index = own_netns_link(nl, LINK_HERE, "host0").index;
	assert_int_equal(link_change(nl, index, &up), 0);
	assert_int_equal(add_address(nl, index), 0);
	assert_int_equal(route_add(nl, index, "10.98.0.0/24"), 0);
	for (size_t i = 0; i < sizeof(change_cases) / sizeof(change_cases[0]); i++) {
		print_message("%s\n", change_cases[i].title);
		check_change(nl, index, i);
	}
	assert_int_equal(link_change(nl, index, &(struct link_change){.up_given = true}), 0);
	assert_int_equal(link_by_index(nl, LINK_HERE, index, &l), 0);
	assert_int_equal(l.flags & IFF_UP, 0);
	assert_int_equal(link_delete(nl, index), 0);
	own_netns_drop(nl, "br0");
	close(other);
}

#define LONG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *title;
	struct link_change change;
	int error;
} refused_cases[] = {
    {"name of another",    {.name = "lo"},                                     -EEXIST       },
    {"long name",          {.name = "1234567890123456"},                       -ERANGE       },
    {"odd name",           {.name = "a b"},				    -EINVAL       },
    {"address of letters", {.hwaddr = "no"},                                   -EINVAL       },
    {"short address",      {.hwaddr = "00:16:3e:00:00"},                       -EINVAL       },
    {"group address",      {.hwaddr = "01:16:3e:00:00:01"},                    -EADDRNOTAVAIL},
    {"small mtu",          {.mtu = 1},					 -EINVAL       },
    {"huge mtu",           {.mtu = 4000000000},                                -EINVAL       },
    {"long alias",         {.alias = LONG_64 LONG_64 LONG_64 LONG_64 LONG_64}, -ERANGE       },
    {"master not there",   {.master_given = true, .master = 99999},            -EINVAL       },
    {"negative master",    {.master_given = true, .master = -5},               -EINVAL       },
};

static void a_refused_change_changes_nothing(void **state)
{
	struct netlink *nl = own_netlink();
	int other = own_netns_another();
	struct link before, after;

	(void)state;
	assert_int_equal(own_netns_veth(nl, "host0", other, "eth0"), 0);
	before = own_netns_link(nl, LINK_HERE, "host0");
	for (size_t i = 0; i < sizeof(refused_cases) / sizeof(refused_cases[0]); i++) {
		int error = link_change(nl, before.index, &refused_cases[i].change);

		print_message("%s: %s (%s)\n", refused_cases[i].title, strerror(-error),
			      netlink_said(nl));
		assert_int_equal(error, refused_cases[i].error);
		after = own_netns_link(nl, LINK_HERE, "host0");
		assert_memory_equal(&before, &after, sizeof(before));
	}
	own_netns_drop(nl, "host0");
	close(other);
}

/* What each end is told of the other after a change inside. */
static void a_rename_inside_breaks_nothing(void **state)
{
	struct netlink *nl = own_netlink(), *in;
	int other = own_netns_another(), nsid = netlink_nsid(nl, other);
	struct link host, guest;

	(void)state;
	assert_int_equal(own_netns_veth(nl, "host0", other, "eth0"), 0);
	host = own_netns_link(nl, LINK_HERE, "host0");
	in = netlink_in(other);
	assert_non_null(in);
	guest = own_netns_link(in, LINK_HERE, "eth0");
	assert_int_equal(
	    link_change(in, guest.index,
			&(struct link_change){.name = "lan0", .up_given = true, .up = true}),
	    0);
	netlink_close(in);
	assert_int_equal(link_by_index(nl, nsid, host.peer, &guest), 0);
	assert_string_equal(guest.name, "lan0");
	assert_true(guest.flags & IFF_UP);
	assert_int_equal(guest.peer, host.index);
	assert_int_equal(guest.peer_nsid, LINK_HERE);
	assert_int_equal(link_delete(nl, host.index), 0);
	close(other);
}

static void a_link_moves_under_its_new_name(void **state)
{
	struct netlink *nl = own_netlink(), *in;
	int home = own_netns_fd(), other = own_netns_another(), nsid = netlink_nsid(nl, other);
	int index = add_bridge(nl, "phys0");
	struct link l;

	(void)state;
	assert_int_equal(own_netns_veth(nl, "host0", other, "eth0"), 0);
	assert_int_equal(link_move(nl, own_netns_link(nl, LINK_HERE, "host0").index, other, "eth0"),
			 -EEXIST);
	own_netns_link(nl, LINK_HERE, "host0");
	own_netns_drop(nl, "host0");
	/* a bridge is bound to its namespace */
	assert_int_equal(link_move(nl, index, other, "eth0"), -EINVAL);
	own_netns_drop(nl, "phys0");
	assert_int_equal(own_netns_veth(nl, "host0", home, "host1"), 0);
	index = own_netns_link(nl, LINK_HERE, "host0").index;
	assert_int_equal(link_move(nl, index, -1, "eth0"), -EBADF);
	assert_int_equal(link_move(nl, index, other, ""), -EINVAL);
	assert_int_equal(link_move(nl, index, other, "1234567890123456"), -EINVAL);
	assert_int_equal(link_move(nl, index, other, "eth0"), 0);
	l = own_netns_link(nl, nsid, "eth0");
	assert_string_equal(l.kind, "veth");
	assert_int_equal(l.peer, own_netns_link(nl, LINK_HERE, "host1").index);
	/* and back */
	in = netlink_in(other);
	assert_non_null(in);
	assert_int_equal(link_move(in, l.index, home, "host0"), 0);
	netlink_close(in);
	own_netns_drop(nl, "host0");
	close(other);
	close(home);
}

static void what_is_deleted_is_gone_at_both_ends(void **state)
{
	struct netlink *nl = own_netlink();
	int other = own_netns_another(), nsid = netlink_nsid(nl, other);
	struct link host, l;

	(void)state;
	assert_int_equal(own_netns_veth(nl, "host0", other, "eth0"), 0);
	host = own_netns_link(nl, LINK_HERE, "host0");
	assert_int_equal(link_delete(nl, host.index), 0);
	assert_int_equal(link_delete(nl, host.index), -ENODEV);
	assert_int_equal(link_by_name(nl, LINK_HERE, "host0", &l), -ENODEV);
	assert_int_equal(link_by_name(nl, nsid, "eth0", &l), -ENODEV);
	/* what cannot be deleted */
	assert_int_equal(link_delete(nl, 1), -EOPNOTSUPP);
	close(other);
}

static void many_are_deleted_in_one_go(void **state)
{
	struct netlink *nl = own_netlink();
	int other = own_netns_another(), indexes[52], stays;
	struct link l;
	char name[IFNAMSIZ + 8];

	(void)state;
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "host%d", i);
		assert_int_equal(own_netns_veth(nl, name, other, name), 0);
		indexes[i] = own_netns_link(nl, LINK_HERE, name).index;
	}
	assert_int_equal(own_netns_veth(nl, "stays0", other, "stays1"), 0);
	stays = own_netns_link(nl, LINK_HERE, "stays0").index;
	indexes[50] = 99999; /* gone */
	assert_int_equal(link_delete_all(nl, indexes, 51), 0);
	for (int i = 0; i < 50; i++)
		assert_int_equal(link_by_index(nl, LINK_HERE, indexes[i], &l), -ENODEV);
	assert_int_equal(link_by_index(nl, LINK_HERE, stays, &l), 0);
	assert_int_equal(link_delete_all(nl, indexes, 51), 0);
	assert_int_equal(link_delete_all(nl, NULL, 0), 0);
	/* one that cannot be deleted saves nobody */
	indexes[0] = 1;
	indexes[1] = stays;
	assert_int_equal(link_delete_all(nl, indexes, 2), -EOPNOTSUPP);
	assert_int_equal(link_by_index(nl, LINK_HERE, stays, &l), -ENODEV);
	assert_int_equal(link_by_index(nl, LINK_HERE, 1, &l), 0);
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_change_keeps_addresses_and_routes),
	    cmocka_unit_test(a_refused_change_changes_nothing),
	    cmocka_unit_test(a_rename_inside_breaks_nothing),
	    cmocka_unit_test(a_link_moves_under_its_new_name),
	    cmocka_unit_test(what_is_deleted_is_gone_at_both_ends),
	    cmocka_unit_test(many_are_deleted_in_one_go),
	};

	return cmocka_run_group_tests(tests, own_netns_enter, NULL);
}
