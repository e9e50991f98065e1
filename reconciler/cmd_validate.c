#include "reconciler/commands.h"
#include "reconciler/compat.h"
#include "reconciler/load.h"
#include "reconciler/report.h"

#include <jansson.h>

static bool is_trouble(enum load_trouble t)
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

static void print_json(const struct generation *g)
{
	const struct diagnostics *ds = &g->diagnostics;

	json_print(stdout,
		   json_pack("{s:i, s:I, s:I, s:I, s:o}", "version", 1, "files",
			     (json_int_t)g->n_files, "errors", (json_int_t)ds->errors, "warnings",
			     (json_int_t)ds->warnings, "diagnostics", json_diagnostics(ds)));
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void print_text(const struct options *o, const struct generation *g)
{
	const struct diagnostics *ds = &g->diagnostics;

	report_diagnostics(o, ds);
	if (o->verbosity < 0)
		return;
	printf("%zu file%s, %zu instance%s, %zu profile%s: ", g->n_files, plural(g->n_files),
	       g->catalog.n_instances, plural(g->catalog.n_instances), g->catalog.n_profiles,
	       plural(g->catalog.n_profiles));
	if (ds->errors == 0 && ds->warnings == 0)
		puts("fine");
	else
		printf("%zu error%s, %zu warning%s\n", ds->errors, plural(ds->errors), ds->warnings,
		       plural(ds->warnings));
}

int validate_main(const struct options *o)
{
	struct generation *g = o->n_names ? generation_load_paths(o, o->names, o->n_names)
					  : generation_load(o, TRUST_WARN);
	int status = is_trouble(g->trouble) ? 2 : 0;

	if (o->compat && compat_check(g, o->compat) < 0)
		status = 2;
	if (status == 0 && g->diagnostics.errors > 0)
		status = 1;
	switch (o->output) {
	case OUTPUT_JSON:
		print_json(g);
		break;
	case OUTPUT_TEXT:
	case OUTPUT_YAML:
		print_text(o, g);
		break;
	}
	generation_free(g);
	return status;
}
