/*
 * netprio - limits.network.priority, where the kernel has the v1 net_prio controller.
 * One attribute, net_prio.ifpriomap, whose value is the priority: it is written for every interface
 * of the host.
 */
#pragma once

#include "schema/driver.h"

extern const struct driver netprio_driver; /* object "netprio" */
