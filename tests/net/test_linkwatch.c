/* In a network namespace of its own, with others beside it, so that nothing of the machine is
 * touched. */
#include "net/linkwatch.h"

#include "net/netlink.h"
#include "tests/skip.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *refused; /* why there is no namespace to be had */

/* ---- the other side ---- */

/* Another network namespace, as it is known here. */
struct other {
	int fd, nsid;
	struct netlink *nl;
};

/* What is asked of an interface. */
struct wish {
	const char *name, *kind, *alias, *hwaddr, *altname;
	uint32_t mtu, group;
	const char *peer;           /* of a veth: its other end, ... */
	const struct other *beyond; /* ... in there; else: where it is moved to */
	int master;                 /* index; -1: none */
	int up;                     /* 1, or -1: down */
};

static void put_veth(struct nl_msg *m, const struct wish *w)
{
	struct ifinfomsg none = {.ifi_family = AF_UNSPEC};
	struct nlattr *data = nla_nest_start(m, IFLA_INFO_DATA);
	struct nlattr *peer = nla_nest_start(m, VETH_INFO_PEER);

	nlmsg_append(m, &none, sizeof(none), NLMSG_ALIGNTO);
	nla_put_string(m, IFLA_IFNAME, w->peer);
	if (w->beyond)
		nla_put_u32(m, IFLA_NET_NS_FD, (uint32_t)w->beyond->fd);
	nla_nest_end(m, peer);
	nla_nest_end(m, data);
}

static struct nl_msg *message(int type, int flags, int index, const struct wish *w)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct nl_msg *m = nlmsg_alloc_size(65536);

	nlmsg_put(m, 0, 0, type, 0, flags);
	info.ifi_change = w->up ? IFF_UP : 0;
	info.ifi_flags = w->up > 0 ? IFF_UP : 0;
	nlmsg_append(m, &info, sizeof(info), NLMSG_ALIGNTO);
	if (w->name)
		nla_put_string(m, IFLA_IFNAME, w->name);
	if (w->alias)
		nla_put_string(m, IFLA_IFALIAS, w->alias);
	if (w->hwaddr)
		nla_put(m, IFLA_ADDRESS, 6, w->hwaddr);
	if (w->mtu)
		nla_put_u32(m, IFLA_MTU, w->mtu);
	if (w->group)
		nla_put_u32(m, IFLA_GROUP, w->group);
	if (w->master)
		nla_put_u32(m, IFLA_MASTER, w->master > 0 ? (uint32_t)w->master : 0);
	if (w->beyond && !w->peer)
		nla_put_u32(m, IFLA_NET_NS_FD, (uint32_t)w->beyond->fd);
	if (w->altname) {
		struct nlattr *list = nla_nest_start(m, IFLA_PROP_LIST);

		nla_put_string(m, IFLA_ALT_IFNAME, w->altname);
		nla_nest_end(m, list);
	}
	if (w->kind) {
		struct nlattr *link = nla_nest_start(m, IFLA_LINKINFO);

		nla_put_string(m, IFLA_INFO_KIND, w->kind);
		if (w->peer)
			put_veth(m, w);
		nla_nest_end(m, link);
	}
	return m;
}

static int request(struct netlink *nl, int type, int flags, int index, const struct wish *w)
{
	return netlink_ask(nl, message(type, flags, index, w), NULL, NULL);
}

static void change_in(struct netlink *nl, int index, struct wish w)
{
	int error = request(nl, RTM_NEWLINK, 0, index, &w);

	if (error)
		print_error("%s: %s\n", strerror(-error), netlink_said(nl));
	assert_int_equal(error, 0);
}

static void change(int index, struct wish w)
{
	change_in(netlink_here(), index, w);
}

static void drop_in(struct netlink *nl, int index)
{
	const struct wish none = {0};

	assert_int_equal(request(nl, RTM_DELLINK, 0, index, &none), 0);
}

static void drop(int index)
{
	drop_in(netlink_here(), index);
}

static void take_index(const struct nlmsghdr *h, void *context)
{
	if (h->nlmsg_type == RTM_NEWLINK)
		*(int *)context = ((struct ifinfomsg *)nlmsg_data(h))->ifi_index;
}

static int index_in(struct netlink *nl, const char *name)
{
	const struct wish w = {.name = name};
	int index = 0;

	netlink_ask(nl, message(RTM_GETLINK, 0, 0, &w), take_index, &index);
	return index;
}

static int add_in(struct netlink *nl, struct wish w)
{
	int error = request(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, &w);

	if (error == -EOPNOTSUPP)
		skip_because("this kernel has no %s interfaces", w.kind);
	if (error)
		print_error("%s %s: %s: %s\n", w.kind, w.name, strerror(-error), netlink_said(nl));
	assert_int_equal(error, 0);
	return index_in(nl, w.name);
}

static int add(struct wish w)
{
	return add_in(netlink_here(), w);
}

static struct other other_open(void)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	struct other o;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	o.fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	close(home);
	assert_true(o.fd >= 0);
	o.nsid = netlink_nsid(netlink_here(), o.fd);
	assert_true(o.nsid >= 0);
	o.nl = netlink_in(o.fd);
	assert_non_null(o.nl);
	return o;
}

static void other_close(struct other *o)
{
	netlink_close(o->nl);
	close(o->fd);
}

/* A queueing discipline, in the words of its smallest message. */
static int queue_request(int type, int index)
{
	struct tcmsg t = {.tcm_family = AF_UNSPEC,
			  .tcm_ifindex = index,
			  .tcm_parent = 0xffffffff,
			  .tcm_handle = 0x10000};
	struct nl_msg *m =
	    nlmsg_alloc_simple(type, type == RTM_NEWQDISC ? NLM_F_CREATE | NLM_F_REPLACE : 0);

	nlmsg_append(m, &t, sizeof(t), NLMSG_ALIGNTO);
	nla_put_string(m, TCA_KIND, "pfifo");
	return netlink_ask(netlink_here(), m, NULL, NULL);
}

static int route_request(int type, int index)
{
	const unsigned char prefix[] = {192, 0, 2, 0};
	struct rtmsg r = {.rtm_family = AF_INET,
			  .rtm_dst_len = 24,
			  .rtm_table = RT_TABLE_MAIN,
			  .rtm_protocol = RTPROT_STATIC,
			  .rtm_scope = RT_SCOPE_LINK,
			  .rtm_type = RTN_UNICAST};
	struct nl_msg *m = nlmsg_alloc_simple(type, NLM_F_CREATE);

	nlmsg_append(m, &r, sizeof(r), NLMSG_ALIGNTO);
	nla_put(m, RTA_DST, sizeof(prefix), prefix);
	nla_put_u32(m, RTA_OIF, (uint32_t)index);
	return netlink_ask(netlink_here(), m, NULL, NULL);
}

/* Another process does it. */
static int by_somebody_else(int (*what)(int type, int index), int type, int index)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(-what(type, index));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

/* ---- what is told ---- */

struct told {
	char names[256];
	size_t n;
};

static void note(void *context, const char *owner)
{
	struct told *t = context;

	if (t->n++)
		strcat(t->names, " ");
	strcat(t->names, owner);
}

/* All that is told until nothing is left to be read. */
static const char *told(struct linkwatch *w)
{
	static struct told t;
	struct pollfd readable = {.fd = linkwatch_fd(w), .events = POLLIN};

	t = (struct told){0};
	while (poll(&readable, 1, 0) > 0)
		assert_true(linkwatch_read(w, note, &t));
	return t.names;
}

static void hold(struct linkwatch *w, const char *owner, int nsid, int index, const char *name)
{
	const struct watched_link l = {.nsid = nsid, .index = index, .name = name};

	linkwatch_hold(w, owner, &l, 1);
	told(w);
}

static int setup(void **state)
{
	if (!refused) {
		*state = linkwatch_open();
		assert_non_null(*state);
	}
	return 0;
}

/* What a failed test has left. */
static void drop_all(void)
{
	struct if_nameindex *all = if_nameindex();
	const struct wish none = {0};

	for (size_t i = 0; all && all[i].if_index; i++)
		request(netlink_here(), RTM_DELLINK, 0, (int)all[i].if_index, &none);
	if_freenameindex(all);
}

static int teardown(void **state)
{
	linkwatch_close(*state);
	if (!refused)
		drop_all();
	return 0;
}

static struct linkwatch *watch(void **state)
{
	if (refused)
		skip_because("no network namespace of our own: %s", refused);
	return *state;
}

/* ---- here ---- */

static void what_matters_is_told(void **state)
{
	struct linkwatch *w = watch(state);
	int bridge = add((struct wish){.name = "br0", .kind = "bridge"});
	int link = add((struct wish){.name = "one", .kind = "veth"});
	const struct wish wishes[] = {
	    {.name = "two"},     {.mtu = 1400},      {.hwaddr = "\x02\x00\x00\x00\x00\x01"},
	    {.up = 1},           {.alias = "ours"}, /* the kernel says so of one that is up */
	    {.alias = "theirs"}, {.master = bridge}, {.master = -1},
	    {.up = -1},
	};

	hold(w, "web", -1, link, NULL);
	for (size_t i = 0; i < sizeof(wishes) / sizeof(*wishes); i++) {
		change(link, wishes[i]);
		assert_string_equal(told(w), "web");
		change(link, wishes[i]);
		assert_string_equal(told(w), "");
	}
	drop(link);
	assert_string_equal(told(w), "web");
	drop(bridge);
}

static void what_does_not_matter_is_not(void **state)
{
	struct linkwatch *w = watch(state);
	int link = add((struct wish){.name = "one", .kind = "veth", .up = 1});
	char name[32];

	hold(w, "web", -1, link, NULL);
	change(link, (struct wish){.group = 7});
	for (int i = 0; i < 100; i++) {
		int unrelated;

		snprintf(name, sizeof(name), "other-%d", i);
		unrelated = add((struct wish){.name = name, .kind = "veth", .up = 1});
		change(unrelated, (struct wish){.mtu = 1400});
		if (i % 2)
			drop(unrelated);
	}
	assert_string_equal(told(w), "");
	for (int i = 0; i < 100; i += 2) {
		snprintf(name, sizeof(name), "other-%d", i);
		drop(index_in(netlink_here(), name));
	}
	assert_string_equal(told(w), "");
	drop(link);
}

static void ports_of_a_bridge_are_no_news_of_it(void **state)
{
	struct linkwatch *w = watch(state);
	int bridge = add((struct wish){.name = "br0", .kind = "bridge", .up = 1});
	int first = add((struct wish){.name = "one", .kind = "veth", .up = 1});
	int second = add((struct wish){.name = "two", .kind = "veth", .up = 1});

	hold(w, "bridge", -1, 0, "br0");
	hold(w, "first", -1, first, NULL);
	change(first, (struct wish){.master = bridge});
	assert_string_equal(told(w), "first");
	change(second, (struct wish){.master = bridge, .mtu = 1400});
	change(second, (struct wish){.master = -1});
	assert_string_equal(told(w), "");
	drop(second);
	drop(bridge);
	assert_true(strcmp(told(w), "bridge first") == 0 || strlen(told(w)) == 0);
	drop(first);
}

static void a_parent_that_comes_and_goes(void **state)
{
	struct linkwatch *w = watch(state);
	int bridge;

	hold(w, "web", -1, 0, "br0");
	hold(w, "db", -1, 0, "br1");
	bridge = add((struct wish){.name = "br0", .kind = "bridge"});
	assert_string_equal(told(w), "web");
	change(bridge, (struct wish){.name = "br1"});
	assert_int_equal(strlen(told(w)), strlen("web db"));
	drop(bridge);
	assert_string_equal(told(w), "db");
	bridge = add((struct wish){.name = "br1", .kind = "veth"});
	assert_string_equal(told(w), "db");
	/* made anew as something else, in one go */
	drop(bridge);
	bridge = add((struct wish){.name = "br1", .kind = "bridge"});
	assert_string_equal(told(w), "db");
	drop(bridge);
	linkwatch_hold(w, "db", NULL, 0);
	bridge = add((struct wish){.name = "br1", .kind = "veth"});
	assert_string_equal(told(w), "");
	drop(bridge);
}

static void a_storm_is_told_once(void **state)
{
	struct linkwatch *w = watch(state);
	int link = add((struct wish){.name = "one", .kind = "veth"});

	hold(w, "web", -1, link, NULL);
	for (uint32_t i = 0; i < 20; i++)
		change(link, (struct wish){.mtu = 1300 + i});
	assert_string_equal(told(w), "web");
	for (uint32_t i = 0; i < 20; i++)
		change(link, (struct wish){.mtu = 1300 + i});
	assert_string_equal(told(w), "");
	drop(link);
}

static void a_change_before_it_is_held_is_no_news(void **state)
{
	struct linkwatch *w = watch(state);
	int link = add((struct wish){.name = "one", .kind = "veth"});
	struct watched_link l = {.nsid = -1, .index = link};

	told(w);
	change(link, (struct wish){.mtu = 1400});
	linkwatch_hold(w, "web", &l, 1);
	assert_string_equal(told(w), "");
	drop(link);
}

static void queueing_by_others_is_told(void **state)
{
	struct linkwatch *w = watch(state);
	int link = add((struct wish){.name = "one", .kind = "veth", .peer = "two"});
	int other = add((struct wish){.name = "not", .kind = "bridge"});

	hold(w, "web", -1, link, NULL);
	hold(w, "db", -1, other, NULL);
	if (by_somebody_else(queue_request, RTM_NEWQDISC, link) == -ENOENT)
		skip_because("this kernel has no pfifo");
	assert_string_equal(told(w), "web");
	assert_int_equal(by_somebody_else(queue_request, RTM_NEWQDISC, other), 0);
	assert_string_equal(told(w), "");
	assert_int_equal(by_somebody_else(queue_request, RTM_DELQDISC, link), 0);
	assert_string_equal(told(w), "web");
	/* what we do ourselves */
	assert_int_equal(queue_request(RTM_NEWQDISC, link), 0);
	assert_int_equal(queue_request(RTM_DELQDISC, link), 0);
	assert_string_equal(told(w), "");
	drop(link);
	drop(other);
}

static void routes_are_told_to_who_asks(void **state)
{
	struct linkwatch *w = watch(state);
	int link = add((struct wish){.name = "one", .kind = "veth", .up = 1});
	const struct watched_link with = {.nsid = -1, .index = link, .routes = true};

	linkwatch_hold(w, "web", &with, 1);
	hold(w, "db", -1, link, NULL);
	assert_int_equal(by_somebody_else(route_request, RTM_NEWROUTE, link), 0);
	assert_string_equal(told(w), "web");
	assert_int_equal(route_request(RTM_DELROUTE, link), 0);
	assert_string_equal(told(w), "");
	assert_int_equal(route_request(RTM_NEWROUTE, link), 0);
	assert_int_equal(by_somebody_else(route_request, RTM_DELROUTE, link), 0);
	assert_string_equal(told(w), "web");
	hold(w, "web", -1, link, NULL);
	assert_int_equal(by_somebody_else(route_request, RTM_NEWROUTE, link), 0);
	assert_string_equal(told(w), "");
	drop(link);
}

static void an_ifb_left_behind_is_noticed(void **state)
{
	struct linkwatch *w = watch(state);
	int link = add((struct wish){.name = "one", .kind = "veth"}), ifb;
	char name[IFNAMSIZ];

	snprintf(name, sizeof(name), "ekifb%d", link);
	ifb = add((struct wish){.name = name, .kind = "veth"});
	told(w);
	assert_false(linkwatch_orphaned(w));
	drop(link);
	told(w);
	assert_true(linkwatch_orphaned(w));
	assert_false(linkwatch_orphaned(w));
	drop(ifb);
	told(w);
	linkwatch_veth_gone(w);
	drop(add((struct wish){.name = "one", .kind = "veth"}));
	told(w);
	assert_false(linkwatch_orphaned(w));
	assert_true(linkwatch_veth_gone(w));
	assert_false(linkwatch_veth_gone(w));
}

/* ---- in other namespaces ---- */

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

/* ---- too much ---- */

/* A flood that overflows the buffer is one loss; what comes behind it is heard again. */
static void a_flood_is_a_loss(void **state)
{
	struct linkwatch *w = watch(state);
	struct other o = other_open();
	int guest = add_in(o.nl, (struct wish){.name = "eth0", .kind = "veth"});
	int mine = add((struct wish){.name = "one", .kind = "veth", .up = 1});
	struct pollfd readable = {.fd = linkwatch_fd(w), .events = POLLIN};
	unsigned calls = 0, lost = 0;
	struct told t = {0};

	hold(w, "web", -1, mine, NULL);
	for (uint32_t i = 0; i < 40000; i++)
		change_in(o.nl, guest, (struct wish){.mtu = 1000 + i % 2});
	for (; poll(&readable, 1, 0) > 0; calls++)
		lost += !linkwatch_read(w, note, &t);
	assert_int_equal(lost, 1);
	assert_int_equal(t.n, 0);
	assert_true(linkwatch_orphaned(w));
	print_message("lost once in %u calls\n", calls);
	/* nobody knows whether it changed meanwhile */
	change(mine, (struct wish){.group = 9});
	assert_string_equal(told(w), "web");
	change(mine, (struct wish){.group = 10});
	assert_string_equal(told(w), "");
	change(mine, (struct wish){.mtu = 1400});
	assert_string_equal(told(w), "web");
	drop(mine);
	other_close(&o);
}

static void nothing_wakes_us_while_nothing_happens(void **state)
{
	struct linkwatch *w = watch(state);
	int link = add((struct wish){.name = "one", .kind = "veth", .peer = "two", .up = 1});
	struct pollfd readable = {.fd = linkwatch_fd(w), .events = POLLIN};

	hold(w, "web", -1, link, NULL);
	/* to look at something is no event */
	assert_int_equal(index_in(netlink_here(), "one"), link);
	assert_int_equal(poll(&readable, 1, 50), 0);
	drop(link);
}

static void what_a_message_costs(void **state)
{
	struct linkwatch *w = watch(state);
	struct other o = other_open();
	int guest = add_in(o.nl, (struct wish){.name = "eth0", .kind = "veth"});
	struct told t = {0};
	struct timespec from, to;
	double us = 0;
	const int n = 20000;

	for (int i = 1; i <= 3000; i++) {
		char owner[16];
		const struct watched_link l[] = {
		    {.nsid = -1,       .index = 1000 + i},
                    {.nsid = 1000 + i, .index = 2       }
                };

		snprintf(owner, sizeof(owner), "web%d", i);
		linkwatch_hold(w, owner, l, 2);
	}
	told(w);
	for (int i = 0; i < n; i += 100) {
		for (uint32_t k = 0; k < 100; k++)
			change_in(o.nl, guest, (struct wish){.mtu = 1000 + k % 2});
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		while (!linkwatch_read(w, note, &t))
			;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
		us += (double)(to.tv_sec - from.tv_sec) * 1e6 +
		      (double)(to.tv_nsec - from.tv_nsec) / 1e3;
	}
	assert_int_equal(t.n, 0);
	print_message("an event that nobody cares for: %.2f us\n", us / n);
	other_close(&o);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    test(what_matters_is_told),
	    test(what_does_not_matter_is_not),
	    test(ports_of_a_bridge_are_no_news_of_it),
	    test(a_parent_that_comes_and_goes),
	    test(a_storm_is_told_once),
	    test(a_change_before_it_is_held_is_no_news),
	    test(queueing_by_others_is_told),
	    test(routes_are_told_to_who_asks),
	    test(an_ifb_left_behind_is_noticed),
	    test(a_container_renames_its_end),
	    test(a_container_deletes_its_end),
	    test(a_container_moves_its_end),
	    test(a_name_is_awaited_in_a_container),
	    test(a_new_namespace_is_heard),
	    test(what_a_container_makes_up_is_not_heard),
	    test(one_of_many_names_is_heard),
	    test(a_flood_is_a_loss),
	    test(nothing_wakes_us_while_nothing_happens),
	    test(what_a_message_costs),
	};

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		refused = strerror(errno);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
