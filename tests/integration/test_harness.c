/* The harness itself: what every other integration test stands on. */
#include "tests/integration/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void a_container_runs_unprivileged(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "one");
	char *output;
	pid_t init;

	harness_create(h, name, "lxc.environment = A=1\n");
	assert_int_equal(harness_init(h, name), 0);
	init = harness_start(h, name);
	assert_int_equal(init, harness_init(h, name));
	assert_non_null(strstr(harness_read(h, "/proc/%d/uid_map", (int)init), "100000"));
	assert_non_null(harness_cgroup(h, name, "memory", "memory.limit_in_bytes", "memory.max"));
	assert_null(harness_cgroup(h, name, "memory", "no.such.file", NULL));
	assert_int_equal(harness_attach(h, name, &output, "id -u; touch /x && stat -c %u /x"), 0);
	assert_string_equal(output, "0\n0\n");
	assert_int_equal(harness_attach(h, name, &output, "exit 3"), 3);
	harness_stop(h, name);
	assert_int_equal(harness_init(h, name), 0);
	harness_destroy(h, name);
	assert_int_not_equal(access(arena_printf(h->arena, "%s/%s", h->lxcpath, name), F_OK), 0);
}

static void many_containers_are_cheap(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *names[10];

	for (size_t i = 0; i < 10; i++) {
		char tag[16];

		snprintf(tag, sizeof(tag), "many%zu", i);
		names[i] = harness_name(h, tag);
		harness_create(h, names[i], NULL);
	}
	harness_start_all(h, names, 10);
	for (size_t i = 0; i < 10; i++)
		assert_true(harness_init(h, names[i]) > 0);
	/* left running: the janitor's work */
}

static void a_container_that_cannot_start_says_so(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "bad");
	char *output;

	harness_create(h, name, "lxc.mount.entry = /no/such/place mnt none bind 0 0\n");
	assert_int_not_equal(harness_try_start(h, name, &output), 0);
	harness_stop(h, name); /* its monitor goes a moment after the answer */
	assert_int_equal(harness_init(h, name), 0);
	harness_destroy(h, name);
}

/* A test process that is killed leaves nothing behind. */
static void a_crash_is_cleared_up_too(void **state)
{
	struct harness *h = harness_require_root(state);
	void *inner = NULL;
	char root[64];
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		if (harness_setup(&inner) == 0) {
			struct harness *own = inner;
			const char *name = harness_name(own, "crash");

			harness_create(own, name, NULL);
			harness_start(own, name);
			if (write(fds[1], own->root, strlen(own->root) + 1) < 0)
				_exit(1);
		}
		_exit(0);
	}
	close(fds[1]);
	assert_true(read(fds[0], root, sizeof(root)) > 0);
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (int i = 0; i < 1000 && access(root, F_OK) == 0; i++)
		usleep(10000);
	assert_int_not_equal(access(root, F_OK), 0);
	(void)h;
}

static void manifests_are_written_and_cleared(void **state)
{
	struct harness *h = harness_require_root(state);

	harness_manifest(h, "profiles/small.yaml", "config: {limits.memory: %s}\n", "64MiB");
	assert_string_equal(harness_read(h, "%s/profiles/small.yaml", h->manifests),
			    "config: {limits.memory: 64MiB}\n");
	harness_manifests_clear(h);
	assert_null(harness_read(h, "%s/profiles/small.yaml", h->manifests));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_container_runs_unprivileged),
	    cmocka_unit_test(many_containers_are_cheap),
	    cmocka_unit_test(a_container_that_cannot_start_says_so),
	    cmocka_unit_test(a_crash_is_cleared_up_too),
	    cmocka_unit_test(manifests_are_written_and_cleared),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
