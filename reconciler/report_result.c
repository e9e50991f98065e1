#include "reconciler/report.h"

#include "schema/arena.h"
#include "schema/text.h"

#include <string.h>

static void failed_change(const struct options *o, const struct outcome *outcome,
			  const struct change *c)
{
	struct arena *a = arena_new();
	const char *error = report_hide(o, c, c->error ? c->error : "failed", a);

	fprintf(stderr, "evenkeel: error: %s%s: %s %s: %s\n", outcome->network ? "network " : "",
		text_escape(a, outcome->name, strlen(outcome->name), 0),
		text_escape(a, c->object, strlen(c->object), 0),
		text_escape(a, c->attribute, strlen(c->attribute), 0),
		text_escape(a, error, strlen(error), 0));
	arena_free(a);
}

/* What the report would have said below the instances. Findings of the load, which name their
 * instance, were printed with the others. */
static void failures(const struct options *o, const struct outcome *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct outcome *outcome = &items[i];

		for (size_t k = 0; k < outcome->changes.n; k++)
			if (outcome->changes.items[k].verdict == VERDICT_FAILED)
				failed_change(o, outcome, &outcome->changes.items[k]);
		for (size_t k = 0; k < outcome->diagnostics.n; k++) {
			struct diagnostic *d = &outcome->diagnostics.items[k];
			struct diagnostics one = {.items = d, .n = 1};

			if (!d->instance)
				report_diagnostics(o, &one);
		}
	}
}

void report_result(const struct options *o, const struct result *r)
{
	if (r->generation)
		report_warnings(o, &r->generation->diagnostics);
	report_diagnostics(o, &r->diagnostics);
	if (o->output == OUTPUT_JSON) {
		report_json(stdout, o, r);
	} else if (o->verbosity < 0) {
		failures(o, r->networks, r->n_networks);
		failures(o, r->outcomes, r->n);
	} else {
		report_text(stdout, o, r);
	}
}
