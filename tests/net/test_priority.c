#include "net/nftables.h"
#include "net/priority.h"
#include "tests/net/shaped.h"

#include <linux/netfilter/nf_tables.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

static struct shaped set_up(void)
{
	struct shaped b = shaped_new();
	struct priority p;
	int error = priority_read(&b.host, &p);

	assert_true(priority_sweep(b.nl) >= 0);
	if (error == -EOPNOTSUPP) {
		shaped_free(&b);
		skip_because("this kernel has no nf_tables");
	}
	return b;
}

static struct priority get(const struct link *host_end)
{
	struct priority p;

	assert_int_equal(priority_read(host_end, &p), 0);
	return p;
}

static void set(struct shaped *b, const struct link *host_end, uint32_t value)
{
	const char *why = NULL;
	int error = priority_set(host_end, value, b->arena, &why);

	if (error)
		fail_msg("%u: %d %s", value, error, why ? why : "");
}

static void assert_holds(const struct link *host_end, uint32_t value)
{
	struct priority p = get(host_end);

	assert_true(p.there);
	assert_true(p.whole);
	assert_int_equal(p.value, value);
}

static void clear(struct shaped *b, const struct link *host_end)
{
	const char *why = NULL;

	assert_int_equal(priority_clear(host_end, b->arena, &why), 0);
	assert_false(get(host_end).there);
}

static bool table_is_there(void)
{
	struct nl_msg *msg = nftables_new(NFT_MSG_GETTABLE, 0);
	int error;

	assert_int_equal(nla_put_string(msg, NFTA_TABLE_NAME, "evenkeel"), 0);
	error = nftables_ask(msg, NULL, NULL);
	assert_true(error == 0 || error == -ENOENT);
	return error == 0;
}

static void what_is_read_is_what_was_set(void **state)
{
	static const uint32_t values[] = {0, 1, 6, 0x10020, 0x656affff, 0x656c0000, UINT32_MAX};
	struct shaped b = set_up();

	(void)state;
	assert_false(get(&b.host).there);
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		for (int again = 0; again < 2; again++) {
			set(&b, &b.host, values[i]);
			assert_holds(&b.host, values[i]);
		}
	}
	clear(&b, &b.host);
	assert_false(table_is_there());
	clear(&b, &b.host);
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		set(&b, &b.host, values[i]);
		assert_holds(&b.host, values[i]);
		clear(&b, &b.host);
	}
	shaped_free(&b);
}

static void a_class_of_ours_is_refused(void **state)
{
	static const uint32_t values[] = {0x656b0000, 0x656b0001, 0x656bffff};
	struct shaped b = set_up();

	(void)state;
	set(&b, &b.host, 7);
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		const char *why = NULL;

		assert_non_null(priority_refused(values[i]));
		assert_int_equal(priority_set(&b.host, values[i], b.arena, &why), -EINVAL);
		assert_non_null(strstr(why, HOST));
		assert_holds(&b.host, 7);
	}
	assert_null(priority_refused(0x656affff));
	assert_null(priority_refused(0x656c0000));
	clear(&b, &b.host);
	shaped_free(&b);
}

static void each_has_its_own(void **state)
{
	struct shaped b = set_up();
	struct link second;

	(void)state;
	assert_int_equal(own_netns_veth(b.nl, "ve1", b.other, "eth1"), 0);
	second = own_netns_link(b.nl, LINK_HERE, "ve1");
	set(&b, &b.host, 1);
	set(&b, &second, 2);
	assert_holds(&b.host, 1);
	assert_holds(&second, 2);
	clear(&b, &b.host);
	assert_true(table_is_there());
	assert_holds(&second, 2);
	clear(&b, &second);
	assert_false(table_is_there());
	own_netns_drop(b.nl, "ve1");
	shaped_free(&b);
}

/* --- what packets have of it -------------------------------------------------------------------
 */

static uint64_t sent_by_class(const char *class)
{
	char *text = tc_show("tc -s class show dev " HOST " classid %s | "
			     "sed -n 's/.*Sent [0-9]* bytes \\([0-9]*\\) pkt.*/\\1/p'",
			     class);
	uint64_t n = strtoull(text, NULL, 10);

	free(text);
	return n;
}

static void make_classes(void)
{
	tc_run("tc qdisc add dev " HOST " root handle 1: htb default 10");
	for (int i = 10; i <= 30; i += 10)
		tc_run("tc class add dev " HOST " parent 1: classid 1:%d htb rate 10gbit "
		       "quantum 60000",
		       i);
}

static void every_packet_has_it(void **state)
{
	struct shaped b = set_up();
	uint64_t before;
	int status;
	pid_t child;

	(void)state;
	make_classes();
	set(&b, &b.host, 0x10020);
	before = sent_by_class("1:10");
	shaped_send(b.host.index, 0, SHAPED_FRAME, 10);
	assert_true(sent_by_class("1:20") >= 10);
	child = fork();
	if (child == 0) {
		shaped_send(b.host.index, 0, SHAPED_FRAME, 30000);
		_exit(0);
	}
	for (int i = 0; i < 1000 && waitpid(child, &status, WNOHANG) == 0; i++)
		set(&b, &b.host, i & 1 ? 0x10020 : 0x10030);
	waitpid(child, &status, 0);
	/* not one without a priority in between */
	assert_int_equal(sent_by_class("1:10"), before);
	assert_true(sent_by_class("1:20") + sent_by_class("1:30") >= 30010);
	clear(&b, &b.host);
	shaped_send(b.host.index, 0, SHAPED_FRAME, 10);
	assert_true(sent_by_class("1:10") >= before + 10);
	shaped_free(&b);
}

/* --- what becomes of it ------------------------------------------------------------------------
 */

static void it_goes_with_its_host_end(void **state)
{
	struct shaped b = set_up();

	(void)state;
	set(&b, &b.host, 5);
	assert_int_equal(priority_sweep(b.nl), 0);
	assert_holds(&b.host, 5);
	shaped_free(&b);
	b.nl = own_netlink();
	/* older kernels have taken the chain away, and leave the table */
	assert_true(priority_sweep(b.nl) >= 0);
	assert_int_equal(priority_sweep(b.nl), 0);
	assert_false(get(&b.host).there);
}

static void another_of_the_same_name_has_none(void **state)
{
	struct shaped b = set_up();
	uint64_t before;
	int old;

	(void)state;
	make_classes();
	set(&b, &b.host, 0x10020);
	old = b.host.index;
	shaped_free(&b);
	b = shaped_new();
	make_classes();
	assert_int_not_equal(b.host.index, old);
	assert_false(get(&b.host).there);
	set(&b, &b.host, 0x10030);
	assert_holds(&b.host, 0x10030);
	/* what the kernel itself sent before, at its coming up, met the chain of the old one */
	before = sent_by_class("1:20");
	shaped_send(b.host.index, 0, SHAPED_FRAME, 10);
	assert_true(sent_by_class("1:30") >= 10);
	assert_int_equal(sent_by_class("1:20"), before);
	assert_int_equal(priority_sweep(b.nl), 0);
	clear(&b, &b.host);
	assert_false(table_is_there());
	shaped_free(&b);
}

static void another_name_is_followed(void **state)
{
	const struct link_change change = {.name = "other0"}, back = {.name = HOST};
	struct shaped b = set_up();
	struct link renamed;

	(void)state;
	make_classes();
	set(&b, &b.host, 0x10020);
	assert_int_equal(link_change(b.nl, b.host.index, &change), 0);
	renamed = own_netns_link(b.nl, LINK_HERE, "other0");
	set(&b, &renamed, 0x10020);
	assert_holds(&renamed, 0x10020);
	assert_int_equal(link_change(b.nl, b.host.index, &back), 0);
	set(&b, &b.host, 0x10020);
	assert_holds(&b.host, 0x10020);
	shaped_send(b.host.index, 0, SHAPED_FRAME, 10);
	assert_true(sent_by_class("1:20") >= 10);
	clear(&b, &b.host);
	shaped_free(&b);
}

static bool nft_there(void)
{
	return system("nft -v >/dev/null 2>&1") == 0;
}

static void what_others_did_to_it_is_mended(void **state)
{
	static const char *const lines[] = {
	    "nft add rule netdev evenkeel $C meta priority set 3",
	    "nft insert rule netdev evenkeel $C accept",
	    "nft flush chain netdev evenkeel $C",
	    "nft flush chain netdev evenkeel $C; nft add rule netdev evenkeel $C meta mark set 5",
	    "nft flush chain netdev evenkeel $C; "
	    "nft add rule netdev evenkeel $C counter meta priority set 5",
	    "nft delete chain netdev evenkeel $C",
	    "nft delete table netdev evenkeel",
	    "nft delete chain netdev evenkeel $C; nft add chain netdev evenkeel $C",
	    "nft delete chain netdev evenkeel $C; nft add chain netdev evenkeel $C "
	    "\"{ type filter hook ingress device $D priority 0; }\"; "
	    "nft add rule netdev evenkeel $C meta priority set 5",
	};
	struct shaped b = set_up();

	(void)state;
	if (!nft_there()) {
		shaped_free(&b);
		skip_because("no nft program: what others do cannot be done");
	}
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		set(&b, &b.host, 5);
		tc_run("C=prio-%d; D=%s; %s", b.host.index, b.host.name, lines[i]);
		if (get(&b.host).whole)
			fail_msg("whole: %s", lines[i]);
		set(&b, &b.host, 5);
		assert_holds(&b.host, 5);
		tc_run("C=prio-%d; D=%s; %s", b.host.index, b.host.name, lines[i]);
		clear(&b, &b.host);
	}
	assert_false(table_is_there());
	shaped_free(&b);
}

/* A chain of somebody else's in our table keeps it. */
static void a_table_with_others_in_it_stays(void **state)
{
	struct shaped b = set_up();
	char *before, *after;

	(void)state;
	if (!nft_there()) {
		shaped_free(&b);
		skip_because("no nft program: what others do cannot be done");
	}
	tc_run("nft add table netdev evenkeel && nft add chain netdev evenkeel prio-x && "
	       "nft add chain netdev evenkeel prio-01 && nft add table inet other");
	before = tc_show("nft list ruleset");
	set(&b, &b.host, 5);
	clear(&b, &b.host);
	assert_int_equal(priority_sweep(b.nl), 0);
	after = tc_show("nft list ruleset");
	assert_string_equal(before, after);
	tc_run("nft flush ruleset");
	free(before);
	free(after);
	shaped_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_read_is_what_was_set),
	    cmocka_unit_test(a_class_of_ours_is_refused),
	    cmocka_unit_test(each_has_its_own),
	    cmocka_unit_test(every_packet_has_it),
	    cmocka_unit_test(it_goes_with_its_host_end),
	    cmocka_unit_test(another_of_the_same_name_has_none),
	    cmocka_unit_test(another_name_is_followed),
	    cmocka_unit_test(what_others_did_to_it_is_mended),
	    cmocka_unit_test(a_table_with_others_in_it_stays),
	};

	return cmocka_run_group_tests(tests, shaped_enter, NULL);
}
