#include "schema/devices.h"

#include "schema/arena.h"
#include "schema/device_rules.h"
#include "schema/settings.h"
#include "schema/text.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *x, const void *y)
{
	const struct device *a = x, *b = y;

	return strcmp(a->name, b->name);
}

static void hint_type(struct reading *r, const char *text)
{
	size_t n;
	const struct device_type *const *types = device_types_all(&n);
	const char **names = arena_alloc(r->scratch, n * sizeof(*names));

	for (size_t i = 0; i < n; i++)
		names[i] = types[i]->name;
	reading_hint_near_miss(r, text_near_miss(text, names, n));
}

static const struct device_type *read_type(struct reading *r, const struct node *name,
					   const struct node *options)
{
	const struct node *value = node_get(options, "type", NULL);
	const char *text = value ? reading_text(r, value, "type") : "";
	const struct device_type *type;

	if (!text)
		return NULL;
	if (!text[0]) {
		diagnostic_error(r->ds, value ? value->at : name->at, "device '%s' has no type",
				 reading_show(r, name->text));
		diagnostic_hint(r->ds, "add type: disk, type: nic, ...; type: none masks an "
				       "inherited device");
		return NULL;
	}
	type = device_type_find(text);
	if (type)
		return type;
	diagnostic_error(r->ds, value->at, "unknown type of device '%s'", reading_show(r, text));
	hint_type(r, text);
	return NULL;
}

static void refuse_option(struct reading *r, const struct device_type *type, const struct node *key)
{
	const char *near = device_option_near_miss(type, key->text, r->scratch);

	if (type->n_options == 0) {
		diagnostic_error(r->ds, key->at, "a device of type %s has no options but user.*",
				 type->name);
		return;
	}
	diagnostic_error(r->ds, key->at, "unknown option '%s' of a %s device",
			 reading_show(r, key->text), type->name);
	reading_hint_near_miss(r, near);
}

static void note_effect(struct reading *r, const struct device_type *type,
			const struct setting *option)
{
	const char *name = arena_printf(r->scratch, "%s %s", type->name, option->name);

	if (option->key->effect == EFFECT_IGNORED)
		reading_tally(r, &r->ignored, name, option->at);
	/* Where nothing of a type is carried out, that is said of the type. */
	if (option->key->effect == EFFECT_UNSUPPORTED && type->effect != EFFECT_UNSUPPORTED)
		reading_tally(r, &r->idle, name, option->at);
}

static void read_option(struct reading *r, const struct device_type *type, const struct node *key,
			const struct node *text, struct settings *out)
{
	const struct key *row = device_option_find(type, key->text);
	struct setting *item = &out->items[out->n];
	struct value value;

	if (!row) {
		refuse_option(r, type, key);
		return;
	}
	if (!reading_text(r, text, key->text) || !text->text[0])
		return;
	if (setting_read(r, row, key, text, item, &value) < 0)
		return;
	note_effect(r, type, item);
	out->n++;
}

static void note_type(struct reading *r, const struct device_type *type, struct place at)
{
	const char *name = arena_printf(r->scratch, "%s devices", type->name);

	if (type->effect == EFFECT_IGNORED)
		reading_tally(r, &r->ignored, name, at);
	if (type->effect == EFFECT_UNSUPPORTED)
		reading_tally(r, &r->idle, name, at);
}

static const char *copy_name(struct reading *r, const struct node *name)
{
	const char *wrong = name_check_device(name->text);

	if (!wrong)
		return arena_strdup(r->arena, name->text);
	diagnostic_error(r->ds, name->at, "the name of a device %s: '%s'", wrong,
			 reading_show(r, name->text));
	return NULL;
}

static void read_one(struct reading *r, const struct node *name, const struct node *options,
		     struct devices *out)
{
	struct device *device = &out->items[out->n];
	size_t errors;
	bool empty;

	if (reading_kind(r, options, NODE_MAPPING, name->text, &empty) < 0)
		return;
	*device = (struct device){.name = copy_name(r, name), .at = name->at};
	device->type = read_type(r, name, options);
	if (!device->name || !device->type)
		return;
	note_type(r, device->type, name->at);
	errors = reading_errors(r);
	if (options->n > 1)
		device->options.items =
		    arena_alloc(r->arena, (options->n - 1) * sizeof(*device->options.items));
	for (size_t i = 0; i < options->n && !reading_full(r); i++)
		if (strcmp(options->keys[i]->text, "type") != 0)
			read_option(r, device->type, options->keys[i], options->items[i],
				    &device->options);
	settings_sort(&device->options);
	/* An option that is bad is missing here: what is said of the rest would mislead. */
	if (reading_errors(r) == errors && !options->refused)
		device_rules_check(r, device);
	out->n++;
}

void devices_read(struct reading *r, const struct node *value, struct devices *out)
{
	bool empty;

	if (reading_kind(r, value, NODE_MAPPING, "devices", &empty) < 0 || value->n == 0)
		return;
	out->items = arena_alloc(r->arena, value->n * sizeof(*out->items));
	for (size_t i = 0; i < value->n && !reading_full(r); i++)
		read_one(r, value->keys[i], value->items[i], out);
	if (out->n > 1)
		qsort(out->items, out->n, sizeof(*out->items), compare);
	device_rules_check_paths(r, out);
}
