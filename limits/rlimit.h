/*
 * rlimit - limits.kernel.* on living processes, by prlimit(2).
 * Lowering clamps every process above the new pair; raising touches only those that hold the pair
 * which we or the start gave. In sync: init has the pair, and no process is above it.
 */
#pragma once

#include "schema/driver.h"

extern const struct driver rlimit_driver; /* object "rlimit", attributes "nofile", ... */

/* The RLIMIT_ number for liblxc's name or a decimal number; -1: none such. */
int rlimit_number(const char *name);
