#include "schema/arena.h"
#include "tests/net/own_netns.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define MAC "00:16:3e:01:02:03"

static void names_what_the_kernel_names(void **state)
{
	struct arena *a = arena_new();
	struct if_nameindex *known = if_nameindex();
	struct link_name *links = NULL;
	size_t n = 0, i = 0;

	(void)state;
	assert_non_null(known);
	assert_int_equal(link_list(a, &links, &n), 0);
	for (const struct if_nameindex *k = known; k->if_index; k++) {
		for (i = 0; i < n && links[i].index != (int)k->if_index; i++)
			;
		assert_true(i < n);
		assert_string_equal(links[i].name, k->if_name);
	}
	if_freenameindex(known);
	arena_free(a);
}

static void is_sorted_by_index_without_repetition(void **state)
{
	struct arena *a = arena_new();
	struct link_name *links = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(link_list(a, &links, &n), 0);
	assert_true(n >= 1);
	for (size_t i = 1; i < n; i++)
		assert_true(links[i - 1].index < links[i].index);
	arena_free(a);
}

/* --- facts --------------------------------------------------------------------------------------
 */

static void both_ends_point_at_each_other(void **state)
{
	struct netlink *nl = own_netlink();
	int other = own_netns_another(), nsid = netlink_nsid(nl, other);
	struct link host, guest, again;

	(void)state;
	assert_int_equal(own_netns_veth(nl, "host0", other, "eth0"), 0);
	host = own_netns_link(nl, LINK_HERE, "host0");
	guest = own_netns_link(nl, nsid, "eth0");
	assert_string_equal(host.kind, "veth");
	assert_string_equal(guest.kind, "veth");
	assert_int_equal(host.peer, guest.index);
	assert_int_equal(host.peer_nsid, nsid);
	assert_int_equal(guest.peer, host.index);
	assert_int_equal(guest.peer_nsid, LINK_HERE);
	assert_int_equal(link_by_index(nl, nsid, guest.index, &again), 0);
	assert_memory_equal(&guest, &again, sizeof(guest));
	own_netns_drop(nl, "host0");
	assert_int_equal(link_by_index(nl, nsid, guest.index, &again), -ENODEV);
	close(other);
}

static void a_pair_in_one_namespace_is_at_home_there(void **state)
{
	struct netlink *nl = own_netlink(), *in;
	int home = own_netns_fd(), other = own_netns_another();
	int nsid = netlink_nsid(nl, other);
	struct link l;

	(void)state;
	assert_int_equal(own_netns_veth(nl, "a0", home, "b0"), 0);
	l = own_netns_link(nl, LINK_HERE, "a0");
	assert_int_equal(l.peer_nsid, LINK_HERE);
	assert_int_equal(l.peer, own_netns_link(nl, LINK_HERE, "b0").index);
	in = netlink_in(other);
	assert_non_null(in);
	assert_int_equal(own_netns_veth(in, "c0", other, "d0"), 0);
	netlink_close(in);
	l = own_netns_link(nl, nsid, "c0");
	assert_int_equal(l.peer_nsid, nsid);
	assert_int_equal(l.peer, own_netns_link(nl, nsid, "d0").index);
	own_netns_drop(nl, "a0");
	close(other);
	close(home);
}

/* Container root gives its end away. */
static void an_end_that_moved_on_is_told(void **state)
{
	struct netlink *nl = own_netlink(), *in;
	int other = own_netns_another(), third = own_netns_another();
	int nsid = netlink_nsid(nl, other), third_nsid = netlink_nsid(nl, third);
	struct link guest, l;

	(void)state;
	assert_int_equal(own_netns_veth(nl, "host0", other, "eth0"), 0);
	guest = own_netns_link(nl, nsid, "eth0");
	in = netlink_in(other);
	assert_non_null(in);
	assert_int_equal(link_move(in, guest.index, third, "away0"), 0);
	assert_int_equal(link_move(in, guest.index, third, "away0"), -ENODEV);
	netlink_close(in);
	assert_int_equal(link_by_name(nl, nsid, "eth0", &l), -ENODEV);
	assert_int_equal(link_by_index(nl, nsid, guest.index, &l), -ENODEV);
	l = own_netns_link(nl, third_nsid, "away0");
	assert_int_equal(l.peer_nsid, LINK_HERE);
	l = own_netns_link(nl, LINK_HERE, "host0");
	assert_int_equal(l.peer_nsid, third_nsid);
	own_netns_drop(nl, "host0");
	close(other);
	close(third);
}

static const struct {
	int nsid, index;
	const char *name;
} absent_cases[] = {
    {LINK_HERE, 4711, "absent0"                     },
    {LINK_HERE, 0,    ""			    },
    {LINK_HERE, -1,   "a-name-of-more-than-15-bytes"},
};

static void what_is_not_there_is_no_device(void **state)
{
	struct netlink *nl = own_netlink();
	const struct link_change up = {.up_given = true, .up = true};
	int home = own_netns_fd();
	struct link l;

	(void)state;
	for (size_t i = 0; i < sizeof(absent_cases) / sizeof(absent_cases[0]); i++) {
		int nsid = absent_cases[i].nsid, index = absent_cases[i].index;

		assert_int_equal(link_by_name(nl, nsid, absent_cases[i].name, &l), -ENODEV);
		assert_int_equal(link_by_index(nl, nsid, index, &l), -ENODEV);
		assert_int_equal(link_stats(nl, nsid, index, &l), -ENODEV);
		assert_int_equal(link_change(nl, index, &up), -ENODEV);
		assert_int_equal(link_move(nl, index, home, "x"), -ENODEV);
		assert_int_equal(link_delete(nl, index), -ENODEV);
	}
	close(home);
}

static void a_namespace_that_is_not_there_is_an_error(void **state)
{
	struct netlink *nl = own_netlink();
	struct link l;

	(void)state;
	assert_true(link_by_name(nl, 99999, "lo", &l) < 0);
	assert_true(link_by_index(nl, 99999, 1, &l) < 0);
	assert_true(link_each(nl, 99999, NULL, NULL, NULL) < 0);
}

static void counters_count(void **state)
{
	struct netlink *nl = own_netlink();
	const struct link_change up = {.up_given = true, .up = true};
	int other = own_netns_another();
	struct netlink *in = netlink_in(other);
	struct link l;

	(void)state;
	assert_non_null(in);
	assert_int_equal(own_netns_veth(nl, "host0", other, "eth0"), 0);
	assert_int_equal(link_change(nl, own_netns_link(nl, LINK_HERE, "host0").index, &up), 0);
	assert_int_equal(link_change(in, own_netns_link(in, LINK_HERE, "eth0").index, &up), 0);
	l = own_netns_link(nl, LINK_HERE, "host0");
	assert_int_equal(l.tx_bytes, 0);
	/* IPv6 greets the other end */
	for (int i = 0; i < 300 && l.tx_packets == 0; i++) {
		usleep(10000);
		assert_int_equal(link_stats(nl, LINK_HERE, l.index, &l), 0);
	}
	assert_true(l.tx_packets > 0 && l.tx_bytes > l.tx_packets);
	netlink_close(in);
	own_netns_drop(nl, "host0");
	close(other);
}

/* --- texts of container root's ------------------------------------------------------------------
 */

static const struct {
	const char *name;
	int error;
} odd_names[] = {
    {"123456789012345",  0      },
    {"\xff\xfe\x01",     0      },
    {"\x1b[31m",         0      },
    {"a\"b'c`d",         0      },
    {"-rf",	      0      },
    {"%s%n",	     -EINVAL},
    {"a b",	      -EINVAL},
    {"a/b",	      -EINVAL},
    {"..",	       -EINVAL},
    {"1234567890123456", -ERANGE},
};

static void check_name(struct netlink *in, struct netlink *nl, int nsid, int index, size_t i)
{
	const struct link_change c = {.name = odd_names[i].name, .alias = "\x1b\n\xff"};
	struct link l;

	assert_int_equal(link_change(in, index, &c), odd_names[i].error);
	if (odd_names[i].error)
		return;
	l = own_netns_link(nl, nsid, odd_names[i].name);
	assert_string_equal(l.name, odd_names[i].name);
	assert_string_equal(l.alias, "\x1b\n\xff");
	assert_int_equal(l.index, index);
}

static void names_are_bytes(void **state)
{
	struct netlink *nl = own_netlink(), *in;
	int other = own_netns_another(), nsid = netlink_nsid(nl, other);
	struct link guest;

	(void)state;
	assert_int_equal(own_netns_veth(nl, "host0", other, "eth0"), 0);
	guest = own_netns_link(nl, nsid, "eth0");
	in = netlink_in(other);
	assert_non_null(in);
	for (size_t i = 0; i < sizeof(odd_names) / sizeof(odd_names[0]); i++)
		check_name(in, nl, nsid, guest.index, i);
	netlink_close(in);
	own_netns_drop(nl, "host0");
	close(other);
}

static int add_other_name(struct netlink *nl, int index, const char *name)
{
	struct ifinfomsg which = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *list;

	assert_non_null(msg);
	assert_int_equal(nlmsg_append(msg, &which, sizeof(which), NLMSG_ALIGNTO), 0);
	list = nla_nest_start(msg, IFLA_PROP_LIST | NLA_F_NESTED);
	assert_non_null(list);
	assert_int_equal(nla_put_string(msg, IFLA_ALT_IFNAME, name), 0);
	nla_nest_end(msg, list);
	return netlink_ask(nl, msg, NULL, NULL);
}

static void count_one(const struct link *l, void *n)
{
	(void)l;
	++*(size_t *)n;
}

/* Container root may make the description of its end as long as the kernel lets it. */
static void hundreds_of_other_names_hide_nothing(void **state)
{
	struct netlink *nl = own_netlink(), *in;
	int other = own_netns_another(), nsid = netlink_nsid(nl, other);
	struct link guest, l;
	char name[128];
	size_t given = 0, n = 0;

	(void)state;
	assert_int_equal(own_netns_veth(nl, "host0", other, "eth0"), 0);
	guest = own_netns_link(nl, nsid, "eth0");
	in = netlink_in(other);
	assert_non_null(in);
	for (;; given++) {
		snprintf(name, sizeof(name), "%0120zu", given);
		if (add_other_name(in, guest.index, name) < 0)
			break;
	}
	print_message("%zu other names\n", given);
	assert_int_equal(add_other_name(in, 1, "other-lo"), 0);
	assert_int_equal(link_by_name(nl, nsid, "eth0", &l), 0);
	assert_int_equal(link_by_index(nl, nsid, guest.index, &l), 0);
	assert_string_equal(l.name, "eth0");
	assert_int_equal(link_each(in, LINK_HERE, NULL, count_one, &n), 0);
	assert_int_equal(n, 2);
	/* what is found by another name says its own */
	assert_int_equal(link_by_name(nl, nsid, "other-lo", &l), 0);
	assert_string_equal(l.name, "lo");
	netlink_close(in);
	own_netns_drop(nl, "host0");
	close(other);
}

/* --- all of them --------------------------------------------------------------------------------
 */

#define STANDING 120
#define CHURNED 400

struct seen {
	unsigned standing[STANDING];
	size_t others;
};

static void see(const struct link *l, void *context)
{
	struct seen *seen = context;
	int number = -1;

	assert_string_equal(l->kind, "ifb");
	if (sscanf(l->name, "stand%d", &number) == 1 && number >= 0 && number < STANDING)
		seen->standing[number]++;
	else
		seen->others++;
}

static atomic_bool churned;
static atomic_int churn_error;

/* Deletions wait, so that few would come. */
static void *churn(void *netns_fd)
{
	struct netlink *nl = netlink_here();

	for (int i = 0; nl && i < CHURNED; i++) {
		char name[IFNAMSIZ + 8], peer[IFNAMSIZ + 8];
		int error;

		snprintf(name, sizeof(name), "churn%d", i);
		snprintf(peer, sizeof(peer), "peer%d", i);
		error = own_netns_veth(nl, name, *(int *)netns_fd, peer);
		if (error < 0)
			atomic_store(&churn_error, error);
	}
	atomic_store(&churned, true);
	return NULL;
}

/* How many of those that stand were missed; AGAIN: whether one was seen twice. */
static size_t count_missed(struct netlink *nl, int *error, bool *again)
{
	struct seen seen = {0};
	size_t n = 0;

	*again = false;
	*error = link_each(nl, LINK_HERE, "ifb", see, &seen);
	for (int i = 0; i < STANDING; i++) {
		n += seen.standing[i] == 0;
		*again = *again || seen.standing[i] > 1;
	}
	assert_int_equal(seen.others, 0);
	return n;
}

static void add_standing(struct netlink *nl)
{
	char name[IFNAMSIZ + 8];
	int index;

	for (int i = 0; i < STANDING; i++) {
		snprintf(name, sizeof(name), "stand%d", i);
		assert_int_equal(link_add_ifb(nl, name, 10, &index), 0);
	}
}

static void nothing_is_missed_while_links_come(void **state)
{
	struct netlink *nl = own_netlink();
	size_t dumps = 0, repeated = 0, gave_up = 0;
	int error, other = own_netns_another();
	pthread_t thread;
	bool again;

	(void)state;
	add_standing(nl);
	assert_int_equal(pthread_create(&thread, NULL, churn, &other), 0);
	for (; !atomic_load(&churned); dumps++) {
		size_t missed = count_missed(nl, &error, &again);

		assert_true(error == 0 || error == -EAGAIN);
		assert_int_equal(missed, 0);
		repeated += again;
		gave_up += error != 0;
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(atomic_load(&churn_error), 0);
	print_message("%zu dumps, %zu of them taken again, %zu given up\n", dumps, repeated,
		      gave_up);
	assert_int_equal(count_missed(nl, &error, &again), 0);
	assert_int_equal(error, 0);
	close(other);
}

static void a_kind_that_is_not_known_has_none(void **state)
{
	struct netlink *nl = own_netlink();
	size_t n = 0;

	(void)state;
	assert_int_equal(link_each(nl, LINK_HERE, "ek-no-such", count_one, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(link_each(nl, LINK_HERE, NULL, count_one, &n), 0);
	assert_true(n >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_what_the_kernel_names),
	    cmocka_unit_test(is_sorted_by_index_without_repetition),
	    cmocka_unit_test(both_ends_point_at_each_other),
	    cmocka_unit_test(a_pair_in_one_namespace_is_at_home_there),
	    cmocka_unit_test(an_end_that_moved_on_is_told),
	    cmocka_unit_test(what_is_not_there_is_no_device),
	    cmocka_unit_test(a_namespace_that_is_not_there_is_an_error),
	    cmocka_unit_test(counters_count),
	    cmocka_unit_test(names_are_bytes),
	    cmocka_unit_test(hundreds_of_other_names_hide_nothing),
	    cmocka_unit_test(nothing_is_missed_while_links_come),
	    cmocka_unit_test(a_kind_that_is_not_known_has_none),
	};

	return cmocka_run_group_tests(tests, own_netns_enter, NULL);
}
