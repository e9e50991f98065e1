#include "reconciler/commands.h"
#include "reconciler/options.h"
#include "reconciler/report.h"
#include "reconciler/standing.h"
#include "reconciler/telling.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <string.h>

static struct standings stand(const struct options *o, struct result *r, struct arena *a)
{
	struct standings s = {0};

	s.items = arena_alloc(a, (r->n + r->n_networks) * sizeof(*s.items));
	for (size_t i = 0; i < r->n_networks; i++)
		standing_from_outcome(&r->networks[i], a, &s.items[s.n++]);
	for (size_t i = 0; i < r->n; i++)
		standing_from_outcome(&r->outcomes[i], a, &s.items[s.n++]);
	if (o->output == OUTPUT_JSON)
		s.generation = generation_digest(r->generation);
	return s;
}

static int status_of(const struct result *r, const struct standings *s)
{
	if (r->trouble || r->diagnostics.errors || r->generation->diagnostics.errors)
		return 2;
	for (size_t i = 0; i < s->n; i++)
		if (s->items[i].condition != CONDITION_IN_SYNC)
			return 1;
	return 0;
}

/* Without a daemon: by looking at everything, once. */
static int look(const struct options *o)
{
	struct result *r = pass_run(o, PASS_DIFF);
	struct arena *a = arena_new();
	struct standings s = stand(o, r, a);
	int status = status_of(r, &s);

	report_warnings(o, &r->generation->diagnostics);
	report_diagnostics(o, &r->diagnostics);
	if (o->usage && !r->trouble)
		standings_read_usage(&s, o, a);
	if (o->output == OUTPUT_JSON)
		standings_print_json(stdout, o, &s);
	else if (o->verbosity >= 0 && !r->trouble)
		standings_print(stdout, o, &s);
	arena_free(a);
	result_free(r);
	return status;
}

static bool needs_daemon(const struct options *o)
{
	return o->watch || o->wait;
}

static int tell(struct asking *k, const struct options *o)
{
	if (o->watch)
		return telling_changes(k, o);
	return o->wait ? telling_until(k, o) : telling_now(k, o);
}

/* Why nobody can be asked; what needs nobody is looked at instead. */
static int without(const struct options *o, const char *why, struct arena *a)
{
	struct diagnostics ds;

	diagnostics_init(&ds, a);
	if (needs_daemon(o)) {
		diagnostic_error(&ds, NOWHERE, "%s needs the daemon: %s",
				 o->watch ? "--watch" : "--wait",
				 why ? why : "none runs for this LXC path");
		if (!why)
			diagnostic_hint(&ds, "start evenkeel run, or the unit evenkeel.service");
	} else if (why) {
		diagnostic_warning(&ds, NOWHERE, "%s: looked without it", why);
	}
	report_diagnostics(o, &ds);
	return needs_daemon(o) ? 2 : look(o);
}

int status_main(const struct options *o)
{
	struct arena *a = arena_new();
	const char *why = NULL;
	struct asking k;
	int status = 2;

	switch (asking_open(&k, o->lxcpath, a, &why)) {
	case ASKED_FINE:
		status = asking_is_about(&k, o, a, &why) ? tell(&k, o) : without(o, why, a);
		asking_close(&k);
		break;
	case ASKED_NOBODY:
		status = without(o, NULL, a);
		break;
	case ASKED_IN_VAIN:
		why = arena_printf(a, "the daemon cannot be asked (%s)",
				   text_escape(a, why, strlen(why), 500));
		status = without(o, why, a);
		break;
	}
	arena_free(a);
	return status;
}
