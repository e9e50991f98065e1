#include "reconciler/asking.h"
#include "reconciler/commands.h"
#include "reconciler/options.h"
#include "reconciler/pauses.h"
#include "reconciler/report.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* One pause or resume under way. */
struct order {
	const struct options *o;
	struct arena *arena;
	struct diagnostics ds;
	struct asking asking;
	bool asked; /* there is a daemon, and it answers */
};

static const char *escaped(struct order *p, const char *text)
{
	return text_escape(p->arena, text, strlen(text), 0);
}

/* It works without one: what it would do, the next look or apply does. */
static void find_daemon(struct order *p)
{
	const char *why = NULL;

	switch (asking_open(&p->asking, p->o->lxcpath, p->arena, &why)) {
	case ASKED_FINE:
		p->asked = true;
		break;
	case ASKED_NOBODY:
		break;
	case ASKED_IN_VAIN:
		diagnostic_warning(&p->ds, NOWHERE,
				   "the daemon cannot be asked (%s): it heeds this with its next "
				   "look at everything",
				   escaped(p, why));
		break;
	}
}

static bool ask(struct order *p, const struct request *request, enum answer_kind kind,
		struct answer *out)
{
	const char *why;

	if (asking_once(&p->asking, request, kind, out, &why) == 0)
		return true;
	diagnostic_warning(&p->ds, NOWHERE, "the daemon (pid %d) cannot be asked: %s",
			   p->asking.daemon.pid, escaped(p, why));
	return false;
}

static void tell_daemon(struct order *p)
{
	struct answer r;

	if (p->asked)
		ask(p, &(struct request){.kind = REQUEST_POKE}, ANSWER_DONE, &r);
}

static bool is_managed(struct order *p, const char *name)
{
	const char *names[] = {name};
	struct answer r;

	return p->asked &&
	       ask(p, &(struct request){.kind = REQUEST_MANAGED, .names = names, .n = 1},
		   ANSWER_MANAGED, &r) &&
	       r.n == 1;
}

/* A slip of the pen pauses nobody. */
static int check_name(struct order *p, const char *name)
{
	const char *wrong = name_check_instance(name);
	struct stat st;

	if (wrong)
		return diagnostic_error(&p->ds, NOWHERE, "the name of the instance %s: '%s'", wrong,
					escaped(p, name));
	if (stat(arena_printf(p->arena, "%s/%s", p->o->lxcpath, name), &st) == 0 ||
	    is_managed(p, name))
		return 0;
	return diagnostic_error(&p->ds, NOWHERE, "there is no container %s in %s", name,
				escaped(p, p->o->lxcpath));
}

static int check_names(struct order *p)
{
	int result = 0;

	if (p->o->n_names == 0) {
		diagnostic_error(&p->ds, NOWHERE, "which instances?");
		return diagnostic_hint(&p->ds, "write their names");
	}
	for (size_t i = 0; i < p->o->n_names; i++)
		if (check_name(p, p->o->names[i]) < 0)
			result = -EINVAL;
	return result;
}

static int refused(struct order *p, int error)
{
	diagnostic_error(&p->ds, NOWHERE, "cannot write which instances are paused: %s",
			 strerror(-error));
	if (error == -EPERM || error == -EACCES)
		diagnostic_hint(&p->ds, "this needs root, and a /run/evenkeel that nobody else can "
					"write");
	return 2;
}

static int pause_all(struct order *p)
{
	const struct options *o = p->o;
	struct pause pause = {.reason = o->reason ? o->reason : ""};

	if (o->for_ms) {
		pause.end = pauses_now() + o->for_ms * 1000000;
		pause.until = pauses_today() + (o->for_ms + 999) / 1000;
	}
	for (size_t i = 0; i < o->n_names; i++) {
		const char *words;
		int error;

		pause.name = o->names[i];
		error = pauses_set(o->lxcpath, &pause);
		if (error < 0)
			return refused(p, error);
		words = pause_words(&pause, p->arena);
		if (o->verbosity >= 0)
			printf("%s  paused%s%s\n", pause.name,
			       !*words       ? ""
			       : pause.until ? " "
					     : ": ",
			       words);
	}
	return 0;
}

static int resume_all(struct order *p)
{
	const struct options *o = p->o;
	int status = 0;

	for (size_t i = 0; i < o->n_names; i++) {
		const char *name = o->names[i];
		size_t gone = 0;
		int error = pauses_clear(o->lxcpath, &name, 1, &gone);

		if (error < 0)
			return refused(p, error);
		if (gone == 0) {
			diagnostic_error(&p->ds, NOWHERE, "%s was not paused by command", name);
			diagnostic_hint(&p->ds,
					"a paused: in its manifest holds until that line goes");
			status = 1;
		} else if (o->verbosity >= 0) {
			printf("%s  resumed\n", name);
		}
	}
	return status;
}

static int carry_out(const struct options *o, int (*all)(struct order *p))
{
	struct order p = {.o = o, .arena = arena_new()};
	int status = 2;

	diagnostics_init(&p.ds, p.arena);
	find_daemon(&p);
	if (check_names(&p) == 0) {
		status = all(&p);
		tell_daemon(&p);
	}
	report_diagnostics(o, &p.ds);
	if (p.asked)
		asking_close(&p.asking);
	arena_free(p.arena);
	return status;
}

int pause_main(const struct options *o)
{
	return carry_out(o, pause_all);
}

int resume_main(const struct options *o)
{
	return carry_out(o, resume_all);
}
