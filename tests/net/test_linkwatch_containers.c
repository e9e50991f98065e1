/* What containers do in their own network namespaces. */
#include "tests/net/hearing.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sched.h>
#include <sys/socket.h>

static void a_container_renames_its_end(void **state)
{
	struct linkwatch *w = watch(state);
	struct other o = other_open();
	int host = add((struct wish){.name = "ve0", .kind = "veth", .peer = "eth0", .beyond = &o});
	int guest = index_in(o.nl, "eth0");

	assert_true(guest > 0);
	hold(w, "host", -1, host, NULL);
	hold(w, "guest", o.nsid, guest, NULL);
	hold(w, "name", o.nsid, 0, "eth0");
	/* this is its own business */
	change_in(o.nl, guest, (struct wish){.up = 1, .alias = "mine"});
	assert_string_equal(told(w), "");
	change_in(o.nl, guest, (struct wish){.name = "eth7"});
	assert_int_equal(strlen(told(w)), strlen("guest name"));
	change_in(o.nl, guest, (struct wish){.name = "eth0", .mtu = 1400});
	assert_int_equal(strlen(told(w)), strlen("guest name"));
	change_in(o.nl, guest, (struct wish){.up = -1});
	assert_string_equal(told(w), "");
	drop(host);
	other_close(&o);
}

static void a_container_deletes_its_end(void **state)
{
	struct linkwatch *w = watch(state);
	struct other o = other_open();
	int host = add((struct wish){.name = "ve0", .kind = "veth", .peer = "eth0", .beyond = &o});
	int guest = index_in(o.nl, "eth0");

	hold(w, "host", -1, host, NULL);
	hold(w, "guest", o.nsid, guest, NULL);
	drop_in(o.nl, guest);
	assert_int_equal(strlen(told(w)), strlen("host guest"));
	other_close(&o);
}

static void a_container_moves_its_end(void **state)
{
	struct linkwatch *w = watch(state);
	struct other o = other_open(), nested = other_open();
	int host = add((struct wish){.name = "ve0", .kind = "veth", .peer = "eth0", .beyond = &o});
	int guest = index_in(o.nl, "eth0");

	hold(w, "guest", o.nsid, guest, NULL);
	change_in(o.nl, guest, (struct wish){.beyond = &nested});
	assert_string_equal(told(w), "guest");
	assert_true(index_in(nested.nl, "eth0") > 0);
	drop(host);
	other_close(&nested);
	other_close(&o);
}

static void a_name_is_awaited_in_a_container(void **state)
{
	struct linkwatch *w = watch(state);
	struct other o = other_open(), another = other_open();
	int made;

	hold(w, "web", o.nsid, 0, "eth1");
	add_in(another.nl, (struct wish){.name = "eth1", .kind = "veth"});
	add_in(o.nl, (struct wish){.name = "eth2", .kind = "veth"});
	add((struct wish){.name = "eth1", .kind = "veth"});
	assert_string_equal(told(w), "");
	made = add_in(o.nl, (struct wish){.name = "eth1", .kind = "veth"});
	assert_string_equal(told(w), "web");
	drop_in(o.nl, made);
	assert_string_equal(told(w), "web");
	drop(index_in(netlink_here(), "eth1"));
	other_close(&another);
	other_close(&o);
}

/* One that had no number when the watch began, and gets it with its first link. */
static void a_new_namespace_is_heard(void **state)
{
	struct linkwatch *w = watch(state);
	struct other o;
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), host, guest;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	o.fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	close(home);
	host = add((struct wish){.name = "ve0", .kind = "veth", .peer = "eth0", .beyond = &o});
	o.nsid = netlink_nsid(netlink_here(), o.fd);
	o.nl = netlink_in(o.fd);
	guest = index_in(o.nl, "eth0");
	hold(w, "guest", o.nsid, guest, NULL);
	drop(host);
	assert_string_equal(told(w), "guest");
	other_close(&o);
}

/* Its root may send what looks like an event; and give an interface more names than fit. */
static void what_a_container_makes_up_is_not_heard(void **state)
{
	struct linkwatch *w = watch(state);
	struct other o = other_open();
	const struct wish ghost = {.name = "ghost"};
	struct nl_msg *m = message(RTM_NEWLINK, 0, 77, &ghost);
	struct sockaddr_nl all = {.nl_family = AF_NETLINK, .nl_groups = 1 << (RTNLGRP_LINK - 1)};
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), fd;

	hold(w, "web", o.nsid, 0, "ghost");
	assert_int_equal(setns(o.fd, CLONE_NEWNET), 0);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	close(home);
	nlmsg_hdr(m)->nlmsg_flags = 0;
	assert_true(sendto(fd, nlmsg_hdr(m), nlmsg_hdr(m)->nlmsg_len, 0, (struct sockaddr *)&all,
			   sizeof(all)) > 0 ||
		    errno == ECONNREFUSED);
	assert_string_equal(told(w), "");
	close(fd);
	nlmsg_free(m);
	other_close(&o);
}

static void one_of_many_names_is_heard(void **state)
{
	struct linkwatch *w = watch(state);
	struct other o = other_open();
	int guest = add_in(o.nl, (struct wish){.name = "eth0", .kind = "veth"});

	for (int i = 0; i < 120; i++) {
		char name[120];
		struct wish w2 = {.altname = name};

		snprintf(name, sizeof(name), "%0*d", (int)sizeof(name) - 1, i);
		if (request(o.nl, RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_APPEND, guest, &w2) ==
		    -EOPNOTSUPP)
			skip_because("this kernel knows no other names of interfaces");
	}
	hold(w, "web", o.nsid, guest, NULL);
	change_in(o.nl, guest, (struct wish){.mtu = 1400});
	assert_string_equal(told(w), "web");
	change_in(o.nl, guest, (struct wish){.group = 3});
	assert_string_equal(told(w), "");
	other_close(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    test(a_container_renames_its_end), test(a_container_deletes_its_end),
	    test(a_container_moves_its_end),   test(a_name_is_awaited_in_a_container),
	    test(a_new_namespace_is_heard),    test(what_a_container_makes_up_is_not_heard),
	    test(one_of_many_names_is_heard),
	};

	hearing_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
