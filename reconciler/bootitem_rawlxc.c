/*
 * raw.lxc: the user's own lines, in force when the running container has what they say.
 * liblxc has a spelling of its own for many values, so both sides are read through it.
 */
#include "reconciler/bootfile.h"
#include "reconciler/bootitem.h"
#include "reconciler/lxcitems.h"
#include "schema/arena.h"
#include "schema/rawlxc.h"

#include <string.h>

static const char *line_of(const struct rawlxc_line *l, struct arena *a, const char **why)
{
	static const char *const never_empty[] = {"lxc.idmap", "lxc.net", "lxc.mount.entry"};

	*why = NULL;
	if (*l->value)
		return bootfile_line(l->key, l->value, a, why);
	for (size_t i = 0; i < sizeof(never_empty) / sizeof(*never_empty); i++)
		if (strcmp(l->key, never_empty[i]) == 0)
			*why = "empty, it would take away what the container's own config says";
	/* checked as any key is, by a value that can stand there */
	if (*why || !bootfile_line(l->key, "0", a, why))
		return NULL;
	return arena_printf(a, "%s =", l->key);
}

/* The lines as they will stand in the boot file; NULL with *WHY: one cannot. */
static const char *lines_of(const char *raw, struct arena *a, const char **why)
{
	const char *text = "";
	struct rawlxc lines;
	size_t bad;

	if (rawlxc_parse(raw, a, &lines, &bad) < 0) {
		*why = "a line that is no KEY = VALUE";
		return NULL;
	}
	for (size_t k = 0; k < lines.n; k++) {
		const char *line = line_of(&lines.items[k], a, why);

		if (!line) {
			*why = arena_printf(a, "%s: %s", lines.items[k].key, *why);
			return NULL;
		}
		text = arena_printf(a, "%s%s%s", text, k ? "\n" : "", line);
	}
	return text;
}

static void desire(const struct world *w, const struct world_instance *i, struct properties *out)
{
	const struct expanded *e = instance_get(i->instance, "raw.lxc");
	const char *text, *why;

	(void)w;
	text = e ? lines_of(e->setting->text, out->arena, &why) : "";
	if (!text)
		bootitem_refuse(bootitem_want(out, bootitem_rawlxc.attribute, NULL, e), why, NULL);
	else if (*text) /* comments alone ask for nothing */
		bootitem_want(out, bootitem_rawlxc.attribute, text, e);
}

/* Is each line of PART among those of WHOLE? */
static bool has_lines(const char *whole, const char *part)
{
	while (part && *part) {
		size_t n = strcspn(part, "\n");
		const char *at = whole;
		bool found = false;

		while (at && *at && !found) {
			size_t length = strcspn(at, "\n");

			found = length == n && strncmp(at, part, n) == 0;
			at += length + (at[length] == '\n');
		}
		if (!found)
			return false;
		part += n + (part[n] == '\n');
	}
	return true;
}

/* Do the items that TEXT sets stand in what ITEM gives of the container? */
static bool holds(const struct container *c, const char *text,
		  const char *(*item)(const struct container *c, const char *item), struct arena *a)
{
	struct lxcitems *alone = lxcitems_of_text(text, a);
	struct rawlxc lines;
	bool all = rawlxc_parse(text, a, &lines, NULL) == 0;

	for (size_t i = 0; i < lines.n && all; i++)
		all = has_lines(item(c, lines.items[i].key),
				lxcitems_own(alone, lines.items[i].key, a));
	lxcitems_close(alone);
	return all;
}

static const char *observe(const struct container *c, const struct property *asked, struct arena *a)
{
	return asked->value && holds(c, asked->value, c->running_item, a) ? asked->value : NULL;
}

static const char *base(const struct container *c, const struct property *owned, struct arena *a)
{
	return owned->value && holds(c, owned->value, c->own_item, a) ? owned->value : NULL;
}

static void boot(const struct property *p, struct arena *a, const char ***lines, size_t *n,
		 size_t *capacity)
{
	char *left = arena_strdup(a, p->value);

	for (char *line = strsep(&left, "\n"); line; line = strsep(&left, "\n"))
		bootitem_line(a, line, lines, n, capacity);
}

const struct bootitem bootitem_rawlxc = {
    .attribute = "raw.lxc",
    .desire = desire,
    .observe = observe,
    .base = base,
    .boot = boot,
};
