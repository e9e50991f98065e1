#include "tests/net/hearing.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

static const char *refused; /* why there is no namespace to be had */

void hearing_enter(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		refused = strerror(errno);
}

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

struct nl_msg *message(int type, int flags, int index, const struct wish *w)
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

int request(struct netlink *nl, int type, int flags, int index, const struct wish *w)
{
	return netlink_ask(nl, message(type, flags, index, w), NULL, NULL);
}

void change_in(struct netlink *nl, int index, struct wish w)
{
	int error = request(nl, RTM_NEWLINK, 0, index, &w);

	if (error)
		print_error("%s: %s\n", strerror(-error), netlink_said(nl));
	assert_int_equal(error, 0);
}

void change(int index, struct wish w)
{
	change_in(netlink_here(), index, w);
}

void drop_in(struct netlink *nl, int index)
{
	const struct wish none = {0};

	assert_int_equal(request(nl, RTM_DELLINK, 0, index, &none), 0);
}

void drop(int index)
{
	drop_in(netlink_here(), index);
}

static void take_index(const struct nlmsghdr *h, void *context)
{
	if (h->nlmsg_type == RTM_NEWLINK)
		*(int *)context = ((struct ifinfomsg *)nlmsg_data(h))->ifi_index;
}

int index_in(struct netlink *nl, const char *name)
{
	const struct wish w = {.name = name};
	int index = 0;

	netlink_ask(nl, message(RTM_GETLINK, 0, 0, &w), take_index, &index);
	return index;
}

int add_in(struct netlink *nl, struct wish w)
{
	int error = request(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, &w);

	if (error == -EOPNOTSUPP)
		skip_because("this kernel has no %s interfaces", w.kind);
	if (error)
		print_error("%s %s: %s: %s\n", w.kind, w.name, strerror(-error), netlink_said(nl));
	assert_int_equal(error, 0);
	return index_in(nl, w.name);
}

int add(struct wish w)
{
	return add_in(netlink_here(), w);
}

struct other other_open(void)
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

void other_close(struct other *o)
{
	netlink_close(o->nl);
	close(o->fd);
}

/* A queueing discipline, in the words of its smallest message. */
int queue_request(int type, int index)
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

int route_request(int type, int index)
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
int by_somebody_else(int (*what)(int type, int index), int type, int index)
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

void note(void *context, const char *owner)
{
	struct told *t = context;

	if (t->n++)
		strcat(t->names, " ");
	strcat(t->names, owner);
}

/* All that is told until nothing is left to be read. */
const char *told(struct linkwatch *w)
{
	static struct told t;
	struct pollfd readable = {.fd = linkwatch_fd(w), .events = POLLIN};

	t = (struct told){0};
	while (poll(&readable, 1, 0) > 0)
		assert_true(linkwatch_read(w, note, &t));
	return t.names;
}

void hold(struct linkwatch *w, const char *owner, int nsid, int index, const char *name)
{
	const struct watched_link l = {.nsid = nsid, .index = index, .name = name};

	linkwatch_hold(w, owner, &l, 1);
	told(w);
}

int hearing_setup(void **state)
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

int hearing_teardown(void **state)
{
	linkwatch_close(*state);
	if (!refused)
		drop_all();
	return 0;
}

struct linkwatch *watch(void **state)
{
	if (refused)
		skip_because("no network namespace of our own: %s", refused);
	return *state;
}
