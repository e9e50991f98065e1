#include "schema/shape.h"

#include "schema/text.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const preseed_fields[] = {"storage_pools", "storage_volumes", "projects",
					     "cluster",       "certificates",    "cluster_groups",
					     "networks"};
static const char *const instance_fields[] = {
    "architecture", "ephemeral", "stateful",        "profiles",         "state",
    "restart",      "paused",    "hosts",           "source",           "instance_type",
    "last_used_at", "backups",   "expanded_config", "expanded_devices",
};

static bool has_one_of(const struct node *root, const char *const *fields, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (node_get(root, fields[i], NULL))
			return true;
	return false;
}

static bool lists_mappings(const struct node *list)
{
	return list && list->kind == NODE_SEQUENCE && list->n > 0 &&
	       list->items[0]->kind == NODE_MAPPING;
}

/* An instance has another type, and a network of ours may have a state: too. */
static bool has_network_type(const struct node *root)
{
	static const char *const types[] = {"bridge", "macvlan", "ovn", "physical", "sriov"};
	const struct node *type = node_get(root, "type", NULL);

	for (size_t i = 0; type && type->kind == NODE_SCALAR && i < COUNT(types); i++)
		if (strcmp(type->text, types[i]) == 0)
			return !node_get(root, "devices", NULL);
	return false;
}

static bool from_fields(const struct node *root, enum kind *out)
{
	const struct node *profiles = node_get(root, "profiles", NULL);

	if (has_one_of(root, preseed_fields, COUNT(preseed_fields)) || lists_mappings(profiles))
		*out = KIND_PRESEED;
	else if (has_network_type(root) && node_get(root, "config", NULL))
		*out = KIND_NETWORK;
	else if (has_one_of(root, instance_fields, COUNT(instance_fields)))
		*out = KIND_INSTANCE;
	else if (node_get(root, "driver", NULL))
		*out = KIND_POOL;
	else if (node_get(root, "managed", NULL) ||
		 (node_get(root, "type", NULL) && !node_get(root, "devices", NULL) &&
		  node_get(root, "config", NULL)))
		*out = KIND_NETWORK;
	else if (node_get(root, "used_by", NULL))
		*out = KIND_PROFILE;
	else
		return false;
	return true;
}

static enum shape from_word(struct reading *r, const struct node *value, enum kind *out)
{
	static const char *const words[] = {"instance", "profile", "network", "storage-pool",
					    "preseed"};
	static const enum kind kinds[] = {KIND_INSTANCE, KIND_PROFILE, KIND_NETWORK, KIND_POOL,
					  KIND_PRESEED};
	const char *text = reading_text(r, value, "kind");

	if (!text)
		return SHAPE_BAD;
	for (size_t i = 0; i < COUNT(words); i++) {
		if (strcmp(words[i], text) != 0)
			continue;
		*out = kinds[i];
		return SHAPE_KNOWN;
	}
	diagnostic_error(r->ds, value->at, "unknown kind '%s'", reading_show(r, text));
	if (text_near_miss(text, words, COUNT(words)))
		reading_hint_near_miss(r, text_near_miss(text, words, COUNT(words)));
	else
		diagnostic_hint(r->ds, "it is instance, profile, network, storage-pool or preseed");
	return SHAPE_BAD;
}

enum shape shape_find(struct reading *r, const struct node *root, enum kind *out)
{
	const struct node *kind = node_get(root, "kind", NULL);

	if (kind)
		return from_word(r, kind, out);
	if (r->hints.kind_known) {
		*out = r->hints.kind;
		return SHAPE_KNOWN;
	}
	return from_fields(root, out) ? SHAPE_KNOWN : SHAPE_UNKNOWN;
}
