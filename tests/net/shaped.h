/*
 * shaped - a veth pair to be shaped, in a network namespace of the test's own.
 */
#pragma once

#include "net/ifb.h"
#include "net/shaping.h"
#include "schema/arena.h"
#include "tests/net/own_netns.h"
#include "tests/net/tc.h"

#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#define HOST "ve0"
#define MBIT 1000000ull
#define EACH_WAY(w) (enum shaping_way w = SHAPING_INGRESS; w <= SHAPING_EGRESS; w++)

static const char *const way_names[] = {"ingress", "egress"};

struct shaped {
	struct arena *arena;
	struct netlink *nl;
	struct link host;
	char ifb[IFNAMSIZ];
	int other; /* the namespace of its eth0 */
};

static inline void shaped_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	close(fd);
}

/* A group's set-up: programs run by it are root, too. */
static inline int shaped_enter(void **state)
{
	char uids[32], gids[32];
	ino_t before, after;
	struct stat st = {0};

	snprintf(uids, sizeof(uids), "0 %u 1", (unsigned)geteuid());
	snprintf(gids, sizeof(gids), "0 %u 1", (unsigned)getegid());
	stat("/proc/self/ns/user", &st);
	before = st.st_ino;
	own_netns_enter(state);
	stat("/proc/self/ns/user", &st);
	after = st.st_ino;
	if (before == after)
		return 0;
	shaped_write("/proc/self/setgroups", "deny");
	shaped_write("/proc/self/uid_map", uids);
	shaped_write("/proc/self/gid_map", gids);
	return 0;
}

static inline void shaped_up(struct netlink *nl, const char *name)
{
	const struct link_change up = {.up_given = true, .up = true};

	assert_int_equal(link_change(nl, own_netns_link(nl, LINK_HERE, name).index, &up), 0);
}

/* A veth drops what is sent before the kernel has seen that both ends are up. */
static inline void shaped_await(struct netlink *nl, const char *name)
{
	for (int i = 0; i < 500 && !(own_netns_link(nl, LINK_HERE, name).flags & IFF_RUNNING); i++)
		usleep(2000);
}

static inline struct shaped shaped_new(void)
{
	struct shaped b = {.nl = own_netlink()};
	struct netlink *inside;

	if (!tc_there())
		skip_because("no tc and ip programs: what others do cannot be done");
	/* of a test that failed */
	tc_run("for i in $(ip -o link show type ifb | sed 's/^[0-9]*: //;s/:.*//') " HOST "; do "
	       "ip link del $i 2>/dev/null; done; true");
	b.arena = arena_new();
	b.other = own_netns_another();
	assert_int_equal(own_netns_veth(b.nl, HOST, b.other, "eth0"), 0);
	shaped_up(b.nl, HOST);
	inside = netlink_in(b.other);
	assert_non_null(inside);
	shaped_up(inside, "eth0");
	shaped_await(inside, "eth0");
	shaped_await(b.nl, HOST);
	netlink_close(inside);
	b.host = own_netns_link(b.nl, LINK_HERE, HOST);
	ifb_name(b.host.index, b.ifb);
	return b;
}

static inline void shaped_free(struct shaped *b)
{
	own_netns_drop(b->nl, HOST);
	close(b->other);
	assert_true(shaping_sweep(b->nl) >= 0);
	arena_free(b->arena);
}

static inline void shaped_set(struct shaped *b, enum shaping_way way, uint64_t rate, uint64_t burst)
{
	const char *why = NULL;
	int error = shaping_set(b->nl, &b->host, way, rate, burst, b->arena, &why);

	if (error)
		fail_msg("%s %" PRIu64 ": %d %s", way_names[way], rate, error, why ? why : "");
}

static inline struct shaping shaped_get(struct shaped *b, enum shaping_way way)
{
	struct shaping s;

	assert_int_equal(shaping_read(b->nl, &b->host, way, b->arena, &s), 0);
	return s;
}

static inline void shaped_clear(struct shaped *b, enum shaping_way way)
{
	const char *why = NULL;
	int error = shaping_clear(b->nl, &b->host, way, b->arena, &why);

	if (error)
		fail_msg("%s: %d %s", way_names[way], error, why ? why : "");
}

static inline void shaped_assert(struct shaped *b, enum shaping_way way, uint64_t rate,
				 uint64_t burst)
{
	struct shaping s = shaped_get(b, way);
	uint64_t derived = shaping_burst(rate, b->host.mtu);

	assert_true(s.ours);
	assert_true(s.whole);
	assert_null(s.foreign);
	assert_int_equal(s.rate, rate);
	assert_int_equal(s.burst, shaping_settle_burst(rate, burst ? burst : derived));
	assert_int_equal(s.burst_derived, s.burst == shaping_settle_burst(rate, derived));
}

/* The whole state of the host end and its IFB, without counters. */
static inline char *shaped_state(const struct shaped *b)
{
	return tc_show(
	    "for d in %s %s; do ip -o link show dev $d 2>/dev/null | "
	    "sed 's/^[0-9]*: //;s/state .*alias/alias/;s/link.ether.*alias/alias/'; "
	    "[ -e /sys/class/net/$d ] || ip link show dev $d >/dev/null 2>&1 || continue; "
	    "tc -d qdisc show dev $d | sed 's/direct_packets_stat [0-9]*//'; "
	    "tc -d class show dev $d; "
	    "tc -d filter show dev $d; tc -d filter show dev $d ingress; "
	    "tc -d filter show dev $d egress; done 2>&1",
	    b->host.name, b->ifb);
}

#define SHAPED_FRAME 1000u /* bytes that one has, usually */

/* Sends N frames of SIZE bytes through an interface of this namespace. */
static inline void shaped_send(int index, int priority, size_t size, int n)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = index, .sll_halen = 6};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	unsigned char frame[SHAPED_FRAME] = {0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};

	assert_true(fd >= 0);
	assert_true(size <= sizeof(frame));
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority)), 0);
	for (int i = 0; i < n; i++)
		sendto(fd, frame, size, 0, (struct sockaddr *)&to, sizeof(to));
	close(fd);
}

/* From the other end. */
static inline void shaped_send_inside(struct shaped *b, int priority, size_t size, int n)
{
	int home = own_netns_fd();
	struct netlink *inside = netlink_in(b->other);
	int index = own_netns_link(inside, LINK_HERE, "eth0").index;

	netlink_close(inside);
	assert_int_equal(setns(b->other, CLONE_NEWNET), 0);
	shaped_send(index, priority, size, n);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	close(home);
}
