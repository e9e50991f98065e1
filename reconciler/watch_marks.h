/*
 * watch_marks - which inodes are watched, and what for.
 * A concern is something that is looked after: a folder of the tree, a link in it, a file of
 * several names, the directory's own path. It leaves marks on the inodes that it depends on; an
 * inode with marks has one inotify watch, however many they are. A table is built by a walk of
 * everything and freed whole when the next such walk has built another.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

enum concern_kind {
	CONCERN_WAY,    /* the directory's own path: one, named "" */
	CONCERN_FOLDER, /* a folder of the tree */
	CONCERN_LINK,   /* a symbolic link in the tree, and all that it leads through */
	CONCERN_TWIN,   /* a file that has other names too */
};

struct concern {
	struct concern *next; /* in its bucket */
	enum concern_kind kind;
	uint32_t hash;
	struct mark *marks;
	struct mark *former;  /* being renewed: what it had before */
	uint32_t mode, owner; /* of a folder, when it was walked */
	char path[];          /* below the directory */
};

/* One concern's interest in one inode. */
struct mark {
	struct mark *next_of_concern;
	struct mark *next_of_watched, **at; /* AT is what points here */
	struct concern *concern;
	struct watched *watched;
	uint32_t mask;
	bool former;      /* not marked again so far */
	const char *name; /* which entry of a folder; "": every one, or the inode itself */
};

struct watched {
	struct watched *next; /* in its bucket */
	int wd;
	uint32_t mask; /* as the kernel has it */
	struct mark *marks;
};

struct buckets {
	void **heads;
	size_t n, items; /* N is a power of two */
};

struct marks {
	struct arena *arena;
	int inotify;
	struct buckets concerns, watched;
	size_t dropped;             /* marks that are garbage by now */
	const struct marks *before; /* whose watches it goes on with; NULL: none */
};

/* What is reported: of folders whose files count, of a file that counts; of the directory's path,
 * an inode itself, and that an entry comes or goes. */
extern const uint32_t marks_folder, marks_file, marks_itself, marks_coming, marks_going;

void marks_open(struct marks *m, int inotify);

/* Ends all watches but those that KEPT (or NULL) has too, and frees the table. */
void marks_close(struct marks *m, const struct marks *kept);

struct concern *marks_find(const struct marks *m, enum concern_kind kind, const char *path);

/* The concern, there or new, to be marked anew: what is not marked again until marks_renewed is
 * dropped then. Watches that stay are not interrupted. */
struct concern *marks_renew(struct marks *m, enum concern_kind kind, const char *path);
void marks_renewed(struct marks *m, struct concern *p);

/* Watches the inode that FD is open as, for C. NAME is copied. *FRESH (may be NULL): it had no mark
 * before. Returns 0 or -errno. */
int marks_add(struct marks *m, struct concern *c, int fd, uint32_t mask, const char *name,
	      bool *fresh);

/* Drops what is looked after at PATH, and below it where that is a folder; "" is all of the tree.
 * The directory's own path stays. True: there was something. */
bool marks_drop(struct marks *m, const char *path);

struct watched *marks_watched(const struct marks *m, int wd);

/* The kernel has ended the watch. */
void marks_forget(struct marks *m, struct watched *w);
