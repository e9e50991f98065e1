#include "reconciler/report.h"

#include "schema/arena.h"

#include <string.h>

/* What the last line counts. */
struct total {
	size_t instances, networks, created, destroyed, applied, failed, skipped, start, held_back,
	    wrong;
};

/* What comes with a network that is made is no change of its own. */
static bool is_property(const struct outcome *o, const struct change *c)
{
	if (o->network)
		return o->whole != WHOLE_CREATE && o->whole != WHOLE_DELETE;
	return !object_is(c->object, "container") && !object_is(c->object, "boot");
}

static void count_change(struct total *t, const struct outcome *o, const struct change *c)
{
	if (c->action == ACTION_NONE)
		return;
	switch (c->verdict) {
	case VERDICT_NONE:
	case VERDICT_PENDING:
		break;
	case VERDICT_APPLIED:
		t->applied += is_property(o, c);
		break;
	case VERDICT_FAILED:
		t->failed++;
		break;
	case VERDICT_SKIPPED:
		t->skipped++;
		break;
	}
	if (c->action != ACTION_WAIT && is_property(o, c) &&
	    (c->effect == EFFECT_START || c->effect == EFFECT_RESTART))
		t->start++;
}

static bool came_about(const struct outcome *o)
{
	for (size_t i = 0; i < o->changes.n; i++)
		if (strcmp(o->changes.items[i].object, "container") == 0 ||
		    (o->network && strcmp(o->changes.items[i].attribute, "link") == 0))
			return o->changes.items[i].verdict == VERDICT_APPLIED;
	return false;
}

static void count_outcome(struct total *t, const struct outcome *o)
{
	if (o->pause)
		return;
	t->instances += !o->network && !o->in_sync;
	t->networks += o->network && !o->in_sync;
	t->held_back += o->held_back;
	t->wrong += !o->held_back && o->diagnostics.errors > 0;
	t->created += o->whole == WHOLE_CREATE && came_about(o);
	t->destroyed += o->whole == WHOLE_DELETE && came_about(o);
	for (size_t k = 0; k < o->changes.n; k++)
		if (changes_told(&o->changes, &o->changes.items[k]))
			count_change(t, o, &o->changes.items[k]);
}

static struct total count(const struct result *r)
{
	struct total t = {0};

	for (size_t i = 0; i < r->n_networks; i++)
		count_outcome(&t, &r->networks[i]);
	for (size_t i = 0; i < r->n; i++)
		count_outcome(&t, &r->outcomes[i]);
	return t;
}

/* "1 change live" and "3 changes live": SINGULAR and PLURAL are what follows the number. */
static char *part(struct arena *a, char *line, size_t n, const char *singular, const char *plural)
{
	if (n == 0)
		return line;
	return arena_printf(a, "%s%s%zu %s", line, *line ? ", " : "", n,
			    n == 1 ? singular : plural);
}

static char *planned(const struct result *r, const struct total *t, struct arena *a)
{
	const struct summary *s = &r->summary;
	char *line = arena_strdup(a, "");

	line = part(a, line, s->create, "to create", "to create");
	line = part(a, line, s->remove, "to destroy", "to destroy");
	line = part(a, line, s->replace, "device to replace", "devices to replace");
	line = part(a, line, s->live, "change live", "changes live");
	return part(a, line, t->start, "change with the next start", "changes with the next start");
}

static char *done(const struct total *t, struct arena *a)
{
	char *line = arena_strdup(a, "");

	line = part(a, line, t->created, "created", "created");
	line = part(a, line, t->destroyed, "destroyed", "destroyed");
	line = part(a, line, t->applied, "change applied", "changes applied");
	line = part(a, line, t->failed, "failed", "failed");
	return part(a, line, t->skipped, "skipped", "skipped");
}

/* "1 network, 2 instances" */
static char *who(const struct total *t, struct arena *a)
{
	char *line = part(a, arena_strdup(a, ""), t->networks, "network", "networks");

	return part(a, line, t->instances, "instance", "instances");
}

char *report_total(const struct result *r, struct arena *a)
{
	struct total t = count(r);
	size_t in_sync = r->summary.in_sync;
	char *line = r->applied ? done(&t, a) : planned(r, &t, a);

	if (r->trouble)
		return arena_strdup(a, "Nothing done: there were errors.");
	line = part(a, line, r->summary.pending_restart, "pending restart", "pending restart");
	line = part(a, line, r->summary.unsupported, "unsupported", "unsupported");
	line = part(a, line, t.held_back, "held back", "held back");
	line = part(a, line, t.wrong, "with errors", "with errors");
	line = part(a, line, r->summary.paused, "paused", "paused");
	if (t.instances + t.networks == 0)
		return arena_printf(a, "Nothing to do: %zu in sync%s%s.", in_sync,
				    *line ? ", " : "", line);
	if (!*line)
		line = arena_printf(a, "%zu %s", t.instances + t.networks,
				    r->applied ? "updated" : "to update");
	return arena_printf(a, "%s: %s; %zu in sync", who(&t, a), line, in_sync);
}
