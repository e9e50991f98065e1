/*
 * scribe - boot files, written behind the daemon's loop by a thread of their own.
 * All that was given while a batch was being written is the next batch: two syncfs for as many
 * files as there are. A batch begins when the loop comes round to scribe_collect: all that is given
 * before is one batch.
 *
 * Reading is free at any time, but while scribe_pending the file and the include line may be of
 * different ages: what they say then is no drift.
 */
#pragma once

#include "reconciler/bootfile.h"

struct scribe;

/* LXCPATH_DIR (O_PATH suffices) is duplicated; -1: the path is opened anew for each batch. NULL
 * with errno: there is no thread or fd to be had. */
struct scribe *scribe_open(int lxcpath_dir, const char *lxcpath);

/* Readable when scribe_collect has something to do. */
int scribe_fd(const struct scribe *s);

/* The boot file of NAME shall be TEXT (NULL: it goes), included by the last line of the config.
 * Both are copied. A later text for the same name replaces one that was not begun. */
void scribe_write(struct scribe *s, const char *name, const char *text);

/* As scribe_write without a text, and nothing else of ours stays in the folder of NAME either. */
void scribe_release(struct scribe *s, const char *name);

/* Was something given for NAME that has not been answered yet? */
bool scribe_pending(const struct scribe *s, const char *name);

/* How many files were given and not answered yet. */
size_t scribe_backlog(const struct scribe *s);

struct scribe_answer {
	const char *name;
	int error;       /* 0, or an errno with WHY in one line */
	const char *why; /* NULL unless there is an error */
	/* as they are on disk now, also after an error */
	const char *text; /* NULL: there is no boot file of ours */
	struct record record;
};

/* Answers each file that was written, or could not be. The texts and the record live in A. A text
 * replaced before it was begun has no answer of its own. ANSWERED may call scribe_write. */
void scribe_collect(struct scribe *s, struct arena *a,
		    void (*answered)(void *context, const struct scribe_answer *answer),
		    void *context);

/* Writes what was given, for at most a few seconds. Nothing is answered any more. False: the disk
 * did not answer in time, and what was not written is what the next run writes. NULL is allowed. */
bool scribe_close(struct scribe *s);
