/*
 * network_draft - one network document's plan: what its bridge shall be, is, and owes to us.
 * Pure: the same document and the same bridge give the same plan.
 */
#pragma once

#include "net/bridge.h"
#include "reconciler/pass.h"
#include "schema/network.h"

/* The attributes of an object "network/NAME", in the order in which they are made true. */
#define NETWORK_OBJECT "network"
#define NETWORK_LINK "link" /* "bridge": is it there at all? */
#define NETWORK_HWADDR "hwaddr"
#define NETWORK_MTU "mtu"
#define NETWORK_IPV4 "ipv4.address"
#define NETWORK_IPV6 "ipv6.address"
#define NETWORK_STATE "state" /* "up" */

/* One network document with all that a pass knows of it. */
struct network_subject {
	struct network network;
	struct bridge bridge; /* of another type: the parent's interface */
	int error;            /* it could not be looked at: -errno; 0 */
	bool unsure;          /* what cannot be read may say otherwise: nothing is destroyed */
	struct outcome *outcome;
};

/* An outcome for D into A: nothing is planned yet. */
void network_outcome(const struct document *d, struct arena *a, struct outcome *out);

/* Drafts the plan of S on the host of this name into its outcome. */
void network_draft(struct network_subject *s, const char *host);
