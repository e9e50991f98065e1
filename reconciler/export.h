/*
 * export - a manifest from a living container.
 * What differs from a fresh start is said in LXD's keys; then the manifest is read, desired and
 * compared like any other, and a line that would change something becomes a comment.
 */
#pragma once

#include "reconciler/survey.h"

/* A line of the manifest to be. */
struct export_line {
	const char *device; /* NULL: of config */
	const char *key, *value;
	const char *remark;  /* what a reader may want to know of it; NULL: it speaks for itself */
	const char *dropped; /* why it is only a comment; NULL: it stands */
};

struct exported {
	struct arena *arena;
	const char *name;
	enum status status;
	struct export_line *lines; /* devices last, else by key */
	size_t n, capacity;
	const char **notes; /* what no line says */
	size_t n_notes, capacity_notes;
};

struct exports {
	struct arena *arena;
	struct exported *items;
	size_t n;
};

/* Looks at the containers NAMES of O->lxcpath (each may be an instance's) and fills X but for its
 * arena. Returns 0, or -errno with a finding. */
int export_take(const struct options *o, const char *const *names, size_t n, struct exports *x,
		struct diagnostics *ds);

/* Adds a line, or a note. */
struct export_line *export_add(struct exported *e, const char *device, const char *key,
			       const char *value);
void export_note(struct exported *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
