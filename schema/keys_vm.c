#include "schema/keys_rows.h"

/* Profiles are shared with virtual machines: there these keys pass, and do nothing. */
#define VM_KEY(NAME, GRAMMAR, DIALECT, HELP)                                                       \
	ROW(NAME, GRAMMAR, SCOPE_PROFILE, DIALECT, IGNORED, NONE, "not set", HELP, VM_ONLY)

static const struct key rows[] = {
    VM_KEY("agent.nic_config", grammar_bool, BOTH, "let the agent name the interfaces"),
    VM_KEY("boot.debug_edk2", grammar_bool, BOTH, "log what the firmware says"),
    VM_KEY("boot.mode", grammar_line, LXD, "firmware of the machine"),
    VM_KEY("limits.cpu.pin_strategy", grammar_line, LXD, "whether CPUs are pinned"),
    VM_KEY("limits.max_bus_ports", grammar_integer, LXD,
	   "most devices that may be plugged in later"),
    VM_KEY("limits.memory.hotplug", grammar_line, INCUS, "memory that may be plugged in later"),
    VM_KEY("limits.memory.hugepages", grammar_bool, BOTH,
	   "back the machine's memory by huge pages"),
    VM_KEY("raw.qemu", grammar_text, BOTH, "arguments for QEMU"),
    VM_KEY("raw.qemu.*", grammar_text, BOTH, "configuration for QEMU"),
    VM_KEY("security.agent.metrics", grammar_bool, BOTH, "let the agent report usage"),
    VM_KEY("security.csm", grammar_bool, BOTH, "firmware for old systems"),
    VM_KEY("security.iommu", grammar_bool, INCUS, "give the machine an IOMMU"),
    VM_KEY("security.secureboot", grammar_bool, BOTH, "UEFI secure boot"),
    VM_KEY("security.sev", grammar_bool, BOTH, "AMD memory encryption"),
    VM_KEY("security.sev.*", grammar_text, BOTH, "AMD memory encryption: policy and session"),
    VM_KEY("smbios11.*", grammar_line, INCUS, "strings for the machine's SMBIOS"),
};

const struct key_table keys_vm = {"virtual machines", NULL, SCOPE_PROFILE, rows, COUNT(rows)};
