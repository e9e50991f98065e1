#include "net/leaf.h"

#include "net/bucket.h"
#include "net/tcmessage.h"

#include <linux/if_ether.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdatomic.h>
#include <string.h>

#define TARGET_US 5000u
#define INTERVAL_US 100000u
#define MOST_TARGET_US 10000000u
#define SECOND_US 1000000u
/* A flow's queue is some 80 bytes of the kernel's, and few containers have many flows at once. */
#define FLOWS 256u
#define PACKETS 10240u
/* What packets take in memory is several times what they are on the wire. */
#define MEMORY_FACTOR 8u
#define LEAST_MEMORY (1u << 20)
#define MOST_MEMORY (64u << 20)

static atomic_bool lacks_fq_codel;

enum leaf_kind leaf_best(void)
{
	return atomic_load(&lacks_fq_codel) ? LEAF_BFIFO : LEAF_FQ_CODEL;
}

void leaf_lacks_fq_codel(void)
{
	atomic_store(&lacks_fq_codel, true);
}

static const char *kind_name(enum leaf_kind kind)
{
	return kind == LEAF_FQ_CODEL ? "fq_codel" : "bfifo";
}

/* --- how large ---------------------------------------------------------------------------------
 */

/* The delay that is still none: one and a half frames have to fit in. */
static uint32_t target_for(uint64_t rate, uint32_t mtu)
{
	uint64_t us = ((uint64_t)mtu + ETH_HLEN) * SECOND_US * 3 / 2 / rate;

	if (us < TARGET_US)
		return TARGET_US;
	return us > MOST_TARGET_US ? MOST_TARGET_US : (uint32_t)us;
}

static uint32_t memory_for(uint64_t rate, uint32_t mtu)
{
	uint64_t bytes = (uint64_t)bucket_queue(rate, mtu) * MEMORY_FACTOR;

	if (bytes < LEAST_MEMORY)
		return LEAST_MEMORY;
	return bytes > MOST_MEMORY ? MOST_MEMORY : (uint32_t)bytes;
}

struct leaf leaf_sized(enum leaf_kind kind, uint64_t rate, uint32_t mtu)
{
	struct leaf l = {.kind = kind, .handle = LEAF_HANDLE};

	if (kind == LEAF_FQ_CODEL) {
		l.target = target_for(rate, mtu);
		l.interval = INTERVAL_US - TARGET_US + l.target;
		l.limit = memory_for(rate, mtu);
	} else {
		l.limit = bucket_queue(rate, mtu);
	}
	return l;
}

/* It keeps times in units of 1024 ns. */
static uint32_t as_kept(uint32_t us)
{
	return (uint32_t)((((uint64_t)us * 1000 >> 10) << 10) / 1000);
}

bool leaf_fits(const struct leaf *l, uint64_t rate, uint32_t mtu)
{
	struct leaf want = leaf_sized(l->kind, rate, mtu);

	if (l->handle != LEAF_HANDLE || (l->kind != LEAF_BFIFO && l->kind != LEAF_FQ_CODEL))
		return false;
	return l->limit == want.limit && l->target == as_kept(want.target) &&
	       l->interval == as_kept(want.interval);
}

/* --- messages ----------------------------------------------------------------------------------
 */

static struct tcmsg header_of(int device, uint32_t parent, uint32_t handle)
{
	return (struct tcmsg){.tcm_ifindex = device, .tcm_parent = parent, .tcm_handle = handle};
}

struct nl_msg *leaf_question(int device, uint32_t parent)
{
	struct tcmsg t = header_of(device, parent, 0);

	return tcmessage_new(RTM_GETQDISC, NLM_F_ECHO, &t, NULL);
}

static uint32_t number(const struct nlattr *a)
{
	uint32_t n;

	tcanswer_copy(a, &n, sizeof(n));
	return n;
}

static void read_fq_codel(struct leaf *l, struct nlattr *options)
{
	struct nlattr *a[TCA_FQ_CODEL_MAX + 1];

	if (!options || nla_parse_nested(a, TCA_FQ_CODEL_MAX, options, NULL) < 0)
		return;
	l->target = number(a[TCA_FQ_CODEL_TARGET]);
	l->interval = number(a[TCA_FQ_CODEL_INTERVAL]);
	l->limit = number(a[TCA_FQ_CODEL_MEMORY_LIMIT]);
}

void leaf_answer(struct leaf *l, const struct nlmsghdr *h)
{
	struct tcanswer a;

	if (!tcanswer_parse(h, RTM_NEWQDISC, &a))
		return;
	l->handle = a.header->tcm_handle;
	if (strcmp(a.kind, "bfifo") == 0) {
		l->kind = LEAF_BFIFO;
		l->limit = number(a.options);
	} else if (strcmp(a.kind, "fq_codel") == 0) {
		l->kind = LEAF_FQ_CODEL;
		read_fq_codel(l, a.options);
	} else {
		l->kind = LEAF_OTHER;
	}
}

static int put_fq_codel(struct nl_msg *msg, const struct leaf *l, int flags)
{
	struct nlattr *nest = nla_nest_start(msg, TCA_OPTIONS);

	if (!nest || nla_put_u32(msg, TCA_FQ_CODEL_TARGET, l->target) < 0 ||
	    nla_put_u32(msg, TCA_FQ_CODEL_INTERVAL, l->interval) < 0 ||
	    nla_put_u32(msg, TCA_FQ_CODEL_LIMIT, PACKETS) < 0 ||
	    nla_put_u32(msg, TCA_FQ_CODEL_MEMORY_LIMIT, l->limit) < 0)
		return -1;
	/* fixed for its life */
	if (flags && nla_put_u32(msg, TCA_FQ_CODEL_FLOWS, FLOWS) < 0)
		return -1;
	return nla_nest_end(msg, nest);
}

static struct nl_msg *message(int device, uint32_t parent, const struct leaf *l, int flags)
{
	struct tcmsg t = header_of(device, parent, LEAF_HANDLE);
	struct tc_fifo_qopt fifo = {.limit = l->limit};
	struct nl_msg *msg = tcmessage_new(RTM_NEWQDISC, flags, &t, kind_name(l->kind));

	if (msg && (l->kind == LEAF_FQ_CODEL ? put_fq_codel(msg, l, flags)
					     : nla_put(msg, TCA_OPTIONS, sizeof(fifo), &fifo)) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

struct nl_msg *leaf_make(int device, uint32_t parent, enum leaf_kind kind, uint64_t rate,
			 uint32_t mtu)
{
	struct leaf l = leaf_sized(kind, rate, mtu);

	return message(device, parent, &l, NLM_F_CREATE | NLM_F_REPLACE);
}

struct nl_msg *leaf_change(int device, uint32_t parent, enum leaf_kind kind, uint64_t rate,
			   uint32_t mtu)
{
	struct leaf l = leaf_sized(kind, rate, mtu);

	return message(device, parent, &l, 0);
}

struct nl_msg *leaf_restore(int device, uint32_t parent, const struct leaf *was)
{
	return message(device, parent, was, 0);
}

struct nl_msg *leaf_delete(int device, uint32_t parent, uint32_t handle)
{
	struct tcmsg t = header_of(device, parent, handle);

	return tcmessage_new(RTM_DELQDISC, 0, &t, NULL);
}
