#include "limits/spread.h"

#include "schema/arena.h"

#include <stdlib.h>
#include <string.h>

/* The field while it is worked on: how much each core and package is used. */
struct work {
	struct field *f;
	size_t *core, *package; /* by place: its index in the sums */
	uint32_t *core_used, *package_used;
};

static int compare_ids(const void *x, const void *y)
{
	const uint64_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/* Numbers of any size become indexes. */
static size_t *index_ids(const uint64_t *ids, size_t n, struct arena *a)
{
	uint64_t *sorted = arena_alloc(a, n * sizeof(*sorted));
	size_t *index = arena_alloc(a, n * sizeof(*index));

	if (n == 0)
		return index;
	memcpy(sorted, ids, n * sizeof(*ids));
	qsort(sorted, n, sizeof(*sorted), compare_ids);
	for (size_t i = 0; i < n; i++) {
		const uint64_t *at = bsearch(&ids[i], sorted, n, sizeof(*sorted), compare_ids);

		while (at > sorted && at[-1] == *at)
			at--;
		index[i] = (size_t)(at - sorted);
	}
	return index;
}

static void work_start(struct work *w, struct field *f, struct arena *a)
{
	uint64_t *ids = arena_alloc(a, f->n * sizeof(*ids));

	w->f = f;
	w->core_used = arena_alloc(a, f->n * sizeof(*w->core_used));
	w->package_used = arena_alloc(a, f->n * sizeof(*w->package_used));
	for (size_t i = 0; i < f->n; i++)
		ids[i] = f->places ? f->places[i].core : i;
	w->core = index_ids(ids, f->n, a);
	for (size_t i = 0; i < f->n; i++)
		ids[i] = f->places ? f->places[i].package : i;
	w->package = index_ids(ids, f->n, a);
	for (size_t i = 0; i < f->n; i++) {
		w->core_used[w->core[i]] += f->used[i];
		w->package_used[w->package[i]] += f->used[i];
	}
}

static void take(struct work *w, struct claim *c, size_t place)
{
	c->given[place] = true;
	w->f->used[place]++;
	w->core_used[w->core[place]]++;
	w->package_used[w->package[place]]++;
}

static void leave(struct work *w, struct claim *c, size_t place)
{
	c->given[place] = false;
	w->f->used[place]--;
	w->core_used[w->core[place]]--;
	w->package_used[w->package[place]]--;
}

static bool may_have(const struct claim *c, size_t place)
{
	return !c->pool || c->pool[place];
}

static bool holds(const struct claim *c, size_t place)
{
	return c->held && c->held[place] && may_have(c, place);
}

/* Is X the better place to be? Numbers decide between equals, so it never says yes both ways. */
static bool better(const struct work *w, size_t x, size_t y)
{
	if (w->f->used[x] != w->f->used[y])
		return w->f->used[x] < w->f->used[y];
	if (w->core_used[w->core[x]] != w->core_used[w->core[y]])
		return w->core_used[w->core[x]] < w->core_used[w->core[y]];
	if (w->package_used[w->package[x]] != w->package_used[w->package[y]])
		return w->package_used[w->package[x]] < w->package_used[w->package[y]];
	return x < y;
}

/* The best place that C does not have yet; n: none. */
static size_t best_place(const struct work *w, const struct claim *c, bool only_held)
{
	size_t best = w->f->n;

	for (size_t i = 0; i < w->f->n; i++) {
		if (c->given[i] || !may_have(c, i) || (only_held && !holds(c, i)))
			continue;
		if (best == w->f->n || better(w, i, best))
			best = i;
	}
	return best;
}

static size_t count_held(const struct work *w, const struct claim *c)
{
	size_t n = 0;

	for (size_t i = 0; i < w->f->n; i++)
		n += holds(c, i);
	return n;
}

static void keep_all(struct work *w, struct claim *c)
{
	for (size_t i = 0; i < w->f->n; i++)
		if (holds(c, i))
			take(w, c, i);
}

static void fill(struct work *w, struct claim *c, size_t has, bool only_held)
{
	for (; has < c->need; has++) {
		size_t place = best_place(w, c, only_held);

		if (place == w->f->n)
			return;
		take(w, c, place);
	}
}

struct move {
	struct claim *claim;
	size_t from, to;
	uint32_t gain; /* the difference of use between the two */
	int cost;      /* -1: back to what it holds; 0: nothing lost; 1: leaves what it holds */
};

/* The worst place that C sits on: the one used most; of equals, one it does not hold yet. */
static size_t worst_place(const struct work *w, const struct claim *c)
{
	size_t worst = w->f->n;

	for (size_t i = 0; i < w->f->n; i++) {
		if (!c->given[i])
			continue;
		if (worst == w->f->n || w->f->used[i] > w->f->used[worst] ||
		    (w->f->used[i] == w->f->used[worst] &&
		     (holds(c, i) != holds(c, worst) ? !holds(c, i) : better(w, worst, i))))
			worst = i;
	}
	return worst;
}

static struct move best_move_of(const struct work *w, struct claim *c)
{
	struct move m = {c, worst_place(w, c), best_place(w, c, false), 0, 0};
	size_t n = w->f->n, held;

	if (m.from == n || m.to == n || w->f->used[m.from] < w->f->used[m.to] + 2)
		return m;
	held = best_place(w, c, true);
	if (held < n && w->f->used[held] == w->f->used[m.to])
		m.to = held;
	m.gain = w->f->used[m.from] - w->f->used[m.to];
	m.cost = (int)holds(c, m.from) - (int)holds(c, m.to);
	return m;
}

/* Where no two places differ by two there is nothing to look for: the common case. */
static bool uneven(const struct work *w)
{
	uint32_t least = UINT32_MAX, most = 0;

	for (size_t i = 0; i < w->f->n; i++) {
		least = w->f->used[i] < least ? w->f->used[i] : least;
		most = w->f->used[i] > most ? w->f->used[i] : most;
	}
	return most > least && most - least >= 2;
}

/* Each move makes the sum of the squares of all uses smaller: it ends. */
static bool move_one(struct work *w, struct claim *claims, size_t n)
{
	struct move best = {0};

	if (!uneven(w))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct move m = best_move_of(w, &claims[i]);

		if (m.gain > best.gain || (m.gain > 0 && m.gain == best.gain && m.cost < best.cost))
			best = m;
	}
	if (best.gain == 0)
		return false;
	leave(w, best.claim, best.from);
	take(w, best.claim, best.to);
	return true;
}

void spread(struct field *f, struct claim *claims, size_t n, struct arena *a)
{
	size_t *held = arena_alloc(a, n * sizeof(*held));
	struct work w;

	work_start(&w, f, a);
	for (size_t i = 0; i < n; i++) {
		held[i] = count_held(&w, &claims[i]);
		if (held[i] <= claims[i].need)
			keep_all(&w, &claims[i]);
	}
	for (size_t i = 0; i < n; i++) {
		if (held[i] > claims[i].need)
			fill(&w, &claims[i], 0, true);
		else
			fill(&w, &claims[i], held[i], false);
	}
	while (move_one(&w, claims, n))
		;
}
