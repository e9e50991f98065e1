/* net/bridge in a network namespace of its own: the machine's interfaces are out of reach. */
#include "net/bridge.h"

#include "net/netlink.h"
#include "schema/arena.h"
#include "tests/skip.h"

#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <netlink/route/link/bridge.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAC "02:00:5e:00:00:01"

struct fixture {
	struct arena *arena;
	struct netlink *nl;
	bool own; /* the namespace is ours */
};

static struct fixture fixture;

static int setup(void **state)
{
	(void)state;
	fixture.arena = arena_new();
	fixture.own = unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 || unshare(CLONE_NEWNET) == 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(fixture.arena);
	return 0;
}

static struct netlink *kernel(void)
{
	if (!fixture.own)
		skip_because("no network namespace of our own can be had");
	fixture.nl = netlink_here();
	assert_non_null(fixture.nl);
	return fixture.nl;
}

static struct bridge look(const char *name)
{
	struct bridge b;

	assert_int_equal(bridge_look(fixture.nl, name, fixture.arena, &b), 0);
	return b;
}

static int make(const char *name, const struct bridge_note *note)
{
	int index = 0;

	assert_int_equal(bridge_make(fixture.nl, name, MAC, note, &index), 0);
	assert_true(index > 0);
	return index;
}

static const struct bridge_note made = {.made = true};

static void notes_are_read_as_they_are_written(void **state)
{
	static const struct {
		const char *text;
		struct bridge_note note;
	} cases[] = {
	    {"",										{.made = false}},
	    {"evenkeel network br0 made",						       {.made = true} },
	    {"evenkeel network br0 mtu=1500",						   {.mtu = 1500}  },
	    {"evenkeel network br0 made mtu=1 hwaddr=" MAC " ipv4=10.0.3.1/24 ipv6=fd42::1/64",
	     {.made = true, .mtu = 1, .hwaddr = MAC, .ipv4 = "10.0.3.1/24", .ipv6 = "fd42::1/64"}              },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bridge_note note;
		char text[LINK_ALIAS_MOST];

		bridge_note_print(&cases[i].note, "br0", text);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(bridge_note_parse(text, "br0", &note), i > 0);
		assert_int_equal(note.there, i > 0);
		assert_int_equal(note.made, cases[i].note.made);
		assert_int_equal(note.mtu, cases[i].note.mtu);
		assert_string_equal(note.hwaddr, cases[i].note.hwaddr);
		assert_string_equal(note.ipv4, cases[i].note.ipv4);
		assert_string_equal(note.ipv6, cases[i].note.ipv6);
	}
}

static void the_longest_note_fits(void **state)
{
	struct bridge_note note = {.made = true, .mtu = UINT32_MAX, .hwaddr = MAC}, back;
	char text[LINK_ALIAS_MOST];

	(void)state;
	strcpy(note.ipv4, "255.255.255.255/32");
	strcpy(note.ipv6, "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128");
	bridge_note_print(&note, "fifteen-letters", text);
	assert_true(bridge_note_parse(text, "fifteen-letters", &back));
	assert_string_equal(back.ipv6, note.ipv6);
}

/* Whatever is not certainly a note about this bridge is somebody else's. */
static void other_aliases_are_not_notes(void **state)
{
	static const char *const aliases[] = {
	    "",
	    "uplink",
	    "evenkeel",
	    "evenkeel network",
	    "evenkeel network ",
	    "evenkeel network br1 made",
	    "evenkeel network br0x made",
	    "evenkeel network br made",
	    "evenkeel network br0  made",
	    "evenkeel network br0 made ",
	    "evenkeel network br0 mad",
	    "evenkeel network br0 madex",
	    "evenkeel network br0 mtu=",
	    "evenkeel network br0 mtu=0",
	    "evenkeel network br0 mtu=-1",
	    "evenkeel network br0 mtu=99999999999",
	    "evenkeel network br0 made colour=blue",
	    "evenkeel network br0 hwaddr=02:00:5e:00:00:01:02:03:04:05",
	    "Evenkeel network br0 made",
	    " evenkeel network br0 made",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(aliases); i++) {
		struct bridge_note note = {.made = true};

		if (bridge_note_parse(aliases[i], "br0", &note) || note.made || note.there)
			fail_msg("'%s'", aliases[i]);
	}
}

static void a_bridge_is_made_with_its_note(void **state)
{
	struct bridge_note note = {.made = true, .mtu = 1500};
	struct bridge b;
	int index;

	(void)state;
	kernel();
	assert_int_equal(look("ek0").found, BRIDGE_MISSING);
	assert_int_equal(bridge_make(fixture.nl, "ek0", MAC, &note, &index), 0);
	b = look("ek0");
	assert_int_equal(b.found, BRIDGE_THERE);
	assert_int_equal(b.link.index, index);
	assert_string_equal(b.link.hwaddr, MAC);
	assert_int_equal(b.link.mtu, 1500);
	assert_false(b.link.flags & IFF_UP);
	assert_true(b.note.made);
	assert_int_equal(b.note.mtu, 1500);
	assert_int_equal(b.n_addresses, 0);
	assert_int_equal(b.link.group, 0);
	assert_int_equal(bridge_make(fixture.nl, "ek0", MAC, &note, &index), -EEXIST);
	assert_int_equal(bridge_delete(fixture.nl, b.link.index, "ek0"), 0);
	assert_int_equal(look("ek0").found, BRIDGE_MISSING);
}

static void a_refused_one_leaves_nothing(void **state)
{
	int index;

	(void)state;
	kernel();
	assert_true(bridge_make(fixture.nl, "a name too long for the kernel", MAC, &made, &index) <
		    0);
	assert_true(bridge_make(fixture.nl, "ek0", "01:00:5e:00:00:01", &made, &index) < 0);
	assert_int_equal(look("ek0").found, BRIDGE_MISSING);
	assert_true(bridge_make(fixture.nl, "ek0", "no address", &made, &index) < 0);
	assert_int_equal(look("ek0").found, BRIDGE_MISSING);
}

static void make_raw(const char *name, uint32_t group)
{
	struct rtnl_link *l = rtnl_link_bridge_alloc();
	struct nl_msg *msg;

	assert_non_null(l);
	rtnl_link_set_name(l, name);
	rtnl_link_set_group(l, group);
	assert_int_equal(rtnl_link_build_add_request(l, NLM_F_CREATE | NLM_F_EXCL, &msg), 0);
	rtnl_link_put(l);
	assert_int_equal(netlink_ask(fixture.nl, msg, NULL, NULL), 0);
}

/* Somebody was quicker: nothing of his is noted as ours. */
static void one_of_others_is_not_claimed(void **state)
{
	struct bridge b;
	int index = 0;

	(void)state;
	kernel();
	make_raw("ek0", 0);
	assert_int_equal(bridge_make(fixture.nl, "ek0", MAC, &made, &index), -EEXIST);
	b = look("ek0");
	assert_string_equal(b.link.alias, "");
	assert_false(b.note.made);
	assert_int_equal(bridge_delete(fixture.nl, b.link.index, "ek0"), -EPERM);
	assert_int_equal(link_delete(fixture.nl, b.link.index), 0);
}

/* Killed before the note was written. */
static void a_half_made_one_is_ours(void **state)
{
	struct bridge_note note;
	struct bridge b;

	(void)state;
	kernel();
	make_raw("ek0", 0x656b6e62);
	b = look("ek0");
	assert_true(b.note.made && b.note.there && b.note.unwritten);
	note = b.note;
	assert_int_equal(bridge_annotate(fixture.nl, b.link.index, "ek0", &note), 0);
	b = look("ek0");
	assert_true(b.note.made && !b.note.unwritten);
	assert_string_equal(b.link.alias, "evenkeel network ek0 made");
	assert_int_equal(b.link.group, 0);
	assert_int_equal(bridge_delete(fixture.nl, b.link.index, "ek0"), 0);
	/* somebody's alias says more than the group */
	make_raw("ek0", 0x656b6e62);
	b = look("ek0");
	assert_int_equal(
	    link_change(fixture.nl, b.link.index, &(struct link_change){.alias = "mine"}), 0);
	b = look("ek0");
	assert_false(b.note.made || b.note.unwritten);
	assert_int_equal(bridge_delete(fixture.nl, b.link.index, "ek0"), -EPERM);
	assert_int_equal(link_delete(fixture.nl, b.link.index), 0);
}

static void addresses_come_and_go(void **state)
{
	static const char *const addresses[] = {"10.0.3.1/24", "10.0.3.2/24", "fd42::1/64"};
	struct link_change up = {.up_given = true, .up = true};
	struct bridge b;
	int index;

	(void)state;
	kernel();
	index = make("ek0", &made);
	for (size_t i = 0; i < COUNT(addresses); i++) {
		assert_int_equal(address_add(fixture.nl, index, addresses[i]), 0);
		b = look("ek0");
		assert_true(bridge_has_address(&b, addresses[i]));
		assert_int_equal(address_add(fixture.nl, index, addresses[i]), 0);
	}
	assert_false(bridge_has_address(&b, "10.0.3.1/16"));
	assert_int_equal(link_change(fixture.nl, index, &up), 0);
	assert_int_equal(address_remove(fixture.nl, index, addresses[1]), 0);
	assert_int_equal(address_remove(fixture.nl, index, addresses[1]), 0);
	assert_int_equal(address_remove(fixture.nl, index, addresses[2]), 0);
	b = look("ek0");
	assert_true(bridge_has_address(&b, addresses[0]));
	assert_false(bridge_has_address(&b, addresses[1]));
	assert_false(bridge_has_address(&b, addresses[2]));
	assert_true(address_add(fixture.nl, index, "10.0.3.1/33") < 0);
	assert_true(address_add(fixture.nl, 12345, "10.0.3.1/24") < 0);
	assert_int_equal(bridge_delete(fixture.nl, index, "ek0"), 0);
}

static void a_note_is_changed_and_taken_away(void **state)
{
	struct bridge_note note = {.made = true, .ipv4 = "10.0.3.1/24"};
	struct bridge b;
	int index;

	(void)state;
	kernel();
	index = make("ek0", &made);
	assert_int_equal(bridge_annotate(fixture.nl, index, "ek0", &note), 0);
	b = look("ek0");
	assert_string_equal(b.note.ipv4, "10.0.3.1/24");
	assert_int_equal(bridge_annotate(fixture.nl, index, "ek0", &(struct bridge_note){0}), 0);
	b = look("ek0");
	assert_string_equal(b.link.alias, "");
	assert_false(b.note.there);
	assert_int_equal(bridge_delete(fixture.nl, index, "ek0"), -EPERM);
	assert_int_equal(bridge_annotate(fixture.nl, index, "ek0", &made), 0);
	assert_int_equal(bridge_delete(fixture.nl, index, "ek0"), 0);
}

static void make_dummy(const char *name, int master, const char *alias)
{
	struct link_change change = {.alias = alias, .master_given = true, .master = master};
	int index;

	assert_int_equal(link_add_ifb(fixture.nl, name, 32, &index), 0);
	assert_int_equal(link_change(fixture.nl, index, &change), 0);
}

static void with_ports_it_stays(void **state)
{
	struct bridge_port *ports;
	struct link port;
	size_t n;
	int index;

	(void)state;
	kernel();
	index = make("ek0", &made);
	make_dummy("ekp1", index, "evenkeel nic");
	make_dummy("ekp2", 0, "");
	assert_int_equal(bridge_ports(fixture.nl, index, fixture.arena, &ports, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(ports[0].name, "ekp1");
	assert_string_equal(ports[0].alias, "evenkeel nic");
	assert_int_equal(bridge_delete(fixture.nl, index, "ek0"), -EBUSY);
	assert_int_equal(link_by_name(fixture.nl, LINK_HERE, "ekp1", &port), 0);
	assert_int_equal(link_delete(fixture.nl, port.index), 0);
	assert_int_equal(bridge_delete(fixture.nl, index, "ek0"), 0);
	assert_int_equal(bridge_delete(fixture.nl, index, "ek0"), -ENODEV);
	assert_int_equal(link_by_name(fixture.nl, LINK_HERE, "ekp2", &port), 0);
	assert_int_equal(link_delete(fixture.nl, port.index), 0);
}

/* A note is believed of bridges alone, and only of the one that it names. */
static void what_is_no_bridge_is_not_touched(void **state)
{
	struct link l;
	int index;

	(void)state;
	kernel();
	make_dummy("ekp1", 0, "evenkeel network ekp1 made");
	assert_int_equal(look("ekp1").found, BRIDGE_OTHER);
	assert_false(look("ekp1").note.there);
	assert_int_equal(link_by_name(fixture.nl, LINK_HERE, "ekp1", &l), 0);
	assert_int_equal(bridge_delete(fixture.nl, l.index, "ekp1"), -ENODEV);
	assert_int_equal(link_delete(fixture.nl, l.index), 0);
	index = make("ek0", &made);
	assert_int_equal(link_change(fixture.nl, index,
				     &(struct link_change){.alias = "evenkeel network ek1 made"}),
			 0);
	assert_int_equal(bridge_delete(fixture.nl, index, "ek0"), -EPERM);
	assert_int_equal(bridge_delete(fixture.nl, index, "ek1"), -ENODEV);
	assert_int_equal(link_delete(fixture.nl, index), 0);
}

static void count_made(const char *name, void *context)
{
	assert_string_equal(name, "ek0");
	++*(int *)context;
}

static void those_made_are_found(void **state)
{
	int ours = 0, first, second;

	(void)state;
	kernel();
	first = make("ek0", &made);
	second = make("ek1", &(struct bridge_note){.mtu = 1500});
	assert_int_equal(bridge_each_made(fixture.nl, count_made, &ours), 0);
	assert_int_equal(ours, 1);
	assert_int_equal(link_delete(fixture.nl, first), 0);
	assert_int_equal(link_delete(fixture.nl, second), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(notes_are_read_as_they_are_written),
	    cmocka_unit_test(the_longest_note_fits),
	    cmocka_unit_test(other_aliases_are_not_notes),
	    cmocka_unit_test(a_bridge_is_made_with_its_note),
	    cmocka_unit_test(a_refused_one_leaves_nothing),
	    cmocka_unit_test(one_of_others_is_not_claimed),
	    cmocka_unit_test(a_half_made_one_is_ours),
	    cmocka_unit_test(addresses_come_and_go),
	    cmocka_unit_test(a_note_is_changed_and_taken_away),
	    cmocka_unit_test(with_ports_it_stays),
	    cmocka_unit_test(what_is_no_bridge_is_not_touched),
	    cmocka_unit_test(those_made_are_found),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
