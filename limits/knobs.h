/*
 * knobs - the kernel's side of limits: one row per attribute, its files on cgroup v1 and v2.
 * desire, observe, base, boot and place of the cgroup driver walk this table; what needs an order
 * of its own when written (memory with swap, quota with period, CPU sets with children) has a
 * writer named in its row. A new limit is a new row here and its twin in schema/keys.
 */
#pragma once

#include "limits/format.h"
#include "schema/driver.h"

#define KNOB_KEYS 3

struct knob {
	const char *attribute;
	const char *keys[KNOB_KEYS]; /* that govern it; the first is the one it is named after */
	const struct format *format;
	const char *v1[FORMAT_FILES], *v2[FORMAT_FILES]; /* none: no such thing on this version */
	const char *preset_v1, *preset_v2;               /* of a fresh start; NULL: see inherited */
	const char *inherited_v1; /* the parent's file that a fresh group's value comes from */
	const char *remedy;       /* where the kernel has no such file */
	/* Makes all changes of rows with this writer true at once; NULL: each file by itself. */
	void (*write)(struct container *c, struct change **changes, size_t n);
	/* driver.may_wait of the row; NULL: never. */
	bool (*may_wait)(struct container *c, const struct change *change);
	uint64_t unit; /* the kernel rounds down to it; KNOB_PAGE: a page; 0: not */
	enum controller controller;
	bool boot; /* LXC writes it at a start, from the boot file */
};

#define KNOB_PAGE 1

extern const struct driver cgroup_driver; /* object "cgroup" */

/* All rows, sorted by attribute. */
const struct knob *knobs_all(size_t *n);
const struct knob *knobs_find(const char *attribute); /* NULL: no such row */

/* The files behind a row on VERSION; the first is NULL when there are none. */
const char *const *knob_files(const struct knob *k, enum cgroup_version version);

/* What holds now, in our spelling; *OUT NULL: none. Returns 0 or -errno as format.read. */
int knob_read(const struct knob *k, struct filetext *t, const char **out);

/* Its own files on VERSION, behind LIST (NULL: none yet) with SEPARATOR between them. */
const char *knob_join(const struct knob *k, enum cgroup_version version, const char *list,
		      const char *separator, struct arena *a);

/* The kernel files that a config key governs, "memory.max;memory.swap.max"; NULL: none. */
const char *knobs_files(const char *key, enum cgroup_version version, struct arena *a);
