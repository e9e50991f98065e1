#include "schema/property.h"

#include "schema/arena.h"
#include "schema/manifest.h"

#include <stdlib.h>
#include <string.h>

void properties_init(struct properties *p, struct arena *a)
{
	*p = (struct properties){.arena = a};
}

struct property *properties_add(struct properties *p, struct property item)
{
	p->items = arena_grow(p->arena, p->items, p->n, &p->capacity, sizeof(*p->items));
	p->items[p->n] = item;
	return &p->items[p->n++];
}

bool object_is(const char *object, const char *kind)
{
	size_t n = strlen(kind);

	return strncmp(object, kind, n) == 0 && (object[n] == '\0' || object[n] == '/');
}

const char *object_name(struct arena *a, const char *kind, const char *name)
{
	size_t n = strlen(kind) + 1, slashes = 0;
	char *object, *to;

	for (const char *c = name; *c; c++)
		slashes += *c == '/';
	object = arena_alloc(a, n + strlen(name) + 2 * slashes + 1);
	to = stpcpy(stpcpy(object, kind), "/");
	for (const char *c = name; *c; c++) {
		if (*c == '/')
			to = stpcpy(to, "%2F");
		else
			*to++ = *c;
	}
	return object;
}

/* "io/8:0" sorts behind "io" and before "iox": the slash counts as an end. */
static int compare_objects(const char *x, const char *y)
{
	while (*x && *x == *y) {
		x++;
		y++;
	}
	return (int)(unsigned char)(*x == '/' ? 1 : *x) - (int)(unsigned char)(*y == '/' ? 1 : *y);
}

int property_compare(const struct property *x, const struct property *y)
{
	int order = compare_objects(x->object, y->object);

	return order ? order : strcmp(x->attribute, y->attribute);
}

static int compare_items(const void *x, const void *y)
{
	return property_compare(x, y);
}

/* A merge sort is stable, which "the later added wins" needs and qsort does not promise. */
static void merge_sort(struct property *items, struct property *spare, size_t n)
{
	size_t half = n / 2, i = 0, j = half, k = 0;

	if (n < 2)
		return;
	merge_sort(items, spare, half);
	merge_sort(items + half, spare, n - half);
	memcpy(spare, items, half * sizeof(*items));
	while (i < half && j < n) {
		if (property_compare(&spare[i], &items[j]) <= 0)
			items[k++] = spare[i++];
		else
			items[k++] = items[j++];
	}
	memcpy(items + k, spare + i, (half - i) * sizeof(*items));
}

void properties_sort(struct properties *p)
{
	size_t n = 0;

	if (p->n < 2)
		return;
	merge_sort(p->items, arena_alloc(p->arena, p->n * sizeof(*p->items)), p->n);
	for (size_t i = 0; i < p->n; i++) {
		if (n > 0 && property_compare(&p->items[n - 1], &p->items[i]) == 0)
			n--;
		p->items[n++] = p->items[i];
	}
	p->n = n;
}

const struct property *properties_find(const struct properties *p, const char *object,
				       const char *attribute)
{
	struct property wanted = {.object = object, .attribute = attribute};

	if (p->n == 0)
		return NULL;
	return bsearch(&wanted, p->items, p->n, sizeof(*p->items), compare_items);
}

struct change *changes_add(struct changes *c, struct change item)
{
	c->items = arena_grow(c->arena, c->items, c->n, &c->capacity, sizeof(*c->items));
	c->items[c->n] = item;
	return &c->items[c->n++];
}

static bool is_about_whole(const struct change *c)
{
	return c->identity && (c->action == ACTION_ADD || c->action == ACTION_REMOVE ||
			       c->action == ACTION_REPLACE);
}

/* What is only shown, or waits, stands for itself. */
static bool is_made(const struct change *c)
{
	return c->action != ACTION_NONE && c->action != ACTION_WAIT;
}

struct change *changes_whole(const struct changes *all, const struct change *c)
{
	for (size_t i = 0; is_made(c) && i < all->n; i++)
		if (is_about_whole(&all->items[i]) && strcmp(all->items[i].object, c->object) == 0)
			return &all->items[i];
	return NULL;
}

static bool went_wrong(const struct change *c)
{
	return c->verdict == VERDICT_FAILED || c->verdict == VERDICT_SKIPPED;
}

bool changes_told(const struct changes *all, const struct change *c)
{
	const struct change *whole = changes_whole(all, c);

	return !whole || whole == c || (went_wrong(c) && !went_wrong(whole));
}

struct place change_place(const struct change *c)
{
	if (c->setting)
		return c->setting->at;
	if (c->at.source)
		return c->at;
	return c->origin ? c->origin->at : NOWHERE;
}

/* Who asked for it, as far as it is printed. */
static const struct document *copy_origin(const struct document *from, struct arena *a)
{
	struct document *d;

	if (!from)
		return NULL;
	d = arena_alloc(a, sizeof(*d));
	d->kind = from->kind;
	d->name = arena_strdup(a, from->name);
	return d;
}

void change_copy(struct change *to, struct arena *a, const struct change *from)
{
	struct change c = *from;

	c.object = arena_strdup(a, from->object);
	c.attribute = arena_strdup(a, from->attribute);
	c.from = arena_strdup(a, from->from);
	c.to = arena_strdup(a, from->to);
	c.key = arena_strdup(a, from->key);
	c.reason = arena_strdup(a, from->reason);
	c.remedy = arena_strdup(a, from->remedy);
	c.error = arena_strdup(a, from->error);
	c.at = place_copy(change_place(from), a);
	c.setting = NULL;
	c.origin = copy_origin(from->origin, a);
	*to = c;
}

void change_fail(struct change *c, struct arena *a, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	c->error = arena_vprintf(a, format, args);
	va_end(args);
	c->error_number = error;
	c->verdict = VERDICT_FAILED;
}
