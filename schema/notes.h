/*
 * notes - what explain says of a key beyond its row: where it goes in the kernel and in LXC, by
 * which formula, what it means in full, and how it is written.
 */
#pragma once

#include <stddef.h>

struct note {
	const char *name;    /* a row's, DEVICE.OPTION or network.KEY; a final "*": several rows */
	const char *v1, *v2; /* lines "FILE = FORMULA" of cgroup v1 and v2; a path: of any layout */
	const char *link;    /* lines "WHAT = FORMULA" of links, qdiscs and routes */
	const char *lxc;     /* lines "ITEM = FORMULA" of the boot file */
	const char *examples; /* lines as a manifest has them: "limits.cpu: 2" */
	const char *text;     /* lines to be shown as they are */
};

/* The note for what explain calls a row: its own, else one for several. NULL: none. */
const struct note *note_find(const char *name);

/* All notes, sorted by name; *N of them. */
const struct note *notes_all(size_t *n);
