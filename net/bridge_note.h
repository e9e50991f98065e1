/*
 * bridge_note - what evenkeel notes on a bridge: whether it made it, and what of it is its own.
 * Kept as the interface's alias: it lives exactly as long as the bridge, and only the host's root
 * writes it. "evenkeel network br0 made mtu=1500 ipv4=10.0.3.1/24". Pure.
 */
#pragma once

#include "net/link.h"

#define BRIDGE_ADDRESS_MOST 64

struct bridge_note {
	bool there;     /* the alias is a note of ours about this very bridge */
	bool made;      /* evenkeel made it, and may delete it */
	bool unwritten; /* it died before it could write so: see bridge_make */
	/* what the bridge had before it got what a manifest asks for; 0 and "": nothing was changed
	 */
	uint32_t mtu;
	char hwaddr[24];
	/* the addresses that evenkeel added, ADDRESS/PREFIX; "": none */
	char ipv4[BRIDGE_ADDRESS_MOST], ipv6[BRIDGE_ADDRESS_MOST];
};

/* Reads ALIAS of the bridge NAME. False, and an empty note: it is none of ours, or one about
 * another bridge, or one that this version does not understand. */
bool bridge_note_parse(const char *alias, const char *name, struct bridge_note *out);

/* The alias for NOTE: "" when nothing of the bridge is ours. */
void bridge_note_print(const struct bridge_note *note, const char *name, char out[LINK_ALIAS_MOST]);
