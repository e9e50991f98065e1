/*
 * journal_fold - repeats of a line are counted instead of printed. Pure.
 * A line has a subject (of what is it?) and a text; a subject's line that says something else is
 * always printed. The table is of fixed size: it forgets rather than grows.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLD_SLOTS 256
#define FOLD_LABEL 160

struct fold_line {
	uint64_t owner, subject, text; /* hashes; subject 0: a free slot */
	uint64_t printed;              /* when, in ms */
	unsigned repeats;              /* since */
	char label[FOLD_LABEL];        /* how to call it when its repeats are told later */
};

struct fold {
	struct fold_line lines[FOLD_SLOTS];
};

struct fold_news {
	bool print;            /* the line is to be printed */
	unsigned repeats;      /* this very line was left out so often since it was printed last */
	uint64_t since_ms;     /* so long ago */
	struct fold_line left; /* repeats > 0: another line's repeats that have to be told first */
};

uint64_t fold_hash(uint64_t before, const char *text);

/* A line at NOW ms. WINDOW_MS 0: never folded. OWNER: whom fold_forget is about; 0: nobody. */
struct fold_news fold_see(struct fold *f, const struct fold_line *line, uint64_t now,
			  uint64_t window_ms);

/* Takes out a line of OWNER's (0: of anybody's) whose repeats were not told yet. False: none. */
bool fold_take(struct fold *f, uint64_t owner, struct fold_line *out);

/* The next line of any of OWNER's subjects is printed. */
void fold_forget(struct fold *f, uint64_t owner);
