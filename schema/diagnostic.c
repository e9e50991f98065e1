#include "schema/diagnostic.h"

#include "schema/arena.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void diagnostics_init(struct diagnostics *ds, struct arena *arena)
{
	*ds = (struct diagnostics){.arena = arena};
}

static int answer(enum severity severity)
{
	return severity == SEVERITY_ERROR ? -EINVAL : 0;
}

static void count(struct diagnostics *ds, enum severity severity)
{
	switch (severity) {
	case SEVERITY_NOTICE:
		ds->notices++;
		break;
	case SEVERITY_WARNING:
		ds->warnings++;
		break;
	case SEVERITY_ERROR:
		ds->errors++;
		break;
	}
}

void diagnostics_take(struct diagnostics *ds, const struct diagnostic *d)
{
	ds->items = arena_grow(ds->arena, ds->items, ds->n, &ds->capacity, sizeof(*ds->items));
	ds->items[ds->n++] = *d;
	count(ds, d->severity);
}

void diagnostics_copy(struct diagnostics *ds, const struct diagnostic *d)
{
	struct diagnostic copy = *d;

	copy.place = place_copy(d->place, ds->arena);
	copy.message = arena_strdup(ds->arena, d->message);
	copy.hint = arena_strdup(ds->arena, d->hint);
	copy.instance = arena_strdup(ds->arena, d->instance);
	diagnostics_take(ds, &copy);
}

struct diagnostic *diagnostics_compact(const struct diagnostics *ds, struct arena *a)
{
	struct diagnostic *copy = arena_alloc(a, ds->n * sizeof(*copy));

	for (size_t i = 0; i < ds->n; i++) {
		copy[i] = ds->items[i];
		copy[i].message = arena_strdup(a, copy[i].message);
		copy[i].hint = arena_strdup(a, copy[i].hint);
		copy[i].instance = arena_strdup(a, copy[i].instance);
	}
	return copy;
}

static int add(struct diagnostics *ds, enum severity severity, struct place at, const char *format,
	       va_list args)
{
	diagnostics_take(ds, &(struct diagnostic){
				 .severity = severity,
				 .place = at,
				 .message = arena_vprintf(ds->arena, format, args),
			     });
	return answer(severity);
}

int diagnostic_error(struct diagnostics *ds, struct place at, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = add(ds, SEVERITY_ERROR, at, format, args);
	va_end(args);
	return r;
}

int diagnostic_warning(struct diagnostics *ds, struct place at, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = add(ds, SEVERITY_WARNING, at, format, args);
	va_end(args);
	return r;
}

int diagnostic_notice(struct diagnostics *ds, struct place at, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = add(ds, SEVERITY_NOTICE, at, format, args);
	va_end(args);
	return r;
}

int diagnostic_hint(struct diagnostics *ds, const char *format, ...)
{
	struct diagnostic *last = &ds->items[ds->n - 1];
	va_list args;

	va_start(args, format);
	last->hint = arena_vprintf(ds->arena, format, args);
	va_end(args);
	return answer(last->severity);
}

int diagnostic_for(struct diagnostics *ds, const char *instance)
{
	struct diagnostic *last = &ds->items[ds->n - 1];

	last->instance = arena_strdup(ds->arena, instance);
	return answer(last->severity);
}

static const char *file_of(const struct diagnostic *d)
{
	return d->place.source && d->place.source->name ? d->place.source->name : "";
}

static int compare_places(const struct diagnostic *x, const struct diagnostic *y)
{
	int order = strcmp(file_of(x), file_of(y));

	if (order)
		return order;
	if (x->place.line != y->place.line)
		return x->place.line < y->place.line ? -1 : 1;
	if (x->place.column != y->place.column)
		return x->place.column < y->place.column ? -1 : 1;
	return 0;
}

static bool same_text(const char *x, const char *y)
{
	return x == y || (x && y && strcmp(x, y) == 0);
}

static bool repeats(const struct diagnostic *x, const struct diagnostic *y)
{
	return x->severity == y->severity && compare_places(x, y) == 0 &&
	       same_text(x->message, y->message) && same_text(x->hint, y->hint) &&
	       same_text(x->instance, y->instance);
}

struct arrival {
	struct diagnostic item;
	size_t order;
};

static int compare_arrivals(const void *x, const void *y)
{
	const struct arrival *a = x, *b = y;
	int order = compare_places(&a->item, &b->item);

	if (order)
		return order;
	return a->order < b->order ? -1 : a->order > b->order;
}

void diagnostics_sort(struct diagnostics *ds)
{
	struct arrival *sorted = arena_alloc(ds->arena, ds->n * sizeof(*sorted));
	size_t n = ds->n;

	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct arrival){ds->items[i], i};
	qsort(sorted, n, sizeof(*sorted), compare_arrivals);
	ds->n = ds->errors = ds->warnings = ds->notices = 0;
	for (size_t i = 0; i < n; i++) {
		if (ds->n > 0 && repeats(&sorted[i].item, &ds->items[ds->n - 1]))
			continue;
		ds->items[ds->n++] = sorted[i].item;
		count(ds, sorted[i].item.severity);
	}
}

const char *place_line(struct place at, size_t *n)
{
	const char *line, *end, *stop;

	if (!at.source || !at.source->text || at.line == 0)
		return NULL;
	line = at.source->text;
	end = line + at.source->size;
	for (uint32_t i = 1; i < at.line; i++) {
		line = memchr(line, '\n', (size_t)(end - line));
		if (!line)
			return NULL;
		line++;
	}
	stop = memchr(line, '\n', (size_t)(end - line));
	*n = (size_t)((stop ? stop : end) - line);
	if (*n > 0 && line[*n - 1] == '\r')
		(*n)--;
	return line;
}

struct place place_copy(struct place at, struct arena *a)
{
	struct source *source;

	if (!at.source)
		return at;
	source = arena_alloc(a, sizeof(*source));
	source->name = arena_strdup(a, at.source->name);
	at.source = source;
	return at;
}

struct place place_right(struct place at, size_t offset)
{
	if (at.line)
		at.column += (uint32_t)offset;
	return at;
}
