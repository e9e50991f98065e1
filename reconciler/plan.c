#include "reconciler/plan.h"

#include "limits/blockio.h"
#include "limits/knobs.h"
#include "limits/netprio.h"
#include "limits/oom.h"
#include "limits/rlimit.h"
#include "reconciler/bootconfig.h"
#include "reconciler/modules.h"
#include "reconciler/sysctl.h"
#include "schema/arena.h"

#include <stdlib.h>
#include <string.h>

const struct driver *const drivers[] = {
    &cgroup_driver,  &bootconfig_driver, &blockio_driver, &modules_driver,
    &netprio_driver, &oom_driver,        &rlimit_driver,  &sysctl_driver,
};
const size_t n_drivers = sizeof(drivers) / sizeof(*drivers);

const struct driver *driver_for(const char *object)
{
	for (size_t i = 0; i < n_drivers; i++)
		if (object_is(object, drivers[i]->kind))
			return drivers[i];
	return NULL;
}

static void unsupported_add(struct properties *out, struct property p)
{
	p.certainty = UNSUPPORTED;
	p.effect = EFFECT_UNSUPPORTED;
	properties_add(out, p);
}

/* A kind of device that nobody carries out, or single options of one that somebody does. */
static void device_unsupported(const struct expanded_device *e, struct properties *out)
{
	const struct device *d = e->device;
	const char *object = object_name(out->arena, d->type->name, d->name);

	if (d->type->effect == EFFECT_UNSUPPORTED) {
		unsupported_add(out, (struct property){.object = object,
						       .attribute = "device",
						       .reason = d->type->note,
						       .from = e->from,
						       .at = d->at,
						       .key = d->name});
		return;
	}
	for (size_t i = 0; i < d->options.n; i++) {
		const struct setting *s = &d->options.items[i];

		if (s->key->effect == EFFECT_UNSUPPORTED)
			unsupported_add(out, (struct property){.object = object,
							       .attribute = s->name,
							       .reason = s->key->note,
							       .setting = s,
							       .from = e->from,
							       .key = s->name});
	}
}

void plan_unsupported(const struct instance *i, struct properties *out)
{
	for (size_t k = 0; k < i->n_config; k++) {
		const struct setting *s = i->config[k].setting;

		if (s->key->effect != EFFECT_UNSUPPORTED)
			continue;
		unsupported_add(out, (struct property){.object = "key",
						       .attribute = s->name,
						       .reason = s->key->note,
						       .setting = s,
						       .from = i->config[k].from,
						       .key = s->name});
	}
	for (size_t k = 0; k < i->n_devices; k++)
		device_unsupported(&i->devices[k], out);
}

void plan_desire(const struct world *w, const struct world_instance *i, struct properties *out)
{
	for (size_t k = 0; k < n_drivers; k++)
		drivers[k]->desire(w, i, out);
	plan_unsupported(i->instance, out);
	properties_sort(out);
}

void plan_observe(struct container *c, const struct properties *asked, struct properties *out)
{
	size_t start = 0;

	while (start < asked->n) {
		const struct driver *d = driver_for(asked->items[start].object);
		size_t end = start + 1;

		while (end < asked->n && driver_for(asked->items[end].object) == d)
			end++;
		if (d) {
			struct properties part = {
			    .arena = asked->arena, .items = asked->items + start, .n = end - start};
			d->observe(c, &part, out);
		}
		start = end;
	}
	properties_sort(out);
}

void plan_union(const struct properties *x, const struct properties *y, struct properties *out)
{
	size_t i = 0, j = 0;

	while (i < x->n || j < y->n) {
		int order = i == x->n   ? 1
			    : j == y->n ? -1
					: property_compare(&x->items[i], &y->items[j]);

		properties_add(out, order <= 0 ? x->items[i] : y->items[j]);
		i += order <= 0;
		j += order >= 0;
	}
}

bool plan_takes(const struct property *desired)
{
	return desired->certainty == CERTAIN_VALUE && desired->effect != EFFECT_UNSUPPORTED &&
	       desired->effect != EFFECT_IGNORED;
}

static enum phase phase_of(const char *object)
{
	if (object_is(object, "config"))
		return PHASE_BOOT_FILE;
	return PHASE_LIMIT;
}

static struct change change_for(const struct property *p, enum action action)
{
	return (struct change){
	    .object = p->object,
	    .attribute = p->attribute,
	    .to = p->value,
	    .observed = CERTAIN_VALUE,
	    .action = action,
	    .effect = p->effect,
	    .phase = phase_of(p->object),
	    .key = p->key,
	    .setting = p->setting,
	    .origin = p->from,
	    .at = p->at,
	    .reason = p->reason,
	    .remedy = p->remedy,
	    .force = p->force,
	};
}

/* Shown, never done: this host has no place for it, or nobody could look. */
static void plan_shown(struct changes *out, const struct property *want, const struct property *why)
{
	struct change c = change_for(want, ACTION_NONE);

	c.observed = why->certainty;
	c.reason = why->reason;
	c.remedy = why->remedy;
	if (why->certainty == UNSUPPORTED)
		c.effect = EFFECT_UNSUPPORTED;
	changes_add(out, c);
}

static void plan_desired(struct changes *out, const struct property *want,
			 const struct property *live)
{
	static const struct property unseen = {.certainty = UNKNOWN, .reason = "not observed"};
	struct change c;

	if (!plan_takes(want)) {
		plan_shown(out, want, want);
		return;
	}
	if (!live)
		live = &unseen;
	if (live->certainty == UNKNOWN || live->certainty == UNSUPPORTED) {
		plan_shown(out, want, live);
		return;
	}
	if (live->certainty == CERTAIN_VALUE && strcmp(live->value, want->value) == 0)
		return;
	c = change_for(want, live->certainty == CERTAIN_ABSENT ? ACTION_ADD : ACTION_CHANGE);
	c.from = live->value;
	c.observed = live->certainty;
	if (live->reason)
		c.reason = live->reason;
	if (want->effect == EFFECT_RESTART)
		c.action = ACTION_WAIT;
	changes_add(out, c);
}

/* Ours, and nobody wants it any more. */
static void plan_put_back(const struct container *c, const struct property *own,
			  const struct property *live, struct changes *out, struct properties *kept)
{
	const struct driver *d = driver_for(own->object);
	struct change change = change_for(own, ACTION_REMOVE);
	const char *base;

	if (!d)
		return;
	/* What cannot be looked at now may still hold: it stays ours until it was put back. */
	if (!live || live->certainty == UNSUPPORTED) {
		properties_add(kept, *own);
		return;
	}
	if (live->certainty == UNKNOWN) {
		plan_shown(out, own, live);
		properties_add(kept, *own);
		return;
	}
	base = d->base(c, own, out->arena);
	if (live->certainty == CERTAIN_ABSENT || (base && strcmp(base, live->value) == 0))
		return;
	change.from = live->value;
	change.to = base;
	change.effect = d->effect;
	change.reason = "no longer in the manifest";
	if (d->effect == EFFECT_RESTART)
		change.action = ACTION_WAIT;
	changes_add(out, change);
	properties_add(kept, *own);
}

/* The next of three sorted sides: the smallest name still to come, and which sides have it. */
struct walk {
	const struct properties *sides[3];
	size_t at[3];
	const struct property *found[3];
};

enum { DESIRED, OBSERVED, OWNED };

static bool walk_next(struct walk *w)
{
	const struct property *least = NULL;

	for (int i = 0; i < 3; i++) {
		const struct property *p =
		    w->at[i] < w->sides[i]->n ? &w->sides[i]->items[w->at[i]] : NULL;

		w->found[i] = p;
		if (p && (!least || property_compare(p, least) < 0))
			least = p;
	}
	for (int i = 0; least && i < 3; i++) {
		if (w->found[i] && property_compare(w->found[i], least) == 0)
			w->at[i]++;
		else
			w->found[i] = NULL;
	}
	return least;
}

static int compare_phases(const struct change *x, const struct change *y)
{
	return (int)x->phase - (int)y->phase;
}

/* By phase; inside one the order of names stays. Plans are short: an insertion sort is stable. */
static void order(struct changes *out, size_t start)
{
	for (size_t i = start + 1; i < out->n; i++) {
		struct change c = out->items[i];
		size_t j = i;

		for (; j > start && compare_phases(&out->items[j - 1], &c) > 0; j--)
			out->items[j] = out->items[j - 1];
		out->items[j] = c;
	}
}

static bool can_be_had(const struct property *want, const struct property *live)
{
	return plan_takes(want) && !(live && live->certainty == UNSUPPORTED);
}

void plan_diff(const struct container *c, const struct properties *desired,
	       const struct properties *observed, const struct properties *owned,
	       struct changes *out, struct properties *kept)
{
	struct walk at = {
	    .sides = {desired, observed, owned}
        };
	size_t start = out->n;

	while (walk_next(&at)) {
		if (at.found[DESIRED])
			plan_desired(out, at.found[DESIRED], at.found[OBSERVED]);
		if (at.found[DESIRED] && at.found[OWNED] &&
		    !can_be_had(at.found[DESIRED], at.found[OBSERVED]))
			properties_add(kept, *at.found[OWNED]);
		else if (at.found[OWNED] && !at.found[DESIRED])
			plan_put_back(c, at.found[OWNED], at.found[OBSERVED], out, kept);
		/* observed only: not ours */
	}
	order(out, start);
}

/* A record without a value owns something that lives only while the container runs. */
static void plan_desired_stopped(struct changes *out, const struct property *want,
				 const struct property *own, bool will_start)
{
	struct change c;

	if (!plan_takes(want)) {
		plan_shown(out, want, want);
		return;
	}
	if (own && (!own->value || strcmp(own->value, want->value) == 0))
		return;
	c = change_for(want, own ? ACTION_CHANGE : ACTION_ADD);
	c.from = own ? own->value : NULL;
	c.observed = own ? CERTAIN_VALUE : CERTAIN_ABSENT;
	c.effect = will_start ? EFFECT_START : EFFECT_RESTART;
	changes_add(out, c);
}

static void plan_put_back_stopped(struct changes *out, const struct property *own, bool will_start,
				  struct properties *kept)
{
	struct change c;

	if (!own->value) {
		properties_add(kept, *own);
		return;
	}
	c = change_for(own, ACTION_REMOVE);
	c.from = own->value;
	c.to = NULL;
	c.effect = will_start ? EFFECT_START : EFFECT_RESTART;
	c.reason = "no longer in the manifest";
	changes_add(out, c);
}

void plan_diff_stopped(const struct properties *desired, const struct properties *owned,
		       bool will_start, struct changes *out, struct properties *kept)
{
	static const struct properties none;
	struct walk at = {
	    .sides = {desired, &none, owned}
        };
	size_t start = out->n;

	while (walk_next(&at)) {
		if (at.found[DESIRED])
			plan_desired_stopped(out, at.found[DESIRED], at.found[OWNED], will_start);
		if (at.found[DESIRED] && at.found[OWNED] && !plan_takes(at.found[DESIRED]))
			properties_add(kept, *at.found[OWNED]);
		else if (at.found[OWNED] && !at.found[DESIRED])
			plan_put_back_stopped(out, at.found[OWNED], will_start, kept);
	}
	order(out, start);
}
