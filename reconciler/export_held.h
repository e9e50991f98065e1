/*
 * export_held - all that a container has beyond a fresh start, and what its own config says.
 */
#pragma once

#include "reconciler/export.h"

/* Of a running container: what the kernel holds. Of a stopped one: what its config will bring. */
void export_held(struct container *c, struct properties *out);

/* Adds the keys for what LXC's config fixes at a start: environment, sysctls, autostart,
 * privilege. */
void export_fixed(struct exported *e, const struct container *c);
