#include "limits/balance.h"

#include "limits/spread.h"
#include "schema/arena.h"

#include <string.h>

#define CPU_KEY "limits.cpu"
#define NODES_KEY "limits.cpu.nodes"

/* The CPUs of the host by index, their nodes, and how many instances use each. */
struct board {
	struct world *w;
	const struct cpu *cpus;
	size_t n;
	struct ranges all; /* their numbers */
	uint32_t *used;
	const uint32_t *nodes; /* the nodes with CPUs, by index */
	size_t n_nodes;
	uint32_t *nodes_used;
};

/* One instance that asks for CPUs by number, or for balanced nodes. */
struct seeker {
	struct world_instance *i;
	bool counted, balanced;
	uint64_t count; /* counted */
	bool *pool;     /* the CPUs of its nodes; NULL: all */
	size_t n_pool;
	struct claim nodes; /* balanced */
};

static void board_start(struct board *b, struct world *w)
{
	const struct host *h = w->host;
	struct range *items = arena_alloc(w->arena, h->n_cpus * sizeof(*items));
	uint32_t *nodes = arena_alloc(w->arena, h->n_cpus * sizeof(*nodes));

	*b = (struct board){.w = w, .cpus = h->cpus, .n = h->n_cpus, .nodes = nodes};
	for (size_t i = 0; i < b->n; i++) {
		size_t k = 0;

		items[i] = (struct range){h->cpus[i].number, h->cpus[i].number};
		while (k < b->n_nodes && nodes[k] < h->cpus[i].node)
			k++;
		if (k < b->n_nodes && nodes[k] == h->cpus[i].node)
			continue;
		memmove(nodes + k + 1, nodes + k, (b->n_nodes - k) * sizeof(*nodes));
		nodes[k] = h->cpus[i].node;
		b->n_nodes++;
	}
	b->all = ranges_from(items, b->n, w->arena);
	b->used = arena_alloc(w->arena, b->n * sizeof(*b->used));
	b->nodes_used = arena_alloc(w->arena, b->n_nodes * sizeof(*b->nodes_used));
}

static bool *members_of(const struct board *b, const struct ranges *r)
{
	bool *in = arena_alloc(b->w->arena, b->n * sizeof(*in));

	for (size_t i = 0; i < b->n; i++)
		in[i] = ranges_contain(r, b->cpus[i].number);
	return in;
}

static struct ranges ranges_of(const struct board *b, const bool *in)
{
	struct range *items = arena_alloc(b->w->arena, b->n * sizeof(*items));
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		if (in[i])
			items[n++] = (struct range){b->cpus[i].number, b->cpus[i].number};
	return ranges_from(items, n, b->w->arena);
}

static void use(struct board *b, const struct ranges *r)
{
	for (size_t i = 0; i < b->n; i++)
		b->used[i] += ranges_contain(r, b->cpus[i].number);
}

/* A set by number: what of it this host has, never more. */
static void give_set(struct board *b, struct world_instance *i, const struct ranges *set)
{
	struct arena *a = b->w->arena;
	struct ranges given = ranges_intersect(set, &b->all, a);

	if (given.n == 0) {
		i->cpus_refused =
		    arena_printf(a, CPU_KEY ": none of the CPUs %s can be used: this host has %s",
				 ranges_print(set, a), ranges_print(&b->all, a));
		return;
	}
	i->cpus = given;
	use(b, &given);
}

/* The CPUs of nodes; false and a refusal where there are none. */
static bool set_pool(struct board *b, struct seeker *s, const struct ranges *nodes)
{
	struct arena *a = b->w->arena;

	s->pool = arena_alloc(a, b->n * sizeof(*s->pool));
	s->n_pool = 0;
	for (size_t i = 0; i < b->n; i++) {
		s->pool[i] = ranges_contain(nodes, b->cpus[i].node);
		s->n_pool += s->pool[i];
	}
	if (s->n_pool > 0)
		return true;
	s->i->cpus_refused =
	    arena_printf(a, NODES_KEY ": no CPU of the nodes %s can be used: this host has %s",
			 ranges_print(nodes, a), ranges_print(&b->w->host->nodes, a));
	return false;
}

static void use_nodes(struct board *b, const struct ranges *nodes)
{
	for (size_t k = 0; k < b->n_nodes; k++)
		b->nodes_used[k] += ranges_contain(nodes, b->nodes[k]);
}

static size_t cpus_of_node(const struct board *b, size_t k)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->cpus[i].node == b->nodes[k];
	return n;
}

/* How many nodes hold COUNT CPUs, whichever they are: the smallest ones are reckoned with. */
static size_t nodes_needed(const struct board *b, uint64_t count)
{
	size_t n, smallest = b->n;

	for (size_t k = 0; k < b->n_nodes; k++) {
		size_t has = cpus_of_node(b, k);

		smallest = has < smallest ? has : smallest;
	}
	n = smallest ? (size_t)((count + smallest - 1) / smallest) : 1;
	if (n < 1)
		n = 1;
	return n < b->n_nodes ? n : b->n_nodes;
}

static void claim_nodes(const struct board *b, struct seeker *s)
{
	struct arena *a = b->w->arena;
	uint64_t count = s->counted ? s->count : 0;
	bool *held = NULL;

	if (s->i->cpus_now.n > 0) {
		held = arena_alloc(a, b->n_nodes * sizeof(*held));
		for (size_t i = 0; i < b->n; i++)
			for (size_t k = 0; k < b->n_nodes; k++)
				held[k] |= b->cpus[i].node == b->nodes[k] &&
					   ranges_contain(&s->i->cpus_now, b->cpus[i].number);
	}
	s->nodes = (struct claim){
	    .need = nodes_needed(b, count < b->n ? count : b->n),
	    .held = held,
	    .given = arena_alloc(a, b->n_nodes * sizeof(bool)),
	};
}

static struct ranges given_nodes(const struct board *b, const struct claim *c)
{
	struct range *items = arena_alloc(b->w->arena, b->n_nodes * sizeof(*items));
	size_t n = 0;

	for (size_t k = 0; k < b->n_nodes; k++)
		if (c->given[k])
			items[n++] = (struct range){b->nodes[k], b->nodes[k]};
	return ranges_from(items, n, b->w->arena);
}

/* Reads what I asks for. What is fixed is given at once; true: S seeks. */
static bool read_wish(struct board *b, struct world_instance *i, struct seeker *s)
{
	struct value cpu, node;
	bool nodes = instance_value(i->instance, NODES_KEY, b->w->arena, &node);

	*s = (struct seeker){.i = i, .balanced = nodes && node.cpus.balanced};
	if (instance_value(i->instance, CPU_KEY, b->w->arena, &cpu)) {
		if (!cpu.cpus.counted) {
			give_set(b, i, &cpu.cpus.set);
			return false;
		}
		s->counted = true;
		s->count = cpu.cpus.count;
	}
	if (s->balanced) {
		claim_nodes(b, s);
		return true;
	}
	if (!nodes)
		return s->counted;
	if (!set_pool(b, s, &node.cpus.set))
		return false;
	use_nodes(b, &node.cpus.set);
	if (s->counted)
		return true;
	i->cpus = ranges_of(b, s->pool);
	use(b, &i->cpus);
	return false;
}

static void spread_nodes(struct board *b, struct seeker *seekers, size_t n)
{
	struct field f = {.n = b->n_nodes, .used = b->nodes_used};
	struct claim *claims = arena_alloc(b->w->arena, n * sizeof(*claims));
	size_t n_claims = 0;

	for (size_t i = 0; i < n; i++)
		if (seekers[i].balanced)
			claims[n_claims++] = seekers[i].nodes;
	spread(&f, claims, n_claims, b->w->arena);
	for (size_t i = 0; i < n; i++) {
		struct ranges nodes;

		if (!seekers[i].balanced)
			continue;
		nodes = given_nodes(b, &seekers[i].nodes);
		if (set_pool(b, &seekers[i], &nodes) && !seekers[i].counted) {
			seekers[i].i->cpus = ranges_of(b, seekers[i].pool);
			use(b, &seekers[i].i->cpus);
		}
	}
}

static void spread_cpus(struct board *b, struct seeker *seekers, size_t n)
{
	struct arena *a = b->w->arena;
	struct place_of *places = arena_alloc(a, b->n * sizeof(*places));
	struct field f = {.places = places, .n = b->n, .used = b->used};
	struct claim *claims = arena_alloc(a, n * sizeof(*claims));
	size_t n_claims = 0;

	for (size_t i = 0; i < b->n; i++)
		/* sysfs counts cores within their package */
		places[i] = (struct place_of){
		    .core = (uint64_t)b->cpus[i].package << 32 | b->cpus[i].core,
		    .package = b->cpus[i].package,
		};
	for (size_t i = 0; i < n; i++) {
		struct seeker *s = &seekers[i];
		size_t most = s->pool ? s->n_pool : b->n;

		if (!s->counted || most == 0)
			continue;
		claims[n_claims++] = (struct claim){
		    .need = s->count < most ? (size_t)s->count : most,
		    .pool = s->pool,
		    .held = s->i->cpus_now.n ? members_of(b, &s->i->cpus_now) : NULL,
		    .given = arena_alloc(a, b->n * sizeof(bool)),
		};
	}
	spread(&f, claims, n_claims, a);
	n_claims = 0;
	for (size_t i = 0; i < n; i++)
		if (seekers[i].counted && (!seekers[i].pool || seekers[i].n_pool > 0))
			seekers[i].i->cpus = ranges_of(b, claims[n_claims++].given);
}

/* It keeps what it has: CPUs of its own count as used. The mask of a fresh start is all CPUs and
 * says nothing. */
static void use_as_it_is(struct board *b, const struct world_instance *i)
{
	if (i->cpus_now.n > 0 && !ranges_cover(&i->cpus_now, &b->all))
		use(b, &i->cpus_now);
}

void balance(struct world *w)
{
	struct seeker *seekers = NULL;
	size_t n = 0, capacity = 0;
	struct board b;

	board_start(&b, w);
	for (size_t i = 0; i < w->n; i++) {
		struct world_instance *wi = &w->instances[i];
		struct seeker s;

		wi->cpus = (struct ranges){0};
		wi->cpus_refused = NULL;
		if (!wi->will_run)
			continue;
		if (wi->instance->held_back) {
			use_as_it_is(&b, wi);
			continue;
		}
		if (!instance_get(wi->instance, CPU_KEY) && !instance_get(wi->instance, NODES_KEY))
			continue;
		if (b.n == 0) {
			wi->cpus_refused = "the CPUs of this host could not be read";
			continue;
		}
		if (!read_wish(&b, wi, &s))
			continue;
		seekers = arena_grow(w->arena, seekers, n, &capacity, sizeof(*seekers));
		seekers[n++] = s;
	}
	if (n == 0)
		return;
	spread_nodes(&b, seekers, n);
	spread_cpus(&b, seekers, n);
}
