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
/* Two of the largest packets of TCP, with the headers of the frames that they become. */
#define ROOM_FOR_WHOLE 140000u
#define WHOLE_PACKET (128u << 10)
/* At these a packet takes less than a nanosecond, which is none. */
#define CUTTING_RATE 1000000000000000u
#define WHOLE_RATE 2000000000000000u
#define VLAN_LENGTH 4u
#define LEAST_FRAME 1518u

static atomic_bool lacks_fq_codel, lacks_tbf;

static const char *const names[] = {
    [LEAF_FQ_CODEL] = "fq_codel", [LEAF_TBF] = "tbf", [LEAF_BFIFO] = "bfifo"};

enum leaf_kind leaf_best(void)
{
	if (!atomic_load(&lacks_fq_codel))
		return LEAF_FQ_CODEL;
	return atomic_load(&lacks_tbf) ? LEAF_BFIFO : LEAF_TBF;
}

void leaf_lacks(enum leaf_kind kind)
{
	if (kind == LEAF_FQ_CODEL)
		atomic_store(&lacks_fq_codel, true);
	else if (kind == LEAF_TBF)
		atomic_store(&lacks_tbf, true);
}

bool leaf_may_lack(enum leaf_kind kind)
{
	return kind == LEAF_FQ_CODEL || kind == LEAF_TBF;
}

static bool is_ours(enum leaf_kind kind)
{
	return kind == LEAF_FQ_CODEL || kind == LEAF_TBF || kind == LEAF_BFIFO;
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

/* What is said to be its rate is none: no packet ever waits for that. It tells which are cut. */
static uint64_t tbf_rate(uint32_t limit)
{
	return limit < ROOM_FOR_WHOLE ? CUTTING_RATE : WHOLE_RATE;
}

struct leaf leaf_sized(enum leaf_kind kind, uint64_t rate, uint32_t mtu)
{
	struct leaf l = {.kind = kind, .handle = LEAF_HANDLE, .limit = bucket_queue(rate, mtu)};

	if (kind == LEAF_FQ_CODEL) {
		l.target = target_for(rate, mtu);
		l.interval = INTERVAL_US - TARGET_US + l.target;
		l.limit = memory_for(rate, mtu);
	} else if (kind == LEAF_TBF) {
		l.rate = tbf_rate(l.limit);
	} else if (l.limit < ROOM_FOR_WHOLE) {
		l.limit = ROOM_FOR_WHOLE;
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

	if (l->handle != LEAF_HANDLE || !is_ours(l->kind))
		return false;
	return l->limit == want.limit && l->rate == want.rate &&
	       l->target == as_kept(want.target) && l->interval == as_kept(want.interval);
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

static void read_tbf(struct leaf *l, struct nlattr *options)
{
	struct nlattr *a[TCA_TBF_MAX + 1];
	struct tc_tbf_qopt o;

	if (!options || nla_parse_nested(a, TCA_TBF_MAX, options, NULL) < 0)
		return;
	tcanswer_copy(a[TCA_TBF_PARMS], &o, sizeof(o));
	tcanswer_copy(a[TCA_TBF_RATE64], &l->rate, sizeof(l->rate));
	l->limit = o.limit;
}

void leaf_answer(struct leaf *l, const struct nlmsghdr *h)
{
	struct tccounters counted;
	struct tcanswer a;

	if (!tcanswer_parse(h, RTM_NEWQDISC, &a))
		return;
	tcanswer_counters(&a, &counted);
	l->handle = a.header->tcm_handle;
	l->drops = counted.drops;
	l->kind = LEAF_OTHER;
	for (enum leaf_kind k = LEAF_FQ_CODEL; k < LEAF_OTHER; k++)
		if (strcmp(a.kind, names[k]) == 0)
			l->kind = k;
	if (l->kind == LEAF_FQ_CODEL)
		read_fq_codel(l, a.options);
	else if (l->kind == LEAF_TBF)
		read_tbf(l, a.options);
	else if (l->kind == LEAF_BFIFO)
		l->limit = number(a.options);
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

/* The largest packet that is not cut. */
static uint32_t largest(const struct leaf *l, uint32_t mtu)
{
	uint32_t frame = mtu + ETH_HLEN + VLAN_LENGTH;

	if (l->rate != CUTTING_RATE)
		return WHOLE_PACKET;
	/* the kernel's log would fill with warnings of less than an IFB's own */
	return frame < LEAST_FRAME ? LEAST_FRAME : frame;
}

static int put_tbf(struct nl_msg *msg, const struct leaf *l, uint32_t mtu)
{
	struct tc_tbf_qopt o = {.limit = l->limit};
	struct nlattr *nest = nla_nest_start(msg, TCA_OPTIONS);

	o.rate.rate = UINT32_MAX;
	o.rate.linklayer = TC_LINKLAYER_ETHERNET;
	if (!nest || nla_put(msg, TCA_TBF_PARMS, sizeof(o), &o) < 0 ||
	    nla_put_u64(msg, TCA_TBF_RATE64, l->rate) < 0 ||
	    nla_put_u32(msg, TCA_TBF_BURST, largest(l, mtu)) < 0)
		return -1;
	return nla_nest_end(msg, nest);
}

static int put_bfifo(struct nl_msg *msg, const struct leaf *l)
{
	struct tc_fifo_qopt o = {.limit = l->limit};

	return nla_put(msg, TCA_OPTIONS, sizeof(o), &o);
}

static int put(struct nl_msg *msg, const struct leaf *l, uint32_t mtu, int flags)
{
	if (l->kind == LEAF_FQ_CODEL)
		return put_fq_codel(msg, l, flags);
	return l->kind == LEAF_TBF ? put_tbf(msg, l, mtu) : put_bfifo(msg, l);
}

static struct nl_msg *message(int device, uint32_t parent, const struct leaf *l, uint32_t mtu,
			      int flags)
{
	struct tcmsg t = header_of(device, parent, LEAF_HANDLE);
	struct nl_msg *msg = tcmessage_new(RTM_NEWQDISC, flags, &t, names[l->kind]);

	if (msg && put(msg, l, mtu, flags) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

struct nl_msg *leaf_make(int device, uint32_t parent, enum leaf_kind kind, uint64_t rate,
			 uint32_t mtu)
{
	struct leaf l = leaf_sized(kind, rate, mtu);

	return message(device, parent, &l, mtu, NLM_F_CREATE | NLM_F_REPLACE);
}

struct nl_msg *leaf_change(int device, uint32_t parent, enum leaf_kind kind, uint64_t rate,
			   uint32_t mtu)
{
	struct leaf l = leaf_sized(kind, rate, mtu);

	return message(device, parent, &l, mtu, 0);
}

struct nl_msg *leaf_restore(int device, uint32_t parent, const struct leaf *was, uint32_t mtu)
{
	return message(device, parent, was, mtu, 0);
}

struct nl_msg *leaf_delete(int device, uint32_t parent, uint32_t handle)
{
	struct tcmsg t = header_of(device, parent, handle);

	return tcmessage_new(RTM_DELQDISC, 0, &t, NULL);
}
