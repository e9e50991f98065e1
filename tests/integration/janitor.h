/*
 * janitor - clears up behind an integration test, whatever became of it.
 * Finds the containers of one LXC path by their monitors' command lines, since a name alone could
 * be somebody else's.
 */
#pragma once

#include <sys/types.h>

/* Starts the process that removes ROOT and every container of LXCPATH once *FD is closed or its
 * parent has ended. Its exit status is 0 when nothing is left. Returns 0 or -1. */
int janitor_start(const char *root, const char *lxcpath, int *fd, pid_t *pid);

/* Init's pid of a container, or 0. */
pid_t janitor_init(const char *lxcpath, const char *name);

/* Waits (10 s at most) until the container's monitor has gone; kills it when it does not go. */
void janitor_wait(const char *lxcpath, const char *name);

/* Removes a folder and all that is in it. Returns 0 or -1. */
int janitor_remove(const char *path);
