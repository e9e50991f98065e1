/*
 * host - the facts of this machine that a plan depends on, read once per pass.
 */
#pragma once

#include "limits/cgroup.h"
#include "reconciler/options.h"

/* Reads CPUs, memory, NUMA nodes, interfaces, rlimits, root's id ranges (from O->etc) and the
 * cgroup facts of LAYOUT. What cannot be read is a finding, not a failure. Lives in A. */
struct host *host_read(const struct options *o, const struct cgroup_layout *layout, struct arena *a,
		       struct diagnostics *ds);
