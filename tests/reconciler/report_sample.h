/*
 * report_sample - results made by hand, for the tests of the printers.
 */
#pragma once

#include "reconciler/report.h"
#include "schema/arena.h"

/* An empty result, and what goes into it; texts are not copied. */
struct result *sample_new(void);
void sample_free(struct result *r);

/* An instance with these profiles ("default, small" is two; NULL: none were given). */
struct outcome *sample_outcome(struct result *r, const char *name, enum status status,
			       const char *profiles);
struct change *sample_change(struct outcome *o, struct change change);
/* The line of KEY in FILE, column 3; a profile where FILE begins with "profiles/". */
void sample_origin(struct result *r, struct change *c, const char *key, const char *file,
		   uint32_t line);

/* The plan in the readme: one instance to change, one to create, 48 in sync. */
struct result *sample_plan(void);
