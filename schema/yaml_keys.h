/*
 * yaml_keys - the keys of one mapping: each only once, "<<" merged in.
 * libyaml does not look at keys. A key that repeats is an error at the second, whatever the
 * quoting; explicit keys win over merged ones, earlier mappings of a list over later ones.
 */
#pragma once

#include "schema/yaml.h"

struct yaml_pair {
	struct node *key, *value;
};

/* Gives MAPPING the N pairs that were read for it; all keys are scalars. Findings go to DS. */
void yaml_keys_settle(struct node *mapping, const struct yaml_pair *pairs, size_t n,
		      struct arena *a, struct diagnostics *ds);
