#include "schema/instance_fields.h"

#include "schema/arena.h"
#include "schema/settings.h"
#include "schema/text.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A list of words; *GIVEN, if not NULL: it is there, and not null. */
static void read_words(struct reading *r, const struct node *value, const char *what,
		       struct words *out, bool *given)
{
	bool empty;

	if (reading_kind(r, value, NODE_SEQUENCE, what, &empty) < 0)
		return;
	if (given)
		*given = !empty;
	if (value->n == 0)
		return;
	out->items = arena_alloc(r->arena, value->n * sizeof(*out->items));
	for (size_t i = 0; i < value->n && !reading_full(r); i++) {
		const struct node *item = value->items[i];

		if (reading_text(r, item, what))
			out->items[out->n++] =
			    (struct word){arena_strdup(r->arena, item->text), item->at};
	}
}

/* Lists of profiles are short; the many that a bomb could bring are bounded by the reader. */
static bool listed_before(const struct words *words, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(words->items[j].text, words->items[i].text) == 0)
			return true;
	return false;
}

/* More than anybody stacks; a bound for what compares each with each. */
#define MOST_PROFILES 1000

void instance_read_profiles(struct reading *r, const struct node *value, struct document *d)
{
	read_words(r, value, "profiles", &d->profiles, &d->profiles_given);
	if (d->profiles.n > MOST_PROFILES) {
		diagnostic_error(r->ds, value->at, "more than %d profiles", MOST_PROFILES);
		return;
	}
	for (size_t i = 0; i < d->profiles.n && !reading_full(r); i++) {
		const struct word *w = &d->profiles.items[i];
		const char *wrong = name_check_profile(w->text);

		if (wrong)
			diagnostic_error(r->ds, w->at, "the name of a profile %s: '%s'", wrong,
					 reading_show(r, w->text));
		else if (listed_before(&d->profiles, i))
			diagnostic_error(r->ds, w->at, "profile '%s' is listed twice",
					 reading_show(r, w->text));
	}
}

void instance_read_hosts(struct reading *r, const struct node *value, struct document *d)
{
	read_words(r, value, "hosts", &d->hosts, NULL);
	for (size_t i = 0; i < d->hosts.n && !reading_full(r); i++) {
		const struct word *w = &d->hosts.items[i];

		if (w->text[0] && strcmp(w->text, "!") != 0)
			continue;
		diagnostic_error(r->ds, w->at, "an empty pattern of hosts");
		diagnostic_hint(r->ds, "write \"web*\", or \"!web9\" for all but one");
	}
}

static void refuse_word(struct reading *r, const struct node *value, const char *what,
			const char *const *words, size_t n, const char *all)
{
	const char *near = text_near_miss(value->text, words, n);

	diagnostic_error(r->ds, value->at, "unknown %s '%s'", what, reading_show(r, value->text));
	if (near)
		reading_hint_near_miss(r, near);
	else
		diagnostic_hint(r->ds, "it is %s", all);
}

void instance_read_state(struct reading *r, const struct node *value, struct document *d)
{
	static const char *const words[] = {"running", "stopped", "frozen", "absent"};
	static const enum state states[] = {STATE_RUNNING, STATE_STOPPED, STATE_FROZEN,
					    STATE_ABSENT};

	/* A full listing has a mapping of this name: usage, processes, addresses. */
	if (d->foreign && value->kind == NODE_MAPPING)
		return;
	if (!reading_text(r, value, "state") || !value->text[0])
		return;
	d->state_at = value->at;
	for (size_t i = 0; i < COUNT(words); i++) {
		if (strcmp(value->text, words[i]) != 0)
			continue;
		d->state = states[i];
		return;
	}
	refuse_word(r, value, "state", words, COUNT(words), "running, stopped, frozen or absent");
}

void instance_read_restart(struct reading *r, const struct node *value, struct document *d)
{
	static const char *const words[] = {"never", "allowed"};

	if (!reading_text(r, value, "restart") || !value->text[0])
		return;
	d->restart_allowed = strcmp(value->text, "allowed") == 0;
	if (!d->restart_allowed && strcmp(value->text, "never") != 0)
		refuse_word(r, value, "word for restart", words, COUNT(words), "never or allowed");
}

static void read_template(struct reading *r, const struct node *value, struct document *d)
{
	const char *text = reading_text(r, value, "template"), *wrong;

	if (!text || !text[0])
		return;
	wrong = name_check_template(text);
	if (wrong)
		diagnostic_error(r->ds, value->at, "the name of a template %s: '%s'", wrong,
				 reading_show(r, text));
	else
		d->source.template = arena_strdup(r->arena, text);
}

static void read_option(struct reading *r, const struct node *key, const struct node *text,
			struct settings *out)
{
	const char *wrong = name_check_template_option(key->text);
	struct value value;

	if (wrong) {
		diagnostic_error(r->ds, key->at, "the name of a template's option %s: '%s'", wrong,
				 reading_show(r, key->text));
		return;
	}
	/* An option without a value is a flag: unlike a key it is not dropped. */
	if (!reading_text(r, text, key->text) ||
	    (text->text[0] && reading_value(r, &grammar_line, text, &value) < 0))
		return;
	out->items[out->n++] = (struct setting){
	    .name = arena_strdup(r->arena, key->text),
	    .text = arena_strdup(r->arena, text->text),
	    .at = key->at,
	    .value_at = text->at,
	};
}

static void read_options(struct reading *r, const struct node *value, struct document *d)
{
	struct settings *out = &d->source.options;
	bool empty;

	if (reading_kind(r, value, NODE_MAPPING, "options", &empty) < 0 || value->n == 0)
		return;
	out->items = arena_alloc(r->arena, value->n * sizeof(*out->items));
	for (size_t i = 0; i < value->n && !reading_full(r); i++)
		read_option(r, value->keys[i], value->items[i], out);
	settings_sort(out);
}

static void read_base(struct reading *r, const struct node *value, struct document *d)
{
	struct value path;

	if (!reading_text(r, value, "config") || !value->text[0])
		return;
	if (reading_value(r, &grammar_host_path, value, &path) == 0)
		d->source.config = arena_strdup(r->arena, path.text);
}

static const struct {
	const char *name;
	void (*read)(struct reading *r, const struct node *value, struct document *d);
} parts[] = {
    {"config",   read_base    },
    {"options",  read_options },
    {"template", read_template},
};

static void read_part(struct reading *r, const struct node *key, const struct node *value,
		      struct document *d)
{
	static const char *const names[] = {"config", "options", "template"};

	for (size_t i = 0; i < COUNT(parts); i++) {
		if (strcmp(parts[i].name, key->text) != 0)
			continue;
		parts[i].read(r, value, d);
		return;
	}
	diagnostic_error(r->ds, key->at, "unknown field '%s' of source",
			 reading_show(r, key->text));
	if (text_near_miss(key->text, names, COUNT(names)))
		reading_hint_near_miss(r, text_near_miss(key->text, names, COUNT(names)));
	else
		diagnostic_hint(r->ds, "containers are made from a template: images are not yet "
				       "supported");
}

void instance_read_source(struct reading *r, const struct node *value, struct document *d)
{
	size_t errors = reading_errors(r);
	bool empty;

	if (reading_kind(r, value, NODE_MAPPING, "source", &empty) < 0 || empty)
		return;
	d->source.at = value->at;
	for (size_t i = 0; i < value->n && !reading_full(r); i++)
		read_part(r, value->keys[i], value->items[i], d);
	if (reading_errors(r) != errors || value->refused)
		return;
	if (!d->source.template && !d->source.config) {
		diagnostic_error(r->ds, value->at, "source says neither template nor config");
		diagnostic_hint(r->ds, "write source: {template: NAME}");
	} else if (d->source.options.n && !d->source.template) {
		diagnostic_error(r->ds, d->source.options.items[0].at,
				 "options without a template");
	}
}
