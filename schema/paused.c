#include "schema/paused.h"

#include "schema/arena.h"
#include "schema/moment.h"
#include "schema/text.h"

#include <string.h>

static int parse_moment(const struct grammar *g, const char *text, struct arena *a,
			struct value *out, struct complaint *why)
{
	(void)g;
	(void)a;
	return moment_parse(text, &out->number, why);
}

static const struct grammar grammar_moment = {
    .name = "point in time",
    .syntax = "2026-12-01T10:00:00Z, 2026-12-01T10:00:00+02:00 or 2026-12-01",
    .parse = parse_moment,
};

static void read_until(struct reading *r, const struct node *value, struct paused *out)
{
	struct value moment;

	if (reading_text(r, value, "until") && value->text[0] &&
	    reading_value(r, &grammar_moment, value, &moment) == 0) {
		out->given = true;
		out->until = moment.number;
	}
}

static void read_reason(struct reading *r, const struct node *value, struct paused *out)
{
	if (!reading_text(r, value, "reason") || !value->text[0])
		return;
	if (strlen(value->text) > PAUSED_MOST_REASON) {
		diagnostic_error(r->ds, value->at, "a reason of more than %d bytes",
				 PAUSED_MOST_REASON);
		return;
	}
	out->given = true;
	out->reason = arena_strdup(r->arena, value->text);
}

static void read_part(struct reading *r, const struct node *key, const struct node *value,
		      struct paused *out)
{
	static const char *const names[] = {"reason", "until"};
	const char *near = text_near_miss(key->text, names, 2);

	if (strcmp(key->text, "until") == 0) {
		read_until(r, value, out);
		return;
	}
	if (strcmp(key->text, "reason") == 0) {
		read_reason(r, value, out);
		return;
	}
	diagnostic_error(r->ds, key->at, "unknown field '%s' of paused",
			 reading_show(r, key->text));
	if (near)
		reading_hint_near_miss(r, near);
	else
		diagnostic_hint(r->ds, "it has until and reason");
}

static void read_parts(struct reading *r, const struct node *value, struct paused *out)
{
	size_t errors = reading_errors(r);

	for (size_t i = 0; i < value->n && !reading_full(r); i++)
		read_part(r, value->keys[i], value->items[i], out);
	if (out->given || reading_errors(r) != errors || value->refused)
		return;
	diagnostic_error(r->ds, value->at, "paused says neither until nor reason");
	diagnostic_hint(r->ds, "write paused: true to pause it without an end");
}

static void read_word(struct reading *r, const struct node *value, struct paused *out)
{
	struct value yes;
	uint64_t until;

	if (!value->text[0])
		return;
	if (moment_parse(value->text, &until, NULL) == 0) {
		diagnostic_error(r->ds, value->at, "paused is true, false, or says until when");
		diagnostic_hint(r->ds, "write paused: {until: %s}", value->text);
		return;
	}
	if (reading_value(r, &grammar_bool, value, &yes) == 0)
		out->given = yes.yes;
	else
		diagnostic_hint(r->ds, "write true, false or {until: 2026-12-01, reason: TEXT}");
}

void paused_read(struct reading *r, const struct node *value, struct document *d)
{
	struct paused p = {.reason = "", .at = value->at};

	if (value->kind == NODE_MAPPING)
		read_parts(r, value, &p);
	else if (reading_text(r, value, "paused"))
		read_word(r, value, &p);
	d->paused = p;
}
