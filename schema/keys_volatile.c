#include "schema/keys_rows.h"

#define FOREIGN "LXD's and Incus's own state: accepted in exports, never enforced"

/* Values are not judged: whatever the other manager wrote is its own affair. */
#define FOREIGN_KEY(NAME, DIALECT, HELP)                                                           \
	ROW(NAME, grammar_text, SCOPE_INSTANCE, DIALECT, IGNORED, NONE, "not set", HELP, FOREIGN)

static const struct key volatile_rows[] = {
    FOREIGN_KEY("volatile.*", BOTH, "whatever else LXD or Incus remembers of the instance"),
    FOREIGN_KEY("volatile.<name>.apply_quota", BOTH, "disk size to be set at the next start"),
    FOREIGN_KEY("volatile.<name>.bus", LXD, "bus of a device"),
    FOREIGN_KEY("volatile.<name>.ceph_rbd", BOTH, "RBD device of a Ceph disk"),
    FOREIGN_KEY("volatile.<name>.devlxd.owner", LXD, "who owns a device through /dev/lxd"),
    FOREIGN_KEY("volatile.<name>.host_name", BOTH, "name of an interface's host end"),
    FOREIGN_KEY("volatile.<name>.hwaddr", BOTH, "address of an interface without hwaddr"),
    FOREIGN_KEY("volatile.<name>.io.bus", INCUS, "bus of a disk"),
    FOREIGN_KEY("volatile.<name>.last_state.created", BOTH, "was the parent made for it"),
    FOREIGN_KEY("volatile.<name>.last_state.hwaddr", BOTH, "address before it was passed in"),
    FOREIGN_KEY("volatile.<name>.last_state.ip_addresses", INCUS, "addresses it last had"),
    FOREIGN_KEY("volatile.<name>.last_state.mtu", BOTH, "MTU before it was passed in"),
    FOREIGN_KEY("volatile.<name>.last_state.pci.driver", BOTH, "driver before it was passed in"),
    FOREIGN_KEY("volatile.<name>.last_state.pci.parent", INCUS, "parent of a PCI device"),
    FOREIGN_KEY("volatile.<name>.last_state.pci.slot.name", INCUS, "slot of a PCI device"),
    FOREIGN_KEY("volatile.<name>.last_state.ready", BOTH, "was the device ready"),
    FOREIGN_KEY("volatile.<name>.last_state.usb.bus", BOTH, "bus of a USB device"),
    FOREIGN_KEY("volatile.<name>.last_state.usb.device", BOTH, "number of a USB device"),
    FOREIGN_KEY("volatile.<name>.last_state.vdpa.name", BOTH, "name of a vDPA device"),
    FOREIGN_KEY("volatile.<name>.last_state.vf.hwaddr", BOTH, "address of a virtual function"),
    FOREIGN_KEY("volatile.<name>.last_state.vf.id", BOTH, "number of a virtual function"),
    FOREIGN_KEY("volatile.<name>.last_state.vf.parent", BOTH, "parent of a virtual function"),
    FOREIGN_KEY("volatile.<name>.last_state.vf.spoofcheck", BOTH,
		"spoof check of a virtual function"),
    FOREIGN_KEY("volatile.<name>.last_state.vf.trusted", INCUS, "trust in a virtual function"),
    FOREIGN_KEY("volatile.<name>.last_state.vf.vlan", BOTH, "VLAN of a virtual function"),
    FOREIGN_KEY("volatile.<name>.mig.uuid", BOTH, "MIG instance of a GPU"),
    FOREIGN_KEY("volatile.<name>.name", BOTH, "guest name of an interface without name"),
    FOREIGN_KEY("volatile.<name>.uuid", BOTH, "disk identifier"),
    FOREIGN_KEY("volatile.<name>.vgpu.uuid", BOTH, "virtual GPU"),
    FOREIGN_KEY("volatile.apply_quota", BOTH, "disk size to be set at the next start"),
    FOREIGN_KEY("volatile.apply_template", BOTH, "templates to be written at the next start"),
    FOREIGN_KEY("volatile.attached_volumes", LXD, "volumes that were attached to a snapshot"),
    FOREIGN_KEY("volatile.base_image", BOTH, "fingerprint of the image it came from"),
    FOREIGN_KEY("volatile.cloud-init.instance-id", BOTH, "identifier shown to cloud-init"),
    FOREIGN_KEY("volatile.cluster.group", BOTH, "cluster group it was placed by"),
    FOREIGN_KEY("volatile.container.oci", INCUS, "is it an OCI container"),
    FOREIGN_KEY("volatile.cpu.nodes", INCUS, "NUMA nodes chosen for balanced"),
    FOREIGN_KEY("volatile.evacuate.origin", BOTH, "host it was evacuated from"),
    FOREIGN_KEY("volatile.idmap.base", BOTH, "first host id of its window"),
    FOREIGN_KEY("volatile.idmap.current", BOTH, "id map in use"),
    FOREIGN_KEY("volatile.idmap.next", BOTH, "id map of the next start"),
    FOREIGN_KEY("volatile.last_state.idmap", BOTH, "id map that the rootfs is shifted to"),
    FOREIGN_KEY("volatile.last_state.power", BOTH, "did it run when the host went down"),
    FOREIGN_KEY("volatile.last_state.ready", BOTH, "had it said that it was ready"),
    FOREIGN_KEY("volatile.rebalance.last_move", INCUS, "when it was last moved"),
    FOREIGN_KEY("volatile.selinux.context", INCUS, "SELinux context in use"),
    FOREIGN_KEY("volatile.uuid", BOTH, "identifier of the instance"),
    FOREIGN_KEY("volatile.uuid.generation", BOTH, "identifier of this state of the instance"),
};

static const struct key image_rows[] = {
    ROW("image.*", grammar_text, SCOPE_INSTANCE, BOTH, IGNORED, NONE, "not set",
	"what was copied from the image: image.os and so on", FOREIGN),
};

const struct key_table keys_image = {"image", "image.", SCOPE_INSTANCE, image_rows,
				     COUNT(image_rows)};
const struct key_table keys_volatile = {"volatile", "volatile.", SCOPE_INSTANCE, volatile_rows,
					COUNT(volatile_rows)};
