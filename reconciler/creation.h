/*
 * creation - makes a container from a template, whole or not at all.
 * Everything is made in a folder aside and put in place by one rename: what is there was finished.
 */
#pragma once

#include "reconciler/jobspec.h"

/* Returns 0 or an errno with its reason. One that is there already stays as it is: 0. */
int creation_run(const struct jobspec *s, const char **reason, struct arena *a);

/* Removes what killed creations left aside. Returns 0 or an errno. */
int creation_clear(const char *lxcpath, const char **reason, struct arena *a);

/* The config of a new container: TEXT as LXC and the template wrote it below ASIDE, made
 * unprivileged unless S has no id map. Pure. */
char *creation_config(const struct jobspec *s, const char *text, const char *aside, bool confined,
		      struct arena *a);
