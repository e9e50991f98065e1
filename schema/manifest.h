/*
 * manifest - one file and the documents in it: instances, profiles, networks, pools, preseeds.
 * Typed and validated as far as one file alone allows: fields, names, keys, values, devices. What
 * needs the other files (unknown profiles, duplicates) is schema/expand's.
 *
 * What a document is: what its kind: says; else what its folder says; else what its fields say
 * (schema/shape). Its name: what name: says; else, for the only document of a file, the file's
 * stem. An export of LXD or Incus (no kind:, but fields that only they write) may have fields that
 * nobody here knows, and its name: must be the stem.
 */
#pragma once

#include "schema/diagnostic.h"
#include "schema/keys.h"
#include "schema/names.h"

#include <stdbool.h>

enum kind { KIND_INSTANCE, KIND_PROFILE, KIND_NETWORK, KIND_POOL, KIND_PRESEED };

/* One line of a config or of a device. */
struct setting {
	const struct key *key; /* its row */
	const char *name;      /* the whole name: the row's own, or what fits its pattern */
	const char *text;      /* source text, never empty: an empty value is no setting */
	struct place at;       /* of the name */
	struct place value_at; /* of the value */
};

struct settings {
	struct setting *items; /* sorted by name */
	size_t n;
};

struct device {
	const char *name;
	const struct device_type *type; /* never NULL; of "none" too */
	struct place at;
	struct settings options; /* without type */
};

struct devices {
	struct device *items; /* sorted by name */
	size_t n;
};

/* What state: asks for. */
enum state { STATE_AS_IT_IS, STATE_RUNNING, STATE_STOPPED, STATE_FROZEN, STATE_ABSENT };

/* source: how to make the container where there is none. */
struct creation {
	struct place at;         /* at.source == NULL: not given */
	const char *template;    /* an LXC template's name, or NULL */
	struct settings options; /* of the template; rows are NULL */
	const char *config;      /* a file that replaces the base configuration, or NULL */
};

/* paused: leave it alone. */
struct paused {
	bool given;         /* it is paused, or was until then */
	uint64_t until;     /* seconds since 1970 (UTC); 0: without an end */
	const char *reason; /* "" if none */
	struct place at;
};

struct word {
	const char *text;
	struct place at;
};

struct words {
	struct word *items;
	size_t n;
};

struct document {
	enum kind kind;
	const char *name;
	const char *description; /* "" if none */
	struct place at;         /* of the document's first node */
	struct place name_at;
	bool broken;  /* it has errors, or another has its name: not to be applied */
	bool faulty;  /* broken by itself, whoever else has its name */
	bool doubted; /* not trusted, or only remembered: gives way to another of its name */
	bool foreign; /* an export of LXD or Incus */
	struct settings config;
	struct devices devices;
	/* instances only */
	bool profiles_given; /* else [default] */
	struct words profiles;
	enum state state;
	struct place state_at;
	bool restart_allowed;
	struct paused paused;
	struct words hosts; /* patterns; none: every host */
	struct creation source;
	/* networks and pools: bridge, dir, ... */
	const char *type;
};

/* Do two documents of one instance ask for the same, their configs and devices (which are compared
 * expanded) left aside? */
bool document_asks_same(const struct document *d, const struct document *e);

struct manifest {
	struct arena *arena; /* owns everything below, and the text */
	struct source source;
	struct document *documents;
	size_t n;
	size_t holders; /* who else needs it after its owner */
};

/* The manifest that a document stands in. */
struct manifest *document_manifest(const struct document *d);

/* What decides about a document without kind: and about the trust in its fields. */
struct manifest_hints {
	enum kind kind; /* from the folder */
	bool kind_known;
	bool named_alone; /* validated as a single file: an unknown profile is a warning */
};

/* The hints for a path like "profiles/small.yaml". */
struct manifest_hints manifest_hints_from_path(const char *path);

/* Reads N bytes named PATH (as the user shall see it); BYTES are copied. Never NULL: with errors in
 * DS the documents concerned are `broken`, or missing where not even a name could be read. The
 * findings' texts live in DS's arena and point to the manifest's source: print before freeing. */
struct manifest *manifest_from_bytes(const char *path, const void *bytes, size_t n,
				     struct manifest_hints hints, struct diagnostics *ds);
void manifest_free(struct manifest *m);

/* Keeps M alive until one manifest_free more. Returns M. */
struct manifest *manifest_hold(struct manifest *m);

/* "instance", "profile", ... */
const char *kind_name(enum kind k);
const char *state_name(enum state s);
