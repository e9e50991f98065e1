#include "limits/cpu.h"

#include "limits/cgroup.h"
#include "limits/procfile.h"
#include "limits/refusal.h"
#include "schema/arena.h"

#include <errno.h>
#include <string.h>

#define QUOTA_FILE "cpu.cfs_quota_us"
#define PERIOD_FILE "cpu.cfs_period_us"
#define QUOTA_LEAST 1000 /* the kernel's, microseconds */

static uint64_t clamp(uint64_t n, uint64_t least, uint64_t most)
{
	return n < least ? least : n > most ? most : n;
}

/* A percentage of a full weight, less what the priority leaves below 10. */
static const char *weight(const struct desire *d, uint64_t percent, int64_t priority)
{
	bool v1 = d->world->host->cgroups[CONTROLLER_CPU] == CGROUP_V1;
	uint64_t full = v1 ? 1024 : 100, less = (uint64_t)(10 - priority), n;

	n = full * clamp(percent, 0, 1000000) / 100;
	n = n > less ? n - less : 0;
	return number_print(v1 ? clamp(n, 2, 262144) : clamp(n, 1, 10000), d->out->arena);
}

void cpu_desire(const struct desire *d)
{
	const struct instance *i = d->instance->instance;
	struct value allowance, priority;
	bool allowed = instance_value(i, "limits.cpu.allowance", d->out->arena, &allowance);
	bool ranked = instance_value(i, "limits.cpu.priority", d->out->arena, &priority);
	bool share = allowed && allowance.allowance.percent;
	struct property *p;

	if (share || ranked)
		desire_cgroup(d, share ? "limits.cpu.allowance" : "limits.cpu.priority",
			      CONTROLLER_CPU, "cpu.weight",
			      weight(d, share ? allowance.allowance.share : 100,
				     ranked ? priority.integer : 10));
	if (!allowed || share)
		return;
	p = desire_cgroup(d, "limits.cpu.allowance", CONTROLLER_CPU, "cpu.max",
			  arena_printf(d->out->arena, "%llu %llu",
				       (unsigned long long)allowance.allowance.quota_us,
				       (unsigned long long)allowance.allowance.period_us));
	if (d->world->host->lacks_quota)
		desire_unsupported(p, "this kernel has no CPU quota",
				   "a kernel with CONFIG_CFS_BANDWIDTH is needed; or write a "
				   "percentage, which is a share under contention");
}

/* Is X a smaller share than Y? */
static bool is_less(const struct quota *x, const struct quota *y)
{
	if (x->quota == NUMBER_MAX || y->quota == NUMBER_MAX)
		return x->quota != NUMBER_MAX;
	return (unsigned __int128)x->quota * y->period < (unsigned __int128)y->quota * x->period;
}

bool cpu_quota_first(const struct quota *now, const struct quota *wanted)
{
	struct quota quota_first = {wanted->quota, now->period};
	struct quota period_first = {now->quota, wanted->period};
	const struct quota *more = is_less(now, wanted) ? wanted : now;
	const struct quota *less = more == now ? wanted : now;

	if (is_less(more, &quota_first))
		return false;
	if (is_less(more, &period_first))
		return true;
	/* Neither is too wide: rather not the one below both, which nested quotas may refuse. */
	return !is_less(&quota_first, less);
}

static bool quota_read(const char *text, struct quota *out)
{
	char number[32];
	const char *blank = strchr(text, ' ');
	size_t n = blank ? (size_t)(blank - text) : strlen(text);

	if (n >= sizeof(number))
		return false;
	memcpy(number, text, n);
	number[n] = '\0';
	out->period = 100000;
	return number_read(number, &out->quota) &&
	       (!blank || (number_read(blank + 1, &out->period) && out->period > 0));
}

enum { QUOTA, PERIOD, N_FILES };

/* v1's two files, open. */
struct group {
	struct container *c;
	struct cgroup_file files[N_FILES];
};

static struct filetext text_of(const struct group *g)
{
	return (struct filetext){.version = CGROUP_V1,
				 .controller = CONTROLLER_CPU,
				 .container = g->c,
				 .open = g->files,
				 .n_open = N_FILES,
				 .arena = g->c->arena};
}

/* What they hold, the period behind no quota too. */
static int quota_now(const struct group *g, struct quota *out)
{
	struct filetext t = text_of(g);
	int error = filetext_number(&t, QUOTA_FILE, &out->quota);

	return error ? error : filetext_number(&t, PERIOD_FILE, &out->period);
}

/* Nested groups with a larger share than their container's is to be: v1 refuses to lower it. */
struct nested {
	const struct container *c;
	struct quota wanted, between; /* between: what stands while one of two files is written */
	struct capped {
		const char *path;
		uint64_t quota; /* that is the wanted share */
	} * items;
	size_t n, capacity;
};

static uint64_t quota_of_share(const struct quota *share, uint64_t period)
{
	uint64_t quota = (uint64_t)((unsigned __int128)share->quota * period / share->period);

	return clamp(quota, QUOTA_LEAST, NUMBER_MAX);
}

static int nested_lower(int dir, const char *path, void *data)
{
	struct nested *n = data;
	const struct quota *least = is_less(&n->between, &n->wanted) ? &n->between : &n->wanted;
	struct arena *a = n->c->arena;
	struct quota q;
	char text[64];

	if (procfile_read(dir, QUOTA_FILE, text, sizeof(text)) <= 0 || !number_read(text, &q.quota))
		return 0;
	if (procfile_read(dir, PERIOD_FILE, text, sizeof(text)) <= 0 ||
	    !number_read(text, &q.period))
		return 0;
	if (q.quota == NUMBER_MAX || !is_less(least, &q))
		return 0;
	n->items = arena_grow(a, n->items, n->n, &n->capacity, sizeof(*n->items));
	n->items[n->n++] = (struct capped){
	    arena_strdup(a, path),
	    is_less(&n->wanted, &q) ? quota_of_share(&n->wanted, q.period) : q.quota};
	cgroup_write_nested(n->c->cgroup, CONTROLLER_CPU, path, QUOTA_FILE,
			    number_print(quota_of_share(least, q.period), a));
	return 0;
}

/* As much as they may have now, parents first. */
static void nested_settle(const struct nested *n)
{
	for (size_t i = n->n; i-- > 0;)
		cgroup_write_nested(n->c->cgroup, CONTROLLER_CPU, n->items[i].path, QUOTA_FILE,
				    number_print(n->items[i].quota, n->c->arena));
}

static int write_both(const struct group *g, const struct quota *now, const struct quota *wanted,
		      const char **file, const char **text)
{
	bool quota_first = cpu_quota_first(now, wanted);
	int error;

	for (int i = 0; i < 2; i++) {
		bool quota = (i == 0) == quota_first;

		if (quota ? now->quota == wanted->quota : now->period == wanted->period)
			continue;
		*file = quota ? QUOTA_FILE : PERIOD_FILE;
		*text = quota ? number_print_v1(wanted->quota, g->c->arena)
			      : number_print(wanted->period, g->c->arena);
		error = cgroup_file_write(&g->files[quota ? QUOTA : PERIOD], *text);
		if (error < 0)
			return error;
	}
	return 0;
}

/* EINVAL may be a nested group's doing: it is brought below, and then as far up as it may. */
static int write_past_nested(const struct group *g, const struct quota *now,
			     const struct quota *wanted, const char **file, const char **text)
{
	struct nested n = {.c = g->c, .wanted = *wanted};
	int error;

	n.between = cpu_quota_first(now, wanted) ? (struct quota){wanted->quota, now->period}
						 : (struct quota){now->quota, wanted->period};
	cgroup_walk(g->c->cgroup, CONTROLLER_CPU, true, nested_lower, &n);
	if (n.n == 0)
		return -EINVAL;
	error = write_both(g, now, wanted, file, text);
	nested_settle(&n);
	return error;
}

static void write_open(const struct group *g, struct change *change, const struct knob *k,
		       const struct quota *wanted)
{
	const char *file = QUOTA_FILE, *text = change->to ? change->to : "";
	struct filetext after = text_of(g);
	struct quota now;
	int error = quota_now(g, &now);

	if (error == 0)
		error = write_both(g, &now, wanted, &file, &text);
	if (error == -EINVAL && wanted->quota != NUMBER_MAX && quota_now(g, &now) == 0)
		error = write_past_nested(g, &now, wanted, &file, &text);
	if (error < 0)
		refusal_set(change, g->c, k, file, text, -error,
			    error == -EINVAL
				? "at least 1ms in a period of 1ms to 1s; and neither less than a "
				  "nested group has, nor more than the parent group"
				: NULL);
	else
		refusal_verify_from(change, k, &after);
}

static void write_v1(struct container *c, struct change *change, const struct knob *k,
		     const struct quota *wanted)
{
	struct group g = {
	    c,
	    {[QUOTA] = cgroup_file_open(c->cgroup, CONTROLLER_CPU, QUOTA_FILE),
	      [PERIOD] = cgroup_file_open(c->cgroup, CONTROLLER_CPU, PERIOD_FILE)}
        };

	write_open(&g, change, k, wanted);
	for (int i = 0; i < N_FILES; i++)
		cgroup_file_close(&g.files[i]);
}

static void write_v2(struct container *c, struct change *change, const struct knob *k)
{
	const char *text = change->to ? change->to : "max 100000";
	int error = cgroup_write(c->cgroup, CONTROLLER_CPU, k->v2[0], text);

	if (error < 0)
		refusal_set(change, c, k, k->v2[0], text, -error,
			    error == -EINVAL ? "at least 1ms in a period of 1ms to 1s" : NULL);
	else
		refusal_verify(change, c, k);
}

void cpu_write_quota(struct container *c, struct change **changes, size_t n)
{
	const struct knob *k = knobs_find("cpu.max");
	struct quota wanted;

	for (size_t i = 0; i < n; i++) {
		if (cgroup_version(c->cgroup, CONTROLLER_CPU) == CGROUP_V2)
			write_v2(c, changes[i], k);
		else if (quota_read(changes[i]->to ? changes[i]->to : "max", &wanted))
			write_v1(c, changes[i], k, &wanted);
		else
			refusal_set(changes[i], c, k, QUOTA_FILE, changes[i]->to, EINVAL, NULL);
	}
}
