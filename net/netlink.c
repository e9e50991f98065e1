#include "net/netlink.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

/* A part of a dump has 32 KiB, and one interface with all the other names that a container's root
 * may give to it 64 KiB and something. */
#define BUFFER_SIZE (128u << 10)
/* What goes with one sendmsg: well below the smallest send and receive buffers. */
#define BATCH_MESSAGES 128
#define BATCH_BYTES (64u << 10)
/* The kernel answers before sendmsg returns; what has not come by then never comes. */
#define PATIENCE_SECONDS 5
#define NOT_ANSWERED 1
/* A dump is taken so many times at most. */
#define MOST_DUMPS 20

struct netlink {
	struct nl_sock *socket;
	int fd;
	pid_t process;
	uint32_t port, seq;
	int self;    /* -1: not asked yet */
	bool unread; /* an answer was given up half-way */
	bool asking;
	char said[256];
	_Alignas(NLMSG_ALIGNTO) unsigned char buffer[BUFFER_SIZE];
};

/* Requests on their way, which are numbered one after the other. */
struct exchange {
	uint32_t first;
	size_t n, before; /* of a batch, as many have been sent */
	int *errors;
	void (*reply)(const struct nlmsghdr *h, void *context);
	void (*reply_to)(size_t i, const struct nlmsghdr *h, void *context);
	void *context;
	bool interrupted, finished;
};

static pthread_once_t here_once = PTHREAD_ONCE_INIT;
static pthread_key_t here_key;
static int here_error;

static int set_option(int fd, int level, int option)
{
	int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) < 0 ? -errno : 0;
}

/* A connected socket takes messages from the kernel alone: in a container's namespace its root
 * could send us answers of his own. */
static int set_up(struct netlink *nl)
{
	struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	int error = netlink_errno(nl_connect(nl->socket, NETLINK_ROUTE));

	if (error < 0)
		return error;
	nl->fd = nl_socket_get_fd(nl->socket);
	nl->port = nl_socket_get_local_port(nl->socket);
	if (connect(nl->fd, (struct sockaddr *)&kernel, sizeof(kernel)) < 0 ||
	    setsockopt(nl->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return -errno;
	error = netlink_errno(nl_socket_set_buffer_size(nl->socket, 1 << 20, 4 * BATCH_BYTES));
	if (error == 0)
		error = set_option(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK);
	if (error == 0)
		error = set_option(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK);
	if (error == 0)
		error = set_option(nl->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK);
	return error;
}

static struct netlink *netlink_new(void)
{
	struct netlink *nl = malloc(sizeof(*nl));
	int error = -ENOMEM;

	if (!nl)
		return NULL;
	memset(nl, 0, offsetof(struct netlink, buffer));
	nl->process = getpid();
	nl->self = -1;
	nl->socket = nl_socket_alloc();
	if (nl->socket)
		error = set_up(nl);
	if (error == 0)
		return nl;
	netlink_close(nl);
	errno = -error;
	return NULL;
}

void netlink_close(struct netlink *nl)
{
	if (!nl)
		return;
	nl_socket_free(nl->socket);
	free(nl);
}

static void close_here(void *nl)
{
	netlink_close(nl);
}

static void make_here_key(void)
{
	here_error = pthread_key_create(&here_key, close_here);
}

/* A child would read its parent's answers, so it makes a socket of its own. */
struct netlink *netlink_here(void)
{
	struct netlink *nl = NULL;
	int error;

	pthread_once(&here_once, make_here_key);
	if (here_error) {
		errno = here_error;
		return NULL;
	}
	nl = pthread_getspecific(here_key);
	if (nl && nl->process == getpid())
		return nl;
	pthread_setspecific(here_key, NULL);
	netlink_close(nl);
	nl = netlink_new();
	if (!nl)
		return NULL;
	error = pthread_setspecific(here_key, nl);
	if (error == 0)
		return nl;
	netlink_close(nl);
	errno = error;
	return NULL;
}

static void go_home(int home)
{
	if (setns(home, CLONE_NEWNET) == 0)
		return;
	fprintf(stderr, "evenkeel: cannot leave a container's network namespace: %m\n");
	abort();
}

struct netlink *netlink_in(int netns_fd)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	struct netlink *nl = NULL;
	int error = 0;

	if (home < 0)
		return NULL;
	if (setns(netns_fd, CLONE_NEWNET) < 0) {
		error = errno;
	} else {
		nl = netlink_new();
		error = errno;
		go_home(home);
	}
	close(home);
	errno = error;
	return nl;
}

const char *netlink_said(const struct netlink *nl)
{
	return nl->said;
}

int netlink_unasked(struct netlink *nl, int error)
{
	nl->said[0] = '\0';
	return error;
}

/* --- answers -----------------------------------------------------------------------------------
 */

/* The kernel's words are attributes behind the error; libnl passes them over. */
static void keep_words(struct netlink *nl, const struct nlmsghdr *h, size_t behind)
{
	const char *end = (const char *)h + h->nlmsg_len;
	char *at = (char *)h + NLMSG_HDRLEN + NLMSG_ALIGN(behind);
	struct nlattr *words;

	if (nl->said[0] || !(h->nlmsg_flags & NLM_F_ACK_TLVS) || at >= end)
		return;
	words = nla_find((struct nlattr *)at, (int)(end - at), NLMSGERR_ATTR_MSG);
	if (words)
		nla_strlcpy(nl->said, words, sizeof(nl->said));
}

static int read_error(struct netlink *nl, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);
	size_t behind = sizeof(*e);

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*e)))
		return -EBADMSG;
	if (e->error == 0)
		return 0;
	if (!(h->nlmsg_flags & NLM_F_CAPPED) && e->msg.nlmsg_len > NLMSG_HDRLEN)
		behind += e->msg.nlmsg_len - NLMSG_HDRLEN;
	keep_words(nl, h, behind);
	return e->error < 0 ? e->error : -EBADMSG;
}

static int read_done(struct netlink *nl, const struct nlmsghdr *h)
{
	int error = 0;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(error)))
		return 0;
	memcpy(&error, NLMSG_DATA(h), sizeof(error));
	if (error >= 0)
		return 0;
	keep_words(nl, h, sizeof(error));
	return error;
}

/* Refusals are always told; that all before the last one were carried out is said by its
 * acknowledgement. */
static void finish(struct exchange *x, size_t i, int error)
{
	x->errors[i] = error;
	if (i + 1 == x->n)
		x->finished = true;
}

static void take(struct netlink *nl, struct exchange *x, const struct nlmsghdr *h)
{
	size_t i = (uint32_t)(h->nlmsg_seq - x->first);

	if (i >= x->n || h->nlmsg_pid != nl->port)
		return;
	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		x->interrupted = true;
	if (h->nlmsg_type == NLMSG_ERROR)
		finish(x, i, read_error(nl, h));
	else if (h->nlmsg_type == NLMSG_DONE)
		finish(x, i, read_done(nl, h));
	else if (h->nlmsg_type >= NLMSG_MIN_TYPE && x->reply_to)
		x->reply_to(x->before + i, h, x->context);
	else if (h->nlmsg_type >= NLMSG_MIN_TYPE && x->reply)
		x->reply(h, x->context);
}

/* One datagram: its length, 0 for one that is not the kernel's, or -errno. */
static ssize_t receive(struct netlink *nl, int flags)
{
	struct sockaddr_nl from = {0};
	struct iovec bytes = {nl->buffer, sizeof(nl->buffer)};
	struct msghdr m = {.msg_iov = &bytes, .msg_iovlen = 1};
	ssize_t got;

	m.msg_name = &from;
	m.msg_namelen = sizeof(from);
	do
		got = recvmsg(nl->fd, &m, flags);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	if (m.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	return m.msg_namelen == sizeof(from) && from.nl_pid == 0 ? got : 0;
}

/* What is left of an answer that was given up; the kernel starts no dump while one goes on. */
static void drain(struct netlink *nl)
{
	ssize_t got;

	do
		got = receive(nl, MSG_DONTWAIT);
	while (got >= 0 || got == -EMSGSIZE || got == -ENOBUFS);
	nl->unread = false;
}

static int receive_all(struct netlink *nl, struct exchange *x)
{
	while (!x->finished) {
		ssize_t got = receive(nl, 0);
		int left = (int)got;

		if (got < 0) {
			nl->unread = true;
			return (int)got;
		}
		for (struct nlmsghdr *h = (struct nlmsghdr *)nl->buffer; nlmsg_ok(h, left);
		     h = nlmsg_next(h, &left))
			take(nl, x, h);
	}
	return 0;
}

/* --- requests ----------------------------------------------------------------------------------
 */

static bool is_dump(const struct nlmsghdr *h)
{
	/* of another kind of request these flags are NLM_F_REPLACE and NLM_F_EXCL */
	return (h->nlmsg_type & 3) == (RTM_GETLINK & 3) && (h->nlmsg_flags & NLM_F_DUMP);
}

static int send_all(struct netlink *nl, struct nl_msg **msgs, struct exchange *x)
{
	struct iovec parts[BATCH_MESSAGES];
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = x->n};
	ssize_t sent;

	x->first = nl->seq + 1;
	nl->seq += (uint32_t)x->n;
	for (size_t i = 0; i < x->n; i++) {
		struct nlmsghdr *h = nlmsg_hdr(msgs[i]);

		h->nlmsg_seq = x->first + (uint32_t)i;
		h->nlmsg_pid = nl->port;
		h->nlmsg_flags |= NLM_F_REQUEST;
		if (i + 1 == x->n && !is_dump(h))
			h->nlmsg_flags |= NLM_F_ACK;
		parts[i] = (struct iovec){h, NLMSG_ALIGN(h->nlmsg_len)};
	}
	do
		sent = sendmsg(nl->fd, &m, 0);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* All that X has go out in one system call. What is not answered has no error if all was. */
static void ask_all(struct netlink *nl, struct nl_msg **msgs, struct exchange *x)
{
	int error;

	assert(!nl->asking);
	nl->asking = true;
	if (nl->unread)
		drain(nl);
	for (size_t i = 0; i < x->n; i++)
		x->errors[i] = NOT_ANSWERED;
	error = send_all(nl, msgs, x);
	if (error == 0)
		error = receive_all(nl, x);
	for (size_t i = 0; i < x->n; i++)
		if (x->errors[i] == NOT_ANSWERED)
			x->errors[i] = error;
	nl->asking = false;
}

static int ask_one(struct netlink *nl, struct nl_msg *msg,
		   void (*reply)(const struct nlmsghdr *h, void *context), void *context)
{
	int error = 0;
	struct exchange x = {.n = 1, .errors = &error, .reply = reply, .context = context};

	nl->said[0] = '\0';
	ask_all(nl, &msg, &x);
	return error == 0 && x.interrupted ? -EAGAIN : error;
}

int netlink_ask(struct netlink *nl, struct nl_msg *msg,
		void (*reply)(const struct nlmsghdr *h, void *context), void *context)
{
	int error;

	if (!msg)
		return netlink_unasked(nl, -ENOMEM);
	error = ask_one(nl, msg, reply, context);
	nlmsg_free(msg);
	return error;
}

int netlink_dump(struct netlink *nl, struct nl_msg *msg, void (*begin)(void *context),
		 void (*reply)(const struct nlmsghdr *h, void *context), void *context)
{
	int error = -EAGAIN;

	if (!msg)
		return netlink_unasked(nl, -ENOMEM);
	for (int i = 0; i < MOST_DUMPS && error == -EAGAIN; i++) {
		if (begin)
			begin(context);
		error = ask_one(nl, msg, reply, context);
	}
	nlmsg_free(msg);
	return error;
}

/* How many of N messages go out together: one at least. */
static size_t batch_size(struct nl_msg **msgs, size_t n)
{
	size_t bytes = 0, i = 0;

	for (; i < n && i < BATCH_MESSAGES; i++) {
		bytes += NLMSG_ALIGN(nlmsg_hdr(msgs[i])->nlmsg_len);
		if (i > 0 && bytes > BATCH_BYTES)
			break;
	}
	return i;
}

int netlink_gather(struct netlink *nl, struct nl_msg **msgs, size_t n, int *errors,
		   void (*reply)(size_t i, const struct nlmsghdr *h, void *context), void *context)
{
	int first = 0;

	nl->said[0] = '\0';
	for (size_t at = 0; at < n;) {
		struct exchange x = {.n = batch_size(msgs + at, n - at),
				     .before = at,
				     .errors = errors + at,
				     .reply_to = reply,
				     .context = context};

		ask_all(nl, msgs + at, &x);
		at += x.n;
	}
	for (size_t i = 0; i < n; i++) {
		if (first == 0)
			first = errors[i];
		nlmsg_free(msgs[i]);
	}
	return first;
}

int netlink_batch(struct netlink *nl, struct nl_msg **msgs, size_t n, int *errors)
{
	return netlink_gather(nl, msgs, n, errors, NULL, NULL);
}

/* --- namespaces by number ----------------------------------------------------------------------
 */

static void take_nsid(const struct nlmsghdr *h, void *context)
{
	struct nlattr *a =
	    nlmsg_find_attr((struct nlmsghdr *)h, sizeof(struct rtgenmsg), NETNSA_NSID);

	if (h->nlmsg_type == RTM_NEWNSID && a && nla_len(a) >= (int)sizeof(int))
		*(int *)context = (int)nla_get_u32(a);
}

static struct nl_msg *nsid_message(int type, int netns_fd)
{
	struct rtgenmsg any = {.rtgen_family = AF_UNSPEC};
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	if (msg && nlmsg_append(msg, &any, sizeof(any), NLMSG_ALIGNTO) == 0 &&
	    nla_put_u32(msg, NETNSA_FD, (uint32_t)netns_fd) == 0 &&
	    (type != RTM_NEWNSID || nla_put_u32(msg, NETNSA_NSID, (uint32_t)-1) == 0))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/* Its number, -ENOENT while it has none. */
static int get_nsid(struct netlink *nl, int netns_fd)
{
	int nsid = -1;
	int error = netlink_ask(nl, nsid_message(RTM_GETNSID, netns_fd), take_nsid, &nsid);

	if (error < 0)
		return error;
	return nsid >= 0 ? nsid : -ENOENT;
}

int netlink_nsid(struct netlink *nl, int netns_fd)
{
	int nsid = get_nsid(nl, netns_fd);
	int error;

	if (nsid != -ENOENT)
		return nsid;
	/* Somebody else may have been faster. */
	error = netlink_ask(nl, nsid_message(RTM_NEWNSID, netns_fd), NULL, NULL);
	if (error < 0 && error != -EEXIST)
		return error;
	return get_nsid(nl, netns_fd);
}

int netlink_self(struct netlink *nl)
{
	int netns_fd;

	if (nl->self >= 0)
		return nl->self;
	netns_fd = ioctl(nl->fd, SIOCGSKNS);
	if (netns_fd < 0)
		return -errno;
	nl->self = netlink_nsid(nl, netns_fd);
	close(netns_fd);
	return nl->self;
}
