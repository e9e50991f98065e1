/*
 * explain - what a key or a device option means: its row, its note, its place in the kernel.
 * A name that was asked for becomes topics; two printers show them.
 */
#pragma once

#include "reconciler/options.h"
#include "schema/keys.h"

#include <stdio.h>

/* Something to be explained: a row, and where it is an option of a device, which. */
struct topic {
	const char *label;     /* "limits.memory", "nic.limits.egress", "network.ipv4.address" */
	const char *group;     /* the heading it stands under in a list */
	const struct key *key; /* NULL: the device itself */
	const struct device_type *device; /* NULL: a config key */
	bool brief;                       /* one line of a list */
};

struct topics {
	struct arena *arena;
	struct topic *items;
	size_t n, capacity;
};

/* What NAME may mean: a key, a kind of device with its options, an option of one kind or of all
 * that have it, the first part of several keys. NULL: everything, briefly. Returns how many topics
 * it was, 0: unknown. */
size_t topics_find(struct topics *out, const char *name);

/* The name that was perhaps meant, or NULL. */
const char *topics_near_miss(const char *name, struct arena *a);

void explain_text(FILE *f, const struct topics *topics, bool color);
void explain_json(FILE *f, const struct topics *topics);

/* All names of O (none: the list of everything), as text or JSON; unknown ones are errors in DS.
 * Returns the exit status. */
int explain_print(FILE *f, const struct options *o, struct diagnostics *ds);
