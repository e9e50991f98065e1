/*
 * expand - from documents to instances: profiles applied, origins and losers kept.
 * Profiles in the order listed, key by key; a device replaces the whole device of its name; the
 * instance itself last. Cross rules that need the expanded whole are checked here.
 */
#pragma once

#include "schema/idmap.h"
#include "schema/manifest.h"
#include "schema/sorted.h"

/* A setting in force, and the document that said it. */
struct expanded {
	const struct setting *setting;
	const struct document *from; /* a profile, or the instance's own document */
};

struct expanded_device {
	const struct device *device;
	const struct document *from;
	bool disputed; /* a nic: another has what only one can have. Told by instances_crosscheck */
};

struct instance {
	const char *name;
	const struct document *document;
	bool held_back;     /* it, or a profile of its, has errors: keep what it has */
	bool last_good;     /* held back, and this is its last expansion without errors */
	bool lacks_default; /* held back only since its default profile may not have been read */
	bool elsewhere;     /* hosts: does not name this host: validated, never applied */
	struct expanded *config; /* sorted by name */
	size_t n_config;
	struct expanded_device *devices; /* sorted by name; masked ones (type none) included */
	size_t n_devices;
};

/* All manifests of one load, indexed. Of one name only those documents count that are not doubted,
 * if there are any. */
struct catalog {
	struct arena *arena;
	const struct document **instances, **profiles, **networks, **pools; /* sorted by name */
	size_t n_instances, n_profiles, n_networks, n_pools;
	/* the catalog's own */
	struct sorted_room room[KIND_PRESEED], room_passed_over, room_uses;
	struct document **passed_over; /* doubted, and another has the name */
	size_t n_passed_over;
	struct catalog_use *uses; /* sorted; there from the first catalog_users on */
	size_t n_uses;
	bool indexed;
};

/* Indexes the documents of N manifests. The same instance or profile twice is an error at both, and
 * both are marked broken. The catalog points into the manifests. */
void catalog_build(struct catalog *c, struct manifest *const *manifests, size_t n, struct arena *a,
		   struct diagnostics *ds);

/* Frees what a catalog that was edited, or asked for users, has for itself. */
void catalog_free(struct catalog *c);

/* Takes the documents GONE out and puts COME in, whatever their names; both arrays are used up.
 * Names that are now there twice, or no longer, mark what has them; DS is told of the former. */
void catalog_edit(struct catalog *c, struct document **gone, size_t n_gone, struct document **come,
		  size_t n_come, struct diagnostics *ds);

/* Reports all names that are there twice. */
void catalog_report(const struct catalog *c, struct diagnostics *ds);

const struct document *catalog_find(const struct catalog *c, enum kind kind, const char *name);

/* A profile's name in an instance's list (or "default", where there is no list). */
struct catalog_use {
	const char *profile;
	const struct document *instance;
};

/* Who uses PROFILE, sorted by the instances' names; *N of them. */
const struct catalog_use *catalog_users(struct catalog *c, const char *profile, size_t *n);

struct expand_options {
	const char *host;    /* the name that hosts: is matched against */
	bool lone_files;     /* single files: an unknown profile is only a warning */
	bool default_missed; /* there is no default profile, but it may only not have been read */
};

/* Expands one instance into A and checks it as a whole (excluding keys, duplicate interface names
 * and disk paths, root disk rules, needs of a key by another). Findings go to DS with the
 * instance's name. Never NULL. */
struct instance *instance_expand(const struct catalog *c, const struct document *document,
				 const struct expand_options *o, struct arena *a,
				 struct diagnostics *ds);

/* Do both ask for the same? Where the lines stand does not matter. */
bool instance_same(const struct instance *i, const struct instance *k);

/* The setting in force for a key, or NULL. */
const struct expanded *instance_get(const struct instance *i, const char *key);
/* Its text, or NULL. */
const char *instance_text(const struct instance *i, const char *key);
/* A boolean key; PRESET when it is not set. */
bool instance_yes(const struct instance *i, const char *key, bool preset);
/* Reads a key by its own grammar: true with OUT filled when it is set. (It was validated, so that
 * it cannot fail.) */
bool instance_value(const struct instance *i, const char *key, struct arena *a, struct value *out);

/* The text of a device's option, or NULL. */
const char *device_text(const struct device *d, const char *option);
const struct setting *device_get(const struct device *d, const char *option);

/* One setting that lost against a later one. */
struct loser {
	const struct setting *setting; /* NULL for a device */
	const struct device *device;   /* NULL for a setting */
	const struct document *from;
};

/* All losers of an instance in the order of its expansion: the value a profile gave and a later
 * document overrode. Computed when asked, not kept. */
size_t instance_losers(const struct catalog *c, const struct instance *i, struct arena *a,
		       struct loser **out);

/* Why an instance is held back, one line: "profile 'small' has errors"; NULL: it is not. */
const char *instance_held_reason(const struct catalog *c, const struct instance *i,
				 struct arena *a);

/* Does this host's name match the patterns (fnmatch; "!" excludes; the last that fits decides; only
 * exclusions: everybody else)? No patterns: yes. */
bool hosts_match(const struct words *patterns, const char *host);
