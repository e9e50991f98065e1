/*
 * nftables - requests to nf_tables over NETLINK_NETFILTER: batches that hold together, and
 * questions. In the network namespace of the calling thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct nl_msg;
struct nlmsghdr;

#define NFTABLES_SAID 256

/* A message of nf_tables' for the family netdev; TYPE is an NFT_MSG_. NULL: no memory. Attributes
 * of a few hundred bytes always fit. */
struct nl_msg *nftables_new(int type, int flags);

/* The NFT_MSG_ that an answer is; -1: none of nf_tables'. */
int nftables_type(const struct nlmsghdr *h);

/* All of them or none is carried out, at one moment. Used up. 0 or -errno, and what the kernel said
 * of the first refusal. */
int nftables_batch(struct nl_msg **msgs, size_t n, char said[NFTABLES_SAID]);

/* Asks one question, used up; REPLY is called for each message of the answer. 0 or -errno, -EAGAIN
 * for a dump that was interrupted. */
int nftables_ask(struct nl_msg *msg, void (*reply)(const struct nlmsghdr *h, void *context),
		 void *context);
