/*
 * treefile - one file of a tree: judged by who could write it, read within bounds, handed over.
 * What is at hand is tree's path; what is wrong with it is said about that path.
 */
#pragma once

#include "reconciler/tree.h"

#include <sys/types.h>

#define TREEFILE_FLAGS (O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)

/* The path at hand as a place of its own: the file as a whole. */
struct place treefile_place(struct tree *t);

/* The path at hand without the tree's prefix. */
const char *treefile_below(const struct tree *t);

/* The path at hand was not read, because of ERROR or (0) since it is nothing to be read. In the
 * first case anything may be in it; in the second it has a name, and a profile of that name is
 * missed. */
void treefile_miss(struct tree *t, int error);

/* A finding about the path at hand that leaves a hole in the tree. */
void treefile_hole(struct tree *t, const char *what, int error);

/* Judges what was opened; says so when it does not fit. */
bool treefile_judge(struct tree *t, const struct stat *st);

/* The path at hand has a manifest's name, and is something else. */
void treefile_refuse_kind(struct tree *t, mode_t mode);
/* It is too large. -EFBIG. */
int treefile_refuse_size(struct tree *t);

/* A buffer of YAML_MOST_BYTES + 1, tree's own; NULL: no memory. */
char *treefile_buffer(struct tree *t);

/* Up to N bytes; less only at the end of the file. -errno. */
ssize_t treefile_read(int fd, char *buffer, size_t n);

/* Hands over N bytes of the buffer; ST is NULL for what is no file. TRUSTED: with the folders
 * above, which are FOLDER_TRUSTED. */
void treefile_take(struct tree *t, size_t n, const struct stat *st, bool trusted,
		   bool folder_trusted);

/* What FD, opened as a manifest, is; takes FD. */
int treefile_read_fd(struct tree *t, int fd, bool folder_trusted);
