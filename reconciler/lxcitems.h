/*
 * lxcitems - config items of one container, as liblxc understands them.
 * Of its own config, without our boot file, and of what it was started with. Made when first asked;
 * answers are kept until the config changes, liblxc's handle, which is large, until the next rest.
 */
#pragma once

#include "reconciler/commandsock.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct arena;
struct lxcitems;

/* NAME below LXCPATH, whose directory fd is DIR. Costs nothing until something is asked. */
struct lxcitems *lxcitems_new(const char *lxcpath, int dir, const char *name, struct arena *a);
/* Items of a config that is nobody's: ask for its own ones. */
struct lxcitems *lxcitems_of_text(const char *text, struct arena *a);
void lxcitems_close(struct lxcitems *l);

/* Gives back what is only needed while a container is looked at. */
void lxcitems_rest(struct lxcitems *l);

/* An item of the container's own config, in A; several lines are joined by line breaks. NULL: not
 * set. */
const char *lxcitems_own(struct lxcitems *l, const char *item, struct arena *a);
/* The numbers N for which its own config has an interface lxc.net.N, ascending, in A. */
size_t lxcitems_own_nets(struct lxcitems *l, struct arena *a, unsigned **out);
/* Who would answer for the running container; looked at once. Only a monitor of ours is asked. */
enum listener lxcitems_listener(struct lxcitems *l);
/* The same as the running container has it, by its monitor, in A. *KNOWN: it was there to be asked.
 */
const char *lxcitems_running(struct lxcitems *l, const char *item, struct arena *a, bool *known);
/* Init's pid, by its monitor; 0: it has none yet, or no more, or does not answer soon. */
pid_t lxcitems_init(struct lxcitems *l);
