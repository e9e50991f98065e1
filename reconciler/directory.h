/*
 * directory - the directory of manifests as a whole: is it there, may it be believed, is there
 * anything in it? When not, it changes nothing.
 */
#pragma once

#include "reconciler/trust.h"

/* Opens PATH for reading; *REAL is where it led. With TRUST_ENFORCE, nobody but those trusted may
 * be able to write it or what is above it; with TRUST_WARN, who can is left in DISTRUST. -1: why
 * not is reported, and in *TROUBLE. GIVEN: it is what -d names. Texts live in DS's arena. */
int directory_open(const struct trusted *t, const char *path, bool given, struct diagnostics *ds,
		   char **real, struct distrust *distrust, enum load_trouble *trouble);

/* Says that PATH cannot be opened, which is the trouble. */
enum load_trouble directory_report_closed(const char *path, bool given, int error,
					  struct diagnostics *ds);

/* Says that there is no manifest in it. */
void directory_report_empty(const struct trusted *t, const char *path, struct diagnostics *ds);

/* Says that --owner names nobody. */
void directory_report_owner(const char *owner, struct diagnostics *ds);
