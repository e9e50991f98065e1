/*
 * leaves - the tree as it was last seen: each file that counts, and each place of which something
 * is to be said, sorted as the tree is walked.
 * A file that has errors may mean what it does not say: the documents that it had before and does
 * not name any more are remembered, as broken ones.
 */
#pragma once

#include "reconciler/tree.h"
#include "schema/sorted.h"

/* By what a file is known again. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	int64_t modified, changed; /* nanoseconds */
};

struct leaf {
	const char *path;          /* below the directory; "" is itself */
	struct manifest *manifest; /* NULL: nothing was read */
	struct arena *arena;       /* of what follows: the manifest's, if there is one */
	struct stamp stamp;
	bool trusted, folder_trusted;
	bool fresh;    /* changed just before it was read: it may change again within one tick */
	bool missed;   /* could not be read */
	bool faulty;   /* has errors, or is not trusted */
	bool stale;    /* not seen any more, but below what could not be read: it gives way */
	bool blind;    /* the default profile could be in what was not read or understood */
	unsigned seen; /* the last round that met it */
	struct diagnostic *findings;
	size_t n_findings;
	struct document **remembered; /* of manifests that are held for them */
	size_t n_remembered;
};

struct leaves {
	struct arena *arena;
	struct leaf **items;
	size_t n;
	struct sorted_room room;
	struct leaf **unused;
	size_t n_unused;
	struct sorted_room room_unused;
	size_t cursor; /* behind the leaf found last */
};

/* As the tree is walked: "a/b" comes before "a.yaml". For qsort, on struct leaf *. */
int leaves_compare_paths(const char *x, const char *y);
int leaves_compare(const void *x, const void *y);

/* Is PATH below FOLDER, or equal to it? Everything is below "". */
bool leaves_below(const char *path, const char *folder);

/* A leaf that is not among the others yet, for a manifest, which it owns then, or (NULL) for a
 * place. */
struct leaf *leaves_make(struct leaves *ls, const char *path, struct manifest *m);
/* Frees one that is not, or no longer, among the others, and the manifest with it. */
void leaves_free(struct leaves *ls, struct leaf *l);
void leaves_close(struct leaves *ls);

struct leaf *leaves_find(struct leaves *ls, const char *path);

/* Those at PATH and below it: *N of them from the index on. */
size_t leaves_range(const struct leaves *ls, const char *path, size_t *n);

/* Takes out GONE and puts in COME, both sorted and used up. */
void leaves_edit(struct leaves *ls, struct leaf **gone, size_t n_gone, struct leaf **come,
		 size_t n_come);

/* Remembers for L, which has errors, those documents of OLD that it does not name. */
void leaves_remember(struct leaf *l, const struct leaf *old);

/* Marks L, and with it its documents, as stale, or (seen again) as not. */
void leaves_doubt(struct leaf *l, bool stale);

/* Its documents, remembered ones too. */
size_t leaves_count(const struct leaf *l);
/* Appends them at OUT, preseeds left out. Returns how many. */
size_t leaves_documents(const struct leaf *l, struct document **out);
