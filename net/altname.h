/*
 * altname - the further names of an interface.
 * The kernel finds an interface by them as well, and moves it with them: what a container's root
 * calls one must not be a name of the host.
 */
#pragma once

#include <stddef.h>

struct arena;
struct netlink;

/* Those of the interface INDEX of NL's namespace, in A. 0 or -errno. */
int altname_list(struct netlink *nl, int index, struct arena *a, const char ***out, size_t *n);

/* Makes them NAMES and no others; those that are taken elsewhere are left out. 0 or -errno. */
int altname_set(struct netlink *nl, int index, const char *const *names, size_t n);
