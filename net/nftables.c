#include "net/nftables.h"

#include "net/netlink.h"

#include <netinet/in.h>

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#define MOST_MESSAGES 256
#define BUFFER_SIZE (32u << 10)
#define PATIENCE_SECONDS 5

struct nl_msg *nftables_new(int type, int flags)
{
	struct nfgenmsg header = {.nfgen_family = NFPROTO_NETDEV, .version = NFNETLINK_V0};
	struct nl_msg *msg = nlmsg_alloc_simple(NFNL_SUBSYS_NFTABLES << 8 | type, flags);

	if (msg && nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

int nftables_type(const struct nlmsghdr *h)
{
	return h->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES ? h->nlmsg_type & 0xff : -1;
}

/* --- a socket for one exchange -----------------------------------------------------------------
 */

struct exchange {
	struct nl_sock *socket;
	int fd;
	uint32_t first, last; /* numbers of the first and the last message that are answered */
	void (*reply)(const struct nlmsghdr *h, void *context);
	void *context;
	char *said;
	int error;
	bool interrupted, finished;
	_Alignas(NLMSG_ALIGNTO) unsigned char buffer[BUFFER_SIZE];
};

static int begin(struct exchange *x)
{
	struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
	int on = 1, error;

	x->socket = nl_socket_alloc();
	if (!x->socket)
		return -ENOMEM;
	error = netlink_errno(nl_connect(x->socket, NETLINK_NETFILTER));
	if (error == -EPROTONOSUPPORT || error == -EAFNOSUPPORT)
		return -EOPNOTSUPP;
	if (error)
		return error;
	x->fd = nl_socket_get_fd(x->socket);
	if (setsockopt(x->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    setsockopt(x->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) < 0 ||
	    setsockopt(x->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)) < 0)
		return -errno;
	return 0;
}

static int send_all(struct exchange *x, struct iovec *parts, size_t n)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = n};
	ssize_t sent;

	m.msg_name = &kernel;
	m.msg_namelen = sizeof(kernel);
	do
		sent = sendmsg(x->fd, &m, 0);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

static void keep_words(struct exchange *x, const struct nlmsghdr *h)
{
	const char *end = (const char *)h + h->nlmsg_len;
	char *at = (char *)NLMSG_DATA(h) + NLMSG_ALIGN(sizeof(struct nlmsgerr));
	struct nlattr *words;

	if (!x->said || !(h->nlmsg_flags & NLM_F_ACK_TLVS) || !(h->nlmsg_flags & NLM_F_CAPPED) ||
	    at >= end)
		return;
	words = nla_find((struct nlattr *)at, (int)(end - at), NLMSGERR_ATTR_MSG);
	if (words)
		nla_strlcpy(x->said, words, NFTABLES_SAID);
}

/* A refusal of the first one is of the whole. */
static void take_error(struct exchange *x, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);
	int error = h->nlmsg_len < NLMSG_LENGTH(sizeof(*e)) ? -EBADMSG : e->error;

	if (error && x->error == 0) {
		x->error = error;
		keep_words(x, h);
	}
	if (h->nlmsg_seq == x->last || (error && h->nlmsg_seq == x->first))
		x->finished = true;
}

static void take(struct exchange *x, const struct nlmsghdr *h)
{
	if (h->nlmsg_seq - x->first > x->last - x->first)
		return;
	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		x->interrupted = true;
	if (h->nlmsg_type == NLMSG_ERROR)
		take_error(x, h);
	else if (h->nlmsg_type == NLMSG_DONE)
		x->finished = true;
	else if (h->nlmsg_type >= NLMSG_MIN_TYPE && x->reply)
		x->reply(h, x->context);
}

static int receive_all(struct exchange *x)
{
	while (!x->finished) {
		ssize_t got = recv(x->fd, x->buffer, sizeof(x->buffer), MSG_TRUNC);
		int left = (int)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if ((size_t)got > sizeof(x->buffer))
			return -EMSGSIZE;
		for (struct nlmsghdr *h = (struct nlmsghdr *)x->buffer; nlmsg_ok(h, left);
		     h = nlmsg_next(h, &left))
			take(x, h);
	}
	return x->error;
}

/* --- what is asked -----------------------------------------------------------------------------
 */

int nftables_ask(struct nl_msg *msg, void (*reply)(const struct nlmsghdr *h, void *context),
		 void *context)
{
	struct exchange x = {.first = 1, .last = 1, .reply = reply, .context = context};
	int error = msg ? begin(&x) : -ENOMEM;

	if (error == 0) {
		struct nlmsghdr *h = nlmsg_hdr(msg);
		struct iovec part = {h, h->nlmsg_len};

		h->nlmsg_seq = 1;
		h->nlmsg_flags |= NLM_F_REQUEST | (h->nlmsg_flags & NLM_F_DUMP ? 0 : NLM_F_ACK);
		error = send_all(&x, &part, 1);
	}
	if (error == 0)
		error = receive_all(&x);
	nl_socket_free(x.socket);
	nlmsg_free(msg);
	return error == 0 && x.interrupted ? -EAGAIN : error;
}

struct mark {
	struct nlmsghdr h;
	struct nfgenmsg nf;
};

/* Around a batch. They are not answered, so the last message between them is. */
static struct mark mark(int type, uint32_t seq)
{
	return (struct mark){
	    {.nlmsg_len = sizeof(struct mark),
	     .nlmsg_type = (uint16_t)type,
	     .nlmsg_seq = seq,
	     .nlmsg_flags = NLM_F_REQUEST},
	    {.nfgen_family = AF_UNSPEC,
	     .version = NFNETLINK_V0,
	     .res_id = htons(NFNL_SUBSYS_NFTABLES)},
	};
}

static int exchange_batch(struct exchange *x, struct nl_msg **msgs, size_t n)
{
	struct iovec parts[MOST_MESSAGES + 2];
	struct mark start = mark(NFNL_MSG_BATCH_BEGIN, 0);
	struct mark end = mark(NFNL_MSG_BATCH_END, (uint32_t)n + 1);
	int error = begin(x);

	parts[0] = (struct iovec){&start, sizeof(start)};
	for (size_t i = 0; i < n; i++) {
		struct nlmsghdr *h = nlmsg_hdr(msgs[i]);

		h->nlmsg_seq = (uint32_t)i + 1;
		h->nlmsg_flags |= NLM_F_REQUEST | (i + 1 == n ? NLM_F_ACK : 0);
		parts[i + 1] = (struct iovec){h, NLMSG_ALIGN(h->nlmsg_len)};
	}
	parts[n + 1] = (struct iovec){&end, sizeof(end)};
	x->last = (uint32_t)n;
	if (error == 0)
		error = send_all(x, parts, n + 2);
	return error ? error : receive_all(x);
}

int nftables_batch(struct nl_msg **msgs, size_t n, char said[NFTABLES_SAID])
{
	struct exchange x = {.said = said};
	int error = n > MOST_MESSAGES ? -E2BIG : 0;

	said[0] = '\0';
	for (size_t i = 0; i < n && error == 0; i++)
		error = msgs[i] ? 0 : -ENOMEM;
	if (error == 0 && n > 0)
		error = exchange_batch(&x, msgs, n);
	nl_socket_free(x.socket);
	for (size_t i = 0; i < n; i++)
		nlmsg_free(msgs[i]);
	return error;
}
