#include "reconciler/commands.h"
#include "reconciler/expansion.h"
#include "reconciler/report.h"
#include "schema/arena.h"

#include <string.h>

static bool nothing_loaded(enum load_trouble t)
{
	switch (t) {
	case LOAD_MISSING:
	case LOAD_UNREADABLE:
		return true;
	case LOAD_FINE:
	case LOAD_UNTRUSTED:
	case LOAD_EMPTY:
		break;
	}
	return false;
}

/* Did this file go into what is shown? */
static bool takes_part(const struct expansions *e, const struct source *source)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct instance *instance = e->items[i].instance;

		if (instance->document->at.source == source)
			return true;
		for (size_t k = 0; k < instance->n_config; k++) {
			if (instance->config[k].from->at.source == source)
				return true;
		}
		for (size_t k = 0; k < instance->n_devices; k++) {
			if (instance->devices[k].from->at.source == source)
				return true;
		}
	}
	return false;
}

static bool is_shown(const struct expansions *e, const char *name)
{
	for (size_t i = 0; i < e->n; i++) {
		if (strcmp(e->items[i].instance->name, name) == 0)
			return true;
	}
	return false;
}

/* Whoever asks for one instance need not read the warnings of all others; errors stay. */
static void report_asked(const struct options *o, const struct generation *g,
			 const struct expansions *e)
{
	struct diagnostics asked;

	diagnostics_init(&asked, g->arena);
	for (size_t i = 0; i < g->diagnostics.n; i++) {
		const struct diagnostic *d = &g->diagnostics.items[i];

		if (d->severity == SEVERITY_ERROR || o->n_names == 0 ||
		    (d->instance ? is_shown(e, d->instance)
				 : !d->place.source || takes_part(e, d->place.source)))
			diagnostics_take(&asked, d);
	}
	report_diagnostics(o, &asked);
}

static bool any_hidden(const struct options *o, const struct expansions *e)
{
	for (size_t i = 0; i < e->n; i++) {
		for (size_t k = 0; k < e->items[i].instance->n_config; k++) {
			const struct setting *s = e->items[i].instance->config[k].setting;

			if (expansion_value(o, s) != s->text)
				return true;
		}
	}
	return false;
}

/* YAML is made to be fed back, where "(hidden)" would be taken for the value. */
static void warn_hidden(const struct options *o, struct generation *g, const struct expansions *e)
{
	if (o->output != OUTPUT_YAML || !any_hidden(o, e))
		return;
	diagnostic_warning(&g->diagnostics, NOWHERE,
			   "secret values are hidden: this is not yet a manifest");
	diagnostic_hint(&g->diagnostics, "--show-secrets prints them");
}

static void print(const struct options *o, const struct expansions *e)
{
	switch (o->output) {
	case OUTPUT_TEXT:
		expansions_text(stdout, o, e);
		break;
	case OUTPUT_JSON:
		expansions_json(stdout, o, e);
		break;
	case OUTPUT_YAML:
		expansions_yaml(stdout, o, e);
		break;
	}
}

int expand_main(const struct options *o)
{
	struct generation *g = generation_load(o, TRUST_WARN);
	struct expansions e;
	int status = nothing_loaded(g->trouble) ? 2 : 0;

	if (expansions_make(&e, o, g) < 0)
		status = 2;
	warn_hidden(o, g, &e);
	report_asked(o, g, &e);
	print(o, &e);
	if (status == 0 && g->diagnostics.errors > 0)
		status = 1;
	generation_free(g);
	return status;
}
