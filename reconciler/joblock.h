/*
 * joblock - one job at a time for each container, whoever submitted it.
 * A record lock on one file per LXC path, a byte of it for each name: it goes with the process that
 * holds it, is not inherited by what that forks (LXC's monitor, a template), and tells who it is.
 */
#pragma once

#include <sys/types.h>

/* The file of LXCPATH below FOLDER (RUNFOLDER). A fd or -errno. A process that closes one loses
 * all locks that it has taken on any other of the same file. */
int joblock_open(const char *folder, const char *lxcpath);

/* Takes NAME's lock for this process, until it ends. 0; -EAGAIN: another process has it; -errno. */
int joblock_take(int fd, const char *name);

/* The process that has it; 0: nobody, or nobody knows; -1: one that cannot be seen from here. */
pid_t joblock_holder(int fd, const char *name);
