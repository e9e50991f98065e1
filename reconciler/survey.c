#include "reconciler/survey.h"

#include "limits/balance.h"
#include "limits/blockio.h"
#include "reconciler/host.h"
#include "reconciler/own_nics.h"
#include "reconciler/parents.h"
#include "reconciler/windows.h"
#include "schema/arena.h"
#include "schema/instance_idmap.h"

#include <string.h>

bool subject_runs(const struct subject *s)
{
	return s->container && s->container->cgroup &&
	       (s->container->status == STATUS_RUNNING || s->container->status == STATUS_FROZEN);
}

static bool will_run(const struct world_instance *w)
{
	switch (w->instance->document->state) {
	case STATE_RUNNING:
	case STATE_FROZEN:
		return true;
	case STATE_STOPPED:
	case STATE_ABSENT:
		return false;
	case STATE_AS_IT_IS:
		break;
	}
	return w->status == STATUS_RUNNING || w->status == STATUS_FROZEN ||
	       w->status == STATUS_STARTING;
}

/* The CPU set in force is the kernel's: nothing else says so truly which CPUs need not change. */
static void read_cpus(struct survey *s, struct subject *subject)
{
	const struct instance *i = subject->world->instance;
	char list[4096];

	if (!instance_get(i, "limits.cpu") && !instance_get(i, "limits.cpu.nodes"))
		return;
	if (cgroup_read(subject->container->cgroup, CONTROLLER_CPUSET, "cpuset.cpus", list,
			sizeof(list)) < 0)
		return;
	if (ranges_parse(list, VALUE_CPU_MOST, s->arena, &subject->world->cpus_now, NULL) < 0)
		subject->world->cpus_now = (struct ranges){0};
}

/* Only who limits its root disk pays for a look into LXC's config. */
static void resolve_disks(struct survey *s, struct subject *subject)
{
	const struct container *c = subject->container;
	const char *rootfs = NULL;

	if (subject->world->exists && blockio_needs_rootfs(subject->world->instance))
		rootfs = c->own_item(c, "lxc.rootfs.path");
	blockio_resolve(subject->world, rootfs, s->arena);
}

/* Likewise who names a key for the id map. */
static void read_idmap(struct survey *s, struct subject *subject)
{
	struct world_instance *w = subject->world;

	if (!w->exists || !instance_idmap_setting(w->instance))
		return;
	w->rootfs_owner = container_rootfs_owner(subject->container);
	w->idmap_refused = bootfile_idmap_refused(s->containers->dir, s->containers->lxcpath,
						  w->instance->name, s->arena);
}

/* Read ahead for the first look; what a pass itself has written since is read anew. */
static void read_record(struct survey *s, struct subject *subject)
{
	const char *name = subject->world->instance->name;

	if (!s->ahead || !records_find(s->ahead, name, &subject->record))
		bootfile_read(s->containers->dir, s->containers->lxcpath, name, s->arena,
			      &subject->record);
}

void survey_facts(struct survey *s, struct subject *subject)
{
	struct world_instance *w = subject->world;

	subject->container->wrote = s->wrote;
	w->status = subject->container->status;
	w->exists = w->status != STATUS_MISSING;
	w->will_run = will_run(w);
	if (subject->record.window.size) /* one that is allocated and not recorded yet stays */
		w->window = subject->record.window;
	if (subject_runs(subject))
		read_cpus(s, subject);
	w->owned = subject->container->owned = &subject->record.owned;
	resolve_disks(s, subject);
	read_idmap(s, subject);
	own_nics_read(s, subject);
}

void survey_refresh(struct survey *s, struct subject *subject)
{
	const struct world_instance *w = subject->world;

	container_close(subject->container);
	read_record(s, subject);
	/* a config that includes our file is there and finished: two system calls less, each time
	 */
	if (subject->record.include == INCLUDE_FINE)
		subject->container = container_open_defined(s->containers, w->instance->name);
	else
		subject->container = container_open(s->containers, w->instance->name);
	survey_facts(s, subject);
}

static void subjects_fill(struct survey *s, const struct generation *g)
{
	size_t n = 0;

	s->world.instances = arena_alloc(s->arena, g->n_instances * sizeof(*s->world.instances));
	s->subjects = arena_alloc(s->arena, g->n_instances * sizeof(*s->subjects));
	for (size_t i = 0; i < g->n_instances; i++) {
		if (g->instances[i]->elsewhere)
			continue;
		s->world.instances[n].instance = g->instances[i];
		s->subjects[n].world = &s->world.instances[n];
		n++;
	}
	s->n = s->world.n = n;
	if (s->ahead)
		records_await(s->ahead, n);
	for (size_t i = 0; i < n; i++)
		survey_refresh(s, &s->subjects[i]);
	s->ahead = NULL;
}

int survey_take(struct survey *s, const struct options *o, const struct generation *g,
		struct records *ahead, struct arena *a,
		void (*wrote)(const char *, const char *, int))
{
	int r;

	*s = (struct survey){.arena = a, .boot_only = o->boot_only, .ahead = ahead, .wrote = wrote};
	diagnostics_init(&s->diagnostics, a);
	r = cgroup_layout_open(&s->layout, &s->diagnostics);
	if (r < 0)
		return r;
	s->host = host_read(o, s->layout, a, &s->diagnostics);
	s->containers = containers_open(o->lxcpath, s->host, s->layout, a);
	s->containers->wrote = wrote;
	if (s->containers->error) {
		diagnostic_error(&s->diagnostics, NOWHERE,
				 "cannot tell which containers of %s run: %s", o->lxcpath,
				 strerror(-s->containers->error));
		return s->containers->error;
	}
	s->world.arena = a;
	s->world.host = s->host;
	s->world.lxcpath = s->containers->lxcpath;
	s->world.networks = g->catalog.networks;
	s->world.n_networks = g->catalog.n_networks;
	subjects_fill(s, g);
	parents_look(s, false);
	balance(&s->world);
	windows_assign(s);
	return 0;
}

void survey_close(struct survey *s)
{
	for (size_t i = 0; i < s->n; i++)
		container_close(s->subjects[i].container);
	s->n = 0;
	if (s->containers)
		containers_close(s->containers);
	cgroup_layout_close(s->layout);
	s->containers = NULL;
	s->layout = NULL;
}
