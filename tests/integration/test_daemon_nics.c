/* What happens to an interface is seen at once: these daemons make no full pass by themselves. */
#include "tests/integration/daemon.h"
#include "tests/integration/wiring.h"
#include "tests/skip.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NIC                                                                                        \
	"eth0: {type: nic, nictype: bridged, parent: br0, name: eth0, host_name: ekh0, mtu: 1400"
#define SHAPED NIC ", limits.ingress: 50Mbit, limits.egress: 20Mbit"
#define ROUTED NIC ", ipv4.routes: 10.99.0.0/24, ipv6.routes: 'fd99::/64'"
#define AT_ONCE 1500 /* ms; ASan and a busy machine have their part in it */

/* A daemon that only events move, and a container with the nic that is asked for. */
struct scene {
	struct harness *h;
	const char *name;
	struct daemon *d;
};

static struct scene scene_open(void **state, const char *nic)
{
	struct scene s = {.h = wiring_begin(state)};

	s.name = wiring_container(s.h, "nics", NULL);
	wiring_ask(s.h, s.name, "%s}", nic);
	s.d = daemon_start(s.h, "--resync", "0", NULL);
	daemon_await(s.d, network_look(s.h, s.name, "eth0", &(struct network_link){0}));
	daemon_await(s.d, daemon_holds(s.d, s.name, "in-sync", NULL));
	daemon_nap(100);
	daemon_mark(s.d);
	return s;
}

/* It is as the manifest says, and whoever looks anew finds nothing to do. */
static bool is_whole(const struct scene *s, const char *nic)
{
	struct network_link inside, outside;

	if (!network_look(s->h, s->name, "eth0", &inside) || !inside.up || inside.mtu != 1400 ||
	    !network_look(s->h, NULL, "ekh0", &outside) || !outside.up || outside.mtu != 1400 ||
	    outside.peer != inside.index || strcmp(outside.master, "br0") != 0)
		return false;
	if (strcmp(nic, ROUTED) == 0)
		return network_try(s->h, NULL, "ip route | grep -q '^10.99.0.0/24 dev br0'") == 0 &&
		       network_try(s->h, NULL, "ip -6 route | grep -q '^fd99::/64 dev br0'") == 0;
	return strcmp(nic, SHAPED) != 0 ||
	       (network_count(s->h, NULL, "ifb") == 1 &&
		strstr(network_shaping(s->h, "ekh0"), "rate 50Mbit") &&
		strstr(network_shaping(s->h, "ekh0"), "mirred") &&
		strstr(network_shaping(s->h, arena_printf(s->h->arena, "ekifb%d", outside.index)),
		       "rate 20Mbit"));
}

static void expect_put_right(const struct scene *s, const char *nic, unsigned long long since,
			     const char *what)
{
	unsigned long long took;

	daemon_await(s->d, is_whole(s, nic));
	took = daemon_clock() - since;
	if (took > AT_ONCE)
		fail_msg("%s: put right after %llu ms only", what, took);
	/* it may be in the middle of it still */
	daemon_await(s->d, harness_evenkeel(s->h, NULL, "diff", NULL) == 0);
	daemon_await(s->d, daemon_holds(s->d, s->name, "in-sync", NULL));
}

/* How many names begin so: ip(8) complains while interfaces go. */
static unsigned long interfaces(struct harness *h, const char *prefix)
{
	return strtoul(network_host(h, "ls /sys/class/net | grep -c ^%s || true", prefix), NULL,
		       10);
}

/* ---- one thing happens ---- */

static const struct {
	const char *what, *nic;
	const char *here, *inside; /* commands: on the host, or as root of the container */
	const char *told;          /* a word of what is said */
} cases[] = {
    {"the host end is deleted",              NIC,    "ip link del ekh0",                                        NULL,                                                    "nic/eth0"          },
    {"it is deleted inside",                 NIC,    NULL,						      "ip link del eth0",                                      "nic/eth0"          },
    {"it is renamed inside",                 NIC,    NULL,						      "ip link set eth0 down; ip link set eth0 name other up",
     "name put back"																					 },
    {"it is moved on inside",                NIC,    NULL,
     "unshare -n sleep 5 & sleep 0.2; ip link set eth0 netns $!; sleep 0.1",											     "nic/eth0"          },
    {"its MTU is changed inside",            NIC,    NULL,						      "ip link set eth0 mtu 1300",                             "mtu put back"      },
    {"its MTU is changed here",              NIC,    "ip link set ekh0 mtu 1300",                               NULL,                                                    "mtu put back"      },
    {"its MAC is changed inside",            NIC,    NULL,						      "ip link set eth0 address 02:00:00:00:00:99",
     "hwaddr put back"																				       },
    {"its host end is set down",             NIC,    "ip link set ekh0 down",                                   NULL,                                                    "up put back"       },
    {"its host end is renamed",              NIC,    "ip link set ekh0 name other",                             NULL,                                                    "host_name put back"},
    {"it leaves its bridge",                 NIC,    "ip link set ekh0 nomaster",                               NULL,                                                    "master put back"   },
    {"it goes to another bridge",            NIC,    "ip link set ekh0 master br1",                             NULL,                                                    "master put back"   },
    {"its qdisc is deleted",                 SHAPED, "tc qdisc del dev ekh0 root",                              NULL,                                                    "ingress put back"  },
    {"its class is changed",                 SHAPED,
     "tc class change dev ekh0 parent 656b: classid 656b:1 htb rate 1mbit",                                     NULL,
     "ingress put back"																				      },
    {"what comes from it goes no way round", SHAPED, "tc qdisc del dev ekh0 ingress",                           NULL,
     "egress put back"																				       },
    {"its IFB is deleted",                   SHAPED, "ip link del $(basename /sys/class/net/ekifb*)",           NULL,
     "egress put back"																				       },
    {"its IFB is set down",                  SHAPED, "ip link set $(basename /sys/class/net/ekifb*) down",      NULL,
     "egress put back"																				       },
    {"its IFB lets all through",             SHAPED, "tc qdisc del dev $(basename /sys/class/net/ekifb*) root",
     NULL,																			       "egress put back"   },
    {"a shaped host end is deleted",         SHAPED, "ip link del ekh0",                                        NULL,                                                    "nic/eth0"          },
    {"a shaped one is deleted inside",       SHAPED, NULL,						      "ip link del eth0",                                      "nic/eth0"          },
};

static void it_is_put_right_at_once(void **state)
{
	struct scene s;
	const char *nic = NULL;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		unsigned long long now;

		/* who insists is contested: no daemon sees more than two of them */
		if (nic && (i % 2 == 0 || nic != cases[i].nic)) {
			daemon_stop(s.d);
			network_end(state);
			nic = NULL;
		}
		if (!nic)
			s = scene_open(state, cases[i].nic);
		nic = cases[i].nic;
		daemon_mark(s.d);
		now = daemon_clock();
		if (cases[i].here)
			network_host(s.h, "%s", cases[i].here);
		if (cases[i].inside)
			network_as_root(s.h, s.name, "%s", cases[i].inside);
		expect_put_right(&s, nic, now, cases[i].what);
		if (!daemon_said(s.d, cases[i].told))
			fail_msg("%s: nothing is said of \"%s\":\n%s", cases[i].what, cases[i].told,
				 daemon_words(s.d));
	}
	daemon_stop(s.d);
}

/* It is somebody's, and stays; who asks for a limit is told, once. */
static void a_foreign_qdisc_is_told_of(void **state)
{
	struct scene s = scene_open(state, SHAPED);

	network_host(s.h, "tc qdisc replace dev ekh0 root pfifo limit 77");
	daemon_await(s.d, daemon_said(s.d, "ekh0 has a pfifo qdisc"));
	assert_true(daemon_said(s.d, "tc qdisc del dev ekh0 root"));
	daemon_mark(s.d);
	network_host(s.h, "ip link set ekh0 nomaster");
	daemon_await(s.d, daemon_said(s.d, "master put back"));
	assert_false(daemon_said(s.d, "pfifo"));
	network_host(
	    s.h, "tc qdisc show dev ekh0 | grep 'pfifo.*limit 77p'; tc qdisc del dev ekh0 root");
	daemon_await(s.d, is_whole(&s, SHAPED));
	daemon_stop(s.d);
}

/* ---- what it hangs on ---- */

static void a_bridge_goes_and_comes(void **state)
{
	struct scene s = scene_open(state, NIC);
	unsigned long long now;

	network_host(s.h, "ip link del br0");
	daemon_await(s.d, daemon_holds(s.d, s.name, "failing", "br0"));
	assert_true(network_link(s.h, s.name, "eth0").index > 0);
	now = daemon_clock();
	network_host(s.h, "ip link add br0 type bridge; ip link set br0 up");
	expect_put_right(&s, NIC, now, "the bridge is there again");
	/* something else of that name is no bridge */
	network_host(s.h, "ip link del br0; ip link add br0 type veth peer name nobr");
	daemon_await(s.d, daemon_holds(s.d, s.name, "failing", "br0"));
	now = daemon_clock();
	network_host(s.h, "ip link del br0; ip link add br0 type bridge; ip link set br0 up");
	expect_put_right(&s, NIC, now, "it is a bridge again");
	daemon_stop(s.d);
}

static void a_bridge_is_awaited(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "waits", NULL);
	unsigned long long now;
	struct network_link link;
	struct daemon *d;

	wiring_ask(h, name, "eth0: {type: nic, nictype: bridged, parent: br9}");
	d = daemon_start(h, "--resync", "0", NULL);
	assert_true(daemon_holds(d, name, "failing", "br9"));
	now = daemon_clock();
	network_host(h, "ip link add br9 type bridge");
	daemon_await(d, network_look(h, name, "eth0", &link));
	if (daemon_clock() - now > AT_ONCE)
		fail_msg("only after %llu ms", daemon_clock() - now);
	daemon_await(d, daemon_holds(d, name, "in-sync", NULL));
	daemon_stop(d);
}

/* ---- what is left behind ---- */

static void a_container_ends_and_leaves_nothing(void **state)
{
	struct scene s = scene_open(state, SHAPED);

	harness_stop(s.h, s.name);
	daemon_await(s.d, interfaces(s.h, "ekifb") == 0);
	assert_int_equal(network_count(s.h, NULL, "veth"), 0);
	daemon_await(s.d, daemon_holds(s.d, s.name, "in-sync", NULL));
	assert_int_equal(daemon_count(s.d, "put back"), 0);
	harness_start(s.h, s.name);
	daemon_await(s.d, is_whole(&s, SHAPED));
	daemon_await(s.d, daemon_holds(s.d, s.name, "in-sync", NULL));
	assert_int_equal(daemon_count(s.d, "put back"), 0);
	/* what a daemon that was killed has left */
	daemon_kill(s.d);
	harness_stop(s.h, s.name);
	assert_int_equal(interfaces(s.h, "ekifb"), 1);
	s.d = daemon_start(s.h, NULL);
	daemon_await(s.d, interfaces(s.h, "ekifb") == 0);
	daemon_stop(s.d);
}

static void apply_leaves_nothing_behind(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "once", NULL);

	wiring_ask(h, name, "%s}", SHAPED);
	assert_int_equal(harness_evenkeel(h, NULL, "apply", NULL), 0);
	harness_stop(h, name);
	while (interfaces(h, "ve") + interfaces(h, "ekh") > 0) /* the kernel takes its time */
		daemon_nap(5);
	assert_int_equal(interfaces(h, "ekifb"), 1);
	assert_int_equal(harness_evenkeel(h, NULL, "diff", NULL), 0);
	assert_int_equal(interfaces(h, "ekifb"), 1);
	assert_int_equal(harness_evenkeel(h, NULL, "apply", NULL), 0);
	assert_int_equal(interfaces(h, "ekifb"), 0);
}

/* ---- who keeps at it ---- */

static unsigned long ticks(const struct daemon *d)
{
	char *text = harness_read(d->h, "/proc/%d/stat", (int)d->pid);
	unsigned long user = 0, system = 0;
	const char *at = strrchr(text, ')');

	assert_int_equal(
	    sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system), 2);
	return user + system;
}

/* Container root insists: it is said once, and neither the daemon nor anybody else suffers. */
static void who_insists_is_contested(void **state)
{
	struct scene s = scene_open(state, NIC);
	const char *other = wiring_container(s.h, "other", NULL);
	const char *end = arena_printf(s.h->arena, "%s/end", s.h->root);
	unsigned long used;
	struct network_link link;
	unsigned long long now;

	network_as_root(
	    s.h, s.name,
	    "(while [ ! -e %s ]; do ip link set eth0 name a; ip link set a name b;"
	    " ip link set eth0 mtu 1300; ip link set b mtu 1200; ip link set b name eth0;"
	    " done) >/dev/null 2>&1 &",
	    end);
	used = ticks(s.d);
	now = daemon_clock();
	daemon_await(s.d, daemon_said(s.d, "is contested"));
	daemon_await(s.d,
		     daemon_holds(s.d, s.name, "contested", NULL) || daemon_clock() - now > 10000);
	wiring_ask(s.h, other, "eth0: {type: nic, nictype: bridged, parent: br0}");
	now = daemon_clock();
	daemon_await(s.d, network_look(s.h, other, "eth0", &link));
	if (daemon_clock() - now > AT_ONCE)
		fail_msg("another container waits for %llu ms", daemon_clock() - now);
	daemon_nap(3000);
	used = ticks(s.d) - used;
	harness_write(s.h, end, "");
	print_message("%lu ticks in some seconds; said: %zu contested, %zu put back\n", used,
		      daemon_count(s.d, "is contested"), daemon_count(s.d, "put back"));
	assert_true(daemon_count(s.d, "is contested") <= 3);
	assert_true(daemon_count(s.d, "put back") <= 12);
	daemon_stop(s.d);
}

/* Events without end, about what is nobody's but the container's. */
static void a_flood_starves_nobody(void **state)
{
	struct scene s = scene_open(state, NIC);
	const char *batch = arena_printf(s.h->arena, "%s/batch", s.h->root);
	unsigned long long now, began = daemon_clock();
	unsigned long used;

	network_host(
	    s.h,
	    "for i in $(seq 10000); do echo link set v0 mtu 1400; echo link set v0 mtu 1300;"
	    " done >%s",
	    batch);
	network_inside(s.h, s.name,
		       "ip link add v0 type veth peer name v1;"
		       " (while [ ! -e %s.end ]; do ip -b %s; echo >>%s.times; done)"
		       " >/dev/null 2>&1 &",
		       batch, batch, batch);
	used = ticks(s.d);
	daemon_nap(200);
	for (int i = 0; i < 2; i++) {
		now = daemon_clock();
		network_host(s.h, "ip link set ekh0 nomaster");
		expect_put_right(&s, NIC, now, "in a flood");
		daemon_nap(500);
	}
	daemon_nap(1500);
	harness_write(s.h, arena_printf(s.h->arena, "%s.end", batch), "");
	used = ticks(s.d) - used;
	print_message("%zu events in %llu ms cost %lu ticks of the CPU\n",
		      20000 * strlen(harness_read(s.h, "%s.times", batch)), daemon_clock() - began,
		      used);
	assert_true(used < 100);
	daemon_stop(s.d);
}

/* More than the kernel keeps for one who does not come round to read: all are looked at. */
static void lost_events_are_made_up_for(void **state)
{
	struct scene s = scene_open(state, NIC);
	const char *batch = arena_printf(s.h->arena, "%s/batch", s.h->root);
	unsigned long long now;

	network_host(s.h,
		     "for i in $(seq 20000); do echo link set v0 mtu 1400;"
		     " echo link set v0 mtu 1300; done >%s",
		     batch);
	network_inside(s.h, s.name, "ip link add v0 type veth peer name v1");
	assert_int_equal(kill(s.d->pid, SIGSTOP), 0);
	network_inside(s.h, s.name, "ip -b %s", batch);
	network_host(s.h, "ip link set ekh0 nomaster");
	now = daemon_clock();
	assert_int_equal(kill(s.d->pid, SIGCONT), 0);
	expect_put_right(&s, NIC, now, "after a loss");
	assert_int_equal(daemon_count(s.d, "too many events about interfaces"), 1);
	/* and events are heard again */
	now = daemon_clock();
	network_host(s.h, "ip link set ekh0 mtu 1300");
	expect_put_right(&s, NIC, now, "after a loss, again");
	daemon_stop(s.d);
}

#define REMOVED 40

/* The kernel waits with each deletion; nobody else does. */
static void deletions_hold_up_nobody(void **state)
{
	struct scene s = scene_open(state, NIC);
	const char *many = wiring_container(s.h, "many", NULL);
	char *nics = arena_strdup(s.h->arena, "");
	unsigned long long now, longest = 0;

	for (unsigned k = 0; k < REMOVED; k++)
		nics = arena_printf(s.h->arena,
				    "%s%seth%u: {type: nic, nictype: p2p, limits.egress: 10Mbit}",
				    nics, k ? "\n  " : "", k);
	wiring_ask(s.h, many, "%s", nics);
	daemon_await(s.d, interfaces(s.h, "ekifb") == REMOVED);
	daemon_await(s.d, daemon_holds(s.d, many, "in-sync", NULL));
	now = daemon_clock();
	wiring_ask(s.h, many, "%s", "");
	daemon_nap(50);
	while (interfaces(s.h, "ekifb") > 0) {
		unsigned long long asked = daemon_clock();

		json_decref(daemon_standing(s.d, s.name));
		asked = daemon_clock() - asked;
		longest = asked > longest ? asked : longest;
	}
	print_message("%u nics went in %llu ms; the longest answer meanwhile took %llu ms\n",
		      REMOVED, daemon_clock() - now, longest);
	daemon_await(s.d, daemon_holds(s.d, many, "in-sync", NULL));
	daemon_stop(s.d);
}

/* ---- nothing happens ---- */

/* What we have done ourselves is no drift, and makes no work. */
static void our_own_changes_are_said_once(void **state)
{
	struct scene s = scene_open(state, NIC);

	wiring_ask(s.h, s.name,
		   "eth0: {type: nic, nictype: bridged, parent: br1, name: lan, host_name: ekh1,"
		   " mtu: 1300, hwaddr: '02:00:00:00:00:77'}");
	daemon_await(s.d, network_look(s.h, s.name, "lan", &(struct network_link){0}));
	daemon_await(s.d, daemon_holds(s.d, s.name, "in-sync", NULL));
	daemon_nap(500);
	wiring_expect_in_sync(s.h);
	assert_int_equal(daemon_count(s.d, "put back"), 0);
	assert_int_equal(daemon_count_both(s.d, s.name, " mtu "), 1);
	assert_int_equal(daemon_count_both(s.d, s.name, " name "), 1);
	assert_int_equal(daemon_count_both(s.d, s.name, " master "), 1);
	daemon_stop(s.d);
}

#define SLEEPERS 5
#define NICS_EACH 10

/* Of all its threads: how often one of them woke up. */
static unsigned long wakes(const struct daemon *d)
{
	char *text = network_host(d->h,
				  "cat /proc/%d/task/*/status | "
				  "awk '/^voluntary_ctxt/ {n += $2} END {print n}'",
				  (int)d->pid);

	return strtoul(text, NULL, 10);
}

/* Somebody else's containers come and go on this machine: not every window is a quiet one. */
static bool sleeps(const struct daemon *d)
{
	for (unsigned i = 0; i < 10; i++) {
		unsigned long before = wakes(d);

		daemon_nap(3000);
		if (wakes(d) == before)
			return true;
	}
	return false;
}

static void it_sleeps_with_fifty_shaped_nics(void **state)
{
	struct harness *h = wiring_begin(state);
	unsigned long before;
	struct daemon *d;

	for (unsigned i = 0; i < SLEEPERS; i++) {
		const char *name = wiring_container(h, arena_printf(h->arena, "s%u", i), NULL);
		char *nics = arena_strdup(h->arena, "");

		for (unsigned k = 0; k < NICS_EACH; k++)
			nics = arena_printf(h->arena,
					    "%s%seth%u: {type: nic, nictype: bridged, parent: br0,"
					    " limits.max: 10Mbit}",
					    nics, k ? "\n  " : "", k);
		wiring_ask(h, name, "%s", nics);
	}
	d = daemon_start(h, "--resync", "0", NULL);
	daemon_await(d, interfaces(h, "ekifb") == SLEEPERS * NICS_EACH);
	daemon_nap(1000);
	wiring_expect_in_sync(h);
	assert_true(sleeps(d));
	/* a container's own affairs, and other people's, wake it and are left */
	before = wakes(d);
	network_host(h, "for i in $(seq 50); do ip link add x$i type veth peer name y$i;"
			" ip link set x$i up; done");
	for (unsigned i = 1; i <= 50; i++)
		network_host(h, "ip link del x%u", i);
	print_message("100 interfaces of others: woke up %lu times\n", wakes(d) - before);
	assert_int_equal(daemon_count(d, "put back"), 0);
	assert_true(sleeps(d));
	daemon_stop(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    network_test(it_is_put_right_at_once),
	    network_test(a_foreign_qdisc_is_told_of),
	    network_test(a_bridge_goes_and_comes),
	    network_test(a_bridge_is_awaited),
	    network_test(a_container_ends_and_leaves_nothing),
	    network_test(apply_leaves_nothing_behind),
	    network_test(who_insists_is_contested),
	    network_test(a_flood_starves_nobody),
	    network_test(lost_events_are_made_up_for),
	    network_test(deletions_hold_up_nobody),
	    network_test(our_own_changes_are_said_once),
	    network_test(it_sleeps_with_fifty_shaped_nics),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
