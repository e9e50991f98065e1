/*
 * instance_idmap - the id map that an instance would start with.
 * The shared range, or the window of an isolated one, with raw.idmap punched in. Pure: what expand
 * prints and what the boot file gets is one computation.
 */
#pragma once

#include "schema/world.h"

/* Returns 0 (privileged: OUT is empty), -ENOENT when root has no range to give, or -EINVAL for what
 * the manifest asks and no kernel would take; WHY says what and what to do. WHY->offset counts in
 * the value of instance_idmap_setting(). Reads I's instance and window, H's idmap. */
int instance_idmap(const struct world_instance *i, const struct host *h, struct arena *a,
		   struct idmap *out, struct complaint *why);

/* The setting that decides about the map: raw.idmap, else security.idmap.*, else
 * security.privileged; NULL: the manifest names none of them. */
const struct expanded *instance_idmap_setting(const struct instance *i);

/* Is it unprivileged with a window of its own? *SIZE and *BASE as its keys say; *BASED: it names
 * a base. */
bool instance_isolated(const struct instance *i, struct arena *a, uint32_t *size, uint32_t *base,
		       bool *based);

/* Gives each isolated one of ITEMS its window: bases that are asked for first, then windows held
 * already (given in ITEMS), then the lowest free ones in the order of ITEMS. FOREIGN are those of
 * containers that are not in ITEMS. Where none is possible: size 0 and window_refused. */
void instance_windows(struct world_instance *items, size_t n, const struct host *h,
		      const struct idmap_window *foreign, size_t n_foreign, struct arena *a);

/* The lines that root lacks in subuid or subgid for MAP ("root:1000:1"), one per line, at most a
 * few; NULL: newuidmap(1) and newgidmap(1) would take it. */
char *instance_idmap_missing(const struct idmap_half *half, const struct subid *subids, size_t n,
			     struct arena *a);
