/*
 * flagvalue - what the arguments of flags may say: numbers, lengths of time, words.
 * Each returns 0, or -EINVAL with a finding and *OUT untouched. NAME is the flag's.
 */
#pragma once

#include "reconciler/options.h"

/* Digits alone, at most MOST; UNIT is what is counted, for the hint. */
int flagvalue_number(const char *name, const char *text, unsigned most, const char *unit,
		     unsigned *out, struct diagnostics *ds);

/* A length of time in ms. None at all is refused: it would mean what leaving the flag out means. */
int flagvalue_time(const char *name, const char *text, uint64_t *out, struct diagnostics *ds);

/* What may be waited for: the name of a condition or of a status. *OUT lives for good. */
int flagvalue_wait(const char *text, const char **out, struct diagnostics *ds);

/* text or json. */
int flagvalue_log(const char *text, enum log_format *out, struct diagnostics *ds);
