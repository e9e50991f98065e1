#include "schema/settings.h"

#include "schema/arena.h"
#include "schema/key_rules.h"
#include "schema/text.h"
#include "schema/yaml_place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *x, const void *y)
{
	const struct setting *a = x, *b = y;

	return strcmp(a->name, b->name);
}

void settings_sort(struct settings *s)
{
	for (size_t i = 1; i < s->n; i++) {
		if (compare(&s->items[i - 1], &s->items[i]) <= 0)
			continue;
		qsort(s->items, s->n, sizeof(*s->items), compare);
		return;
	}
}

const struct setting *settings_find(const struct settings *s, const char *name)
{
	const struct setting wanted = {.name = name};

	if (s->n == 0)
		return NULL;
	return bsearch(&wanted, s->items, s->n, sizeof(*s->items), compare);
}

const char *settings_text(const struct settings *s, const char *name)
{
	const struct setting *found = settings_find(s, name);

	return found ? found->text : NULL;
}

/* "environment.*" and "volatile.<name>.hwaddr" stand for many names. */
static bool is_pattern(const char *name)
{
	return name[strlen(name) - 1] == '*' || strchr(name, '<');
}

int setting_read(struct reading *r, const struct key *row, const struct node *key,
		 const struct node *text, struct setting *out, struct value *value)
{
	if (reading_value(r, row->grammar, text, value) < 0)
		return -EINVAL;
	*out = (struct setting){
	    .key = row,
	    .name = is_pattern(row->name) ? arena_strdup(r->arena, key->text) : row->name,
	    .text = arena_strdup(r->arena, text->text),
	    .at = key->at,
	    .value_at = text->at,
	};
	return 0;
}

/* A key that instances have and this document may not, or the other way round. */
static const struct key *misplaced(const char *name, unsigned scope)
{
	unsigned other = SCOPE_CONTAINER & ~scope;

	return scope & SCOPE_CONTAINER ? keys_find(name, other) : NULL;
}

/* The row whose fixed part NAME has, when only the characters behind it are wrong. */
static const struct key *restricted(const char *name, unsigned scope)
{
	size_t n;
	const struct key_table *const *tables = key_tables_all(&n);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < tables[i]->n; j++) {
			const struct key *k = &tables[i]->rows[j];

			if (k->rest && (k->scope & scope) &&
			    strncmp(k->name, name, strlen(k->name) - 1) == 0)
				return k;
		}
	return NULL;
}

static void refuse_unknown(struct reading *r, const struct node *key, unsigned scope)
{
	const char *near = keys_near_miss(key->text, scope, r->scratch);
	const struct key *row = restricted(key->text, scope);
	size_t n = row ? strlen(row->name) - 1 : 0;
	const char *tail = near && strlen(near) > n ? near + n : NULL;

	/* Behind a common prefix the rest alone must be near. */
	if (row && tail && !text_near_miss(key->text + n, &tail, 1))
		near = NULL;
	if (near || !row || !key->text[n]) {
		diagnostic_error(r->ds, key->at, "unknown key '%s'", reading_show(r, key->text));
		reading_hint_near_miss(r, near);
		return;
	}
	n += strspn(key->text + n, row->rest);
	diagnostic_error(r->ds, yaml_place_inside(key->at, key->text, n), "unknown key '%s'",
			 reading_show(r, key->text));
	diagnostic_hint(r->ds, "what stands for * in %s may hold %s only", row->name, row->rest);
}

static void refuse(struct reading *r, const struct node *key, unsigned scope)
{
	const struct key *other = misplaced(key->text, scope);

	if (other && (scope & SCOPE_PROFILE)) {
		diagnostic_error(r->ds, key->at, "'%s' can only be set on an instance",
				 reading_show(r, key->text));
		return;
	}
	if (other) {
		diagnostic_error(r->ds, key->at, "'%s' is for virtual machines only",
				 reading_show(r, key->text));
		diagnostic_hint(r->ds, "in a profile, which machines may use, it would be ignored");
		return;
	}
	refuse_unknown(r, key, scope);
}

static void read_one(struct reading *r, const struct node *key, const struct node *text,
		     unsigned scope, struct settings *out)
{
	const struct key *row = keys_find(key->text, scope);
	struct setting *item = &out->items[out->n];
	struct value value;

	if (!row) {
		refuse(r, key, scope);
		return;
	}
	if (!reading_text(r, text, key->text) || !text->text[0])
		return;
	if (setting_read(r, row, key, text, item, &value) < 0 ||
	    key_rules_check(r, item, &value) < 0)
		return;
	if (row->effect == EFFECT_IGNORED)
		reading_tally(r, &r->ignored, item->name, key->at);
	if (row->effect == EFFECT_UNSUPPORTED && (scope & SCOPE_CONTAINER))
		reading_tally(r, &r->idle, item->name, key->at);
	out->n++;
}

void settings_read(struct reading *r, const struct node *value, unsigned scope,
		   struct settings *out)
{
	bool empty;

	if (reading_kind(r, value, NODE_MAPPING, "config", &empty) < 0 || value->n == 0)
		return;
	out->items = arena_alloc(r->arena, value->n * sizeof(*out->items));
	for (size_t i = 0; i < value->n && !reading_full(r); i++)
		read_one(r, value->keys[i], value->items[i], scope, out);
	settings_sort(out);
}
