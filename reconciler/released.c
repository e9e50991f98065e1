#include "reconciler/released.h"

#include "limits/procfile.h"
#include "schema/arena.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define BEFORE "no manifest is about "
#define BEHIND " any more: left as it is"

char *released_name(const struct diagnostic *d, struct arena *a)
{
	size_t n = strlen(d->message), before = strlen(BEFORE), behind = strlen(BEHIND);

	if (n <= before + behind || strncmp(d->message, BEFORE, before) != 0 ||
	    strcmp(d->message + n - behind, BEHIND) != 0)
		return NULL;
	return arena_strndup(a, d->message + before, n - before - behind);
}

static void look_at(struct survey *s, const char *name, bool mend, struct diagnostics *ds)
{
	const struct containers *cs = s->containers;
	struct record record;
	const char *why = NULL;
	int r;

	bootfile_read(cs->dir, cs->lxcpath, name, s->arena, &record);
	if (record.include == INCLUDE_FOREIGN || record.state == RECORD_FOREIGN) {
		if (!mend) {
			diagnostic_notice(
			    ds, NOWHERE,
			    "%s is a copy that includes another container's boot file; "
			    "apply mends it",
			    name);
			return;
		}
		r = bootfile_release(cs->dir, cs->lxcpath, name, s->arena, &why);
		if (r < 0)
			diagnostic_error(ds, NOWHERE,
					 "%s includes another container's boot file: %s", name,
					 why ? why : strerror(-r));
		else
			diagnostic_notice(ds, NOWHERE,
					  "%s is a copy: it no longer includes another container's "
					  "boot file",
					  name);
		return;
	}
	if (record.state == RECORD_NONE && record.include == INCLUDE_NONE)
		return;
	diagnostic_notice(ds, NOWHERE, BEFORE "%s" BEHIND, name);
	diagnostic_hint(ds, "evenkeel release %s takes our boot file away", name);
}

/* Folders that no manifest is about; a readdir has no order of its own. */
static size_t unclaimed(struct survey *s, const struct generation *g, const char ***out)
{
	int fd = openat(s->containers->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t n = 0, capacity = 0;
	const struct dirent *e;

	*out = NULL;
	if (!dir) {
		procfile_close(&fd);
		return 0;
	}
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.' || e->d_type == DT_REG || generation_find(g, e->d_name))
			continue;
		*out = arena_grow(s->arena, *out, n, &capacity, sizeof(**out));
		(*out)[n++] = arena_strdup(s->arena, e->d_name);
	}
	closedir(dir);
	return n;
}

static int compare_names(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

void released_look(struct survey *s, const struct generation *g, bool mend, struct diagnostics *ds)
{
	const char **names;
	size_t n = s->containers->dir < 0 ? 0 : unclaimed(s, g, &names);

	if (n)
		qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 0; i < n; i++)
		look_at(s, names[i], mend, ds);
}
