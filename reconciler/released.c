#include "reconciler/released.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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
	diagnostic_notice(ds, NOWHERE, "no manifest is about %s any more: left as it is", name);
	diagnostic_hint(ds, "evenkeel release %s takes our boot file away", name);
}

void released_look(struct survey *s, const struct generation *g, bool mend, struct diagnostics *ds)
{
	const struct dirent *entry;
	DIR *dir;
	int fd = s->containers->dir < 0
		     ? -1
		     : openat(s->containers->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || generation_find(g, entry->d_name))
			continue;
		if (faccessat(fd, entry->d_name, X_OK, 0) < 0 || entry->d_type == DT_REG)
			continue;
		look_at(s, entry->d_name, mend, ds);
	}
	closedir(dir);
}
