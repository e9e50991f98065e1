/*
 * timespan - lengths of time as people write and read them: "90s", "1h30m", "500ms".
 */
#pragma once

#include <stdint.h>

struct arena;

#define TIMESPAN_MOST (10 * 365 * UINT64_C(86400000)) /* in ms: ten years */

/* Numbers with a unit each (d, h, m, s, ms), larger units first; one number without a unit is
 * seconds. At most TIMESPAN_MOST. Returns 0, -EINVAL or -ERANGE; *MS is untouched on failure. */
int timespan_parse(const char *text, uint64_t *ms);

/* The same backwards, its two largest units, rounded up to the second of these: "1h 30m", "2m",
 * "45s", "500ms". In A. */
char *timespan_show(uint64_t ms, struct arena *a);
