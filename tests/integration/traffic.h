/*
 * traffic - packets and streams between the host and a container.
 * A flow is UDP, evenly paced: a stall of its sender is not made up for by a burst, so whatever is
 * lost was lost on the way. A stream is TCP by iperf3, as fast as it may.
 */
#pragma once

#include "tests/integration/network.h"

/* Towards the container, or from it. */
enum traffic_way { TRAFFIC_IN, TRAFFIC_OUT };

/* The container's address, and the host's as it reaches it. */
struct traffic_ends {
	const char *container; /* its name */
	const char *inside, *outside;
};

/* Bytes that a payload of a flow has more in an Ethernet frame: what HTB counts. */
#define TRAFFIC_HEADERS 42

struct traffic;

/* Sends frames of SIZE bytes, headers included, at BITS per second of them. */
struct traffic *traffic_flow(struct harness *h, const struct traffic_ends *e, enum traffic_way way,
			     uint64_t bits, size_t size);
/* Ends the sender, and waits until nothing arrives any more. */
void traffic_end_flow(struct traffic *t, uint64_t *sent, uint64_t *arrived);

/* Until traffic_end_stream, or a minute. */
struct traffic *traffic_stream(struct harness *h, const struct traffic_ends *e,
			       enum traffic_way way);
void traffic_end_stream(struct traffic *t);

/* What a failed test left going. */
void traffic_end_all(void);
