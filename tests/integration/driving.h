/*
 * driving - one driver on one real container, a property at a time.
 * For what needs no plan: what holds now, make it so, what would be put back.
 */
#pragma once

#include "reconciler/container.h"
#include "tests/integration/harness.h"

struct driving {
	struct harness *h;
	struct arena *arena;
	struct cgroup_layout *layout;
	struct host *host;
	struct containers *containers;
	struct container *c;
	const struct driver *driver;
	const char *object;
};

/* Looks at a running container; to be called again after a restart. The first write of a driver is
 * counted from here on. */
struct driving *driving_open(struct harness *h, const char *name, const struct driver *driver,
			     const char *object);
void driving_close(struct driving *d);

/* What holds; VALUE is the one that is wanted, NULL: nobody wants one. */
struct property driving_observe(struct driving *d, const char *attribute, const char *value);
/* Its value, or NULL. */
const char *driving_value(struct driving *d, const char *attribute);

/* Makes it so. */
struct change driving_apply(struct driving *d, const char *attribute, const char *to);

/* What it would go back to. */
const char *driving_base(struct driving *d, const char *attribute);

/* Writes to the kernel since the last call. */
size_t driving_writes(void);
