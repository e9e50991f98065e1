#include "reconciler/asking.h"
#include "reconciler/commands.h"
#include "reconciler/progress.h"
#include "reconciler/question.h"
#include "reconciler/report.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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

/* --- through the daemon --------------------------------------------------------------------------
 */

static int fail(const struct options *o, struct arena *a, const char *message, const char *hint)
{
	struct diagnostics ds;

	diagnostics_init(&ds, a);
	diagnostic_error(&ds, NOWHERE, "%s", message);
	if (hint)
		diagnostic_hint(&ds, "%s", hint);
	report_diagnostics(o, &ds);
	return 2;
}

/* Hears what the daemon has to say until it is done. 0 with *STATUS, or -errno with *WHY. */
static int listen_to(struct asking *k, FILE *out, FILE *err, int *status, struct arena *a,
		     const char **why)
{
	for (;;) {
		struct arena *piece = arena_new();
		struct answer r;
		int error = asking_next(k, UINT64_MAX, false, piece, &r, why);

		if (error == 0 && r.kind == ANSWER_OUTPUT)
			fputs(r.text, r.error ? err : out);
		else if (error == 0 && r.kind != ANSWER_END)
			error = -EPROTO;
		if (error < 0)
			*why = arena_strdup(a, error == -ECONNRESET ? "it has ended"
					       : *why               ? *why
								    : strerror(-error));
		else
			*status = r.status;
		arena_free(piece);
		if (error == -EINTR)
			continue;
		if (error < 0 || r.kind == ANSWER_END)
			return error;
	}
}

/* What it says is printed in the end: whoever reads slowly keeps nobody waiting. */
static int apply_by(struct asking *k, const struct options *o, struct arena *a)
{
	const struct request request = {.kind = REQUEST_APPLY,
					.names = (const char **)o->names,
					.n = o->n_names,
					.show_secrets = o->show_secrets,
					.verbosity = o->verbosity,
					.json = o->output == OUTPUT_JSON,
					.color = o->color,
					.all = o->all};
	char *out = NULL, *err = NULL;
	size_t n_out = 0, n_err = 0;
	FILE *to_out = open_memstream(&out, &n_out), *to_err = open_memstream(&err, &n_err);
	int status = 2, error = to_out && to_err ? asking_send(k, &request) : -ENOMEM;
	const char *why = error == -EMSGSIZE ? "too many names for one request" : strerror(-error);

	if (error == 0)
		error = listen_to(k, to_out, to_err, &status, a, &why);
	if (to_out)
		fclose(to_out);
	if (to_err)
		fclose(to_err);
	if (err)
		fputs(err, stderr);
	if (out)
		fputs(out, stdout);
	free(out);
	free(err);
	if (error == 0)
		return status;
	return fail(o, a,
		    arena_printf(a, "the daemon (pid %d) has not finished it: %s", k->daemon.pid,
				 text_escape(a, why, strlen(why), 500)),
		    "evenkeel status says how the instances stand");
}

/* The daemon makes it so, and says what it did. False: nobody keeps this LXC path, or only to look
 * at it. */
static bool through_daemon(const struct options *o, struct arena *a, int *status)
{
	const char *why = NULL;
	struct asking k;

	switch (asking_open(&k, o->lxcpath, a, &why)) {
	case ASKED_NOBODY:
		return false;
	case ASKED_IN_VAIN:
		*status = fail(o, a,
			       arena_printf(a, "the daemon, which would do it, cannot be asked: %s",
					    text_escape(a, why, strlen(why), 500)),
			       NULL);
		return true;
	case ASKED_FINE:
		break;
	}
	if (k.daemon.observe) {
		asking_close(&k);
		return false;
	}
	if (asking_is_about(&k, o, a, &why))
		*status = apply_by(&k, o, a);
	else
		*status = fail(o, a, why, "leave that option out, or stop the daemon first");
	asking_close(&k);
	return true;
}

/* --- by itself -----------------------------------------------------------------------------------
 */

static int apply_alone(const struct options *o, struct arena *a)
{
	struct options with_consent = *o;
	struct consent c = {0};
	int status = 1;

	/* with --boot-only nothing can be destroyed */
	if (!o->boot_only && !o->yes && question_possible())
		c = ask(o, a);
	if (c.refused) {
		with_consent.names = c.names;
		with_consent.n_names = c.n;
	}
	if (!c.refused || c.n > 0)
		status = apply(&with_consent);
	return status == 0 && c.refused ? 1 : status;
}

int apply_main(const struct options *o)
{
	struct arena *a = arena_new();
	int status;

	/* with --boot-only a daemon would do all the rest as well */
	if (o->boot_only || !through_daemon(o, a, &status))
		status = apply_alone(o, a);
	arena_free(a);
	return status;
}
