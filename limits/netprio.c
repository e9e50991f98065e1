#include "limits/netprio.h"

#include "limits/cgroup.h"
#include "schema/arena.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "net_prio.ifpriomap"
#define KEY "limits.network.priority"

static void desire(const struct world *w, const struct world_instance *i, struct properties *out)
{
	const struct expanded *e = instance_get(i->instance, KEY);
	struct property p;
	struct value v;

	if (!e || !instance_value(i->instance, KEY, out->arena, &v))
		return;
	p = (struct property){
	    .object = netprio_driver.kind,
	    .attribute = FILE_NAME,
	    .effect = EFFECT_LIVE,
	    .setting = e->setting,
	    .from = e->from,
	    .key = KEY,
	};
	if (w->host->cgroups[CONTROLLER_NET_PRIO] == CGROUP_V1) {
		p.value = arena_printf(out->arena, "%lld", (long long)v.integer);
	} else {
		p.certainty = UNSUPPORTED;
		p.effect = EFFECT_UNSUPPORTED;
		p.reason = "this boot has no cgroup v1 controller net_prio";
		p.remedy = "boot a kernel with CONFIG_CGROUP_NET_PRIO and mount the controller";
	}
	properties_add(out, p);
}

/* The one priority of all interfaces; "0-5" where they differ, which equals no wanted one. */
static const char *read_map(char *text, struct arena *a)
{
	unsigned long least = ULONG_MAX, most = 0;
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		const char *blank = strrchr(line, ' ');
		unsigned long priority;

		if (!blank)
			continue;
		priority = strtoul(blank + 1, NULL, 10);
		least = priority < least ? priority : least;
		most = priority > most ? priority : most;
	}
	if (least >= most)
		return arena_printf(a, "%lu", most);
	return arena_printf(a, "%lu-%lu", least, most);
}

static void observe(struct container *c, const struct properties *asked, struct properties *out)
{
	struct property p = {.object = netprio_driver.kind, .attribute = FILE_NAME};
	size_t size = (c->host->n_links + 64) * 64;
	char *text = arena_alloc(out->arena, size);
	ssize_t n;

	if (cgroup_version(c->cgroup, CONTROLLER_NET_PRIO) != CGROUP_V1) {
		p.certainty = CERTAIN_ABSENT;
		if (asked)
			properties_add(out, p);
		return;
	}
	n = cgroup_read(c->cgroup, CONTROLLER_NET_PRIO, FILE_NAME, text, size);
	if (n < 0) {
		p.certainty = UNKNOWN;
		p.reason =
		    arena_printf(out->arena, "%s: %s",
				 cgroup_path(c->cgroup, CONTROLLER_NET_PRIO, FILE_NAME, out->arena),
				 strerror((int)-n));
	} else {
		p.value = read_map(text, out->arena);
	}
	if (asked || (p.value && strcmp(p.value, "0") != 0))
		properties_add(out, p);
}

static const char *base(const struct container *c, const struct property *owned, struct arena *a)
{
	(void)c;
	(void)owned;
	(void)a;
	return "0";
}

/* Every interface gets its line; one that went meanwhile is no failure. */
static int write_map(struct container *c, const char *value, const char **link)
{
	for (size_t i = 0; i < c->host->n_links; i++) {
		char line[64];
		int error;

		*link = c->host->links[i].name;
		snprintf(line, sizeof(line), "%s %s", *link, value);
		error = cgroup_write(c->cgroup, CONTROLLER_NET_PRIO, FILE_NAME, line);
		if (error < 0 && error != -ENODEV)
			return error;
	}
	return 0;
}

static void apply(struct container *c, struct change **changes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *value = changes[i]->to ? changes[i]->to : "0", *link = "";
		int error = write_map(c, value, &link);

		if (error < 0)
			change_fail(
			    changes[i], c->arena, -error, "%s: cannot write '%s %s': %s",
			    cgroup_path(c->cgroup, CONTROLLER_NET_PRIO, FILE_NAME, c->arena), link,
			    value, strerror(-error));
		else
			changes[i]->verdict = VERDICT_APPLIED;
	}
}

/* Each line takes the lock of all network changes of the host. */
static bool may_wait(struct container *c, const struct change *change)
{
	(void)c;
	(void)change;
	return true;
}

static const char *place(const struct host *host, const struct property *p, struct arena *a)
{
	(void)p;
	(void)a;
	return host->cgroups[CONTROLLER_NET_PRIO] == CGROUP_V1 ? FILE_NAME : NULL;
}

const struct driver netprio_driver = {
    .kind = "netprio",
    .effect = EFFECT_LIVE,
    .desire = desire,
    .observe = observe,
    .base = base,
    .apply = apply,
    .may_wait = may_wait,
    .place = place,
};
