/*
 * yaml_anchors - the names that aliases of one document may use, and what each stands for.
 */
#pragma once

#include "schema/yaml.h"

struct yaml_anchor {
	const char *name;
	struct node *node;
	size_t nodes, bytes; /* what one more alias of it adds to the file, expanded */
	bool open;           /* still being read: an alias now would be a cycle */
};

struct yaml_anchors {
	struct yaml_anchor *slots; /* open addressing; name == NULL: free */
	size_t n, capacity;
	struct arena *arena;
};

/* The anchor called NAME, or NULL. Valid until the next one is set. */
struct yaml_anchor *yaml_anchors_find(struct yaml_anchors *as, const char *name);

/* Sets NAME to NODE, which is still open; an earlier one of that name is forgotten. */
void yaml_anchors_open(struct yaml_anchors *as, const char *name, struct node *node);

/* A new document: all names are free again. */
void yaml_anchors_clear(struct yaml_anchors *as);
