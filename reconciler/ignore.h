/*
 * ignore - which names in a tree are no manifests.
 * Hidden files, what editors leave behind, and what .evenkeelignore names: one glob per line, "#"
 * comments, a "/" at the end for folders only, "!" takes back; the last line that fits decides.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;

#define IGNORE_NAME ".evenkeelignore"
#define IGNORE_MOST_BYTES 65536

struct ignore_rule {
	const char *glob;
	bool keep;     /* a "!" line */
	bool folder;   /* only folders */
	bool anchored; /* has a "/": fits the whole path below the directory, not a name alone */
};

struct ignore {
	struct ignore_rule *rules;
	size_t n;
};

/* Reads the text of such a file. What OUT points to lives in A. */
void ignore_read(const char *text, size_t n, struct arena *a, struct ignore *out);

/* Does the file leave out PATH (relative, no leading slash), whose last part is NAME? */
bool ignore_fits(const struct ignore *ig, const char *path, const char *name, bool folder);

/* Hidden, or left behind by an editor: never a manifest, never looked into. */
bool ignore_leftover(const char *name);

/* Does the name end as a manifest's does? */
bool ignore_manifest_name(const char *name);
