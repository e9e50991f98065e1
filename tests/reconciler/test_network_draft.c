/* reconciler/network_draft: what is planned for a document and a bridge as it was found. */
#include "reconciler/network_draft.h"

#include "schema/arena.h"
#include "schema/expand.h"

#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAC "02:00:5e:00:00:01"

static const char *const signs[] = {
    [ACTION_ADD] = "+",       [ACTION_CHANGE] = "~", [ACTION_REMOVE] = "-",
    [ACTION_REPLACE] = "-/+", [ACTION_WAIT] = "!",   [ACTION_NONE] = "?",
};

/* A bridge up with MAC and mtu 1500, with what ALIAS says and these addresses. */
static struct bridge there(const char *alias, const char *first, const char *second)
{
	static struct address addresses[2];
	struct bridge b = {
	    .found = BRIDGE_THERE,
	    .link = {.index = 7, .kind = "bridge", .hwaddr = MAC, .mtu = 1500, .flags = IFF_UP},
	    .addresses = addresses
        };

	snprintf(b.link.alias, sizeof(b.link.alias), "%s", alias);
	bridge_note_parse(alias, "br0", &b.note);
	addresses[0].text = first;
	addresses[1].text = second;
	b.n_addresses = (first != NULL) + (second != NULL);
	return b;
}

/* The plan for the network br0, one change a line: "+ mtu none 1400"; then the errors. */
static char *plan(const char *text, struct bridge b, bool unsure, struct outcome *out,
		  struct arena *a)
{
	struct network_subject s = {.bridge = b, .unsure = unsure, .outcome = out};
	struct diagnostics ds;
	struct manifest *m;
	char *line;

	diagnostics_init(&ds, a);
	text = arena_printf(a, "kind: network\nname: br0\n%s", text);
	m = manifest_from_bytes("br0.yaml", text, strlen(text), (struct manifest_hints){0}, &ds);
	assert_int_equal(ds.errors, 0);
	network_outcome(&m->documents[0], a, out);
	network_read(&m->documents[0], a, &s.network);
	network_draft(&s, "host1");
	line = arena_strdup(a, "");
	for (size_t i = 0; i < out->changes.n; i++) {
		const struct change *c = &out->changes.items[i];

		assert_string_equal(c->object, "network/br0");
		assert_ptr_equal(c->origin, s.network.document);
		line = arena_printf(a, "%s%s %s %s %s\n", line, signs[c->action], c->attribute,
				    c->from ? c->from : "none", c->to ? c->to : "none");
	}
	for (size_t i = 0; i < out->diagnostics.n; i++)
		line = arena_printf(a, "%s%u: %s\n", line, out->diagnostics.items[i].place.line,
				    out->diagnostics.items[i].message);
	manifest_free(m);
	return line;
}

struct draft_case {
	const char *text, *alias, *first, *second, *plan;
};

static void check(const struct draft_case *cases, size_t n)
{
	int failed = 0;

	for (size_t i = 0; i < n; i++) {
		struct arena *a = arena_new();
		struct outcome o;
		char *got =
		    plan(cases[i].text, there(cases[i].alias, cases[i].first, cases[i].second),
			 false, &o, a);

		if (strcmp(got, cases[i].plan) != 0) {
			print_error("--- text\n%s\n--- alias %s\n--- expected\n%s--- planned\n%s",
				    cases[i].text, cases[i].alias, cases[i].plan, got);
			failed++;
		}
		if (o.in_sync != (cases[i].plan[0] == '\0' || cases[i].plan[0] == '?')) {
			print_error("in sync: %d\n%s\n", o.in_sync, cases[i].text);
			failed++;
		}
		arena_free(a);
	}
	assert_int_equal(failed, 0);
}

static void a_missing_bridge_is_made(void **state)
{
	const struct bridge nothing = {.found = BRIDGE_MISSING};
	struct arena *a = arena_new();
	struct outcome o;
	char stable[18];

	(void)state;
	assert_string_equal(
	    plan("config: {bridge.hwaddr: '" MAC "', bridge.mtu: 1400, ipv4.address: 10.0.3.1/24, "
		 "ipv6.address: 'fd42::1/64'}\n",
		 nothing, false, &o, a),
	    "+ link none bridge\n+ hwaddr none " MAC "\n+ mtu none 1400\n"
	    "+ ipv4.address none 10.0.3.1/24\n+ ipv6.address none fd42::1/64\n+ state none up\n");
	assert_int_equal(o.whole, WHOLE_CREATE);
	assert_int_equal(o.status, STATUS_MISSING);
	assert_false(o.in_sync);
	network_stable_hwaddr("host1", "br0", stable);
	assert_string_equal(
	    plan("", nothing, true, &o, a),
	    arena_printf(a, "+ link none bridge\n+ hwaddr none %s\n+ state none up\n", stable));
	assert_string_equal(plan("state: absent\n", nothing, true, &o, a), "");
	assert_true(o.in_sync);
	arena_free(a);
}

#define MADE "evenkeel network br0 made"

/* One of ours has what the document says, and what it does not say goes. */
static void one_of_ours_follows(void **state)
{
	/* clang-format off */
	static const struct draft_case cases[] = {
		{"config: {bridge.hwaddr: '" MAC "'}\n", MADE, NULL, NULL, ""},
		{"config: {bridge.hwaddr: '02:00:5e:00:00:02'}\n", MADE, NULL, NULL, "~ hwaddr " MAC " 02:00:5e:00:00:02\n"},
		{"config: {bridge.hwaddr: '" MAC "', bridge.mtu: 9000}\n", MADE, NULL, NULL, "~ mtu 1500 9000\n"},
		{"config: {bridge.hwaddr: '" MAC "', bridge.mtu: 1500}\n", MADE " mtu=1400", NULL, NULL, ""},
		{"config: {bridge.hwaddr: '" MAC "'}\n", MADE " mtu=1400", NULL, NULL, "- mtu 1500 1400\n"},
		{"config: {bridge.hwaddr: '" MAC "'}\n", MADE " mtu=1500", NULL, NULL, ""},
		{"config: {bridge.hwaddr: '" MAC "', ipv4.address: 10.0.3.1/24}\n", MADE, NULL, NULL, "+ ipv4.address none 10.0.3.1/24\n"},
		{"config: {bridge.hwaddr: '" MAC "', ipv4.address: 10.0.4.1/24}\n", MADE " ipv4=10.0.3.1/24", "10.0.3.1/24", NULL, "~ ipv4.address 10.0.3.1/24 10.0.4.1/24\n"},
		{"config: {bridge.hwaddr: '" MAC "', ipv4.address: 10.0.3.1/24}\n", MADE " ipv4=10.0.3.1/24", NULL, NULL, "+ ipv4.address none 10.0.3.1/24\n"},
		{"config: {bridge.hwaddr: '" MAC "'}\n", MADE " ipv4=10.0.3.1/24", "10.0.3.1/24", NULL, "- ipv4.address 10.0.3.1/24 none\n"},
		{"config: {bridge.hwaddr: '" MAC "', ipv4.address: none}\n", MADE " ipv6=fd42::1/64", "fd42::1/64", NULL, "- ipv6.address fd42::1/64 none\n"},
		/* gone already */
		{"config: {bridge.hwaddr: '" MAC "'}\n", MADE " ipv4=10.0.3.1/24", NULL, NULL, ""},
		/* that of somebody else stays */
		{"config: {bridge.hwaddr: '" MAC "'}\n", MADE, "10.0.9.1/24", NULL, ""},
		{"config: {bridge.hwaddr: '" MAC "', ipv4.address: 10.0.3.1/24}\n", MADE, "10.0.9.1/24", NULL, "+ ipv4.address none 10.0.3.1/24\n"},
		{"config: {bridge.hwaddr: '" MAC "', ipv4.address: 10.0.9.1/24}\n", MADE " ipv4=10.0.3.1/24", "10.0.3.1/24", "10.0.9.1/24", "- ipv4.address 10.0.3.1/24 none\n"},
		/* a choice that nobody makes: what is there stays */
		{"config: {bridge.hwaddr: '" MAC "', ipv4.address: auto}\n", MADE " ipv4=10.0.3.1/24", "10.0.3.1/24", NULL, "? ipv4.address none none\n"},
	};
	/* clang-format on */

	(void)state;
	check(cases, COUNT(cases));
}

/* Of one that others made only what is named is taken, and it is never deleted. */
static void one_of_others_is_spared(void **state)
{
	/* clang-format off */
	static const struct draft_case cases[] = {
		{"", "", "10.0.9.1/24", NULL, ""},
		{"", "uplink of the house", "10.0.9.1/24", NULL, ""},
		{"config: {bridge.mtu: 1400, ipv4.address: 10.0.3.1/24}\n", "", "10.0.9.1/24", NULL, "~ mtu 1500 1400\n+ ipv4.address none 10.0.3.1/24\n"},
		{"config: {bridge.mtu: 1500, ipv4.address: 10.0.9.1/24}\n", "uplink", "10.0.9.1/24", NULL, ""},
		{"config: {bridge.mtu: 1400}\n", "uplink", NULL, NULL, "? mtu none 1400\n"},
		{"", "evenkeel network br0 mtu=1400 hwaddr=02:00:5e:00:00:09 ipv4=10.0.3.1/24", "10.0.3.1/24", "10.0.9.1/24", "- hwaddr " MAC " 02:00:5e:00:00:09\n- mtu 1500 1400\n- ipv4.address 10.0.3.1/24 none\n"},
		{"state: absent\n", "", "10.0.9.1/24", NULL, "3: the bridge br0 is not removed: evenkeel did not make it\n"},
		{"state: absent\n", "evenkeel network br1 made", NULL, NULL, "3: the bridge br0 is not removed: evenkeel did not make it\n"},
		{"state: absent\n", "evenkeel network br0 ipv4=10.0.3.1/24", "10.0.3.1/24", "10.0.9.1/24",
		 "- ipv4.address 10.0.3.1/24 none\n3: the bridge br0 is not removed: evenkeel did not make it\n"},
		{"state: absent\n", MADE, "10.0.9.1/24", NULL, "- link bridge none\n"},
	};
	/* clang-format on */

	(void)state;
	check(cases, COUNT(cases));
}

static void what_cannot_be_had_is_shown(void **state)
{
	/* clang-format off */
	static const struct draft_case cases[] = {
		{"config: {bridge.driver: openvswitch}\n", MADE, NULL, NULL, "? link none bridge\n"},
		{"config: {bridge.mode: fan}\n", "", NULL, NULL, "? link none bridge\n"},
		{"config: {ipv4.nat: true, ipv4.dhcp: true, raw.dnsmasq: x}\n", "", NULL, NULL, "? ipv4.dhcp none none\n? ipv4.nat none none\n? raw.dnsmasq none none\n"},
		/* what is asked to be off is off */
		{"config: {ipv4.nat: false, ipv4.dhcp: no, dns.mode: none, user.x: y}\n", "", NULL, NULL, ""},
		{"type: ovn\n", "", NULL, NULL, "? link none ovn\n"},
		{"type: sriov\nconfig: {parent: eth0}\n", "", NULL, NULL, "? link none sriov\n"},
		{"type: macvlan\nconfig: {parent: eth0, mtu: 1400}\n", "", NULL, NULL, ""},
		{"type: macvlan\nconfig: {parent: eth0, vlan: 5}\n", "", NULL, NULL, "? vlan none none\n"},
		{"type: physical\nconfig: {parent: eth0}\nstate: absent\n", "", NULL, NULL, ""},
	};
	/* clang-format on */

	(void)state;
	check(cases, COUNT(cases));
}

static void what_is_no_bridge_is_left_alone(void **state)
{
	struct bridge other = {
	    .found = BRIDGE_OTHER, .link = {.index = 2, .kind = "veth"}
        };
	struct arena *a = arena_new();
	struct outcome o;

	(void)state;
	assert_string_equal(
	    plan("", other, false, &o, a),
	    "2: there is an interface br0 that is no bridge (veth): it is left alone\n");
	assert_false(o.in_sync);
	assert_string_equal(
	    plan("state: absent\n", other, false, &o, a),
	    "2: there is an interface br0 that is no bridge (veth): it is left alone\n");
	arena_free(a);
}

static void down_is_not_up(void **state)
{
	struct bridge b = there("uplink", NULL, NULL);
	struct arena *a = arena_new();
	struct outcome o;

	(void)state;
	b.link.flags = 0;
	assert_string_equal(plan("", b, false, &o, a), "~ state down up\n");
	assert_int_equal(o.status, STATUS_STOPPED);
	assert_int_equal(o.whole, WHOLE_UPDATE);
	arena_free(a);
}

/* What cannot be read may say otherwise. */
static void nothing_is_removed_unsurely(void **state)
{
	struct arena *a = arena_new();
	struct outcome o;

	(void)state;
	assert_string_equal(plan("state: absent\n", there(MADE, NULL, NULL), true, &o, a),
			    "3: the bridge br0 is not removed while a part of the manifests cannot "
			    "be read\n");
	assert_int_equal(o.whole, WHOLE_NONE);
	assert_false(o.in_sync);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_missing_bridge_is_made),
	    cmocka_unit_test(one_of_ours_follows),
	    cmocka_unit_test(one_of_others_is_spared),
	    cmocka_unit_test(what_cannot_be_had_is_shown),
	    cmocka_unit_test(what_is_no_bridge_is_left_alone),
	    cmocka_unit_test(down_is_not_up),
	    cmocka_unit_test(nothing_is_removed_unsurely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
