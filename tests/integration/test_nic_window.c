/*
 * A nic that comes to a running container is limited before anything can pass: the kernel itself
 * says in which order its parts came.
 */
#include "tests/integration/wiring.h"

#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ROOM (16 << 20)

static int hearing; /* a socket that has heard of links and of traffic control since it was made */

static void hear(void)
{
	struct sockaddr_nl me = {.nl_family = AF_NETLINK};
	const int groups[] = {RTNLGRP_LINK, RTNLGRP_TC}, room = ROOM;

	hearing = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	assert_true(hearing >= 0);
	assert_int_equal(setsockopt(hearing, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)), 0);
	assert_int_equal(bind(hearing, (struct sockaddr *)&me, sizeof(me)), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(setsockopt(hearing, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
					    &groups[i], sizeof(groups[i])),
				 0);
}

/* The number of the event with which each part came; 0: it has not come. */
struct order {
	int host_end, ifb; /* indexes */
	unsigned events, up, ifb_up, class, filter, ifb_class;
};

static void first(unsigned *at, const struct order *o)
{
	if (*at == 0)
		*at = o->events;
}

static void take_link(struct order *o, const struct ifinfomsg *info)
{
	if (info->ifi_family != AF_UNSPEC || !(info->ifi_flags & IFF_UP))
		return;
	if (info->ifi_index == o->host_end)
		first(&o->up, o);
	else if (info->ifi_index == o->ifb)
		first(&o->ifb_up, o);
}

static void take_queueing(struct order *o, int type, const struct tcmsg *t)
{
	if (type == RTM_NEWTCLASS && t->tcm_ifindex == o->host_end)
		first(&o->class, o);
	else if (type == RTM_NEWTCLASS && t->tcm_ifindex == o->ifb)
		first(&o->ifb_class, o);
	else if (type == RTM_NEWTFILTER && t->tcm_ifindex == o->host_end)
		first(&o->filter, o);
}

static void take(struct order *o, const struct nlmsghdr *m)
{
	o->events++;
	if (m->nlmsg_type == RTM_NEWLINK)
		take_link(o, NLMSG_DATA(m));
	else if (m->nlmsg_type >= RTM_NEWQDISC && m->nlmsg_type <= RTM_GETTFILTER)
		take_queueing(o, m->nlmsg_type, NLMSG_DATA(m));
}

static struct order listen_for(int host_end, int ifb)
{
	static char bytes[64 << 10] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct order o = {.host_end = host_end, .ifb = ifb};
	ssize_t got;

	while ((got = recv(hearing, bytes, sizeof(bytes), 0)) > 0) {
		unsigned left = (unsigned)got;

		for (struct nlmsghdr *m = (struct nlmsghdr *)bytes; NLMSG_OK(m, left);
		     m = NLMSG_NEXT(m, left))
			take(&o, m);
	}
	close(hearing);
	return o;
}

static void expect_no_window(struct harness *h, const char *name, const char *what)
{
	struct network_link end = network_host_end(h, name, "eth0");
	struct network_link ifb =
	    network_link(h, NULL, arena_printf(h->arena, "ekifb%d", end.index));
	struct order o = listen_for(end.index, ifb.index);

	if (!o.up || !o.ifb_up || !o.class || !o.filter || !o.ifb_class)
		fail_msg("%s: not all has been heard of", what);
	if (o.up < o.class || o.up < o.filter || o.up < o.ifb_class || o.up < o.ifb_up)
		fail_msg("%s: it was up before it was limited", what);
	/* what is sent to one that is down, or has no queue, would be lost or pass */
	if (o.filter < o.ifb_class || o.filter < o.ifb_up)
		fail_msg("%s: the IFB was not ready", what);
}

static const struct {
	const char *tag, *device;
} kinds[] = {
    {"bridged", "nictype: bridged, parent: br0"          },
    {"p2p",     "nictype: p2p"			   },
    {"routed",  "nictype: routed, ipv4.address: 10.8.0.2"},
};

static void it_is_limited_before_it_is_up(void **state)
{
	struct harness *h = wiring_begin(state);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const char *name = wiring_container(h, kinds[i].tag, NULL);

		wiring_ask(h, name, "eth0: {type: nic, %s, limits.max: 20Mbit}", kinds[i].device);
		hear();
		wiring_apply(h);
		expect_no_window(h, name, kinds[i].tag);
		/* its root takes it away: another one comes */
		network_as_root(h, name, "ip link del eth0");
		hear();
		wiring_apply(h);
		expect_no_window(h, name, arena_printf(h->arena, "%s, again", kinds[i].tag));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    network_test(it_is_limited_before_it_is_up),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
