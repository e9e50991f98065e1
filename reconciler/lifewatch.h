/*
 * lifewatch - events about containers, by inotify: in the LXC path, who is made and destroyed; on
 * the cgroup tree, who is started, stops, is started again, is frozen, and who else writes the
 * kernel files that hold our limits.
 * An event says "look again" and nothing more. No polling, and no question to liblxc.
 *
 * What is watched: the LXC path (and in it a folder that a container is being made in), if only our
 * own user can write it; the roots of v2 and of one v1 hierarchy (or a container's parent), where a
 * container's root can neither make nor remove anything; and files in its group that only our own
 * user can write. Of v2's cgroup.events, which the kernel itself changes: whether there is any
 * process, and whether all are frozen, which take the whole container. Never watched: the payload's
 * directory, which is the container's (it may make groups in it, and change its mode), and what it
 * has nested there. So nothing that a container's root does wakes us, its end apart; root in a
 * privileged one is the host's.
 */
#pragma once

#include "schema/driver.h"

struct lifewatch;
struct cgroup_layout;

/* L lives as long. NULL with a finding: this host has nothing to watch by, or gives no inotify
 * instance. */
struct lifewatch *lifewatch_open(const struct cgroup_layout *l, const char *lxcpath,
				 struct diagnostics *ds);
void lifewatch_close(struct lifewatch *w);

/* With each full pass: the LXC path may have come, or been replaced. */
void lifewatch_again(struct lifewatch *w);

int lifewatch_fd(const struct lifewatch *w);

/* Drains the fd, and never waits. FOUND is called once with each container name that events may be
 * about; names that nobody has may be among them ("lxc.payload.web-1" is web-1, or web started
 * beside a leftover group: both are told). False: events were lost, look at all. */
bool lifewatch_read(struct lifewatch *w, void (*found)(void *context, const char *name),
		    void *context);

/* C runs: where lxc.cgroup.dir or lxc.cgroup.dir.container put it elsewhere than usual, it is
 * watched for there from now on, over stops and starts. */
void lifewatch_learn(struct lifewatch *w, const struct container *c);

/* The kernel files behind the properties of C that we keep, by their absolute paths, are watched
 * from now on, and no others of C's: who writes one, ourselves included, is an event about C. So
 * are its freezer and, on v2, its end, also when N is 0. To be called once for each run; the
 * watches go with it. Files that are not on cgroupfs, or that others could write, are left out. */
void lifewatch_knobs(struct lifewatch *w, const struct container *c, const char *const *paths,
		     size_t n);

/* This run of NAME is over: what was watched of it alone is not any more. Where it has its group
 * still is. */
void lifewatch_ended(struct lifewatch *w, const char *name);

/* Nothing of NAME's own is watched any more. */
void lifewatch_forget(struct lifewatch *w, const char *name);

/* False: not all that was asked for could be watched: *WHY and *REMEDY ("": none is known) in words
 * that live as long as W. */
bool lifewatch_complete(const struct lifewatch *w, const char **why, const char **remedy);
