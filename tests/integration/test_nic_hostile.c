/*
 * What root of a container may do to its end of a nic: rename it, delete it, move it away, put
 * others there that look alike. Nothing of the host or of another container is touched, and what
 * can be put right is.
 */
#include "tests/integration/stage.h"
#include "tests/integration/wiring.h"

#include <dirent.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PASSES 40
#define SOAK_PASSES 2000

static const char wired[] = "eth0: {type: nic, nictype: bridged, parent: br0, limits.max: %s}";

/* A container that nobody attacks, and one that attacks. */
struct scene {
	struct harness *h;
	const char *good, *bad;
	const char *bad_end, *good_ifb; /* names on the host */
	char *before;                   /* of the host without what belongs to the bad one */
};

/* Is LINE about another's IFB? "ekifb5" is the beginning of "ekifb51". */
static bool is_foreign_ifb(const struct scene *s, const char *line)
{
	const char *at = strstr(line, "ekifb");
	size_t n = strlen(s->good_ifb);

	return at && (strncmp(at, s->good_ifb, n) != 0 || (at[n] >= '0' && at[n] <= '9'));
}

/* A host's snapshot without the lines about the bad one's end, whose name is always the same. */
static char *others(const struct scene *s)
{
	char *text = network_snapshot(s->h), *out = arena_strdup(s->h->arena, "");
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strstr(line, s->bad_end) && !is_foreign_ifb(s, line))
			out = arena_printf(s->h->arena, "%s%s\n", out, line);
	}
	return out;
}

static struct scene scene_open(struct harness *h)
{
	struct scene s = {.h = h};

	s.good = wiring_container(h, "good", NULL);
	s.bad = wiring_container(h, "bad", NULL);
	wiring_ask(h, s.good, wired, "10Mbit");
	wiring_ask(h, s.bad, wired, "20Mbit");
	wiring_apply(h);
	s.bad_end = arena_strdup(h->arena, network_host_end(h, s.bad, "eth0").name);
	s.good_ifb = arena_printf(h->arena, "ekifb%d", network_host_end(h, s.good, "eth0").index);
	s.before = others(&s);
	return s;
}

static void expect_untouched(const struct scene *s, const char *what)
{
	network_expect_same(s->h, s->before, others(s), what);
}

/* ---- one trick at a time ---- */

static const struct {
	const char *trick;
	bool mended; /* or told, if it cannot be */
} tricks[] = {
    {"ip link set eth0 down; ip link set eth0 name evil",                                          true },
    {"ip link set eth0 address 02:00:00:00:66:66",                                                 true },
    {"ip link set eth0 mtu 1280",								  true },
    {"ip link set eth0 down",								      true },
    {"ip link del eth0",									   true },
 /* another one where it was */
    {"ip link del eth0; ip link add eth0 type veth peer name eth9; ip link set eth0 up",           false},
    {"ip link del eth0 || :; ip link del eth9 || :",                                               true },
    {"ip link set eth0 down; ip link set eth0 name evil; ip link add eth0 type veth peer name x1",
     false											      },
    {"ip link del x1 || :; ip link set evil name eth0 || :",                                       true },
 /* names of ours inside */
    {"ip link add ekifb1 type ifb; ip link add ve0123456789 type veth peer name br0",              true },
    {"ip link set eth0 alias 'evenkeel egress of 1 lo'",                                           true },
 /* shaping of its own */
    {"tc qdisc add dev eth0 root handle 656b: htb default 1;"
     " tc class add dev eth0 parent 656b: classid 656b:1 htb rate 1kbit; tc qdisc del dev eth0 "
     "root",										  true },
    {"for i in 1 2 3 4 5 6 7 8 9; do ip link add t$i type veth peer name u$i; done",               true },
};

static void tricks_harm_nobody(void **state)
{
	struct harness *h = wiring_begin(state);
	struct scene s = scene_open(h);

	for (size_t i = 0; i < sizeof(tricks) / sizeof(*tricks); i++) {
		char *output;

		network_as_root(h, s.bad, "set -e; %s", tricks[i].trick);
		harness_evenkeel(h, &output, "apply", NULL);
		expect_untouched(&s, tricks[i].trick);
		if (!tricks[i].mended)
			continue;
		if (harness_evenkeel(h, &output, "apply", NULL) != 0)
			fail_msg("%s:\n%s", tricks[i].trick, output);
		wiring_expect_in_sync(h);
		assert_string_equal(network_host_end(h, s.bad, "eth0").master, "br0");
		expect_untouched(&s, tricks[i].trick);
	}
}

/* Its end lies in a namespace within its own, where we do not look. */
static void a_moved_end_is_not_followed(void **state)
{
	struct harness *h = wiring_begin(state);
	struct scene s = scene_open(h);
	char *output, *pid;

	pid = network_as_root(h, s.bad,
			      "unshare -n sleep 1000 >/dev/null 2>&1 & sleep 0.3;"
			      " ip link set eth0 netns $! && echo $!");
	for (int round = 0; round < 3; round++) {
		harness_evenkeel(h, &output, "apply", NULL);
		expect_untouched(&s, "its end is elsewhere");
	}
	/* it brings it back, or lets it go */
	network_host(h, "kill -9 %d", atoi(pid));
	for (int i = 0; i < 100 && harness_evenkeel(h, &output, "apply", NULL) != 0; i++)
		daemon_nap(50);
	wiring_apply(h);
	assert_true(network_link(h, s.bad, "eth0").up);
	network_await_count(h, "veth", 2);
	assert_int_equal(network_count(h, NULL, "ifb"), 2);
	expect_untouched(&s, "after its end had been elsewhere");
}

/* ---- before anybody looks ---- */

static const struct {
	const char *tag, *config, *more;
	bool started; /* by its boot file */
} hidden[] = {
    {"stable", NULL,									       "",                  true },
    {"called", NULL,									       ", host_name: web0", true },
    {"own",
     "lxc.net.0.type = veth\nlxc.net.0.link = br0\nlxc.net.0.flags = up\nlxc.net.0.name = eth0\n", "",		  false},
};

/* LXC starts it without limits. Its root is quicker than we, and takes its end into a namespace of
 * its own: all that it has in the end is the one that is limited. */
static void what_is_hidden_at_a_start_has_no_use(void **state)
{
	struct harness *h = wiring_begin(state);

	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++) {
		const char *name = wiring_container(h, hidden[i].tag, hidden[i].config);
		struct network_link was, is;
		char *output, *pid;

		wiring_ask(h, name,
			   "eth0: {type: nic, nictype: bridged, parent: br0, limits.max: 20Mbit%s}",
			   hidden[i].more);
		if (hidden[i].started) {
			harness_stop(h, name);
			assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 0);
			harness_start(h, name);
		}
		was = network_host_end(h, name, "eth0");
		assert_null(strstr(network_shaping(h, was.name), "20Mbit"));
		pid = network_as_root(h, name,
				      "unshare -n sleep 1000 >/dev/null 2>&1 & sleep 0.3;"
				      " ip link set eth0 netns $! && echo $!");
		wiring_apply(h);
		is = network_host_end(h, name, "eth0");
		assert_true(is.up && is.index != was.index);
		assert_non_null(strstr(network_shaping(h, is.name), "20Mbit"));
		assert_int_equal(network_count(h, NULL, "veth"), i + 1);
		assert_int_equal(network_count(h, NULL, "ifb"), i + 1);
		network_host(h, "kill -9 %d", atoi(pid));
	}
}

/* It gives its end to the other container, which has one of that name; or back to the host. */
static void an_end_that_is_given_away(void **state)
{
	struct harness *h = wiring_begin(state);
	struct scene s = scene_open(h);
	struct network_link bad = network_host_end(h, s.bad, "eth0");
	char *output;

	network_inside(h, s.bad, "ip link set eth0 netns %d name gift",
		       (int)harness_init(h, s.good));
	harness_evenkeel(h, &output, "apply", NULL);
	expect_untouched(&s, "a gift");
	/* it is not ours to take from there */
	assert_true(network_count(h, s.good, "veth") >= 1);
	network_inside(h, s.good, "ip link del gift || :");
	harness_evenkeel(h, &output, "apply", NULL);
	wiring_apply(h);
	assert_true(network_link(h, s.bad, "eth0").up);
	assert_false(network_host_end(h, s.bad, "eth0").index == bad.index);
	expect_untouched(&s, "after the gift");
}

static void a_frozen_container_holds_nobody_up(void **state)
{
	struct harness *h = wiring_begin(state);
	struct scene s = scene_open(h);
	char *output;

	assert_int_equal(harness_run(h, NULL, "lxc-freeze", "-P", h->lxcpath, "-n", s.bad, NULL),
			 0);
	wiring_ask(h, s.bad, wired, "30Mbit");
	assert_int_equal(harness_run(h, &output, "timeout", "20", h->program, "apply", "-d",
				     h->manifests, "-P", h->lxcpath, "--etc", h->etc, NULL),
			 0);
	assert_non_null(
	    strstr(network_shaping(h, network_host_end(h, s.bad, "eth0").name), "30Mbit"));
	wiring_ask(h, s.bad,
		   "eth0: {type: nic, nictype: bridged, parent: br1, mtu: 1400}\n"
		   "  eth1: {type: nic, nictype: bridged, parent: br0}");
	wiring_apply(h);
	assert_int_equal(network_link(h, s.bad, "eth0").mtu, 1400);
	assert_true(network_link(h, s.bad, "eth1").up);
	assert_int_equal(harness_run(h, NULL, "lxc-unfreeze", "-P", h->lxcpath, "-n", s.bad, NULL),
			 0);
	wiring_ask(h, s.bad, wired, "20Mbit");
	wiring_apply(h);
	expect_untouched(&s, "after the frost");
}

/* ---- races ---- */

static pid_t attacker; /* of the test that runs */

/* A loop as root of the container, until it is killed. */
static void attack(struct harness *h, const char *name, const char *loop)
{
	const char *init = arena_printf(h->arena, "%d", (int)harness_init(h, name));
	pid_t parent = getpid();

	fflush(NULL);
	attacker = fork();
	if (attacker != 0)
		return;
	setpgid(0, 0);
	if (getppid() != parent || !freopen("/dev/null", "w", stdout) ||
	    !freopen("/dev/null", "w", stderr))
		_exit(1);
	execlp("nsenter", "nsenter", "-t", init, "-n", "-U", "-S", "0", "-G", "0", "--", "sh", "-c",
	       arena_printf(h->arena, "while :; do %s; done", loop), NULL);
	_exit(127);
}

static void cease(void)
{
	if (attacker <= 0)
		return;
	kill(-attacker, SIGKILL);
	kill(attacker, SIGKILL);
	waitpid(attacker, NULL, 0);
	attacker = 0;
}

static int end(void **state)
{
	cease();
	return network_end(state);
}

static const char *const loops[] = {
    "ip link set eth0 name evil; ip link set evil name eth0",
    "ip link del eth0; ip link add eth0 type veth peer name eth1; ip link del eth0",
    "ip link set eth0 down; ip link set eth0 address 02:66:66:66:66:66; ip link set eth0 mtu 1280",
    "ip link add ekifb1 type ifb; ip link del ekifb1; ip link set eth0 name a$$; ip link del a$$",
    "unshare -n sleep 0.05 & ip link set eth0 netns $!; wait",
};

static size_t open_fds(struct harness *h, pid_t pid)
{
	DIR *dir = opendir(arena_printf(h->arena, "/proc/%d/fd", (int)pid));
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static unsigned passes(void)
{
	return stage_soak() ? SOAK_PASSES : PASSES;
}

static void expect_calm(const struct scene *s, const char *what)
{
	char *output;

	cease();
	network_as_root(s->h, s->bad,
			"for d in $(ls /proc/sys/net/ipv4/conf); do case $d in all|default|lo) ;;"
			" *) ip link del $d 2>/dev/null;; esac; done; :");
	/* what was moved comes to its end with its namespace, a moment later */
	for (int i = 0; i < 100 && harness_evenkeel(s->h, &output, "apply", NULL) != 0; i++)
		daemon_nap(50);
	wiring_apply(s->h);
	assert_true(network_link(s->h, s->bad, "eth0").up);
	network_await_count(s->h, "veth", 2);
	assert_int_equal(network_count(s->h, NULL, "ifb"), 2);
	expect_untouched(s, what);
}

static void apply_in_the_middle(void **state)
{
	struct harness *h = wiring_begin(state);
	struct scene s = scene_open(h);

	for (size_t i = 0; i < sizeof(loops) / sizeof(*loops); i++) {
		attack(h, s.bad, loops[i]);
		for (unsigned k = 0; k < passes() / 4; k++) {
			char *output;
			int status;

			wiring_ask(h, s.bad, wired, k % 2 ? "20Mbit" : "25Mbit, mtu: 1400");
			status = harness_run(h, &output, "timeout", "30", h->program, "apply", "-d",
					     h->manifests, "-P", h->lxcpath, "--etc", h->etc, NULL);
			if (status > 1 || strstr(output, "anitizer"))
				fail_msg("%s: %d\n%s", loops[i], status, output);
			expect_untouched(&s, loops[i]);
		}
		expect_calm(&s, loops[i]);
	}
}

static void the_daemon_in_the_middle(void **state)
{
	struct harness *h = wiring_begin(state);
	struct scene s = scene_open(h);
	struct daemon *d = daemon_start(h, NULL);
	size_t fds;

	daemon_reload(d);
	fds = open_fds(h, d->pid);
	for (size_t i = 0; i < sizeof(loops) / sizeof(*loops); i++) {
		attack(h, s.bad, loops[i]);
		for (unsigned k = 0; k < passes(); k++) {
			struct network_link good = network_host_end(h, s.good, "eth0");

			/* the other one is served all the while */
			wiring_ask(h, s.good, wired, k % 2 ? "10Mbit" : "15Mbit");
			daemon_await(d, strstr(network_shaping(h, good.name),
					       k % 2 ? "rate 10Mbit" : "rate 15Mbit"));
		}
		cease();
		wiring_ask(h, s.good, wired, "10Mbit");
		daemon_reload(d);
		expect_untouched(&s, loops[i]);
	}
	/* it comes to rest, with no more than it had */
	network_as_root(h, s.bad,
			"for d in $(ls /proc/sys/net/ipv4/conf); do case $d in all|default|lo) ;;"
			" *) ip link del $d 2>/dev/null;; esac; done; :");
	daemon_reload(d);
	daemon_await(d, open_fds(h, d->pid) <= fds);
	daemon_stop(d);
	expect_calm(&s, "after the daemon");
}

/* It dies while we are at it. */
static void a_death_in_the_middle(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = harness_name(h, "dies");

	network_host(h, "ip link set br0 up");
	harness_create(h, name, NULL);
	wiring_ask(h, name,
		   "eth0: {type: nic, nictype: bridged, parent: br0, limits.max: 10Mbit}\n"
		   "  eth1: {type: nic, nictype: bridged, parent: br1, limits.max: 10Mbit}\n"
		   "  eth2: {type: nic, nictype: p2p, limits.max: 10Mbit}");
	for (unsigned i = 0; i < (stage_soak() ? 200 : 12); i++) {
		char *output;
		pid_t init = harness_start(h, name);
		int status;

		/* nothing of the record: all three come now */
		status = harness_run(h, &output, "sh", "-c",
				     "(sleep $5; kill -9 $6) & exec timeout 30 $0 apply -d $1"
				     " -P $2 --etc $3",
				     h->program, h->manifests, h->lxcpath, h->etc, "",
				     arena_printf(h->arena, "0.0%02u", i * 5 % 60),
				     arena_printf(h->arena, "%d", (int)init), NULL);
		if (status > 1 || strstr(output, "anitizer"))
			fail_msg("%d\n%s", status, output);
		harness_stop(h, name);
		assert_int_equal(
		    harness_run(h, NULL, h->program, "release", "-P", h->lxcpath, name, NULL), 0);
		network_await_count(h, "veth", 0);
		assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 0);
		assert_int_equal(network_count(h, NULL, "ifb"), 0);
		harness_run(h, NULL, h->program, "release", "-P", h->lxcpath, name, NULL);
	}
}

#define hostile_test(f) cmocka_unit_test_teardown(f, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    hostile_test(tricks_harm_nobody),
	    hostile_test(a_moved_end_is_not_followed),
	    hostile_test(what_is_hidden_at_a_start_has_no_use),
	    hostile_test(an_end_that_is_given_away),
	    hostile_test(a_frozen_container_holds_nobody_up),
	    hostile_test(apply_in_the_middle),
	    hostile_test(the_daemon_in_the_middle),
	    hostile_test(a_death_in_the_middle),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
