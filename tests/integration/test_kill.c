/*
 * kill -9 at every system call of an apply: a clean one afterwards converges to the same result.
 */
#include "tests/integration/cut.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define STEP 3 /* every so many calls; EVENKEEL_SOAK: every one */

static bool is_done(const struct __ptrace_syscall_info *stop)
{
	return stop->op == PTRACE_SYSCALL_INFO_EXIT;
}

/* Nothing of ours but the boot file is left beside the config. */
static void expect_no_leftovers(struct harness *h, const char *name)
{
	DIR *dir = opendir(arena_printf(h->arena, "%s/%s", h->lxcpath, name));
	const struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
			if (strcmp(entry->d_name, "config") != 0 &&
			    strcmp(entry->d_name, "rootfs") != 0 &&
			    strcmp(entry->d_name, "evenkeel.conf") != 0)
				fail_msg("left behind: %s", entry->d_name);
	closedir(dir);
}

static void expect_converged(struct harness *h, const char *name, const char *processes,
			     size_t calls)
{
	char *output;

	if (harness_evenkeel(h, &output, "apply", NULL) != 0)
		fail_msg("killed after %zu calls, the next apply failed:\n%s", calls, output);
	if (harness_evenkeel(h, &output, "diff", NULL) != 0)
		fail_msg("killed after %zu calls, not in sync:\n%s", calls, output);
	assert_string_equal(harness_cgroup(h, name, "pids", "pids.max", "pids.max"), processes);
	expect_no_leftovers(h, name);
}

static void manifest(struct harness *h, const char *name, bool second)
{
	harness_manifest(h, "instances/one.yaml",
			 "kind: instance\nname: %s\nconfig:\n"
			 "  limits.processes: %s\n"
			 "%s",
			 name, second ? "200" : "100",
			 second ? "  limits.memory: 64MiB\n  environment.A: b\n"
				: "  limits.cpu.allowance: 50ms/100ms\n");
}

/* Each round goes from one configuration to the other: a limit changes, one comes, one goes. */
static void killed_anywhere_it_converges(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "kill");
	size_t step = getenv("EVENKEEL_SOAK") ? 1 : STEP;
	bool ended = false;

	harness_create(h, name, NULL);
	harness_start(h, name);
	manifest(h, name, true);
	assert_int_equal(harness_evenkeel(h, NULL, "apply", NULL), 0);
	for (size_t calls = 1; !ended; calls += step) {
		bool second = (calls / step) % 2;

		manifest(h, name, second);
		ended = cut_apply(h, calls, is_done);
		expect_converged(h, name, second ? "200" : "100", calls);
		assert_true(calls < 100000);
	}
	harness_destroy(h, name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(killed_anywhere_it_converges)};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
