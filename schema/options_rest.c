#include "schema/keys_rows.h"

#define NO_INFINIBAND "evenkeel does not pass InfiniBand interfaces"
#define NO_PROXY "not carried out yet: evenkeel forwards no connections"
#define NO_TPM "evenkeel runs no software TPM"

#define INFINIBAND(NAME, GRAMMAR, PRESET, HELP)                                                    \
	IDLE_OPTION(NAME, GRAMMAR, BOTH, PRESET, HELP, NO_INFINIBAND)
#define PROXY(NAME, GRAMMAR, PRESET, HELP) IDLE_OPTION(NAME, GRAMMAR, BOTH, PRESET, HELP, NO_PROXY)

static const struct key infiniband_rows[] = {
    INFINIBAND("hwaddr", grammar_infiniband_mac, "the device's", "the interface's address"),
    INFINIBAND("mtu", grammar_mtu, "the parent's", "largest packet"),
    INFINIBAND("name", grammar_interface, "the parent's", "name inside the container"),
    INFINIBAND("nictype", grammar_infiniband_nictype, "must be given", "kind of interface"),
    INFINIBAND("parent", grammar_interface, "must be given", "interface of the host"),
};

static const struct key proxy_rows[] = {
    PROXY("bind", grammar_proxy_bind, "host", "where to listen"),
    PROXY("connect", grammar_proxy_address, "must be given", "address to connect to"),
    PROXY("gid", grammar_id, "0", "group of a listening socket file"),
    PROXY("listen", grammar_proxy_address, "must be given", "address to listen on"),
    PROXY("mode", grammar_mode, "0644", "mode of a listening socket file, in octal"),
    PROXY("nat", grammar_bool, "false", "forward in the kernel, not by a process"),
    PROXY("proxy_protocol", grammar_bool, "false", "tell the other side who connects"),
    PROXY("security.gid", grammar_id, "0", "group that the process drops to"),
    PROXY("security.uid", grammar_id, "0", "user that the process drops to"),
    PROXY("uid", grammar_id, "0", "owner of a listening socket file"),
};

static const struct key tpm_rows[] = {
    IDLE_OPTION("path", grammar_path, BOTH, "must be given", "node inside: /dev/tpm0", NO_TPM),
    IDLE_OPTION("pathrm", grammar_path, BOTH, "must be given", "node inside: /dev/tpmrm0", NO_TPM),
};

static const struct key pci_rows[] = {
    OPTION("address", grammar_pci, BOTH, IGNORED, NONE, "must be given", "PCI address", VM_ONLY),
};

const struct device_type device_none = {
    "none", "masks an inherited device of the same name", EFFECT_POLICY, NULL, NULL, 0,
};
const struct device_type device_infiniband =
    DEVICE("infiniband", "an InfiniBand interface", UNSUPPORTED, NO_INFINIBAND, infiniband_rows);
const struct device_type device_proxy =
    DEVICE("proxy", "connections forwarded into or out of the container", UNSUPPORTED, NO_PROXY,
	   proxy_rows);
const struct device_type device_tpm =
    DEVICE("tpm", "a software TPM", UNSUPPORTED, NO_TPM, tpm_rows);
const struct device_type device_pci =
    DEVICE("pci", "a PCI device of the host", IGNORED, VM_ONLY, pci_rows);
