/*
 * choices - grammars that only a row or two of the registry need: their words, and words or
 * addresses.
 */
#pragma once

#include "schema/value.h"

extern const struct grammar
    /* config keys */
    grammar_enforce,         /* text: hard, soft */
    grammar_autostart,       /* yes; last-state reads as no */
    grammar_shutdown_action, /* text */
    grammar_evacuate,        /* text */
    grammar_modules_load,    /* text: boot, ondemand */
    grammar_label_rootfs,    /* text */
    grammar_selinux_type,    /* text: ends in _t */
    grammar_pro_attach,      /* text */
    grammar_base64,          /* text */
    /* device options */
    grammar_nictype, grammar_infiniband_nictype, grammar_gputype, grammar_ipvlan_mode,
    grammar_propagation, grammar_proxy_bind, /* text */
    grammar_proxy_address,                   /* text: tcp:ADDRESS:PORTS, udp:..., unix:PATH */
    grammar_nic_addresses4, grammar_nic_addresses6, /* text: ADDRESS,... or none */
    grammar_gateway4, grammar_gateway6,             /* text: ADDRESS, auto or none */
    grammar_host_address4, grammar_host_address6,   /* text: ADDRESS */
    grammar_vlan_list,                              /* text: 10,20-29 */
    grammar_infiniband_mac,                         /* text: 8 or 20 octets */
    grammar_pci,                                    /* text: [DOMAIN:]BUS:DEVICE.FUNCTION */
    /* networks and pools */
    grammar_bridge_address4, grammar_bridge_address6, /* text: ADDRESS/PREFIX, auto or none */
    grammar_dns_mode, grammar_nat_order, grammar_bridge_driver, grammar_bridge_mode,
    grammar_acl_action, grammar_tunnel_protocol; /* text */
