/*
 * lock - one writer per LXC path: a lock held on a fd, gone with its holder.
 */
#pragma once

#include <sys/types.h>

/* Takes the lock of LXCPATH (below /run/evenkeel). Returns a fd to keep open, or -EWOULDBLOCK with
 * the holder's pid in *HOLDER (0: unknown), or another -errno. */
int lock_take(const char *lxcpath, pid_t *holder);
