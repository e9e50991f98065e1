/*
 * descriptors - room for the fds of thousands of containers.
 * A login shell gives 1024; a container under work holds a pidfd and a few directories. What was
 * given is remembered: LXC's monitors and the containers shall inherit that, not our own.
 */
#pragma once

#include <sys/resource.h>

/* Raises the soft limit of open files to the hard one. What is refused stays as it is. */
void descriptors_raise(void);

/* The limit of open files as this process was given it. */
struct rlimit descriptors_given(void);
