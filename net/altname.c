#include "net/altname.h"

#include "net/netlink.h"
#include "schema/arena.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <string.h>

struct list {
	struct arena *arena;
	const char **items;
	size_t n, capacity;
};

static void take_names(const struct nlmsghdr *h, void *context)
{
	struct list *l = context;
	struct nlattr *list =
	    nlmsg_find_attr((struct nlmsghdr *)h, sizeof(struct ifinfomsg), IFLA_PROP_LIST);
	struct nlattr *name;
	int left;

	if (h->nlmsg_type != RTM_NEWLINK || !list)
		return;
	nla_for_each_nested(name, list, left)
	{
		if (nla_type(name) != IFLA_ALT_IFNAME)
			continue;
		l->items = arena_grow(l->arena, l->items, l->n, &l->capacity, sizeof(*l->items));
		l->items[l->n++] = arena_strndup(l->arena, nla_data(name),
						 strnlen(nla_data(name), (size_t)nla_len(name)));
	}
}

static struct nl_msg *about(int type, int index)
{
	struct ifinfomsg which = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	if (msg && nlmsg_append(msg, &which, sizeof(which), NLMSG_ALIGNTO) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

int altname_list(struct netlink *nl, int index, struct arena *a, const char ***out, size_t *n)
{
	struct list l = {.arena = a};
	int error = netlink_ask(nl, about(RTM_GETLINK, index), take_names, &l);

	*out = l.items;
	*n = error < 0 ? 0 : l.n;
	return error;
}

/* One at a time: a refused one takes no others along. */
static int change(struct netlink *nl, int type, int index, const char *name)
{
	struct nl_msg *msg = about(type, index);
	struct nlattr *list = msg ? nla_nest_start(msg, IFLA_PROP_LIST) : NULL;

	if (!list || nla_put_string(msg, IFLA_ALT_IFNAME, name) < 0) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	nla_nest_end(msg, list);
	return netlink_ask(nl, msg, NULL, NULL);
}

static bool has(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

int altname_set(struct netlink *nl, int index, const char *const *names, size_t n)
{
	struct arena *a = arena_new();
	const char **now;
	size_t n_now;
	int error = altname_list(nl, index, a, &now, &n_now), r;

	for (size_t i = 0; i < n_now; i++) {
		r = has(names, n, now[i]) ? 0 : change(nl, RTM_DELLINKPROP, index, now[i]);
		if (r < 0 && error == 0)
			error = r;
	}
	for (size_t i = 0; i < n; i++) {
		r = has(now, n_now, names[i]) ? 0 : change(nl, RTM_NEWLINKPROP, index, names[i]);
		if (r < 0 && r != -EEXIST && error == 0)
			error = r;
	}
	arena_free(a);
	return error;
}
