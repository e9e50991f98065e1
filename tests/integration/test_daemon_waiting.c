/* What may wait in the kernel is a thread's: it is done all the same, and nobody waits for it. */
#include "tests/integration/stage.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define FORWARD "cat /proc/sys/net/ipv4/ip_forward"

static bool forwards(const struct actor *a, const char *wanted)
{
	char *output;

	return harness_attach(a->h, a->name, &output, FORWARD) == 0 &&
	       strncmp(output, wanted, strlen(wanted)) == 0;
}

static const char *memory_limit(const struct actor *a)
{
	return witness_knob(a->h, a->name, "memory", "memory.limit_in_bytes", "memory.max");
}

/* Drivers beyond the cgroup's have their turn on the thread too, several in one round. */
static void each_driver_has_its_turn(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor one = stage_actor(h, "one", NULL), two = stage_actor(h, "two", NULL);
	const char *cpus = witness_knob(h, one.name, "cpuset", "cpuset.cpus", NULL);
	struct daemon *d;

	stage_ask(&one, "100", "  linux.sysctl.net.ipv4.ip_forward: \"0\"\n");
	stage_ask(&two, "100", "  linux.sysctl.net.ipv4.ip_forward: \"0\"\n");
	d = daemon_start(h, NULL);
	stage_ask(&one, "101",
		  "  linux.sysctl.net.ipv4.ip_forward: \"1\"\n"
		  "  limits.cpu: 0-0\n");
	stage_ask(&two, "102", "  linux.sysctl.net.ipv4.ip_forward: \"1\"\n");
	daemon_await(d, forwards(&one, "1") && forwards(&two, "1"));
	daemon_await(d, witness_is(cpus, "0"));
	daemon_await(d, witness_is(one.pids, "101") && witness_is(two.pids, "102"));
	stage_expect_in_sync(d);
	/* once said, and nothing goes round */
	assert_int_equal(daemon_count_both(d, one.name, "sysctl net.ipv4.ip_forward"), 1);
	assert_int_equal(daemon_count_both(d, two.name, "sysctl net.ipv4.ip_forward"), 1);
	daemon_stop(d);
}

/* Memory in use that cannot be reclaimed: the old limit stays, everything else goes on, and the new
 * one holds once there is room. */
static void a_limit_below_what_is_in_use_holds_up_nobody(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor full = stage_actor(h, "full", NULL), other = stage_actor(h, "other", NULL);
	const char *limit = memory_limit(&full);
	struct daemon *d;

	assert_int_equal(harness_attach(h, full.name, NULL,
					"mkdir -p /big && mount -t tmpfs none /big && "
					"dd if=/dev/zero of=/big/big bs=1M count=40"),
			 0);
	stage_ask(&full, "100", "  limits.memory: 128MiB\n");
	stage_ask(&other, "100", NULL);
	d = daemon_start(h, NULL);
	assert_true(witness_is(limit, "134217728"));
	stage_ask(&full, "101", "  limits.memory: 16MiB\n");
	stage_turn(d, &other, "102", NULL);
	daemon_await(d, witness_is(full.pids, "101"));
	daemon_await(d, daemon_count_both(d, full.name, "in use and cannot be reclaimed") > 0);
	assert_true(witness_is(limit, "134217728"));
	stage_turn(d, &other, "103", NULL);
	assert_int_equal(harness_attach(h, full.name, NULL, "rm /big/big"), 0);
	daemon_await(d, witness_is(limit, "16777216"));
	daemon_await(d, daemon_holds(d, full.name, "in-sync", NULL));
	stage_expect_in_sync(d);
	daemon_stop(d);
}

/* Ended at any moment of that, it ends well, and the next one goes on. */
static void ending_meanwhile_is_fine(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "one", NULL);
	struct daemon *d;

	stage_ask(&a, "100", "  linux.sysctl.net.ipv4.ip_forward: \"0\"\n");
	for (int i = 0; i < 5; i++) {
		d = daemon_start(h, "--settle", "0", NULL);
		stage_ask(&a, "100",
			  i % 2 ? "  linux.sysctl.net.ipv4.ip_forward: \"0\"\n"
				: "  linux.sysctl.net.ipv4.ip_forward: \"1\"\n");
		daemon_nap((unsigned)i);
		daemon_stop(d);
	}
	d = daemon_start(h, NULL);
	daemon_await(d, forwards(&a, "1"));
	/* a full pass reads the host anew while the thread is at work */
	for (int i = 0; i < 20; i++) {
		stage_ask(&a, "100",
			  i % 2 ? "  linux.sysctl.net.ipv4.ip_forward: \"0\"\n"
				: "  linux.sysctl.net.ipv4.ip_forward: \"1\"\n");
		kill(d->pid, SIGHUP);
		daemon_nap((unsigned)i);
	}
	daemon_await(d, forwards(&a, "0"));
	stage_expect_in_sync(d);
	daemon_stop(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    stage_test(each_driver_has_its_turn),
	    stage_test(a_limit_below_what_is_in_use_holds_up_nobody),
	    stage_test(ending_meanwhile_is_fine),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
