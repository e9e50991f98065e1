#include "reconciler/directory.h"

#include "schema/arena.h"
#include "schema/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *show(struct diagnostics *ds, const char *path)
{
	return text_escape(ds->arena, path, strlen(path), 0);
}

enum load_trouble directory_report_closed(const char *path, bool given, int error,
					  struct diagnostics *ds)
{
	diagnostic_error(ds, NOWHERE, "%s cannot be read: %s", show(ds, path), strerror(error));
	if (error == ENOENT && given)
		diagnostic_hint(ds, "mkdir -p %s, or name another one with -d", show(ds, path));
	return error == ENOENT || error == ENOTDIR ? LOAD_MISSING : LOAD_UNREADABLE;
}

/* The directory itself or one above it is open to somebody else. */
static enum load_trouble report_open(const struct trusted *t, const char *path,
				     const struct distrust *d, struct diagnostics *ds)
{
	diagnostic_error(ds, NOWHERE,
			 "%s is not applied: %s %s, so that others than root can write it",
			 show(ds, path), show(ds, d->path), trusted_describe(&d->st, ds->arena));
	diagnostic_hint(ds, "%s", trusted_remedy(t, &d->st, d->path, ds->arena));
	return LOAD_UNTRUSTED;
}

int directory_open(const struct trusted *t, const char *path, bool given, struct diagnostics *ds,
		   char **real, struct distrust *distrust, enum load_trouble *trouble)
{
	int fd = trusted_open_directory(t, path, ds->arena, real, distrust);

	if (fd < 0) {
		*trouble = directory_report_closed(path, given, -fd, ds);
		return -1;
	}
	if (!distrust->path || t->mode == TRUST_WARN)
		return fd;
	*trouble = report_open(t, path, distrust, ds);
	close(fd);
	return -1;
}

void directory_report_empty(const struct trusted *t, const char *path, struct diagnostics *ds)
{
	if (t->mode == TRUST_ENFORCE)
		diagnostic_error(ds, NOWHERE, "%s holds no manifest: nothing is changed",
				 show(ds, path));
	else
		diagnostic_warning(ds, NOWHERE, "%s holds no manifest", show(ds, path));
	diagnostic_hint(ds, "manifests end in .yaml, .yml or .json");
}

void directory_report_owner(const char *owner, struct diagnostics *ds)
{
	diagnostic_error(ds, NOWHERE, "--owner: there is no user '%s'",
			 text_escape(ds->arena, owner, strlen(owner), 64));
}
