/*
 * rawlxc - the lines of raw.lxc: LXC's own configuration, read as liblxc reads it.
 * liblxc refuses to load a file with a key that it does not know, and a container that cannot be
 * loaded cannot be started: so keys are checked here. Some keys are valid and not allowed, for
 * they would undo what the manifest says elsewhere.
 */
#pragma once

#include "schema/diagnostic.h"

#include <stdbool.h>

struct arena;

struct rawlxc_line {
	const char *key, *value; /* as liblxc takes them: without blanks and quotes around */
	size_t offset;           /* of the key in the text, in bytes */
};

struct rawlxc {
	struct rawlxc_line *items;
	size_t n;
};

/* Splits TEXT; comments and empty lines are dropped. Returns 0, or -EINVAL with *BAD at the line
 * that is no "KEY = VALUE" (OUT has all others). */
int rawlxc_parse(const char *text, struct arena *a, struct rawlxc *out, size_t *bad);

/* A key that raw.lxc may not hold (error), or had better not (warning). */
struct rawlxc_rule {
	const char *key; /* a final "*" stands for any rest */
	enum severity severity;
	const char *why;
	const char *instead;
};

/* NULL: nothing against it. */
const struct rawlxc_rule *rawlxc_rule_find(const char *key);

/* Does liblxc 5 know the key? */
bool rawlxc_key_known(const char *key);
const char *rawlxc_key_near_miss(const char *key);
