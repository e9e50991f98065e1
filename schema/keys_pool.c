#include "schema/keys_rows.h"

#define NO_POOL "not carried out yet: evenkeel makes no storage pools"
#define NO_DRIVER "evenkeel has no such storage driver"

#define POOL(NAME, GRAMMAR, DIALECT, PRESET, HELP)                                                 \
	ROW(NAME, GRAMMAR, SCOPE_POOL, DIALECT, UNSUPPORTED, NONE, PRESET, HELP, NO_POOL)
#define FOREIGN_POOL(NAME, GRAMMAR, DIALECT, PRESET, HELP)                                         \
	ROW(NAME, GRAMMAR, SCOPE_POOL, DIALECT, UNSUPPORTED, NONE, PRESET, HELP, NO_DRIVER)

static const struct key rows[] = {
    POOL("btrfs.mount_options", grammar_line, BOTH, "user_subvol_rm_allowed",
	 "how a btrfs is mounted"),
    FOREIGN_POOL("ceph.*", grammar_line, BOTH, "not set", "Ceph RBD"),
    FOREIGN_POOL("cephfs.*", grammar_line, BOTH, "not set", "CephFS"),
    FOREIGN_POOL("cephobject.*", grammar_line, BOTH, "not set", "Ceph object storage"),
    FOREIGN_POOL("linstor.*", grammar_line, INCUS, "not set", "LINSTOR"),
    FOREIGN_POOL("lvm.metadata_size", grammar_line, INCUS, "0",
		 "room for the metadata of a physical volume"),
    FOREIGN_POOL("lvm.thinpool_metadata_size", grammar_size_or_zero, BOTH, "0",
		 "metadata of the thin pool"),
    FOREIGN_POOL("lvm.thinpool_name", grammar_line, BOTH, "LXDThinPool", "name of the thin pool"),
    FOREIGN_POOL("lvm.use_thinpool", grammar_bool, BOTH, "true", "make volumes in a thin pool"),
    FOREIGN_POOL("lvm.vg.force_reuse", grammar_bool, BOTH, "false",
		 "take a volume group that is not empty"),
    FOREIGN_POOL("lvm.vg_name", grammar_line, BOTH, "the pool's", "name of the volume group"),
    FOREIGN_POOL("powerflex.*", grammar_line, LXD, "not set", "Dell PowerFlex"),
    FOREIGN_POOL("pure.*", grammar_line, LXD, "not set", "Pure Storage"),
    POOL("rsync.bwlimit", grammar_size_or_zero, BOTH, "0",
	 "most bytes a second when copying; 0 is no limit"),
    POOL("rsync.compression", grammar_bool, BOTH, "true", "compress when copying"),
    POOL("size", grammar_size, BOTH, "a fifth of the free space, 5 to 30 GiB",
	 "size of a loop file"),
    POOL("source", grammar_line, BOTH, "made by the driver", "directory, block device or dataset"),
    POOL("source.wipe", grammar_bool, BOTH, "false", "overwrite a block device that is not empty"),
    FOREIGN_POOL("truenas.*", grammar_line, INCUS, "not set", "TrueNAS"),
    ROW("user.*", grammar_text, SCOPE_POOL, BOTH, POLICY, NONE, "not set",
	"yours: any text under any name", NULL),
    ROW("volatile.*", grammar_text, SCOPE_POOL, BOTH, IGNORED, NONE, "not set",
	"what LXD or Incus remembers of the pool",
	"LXD's and Incus's own state: accepted in exports, never enforced"),
    POOL("volume.*", grammar_line, BOTH, "not set", "default for the pool's volumes"),
    FOREIGN_POOL("zfs.clone_copy", grammar_line, BOTH, "true",
		 "copy by clone: true, false or rebase"),
    FOREIGN_POOL("zfs.export", grammar_bool, BOTH, "true", "export the pool when it is unmounted"),
    FOREIGN_POOL("zfs.pool_name", grammar_line, BOTH, "the pool's", "name of the zpool or dataset"),
};

const struct key_table keys_pool = {"storage pools", NULL, SCOPE_POOL, rows, COUNT(rows)};
