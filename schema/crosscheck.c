#include "schema/crosscheck.h"

#include "schema/arena.h"
#include "schema/network.h"
#include "schema/nic.h"
#include "schema/nic_rules.h"
#include "schema/text.h"

#include <stdlib.h>
#include <string.h>

/* Texts of manifests in messages are cut to this many characters. */
#define MOST_SHOWN 80

struct check {
	const struct catalog *catalog;
	const struct instance *instance;
	struct arena *scratch; /* made when the first value is read */
	struct diagnostics *ds;
	size_t errors; /* in DS before */
};

static struct arena *scratch(struct check *c)
{
	if (!c->scratch)
		c->scratch = arena_new();
	return c->scratch;
}

static const char *shown(struct check *c, const char *text)
{
	return text_escape(c->ds->arena, text, strlen(text), MOST_SHOWN);
}

/* "profiles/small.yaml:4" */
static const char *where(struct check *c, struct place at)
{
	return arena_printf(c->ds->arena, "%s:%u", at.source ? at.source->name : "?", at.line);
}

/* A profile that contradicts itself is wrong once, not once per user. */
static void about(struct check *c, const struct document *x, const struct document *y)
{
	if (x != y || x == c->instance->document)
		diagnostic_for(c->ds, c->instance->name);
}

/* Keys that had another name once. */
static const struct alias {
	const char *name, *old;
} aliases[] = {
    {"security.syscalls.allow",        "security.syscalls.whitelist"        },
    {"security.syscalls.deny",         "security.syscalls.blacklist"        },
    {"security.syscalls.deny_compat",  "security.syscalls.blacklist_compat" },
    {"security.syscalls.deny_default", "security.syscalls.blacklist_default"},
};
#define N_ALIASES (sizeof(aliases) / sizeof(*aliases))

static const struct exclusion {
	const char *key, *other;
	bool key_true, other_true; /* a boolean that counts only when it is true */
} exclusions[] = {
    {"raw.seccomp",             "security.syscalls.allow",        false, false},
    {"raw.seccomp",             "security.syscalls.deny",         false, false},
    {"raw.seccomp",             "security.syscalls.deny_compat",  false, true },
    {"raw.seccomp",             "security.syscalls.deny_default", false, true },
    {"security.syscalls.allow", "security.syscalls.deny",         false, false},
    {"security.syscalls.allow", "security.syscalls.deny_compat",  false, true },
    {"security.syscalls.allow", "security.syscalls.deny_default", false, true },
    {"nvidia.runtime",          "security.privileged",            true,  true },
};

/* The setting of a key under its name or its old one. */
static const struct expanded *get_named(const struct instance *i, const char *key)
{
	const struct expanded *e = instance_get(i, key);

	for (size_t k = 0; !e && k < N_ALIASES; k++) {
		if (strcmp(aliases[k].name, key) == 0)
			return instance_get(i, aliases[k].old);
	}
	return e;
}

static const struct expanded *get_counting(const struct instance *i, const char *key,
					   bool only_true)
{
	const struct expanded *e = get_named(i, key);

	return e && (!only_true || instance_yes(i, e->setting->name, false)) ? e : NULL;
}

/* Points at the line that is the instance's own, if one is: there it can be mended alone. */
static void exclude(struct check *c, const struct expanded *x, const struct expanded *y)
{
	if (y->from != c->instance->document && x->from == c->instance->document) {
		const struct expanded *swap = x;

		x = y;
		y = swap;
	}
	diagnostic_error(c->ds, y->setting->at, "%s and %s (%s) exclude each other",
			 y->setting->name, x->setting->name, where(c, x->setting->at));
	about(c, x->from, y->from);
}

static void check_exclusions(struct check *c)
{
	const struct instance *i = c->instance;

	for (size_t k = 0; k < sizeof(exclusions) / sizeof(*exclusions); k++) {
		const struct exclusion *e = &exclusions[k];
		const struct expanded *x = get_counting(i, e->key, e->key_true), *y;

		if (x && (y = get_counting(i, e->other, e->other_true)))
			exclude(c, x, y);
	}
	for (size_t k = 0; k < N_ALIASES; k++) {
		const struct expanded *old = instance_get(i, aliases[k].old), *new;

		if (!old || !(new = instance_get(i, aliases[k].name)))
			continue;
		exclude(c, new, old);
		diagnostic_hint(c->ds, "%s is the old name of %s: keep one of them", aliases[k].old,
				aliases[k].name);
	}
}

static int compare_texts(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* A file system is mounted by the kernel or by a FUSE program, not both. */
static void check_intercepted_mounts(struct check *c)
{
	static const char fuse_key[] = "security.syscalls.intercept.mount.fuse";
	static const char allowed_key[] = "security.syscalls.intercept.mount.allowed";
	const struct expanded *fuse = instance_get(c->instance, fuse_key);
	const struct expanded *allowed = instance_get(c->instance, allowed_key);
	struct value v, w;
	const char **words;

	if (!fuse || !allowed || !instance_value(c->instance, fuse_key, scratch(c), &v) ||
	    !instance_value(c->instance, allowed_key, scratch(c), &w))
		return;
	words = arena_alloc(c->scratch, w.list.n * sizeof(*words));
	for (size_t k = 0; k < w.list.n; k++)
		words[k] = w.list.items[k];
	qsort(words, w.list.n, sizeof(*words), compare_texts);
	for (size_t k = 0; k < v.list.n; k++) {
		const char *name =
		    arena_strndup(c->scratch, v.list.items[k], strcspn(v.list.items[k], "="));

		if (!bsearch(&name, words, w.list.n, sizeof(*words), compare_texts))
			continue;
		diagnostic_error(c->ds, fuse->setting->at,
				 "file system '%s' is both in %s and in %s (%s)", shown(c, name),
				 fuse_key, allowed_key, where(c, allowed->setting->at));
		about(c, fuse->from, allowed->from);
	}
}

/* What one container can have only once. */
struct claim {
	const char *text; /* cleaned up: equal claims are equal texts */
	const struct expanded_device *device;
	const struct setting *setting; /* NULL: derived for the device */
};

static struct place place_of(const struct claim *c)
{
	return c->setting ? c->setting->at : c->device->device->at;
}

static int compare_claims(const void *x, const void *y)
{
	const struct claim *c = x, *d = y;
	int order = strcmp(c->text, d->text);

	if (order)
		return order;
	return strcmp(c->device->device->name, d->device->device->name);
}

static bool is_nic(const struct device *d)
{
	return strcmp(d->type->name, "nic") == 0;
}

static bool is_physical(const struct device *d)
{
	const char *nictype = is_nic(d) ? device_text(d, "nictype") : NULL;

	return nictype && strcmp(nictype, "physical") == 0;
}

static bool is_interface(const struct device *d)
{
	return is_nic(d) || strcmp(d->type->name, "infiniband") == 0;
}

static bool is_disk(const struct device *d)
{
	return strcmp(d->type->name, "disk") == 0;
}

#define WHOLE "a physical nic is that interface itself"
#define LEAVE_OUT "a nic that has none given gets one of its own"

static const struct unique {
	const char *option;
	bool (*of)(const struct device *);
	const struct grammar *grammar; /* brings texts that mean the same to one form */
	const char *what;              /* it is, in messages */
	bool seen;                     /* the reader of manifests looks at it within a document */
	bool derived;                  /* who has none given has one made */
	const char *hint;              /* may be NULL */
} uniques[] = {
    {"name",      is_interface, NULL,          "guest interface name", false, false, LEAVE_OUT},
    {"hwaddr",    is_interface, &grammar_mac,  "address",              false, true,  LEAVE_OUT},
    {"host_name", is_nic,       NULL,          "host_name",            false, false, LEAVE_OUT},
    {"parent",    is_physical,  NULL,          "physical parent",      false, false, WHOLE    },
    {"path",      is_disk,      &grammar_path, "path",                 true,  false, NULL     },
};

static const char *clean(struct arena *a, const struct grammar *g, const char *text)
{
	struct complaint why;
	struct value v;

	return g && value_parse(g, text, a, &v, &why) == 0 ? v.text : text;
}

static size_t claims_of(struct check *c, const struct unique *u, struct claim *out)
{
	size_t n = 0;

	for (size_t k = 0; k < c->instance->n_devices; k++) {
		const struct expanded_device *d = &c->instance->devices[k];
		const struct setting *s =
		    u->of(d->device) ? device_get(d->device, u->option) : NULL;

		if (s)
			out[n++] = (struct claim){s->text, d, s};
	}
	if (n > 1) {
		for (size_t k = 0; k < n; k++)
			out[k].text = clean(scratch(c), u->grammar, out[k].text);
	}
	return n;
}

/* Behind N claims those of nics that have no address given: they could be met by one that is, and
 * that is locally administered as well. */
static size_t claims_derived(struct check *c, struct claim *out, size_t n)
{
	size_t given = n;
	bool local = false;

	for (size_t k = 0; k < n; k++)
		local |= strchr("26aeAE", out[k].text[1]) != NULL;
	for (size_t k = 0; local && k < c->instance->n_devices; k++) {
		const struct expanded_device *d = &c->instance->devices[k];
		char address[18];

		if (!is_nic(d->device) || device_get(d->device, "hwaddr"))
			continue;
		nic_stable_hwaddr(c->instance->name, d->device->name, address);
		out[n++] = (struct claim){arena_strdup(scratch(c), address), d, NULL};
	}
	for (size_t k = 0; given == 1 && n > 1 && k < given; k++)
		out[k].text = clean(scratch(c), &grammar_mac, out[k].text);
	return n;
}

static void claimed_twice(struct check *c, const struct unique *u, const struct claim *x,
			  const struct claim *y)
{
	const struct claim *here = y, *there = x;
	const char *name;

	if (u->seen && x->device->from == y->device->from)
		return;
	if (!y->setting || (x->setting && y->device->from != c->instance->document &&
			    x->device->from == c->instance->document)) {
		here = x;
		there = y;
	}
	name = shown(c, there->device->device->name);
	if (strcmp(here->text, "/") == 0)
		diagnostic_error(c->ds, place_of(here),
				 "more than one root disk: '%s' (%s) is one too", name,
				 where(c, place_of(there)));
	else
		diagnostic_error(c->ds, place_of(here), "%s '%s' is that of '%s' (%s) too", u->what,
				 shown(c, here->text), name, where(c, place_of(there)));
	if (u->hint)
		diagnostic_hint(c->ds, "%s", u->hint);
	about(c, here->device->from, there->device->from);
}

static void check_devices(struct check *c)
{
	size_t n = c->instance->n_devices;
	struct claim few[16], *claims = few;

	if (n < 2)
		return;
	if (n > sizeof(few) / sizeof(*few))
		claims = arena_alloc(scratch(c), n * sizeof(*claims));
	for (size_t k = 0; k < sizeof(uniques) / sizeof(*uniques); k++) {
		size_t found = claims_of(c, &uniques[k], claims);

		if (uniques[k].derived && found > 0)
			found = claims_derived(c, claims, found);
		if (found < 2)
			continue;
		qsort(claims, found, sizeof(*claims), compare_claims);
		for (size_t j = 1; j < found; j++) {
			if (strcmp(claims[j].text, claims[j - 1].text) == 0)
				claimed_twice(c, &uniques[k], &claims[j - 1], &claims[j]);
		}
	}
}

/* Of a network's nics the reader of manifests knows no kind. */
static void check_networks(struct check *c)
{
	const struct document *const *networks =
	    (const struct document *const *)c->catalog->networks;

	for (size_t k = 0; k < c->instance->n_devices; k++) {
		const struct expanded_device *d = &c->instance->devices[k];
		const char *network = is_nic(d->device) ? device_text(d->device, "network") : NULL;
		enum nic_kind kind;

		if (!network || !network_find(networks, c->catalog->n_networks, network))
			continue;
		kind = nic_kind_of(d->device, networks, c->catalog->n_networks);
		if (!nic_kind_unsupported(kind) &&
		    !nic_rules_check_kind(d->device, kind, network, c->ds))
			about(c, d->from, d->from);
	}
}

static void ignored(struct check *c, const char *key, const char *why)
{
	const struct expanded *e = instance_get(c->instance, key);

	if (!e)
		return;
	diagnostic_warning(c->ds, e->setting->at, "%s is ignored %s", key, why);
	diagnostic_for(c->ds, c->instance->name);
}

/* Lines that clash with one another need no host to be wrong. */
static void check_raw_idmap(struct check *c)
{
	const struct expanded *e = instance_get(c->instance, "raw.idmap");
	struct idmap map = {0};
	struct complaint why;
	struct value v;

	if (!e || !instance_value(c->instance, "raw.idmap", scratch(c), &v))
		return;
	if (idmap_punch(&map, e->setting->text, v.idmap.lines, v.idmap.n, c->scratch, &why) < 0 ||
	    idmap_check(&map, &why) < 0) {
		diagnostic_error(c->ds, e->setting->value_at, "%s", why.message);
		if (why.hint[0])
			diagnostic_hint(c->ds, "%s", why.hint);
		about(c, e->from, e->from);
	} else if (idmap_maps_root(&map)) {
		diagnostic_warning(c->ds, e->setting->value_at,
				   "raw.idmap maps the host's root (id 0) into the container");
		diagnostic_hint(c->ds, "whoever is that id inside may touch what is root's on "
				       "every path that the container shares with the host");
		about(c, e->from, e->from);
	}
}

static void check_idmap(struct check *c)
{
	static const char *const keys[] = {"raw.idmap", "security.idmap.isolated",
					   "security.idmap.base", "security.idmap.size"};
	const struct expanded *size;
	struct value v;

	if (instance_yes(c->instance, "security.privileged", false)) {
		for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++)
			ignored(c, keys[k], "in a privileged container");
		return;
	}
	check_raw_idmap(c);
	if (!instance_yes(c->instance, "security.idmap.isolated", false)) {
		ignored(c, "security.idmap.base", "without security.idmap.isolated");
		ignored(c, "security.idmap.size", "without security.idmap.isolated");
		return;
	}
	size = instance_get(c->instance, "security.idmap.size");
	if (size && instance_value(c->instance, "security.idmap.size", scratch(c), &v) &&
	    v.number == 0) {
		diagnostic_error(c->ds, size->setting->value_at,
				 "an isolated window of 0 ids holds nobody");
		about(c, size->from, size->from);
	}
}

static void no_effect(struct check *c, const char *key, const char *why)
{
	const struct expanded *e = instance_get(c->instance, key);

	diagnostic_notice(c->ds, e->setting->at, "%s has no effect %s", key, why);
	diagnostic_for(c->ds, c->instance->name);
}

static void check_memory(struct check *c)
{
	const struct instance *i = c->instance;
	struct value v;
	bool swap_set;

	if (!instance_get(i, "limits.memory.enforce") && !instance_get(i, "limits.memory.swap"))
		return;
	swap_set = instance_value(i, "limits.memory.swap", scratch(c), &v);
	if (swap_set && !v.swap.sized && !v.swap.allowed &&
	    instance_get(i, "limits.memory.swap.priority"))
		no_effect(c, "limits.memory.swap.priority", "where limits.memory.swap is false");
	if (instance_get(i, "limits.memory"))
		return;
	if (instance_get(i, "limits.memory.enforce"))
		no_effect(c, "limits.memory.enforce", "without limits.memory");
	if (swap_set && !v.swap.sized && v.swap.allowed)
		no_effect(c, "limits.memory.swap", "without limits.memory");
}

bool instance_crosscheck(const struct catalog *catalog, const struct instance *i,
			 struct diagnostics *ds)
{
	struct check c = {.catalog = catalog, .instance = i, .ds = ds, .errors = ds->errors};

	check_exclusions(&c);
	check_intercepted_mounts(&c);
	check_devices(&c);
	check_networks(&c);
	check_idmap(&c);
	check_memory(&c);
	arena_free(c.scratch);
	return ds->errors == c.errors;
}
