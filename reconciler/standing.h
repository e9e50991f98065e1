/*
 * standing - how an instance stands, as plain data: what status tells, with a daemon or without.
 * The daemon keeps one per instance and hands it out over its socket; who asks prints it. A look
 * without a daemon makes the same.
 */
#pragma once

#include "reconciler/condition.h"

#include <stdint.h>
#include <stdio.h>

struct json_t;
struct usage;

/* A change that is shown and not made now: it waits for a restart, or cannot be had here. */
struct waiting {
	const char *object, *attribute;
	const char *name;       /* what people call it: "cgroup memory.max" */
	const char *now, *then; /* values; NULL: none */
	bool secret;            /* both are to be hidden unless secrets are asked for */
	const char *key;        /* NULL: none */
	const char *file;       /* where it is asked for; NULL: nowhere */
	uint32_t line, column;
	const char *profile; /* of FILE, when it is one */
	const char *reason, *remedy;
};

/* Of an instance, or of a network, whose name has this before it. */
#define STANDING_NETWORK "network/"

struct standing {
	const char *name;
	enum status status;
	enum condition condition;
	uint64_t since;        /* CLOCK_REALTIME, s: as long in this condition; 0: unknown */
	const char *reason;    /* one line; NULL: none */
	uint64_t retry;        /* s from now to the next try; 0: none is due */
	uint64_t paused_until; /* CLOCK_REALTIME, s; 0: not paused, or without an end */
	struct waiting *pending, *unsupported;
	size_t n_pending, n_unsupported;
};

/* What OUTCOME says: all but since and retry, which only who watches knows. Everything is copied
 * into A: the outcome and its manifests may go. */
void standing_from_outcome(const struct outcome *outcome, struct arena *a, struct standing *out);

/* The network's own name; NULL: it is an instance. */
const char *standing_network(const struct standing *s);
/* "running", ...; of a network "missing", "down" or "up". */
const char *standing_status(const struct standing *s);

/* Copies all of FROM into A. */
void standing_copy(const struct standing *from, struct arena *a, struct standing *out);

/* Is there anything that a watcher would see differently? (since and retry do not count) */
bool standing_equal(const struct standing *x, const struct standing *y);

/* An object as `status -o json` and --watch print it. The caller owns the reference. */
struct json_t *standing_json(const struct standing *s, bool show_secrets);

/* The other way round, into A: strict in what it needs (name, status, condition), deaf to what it
 * does not know. 0 or -EINVAL. */
int standing_from_json(const struct json_t *object, struct arena *a, struct standing *out);

/* A list of them, sorted by name. */
struct standings {
	struct standing *items;
	const struct usage *
	    *usage; /* one for each, NULL where it does not run; NULL: not asked for */
	size_t n;
	const char *generation; /* digest of the manifests; NULL: unknown */
};

/* Reads what those that run use, from the kernel. */
void standings_read_usage(struct standings *s, const struct options *o, struct arena *a);

/* The table of `status`, and its total; -v: also what waits for a restart. */
void standings_print(FILE *f, const struct options *o, const struct standings *s);
/* The document of `status -o json`. */
void standings_print_json(FILE *f, const struct options *o, const struct standings *s);

/* A line of `status --watch`: WHEN, the name padded to WIDTH, status, condition, reason. */
void standing_print_line(FILE *f, const struct standing *s, const char *when, int width);
/* The same as an object in one line. */
void standing_print_json_line(FILE *f, const struct standing *s, bool show_secrets,
			      const struct usage *usage, bool with_usage);
