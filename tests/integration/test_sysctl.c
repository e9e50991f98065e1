/* linux.sysctl.* inside the namespaces of a real container, and nowhere else. */
#include "reconciler/sysctl.h"
#include "tests/integration/driving.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The kernel's, but one of them may be refused. */
static size_t hops, refused_hop;

int setns(int fd, int type)
{
	if (++hops != refused_hop)
		return (int)syscall(SYS_setns, fd, type);
	errno = EPERM;
	return -1;
}

static const char *of_host(struct harness *h, const char *path)
{
	const char *text = harness_read(h, "/proc/sys/%s", path);

	return text ? sysctl_normalize(text, h->arena) : "";
}

static const char *of_container(struct harness *h, const char *name, const char *path)
{
	char *output;

	assert_int_equal(
	    harness_attach(h, name, &output, arena_printf(h->arena, "cat /proc/sys/%s", path)), 0);
	return sysctl_normalize(output, h->arena);
}

static const struct {
	const char *name, *path, *value, *other;
} rows[] = {
    {"net.ipv4.ip_forward",          "net/ipv4/ip_forward",          "1",                "0"               },
    {"net.ipv4.ip_local_port_range", "net/ipv4/ip_local_port_range", "20000 30000",      "20001 30000"     },
    {"net.ipv4.conf.lo.forwarding",  "net/ipv4/conf/lo/forwarding",  "1",                "0"               },
    {"net/core/somaxconn",           "net/core/somaxconn",           "777",              "778"             },
    {"kernel.msgmax",                "kernel/msgmax",                "9001",             "9002"            },
    {"kernel.sem",		   "kernel/sem",                   "250 32000 32 129", "250 32000 32 130"},
    {"kernel.shm_rmid_forced",       "kernel/shm_rmid_forced",       "1",                "0"               },
    {"fs.mqueue.msg_max",            "fs/mqueue/msg_max",            "11",               "12"              },
};

static void set_live_and_put_back(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "sysctl");
	struct driving *d;

	harness_create(h, name, NULL);
	harness_start(h, name);
	d = driving_open(h, name, &sysctl_driver, "sysctl");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *before = of_host(h, rows[i].path), *fresh, *base;
		struct change c;

		if (!*before)
			continue; /* this kernel has no such thing */
		fresh = driving_value(d, rows[i].name);
		assert_non_null(fresh);
		base = driving_base(d, rows[i].name);
		assert_non_null(base);
		assert_string_equal(base, fresh);
		c = driving_apply(d, rows[i].name, rows[i].value);
		if (c.verdict != VERDICT_APPLIED)
			fail_msg("%s: %s", rows[i].name, c.error);
		assert_string_equal(driving_value(d, rows[i].name), rows[i].value);
		assert_string_equal(of_container(h, name, rows[i].path), rows[i].value);
		assert_string_equal(of_host(h, rows[i].path), before);
		c = driving_apply(d, rows[i].name, rows[i].other);
		assert_int_equal(c.verdict, VERDICT_APPLIED);
		c = driving_apply(d, rows[i].name, base);
		assert_int_equal(c.verdict, VERDICT_APPLIED);
		assert_string_equal(of_container(h, name, rows[i].path), fresh);
	}
	driving_close(d);
	harness_destroy(h, name);
}

static void refusals_have_their_reasons(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "refuse");
	struct property p;
	struct driving *d;
	struct change c;

	harness_create(h, name, NULL);
	harness_start(h, name);
	d = driving_open(h, name, &sysctl_driver, "sysctl");
	p = driving_observe(d, "net.ipv4.no_such_thing", "1");
	assert_int_equal(p.certainty, UNSUPPORTED);
	assert_non_null(strstr(p.reason, "net/ipv4/no_such_thing"));
	p = driving_observe(d, "kernel.core_pattern", "x");
	assert_int_equal(p.certainty, UNSUPPORTED);
	c = driving_apply(d, "kernel.core_pattern", "x");
	assert_int_equal(c.verdict, VERDICT_FAILED);
	c = driving_apply(d, "net.ipv4.ip_forward", "nonsense");
	assert_int_equal(c.verdict, VERDICT_FAILED);
	assert_non_null(strstr(c.error, "nonsense"));
	/* what the kernel makes something else of is said, not hidden */
	c = driving_apply(d, "net.ipv4.ip_forward", "0x1");
	assert_int_equal(c.verdict, VERDICT_FAILED);
	assert_non_null(strstr(c.error, "the kernel made '1' of '0x1'"));
	driving_close(d);
	harness_destroy(h, name);
}

/* A container that shares the host's network would set the host's. */
static void the_hosts_own_is_never_written(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "shared");
	const char *before;
	struct property p;
	struct driving *d;
	struct change c;

	/* sysfs shows a network namespace and cannot be mounted for one that is not its own */
	harness_create(h, name,
		       "lxc.net =\nlxc.net.0.type = none\nlxc.mount.auto =\n"
		       "lxc.mount.auto = proc:rw\n");
	harness_start(h, name);
	d = driving_open(h, name, &sysctl_driver, "sysctl");
	before = of_host(h, "net/ipv4/ip_forward");
	p = driving_observe(d, "net.ipv4.ip_forward", "1");
	assert_int_equal(p.certainty, UNSUPPORTED);
	assert_non_null(strstr(p.reason, "shares the host's network"));
	c = driving_apply(d, "net.ipv4.ip_forward", "1");
	assert_int_equal(c.verdict, VERDICT_FAILED);
	assert_string_equal(of_host(h, "net/ipv4/ip_forward"), before);
	driving_close(d);
	harness_destroy(h, name);
}

static ino_t network_of_this_thread(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/thread-self/ns/net", &st), 0);
	return st.st_ino;
}

static void a_look_comes_back_or_ends(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "hops");
	ino_t home = network_of_this_thread();
	struct property p;
	struct driving *d;
	int status = 0;
	pid_t child;

	harness_create(h, name, NULL);
	harness_start(h, name);
	d = driving_open(h, name, &sysctl_driver, "sysctl");
	hops = 0;
	assert_int_equal(driving_observe(d, "net.ipv4.ip_forward", "1").certainty, CERTAIN_VALUE);
	assert_int_equal(hops, 2);
	assert_int_equal(network_of_this_thread(), home);
	/* what cannot be entered is not known */
	hops = 0;
	refused_hop = 1;
	p = driving_observe(d, "net.ipv4.ip_forward", "1");
	assert_int_equal(p.certainty, UNKNOWN);
	assert_non_null(strstr(p.reason, "Operation not permitted"));
	assert_int_equal(network_of_this_thread(), home);
	hops = 0;
	refused_hop = 2;
	child = fork();
	if (child == 0) {
		driving_observe(d, "net.ipv4.ip_forward", "1");
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 2);
	refused_hop = 0;
	/* of one that has gone nothing is known either */
	harness_stop(h, name);
	assert_int_equal(driving_observe(d, "net.ipv4.ip_forward", "1").certainty, UNKNOWN);
	assert_int_equal(network_of_this_thread(), home);
	driving_close(d);
	harness_destroy(h, name);
}

static void the_owners_own_line_is_the_base(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "own");
	struct driving *d;

	harness_create(h, name, "lxc.sysctl.net.ipv4.ip_local_port_range = 4000 5000\n");
	harness_start(h, name);
	d = driving_open(h, name, &sysctl_driver, "sysctl");
	assert_string_equal(driving_base(d, "net.ipv4.ip_local_port_range"), "4000 5000");
	assert_string_equal(driving_value(d, "net.ipv4.ip_local_port_range"), "4000 5000");
	/* an interface that came later began as the default */
	assert_string_equal(driving_base(d, "net.ipv4.conf.eth9.forwarding"), "0");
	driving_close(d);
	harness_destroy(h, name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(set_live_and_put_back),
	    cmocka_unit_test(refusals_have_their_reasons),
	    cmocka_unit_test(the_hosts_own_is_never_written),
	    cmocka_unit_test(a_look_comes_back_or_ends),
	    cmocka_unit_test(the_owners_own_line_is_the_base),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
