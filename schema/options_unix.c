#include "schema/keys_rows.h"

#define NO_NODE "not carried out yet: evenkeel makes no device nodes"

#define NODE(NAME, GRAMMAR, PRESET, HELP) IDLE_OPTION(NAME, GRAMMAR, BOTH, PRESET, HELP, NO_NODE)

#define GID NODE("gid", grammar_id, "0", "group of the node, as an id inside")
#define MODE(PRESET) NODE("mode", grammar_mode, PRESET, "mode of the node, in octal")
#define UID NODE("uid", grammar_id, "0", "owner of the node, as an id inside")
#define REQUIRED(PRESET)                                                                           \
	NODE("required", grammar_bool, PRESET, "is a missing device an error, or is it waited for")
#define MAJOR NODE("major", grammar_uint32, "the host node's", "major number of the device")
#define MINOR NODE("minor", grammar_uint32, "the host node's", "minor number of the device")
#define PATH NODE("path", grammar_path, "that of source", "where the node is inside")
#define SOURCE NODE("source", grammar_host_path, "that of path", "the host's node, below /dev")
#define VENDOR NODE("vendorid", grammar_hex4, "any", "vendor, 4 hexadecimal digits")
#define PRODUCT NODE("productid", grammar_hex4, "any", "product, 4 hexadecimal digits")

static const struct key char_rows[] = {
    GID, MAJOR, MINOR, MODE("0660"), PATH, REQUIRED("true"), SOURCE, UID,
};

static const struct key block_rows[] = {
    GID,
    IDLE_OPTION("limits.read", grammar_word_list, INCUS, "no limit",
		"most bytes or operations read a second: 10MiB,300iops", NO_NODE),
    IDLE_OPTION("limits.write", grammar_word_list, INCUS, "no limit",
		"most bytes or operations written a second: 10MiB,300iops", NO_NODE),
    MAJOR,
    MINOR,
    MODE("0660"),
    PATH,
    REQUIRED("true"),
    SOURCE,
    UID,
};

static const struct key hotplug_rows[] = {
    GID,
    MODE("the host node's"),
    NODE("ownership.inherit", grammar_bool, "false", "take owner and mode from the host's node"),
    PRODUCT,
    REQUIRED("false"),
    NODE("subsystem", grammar_line, "any", "subsystem, as udev calls it"),
    UID,
    VENDOR,
};

static const struct key usb_rows[] = {
    NODE("attached", grammar_bool, "true", "is the device plugged in"),
    NODE("busnum", grammar_uint32, "any", "number of the bus"),
    NODE("devnum", grammar_uint32, "any", "number of the device on its bus"),
    GID,
    MODE("the host node's, else 0660"),
    PRODUCT,
    REQUIRED("false"),
    NODE("serial", grammar_line, "any", "serial number"),
    UID,
    VENDOR,
};

static const struct key gpu_rows[] = {
    GID,
    NODE("gputype", grammar_gputype, "physical", "kind of GPU"),
    NODE("id", grammar_line, "any", "number of the DRM card, or a CDI name"),
    NODE("mdev", grammar_line, "must be given for mdev", "profile of a mediated device"),
    NODE("mig.ci", grammar_line, "not set", "number of a MIG compute instance"),
    NODE("mig.gi", grammar_line, "not set", "number of a MIG GPU instance"),
    NODE("mig.uuid", grammar_line, "not set", "a MIG device"),
    MODE("0660"),
    NODE("pci", grammar_pci, "any", "PCI address"),
    PRODUCT,
    UID,
    VENDOR,
};

const struct device_type device_unix_char =
    DEVICE("unix-char", "a character device of the host", UNSUPPORTED, NO_NODE, char_rows);
const struct device_type device_unix_block =
    DEVICE("unix-block", "a block device of the host", UNSUPPORTED, NO_NODE, block_rows);
const struct device_type device_unix_hotplug = DEVICE(
    "unix-hotplug", "devices of the host as they come and go", UNSUPPORTED, NO_NODE, hotplug_rows);
const struct device_type device_usb =
    DEVICE("usb", "USB devices of the host as they come and go", UNSUPPORTED, NO_NODE, usb_rows);
const struct device_type device_gpu =
    DEVICE("gpu", "graphics cards of the host", UNSUPPORTED, NO_NODE, gpu_rows);
