/*
 * lock - one writer per LXC path: a lock held on a fd, gone with its holder.
 * The file's name is made from the resolved path, so that every spelling of it and every symlink to
 * it is the same lock. The file stays when the lock goes: removing it would let two in.
 */
#pragma once

#include <sys/types.h>

/* Takes the lock of LXCPATH (below /run/evenkeel). Returns a fd to keep open, or -EWOULDBLOCK with
 * the holder's pid in *HOLDER (0: unknown), or another -errno (-EINVAL: not
 * an absolute path). The fd is O_CLOEXEC; a child that
 * does not exec must close it. */
int lock_take(const char *lxcpath, pid_t *holder);

/* What the file of a lock says of its holder: pid, start time, path. */
#define LOCK_TEXT (4096 + 64)

/* Others may take the lock of FD, which stays open, ... TEXT: what it says of us, for lock_resume;
 * filled in when it is empty. */
void lock_pause(int fd, char text[LOCK_TEXT]);
/* ... until it is taken again: 0, or -EWOULDBLOCK or another -errno. */
int lock_resume(int fd, const char *text);

/* The lock of the daemon that keeps LXCPATH, beside the one of whoever is at work on it just now.
 */
int lock_take_daemon(const char *lxcpath, pid_t *holder);

/* The same below another folder, which is made (0700) where it is missing. -EPERM: it belongs to
 * somebody else, or others could write it. */
int lock_take_below(const char *folder, const char *lxcpath, pid_t *holder);
