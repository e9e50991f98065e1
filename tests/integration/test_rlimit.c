/* limits.kernel.* on the processes of a real container. */
#include "limits/clamp.h"
#include "limits/rlimit.h"
#include "reconciler/host.h"
#include "tests/integration/driving.h"

#include <errno.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static bool may_raise(void)
{
	return prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE, 0, 0, 0) == 1;
}

/* A process inside, with a shell's own limits first; returns its pid on the host. */
static pid_t start_sleeper(struct harness *h, const char *name, const char *before, int seconds)
{
	char command[256], *output, *end, *list = NULL;

	snprintf(command, sizeof(command), "%s sleep %d >/dev/null 2>&1 </dev/null &", before,
		 seconds);
	assert_int_equal(harness_attach(h, name, &output, command), 0);
	for (int i = 0; i < 100; i++) {
		list = harness_cgroup(h, name, "pids", "cgroup.procs", NULL);
		assert_non_null(list);
		for (char *at = list; *at; at = *end ? end + 1 : end) {
			pid_t pid = (pid_t)strtol(at, &end, 10);
			char *line = harness_read(h, "/proc/%d/cmdline", (int)pid);

			if (line && strcmp(line, "sleep") == 0 && atoi(line + 6) == seconds)
				return pid;
		}
		usleep(20000);
	}
	fail_msg("no 'sleep %d' in %s", seconds, list);
	return 0;
}

static void assert_limit(pid_t pid, const char *want)
{
	struct arena *a = arena_new();
	struct rlimit_pair pair;

	assert_int_equal(clamp_read(pid, RLIMIT_NOFILE, &pair), 0);
	assert_string_equal(rlimit_print(&pair, a), want);
	arena_free(a);
}

/* Into a group of the container's own below its payload's. */
static void move_below(struct harness *h, const char *name, pid_t pid)
{
	const char *group = harness_cgroup_path(h, name, "pids");

	group = arena_printf(h->arena, "%s/kid", group);
	assert_int_equal(mkdir(group, 0755), 0);
	harness_write(h, arena_printf(h->arena, "%s/cgroup.procs", group),
		      arena_printf(h->arena, "%d\n", (int)pid));
	assert_non_null(strstr(harness_read(h, "/proc/%d/cgroup", (int)pid), "/kid"));
}

static void lowers_and_raises_what_runs(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "lower");
	pid_t init, plain, own, nested;
	struct driving *d;

	harness_create(h, name, "lxc.prlimit.nofile = 500:1000\n");
	init = harness_start(h, name);
	plain = start_sleeper(h, name, "ulimit -Sn 500; ulimit -Hn 1000; exec", 7001);
	own = start_sleeper(h, name, "ulimit -Sn 50; ulimit -Hn 60; exec", 7002);
	nested = start_sleeper(h, name, "ulimit -Sn 900; ulimit -Hn 1000; exec", 7003);
	move_below(h, name, nested);
	d = driving_open(h, name, &rlimit_driver, "rlimit");
	assert_string_equal(driving_base(d, "nofile"), "500:1000");

	/* a process above init's pair is not in sync */
	assert_string_equal(driving_observe(d, "nofile", "500:1000").value, "900:1000");
	assert_int_equal(driving_apply(d, "nofile", "500:1000").verdict, VERDICT_APPLIED);
	assert_limit(nested, "500:1000");
	assert_string_equal(driving_observe(d, "nofile", "500:1000").value, "500:1000");

	assert_int_equal(driving_apply(d, "nofile", "200:1000").verdict, VERDICT_APPLIED);
	assert_limit(init, "200:1000");
	assert_limit(plain, "200:1000");
	assert_limit(own, "50:60");
	driving_writes();
	assert_string_equal(driving_observe(d, "nofile", "200:1000").value, "200:1000");
	assert_int_equal(driving_apply(d, "nofile", "200:1000").verdict, VERDICT_APPLIED);
	assert_int_equal(driving_writes(), 0);

	/* up again, within the hard limit: nobody needs a capability for that */
	assert_int_equal(driving_apply(d, "nofile", "400:1000").verdict, VERDICT_APPLIED);
	assert_limit(init, "400:1000");
	assert_limit(plain, "400:1000");
	assert_limit(own, "50:60");
	assert_int_equal(harness_init(h, name), init);
	driving_close(d);
	harness_destroy(h, name);
}

/* A machine that may not raise hard limits says so, with the cure; one that may does it. */
static void raising_a_hard_limit_needs_a_capability(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "raise");
	struct driving *d;
	struct change c;
	pid_t init;

	harness_create(h, name, "lxc.prlimit.nofile = 500:1000\n");
	init = harness_start(h, name);
	d = driving_open(h, name, &rlimit_driver, "rlimit");
	c = driving_apply(d, "nofile", "600:1100");
	if (may_raise()) {
		assert_int_equal(c.verdict, VERDICT_APPLIED);
		assert_limit(init, "600:1100");
	} else {
		assert_int_equal(c.verdict, VERDICT_FAILED);
		assert_int_equal(c.error_number, EPERM);
		assert_non_null(strstr(c.error, "CAP_SYS_RESOURCE"));
		assert_non_null(strstr(c.error, "600:1100"));
		assert_limit(init, "500:1000");
	}
	c = driving_apply(d, "nofile", "600:4000000000");
	assert_int_equal(c.verdict, VERDICT_FAILED);
	assert_non_null(strstr(c.error, "fs.nr_open"));
	driving_close(d);
	harness_destroy(h, name);
}

/* Without a line of its own the container has what LXC's monitor was started with. */
static void goes_back_to_what_the_monitor_has(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "back");
	const char *fresh, *soft;
	struct rlimit_pair mine;
	struct driving *d;
	pid_t init;

	harness_create(h, name, NULL);
	init = harness_start(h, name);
	d = driving_open(h, name, &rlimit_driver, "rlimit");
	fresh = driving_value(d, "nofile");
	assert_string_equal(driving_base(d, "nofile"), fresh);
	assert_int_equal(clamp_read(init, RLIMIT_NOFILE, &mine), 0);
	soft = arena_printf(d->arena, "64:%llu", (unsigned long long)mine.hard);
	if (mine.hard == VALUE_UNLIMITED)
		soft = "64:unlimited";
	assert_int_equal(driving_apply(d, "nofile", soft).verdict, VERDICT_APPLIED);
	assert_string_equal(driving_value(d, "nofile"), soft);
	assert_int_equal(driving_apply(d, "nofile", driving_base(d, "nofile")).verdict,
			 VERDICT_APPLIED);
	assert_string_equal(driving_value(d, "nofile"), fresh);
	driving_close(d);
	harness_destroy(h, name);
}

/* What the boot file says, plain lxc-start gives; what it could not give is not in there. */
static void the_boot_file_starts(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "boot"), **lines = NULL;
	struct options o = {.host = "test", .etc = h->etc};
	struct property items[] = {
	    {.object = "rlimit", .attribute = "core",   .value = "0:0"                },
	    {.object = "rlimit", .attribute = "nofile", .value = "123:456"            },
	    {.object = "rlimit", .attribute = "nproc",  .value = "unlimited:unlimited"},
	    {.object = "rlimit", .attribute = "rtprio", .value = "3:7"                },
	};
	struct properties desired = {.arena = h->arena, .items = items, .n = 4};
	size_t n = 0, capacity = 0;
	const char *config = "";
	struct diagnostics ds;
	struct host *host;

	diagnostics_init(&ds, h->arena);
	host = host_read(&o, NULL, h->arena, &ds);
	rlimit_driver.boot(host, &desired, h->arena, &lines, &n, &capacity);
	assert_true(n >= 2);
	for (size_t i = 0; i < n; i++)
		config = arena_printf(h->arena, "%s%s\n", config, lines[i]);
	assert_int_equal(strstr(config, "rtprio") != NULL,
			 may_raise() || host->rlimits[RLIMIT_RTPRIO].hard >= 7);
	harness_create(h, name, config);
	assert_limit(harness_start(h, name), "123:456");
	harness_destroy(h, name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lowers_and_raises_what_runs),
	    cmocka_unit_test(raising_a_hard_limit_needs_a_capability),
	    cmocka_unit_test(goes_back_to_what_the_monitor_has),
	    cmocka_unit_test(the_boot_file_starts),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
