/*
 * format - what stands in cgroup files, as an attribute's one value; and back.
 * An attribute is one text on every layout, its files differ: cpu.max is two files on v1, swap is a
 * difference there, io.weight has a line per device. A pair of functions for each such format.
 */
#pragma once

#include "limits/filetext.h"

/* Up to two files carry an attribute; unused ones are NULL. */
#define FORMAT_FILES 2

struct format {
	/* The value in FILES. *OUT NULL: looked, and there is none. Returns 0 or -errno: -ENOENT
	 * no such file. */
	int (*read)(struct filetext *t, const char *const *files, const char **out);
	/* The texts that FILES take for VALUE, in the order of FILES; NULL: nothing to write there.
	 * MEMORY: the value of memory.max beside it, which v1's swap file includes. */
	void (*spell)(enum cgroup_version version, const char *value, const char *memory,
		      struct arena *a, const char *texts[FORMAT_FILES]);
};

extern const struct format format_bytes, /* "268435456", "max"; the same in both files */
    format_count,                        /* likewise, with "max" on v1 too */
    format_weight,                       /* a number that the kernel clamps */
    format_swap,                         /* swap alone; v1: the second file is the limit */
    format_quota,                        /* "QUOTA PERIOD", "max 100000" */
    format_cpus,                         /* a CPU list; "" on v2 is none */
    format_io_weight;                    /* whichever of the two files there is */
