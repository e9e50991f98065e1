#include "reconciler/export_held.h"

#include "limits/filetext.h"
#include "limits/knobs.h"
#include "limits/rlimit.h"
#include "reconciler/plan.h"
#include "schema/arena.h"

#include <string.h>

static bool runs(const struct container *c)
{
	return c->cgroup && (c->status == STATUS_RUNNING || c->status == STATUS_FROZEN);
}

/* What the running container was started with, else what its config says. */
static const char *item(const struct container *c, const char *name)
{
	return runs(c) ? c->running_item(c, name) : c->own_item(c, name);
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

/* Limits that the own config sets too: its driver leaves them out, a manifest shall have them. */
static void own_rlimits(struct container *c, struct properties *out)
{
	const char *list = c->own_item(c, "lxc.prlimit"), *name, *value;
	char *rest = arena_strdup(out->arena, list), *line;
	struct properties asked;

	properties_init(&asked, out->arena);
	while (next_line(&rest, &line)) {
		if (!split(line, "lxc.prlimit.", &name, &value) || rlimit_number(name) < 0)
			continue;
		if (runs(c))
			properties_add(&asked,
				       (struct property){.object = "rlimit", .attribute = name});
		else
			properties_add(out, (struct property){
						.object = "rlimit",
						.attribute = name,
						.value = arena_strdup(out->arena, value),
					    });
	}
	properties_sort(&asked);
	if (asked.n)
		rlimit_driver.observe(c, &asked, out);
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
	if (!runs(c))
		own_knobs(c, out);
	own_rlimits(c, out);
	properties_sort(out);
}

/* Of two lines for one variable LXC sets both: the last counts. */
static void set_variable(struct exported *e, const char *name, const char *value)
{
	const char *key = arena_printf(e->arena, "environment.%s", name);

	for (size_t i = 0; i < e->n; i++) {
		if (strcmp(e->lines[i].key, key) != 0)
			continue;
		e->lines[i].value = arena_strdup(e->arena, value);
		return;
	}
	export_add(e, NULL, key, value);
}

static void environment(struct exported *e, const struct container *c)
{
	const char *list = item(c, "lxc.environment");
	char *rest = arena_strdup(e->arena, list), *line;

	while (next_line(&rest, &line)) {
		char *sign = strchr(line, '=');

		if (!sign) {
			export_note(e, "lxc.environment = %s: its value is the starter's", line);
			continue;
		}
		*sign = '\0';
		set_variable(e, line, sign + 1);
	}
}

static void sysctls(struct exported *e, const struct container *c)
{
	const char *list = item(c, "lxc.sysctl"), *name, *value;
	char *rest = arena_strdup(e->arena, list), *line;

	while (next_line(&rest, &line))
		if (split(line, "lxc.sysctl.", &name, &value))
			export_add(e, NULL, arena_printf(e->arena, "linux.sysctl.%s", name), value);
}

static void autostart(struct exported *e, const struct container *c)
{
	const char *start = c->own_item(c, "lxc.start.auto");
	const char *delay = c->own_item(c, "lxc.start.delay");
	const char *order = c->own_item(c, "lxc.start.order");

	if (start && strcmp(start, "1") == 0)
		export_add(e, NULL, "boot.autostart", "true");
	if (delay && strcmp(delay, "0") != 0)
		export_add(e, NULL, "boot.autostart.delay", delay);
	if (order && strcmp(order, "0") != 0)
		export_add(e, NULL, "boot.autostart.priority", order);
}

void export_fixed(struct exported *e, const struct container *c)
{
	environment(e, c);
	sysctls(e, c);
	autostart(e, c);
	if (!item(c, "lxc.idmap"))
		export_add(e, NULL, "security.privileged", "true");
}
