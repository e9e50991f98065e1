/*
 * blockdev - the block devices behind a path of the host: of its file system, or of the node
 * itself. The kernel says it: st_dev of an ext4, xfs, loop or device-mapper file system is the
 * device; btrfs has numbers of its own and names its devices in sysfs. A partition's disk is what
 * takes limits (blk-throttle works on whole devices); loop and dm are limited as themselves.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct arena;

struct blockdev {
	unsigned major, minor;
};

struct blockdevs {
	struct blockdev *items; /* one, or each device of a btrfs */
	size_t n;
};

/* Returns 0 and at least one device, in A, or -errno with a one-line reason in *WHY (in A):
 * -ENODEV: such a file system has no block device of its own (overlay, tmpfs, nfs, zfs, ...). */
int blockdev_behind(const char *path, struct arena *a, struct blockdevs *out, const char **why);

/* The whole device that NUMBER belongs to: itself, or its disk when it is a partition. Returns 0 or
 * -errno: -ENXIO no such device. */
int blockdev_whole(dev_t number, struct blockdev *out);
