#include "schema/yaml_keys.h"

#include "schema/arena.h"
#include "schema/text.h"

#include <stdlib.h>
#include <string.h>

/* Up to this many pairs comparing each with each is faster than sorting. */
#define FEW 12

/* A pair on its way into a mapping; a lower order wins against an equal key. */
struct candidate {
	struct yaml_pair pair;
	size_t order;
	bool merged;
};

struct candidates {
	struct candidate *items;
	size_t n, capacity;
	size_t reported;
	struct arena *arena;
	struct diagnostics *ds;
};

static bool is_merge(const struct node *key)
{
	return key->plain && key->text[0] == '<' && strcmp(key->text, "<<") == 0;
}

static void add(struct candidates *c, struct node *key, struct node *value, bool merged)
{
	c->items = arena_grow(c->arena, c->items, c->n, &c->capacity, sizeof(*c->items));
	c->items[c->n] = (struct candidate){
	    {key, value},
            c->n, merged
        };
	c->n++;
}

static void merge_one(struct candidates *c, const struct node *from)
{
	if (from->kind != NODE_MAPPING) {
		diagnostic_error(c->ds, from->at, "'<<' merges mappings, and this is none");
		diagnostic_hint(c->ds, "write <<: *NAME or <<: [*ONE, *OTHER], where the anchors "
				       "name mappings");
		return;
	}
	for (size_t i = 0; i < from->n; i++)
		add(c, from->keys[i], from->items[i], true);
}

static void merge(struct candidates *c, const struct node *value)
{
	if (value->kind != NODE_SEQUENCE) {
		merge_one(c, value);
		return;
	}
	for (size_t i = 0; i < value->n; i++)
		merge_one(c, value->items[i]);
}

static void report_duplicate(struct candidates *c, const struct node *first,
			     const struct node *second)
{
	/* One more than the bound, so that the reader sees it passed. */
	if (c->reported++ > YAML_MOST_FINDINGS)
		return;
	diagnostic_error(c->ds, second->at, "'%s' is given twice",
			 text_escape(c->arena, second->text, strlen(second->text), 64));
	diagnostic_hint(c->ds, "the first is in line %u", first->at.line);
}

static int compare(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;
	int order = strcmp(a->pair.key->text, b->pair.key->text);

	if (order)
		return order;
	return a->order < b->order ? -1 : a->order > b->order;
}

static int compare_orders(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;

	return a->order < b->order ? -1 : a->order > b->order;
}

/* Keeps the first of each key; what repeats explicitly is reported. */
static void drop_repeats(struct candidates *c)
{
	size_t kept = 0;

	if (c->n == 0)
		return;
	qsort(c->items, c->n, sizeof(*c->items), compare);
	for (size_t i = 0; i < c->n; i++) {
		const struct candidate *last = kept ? &c->items[kept - 1] : NULL;

		if (last && strcmp(last->pair.key->text, c->items[i].pair.key->text) == 0) {
			if (!c->items[i].merged)
				report_duplicate(c, last->pair.key, c->items[i].pair.key);
			continue;
		}
		c->items[kept++] = c->items[i];
	}
	c->n = kept;
	qsort(c->items, c->n, sizeof(*c->items), compare_orders);
}

static void give(struct node *mapping, size_t i, const struct yaml_pair *pair)
{
	mapping->keys[i] = pair->key;
	mapping->items[i] = pair->value;
}

static void settle_many(struct node *mapping, const struct yaml_pair *pairs, size_t n,
			struct arena *a, struct diagnostics *ds)
{
	struct candidates c = {.arena = a, .ds = ds};
	const struct yaml_pair *merged = NULL;

	/* Explicit keys first, so that they win. */
	for (size_t i = 0; i < n; i++) {
		if (!is_merge(pairs[i].key))
			add(&c, pairs[i].key, pairs[i].value, false);
		else if (merged)
			report_duplicate(&c, merged->key, pairs[i].key);
		else
			merged = &pairs[i];
	}
	if (merged)
		merge(&c, merged->value);
	drop_repeats(&c);
	mapping->n = c.n;
	mapping->keys = arena_alloc(a, c.n * sizeof(struct node *));
	mapping->items = arena_alloc(a, c.n * sizeof(struct node *));
	for (size_t i = 0; i < c.n; i++)
		give(mapping, i, &c.items[i].pair);
}

static bool simple(const struct yaml_pair *pairs, size_t n)
{
	if (n > FEW)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (is_merge(pairs[i].key))
			return false;
		for (size_t j = 0; j < i; j++)
			if (strcmp(pairs[i].key->text, pairs[j].key->text) == 0)
				return false;
	}
	return true;
}

void yaml_keys_settle(struct node *mapping, const struct yaml_pair *pairs, size_t n,
		      struct arena *a, struct diagnostics *ds)
{
	if (!simple(pairs, n)) {
		settle_many(mapping, pairs, n, a, ds);
		return;
	}
	mapping->n = n;
	mapping->keys = arena_alloc(a, 2 * n * sizeof(struct node *));
	mapping->items = mapping->keys + n;
	for (size_t i = 0; i < n; i++)
		give(mapping, i, &pairs[i]);
}
