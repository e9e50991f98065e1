/*
 * watch_mounts - mounts on the directory of manifests, above it and in it.
 * The kernel wakes who polls /proc/self/mountinfo at every mount of our namespace; which ones
 * concern the directory is read there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct watch_mounts {
	int waker;       /* for epoll, with EPOLLPRI; -1: there is no /proc */
	int looker;      /* polled by hand: an epoll inside another one uses up the waker's news */
	uint64_t digest; /* of the mounts at or below the directory */
};

void watch_mounts_open(struct watch_mounts *m);
void watch_mounts_close(struct watch_mounts *m);

/* Was anything mounted or unmounted anywhere since the last call? */
bool watch_mounts_stirred(struct watch_mounts *m);

/* Are the mounts at or below REAL (NULL: not there) others than at the last call? */
bool watch_mounts_changed(struct watch_mounts *m, const char *real);
