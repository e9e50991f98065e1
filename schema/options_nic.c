#include "schema/keys_rows.h"

#define NO_VLAN "not carried out: evenkeel sets no VLANs and makes no VLAN interfaces"
#define NO_OVN "evenkeel has no OVN driver"
#define NO_SRIOV "evenkeel has no SR-IOV driver"
#define NO_FILTER "not carried out yet: evenkeel writes no packet filters"
#define NO_UPLINK "not carried out: evenkeel announces no routes to an uplink"
#define NO_PORT "not carried out yet: evenkeel sets no flags of bridge ports"
#define NO_PLUG "not carried out: a nic is there while its manifest has it"
#define NO_PEAK                                                                                    \
	"not carried out: what the bucket holds passes as fast as the link can, and then the "     \
	"limit "                                                                                   \
	"holds"
#define NO_TABLE "not carried out: evenkeel sets routes in the main table alone"
#define NO_PROBE "not carried out: evenkeel asks nobody whether an address is free"
#define NO_VRF "not carried out: evenkeel puts no interface into a VRF"
#define GATEWAY_NOTE                                                                               \
	"routed: over the address of the host's end; ipvlan: over the interface itself, in mode "  \
	"l2 over an address"
#define ADDRESS_NOTE "of bridged nics it is not carried out: evenkeel runs no DHCP server"

/* What a link is made with, and what the boot file says of it. */
#define LINK(NAME, GRAMMAR, PRESET, HELP, NOTE)                                                    \
	OPTION(NAME, GRAMMAR, BOTH, LIVE, FILE, PRESET, HELP, NOTE)

/* What holds on the host's side of a link that is there. */
#define HOST(NAME, GRAMMAR, DIALECT, PRESET, HELP, NOTE)                                           \
	OPTION(NAME, GRAMMAR, DIALECT, LIVE, AFTER_START, PRESET, HELP, NOTE)

#define ACL(NAME, GRAMMAR, PRESET, HELP) IDLE_OPTION(NAME, GRAMMAR, BOTH, PRESET, HELP, NO_FILTER)

static const struct key rows[] = {
    IDLE_OPTION("acceleration", grammar_line, BOTH, "none", "hardware offload (ovn)", NO_OVN),
    IDLE_OPTION("acceleration.parent", grammar_word_list, INCUS, "not set",
		"interfaces for the hardware offload (ovn)", NO_OVN),
    IDLE_OPTION("attached", grammar_bool, INCUS, "true", "is the interface plugged in", NO_PLUG),
    OPTION("boot.priority", grammar_uint32, BOTH, IGNORED, NONE, "not set",
	   "who is booted from first", VM_ONLY),
    IDLE_OPTION("connected", grammar_bool, INCUS, "true", "is the cable plugged in", NO_PLUG),
    IDLE_OPTION("gvrp", grammar_bool, BOTH, "false", "register the VLAN by GVRP", NO_VLAN),
    LINK("host_name", grammar_interface, "ve and 10 hexadecimal digits", "name of the host's end",
	 "not given: any name will do, and the one that it has stays"),
    LINK("hwaddr", grammar_mac, "made from the names of the instance and the device",
	 "the interface's address",
	 "LXD and Incus make up one, and keep it in volatile.DEVICE.hwaddr"),
    OPTION("io.bus", grammar_line, INCUS, IGNORED, NONE, "not set", "bus of the interface",
	   VM_ONLY),
    LINK("ipv4.address", grammar_nic_addresses4, "not set",
	 "routed, ipvlan: addresses inside; bridged: the address that DHCP gives", ADDRESS_NOTE),
    IDLE_OPTION("ipv4.address.external", grammar_address4, INCUS, "not set",
		"external address (ovn)", NO_OVN),
    LINK("ipv4.gateway", grammar_gateway4, "auto", "default route inside (routed, ipvlan)",
	 GATEWAY_NOTE),
    HOST("ipv4.host_address", grammar_host_address4, BOTH, "169.254.0.1",
	 "address of the host's end (routed)", NULL),
    IDLE_OPTION("ipv4.host_table", grammar_uint32, BOTH, "not set",
		"one more routing table for the routes", NO_TABLE),
    IDLE_OPTION("ipv4.neighbor_probe", grammar_bool, BOTH, "true",
		"ask whether the addresses are in use (routed)", NO_PROBE),
    HOST("ipv4.routes", grammar_cidr4_list, BOTH, "not set", "routes to the container, on the host",
	 NULL),
    IDLE_OPTION("ipv4.routes.external", grammar_cidr4_list, BOTH, "not set",
		"routes to the container, for the uplink", NO_UPLINK),
    LINK("ipv6.address", grammar_nic_addresses6, "not set",
	 "routed, ipvlan: addresses inside; bridged: the address that DHCP gives", ADDRESS_NOTE),
    IDLE_OPTION("ipv6.address.external", grammar_address6, INCUS, "not set",
		"external address (ovn)", NO_OVN),
    LINK("ipv6.gateway", grammar_gateway6, "auto", "default route inside (routed, ipvlan)",
	 GATEWAY_NOTE),
    HOST("ipv6.host_address", grammar_host_address6, BOTH, "fe80::1",
	 "address of the host's end (routed)", NULL),
    IDLE_OPTION("ipv6.host_table", grammar_uint32, BOTH, "not set",
		"one more routing table for the routes", NO_TABLE),
    IDLE_OPTION("ipv6.neighbor_probe", grammar_bool, BOTH, "true",
		"ask whether the addresses are in use (routed)", NO_PROBE),
    HOST("ipv6.routes", grammar_cidr6_list, BOTH, "not set", "routes to the container, on the host",
	 NULL),
    IDLE_OPTION("ipv6.routes.external", grammar_cidr6_list, BOTH, "not set",
		"routes to the container, for the uplink", NO_UPLINK),
    HOST("limits.egress", grammar_bit_rate, BOTH, "no limit",
	 "most traffic out of the container, in bits a second", NULL),
    HOST("limits.egress.bucket", grammar_bits, INCUS, "a millisecond of the limit",
	 "bits that may pass at once, above limits.egress", NULL),
    IDLE_OPTION("limits.egress.burst", grammar_bit_rate, INCUS, "not set",
		"rate at which the bucket is emptied", NO_PEAK),
    HOST("limits.ingress", grammar_bit_rate, BOTH, "no limit",
	 "most traffic into the container, in bits a second", NULL),
    HOST("limits.ingress.bucket", grammar_bits, INCUS, "a millisecond of the limit",
	 "bits that may pass at once, above limits.ingress", NULL),
    IDLE_OPTION("limits.ingress.burst", grammar_bit_rate, INCUS, "not set",
		"rate at which the bucket is emptied", NO_PEAK),
    HOST("limits.max", grammar_bit_rate, BOTH, "no limit", "both limits at once; wins over the two",
	 NULL),
    HOST("limits.max.bucket", grammar_bits, INCUS, "a millisecond of the limit",
	 "both buckets at once; wins over the two", NULL),
    IDLE_OPTION("limits.max.burst", grammar_bit_rate, INCUS, "not set",
		"rate at which the buckets are emptied", NO_PEAK),
    HOST("limits.priority", grammar_uint32, BOTH, "0",
	 "priority of the packets towards the container", NULL),
    LINK("mode", grammar_ipvlan_mode, "l3s", "mode of an ipvlan",
	 "another one replaces the interface"),
    LINK("mtu", grammar_mtu, "the bridge's or parent's when it is made, else 1500",
	 "largest packet", NULL),
    LINK("name", grammar_interface, "the device's if that is ethN, else the first free ethN",
	 "name inside the container", NULL),
    IDLE_OPTION("nested", grammar_line, BOTH, "not set", "parent interface (ovn)", NO_OVN),
    LINK("network", grammar_line, "not set", "a network, which says the nictype and the parent",
	 "without a document of that name: a bridge of that name"),
    LINK("nictype", grammar_nictype, "must be given, unless network is", "kind of interface",
	 "another one replaces the interface, unless both are bridged, p2p or routed; ovn and "
	 "sriov are not carried out"),
    LINK("parent", grammar_interface, "must be given for most kinds", "interface of the host",
	 "a bridged nic moves to another bridge as it is; others are replaced"),
    HOST("queue.tx.length", grammar_uint32, BOTH, "1000, the kernel's",
	 "length of the send queues of both ends", NULL),
    ACL("security.acls", grammar_word_list, "not set", "access lists in force"),
    ACL("security.acls.default.egress.action", grammar_acl_action, "reject",
	"what becomes of other traffic out of the container"),
    ACL("security.acls.default.egress.logged", grammar_bool, "false", "is that traffic logged"),
    ACL("security.acls.default.ingress.action", grammar_acl_action, "reject",
	"what becomes of other traffic into the container"),
    ACL("security.acls.default.ingress.logged", grammar_bool, "false", "is that traffic logged"),
    ACL("security.ipv4_filtering", grammar_bool, "false",
	"drop packets from other IPv4 addresses than the container's"),
    ACL("security.ipv6_filtering", grammar_bool, "false",
	"drop packets from other IPv6 addresses than the container's"),
    ACL("security.mac_filtering", grammar_bool, "false",
	"drop frames from other addresses than the container's"),
    IDLE_OPTION("security.port_isolation", grammar_bool, BOTH, "false",
		"keep it from other isolated ports of the bridge", NO_PORT),
    IDLE_OPTION("security.promiscuous", grammar_bool, INCUS, "false",
		"see other traffic of the network (ovn)", NO_OVN),
    IDLE_OPTION("security.trusted", grammar_bool, INCUS, "false",
		"trust the virtual function (sriov)", NO_SRIOV),
    IDLE_OPTION("vlan", grammar_vlan, BOTH, "not set", "VLAN of untagged traffic", NO_VLAN),
    IDLE_OPTION("vlan.tagged", grammar_vlan_list, BOTH, "not set",
		"VLANs of tagged traffic (bridged)", NO_VLAN),
    IDLE_OPTION("vrf", grammar_interface, INCUS, "not set", "VRF of the host's end (routed)",
		NO_VRF),
};

const struct device_type device_nic = DEVICE("nic", "a network interface", LIVE, NULL, rows);
