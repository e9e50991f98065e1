/*
 * tree - the files of a directory of manifests, read through directory fds, within bounds.
 * Sorted by name, folder by folder, so that every load sees the same order. Only regular files are
 * read; links may lead to files and folders of the same tree.
 */
#pragma once

#include "reconciler/ignore.h"
#include "reconciler/trust.h"

/* A file that was read whole. PATH and BYTES live until the callback returns; PATH is what the
 * user shall see. TRUSTED: as the rule says; an untrusted file was reported. */
struct tree_file {
	const char *path;
	const char *bytes;
	size_t n;
	bool trusted;
	bool folder_trusted;   /* the folders above it are */
	const struct stat *st; /* before it was read; NULL: standard input */
};

/* Who wants to know where a walk comes by: the watch. Paths are below the directory, "" is itself;
 * each may be NULL. */
struct tree_hooks {
	void *context;
	/* Before and after a walk, WHOLE: of everything. */
	void (*begin)(void *context, bool whole);
	void (*end)(void *context);
	/* A folder, open as FD, before it is judged and listed. */
	void (*enter)(void *context, int fd, const char *path);
	/* A file that counts, in the open folder DIR, before it is read; of a LINK, ST is of what
	 * it leads to. */
	void (*file)(void *context, int dir, const char *path, const struct stat *st, bool link);
	/* A symbolic link in the open folder DIR, before it is followed; it may lead nowhere. */
	void (*link)(void *context, int dir, const char *path);
};

struct tree {
	/* given */
	struct arena *arena; /* of what outlives the walk: findings' places */
	struct diagnostics *ds;
	struct trusted trusted;
	void (*take)(void *context, const struct tree_file *f);
	/* Each may be NULL; paths are below the directory. Was this file taken before, just as ST
	 * says and below folders as trusted as these? Then it is not opened. */
	bool (*known)(void *context, const char *path, const struct stat *st, bool folder_trusted);
	/* Something at PATH was not read; BLIND: the default profile could be in there. */
	void (*missed)(void *context, const char *path, bool blind);
	void *context;
	struct tree_hooks hooks;
	/* found */
	size_t files;
	bool partial;      /* something could not be read: absence proves nothing */
	bool blind;        /* the default profile could have been in there */
	size_t untrusted;  /* TRUST_WARN: how many files and folders, told once */
	const char *first; /* of them, with its path */
	struct stat first_st;
	/* tree's own */
	const char *rest;      /* only this path below the folder at hand; NULL: all of it */
	const char *directory; /* for commands that mend */
	int root;              /* the directory's fd; -1: a lone file */
	struct ignore ignore;
	char *path; /* prefix and path below the directory, of the entry at hand */
	size_t path_n, path_size, prefix_n;
	size_t entries; /* names seen */
	bool full;      /* a bound was met: said once */
	char *buffer;
	const char *link_parent; /* the folder of links' targets judged last, and the answer */
	bool link_parent_trusted;
};

/* Walks the open directory ROOT, whose path is DIRECTORY; PREFIX goes before the names. -errno
 * (reported): which files to leave out is not known, so none was read. */
int tree_walk(struct tree *t, int root, const char *directory, const char *prefix);

/* Walks only what is at PATH and below it, if there is anything. */
int tree_look(struct tree *t, int root, const char *directory, const char *path);

/* Reads one file by its path; links are followed. Returns 0 or -errno (reported). */
int tree_read_file(struct tree *t, const char *path);

/* Reads standard input. Returns 0 or -errno (reported). */
int tree_read_stdin(struct tree *t);

/* Says what TRUST_WARN gathered, once, and gives the buffers back. */
void tree_finish(struct tree *t);
