/* Two nics that cannot both be: each stays as it is, all else goes on. */
#include "tests/integration/network.h"
#include "tests/integration/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void ask(struct harness *h, const char *name, const char *file, const char *address,
		const char *processes)
{
	harness_manifest(h, file,
			 "kind: instance\nname: %s\nprofiles: []\n"
			 "config: {limits.processes: %s}\ndevices:\n"
			 "  eth0: {type: nic, network: ekbr0, hwaddr: '%s'}\n",
			 name, processes, address);
}

static void one_address_is_for_one(void **state)
{
	struct harness *h = network_begin(state);
	const char *a = harness_name(h, "nica"), *b = harness_name(h, "nicb");
	struct network_link l;
	char *out;

	network_bridge(h, "ekbr0", NULL);
	harness_create(h, a, "lxc.net.0.type = empty\n");
	harness_create(h, b, "lxc.net.0.type = empty\n");
	harness_start(h, a);
	harness_start(h, b);
	ask(h, a, "instances/a.yaml", "00:16:3e:00:00:01", "100");
	assert_int_equal(harness_evenkeel(h, &out, "apply", NULL), 0);
	ask(h, a, "instances/a.yaml", "00:16:3e:00:00:01", "200");
	ask(h, b, "instances/b.yaml", "00:16:3E:00:00:01", "200");
	assert_int_equal(harness_evenkeel(h, &out, "apply", NULL), 1);
	has(out, "another nic has its hwaddr or host_name");
	assert_false(network_look(h, b, "eth0", &l));
	assert_string_equal(network_link(h, a, "eth0").hwaddr, "00:16:3e:00:00:01");
	assert_string_equal(harness_cgroup(h, a, "pids", "pids.max", NULL), "200");
	assert_string_equal(harness_cgroup(h, b, "pids", "pids.max", NULL), "200");
	ask(h, b, "instances/b.yaml", "00:16:3e:00:00:02", "200");
	assert_int_equal(harness_evenkeel(h, &out, "apply", NULL), 0);
	assert_string_equal(network_link(h, b, "eth0").hwaddr, "00:16:3e:00:00:02");
	assert_int_equal(harness_evenkeel(h, &out, "diff", NULL), 0);
	harness_destroy(h, a);
	harness_destroy(h, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    network_test(one_address_is_for_one),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
