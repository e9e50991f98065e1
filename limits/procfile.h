/*
 * procfile - files of procfs and sysfs: small, read whole, in one go.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;

/* Reads a file below DIR (AT_FDCWD allowed) into BUF, NUL-terminated, the final line break dropped.
 * Links are followed: only for trees that the kernel makes. Returns its length or -errno: -EMSGSIZE
 * when it does not fit. */
ssize_t procfile_read(int dir, const char *path, char *buf, size_t size);

/* The same for files that the kernel hands out as one record, as cgroupfs does: a text of one line
 * is whole after one read(2). Not for lists like /proc/PID/cgroup, which may come in pieces. */
ssize_t procfile_read_knob(int dir, const char *path, char *buf, size_t size);

/* The same from an open file, from its beginning. */
ssize_t procfile_read_open(int fd, char *buf, size_t size);

/* The same for a file of any length (up to 64 MiB) into A; NULL with errno. *N may be NULL. */
char *procfile_read_all(int dir, const char *path, struct arena *a, size_t *n);

/* A file that holds one number, not negative. Returns 0 or -errno: -EINVAL for another text. */
int procfile_read_number(int dir, const char *path, uint64_t *out);

/* When a process started, in ticks since boot (proc(5), field 22): with the pid it is a name that
 * is not given twice. 0: there is no such process. */
uint64_t procfile_start_time(pid_t pid);

/* Closes *FD: for __attribute__((cleanup(...))). */
void procfile_close(int *fd);

/* An fd that is closed with its scope. */
#define procfile_fd __attribute__((cleanup(procfile_close))) int
