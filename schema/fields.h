/*
 * fields - the fields of instances, profiles, networks and pools, each read into its document.
 */
#pragma once

#include "schema/reading.h"

struct field {
	const char *name;
	/* NULL: written by LXD and Incus, never read. */
	void (*read)(struct reading *r, const struct node *value, struct document *d);
};

/* The fields of documents of KIND; *N rows. */
const struct field *fields_of(enum kind kind, size_t *n);
