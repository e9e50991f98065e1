#include "schema/preseed.h"

#include "schema/arena.h"
#include "schema/document.h"
#include "schema/text.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MOST_FIELDS 12

enum form { FORM_TEXT, FORM_TEXTS, FORM_MAP, FORM_DOCUMENTS, FORM_ITEMS, FORM_ITEM };

/* What a section holds: a text, a list of texts, a map of texts, documents of a kind, or items (or
 * one) with fields of their own. */
struct section {
	const char *name;
	enum form form;
	enum kind kind;              /* FORM_DOCUMENTS */
	const struct section *parts; /* FORM_ITEMS, FORM_ITEM; ends with a row without name */
};

static const struct section volume_parts[] = {
    {.name = "name",     .form = FORM_TEXT},
    {.name = "pool",                  .form = FORM_TEXT},
    {.name = "type",.form = FORM_TEXT},
    {.name = "content_type",     .form = FORM_TEXT},
    {.name = "config",                  .form = FORM_MAP},
    {.name = "description",.form = FORM_TEXT},
    {.name = "project",   .form = FORM_TEXT},
    {.name = NULL                 },
};

static const struct section project_parts[] = {
    {.name = "name",     .form = FORM_TEXT},
    {.name = "description",                  .form = FORM_TEXT},
    {.name = "config",.form = FORM_MAP},
    {.name = "storage",   .form = FORM_TEXT},
    {.name = "network",                  .form = FORM_TEXT},
    {.name = NULL},
};

static const struct section member_parts[] = {
    {.name = "entity",   .form = FORM_TEXT},
    {.name = "name",                  .form = FORM_TEXT},
    {.name = "key",.form = FORM_TEXT},
    {.name = "value",      .form = FORM_TEXT},
    {.name = NULL		 },
};

static const struct section cluster_parts[] = {
    {.name = "enabled",             .form = FORM_TEXT},
    {.name = "server_name",			     .form = FORM_TEXT},
    {.name = "server_address",.form = FORM_TEXT},
    {.name = "cluster_address",      .form = FORM_TEXT},
    {.name = "cluster_certificate",                             .form = FORM_TEXT},
    {.name = "cluster_certificate_path",       .form = FORM_TEXT},
    {.name = "cluster_password", .form = FORM_TEXT},
    {.name = "cluster_token",                             .form = FORM_TEXT},
    {.name = "member_config",      .form = FORM_ITEMS, .parts = member_parts},
    {.name = NULL   },
};

static const struct section certificate_parts[] = {
    {.name = "name",        .form = FORM_TEXT},
    {.name = "type",                     .form = FORM_TEXT},
    {.name = "certificate",.form = FORM_TEXT},
    {.name = "restricted", .form = FORM_TEXT},
    {.name = "projects",                     .form = FORM_TEXTS},
    {.name = "token",    .form = FORM_TEXT},
    {.name = "description",    .form = FORM_TEXT},
    {.name = NULL                    },
};

static const struct section group_parts[] = {
    {.name = "name",     .form = FORM_TEXT},
    {.name = "description",                  .form = FORM_TEXT},
    {.name = "config",.form = FORM_MAP},
    {.name = "members",   .form = FORM_TEXTS},
    {.name = NULL		 },
};

static const struct section sections[] = {
    {.name = "kind",            .form = FORM_TEXT},
    {.name = "config",			 .form = FORM_MAP},
    {.name = "networks",.form = FORM_DOCUMENTS, .kind = KIND_NETWORK},
    {.name = "storage_pools",        .form = FORM_DOCUMENTS, .kind = KIND_POOL},
    {.name = "storage_volumes",     .form = FORM_ITEMS, .parts = volume_parts},
    {.name = "profiles",   .form = FORM_DOCUMENTS, .kind = KIND_PROFILE},
    {.name = "projects",        .form = FORM_ITEMS, .parts = project_parts},
    {.name = "cluster", .form = FORM_ITEM, .parts = cluster_parts},
    {.name = "certificates",    .form = FORM_ITEMS, .parts = certificate_parts},
    {.name = "cluster_groups",        .form = FORM_ITEMS, .parts = group_parts},
    {.name = NULL    },
};

static void read_parts(struct reading *r, const struct node *value, const char *what,
		       const struct section *parts);

static void read_texts(struct reading *r, const struct node *value, const char *what)
{
	for (size_t i = 0; i < value->n && !reading_full(r); i++)
		reading_text(r, value->items[i], what);
}

static void read_map(struct reading *r, const struct node *value)
{
	for (size_t i = 0; i < value->n && !reading_full(r); i++)
		reading_text(r, value->items[i], value->keys[i]->text);
}

static void read_document(struct reading *r, const struct node *item, const struct section *s)
{
	struct document ignored;
	bool empty;

	if (reading_kind(r, item, NODE_MAPPING, s->name, &empty) == 0)
		document_read(r, item, s->kind, &ignored);
}

static const char *text_of(const struct node *item, const char *field)
{
	const struct node *value = node_get(item, field, NULL);

	return value && value->kind == NODE_SCALAR ? value->text : "";
}

static bool same_name(const struct node *a, const struct node *b)
{
	return strcmp(text_of(a, "name"), text_of(b, "name")) == 0 &&
	       strcmp(text_of(a, "project"), text_of(b, "project")) == 0;
}

static int compare_names(const void *x, const void *y)
{
	const struct node *const *a = x, *const *b = y;
	int order = strcmp(text_of(*a, "name"), text_of(*b, "name"));

	if (order == 0)
		order = strcmp(text_of(*a, "project"), text_of(*b, "project"));
	if (order == 0)
		order = (*a)->at.line < (*b)->at.line ? -1 : (*a)->at.line > (*b)->at.line;
	if (order == 0)
		order = (*a)->at.column < (*b)->at.column ? -1 : (*a)->at.column > (*b)->at.column;
	return order;
}

/* The same name twice in one list. */
static void check_names(struct reading *r, const struct node *list, const struct section *s)
{
	const struct node **items = arena_alloc(r->scratch, list->n * sizeof(struct node *));

	for (size_t i = 0; i < list->n; i++)
		items[i] = list->items[i];
	if (list->n > 1)
		qsort(items, list->n, sizeof(struct node *), compare_names);
	for (size_t i = 1; i < list->n && !reading_full(r); i++)
		if (text_of(items[i], "name")[0] && same_name(items[i - 1], items[i]))
			diagnostic_error(r->ds, node_get(items[i], "name", NULL)->at,
					 "'%s' is twice in %s",
					 reading_show(r, text_of(items[i], "name")), s->name);
}

static void read_list(struct reading *r, const struct node *list, const struct section *s)
{
	for (size_t i = 0; i < list->n && !reading_full(r); i++) {
		if (s->form == FORM_DOCUMENTS)
			read_document(r, list->items[i], s);
		else
			read_parts(r, list->items[i], s->name, s->parts);
	}
	check_names(r, list, s);
}

static enum node_kind node_kind_of(enum form form)
{
	switch (form) {
	case FORM_TEXT:
		return NODE_SCALAR;
	case FORM_TEXTS:
	case FORM_DOCUMENTS:
	case FORM_ITEMS:
		return NODE_SEQUENCE;
	case FORM_MAP:
	case FORM_ITEM:
		break;
	}
	return NODE_MAPPING;
}

static void read_section(struct reading *r, const struct node *value, const struct section *s)
{
	bool empty;

	if (reading_kind(r, value, node_kind_of(s->form), s->name, &empty) < 0 || empty)
		return;
	switch (s->form) {
	case FORM_TEXT:
		return;
	case FORM_TEXTS:
		read_texts(r, value, s->name);
		return;
	case FORM_MAP:
		read_map(r, value);
		return;
	case FORM_DOCUMENTS:
	case FORM_ITEMS:
		read_list(r, value, s);
		return;
	case FORM_ITEM:
		read_parts(r, value, s->name, s->parts);
		return;
	}
}

static const struct section *part_find(const struct section *parts, const char *name)
{
	for (; parts->name; parts++)
		if (strcmp(parts->name, name) == 0)
			return parts;
	return NULL;
}

static void refuse(struct reading *r, const struct node *key, const char *what,
		   const struct section *parts)
{
	const char *names[MOST_FIELDS];
	size_t n = 0;

	for (; parts->name && n < MOST_FIELDS; parts++)
		names[n++] = parts->name;
	diagnostic_error(r->ds, key->at, "unknown field '%s' of %s", reading_show(r, key->text),
			 what);
	reading_hint_near_miss(r, text_near_miss(key->text, names, n));
}

static void read_parts(struct reading *r, const struct node *value, const char *what,
		       const struct section *parts)
{
	bool empty;

	if (reading_kind(r, value, NODE_MAPPING, what, &empty) < 0)
		return;
	for (size_t i = 0; i < value->n && !reading_full(r); i++) {
		const struct section *part = part_find(parts, value->keys[i]->text);

		if (part)
			read_section(r, value->items[i], part);
		else
			refuse(r, value->keys[i], what, parts);
	}
}

void preseed_read(struct reading *r, const struct node *root)
{
	struct reading inner = *r;

	/* One notice says it all: what is in it is not carried out, whatever it is. */
	inner.strict = true;
	inner.ignored = inner.idle = inner.validated = (struct tally){0};
	read_parts(&inner, root, "the preseed", sections);
	reading_tally(r, &r->validated, "a preseed", root->at);
}
