/* Id maps from hostile text: raw.idmap over the default map, lxc.idmap lines, subuid files. What is
 * taken must be what a kernel would take. */
#include "schema/arena.h"
#include "schema/idmap.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void disjoint(const struct idmap_half *half)
{
	for (size_t i = 1; i < half->n; i++)
		demand(half->items[i].inside >= idmap_inside_end(&half->items[i - 1]));
}

static void punch(const char *text, struct arena *a)
{
	struct complaint why;
	struct idmap map, again;
	struct value v;
	const char **lines;
	size_t n;

	if (!*text || value_parse(&grammar_idmap, text, a, &v, &why) < 0)
		return;
	demand(idmap_parse("b 0 100000 65536", a, &map) == 0);
	if (idmap_punch(&map, text, v.idmap.lines, v.idmap.n, a, &why) < 0) {
		demand(why.message[0] && why.offset <= strlen(text));
		return;
	}
	disjoint(&map.uid);
	disjoint(&map.gid);
	for (size_t i = v.idmap.n; i > 0; i--) {
		const struct idmap_line *l = &v.idmap.lines[i - 1];

		/* The last line of all has the last word. */
		if (l->kind != 'b' || i < v.idmap.n)
			continue;
		demand(idmap_to_host(&map.uid, l->container) == (int64_t)l->host);
		demand(idmap_to_host(&map.gid, l->container + (l->count - 1)) ==
		       (int64_t)l->host + (l->count - 1));
	}
	if (idmap_check(&map, &why) < 0)
		return;
	n = idmap_print(&map, a, &lines);
	demand(n == map.uid.n + map.gid.n);
	text = "";
	for (size_t i = 0; i < n; i++)
		text = arena_printf(a, "%s%s\n", text, lines[i]);
	demand(idmap_parse(text, a, &again) == 0 && idmap_equal(&map, &again));
}

static void subids(const char *text, size_t n, struct arena *a)
{
	struct subid *found;
	struct idmap map;
	size_t count = idmap_read_subids(text, n, a, &found);
	struct complaint why;
	uint32_t base;

	if (idmap_default(found, count, found, count, a, &map) < 0)
		return;
	demand(idmap_check(&map, &why) == 0);
	if (idmap_window_find(&map, NULL, 0, IDMAP_WINDOW, &base) == 0) {
		struct idmap_window w = {base, IDMAP_WINDOW, "fuzz"};

		demand(idmap_window_check(&map, NULL, 0, &w, &why) == 0);
	}
	idmap_uncovered(&map.uid, found, count, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena *a = arena_new();
	const char *text = arena_strndup(a, (const char *)bytes, n);
	struct complaint why;
	struct idmap map;

	punch(text, a);
	if (idmap_parse(text, a, &map) == 0)
		idmap_check(&map, &why);
	subids((const char *)bytes, n, a);
	arena_free(a);
	return 0;
}
