#include "schema/device_rules.h"

#include "schema/arena.h"
#include "schema/nic_rules.h"
#include "schema/settings.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct setting *option(const struct device *d, const char *name)
{
	return settings_find(&d->options, name);
}

static void refuse(struct reading *r, struct place at, const struct device *d, const char *wrong,
		   const char *hint)
{
	diagnostic_error(r->ds, at, "%s '%s' %s", d->type->name, reading_show(r, d->name), wrong);
	if (hint)
		diagnostic_hint(r->ds, "%s", hint);
}

static void exclude(struct reading *r, const struct device *d, const char *one, const char *other)
{
	const struct setting *s = option(d, one);

	if (s && option(d, other))
		diagnostic_error(r->ds, s->at, "%s and %s exclude each other", one, other);
}

static bool is_yes(struct reading *r, const struct device *d, const char *name)
{
	const struct setting *s = option(d, name);
	struct value value;
	struct complaint why;

	return s && value_parse(s->key->grammar, s->text, r->scratch, &value, &why) == 0 &&
	       value.yes;
}

/* A path as it is compared: cleaned up. It was validated, so that it cannot fail. */
static const char *clean(struct reading *r, const struct setting *s)
{
	struct value value;
	struct complaint why;

	if (value_parse(s->key->grammar, s->text, r->scratch, &value, &why) < 0)
		return s->text;
	return value.text;
}

static void check_root(struct reading *r, const struct device *d)
{
	const struct setting *source = option(d, "source");

	if (source)
		refuse(r, source->at, d, "is the root disk: it has no source",
		       "the rootfs is the container's own");
	if (option(d, "recursive"))
		refuse(r, option(d, "recursive")->at, d, "is the root disk: it cannot be recursive",
		       NULL);
}

/* Sources that are no paths of the host; they pass, and nobody mounts them. */
static bool is_foreign_source(const char *text)
{
	static const char *const prefixes[] = {
	    "ceph:", "cephfs:", "tmpfs:", "tmpfs-overlay:", "cloud-init:", "agent:"};

	for (size_t i = 0; i < COUNT(prefixes); i++)
		if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static void check_source(struct reading *r, const struct device *d)
{
	const struct setting *source = option(d, "source");
	struct node text;
	struct value value;

	if (!source) {
		refuse(r, d->at, d, "has no source",
		       "give the path on the host; only the root disk (path: /) has none");
		return;
	}
	if (option(d, "pool")) {
		reading_tally(r, &r->idle, "volumes of storage pools", source->at);
		exclude(r, d, "shift", "pool");
		return;
	}
	if (is_foreign_source(source->text)) {
		reading_tally(r, &r->idle, "disks that are no paths of the host", source->at);
		return;
	}
	text = (struct node){.kind = NODE_SCALAR, .at = source->value_at, .text = source->text};
	reading_value(r, &grammar_host_path, &text, &value);
}

static void check_disk(struct reading *r, const struct device *d)
{
	const struct setting *path = option(d, "path"), *pool = option(d, "pool");
	bool root = path && strcmp(clean(r, path), "/") == 0;

	if (pool)
		reading_tally(r, &r->ignored, "pool", pool->at);
	exclude(r, d, "required", "optional");
	if (is_yes(r, d, "recursive") && is_yes(r, d, "readonly"))
		refuse(r, option(d, "recursive")->at, d,
		       "is recursive and readonly: "
		       "the kernel cannot do both",
		       NULL);
	if (!path) {
		refuse(r, d->at, d, "has no path", "say where it is inside the container");
		return;
	}
	if (root) {
		check_root(r, d);
		return;
	}
	check_source(r, d);
	if (option(d, "size"))
		refuse(r, option(d, "size")->at, d, "has a size: only the root disk may", NULL);
}

static void check_unix(struct reading *r, const struct device *d)
{
	const struct setting *source = option(d, "source"), *path = option(d, "path");
	const struct setting *major = option(d, "major"), *minor = option(d, "minor");
	const struct setting *node = source ? source : path;

	if (!major != !minor)
		refuse(r, (major ? major : minor)->at, d,
		       major ? "has a major number and no minor"
			     : "has a minor number and no major",
		       "give both or none");
	if (!node) {
		refuse(r, d->at, d, "has neither source nor path", "give the node below /dev");
		return;
	}
	/* With its numbers a node can be made where the host has none. */
	if (strncmp(clean(r, node), "/dev/", strlen("/dev/")) == 0 || (!source && major && minor))
		return;
	refuse(r, node->value_at, d, "has a source outside of /dev", NULL);
}

static void check_hotplug(struct reading *r, const struct device *d)
{
	if (!option(d, "vendorid") && !option(d, "productid") && !option(d, "subsystem"))
		refuse(r, d->at, d, "would match every device",
		       "give vendorid, productid or subsystem");
}

static void check_gpu(struct reading *r, const struct device *d)
{
	exclude(r, d, "pci", "id");
	exclude(r, d, "pci", "vendorid");
	exclude(r, d, "pci", "productid");
	exclude(r, d, "id", "vendorid");
	exclude(r, d, "id", "productid");
}

/* What must be there, for types without rules of their own. */
static const struct {
	const char *type, *option;
} needs[] = {
    {"infiniband", "nictype"},
    {"infiniband", "parent" },
    {"pci",        "address"},
    {"proxy",      "connect"},
    {"proxy",      "listen" },
    {"tpm",        "path"   },
};

static const struct {
	const char *type;
	void (*check)(struct reading *r, const struct device *d);
} checks[] = {
    {"disk",         check_disk     },
    {"gpu",          check_gpu      },
    {"nic",          nic_rules_check},
    {"unix-block",   check_unix     },
    {"unix-char",    check_unix     },
    {"unix-hotplug", check_hotplug  },
};

void device_rules_check(struct reading *r, const struct device *d)
{
	for (size_t i = 0; i < COUNT(needs); i++)
		if (strcmp(needs[i].type, d->type->name) == 0 && !option(d, needs[i].option))
			diagnostic_error(r->ds, d->at, "%s '%s' has no %s", d->type->name,
					 reading_show(r, d->name), needs[i].option);
	for (size_t i = 0; i < COUNT(checks); i++)
		if (strcmp(checks[i].type, d->type->name) == 0)
			checks[i].check(r, d);
}

struct taken {
	const char *path;
	const struct device *device;
	const struct setting *setting;
};

/* By path, then by place: the later of two lines is the one to blame. */
static int compare_taken(const void *x, const void *y)
{
	const struct taken *a = x, *b = y;
	int order = strcmp(a->path, b->path);

	if (order)
		return order;
	if (a->setting->at.line != b->setting->at.line)
		return a->setting->at.line < b->setting->at.line ? -1 : 1;
	return a->setting->at.column < b->setting->at.column ? -1 : 1;
}

static void report_taken(struct reading *r, const struct taken *first, const struct taken *second)
{
	diagnostic_error(r->ds, second->setting->value_at, "disks '%s' and '%s' have the same path",
			 reading_show(r, first->device->name),
			 reading_show(r, second->device->name));
	diagnostic_hint(r->ds, "the first is in line %u", first->setting->value_at.line);
}

void device_rules_check_paths(struct reading *r, const struct devices *devices)
{
	struct taken *all;
	size_t n = 0;

	if (devices->n < 2)
		return;
	all = arena_alloc(r->scratch, devices->n * sizeof(*all));
	for (size_t i = 0; i < devices->n; i++) {
		const struct device *d = &devices->items[i];
		const struct setting *path = option(d, "path");

		if (path && strcmp(d->type->name, "disk") == 0)
			all[n++] = (struct taken){clean(r, path), d, path};
	}
	if (n > 1)
		qsort(all, n, sizeof(*all), compare_taken);
	for (size_t i = 1; i < n && !reading_full(r); i++)
		if (strcmp(all[i - 1].path, all[i].path) == 0)
			report_taken(r, &all[i - 1], &all[i]);
}
