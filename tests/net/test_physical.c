/* Interfaces that go into another namespace whole: what they are known by, and how they come back.
 */
#include "net/physical.h"

#include "net/address.h"
#include "net/altname.h"
#include "net/lifeline.h"
#include "net/route.h"
#include "schema/arena.h"
#include "tests/net/own_netns.h"

#include <stdio.h>

#define HWADDR "00:16:3e:01:02:03"

/* "up0", which is given away, and "up1", which stays. */
struct scene {
	struct netlink *nl, *in;
	struct arena *arena;
	int other, nsid;
	const struct home_link *home;
	const char *why;
};

static struct scene begin(void)
{
	struct scene s = {.nl = own_netlink(), .arena = arena_new()};
	const struct link_change change = {.hwaddr = HWADDR, .mtu = 1450, .alias = "the wire"};
	static const char *const names[] = {"uplink"};
	int home = own_netns_fd();
	struct link l;

	assert_int_equal(own_netns_veth(s.nl, "up0", home, "up1"), 0);
	close(home);
	l = own_netns_link(s.nl, LINK_HERE, "up0");
	assert_int_equal(link_change(s.nl, l.index, &change), 0);
	assert_int_equal(altname_set(s.nl, l.index, names, 1), 0);
	l = own_netns_link(s.nl, LINK_HERE, "up0");
	s.home = physical_home(s.nl, &l, s.arena, &s.why);
	assert_non_null(s.home);
	s.other = own_netns_another();
	s.nsid = netlink_nsid(s.nl, s.other);
	assert_int_equal(link_move(s.nl, l.index, s.other, "eth0"), 0);
	s.in = netlink_in(s.other);
	assert_non_null(s.in);
	return s;
}

static void end(struct scene *s)
{
	struct link l;

	if (link_by_name(s->nl, LINK_HERE, "up1", &l) == 0)
		assert_int_equal(link_delete(s->nl, l.index), 0);
	netlink_close(s->in);
	close(s->other);
	arena_free(s->arena);
}

static void assert_home(struct scene *s)
{
	struct link l = own_netns_link(s->nl, LINK_HERE, "up0");
	const char **names;
	size_t n;

	assert_string_equal(l.name, "up0");
	assert_string_equal(l.hwaddr, HWADDR);
	assert_string_equal(l.alias, "the wire");
	assert_int_equal(l.mtu, 1450);
	assert_false(l.flags & IFF_UP);
	assert_int_equal(altname_list(s->nl, l.index, s->arena, &names, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(names[0], "uplink");
}

static void it_is_known_wherever_it_is(void **state)
{
	struct scene s = begin();
	struct link found, l = own_netns_link(s.nl, s.nsid, "eth0");

	(void)state;
	assert_int_equal(physical_find(s.nl, s.nsid, s.home->mark, &found), 0);
	assert_int_equal(found.index, l.index);
	assert_int_equal(physical_find(s.nl, LINK_HERE, s.home->mark, &found), -ENODEV);
	assert_false(physical_is_gone(s.nl, s.home->mark));
	/* nothing of it counts that is its holder's to change */
	assert_int_equal(link_change(s.in, l.index,
				     &(struct link_change){.name = "mine",
							   .hwaddr = "00:16:3e:00:00:09",
							   .mtu = 1000,
							   .alias = "x"}),
			 0);
	assert_int_equal(physical_find(s.nl, s.nsid, s.home->mark, &found), 0);
	assert_int_equal(found.index, l.index);
	assert_int_equal(physical_find(s.nl, s.nsid, "veth 9999", &found), -ENODEV);
	assert_int_equal(physical_find(s.nl, s.nsid, "veth", &found), -ENODEV);
	assert_int_equal(physical_find(s.nl, s.nsid, "", &found), -ENODEV);
	assert_int_equal(physical_find(s.nl, s.nsid, "device pci/0000:00:03.0 -", &found), -ENODEV);
	assert_int_equal(link_delete(s.in, l.index), 0);
	assert_int_equal(physical_find(s.nl, s.nsid, s.home->mark, &found), -ENODEV);
	assert_true(physical_is_gone(s.nl, s.home->mark));
	assert_false(physical_is_gone(s.nl, "device pci/0000:00:03.0 -"));
	end(&s);
}

static void it_comes_home_as_it_was(void **state)
{
	static const char *const names[] = {"up0", "up1"};
	struct scene s = begin();
	struct link l = own_netns_link(s.nl, s.nsid, "eth0"), child;
	const char *why = NULL;

	(void)state;
	assert_int_equal(link_change(s.in, l.index,
				     &(struct link_change){.name = "mine",
							   .hwaddr = "00:16:3e:00:00:09",
							   .mtu = 1000,
							   .alias = "x"}),
			 0);
	assert_int_equal(altname_set(s.in, l.index, names, 2), 0);
	if (link_kind_known(s.nl, "macvlan"))
		assert_int_equal(link_add_child(s.in, &(struct link_child){.kind = "macvlan",
									   .parent = l.index,
									   .name = "mv0",
									   .netns_fd = s.other}),
				 0);
	l = own_netns_link(s.nl, s.nsid, "mine");
	assert_int_equal(physical_fetch(s.nl, s.in, s.nsid, &l, "up0", s.home, &why), 0);
	assert_home(&s);
	assert_int_equal(link_by_name(s.nl, s.nsid, "mine", &child), -ENODEV);
	assert_int_equal(link_by_name(s.nl, s.nsid, "mv0", &child), -ENODEV);
	end(&s);
}

/* Between the look and the move it was exchanged: the other one does not stay on the host. */
static void nothing_else_comes_in_its_place(void **state)
{
	struct scene s = begin();
	struct link l = own_netns_link(s.nl, s.nsid, "eth0"), other;
	const char *why = NULL;

	(void)state;
	assert_int_equal(own_netns_veth(s.in, "decoy", s.other, "end"), 0);
	other = own_netns_link(s.nl, s.nsid, "decoy");
	assert_int_equal(physical_fetch(s.nl, s.in, s.nsid, &other, "up0", s.home, &why), -ESTALE);
	assert_non_null(why);
	assert_int_equal(link_by_name(s.nl, LINK_HERE, "up0", &other), -ENODEV);
	assert_int_equal(link_by_name(s.nl, LINK_HERE, "decoy", &other), -ENODEV);
	assert_int_equal(link_by_name(s.nl, s.nsid, "decoy", &other), -ENODEV);
	/* nor does it come where somebody else has its name */
	assert_int_equal(own_netns_veth(s.nl, "up0", s.other, "their0"), 0);
	assert_int_equal(physical_fetch(s.nl, s.in, s.nsid, &l, "up0", s.home, &why), -EEXIST);
	own_netns_drop(s.nl, "up0");
	assert_int_equal(physical_fetch(s.nl, s.in, s.nsid, &l, "up0", s.home, &why), 0);
	assert_home(&s);
	end(&s);
}

static void some_have_no_mark(void **state)
{
	struct scene s = begin();
	struct link l = own_netns_link(s.nl, LINK_HERE, "up1"), bridge;
	const char *why = NULL;

	(void)state;
	/* its other end is somewhere else */
	assert_null(physical_mark(s.nl, &l, s.arena, &why));
	assert_non_null(strstr(why, "other end"));
	l = own_netns_link(s.nl, LINK_HERE, "lo");
	assert_null(physical_mark(s.nl, &l, s.arena, &why));
	assert_non_null(strstr(why, "nothing tells"));
	bridge = (struct link){.kind = "bridge"};
	assert_null(physical_mark(s.nl, &bridge, s.arena, &why));
	assert_non_null(strstr(why, "bridge"));
	l = (struct link){.device = "pci/0000:00:03.0", .perm_hwaddr = HWADDR};
	assert_string_equal(physical_mark(s.nl, &l, s.arena, &why),
			    "device pci/0000:00:03.0 " HWADDR);
	l = (struct link){.device = "pci/0000:00:03.0"};
	assert_string_equal(physical_mark(s.nl, &l, s.arena, &why), "device pci/0000:00:03.0 -");
	/* a driver of virtual interfaces may have a device as well */
	l = (struct link){.device = "platform/x", .kind = "tun"};
	assert_null(physical_mark(s.nl, &l, s.arena, &why));
	end(&s);
}

static void the_host_needs_some(void **state)
{
	struct netlink *nl = own_netlink();
	struct arena *a = arena_new();
	const struct link_change up = {.up_given = true, .up = true};
	struct link l;
	int home = own_netns_fd();

	(void)state;
	assert_int_equal(own_netns_veth(nl, "up0", home, "up1"), 0);
	close(home);
	l = own_netns_link(nl, LINK_HERE, "up0");
	assert_int_equal(link_change(nl, l.index, &up), 0);
	assert_int_equal(link_change(nl, own_netns_link(nl, LINK_HERE, "up1").index, &up), 0);
	assert_null(lifeline_reason(nl, &l, a));
	assert_int_equal(address_add(nl, l.index, "10.0.0.1/24"), 0);
	assert_non_null(strstr(lifeline_reason(nl, &l, a), "only addresses"));
	assert_int_equal(address_add(nl, own_netns_link(nl, LINK_HERE, "up1").index, "10.0.1.1/24"),
			 0);
	assert_null(lifeline_reason(nl, &l, a));
	assert_int_equal(route_add(nl, l.index, "0.0.0.0/0"), 0);
	assert_non_null(strstr(lifeline_reason(nl, &l, a), "default route"));
	assert_int_equal(route_delete(nl, l.index, "0.0.0.0/0"), 0);
	assert_null(lifeline_reason(nl, &l, a));
	if (access("/proc/sys/net/ipv6", F_OK) == 0) {
		assert_int_equal(route_add(nl, l.index, "::/0"), 0);
		assert_non_null(strstr(lifeline_reason(nl, &l, a), "default route"));
	}
	l = own_netns_link(nl, LINK_HERE, "lo");
	assert_non_null(strstr(lifeline_reason(nl, &l, a), "loopback"));
	own_netns_drop(nl, "up0");
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_is_known_wherever_it_is),
	    cmocka_unit_test(it_comes_home_as_it_was),
	    cmocka_unit_test(nothing_else_comes_in_its_place),
	    cmocka_unit_test(some_have_no_mark),
	    cmocka_unit_test(the_host_needs_some),
	};

	return cmocka_run_group_tests(tests, own_netns_enter, NULL);
}
