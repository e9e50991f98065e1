/*
 * The id map, where a manifest names a key for it: all others keep what their config says.
 * A map and the owner of the rootfs's files belong together: see container_rootfs_owner.
 */
#include "reconciler/bootfile.h"
#include "reconciler/bootitem.h"
#include "schema/arena.h"
#include "schema/instance_idmap.h"

#include <string.h>

#define ITEM "lxc.idmap"
#define OPTIONS "lxc.rootfs.options"
#define SEPARATOR "; "

/* ---- text ---- */

static const char *print_map(const struct idmap *map, struct arena *a)
{
	const char **lines, *text = "";
	size_t n = idmap_print(map, a, &lines);

	for (size_t i = 0; i < n; i++)
		text = arena_printf(a, "%s%s%s", text, i ? SEPARATOR : "", lines[i]);
	return text;
}

static bool parse_map(const char *text, struct arena *a, struct idmap *out)
{
	char *lines = arena_strdup(a, text);

	for (char *c = lines; *c; c++)
		if (*c == ';')
			*c = '\n';
	*out = (struct idmap){0};
	return !*lines || idmap_parse(lines, a, out) == 0;
}

/* ITEM's lines in the spelling of LIKE where they mean the same. */
static const char *spell(const char *lines, const char *like, struct arena *a)
{
	struct idmap map, wanted;

	if (!parse_map(lines ? lines : "", a, &map))
		return lines;
	if (like && parse_map(like, a, &wanted) && idmap_equal(&map, &wanted))
		return like;
	return print_map(&map, a);
}

/* ---- what is wanted ---- */

static const char *missing_ids(const struct host *h, const struct idmap *map, struct arena *a)
{
	const char *uid = instance_idmap_missing(&map->uid, h->subuids, h->n_subuids, a);
	const char *gid = instance_idmap_missing(&map->gid, h->subgids, h->n_subgids, a);

	/* With the host's root in it, LXC writes the map itself. */
	if ((!uid && !gid) || idmap_maps_root(map))
		return NULL;
	if (uid && gid && strcmp(uid, gid) == 0)
		return arena_printf(a, "add to /etc/subuid and /etc/subgid: %s", uid);
	return arena_printf(a, "add to %s%s%s%s%s", uid ? "/etc/subuid: " : "", uid ? uid : "",
			    uid && gid ? "; to " : "", gid ? "/etc/subgid: " : "", gid ? gid : "");
}

/* Does the map fit the owner of the rootfs? 0:0 does with an idmapped mount, the map's own root
 * without. */
static bool fits_rootfs(const struct world_instance *i, const struct idmap *map, bool *mounted)
{
	int64_t owner = i->exists ? i->rootfs_owner : 0;

	*mounted = owner == 0 && map->uid.n > 0;
	return owner == 0 || (owner > 0 && idmap_to_host(&map->uid, 0) == owner);
}

static void refuse_rootfs(const struct world_instance *i, struct property *p, struct arena *a)
{
	if (i->rootfs_owner < 0)
		bootitem_refuse(
		    p,
		    "its rootfs cannot be looked at: whether this id map fits its files is "
		    "unknown",
		    NULL);
	else
		bootitem_refuse(
		    p,
		    arena_printf(a,
				 "its rootfs belongs to host id %lld, which this id map does "
				 "not fit",
				 (long long)i->rootfs_owner),
		    arena_printf(a, "evenkeel shift %s changes the ownership of its files",
				 i->instance->name));
}

static void desire(const struct world *w, const struct world_instance *i, struct properties *out)
{
	const struct expanded *e = instance_idmap_setting(i->instance);
	const char *missing;
	struct complaint why;
	struct property *p;
	struct idmap map;
	bool mounted;

	if (!e)
		return;
	p = bootitem_want(out, ITEM, "", e);
	if (instance_idmap(i, w->host, out->arena, &map, &why) < 0) {
		bootitem_refuse(p, arena_strdup(out->arena, why.message),
				why.hint[0] ? arena_strdup(out->arena, why.hint) : NULL);
		return;
	}
	missing = missing_ids(w->host, &map, out->arena);
	if (missing) {
		bootitem_refuse(p, "newuidmap and newgidmap refuse ids that are not root's",
				missing);
	} else if (i->exists && i->idmap_refused) {
		bootitem_refuse(p, i->idmap_refused, NULL);
	} else if (!fits_rootfs(i, &map, &mounted)) {
		refuse_rootfs(i, p, out->arena);
	} else {
		p->value = print_map(&map, out->arena);
		if (mounted)
			bootitem_want(out, OPTIONS, "idmap=container", e);
	}
}

static const char *observe(const struct container *c, const struct property *asked, struct arena *a)
{
	return spell(c->running_item(c, ITEM), asked->value, a);
}

static const char *base(const struct container *c, const struct property *owned, struct arena *a)
{
	return spell(c->own_item(c, ITEM), owned->value, a);
}

/* No map: what kept an unprivileged container harmless has to come from elsewhere. */
static void boot_privileged(struct arena *a, const char ***lines, size_t *n, size_t *capacity)
{
	bootitem_line(a, BOOTFILE_NO_IDMAP, lines, n, capacity);
	bootitem_line(a, "lxc.cap.drop = mac_admin mac_override sys_time sys_module sys_rawio",
		      lines, n, capacity);
	bootitem_line(a, "lxc.mount.auto = cgroup:mixed proc:mixed sys:mixed", lines, n, capacity);
}

static void boot(const struct property *p, struct arena *a, const char ***lines, size_t *n,
		 size_t *capacity)
{
	const char *at = p->value;

	if (!*at)
		boot_privileged(a, lines, n, capacity);
	while (*at) {
		size_t length = strcspn(at, ";");

		bootitem_setting(a, ITEM, arena_strndup(a, at, length), lines, n, capacity);
		at += length;
		at += strspn(at, SEPARATOR);
	}
}

const struct bootitem bootitem_idmap = {
    .attribute = ITEM,
    .desire = desire,
    .observe = observe,
    .base = base,
    .boot = boot,
};

const struct bootitem bootitem_rootfs_options = {
    .attribute = OPTIONS,
    .observe = bootitem_running,
    .base = bootitem_own,
    .boot = bootitem_write,
};
