#include "reconciler/export_held.h"

#include "limits/filetext.h"
#include "limits/knobs.h"
#include "limits/rlimit.h"
#include "reconciler/bootconfig.h"
#include "reconciler/export_nics.h"
#include "reconciler/plan.h"
#include "reconciler/sysctl.h"
#include "schema/arena.h"

#include <string.h>

static bool runs(const struct container *c)
{
	return c->cgroup && (c->status == STATUS_RUNNING || c->status == STATUS_FROZEN);
}

/* Takes the next line off *TEXT, cut in place; false: no more. */
static bool next_line(char **text, char **line)
{
	do
		*line = strsep(text, "\n");
	while (*line && !**line);
	return *line;
}

/* "lxc.prlimit.nofile = 1024:2048": the name behind PREFIX, and the value. */
static bool split(char *line, const char *prefix, const char **name, const char **value)
{
	char *sign = strstr(line, " = ");

	if (!sign || strncmp(line, prefix, strlen(prefix)) != 0)
		return false;
	*sign = '\0';
	*name = line + strlen(prefix);
	*value = sign + strlen(" = ");
	return true;
}

/* What the own config sets too, item by item: its driver leaves that out of what it sees, a
 * manifest shall have it. */
static void own_items(struct container *c, const struct driver *d, const char *item,
		      struct properties *out)
{
	const char *prefix = arena_printf(out->arena, "%s.", item), *name, *value;
	char *rest = arena_strdup(out->arena, c->own_item(c, item)), *line;
	struct properties asked;

	properties_init(&asked, out->arena);
	while (next_line(&rest, &line))
		if (split(line, prefix, &name, &value))
			properties_add(runs(c) ? &asked : out,
				       (struct property){.object = d->kind,
							 .attribute = name,
							 .value = runs(c) ? NULL : value});
	properties_sort(&asked);
	if (asked.n)
		d->observe(c, &asked, out);
}

static void own_knobs(const struct container *c, struct properties *out)
{
	size_t n;
	const struct knob *rows = knobs_all(&n);

	for (const struct knob *k = rows; k < rows + n; k++) {
		struct filetext t = {.container = c, .own = true, .arena = out->arena};
		const char *value = NULL;

		t.version = c->host->cgroups[k->controller];
		if (knob_read(k, &t, &value) == 0 && value)
			properties_add(out, (struct property){.object = "cgroup",
							      .attribute = k->attribute,
							      .value = value});
	}
}

void export_held(struct container *c, struct properties *out)
{
	for (size_t i = 0; runs(c) && i < n_drivers; i++)
		drivers[i]->observe(c, NULL, out);
	if (!runs(c)) {
		own_knobs(c, out);
		bootconfig_driver.observe(c, NULL, out);
		export_own_nics(c, out);
	}
	own_items(c, &rlimit_driver, "lxc.prlimit", out);
	own_items(c, &sysctl_driver, "lxc.sysctl", out);
	properties_sort(out);
}
