/*
 * compat - what LXD or Incus would refuse of manifests that are fine here.
 */
#pragma once

#include "reconciler/load.h"

/* Adds a finding for each key, option, value, name and field in G that DIALECT ("lxd" or "incus")
 * does not know. Errors for what it refuses, notices for what it ignores. Returns 0, or -EINVAL
 * with a finding where nobody is called DIALECT. */
int compat_check(struct generation *g, const char *dialect);
