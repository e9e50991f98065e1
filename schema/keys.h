/*
 * keys - the registry: one row per config key and per device option.
 * A row says all that is known of a key without a kernel. The validator, explain, expansion, the
 * JSON Schema and the man page walk these rows; limits/knobs has their twins on the kernel's side.
 * A new key is a new row.
 */
#pragma once

#include "schema/value.h"

#include <stdbool.h>

/* When does a changed value hold? */
enum effect {
	EFFECT_LIVE,        /* at once, on the running container */
	EFFECT_START,       /* with the start that this very plan makes; never in a registry row */
	EFFECT_RESTART,     /* with the next start: in the boot file until then */
	EFFECT_RECREATE,    /* only for a container made anew; never by itself */
	EFFECT_POLICY,      /* steers evenkeel, holds nothing in the kernel */
	EFFECT_UNSUPPORTED, /* valid, validated, and nobody here carries it out */
	EFFECT_IGNORED,     /* somebody else's state (volatile.*, image.*): never enforced */
};

/* Does LXC put it into force at a start, from the boot file? */
enum boot {
	BOOT_NONE,        /* nothing of it matters to a start */
	BOOT_FILE,        /* it holds from the first instruction */
	BOOT_AFTER_START, /* it holds from the first pass after a start */
};

/* Who knows the key. */
enum dialect {
	DIALECT_LXD = 1,
	DIALECT_INCUS = 2,
	DIALECT_OURS = 4, /* an extension of evenkeel's; never with the others */
	DIALECT_BOTH = DIALECT_LXD | DIALECT_INCUS,
};

/* What carries config or options. */
enum scope {
	SCOPE_INSTANCE = 1,
	SCOPE_PROFILE = 2,
	SCOPE_NETWORK = 4,
	SCOPE_POOL = 8,
	SCOPE_DEVICE = 16,
	SCOPE_CONTAINER = SCOPE_INSTANCE | SCOPE_PROFILE, /* the common case */
};

struct key {
	/* "limits.memory"; a final "*" stands for the rest of the name, at least one character:
	 * "environment.*". One "<name>" stands for a part without restriction:
	 * "volatile.<name>.hwaddr". */
	const char *name;
	const struct grammar *grammar;
	unsigned scope;   /* enum scope, or-ed */
	unsigned dialect; /* enum dialect, or-ed */
	enum effect effect;
	enum boot boot;
	const char *preset; /* what holds when it is not set, for explain */
	const char *help;   /* one line: what it does */
	const char *note;   /* where LXD, Incus and we differ; why unsupported; may be NULL */
	const char *rest;   /* the characters that a final "*" may stand for; NULL: any */
};

/* Rows of one subject. */
struct key_table {
	const char *subject; /* "limits": a heading for lists */
	const char *prefix;  /* "limits.": all names with it are here, and no others; NULL: any */
	unsigned scope;      /* of all rows together */
	const struct key *rows; /* sorted by name */
	size_t n;
};

/* A kind of device and its options. */
struct device_type {
	const char *name; /* "nic" */
	const char *help;
	enum effect effect; /* EFFECT_UNSUPPORTED: no option of it is carried out */
	const char *note;
	const struct key *options; /* sorted by name */
	size_t n_options;
};

/* The row for NAME: an exact one, else the pattern it fits. NULL: unknown. SCOPE: only rows for
 * one of these (or-ed). */
const struct key *keys_find(const char *name, unsigned scope);

/* All tables of config keys; *N tables. Each row is in one of them. */
const struct key_table *const *key_tables_all(size_t *n);

/* Is this a key that means something to virtual machines alone? Its scope is profiles: an instance
 * of ours that has one is refused. */
bool key_is_vm_only(const struct key *k);

/* Does NAME fit the row's name, exactly or as a pattern? */
bool key_fits(const struct key *k, const char *name);

/* The known name most like NAME within SCOPE, or NULL. Patterns count by their fixed part
 * ("enviroment.FOO" gives "environment.FOO"); the text may live in A. */
const char *keys_near_miss(const char *name, unsigned scope, struct arena *a);

/* All kinds of devices, sorted by name; *N kinds. */
const struct device_type *const *device_types_all(size_t *n);
const struct device_type *device_type_find(const char *name);
/* The option's row, user.* included; NULL: not an option of this kind of device. */
const struct key *device_option_find(const struct device_type *t, const char *name);
const char *device_option_near_miss(const struct device_type *t, const char *name, struct arena *a);

/* The words of the enums, as the command line and JSON print them: "live", "file", ... */
const char *effect_name(enum effect e);
const char *boot_name(enum boot b);
