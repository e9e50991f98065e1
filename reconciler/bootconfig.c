#include "reconciler/bootconfig.h"

#include "limits/procfile.h"
#include "reconciler/bootfile.h"
#include "reconciler/bootitem.h"
#include "reconciler/include.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* raw.lxc comes last: it is to override the others. */
static const struct bootitem *const items[] = {
    &bootitem_nesting,        &bootitem_apparmor, &bootitem_environment, &bootitem_idmap,
    &bootitem_rootfs_options, &bootitem_seccomp,  &bootitem_start_auto,  &bootitem_start_delay,
    &bootitem_start_order,    &bootitem_rawlxc,
};

struct property *bootitem_want(struct properties *out, const char *attribute, const char *value,
			       const struct expanded *e)
{
	return properties_add(out, (struct property){
				       .object = bootconfig_driver.kind,
				       .attribute = attribute,
				       .value = value,
				       .certainty = CERTAIN_VALUE,
				       .effect = EFFECT_RESTART,
				       .setting = e->setting,
				       .from = e->from,
				       .key = e->setting->name,
				   });
}

void bootitem_refuse(struct property *p, const char *reason, const char *remedy)
{
	p->certainty = UNSUPPORTED;
	p->effect = EFFECT_UNSUPPORTED;
	p->value = NULL;
	p->reason = reason;
	p->remedy = remedy;
}

void bootitem_line(struct arena *a, const char *line, const char ***lines, size_t *n,
		   size_t *capacity)
{
	*lines = arena_grow(a, *lines, *n, capacity, sizeof(**lines));
	(*lines)[(*n)++] = line;
}

void bootitem_setting(struct arena *a, const char *key, const char *value, const char ***lines,
		      size_t *n, size_t *capacity)
{
	const char *why, *line = bootfile_line(key, value, a, &why);

	if (line)
		bootitem_line(a, line, lines, n, capacity);
}

const char *bootitem_running(const struct container *c, const struct property *asked,
			     struct arena *a)
{
	(void)a;
	return c->running_item(c, asked->attribute);
}

const char *bootitem_own(const struct container *c, const struct property *owned, struct arena *a)
{
	(void)a;
	return c->own_item(c, owned->attribute);
}

void bootitem_write(const struct property *p, struct arena *a, const char ***lines, size_t *n,
		    size_t *capacity)
{
	bootitem_setting(a, p->attribute, p->value, lines, n, capacity);
}

static const struct bootitem *item_of(const char *attribute)
{
	for (size_t i = 0; i < COUNT(items); i++) {
		size_t n = strlen(items[i]->attribute);

		if (items[i]->attribute[n - 1] == '*'
			? strncmp(attribute, items[i]->attribute, n - 1) == 0
			: strcmp(attribute, items[i]->attribute) == 0)
			return items[i];
	}
	return NULL;
}

static void desire(const struct world *w, const struct world_instance *i, struct properties *out)
{
	for (size_t k = 0; k < COUNT(items); k++)
		if (items[k]->desire)
			items[k]->desire(w, i, out);
}

/* What lxc-autostart(1) would read: our file's last word, else the container's own. */
static const char *in_files(const struct container *c, const struct property *asked,
			    struct arena *a)
{
	int dir = open(c->lxcpath, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *text = dir < 0 ? NULL : bootfile_text(dir, c->name, a);
	const char *value = text ? include_value(text, asked->attribute, a) : NULL;

	procfile_close(&dir);
	return value ? value : c->own_item(c, asked->attribute);
}

static const char *look(const struct container *c, const struct bootitem *item,
			const struct property *asked, struct arena *a)
{
	if (!item->file_only)
		return item->observe(c, asked, a);
	/* without a key nobody wants it any more: it goes with this very file */
	return asked->key ? in_files(c, asked, a) : NULL;
}

static void observe_all(struct container *c, struct properties *out);

static void observe(struct container *c, const struct properties *asked, struct properties *out)
{
	if (!asked) {
		observe_all(c, out);
		return;
	}
	for (size_t i = 0; i < asked->n; i++) {
		const struct property *p = &asked->items[i];
		const struct bootitem *item = item_of(p->attribute);
		const char *value = item ? look(c, item, p, out->arena) : NULL;

		properties_add(out, (struct property){
					.object = p->object,
					.attribute = p->attribute,
					.value = value,
					.certainty = value ? CERTAIN_VALUE : CERTAIN_ABSENT,
				    });
	}
}

static void add_seen(struct properties *out, const char *attribute, const char *value)
{
	properties_add(out, (struct property){
				.object = bootconfig_driver.kind,
				.attribute = attribute,
				.value = value,
				.certainty = CERTAIN_VALUE,
			    });
}

static const char *now_item(const struct container *c, const char *item)
{
	return c->init ? c->running_item(c, item) : c->own_item(c, item);
}

/* One property per variable: "NAME=VALUE" lines. */
static void observe_environment(const struct container *c, struct properties *out)
{
	char *left = arena_strdup(out->arena, now_item(c, "lxc.environment"));

	for (char *line = strsep(&left, "\n"); line; line = strsep(&left, "\n")) {
		char *value = strchr(line, '=');

		if (!value)
			continue;
		*value++ = '\0';
		add_seen(out, arena_printf(out->arena, "lxc.environment.%s", line), value);
	}
}

static void observe_all(struct container *c, struct properties *out)
{
	static const char *const plain[] = {
	    "lxc.apparmor.allow_nesting",
	    "lxc.start.auto",
	    "lxc.start.delay",
	    "lxc.start.order",
	};
	const struct property map = {.attribute = bootitem_idmap.attribute};
	const char *idmap = c->init ? bootitem_idmap.observe(c, &map, out->arena)
				    : bootitem_idmap.base(c, &map, out->arena);

	observe_environment(c, out);
	add_seen(out, map.attribute, idmap);
	for (size_t i = 0; i < COUNT(plain); i++) {
		const char *value = now_item(c, plain[i]);

		if (value && strcmp(value, "0") != 0)
			add_seen(out, plain[i], value);
	}
}

static enum phase phase(const struct property *p, enum action action)
{
	(void)p;
	(void)action;
	return PHASE_BOOT_FILE;
}

static const char *base(const struct container *c, const struct property *owned, struct arena *a)
{
	const struct bootitem *item = item_of(owned->attribute);

	return item ? item->base(c, owned, a) : NULL;
}

static void boot(const struct host *host, const struct properties *desired, struct arena *a,
		 const char ***lines, size_t *n, size_t *capacity)
{
	(void)host;
	for (size_t k = 0; k < COUNT(items); k++) {
		for (size_t i = 0; i < desired->n; i++) {
			const struct property *p = &desired->items[i];

			if (object_is(p->object, bootconfig_driver.kind) && p->value &&
			    p->certainty == CERTAIN_VALUE && item_of(p->attribute) == items[k])
				items[k]->boot(p, a, lines, n, capacity);
		}
	}
}

static const char *place(const struct host *host, const struct property *p, struct arena *a)
{
	(void)host;
	(void)a;
	return p->attribute;
}

const struct driver bootconfig_driver = {
    .kind = "config",
    .effect = EFFECT_RESTART,
    .phase = phase,
    .desire = desire,
    .observe = observe,
    .base = base,
    .boot = boot,
    .place = place,
};
