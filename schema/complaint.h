/*
 * complaint - how a grammar says no: what was found, where, and what to write instead.
 * The texts are kept short here, so that no value however long fills the message.
 */
#pragma once

#include "schema/value.h"

/* Fills WHY with a message about OFFSET bytes into the value, and no hint. Returns -EINVAL. */
int complaint_set(struct complaint *why, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Gives WHY its hint. Returns -EINVAL. */
int complaint_hint(struct complaint *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* N bytes of TEXT in quotes, escaped and shortened: fit for a message. Lives in A. */
const char *complaint_quote(struct arena *a, const char *text, size_t n);

/* Is TEXT what people write who want no limit ("max", "unlimited", "none", "-1", ...)? */
bool complaint_means_unlimited(const char *text);
