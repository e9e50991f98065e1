/*
 * creation_base - the lines that make a new container unprivileged and confined.
 */
#pragma once

#include <stdbool.h>

/* Can LXC confine a container by a profile of its own making on this kernel? Without AppArmor it
 * may be told to, and starts; with AppArmor and without its parser nothing would start. */
bool creation_can_confine(void);
