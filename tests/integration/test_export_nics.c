/* evenkeel export: what a container has of interfaces becomes nic devices that ask for the same. */
#include "tests/integration/network.h"
#include "tests/integration/stage.h"

#include "schema/arena.h"

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

static void lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' is in:\n%s", part, text);
}

/* The export of NAME, as its manifest. STATUS 1: not all could be said. */
static char *take(struct harness *h, const char *name, int status)
{
	char *out;

	if (harness_run(h, &out, h->program, "export", "-P", h->lxcpath, name, NULL) != status)
		fail_msg("not %d:\n%s", status, out);
	harness_manifest(h, "instances/a.yaml", "%s", out);
	return out;
}

static void expect_nothing_to_do(struct harness *h)
{
	char *out;

	assert_int_equal(harness_evenkeel(h, &out, "diff", NULL), 0);
	assert_string_equal(out, "Nothing to do: 1 in sync.\n");
}

static const char own[] = "lxc.net.0.type = veth\nlxc.net.0.link = ekbr0\nlxc.net.0.name = eth0\n"
			  "lxc.net.0.hwaddr = 00:16:3e:00:00:01\nlxc.net.0.flags = up\n"
			  "lxc.net.0.veth.pair = hand0\n"
			  "lxc.net.1.type = veth\nlxc.net.1.name = lan\nlxc.net.1.flags = up\n"
			  "lxc.net.1.mtu = 1400\n";

static void what_lxc_made_is_said(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = harness_name(h, "exnic");
	char *out;

	network_bridge(h, "ekbr0", NULL);
	harness_create(h, name, own);
	harness_start(h, name);
	out = take(h, name, 0);
	has(out, "  eth0:\n    type: nic\n    host_name: hand0\n    hwaddr: \"00:16:3e:00:00:01\"\n"
		 "    name: eth0\n    nictype: bridged\n    parent: ekbr0\n");
	has(out, "  lan:\n    type: nic\n    hwaddr: ");
	has(out, "    mtu: \"1400\"\n    name: lan\n    nictype: p2p\n");
	lacks(out, "left out");
	expect_nothing_to_do(h);
	assert_int_equal(harness_evenkeel(h, &out, "apply", NULL), 0);
	take(h, name, 0);
	expect_nothing_to_do(h);
	harness_destroy(h, name);
}

/* Limits of ours, and a nic that came while it ran. */
static void what_we_made_is_said(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = harness_name(h, "exnic");
	char *out, *again;

	network_bridge(h, "ekbr0", NULL);
	harness_create(h, name, "lxc.net.0.type = empty\n");
	harness_start(h, name);
	harness_manifest(
	    h, "instances/a.yaml",
	    "kind: instance\nname: %s\nprofiles: []\ndevices:\n"
	    "  wan: {type: nic, nictype: bridged, parent: ekbr0, limits.ingress: 50Mbit,\n"
	    "    limits.egress: 999999bit, limits.egress.bucket: 1Mbit}\n",
	    name);
	assert_int_equal(harness_evenkeel(h, &out, "apply", NULL), 0);
	out = take(h, name, 0);
	has(out, "  wan:\n    type: nic\n");
	has(out, "    name: eth0\n");
	has(out, "    limits.ingress: 50Mbit\n");
	has(out, "    limits.egress: 999992bit\n    limits.egress.bucket: ");
	lacks(out, "host_name");
	lacks(out, "left out");
	assert_int_equal(harness_run(h, &again, h->program, "export", "-P", h->lxcpath, "-o",
				     "json", name, NULL),
			 0);
	expect_nothing_to_do(h);
	has(again, "\"limits.ingress\": \"50Mbit\"");
	harness_destroy(h, name);
}

/* Of a container that does not run its config is all there is. */
static void what_will_be_is_said(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = harness_name(h, "exnic");
	char *out;

	harness_create(h, name, own);
	out = take(h, name, 0);
	has(out, "  eth0:\n    type: nic\n    host_name: hand0\n    hwaddr: \"00:16:3e:00:00:01\"\n"
		 "    name: eth0\n    nictype: bridged\n    parent: ekbr0\n");
	has(out, "  lan:\n    type: nic\n    mtu: \"1400\"\n    name: lan\n    nictype: p2p\n");
	harness_destroy(h, name);
}

/* Container root may call its interfaces what it likes. */
static void what_no_manifest_can_say_is_noted(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = harness_name(h, "exnic");
	char *out;

	network_bridge(h, "ekbr0", NULL);
	harness_create(h, name, own);
	harness_start(h, name);
	network_inside(h, name, "ip link set lan down; ip link set lan name 'a\"$;'");
	out = take(h, name, 1);
	has(out, "  eth0:\n    type: nic\n");
	lacks(out, "  lan:");
	has(out, "# the interface ");
	expect_nothing_to_do(h);
	harness_destroy(h, name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    network_test(what_lxc_made_is_said),
	    network_test(what_we_made_is_said),
	    network_test(what_will_be_is_said),
	    network_test(what_no_manifest_can_say_is_noted),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
