/*
 * complaint - filling in why a text was refused.
 */
#pragma once

#include "schema/value.h"

/* Sets the message and where in the text; clears the hint. Returns -EINVAL, so that "return
 * complaint_set(...)" is how a check fails. */
int complaint_set(struct complaint *why, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Says what to write instead. Returns -EINVAL too. */
int complaint_hint(struct complaint *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
