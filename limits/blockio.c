#include "limits/blockio.h"

#include "limits/blockdev.h"
#include "limits/cgroup.h"
#include "schema/arena.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct attribute {
	const char *name; /* ours, and the key in io.max */
	const char *v1;   /* the file */
	bool iops, writes;
} attributes[] = {
    {"rbps",  "blkio.throttle.read_bps_device",   false, false},
    {"wbps",  "blkio.throttle.write_bps_device",  false, true },
    {"riops", "blkio.throttle.read_iops_device",  true,  false},
    {"wiops", "blkio.throttle.write_iops_device", true,  true },
};

#define N_ATTRIBUTES (sizeof(attributes) / sizeof(*attributes))

static const struct attribute *attribute_find(const char *name)
{
	for (size_t i = 0; i < N_ATTRIBUTES; i++)
		if (strcmp(attributes[i].name, name) == 0)
			return &attributes[i];
	return NULL;
}

static bool has_limits(const struct device *d)
{
	return strcmp(d->type->name, "disk") == 0 &&
	       (device_text(d, "limits.read") || device_text(d, "limits.write") ||
		device_text(d, "limits.max"));
}

static bool is_root(const struct device *d)
{
	const char *path = device_text(d, "path");

	return path && strcmp(path, "/") == 0;
}

bool blockio_needs_rootfs(const struct instance *i)
{
	for (size_t k = 0; k < i->n_devices; k++)
		if (has_limits(i->devices[k].device) && is_root(i->devices[k].device))
			return true;
	return false;
}

static void refuse(struct disk_device *d, bool unsupported, const char *reason)
{
	d->refused = reason;
	d->unsupported = unsupported;
	if (unsupported)
		d->remedy = "keep its files on a file system of a block device, or take the "
			    "limits off this disk";
}

/* The path behind lxc.rootfs.path, which may say how it is to be mounted ("dir:/srv/web1"). */
static const char *rootfs_path(const char *rootfs, struct disk_device *d, struct arena *a)
{
	static const char *const plain[] = {"dir:", "btrfs:", "lvm:"};

	if (!rootfs || !*rootfs) {
		refuse(d, false,
		       "which block device its rootfs lies on is known once the container exists");
		return NULL;
	}
	if (*rootfs == '/')
		return rootfs;
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (strncmp(rootfs, plain[i], strlen(plain[i])) == 0)
			return rootfs + strlen(plain[i]);
	refuse(d, true, arena_printf(a, "its rootfs %s is not one directory of the host", rootfs));
	return NULL;
}

static const char *disk_path(const struct device *device, const char *rootfs, struct disk_device *d,
			     struct arena *a)
{
	const char *source = device_text(device, "source");

	if (is_root(device))
		return rootfs_path(rootfs, d, a);
	if (source && *source == '/' && !device_text(device, "pool"))
		return source;
	refuse(d, true, "only disks with a path of the host as source can be limited");
	return NULL;
}

struct disks {
	struct disk_device *items;
	size_t n, capacity;
};

static void disks_add(struct disks *ds, struct arena *a, struct disk_device d)
{
	ds->items = arena_grow(a, ds->items, ds->n, &ds->capacity, sizeof(*ds->items));
	ds->items[ds->n++] = d;
}

static void resolve_disk(const struct device *device, const char *rootfs, struct disks *ds,
			 struct arena *a)
{
	struct disk_device d = {.disk = device->name};
	const char *path = disk_path(device, rootfs, &d, a), *why;
	struct blockdevs devices;
	int error;

	if (!path) {
		disks_add(ds, a, d);
		return;
	}
	error = blockdev_behind(path, a, &devices, &why);
	if (error < 0) {
		refuse(&d, error == -ENODEV, why);
		disks_add(ds, a, d);
		return;
	}
	for (size_t i = 0; i < devices.n; i++) {
		d.major = devices.items[i].major;
		d.minor = devices.items[i].minor;
		disks_add(ds, a, d);
	}
}

void blockio_resolve(struct world_instance *i, const char *rootfs, struct arena *a)
{
	struct disks ds = {0};

	for (size_t k = 0; k < i->instance->n_devices; k++)
		if (has_limits(i->instance->devices[k].device))
			resolve_disk(i->instance->devices[k].device, rootfs, &ds, a);
	i->disks = ds.items;
	i->n_disks = ds.n;
}

static const struct expanded_device *find_disk(const struct instance *i, const char *name)
{
	for (size_t k = 0; k < i->n_devices; k++)
		if (strcmp(i->devices[k].device->name, name) == 0)
			return &i->devices[k];
	return NULL;
}

/* What a disk asks for in one direction: limits.max wins over the other two. */
static const struct setting *asked_setting(const struct device *d, bool writes)
{
	const struct setting *most = device_get(d, "limits.max");

	return most ? most : device_get(d, writes ? "limits.write" : "limits.read");
}

/* The kernel keeps operations in 32 bits, the highest being "no limit". */
static const char *settle(const struct disk_rate *rate, struct arena *a)
{
	if (rate->number == 0 || rate->number == UINT64_MAX ||
	    (rate->iops && rate->number >= UINT32_MAX))
		return "max";
	return arena_printf(a, "%" PRIu64, rate->number);
}

static const char *say_place(const struct setting *s, struct arena *a)
{
	if (!s->at.source)
		return arena_printf(a, "%s %s", s->name, s->text);
	return arena_printf(a, "%s:%u says %s: %s", s->at.source->name, s->at.line, s->name,
			    s->text);
}

/* Two disks on one device: the same wish is one; two different ones are none. */
static void add_wish(struct properties *out, size_t start, struct property p)
{
	for (size_t i = start; i < out->n; i++) {
		struct property *other = &out->items[i];

		if (strcmp(other->object, p.object) != 0 ||
		    strcmp(other->attribute, p.attribute) != 0)
			continue;
		if (other->value && strcmp(other->value, p.value) == 0)
			return;
		if (other->value)
			other->reason = arena_printf(
			    out->arena, "two disks on the block device %s differ: %s, %s",
			    p.object + strlen("io/"), say_place(other->setting, out->arena),
			    say_place(p.setting, out->arena));
		other->remedy = "a block device has one limit for the whole container: give both "
				"disks the same";
		other->value = NULL;
		other->certainty = UNKNOWN;
		return;
	}
	properties_add(out, p);
}

static void desire_attribute(const struct host *host, const struct disk_device *d,
			     const struct expanded_device *e, const struct attribute *at,
			     size_t start, struct properties *out)
{
	const struct setting *s = asked_setting(e->device, at->writes);
	struct arena *a = out->arena;
	struct complaint why;
	struct value v;
	struct property p = {
	    .attribute = at->name,
	    .effect = EFFECT_LIVE,
	    .setting = s,
	    .from = e->from,
	};

	if (!s || value_parse(s->key->grammar, s->text, a, &v, &why) < 0 || v.rate.iops != at->iops)
		return;
	p.key = arena_printf(a, "%s.%s", d->disk, s->name);
	p.object = arena_printf(a, "io/%u:%u", d->major, d->minor);
	p.value = settle(&v.rate, a);
	if (host->cgroups[CONTROLLER_IO] == CGROUP_NONE) {
		p.value = NULL;
		p.certainty = UNSUPPORTED;
		p.effect = EFFECT_UNSUPPORTED;
		p.reason = "this boot has no cgroup controller for block devices";
		p.remedy = "boot with io (cgroup v2) or blkio (v1) enabled";
	}
	add_wish(out, start, p);
}

static void desire_refused(const struct disk_device *d, const struct expanded_device *e,
			   struct properties *out)
{
	static const char *const options[] = {"limits.max", "limits.read", "limits.write"};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		const struct setting *s = device_get(e->device, options[i]);

		if (!s)
			continue;
		properties_add(out, (struct property){
					.object = object_name(out->arena, "io", d->disk),
					.attribute = options[i],
					.certainty = d->unsupported ? UNSUPPORTED : UNKNOWN,
					.reason = d->refused,
					.remedy = d->remedy,
					.effect = d->unsupported ? EFFECT_UNSUPPORTED : EFFECT_LIVE,
					.setting = s,
					.from = e->from,
					.key = arena_printf(out->arena, "%s.%s", d->disk, s->name),
				    });
	}
}

static void desire(const struct world *w, const struct world_instance *i, struct properties *out)
{
	size_t start = out->n;

	for (size_t k = 0; k < i->n_disks; k++) {
		const struct disk_device *d = &i->disks[k];
		const struct expanded_device *e = find_disk(i->instance, d->disk);

		if (!e)
			continue;
		if (d->refused) {
			desire_refused(d, e, out);
			continue;
		}
		for (size_t n = 0; n < N_ATTRIBUTES; n++)
			desire_attribute(w->host, d, e, &attributes[n], start, out);
	}
}

/* The value of KEY in the line of DEVICE of an io.max; NULL: no limit there. */
static const char *find_v2(char *text, const char *device, const char *key, struct arena *a)
{
	size_t n = strlen(key);
	char *line, *word;

	while ((line = strsep(&text, "\n"))) {
		word = strsep(&line, " ");
		if (strcmp(word, device) != 0)
			continue;
		while ((word = strsep(&line, " ")))
			if (strncmp(word, key, n) == 0 && word[n] == '=')
				return strcmp(word + n + 1, "max") == 0
					   ? NULL
					   : arena_strdup(a, word + n + 1);
	}
	return NULL;
}

/* The number behind DEVICE in lines of "MAJ:MIN NUMBER". */
static const char *find_v1(char *text, const char *device, struct arena *a)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		char *word = strsep(&line, " \t");

		while (line && (*line == ' ' || *line == '\t'))
			line++;
		if (line && strcmp(word, device) == 0)
			return strcmp(line, "0") == 0 ? NULL : arena_strdup(a, line);
	}
	return NULL;
}

/* The files of one container, each read once at most. */
struct files {
	const struct container *c;
	enum cgroup_version version;
	const char *texts[N_ATTRIBUTES]; /* v2: only the first */
	int errors[N_ATTRIBUTES];
	bool read[N_ATTRIBUTES];
};

static const char *file_name(enum cgroup_version version, const struct attribute *at)
{
	return version == CGROUP_V2 ? "io.max" : at->v1;
}

static const char *file_text(struct files *f, const struct attribute *at, int *error,
			     struct arena *a)
{
	size_t k = f->version == CGROUP_V2 ? 0 : (size_t)(at - attributes);

	if (!f->read[k]) {
		char text[32768]; /* a line of 100 bytes for each of some hundred devices */
		ssize_t n = cgroup_read(f->c->cgroup, CONTROLLER_IO, file_name(f->version, at),
					text, sizeof(text));

		f->read[k] = true;
		f->errors[k] = n < 0 ? (int)-n : 0;
		f->texts[k] = arena_strndup(a, text, n < 0 ? 0 : (size_t)n);
	}
	*error = f->errors[k];
	return f->texts[k];
}

static struct property observe_one(struct files *f, const struct property *asked, struct arena *a)
{
	const struct attribute *at = attribute_find(asked->attribute);
	struct property p = {.object = asked->object, .attribute = asked->attribute};
	const char *device = asked->object + strlen("io/"), *text;
	int error;

	if (!at || strncmp(asked->object, "io/", 3) != 0) {
		p.certainty = UNKNOWN;
		p.reason = "it has no block device";
		return p;
	}
	text = file_text(f, at, &error, a);
	if (error == ENOENT) {
		p.certainty = UNSUPPORTED;
		p.reason =
		    arena_printf(a, "the container's cgroup has no %s", file_name(f->version, at));
		p.remedy = "boot a kernel with CONFIG_BLK_DEV_THROTTLING and the controller "
			   "enabled";
	} else if (error) {
		p.certainty = UNKNOWN;
		p.reason = arena_printf(
		    a, "%s: %s",
		    cgroup_path(f->c->cgroup, CONTROLLER_IO, file_name(f->version, at), a),
		    strerror(error));
	} else {
		char *copy = arena_strdup(a, text);

		p.value = f->version == CGROUP_V2 ? find_v2(copy, device, at->name, a)
						  : find_v1(copy, device, a);
		if (!p.value)
			p.value = "max";
	}
	return p;
}

/* All limits that there are, for a container whose manifest is to be written. */
static void observe_all(struct files *f, struct properties *out)
{
	struct arena *a = out->arena;
	int error;

	for (size_t i = 0; i < N_ATTRIBUTES; i++) {
		const char *text = file_text(f, &attributes[i], &error, a);
		char *rest, *line;

		if (error)
			continue;
		rest = arena_strdup(a, text);
		while ((line = strsep(&rest, "\n"))) {
			struct property asked = {.attribute = attributes[i].name}, p;

			line[strcspn(line, " ")] = '\0';
			if (!*line)
				continue;
			asked.object = arena_printf(a, "io/%s", line);
			p = observe_one(f, &asked, a);
			if (p.value && strcmp(p.value, "max") != 0)
				properties_add(out, p);
		}
	}
}

static void observe(struct container *c, const struct properties *asked, struct properties *out)
{
	struct files f = {.c = c, .version = cgroup_version(c->cgroup, CONTROLLER_IO)};

	if (!asked) {
		if (f.version != CGROUP_NONE)
			observe_all(&f, out);
		return;
	}
	for (size_t i = 0; i < asked->n; i++)
		properties_add(out, observe_one(&f, &asked->items[i], out->arena));
}

/* The owner's own lxc.cgroup lines for this device, else no limit. */
static const char *base(const struct container *c, const struct property *owned, struct arena *a)
{
	const struct attribute *at = attribute_find(owned->attribute);
	const char *device = owned->object + strlen("io/"), *own, *value = NULL;
	bool v2 = c->host->cgroups[CONTROLLER_IO] == CGROUP_V2;

	if (!at || strncmp(owned->object, "io/", 3) != 0)
		return NULL;
	own = c->own_item(c, v2 ? "lxc.cgroup2.io.max" : arena_printf(a, "lxc.cgroup.%s", at->v1));
	if (own)
		value = v2 ? find_v2(arena_strdup(a, own), device, at->name, a)
			   : find_v1(arena_strdup(a, own), device, a);
	return value ? value : "max";
}

static void apply_one(struct container *c, struct change *change)
{
	const struct attribute *at = attribute_find(change->attribute);
	enum cgroup_version version = cgroup_version(c->cgroup, CONTROLLER_IO);
	const char *device = change->object + strlen("io/");
	const char *value = change->to ? change->to : "max", *line, *file;
	bool none = strcmp(value, "max") == 0, no_device;
	int error;

	if (!at || version == CGROUP_NONE) {
		change_fail(change, c->arena, EOPNOTSUPP, "the container has no such limit");
		return;
	}
	file = file_name(version, at);
	line = version == CGROUP_V2 ? arena_printf(c->arena, "%s %s=%s", device, at->name, value)
				    : arena_printf(c->arena, "%s %s", device, none ? "0" : value);
	error = -cgroup_write(c->cgroup, CONTROLLER_IO, file, line);
	/* the kernel's word for a device that has gone; its limits went along */
	no_device = error == ENODEV && cgroup_has(c->cgroup, CONTROLLER_IO, file);
	if (error == 0 || (none && no_device))
		change->verdict = VERDICT_APPLIED;
	else
		change_fail(change, c->arena, error, "%s: cannot write '%s': %s",
			    cgroup_path(c->cgroup, CONTROLLER_IO, file, c->arena), line,
			    no_device ? "there is no such block device any more" : strerror(error));
}

static void apply(struct container *c, struct change **changes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		apply_one(c, changes[i]);
}

/* The first limit on a disk waits until what is under way there is done. */
static bool may_wait(struct container *c, const struct change *change)
{
	(void)c;
	(void)change;
	return true;
}

static const char *place(const struct host *host, const struct property *p, struct arena *a)
{
	const struct attribute *at = attribute_find(p->attribute);

	(void)a;
	if (!at || host->cgroups[CONTROLLER_IO] == CGROUP_NONE)
		return NULL;
	return file_name(host->cgroups[CONTROLLER_IO], at);
}

const struct driver blockio_driver = {
    .kind = "io",
    .effect = EFFECT_LIVE,
    .desire = desire,
    .observe = observe,
    .base = base,
    .apply = apply,
    .may_wait = may_wait,
    .place = place,
};
