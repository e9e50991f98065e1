/* Network documents on the real program: bridges come before those that hang on them and go after
 * them, what others made stays theirs, and a running daemon puts back what somebody changes. */
#include "tests/integration/daemon.h"
#include "tests/integration/network.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_OF "networks/ekb0.yaml"

static void network(struct harness *h, const char *rest)
{
	harness_manifest(h, FILE_OF, "kind: network\n%s", rest);
}

static void expect(struct harness *h, const char *command, int status, const char *said)
{
	char *output;
	int r = harness_evenkeel(h, &output, command, NULL);

	if (r != status || (said && !strstr(output, said))) {
		print_error("%s\n", output);
		fail_msg("%s ended with %d, not %d, or did not say '%s'", command, r, status,
			 said ? said : "");
	}
}

static void in_sync(struct harness *h)
{
	expect(h, "diff", 0, "Nothing to do");
}

/* Asked for, done, and nothing left to do. */
static void bring(struct harness *h, const char *rest)
{
	network(h, rest);
	expect(h, "apply", 0, NULL);
	in_sync(h);
}

/* The addresses on it, one a line: "10.0.3.1/24". */
static bool has_address(struct harness *h, const char *address)
{
	return network_try(h, NULL, "ip -o addr show dev ekb0 | grep -qF ' %s '", address) == 0;
}

static bool there(struct harness *h)
{
	struct network_link l;

	return network_look(h, NULL, "ekb0", &l);
}

/* A running container with a nic on the network, or without. */
static void instance(struct harness *h, const char *name, bool nic)
{
	harness_manifest(h, arena_printf(h->arena, "instances/%s.yaml", name),
			 "kind: instance\nname: %s\nprofiles: []\n%s", name,
			 nic ? "devices:\n  eth0: {type: nic, network: ekb0}\n" : "");
}

static const char *running(struct harness *h, const char *tag)
{
	const char *name = harness_name(h, tag);

	harness_create(h, name, NULL);
	harness_start(h, name);
	return name;
}

/* ---- one shot ---- */

static void a_bridge_is_made_changed_and_removed(void **state)
{
	struct harness *h = network_begin(state);
	struct network_link l;

	network(h, "config: {ipv4.address: 10.0.3.1/24, ipv6.address: 'fd42::1/64', bridge.mtu: "
		   "1400}\n");
	expect(h, "diff", 1,
	       "network ekb0  missing\n  + interface              bridge, 10.0.3.1/24");
	assert_false(there(h));
	expect(h, "apply", 0, "1 network: 1 created; 1 in sync");
	in_sync(h);
	l = network_link(h, NULL, "ekb0");
	assert_string_equal(l.kind, "bridge");
	assert_int_equal(l.mtu, 1400);
	assert_true(l.up);
	assert_int_equal(strncmp(l.alias, "evenkeel network ekb0 made", 26), 0);
	assert_true(has_address(h, "10.0.3.1/24"));
	assert_true(has_address(h, "fd42::1/64"));

	bring(h, "config: {ipv4.address: 10.0.4.1/24, bridge.hwaddr: 02:16:3e:00:00:01}\n");
	assert_true(has_address(h, "10.0.4.1/24"));
	assert_false(has_address(h, "10.0.3.1/24"));
	assert_false(has_address(h, "fd42::1/64"));
	assert_int_equal(network_link(h, NULL, "ekb0").index, l.index);
	assert_int_equal(network_link(h, NULL, "ekb0").mtu, 1500);
	assert_string_equal(network_link(h, NULL, "ekb0").hwaddr, "02:16:3e:00:00:01");

	network(h, "state: absent\n");
	expect(h, "diff", 1, "1 network: 1 to destroy");
	expect(h, "apply", 0, "1 network: 1 destroyed");
	assert_false(there(h));
	in_sync(h);
}

/* Its address and size of packets stay what they are when ports with others come. */
static void ports_do_not_change_it(void **state)
{
	struct harness *h = network_begin(state);
	struct network_link before;

	bring(h, "config: {bridge.mtu: 1400}\n");
	before = network_link(h, NULL, "ekb0");
	network_host(h, "ip link add ekp0 address 02:00:00:00:00:01 mtu 1300 type veth peer ekp1;"
			" ip link set ekp0 master ekb0; ip link set ekp0 up; ip link set ekp1 up");
	in_sync(h);
	assert_string_equal(network_link(h, NULL, "ekb0").hwaddr, before.hwaddr);
	assert_int_equal(network_link(h, NULL, "ekb0").mtu, 1400);
}

static void what_others_added_stays(void **state)
{
	struct harness *h = network_begin(state);

	bring(h, "config: {ipv4.address: 10.0.3.1/24}\n");
	network_host(h, "ip addr add 10.0.9.1/24 dev ekb0");
	in_sync(h);
	bring(h, "config: {ipv4.address: 10.0.4.1/24}\n");
	bring(h, "description: none of ours\n");
	assert_true(has_address(h, "10.0.9.1/24"));
	assert_false(has_address(h, "10.0.4.1/24"));
}

/* Of a bridge that somebody else made only what is named is taken, and given back. */
static void a_bridge_of_others_is_never_deleted(void **state)
{
	struct harness *h = network_begin(state);
	char *before;

	network_host(h, "ip link add ekb0 address 02:00:00:00:00:07 type bridge;"
			" ip link set ekb0 up; ip addr add 10.0.9.1/24 dev ekb0");
	bring(h, "description: as it is\n");
	assert_string_equal(network_link(h, NULL, "ekb0").alias, "");
	before = network_snapshot(h);
	bring(h, "config: {ipv4.address: 10.0.3.1/24, bridge.mtu: 1400, bridge.hwaddr: "
		 "02:16:3e:00:00:01}\n");
	assert_true(has_address(h, "10.0.9.1/24"));
	assert_string_equal(network_link(h, NULL, "ekb0").hwaddr, "02:16:3e:00:00:01");
	network(h, "state: absent\n");
	expect(h, "apply", 1, "the bridge ekb0 is not removed: evenkeel did not make it");
	network_expect_same(h, before, network_snapshot(h), "once all of ours is gone");
}

static void no_interface_but_a_bridge_is_touched(void **state)
{
	struct harness *h = network_begin(state);
	char *before;

	network_host(h, "ip link add ekb0 type veth peer ekp1");
	before = network_snapshot(h);
	network(h, "config: {ipv4.address: 10.0.3.1/24}\n");
	expect(h, "diff", 1, "there is an interface ekb0 that is no bridge (veth)");
	expect(h, "apply", 1, NULL);
	network(h, "state: absent\n");
	expect(h, "apply", 1, NULL);
	network_expect_same(h, before, network_snapshot(h), "after two applies");
}

/* Nobody deletes a bridge by deleting a file. */
static void a_document_that_goes_leaves_its_bridge(void **state)
{
	struct harness *h = network_begin(state);
	char *output;

	bring(h, "config: {ipv4.address: 10.0.3.1/24}\n");
	harness_manifests_clear(h);
	harness_manifest(h, "profiles/p.yaml", "{}\n");
	assert_int_equal(harness_evenkeel(h, &output, "apply", "-v", NULL), 0);
	assert_non_null(
	    strstr(output, "no manifest is about the network ekb0 any more: left as it is"));
	assert_true(has_address(h, "10.0.3.1/24"));
	/* it is ours still */
	network(h, "state: absent\n");
	expect(h, "apply", 0, "1 destroyed");
	assert_false(there(h));
}

/* What cannot be read may say otherwise. */
static void nothing_is_removed_beside_a_broken_file(void **state)
{
	struct harness *h = network_begin(state);

	bring(h, "");
	network(h, "state: absent\n");
	harness_manifest(h, "profiles/p.yaml", "config: {limits.memory: 64X}\n");
	expect(h, "apply", 1, "is not removed while a part of the manifests cannot be read");
	assert_true(there(h));
	harness_manifest(h, "profiles/p.yaml", "{}\n");
	expect(h, "apply", 0, "1 destroyed");
}

/* Each value has a verdict of its own. */
static void a_value_that_is_refused_harms_no_other(void **state)
{
	struct harness *h = network_begin(state);

	bring(h, "config: {ipv4.address: 10.0.3.1/24}\n");
	network_host(h, "sysctl -qw net.ipv6.conf.ekb0.disable_ipv6=1");
	network(h, "config: {ipv4.address: 10.0.4.1/24, ipv6.address: 'fd42::1/64', bridge.mtu: "
		   "1400}\n");
	expect(h, "apply", 1, "ipv6.address fd42::1/64 is refused");
	assert_true(has_address(h, "10.0.4.1/24"));
	assert_int_equal(network_link(h, NULL, "ekb0").mtu, 1400);
	/* it was noted as ours before it was tried, and is not any more */
	assert_null(strstr(network_link(h, NULL, "ekb0").alias, "fd42"));
	network_host(h, "sysctl -qw net.ipv6.conf.ekb0.disable_ipv6=0");
	expect(h, "apply", 0, "1 change applied");
	in_sync(h);
}

/* ---- with instances ---- */

static void a_nic_hangs_on_a_bridge_of_the_same_pass(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = running(h, "net1");

	instance(h, name, true);
	network(h, "config: {ipv4.address: 10.0.3.1/24}\n");
	expect(h, "diff", 1, "1 network, 1 instance: 1 to create");
	expect(h, "apply", 0, NULL);
	in_sync(h);
	assert_string_equal(network_host_end(h, name, "eth0").master, "ekb0");
	network_inside(h, name, "ip addr add 10.0.3.2/24 dev eth0");
	network_inside(h, name, "ping -q -c 1 -W 5 10.0.3.1");

	/* in use: it stays, with the name of who uses it */
	network(h, "state: absent\n");
	expect(h, "apply", 1,
	       arena_printf(h->arena, "bridge ekb0 is not removed: in use by %s",
			    network_host_end(h, name, "eth0").name));
	assert_true(there(h));
	/* the last one goes, and the bridge after it, in one pass */
	instance(h, name, false);
	expect(h, "apply", 0, "1 destroyed");
	assert_false(there(h));
	in_sync(h);
}

/* Names choose instances, and with them the networks that they use. */
static void names_choose_networks(void **state)
{
	struct harness *h = network_begin(state);
	const char *user = running(h, "user"), *other = running(h, "other");
	char *output;

	instance(h, user, true);
	instance(h, other, false);
	network(h, "");
	assert_int_equal(harness_evenkeel(h, &output, "apply", other, NULL), 0);
	assert_false(there(h));
	assert_null(strstr(output, "ekb0"));
	assert_int_equal(harness_evenkeel(h, &output, "apply", user, NULL), 0);
	assert_true(there(h));
	in_sync(h);
}

/* Before LXC starts what hangs on them; what is to go can wait. */
static void a_boot_makes_bridges(void **state)
{
	struct harness *h = network_begin(state);

	network(h, "config: {ipv4.address: 10.0.3.1/24}\n");
	assert_int_equal(harness_evenkeel(h, NULL, "apply", "--boot-only", NULL), 0);
	assert_true(has_address(h, "10.0.3.1/24"));
	network(h, "state: absent\n");
	assert_int_equal(harness_evenkeel(h, NULL, "apply", "--boot-only", NULL), 0);
	assert_true(there(h));
}

static void json_has_the_networks_too(void **state)
{
	struct harness *h = network_begin(state);
	json_t *out, *item, *change;
	const char *object, *attribute, *result, *status;
	char *output;

	network(h, "config: {bridge.hwaddr: 02:16:3e:00:00:01}\n");
	assert_int_equal(harness_evenkeel(h, &output, "apply", "-o", "json", NULL), 0);
	out = json_loads(output, 0, NULL);
	assert_non_null(out);
	item = json_array_get(json_object_get(out, "networks"), 0);
	change = json_array_get(json_object_get(item, "changes"), 0);
	assert_int_equal(json_unpack(change, "{s:s, s:s, s:s}", "object", &object, "attribute",
				     &attribute, "result", &result),
			 0);
	assert_string_equal(object, "network/ekb0");
	assert_string_equal(attribute, "link");
	assert_string_equal(result, "applied");
	json_decref(out);
	network_host(h, "ip link set ekb0 down");
	assert_int_equal(harness_evenkeel(h, &output, "status", "-o", "json", NULL), 1);
	out = json_loads(output, 0, NULL);
	item = json_array_get(json_object_get(out, "networks"), 0);
	assert_int_equal(json_unpack(item, "{s:s, s:s}", "name", &object, "status", &status), 0);
	assert_string_equal(object, "ekb0");
	assert_string_equal(status, "down");
	json_decref(out);
	expect(h, "status", 1, "network ekb0  down      drifted    state");
}

static void quiet_says_only_what_failed(void **state)
{
	struct harness *h = network_begin(state);
	char *output;

	network(h, "");
	assert_int_equal(harness_evenkeel(h, &output, "apply", "-q", NULL), 0);
	assert_string_equal(output, "");
	network_host(h, "ip link add ekp0 type veth peer ekp1; ip link set ekp0 master ekb0");
	network(h, "state: absent\n");
	assert_int_equal(harness_evenkeel(h, &output, "apply", "-q", NULL), 1);
	assert_non_null(strstr(output, "evenkeel: error: network ekb0: network/ekb0 link: bridge "
				       "ekb0 is not removed: in use by ekp0"));
}

/* ---- the daemon ---- */

static void a_daemon_puts_back_what_somebody_changes(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = running(h, "kept");
	struct daemon *d;

	instance(h, name, true);
	network(h, "config: {ipv4.address: 10.0.3.1/24, bridge.mtu: 1400}\n");
	d = daemon_start(h, NULL);
	daemon_await(d, there(h) && has_address(h, "10.0.3.1/24"));
	daemon_await(d, daemon_holds(d, name, "in-sync", NULL));
	daemon_mark(d);
	network_host(h, "ip link set ekb0 mtu 1300");
	daemon_await(d, network_link(h, NULL, "ekb0").mtu == 1400);
	daemon_await(d, daemon_said(d, "network/ekb0: mtu put back: 1300 -> 1400"));
	network_host(h, "ip addr del 10.0.3.1/24 dev ekb0");
	daemon_await(d, has_address(h, "10.0.3.1/24"));
	network_host(h, "ip link set ekb0 down");
	daemon_await(d, network_link(h, NULL, "ekb0").up);
	network_host(h, "ip link del ekb0");
	daemon_await(d, there(h) && has_address(h, "10.0.3.1/24"));
	/* and who hung on it hangs on it again */
	daemon_await(d, strcmp(network_host_end(h, name, "eth0").master, "ekb0") == 0);
	daemon_await(d, daemon_holds(d, name, "in-sync", NULL));
	daemon_stop(d);
	in_sync(h);
}

static void a_daemon_follows_the_documents(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = running(h, "user");
	struct daemon *d;

	instance(h, name, true);
	d = daemon_start(h, NULL);
	daemon_await(d, daemon_holds(d, name, "failing", "ekb0"));
	/* it comes, and who waits for it is looked at again */
	network(h, "config: {ipv4.address: 10.0.3.1/24}\n");
	daemon_await(d, daemon_holds(d, name, "in-sync", NULL));
	assert_string_equal(network_host_end(h, name, "eth0").master, "ekb0");
	network(h, "config: {ipv4.address: 10.0.4.1/24}\n");
	daemon_await(d, has_address(h, "10.0.4.1/24") && !has_address(h, "10.0.3.1/24"));
	/* broken: what was last good stays in force */
	network(h, "config: {ipv4.address: 10.0.5.0/24}\n");
	daemon_await(d, daemon_said(d, "network/ekb0: held-back: networks/ekb0.yaml:2"));
	network_host(h, "ip addr del 10.0.4.1/24 dev ekb0");
	daemon_await(d, has_address(h, "10.0.4.1/24"));
	assert_true(daemon_holds(d, name, "in-sync", NULL));
	/* gone: it stays, and is ours no more to keep */
	harness_run(h, NULL, "rm", arena_printf(h->arena, "%s/" FILE_OF, h->manifests), NULL);
	daemon_await(d, daemon_said(d, "network/ekb0: no manifest is about it any more"));
	network_host(h, "ip addr del 10.0.4.1/24 dev ekb0");
	daemon_reload(d);
	assert_false(has_address(h, "10.0.4.1/24"));
	daemon_stop(d);
}

static void a_daemon_removes_after_the_last_user(void **state)
{
	struct harness *h = network_begin(state);
	const char *name = running(h, "user");
	struct daemon *d;
	char *output;

	instance(h, name, true);
	network(h, "");
	d = daemon_start(h, NULL);
	daemon_await(d, daemon_holds(d, name, "in-sync", NULL));
	network(h, "state: absent\n");
	daemon_await(d, daemon_said(d, "bridge ekb0 is not removed: in use by"));
	assert_int_equal(daemon_ask(d, &output, "apply", NULL), 1);
	assert_non_null(strstr(output, "in use by"));
	assert_true(there(h));
	/* not before long, but with the event */
	instance(h, name, false);
	daemon_await(d, !there(h));
	daemon_await(d, daemon_said(d, "network/ekb0: interface removed"));
	assert_int_equal(daemon_ask(d, &output, "status", NULL), 0);
	assert_non_null(strstr(output, "1 network: 1 in-sync"));
	daemon_stop(d);
	in_sync(h);
}

static void apply_through_the_daemon_tells_of_networks(void **state)
{
	struct harness *h = network_begin(state);
	struct daemon *d;
	char *output;

	harness_manifest(h, "profiles/p.yaml", "{}\n");
	d = daemon_start(h, NULL);
	network(h, "config: {ipv4.address: 10.0.3.1/24}\n");
	assert_int_equal(daemon_ask(d, &output, "apply", NULL), 0);
	assert_true(has_address(h, "10.0.3.1/24"));
	network(h, "config: {bridge.mtu: 1}\n");
	assert_int_equal(daemon_ask(d, &output, "apply", NULL), 1);
	assert_non_null(strstr(output, "network ekb0  up\n  ? held back: it keeps what it has\n"));
	assert_true(has_address(h, "10.0.3.1/24"));
	daemon_stop(d);
}

static void an_observing_daemon_only_looks(void **state)
{
	struct harness *h = network_begin(state);
	struct daemon *d;

	network(h, "config: {ipv4.address: 10.0.3.1/24}\n");
	d = daemon_start(h, "--observe", NULL);
	daemon_await(d, daemon_said(d, "network/ekb0: would change: interface add: bridge"));
	daemon_reload(d);
	assert_false(there(h));
	daemon_stop(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    network_test(a_bridge_is_made_changed_and_removed),
	    network_test(ports_do_not_change_it),
	    network_test(what_others_added_stays),
	    network_test(a_bridge_of_others_is_never_deleted),
	    network_test(no_interface_but_a_bridge_is_touched),
	    network_test(a_document_that_goes_leaves_its_bridge),
	    network_test(nothing_is_removed_beside_a_broken_file),
	    network_test(a_value_that_is_refused_harms_no_other),
	    network_test(a_nic_hangs_on_a_bridge_of_the_same_pass),
	    network_test(names_choose_networks),
	    network_test(a_boot_makes_bridges),
	    network_test(json_has_the_networks_too),
	    network_test(quiet_says_only_what_failed),
	    network_test(a_daemon_puts_back_what_somebody_changes),
	    network_test(a_daemon_follows_the_documents),
	    network_test(a_daemon_removes_after_the_last_user),
	    network_test(apply_through_the_daemon_tells_of_networks),
	    network_test(an_observing_daemon_only_looks),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
