/*
 * pauses - instances that are left alone for a while: by command, or by their manifest.
 * What the commands pause and resume say is kept below /run/evenkeel for this boot, with the end on
 * the clock that no setting of the time moves. It works without a daemon: diff and apply heed it.
 */
#pragma once

#include "schema/manifest.h"

#include <stdint.h>

/* Paused instances are a handful. */
#define PAUSES_MOST 100000

struct pause {
	const char *name;
	uint64_t end;       /* CLOCK_BOOTTIME, ns; 0: until it is resumed */
	uint64_t until;     /* the same end on CLOCK_REALTIME, s, to be shown; 0 */
	const char *reason; /* "": none was given */
	struct place at;    /* of its manifest's paused:; NOWHERE: paused by command */
};

struct pauses {
	struct pause *items; /* sorted by name; those that ended may be among them */
	size_t n;
};

/* What is paused by command in LXCPATH, into A. 0, or -errno with nothing in OUT: no such file is 0
 * with nothing in OUT, and a line that is none is left out. */
int pauses_load(const char *lxcpath, struct arena *a, struct pauses *out);

/* The pause by command of NAME that holds at NOW (CLOCK_BOOTTIME, ns); NULL: none. */
const struct pause *pauses_find(const struct pauses *p, const char *name, uint64_t now);

/* The pause of an instance that holds now, by command or by its manifest D: of both the one that
 * ends later. In A; NULL: it is not paused. P may be NULL. NOW is CLOCK_BOOTTIME, ns; TODAY
 * CLOCK_REALTIME, s: an end in a manifest is a date, and is told on both clocks. */
const struct pause *pauses_of(const struct pauses *p, const struct document *d, uint64_t now,
			      uint64_t today, struct arena *a);

/* Pauses P->name, or changes its end and reason; what ended is dropped. Atomically, under a lock of
 * the file's own. 0 or -errno. */
int pauses_set(const char *lxcpath, const struct pause *p);
/* Forgets the pauses of N names; their number goes to *GONE. 0 or -errno. */
int pauses_clear(const char *lxcpath, const char *const *names, size_t n, size_t *gone);

/* The same below another folder. */
int pauses_load_below(const char *folder, const char *lxcpath, struct arena *a, struct pauses *out);
int pauses_set_below(const char *folder, const char *lxcpath, const struct pause *p);
int pauses_clear_below(const char *folder, const char *lxcpath, const char *const *names, size_t n,
		       size_t *gone);

/* The text of such a file: N bytes and a NUL behind, changed while they are read; of another boot
 * than BOOT it says nothing. What is wrong in it is left out. */
void pauses_parse(char *text, size_t n, const char *boot, struct arena *a, struct pauses *out);
/* The other way round: *N bytes in A. */
char *pauses_render(const struct pauses *p, const char *boot, struct arena *a, size_t *n);

/* "until 2026-12-01T10:00:00Z: disk is being replaced", escaped; in A. */
const char *pause_words(const struct pause *p, struct arena *a);

/* The clocks that the above take. */
uint64_t pauses_now(void);
uint64_t pauses_today(void);
