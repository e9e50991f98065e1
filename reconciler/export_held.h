/*
 * export_held - all that a container has beyond a fresh start, and what its own config says.
 */
#pragma once

#include "schema/driver.h"

/* Of a running container: what the kernel holds. Of a stopped one: what its config will bring. */
void export_held(struct container *c, struct properties *out);
