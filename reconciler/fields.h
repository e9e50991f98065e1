/*
 * fields - lines of fields between single blanks: the text of our records.
 * What could split a field or a line is written %XX; the empty text is "%-".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* A text that grows. */
struct writer {
	struct arena *arena;
	char *text; /* not NUL-terminated */
	size_t n, capacity;
};

void writer_put(struct writer *w, const char *text, size_t n);
void writer_text(struct writer *w, const char *text);
/* A blank, then TEXT as a field. */
void writer_field(struct writer *w, const char *text);

/* Splits LINE at its blanks into at most MOST fields, decoded in place. Their number; -1: it is no
 * such line. */
int fields_read(char *line, char **fields, int most);
