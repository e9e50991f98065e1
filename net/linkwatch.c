#include "net/linkwatch.h"

#include "net/ifb.h"
#include "net/link.h"
#include "net/linkholds.h"
#include "net/netlink.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of a burst of events so many bytes can wait until we come round to them. */
#define BUFFER_BYTES (16 << 20)
#define AT_ONCE 32           /* messages taken by one system call */
#define MESSAGE_BYTES 8192   /* of each: all that matters is at its beginning */
#define MOST_CALLS 32        /* in one go: what is left keeps the fd readable */
#define MOST_CALLS_DEAF 2048 /* ... of what is only thrown away */
#define PORT_OF 0x3fffffu    /* of a port number: the process that libnl chose it for */

struct hearing {
	int fd;
	bool empty; /* all was read that had come */
	bool deaf;  /* events were lost, and are, until it is empty */
};

struct linkwatch {
	int fd;               /* epoll, over the other two */
	struct hearing links; /* hears all namespaces */
	struct hearing here;  /* queueing disciplines and routes */
	uint32_t port;
	struct linkholds *holds;
	bool routes; /* HERE hears of them */
	bool orphaned;
	bool veth_gone;
	struct link looked;
	struct batch *batch;
};

struct batch {
	struct mmsghdr headers[AT_ONCE];
	struct iovec pieces[AT_ONCE];
	struct sockaddr_nl senders[AT_ONCE];
	char controls[AT_ONCE][CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct nl_pktinfo))];
	char bytes[AT_ONCE][MESSAGE_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
};

/* ---- beginning and end ---- */

/* Ports of a bridge say of themselves what their interfaces say as well. */
static int leave_out_bridge_ports(int fd)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
		     NLMSG_HDRLEN + offsetof(struct ifinfomsg, ifi_family)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNSPEC, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	    BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static void enlarge_buffer(int fd)
{
	const int bytes = BUFFER_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

static int join(int fd, int group, bool member)
{
	return setsockopt(fd, SOL_NETLINK,
			  member ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP, &group,
			  sizeof(group));
}

static int open_socket(const struct linkwatch *w, int group, bool all)
{
	struct sockaddr_nl me = {.nl_family = AF_NETLINK};
	struct epoll_event readable = {.events = EPOLLIN};
	const int on = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -1;
	enlarge_buffer(fd);
	readable.data.fd = fd;
	if ((all && (leave_out_bridge_ports(fd) < 0 ||
		     setsockopt(fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof(on)) < 0)) ||
	    bind(fd, (struct sockaddr *)&me, sizeof(me)) < 0 || join(fd, group, true) < 0 ||
	    epoll_ctl(w->fd, EPOLL_CTL_ADD, fd, &readable) < 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static struct batch *batch_new(void)
{
	struct batch *b = calloc(1, sizeof(*b));

	for (size_t i = 0; b && i < AT_ONCE; i++) {
		b->pieces[i] = (struct iovec){b->bytes[i], MESSAGE_BYTES};
		b->headers[i].msg_hdr = (struct msghdr){.msg_name = &b->senders[i],
							.msg_iov = &b->pieces[i],
							.msg_iovlen = 1,
							.msg_control = b->controls[i]};
	}
	return b;
}

static struct linkwatch *refuse(struct linkwatch *w)
{
	int error = errno;

	linkwatch_close(w);
	errno = error;
	return NULL;
}

struct linkwatch *linkwatch_open(void)
{
	struct linkwatch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	*w = (struct linkwatch){.fd = -1, .links = {-1}, .here = {-1}};
	w->holds = linkholds_new();
	w->port = (uint32_t)getpid() & PORT_OF;
	w->batch = batch_new();
	w->fd = epoll_create1(EPOLL_CLOEXEC);
	if (!w->batch || w->fd < 0)
		return refuse(w);
	w->links.fd = open_socket(w, RTNLGRP_LINK, true);
	if (w->links.fd >= 0)
		w->here.fd = open_socket(w, RTNLGRP_TC, false);
	return w->here.fd < 0 ? refuse(w) : w;
}

void linkwatch_close(struct linkwatch *w)
{
	if (!w)
		return;
	if (w->here.fd >= 0)
		close(w->here.fd);
	if (w->links.fd >= 0)
		close(w->links.fd);
	if (w->fd >= 0)
		close(w->fd);
	linkholds_free(w->holds);
	free(w->batch);
	free(w);
}

int linkwatch_fd(const struct linkwatch *w)
{
	return w->fd;
}

/* ---- what a message says ---- */

static uint64_t mix(uint64_t digest, const void *bytes, size_t n)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < n; i++)
		digest = (digest ^ b[i]) * UINT64_C(1099511628211);
	return (digest ^ n) * UINT64_C(1099511628211);
}

static uint64_t mix_text(uint64_t digest, const char *text)
{
	return mix(digest, text, strlen(text));
}

static uint64_t mix_number(uint64_t digest, uint64_t number)
{
	return mix(digest, &number, sizeof(number));
}

/* In a container its root may do with an interface what we do not keep: alias, up and down. Its
 * namespace numbers others in its own way. */
static struct link_seen seen_of(int nsid, const struct link *l)
{
	struct link_seen s = {.index = l->index,
			      .name = l->name,
			      .shaped =
				  strcmp(l->kind, "veth") == 0 || strcmp(l->kind, "ifb") == 0};

	s.brief = mix_text(UINT64_C(14695981039346656037), l->kind);
	if (nsid == LINK_HERE)
		s.brief = mix_number(s.brief, l->flags & IFF_UP);
	s.whole = mix_text(mix_text(s.brief, l->name), l->hwaddr);
	s.whole = mix_number(mix_number(s.whole, l->mtu), l->txqueuelen);
	s.whole = mix_number(s.whole, (uint64_t)l->peer);
	if (nsid != LINK_HERE)
		return s;
	s.whole = mix_number(mix_number(s.whole, (uint64_t)l->master), (uint64_t)l->peer_nsid);
	s.whole = mix_text(s.whole, l->alias);
	return s;
}

static const char *name_in(struct nlmsghdr *h)
{
	struct nlattr *name;

	if (!nlmsg_valid_hdr(h, sizeof(struct ifinfomsg)))
		return NULL;
	name = nlmsg_find_attr(h, sizeof(struct ifinfomsg), IFLA_IFNAME);
	return name && nla_len(name) > 0 && memchr(nla_data(name), 0, (size_t)nla_len(name))
		   ? nla_get_string(name)
		   : NULL;
}

/* ---- holding ---- */

/* How it is as it begins to be held: on a socket of its own, beside the events. */
static bool look_at(void *context, const struct watched_link *l, struct link_seen *seen,
		    bool *unknown)
{
	struct netlink *nl = netlink_here();
	struct linkwatch *w = context;
	int error = -errno;

	if (nl)
		error = l->index ? link_by_index(nl, l->nsid, l->index, &w->looked)
				 : link_by_name(nl, l->nsid, l->name, &w->looked);
	*unknown = error && error != -ENODEV;
	if (error)
		return false;
	*seen = seen_of(l->nsid, &w->looked);
	return true;
}

/* Hosts that are routers have many routes: they are heard of where somebody holds some. */
static void hear_routes(struct linkwatch *w)
{
	bool wanted = linkholds_routes(w->holds);

	if (wanted == w->routes)
		return;
	join(w->here.fd, RTNLGRP_IPV4_ROUTE, wanted);
	join(w->here.fd, RTNLGRP_IPV6_ROUTE, wanted);
	w->routes = wanted;
}

void linkwatch_hold(struct linkwatch *w, const char *owner, const struct watched_link *links,
		    size_t n)
{
	linkholds_set(w->holds, owner, links, n, look_at, w);
	hear_routes(w);
}

/* ---- events ---- */

/* Whose index an IFB has in its name has gone. */
static bool leaves_ifb(int index)
{
	char name[IFNAMSIZ];

	ifb_name(index, name);
	return if_nametoindex(name) != 0;
}

static void on_link(struct linkwatch *w, int nsid, struct nlmsghdr *h)
{
	const struct ifinfomsg *info = nlmsg_data(h);
	const char *name = name_in(h);
	struct link_seen seen;
	struct link link;

	if (!name || info->ifi_family != AF_UNSPEC)
		return;
	if (h->nlmsg_type == RTM_DELLINK && nsid == LINK_HERE) {
		w->orphaned |= leaves_ifb(info->ifi_index);
		w->veth_gone |= link_parse(h, &link) && strcmp(link.kind, "veth") == 0;
	}
	if (!linkholds_cares(w->holds, nsid, info->ifi_index, name))
		return;
	if (h->nlmsg_type == RTM_DELLINK) {
		linkholds_went(w->holds, nsid, info->ifi_index);
	} else if (link_parse(h, &link)) {
		seen = seen_of(nsid, &link);
		linkholds_saw(w->holds, nsid, &seen);
	}
}

static bool is_ours(const struct linkwatch *w, const struct nlmsghdr *h)
{
	return (h->nlmsg_pid & PORT_OF) == w->port;
}

static void on_queueing(struct linkwatch *w, struct nlmsghdr *h)
{
	const struct tcmsg *t = nlmsg_data(h);

	if (nlmsg_valid_hdr(h, sizeof(*t)) && !is_ours(w, h))
		linkholds_queueing(w->holds, t->tcm_ifindex);
}

static void on_route(struct linkwatch *w, struct nlmsghdr *h)
{
	struct nlattr *out;

	if (!nlmsg_valid_hdr(h, sizeof(struct rtmsg)) || is_ours(w, h))
		return;
	out = nlmsg_find_attr(h, sizeof(struct rtmsg), RTA_OIF);
	if (out && nla_len(out) >= (int)sizeof(uint32_t))
		linkholds_routing(w->holds, (int)nla_get_u32(out));
}

static void on_message(struct linkwatch *w, int nsid, struct nlmsghdr *h)
{
	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		on_link(w, nsid, h);
		break;
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
	case RTM_NEWTCLASS:
	case RTM_DELTCLASS:
	case RTM_NEWTFILTER:
	case RTM_DELTFILTER:
		on_queueing(w, h);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		on_route(w, h);
		break;
	}
}

/* Of a namespace that is not ours the kernel says its number beside the message. */
static int namespace_of(struct msghdr *m)
{
	int nsid = LINK_HERE;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_NETLINK && c->cmsg_type == NETLINK_LISTEN_ALL_NSID &&
		    c->cmsg_len >= CMSG_LEN(sizeof(nsid)))
			memcpy(&nsid, CMSG_DATA(c), sizeof(nsid));
	return nsid;
}

void linkwatch_take(struct linkwatch *w, int nsid, void *bytes, size_t n, bool cut)
{
	struct nlmsghdr *h = bytes;
	int left = (int)n;

	if (cut && n >= sizeof(*h))
		h->nlmsg_len = (uint32_t)n;
	for (; nlmsg_ok(h, left); h = nlmsg_next(h, &left))
		on_message(w, nsid, h);
}

/* One datagram; of what is longer than our room for it the beginning is read. */
static void on_datagram(struct linkwatch *w, struct mmsghdr *m)
{
	const struct sockaddr_nl *from = m->msg_hdr.msg_name;

	if (m->msg_hdr.msg_namelen == sizeof(*from) && from->nl_pid == 0)
		linkwatch_take(w, namespace_of(&m->msg_hdr), m->msg_hdr.msg_iov->iov_base,
			       m->msg_len, m->msg_hdr.msg_flags & MSG_TRUNC);
}

static int receive(struct linkwatch *w, int fd)
{
	for (size_t i = 0; i < AT_ONCE; i++) {
		struct msghdr *m = &w->batch->headers[i].msg_hdr;

		m->msg_namelen = sizeof(w->batch->senders[i]);
		m->msg_controllen = sizeof(w->batch->controls[i]);
		m->msg_flags = 0;
	}
	return recvmmsg(fd, w->batch->headers, AT_ONCE, MSG_DONTWAIT, NULL);
}

/* Until nothing is left. After a loss the kernel drops whatever comes, and says no more of it,
 * until all has been read that had come before: it is worth nothing then. */
static void drain(struct linkwatch *w, struct hearing *h)
{
	int most = h->deaf ? MOST_CALLS_DEAF : MOST_CALLS;

	h->empty = false;
	for (int i = 0; i < most && !h->empty; i++) {
		int n = receive(w, h->fd);

		if (n < 0 && errno == ENOBUFS) {
			h->deaf = true;
			most = MOST_CALLS_DEAF;
		} else if (n < 0 && errno != EINTR) {
			h->empty = true;
		}
		for (int k = 0; k < n && !h->deaf; k++)
			on_datagram(w, &w->batch->headers[k]);
	}
}

/* False: there was no room for some of it, and from here on there is. */
static bool hear(struct linkwatch *w, struct hearing *h)
{
	bool whole;

	drain(w, h);
	whole = !h->deaf || !h->empty;
	h->deaf &= !h->empty;
	return whole;
}

bool linkwatch_read(struct linkwatch *w, void (*found)(void *context, const char *owner),
		    void *context)
{
	bool whole = hear(w, &w->links);

	whole &= hear(w, &w->here);
	linkholds_tell(w->holds, found, context);
	if (!whole) {
		linkholds_doubt(w->holds);
		w->orphaned = true;
	}
	return whole;
}

bool linkwatch_veth_gone(struct linkwatch *w)
{
	bool gone = w->veth_gone;

	w->veth_gone = false;
	return gone;
}

bool linkwatch_orphaned(struct linkwatch *w)
{
	bool orphaned = w->orphaned;

	w->orphaned = false;
	return orphaned;
}
