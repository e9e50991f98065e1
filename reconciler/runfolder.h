/*
 * runfolder - /run/evenkeel: what is true only of this boot.
 * Each file in it is about one LXC path, and named after it: as resolved, so that every spelling of
 * the path and every symlink to it is the same file.
 */
#pragma once

#define RUNFOLDER "/run/evenkeel"
#define RUNFOLDER_DIGEST 16 /* characters */

/* Opens FOLDER, which is made (0700) where it is missing. Returns a fd, or -errno: -EPERM: it
 * belongs to somebody else, or others could write it. */
int runfolder_open(const char *folder);

/* LXCPATH as the kernel resolves it, into OUT (PATH_MAX). What does not exist yet keeps its own
 * last part. 0, or -errno (-EINVAL: not an absolute path). */
int runfolder_resolve(const char *lxcpath, char *out);

/* What the names of the files about LXCPATH end with. 0, or -errno as above. */
int runfolder_digest(const char *lxcpath, char out[RUNFOLDER_DIGEST + 1]);
