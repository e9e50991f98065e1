/*
 * sysctl - linux.sysctl.*: written live inside the container's namespaces where the kernel allows.
 * Only what belongs to a network or IPC namespace: net.*, fs.mqueue.*, kernel.msg*, kernel.sem and
 * kernel.shm*; anything else is the host's. Not in the boot file: a sysctl that cannot be set would
 * abort the start.
 */
#pragma once

#include "schema/driver.h"

#include "reconciler/inside.h"

extern const struct driver sysctl_driver; /* object "sysctl", attributes as in sysctl.conf(5) */

/* The file below /proc/sys for a name as in sysctl.d(5): dots separate unless a slash comes first,
 * the other one of the two stands for itself ("net.ipv4.conf.eth0/100.forwarding"). NULL: this is
 * no name. */
const char *sysctl_path(const char *name, struct arena *a);

/* Which namespace has PATH: true with *WHERE, false: none, it is the host's. */
bool sysctl_namespace(const char *path, enum inside *where);

/* Blanks as one space, none around: tabs separate in the kernel's answers. */
char *sysctl_normalize(const char *text, struct arena *a);
