#include "reconciler/watching.h"

#include "reconciler/plan.h"
#include "reconciler/round.h"
#include "schema/arena.h"
#include "schema/nic.h"

#include <string.h>

#define FILES_MOST 64
#define LINKS_MOST 256
#define HERE (-1)

static uint64_t mix(uint64_t digest, const void *bytes, size_t n)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < n; i++)
		digest = (digest ^ b[i]) * UINT64_C(1099511628211);
	return digest;
}

static uint64_t mix_text(uint64_t digest, const char *text)
{
	return text ? mix(digest, text, strlen(text) + 1) : mix(digest, "\1", 1);
}

/* ---- kernel files ---- */

/* Once for each run: they stay the same ones. */
static void watch_values(struct round *r, struct turn *t)
{
	const struct properties *desired = &t->subject->desired;
	const char *paths[FILES_MOST];
	uint64_t digest = UINT64_C(14695981039346656037);
	size_t n = 0;

	if (!t->kept || !t->ward->fresh)
		return;
	for (size_t i = 0; i < desired->n; i++) {
		const struct property *p = &desired->items[i];
		const struct driver *d = plan_takes(p) ? driver_for(p->object) : NULL;

		if (d && d->files)
			n +=
			    d->files(t->subject->container, p, r->arena, paths + n, FILES_MOST - n);
	}
	for (size_t i = 0; i < n; i++)
		digest = mix(digest, paths[i], strlen(paths[i]));
	if (!r->keeper->holds || digest == t->ward->held)
		return;
	r->keeper->holds(r->keeper->context, t->ward, paths, n);
	t->ward->held = digest;
	/* what was written between the look and the watch was no event */
	keeper_remind(r->keeper, t->ward);
}

/* ---- interfaces ---- */

/* What its objects are made of: they come anew with each of their links. */
static size_t links_of_objects(struct round *r, const struct turn *t, struct watched_link *out)
{
	const struct properties *desired = &t->subject->desired;
	const char *object = NULL;
	size_t n = 0;

	if (!subject_runs(t->subject))
		return 0;
	for (size_t i = 0; i < desired->n; i++) {
		const struct property *p = &desired->items[i];
		const struct driver *d = driver_for(p->object);

		if (!d || !d->links || (object && strcmp(p->object, object) == 0))
			continue;
		object = p->object;
		n += d->links(t->subject->container, object, r->arena, out + n, LINKS_MOST - n);
	}
	return n;
}

/* What its nics hang on: a bridge that is missing may come, one that goes takes them along. */
static size_t links_of_parents(struct round *r, const struct turn *t, struct watched_link *out,
			       size_t most)
{
	const struct world *w = &r->survey.world;
	struct nic *nics;
	size_t n = nics_of(t->outcome.instance, w->networks, w->n_networks, NULL, r->arena, &nics);
	size_t put = 0;

	for (size_t i = 0; i < n && put < most; i++)
		if (nics[i].parent)
			out[put++] = (struct watched_link){.nsid = HERE, .name = nics[i].parent};
	/* a dead container's is left on the host under the name that it had inside */
	for (size_t i = 0; i < n && put < most; i++)
		if (nics[i].kind == NIC_PHYSICAL)
			out[put++] = (struct watched_link){.nsid = HERE, .name = nics[i].name};
	return put;
}

static bool has_nics(const struct instance *instance)
{
	for (size_t i = 0; i < instance->n_devices; i++)
		if (strcmp(instance->devices[i].device->type->name, "nic") == 0)
			return true;
	return false;
}

static uint64_t digest_of(const struct watched_link *links, size_t n)
{
	uint64_t digest = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < n; i++) {
		digest = mix(digest, &links[i].nsid, sizeof(links[i].nsid));
		digest = mix(digest, &links[i].index, sizeof(links[i].index));
		digest = mix(digest, &links[i].routes, sizeof(links[i].routes));
		digest = mix_text(digest, links[i].name);
	}
	return n ? digest | 1 : 0;
}

static void watch_links(struct round *r, struct turn *t)
{
	struct watched_link links[LINKS_MOST];
	struct ward *w = t->ward;
	uint64_t digest;
	size_t n = 0;

	if (!r->keeper->links)
		return;
	if (has_nics(t->outcome.instance)) {
		n = links_of_objects(r, t, links);
		n += links_of_parents(r, t, links + n, LINKS_MOST - n);
	}
	digest = digest_of(links, n);
	if (digest == w->linked)
		return;
	r->keeper->links(r->keeper->context, w, links, n);
	w->linked = digest;
	/* what happened to them between the look and this was no event */
	if (n)
		keeper_remind(r->keeper, w);
}

void watching_turn(struct round *r, struct turn *t)
{
	watch_values(r, t);
	watch_links(r, t);
}
