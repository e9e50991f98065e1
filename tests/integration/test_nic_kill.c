/*
 * kill -9 before every system call of an apply that changes anything, on a container with nics:
 * a clean apply afterwards brings about the same, and no veth, IFB or queue is left over. Between
 * two such calls there is nothing that a death could leave otherwise.
 */
#include "tests/integration/cut.h"
#include "tests/integration/stage.h"
#include "tests/integration/wiring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>

static const long changing[] = {
    SYS_sendto,  SYS_sendmsg,  SYS_sendmmsg,  SYS_write,  SYS_pwrite64, SYS_writev,
    SYS_rename,  SYS_renameat, SYS_renameat2, SYS_unlink, SYS_unlinkat, SYS_mkdir,
    SYS_mkdirat, SYS_setns,    SYS_ftruncate, SYS_fchmod, SYS_syncfs,   SYS_fsync,
};

static bool is_changing(const struct __ptrace_syscall_info *info)
{
	if (info->op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	for (size_t i = 0; i < sizeof(changing) / sizeof(*changing); i++)
		if ((long)info->entry.nr == changing[i])
			return true;
	return false;
}

/* What comes, changes, is replaced and goes from each to the next. */
static const char *const states[] = {
    "eth0: {type: nic, nictype: bridged, parent: br0, limits.max: 10Mbit}",
    "eth0: {type: nic, nictype: bridged, parent: br1, limits.ingress: 20Mbit, mtu: 1400}\n"
    "  eth1: {type: nic, nictype: bridged, parent: br0, limits.egress: 5Mbit,"
    " ipv4.routes: 10.95.0.0/16}",
    "eth0: {type: nic, nictype: macvlan, parent: p0}\n"
    "  eth1: {type: nic, nictype: bridged, parent: br0, limits.max: 6Mbit, name: lan0}",
    "",
};

/* How many veths of containers, IFBs, qdiscs that are not the kernel's own, routes. */
static const size_t veths[] = {1, 2, 1, 0}, ifbs[] = {1, 1, 1, 0};
static const char *const masters[][2] = {
    {"br0", NULL },
    {"br1", "br0"},
    {NULL,  "br0"},
    {NULL,  NULL }
};

#define N_STATES (sizeof(states) / sizeof(*states))

static void expect_state(struct harness *h, const char *name, size_t s, size_t n)
{
	const char *names[] = {"eth0", s == 2 ? "lan0" : "eth1"};
	const char *route = strstr(network_host(h, "ip route"), "10.95.0.0/16");

	if (network_count(h, NULL, "veth") != veths[s] + 2 ||
	    network_count(h, NULL, "ifb") != ifbs[s] || !route != (s != 1))
		fail_msg("killed before call %zu on the way to %zu:\n%s", n, s,
			 network_host(h, "ip -o link; ip route"));
	for (size_t k = 0; k < 2; k++) {
		struct network_link end;

		if (!masters[s][k])
			continue;
		end = network_host_end(h, name, names[k]);
		assert_true(end.up);
		assert_string_equal(end.master, masters[s][k]);
	}
	assert_int_equal(network_count(h, name, "macvlan"), s == 2);
}

static void converge(struct harness *h, const char *name, size_t s, size_t n)
{
	char *output;

	if (harness_evenkeel(h, &output, "apply", NULL) != 0)
		fail_msg("killed before call %zu, the next apply failed:\n%s", n, output);
	if (harness_evenkeel(h, &output, "diff", NULL) != 0)
		fail_msg("killed before call %zu, not in sync:\n%s", n, output);
	expect_state(h, name, s, n);
}

static void killed_anywhere_it_converges(void **state)
{
	struct harness *h = wiring_begin(state);
	const char *name = wiring_container(h, "kill", NULL);
	size_t step = stage_asan(h) && !stage_soak() ? 3 : 1, n, ended = 0;

	network_host(h, "ip link add p0 type veth peer name p1; ip link set p0 up");
	for (n = 1; ended < N_STATES; n += step) {
		ended = 0;
		for (size_t s = 0; s < N_STATES; s++) {
			wiring_ask(h, name, "%s", states[s]);
			ended += cut_apply(h, n, is_changing);
			converge(h, name, s, n);
		}
		assert_true(n < 10000);
	}
	print_message("up to %zu calls\n", n);
	assert_true(n > 10);
	stage_expect_no_leftovers(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {network_test(killed_anywhere_it_converges)};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
