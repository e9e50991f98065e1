/*
 * reading - what the rooms that read one manifest file share: where texts go, where findings go,
 * and what is said once per file only.
 */
#pragma once

#include "schema/manifest.h"
#include "schema/yaml.h"

/* Names that one notice per file lists. */
struct tally {
	struct word *items; /* each name once, in order of appearance */
	size_t n, capacity;
};

struct reading {
	struct arena *arena;   /* the manifest's: what stays */
	struct arena *scratch; /* freed when the file is read */
	struct diagnostics *ds;
	const struct source *source;
	struct manifest_hints hints;
	const char *stem;    /* the file's name without its ending; NULL: there is none */
	bool only;           /* the file has one document only */
	bool strict;         /* inside a preseed: nothing that only exports have */
	size_t found_before; /* findings that were there before this began */
	size_t refused;      /* texts that the reader of YAML had refused, come across so far */
	struct tally ignored, idle, validated;
};

/* Has this file more findings than anybody reads? What is left is not looked at. */
bool reading_full(const struct reading *r);

/* Errors so far: of two that are equal nothing between them was wrong. */
size_t reading_errors(const struct reading *r);

/* A text of the manifest as it may be shown: escaped, shortened; lives in scratch. */
const char *reading_show(struct reading *r, const char *text);

/* Notes NAME, found at AT. NAME is kept, not copied. */
void reading_tally(struct reading *r, struct tally *t, const char *name, struct place at);

/* Says what was noted, one notice for each tally that is not empty. */
void reading_report(struct reading *r);

/* "scalar", ... as a user would call it. */
const char *node_kind_name(enum node_kind k);

/* VALUE's text when it is a scalar; else NULL with an error that names WHAT, or with the one that
 * the reader of YAML has added. */
const char *reading_text(struct reading *r, const struct node *value, const char *what);

/* Is VALUE of KIND? Nothing at all ("key:") counts as an empty one: 0, with *EMPTY set. An error
 * that names WHAT: -EINVAL. */
int reading_kind(struct reading *r, const struct node *value, enum node_kind kind, const char *what,
		 bool *empty);

/* "did you mean X?" for the finding added last, when X is not NULL. */
void reading_hint_near_miss(struct reading *r, const char *near);

/* Reads VALUE, which is not empty, by G; the complaint is placed inside of it. */
int reading_value(struct reading *r, const struct grammar *g, const struct node *value,
		  struct value *out);
