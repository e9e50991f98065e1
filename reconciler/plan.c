#include "reconciler/plan.h"

#include "schema/arena.h"

#include <stdlib.h>
#include <string.h>

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

/* The items of P from START on that are about one object end here. */
static size_t object_end(const struct properties *p, size_t start)
{
	size_t end = start + 1;

	while (end < p->n && strcmp(p->items[end].object, p->items[start].object) == 0)
		end++;
	return end;
}

static bool is_identity(const struct driver *d, const struct property *p)
{
	return d && d->identity && strcmp(p->attribute, d->identity) == 0;
}

/* Is what these N of one object are about not to be had at all? */
static bool object_refused(const struct driver *d, const struct property *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_identity(d, &items[i]))
			return !plan_takes(&items[i]);
	return false;
}

/* Of an object that cannot be had only that is said, and nothing is asked of its parts. */
static void leave_refused_alone(struct properties *p)
{
	size_t n = 0, end;

	for (size_t start = 0; start < p->n; start = end) {
		const struct driver *d = driver_for(p->items[start].object);
		bool refused;

		end = object_end(p, start);
		refused = object_refused(d, p->items + start, end - start);
		for (size_t i = start; i < end; i++)
			if (!refused || is_identity(d, &p->items[i]) || !plan_takes(&p->items[i]))
				p->items[n++] = p->items[i];
	}
	p->n = n;
}

void plan_desire(const struct world *w, const struct world_instance *i, struct properties *out)
{
	for (size_t k = 0; k < n_drivers; k++)
		drivers[k]->desire(w, i, out);
	plan_unsupported(i->instance, out);
	properties_sort(out);
	leave_refused_alone(out);
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

static enum phase phase_of(const struct driver *d, const struct property *p, enum action action)
{
	return d && d->phase ? d->phase(p, action) : PHASE_LIMIT;
}

static struct change change_for(const struct property *p, enum action action)
{
	const struct driver *d = driver_for(p->object);

	return (struct change){
	    .object = p->object,
	    .attribute = p->attribute,
	    .to = p->value,
	    .observed = CERTAIN_VALUE,
	    .action = action,
	    .effect = p->effect,
	    .phase = phase_of(d, p, action),
	    .key = p->key,
	    .setting = p->setting,
	    .origin = p->from,
	    .at = p->at,
	    .reason = p->reason,
	    .remedy = p->remedy,
	    .force = p->force,
	    .wrong = p->wrong,
	    .identity = is_identity(d, p),
	};
}

/* A value becomes another one: in place, or by another object where it says what the object is. */
static enum action change_of(const struct property *want)
{
	return is_identity(driver_for(want->object), want) ? ACTION_REPLACE : ACTION_CHANGE;
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
	c = change_for(want, live->certainty == CERTAIN_ABSENT ? ACTION_ADD : change_of(want));
	c.from = live->value;
	c.observed = live->certainty;
	if (live->reason)
		c.reason = live->reason;
	if (want->effect == EFFECT_RESTART)
		c.action = ACTION_WAIT;
	changes_add(out, c);
}

static const char *base_of(const struct container *c, const struct property *own, struct arena *a)
{
	const struct driver *d = driver_for(own->object);

	return d->base ? d->base(c, own, a) : NULL;
}

/* What becomes of an object as a whole. */
enum fate {
	FATE_STAYS,   /* each of its parts is for itself */
	FATE_REFUSED, /* nobody knows what it is, or it cannot be had: its parts are let be */
	FATE_LEAVES,  /* it goes, or another takes its place, and all that was ours of it with it */
	FATE_RETURNS, /* what its owner has in its place comes back with the next start */
};

/* Ours, and nobody wants it any more. */
static void plan_put_back(const struct container *c, const struct property *own,
			  const struct property *live, enum fate fate, struct changes *out,
			  struct properties *kept)
{
	const struct driver *d = driver_for(own->object);
	struct change change;
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
	base = fate == FATE_LEAVES ? NULL : base_of(c, own, out->arena);
	if (live->certainty == CERTAIN_ABSENT || (base && strcmp(base, live->value) == 0)) {
		if (fate == FATE_LEAVES) /* until it has left */
			properties_add(kept, *own);
		return;
	}
	change = change_for(own, ACTION_REMOVE);
	change.from = live->value;
	change.to = base;
	change.effect = d->effect;
	change.reason = "no longer in the manifest";
	if (fate == FATE_RETURNS)
		change.effect = EFFECT_RESTART;
	if (change.effect == EFFECT_RESTART)
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

static bool cannot_be_seen(const struct property *live)
{
	return !live || live->certainty == UNKNOWN || live->certainty == UNSUPPORTED;
}

static enum fate fate_wanted(const struct property *want, const struct property *live)
{
	if (!plan_takes(want) || cannot_be_seen(live))
		return FATE_REFUSED;
	if (live->certainty == CERTAIN_VALUE && strcmp(live->value, want->value) != 0)
		return FATE_LEAVES;
	return FATE_STAYS;
}

static enum fate fate_unwanted(const struct container *c, const struct property *own,
			       const struct property *live, struct arena *a)
{
	const char *base;

	if (cannot_be_seen(live))
		return FATE_REFUSED;
	if (live->certainty != CERTAIN_VALUE)
		return FATE_STAYS;
	base = base_of(c, own, a);
	if (!base)
		return FATE_LEAVES;
	return strcmp(base, live->value) == 0 ? FATE_STAYS : FATE_RETURNS;
}

static enum fate fate_of(const struct container *c, const struct walk *w, const char *object,
			 struct arena *a)
{
	const struct driver *d = driver_for(object);
	const struct property *found[3];

	if (!d || !d->identity)
		return FATE_STAYS;
	for (int i = 0; i < 3; i++)
		found[i] = properties_find(w->sides[i], object, d->identity);
	if (found[DESIRED])
		return fate_wanted(found[DESIRED], found[OBSERVED]);
	if (found[OWNED])
		return fate_unwanted(c, found[OWNED], found[OBSERVED], a);
	return FATE_STAYS;
}

/* Of an object that is refused only what it is is looked at. */
static void plan_refused(const struct property *const found[3], struct changes *out,
			 struct properties *kept)
{
	const struct property *want = found[DESIRED], *own = found[OWNED];
	const struct property *any = want ? want : own;

	if (is_identity(driver_for(any->object), any) || (want && !plan_takes(want))) {
		if (want)
			plan_desired(out, want, found[OBSERVED]);
		else if (found[OBSERVED] && found[OBSERVED]->certainty == UNKNOWN)
			plan_shown(out, own, found[OBSERVED]);
	}
	if (own)
		properties_add(kept, *own);
}

void plan_diff(const struct container *c, const struct properties *desired,
	       const struct properties *observed, const struct properties *owned,
	       struct changes *out, struct properties *kept)
{
	struct walk at = {
	    .sides = {desired, observed, owned}
        };
	const char *object = "";
	enum fate fate = FATE_STAYS;
	size_t start = out->n;

	while (walk_next(&at)) {
		const struct property *want = at.found[DESIRED], *own = at.found[OWNED];

		if (!want && !own) /* not ours */
			continue;
		if (strcmp(object, (want ? want : own)->object) != 0) {
			object = (want ? want : own)->object;
			fate = fate_of(c, &at, object, out->arena);
		}
		if (fate == FATE_REFUSED) {
			plan_refused(at.found, out, kept);
			continue;
		}
		if (want)
			plan_desired(out, want, at.found[OBSERVED]);
		if (want && own && !can_be_had(want, at.found[OBSERVED]))
			properties_add(kept, *own);
		else if (own && !want && fate == FATE_RETURNS &&
			 !is_identity(driver_for(object), own))
			properties_add(kept, *own); /* until then */
		else if (own && !want)
			plan_put_back(c, own, at.found[OBSERVED], fate, out, kept);
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
	c = change_for(want, own ? change_of(want) : ACTION_ADD);
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

static bool is_refused(const struct properties *desired, const char *object)
{
	const struct driver *d = driver_for(object);
	const struct property *want =
	    d && d->identity ? properties_find(desired, object, d->identity) : NULL;

	return want && !plan_takes(want);
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
		const struct property *want = at.found[DESIRED], *own = at.found[OWNED];

		if (want)
			plan_desired_stopped(out, want, own, will_start);
		if (own && (want ? !plan_takes(want) : is_refused(desired, own->object)))
			properties_add(kept, *own);
		else if (own && !want)
			plan_put_back_stopped(out, own, will_start, kept);
	}
	order(out, start);
}
