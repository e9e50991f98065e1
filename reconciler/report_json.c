#include "reconciler/report.h"

#include "schema/arena.h"
#include "schema/text.h"

#include <jansson.h>
#include <string.h>

struct json_t *json_text(const char *text)
{
	struct arena *a;
	json_t *out;

	if (!text)
		return json_null();
	out = json_string(text);
	if (out)
		return out;
	a = arena_new();
	out = json_string(text_escape(a, text, strlen(text), 0));
	arena_free(a);
	return out;
}

/* A line or column counts from 1; 0 is none. */
static json_t *json_count_or_null(uint32_t n)
{
	return n ? json_integer(n) : json_null();
}

static void set(json_t *object, const char *name, json_t *value)
{
	json_object_set_new(object, name, value);
}

struct json_t *json_origin(const struct setting *s, const struct document *from)
{
	struct place at = s ? s->at : from ? from->at : NOWHERE;
	json_t *out;

	if (!at.source)
		return json_null();
	out = json_object();
	set(out, "file", json_text(at.source->name));
	set(out, "line", json_count_or_null(at.line));
	set(out, "column", json_count_or_null(at.column));
	if (from && from->kind == KIND_PROFILE)
		set(out, "profile", json_text(from->name));
	return out;
}

static json_t *json_diagnostic(const struct diagnostic *d)
{
	static const char *const severities[] = {
	    [SEVERITY_NOTICE] = "notice",
	    [SEVERITY_WARNING] = "warning",
	    [SEVERITY_ERROR] = "error",
	};
	json_t *out = json_object();

	set(out, "severity", json_string(severities[d->severity]));
	set(out, "file", d->place.source ? json_text(d->place.source->name) : json_null());
	set(out, "line", json_count_or_null(d->place.source ? d->place.line : 0));
	set(out, "column", json_count_or_null(d->place.source ? d->place.column : 0));
	set(out, "message", json_text(d->message));
	set(out, "hint", json_text(d->hint));
	if (d->instance)
		set(out, "instance", json_text(d->instance));
	return out;
}

struct json_t *json_diagnostics(const struct diagnostics *ds)
{
	json_t *out = json_array();

	for (size_t i = 0; i < ds->n; i++)
		json_array_append_new(out, json_diagnostic(&ds->items[i]));
	return out;
}

void json_print(FILE *f, struct json_t *document)
{
	json_dumpf(document, f, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	fputc('\n', f);
	json_decref(document);
}
