#include "reconciler/report.h"

#include "schema/arena.h"
#include "schema/text.h"

#include <string.h>

#define EXCERPT_MOST 100  /* characters of a source line that are shown */
#define EXCERPT_BEFORE 60 /* of them left of the column, where the line is longer */
#define MESSAGE_MOST 1000
#define INDENT "    "

static const char *const severities[] = {
    [SEVERITY_NOTICE] = "notice",
    [SEVERITY_WARNING] = "warning",
    [SEVERITY_ERROR] = "error",
};

/* Bytes of the character at TEXT; an invalid byte is one. */
static size_t character_size(const char *text, size_t n)
{
	for (size_t size = 1; size <= 4 && size <= n; size++)
		if (text_is_utf8(text, size, NULL))
			return size;
	return 1;
}

/* A character as it is shown; a tab stays, so that the caret stands right below. */
static const char *shown(struct arena *a, const char *text, size_t size)
{
	if (*text == '\t')
		return "\t";
	return text_escape(a, text, size, 0);
}

static void print_blank(FILE *f, const char *text)
{
	if (*text == '\t')
		fputc('\t', f);
	else
		fprintf(f, "%*s", (int)text_columns(text, strlen(text)), "");
}

/* The source line around COLUMN, and a caret below it. */
static void print_excerpt(FILE *f, const char *line, size_t n, size_t column)
{
	struct arena *a = arena_new();
	size_t all = text_columns(line, n), first = 1, at = 0;
	bool cut;

	if (all > EXCERPT_MOST && column > EXCERPT_BEFORE)
		first = column - EXCERPT_BEFORE;
	cut = all >= first + EXCERPT_MOST;
	for (int caret = 0; caret < 2; caret++) {
		fprintf(f, INDENT "%s", first == 1 ? "" : caret ? "   " : "...");
		at = 0;
		for (size_t i = 1; at < n; i++) {
			size_t size = character_size(line + at, n - at);
			const char *text = shown(a, line + at, size);

			at += size;
			if (i < first)
				continue;
			if (i >= (caret ? column : first + EXCERPT_MOST))
				break;
			if (caret)
				print_blank(f, text);
			else
				fputs(text, f);
		}
		fputs(caret ? "^\n" : cut ? "...\n" : "\n", f);
	}
	arena_free(a);
}

/* Does a line name a key whose value is a secret? A flow mapping may hold it anywhere. */
static bool names_secret(const char *line, size_t n)
{
	struct arena *a = arena_new();
	bool secret = false;
	size_t at = 0;

	while (at < n && !secret) {
		size_t size = 0;

		while (at + size < n && !strchr(" \t,:{}[]\"'", line[at + size]))
			size++;
		secret = size > 0 && report_secret(arena_strndup(a, line + at, size));
		at += size + 1;
	}
	arena_free(a);
	return secret;
}

static size_t indentation(const char *line, size_t n)
{
	size_t blanks = 0;

	while (blanks < n && (line[blanks] == ' ' || line[blanks] == '-'))
		blanks++;
	return blanks;
}

/* Is PLACE on the line of a secret, or below it in a block that belongs to one? */
static bool holds_secret(struct place at)
{
	size_t least = SIZE_MAX, n;
	const char *line;

	for (; at.line > 0; at.line--) {
		line = place_line(at, &n);
		if (!line || indentation(line, n) >= n || indentation(line, n) >= least)
			continue;
		least = indentation(line, n);
		if (names_secret(line, n))
			return true;
		if (least == 0)
			break;
	}
	return false;
}

static void print_place(FILE *f, struct arena *a, struct place at)
{
	const char *name;

	if (!at.source) {
		fputs("evenkeel: ", f);
		return;
	}
	name = at.source->name ? at.source->name : "-";
	fputs(text_escape(a, name, strlen(name), 0), f);
	if (at.line)
		fprintf(f, ":%u:%u", at.line, at.column);
	fputs(": ", f);
}

static void print_one(FILE *f, struct arena *a, const struct options *o, const struct diagnostic *d)
{
	const char *line;
	size_t n;

	print_place(f, a, d->place);
	fprintf(f, "%s: %s", severities[d->severity],
		text_escape(a, d->message, strlen(d->message), MESSAGE_MOST));
	if (d->instance)
		fprintf(f, " (instance %s)", text_escape(a, d->instance, strlen(d->instance), 80));
	fputc('\n', f);
	line = place_line(d->place, &n);
	if (line && n > 0 && d->place.column && (o->show_secrets || !holds_secret(d->place)))
		print_excerpt(f, line, n, d->place.column);
	if (d->hint)
		fprintf(f, INDENT "hint: %s\n",
			text_escape(a, d->hint, strlen(d->hint), MESSAGE_MOST));
}

static void print_from(FILE *f, const struct options *o, const struct diagnostics *ds,
		       enum severity least)
{
	for (size_t i = 0; i < ds->n; i++) {
		struct arena *a;

		if (ds->items[i].severity < least)
			continue;
		a = arena_new();
		print_one(f, a, o, &ds->items[i]);
		arena_free(a);
	}
}

void report_diagnostics_to(FILE *f, const struct options *o, const struct diagnostics *ds)
{
	print_from(f, o, ds, o->verbosity < 0 ? SEVERITY_ERROR : SEVERITY_NOTICE);
}

void report_diagnostics(const struct options *o, const struct diagnostics *ds)
{
	if (ds->n == 0)
		return;
	fflush(stdout); /* what was said before stands before, also on a terminal */
	report_diagnostics_to(stderr, o, ds);
}

void report_warnings(const struct options *o, const struct diagnostics *ds)
{
	if (ds->errors + ds->warnings == 0 && o->verbosity < 1)
		return;
	fflush(stdout);
	print_from(stderr, o, ds,
		   o->verbosity < 0   ? SEVERITY_ERROR
		   : o->verbosity > 0 ? SEVERITY_NOTICE
				      : SEVERITY_WARNING);
}

void report_kernel_write(const char *what, const char *value, int error)
{
	struct arena *a = arena_new();

	fprintf(stderr, "write %s %s%s%s\n", text_escape(a, what, strlen(what), 0),
		text_escape(a, value, strlen(value), 500), error ? ": " : "",
		error ? strerror(error) : "");
	arena_free(a);
}
