#include "schema/document.h"

#include "schema/arena.h"
#include "schema/fields.h"
#include "schema/network_rules.h"
#include "schema/text.h"

#include <string.h>

static const struct field *field_find(enum kind kind, const char *name)
{
	size_t n;
	const struct field *fields = fields_of(kind, &n);

	for (size_t i = 0; i < n; i++)
		if (fields[i].name[0] == name[0] && strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

static const char *near_field(struct reading *r, enum kind kind, const char *name)
{
	size_t n;
	const struct field *fields = fields_of(kind, &n);
	const char **names = arena_alloc(r->scratch, n * sizeof(*names));
	size_t ours = 0;

	for (size_t i = 0; i < n; i++)
		if (fields[i].read)
			names[ours++] = fields[i].name;
	return text_near_miss(name, names, ours);
}

/* Only LXD and Incus write these; and they write no kind:. */
static bool is_foreign(const struct node *root, enum kind kind)
{
	if (node_get(root, "kind", NULL))
		return false;
	for (size_t i = 0; i < root->n; i++) {
		const struct field *f = field_find(kind, root->keys[i]->text);

		if (f && !f->read)
			return true;
	}
	return false;
}

static const char *check_name(enum kind kind, const char *name)
{
	switch (kind) {
	case KIND_INSTANCE:
		return name_check_instance(name);
	case KIND_PROFILE:
		return name_check_profile(name);
	case KIND_NETWORK:
		return name_check_network(name);
	case KIND_POOL:
		return name_check_pool(name);
	case KIND_PRESEED:
		break;
	}
	return NULL;
}

static bool is_text(const struct node *node)
{
	return node->kind == NODE_SCALAR && !node->refused;
}

/* The name that the document gives itself; "" if none. NULL: it is not even a text. */
static const char *given_name(const struct node *root, struct place *at)
{
	const struct node *name = node_get(root, "name", NULL);

	if (!name)
		return "";
	*at = name->at;
	return is_text(name) ? name->text : NULL;
}

/* For the only document of a file the file's stem is the name, when nothing else is. */
static const char *find_name(struct reading *r, const struct node *root, struct place *at)
{
	const char *name = given_name(root, at);

	if (!name || name[0])
		return name;
	*at = root->at;
	return r->only && r->stem && !r->strict ? r->stem : "";
}

static void report_nameless(struct reading *r, enum kind kind, struct place at)
{
	diagnostic_error(r->ds, at, "the %s has no name", kind_name(kind));
	if (!r->only && !r->strict)
		diagnostic_hint(r->ds, "add name: NAME; the file's name serves only where it holds "
				       "one document");
	else
		diagnostic_hint(r->ds, "add name: NAME");
}

/* An export whose file was given another name: which of the two is meant? */
static void check_stem(struct reading *r, const struct document *d)
{
	if (!d->foreign || !r->only || !r->stem || strcmp(d->name, r->stem) == 0)
		return;
	diagnostic_error(r->ds, d->name_at, "the name '%s' is not that of the file, '%s'",
			 reading_show(r, d->name), reading_show(r, r->stem));
	diagnostic_hint(r->ds, "rename the file, or add kind: %s to keep both", kind_name(d->kind));
}

static bool name_document(struct reading *r, const struct node *root, struct document *d)
{
	const char *name = find_name(r, root, &d->name_at);
	const char *wrong = name && name[0] ? check_name(d->kind, name) : NULL;

	if (!name)
		reading_text(r, node_get(root, "name", NULL), "name");
	else if (!name[0])
		report_nameless(r, d->kind, root->at);
	else if (wrong)
		diagnostic_error(r->ds, d->name_at, "the name of the %s %s: '%s'",
				 kind_name(d->kind), wrong, reading_show(r, name));
	if (!name || !name[0] || wrong)
		return false;
	d->name = arena_strdup(r->arena, name);
	if (d->kind == KIND_INSTANCE && name_warn_instance(name))
		diagnostic_warning(r->ds, d->name_at, "the name '%s' %s", name,
				   name_warn_instance(name));
	check_stem(r, d);
	return true;
}

static const char *kind_with_field(const char *name)
{
	static const enum kind kinds[] = {KIND_INSTANCE, KIND_PROFILE, KIND_NETWORK, KIND_POOL};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (field_find(kinds[i], name))
			return kind_name(kinds[i]);
	return NULL;
}

static void refuse_field(struct reading *r, const struct node *key, const struct document *d)
{
	const char *name = reading_show(r, key->text), *near, *other;

	if (d->foreign) {
		diagnostic_warning(r->ds, key->at, "unknown field '%s' of the export: ignored",
				   name);
		return;
	}
	diagnostic_error(r->ds, key->at, "unknown field '%s' of the %s", name, kind_name(d->kind));
	if (field_find(d->kind, key->text))
		return;
	near = near_field(r, d->kind, key->text);
	other = kind_with_field(key->text);
	if (other)
		diagnostic_hint(r->ds, "it is a field of kind: %s", other);
	else
		reading_hint_near_miss(r, near);
}

/* What a preseed's parser would refuse, too. */
static bool allowed(const struct reading *r, const struct field *f)
{
	return !r->strict || f->read || strcmp(f->name, "project") == 0;
}

static void read_fields(struct reading *r, const struct node *root, struct document *d)
{
	for (size_t i = 0; i < root->n && !reading_full(r); i++) {
		const struct field *f = field_find(d->kind, root->keys[i]->text);

		if (!f || !allowed(r, f))
			refuse_field(r, root->keys[i], d);
		else if (f->read)
			f->read(r, root->items[i], d);
	}
}

/* An instance's type: containers are ours, virtual machines are somebody else's. */
static bool is_machine(const struct node *root)
{
	const struct node *type = node_get(root, "type", NULL);

	return type && type->kind == NODE_SCALAR && strcmp(type->text, "virtual-machine") == 0;
}

static void check_type(struct reading *r, const struct node *root)
{
	const struct node *type = node_get(root, "type", NULL);

	if (!type || !reading_text(r, type, "type") || !type->text[0] ||
	    strcmp(type->text, "container") == 0)
		return;
	diagnostic_error(r->ds, type->at, "unknown type of instance '%s'",
			 reading_show(r, type->text));
	diagnostic_hint(r->ds, "it is container");
}

static void check_driver(struct reading *r, const struct node *root)
{
	const struct node *driver = node_get(root, "driver", NULL);

	if (driver && (driver->kind != NODE_SCALAR || driver->text[0]))
		return;
	diagnostic_error(r->ds, root->at, "the storage pool has no driver");
	diagnostic_hint(r->ds, "add driver: dir, btrfs, ...");
}

/* What concerns the document as a whole, beside its fields; SOUND: they are without errors. */
static void check_whole(struct reading *r, const struct node *root, const struct document *d,
			bool sound)
{
	if (d->kind == KIND_INSTANCE)
		check_type(r, root);
	if (d->kind == KIND_NETWORK)
		network_rules_check(r, d, sound);
	if (d->kind != KIND_POOL)
		return;
	check_driver(r, root);
	reading_tally(r, &r->validated, "storage pools", d->at);
}

static struct document document_new(enum kind kind, const struct node *root)
{
	return (struct document){
	    .kind = kind,
	    .description = "",
	    .at = root->at,
	    .foreign = is_foreign(root, kind),
	    .type = kind == KIND_NETWORK ? "bridge" : NULL,
	};
}

bool document_read(struct reading *r, const struct node *root, enum kind kind, struct document *out)
{
	struct document d = document_new(kind, root);
	size_t errors = reading_errors(r);
	bool named;

	if (kind == KIND_INSTANCE && is_machine(root)) {
		diagnostic_notice(r->ds, root->at, "a virtual machine: not ours, left alone");
		return false;
	}
	if (r->strict)
		d.foreign = false;
	named = name_document(r, root, &d);
	read_fields(r, root, &d);
	check_whole(r, root, &d, reading_errors(r) == errors);
	/* What was not looked at cannot be called good. */
	d.broken = reading_errors(r) > errors || reading_full(r);
	if (named)
		*out = d;
	return named;
}

bool document_identify(struct reading *r, const struct node *root, enum kind kind,
		       struct document *out)
{
	struct document d = document_new(kind, root);
	const char *name = find_name(r, root, &d.name_at);

	if (!name || !name[0] || check_name(kind, name) ||
	    (kind == KIND_INSTANCE && is_machine(root)))
		return false;
	d.name = arena_strdup(r->arena, name);
	d.broken = true;
	*out = d;
	return true;
}
