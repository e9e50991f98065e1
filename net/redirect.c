#include "net/redirect.h"

#include "net/netlink.h"
#include "net/tcmessage.h"
#include "net/transaction.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define SLOT_HANDLE TC_H_MAKE(TC_H_INGRESS, 0)
/* The first entry of the first hash table: where the kernel puts it when nothing else is there. */
#define FILTER_HANDLE 0x80000800u

enum question { SLOT, FILTER };

static const struct step slot_step = {"the ingress qdisc ffff:", "sch_ingress"};
static const struct step filter_step = {"the u32 filter with pref 25963", "cls_u32 or act_mirred"};
static const struct step other_filter_step = {"taking away another filter with pref 25963", NULL};

/* --- reading -----------------------------------------------------------------------------------
 */

static struct tcmsg slot_header(int device)
{
	return (struct tcmsg){
	    .tcm_ifindex = device, .tcm_parent = TC_H_INGRESS, .tcm_handle = SLOT_HANDLE};
}

static struct tcmsg filter_header(int device, uint32_t handle)
{
	return (struct tcmsg){.tcm_ifindex = device,
			      .tcm_parent = SLOT_HANDLE,
			      .tcm_handle = handle,
			      .tcm_info = TC_H_MAKE(REDIRECT_PRIORITY << 16, htons(ETH_P_ALL))};
}

void redirect_questions(int device, struct nl_msg **msgs)
{
	struct tcmsg slot = slot_header(device), filter = filter_header(device, FILTER_HANDLE);

	slot.tcm_handle = 0;
	msgs[SLOT] = tcmessage_new(RTM_GETQDISC, NLM_F_ECHO, &slot, NULL);
	msgs[FILTER] = tcmessage_new(RTM_GETTFILTER, 0, &filter, NULL);
}

static void take_slot(struct redirect *r, const struct nlmsghdr *answer)
{
	struct tcanswer a;

	if (!tcanswer_parse(answer, RTM_NEWQDISC, &a) || a.header->tcm_handle == 0)
		return;
	r->slot_taken = true;
	snprintf(r->kind, sizeof(r->kind), "%s", a.kind);
	r->slot_fits = strcmp(a.kind, "ingress") == 0 && !a.block;
}

/* Without a key: to compare even with nothing the kernel has to find four bytes behind the Ethernet
 * header, and frames that are shorter would pass by. */
static bool matches_all(const struct nlattr *selector)
{
	struct tc_u32_sel s;

	if (!selector || nla_len(selector) != sizeof(s))
		return false;
	memcpy(&s, nla_data(selector), sizeof(s));
	return s.flags == TC_U32_TERMINAL && s.nkeys == 0;
}

/* Where the only action sends everything; -1: it does something else. */
static int target_of(struct nlattr *actions)
{
	static const struct nla_policy policy[TCA_ACT_MAX + 1] = {
	    [TCA_ACT_KIND] = {.type = NLA_STRING}};
	struct nlattr *all[3], *action[TCA_ACT_MAX + 1], *a[TCA_MIRRED_MAX + 1];
	struct tc_mirred m;

	if (!actions || nla_parse_nested(all, 2, actions, NULL) < 0 || !all[1] || all[2] ||
	    nla_parse_nested(action, TCA_ACT_MAX, all[1], policy) < 0 || !action[TCA_ACT_KIND] ||
	    strcmp(nla_get_string(action[TCA_ACT_KIND]), "mirred") != 0 ||
	    !action[TCA_ACT_OPTIONS] ||
	    nla_parse_nested(a, TCA_MIRRED_MAX, action[TCA_ACT_OPTIONS], NULL) < 0)
		return -1;
	tcanswer_copy(a[TCA_MIRRED_PARMS], &m, sizeof(m));
	return m.eaction == TCA_EGRESS_REDIR && m.action == TC_ACT_STOLEN ? (int)m.ifindex : -1;
}

static void take_filter(struct redirect *r, const struct nlmsghdr *answer)
{
	struct nlattr *a[TCA_U32_MAX + 1];
	struct tcanswer f;

	if (!tcanswer_parse(answer, RTM_NEWTFILTER, &f) || strcmp(f.kind, "u32") != 0)
		return;
	r->filter_here = true;
	if (!f.options || nla_parse_nested(a, TCA_U32_MAX, f.options, NULL) < 0)
		return;
	r->to = target_of(a[TCA_U32_ACT]);
	r->filter_fits = r->to >= 0 && matches_all(a[TCA_U32_SEL]) && !a[TCA_U32_LINK] &&
			 !a[TCA_U32_INDEV] && !a[TCA_U32_MARK];
}

void redirect_answer(struct redirect *r, size_t question, const struct nlmsghdr *answer)
{
	if (question == SLOT)
		take_slot(r, answer);
	else
		take_filter(r, answer);
}

static void take_foreign(const struct nlmsghdr *h, void *context)
{
	struct redirect *r = context;
	struct tcanswer f;
	uint32_t priority;

	if (r->foreign || !tcanswer_parse(h, RTM_NEWTFILTER, &f))
		return;
	priority = TC_H_MAJ(f.header->tcm_info) >> 16;
	if (f.header->tcm_info == filter_header(0, 0).tcm_info && strcmp(f.kind, "u32") == 0)
		return;
	r->foreign = true;
	r->foreign_priority = priority;
	snprintf(r->foreign_kind, sizeof(r->foreign_kind), "%s", f.kind);
}

int redirect_look_closer(struct redirect *r, struct netlink *nl, int device)
{
	struct tcmsg t = {.tcm_ifindex = device, .tcm_parent = SLOT_HANDLE};
	int error;

	r->foreign = false;
	if (!r->slot_taken || !r->slot_fits)
		return 0;
	error = netlink_dump(nl, tcmessage_new(RTM_GETTFILTER, NLM_F_DUMP, &t, NULL), NULL,
			     take_foreign, r);
	return error == -EAGAIN ? -EBUSY : error;
}

/* --- making ------------------------------------------------------------------------------------
 */

static int put_mirred(struct nl_msg *msg, int to)
{
	struct tc_mirred m = {
	    .action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = (uint32_t)to};
	struct nlattr *all = nla_nest_start(msg, TCA_U32_ACT);
	struct nlattr *first = all ? nla_nest_start(msg, 1) : NULL;
	struct nlattr *options = NULL;

	if (first && nla_put_string(msg, TCA_ACT_KIND, "mirred") == 0)
		options = nla_nest_start(msg, TCA_ACT_OPTIONS);
	if (!options || nla_put(msg, TCA_MIRRED_PARMS, sizeof(m), &m) < 0)
		return -1;
	nla_nest_end(msg, options);
	nla_nest_end(msg, first);
	return nla_nest_end(msg, all);
}

static struct nl_msg *make_filter(int device, int to, int flags)
{
	struct tc_u32_sel all = {.flags = TC_U32_TERMINAL};
	struct tcmsg t = filter_header(device, FILTER_HANDLE);
	struct nl_msg *msg = tcmessage_new(RTM_NEWTFILTER, flags, &t, "u32");
	struct nlattr *options = msg ? nla_nest_start(msg, TCA_OPTIONS) : NULL;

	if (options && nla_put(msg, TCA_U32_SEL, sizeof(all), &all) == 0 &&
	    put_mirred(msg, to) == 0) {
		nla_nest_end(msg, options);
		return msg;
	}
	nlmsg_free(msg);
	return NULL;
}

/* All of our priority. */
static struct nl_msg *delete_filter(int device)
{
	struct tcmsg t = filter_header(device, 0);

	return tcmessage_new(RTM_DELTFILTER, 0, &t, NULL);
}

static struct nl_msg *delete_slot(int device)
{
	struct tcmsg t = slot_header(device);

	return tcmessage_new(RTM_DELQDISC, 0, &t, NULL);
}

void redirect_add_slot(struct transaction *t, const struct redirect *r, int device)
{
	struct tcmsg slot = slot_header(device);

	if (!r->slot_taken)
		transaction_add(
		    t, &slot_step,
		    tcmessage_new(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &slot, "ingress"),
		    delete_slot(device));
}

bool redirect_lacks_slot(const struct transaction *t)
{
	return t->error && t->steps[t->failed] == &slot_step;
}

void redirect_add(struct transaction *t, const struct redirect *r, int device, int to)
{
	redirect_add_slot(t, r, device);
	if (r->filter_here && r->filter_fits) {
		if (r->to != to)
			transaction_add(t, &filter_step, make_filter(device, to, 0),
					r->to > 0 ? make_filter(device, r->to, 0) : NULL);
		return;
	}
	/* what a filter matches cannot be changed */
	if (r->filter_here)
		transaction_add(t, &other_filter_step, delete_filter(device), NULL);
	transaction_add(t, &filter_step, make_filter(device, to, NLM_F_CREATE | NLM_F_EXCL),
			delete_filter(device));
}

void redirect_add_removal(struct transaction *t, const struct redirect *r, int device)
{
	if (r->filter_here)
		transaction_add(t, &filter_step, delete_filter(device), NULL);
}

void redirect_add_slot_removal(struct transaction *t, const struct redirect *r, int device)
{
	if (r->slot_taken && r->slot_fits && !r->foreign)
		transaction_add(t, &slot_step, delete_slot(device), NULL);
}
