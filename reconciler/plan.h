/*
 * plan - desired, observed, owned: one walk over three sorted arrays is the difference.
 * And its order: each change has a phase; within an object its driver orders.
 */
#pragma once

#include "reconciler/bootfile.h"
#include "reconciler/drivers.h"

/* What of the expanded configuration no driver carries out: a property each with
 * EFFECT_UNSUPPORTED, so that it is shown and never silently ignored. */
void plan_unsupported(const struct instance *i, struct properties *out);

/* Every property that should hold for I, sorted. */
void plan_desire(const struct world *w, const struct world_instance *i, struct properties *out);

/* What holds of those in ASKED (sorted), sorted. C runs. */
void plan_observe(struct container *c, const struct properties *asked, struct properties *out);

/* The union of two sorted arrays: items of X where both have one. */
void plan_union(const struct properties *x, const struct properties *y, struct properties *out);

/* Is this one that we take: it can be had here, and nothing speaks against it? */
bool plan_takes(const struct property *desired);

/* Appends the difference of a running container to OUT, in the order of phases. C gives the bases
 * of what is put back. What of OWNED stays ours although nobody wants it any more (it is not put
 * back yet) is appended to KEPT. */
void plan_diff(const struct container *c, const struct properties *desired,
	       const struct properties *observed, const struct properties *owned,
	       struct changes *out, struct properties *kept);

/* The same for a container that does not run: it is compared with what its boot file will bring. */
void plan_diff_stopped(const struct properties *desired, const struct properties *owned,
		       bool will_start, struct changes *out, struct properties *kept);
