/*
 * address - IP addresses of interfaces, by rtnetlink.
 * Texts are "10.0.0.1/24" and "2001:db8::1/64", as inet_ntop(3) writes them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct netlink;

struct address {
	int index; /* of its interface */
	const char *text;
	bool global; /* not of the loopback, and not of one link alone */
};

/* Those of the interface INDEX (0: of all) in the namespace NSID, of both families, in A. 0 or
 * -errno. */
int address_list(struct netlink *nl, int nsid, int index, struct arena *a, struct address **out,
		 size_t *n);

/* On an interface of NL's namespace. One that is there already is fine, and so is one to be removed
 * that is not. Nobody is asked whether he has it: it holds at once. 0 or -errno. */
int address_add(struct netlink *nl, int index, const char *text);
int address_remove(struct netlink *nl, int index, const char *text);
