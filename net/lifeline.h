/*
 * lifeline - what the host itself cannot do without.
 */
#pragma once

#include "net/link.h"

/* Why the host would be cut off, or torn apart, if its interface L went into a container ("it is a
 * port of br0"), in A. NULL: it would not. */
const char *lifeline_reason(struct netlink *nl, const struct link *l, struct arena *a);
