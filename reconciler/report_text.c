#include "reconciler/pauses.h"
#include "reconciler/report.h"

#include "schema/arena.h"
#include "schema/text.h"

#include <string.h>

#define NAME_LEAST 20 /* columns of the property's name: plans of several instances line up */
#define VALUE_MOST 48 /* a longer value does not push the others' origins away */
#define GAP 3

/* One change as it is printed, or an object that comes or goes with all its parts. */
struct row {
	const struct change *change;
	const struct changes *parts; /* are among these; NULL: it stands for itself */
	const char *sign, *name, *value, *origin;
};

struct rows {
	struct row *items;
	size_t n;
	size_t sign, name, value; /* widths */
};

static const char *const signs[] = {
    [ACTION_ADD] = "+",       [ACTION_CHANGE] = "~", [ACTION_REMOVE] = "-",
    [ACTION_REPLACE] = "-/+", [ACTION_WAIT] = "!",   [ACTION_NONE] = "?",
};

static const char *const colors[] = {
    [ACTION_ADD] = "\033[32m",     [ACTION_CHANGE] = "\033[33m", [ACTION_REMOVE] = "\033[31m",
    [ACTION_REPLACE] = "\033[35m", [ACTION_WAIT] = "\033[36m",   [ACTION_NONE] = "\033[34m",
};

static const char *escaped(struct arena *a, const char *text)
{
	return text_escape(a, text, strlen(text), 0);
}

bool report_shows(const struct options *o, const struct outcome *outcome)
{
	const struct diagnostics *ds = &outcome->diagnostics;

	return o->all || outcome->pause || !outcome->in_sync || outcome->changes.n || ds->errors ||
	       ds->warnings || (ds->notices && o->verbosity > 0);
}

const char *report_status(const struct outcome *outcome)
{
	if (!outcome->network || outcome->status == STATUS_MISSING)
		return status_name(outcome->status);
	return outcome->status == STATUS_RUNNING ? "up" : "down";
}

static bool is(const struct change *c, const char *object, const char *attribute)
{
	return strcmp(c->object, object) == 0 && strcmp(c->attribute, attribute) == 0;
}

static const struct change *find(const struct outcome *o, const char *object, const char *attribute)
{
	for (size_t i = 0; i < o->changes.n; i++)
		if (is(&o->changes.items[i], object, attribute))
			return &o->changes.items[i];
	return NULL;
}

const char *report_name(const struct change *c, struct arena *a)
{
	static const char lxc[] = "lxc.";
	const char *name = c->attribute;

	if (strcmp(c->object, "container") == 0)
		return "container";
	if (strcmp(c->object, "boot") == 0)
		return "boot file";
	if (strcmp(c->object, "config") == 0 && strncmp(name, lxc, strlen(lxc)) == 0)
		name += strlen(lxc);
	if (strcmp(c->object, "config") == 0 || strcmp(c->object, "key") == 0)
		return escaped(a, name);
	if (object_is(c->object, "network"))
		return c->identity ? "interface" : escaped(a, name);
	if (strcmp(name, "device") == 0 || c->identity)
		return escaped(a, c->object);
	return escaped(a, arena_printf(a, "%s %s", c->object, name));
}

static const char *shown_value(const struct options *o, const struct change *c, const char *value,
			       struct arena *a)
{
	if (!value)
		return c->observed == UNKNOWN ? "?" : "none";
	if (report_hide(o, c, value, a) != value)
		return "(hidden)";
	return report_value(c->object, c->attribute, value, a);
}

static const char *both_values(const struct options *o, const struct change *c, struct arena *a)
{
	const char *from = shown_value(o, c, c->from, a), *to = shown_value(o, c, c->to, a);

	if (c->action == ACTION_ADD || (!c->from && c->observed != UNKNOWN))
		return to;
	if (!c->to)
		return from;
	return arena_printf(a, "%s -> %s", from, to);
}

/* A container's own life: "create from template busybox, start". */
static const char *life(const struct options *o, const struct outcome *outcome,
			const struct change *c, struct arena *a)
{
	const struct change *state = find(outcome, "container", "state");
	const char *then = "";

	if (strcmp(c->attribute, "existence") != 0)
		return both_values(o, c, a);
	if (c->action == ACTION_REMOVE)
		return c->from && strcmp(c->from, "stopped") == 0 ? "destroy" : "stop, destroy";
	if (state && state->to)
		then = strcmp(state->to, "frozen") == 0 ? ", start, freeze" : ", start";
	return arena_printf(a, "create from %s%s", c->to ? escaped(a, c->to) : "nothing", then);
}

static const char *boot_file(const struct change *c, struct arena *a)
{
	if (c->action == ACTION_ADD)
		return "write";
	if (c->action == ACTION_REMOVE)
		return "remove: nothing in it is ours any more";
	return arena_printf(a, "rewrite: %s", c->reason ? escaped(a, c->reason) : "it differs");
}

/* Why something is shown and not done. */
static const char *not_done(const struct options *o, const struct change *c, struct arena *a)
{
	const char *what = "refused";
	const char *reason = report_hide(o, c, c->reason, a);

	if (c->wrong)
		what = "refused";
	else if (c->observed == UNSUPPORTED || c->effect == EFFECT_UNSUPPORTED)
		what = "unsupported";
	else if (c->observed == UNKNOWN)
		what = "unknown";
	return reason ? arena_printf(a, "%s: %s", what, escaped(a, reason)) : what;
}

static const char *value_of(const struct options *o, const struct outcome *outcome,
			    const struct change *c, struct arena *a)
{
	const char *waits =
	    c->effect == EFFECT_RECREATE ? "pending: needs a new container" : "pending restart";

	if (c->action == ACTION_NONE)
		return not_done(o, c, a);
	if (c->action == ACTION_WAIT && o->verbosity > 0)
		return arena_printf(a, "%s, %s", both_values(o, c, a), waits);
	if (c->action == ACTION_WAIT)
		return waits;
	if (strcmp(c->object, "container") == 0)
		return life(o, outcome, c, a);
	if (strcmp(c->object, "boot") == 0)
		return boot_file(c, a);
	return both_values(o, c, a);
}

/* "limits.memory, profiles/small.yaml:4" */
static const char *origin_of(const struct change *c, struct arena *a)
{
	const char *place = report_place(change_place(c), a);

	if (strcmp(c->object, "container") == 0 || strcmp(c->object, "boot") == 0)
		return NULL;
	if (place && c->identity)
		return place;
	if (c->key && place)
		return arena_printf(a, "%s, %s", escaped(a, c->key), place);
	if (c->key || place)
		return c->key ? escaped(a, c->key) : place;
	return c->action == ACTION_REMOVE && c->reason ? escaped(a, c->reason) : NULL;
}

/* The start of a container that is created stands in the line of its creation, unless they ended
 * differently. */
static bool is_told_already(const struct outcome *outcome, const struct change *c)
{
	const struct change *existence = find(outcome, "container", "existence");

	return is(c, "container", "state") && existence && existence->action == ACTION_ADD &&
	       existence->verdict == c->verdict;
}

static void widen(size_t *width, const char *text)
{
	size_t n = text_columns(text, strlen(text));

	*width = n > *width ? n : *width;
}

static struct rows rows_of(const struct options *o, const struct outcome *outcome, struct arena *a)
{
	const struct changes *all = &outcome->changes;
	struct rows rows = {.name = NAME_LEAST};

	rows.items = arena_alloc(a, outcome->changes.n * sizeof(*rows.items));
	for (size_t i = 0; i < outcome->changes.n; i++) {
		const struct change *c = &outcome->changes.items[i];
		const struct change *whole = o->verbosity < 1 ? changes_whole(all, c) : NULL;
		struct row row = {.change = c, .parts = whole ? all : NULL};

		if (is_told_already(outcome, c) || (whole && whole != c))
			continue;
		row.sign = signs[c->action];
		row.name = report_name(c, a);
		row.value = whole ? report_whole(all, c, a) : value_of(o, outcome, c, a);
		row.origin = origin_of(c, a);
		widen(&rows.sign, row.sign);
		widen(&rows.name, row.name);
		if (row.origin && c->action != ACTION_NONE &&
		    text_columns(row.value, strlen(row.value)) <= VALUE_MOST)
			widen(&rows.value, row.value);
		rows.items[rows.n++] = row;
	}
	return rows;
}

static void print_padded(FILE *f, const char *text, size_t width)
{
	size_t n = text_columns(text, strlen(text));

	fprintf(f, "%s%*s", text, n < width ? (int)(width - n) : 0, "");
}

static void print_below(FILE *f, const char *what, const char *text, struct arena *a)
{
	if (text)
		fprintf(f, "      %s%s\n", what, escaped(a, text));
}

/* What became of a change, why, and what to do. */
static void print_verdict(FILE *f, const struct options *o, const struct change *c, struct arena *a)
{
	const char *reason = report_hide(o, c, c->reason, a);

	switch (c->verdict) {
	case VERDICT_FAILED:
		print_below(f, "failed: ", report_hide(o, c, c->error ? c->error : reason, a), a);
		break;
	case VERDICT_SKIPPED:
		print_below(f, "skipped: ", reason ? reason : "something before it failed", a);
		break;
	case VERDICT_NONE:
	case VERDICT_APPLIED:
	case VERDICT_PENDING:
		if (c->action == ACTION_CHANGE && strcmp(c->object, "boot") != 0)
			print_below(f, "", reason, a);
		break;
	}
	if (!c->wrong) /* the error that says so has it */
		print_below(f, "hint: ", c->remedy, a);
}

/* What went wrong with single parts of it, and not with all. */
static void print_parts(FILE *f, const struct options *o, const struct row *row, struct arena *a)
{
	const struct changes *all = row->parts;

	for (size_t i = 0; all && i < all->n; i++) {
		const struct change *c = &all->items[i];
		const char *why = c->error ? c->error : c->reason;

		if (c == row->change || changes_whole(all, c) != row->change ||
		    !changes_told(all, c))
			continue;
		print_below(f,
			    arena_printf(a, "%s %s: ", escaped(a, c->attribute),
					 c->verdict == VERDICT_FAILED ? "failed" : "skipped"),
			    report_hide(o, c, why ? why : "something before it failed", a), a);
		print_below(f, "hint: ", c->remedy, a);
	}
}

static void print_row(FILE *f, const struct options *o, const struct rows *rows,
		      const struct row *row, struct arena *a)
{
	fputs("  ", f);
	if (o->color)
		fputs(colors[row->change->action], f);
	fputs(row->sign, f);
	if (o->color)
		fputs("\033[0m", f);
	fprintf(f, "%*s ", (int)(rows->sign - strlen(row->sign)), "");
	print_padded(f, row->name, rows->name + GAP);
	if (row->origin) {
		print_padded(f, row->value, rows->value);
		fprintf(f, "%*s%s", GAP, "", row->origin);
	} else {
		fputs(row->value, f);
	}
	fputc('\n', f);
	print_verdict(f, o, row->change, a);
	print_parts(f, o, row, a);
}

static void print_diagnostics(FILE *f, const struct options *o, const struct outcome *outcome,
			      struct arena *a)
{
	static const char *const severities[] = {"notice", "warning", "error"};

	if (outcome->held_back)
		fputs("  ? held back: it keeps what it has\n", f);
	for (size_t i = 0; i < outcome->diagnostics.n; i++) {
		const struct diagnostic *d = &outcome->diagnostics.items[i];
		const char *place = report_place(d->place, a);

		if (d->severity == SEVERITY_NOTICE && o->verbosity < 1)
			continue;
		fprintf(f, "    %s%s%s: %s\n", place ? place : "", place ? ": " : "",
			severities[d->severity], escaped(a, d->message));
		print_below(f, "hint: ", d->hint, a);
	}
}

/* "default, small"; an undefined default that nobody named is nothing. */
static const char *profiles_of(const struct result *r, const struct outcome *outcome,
			       struct arena *a)
{
	const struct document *d = outcome->instance ? outcome->instance->document : NULL;
	char *out = arena_strdup(a, "");

	if (!d)
		return "no longer in the manifests";
	if (!d->profiles_given)
		return r->generation &&
			       catalog_find(&r->generation->catalog, KIND_PROFILE, "default")
			   ? "default"
			   : "";
	for (size_t i = 0; i < d->profiles.n; i++)
		out = arena_printf(a, "%s%s%s", out, i ? ", " : "",
				   escaped(a, d->profiles.items[i].text));
	return out;
}

/* "  paused until 2026-12-01T10:00:00Z: new disk (instances/web1.yaml:3)" */
static void print_pause(FILE *f, const struct outcome *outcome, struct arena *a)
{
	const struct pause *p = outcome->pause;
	const char *words = pause_words(p, a), *place = report_place(p->at, a);

	fprintf(f, "  paused%s%s%s%s%s\n",
		!*words    ? ""
		: p->until ? " "
			   : ": ",
		words, place ? " (" : "", place ? place : "", place ? ")" : "");
}

static const char *title_of(const struct outcome *outcome, struct arena *a)
{
	const char *name = escaped(a, outcome->name);

	return outcome->network ? arena_printf(a, "network %s", name) : name;
}

static void print_outcome(FILE *f, const struct options *o, const struct result *r,
			  const struct outcome *outcome, size_t width)
{
	struct arena *a = arena_new();
	struct rows rows = rows_of(o, outcome, a);
	const char *profiles = outcome->network ? "" : profiles_of(r, outcome, a);

	print_padded(f, title_of(outcome, a), width);
	fprintf(f, "  %s%s%s\n", report_status(outcome), *profiles ? "  " : "", profiles);
	if (outcome->pause)
		print_pause(f, outcome, a);
	for (size_t i = 0; i < rows.n; i++)
		print_row(f, o, &rows, &rows.items[i], a);
	print_diagnostics(f, o, outcome, a);
	arena_free(a);
}

/* Returns how many there were to be shown. */
static size_t print_outcomes(FILE *f, const struct options *o, const struct result *r,
			     const struct outcome *items, size_t n)
{
	struct arena *a = arena_new();
	size_t width = 0, shown = 0;

	for (size_t i = 0; i < n; i++)
		if (report_shows(o, &items[i]))
			widen(&width, title_of(&items[i], a));
	for (size_t i = 0; i < n; i++) {
		if (!report_shows(o, &items[i]))
			continue;
		print_outcome(f, o, r, &items[i], width);
		shown++;
	}
	arena_free(a);
	return shown;
}

void report_text(FILE *f, const struct options *o, const struct result *r)
{
	struct arena *a;
	size_t shown;

	if (o->verbosity < 0)
		return;
	a = arena_new();
	shown = print_outcomes(f, o, r, r->networks, r->n_networks);
	shown += print_outcomes(f, o, r, r->outcomes, r->n);
	if (shown)
		fputc('\n', f);
	if (o->verbosity > 0 && r->applied)
		fprintf(f, "%zu kernel writes\n", r->kernel_writes);
	fprintf(f, "%s\n", report_total(r, a));
	arena_free(a);
}
