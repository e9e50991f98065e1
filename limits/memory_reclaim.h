/*
 * memory_reclaim - lowering a memory limit below what is in use, without killing for it.
 * v1 reclaims in the write itself and refuses with EBUSY when that is not enough. v2 would kill
 * inside the container: there the kernel is asked to reclaim first, and the limit is written only
 * when it then fits.
 */
#pragma once

#include "limits/memory_order.h"

struct cgroup_file;

/* Writes TEXT, which means TO, to FILE (MEMORY_MAX or MEMORY_SWAP). Returns 0 or -errno: -EBUSY
 * when more is in use and stays; *ADVICE then says how much. FORCE: written anyway, and the kernel
 * does what it must. */
int memory_reclaim_write(const struct container *c, enum memory_file which,
			 const struct cgroup_file *file, uint64_t to, const char *text, bool force,
			 const char **advice);

/* Does making CHANGE true reclaim memory, and so perhaps wait for a disk? Only where it lowers a
 * limit to what is in use now, or nearly. */
bool memory_may_wait(struct container *c, const struct change *change);
