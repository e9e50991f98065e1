#include "schema/arena.h"
#include "schema/crosscheck.h"
#include "schema/nic_ip.h"
#include "schema/sorted.h"
#include "schema/text.h"

#include <stdlib.h>
#include <string.h>

/* Names that one message lists. */
#define MOST_NAMES 3

/* The segment of what a host has once. */
#define THE_HOST "the host"

/* Something of a nic that the host or its network can have only once. */
struct claim {
	const char *text;
	const char *segment; /* where it can be there only once; "": nobody knows */
	const void *line;    /* the setting, or the device that it is derived for */
	struct place at;
	const struct instance *instance;
	struct expanded_device *device;
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

/* Equal texts together, in these one segment, in it the same line, in these by instance. */
static int compare_claims(const void *x, const void *y)
{
	const struct claim *c = x, *d = y;
	int order = strcmp(c->text, d->text);

	if (!order)
		order = strcmp(c->segment, d->segment);
	if (order)
		return order;
	if (c->line != d->line)
		return before(c->at, d->at) ? -1 : 1;
	return strcmp(c->instance->name, d->instance->name);
}

static int compare_texts(const void *x, const void *y)
{
	const struct claim *c = x, *d = y;

	return strcmp(c->text, d->text);
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

static bool is_nic(const struct device *d)
{
	return strcmp(d->type->name, "nic") == 0;
}

/* Nics on one bridge or parent hear one another. */
static const char *segment_of(const struct device *d)
{
	const char *network = device_text(d, "network");
	const char *parent = network ? network : device_text(d, "parent");

	return parent ? parent : "";
}

static void claim(struct claims *c, struct claim item)
{
	c->items = arena_grow(c->arena, c->items, c->n, &c->capacity, sizeof(*c->items));
	c->items[c->n++] = item;
}

static void gather(struct claims *c, const struct instance *i, const char *option,
		   const struct grammar *g, const char *segment)
{
	for (size_t k = 0; k < i->n_devices; k++) {
		const struct device *d = i->devices[k].device;
		const struct setting *s;

		if (!is_nic(d) || !(s = device_get(d, option)))
			continue;
		claim(c,
		      (struct claim){canonical(s, g, c->arena), segment ? segment : segment_of(d),
				     s, s->at, i, &i->devices[k]});
	}
}

static bool is_kind(const struct device *d, const char *kind)
{
	const char *nictype = is_nic(d) ? device_text(d, "nictype") : NULL;

	return nictype && strcmp(nictype, kind) == 0;
}

/* Interfaces of the host that go into a container whole. */
static void gather_physical(struct claims *c, const struct instance *i)
{
	for (size_t k = 0; k < i->n_devices; k++) {
		const struct device *d = i->devices[k].device;
		const struct setting *s = is_kind(d, "physical") ? device_get(d, "parent") : NULL;

		if (s)
			claim(c, (struct claim){canonical(s, &grammar_interface, c->arena),
						THE_HOST, s, s->at, i, &i->devices[k]});
	}
}

/* Addresses that routes of the host lead to. */
static void gather_routed(struct claims *c, const struct instance *i)
{
	for (size_t k = 0; k < i->n_devices; k++) {
		struct nic nic = {.device = &i->devices[k], .kind = NIC_ROUTED};

		if (!is_kind(i->devices[k].device, "routed"))
			continue;
		nic_ip_read(&nic, c->arena);
		for (int f = 0; f < N_NIC_FAMILIES; f++)
			for (size_t a = 0; a < nic.ip[f].n; a++) {
				const struct nic_route *r = &nic.ip[f].addresses[a];
				size_t bits = strcspn(r->prefix, "/");

				claim(c, (struct claim){arena_strndup(c->arena, r->prefix, bits),
							THE_HOST, r->setting, r->setting->at, i,
							&i->devices[k]});
			}
	}
}

/* Addresses are made up for nics that have none given. */
static void gather_derived(struct claims *c, const struct instance *i)
{
	char address[18];

	for (size_t k = 0; k < i->n_devices; k++) {
		const struct device *d = i->devices[k].device;

		if (!is_nic(d) || device_get(d, "hwaddr"))
			continue;
		nic_stable_hwaddr(i->name, d->name, address);
		claim(c, (struct claim){arena_strdup(c->arena, address), segment_of(d), d, d->at, i,
					&i->devices[k]});
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

enum alike { SAME_TEXT, SAME_SEGMENT, SAME_LINE };

static bool are_alike(const struct claim *c, const struct claim *d, enum alike how)
{
	return strcmp(c->text, d->text) == 0 &&
	       (how == SAME_TEXT || strcmp(c->segment, d->segment) == 0) &&
	       (how != SAME_LINE || c->line == d->line);
}

static size_t run_length(const struct claim *items, size_t n, enum alike how)
{
	size_t k = 1;

	while (k < n && are_alike(&items[k], &items[0], how))
		k++;
	return k;
}

static void dispute(const struct claim *items, size_t n)
{
	for (size_t k = 0; k < n; k++)
		items[k].device->disputed = true;
}

static void hint_dispute(const char *option, struct diagnostics *ds)
{
	static const struct {
		const char *option, *way_out;
	} others[] = {
	    {"address", "only one container can have it"          },
	    {"parent",  "a physical nic takes the interface whole"},
	};
	const char *way_out = NULL;

	for (size_t k = 0; k < sizeof(others) / sizeof(*others); k++)
		if (strcmp(option, others[k].option) == 0)
			way_out = others[k].way_out;
	if (!way_out)
		way_out = arena_printf(ds->arena, "leave %s out: one is made for each", option);
	diagnostic_hint(ds, "%s; until then these nics are left as they are", way_out);
}

/* N claims of one line: a profile's. */
static void report_line(const struct claim *items, size_t n, const char *option,
			struct diagnostics *ds)
{
	const char *text = text_escape(ds->arena, items->text, strlen(items->text), 80);
	const char *names = list_names(items, n, ds->arena);

	if (!*items->segment) {
		diagnostic_warning(ds, items->at, "%s '%s' goes to %zu instances: %s", option, text,
				   n, names);
		return;
	}
	diagnostic_error(ds, items->at, "%s '%s' goes to %zu instances: %s", option, text, n,
			 names);
	hint_dispute(option, ds);
	dispute(items, n);
}

/* Is it OTHER's too? ERROR: where both cannot be. */
static void report_two(const struct claim *here, const struct claim *other, bool error,
		       const char *option, struct diagnostics *ds)
{
	const char *text = text_escape(ds->arena, here->text, strlen(here->text), 80);
	int (*report)(struct diagnostics *, struct place, const char *, ...) =
	    error ? diagnostic_error : diagnostic_warning;

	report(ds, here->at, "%s '%s' is also given to %s at %s:%u", option, text,
	       other->instance->name, other->at.source->name, other->at.line);
	if (error)
		hint_dispute(option, ds);
	diagnostic_for(ds, here->instance->name);
	if (error)
		dispute(here, 1);
}

/* N claims of one text in one segment, among N_ALL of that text. */
static void report_segment(const struct claim *items, size_t n, const struct claim *all,
			   size_t n_all, const char *option, struct diagnostics *ds)
{
	for (size_t k = 0, users; k < n; k += users) {
		const struct claim *here = &items[k], *other = k == 0 ? &items[n - 1] : items;
		bool error = *here->segment && other->instance != here->instance;

		users = run_length(here, n - k, SAME_LINE);
		if (users > 1) {
			report_line(here, users, option, ds);
			continue;
		}
		if (!error)
			other = here == all ? &all[n_all - 1] : all;
		/* twice in one instance is an error of that instance, reported as such */
		if (other->instance != here->instance)
			report_two(here, other, error, option, ds);
	}
}

static void report_all(struct claims *c, const char *option, struct diagnostics *ds)
{
	if (c->n > 1)
		qsort(c->items, c->n, sizeof(*c->items), compare_claims);
	for (size_t k = 0, group; k < c->n; k += group) {
		const struct claim *all = &c->items[k];

		group = run_length(all, c->n - k, SAME_TEXT);
		for (size_t j = 0, part; group > 1 && j < group; j += part) {
			part = run_length(&all[j], group - j, SAME_SEGMENT);
			report_segment(&all[j], part, all, group, option, ds);
		}
	}
}

/* A derived address is locally administered: only such a given one can meet it. */
static bool has_local(const struct claims *c)
{
	for (size_t k = 0; k < c->n; k++)
		if (strchr("26ae", c->items[k].text[1]))
			return true;
	return false;
}

static void check_addresses(struct instance *const *instances, size_t n, struct diagnostics *ds)
{
	struct claims c = {.arena = arena_new()};

	for (size_t i = 0; i < n; i++)
		if (counts(instances[i]))
			gather(&c, instances[i], "hwaddr", &grammar_mac, NULL);
	if (has_local(&c)) {
		for (size_t i = 0; i < n; i++)
			if (counts(instances[i]))
				gather_derived(&c, instances[i]);
	}
	report_all(&c, "hwaddr", ds);
	arena_free(c.arena);
}

/* What somebody's nic hangs on cannot be the name of another's end. */
static void check_against_parents(const struct claims *names, const struct claims *parents,
				  struct diagnostics *ds)
{
	for (size_t k = 0; k < names->n; k++) {
		const struct claim *c = &names->items[k];
		const struct claim key = {.text = c->text, .segment = ""};
		size_t at =
		    sorted_lower(parents->items, parents->n, sizeof(key), &key, compare_texts);
		const struct claim *p = &parents->items[at];

		/* of one device the reader of manifests has said it */
		if (at == parents->n || strcmp(p->text, c->text) != 0 ||
		    strcmp(segment_of(c->device->device), c->text) == 0)
			continue;
		diagnostic_error(ds, c->at,
				 "host_name '%s' is the parent of nic '%s' of %s (%s:%u)",
				 text_escape(ds->arena, c->text, strlen(c->text), 80),
				 text_escape(ds->arena, p->device->device->name,
					     strlen(p->device->device->name), 80),
				 p->instance->name, p->at.source->name, p->at.line);
		hint_dispute("host_name", ds);
		diagnostic_for(ds, c->instance->name);
		dispute(c, 1);
	}
}

static void check_host_names(struct instance *const *instances, size_t n, struct diagnostics *ds)
{
	struct claims c = {.arena = arena_new()}, parents = {.arena = c.arena};

	for (size_t i = 0; i < n; i++)
		if (counts(instances[i]))
			gather(&c, instances[i], "host_name", &grammar_interface, THE_HOST);
	report_all(&c, "host_name", ds);
	for (size_t i = 0; c.n > 0 && i < n; i++) {
		if (!counts(instances[i]))
			continue;
		gather(&parents, instances[i], "parent", &grammar_interface, "");
		gather(&parents, instances[i], "network", &grammar_line, "");
	}
	if (parents.n > 0) {
		qsort(parents.items, parents.n, sizeof(*parents.items), compare_claims);
		check_against_parents(&c, &parents, ds);
	}
	arena_free(c.arena);
}

static void check_taken(struct instance *const *instances, size_t n,
			void (*gather_one)(struct claims *c, const struct instance *i),
			const char *option, struct diagnostics *ds)
{
	struct claims c = {.arena = arena_new()};

	for (size_t i = 0; i < n; i++)
		if (counts(instances[i]))
			gather_one(&c, instances[i]);
	report_all(&c, option, ds);
	arena_free(c.arena);
}

static void settle_disputes(struct instance *const *instances, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < instances[i]->n_devices; k++)
			instances[i]->devices[k].disputed = false;
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
	settle_disputes(instances, n);
	check_addresses(instances, n, ds);
	check_host_names(instances, n, ds);
	check_taken(instances, n, gather_physical, "parent", ds);
	check_taken(instances, n, gather_routed, "address", ds);
	note_privileged(instances, n, ds);
}

static const char *const claimed[] = {"hwaddr",  "host_name",    "parent",      "network",
				      "nictype", "ipv4.address", "ipv6.address"};
#define N_CLAIMED (sizeof(claimed) / sizeof(*claimed))

static bool claims_anything(const struct instance *i)
{
	if (!i || !counts(i))
		return false;
	for (size_t k = 0; k < i->n_devices; k++) {
		const struct device *d = i->devices[k].device;

		if (!is_nic(d))
			continue;
		for (size_t o = 0; o < N_CLAIMED; o++)
			if (device_get(d, claimed[o]))
				return true;
	}
	return instance_yes(i, "security.privileged", false);
}

bool instance_disputed(const struct instance *i)
{
	for (size_t k = 0; k < i->n_devices; k++)
		if (i->devices[k].disputed)
			return true;
	return false;
}

static const struct device *next_nic(const struct instance *i, size_t *at)
{
	while (*at < i->n_devices) {
		const struct device *d = i->devices[(*at)++].device;

		if (is_nic(d))
			return d;
	}
	return NULL;
}

static bool same_claims(const struct device *d, const struct device *e)
{
	for (size_t o = 0; o < N_CLAIMED; o++) {
		const struct setting *x = device_get(d, claimed[o]), *y = device_get(e, claimed[o]);

		if (!x != !y || (x && !value_same(x->key->grammar, x->text, y->text)))
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
	/* Which of them it is stands in the expansion: a new one has to be told. */
	if (instance_disputed(i) || instance_disputed(k))
		return false;
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
