/*
 * diagnostic - what is wrong, where, and what to do about it.
 * Every finding about a manifest has a place; all findings of a load are gathered in one list and
 * reported together. schema/, limits/ and net/ fill lists and never print; reconciler/ prints.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* A text that was read whole: a manifest file, standard input. NAME is as the user gave the path,
 * or relative to the directory that was given. TEXT may be NULL once nobody needs excerpts. */
struct source {
	const char *name;
	const char *text;
	size_t size;
};

/* A position in a source; line and column count from 1, columns in characters, not bytes.
 * source == NULL: nowhere in particular. line == 0: the file as a whole. */
struct place {
	const struct source *source;
	uint32_t line, column;
};

#define NOWHERE ((struct place){0})

enum severity { SEVERITY_NOTICE, SEVERITY_WARNING, SEVERITY_ERROR };

struct diagnostic {
	enum severity severity;
	struct place place;
	const char *message;  /* one line, no final full stop */
	const char *hint;     /* what to do, or the near miss; NULL: none */
	const char *instance; /* the instance it was found for; NULL: the file itself */
};

struct diagnostics {
	struct arena *arena; /* owns the items and their texts */
	struct diagnostic *items;
	size_t n, capacity;
	size_t errors, warnings, notices;
};

/* An empty list whose items live in ARENA. */
void diagnostics_init(struct diagnostics *ds, struct arena *arena);

/* Appends a finding; the text is formatted into the list's arena. Returns -EINVAL for an error
 * and 0 else, so that "return diagnostic_error(...)" is how a parser fails. */
int diagnostic_error(struct diagnostics *ds, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int diagnostic_warning(struct diagnostics *ds, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int diagnostic_notice(struct diagnostics *ds, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Gives the finding added last its hint. Returns what that finding returned. */
int diagnostic_hint(struct diagnostics *ds, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Gives the finding added last the instance it is about. Returns what that finding returned. */
int diagnostic_for(struct diagnostics *ds, const char *instance);

/* Appends a copy of a finding of another list; its texts must live as long as DS. */
void diagnostics_take(struct diagnostics *ds, const struct diagnostic *d);

/* The same with every text copied into DS's arena; the source's lines are not. */
void diagnostics_copy(struct diagnostics *ds, const struct diagnostic *d);

/* The items with their texts, as small as can be, in A; the places stay what they are. */
struct diagnostic *diagnostics_compact(const struct diagnostics *ds, struct arena *a);

/* Sorts by file, line, column, then by order of arrival, and drops exact repetitions. */
void diagnostics_sort(struct diagnostics *ds);

/* The line of text that PLACE points into, without its line break; NULL when the source has no
 * such line or no text any more. Not NUL-terminated: *N is its length in bytes. */
const char *place_line(struct place at, size_t *n);

/* The same place in a source of A's that has only its name. */
struct place place_copy(struct place at, struct arena *a);

/* A place inside a plain scalar: OFFSET bytes (assumed one column each) right of AT. */
struct place place_right(struct place at, size_t offset);
