/*
 * ifb - the interface that what comes in at a host end goes through: one for each, known by its
 * name (ekifbN for the host end with the index N) and its alias.
 */
#pragma once

#include "net/link.h"

struct nl_msg;

#define IFB_KIND "ifb"

/* What is there under the name. */
struct ifb {
	bool there;
	bool ours;
	bool fits; /* it is up, with the right queue and an alias that is up to date */
	struct link link;
};

/* The name of the one for the host end with this index: "ekifb17". */
void ifb_name(int host_index, char name[IFNAMSIZ]);

/* The index of the host end that L is for; 0: L is none of ours. */
int ifb_host_index(const struct link *l);

struct nl_msg *ifb_question(int host_index);
void ifb_answer(struct ifb *i, const struct link *host_end, const struct nlmsghdr *answer);

/* Makes it, down, with its alias: both or nothing. 0 or -errno. */
int ifb_make(struct netlink *nl, const struct link *host_end, struct ifb *out);

/* Makes one that is ours fit: its alias, its queue, and up. */
struct nl_msg *ifb_fit(const struct link *host_end, int index);
