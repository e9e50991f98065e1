/*
 * yaml - text in, a tree of nodes with places out.
 * On libyaml's events, so that every bound holds while the text is still being pulled. Scalars keep
 * their source text; duplicate keys, cycles, foreign tags, NUL and control characters are errors;
 * aliases and merge keys (<<) are resolved. JSON, being YAML, is read the same way.
 */
#pragma once

#include "schema/diagnostic.h"

#include <stdbool.h>

/* The bounds. Generous for people, small for bombs; each one's message names it. */
#define YAML_MOST_BYTES (4u << 20)    /* of one file */
#define YAML_MOST_DEPTH 64            /* of nesting */
#define YAML_MOST_FLOW_DEPTH 32       /* of open [ and {: libyaml is quadratic in them */
#define YAML_MOST_NODES 200000        /* of one file, after aliases and merges */
#define YAML_MOST_SCALAR (256u << 10) /* bytes of one scalar */
#define YAML_MOST_TEXT (16u << 20)    /* bytes of all scalars, after aliases and merges */
#define YAML_MOST_DOCUMENTS 10000     /* of one file */
#define YAML_MOST_FINDINGS 100        /* of one file: who has more than this has one mistake */

enum node_kind { NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING };

struct node {
	enum node_kind kind;
	struct place at;
	bool plain;          /* a scalar without quotes */
	bool refused;        /* control characters are in it, or in a key of it: reported already */
	const char *text;    /* scalar: never NULL; null, ~ and nothing read as "" when plain */
	struct node **items; /* sequence: n; mapping: the n values */
	struct node **keys;  /* mapping: the n keys, all scalars, in source order, unique */
	size_t n;
};

struct documents {
	struct node **roots; /* an empty document's root is an empty scalar */
	bool *broken;        /* this one has errors of its own */
	size_t n;
	bool cut; /* reading ended before the text did: the last root has what came before that */
};

/* Reads all documents of SOURCE. What it gives lives in A; the texts are copies. Findings go to DS
 * with their places. Returns 0, or -EINVAL with errors in DS: broken documents may be used to
 * report more, not to be applied. A syntax error or a bound (that of findings, too) ends the
 * reading; duplicate keys, foreign tags, escaped control characters and bad aliases do not. */
int yaml_read(const struct source *source, struct arena *a, struct documents *out,
	      struct diagnostics *ds);

/* The value of KEY in a mapping; NULL: not there. *AT (if not NULL): the place of the key. */
struct node *node_get(const struct node *mapping, const char *key, struct place *at);
