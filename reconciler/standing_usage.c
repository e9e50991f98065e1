#include "limits/cgroup.h"
#include "reconciler/container.h"
#include "reconciler/host.h"
#include "reconciler/report.h"
#include "reconciler/standing.h"
#include "reconciler/usage.h"
#include "schema/arena.h"

static bool runs(const struct standing *s)
{
	return !standing_network(s) && (s->status == STATUS_RUNNING || s->status == STATUS_FROZEN);
}

static const struct usage *read_one(struct containers *cs, const char *name, struct arena *a)
{
	struct container *c = container_open(cs, name);
	struct usage *out = NULL;

	if (c->cgroup) {
		out = arena_alloc(a, sizeof(*out));
		usage_read(c, out);
		usage_read_nics(c, a, out);
	}
	container_close(c);
	return out;
}

void standings_read_usage(struct standings *s, const struct options *o, struct arena *a)
{
	struct diagnostics ds, of_host;
	struct cgroup_layout *layout;
	struct containers *cs;

	s->usage = arena_alloc(a, s->n * sizeof(*s->usage));
	diagnostics_init(&ds, a);
	diagnostics_init(&of_host, a); /* said by whoever plans */
	if (cgroup_layout_open(&layout, &ds) < 0) {
		report_diagnostics(o, &ds);
		return;
	}
	cs = containers_open(o->lxcpath, host_read(o, layout, a, &of_host), layout, a);
	for (size_t i = 0; i < s->n; i++)
		if (runs(&s->items[i]))
			s->usage[i] = read_one(cs, s->items[i].name, a);
	containers_close(cs);
	cgroup_layout_close(layout);
}
