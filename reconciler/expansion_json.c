#include "reconciler/expansion.h"
#include "reconciler/report.h"
#include "schema/arena.h"

#include <jansson.h>
#include <string.h>

static json_t *json_options(const struct options *o, const struct device *d)
{
	json_t *out = json_object();

	json_object_set_new(out, "type", json_text(d->type->name));
	for (size_t i = 0; i < d->options.n; i++)
		json_object_set_new(out, d->options.items[i].name,
				    json_text(expansion_value(o, &d->options.items[i])));
	return out;
}

static json_t *json_loser(const struct options *o, const struct loser *l)
{
	json_t *out = json_object();

	if (l->setting) {
		json_object_set_new(out, "key", json_text(l->setting->name));
		json_object_set_new(out, "value", json_text(expansion_value(o, l->setting)));
		json_object_set_new(out, "origin", json_origin(l->setting->at, l->from));
		return out;
	}
	json_object_set_new(out, "device", json_text(l->device->name));
	json_object_set_new(out, "value", json_options(o, l->device));
	json_object_set_new(out, "origin", json_origin(l->device->at, l->from));
	return out;
}

static json_t *json_profiles(const struct document *d)
{
	json_t *out = json_array();

	if (!d->profiles_given)
		json_array_append_new(out, json_string("default"));
	for (size_t i = 0; i < d->profiles.n; i++)
		json_array_append_new(out, json_text(d->profiles.items[i].text));
	return out;
}

static void set_config(json_t *out, json_t *origins, const struct options *o,
		       const struct instance *i)
{
	json_t *values = json_object(), *places = json_object();

	for (size_t k = 0; k < i->n_config; k++) {
		const struct setting *s = i->config[k].setting;

		json_object_set_new(values, s->name, json_text(expansion_value(o, s)));
		json_object_set_new(places, s->name, json_origin(s->at, i->config[k].from));
	}
	json_object_set_new(out, "config", values);
	json_object_set_new(origins, "config", places);
}

static void set_devices(json_t *out, json_t *origins, const struct options *o,
			const struct instance *i)
{
	json_t *values = json_object(), *places = json_object();

	for (size_t k = 0; k < i->n_devices; k++) {
		const struct device *d = i->devices[k].device;

		json_object_set_new(values, d->name, json_options(o, d));
		json_object_set_new(places, d->name, json_origin(d->at, i->devices[k].from));
	}
	json_object_set_new(out, "devices", values);
	json_object_set_new(origins, "devices", places);
}

static json_t *json_expansion(const struct options *o, const struct expansion *e)
{
	json_t *out = json_object(), *origins = json_object();
	json_t *idmap = json_array(), *losers = json_array();

	json_object_set_new(out, "name", json_text(e->instance->name));
	json_object_set_new(out, "profiles", json_profiles(e->instance->document));
	set_config(out, origins, o, e->instance);
	set_devices(out, origins, o, e->instance);
	for (size_t k = 0; k < e->n_idmap; k++)
		json_array_append_new(idmap, json_text(e->idmap[k]));
	json_object_set_new(out, "idmap", idmap);
	json_object_set_new(out, "origins", origins);
	for (size_t k = 0; k < e->n_losers; k++)
		json_array_append_new(losers, json_loser(o, &e->losers[k]));
	json_object_set_new(out, "overridden", losers);
	if (e->held)
		json_object_set_new(out, "held_back", json_text(e->held));
	if (e->idmap_refused)
		json_object_set_new(out, "idmap_refused", json_text(e->idmap_refused));
	if (e->instance->elsewhere)
		json_object_set_new(out, "elsewhere", json_true());
	return out;
}

void expansions_json(FILE *f, const struct options *o, const struct expansions *e)
{
	json_t *out = json_object(), *instances = json_array();

	json_object_set_new(out, "version", json_integer(1));
	for (size_t i = 0; i < e->n; i++)
		json_array_append_new(instances, json_expansion(o, &e->items[i]));
	json_object_set_new(out, "instances", instances);
	json_print(f, out);
}
