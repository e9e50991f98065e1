#include "reconciler/journal_change.h"

#include "reconciler/report.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <string.h>
#include <syslog.h>

static const char *escaped(struct arena *a, const char *text)
{
	return text_escape(a, text, strlen(text), 0);
}

static bool is(const char *text, const char *word)
{
	return strcmp(text, word) == 0;
}

int journal_change_priority(enum event event, const struct change *c)
{
	if (is(c->object, "boot") && (event == EVENT_CHANGED || event == EVENT_PUT_BACK))
		return LOG_DEBUG;
	return event_info(event)->priority;
}

static bool is_secret(const struct options *o, const struct change *c, const char *value)
{
	return value && !o->show_secrets && report_secret_change(c);
}

static const char *shown(const struct options *o, const struct change *c, const char *value,
			 struct arena *a)
{
	if (!value)
		return "none";
	if (is_secret(o, c, value))
		return "(hidden)";
	return report_value(c->object, c->attribute, value, a);
}

static const char *both(const struct options *o, const struct change *c, struct arena *a)
{
	const char *from = shown(o, c, c->from, a);

	if (!c->from && c->observed == UNKNOWN)
		from = "?";
	return arena_join(a, from, " -> ", shown(o, c, c->to, a), NULL);
}

/* A container's own life, and a boot file's. DONE: it was, else it is to be. */
static const char *life(const struct change *c, bool done, struct arena *a)
{
	bool boot = is(c->object, "boot");
	const char *what = boot ? (done ? "rewritten" : "rewrite") : (done ? "created" : "create");

	if (c->action == ACTION_REMOVE && boot)
		return done ? "boot file removed" : "boot file remove";
	if (c->action == ACTION_REMOVE)
		return done ? "container destroyed" : "container destroy";
	if (boot && c->action == ACTION_ADD)
		what = done ? "written" : "write";
	if (boot)
		return arena_join(a, "boot file ", what, c->reason ? ": " : "",
				  c->reason ? escaped(a, c->reason) : "", NULL);
	return arena_join(a, "container ", what, c->to ? " from " : "",
			  c->to ? escaped(a, c->to) : "", NULL);
}

/* A device as a whole, and its value in words. */
static const char *whole(const struct change *c, const char *value, bool done, struct arena *a)
{
	const char *name = report_name(c, a);

	switch (c->action) {
	case ACTION_ADD:
		return arena_join(a, name, done ? " added: " : " add: ", value, NULL);
	case ACTION_REMOVE:
		return arena_join(a, name, done ? " removed" : " remove", NULL);
	case ACTION_REPLACE:
		return arena_join(a, name, done ? " replaced: " : " replace: ", value, NULL);
	case ACTION_CHANGE:
	case ACTION_WAIT:
	case ACTION_NONE:
		break;
	}
	return arena_join(a, name, " ", value, NULL);
}

static const char *whole_value(const struct options *o, const struct changes *all,
			       const struct change *c, struct arena *a)
{
	if (all && changes_whole(all, c) == c)
		return report_whole(all, c, a);
	return c->action == ACTION_ADD ? shown(o, c, c->to, a) : both(o, c, a);
}

/* "cgroup memory.max 256MiB -> 512MiB"; MIDDLE, unless it is NULL, goes between the name and the
 * values. */
static const char *words(const struct options *o, const struct changes *all, const struct change *c,
			 const char *middle, bool done, struct arena *a)
{
	bool existence = is(c->object, "container") && is(c->attribute, "existence");

	if (middle)
		return arena_join(a, report_name(c, a), middle, " ",
				  c->identity ? whole_value(o, all, c, a) : both(o, c, a), NULL);
	if (c->action == ACTION_WAIT || c->action == ACTION_NONE)
		return arena_join(a, report_name(c, a), " ", both(o, c, a), NULL);
	if (existence || is(c->object, "boot"))
		return life(c, done, a);
	if (is(c->attribute, "device") || c->identity)
		return whole(c, whole_value(o, all, c, a), done, a);
	return arena_join(a, report_name(c, a), " ", both(o, c, a), NULL);
}

/* " (limits.memory, profiles/small.yaml:4)"; "" where it is nobody's line. */
static const char *origin(const struct change *c, struct arena *a)
{
	const char *place = report_place(change_place(c), a), *key = c->key;

	if (is(c->object, "boot") || (is(c->object, "container") && !place))
		return "";
	if (is(c->object, "container") || (c->identity && place))
		key = NULL;
	if (key && place)
		return arena_join(a, " (", escaped(a, key), ", ", place, ")", NULL);
	if (key || place)
		return arena_join(a, " (", key ? escaped(a, key) : place, ")", NULL);
	if (c->action == ACTION_REMOVE && c->reason)
		return arena_join(a, " (", escaped(a, c->reason), ")", NULL);
	return "";
}

/* The last word on a change that was not made as it was meant: why. */
static const char *because(const struct journal_entry *e, const char *word, struct arena *a)
{
	if (!e->reason)
		return arena_join(a, ": ", word, NULL);
	return arena_join(a, ": ", word, ": ", escaped(a, e->reason), NULL);
}

/* How a change is put, by what is said of it; NULL: nothing stands there. */
static const struct wording {
	const char *before, *middle;
	const char *last; /* followed by the reason */
	bool done;
} wordings[N_EVENTS] = {
    [EVENT_CHANGED] = {.done = true          },
    [EVENT_PUT_BACK] = {.middle = " put back:", .done = true},
    [EVENT_PENDING] = {.middle = " waits for a restart:"                     },
    [EVENT_CONTESTED] = {.middle = " is contested, somebody keeps changing it:"},
    [EVENT_WOULD_CHANGE] = {.before = "would change: "                     },
    [EVENT_FAILED] = {.last = "failed"},
    [EVENT_SKIPPED] = {.last = "skipped"                     },
    [EVENT_UNSUPPORTED] = {.last = "unsupported"},
};

static const char *message(const struct journal_entry *e, const struct options *o,
			   const struct changes *all, const struct change *c, struct arena *a)
{
	const struct wording *w = &wordings[e->event];
	const char *what = words(o, all, c, w->middle, w->done, a), *last = "";

	if (e->event == EVENT_UNSUPPORTED)
		what = report_name(c, a);
	if (e->event == EVENT_RESTARTED)
		what = arena_join(a, report_name(c, a), " restarted for what waited", NULL);
	if (w->last)
		last = because(e, w->last, a);
	return arena_join(a, w->before ? w->before : "", what, origin(c, a), last, NULL);
}

void journal_change_fill(struct journal_entry *e, const struct options *o,
			 const struct changes *all, const struct change *c, struct arena *a)
{
	bool failed = e->event == EVENT_FAILED;

	e->object = c->object;
	e->attribute = c->attribute;
	e->from = is_secret(o, c, c->from) ? "(hidden)" : c->from;
	e->to = is_secret(o, c, c->to) ? "(hidden)" : c->to;
	e->key = c->key;
	e->at = change_place(c);
	if (c->origin && c->origin->kind == KIND_PROFILE)
		e->profile = c->origin->name;
	e->reason = report_hide(o, c, failed && c->error ? c->error : c->reason, a);
	e->hint = failed || e->event == EVENT_UNSUPPORTED ? c->remedy : NULL;
	e->message = message(e, o, all, c, a);
}
