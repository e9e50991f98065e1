/*
 * key_rules - what the grammar of a key's value cannot say: the free part of its name, and texts
 * that are a language of their own.
 */
#pragma once

#include "schema/reading.h"

/* Returns 0 (warnings may have been reported), or -EINVAL with errors reported. */
int key_rules_check(struct reading *r, const struct setting *s, const struct value *value);
