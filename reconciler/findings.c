#include "reconciler/findings.h"

#include "schema/arena.h"

#include <stdlib.h>
#include <string.h>

static int compare_texts(const char *x, const char *y)
{
	return strcmp(x ? x : "", y ? y : "");
}

static const char *file_of(const struct diagnostic *d)
{
	return d->place.source ? d->place.source->name : NULL;
}

/* The same, though it may have moved to another line. */
static int compare_findings(const void *x, const void *y)
{
	const struct diagnostic *d = x, *e = y;
	int order = compare_texts(file_of(d), file_of(e));

	if (order == 0)
		order = compare_texts(d->message, e->message);
	if (order == 0)
		order = compare_texts(d->instance, e->instance);
	if (order == 0)
		order = compare_texts(d->hint, e->hint);
	return order ? order : (int)d->severity - (int)e->severity;
}

bool findings_among(const struct diagnostic *items, size_t n, const struct diagnostic *d)
{
	for (size_t i = 0; i < n; i++)
		if (compare_findings(&items[i], d) == 0)
			return true;
	return false;
}

void findings_take_new(struct diagnostics *out, const struct diagnostics *before,
		       const struct diagnostics *now)
{
	struct arena *scratch = arena_new();
	struct diagnostic *sorted = arena_alloc(scratch, before->n * sizeof(*sorted));

	if (before->n)
		memcpy(sorted, before->items, before->n * sizeof(*sorted));
	qsort(sorted, before->n, sizeof(*sorted), compare_findings);
	for (size_t i = 0; i < now->n; i++) {
		if (!bsearch(&now->items[i], sorted, before->n, sizeof(*sorted), compare_findings))
			diagnostics_take(out, &now->items[i]);
	}
	arena_free(scratch);
}

void findings_copy(struct diagnostics *out, const struct diagnostics *from)
{
	for (size_t i = 0; i < from->n; i++)
		diagnostics_copy(out, &from->items[i]);
}
