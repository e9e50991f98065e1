/*
 * findings - a manifest's findings as text, one a line: "3:5 error: MESSAGE [HINT]".
 */
#pragma once

#include "schema/arena.h"
#include "schema/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct loaded {
	struct arena *arena;
	struct diagnostics ds;
	struct manifest *manifest;
	char *findings;
};

static inline const char *severity_word(enum severity s)
{
	switch (s) {
	case SEVERITY_NOTICE:
		return "notice";
	case SEVERITY_WARNING:
		return "warning";
	case SEVERITY_ERROR:
		return "error";
	}
	return "?";
}

static inline struct loaded load_bytes(const char *path, const char *text, size_t n)
{
	struct loaded l = {.arena = arena_new()};
	size_t size = 0;
	FILE *out = open_memstream(&l.findings, &size);

	assert_non_null(out);
	diagnostics_init(&l.ds, l.arena);
	l.manifest = manifest_from_bytes(path, text, n, manifest_hints_from_path(path), &l.ds);
	diagnostics_sort(&l.ds);
	for (size_t i = 0; i < l.ds.n; i++) {
		const struct diagnostic *d = &l.ds.items[i];

		fprintf(out, "%u:%u %s: %s", d->place.line, d->place.column,
			severity_word(d->severity), d->message);
		if (d->hint)
			fprintf(out, " [%s]", d->hint);
		fputc('\n', out);
	}
	fclose(out);
	return l;
}

static inline struct loaded load(const char *path, const char *text)
{
	return load_bytes(path, text, strlen(text));
}

static inline void unload(struct loaded *l)
{
	manifest_free(l->manifest);
	arena_free(l->arena);
	free(l->findings);
}

/* A text and all that is found in it. */
struct finding_case {
	const char *text, *findings;
};

/* Each text behind PREFIX; FINDINGS count lines from the prefix's end. */
static inline void check_findings(const char *path, const char *prefix,
				  const struct finding_case *cases, size_t n)
{
	int failed = 0;

	for (size_t i = 0; i < n; i++) {
		char *text = NULL;
		struct loaded l;

		assert_true(asprintf(&text, "%s%s", prefix, cases[i].text) >= 0);
		l = load(path, text);
		if (strcmp(l.findings, cases[i].findings) != 0) {
			print_error("--- text\n%s\n--- expected\n%s--- found\n%s", text,
				    cases[i].findings, l.findings);
			failed++;
		}
		unload(&l);
		free(text);
	}
	assert_int_equal(failed, 0);
}
