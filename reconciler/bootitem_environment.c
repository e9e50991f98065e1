/* environment.NAME: one property per variable, though LXC has one list for all. */
#include "reconciler/bootfile.h"
#include "reconciler/bootitem.h"
#include "schema/arena.h"

#include <string.h>

#define KEY "environment."
#define ITEM "lxc.environment"
#define ATTRIBUTE ITEM "."

static void desire(const struct world *w, const struct world_instance *i, struct properties *out)
{
	const struct instance *instance = i->instance;

	(void)w;
	for (size_t k = 0; k < instance->n_config; k++) {
		const struct expanded *e = &instance->config[k];
		const char *name = e->setting->name, *why;
		struct property *p;

		if (strncmp(name, KEY, sizeof(KEY) - 1) != 0)
			continue;
		name += sizeof(KEY) - 1;
		p = bootitem_want(out, arena_printf(out->arena, ATTRIBUTE "%s", name),
				  e->setting->text, e);
		if (strchr(name, '='))
			bootitem_refuse(p, "a variable's name has no '='", NULL);
		else if (!bootfile_line(ITEM, e->setting->text, out->arena, &why))
			bootitem_refuse(p, why, NULL);
	}
}

/* The value of NAME in lines of "NAME=VALUE", the last one counts. */
static const char *variable(const char *text, const char *attribute, struct arena *a)
{
	const char *name = attribute + sizeof(ATTRIBUTE) - 1, *value = NULL;
	size_t n = strlen(name);

	while (text && *text) {
		size_t length = strcspn(text, "\n");

		if (length > n && strncmp(text, name, n) == 0 && text[n] == '=')
			value = arena_strndup(a, text + n + 1, length - n - 1);
		text += length + (text[length] == '\n');
	}
	return value;
}

static const char *observe(const struct container *c, const struct property *asked, struct arena *a)
{
	return variable(c->running_item(c, ITEM), asked->attribute, a);
}

static const char *base(const struct container *c, const struct property *owned, struct arena *a)
{
	return variable(c->own_item(c, ITEM), owned->attribute, a);
}

static void boot(const struct property *p, struct arena *a, const char ***lines, size_t *n,
		 size_t *capacity)
{
	bootitem_setting(a, ITEM,
			 arena_printf(a, "%s=%s", p->attribute + sizeof(ATTRIBUTE) - 1, p->value),
			 lines, n, capacity);
}

const struct bootitem bootitem_environment = {
    .attribute = ATTRIBUTE "*",
    .desire = desire,
    .observe = observe,
    .base = base,
    .boot = boot,
};
