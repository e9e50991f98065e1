/*
 * syscalls - security.syscalls.* and raw.seccomp as one seccomp policy in LXC's format.
 */
#pragma once

#include "schema/expand.h"

/* The setting that asks for a policy, the most telling one; NULL: none does, and the container
 * keeps its own. */
const struct expanded *syscalls_setting(const struct instance *i);

/* The setting that asks for the system calls of 32-bit programs to be refused; NULL: none. */
const struct expanded *syscalls_compat(const struct instance *i);

/* The policy's text (lxc.container.conf(5), lxc.seccomp.profile). */
const char *syscalls_policy(const struct instance *i, struct arena *a);
