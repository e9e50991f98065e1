#include "reconciler/commands.h"
#include "reconciler/progress.h"
#include "reconciler/question.h"
#include "reconciler/report.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <string.h>

/* Names of the instances that are to be applied, once somebody was asked. */
struct consent {
	char **names;
	size_t n;
	size_t refused;
};

static bool may_destroy(const struct options *o, const struct outcome *outcome)
{
	struct arena *a = arena_new();
	const char *name = text_escape(a, outcome->name, strlen(outcome->name), 0);
	bool yes = question_ask(arena_printf(
	    a, "Destroy the container %s in %s, with all that is in it?", name, o->lxcpath));

	if (!yes)
		fprintf(stderr, "%s: left as it is\n", name);
	arena_free(a);
	return yes;
}

/* Plans first, and asks about each container that the plan would destroy. */
static struct consent ask(const struct options *o, struct arena *a)
{
	struct result *r = pass_run(o, PASS_DIFF);
	struct consent c = {.names = arena_alloc(a, (r->n + 1) * sizeof(*c.names))};

	for (size_t i = 0; i < r->n; i++) {
		if (r->outcomes[i].whole == WHOLE_DELETE && !may_destroy(o, &r->outcomes[i]))
			c.refused++;
		else
			c.names[c.n++] = arena_strdup(a, r->outcomes[i].name);
	}
	result_free(r);
	return c;
}

static int apply(const struct options *o)
{
	struct result *r;
	int status;

	progress_start(o);
	r = pass_run(o, PASS_APPLY);
	progress_clear();
	status = result_status(r);

	report_result(o, r);
	result_free(r);
	return status;
}

int apply_main(const struct options *o)
{
	struct options with_consent = *o;
	struct arena *a = arena_new();
	struct consent c = {0};
	int status = 1;

	/* with --boot-only nothing can be destroyed, and a daemon would do all the rest */
	if (!o->boot_only && !o->yes && question_possible())
		c = ask(o, a);
	if (c.refused) {
		with_consent.names = c.names;
		with_consent.n_names = c.n;
	}
	if (!c.refused || c.n > 0)
		status = apply(&with_consent);
	arena_free(a);
	return status == 0 && c.refused ? 1 : status;
}
