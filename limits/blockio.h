/*
 * blockio - limits.read, limits.write and limits.max of disks, on the block device behind each.
 * Objects are "io/MAJ:MIN" with the attributes rbps, wbps, riops, wiops: bytes or operations per
 * second, "max" for none. v2 io.max, v1 blkio.throttle.*.
 */
#pragma once

#include "schema/driver.h"

extern const struct driver blockio_driver; /* object kind "io" */

/* The whole block device behind a path of the host: of its file system (ext4, xfs, btrfs, loop, dm;
 * a partition's disk), or of the node itself when PATH is a block device. Returns 0, or -errno with
 * a one-line reason in *WHY (in A). */
int blockio_device_behind(const char *path, unsigned *major, unsigned *minor, struct arena *a,
			  const char **why);
