/*
 * wiring - containers with nics as their manifests ask: two bridges on the host, and one way to
 * make it so that proves on the way what a dry run says.
 */
#pragma once

#include "tests/integration/network.h"

#define WIRING_HOST "10.7.0.1"   /* br0's address */
#define WIRING_INSIDE "10.7.0.2" /* what wiring_address gives */

/* network_begin, with the bridges br0 (with an address) and br1. */
struct harness *wiring_begin(void **state);

/* A busybox container that runs. MORE: lines of its own config, or NULL. */
const char *wiring_container(struct harness *h, const char *tag, const char *more);

/* Its manifest, with these devices: lines "eth0: {...}", or "" for none. */
void wiring_ask(struct harness *h, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Likewise, with what stands above the devices: "config: {...}\n", "profiles: [p]\n". */
void wiring_ask_with(struct harness *h, const char *name, const char *more, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* apply, which has to succeed; and its changes have to be the ones that diff told before, none of
 * them left undone, and none left afterwards. What diff printed as text. */
char *wiring_apply(struct harness *h);
/* diff has to find nothing. */
void wiring_expect_in_sync(struct harness *h);

/* Gives the container's DEVICE the address, a default route and one of IPv6, and puts it up. */
void wiring_address(struct harness *h, const char *name, const char *device);
/* Addresses and routes of the container, in a text that two moments can be compared by. */
char *wiring_addresses(struct harness *h, const char *name);
/* The host and the container reach each other by it. */
void wiring_expect_ping(struct harness *h, const char *name);
