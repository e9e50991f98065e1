#include "schema/arena.h"
#include "schema/crosscheck.h"
#include "schema/text.h"

#include <stdlib.h>
#include <string.h>

/* Names that one message lists. */
#define MOST_NAMES 3

/* Something of a nic that the host or its network can have only once. */
struct claim {
	const char *text;
	const struct setting *setting;
	const struct instance *instance;
};

struct claims {
	struct claim *items;
	size_t n, capacity;
	struct arena *arena;
};

static bool before(struct place x, struct place y)
{
	int order = x.source == y.source ? 0 : strcmp(x.source->name, y.source->name);

	if (order)
		return order < 0;
	return x.line < y.line;
}

/* Equal texts together, in these the same line together, in these by instance. */
static int compare_claims(const void *x, const void *y)
{
	const struct claim *c = x, *d = y;
	int order = strcmp(c->text, d->text);

	if (order)
		return order;
	if (c->setting != d->setting)
		return before(c->setting->at, d->setting->at) ? -1 : 1;
	return strcmp(c->instance->name, d->instance->name);
}

static bool counts(const struct instance *i)
{
	return !i->elsewhere && i->document->state != STATE_ABSENT;
}

static const char *canonical(const struct setting *s, const struct grammar *g, struct arena *a)
{
	struct complaint why;
	struct value v;

	return value_parse(g, s->text, a, &v, &why) == 0 ? v.text : s->text;
}

static void gather(struct claims *c, const struct instance *i, const char *option,
		   const struct grammar *g)
{
	for (size_t k = 0; k < i->n_devices; k++) {
		const struct device *d = i->devices[k].device;
		const struct setting *s;

		if (strcmp(d->type->name, "nic") != 0 || !(s = device_get(d, option)))
			continue;
		c->items = arena_grow(c->arena, c->items, c->n, &c->capacity, sizeof(*c->items));
		c->items[c->n++] = (struct claim){canonical(s, g, c->arena), s, i};
	}
}

/* "web1, web2, web3 and 7 more" */
static const char *list_names(const struct claim *items, size_t n, struct arena *a)
{
	const char *list = items[0].instance->name;

	for (size_t i = 1; i < n && i < MOST_NAMES; i++)
		list = arena_printf(a, "%s, %s", list, items[i].instance->name);
	if (n > MOST_NAMES)
		list = arena_printf(a, "%s and %zu more", list, n - MOST_NAMES);
	return list;
}

static size_t run_length(const struct claim *items, size_t n, bool same_line)
{
	size_t k = 1;

	while (k < n && strcmp(items[k].text, items[0].text) == 0 &&
	       (!same_line || items[k].setting == items[0].setting))
		k++;
	return k;
}

/* N claims of one text, on one line or on several. */
static void report_group(const struct claim *items, size_t n, const char *option,
			 struct diagnostics *ds)
{
	for (size_t k = 0, users; k < n; k += users) {
		const struct claim *here = &items[k], *other = k == 0 ? &items[n - 1] : &items[0];
		const char *text = text_escape(ds->arena, here->text, strlen(here->text), 80);

		users = run_length(here, n - k, true);
		if (users > 1) {
			diagnostic_warning(ds, here->setting->at,
					   "%s '%s' goes to %zu instances: %s", option, text, users,
					   list_names(here, users, ds->arena));
			continue;
		}
		if (other->instance == here->instance)
			continue; /* an error of that instance, reported as such */
		diagnostic_warning(ds, here->setting->at, "%s '%s' is also given to %s at %s:%u",
				   option, text, other->instance->name,
				   other->setting->at.source->name, other->setting->at.line);
		diagnostic_for(ds, here->instance->name);
	}
}

static void check_option(struct instance *const *instances, size_t n, const char *option,
			 const struct grammar *g, struct diagnostics *ds)
{
	struct arena *scratch = arena_new();
	struct claims c = {.arena = scratch};

	for (size_t i = 0; i < n; i++) {
		if (counts(instances[i]))
			gather(&c, instances[i], option, g);
	}
	if (c.n > 1)
		qsort(c.items, c.n, sizeof(*c.items), compare_claims);
	for (size_t k = 0, group; k < c.n; k += group) {
		group = run_length(&c.items[k], c.n - k, false);
		if (group > 1)
			report_group(&c.items[k], group, option, ds);
	}
	arena_free(scratch);
}

static void note_privileged(struct instance *const *instances, size_t n, struct diagnostics *ds)
{
	const struct instance *first = NULL;
	size_t others = 0;

	for (size_t i = 0; i < n; i++) {
		if (!counts(instances[i]) ||
		    !instance_yes(instances[i], "security.privileged", false))
			continue;
		if (first)
			others++;
		else
			first = instances[i];
	}
	if (!first)
		return;
	diagnostic_notice(ds, instance_get(first, "security.privileged")->setting->at,
			  "a privileged container is not a boundary: its root is the host's (%s%s)",
			  first->name,
			  others ? arena_printf(ds->arena, " and %zu more", others) : "");
}

void instances_crosscheck(struct instance *const *instances, size_t n, struct diagnostics *ds)
{
	check_option(instances, n, "hwaddr", &grammar_mac, ds);
	check_option(instances, n, "host_name", &grammar_interface, ds);
	note_privileged(instances, n, ds);
}

static const char *const claimed[] = {"hwaddr", "host_name"};
#define N_CLAIMED (sizeof(claimed) / sizeof(*claimed))

static bool claims_anything(const struct instance *i)
{
	if (!i || !counts(i))
		return false;
	for (size_t k = 0; k < i->n_devices; k++) {
		const struct device *d = i->devices[k].device;

		if (strcmp(d->type->name, "nic") != 0)
			continue;
		for (size_t o = 0; o < N_CLAIMED; o++)
			if (device_get(d, claimed[o]))
				return true;
	}
	return instance_yes(i, "security.privileged", false);
}

static const struct device *next_nic(const struct instance *i, size_t *at)
{
	while (*at < i->n_devices) {
		const struct device *d = i->devices[(*at)++].device;

		if (strcmp(d->type->name, "nic") == 0)
			return d;
	}
	return NULL;
}

static bool same_claims(const struct device *d, const struct device *e)
{
	for (size_t o = 0; o < N_CLAIMED; o++) {
		const char *x = device_text(d, claimed[o]), *y = device_text(e, claimed[o]);

		if (!x != !y || (x && strcmp(x, y) != 0))
			return false;
	}
	return true;
}

bool instances_claim_same(const struct instance *i, const struct instance *k)
{
	const struct device *d, *e;
	size_t at = 0, there = 0;

	if (!claims_anything(i) || !claims_anything(k))
		return claims_anything(i) == claims_anything(k);
	if (instance_yes(i, "security.privileged", false) !=
	    instance_yes(k, "security.privileged", false))
		return false;
	for (;;) {
		d = next_nic(i, &at);
		e = next_nic(k, &there);
		if (!d || !e)
			return d == e;
		if (!same_claims(d, e))
			return false;
	}
}
