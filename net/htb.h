/*
 * htb - the rate of one device: qdisc 656b: at its root, one class 656b:1 for all traffic, and the
 * queue 656c: below it.
 * A changed rate is a changed class: the queue stays. The qdisc itself cannot be changed.
 */
#pragma once

#include "net/bucket.h"
#include "net/leaf.h"

#include <stddef.h>

struct transaction;

#define HTB_HANDLE 0x656b0000u
#define HTB_CLASS 0x656b0001u

enum htb_root {
	HTB_NONE, /* the default queue of the device, or none */
	HTB_OURS,
	HTB_FOREIGN,
};

/* What is there. */
struct htb {
	enum htb_root root;
	bool root_fits;   /* it sends all to the class */
	bool class_here;  /* ... which is there */
	bool class_fits;  /* ... with the one bucket */
	bool class_inner; /* it has children, or a parent */
	struct bucket bucket;
	struct leaf leaf;
	uint64_t bytes, packets; /* that the class has sent */
	char kind[16];           /* of the root */
	uint32_t handle;
};

/* Questions to be sent together, and their answers as they come; a refusal is no answer. */
#define HTB_QUESTIONS 3
void htb_questions(int device, struct nl_msg **msgs);
void htb_answer(struct htb *h, size_t question, const struct nlmsghdr *answer);

/* Is it all as htb_add makes it for its rate? */
bool htb_fits(const struct htb *h, uint32_t mtu);

/* Adds what makes H, as it was found on DEVICE, have the bucket WANT; a foreign root goes. Returns
 * which of the steps may be refused because the kernel has no such queue, or -1. */
int htb_add(struct transaction *t, const struct htb *h, int device, const struct bucket *want,
	    uint32_t mtu);

/* Takes the whole of it away. */
struct nl_msg *htb_delete(int device);
