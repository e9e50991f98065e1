#include "net/linkholds.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Instead of a digest. */
#define UNKNOWN UINT64_C(0)
#define ABSENT UINT64_C(1)

struct hold;

struct owner {
	char *name;
	struct hold *holds;
	bool found;
	struct owner *next_found;
};

/* One interface, for all who hold it alike. */
struct held {
	int nsid;
	int index;           /* by name: of whichever has it now; 0: none */
	char name[IFNAMSIZ]; /* "": held by index */
	uint64_t told, latest;
	bool shaped;
	bool queued; /* among the changed */
	struct held *next_changed;
	struct held *next, **back; /* all */
	struct hold *holds;
};

struct hold {
	struct owner *owner;
	struct held *held;
	bool routes;
	struct hold *next_of_owner;
	struct hold *next, **back; /* of the interface */
};

/* Three trees: those held by index, those held by name, and these again by the index of who has the
 * name now. */
struct linkholds {
	void *owners, *by_index, *by_name, *by_bearer;
	struct held *all, *changed;
	struct owner *found;
	size_t n, routes;
};

static void *or_end(void *piece)
{
	if (piece)
		return piece;
	fputs("evenkeel: out of memory\n", stderr);
	_Exit(2);
}

/* ---- trees ---- */

static int compare_owners(const void *x, const void *y)
{
	const struct owner *a = x, *b = y;

	return strcmp(a->name, b->name);
}

static int compare_indexes(const void *x, const void *y)
{
	const struct held *a = x, *b = y;

	if (a->nsid != b->nsid)
		return a->nsid < b->nsid ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

static int compare_names(const void *x, const void *y)
{
	const struct held *a = x, *b = y;

	if (a->nsid != b->nsid)
		return a->nsid < b->nsid ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void *find(void *const *tree, const void *key, int (*compare)(const void *, const void *))
{
	void *node = tfind(key, tree, compare);

	return node ? *(void **)node : NULL;
}

static struct held *find_index(void *const *tree, int nsid, int index)
{
	const struct held key = {.nsid = nsid, .index = index};

	return find(tree, &key, compare_indexes);
}

static struct held *find_name(const struct linkholds *h, int nsid, const char *name)
{
	struct held key = {.nsid = nsid};

	if (!name || strlen(name) >= sizeof(key.name))
		return NULL;
	memcpy(key.name, name, strlen(name) + 1);
	return find(&h->by_name, &key, compare_names);
}

/* Who has its name now, INDEX (0: nobody), is known by it. */
static void set_bearer(struct linkholds *h, struct held *held, int index)
{
	if (held->index == index)
		return;
	if (held->index)
		tdelete(held, &h->by_bearer, compare_indexes);
	held->index = index;
	if (index)
		or_end(tsearch(held, &h->by_bearer, compare_indexes));
}

/* ---- interfaces ---- */

static struct held *held_find(const struct linkholds *h, const struct watched_link *l)
{
	return l->index ? find_index(&h->by_index, l->nsid, l->index)
			: find_name(h, l->nsid, l->name);
}

static void held_link(struct linkholds *h, struct held *held)
{
	held->next = h->all;
	held->back = &h->all;
	if (h->all)
		h->all->back = &held->next;
	h->all = held;
	h->n++;
}

static struct held *held_new(struct linkholds *h, const struct watched_link *l)
{
	struct held *held = or_end(calloc(1, sizeof(*held)));

	held->nsid = l->nsid;
	if (l->index) {
		held->index = l->index;
		or_end(tsearch(held, &h->by_index, compare_indexes));
	} else {
		memcpy(held->name, l->name, strlen(l->name) + 1);
		or_end(tsearch(held, &h->by_name, compare_names));
	}
	held_link(h, held);
	return held;
}

static void held_free(struct linkholds *h, struct held *held)
{
	if (*held->name) {
		set_bearer(h, held, 0);
		tdelete(held, &h->by_name, compare_names);
	} else {
		tdelete(held, &h->by_index, compare_indexes);
	}
	*held->back = held->next;
	if (held->next)
		held->next->back = held->back;
	h->n--;
	free(held);
}

static uint64_t digest_of(const struct held *held, const struct link_seen *seen)
{
	uint64_t digest = *held->name && held->nsid == LINK_HERE
			      ? seen->brief * 31 + (uint64_t)seen->index
			  : *held->name ? seen->whole * 31 + (uint64_t)seen->index
					: seen->whole;

	return digest == UNKNOWN || digest == ABSENT ? 2 : digest;
}

static void note(struct linkholds *h, struct held *held, uint64_t digest)
{
	held->latest = digest;
	if (held->queued)
		return;
	held->queued = true;
	held->next_changed = h->changed;
	h->changed = held;
}

/* ---- who holds what ---- */

static void hold_add(struct linkholds *h, struct owner *o, struct held *held, bool routes)
{
	struct hold *hold = or_end(calloc(1, sizeof(*hold)));

	*hold = (struct hold){.owner = o,
			      .held = held,
			      .routes = routes,
			      .next_of_owner = o->holds,
			      .next = held->holds,
			      .back = &held->holds};
	if (held->holds)
		held->holds->back = &hold->next;
	held->holds = hold;
	o->holds = hold;
	h->routes += routes;
}

static void holds_free(struct linkholds *h, struct hold *hold)
{
	struct hold *next;

	for (; hold; hold = next) {
		next = hold->next_of_owner;
		*hold->back = hold->next;
		if (hold->next)
			hold->next->back = hold->back;
		h->routes -= hold->routes;
		if (!hold->held->holds)
			held_free(h, hold->held);
		free(hold);
	}
}

static struct owner *owner_find(const struct linkholds *h, const char *name)
{
	const struct owner key = {.name = (char *)name};

	return find(&h->owners, &key, compare_owners);
}

static struct owner *owner_new(struct linkholds *h, const char *name)
{
	struct owner *o = or_end(calloc(1, sizeof(*o)));

	o->name = or_end(strdup(name));
	or_end(tsearch(o, &h->owners, compare_owners));
	return o;
}

static void owner_free(struct linkholds *h, struct owner *o)
{
	holds_free(h, o->holds);
	tdelete(o, &h->owners, compare_owners);
	free(o->name);
	free(o);
}

static bool can_be_held(const struct watched_link *l)
{
	return l->nsid >= LINK_HERE && (l->index > 0 || (l->index == 0 && l->name && *l->name &&
							 strlen(l->name) < IFNAMSIZ));
}

static void look_at_new(struct linkholds *h, struct held *held, const struct watched_link *l,
			bool (*look)(void *, const struct watched_link *, struct link_seen *,
				     bool *),
			void *context)
{
	struct link_seen seen = {0};
	bool unknown = false;
	bool there = look(context, l, &seen, &unknown);

	if (unknown)
		return;
	held->told = ABSENT;
	if (!there)
		return;
	if (*held->name && !find_index(&h->by_bearer, held->nsid, seen.index))
		set_bearer(h, held, seen.index);
	held->shaped = seen.shaped;
	held->told = digest_of(held, &seen);
}

void linkholds_set(struct linkholds *h, const char *owner, const struct watched_link *links,
		   size_t n,
		   bool (*look)(void *context, const struct watched_link *l, struct link_seen *seen,
				bool *unknown),
		   void *context)
{
	struct owner *o = owner_find(h, owner);
	struct hold *before = o ? o->holds : NULL;

	if (n == 0) {
		if (o)
			owner_free(h, o);
		return;
	}
	if (!o)
		o = owner_new(h, owner);
	/* what was held before goes last, so that what is held again is not looked at again */
	o->holds = NULL;
	for (size_t i = 0; i < n; i++) {
		struct held *held;

		if (!can_be_held(&links[i]))
			continue;
		held = held_find(h, &links[i]);
		if (!held) {
			held = held_new(h, &links[i]);
			look_at_new(h, held, &links[i], look, context);
		}
		hold_add(h, o, held, links[i].routes);
	}
	holds_free(h, before);
}

bool linkholds_cares(const struct linkholds *h, int nsid, int index, const char *name)
{
	return find_index(&h->by_index, nsid, index) || find_index(&h->by_bearer, nsid, index) ||
	       find_name(h, nsid, name);
}

bool linkholds_routes(const struct linkholds *h)
{
	return h->routes > 0;
}

/* ---- what is seen ---- */

void linkholds_saw(struct linkholds *h, int nsid, const struct link_seen *seen)
{
	struct held *held = find_index(&h->by_index, nsid, seen->index);

	if (held) {
		held->shaped = seen->shaped;
		note(h, held, digest_of(held, seen));
	}
	held = find_index(&h->by_bearer, nsid, seen->index);
	if (held && strcmp(held->name, seen->name) != 0) {
		set_bearer(h, held, 0);
		note(h, held, ABSENT);
	}
	held = find_name(h, nsid, seen->name);
	if (held) {
		set_bearer(h, held, seen->index);
		held->shaped = seen->shaped;
		note(h, held, digest_of(held, seen));
	}
}

void linkholds_went(struct linkholds *h, int nsid, int index)
{
	struct held *held = find_index(&h->by_index, nsid, index);

	if (held)
		note(h, held, ABSENT);
	held = find_index(&h->by_bearer, nsid, index);
	if (held) {
		set_bearer(h, held, 0);
		note(h, held, ABSENT);
	}
}

static void owner_found(struct linkholds *h, struct owner *o)
{
	if (o->found)
		return;
	o->found = true;
	o->next_found = h->found;
	h->found = o;
}

static void found_by(struct linkholds *h, const struct held *held, bool routes)
{
	for (const struct hold *hold = held ? held->holds : NULL; hold; hold = hold->next)
		if (!routes || hold->routes)
			owner_found(h, hold->owner);
}

void linkholds_queueing(struct linkholds *h, int index)
{
	struct held *held = find_index(&h->by_index, LINK_HERE, index);

	if (held && held->shaped)
		found_by(h, held, false);
	held = find_index(&h->by_bearer, LINK_HERE, index);
	if (held && held->shaped)
		found_by(h, held, false);
}

void linkholds_routing(struct linkholds *h, int index)
{
	found_by(h, find_index(&h->by_index, LINK_HERE, index), true);
	found_by(h, find_index(&h->by_bearer, LINK_HERE, index), true);
}

void linkholds_doubt(struct linkholds *h)
{
	for (struct held *held = h->all; held; held = held->next)
		held->told = UNKNOWN;
}

/* ---- telling ---- */

static void tell_held(struct linkholds *h, struct held *held)
{
	held->queued = false;
	if (held->latest == held->told)
		return;
	held->told = held->latest;
	for (const struct hold *hold = held->holds; hold; hold = hold->next)
		owner_found(h, hold->owner);
}

void linkholds_tell(struct linkholds *h, void (*found)(void *context, const char *owner),
		    void *context)
{
	while (h->changed) {
		struct held *held = h->changed;

		h->changed = held->next_changed;
		tell_held(h, held);
	}
	while (h->found) {
		struct owner *o = h->found;

		h->found = o->next_found;
		o->found = false;
		found(context, o->name);
	}
}

/* ---- beginning and end ---- */

struct linkholds *linkholds_new(void)
{
	return or_end(calloc(1, sizeof(struct linkholds)));
}

void linkholds_free(struct linkholds *h)
{
	if (!h)
		return;
	while (h->owners)
		owner_free(h, *(struct owner **)h->owners);
	free(h);
}

size_t linkholds_count(const struct linkholds *h)
{
	return h->n;
}
