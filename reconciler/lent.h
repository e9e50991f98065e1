/*
 * lent - interfaces of the host that containers get whole, as they are at home.
 * What an interface was called, its MTU, its addresses and what it is known by are written down
 * before it moves, below /run/evenkeel, where no container can write; whoever finds it on the host
 * again gives it all that back. True only of this boot, as the interface itself.
 */
#pragma once

#include "schema/world.h"

struct lent_link {
	const char *name; /* at home */
	struct home_link home;
	bool away; /* it was about to go, or has gone, and has not come home yet */
};

struct lent {
	struct arena *arena;
	const char *lxcpath;
	struct lent_link *items;
	size_t n, capacity;
	bool changed;
};

/* Those that containers of LXCPATH (NULL: none) get, in A. Never NULL. */
struct lent *lent_load(const char *lxcpath, struct arena *a);
struct lent_link *lent_find(const struct lent *l, const char *name);

/* This is what NAME is at home. */
void lent_put(struct lent *l, const char *name, const struct home_link *home, bool away);
/* Writes it, where it changed. 0 or -errno. */
int lent_save(struct lent *l);

/* What has come home gets back what it was: after a container of LXCPATH died, the kernel leaves it
 * on the host under the name that it had inside, or another one. */
void lent_settle(const char *lxcpath);
