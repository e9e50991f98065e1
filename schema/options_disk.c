#include "schema/keys_rows.h"

#define NO_MOUNT "not carried out yet: disks are not mounted, only their I/O limits are set"
#define NO_QUOTA "not carried out yet: evenkeel sets no disk quotas"
#define NO_CEPH "evenkeel has no Ceph driver"
#define BLOCK_DEVICE                                                                               \
	"set on the whole block device behind the path; two disks on one device must agree"

#define RATE(NAME, HELP)                                                                           \
	OPTION(NAME, grammar_disk_rate, BOTH, LIVE, AFTER_START, "no limit", HELP, BLOCK_DEVICE)

#define VM_OPTION(NAME, GRAMMAR, DIALECT, HELP)                                                    \
	OPTION(NAME, GRAMMAR, DIALECT, IGNORED, NONE, "not set", HELP, VM_ONLY)

static const struct key rows[] = {
    VM_OPTION("attached", grammar_bool, INCUS, "is the disk plugged in"),
    VM_OPTION("boot.priority", grammar_uint32, BOTH, "who is booted from first"),
    IDLE_OPTION("ceph.cluster_name", grammar_line, BOTH, "ceph", "name of the Ceph cluster",
		NO_CEPH),
    IDLE_OPTION("ceph.user_name", grammar_line, BOTH, "admin", "user in the Ceph cluster", NO_CEPH),
    VM_OPTION("dependent", grammar_bool, INCUS, "does the volume follow the instance"),
    IDLE_OPTION("initial.*", grammar_line, BOTH, "not set",
		"configuration of the root volume when it is made",
		"not carried out yet: evenkeel makes no volumes"),
    VM_OPTION("io.bus", grammar_line, BOTH, "bus of the disk"),
    VM_OPTION("io.cache", grammar_line, BOTH, "caching of the disk"),
    VM_OPTION("io.threads", grammar_line, LXD, "threads of a shared directory"),
    RATE("limits.max", "most bytes or operations a second, for reading and for writing"),
    VM_OPTION("limits.max.burst", grammar_line, INCUS, "short excess over limits.max"),
    VM_OPTION("limits.max.burst.length", grammar_line, INCUS, "how long an excess may last"),
    RATE("limits.read", "most bytes or operations read a second"),
    VM_OPTION("limits.read.burst", grammar_line, INCUS, "short excess over limits.read"),
    VM_OPTION("limits.read.burst.length", grammar_line, INCUS, "how long an excess may last"),
    RATE("limits.write", "most bytes or operations written a second"),
    VM_OPTION("limits.write.burst", grammar_line, INCUS, "short excess over limits.write"),
    VM_OPTION("limits.write.burst.length", grammar_line, INCUS, "how long an excess may last"),
    OPTION("optional", grammar_bool, BOTH, POLICY, NONE, "false", "old inverse of required",
	   "true: a missing source makes no error of the I/O limits; nothing is mounted yet"),
    OPTION(
	"path", grammar_path, BOTH, POLICY, NONE, "must be given",
	"where the disk is inside the container; / is the root disk",
	"says which disk is the root: its limits are those of the rootfs; nothing is mounted yet"),
    OPTION("pool", grammar_line, BOTH, POLICY, NONE, "not set",
	   "storage pool of the root disk, or of the volume named by source",
	   "the rootfs stays where it is: pools are not carried out yet"),
    IDLE_OPTION("propagation", grammar_propagation, BOTH, "private",
		"how mounts spread between the host and the container", NO_MOUNT),
    IDLE_OPTION("raw.mount.options", grammar_word_list, BOTH, "not set",
		"options for mounting a file system", NO_MOUNT),
    IDLE_OPTION("readonly", grammar_bool, BOTH, "false", "mount it read-only", NO_MOUNT),
    IDLE_OPTION("recursive", grammar_bool, BOTH, "false", "mount what is below the source, too",
		NO_MOUNT),
    OPTION("required", grammar_bool, BOTH, POLICY, NONE, "true",
	   "is a missing source an error, or is the disk left out",
	   "false: a missing source makes no error of the I/O limits; nothing is mounted yet"),
    IDLE_OPTION("shift", grammar_bool, BOTH, "false",
		"map the ids of the source's files into the container", NO_MOUNT),
    IDLE_OPTION("size", grammar_size, BOTH, "no limit", "most that the root disk may hold",
		NO_QUOTA),
    VM_OPTION("size.state", grammar_size, BOTH, "room for the machine's memory"),
    IDLE_OPTION("source", grammar_line, BOTH, "must be given, except for the root disk",
		"a path of the host, or a volume of the pool", NO_MOUNT),
    IDLE_OPTION("source.snapshot", grammar_line, BOTH, "not set", "a snapshot of the volume",
		NO_MOUNT),
    IDLE_OPTION("source.type", grammar_line, BOTH, "custom", "the kind of volume", NO_MOUNT),
    VM_OPTION("wwn", grammar_line, INCUS, "world wide name of the disk"),
};

const struct device_type device_disk =
    DEVICE("disk", "the root disk, a directory or file of the host, or a volume", LIVE,
	   "limits.read, limits.write and limits.max are set; disks are not mounted yet", rows);
