#include "tests/net/shaped.h"

#include <linux/rtnetlink.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* --- a kernel that refuses, a program that is killed -------------------------------------------
 */

/* The Nth message from now on that changes something (1: the next) is refused, or the program ends
 * before it. 0: none. */
static int refuse_at, kill_at;
static int n_changes;

static bool changes(const struct nlmsghdr *h)
{
	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_SETLINK:
	case RTM_NEWQDISC:
	case RTM_NEWTCLASS:
	case RTM_NEWTFILTER:
		return true;
	default:
		return false;
	}
}

/* Nothing comes between the messages that make an interface. */
static bool can_end_before(const struct nlmsghdr *h)
{
	const struct ifinfomsg *l = NLMSG_DATA(h);

	return h->nlmsg_type != RTM_SETLINK || l->ifi_index > 0;
}

/* In the place of the C library's. */
ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	struct msghdr cut = *m;

	for (size_t i = 0; (refuse_at || kill_at) && i < m->msg_iovlen; i++) {
		struct nlmsghdr *h = m->msg_iov[i].iov_base;

		if (!changes(h))
			continue;
		n_changes++;
		if (n_changes == refuse_at)
			h->nlmsg_type = RTM_MAX; /* which nobody handles */
		if (n_changes != kill_at || !can_end_before(h))
			continue;
		cut.msg_iovlen = i;
		if (i > 0)
			syscall(SYS_sendmsg, fd, &cut, flags);
		_exit(0);
	}
	return syscall(SYS_sendmsg, fd, m, flags);
}

static void assert_state(const struct shaped *b, const char *before)
{
	char *after = shaped_state(b);

	assert_string_equal(before, after);
	free(after);
}

/* Every one of its messages is refused once. Returns how many there are; *WITHOUT, how many of them
 * it can do without. */
static int refuse_each(struct shaped *b, enum shaping_way w, uint64_t rate, int *without)
{
	*without = 0;
	for (int n = 1;; n++) {
		char *before = shaped_state(b);
		const char *why = NULL;
		int error;

		refuse_at = n;
		n_changes = 0;
		error = shaping_set(b->nl, &b->host, w, rate, 0, b->arena, &why);
		refuse_at = 0;
		if (error == 0 && n_changes < n) {
			free(before);
			return n - 1;
		}
		if (error == 0) {
			++*without;
			shaped_assert(b, w, rate, 0);
			shaped_clear(b, w);
		} else {
			assert_non_null(why);
			assert_non_null(strstr(why, HOST ": "));
			assert_non_null(strstr(why, "; "));
		}
		assert_state(b, before);
		free(before);
	}
}

static void a_refusal_leaves_what_was_in_force(void **state)
{
	struct shaped b = shaped_new();
	int without;

	(void)state;
	/* finds out what kinds of queues there are */
	shaped_set(&b, SHAPING_INGRESS, MBIT, 0);
	shaped_clear(&b, SHAPING_INGRESS);
	assert_int_equal(refuse_each(&b, SHAPING_INGRESS, 50 * MBIT, &without), 4);
	/* the ingress qdisc, which only the other way needs */
	assert_int_equal(without, 1);
	shaped_assert(&b, SHAPING_INGRESS, 50 * MBIT, 0);
	assert_int_equal(refuse_each(&b, SHAPING_INGRESS, 70 * MBIT, &without), 2);
	assert_int_equal(without, 0);
	shaped_assert(&b, SHAPING_INGRESS, 70 * MBIT, 0);
	assert_int_equal(refuse_each(&b, SHAPING_EGRESS, 50 * MBIT, &without), 7);
	assert_int_equal(without, 0);
	shaped_assert(&b, SHAPING_EGRESS, 50 * MBIT, 0);
	assert_int_equal(refuse_each(&b, SHAPING_EGRESS, 70 * MBIT, &without), 2);
	assert_int_equal(without, 0);
	shaped_assert(&b, SHAPING_EGRESS, 70 * MBIT, 0);
	shaped_assert(&b, SHAPING_INGRESS, 70 * MBIT, 0);
	shaped_free(&b);

	b = shaped_new();
	assert_int_equal(refuse_each(&b, SHAPING_EGRESS, 50 * MBIT, &without), 8);
	assert_int_equal(without, 0);
	shaped_assert(&b, SHAPING_EGRESS, 50 * MBIT, 0);
	shaped_free(&b);
}

static void a_refused_change_falls_back(void **state)
{
	struct shaped b = shaped_new();

	(void)state;
	for
		EACH_WAY(w)
		{
			struct shaping now;
			const char *why = NULL;

			shaped_set(&b, w, 50 * MBIT, 0);
			now = shaped_get(&b, w);
			refuse_at = 2;
			n_changes = 0;
			assert_int_equal(
			    shaping_change(b.nl, &b.host, w, &now, 60 * MBIT, 0, b.arena, &why), 0);
			refuse_at = 0;
			shaped_assert(&b, w, 60 * MBIT, 0);
		}
	shaped_free(&b);
}

/* False: it came to its end. */
static bool killed_at(struct shaped *b, enum shaping_way w, uint64_t rate, int n)
{
	const char *why = NULL;
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		kill_at = n;
		shaping_set(netlink_here(), &b->host, w, rate, 0, b->arena, &why);
		_exit(7);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status) == 0;
}

static void what_a_killed_one_left_is_mended(void **state)
{
	struct shaped b = shaped_new();

	(void)state;
	for
		EACH_WAY(w)
		{
			for (int n = 1; killed_at(&b, w, 50 * MBIT, n); n++) {
				assert_false(shaped_get(&b, w).whole);
				assert_null(shaped_get(&b, w).foreign);
				shaped_set(&b, w, 60 * MBIT, 0);
				shaped_assert(&b, w, 60 * MBIT, 0);
				shaped_clear(&b, w);
			}
			for (int n = 1; killed_at(&b, w, 50 * MBIT, n); n++)
				shaped_clear(&b, w);
			shaped_clear(&b, w);
			assert_false(shaped_get(&b, w).ours);
		}
	shaped_free(&b);
}

/* --- half-built states -------------------------------------------------------------------------
 */

struct damage {
	enum shaping_way way;
	const char *line; /* @ is the IFB, its rate is 50mbit */
};

/* clang-format off */
static const struct damage damages[] = {
	{SHAPING_INGRESS, "tc qdisc del dev ve0 parent 656b:1 handle 656c:"},
	{SHAPING_INGRESS, "tc qdisc replace dev ve0 parent 656b:1 handle 656d: pfifo"},
	{SHAPING_INGRESS, "tc qdisc del dev ve0 parent 656b:1 handle 656c:; tc qdisc add dev ve0 parent 656b:1 handle 656c: pfifo"},
	{SHAPING_INGRESS, "tc qdisc change dev ve0 parent 656b:1 handle 656c: tbf rate 1gbit burst 10k limit 125000 || tc qdisc del dev ve0 parent 656b:1 handle 656c:"},
	{SHAPING_INGRESS, "tc qdisc change dev ve0 parent 656b:1 handle 656c: tbf rate 8000000gbit burst 10k limit 5000 || tc qdisc del dev ve0 parent 656b:1 handle 656c:"},
	{SHAPING_INGRESS, "tc class change dev ve0 parent 656b: classid 656b:1 htb rate 50mbit ceil 60mbit burst 15k cburst 15k quantum 6250"},
	{SHAPING_INGRESS, "tc class change dev ve0 parent 656b: classid 656b:1 htb rate 50mbit burst 15k cburst 30k quantum 6250"},
	{SHAPING_INGRESS, "tc class change dev ve0 parent 656b: classid 656b:1 htb rate 50mbit burst 15k cburst 15k quantum 2000"},
	{SHAPING_INGRESS, "tc class change dev ve0 parent 656b: classid 656b:1 htb rate 50mbit burst 15k cburst 15k quantum 6250 prio 3"},
	{SHAPING_INGRESS, "tc class change dev ve0 parent 656b: classid 656b:1 htb rate 50mbit burst 15k cburst 15k quantum 6250 overhead 20"},
	{SHAPING_INGRESS, "tc class del dev ve0 parent 656b: classid 656b:1"},
	{SHAPING_INGRESS, "tc class add dev ve0 parent 656b:1 classid 656b:2 htb rate 1mbit quantum 2000"},
	{SHAPING_INGRESS, "tc qdisc del dev ve0 root; tc qdisc add dev ve0 root handle 656b: htb default 2 direct_qlen 0"},
	{SHAPING_INGRESS, "tc qdisc del dev ve0 root; tc qdisc add dev ve0 root handle 656b: htb default 1"},
	{SHAPING_INGRESS, "tc qdisc del dev ve0 root"},
	{SHAPING_EGRESS, "tc qdisc del dev ve0 ingress"},
	{SHAPING_EGRESS, "tc filter del dev ve0 ingress pref 25963"},
	{SHAPING_EGRESS, "ip link set @ down"},
	{SHAPING_EGRESS, "ip link set @ txqueuelen 32"},
	{SHAPING_EGRESS, "ip link del @"},
	{SHAPING_EGRESS, "ip link del @; tc qdisc del dev ve0 ingress"},
	{SHAPING_EGRESS, "ip link del @; tc filter del dev ve0 ingress pref 25963"},
	{SHAPING_EGRESS, "ip link del @; ip link add @ type ifb; ip link set @ alias \"evenkeel egress of ${N} ve0\""},
	{SHAPING_EGRESS, "ip link set @ alias \"evenkeel egress of ${N} before\""},
	{SHAPING_EGRESS, "tc qdisc del dev @ root"},
	{SHAPING_EGRESS, "tc qdisc del dev @ root; tc qdisc add dev @ root handle 1: tbf rate 1mbit burst 10k limit 10k"},
	{SHAPING_EGRESS, "tc qdisc del dev @ root; tc qdisc add dev @ root handle 656b: htb default 1 direct_qlen 0"},
	{SHAPING_EGRESS, "tc class change dev @ parent 656b: classid 656b:1 htb rate 50mbit ceil 60mbit burst 15k cburst 15k quantum 6250"},
	{SHAPING_EGRESS, "tc class del dev @ parent 656b: classid 656b:1"},
	{SHAPING_EGRESS, "tc qdisc del dev @ parent 656b:1 handle 656c:"},
	{SHAPING_EGRESS, "ip link add x0 type ifb; tc filter replace dev ve0 ingress protocol all pref 25963 handle 800::800 u32 match u32 0 0 action mirred egress redirect dev x0; ip link del x0"},
	{SHAPING_EGRESS, "ip link add x0 type ifb; tc filter replace dev ve0 ingress protocol all pref 25963 handle 800::800 u32 match u32 0 0 action mirred egress redirect dev x0"},
	{SHAPING_EGRESS, "tc filter replace dev ve0 ingress protocol all pref 25963 handle 800::800 u32 match u32 0 0 action mirred egress mirror dev @"},
	{SHAPING_EGRESS, "tc filter replace dev ve0 ingress protocol all pref 25963 handle 800::800 u32 match u32 0 0 action mirred ingress redirect dev @"},
	{SHAPING_EGRESS, "tc filter del dev ve0 ingress pref 25963; tc filter add dev ve0 ingress protocol all pref 25963 u32 match u32 0x45000000 0xff000000 action mirred egress redirect dev @"},
	{SHAPING_EGRESS, "tc filter del dev ve0 ingress pref 25963; tc filter add dev ve0 ingress protocol all pref 25963 u32 match u32 0 0"},
};
/* clang-format on */

static void damage(const struct shaped *b, const char *line)
{
	tc_run("N=%d; eval \"$(printf '%%s' '%s' | sed 's/@/%s/g')\" >/dev/null 2>&1",
	       b->host.index, line, b->ifb);
}

/* Its actions are numbered anew when a filter is. */
static char *numberless(const struct shaped *b)
{
	char *state = shaped_state(b);

	for (char *at = state; (at = strstr(at, "\tindex ")) != NULL;)
		memset(at, '#', strcspn(at, "\n"));
	return state;
}

static void half_of_it_is_made_whole(void **state)
{
	struct shaped b = shaped_new();

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		const struct damage *d = &damages[i];
		struct shaping s;
		char *before, *after;

		shaped_set(&b, d->way, 50 * MBIT, 0);
		before = numberless(&b);
		damage(&b, d->line);
		s = shaped_get(&b, d->way);
		if (s.whole || s.foreign)
			fail_msg("whole %d, foreign %s: %s", s.whole, s.foreign, d->line);
		shaped_set(&b, d->way, 50 * MBIT, 0);
		s = shaped_get(&b, d->way);
		if (!s.whole)
			fail_msg("not mended: %s", d->line);
		after = numberless(&b);
		if (strcmp(before, after) != 0)
			fail_msg("%s\n%s\n%s", d->line, before, after);
		free(before);
		free(after);
	}
	tc_run("ip link del x0");
	shaped_free(&b);
}

static void half_of_it_is_taken_away(void **state)
{
	struct shaped b = shaped_new();
	char *before = shaped_state(&b), *after;

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		const struct damage *d = &damages[i];

		shaped_set(&b, d->way, 50 * MBIT, 0);
		damage(&b, d->line);
		shaped_clear(&b, d->way);
		tc_run("ip link del x0 2>/dev/null; true");
		/* without anything of ours, an ingress qdisc is anybody's */
		if (strstr(d->line, "ip link del @; tc filter del") ||
		    strcmp(d->line, "tc qdisc del dev ve0 root") == 0)
			tc_run("tc qdisc del dev ve0 ingress");
		after = shaped_state(&b);
		if (strcmp(before, after) != 0)
			fail_msg("%s\n%s\n%s", d->line, before, after);
		free(after);
	}
	free(before);
	shaped_free(&b);
}

/* --- what is somebody else's -------------------------------------------------------------------
 */

struct foreign {
	enum shaping_way way;
	const char *line, *word, *remedy;
};

/* clang-format off */
static const struct foreign foreigners[] = {
	{SHAPING_INGRESS, "tc qdisc add dev ve0 root tbf rate 1mbit burst 10k limit 10k", "a tbf qdisc", "tc qdisc del dev ve0 root"},
	{SHAPING_INGRESS, "tc qdisc add dev ve0 root handle 1: htb default 10 && tc class add dev ve0 parent 1: classid 1:10 htb rate 1mbit", "a htb qdisc", "tc qdisc del dev ve0 root"},
	{SHAPING_INGRESS, "tc qdisc add dev ve0 root handle 656b: tbf rate 1mbit burst 10k limit 10k", "a tbf qdisc", "tc qdisc del dev ve0 root"},
	{SHAPING_INGRESS, "tc qdisc add dev ve0 root handle 7: pfifo limit 3", "a pfifo qdisc", "tc qdisc del dev ve0 root"},
	{SHAPING_EGRESS, "tc qdisc add dev ve0 clsact", "a clsact qdisc", "tc qdisc del dev ve0 clsact"},
	{SHAPING_EGRESS, "tc qdisc add dev ve0 ingress_block 7 ingress", "a shared ingress qdisc", "tc qdisc del dev ve0 ingress"},
	{SHAPING_EGRESS, "tc qdisc add dev ve0 ingress && tc filter add dev ve0 ingress protocol ip pref 5 u32 match u32 0 0 action mirred egress mirror dev lo", "a u32 filter", "tc filter del dev ve0 ingress pref 5"},
	{SHAPING_EGRESS, "tc qdisc add dev ve0 ingress && tc filter add dev ve0 ingress protocol ip pref 25963 u32 match u32 0 0 action mirred egress mirror dev lo", "a u32 filter", "tc filter del dev ve0 ingress pref 25963"},
	{SHAPING_EGRESS, "ip link add @ type ifb", "@ that is not ours", "ip link del dev @"},
	{SHAPING_EGRESS, "ip link add @ type bridge && ip link set @ alias \"evenkeel egress of ${N} ve0\"", "@ that is not ours", "ip link del dev @"},
};
/* clang-format on */

/* @ is the IFB. */
static const char *with_ifb(const struct shaped *b, const char *text)
{
	const char *at = strchr(text, '@');

	return !at ? text
		   : arena_printf(b->arena, "%.*s%s%s", (int)(at - text), text, b->ifb, at + 1);
}

static void assert_untouched(struct shaped *b, const struct foreign *f)
{
	const char *why = NULL;
	char *before = shaped_state(b);
	struct shaping s = shaped_get(b, f->way);

	assert_false(s.ours);
	assert_false(s.whole);
	assert_non_null(s.foreign);
	assert_non_null(strstr(s.foreign, with_ifb(b, f->word)));
	assert_non_null(strstr(s.remedy, with_ifb(b, f->remedy)));
	assert_int_equal(shaping_set(b->nl, &b->host, f->way, MBIT, 0, b->arena, &why), -EBUSY);
	assert_non_null(strstr(why, with_ifb(b, f->word)));
	assert_non_null(strstr(why, with_ifb(b, f->remedy)));
	assert_state(b, before);
	shaped_clear(b, f->way);
	assert_state(b, before);
	assert_int_equal(shaping_sweep(b->nl), 0);
	assert_state(b, before);
	free(before);
}

static void what_is_foreign_is_left_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(foreigners) / sizeof(*foreigners); i++) {
		struct shaped b = shaped_new();
		const struct foreign *f = &foreigners[i];
		enum shaping_way other =
		    f->way == SHAPING_INGRESS ? SHAPING_EGRESS : SHAPING_INGRESS;

		damage(&b, f->line);
		assert_untouched(&b, f);
		/* the other way is nobody's */
		shaped_set(&b, other, MBIT, 0);
		shaped_assert(&b, other, MBIT, 0);
		shaped_clear(&b, other);
		assert_untouched(&b, f);
		tc_run("ip link del %s 2>/dev/null; true", b.ifb);
		shaped_free(&b);
	}
}

/* What others put beside ours stays when ours goes. */
static void a_filter_beside_ours_stays(void **state)
{
	struct shaped b = shaped_new();
	char *with, *without;

	(void)state;
	damage(&b, "tc qdisc add dev ve0 ingress");
	shaped_set(&b, SHAPING_EGRESS, MBIT, 0);
	damage(&b, "tc filter add dev ve0 ingress protocol ip pref 5 u32 match u32 0 0 action "
		   "mirred egress mirror dev lo");
	shaped_assert(&b, SHAPING_EGRESS, MBIT, 0);
	with = tc_show("tc -d filter show dev ve0 ingress | sed '/pref 25963/,$d'");
	shaped_set(&b, SHAPING_EGRESS, 2 * MBIT, 0);
	shaped_clear(&b, SHAPING_EGRESS);
	without = tc_show("tc -d filter show dev ve0 ingress");
	assert_true(strlen(with) > 0);
	assert_string_equal(with, without);
	free(with);
	free(without);
	shaped_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_refusal_leaves_what_was_in_force),
	    cmocka_unit_test(a_refused_change_falls_back),
	    cmocka_unit_test(what_a_killed_one_left_is_mended),
	    cmocka_unit_test(half_of_it_is_made_whole),
	    cmocka_unit_test(half_of_it_is_taken_away),
	    cmocka_unit_test(what_is_foreign_is_left_alone),
	    cmocka_unit_test(a_filter_beside_ours_stays),
	};

	return cmocka_run_group_tests(tests, shaped_enter, NULL);
}
