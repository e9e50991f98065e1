#include "schema/instance_idmap.h"

#include "schema/arena.h"
#include "schema/complaint.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Lines that one message may list. */
#define MOST_MISSING 8

const struct expanded *instance_idmap_setting(const struct instance *i)
{
	static const char *const keys[] = {
	    "raw.idmap",           "security.idmap.base",
	    "security.idmap.size", "security.idmap.isolated",
	    "security.privileged",
	};

	for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
		const struct expanded *e = instance_get(i, keys[k]);

		if (e)
			return e;
	}
	return NULL;
}

bool instance_isolated(const struct instance *i, struct arena *a, uint32_t *size, uint32_t *base,
		       bool *based)
{
	struct value v;

	if (!instance_yes(i, "security.idmap.isolated", false) ||
	    instance_yes(i, "security.privileged", false))
		return false;
	*size = instance_value(i, "security.idmap.size", a, &v) ? (uint32_t)v.number : IDMAP_WINDOW;
	*based = instance_value(i, "security.idmap.base", a, &v);
	*base = *based ? (uint32_t)v.number : 0;
	return true;
}

static struct idmap_half half_of(uint32_t host, uint32_t count, struct arena *a)
{
	struct idmap_half half = {arena_alloc(a, sizeof(*half.items)), 1};

	half.items[0] = (struct idmap_entry){0, host, count};
	return half;
}

static struct idmap_half shared_half(const struct idmap_half *preset, struct arena *a)
{
	uint32_t count = preset->items[0].count;

	/* The rest of root's range is for isolated windows: nobody else may reach them. */
	return half_of(preset->items[0].host, count < IDMAP_WINDOW ? count : IDMAP_WINDOW, a);
}

static int no_window(const struct world_instance *i, struct complaint *why)
{
	complaint_set(why, 0, "%s",
		      i->window_refused ? i->window_refused : "it has no window of ids of its own");
	return -EINVAL;
}

static int no_range(const struct host *h, struct complaint *why)
{
	complaint_set(why, 0, "root has no range of %u ids to give", IDMAP_WINDOW);
	if (h->idmap_missing)
		complaint_hint(why, "%s", h->idmap_missing);
	return -ENOENT;
}

static int base_map(const struct world_instance *i, const struct host *h, struct arena *a,
		    struct idmap *out, struct complaint *why)
{
	if (instance_yes(i->instance, "security.idmap.isolated", false)) {
		if (i->window.size == 0)
			return no_window(i, why);
		out->uid = half_of(i->window.base, i->window.size, a);
		out->gid = half_of(i->window.base, i->window.size, a);
		return 0;
	}
	if (h->idmap.uid.n == 0 || h->idmap.gid.n == 0)
		return no_range(h, why);
	out->uid = shared_half(&h->idmap.uid, a);
	out->gid = shared_half(&h->idmap.gid, a);
	return 0;
}

int instance_idmap(const struct world_instance *i, const struct host *h, struct arena *a,
		   struct idmap *out, struct complaint *why)
{
	struct idmap map = {0};
	struct value v;
	int r;

	if (instance_yes(i->instance, "security.privileged", false)) {
		*out = map;
		return 0;
	}
	r = base_map(i, h, a, &map, why);
	if (r < 0)
		return r;
	if (instance_value(i->instance, "raw.idmap", a, &v)) {
		r = idmap_punch(&map, instance_text(i->instance, "raw.idmap"), v.idmap.lines,
				v.idmap.n, a, why);
		if (r < 0)
			return r;
	}
	r = idmap_check(&map, why);
	if (r == 0)
		*out = map;
	return r;
}

struct taken {
	struct idmap_window *items; /* sorted by base, which finding is fastest with */
	size_t n;
};

static void take(struct taken *t, struct idmap_window w)
{
	size_t at = t->n++;

	for (; at > 0 && t->items[at - 1].base > w.base; at--)
		t->items[at] = t->items[at - 1];
	t->items[at] = w;
}

static void grant(struct world_instance *i, struct taken *t, uint32_t base, uint32_t size)
{
	i->window = (struct idmap_window){base, size, i->instance->name};
	i->window_refused = NULL;
	take(t, i->window);
}

static void refuse(struct world_instance *i, const char *reason)
{
	i->window = (struct idmap_window){0};
	i->window_refused = reason;
}

enum round { ROUND_ASKED, ROUND_HELD, ROUND_FREE, N_ROUNDS };

static bool free_window(const struct host *h, const struct taken *t, struct idmap_window w,
			struct complaint *why)
{
	return idmap_window_check(&h->idmap, t->items, t->n, &w, why) == 0;
}

static void place(struct world_instance *i, enum round round, const struct host *h, struct taken *t,
		  struct arena *a)
{
	uint32_t size, base;
	struct complaint why;
	bool based;

	if (!instance_isolated(i->instance, a, &size, &base, &based)) {
		i->window = (struct idmap_window){0};
		return;
	}
	if (based) {
		struct idmap_window asked = {base, size, i->instance->name};

		if (round != ROUND_ASKED)
			return;
		if (free_window(h, t, asked, &why))
			grant(i, t, base, size);
		else
			refuse(i, arena_strdup(a, why.message));
	} else if (round == ROUND_HELD && i->window.size > 0) {
		i->window.holder = i->instance->name;
		if (i->window.size == size && free_window(h, t, i->window, &why))
			grant(i, t, i->window.base, size);
		else
			i->window = (struct idmap_window){0};
	} else if (round == ROUND_FREE && i->window.size == 0) {
		if (idmap_window_find(&h->idmap, t->items, t->n, size, &base) == 0)
			grant(i, t, base, size);
		else
			refuse(i,
			       arena_printf(a,
					    "root has no free window of %u ids beyond the first %u "
					    "of its range in subuid and subgid",
					    size, IDMAP_WINDOW));
	}
}

void instance_windows(struct world_instance *items, size_t n, const struct host *h,
		      const struct idmap_window *foreign, size_t n_foreign, struct arena *a)
{
	struct taken t = {arena_alloc(a, (n + n_foreign) * sizeof(*t.items)), 0};

	for (size_t i = 0; i < n_foreign; i++)
		take(&t, foreign[i]);
	for (int round = ROUND_ASKED; round < N_ROUNDS; round++) {
		for (size_t i = 0; i < n; i++)
			place(&items[i], (enum round)round, h, &t, a);
	}
}

char *instance_idmap_missing(const struct idmap_half *half, const struct subid *subids, size_t n,
			     struct arena *a)
{
	struct ranges gaps = idmap_uncovered(half, subids, n, a);
	char *lines = NULL;

	for (size_t i = 0; i < gaps.n && i < MOST_MISSING; i++)
		lines = arena_printf(a, "%s%sroot:%" PRIu64 ":%" PRIu64, lines ? lines : "",
				     lines ? "\n" : "", gaps.items[i].first,
				     gaps.items[i].last - gaps.items[i].first + 1);
	return lines;
}
