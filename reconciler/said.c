#include "reconciler/said.h"

#include "reconciler/report.h"
#include "schema/arena.h"

#include <string.h>

static bool was_said(const struct said *s, const char *text)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->texts[i], text) == 0)
			return true;
	return false;
}

void said_tell(struct said *s, struct journal *j, const struct diagnostics *ds)
{
	struct said next = {.arena = arena_new()};

	next.texts = arena_alloc(next.arena, ds->n * sizeof(*next.texts));
	for (size_t i = 0; i < ds->n; i++) {
		const struct diagnostic *d = &ds->items[i];
		const char *place = report_place(d->place, next.arena);

		next.texts[next.n] =
		    arena_printf(next.arena, "%s %s", place ? place : "", d->message);
		if (!was_said(s, next.texts[next.n++]))
			journal_finding(j, d);
	}
	said_forget(s);
	*s = next;
}

void said_forget(struct said *s)
{
	arena_free(s->arena);
	*s = (struct said){0};
}
