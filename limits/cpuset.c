#include "limits/cpuset.h"

#include "limits/cgroup.h"
#include "limits/procfile.h"
#include "limits/refusal.h"
#include "schema/arena.h"

#include <errno.h>
#include <string.h>

#define FILE_NAME "cpuset.cpus"
#define TRIES 3 /* the container may make groups while we write */

void cpuset_desire(const struct desire *d)
{
	const struct world_instance *i = d->instance;
	const char *key = "limits.cpu";
	struct property *p;

	if (!instance_get(i->instance, key))
		key = "limits.cpu.nodes";
	if (!instance_get(i->instance, key))
		return;
	if (i->cpus.n > 0) {
		desire_cgroup(d, key, CONTROLLER_CPUSET, FILE_NAME,
			      ranges_print(&i->cpus, d->out->arena));
	} else if (i->cpus_refused) {
		p = desire_cgroup(d, key, CONTROLLER_CPUSET, FILE_NAME, NULL);
		desire_unsupported(p, i->cpus_refused, "name CPUs that this host has on-line");
	}
}

/* The container's group and all that is nested in it, parents first. */
struct tree {
	struct arena *arena;
	struct cpuset_group *groups;
	const char **paths;
	size_t n, capacity_groups, capacity_paths;
};

static size_t tree_parent(const struct tree *t, const char *path)
{
	size_t i = t->n - 1, length;

	for (; i > 0; i = t->groups[i].parent) {
		length = strlen(t->paths[i]);
		if (strncmp(path, t->paths[i], length) == 0 && path[length] == '/')
			break;
	}
	return i;
}

static int tree_add(int dir, const char *path, void *data)
{
	struct tree *t = data;
	struct cpuset_group g = {.parent = t->n ? tree_parent(t, path) : 0};
	char *text = arena_alloc(t->arena, 8192);
	ssize_t n = procfile_read(dir, FILE_NAME, text, 8192);

	if (n == -EMSGSIZE) {
		text = arena_alloc(t->arena, 65536);
		n = procfile_read(dir, FILE_NAME, text, 65536);
	}
	if (n == -ENOENT || n == -ENODEV)
		return t->n ? 0 : -ENODEV;
	if (n < 0)
		return (int)n;
	if (ranges_parse(text, VALUE_CPU_MOST, t->arena, &g.cpus, NULL) < 0)
		return -EINVAL;
	t->groups = arena_grow(t->arena, t->groups, t->n, &t->capacity_groups, sizeof(g));
	t->paths = arena_grow(t->arena, t->paths, t->n, &t->capacity_paths, sizeof(*t->paths));
	t->groups[t->n] = g;
	t->paths[t->n++] = arena_strdup(t->arena, path);
	return 0;
}

static int tree_read(const struct cgroup *g, struct tree *t)
{
	int dir = cgroup_dir(g, CONTROLLER_CPUSET), error;

	if (dir < 0)
		return dir;
	t->n = 0;
	error = tree_add(dir, cgroup_path(g, CONTROLLER_CPUSET, "", t->arena), t);
	return error ? error : cgroup_walk(g, CONTROLLER_CPUSET, false, tree_add, t);
}

/* Where it went wrong, for the message. */
struct failure {
	const char *path, *text;
};

static int write_once(const struct container *c, const struct ranges *wanted, struct arena *a,
		      struct failure *f)
{
	struct tree t = {.arena = a};
	struct cpuset_step *steps;
	int error = tree_read(c->cgroup, &t);
	size_t n;

	if (error < 0)
		return error;
	n = cpuset_order(t.groups, t.n, wanted, a, &steps);
	for (size_t i = 0; i < n && error == 0; i++) {
		const char *text = ranges_print(&steps[i].cpus, a);

		error = steps[i].group == 0
			    ? cgroup_write(c->cgroup, CONTROLLER_CPUSET, FILE_NAME, text)
			    : cgroup_write_nested(c->cgroup, CONTROLLER_CPUSET,
						  t.paths[steps[i].group], FILE_NAME, text);
		if (error < 0) {
			f->path = arena_printf(c->arena, "%s/" FILE_NAME, t.paths[steps[i].group]);
			f->text = arena_strdup(c->arena, text);
		}
	}
	return error;
}

static int write_v1(const struct container *c, const struct ranges *wanted, struct failure *f)
{
	int error = -EBUSY;

	for (int i = 0; i < TRIES && (error == -EBUSY || error == -EACCES); i++) {
		struct arena *a = arena_new();

		error = write_once(c, wanted, a, f);
		arena_free(a);
	}
	return error;
}

static const char *advice(int error)
{
	switch (error) {
	case -E2BIG:
		return "the container has made more nested groups than can be followed";
	case -EBUSY:
		return "a group nested in the container has CPUs outside; it is tried again";
	case -EACCES:
		return "the parent group does not have these CPUs";
	case -ERANGE:
	case -EINVAL:
		return "name CPUs that this host has on-line, and that no other group has "
		       "exclusively";
	default:
		return NULL;
	}
}

static void write_one(struct container *c, struct change *change, const struct knob *k)
{
	const char *value = change->to ? change->to : "\n";
	struct failure f = {cgroup_path(c->cgroup, k->controller, FILE_NAME, c->arena), value};
	struct ranges wanted;
	int error;

	if (cgroup_version(c->cgroup, k->controller) == CGROUP_V2)
		error = cgroup_write(c->cgroup, k->controller, FILE_NAME, value);
	else if (ranges_parse(value, VALUE_CPU_MOST, c->arena, &wanted, NULL) < 0 || wanted.n == 0)
		error = -EINVAL;
	else
		error = write_v1(c, &wanted, &f);
	if (error < 0)
		refusal_set_path(change, c, k, f.path, f.text, -error, advice(error));
	else
		refusal_verify(change, c, k);
}

void cpuset_write(struct container *c, struct change **changes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		write_one(c, changes[i], knobs_find("cpuset.cpus"));
}

bool cpuset_may_wait(struct container *c, const struct change *change)
{
	(void)c;
	(void)change;
	return true;
}
