#include "schema/reading.h"

#include "schema/arena.h"
#include "schema/text.h"
#include "schema/yaml_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A notice lists this many names, and says how many more there are. */
#define MOST_LISTED 8

bool reading_full(const struct reading *r)
{
	return r->ds->n - r->found_before >= YAML_MOST_FINDINGS;
}

size_t reading_errors(const struct reading *r)
{
	return r->ds->errors + r->refused;
}

const char *reading_show(struct reading *r, const char *text)
{
	return text_escape(r->scratch, text, strlen(text), 64);
}

void reading_tally(struct reading *r, struct tally *t, const char *name, struct place at)
{
	/* Enough to know those that are listed; all others are only counted, in the end. */
	size_t look = t->n < MOST_LISTED ? t->n : MOST_LISTED;

	for (size_t i = 0; i < look; i++)
		if (strcmp(t->items[i].text, name) == 0)
			return;
	t->items = arena_grow(r->scratch, t->items, t->n, &t->capacity, sizeof(*t->items));
	t->items[t->n++] = (struct word){name, at};
}

static int compare(const void *x, const void *y)
{
	const struct word *a = x, *b = y;

	return strcmp(a->text, b->text);
}

/* How many different names there are behind those that are listed. */
static size_t count_others(struct tally *t)
{
	struct word *others = t->items + MOST_LISTED;
	size_t n = t->n - MOST_LISTED, different = 1;

	qsort(others, n, sizeof(*others), compare);
	for (size_t i = 1; i < n; i++)
		different += strcmp(others[i - 1].text, others[i].text) != 0;
	return different;
}

static char *list(struct reading *r, struct tally *t)
{
	char *text = NULL, *result;
	size_t size = 0, shown = t->n < MOST_LISTED ? t->n : MOST_LISTED;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return arena_strdup(r->scratch, t->items[0].text);
	for (size_t i = 0; i < shown; i++)
		fprintf(out, "%s%s", i ? ", " : "", reading_show(r, t->items[i].text));
	if (t->n > shown)
		fprintf(out, " and %zu more", count_others(t));
	fclose(out);
	result = arena_strdup(r->scratch, text);
	free(text);
	return result;
}

void reading_report(struct reading *r)
{
	if (reading_full(r))
		diagnostic_error(
		    r->ds, (struct place){r->source, 0, 0},
		    "more than %d findings in this file: the rest of it was not looked at",
		    YAML_MOST_FINDINGS);
	if (r->ignored.n)
		diagnostic_notice(r->ds, r->ignored.items[0].at, "ignored, as not ours: %s",
				  list(r, &r->ignored));
	if (r->idle.n)
		diagnostic_notice(r->ds, r->idle.items[0].at,
				  "unsupported: valid, and nothing here carries it out: %s",
				  list(r, &r->idle));
	if (r->validated.n)
		diagnostic_notice(r->ds, r->validated.items[0].at,
				  "not yet supported: validated only: %s", list(r, &r->validated));
}

const char *node_kind_name(enum node_kind k)
{
	switch (k) {
	case NODE_SCALAR:
		return "text";
	case NODE_SEQUENCE:
		return "list";
	case NODE_MAPPING:
		return "mapping";
	}
	return "node";
}

const char *reading_text(struct reading *r, const struct node *value, const char *what)
{
	r->refused += value->refused;
	if (value->kind == NODE_SCALAR)
		return value->refused ? NULL : value->text;
	diagnostic_error(r->ds, value->at, "%s must be a text, not a %s", reading_show(r, what),
			 node_kind_name(value->kind));
	return NULL;
}

static const char *example(enum node_kind kind)
{
	switch (kind) {
	case NODE_SCALAR:
		return "write a single value";
	case NODE_SEQUENCE:
		return "write [ONE, OTHER], or one '- ITEM' a line";
	case NODE_MAPPING:
		return "write one 'key: value' a line, indented";
	}
	return "";
}

int reading_kind(struct reading *r, const struct node *value, enum node_kind kind, const char *what,
		 bool *empty)
{
	*empty = value->kind == NODE_SCALAR && value->plain && !value->text[0];
	if (*empty || value->kind == kind)
		return 0;
	diagnostic_error(r->ds, value->at, "%s must be a %s, not a %s", reading_show(r, what),
			 node_kind_name(kind), node_kind_name(value->kind));
	return diagnostic_hint(r->ds, "%s", example(kind));
}

void reading_hint_near_miss(struct reading *r, const char *near)
{
	if (near)
		diagnostic_hint(r->ds, "did you mean %s?", near);
}

int reading_value(struct reading *r, const struct grammar *g, const struct node *value,
		  struct value *out)
{
	struct complaint why;

	why.hint[0] = '\0';
	why.offset = 0;
	if (value_parse(g, value->text, r->scratch, out, &why) == 0)
		return 0;
	diagnostic_error(r->ds, yaml_place_inside(value->at, value->text, why.offset), "%s",
			 why.message);
	return why.hint[0] ? diagnostic_hint(r->ds, "%s", why.hint) : -EINVAL;
}
