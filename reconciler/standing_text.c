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

static const char *title(const struct standing *s, struct arena *a)
{
	const char *network = standing_network(s);

	return network ? arena_printf(a, "network %s", escaped(a, network)) : escaped(a, s->name);
}

/* Networks are a matter of their own only where something is the matter with them. */
static bool is_shown(const struct options *o, const struct standing *s)
{
	return o->verbosity > 0 || s->condition != CONDITION_IN_SYNC || !standing_network(s);
}

static void print_row(FILE *f, const struct standing *s, int name, int condition, uint64_t today,
		      struct arena *a)
{
	const char *why = reason(s, today, a), *shown = title(s, a);
	size_t columns = text_columns(shown, strlen(shown));
	int pad = name > (int)columns ? name - (int)columns : 0;

	fprintf(f, "%s%*s  %-8s  %-*s%s%s\n", shown, pad, "", standing_status(s),
		*why ? condition : 0, condition_name(s->condition), *why ? "  " : "", why);
}

void standing_print_line(FILE *f, const struct standing *s, const char *when, int width)
{
	struct arena *a = arena_new();

	fprintf(f, "%s  ", when);
	print_row(f, s, width, (int)strlen("pending-restart"), pauses_today(), a);
	arena_free(a);
}

/* "50 instances: 48 in-sync, 1 drifted, 1 pending-restart"; NETWORKS: these, and nothing where
 * there are none. */
static void print_counts(FILE *f, const struct standings *s, bool networks)
{
	size_t counts[N_CONDITIONS] = {0}, n = 0;
	const char *separator = ": ", *word = networks ? "network" : "instance";

	for (size_t i = 0; i < s->n; i++) {
		if ((standing_network(&s->items[i]) != NULL) != networks)
			continue;
		counts[s->items[i].condition]++;
		n++;
	}
	if (networks && n == 0)
		return;
	fprintf(f, "%s%zu %s%s", networks ? "; " : "", n, word, n == 1 ? "" : "s");
	for (int k = 0; k < N_CONDITIONS; k++) {
		if (counts[k] == 0)
			continue;
		fprintf(f, "%s%zu %s", separator, counts[k], condition_name((enum condition)k));
		separator = ", ";
	}
}

void standings_print(FILE *f, const struct options *o, const struct standings *s)
{
	int name = (int)strlen("NAME"), condition = (int)strlen("CONDITION");
	struct arena *a = arena_new();
	uint64_t today = pauses_today();
	size_t rows = 0;

	for (size_t i = 0; i < s->n; i++) {
		const char *shown = title(&s->items[i], a);
		int n = (int)text_columns(shown, strlen(shown));
		int c = (int)strlen(condition_name(s->items[i].condition));

		if (!is_shown(o, &s->items[i]))
			continue;
		name = n > name ? n : name;
		condition = c > condition ? c : condition;
		rows++;
	}
	if (rows)
		fprintf(f, "%-*s  %-8s  %-*s  %s\n", name, "NAME", "STATUS", condition, "CONDITION",
			"REASON");
	for (size_t i = 0; i < s->n; i++) {
		if (!is_shown(o, &s->items[i]))
			continue;
		print_row(f, &s->items[i], name, condition, today, a);
		if (o->verbosity > 0)
			print_waiting(f, o, &s->items[i], a);
		if (s->usage && s->usage[i])
			usage_print(f, s->usage[i]);
	}
	if (rows)
		fputc('\n', f);
	print_counts(f, s, false);
	print_counts(f, s, true);
	fputc('\n', f);
	arena_free(a);
}
