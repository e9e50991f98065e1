/*
 * nic - the driver of "nic/DEVICE": a container's interfaces, kept on the running container.
 * A nic is a link inside and, for a veth, its other end on the host, where its traffic is shaped.
 * Container root may do to its end what it likes: the host's end is what we know a nic by.
 *
 * Attributes: link (what it is: "veth", "macvlan PARENT"), master, name, hwaddr, host_name, mtu,
 * txqueuelen, up, index (of its lxc.net.N), route.PREFIX, ingress, egress (bits per second),
 * ingress.burst, egress.burst (bytes), priority.
 */
#pragma once

#include "net/shaping.h"
#include "schema/driver.h"

extern const struct driver nic_driver;

/* What one interface of a container has carried, as the container sees it. */
struct nic_usage {
	const char *name, *host_name;    /* inside; of the host end */
	uint64_t rx_bytes, rx_packets;   /* towards the container */
	uint64_t tx_bytes, tx_packets;   /* from it */
	uint64_t rx_dropped, tx_dropped; /* by its shaping */
	uint64_t ingress, egress;        /* bits per second; 0: no limit of ours */
};

/* The interfaces of C that have a host end here, by their names inside, into A. C runs. Returns
 * how many; none where its network cannot be looked at. */
size_t nics_usage(const struct container *c, struct arena *a, struct nic_usage **out);
