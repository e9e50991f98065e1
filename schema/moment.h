/*
 * moment - a point in time as manifests and JSON write it: RFC 3339, or a date alone, which is its
 * first second in UTC.
 */
#pragma once

#include "schema/value.h"

/* Reads TEXT: seconds since 1970 (UTC) go to *OUT, parts of a second are dropped. 0, or -EINVAL
 * with WHY filled and *OUT untouched. WHY may be NULL. */
int moment_parse(const char *text, uint64_t *out, struct complaint *why);

/* "2026-12-01T10:00:00Z", in A. */
char *moment_print(uint64_t seconds, struct arena *a);
