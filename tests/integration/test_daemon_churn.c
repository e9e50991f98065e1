/* What comes, goes and restarts while the daemon is at work: nothing of it is used any more. */
#include "tests/integration/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>

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

static const struct CMUnitTest tests[] = {
    stage_test(a_container_that_is_not_kept_is_written_to_all_the_same),
};

int main(void)
{
	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
