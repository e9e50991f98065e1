#include "reconciler/pauses.h"
#include "reconciler/report.h"

#include "schema/arena.h"
#include "schema/moment.h"
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

struct json_t *json_origin(struct place at, const struct document *from)
{
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

static const char *whole_name(enum whole w)
{
	switch (w) {
	case WHOLE_NONE:
		break;
	case WHOLE_CREATE:
		return "create";
	case WHOLE_UPDATE:
		return "update";
	case WHOLE_REPLACE:
		return "replace";
	case WHOLE_DELETE:
		return "delete";
	}
	return "none";
}

static const char *verdict_name(enum verdict v)
{
	switch (v) {
	case VERDICT_NONE:
		break;
	case VERDICT_APPLIED:
		return "applied";
	case VERDICT_FAILED:
		return "failed";
	case VERDICT_PENDING:
		return "pending";
	case VERDICT_SKIPPED:
		return "skipped";
	}
	return NULL;
}

/* What an apply made of it; a plan says only what stands in its way. */
static void set_verdict(json_t *out, const struct options *o, const struct change *c, bool applied)
{
	struct arena *a = arena_new();

	if (applied)
		set(out, "result", json_text(verdict_name(c->verdict)));
	if (applied || c->reason)
		set(out, "reason", json_text(report_hide(o, c, c->reason, a)));
	if (c->remedy)
		set(out, "remedy", json_text(c->remedy));
	if (applied)
		set(out, "error", json_text(report_hide(o, c, c->error, a)));
	arena_free(a);
}

static json_t *json_change(const struct options *o, const struct change *c, bool applied)
{
	struct arena *a = arena_new();
	json_t *out = json_object();

	set(out, "object", json_text(c->object));
	set(out, "attribute", json_text(c->attribute));
	set(out, "from", json_text(report_hide(o, c, c->from, a)));
	set(out, "to", json_text(report_hide(o, c, c->to, a)));
	if (c->observed == UNKNOWN)
		set(out, "observed", json_string("unknown"));
	set(out, "effect", json_string(effect_name(c->effect)));
	set(out, "key", json_text(c->key));
	set(out, "origin", json_origin(change_place(c), c->origin));
	set_verdict(out, o, c, applied);
	arena_free(a);
	return out;
}

static json_t *json_pause(const struct pause *p)
{
	struct arena *a = arena_new();
	json_t *out = json_object();

	set(out, "until", json_text(p->until ? moment_print(p->until, a) : NULL));
	set(out, "reason", json_text(p->reason[0] ? p->reason : NULL));
	set(out, "origin", json_origin(p->at, NULL));
	arena_free(a);
	return out;
}

static json_t *json_outcome(const struct options *o, const struct outcome *outcome, bool applied)
{
	json_t *out = json_object(), *changes = json_array();

	for (size_t i = 0; i < outcome->changes.n; i++)
		json_array_append_new(changes, json_change(o, &outcome->changes.items[i], applied));
	set(out, "name", json_text(outcome->name));
	set(out, "status", json_string(report_status(outcome)));
	set(out, "action", json_string(whole_name(outcome->whole)));
	set(out, "changes", changes);
	if (outcome->pause)
		set(out, "paused", json_pause(outcome->pause));
	set(out, "diagnostics", json_diagnostics(&outcome->diagnostics));
	return out;
}

static json_t *json_outcomes(const struct options *o, const struct outcome *items, size_t n,
			     bool applied)
{
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++)
		if (report_shows(o, &items[i]))
			json_array_append_new(out, json_outcome(o, &items[i], applied));
	return out;
}

static json_t *json_summary(const struct summary *s)
{
	const struct {
		const char *name;
		size_t n;
	} counts[] = {
	    {"create",          s->create         },
	    {"update",          s->update         },
	    {"replace",         s->replace        },
	    {"delete",          s->remove         },
	    {"in_sync",         s->in_sync        },
	    {"live",            s->live           },
	    {"pending_restart", s->pending_restart},
	    {"unsupported",     s->unsupported    },
	    {"skipped",         s->skipped        },
	    {"failed",          s->failed         },
	    {"errors",          s->errors         },
	    {"paused",          s->paused         },
	};
	json_t *out = json_object();

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		set(out, counts[i].name, json_integer((json_int_t)counts[i].n));
	return out;
}

/* All findings: those about single instances stand with their plans too. */
static json_t *json_findings(const struct result *r)
{
	json_t *out = json_diagnostics(&r->diagnostics), *load;

	if (!r->generation)
		return out;
	load = json_diagnostics(&r->generation->diagnostics);
	json_array_extend(out, load);
	json_decref(load);
	return out;
}

void report_json(FILE *f, const struct options *o, const struct result *r)
{
	json_t *out = json_object();

	set(out, "version", json_integer(1));
	set(out, "generation", json_text(r->generation ? generation_digest(r->generation) : NULL));
	set(out, "networks", json_outcomes(o, r->networks, r->n_networks, r->applied));
	set(out, "instances", json_outcomes(o, r->outcomes, r->n, r->applied));
	set(out, "summary", json_summary(&r->summary));
	set(out, "diagnostics", json_findings(r));
	json_print(f, out);
}
