/*
 * gateway - the default route of a network namespace over one interface.
 */
#pragma once

#include <stdbool.h>

struct netlink;

/* Texts are addresses, such as "169.254.0.1" or "fe80::1", which need not be of a network of the
 * interface; or a family, "ipv4" or "ipv6", where everything is behind the interface itself. */

/* Is there such a route in the namespace of NL over the interface INDEX? 0 or -errno. */
int gateway_look(struct netlink *nl, int index, const char *gateway, bool *there);

/* 0 as well when it is there already; -EEXIST: another default route is in its place. */
int gateway_add(struct netlink *nl, int index, const char *gateway);
/* 0 as well when there is none. */
int gateway_remove(struct netlink *nl, int index, const char *gateway);
