/*
 * crosscheck - rules that no single document can break: they need the expanded whole.
 * Excluding keys, two devices at one place, keys that need one another; and, over all instances,
 * what only one of them can have.
 */
#pragma once

#include "schema/expand.h"

/* Checks one expanded instance of C. Findings point at the lines; one whose lines all stand in one
 * profile is not about this instance and names none. Returns false when there is an error. */
bool instance_crosscheck(const struct catalog *c, const struct instance *i, struct diagnostics *ds);

/* Checks N instances together: addresses and host interface names given twice, privileged ones
 * (said once). Those for other hosts do not count. Nics that cannot both be are marked: disputed.
 */
void instances_crosscheck(struct instance *const *instances, size_t n, struct diagnostics *ds);

/* Has it a nic that another contests, by the last check of all together? */
bool instance_disputed(const struct instance *i);

/* Is what these two claim for the check of all together the same? NULL claims nothing. */
bool instances_claim_same(const struct instance *i, const struct instance *k);
