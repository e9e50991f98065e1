/*
 * plan - desired, observed, owned: one walk over three sorted arrays is the difference.
 * And its order: each change has a phase; within an object its driver orders.
 */
#pragma once

#include "reconciler/bootfile.h"
#include "schema/driver.h"

/* All drivers, in the order in which they are asked. */
extern const struct driver *const drivers[];
extern const size_t n_drivers;
const struct driver *driver_for(const char *object);

/* What of the expanded configuration no driver carries out: a property each with
 * EFFECT_UNSUPPORTED, so that it is shown and never silently ignored. */
void plan_unsupported(const struct instance *i, struct properties *out);

/* Appends the difference to OUT in the order of phases. C gives the bases of what is put back. */
void plan_diff(const struct container *c, const struct properties *desired,
	       const struct properties *observed, const struct properties *owned,
	       struct changes *out);
