/*
 * witness - what the kernel holds of a running container, and who wrote to it.
 */
#pragma once

#include "tests/integration/harness.h"

/* The path of one of its cgroup files, as long as this run of it lasts; the test fails when it is
 * not there. V2 NULL: the same name. */
const char *witness_knob(struct harness *h, const char *name, const char *controller,
			 const char *v1, const char *v2);
/* Of pids.max, the limit that most tests turn. */
const char *witness_pids(struct harness *h, const char *name);

/* Does the file hold this, its line break aside? */
bool witness_is(const char *path, const char *text);
/* What it holds; "" when it cannot be read. */
const char *witness_read(struct harness *h, const char *path);
/* Writes to it; 0 or -errno. */
int witness_write(const char *path, const char *text);

/* Every setting of the container that the kernel lets one write: all cgroup files, resource limits,
 * the score of init. One line each; two containers made alike give the same text. */
char *witness_snapshot(struct harness *h, const char *name);

/* A watch over writes to all of its cgroup files, by whoever. -1: the test fails. */
int witness_watch(struct harness *h, const char *name);
/* Writes since the last call; *LAST (may be NULL) is the file of the last one. */
size_t witness_writes(struct harness *h, int watch, const char **last);
