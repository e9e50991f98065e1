#include "reconciler/telling.h"

#include "reconciler/listing.h"
#include "reconciler/options.h"
#include "reconciler/pauses.h"
#include "reconciler/report.h"
#include "reconciler/timespan.h"
#include "reconciler/usage_report.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NAMES_MOST 4 /* in a line about those that did not get there */

/* What has been told so far. */
struct telling {
	struct asking *asking;
	const struct options *o;
	struct arena *arena;
	struct diagnostics ds;
	struct listing listing;
	const char *generation;
	bool ready;   /* all of them have been told */
	bool trouble; /* the manifests have errors, or a name is unknown */
	bool unknown;
	const char *findings;
	bool changed;  /* by the last answer */
	char last[64]; /* whom it was about */
	size_t others; /* with --wait: how many do not stand so */
};

static void open_telling(struct telling *t, struct asking *k, const struct options *o)
{
	*t = (struct telling){.asking = k, .o = o, .arena = arena_new(), .findings = ""};
	diagnostics_init(&t->ds, t->arena);
}

static int close_telling(struct telling *t, int status)
{
	report_diagnostics(t->o, &t->ds);
	listing_free(&t->listing);
	arena_free(t->arena);
	return status;
}

static bool send(struct telling *t, enum request_kind kind, bool settle, bool all)
{
	const struct options *o = t->o;
	const struct request request = {
	    .kind = kind,
	    .names = all ? NULL : (const char **)o->names,
	    .n = all ? 0 : o->n_names,
	    .digest = o->output == OUTPUT_JSON && kind == REQUEST_STATUS,
	    .settle = settle,
	    .show_secrets = o->show_secrets,
	};
	int error = asking_send(t->asking, &request);

	if (error == -EMSGSIZE)
		diagnostic_error(&t->ds, NOWHERE, "too many names for one request");
	else if (error < 0)
		diagnostic_error(&t->ds, NOWHERE, "the daemon (pid %d) cannot be asked: %s",
				 t->asking->daemon.pid, strerror(-error));
	return error == 0;
}

/* All the names that the daemon knows, asked for on a line of their own: this one may be busy. */
static size_t all_names(struct telling *t, const char ***out)
{
	struct asking other;
	size_t n = 0, capacity = 0;
	const char *why = NULL;
	struct answer r = {0};

	if (asking_open(&other, t->o->lxcpath, t->arena, &why) != ASKED_FINE)
		return 0;
	if (asking_send(&other, &(struct request){.kind = REQUEST_STATUS}) == 0)
		while (r.kind != ANSWER_READY && asking_next(&other, asking_now() + ASKING_PATIENCE,
							     false, t->arena, &r, &why) == 0) {
			if (r.kind != ANSWER_STANDING || standing_network(&r.standing))
				continue;
			*out = arena_grow(t->arena, *out, n, &capacity, sizeof(**out));
			(*out)[n++] = r.standing.name;
		}
	asking_close(&other);
	return n;
}

static void unknown_name(struct telling *t, const char *name)
{
	const char **names = NULL, *near;
	size_t n = t->unknown ? 0 : all_names(t, &names);

	diagnostic_error(&t->ds, NOWHERE, "no manifest in %s is about an instance %s",
			 text_escape(t->arena, t->asking->daemon.directory,
				     strlen(t->asking->daemon.directory), 0),
			 text_escape(t->arena, name, strlen(name), 64));
	near = text_near_miss(name, names, n);
	if (near)
		diagnostic_hint(&t->ds, "did you mean %s?", near);
	t->trouble = t->unknown = true;
}

static void gone(struct telling *t, const char *name)
{
	t->changed = listing_find(&t->listing, name) != NULL;
	listing_remove(&t->listing, name);
}

static int take(struct telling *t, const struct answer *r)
{
	switch (r->kind) {
	case ANSWER_STANDING:
		listing_put(&t->listing, &r->standing, &t->changed);
		return 0;
	case ANSWER_GONE:
		gone(t, r->name);
		return 0;
	case ANSWER_UNKNOWN:
		if (r->name)
			unknown_name(t, r->name);
		return 0;
	case ANSWER_OUTPUT:
		t->findings = arena_printf(t->arena, "%s%s", t->findings, r->text);
		return 0;
	case ANSWER_READY:
		t->ready = true;
		t->trouble |= r->trouble;
		t->generation = arena_strdup(t->arena, r->generation);
		return 0;
	case ANSWER_REFUSED:
		diagnostic_error(&t->ds, NOWHERE, "the daemon refuses: %s",
				 text_escape(t->arena, r->text, strlen(r->text), 500));
		return -EPROTO;
	case ANSWER_HELLO:
	case ANSWER_END:
	case ANSWER_DONE:
	case ANSWER_MANAGED:
		break;
	}
	diagnostic_error(&t->ds, NOWHERE, "the daemon answers something else");
	return -EPROTO;
}

static bool stands_so(const struct options *o, const struct standing *s)
{
	if (!o->wait || strcmp(o->wait, condition_name(s->condition)) == 0)
		return true;
	/* networks neither run nor stop */
	if (standing_network(s))
		return condition_find(o->wait) == N_CONDITIONS;
	return strcmp(o->wait, status_name(s->status)) == 0;
}

static size_t is_other(const struct telling *t)
{
	const struct standing *s = listing_find(&t->listing, t->last);

	return s && !stands_so(t->o, s);
}

/* Takes one answer in. 0, or -EPROTO: it has no place here. */
static int take_counted(struct telling *t, const struct answer *r)
{
	const char *about = r->name ? r->name : r->standing.name;
	int error;

	t->changed = false;
	snprintf(t->last, sizeof(t->last), "%s", about ? about : "");
	t->others -= is_other(t);
	error = take(t, r);
	t->others += is_other(t);
	return error;
}

/* The next answer, taken in. 0, -ETIMEDOUT, -EPIPE, or another -errno with a finding. */
static int next(struct telling *t, uint64_t deadline, bool watch_output)
{
	struct arena *a = arena_new();
	const char *why = NULL;
	struct answer r;
	int error;

	do
		error = asking_next(t->asking, deadline, watch_output, a, &r, &why);
	while (error == -EINTR);
	if (error == 0)
		error = take_counted(t, &r);
	else if (error == -ECONNRESET)
		diagnostic_error(&t->ds, NOWHERE, "the daemon (pid %d) has ended",
				 t->asking->daemon.pid);
	else if (error != -ETIMEDOUT && error != -EPIPE)
		diagnostic_error(&t->ds, NOWHERE, "the daemon (pid %d) is not understood: %s",
				 t->asking->daemon.pid,
				 why ? text_escape(t->arena, why, strlen(why), 500)
				     : strerror(-error));
	arena_free(a);
	return error;
}

static void print_findings(const struct telling *t)
{
	if (!*t->findings || (t->o->verbosity < 0 && !t->trouble))
		return;
	fflush(stdout);
	fputs(t->findings, stderr);
}

static void print_all(struct telling *t)
{
	struct arena *a = arena_new();
	struct standings s = listing_standings(&t->listing, a);

	s.generation = t->generation;
	if (t->o->usage)
		standings_read_usage(&s, t->o, a);
	if (t->o->output == OUTPUT_JSON)
		standings_print_json(stdout, t->o, &s);
	else if (t->o->verbosity >= 0)
		standings_print(stdout, t->o, &s);
	arena_free(a);
}

static bool all_in_sync(const struct telling *t)
{
	for (size_t i = 0; i < t->listing.n; i++)
		if (t->listing.items[i].standing.condition != CONDITION_IN_SYNC)
			return false;
	return true;
}

/* Names that do not fit into a request are sorted out at this end. */
static bool names_fit(const struct options *o)
{
	size_t bytes = 0;

	for (size_t i = 0; i < o->n_names; i++)
		bytes += strlen(o->names[i]) + 3;
	return bytes < MESSAGE_REQUEST - 1024;
}

static bool is_named(const struct options *o, const char *name)
{
	for (size_t i = 0; i < o->n_names; i++)
		if (strcmp(o->names[i], name) == 0)
			return true;
	return false;
}

static void keep_named(struct telling *t)
{
	for (size_t i = t->listing.n; i-- > 0;)
		if (!is_named(t->o, t->listing.items[i].standing.name))
			listing_remove(&t->listing, t->listing.items[i].standing.name);
	for (size_t i = 0; i < t->o->n_names; i++)
		if (!listing_find(&t->listing, t->o->names[i]))
			unknown_name(t, t->o->names[i]);
}

int telling_now(struct asking *k, const struct options *o)
{
	bool fit = names_fit(o);
	struct telling t;
	int error = -EPROTO;

	open_telling(&t, k, o);
	if (send(&t, REQUEST_STATUS, false, !fit))
		error = 0;
	while (error == 0 && !t.ready)
		error = next(&t, asking_now() + ASKING_PATIENCE, false);
	if (error == -ETIMEDOUT)
		diagnostic_error(&t.ds, NOWHERE, "the daemon (pid %d) does not answer",
				 k->daemon.pid);
	if (error < 0)
		return close_telling(&t, 2);
	if (!fit)
		keep_named(&t);
	print_findings(&t);
	if (!t.unknown || o->output == OUTPUT_JSON)
		print_all(&t);
	return close_telling(&t, t.trouble ? 2 : all_in_sync(&t) ? 0 : 1);
}

/* --- waiting -------------------------------------------------------------------------------------
 */

/* "web1, web2 and 3 more" */
static const char *list_others(struct telling *t)
{
	const char *line = "";
	size_t n = 0;

	for (size_t i = 0; i < t->listing.n && n < NAMES_MOST; i++) {
		const struct standing *s = &t->listing.items[i].standing;

		if (!stands_so(t->o, s))
			line = arena_printf(t->arena, "%s%s%s", line, n++ ? ", " : "", s->name);
	}
	if (t->others > n)
		line = arena_printf(t->arena, "%s and %zu more", line, t->others - n);
	return line;
}

static void too_late(struct telling *t)
{
	const char *time = timespan_show(t->o->timeout_ms, t->arena);

	if (t->ready)
		diagnostic_error(&t->ds, NOWHERE, "not %s within %s: %s", t->o->wait, time,
				 list_others(t));
	else
		diagnostic_error(
		    &t->ds, NOWHERE,
		    "within %s the daemon (pid %d) has not done what the manifests say", time,
		    t->asking->daemon.pid);
}

int telling_until(struct asking *k, const struct options *o)
{
	uint64_t deadline = o->timeout_ms ? asking_now() + o->timeout_ms * 1000000 : UINT64_MAX;
	struct telling t;
	int error = -EPROTO;

	open_telling(&t, k, o);
	if (send(&t, REQUEST_WATCH, true, false))
		error = 0;
	while (error == 0 && !(t.ready && (t.others == 0 || t.unknown)))
		error = next(&t, deadline, false);
	if (error == -ETIMEDOUT)
		too_late(&t);
	if (error < 0 && error != -ETIMEDOUT)
		return close_telling(&t, 2);
	print_findings(&t);
	if (!t.unknown)
		print_all(&t);
	return close_telling(&t, t.unknown ? 2 : error == -ETIMEDOUT ? 1 : 0);
}

/* --- watching ------------------------------------------------------------------------------------
 */

/* "2026-12-01 10:00:00", as the clock on the wall has it */
static const char *clock_text(struct arena *a)
{
	time_t seconds = (time_t)pauses_today();
	struct tm tm;

	if (!localtime_r(&seconds, &tm))
		return "?";
	return arena_printf(a, "%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
			    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void print_change(struct telling *t, const struct standing *s, int *width)
{
	struct arena *a = arena_new();
	struct standing copy = *s;
	struct standings one = {.items = &copy, .n = 1};
	const char *shown = text_escape(a, s->name, strlen(s->name), 0);
	int columns = (int)text_columns(shown, strlen(shown));

	*width = columns > *width ? columns : *width;
	if (t->o->usage)
		standings_read_usage(&one, t->o, a);
	if (t->o->output == OUTPUT_JSON)
		standing_print_json_line(stdout, s, t->o->show_secrets,
					 one.usage ? one.usage[0] : NULL, t->o->usage);
	else
		standing_print_line(stdout, s, clock_text(a), *width);
	if (t->o->output != OUTPUT_JSON && one.usage && one.usage[0])
		usage_print(stdout, one.usage[0]);
	arena_free(a);
}

static void print_present(struct telling *t, int *width)
{
	for (size_t i = 0; i < t->listing.n; i++) {
		const char *name = t->listing.items[i].standing.name;
		int n = (int)strlen(name);

		*width = n > *width ? n : *width;
	}
	for (size_t i = 0; i < t->listing.n; i++)
		print_change(t, &t->listing.items[i].standing, width);
}

static void print_gone(const struct telling *t)
{
	struct arena *a = arena_new();
	json_t *object;

	if (t->o->output == OUTPUT_JSON) {
		object = json_pack("{s:s, s:n, s:s}", "name", t->last, "status", "condition",
				   "released");
		json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
		json_decref(object);
	} else {
		printf("%s  %s  released: no manifest is about it any more\n", clock_text(a),
		       t->last);
	}
	arena_free(a);
}

int telling_changes(struct asking *k, const struct options *o)
{
	const struct standing *s;
	struct telling t;
	int error = -EPROTO, width = 0;

	open_telling(&t, k, o);
	if (send(&t, REQUEST_WATCH, false, false))
		error = 0;
	while (error == 0 && !t.ready)
		error = next(&t, UINT64_MAX, true);
	print_findings(&t);
	if (t.unknown)
		return close_telling(&t, 2);
	print_present(&t, &width);
	while (error == 0 && fflush(stdout) == 0) {
		error = next(&t, UINT64_MAX, true);
		s = error == 0 && t.changed ? listing_find(&t.listing, t.last) : NULL;
		if (s)
			print_change(&t, s, &width);
		else if (error == 0 && t.changed)
			print_gone(&t);
	}
	return close_telling(&t, error == 0 || error == -EPIPE ? 0 : 2);
}
