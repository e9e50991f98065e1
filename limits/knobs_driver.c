#include "limits/knobs.h"

#include "limits/cgroup.h"
#include "limits/cpu.h"
#include "limits/cpuset.h"
#include "limits/desire.h"
#include "limits/memory.h"
#include "limits/procfile.h"
#include "limits/refusal.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define OBJECT "cgroup"

static enum cgroup_version version_of(const struct container *c, enum controller k)
{
	return c->cgroup ? cgroup_version(c->cgroup, k) : c->host->cgroups[k];
}

/* Desire. */

static void desire_processes(const struct desire *d)
{
	struct value v;

	if (!instance_value(d->instance->instance, "limits.processes", d->out->arena, &v))
		return;
	desire_cgroup(d, "limits.processes", CONTROLLER_PIDS, "pids.max",
		      v.integer < 0 ? "max" : number_print((uint64_t)v.integer, d->out->arena));
}

static void desire_io_weight(const struct desire *d)
{
	struct value v;

	if (!instance_value(d->instance->instance, "limits.disk.priority", d->out->arena, &v))
		return;
	desire_cgroup(d, "limits.disk.priority", CONTROLLER_IO, "io.weight",
		      number_print(v.integer > 0 ? (uint64_t)v.integer * 100 : 10, d->out->arena));
}

static void desire_hugepages(const struct desire *d)
{
	size_t n;
	const struct knob *rows = knobs_all(&n);
	struct value v;

	for (const struct knob *k = rows; k < rows + n; k++) {
		if (k->controller != CONTROLLER_HUGETLB ||
		    !instance_value(d->instance->instance, k->keys[0], d->out->arena, &v))
			continue;
		desire_cgroup(d, k->keys[0], k->controller, k->attribute,
			      number_print(number_round(v.number, k->unit), d->out->arena));
	}
}

static void knobs_desire(const struct world *w, const struct world_instance *i,
			 struct properties *out)
{
	static void (*const parts[])(const struct desire *) = {
	    cpu_desire,       cpuset_desire,    desire_hugepages,
	    desire_io_weight, desire_processes, memory_desire,
	};
	struct desire d = {w, i, out};

	for (size_t n = 0; n < sizeof(parts) / sizeof(*parts); n++)
		parts[n](&d);
}

/* Observe. */

static void observed_missing(const struct knob *k, const struct filetext *t, struct property *p)
{
	const char *file = knob_files(k, t->version)[0];

	p->certainty = UNSUPPORTED;
	p->remedy = k->remedy;
	if (t->version == CGROUP_NONE) {
		p->reason = "the container's init is in no group of its own for it";
		p->remedy = "restart the container; see lxc.cgroup.dir.container if it has one";
	} else if (!file) {
		p->reason = "this cgroup version has no file for it";
	} else {
		p->reason =
		    arena_printf(t->arena, "there is no %s",
				 cgroup_path(t->container->cgroup, k->controller, file, t->arena));
	}
}

static struct property observed(const struct knob *k, struct filetext *t)
{
	struct property p = {.object = OBJECT, .attribute = k->attribute};
	const char *value = NULL;
	int error = knob_read(k, t, &value);

	if (error == 0) {
		p.certainty = value ? CERTAIN_VALUE : CERTAIN_ABSENT;
		p.value = value;
		return p;
	}
	if (error == -ENOENT) {
		observed_missing(k, t, &p);
		return p;
	}
	p.certainty = UNKNOWN;
	if (error == -ENODEV)
		p.reason = "the container has stopped";
	else
		p.reason = arena_printf(t->arena, "%s: %s",
					cgroup_path(t->container->cgroup, k->controller,
						    knob_files(k, t->version)[0], t->arena),
					error == -EINVAL ? "not in a form that is known"
							 : strerror(-error));
	return p;
}

static const char *fresh_start(const struct container *c, const struct knob *k, struct arena *a);

static void observe_all(struct container *c, struct filetext *t, struct properties *out)
{
	size_t n;
	const struct knob *rows = knobs_all(&n);

	for (const struct knob *k = rows; k < rows + n; k++) {
		const char *preset;
		struct property p;

		t->version = cgroup_version(c->cgroup, k->controller);
		p = observed(k, t);
		if (p.certainty != CERTAIN_VALUE)
			continue;
		preset = fresh_start(c, k, out->arena);
		if (!preset || strcmp(preset, p.value) != 0)
			properties_add(out, p);
	}
}

static void knobs_observe(struct container *c, const struct properties *asked,
			  struct properties *out)
{
	struct filetext t = {.container = c, .arena = out->arena};

	if (!c->cgroup)
		return;
	if (!asked) {
		observe_all(c, &t, out);
		return;
	}
	for (size_t i = 0; i < asked->n; i++) {
		const struct knob *k = knobs_find(asked->items[i].attribute);

		if (!k || strcmp(asked->items[i].object, OBJECT) != 0)
			continue;
		t.version = cgroup_version(c->cgroup, k->controller);
		properties_add(out, observed(k, &t));
	}
}

/* Base. */

/* LXC leaves isolated CPUs out of what a new container inherits. */
static const char *without_isolated(const char *list, struct arena *a)
{
	char text[8192];
	struct ranges isolated, cpus;

	if (procfile_read(AT_FDCWD, "/sys/devices/system/cpu/isolated", text, sizeof(text)) <= 0 ||
	    ranges_parse(text, VALUE_CPU_MOST, a, &isolated, NULL) < 0 ||
	    ranges_parse(list, VALUE_CPU_MOST, a, &cpus, NULL) < 0)
		return list;
	cpus = ranges_subtract(&cpus, &isolated, a);
	return cpus.n > 0 ? ranges_print(&cpus, a) : list;
}

/* What a group has that nobody has written to. NULL: nothing. */
static const char *fresh_start(const struct container *c, const struct knob *k, struct arena *a)
{
	enum cgroup_version version = version_of(c, k->controller);
	const char *files[FORMAT_FILES] = {k->inherited_v1};
	struct filetext t = {
	    .version = version, .controller = k->controller, .container = c, .arena = a};
	const char *value = NULL;

	if (version == CGROUP_V2)
		return k->preset_v2;
	if (!k->inherited_v1 || !c->cgroup || k->format->read(&t, files, &value) < 0 || !value)
		return k->preset_v1;
	return k->controller == CONTROLLER_CPUSET ? without_isolated(value, a) : value;
}

static const char *knobs_base(const struct container *c, const struct property *owned,
			      struct arena *a)
{
	const struct knob *k = knobs_find(owned->attribute);
	const char *value = NULL;
	struct filetext t = {.container = c, .own = true, .arena = a};

	if (!k)
		return NULL;
	t.version = version_of(c, k->controller);
	if (knob_read(k, &t, &value) == 0 && value)
		return value;
	return fresh_start(c, k, a);
}

/* Apply. */

static void write_plain(struct container *c, struct change *change, const struct knob *k)
{
	enum cgroup_version version = cgroup_version(c->cgroup, k->controller);
	const char *const *files = knob_files(k, version);
	const char *texts[FORMAT_FILES] = {NULL}, *to = change->to;
	int error = -ENOENT;

	if (!to)
		to = version == CGROUP_V1 ? k->preset_v1 : k->preset_v2;
	k->format->spell(version, to, NULL, c->arena, texts);
	for (size_t i = 0; i < FORMAT_FILES && files[i] && texts[i]; i++) {
		if (!cgroup_has(c->cgroup, k->controller, files[i]))
			continue;
		error = cgroup_write(c->cgroup, k->controller, files[i], texts[i]);
		if (error == 0)
			continue;
		refusal_set(change, c, k, files[i], texts[i], -error, NULL);
		return;
	}
	if (error == 0) {
		refusal_verify(change, c, k);
		return;
	}
	/* No file: because nothing is there any more, or because there never was one? */
	if (cgroup_dir(c->cgroup, k->controller) < 0 ||
	    !cgroup_has(c->cgroup, k->controller, "cgroup.procs"))
		error = -ENODEV;
	refusal_set(change, c, k, files[0] ? files[0] : k->attribute, to, -error, NULL);
}

/* All changes of one writer go to it at once. */
static void write_group(struct container *c, struct change **changes, size_t n, size_t first)
{
	void (*write)(struct container *, struct change **, size_t) =
	    knobs_find(changes[first]->attribute)->write;
	struct change **mine = arena_alloc(c->arena, n * sizeof(struct change *));
	size_t n_mine = 0;

	for (size_t i = first; i < n; i++) {
		const struct knob *k = knobs_find(changes[i]->attribute);

		if (k && k->write == write && changes[i]->verdict == VERDICT_NONE)
			mine[n_mine++] = changes[i];
	}
	write(c, mine, n_mine);
}

static void knobs_apply(struct container *c, struct change **changes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct knob *k = knobs_find(changes[i]->attribute);

		if (changes[i]->verdict != VERDICT_NONE)
			continue;
		if (!c->cgroup || !k) {
			changes[i]->verdict = VERDICT_SKIPPED;
			changes[i]->reason =
			    k ? "the container is not running" : "there is no such attribute";
		} else if (cgroup_version(c->cgroup, k->controller) == CGROUP_NONE) {
			change_fail(changes[i], c->arena, ENOENT,
				    "the container has no group of its own for %s; %s",
				    changes[i]->attribute, k->remedy);
		} else if (k->write) {
			write_group(c, changes, n, i);
		} else {
			write_plain(c, changes[i], k);
		}
	}
}

static bool knobs_may_wait(struct container *c, const struct change *change)
{
	const struct knob *k = knobs_find(change->attribute);

	return c->cgroup && k && k->may_wait && k->may_wait(c, change);
}

/* Boot. */

struct lines {
	struct arena *arena;
	const char ***items;
	size_t *n, *capacity;
};

static void add_line(const struct lines *l, const char *line)
{
	*l->items = arena_grow(l->arena, *l->items, *l->n, l->capacity, sizeof(**l->items));
	(*l->items)[(*l->n)++] = line;
}

/* LXC writes every line there is for a file, the owner's too, memory.memsw.* last of all; an
 * owner's memsw below our limit would abort the start. An empty value drops the lines before. */
static void add_item(const struct lines *l, enum cgroup_version version, const char *file,
		     const char *text)
{
	const char *prefix = version == CGROUP_V1 ? "lxc.cgroup." : "lxc.cgroup2.";

	add_line(l, arena_join(l->arena, prefix, file, " =", NULL));
	add_line(l, arena_join(l->arena, prefix, file, " = ", text, NULL));
}

static void knobs_boot(const struct host *host, const struct properties *desired, struct arena *a,
		       const char ***lines, size_t *n, size_t *capacity)
{
	const struct property *memory = properties_find(desired, OBJECT, "memory.max");
	struct lines l = {a, lines, n, capacity};

	for (size_t i = 0; i < desired->n; i++) {
		const struct property *p = &desired->items[i];
		const struct knob *k =
		    strcmp(p->object, OBJECT) == 0 ? knobs_find(p->attribute) : NULL;
		enum cgroup_version version = k ? host->cgroups[k->controller] : CGROUP_NONE;
		const char *texts[FORMAT_FILES] = {NULL};

		if (version == CGROUP_NONE || !k->boot || !p->value ||
		    p->effect == EFFECT_UNSUPPORTED || !knob_files(k, version)[0])
			continue;
		k->format->spell(version, p->value, memory ? memory->value : NULL, a, texts);
		for (size_t f = 0; f < FORMAT_FILES && knob_files(k, version)[f]; f++) {
			if (texts[f])
				add_item(&l, version, knob_files(k, version)[f], texts[f]);
		}
	}
}

/* Place. */

static const char *knobs_place(const struct host *host, const struct property *p, struct arena *a)
{
	const struct knob *k = knobs_find(p->attribute);

	if (!k || host->cgroups[k->controller] == CGROUP_NONE)
		return NULL;
	return knob_join(k, host->cgroups[k->controller], NULL, ", ", a);
}

static size_t knobs_paths(const struct container *c, const struct property *p, struct arena *a,
			  const char **out, size_t most)
{
	const struct knob *k = knobs_find(p->attribute);
	enum cgroup_version version = k ? cgroup_version(c->cgroup, k->controller) : CGROUP_NONE;
	size_t n = 0;

	if (version == CGROUP_NONE)
		return 0;
	for (; n < most && n < FORMAT_FILES && knob_files(k, version)[n]; n++)
		out[n] = cgroup_path(c->cgroup, k->controller, knob_files(k, version)[n], a);
	return n;
}

const struct driver cgroup_driver = {
    .kind = OBJECT,
    .effect = EFFECT_LIVE,
    .desire = knobs_desire,
    .observe = knobs_observe,
    .base = knobs_base,
    .apply = knobs_apply,
    .may_wait = knobs_may_wait,
    .boot = knobs_boot,
    .files = knobs_paths,
    .place = knobs_place,
};
