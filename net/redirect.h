/*
 * redirect - all that comes in at an interface goes through another one first: ingress qdisc ffff:,
 * a u32 filter for everything, mirred.
 * Our filter is known by its priority; an ingress qdisc by having it, or by having no filter.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct netlink;
struct nl_msg;
struct nlmsghdr;
struct transaction;

#define REDIRECT_PRIORITY 0x656bu

/* What is there. mirred keeps an index: 0 or another one when the interface was made anew. */
struct redirect {
	bool slot_taken;  /* there is a qdisc for what comes in */
	bool slot_fits;   /* ... an ingress qdisc that no other interface shares */
	bool filter_here; /* our filter is */
	bool filter_fits; /* ... and takes all, and does nothing but send it elsewhere */
	int to;           /* where */
	char kind[16];    /* of the qdisc */
	/* of a filter that is not ours; found by redirect_look_closer */
	bool foreign;
	uint32_t foreign_priority;
	char foreign_kind[16];
};

#define REDIRECT_QUESTIONS 2
void redirect_questions(int device, struct nl_msg **msgs);
void redirect_answer(struct redirect *r, size_t question, const struct nlmsghdr *answer);

/* Are there filters that are not ours? A dump. 0 or -errno. */
int redirect_look_closer(struct redirect *r, struct netlink *nl, int device);

/* Adds what makes R, as found on DEVICE and not foreign, send all to the interface TO. */
void redirect_add(struct transaction *t, const struct redirect *r, int device, int to);

/* Adds what takes the filter away, and a qdisc without any other. R was looked at closer. */
void redirect_add_removal(struct transaction *t, const struct redirect *r, int device);
void redirect_add_slot_removal(struct transaction *t, const struct redirect *r, int device);

/* The qdisc alone. When one comes or goes the kernel drops what waits in the queues for the other
 * direction: it is there as long as any of the two is limited. */
void redirect_add_slot(struct transaction *t, const struct redirect *r, int device);
/* Was it the qdisc that was refused? */
bool redirect_lacks_slot(const struct transaction *t);
