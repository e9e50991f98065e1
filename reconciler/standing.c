#include "reconciler/standing.h"

#include "reconciler/pauses.h"
#include "reconciler/report.h"
#include "schema/arena.h"

#include <string.h>

/* Reasons and remedies go to logs and to whoever asks: what they quote of a secret is hidden. */
static const char *without_secrets(const struct change *c, const char *text, struct arena *a)
{
	static const struct options hiding;

	return arena_strdup(a, report_hide(&hiding, c, text, a));
}

static struct waiting waiting_from(const struct change *c, struct arena *a)
{
	struct place at = change_place(c);

	return (struct waiting){
	    .object = arena_strdup(a, c->object),
	    .attribute = arena_strdup(a, c->attribute),
	    .name = arena_strdup(a, report_name(c, a)),
	    .now = arena_strdup(a, c->from),
	    .then = arena_strdup(a, c->to),
	    .secret = report_secret_change(c),
	    .key = arena_strdup(a, c->key),
	    .file = at.source ? arena_strdup(a, at.source->name) : NULL,
	    .line = at.source ? at.line : 0,
	    .column = at.source ? at.column : 0,
	    .profile = at.source && c->origin && c->origin->kind == KIND_PROFILE
			   ? arena_strdup(a, c->origin->name)
			   : NULL,
	    .reason = without_secrets(c, c->reason, a),
	    .remedy = without_secrets(c, c->remedy, a),
	};
}

static bool waits(const struct change *c)
{
	return c->action == ACTION_WAIT && c->verdict != VERDICT_APPLIED;
}

static bool cannot_be_had(const struct change *c)
{
	return c->action == ACTION_NONE && !c->wrong; /* that is an error, and the reason */
}

static size_t gather(const struct outcome *o, bool (*counts)(const struct change *),
		     struct arena *a, struct waiting **out)
{
	size_t n = 0;

	*out = NULL;
	for (size_t i = 0; i < o->changes.n; i++)
		n += counts(&o->changes.items[i]);
	if (n == 0)
		return 0;
	*out = arena_alloc(a, n * sizeof(**out));
	n = 0;
	for (size_t i = 0; i < o->changes.n; i++)
		if (counts(&o->changes.items[i]))
			(*out)[n++] = waiting_from(&o->changes.items[i], a);
	return n;
}

const char *standing_network(const struct standing *s)
{
	size_t n = strlen(STANDING_NETWORK);

	return strncmp(s->name, STANDING_NETWORK, n) == 0 ? s->name + n : NULL;
}

const char *standing_status(const struct standing *s)
{
	if (!standing_network(s) || s->status == STATUS_MISSING)
		return status_name(s->status);
	return s->status == STATUS_RUNNING ? "up" : "down";
}

void standing_from_outcome(const struct outcome *o, struct arena *a, struct standing *out)
{
	const char *reason;

	*out = (struct standing){
	    .name = o->network ? arena_printf(a, STANDING_NETWORK "%s", o->name)
			       : arena_strdup(a, o->name),
	    .status = o->status,
	    .condition = condition_of(o, a, &reason),
	    .paused_until = o->pause ? o->pause->until : 0,
	};
	out->reason = arena_strdup(a, reason);
	out->n_pending = gather(o, waits, a, &out->pending);
	out->n_unsupported = gather(o, cannot_be_had, a, &out->unsupported);
}

static struct waiting *copy_waiting(const struct waiting *from, size_t n, struct arena *a)
{
	struct waiting *out = n ? arena_alloc(a, n * sizeof(*out)) : NULL;

	for (size_t i = 0; i < n; i++) {
		out[i] = from[i];
		out[i].object = arena_strdup(a, from[i].object);
		out[i].attribute = arena_strdup(a, from[i].attribute);
		out[i].name = arena_strdup(a, from[i].name);
		out[i].now = arena_strdup(a, from[i].now);
		out[i].then = arena_strdup(a, from[i].then);
		out[i].key = arena_strdup(a, from[i].key);
		out[i].file = arena_strdup(a, from[i].file);
		out[i].profile = arena_strdup(a, from[i].profile);
		out[i].reason = arena_strdup(a, from[i].reason);
		out[i].remedy = arena_strdup(a, from[i].remedy);
	}
	return out;
}

void standing_copy(const struct standing *from, struct arena *a, struct standing *out)
{
	struct standing copy = *from;

	copy.name = arena_strdup(a, from->name);
	copy.reason = arena_strdup(a, from->reason);
	copy.pending = copy_waiting(from->pending, from->n_pending, a);
	copy.unsupported = copy_waiting(from->unsupported, from->n_unsupported, a);
	*out = copy;
}

static bool same(const char *x, const char *y)
{
	return x == y || (x && y && strcmp(x, y) == 0);
}

static bool same_waiting(const struct waiting *x, size_t n_x, const struct waiting *y, size_t n_y)
{
	if (n_x != n_y)
		return false;
	for (size_t i = 0; i < n_x; i++)
		if (!same(x[i].object, y[i].object) || !same(x[i].attribute, y[i].attribute) ||
		    !same(x[i].now, y[i].now) || !same(x[i].then, y[i].then) ||
		    !same(x[i].reason, y[i].reason))
			return false;
	return true;
}

bool standing_equal(const struct standing *x, const struct standing *y)
{
	return same(x->name, y->name) && x->status == y->status && x->condition == y->condition &&
	       same(x->reason, y->reason) && x->paused_until == y->paused_until &&
	       same_waiting(x->pending, x->n_pending, y->pending, y->n_pending) &&
	       same_waiting(x->unsupported, x->n_unsupported, y->unsupported, y->n_unsupported);
}
