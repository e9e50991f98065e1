/*
 * lifewatch - events about containers, by inotify on the cgroup tree: who comes, goes, is started
 * again, is frozen; and who else writes the kernel files that hold our limits.
 * An event says "look again" and nothing more. No polling, and no question to liblxc.
 */
#pragma once

#include "schema/driver.h"

struct lifewatch;
struct cgroup_layout;

/* NULL with a finding: this host has nothing to watch by, or gives no inotify instance. */
struct lifewatch *lifewatch_open(const struct cgroup_layout *l, struct diagnostics *ds);
void lifewatch_close(struct lifewatch *w);

int lifewatch_fd(const struct lifewatch *w);

/* Drains the fd. FOUND is called with each container name that an event may be about; one that is
 * known to nobody may be among them ("lxc.payload.web-1" is web-1, or web started beside a leftover
 * group: both are told). False: events were lost, look at all. */
bool lifewatch_read(struct lifewatch *w, void (*found)(void *context, const char *name),
		    void *context);

/* C runs, in a group that need not be below the usual root (lxc.cgroup.dir): its parent is watched
 * from now on. */
void lifewatch_learn(struct lifewatch *w, const struct container *c);

/* The kernel files behind the properties of C that we keep, by their absolute paths, are watched
 * from now on, and no others of C's: who writes one, ourselves included, is an event about C.
 * N == 0: none. */
void lifewatch_knobs(struct lifewatch *w, const struct container *c, const char *const *paths,
		     size_t n);

/* Nothing of NAME is watched any more. */
void lifewatch_forget(struct lifewatch *w, const char *name);
