#include "reconciler/export_idmap.h"

#include "schema/arena.h"

#include <string.h>

/* Is it a part of the default map? */
static bool is_default(const struct idmap_entry *e, const struct idmap_half *preset)
{
	for (size_t i = 0; i < preset->n; i++) {
		const struct idmap_entry *p = &preset->items[i];

		if (e->inside >= p->inside && idmap_inside_end(e) <= idmap_inside_end(p) &&
		    (uint64_t)e->host + p->inside == (uint64_t)p->host + e->inside)
			return true;
	}
	return false;
}

/* "uid 1000 1000" or "uid 1000-1999 0-999": the host's ids, then those inside. */
static const char *line(const char *kind, const struct idmap_entry *e, struct arena *a)
{
	if (e->count == 1)
		return arena_printf(a, "%s %u %u\n", kind, e->host, e->inside);
	return arena_printf(a, "%s %u-%u %u-%u\n", kind, e->host, e->host + e->count - 1, e->inside,
			    e->inside + e->count - 1);
}

/* The lines for one half; *SHARED: a part of it is the default map. */
static const char *punched(const char *kind, const struct idmap_half *half,
			   const struct idmap_half *preset, bool *shared, struct arena *a)
{
	const char *lines = "";

	for (size_t i = 0; i < half->n; i++) {
		if (is_default(&half->items[i], preset))
			*shared = true;
		else
			lines = arena_printf(a, "%s%s", lines, line(kind, &half->items[i], a));
	}
	return lines;
}

void export_idmap(struct exported *e, const struct host *host, const char *text)
{
	char *lines = arena_strdup(e->arena, text);
	bool uids = false, gids = false;
	const char *raw;
	struct idmap map;

	if (!*text) {
		export_add(e, NULL, "security.privileged", "true");
		return;
	}
	for (char *c = strchr(lines, ';'); c; c = strchr(c, ';'))
		*c = '\n';
	if (idmap_parse(lines, e->arena, &map) < 0)
		return;
	raw = arena_printf(e->arena, "%s%s",
			   punched("uid", &map.uid, &host->idmap.uid, &uids, e->arena),
			   punched("gid", &map.gid, &host->idmap.gid, &gids, e->arena));
	if (uids && gids && *raw)
		export_add(e, NULL, "raw.idmap", raw);
}
