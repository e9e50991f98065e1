/*
 * heldback - who keeps what he has since a profile is wrong or may be missed: said once for each
 * profile, not once for each of its users.
 */
#pragma once

#include "schema/expand.h"

/* All profiles with errors that have users. */
void heldback_report(struct catalog *c, struct diagnostics *ds);

/* The same for one; nothing if there is none of that name, or it has no errors, or no users. */
void heldback_report_profile(struct catalog *c, const char *profile, struct diagnostics *ds);

/* Those of N instances that may lack their default profile. */
void heldback_report_default(struct instance *const *instances, size_t n, struct diagnostics *ds);
