#include "limits/cpuset.h"

#include "schema/arena.h"

struct order {
	const struct cpuset_group *groups;
	size_t n;
	struct ranges *target; /* by group */
	bool *wide;            /* has to stand in old and new set at once for a moment */
	struct cpuset_step *steps;
	size_t n_steps;
};

static void add(struct order *o, size_t group, struct ranges cpus)
{
	o->steps[o->n_steps++] = (struct cpuset_step){group, cpus};
}

/* What was the container's whole set stays that; any other set loses what is not the container's
 * any more, and one that has nothing left gets all that its parent has. */
static void aim(struct order *o, const struct ranges *wanted, struct arena *a)
{
	const struct ranges *old = &o->groups[0].cpus;

	o->target[0] = *wanted;
	for (size_t i = 1; i < o->n; i++) {
		const struct cpuset_group *g = &o->groups[i];
		struct ranges left = ranges_intersect(&g->cpus, wanted, a);

		if (ranges_equal(&g->cpus, old))
			o->target[i] = *wanted;
		else
			o->target[i] = left.n > 0 || g->cpus.n == 0 ? left : o->target[g->parent];
		left = ranges_intersect(&g->cpus, &o->target[i], a);
		if (left.n > 0 || g->cpus.n == 0)
			continue;
		for (size_t up = i; !o->wide[up]; up = o->groups[up].parent)
			o->wide[up] = true;
	}
}

static void narrow(struct order *o, struct arena *a)
{
	for (size_t i = o->n; i-- > 1;) {
		const struct ranges *now = &o->groups[i].cpus;
		struct ranges left = ranges_intersect(now, &o->target[i], a);

		if (!o->wide[i] && !ranges_equal(&left, now))
			add(o, i, left);
	}
}

static void move(struct order *o, struct arena *a)
{
	for (size_t i = 0; i < o->n; i++) {
		struct ranges both = ranges_union(&o->groups[i].cpus, &o->target[i], a);

		if (o->wide[i] && !ranges_equal(&both, &o->groups[i].cpus))
			add(o, i, both);
	}
	for (size_t i = o->n; i-- > 0;) {
		if (o->wide[i] && !ranges_equal(&o->groups[i].cpus, &o->target[i]))
			add(o, i, o->target[i]);
	}
}

static void grow(struct order *o, struct arena *a)
{
	for (size_t i = 0; i < o->n; i++) {
		struct ranges left = ranges_intersect(&o->groups[i].cpus, &o->target[i], a);

		/* The container's own set did not go through `narrow`. */
		if (!o->wide[i] &&
		    !ranges_equal(i == 0 ? &o->groups[0].cpus : &left, &o->target[i]))
			add(o, i, o->target[i]);
	}
}

size_t cpuset_order(const struct cpuset_group *groups, size_t n, const struct ranges *wanted,
		    struct arena *a, struct cpuset_step **steps)
{
	struct order o = {.groups = groups, .n = n};

	o.target = arena_alloc(a, n * sizeof(*o.target));
	o.wide = arena_alloc(a, n * sizeof(*o.wide));
	o.steps = arena_alloc(a, 4 * n * sizeof(*o.steps));
	aim(&o, wanted, a);
	narrow(&o, a);
	move(&o, a);
	grow(&o, a);
	*steps = o.steps;
	return o.n_steps;
}
