/*
 * network - interfaces of the tests' own making: a network namespace in which they stand for the
 * host's, what containers have of them, and what the kernel says of both.
 * Tests may run ip, tc, ping and nsenter for that; the program never does.
 */
#pragma once

#include "tests/integration/harness.h"

#include <net/if.h>
#include <stdint.h>

/* An interface as `ip` shows it. */
struct network_link {
	int index;
	char name[IFNAMSIZ];
	char kind[16]; /* "veth"; "" for none */
	char hwaddr[24];
	char master[IFNAMSIZ]; /* "": none */
	char alias[256];
	unsigned mtu, txqueuelen;
	int peer;      /* the index of the other end, or of the parent; 0: none */
	int peer_nsid; /* -1: in the same namespace */
	bool up;
	uint64_t rx_bytes, tx_bytes, rx_packets, tx_packets;
};

/* For the beginning of a test: the harness with its manifests cleared (stage_begin), and a network
 * namespace of its own around all that starts from now on. */
struct harness *network_begin(void **state);
/* After each test, failed or not: no daemon, no container, no interface but lo. */
int network_end(void **state);

#define network_test(f) cmocka_unit_test_teardown(f, network_end)

/* ---- programs ---- */

/* A shell command on the host, and one in the container's network namespace: with the host's
 * programs, as root of the host, or as root of the container. The test fails unless it ends with 0;
 * what it printed. */
char *network_host(struct harness *h, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *network_inside(struct harness *h, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
char *network_as_root(struct harness *h, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Likewise; a refusal is an answer: the exit status. OUTPUT may be NULL. */
int network_try(struct harness *h, char **output, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- interfaces ---- */

/* A bridge with a fixed MAC and an MTU that does not follow its ports', up. ADDRESS: "10.7.0.1/24",
 * or NULL. */
void network_bridge(struct harness *h, const char *name, const char *address);

/* The interface NAME of the host (CONTAINER NULL) or in a container. False: there is none. */
bool network_look(struct harness *h, const char *container, const char *name,
		  struct network_link *out);
bool network_look_index(struct harness *h, const char *container, int index,
			struct network_link *out);
/* It has to be there. */
struct network_link network_link(struct harness *h, const char *container, const char *name);
/* The host's end of a container's interface, both ways checked; it has to be there. */
struct network_link network_host_end(struct harness *h, const char *container, const char *name);
/* How many there are of a kind: "veth", "ifb"; NULL: all. */
size_t network_count(struct harness *h, const char *container, const char *kind);

/* Waits until the host has so many: a namespace takes its links along a moment after its end. */
void network_await_count(struct harness *h, const char *kind, size_t n);

/* What one class of DEVICE has passed, in bytes; the sum over the classes it has. *PACKETS and
 * *DROPS may be NULL. */
uint64_t network_class_bytes(struct harness *h, const char *device, uint64_t *packets,
			     uint64_t *drops);
/* All qdiscs, classes and filters of a device, without what is counted. "": none but the kernel's
 * own. */
char *network_shaping(struct harness *h, const char *device);
/* Of the host, one fact a line, sorted: links with addresses, masters, sizes and aliases, routes,
 * qdiscs, classes, filters. Nothing that counts or ages. */
char *network_snapshot(struct harness *h);
/* Fails with the difference. WHAT names the moment. */
void network_expect_same(struct harness *h, const char *before, const char *after,
			 const char *what);
