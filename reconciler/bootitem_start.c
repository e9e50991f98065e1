/* boot.autostart*: what lxc-autostart(1) reads. It holds as soon as it is in the file. */
#include "reconciler/bootitem.h"
#include "schema/arena.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

static void want(struct properties *out, const char *attribute, const char *value,
		 const struct expanded *e)
{
	bootitem_want(out, attribute, value, e)->effect = EFFECT_LIVE;
}

/* LXC has no "as it was before": last-state says nothing to it. */
static void desire_auto(const struct world *w, const struct world_instance *i,
			struct properties *out)
{
	const struct expanded *e = instance_get(i->instance, "boot.autostart");
	struct complaint why;
	struct value v;

	(void)w;
	if (e && value_parse(&grammar_bool, e->setting->text, out->arena, &v, &why) == 0)
		want(out, "lxc.start.auto", v.yes ? "1" : "0", e);
}

static bool integer(const struct world_instance *i, const char *key, struct arena *a, int64_t *out)
{
	struct value v;

	if (!instance_value(i->instance, key, a, &v))
		return false;
	*out = v.integer;
	return true;
}

static void desire_delay(const struct world *w, const struct world_instance *i,
			 struct properties *out)
{
	const char *key = "boot.autostart.delay";
	int64_t delay;

	(void)w;
	if (!integer(i, key, out->arena, &delay))
		return;
	delay = delay < 0 ? 0 : delay > INT_MAX ? INT_MAX : delay;
	want(out, "lxc.start.delay", arena_printf(out->arena, "%" PRId64, delay),
	     instance_get(i->instance, key));
}

/* The higher priority starts first; LXC starts the lower order first. */
static void desire_order(const struct world *w, const struct world_instance *i,
			 struct properties *out)
{
	const char *key = "boot.autostart.priority";
	int64_t priority;

	(void)w;
	if (!integer(i, key, out->arena, &priority))
		return;
	priority = priority < -INT_MAX ? -INT_MAX : priority > INT_MAX ? INT_MAX : priority;
	want(out, "lxc.start.order", arena_printf(out->arena, "%" PRId64, -priority),
	     instance_get(i->instance, key));
}

const struct bootitem bootitem_start_auto = {
    .attribute = "lxc.start.auto",
    .desire = desire_auto,
    .observe = bootitem_own,
    .base = bootitem_own,
    .boot = bootitem_write,
    .file_only = true,
};

const struct bootitem bootitem_start_delay = {
    .attribute = "lxc.start.delay",
    .desire = desire_delay,
    .observe = bootitem_own,
    .base = bootitem_own,
    .boot = bootitem_write,
    .file_only = true,
};

const struct bootitem bootitem_start_order = {
    .attribute = "lxc.start.order",
    .desire = desire_order,
    .observe = bootitem_own,
    .base = bootitem_own,
    .boot = bootitem_write,
    .file_only = true,
};
