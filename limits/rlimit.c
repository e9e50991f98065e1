#include "limits/rlimit.h"

#include "limits/cgroup.h"
#include "limits/clamp.h"
#include "limits/procfile.h"
#include "schema/arena.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define KEY_PREFIX "limits.kernel."
#define ITEM_PREFIX "lxc.prlimit."

static const struct {
	const char *name;
	int number;
} resources[] = {
    {"as",         RLIMIT_AS        },
    {"core",       RLIMIT_CORE      },
    {"cpu",        RLIMIT_CPU       },
    {"data",       RLIMIT_DATA      },
    {"fsize",      RLIMIT_FSIZE     },
    {"locks",      RLIMIT_LOCKS     },
    {"memlock",    RLIMIT_MEMLOCK   },
    {"msgqueue",   RLIMIT_MSGQUEUE  },
    {"nice",       RLIMIT_NICE      },
    {"nofile",     RLIMIT_NOFILE    },
    {"nproc",      RLIMIT_NPROC     },
    {"rss",        RLIMIT_RSS       },
    {"rtprio",     RLIMIT_RTPRIO    },
    {"rttime",     RLIMIT_RTTIME    },
    {"sigpending", RLIMIT_SIGPENDING},
    {"stack",      RLIMIT_STACK     },
};

int rlimit_number(const char *name)
{
	char *end;
	long number;

	for (size_t i = 0; i < sizeof(resources) / sizeof(*resources); i++)
		if (strcmp(resources[i].name, name) == 0)
			return resources[i].number;
	if (*name < '0' || *name > '9' || strlen(name) > 3)
		return -1;
	number = strtol(name, &end, 10);
	return *end || number >= RLIM_NLIMITS ? -1 : (int)number;
}

static const char *print_one(uint64_t limit, struct arena *a)
{
	return limit == VALUE_UNLIMITED ? "unlimited" : arena_printf(a, "%" PRIu64, limit);
}

const char *rlimit_print(const struct rlimit_pair *pair, struct arena *a)
{
	return arena_printf(a, "%s:%s", print_one(pair->soft, a), print_one(pair->hard, a));
}

static bool parse_pair(const char *text, struct arena *a, struct rlimit_pair *out)
{
	struct complaint why;
	struct value v;

	if (!text || !*text || value_parse(&grammar_rlimit, text, a, &v, &why) < 0)
		return false;
	*out = v.rlimit;
	return true;
}

static bool above(const struct rlimit_pair *x, const struct rlimit_pair *y)
{
	return x->soft > y->soft || x->hard > y->hard;
}

static uint64_t most(uint64_t x, uint64_t y)
{
	return x > y ? x : y;
}

static void desire(const struct world *w, const struct world_instance *i, struct properties *out)
{
	const struct instance *instance = i->instance;
	size_t n = strlen(KEY_PREFIX);

	(void)w;
	for (size_t k = 0; k < instance->n_config; k++) {
		const struct setting *s = instance->config[k].setting;
		struct rlimit_pair pair;
		struct property p;

		if (strncmp(s->name, KEY_PREFIX, n) != 0 || !parse_pair(s->text, out->arena, &pair))
			continue;
		p = (struct property){
		    .object = rlimit_driver.kind,
		    .attribute = s->name + n,
		    .effect = EFFECT_LIVE,
		    .setting = s,
		    .from = instance->config[k].from,
		    .key = s->name,
		};
		if (rlimit_number(p.attribute) >= 0) {
			p.value = rlimit_print(&pair, out->arena);
		} else {
			p.certainty = UNSUPPORTED;
			p.effect = EFFECT_UNSUPPORTED;
			p.reason = "the kernel has no resource of this name";
			p.remedy = "getrlimit(2) names them: nofile, nproc, memlock, ...";
		}
		properties_add(out, p);
	}
}

/* One attribute while all processes are looked at. */
struct view {
	const char *name;
	int resource;
	const char *wanted; /* NULL: nobody wants one */
	struct rlimit_pair init, widest;
	pid_t beyond; /* the first process above init; 0: none */
	pid_t unreadable;
	int error;
};

struct views {
	struct view *items;
	size_t n;
};

static int look_at(pid_t pid, void *data)
{
	struct views *vs = data;

	for (size_t i = 0; i < vs->n; i++) {
		struct view *v = &vs->items[i];
		struct rlimit_pair pair = {0};
		int error = v->error ? ESRCH : clamp_read(pid, v->resource, &pair);

		if (error == ESRCH)
			continue;
		if (error) {
			v->unreadable = pid;
			continue;
		}
		if (!above(&pair, &v->init))
			continue;
		if (!v->beyond)
			v->beyond = pid;
		v->widest.soft = most(v->widest.soft, pair.soft);
		v->widest.hard = most(v->widest.hard, pair.hard);
	}
	return 0;
}

static void view_start(struct view *v, const struct container *c, const char *name,
		       const char *wanted)
{
	*v = (struct view){.name = name, .resource = rlimit_number(name), .wanted = wanted};
	v->error = v->resource < 0 ? EINVAL : clamp_read(c->init, v->resource, &v->init);
	v->widest = v->init;
}

/* Init's pair where it is not the wanted one; else, where a process is above it, the widest: that
 * is none that is wanted either. */
static struct property view_result(const struct view *v, struct arena *a)
{
	struct property p = {.object = rlimit_driver.kind, .attribute = v->name};
	const char *init = rlimit_print(&v->init, a);
	bool settled = v->wanted && strcmp(init, v->wanted) == 0;

	if (v->error) {
		p.certainty = UNKNOWN;
		p.reason = v->resource < 0 ? "the kernel has no resource of this name"
					   : arena_printf(a, "cannot read the limits of init: %s",
							  strerror(v->error));
	} else if (settled && v->beyond) {
		p.value = rlimit_print(&v->widest, a);
		p.reason = arena_printf(a, "process %d is above it", (int)v->beyond);
	} else if (settled && v->unreadable) {
		p.certainty = UNKNOWN;
		p.reason =
		    arena_printf(a, "cannot read the limits of process %d", (int)v->unreadable);
		p.remedy = "run as root with CAP_SYS_RESOURCE";
	} else {
		p.value = init;
	}
	return p;
}

static const char *base(const struct container *c, const struct property *owned, struct arena *a);

/* What differs from a fresh start, for a manifest that is to be written. */
static void observe_all(struct container *c, struct properties *out)
{
	for (size_t i = 0; i < sizeof(resources) / sizeof(*resources); i++) {
		struct property p = {.object = rlimit_driver.kind, .attribute = resources[i].name};
		const char *fresh;
		struct view v;

		view_start(&v, c, p.attribute, NULL);
		if (v.error)
			continue;
		p.value = rlimit_print(&v.init, out->arena);
		fresh = base(c, &p, out->arena);
		if (!fresh || strcmp(fresh, p.value) != 0)
			properties_add(out, p);
	}
}

static void observe(struct container *c, const struct properties *asked, struct properties *out)
{
	struct views vs = {0};
	int error;

	if (!asked) {
		observe_all(c, out);
		return;
	}
	vs.items = arena_alloc(out->arena, asked->n * sizeof(*vs.items));
	/* without a key it is only owned: nobody wants its value any more */
	for (vs.n = 0; vs.n < asked->n; vs.n++)
		view_start(&vs.items[vs.n], c, asked->items[vs.n].attribute,
			   asked->items[vs.n].key ? asked->items[vs.n].value : NULL);
	error = cgroup_each_process(c->cgroup, look_at, &vs);
	for (size_t i = 0; i < vs.n; i++) {
		struct property p = view_result(&vs.items[i], out->arena);

		if (error < 0 && p.value) {
			p.value = NULL;
			p.certainty = UNKNOWN;
			p.reason = arena_printf(out->arena, "cannot list its processes: %s",
						strerror(-error));
		}
		properties_add(out, p);
	}
}

/* LXC's monitor is init's parent and has what a start inherited. */
static pid_t monitor_of(const struct container *c)
{
	char status[4096];
	const char *line;
	int pid = 0;

	if (c->proc < 0 || procfile_read(c->proc, "status", status, sizeof(status)) < 0)
		return 0;
	line = strstr(status, "\nPPid:");
	return line && sscanf(line, "\nPPid: %d", &pid) == 1 && pid > 1 ? pid : 0;
}

static const char *base(const struct container *c, const struct property *owned, struct arena *a)
{
	int resource = rlimit_number(owned->attribute);
	struct rlimit_pair pair;
	pid_t monitor;

	if (resource < 0)
		return NULL;
	if (parse_pair(c->own_item(c, arena_printf(a, ITEM_PREFIX "%s", owned->attribute)), a,
		       &pair))
		return rlimit_print(&pair, a);
	monitor = monitor_of(c);
	if (!monitor || clamp_read(monitor, resource, &pair) != 0)
		pair = c->host->rlimits[resource];
	return rlimit_print(&pair, a);
}

static void apply_one(struct container *c, struct change *change)
{
	int resource = rlimit_number(change->attribute), error = EINVAL;
	const char *why = "this is not a resource and its limits";
	struct rlimit_pair wanted;

	if (resource >= 0 && parse_pair(change->to, c->arena, &wanted))
		error = clamp_processes(c, change->attribute, resource, &wanted, &why);
	if (error)
		change_fail(change, c->arena, error, "%s", why);
	else
		change->verdict = VERDICT_APPLIED;
}

static void apply(struct container *c, struct change **changes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		apply_one(c, changes[i]);
}

static void boot(const struct host *host, const struct properties *desired, struct arena *a,
		 const char ***lines, size_t *n, size_t *capacity)
{
	for (size_t i = 0; i < desired->n; i++) {
		const struct property *p = &desired->items[i];
		struct rlimit_pair pair;
		int resource;

		if (!object_is(p->object, rlimit_driver.kind) || p->certainty != CERTAIN_VALUE)
			continue;
		resource = rlimit_number(p->attribute);
		if (resource < 0 || !parse_pair(p->value, a, &pair) ||
		    !clamp_can_start(host, resource, &pair))
			continue;
		*lines = arena_grow(a, *lines, *n, capacity, sizeof(**lines));
		(*lines)[(*n)++] = arena_printf(a, ITEM_PREFIX "%s = %s", p->attribute, p->value);
	}
}

static const char *place(const struct host *host, const struct property *p, struct arena *a)
{
	(void)host;
	return arena_printf(a, "prlimit(2) %s", p->attribute);
}

const struct driver rlimit_driver = {
    .kind = "rlimit",
    .effect = EFFECT_LIVE,
    .desire = desire,
    .observe = observe,
    .base = base,
    .apply = apply,
    .boot = boot,
    .place = place,
};
