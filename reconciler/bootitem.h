/*
 * bootitem - one kind of "config" property: how it is wanted, seen, put back and written.
 * The rows that the bootconfig driver walks; each subject has a room of its own.
 */
#pragma once

#include "schema/driver.h"

struct bootitem {
	const char *attribute; /* an LXC item, or a final "*" for any rest */
	/* Adds what should hold. NULL: another row's adds it. */
	void (*desire)(const struct world *w, const struct world_instance *i,
		       struct properties *out);
	/* What a running container was started with, spelt as ASKED where it means the same; NULL:
	 * nothing. */
	const char *(*observe)(const struct container *c, const struct property *asked,
			       struct arena *a);
	/* What the container's own config gives; NULL: nothing. */
	const char *(*base)(const struct container *c, const struct property *owned,
			    struct arena *a);
	/* The boot file's lines for it. */
	void (*boot)(const struct property *p, struct arena *a, const char ***lines, size_t *n,
		     size_t *capacity);
	/* Nothing in the kernel: read by LXC's tools from the files. It holds once written. */
	bool file_only;
};

extern const struct bootitem bootitem_environment, bootitem_idmap, bootitem_rootfs_options,
    bootitem_nesting, bootitem_apparmor, bootitem_seccomp, bootitem_start_auto,
    bootitem_start_delay, bootitem_start_order, bootitem_rawlxc;

/* ---- for the rows ---- */

/* Adds a wanted property that KEY asks for. */
struct property *bootitem_want(struct properties *out, const char *attribute, const char *value,
			       const struct expanded *e);
/* Turns it into one that cannot be had. */
void bootitem_refuse(struct property *p, const char *reason, const char *remedy);

/* Appends a line; LINE is not copied. */
void bootitem_line(struct arena *a, const char *line, const char ***lines, size_t *n,
		   size_t *capacity);
/* "KEY = VALUE" by the one writer; what it refuses is left out (desire has refused it before). */
void bootitem_setting(struct arena *a, const char *key, const char *value, const char ***lines,
		      size_t *n, size_t *capacity);

/* The running container's item, or that of its own config. */
const char *bootitem_running(const struct container *c, const struct property *asked,
			     struct arena *a);
const char *bootitem_own(const struct container *c, const struct property *owned, struct arena *a);
/* One line, "ATTRIBUTE = VALUE". */
void bootitem_write(const struct property *p, struct arena *a, const char ***lines, size_t *n,
		    size_t *capacity);
