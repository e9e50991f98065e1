/*
 * link - the host's network interfaces, by rtnetlink.
 */
#pragma once

#include "schema/world.h"

/* All interfaces of this network namespace, by index; items and names live in A. Returns 0 or
 * -errno (a libnl error is translated). */
int link_list(struct arena *a, struct link_name **out, size_t *n);
