#include "reconciler/explain.h"

#include "reconciler/commands.h"
#include "reconciler/report.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <string.h>

#define ANY_CONFIG (SCOPE_CONTAINER | SCOPE_NETWORK | SCOPE_POOL)

/* Keys of networks and pools have a word before them, since several are called alike. */
static const struct qualifier {
	unsigned scope;
	const char *prefix;
} qualifiers[] = {
    {SCOPE_CONTAINER, ""        },
    {SCOPE_NETWORK,   "network."},
    {SCOPE_POOL,      "pool."   },
};

#define N_QUALIFIERS (sizeof(qualifiers) / sizeof(qualifiers[0]))

static void add(struct topics *out, struct topic topic)
{
	out->items = arena_grow(out->arena, out->items, out->n, &out->capacity, sizeof(topic));
	out->items[out->n++] = topic;
}

static const char *qualify(const struct key *k, const char *name, struct arena *a)
{
	for (size_t i = 0; i < N_QUALIFIERS; i++)
		if (k->scope & qualifiers[i].scope)
			return arena_printf(a, "%s%s", qualifiers[i].prefix, name);
	return name;
}

static void add_option(struct topics *out, const struct device_type *t, const struct key *k,
		       bool brief)
{
	add(out, (struct topic){arena_printf(out->arena, "%s.%s", t->name, k->name),
				arena_printf(out->arena, "device %s: %s", t->name, t->help), k, t,
				brief});
}

static void add_device(struct topics *out, const struct device_type *t)
{
	add(out, (struct topic){.label = t->name, .device = t});
	for (size_t i = 0; i < t->n_options; i++)
		add_option(out, t, &t->options[i], true);
}

/* All rows of all tables whose qualified name begins with PREFIX. */
static void add_rows(struct topics *out, const char *prefix)
{
	size_t n;
	const struct key_table *const *tables = key_tables_all(&n);

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < tables[i]->n; j++) {
			const struct key *k = &tables[i]->rows[j];
			const char *label = qualify(k, k->name, out->arena);

			if (!strncmp(label, prefix, strlen(prefix)))
				add(out, (struct topic){label, tables[i]->subject, k, NULL, true});
		}
	}
}

static void add_everything(struct topics *out)
{
	size_t n;
	const struct device_type *const *types = device_types_all(&n);

	add_rows(out, "");
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < types[i]->n_options; j++)
			add_option(out, types[i], &types[i]->options[j], true);
}

/* A row by the very name it has in its table, patterns included. */
static const struct key *row_called(const char *name, unsigned scope)
{
	size_t n;
	const struct key_table *const *tables = key_tables_all(&n);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < tables[i]->n; j++)
			if ((tables[i]->rows[j].scope & scope) &&
			    !strcmp(tables[i]->rows[j].name, name))
				return &tables[i]->rows[j];
	return NULL;
}

/* The row that NAME means in SCOPE: what fits it, or it itself. */
static const struct key *row_meant(const char *name, unsigned scope)
{
	const struct key *k = row_called(name, scope);

	return k ? k : keys_find(name, scope);
}

static void add_config(struct topics *out, const char *name)
{
	for (size_t i = 0; i < N_QUALIFIERS; i++) {
		size_t n = strlen(qualifiers[i].prefix);
		const struct key *k;

		if (strncmp(name, qualifiers[i].prefix, n) != 0)
			continue;
		k = row_meant(name + n, qualifiers[i].scope);
		if (k)
			add(out,
			    (struct topic){.label = qualify(k, k->name, out->arena), .key = k});
	}
}

/* "disk", or "disk.limits.read". */
static void add_device_or_option(struct topics *out, const char *name)
{
	const char *dot = strchr(name, '.');
	const struct device_type *t = device_type_find(name);
	const struct key *k;

	if (t)
		add_device(out, t);
	if (t || !dot)
		return;
	t = device_type_find(arena_strndup(out->arena, name, (size_t)(dot - name)));
	k = t ? device_option_find(t, dot + 1) : NULL;
	if (k)
		add_option(out, t, k, false);
}

/* "limits.egress" of whatever kind of device, "ipv4.nat" of a network. */
static void add_unqualified(struct topics *out, const char *name)
{
	size_t n;
	const struct device_type *const *types = device_types_all(&n);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < types[i]->n_options; j++)
			if (!strcmp(types[i]->options[j].name, name))
				add_option(out, types[i], &types[i]->options[j], false);
	for (size_t i = 1; i < N_QUALIFIERS; i++) {
		const struct key *k = row_meant(name, qualifiers[i].scope);

		if (k)
			add(out,
			    (struct topic){.label = qualify(k, k->name, out->arena), .key = k});
	}
}

size_t topics_find(struct topics *out, const char *name)
{
	size_t before = out->n;

	if (!name) {
		add_everything(out);
		return out->n - before;
	}
	add_config(out, name);
	add_device_or_option(out, name);
	if (out->n == before)
		add_unqualified(out, name);
	if (*name && name[strlen(name) - 1] != '.')
		add_rows(out, arena_printf(out->arena, "%s.", name));
	return out->n - before;
}

static const char *device_near_miss(const char *name, struct arena *a)
{
	struct topics all = {.arena = a};
	const char **labels;
	size_t n, n_types;
	const struct device_type *const *types = device_types_all(&n_types);

	add_everything(&all);
	labels = arena_alloc(a, (all.n + n_types) * sizeof(*labels));
	for (n = 0; n < all.n; n++)
		labels[n] = all.items[n].label;
	for (size_t i = 0; i < n_types; i++)
		labels[n++] = types[i]->name;
	return text_near_miss(name, labels, n);
}

const char *topics_near_miss(const char *name, struct arena *a)
{
	const char *near = keys_near_miss(name, ANY_CONFIG, a);

	return near ? near : device_near_miss(name, a);
}

static void complain(struct diagnostics *ds, const char *name)
{
	const char *near = topics_near_miss(name, ds->arena);

	diagnostic_error(ds, NOWHERE, "there is no key or device option '%s'",
			 text_escape(ds->arena, name, strlen(name), 80));
	if (near)
		diagnostic_hint(ds, "did you mean %s?", near);
	else
		diagnostic_hint(ds, "'evenkeel explain' lists all of them");
}

int explain_print(FILE *f, const struct options *o, struct diagnostics *ds)
{
	struct topics topics = {.arena = arena_new()};
	int status = 0;

	if (o->n_names == 0)
		topics_find(&topics, NULL);
	for (size_t i = 0; i < o->n_names; i++) {
		if (topics_find(&topics, o->names[i]) > 0)
			continue;
		complain(ds, o->names[i]);
		status = 1;
	}
	if (o->output == OUTPUT_JSON)
		explain_json(f, &topics);
	else
		explain_text(f, &topics, o->color);
	arena_free(topics.arena);
	return status;
}

int explain_main(const struct options *o)
{
	struct arena *a = arena_new();
	struct diagnostics ds;
	int status;

	diagnostics_init(&ds, a);
	status = explain_print(stdout, o, &ds);
	report_diagnostics(o, &ds);
	arena_free(a);
	return status;
}
