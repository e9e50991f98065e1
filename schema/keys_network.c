#include "schema/keys_rows.h"

#define NO_NETWORK "evenkeel makes the bridge with its addresses, and no more of it"
#define NO_SUBNET                                                                                  \
	"not set is none here; auto, a subnet at random, is LXD's and Incus's preset: evenkeel "   \
	"picks none"
#define NO_DHCP "evenkeel runs no DHCP server: give the containers addresses of their own"
#define NO_DNS "evenkeel runs no name server"
#define NO_NAT "evenkeel writes no packet filters: masquerade with the host's own"
#define NO_FILTER "evenkeel writes no packet filters"
#define NO_ROUTING "evenkeel sets no routing: net.ipv4.ip_forward and its like are the host's"
#define NO_BGP "evenkeel speaks no BGP"
#define NO_OVN "evenkeel has no OVN driver"
#define NO_FAN "evenkeel makes no fan bridges"
#define NO_TUNNEL "evenkeel makes no tunnels"
#define NO_MAAS "evenkeel asks no MAAS"
#define NO_VLAN "not carried out yet: evenkeel makes no VLAN interfaces"

/* One that nobody carries out; NOTE says why. */
#define IDLE(NAME, GRAMMAR, DIALECT, PRESET, HELP, NOTE)                                           \
	ROW(NAME, GRAMMAR, SCOPE_NETWORK, DIALECT, UNSUPPORTED, NONE, PRESET, HELP, NOTE)

#define NETWORK(NAME, GRAMMAR, DIALECT, PRESET, HELP)                                              \
	IDLE(NAME, GRAMMAR, DIALECT, PRESET, HELP, NO_NETWORK)

#define LIVE(NAME, GRAMMAR, PRESET, HELP, NOTE)                                                    \
	ROW(NAME, GRAMMAR, SCOPE_NETWORK, BOTH, LIVE, NONE, PRESET, HELP, NOTE)

static const struct key rows[] = {
    IDLE("bgp.ipv4.nexthop", grammar_host_address4, BOTH, "local", "next hop to advertise", NO_BGP),
    IDLE("bgp.ipv6.nexthop", grammar_host_address6, BOTH, "local", "next hop to advertise", NO_BGP),
    IDLE("bgp.peers.<name>.address", grammar_line, BOTH, "not set", "address of a BGP peer",
	 NO_BGP),
    IDLE("bgp.peers.<name>.asn", grammar_uint32, BOTH, "not set", "AS number of a BGP peer",
	 NO_BGP),
    IDLE("bgp.peers.<name>.holdtime", grammar_seconds, BOTH, "180", "hold time of a BGP peer",
	 NO_BGP),
    IDLE("bgp.peers.<name>.password", grammar_line, BOTH, "not set", "password of a BGP peer",
	 NO_BGP),
    ROW("bridge.driver", grammar_bridge_driver, SCOPE_NETWORK, BOTH, POLICY, NONE, "native",
	"kind of bridge", "openvswitch: evenkeel does not make it, and says so"),
    NETWORK("bridge.external_interfaces", grammar_word_list, BOTH, "not set",
	    "interfaces of the host that join the bridge"),
    LIVE("bridge.hwaddr", grammar_mac, "made from the names of network and host",
	 "the bridge's hardware address",
	 "LXD and Incus make one up and keep it; evenkeel's is always the same on one host"),
    ROW("bridge.mode", grammar_bridge_mode, SCOPE_NETWORK, LXD, POLICY, NONE, "standard",
	"standard or fan", "fan: evenkeel does not make it, and says so"),
    LIVE("bridge.mtu", grammar_mtu, "1500", "largest packet", NULL),
    IDLE("dns.domain", grammar_line, BOTH, "lxd (Incus: incus)", "domain of the containers",
	 NO_DNS),
    IDLE("dns.mode", grammar_dns_mode, BOTH, "managed",
	 "managed: names of the manifests; dynamic: names that clients give", NO_DNS),
    IDLE("dns.nameservers", grammar_word_list, BOTH, "the bridge's own", "name servers to announce",
	 NO_DNS),
    IDLE("dns.search", grammar_word_list, BOTH, "dns.domain", "search list to announce", NO_DNS),
    IDLE("dns.zone.forward", grammar_word_list, BOTH, "not set", "DNS zones for names", NO_DNS),
    IDLE("dns.zone.reverse.ipv4", grammar_line, BOTH, "not set", "DNS zone for addresses", NO_DNS),
    IDLE("dns.zone.reverse.ipv6", grammar_line, BOTH, "not set", "DNS zone for addresses", NO_DNS),
    IDLE("fan.overlay_subnet", grammar_cidr4_list, LXD, "240.0.0.0/8", "overlay of the fan",
	 NO_FAN),
    IDLE("fan.type", grammar_line, LXD, "vxlan", "tunnels of the fan", NO_FAN),
    IDLE("fan.underlay_subnet", grammar_line, LXD, "auto", "underlay of the fan", NO_FAN),
    IDLE("gvrp", grammar_bool, BOTH, "false", "register the VLAN by GVRP", NO_VLAN),
    LIVE("ipv4.address", grammar_bridge_address4, "none", "address of the bridge on the host",
	 NO_SUBNET),
    IDLE("ipv4.dhcp", grammar_bool, BOTH, "true", "give addresses by DHCP", NO_DHCP),
    IDLE("ipv4.dhcp.expiry", grammar_line, BOTH, "1h", "how long a lease lasts", NO_DHCP),
    IDLE("ipv4.dhcp.gateway", grammar_host_address4, BOTH, "the bridge's", "gateway to announce",
	 NO_DHCP),
    IDLE("ipv4.dhcp.ranges", grammar_word_list, BOTH, "all",
	 "addresses to give: FIRST-LAST, with commas between", NO_DHCP),
    IDLE("ipv4.dhcp.routes", grammar_line, INCUS, "not set", "routes to announce", NO_DHCP),
    IDLE("ipv4.firewall", grammar_bool, BOTH, "true", "let the bridge's traffic through the filter",
	 NO_FILTER),
    NETWORK("ipv4.gateway", grammar_bridge_address4, BOTH, "not set",
	    "gateway of a physical network"),
    IDLE("ipv4.nat", grammar_bool, BOTH, "false; true with address auto", "masquerade", NO_NAT),
    IDLE("ipv4.nat.address", grammar_host_address4, BOTH, "the host's", "source address of NAT",
	 NO_NAT),
    IDLE("ipv4.nat.order", grammar_nat_order, BOTH, "before", "NAT before or after other rules",
	 NO_NAT),
    IDLE("ipv4.ovn.ranges", grammar_word_list, BOTH, "not set", "addresses for OVN networks",
	 NO_OVN),
    NETWORK("ipv4.routes", grammar_cidr4_list, BOTH, "not set", "more networks to route to it"),
    NETWORK("ipv4.routes.anycast", grammar_bool, BOTH, "false", "may routes overlap"),
    IDLE("ipv4.routing", grammar_bool, BOTH, "true", "forward its traffic", NO_ROUTING),
    LIVE("ipv6.address", grammar_bridge_address6, "none", "address of the bridge on the host",
	 NO_SUBNET),
    IDLE("ipv6.dhcp", grammar_bool, BOTH, "true", "give more by DHCP", NO_DHCP),
    IDLE("ipv6.dhcp.expiry", grammar_line, BOTH, "1h", "how long a lease lasts", NO_DHCP),
    IDLE("ipv6.dhcp.ranges", grammar_word_list, BOTH, "all",
	 "addresses to give: FIRST-LAST, with commas between", NO_DHCP),
    IDLE("ipv6.dhcp.stateful", grammar_bool, BOTH, "false", "give addresses by DHCP", NO_DHCP),
    IDLE("ipv6.firewall", grammar_bool, BOTH, "true", "let the bridge's traffic through the filter",
	 NO_FILTER),
    NETWORK("ipv6.gateway", grammar_bridge_address6, BOTH, "not set",
	    "gateway of a physical network"),
    IDLE("ipv6.nat", grammar_bool, BOTH, "false; true with address auto", "masquerade", NO_NAT),
    IDLE("ipv6.nat.address", grammar_host_address6, BOTH, "the host's", "source address of NAT",
	 NO_NAT),
    IDLE("ipv6.nat.order", grammar_nat_order, BOTH, "before", "NAT before or after other rules",
	 NO_NAT),
    IDLE("ipv6.ovn.ranges", grammar_word_list, BOTH, "not set", "addresses for OVN networks",
	 NO_OVN),
    NETWORK("ipv6.routes", grammar_cidr6_list, BOTH, "not set", "more networks to route to it"),
    NETWORK("ipv6.routes.anycast", grammar_bool, BOTH, "false", "may routes overlap"),
    IDLE("ipv6.routing", grammar_bool, BOTH, "true", "forward its traffic", NO_ROUTING),
    IDLE("maas.subnet.ipv4", grammar_line, LXD, "not set", "MAAS subnet", NO_MAAS),
    IDLE("maas.subnet.ipv6", grammar_line, LXD, "not set", "MAAS subnet", NO_MAAS),
    LIVE("mtu", grammar_mtu, "the parent's", "largest packet of the nics on it", NULL),
    IDLE("network", grammar_line, BOTH, "not set", "uplink of an OVN network", NO_OVN),
    IDLE("ovn.ingress_mode", grammar_line, BOTH, "l2proxy", "how an OVN network is reached",
	 NO_OVN),
    LIVE("parent", grammar_interface, "must be given", "interface of the host", NULL),
    IDLE("raw.dnsmasq", grammar_text, BOTH, "not set", "lines of dnsmasq's own configuration",
	 NO_DHCP),
    IDLE("security.acls", grammar_word_list, BOTH, "not set", "access lists in force", NO_FILTER),
    IDLE("security.acls.default.egress.action", grammar_acl_action, BOTH, "reject",
	 "what becomes of other traffic out of containers", NO_FILTER),
    IDLE("security.acls.default.egress.logged", grammar_bool, BOTH, "false", "is it logged",
	 NO_FILTER),
    IDLE("security.acls.default.ingress.action", grammar_acl_action, BOTH, "reject",
	 "what becomes of other traffic into containers", NO_FILTER),
    IDLE("security.acls.default.ingress.logged", grammar_bool, BOTH, "false", "is it logged",
	 NO_FILTER),
    IDLE("tunnel.<name>.group", grammar_line, BOTH, "239.0.0.1", "multicast group of a VXLAN",
	 NO_TUNNEL),
    IDLE("tunnel.<name>.id", grammar_uint32, BOTH, "0", "number of a VXLAN", NO_TUNNEL),
    IDLE("tunnel.<name>.interface", grammar_interface, BOTH, "not set", "interface of a tunnel",
	 NO_TUNNEL),
    IDLE("tunnel.<name>.local", grammar_line, BOTH, "not set", "our address of a tunnel",
	 NO_TUNNEL),
    IDLE("tunnel.<name>.port", grammar_port, BOTH, "0", "port of a VXLAN", NO_TUNNEL),
    IDLE("tunnel.<name>.protocol", grammar_tunnel_protocol, BOTH, "not set", "kind of tunnel",
	 NO_TUNNEL),
    IDLE("tunnel.<name>.remote", grammar_line, BOTH, "not set", "their address of a tunnel",
	 NO_TUNNEL),
    IDLE("tunnel.<name>.ttl", grammar_uint32, BOTH, "1", "how far a VXLAN's multicast goes",
	 NO_TUNNEL),
    ROW("user.*", grammar_text, SCOPE_NETWORK, BOTH, POLICY, NONE, "not set",
	"yours: any text under any name", NULL),
    IDLE("vlan", grammar_vlan, BOTH, "not set", "VLAN of the parent", NO_VLAN),
    IDLE("vlan.tagged", grammar_vlan_list, BOTH, "not set", "VLANs of tagged traffic", NO_VLAN),
    ROW("volatile.*", grammar_text, SCOPE_NETWORK, BOTH, IGNORED, NONE, "not set",
	"what LXD or Incus remembers of the network",
	"LXD's and Incus's own state: accepted in exports, never enforced"),
};

const struct key_table keys_network = {"networks", NULL, SCOPE_NETWORK, rows, COUNT(rows)};
