/*
 * shaping - the rate of a nic, both ways, by HTB on the host's side.
 * Towards the container: HTB on the host end. From the container: what comes in at the host end is
 * sent through an IFB of its own (ingress qdisc, u32, mirred), where HTB queues it: shaped, not
 * policed. Names are the container's: ingress is what it receives.
 *
 * What is ours is known by its handle (656b:, 656c:) and, an IFB, by its name and alias. All else
 * is foreign, and left alone.
 */
#pragma once

#include "net/link.h"

enum shaping_way { SHAPING_INGRESS, SHAPING_EGRESS };

/* What is there for one way. */
struct shaping {
	bool ours;     /* our qdisc is there, whole or in part */
	bool whole;    /* ... and all of it is as shaping_set makes it for this rate and burst */
	uint64_t rate; /* bits per second as the kernel has it; 0: no limit */
	uint64_t
	    burst; /* bytes, as given or as derived from the rate; within the kernel's rounding */
	bool burst_derived; /* it is what shaping_burst says for the rate */
	const char
	    *foreign; /* why it cannot be ours: "vethX has a tbf qdisc that is not ours"; in A */
	const char *remedy; /* how to take that away: "tc qdisc del dev vethX root"; in A */
	uint64_t bytes, packets, drops; /* sent by the class, dropped by its queue */
	/* for shaping_change */
	int device; /* the interface that the class is on */
	int leaf;   /* enum leaf_kind */
};

/* BITS per second as the kernel can hold it (whole bytes); 0: too little to be a rate. */
uint64_t shaping_settle(uint64_t bits);

/* The burst for a rate of so many bits per second and frames of MTU bytes: a millisecond's worth,
 * at least ten frames, at most 4 MiB. */
uint64_t shaping_burst(uint64_t bits, uint32_t mtu);

/* A burst of so many bytes at a rate of BITS per second (settled, not 0) as the kernel can hold it:
 * what shaping_read then says. */
uint64_t shaping_settle_burst(uint64_t bits, uint64_t burst);

/* Reads what there is on HOST_END for WAY. 0 or -errno. */
int shaping_read(struct netlink *nl, const struct link *host_end, enum shaping_way way,
		 struct arena *a, struct shaping *out);
/* Both ways, OUT[SHAPING_INGRESS] and OUT[SHAPING_EGRESS], for the price of little more than one.
 */
int shaping_read_both(struct netlink *nl, const struct link *host_end, struct arena *a,
		      struct shaping *out);

/* Makes WAY of HOST_END pass RATE bits per second (settled, not 0), with BURST bytes (0: derived).
 * What is there already is changed in place: no packet in a queue is lost, the other way is not
 * touched. On a failure what could be built is taken down again, and what was in force stays.
 * 0 or -errno, with *WHY (in A): the object, the value, the kernel's words and what to do. */
int shaping_set(struct netlink *nl, const struct link *host_end, enum shaping_way way,
		uint64_t rate, uint64_t burst, struct arena *a, const char **why);

/* The same where NOW is what shaping_read has just said: if that was whole, it is not looked at
 * again. Whatever has changed meanwhile is found, and mended as by shaping_set, when the kernel
 * refuses. */
int shaping_change(struct netlink *nl, const struct link *host_end, enum shaping_way way,
		   const struct shaping *now, uint64_t rate, uint64_t burst, struct arena *a,
		   const char **why);

/* Both ways at once, by their order in enum shaping_way. An error: nothing is changed, and each is
 * to be tried by itself. */
int shaping_change_both(struct netlink *nl, const struct link *host_end, const struct shaping *now,
			const uint64_t *rates, const uint64_t *bursts);

/* Takes exactly what is ours for WAY away. Deletes an IFB (egress), which waits. */
int shaping_clear(struct netlink *nl, const struct link *host_end, enum shaping_way way,
		  struct arena *a, const char **why);

/* Deletes our IFBs whose host ends are gone, all at once; waits for that. Returns how many there
 * were, or -errno. */
int shaping_sweep(struct netlink *nl);
/* Are there any? Cheap: no deletion. */
int shaping_orphans(struct netlink *nl);
