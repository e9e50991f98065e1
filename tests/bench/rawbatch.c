#include "tests/bench/rawbatch.h"

#include "net/htb.h"
#include "net/ifb.h"
#include "net/redirect.h"
#include "net/transaction.h"
#include "reconciler/stopwatch.h"
#include "tests/bench/figures.h"

#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CHUNK 16384 /* bytes in one call: their answers fit into the socket */
#define BUFFER (1 << 20)

struct rawbatch {
	unsigned char *bytes;
	size_t n, size, count;
	int fd;
};

struct rawbatch *rawbatch_new(void)
{
	struct rawbatch *b = calloc(1, sizeof(*b));
	int size = BUFFER;

	assert_non_null(b);
	b->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	assert_true(b->fd >= 0);
	setsockopt(b->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return b;
}

void rawbatch_free(struct rawbatch *b)
{
	close(b->fd);
	free(b->bytes);
	free(b);
}

void rawbatch_add(struct rawbatch *b, struct nl_msg *msg)
{
	struct nlmsghdr *h;
	size_t n;

	assert_non_null(msg);
	h = nlmsg_hdr(msg);
	n = NLMSG_ALIGN(h->nlmsg_len);
	if (b->n + n > b->size) {
		b->size = (b->size + n) * 2;
		b->bytes = realloc(b->bytes, b->size);
		assert_non_null(b->bytes);
	}
	h->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	h->nlmsg_seq = (uint32_t)++b->count;
	h->nlmsg_pid = 0;
	memset(b->bytes + b->n, 0, n);
	memcpy(b->bytes + b->n, h, h->nlmsg_len);
	b->n += n;
	nlmsg_free(msg);
}

/* The messages of a transaction that is not run. */
static void add_all(struct rawbatch *b, struct transaction *t)
{
	for (size_t i = 0; i < t->n; i++) {
		rawbatch_add(b, t->msgs[i]);
		nlmsg_free(t->undos[i]);
	}
}

void rawbatch_add_htb(struct rawbatch *b, int device, const struct bucket *want, uint32_t mtu)
{
	struct transaction t = {.n = 0};
	struct htb none = {.root = HTB_NONE};

	htb_add(&t, &none, device, want, mtu);
	add_all(b, &t);
}

static struct htb htb_with(const struct bucket *bucket, uint32_t mtu)
{
	struct htb h = {
	    .root = HTB_OURS, .root_fits = true, .class_here = true, .class_fits = true};

	h.bucket = *bucket;
	h.leaf = leaf_sized(leaf_best(), bucket->rate, mtu);
	return h;
}

void rawbatch_add_change(struct rawbatch *b, int device, const struct bucket *from,
			 const struct bucket *to, uint32_t mtu)
{
	struct transaction t = {.n = 0};
	struct htb was = htb_with(from, mtu);

	htb_add(&t, &was, device, to, mtu);
	add_all(b, &t);
}

static struct nl_msg *new_ifb(const struct link *host_end, int index)
{
	struct ifinfomsg which = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *info;
	char name[IFNAMSIZ];

	ifb_name(host_end->index, name);
	assert_non_null(msg);
	assert_int_equal(nlmsg_append(msg, &which, sizeof(which), NLMSG_ALIGNTO), 0);
	nla_put_string(msg, IFLA_IFNAME, name);
	info = nla_nest_start(msg, IFLA_LINKINFO);
	nla_put_string(msg, IFLA_INFO_KIND, "ifb");
	nla_nest_end(msg, info);
	return msg;
}

void rawbatch_add_redirect(struct rawbatch *b, const struct link *host_end, int ifb)
{
	struct transaction t = {.n = 0};
	struct redirect none = {.slot_taken = false};

	rawbatch_add(b, new_ifb(host_end, ifb));
	rawbatch_add(b, ifb_fit(host_end, ifb));
	redirect_add(&t, &none, host_end->index, ifb);
	add_all(b, &t);
}

static struct nl_msg *delete_link(int index)
{
	struct ifinfomsg which = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_DELLINK, 0);

	assert_non_null(msg);
	assert_int_equal(nlmsg_append(msg, &which, sizeof(which), NLMSG_ALIGNTO), 0);
	return msg;
}

void rawbatch_add_removal(struct rawbatch *b, const struct link *host_end, int ifb)
{
	struct redirect there = {.slot_taken = true, .slot_fits = true, .filter_here = true};
	struct transaction t = {.n = 0};

	redirect_add_removal(&t, &there, host_end->index);
	redirect_add_slot_removal(&t, &there, host_end->index);
	add_all(b, &t);
	rawbatch_add(b, htb_delete(host_end->index));
	rawbatch_add(b, delete_link(ifb));
}

void rawbatch_add_questions(struct rawbatch *b, const struct link *host_end, int ifb)
{
	struct nl_msg
	    *msgs[HTB_QUESTIONS > REDIRECT_QUESTIONS ? HTB_QUESTIONS : REDIRECT_QUESTIONS];
	const int devices[] = {host_end->index, ifb};

	for (size_t k = 0; k < 2; k++) {
		htb_questions(devices[k], msgs);
		for (size_t i = 0; i < HTB_QUESTIONS; i++)
			rawbatch_add(b, msgs[i]);
	}
	redirect_questions(host_end->index, msgs);
	for (size_t i = 0; i < REDIRECT_QUESTIONS; i++)
		rawbatch_add(b, msgs[i]);
	rawbatch_add(b, ifb_question(host_end->index));
}

/* ---- sending ---- */

static size_t chunk_at(const struct rawbatch *b, size_t at, size_t *count)
{
	size_t n = 0;

	*count = 0;
	while (at + n < b->n) {
		const struct nlmsghdr *h = (const void *)(b->bytes + at + n);
		size_t length = NLMSG_ALIGN(h->nlmsg_len);

		if (n && n + length > CHUNK)
			break;
		n += length;
		++*count;
	}
	return n;
}

/* Answers are not looked at; acknowledgements are counted. */
static size_t acknowledged(const unsigned char *bytes, int n)
{
	const struct nlmsghdr *h = (const void *)bytes;
	size_t count = 0;

	for (; NLMSG_OK(h, (unsigned)n); h = NLMSG_NEXT(h, n)) {
		const struct nlmsgerr *e = NLMSG_DATA(h);

		if (h->nlmsg_type != NLMSG_ERROR)
			continue;
		if (e->error)
			fail_msg("message %u is refused: %s", h->nlmsg_seq, strerror(-e->error));
		count++;
	}
	return count;
}

double rawbatch_send(struct rawbatch *b)
{
	static unsigned char answer[65536];
	struct stopwatch w = stopwatch_start();
	size_t count, n;

	for (size_t at = 0; at < b->n; at += n) {
		n = chunk_at(b, at, &count);
		assert_int_equal(send(b->fd, b->bytes + at, n, 0), n);
		while (count > 0) {
			ssize_t got = recv(b->fd, answer, sizeof(answer), 0);

			assert_true(got > 0);
			count -= acknowledged(answer, (int)got);
		}
	}
	return figures_ms(stopwatch_lap(&w));
}
