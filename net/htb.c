#include "net/htb.h"

#include "net/tcmessage.h"
#include "net/transaction.h"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#define VERSION 3
/* How many bytes per second make one of quantum, where a class does not say it: ours does. */
#define RATE_PER_QUANTUM 10

enum question { ROOT, CLASS, LEAF };

static const struct step root_step = {"the HTB qdisc 656b:", "sch_htb"};
static const struct step away_step = {"taking away the qdisc at the root", NULL};
static const struct step class_step = {"the HTB class 656b:1", NULL};
static const struct step leaf_step = {"the queue 656c:", "sch_fifo"};
static const struct step other_leaf_step = {"taking away another kind of queue at 656c:", NULL};

static struct tcmsg header_of(int device, uint32_t parent, uint32_t handle)
{
	return (struct tcmsg){.tcm_ifindex = device, .tcm_parent = parent, .tcm_handle = handle};
}

/* --- reading -----------------------------------------------------------------------------------
 */

void htb_questions(int device, struct nl_msg **msgs)
{
	struct tcmsg root = header_of(device, TC_H_ROOT, 0);
	struct tcmsg class = header_of(device, 0, HTB_CLASS);

	msgs[ROOT] = tcmessage_new(RTM_GETQDISC, NLM_F_ECHO, &root, NULL);
	msgs[CLASS] = tcmessage_new(RTM_GETTCLASS, NLM_F_ECHO, &class, NULL);
	msgs[LEAF] = leaf_question(device, HTB_CLASS);
}

static bool root_fits(struct nlattr *options)
{
	struct nlattr *a[TCA_HTB_MAX + 1];
	struct tc_htb_glob glob;
	uint32_t direct;

	if (!options || nla_parse_nested(a, TCA_HTB_MAX, options, NULL) < 0 ||
	    !a[TCA_HTB_DIRECT_QLEN])
		return false;
	tcanswer_copy(a[TCA_HTB_INIT], &glob, sizeof(glob));
	tcanswer_copy(a[TCA_HTB_DIRECT_QLEN], &direct, sizeof(direct));
	return glob.defcls == TC_H_MIN(HTB_CLASS) && direct == 0;
}

static void take_root(struct htb *h, const struct nlmsghdr *answer)
{
	struct tcanswer a;

	if (!tcanswer_parse(answer, RTM_NEWQDISC, &a))
		return;
	h->handle = a.header->tcm_handle;
	snprintf(h->kind, sizeof(h->kind), "%s", a.kind);
	if (h->handle == 0) {
		h->root = HTB_NONE;
	} else if (h->handle == HTB_HANDLE && strcmp(a.kind, "htb") == 0) {
		h->root = HTB_OURS;
		h->root_fits = root_fits(a.options);
	} else {
		h->root = HTB_FOREIGN;
	}
}

static uint64_t long_rate(const struct tc_ratespec *r, const struct nlattr *wide)
{
	uint64_t rate;

	if (!wide)
		return r->rate;
	tcanswer_copy(wide, &rate, sizeof(rate));
	return rate;
}

static bool plain(const struct tc_ratespec *r)
{
	return r->overhead == 0 && r->mpu == 0 && r->linklayer == TC_LINKLAYER_ETHERNET;
}

static void take_options(struct htb *h, struct nlattr *options)
{
	struct nlattr *a[TCA_HTB_MAX + 1];
	struct tc_htb_opt o;

	if (!options || nla_parse_nested(a, TCA_HTB_MAX, options, NULL) < 0)
		return;
	tcanswer_copy(a[TCA_HTB_PARMS], &o, sizeof(o));
	h->bucket.rate = long_rate(&o.rate, a[TCA_HTB_RATE64]);
	h->bucket.ticks = o.buffer;
	h->bucket.quantum = o.quantum;
	h->class_here = h->bucket.rate > 0;
	h->class_fits = long_rate(&o.ceil, a[TCA_HTB_CEIL64]) == h->bucket.rate &&
			o.cbuffer == o.buffer && o.quantum == bucket_quantum(h->bucket.rate) &&
			o.prio == 0 && plain(&o.rate) && plain(&o.ceil);
	h->class_inner = o.level > 0;
}

static void take_class(struct htb *h, const struct nlmsghdr *answer)
{
	struct tccounters counted;
	struct tcanswer a;

	if (!tcanswer_parse(answer, RTM_NEWTCLASS, &a) || strcmp(a.kind, "htb") != 0)
		return;
	take_options(h, a.options);
	tcanswer_counters(&a, &counted);
	h->bytes = counted.bytes;
	h->packets = counted.packets;
	if (a.header->tcm_parent != TC_H_ROOT)
		h->class_inner = true;
}

void htb_answer(struct htb *h, size_t question, const struct nlmsghdr *answer)
{
	if (question == ROOT)
		take_root(h, answer);
	else if (h->root == HTB_OURS && question == CLASS)
		take_class(h, answer);
	else if (h->root == HTB_OURS && question == LEAF)
		leaf_answer(&h->leaf, answer);
}

bool htb_fits(const struct htb *h, uint32_t mtu)
{
	return h->root == HTB_OURS && h->root_fits && h->class_here && !h->class_inner &&
	       h->class_fits && leaf_fits(&h->leaf, h->bucket.rate, mtu);
}

/* --- making ------------------------------------------------------------------------------------
 */

/* A packet whose priority is the qdisc's handle passes HTB by, through a queue of its own: a
 * container with a macvlan on the same bridge could give it that priority. That queue has no room
 * for any. */
static struct nl_msg *make_root(int device)
{
	struct tcmsg t = header_of(device, TC_H_ROOT, HTB_HANDLE);
	struct tc_htb_glob glob = {
	    .version = VERSION, .rate2quantum = RATE_PER_QUANTUM, .defcls = TC_H_MIN(HTB_CLASS)};
	struct nl_msg *msg = tcmessage_new(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &t, "htb");
	struct nlattr *nest = msg ? nla_nest_start(msg, TCA_OPTIONS) : NULL;

	if (nest && nla_put(msg, TCA_HTB_INIT, sizeof(glob), &glob) == 0 &&
	    nla_put_u32(msg, TCA_HTB_DIRECT_QLEN, 0) == 0) {
		nla_nest_end(msg, nest);
		return msg;
	}
	nlmsg_free(msg);
	return NULL;
}

static int put_class(struct nl_msg *msg, const struct bucket *b)
{
	struct tc_htb_opt o = {.buffer = b->ticks, .cbuffer = b->ticks, .quantum = b->quantum};
	struct nlattr *nest = nla_nest_start(msg, TCA_OPTIONS);

	o.rate.rate = b->rate > UINT32_MAX ? UINT32_MAX : (uint32_t)b->rate;
	/* said, so that the kernel asks for no table of transmission times */
	o.rate.linklayer = TC_LINKLAYER_ETHERNET;
	o.ceil = o.rate;
	if (!nest || nla_put(msg, TCA_HTB_PARMS, sizeof(o), &o) < 0)
		return -1;
	if (b->rate > UINT32_MAX && (nla_put_u64(msg, TCA_HTB_RATE64, b->rate) < 0 ||
				     nla_put_u64(msg, TCA_HTB_CEIL64, b->rate) < 0))
		return -1;
	return nla_nest_end(msg, nest);
}

static struct nl_msg *set_class(int device, const struct bucket *b, int flags)
{
	struct tcmsg t = header_of(device, HTB_HANDLE, HTB_CLASS);
	struct nl_msg *msg = tcmessage_new(RTM_NEWTCLASS, flags, &t, "htb");

	if (msg && put_class(msg, b) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static struct nl_msg *delete_class(int device)
{
	struct tcmsg t = header_of(device, HTB_HANDLE, HTB_CLASS);

	return tcmessage_new(RTM_DELTCLASS, 0, &t, NULL);
}

static struct nl_msg *delete_root(int device, uint32_t handle)
{
	struct tcmsg t = header_of(device, TC_H_ROOT, handle);

	return tcmessage_new(RTM_DELQDISC, 0, &t, NULL);
}

struct nl_msg *htb_delete(int device)
{
	return delete_root(device, HTB_HANDLE);
}

/* Returns the step that says whether the kernel has such a queue, or -1. */
static int add_new_leaf(struct transaction *t, int device, const struct bucket *want, uint32_t mtu)
{
	enum leaf_kind kind = leaf_best();

	transaction_add(t, &leaf_step, leaf_make(device, HTB_CLASS, kind, want->rate, mtu), NULL);
	return leaf_may_lack(kind) ? (int)t->n - 1 : -1;
}

static int add_leaf(struct transaction *t, const struct leaf *l, int device,
		    const struct bucket *want, uint32_t mtu)
{
	bool ours = l->handle == LEAF_HANDLE;

	if (ours && (leaf_may_lack(l->kind) || l->kind == LEAF_BFIFO)) {
		if (!leaf_fits(l, want->rate, mtu))
			transaction_add(t, &leaf_step,
					leaf_change(device, HTB_CLASS, l->kind, want->rate, mtu),
					leaf_restore(device, HTB_CLASS, l, mtu));
		return -1;
	}
	/* another kind under the same handle cannot be replaced */
	if (ours)
		transaction_add(t, &other_leaf_step, leaf_delete(device, HTB_CLASS, LEAF_HANDLE),
				NULL);
	return add_new_leaf(t, device, want, mtu);
}

static bool same_bucket(const struct bucket *x, const struct bucket *y)
{
	return x->rate == y->rate && x->ticks == y->ticks && x->quantum == y->quantum;
}

static void add_class(struct transaction *t, const struct htb *h, int device,
		      const struct bucket *want)
{
	if (!h->class_here)
		transaction_add(t, &class_step, set_class(device, want, NLM_F_CREATE | NLM_F_EXCL),
				delete_class(device));
	else if (!h->class_fits || !same_bucket(&h->bucket, want))
		transaction_add(t, &class_step, set_class(device, want, 0),
				set_class(device, &h->bucket, 0));
}

static int add_all(struct transaction *t, int device, const struct bucket *want, uint32_t mtu)
{
	transaction_add(t, &root_step, make_root(device), htb_delete(device));
	transaction_add(t, &class_step, set_class(device, want, NLM_F_CREATE | NLM_F_EXCL), NULL);
	return add_new_leaf(t, device, want, mtu);
}

int htb_add(struct transaction *t, const struct htb *h, int device, const struct bucket *want,
	    uint32_t mtu)
{
	if (h->root == HTB_OURS && h->root_fits && !h->class_inner) {
		add_class(t, h, device, want);
		return add_leaf(t, &h->leaf, device, want, mtu);
	}
	if (h->root != HTB_NONE)
		transaction_add(t, &away_step, delete_root(device, h->handle), NULL);
	return add_all(t, device, want, mtu);
}
