/*
 * clamp - one resource limit of all processes of a container, changed while they run.
 * The arithmetic and the repetition behind limits/rlimit, which says the rule.
 */
#pragma once

#include "schema/driver.h"

/* What a process has. Returns 0 or an errno. */
int clamp_read(pid_t pid, int resource, struct rlimit_pair *out);

/* Makes WANTED true: a process with init's pair gets it, one above it is clamped, anything lower
 * stays. NAME is for messages. Returns 0, or an errno with a one-line reason in *WHY (in C's
 * arena); whatever could be changed is changed then. */
int clamp_processes(struct container *c, const char *name, int resource,
		    const struct rlimit_pair *wanted, const char **why);

/* Could a start on HOST give this pair? Raising a hard limit above what a start inherits needs
 * CAP_SYS_RESOURCE, and no nofile goes beyond fs.nr_open; liblxc aborts the start otherwise. */
bool clamp_can_start(const struct host *host, int resource, const struct rlimit_pair *pair);
