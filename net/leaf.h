/*
 * leaf - the queue in front of a token bucket, sized in time so that latency under load stays low.
 * fq_codel where the kernel has it; else a plain queue of 20 ms in a tbf, which cuts packets that
 * are larger than a frame: up to 64 KiB of TCP come as one, and a short queue had no room for it,
 * ever. Without a tbf, a plain queue (bfifo) with room for it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct nl_msg;
struct nlmsghdr;

#define LEAF_HANDLE 0x656c0000u

enum leaf_kind { LEAF_NONE, LEAF_FQ_CODEL, LEAF_TBF, LEAF_BFIFO, LEAF_OTHER };

/* What is there. */
struct leaf {
	enum leaf_kind kind;
	uint32_t handle;
	uint32_t limit;            /* bytes; of an fq_codel its memory */
	uint32_t target, interval; /* of an fq_codel, us */
	uint64_t drops;            /* of packets, in the frames that they were cut to */
	uint64_t rate;             /* of a tbf, bytes per second */
};

/* The kind to make: the best that the kernel was not found to lack. */
enum leaf_kind leaf_best(void);
/* The kernel refused this one as unknown: never asked again by this process. */
void leaf_lacks(enum leaf_kind kind);
/* Could it be refused so, and another kind be made instead? */
bool leaf_may_lack(enum leaf_kind kind);

/* Asks for the leaf of class PARENT, which need not be there, and reads the answer. */
struct nl_msg *leaf_question(int device, uint32_t parent);
void leaf_answer(struct leaf *l, const struct nlmsghdr *h);

/* Ours of that KIND, as RATE (bytes per second) asks for it. */
struct leaf leaf_sized(enum leaf_kind kind, uint64_t rate, uint32_t mtu);

/* Is it ours, and of the size that RATE asks for? */
bool leaf_fits(const struct leaf *l, uint64_t rate, uint32_t mtu);

/* Makes a leaf below PARENT in the place of whatever is there, or changes ours of that KIND. */
struct nl_msg *leaf_make(int device, uint32_t parent, enum leaf_kind kind, uint64_t rate,
			 uint32_t mtu);
struct nl_msg *leaf_change(int device, uint32_t parent, enum leaf_kind kind, uint64_t rate,
			   uint32_t mtu);
/* Puts ours back to what it was. */
struct nl_msg *leaf_restore(int device, uint32_t parent, const struct leaf *was, uint32_t mtu);
struct nl_msg *leaf_delete(int device, uint32_t parent, uint32_t handle);
