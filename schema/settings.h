/*
 * settings - a config map becomes settings: each key known, each value good.
 */
#pragma once

#include "schema/reading.h"

/* Reads the config: VALUE of a document of SCOPE. */
void settings_read(struct reading *r, const struct node *value, unsigned scope,
		   struct settings *out);

/* Fills OUT for a key whose row is known and whose value is not empty, and validates the value
 * (VALUE, for rules that look at it). Returns 0, or -EINVAL with an error reported. */
int setting_read(struct reading *r, const struct key *row, const struct node *key,
		 const struct node *text, struct setting *out, struct value *value);

/* Sorts by name. */
void settings_sort(struct settings *s);
const struct setting *settings_find(const struct settings *s, const char *name);
/* Its text, or NULL. */
const char *settings_text(const struct settings *s, const char *name);
