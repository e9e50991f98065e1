/*
 * monitor - the monitor processes of containers and their children, the inits, without asking.
 * liblxc's own questions wait for as long as a container is starting; looking at /proc never does.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct arena;

struct monitor {
	const char *name; /* of the container */
	pid_t pid;
};

/* All monitors of LXCPATH that are ours to believe (of our own user), sorted by name. One walk over
 * /proc. Returns their number. */
size_t monitors_find(const char *lxcpath, struct arena *a, struct monitor **out);

/* The monitor's child that has become a container's init; 0: there is none yet, or no more;
 * -1: this kernel does not list children. */
pid_t monitor_init(pid_t monitor);
