/*
 * lifenames - which containers a cgroup may be of, by what LXC calls its groups.
 * "lxc.payload.web-1" is web-1, or web that was started beside a leftover group. Anybody who may
 * make groups may call them anything: only what an instance can be called counts.
 */
#pragma once

#include <stddef.h>

#define LIFENAMES_PAYLOAD "lxc.payload."
#define LIFENAMES_MONITOR "lxc.monitor."
#define LIFENAMES_SIZE 64 /* of the longest name */

/* The names that the group called GROUP may be of, if that begins with PREFIX. At most 2. */
size_t lifenames_of(const char *group, const char *prefix, char out[2][LIFENAMES_SIZE]);
