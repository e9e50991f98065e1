/*
 * intake - a file of the tree becomes a manifest, believed as far as the file is trusted.
 */
#pragma once

#include "reconciler/tree.h"

/* What a file leaves in doubt. */
struct intake {
	bool faulty; /* it has errors, or is not trusted: what it does not name it may still mean */
	bool blind;  /* the default profile could be in what was not understood */
};

/* Reads F; what MODE says of files that are not trusted is heeded. Never NULL. */
struct manifest *intake_read(const struct tree_file *f, enum trust mode, bool lone,
			     struct diagnostics *ds, struct intake *out);
