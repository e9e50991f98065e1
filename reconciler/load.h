/*
 * load - a directory of manifests becomes a generation.
 * The tree is walked through directory fds, bounded, and trusted only as far as its ownership
 * allows (root's, writable by nobody else). All findings of all files are gathered.
 */
#pragma once

#include "reconciler/options.h"
#include "schema/expand.h"

/* The bounds of a tree. */
#define LOAD_MOST_FILES 100000
#define LOAD_MOST_DEPTH 16

enum trust {
	TRUST_WARN,    /* validate, expand: say it, go on */
	TRUST_ENFORCE, /* diff, apply, run: what others can write is not applied */
};

/* Why a directory as a whole changes nothing. */
enum load_trouble {
	LOAD_FINE,
	LOAD_MISSING,    /* there is no such directory */
	LOAD_UNREADABLE, /* it, or a part of it, could not be read */
	LOAD_UNTRUSTED,  /* somebody else could write it */
	LOAD_EMPTY,      /* not one manifest in it */
};

struct generation {
	struct arena *arena; /* owns all but the manifests' own memory */
	const char *directory;
	struct manifest **manifests;
	size_t n_manifests;
	struct catalog catalog;
	struct instance **instances; /* expanded, sorted by name; those for other hosts too */
	size_t n_instances;
	struct diagnostics diagnostics;
	enum load_trouble trouble;
	bool partial; /* a part could not be read or understood: absence proves nothing */
	size_t n_files;
	char digest[65]; /* generation_digest's, once it was asked for */
};

/* Loads and expands a whole directory. Never NULL; look at trouble and diagnostics. */
struct generation *generation_load(const struct options *o, enum trust trust);

/* Loads the given files and folders (validate PATH...); "-" is standard input. */
struct generation *generation_load_paths(const struct options *o, char *const *paths, size_t n);

/* sha256 over all manifests' names and bytes, in hex: computed when first asked for. */
const char *generation_digest(struct generation *g);

/* The name that hosts: is matched against: --host, or the kernel's. */
const char *load_host_name(const struct options *o, struct arena *a);

void generation_free(struct generation *g);

const struct instance *generation_find(const struct generation *g, const char *name);
