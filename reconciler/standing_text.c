#include "reconciler/pauses.h"
#include "reconciler/standing.h"
#include "reconciler/timespan.h"
#include "reconciler/usage_report.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <inttypes.h>
#include <string.h>

#define REASON_MOST 200 /* characters in a table */

static const char *escaped(struct arena *a, const char *text)
{
	return text_escape(a, text, strlen(text), 0);
}

static const char *value(const struct options *o, const struct waiting *w, const char *text,
			 struct arena *a)
{
	if (!text)
		return "none";
	return w->secret && !o->show_secrets ? "(hidden)" : escaped(a, text);
}

/* "profiles/small.yaml:4" */
static const char *place(const struct waiting *w, struct arena *a)
{
	if (!w->file)
		return "";
	if (!w->line)
		return arena_printf(a, "   %s", escaped(a, w->file));
	return arena_printf(a, "   %s:%" PRIu32, escaped(a, w->file), w->line);
}

static void print_waiting(FILE *f, const struct options *o, const struct standing *s,
			  struct arena *a)
{
	for (size_t i = 0; i < s->n_pending; i++) {
		const struct waiting *w = &s->pending[i];

		fprintf(f, "      %s: %s now, %s after a restart%s\n", w->name,
			value(o, w, w->now, a), value(o, w, w->then, a), place(w, a));
	}
	for (size_t i = 0; i < s->n_unsupported; i++) {
		const struct waiting *w = &s->unsupported[i];

		fprintf(f, "      %s: cannot be had: %s%s\n", w->name,
			w->reason ? escaped(a, w->reason) : "unknown", place(w, a));
	}
}

/* "disk full (for 2m, next try in 4s)" */
static const char *reason(const struct standing *s, uint64_t today, struct arena *a)
{
	const char *text =
	    s->reason ? text_escape(a, s->reason, strlen(s->reason), REASON_MOST) : "";
	const char *age = "", *next = "";

	if (s->condition == CONDITION_IN_SYNC)
		return text;
	if (s->since && s->since < today)
		age = arena_printf(a, "for %s", timespan_show((today - s->since) * 1000, a));
	if (s->retry)
		next = arena_printf(a, "next try in %s", timespan_show(s->retry * 1000, a));
	if (!*age && !*next)
		return text;
	return arena_printf(a, "%s%s(%s%s%s)", text, *text ? " " : "", age,
			    *age && *next ? ", " : "", next);
}

static void print_row(FILE *f, const struct standing *s, int name, int condition, uint64_t today,
		      struct arena *a)
{
	const char *why = reason(s, today, a), *shown = escaped(a, s->name);
	size_t columns = text_columns(shown, strlen(shown));
	int pad = name > (int)columns ? name - (int)columns : 0;

	fprintf(f, "%s%*s  %-8s  %-*s%s%s\n", shown, pad, "", status_name(s->status),
		*why ? condition : 0, condition_name(s->condition), *why ? "  " : "", why);
}

void standing_print_line(FILE *f, const struct standing *s, const char *when, int width)
{
	struct arena *a = arena_new();

	fprintf(f, "%s  ", when);
	print_row(f, s, width, (int)strlen("pending-restart"), pauses_today(), a);
	arena_free(a);
}

/* "50 instances: 48 in-sync, 1 drifted, 1 pending-restart" */
static void print_total(FILE *f, const struct standings *s)
{
	size_t counts[N_CONDITIONS] = {0};
	const char *separator = ": ";

	for (size_t i = 0; i < s->n; i++)
		counts[s->items[i].condition]++;
	fprintf(f, "%zu %s", s->n, s->n == 1 ? "instance" : "instances");
	for (int k = 0; k < N_CONDITIONS; k++) {
		if (counts[k] == 0)
			continue;
		fprintf(f, "%s%zu %s", separator, counts[k], condition_name((enum condition)k));
		separator = ", ";
	}
	fputc('\n', f);
}

void standings_print(FILE *f, const struct options *o, const struct standings *s)
{
	int name = (int)strlen("NAME"), condition = (int)strlen("CONDITION");
	struct arena *a = arena_new();
	uint64_t today = pauses_today();

	for (size_t i = 0; i < s->n; i++) {
		const char *shown = escaped(a, s->items[i].name);
		int n = (int)text_columns(shown, strlen(shown));
		int c = (int)strlen(condition_name(s->items[i].condition));

		name = n > name ? n : name;
		condition = c > condition ? c : condition;
	}
	if (s->n)
		fprintf(f, "%-*s  %-8s  %-*s  %s\n", name, "NAME", "STATUS", condition, "CONDITION",
			"REASON");
	for (size_t i = 0; i < s->n; i++) {
		print_row(f, &s->items[i], name, condition, today, a);
		if (o->verbosity > 0)
			print_waiting(f, o, &s->items[i], a);
		if (s->usage && s->usage[i])
			usage_print(f, s->usage[i]);
	}
	if (s->n)
		fputc('\n', f);
	print_total(f, s);
	arena_free(a);
}
