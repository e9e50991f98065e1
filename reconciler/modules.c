#include "reconciler/modules.h"

#include "schema/arena.h"

#include <errno.h>
#include <libkmod.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <syslog.h>
#include <unistd.h>

#define KEY "linux.kernel_modules"
#define LOADED "loaded"

static void desire(const struct world *w, const struct world_instance *i, struct properties *out)
{
	const struct expanded *e = instance_get(i->instance, KEY);
	struct value v;

	(void)w;
	if (!e || !instance_value(i->instance, KEY, out->arena, &v))
		return;
	for (size_t k = 0; k < v.list.n; k++)
		properties_add(out, (struct property){
					.object = modules_driver.kind,
					.attribute = v.list.items[k],
					.value = LOADED,
					.effect = EFFECT_LIVE,
					.setting = e->setting,
					.from = e->from,
					.key = KEY,
				    });
}

/* A module that is loaded, or built in and with parameters, has a folder in sysfs: no need to read
 * the indexes of libkmod. */
static bool in_sysfs(const char *name)
{
	char path[NAME_MAX + 32];
	size_t n = (size_t)snprintf(path, sizeof(path), "/sys/module/%s", name);

	if (n >= sizeof(path) || strchr(name, '/') || *name == '.')
		return false;
	for (char *c = path + strlen("/sys/module/"); *c; c++)
		if (*c == '-')
			*c = '_';
	return access(path, F_OK) == 0;
}

static bool is_loaded(struct kmod_module *m)
{
	int state = kmod_module_get_initstate(m);

	return state == KMOD_MODULE_BUILTIN || state == KMOD_MODULE_LIVE;
}

/* Its own log lines would stand between ours. */
static struct kmod_ctx *open_indexes(void)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);

	if (ctx)
		kmod_set_log_priority(ctx, LOG_EMERG);
	return ctx;
}

/* The modules behind a name or an alias. Returns their list or NULL with *ERROR. */
static struct kmod_list *look_up(struct kmod_ctx *ctx, const char *name, int *error)
{
	struct kmod_list *list = NULL;

	*error = ctx ? -kmod_module_new_from_lookup(ctx, name, &list) : ENOMEM;
	if (*error == 0 && !list)
		*error = ENOENT;
	return list;
}

static bool all_loaded(struct kmod_list *list)
{
	struct kmod_list *at;

	kmod_list_foreach(at, list)
	{
		struct kmod_module *m = kmod_module_get_module(at);
		bool loaded = is_loaded(m);

		kmod_module_unref(m);
		if (!loaded)
			return false;
	}
	return true;
}

static bool find_loaded(struct kmod_ctx **ctx, const char *name)
{
	struct kmod_list *list;
	bool loaded;
	int error;

	if (in_sysfs(name))
		return true;
	if (!*ctx)
		*ctx = open_indexes();
	list = look_up(*ctx, name, &error);
	loaded = list && all_loaded(list);
	kmod_module_unref_list(list);
	return loaded;
}

static void observe(struct container *c, const struct properties *asked, struct properties *out)
{
	struct kmod_ctx *ctx = NULL;

	(void)c;
	for (size_t i = 0; asked && i < asked->n; i++) {
		struct property p = {.object = modules_driver.kind,
				     .attribute = asked->items[i].attribute,
				     .certainty = CERTAIN_ABSENT};

		if (find_loaded(&ctx, p.attribute)) {
			p.certainty = CERTAIN_VALUE;
			p.value = LOADED;
		}
		properties_add(out, p);
	}
	kmod_unref(ctx);
}

/* Never unloaded: others may have come to need it. */
static const char *base(const struct container *c, const struct property *owned, struct arena *a)
{
	(void)c;
	(void)owned;
	(void)a;
	return LOADED;
}

/* An install command of modprobe.d would run a shell: the module itself is loaded instead. */
static int load(struct kmod_list *list)
{
	struct kmod_list *at;
	int error = 0;

	kmod_list_foreach(at, list)
	{
		struct kmod_module *m = kmod_module_get_module(at);
		int r = is_loaded(m) ? 0
				     : kmod_module_probe_insert_module(m, KMOD_PROBE_IGNORE_COMMAND,
								       NULL, NULL, NULL, NULL);

		kmod_module_unref(m);
		if (r != 0 && r != -EEXIST && error == 0)
			error = r < 0 ? -r : EPERM;
	}
	return error;
}

static void fail(struct container *c, struct change *change, int error)
{
	struct utsname u;
	const char *folder;

	uname(&u);
	folder = arena_printf(c->arena, "/lib/modules/%s", u.release);
	if (error == ENOENT && access(folder, F_OK) < 0)
		change_fail(change, c->arena, error,
			    "module %s: there is no %s: install the modules of the running kernel, "
			    "or boot the installed one",
			    change->attribute, folder);
	else if (error == ENOENT)
		change_fail(change, c->arena, error, "module %s: none of this name in %s",
			    change->attribute, folder);
	else
		change_fail(change, c->arena, error, "module %s: cannot load it: %s",
			    change->attribute, strerror(error));
}

static void apply_one(struct container *c, struct kmod_ctx *ctx, struct change *change)
{
	struct kmod_list *list;
	int error;

	change->verdict = VERDICT_APPLIED;
	if (!change->to)
		return;
	list = look_up(ctx, change->attribute, &error);
	if (list)
		error = load(list);
	kmod_module_unref_list(list);
	if (c->wrote)
		c->wrote(arena_printf(c->arena, "finit_module(2) %s", change->attribute), LOADED,
			 error);
	if (error)
		fail(c, change, error);
}

static void apply(struct container *c, struct change **changes, size_t n)
{
	struct kmod_ctx *ctx = open_indexes();

	for (size_t i = 0; i < n; i++)
		apply_one(c, ctx, changes[i]);
	kmod_unref(ctx);
}

/* It is read from disk, and its own start may take long. */
static bool may_wait(struct container *c, const struct change *change)
{
	(void)c;
	(void)change;
	return true;
}

static const char *place(const struct host *host, const struct property *p, struct arena *a)
{
	(void)host;
	return arena_printf(a, "/sys/module/%s", p->attribute);
}

const struct driver modules_driver = {
    .kind = "modules",
    .effect = EFFECT_LIVE,
    .desire = desire,
    .observe = observe,
    .base = base,
    .apply = apply,
    .may_wait = may_wait,
    .place = place,
};
