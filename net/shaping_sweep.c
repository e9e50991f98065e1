#include "net/ifb.h"
#include "net/netlink.h"
#include "net/shaping.h"
#include "schema/arena.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <sys/random.h>

/* An IFB of ours, and whose it is. */
struct owned {
	int index, host_end;
};

struct sweep {
	struct arena *arena;
	struct owned *items;
	size_t n, capacity;
	int *all; /* interfaces there are */
	size_t n_all, capacity_all;
};

static void add(const struct link *l, void *context)
{
	struct sweep *s = context;
	int host_end = ifb_host_index(l);

	s->all = arena_grow(s->arena, s->all, s->n_all, &s->capacity_all, sizeof(*s->all));
	s->all[s->n_all++] = l->index;
	if (host_end == 0)
		return;
	s->items = arena_grow(s->arena, s->items, s->n, &s->capacity, sizeof(*s->items));
	s->items[s->n++] = (struct owned){l->index, host_end};
}

static int compare(const void *x, const void *y)
{
	const struct owned *a = x, *b = y;

	return (a->index > b->index) - (a->index < b->index);
}

/* An interrupted dump was taken again: some are there twice. */
static void sort(struct sweep *s)
{
	size_t n = 0;

	if (s->n > 1)
		qsort(s->items, s->n, sizeof(*s->items), compare);
	for (size_t i = 0; i < s->n; i++)
		if (n == 0 || s->items[n - 1].index != s->items[i].index)
			s->items[n++] = s->items[i];
	s->n = n;
}

static int compare_numbers(const void *x, const void *y)
{
	const int *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/* Keeps those whose host ends are gone: they were not among all, and are not found alone. */
static int keep_orphans(struct netlink *nl, struct sweep *s)
{
	struct link found;
	size_t n = 0;

	if (s->n_all > 1)
		qsort(s->all, s->n_all, sizeof(*s->all), compare_numbers);
	for (size_t i = 0; i < s->n; i++) {
		int host_end = s->items[i].host_end, error;

		if (bsearch(&host_end, s->all, s->n_all, sizeof(*s->all), compare_numbers))
			continue;
		error = link_by_index(nl, LINK_HERE, host_end, &found);
		if (error && error != -ENODEV)
			return error;
		if (error)
			s->items[n++] = s->items[i];
	}
	s->n = n;
	return 0;
}

static int find_orphans(struct netlink *nl, struct sweep *s)
{
	int error = link_each(nl, LINK_HERE, NULL, add, s);

	if (error)
		return error;
	sort(s);
	return keep_orphans(nl, s);
}

int shaping_orphans(struct netlink *nl)
{
	struct sweep s = {.arena = arena_new()};
	int error = find_orphans(nl, &s);

	arena_free(s.arena);
	return error ? error : (int)s.n;
}

/* --- all at once -------------------------------------------------------------------------------
 */

/* A deletion waits for all CPUs, some 16 ms with the lock of all interfaces held; that of a group
 * waits once. */

static struct nl_msg *group_message(int type, int index, uint32_t group)
{
	struct ifinfomsg which = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	if (msg && nlmsg_append(msg, &which, sizeof(which), NLMSG_ALIGNTO) == 0 &&
	    nla_put_u32(msg, IFLA_GROUP, group) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/* Who is in the group. */
struct census {
	const struct sweep *orphans;
	uint32_t group;
	size_t others;
};

static void count(const struct nlmsghdr *h, void *context)
{
	const struct ifinfomsg *info = nlmsg_data(h);
	struct nlattr *group = nlmsg_find_attr((struct nlmsghdr *)h, sizeof(*info), IFLA_GROUP);
	struct census *c = context;
	struct owned key = {.index = info->ifi_index};

	if (h->nlmsg_type != RTM_NEWLINK || !group || nla_get_u32(group) != c->group)
		return;
	if (!bsearch(&key, c->orphans->items, c->orphans->n, sizeof(key), compare))
		c->others++;
}

static bool is_alone(struct netlink *nl, const struct sweep *s, uint32_t group)
{
	struct ifinfomsg any = {.ifi_family = AF_UNSPEC};
	struct census c = {s, group, 0};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_DUMP);

	if (msg && nlmsg_append(msg, &any, sizeof(any), NLMSG_ALIGNTO) == 0 &&
	    nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) == 0)
		return netlink_ask(nl, msg, count, &c) == 0 && c.others == 0;
	nlmsg_free(msg);
	return false;
}

static int move_to_group(struct netlink *nl, const struct sweep *s, uint32_t group)
{
	struct nl_msg **msgs = arena_alloc(s->arena, s->n * sizeof(*msgs));
	int *errors = arena_alloc(s->arena, s->n * sizeof(*errors));
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		msgs[n] = group_message(RTM_SETLINK, s->items[i].index, group);
		if (msgs[n])
			n++;
	}
	return netlink_batch(nl, msgs, n, errors);
}

/* Some number that nobody has; who has it all the same keeps what he has. */
static int delete_together(struct netlink *nl, const struct sweep *s)
{
	uint32_t group = 0;

	if (getrandom(&group, sizeof(group), GRND_NONBLOCK) != sizeof(group))
		return -EAGAIN;
	group = (group & 0x3fffffff) | 0x40000000;
	if (!is_alone(nl, s, group))
		return -EBUSY;
	move_to_group(nl, s, group);
	if (!is_alone(nl, s, group))
		return -EBUSY;
	return netlink_ask(nl, group_message(RTM_DELLINK, 0, group), NULL, NULL);
}

static int delete_each(struct netlink *nl, const struct sweep *s)
{
	for (size_t i = 0; i < s->n; i++) {
		int error = link_delete(nl, s->items[i].index);

		if (error && error != -ENODEV)
			return error;
	}
	return 0;
}

int shaping_sweep(struct netlink *nl)
{
	struct sweep s = {.arena = arena_new()};
	int error = find_orphans(nl, &s);
	int n = (int)s.n;

	if (error == 0 && (s.n < 2 || delete_together(nl, &s) < 0))
		error = delete_each(nl, &s);
	arena_free(s.arena);
	return error ? error : n;
}
