/*
 * blockio - limits.read, limits.write and limits.max of disks, on the block device behind each.
 * Objects are "io/MAJ:MIN" with the attributes rbps, wbps, riops, wiops: bytes or operations per
 * second, "max" for none. v2 io.max, v1 blkio.throttle.*.
 *
 * One device of a container has one limit: two disks on it that ask for different ones are refused,
 * both lines named (UNKNOWN, so that nothing is written), and the rest goes on. A disk without a
 * block device shows as "io/DISK" with the option as attribute.
 */
#pragma once

#include "schema/driver.h"

extern const struct driver blockio_driver; /* object kind "io" */

/* Fills I->disks: asks the kernel which block devices lie behind the disks that have limits.
 * ROOTFS: the container's lxc.rootfs.path; NULL: not known, there is no container yet. To be called
 * before desire, which reads no file. Costs nothing for an instance without such disks. */
void blockio_resolve(struct world_instance *i, const char *rootfs, struct arena *a);

/* Does I have a disk whose device must be resolved, and is it (also) the root disk, so that ROOTFS
 * is needed? */
bool blockio_needs_rootfs(const struct instance *i);
