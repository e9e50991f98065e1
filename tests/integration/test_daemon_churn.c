/* What comes, goes and restarts while the daemon is at work: nothing of it is used any more. */
#include "tests/integration/stage.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static const char *memory_limit(const struct actor *a)
{
	return witness_knob(a->h, a->name, "memory", "memory.limit_in_bytes", "memory.max");
}

static void leave_few_fds(void *context)
{
	struct rlimit l = {256, 256};

	(void)context;
	setrlimit(RLIMIT_NOFILE, &l);
}

/* Without fds to keep containers open, what the thread writes to is the round's own. */
static void a_container_that_is_not_kept_is_written_to_all_the_same(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "one", NULL);
	const char *limit = memory_limit(&a);
	const struct daemon_how how = {.prepare = leave_few_fds};
	struct daemon *d;

	assert_int_equal(harness_attach(h, a.name, NULL,
					"mkdir -p /big && mount -t tmpfs none /big && "
					"dd if=/dev/zero of=/big/big bs=1M count=40"),
			 0);
	stage_ask(&a, "100", "  limits.memory: 128MiB\n");
	d = daemon_start_how(h, &how);
	assert_true(witness_is(limit, "134217728"));
	stage_ask(&a, "101", "  limits.memory: 44MiB\n");
	daemon_await(d, witness_is(limit, "46137344"));
	stage_expect_in_sync(d);
	stage_turn(d, &a, "102", NULL);
	daemon_stop(d);
}

#define CROWD 2000
#define LAST 20

static void ask_nobody(struct harness *h, const char *name, int value)
{
	harness_manifest(h, arena_printf(h->arena, "instances/%s.yaml", name),
			 "kind: instance\nname: %s\nprofiles: []\nconfig:\n"
			 "  limits.processes: %d\n",
			 name, value);
}

static const char *last_one(struct harness *h, int k)
{
	return arena_printf(h->arena, "zz-%d", k);
}

/* Full passes are under way, and some of those that they have yet to look at change and go. */
static void who_goes_before_its_turn_has_none(void **state)
{
	struct harness *h = stage_begin(state);
	struct daemon *d;

	for (int i = 0; i < CROWD; i++)
		ask_nobody(h, arena_printf(h->arena, "crowd-%04d", i), 100);
	d = daemon_start(h, "--settle", "0", NULL);
	for (int i = 0; i < 100; i++) {
		for (int k = 0; k < LAST; k++)
			ask_nobody(h, last_one(h, k), i);
		assert_int_equal(kill(d->pid, SIGHUP), 0);
		for (int k = 0; k < LAST; k++) {
			ask_nobody(h, last_one(h, k), 1000 + i);
			usleep(500);
			unlink(arena_printf(h->arena, "%s/instances/%s.yaml", h->manifests,
					    last_one(h, k)));
			usleep(500);
		}
	}
	daemon_reload(d);
	daemon_stop(d);
}

static const struct CMUnitTest tests[] = {
    stage_test(a_container_that_is_not_kept_is_written_to_all_the_same),
    stage_test(who_goes_before_its_turn_has_none),
};

int main(void)
{
	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
