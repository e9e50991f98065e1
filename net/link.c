#include "net/link.h"

#include "schema/arena.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>

/* A dump that changed under our eyes is taken again, so many times at most. */
#define MOST_DUMPS 8

struct list {
	struct arena *arena;
	struct link_name *items;
	size_t n, capacity;
};

static int errno_from_nl(int error)
{
	switch (-error) {
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_AGAIN:
	case NLE_DUMP_INTR:
		return -EAGAIN;
	case NLE_AF_NOSUPPORT:
	case NLE_PROTO_MISMATCH:
		return -EAFNOSUPPORT;
	default:
		return -EIO;
	}
}

static int add_link(struct nl_msg *msg, void *data)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct list *l = data;
	struct ifinfomsg *info;
	struct nlattr *name;

	if (h->nlmsg_type != RTM_NEWLINK || !nlmsg_valid_hdr(h, sizeof(*info)))
		return NL_SKIP;
	info = nlmsg_data(h);
	name = nlmsg_find_attr(h, sizeof(*info), IFLA_IFNAME);
	if (!name)
		return NL_SKIP;
	l->items = arena_grow(l->arena, l->items, l->n, &l->capacity, sizeof(*l->items));
	l->items[l->n++] =
	    (struct link_name){info->ifi_index, arena_strdup(l->arena, nla_get_string(name))};
	return NL_OK;
}

static int compare_index(const void *x, const void *y)
{
	const struct link_name *a = x, *b = y;

	return (a->index > b->index) - (a->index < b->index);
}

/* One dump of names only: the statistics of a thousand interfaces are most of its bytes. */
static int dump(struct nl_sock *socket, struct list *l)
{
	struct ifinfomsg any = {.ifi_family = AF_UNSPEC};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP);
	int error;

	if (!msg)
		return -NLE_NOMEM;
	error = nlmsg_append(msg, &any, sizeof(any), NLMSG_ALIGNTO);
	if (error >= 0)
		error = nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (error >= 0)
		error = nl_send_auto(socket, msg);
	nlmsg_free(msg);
	if (error < 0)
		return error;
	l->n = 0;
	return nl_recvmsgs_default(socket);
}

static int list_by(struct nl_sock *socket, struct list *l)
{
	int error = nl_connect(socket, NETLINK_ROUTE);

	if (error == 0)
		error = nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, add_link, l);
	if (error < 0)
		return error;
	for (int i = 0; i < MOST_DUMPS; i++) {
		error = dump(socket, l);
		if (error != -NLE_DUMP_INTR)
			break;
	}
	return error;
}

int link_list(struct arena *a, struct link_name **out, size_t *n)
{
	struct list l = {.arena = a};
	struct nl_sock *socket = nl_socket_alloc();
	int error;

	if (!socket)
		return -ENOMEM;
	error = list_by(socket, &l);
	nl_socket_free(socket);
	if (error < 0)
		return errno_from_nl(error);
	if (l.n > 1)
		qsort(l.items, l.n, sizeof(*l.items), compare_index);
	*out = l.items;
	*n = l.n;
	return 0;
}
