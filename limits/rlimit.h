/*
 * rlimit - limits.kernel.* on living processes, by prlimit(2).
 * Lowering clamps every process above the new pair, nested groups included; raising touches only
 * those that hold the pair of init, which is the one that we or the start gave, so that a service's
 * own lower limits stay. Init comes last, so that a pass that was cut short is begun again.
 * In sync: init has the pair, and no process is above it.
 */
#pragma once

#include "schema/driver.h"

extern const struct driver rlimit_driver; /* object "rlimit", attributes "nofile", ... */

/* The RLIMIT_ number for liblxc's name or a decimal number; -1: none such. */
int rlimit_number(const char *name);

/* "SOFT:HARD", "unlimited" for VALUE_UNLIMITED. */
const char *rlimit_print(const struct rlimit_pair *pair, struct arena *a);
