#include "schema/arena.h"
#include "schema/complaint.h"
#include "schema/idmap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_LINE SIZE_MAX

/* A map being made: where each piece comes from is needed to name both sides of a clash. */
struct piece {
	struct idmap_entry entry;
	size_t line; /* index into the lines; NO_LINE: of the map that was there */
};

struct pieces {
	/* A hole can cut each piece in two, where the map that was there overlaps itself. */
	struct piece items[2 * IDMAP_MOST_LINES + 1];
	size_t n;
};

/* The value that is punched in, and the map it is punched into. */
struct script {
	const char *text;
	const struct idmap_line *lines;
	size_t n;
	const struct idmap_half *preset;
};

static void put(struct pieces *p, struct idmap_entry e, size_t line)
{
	if (e.count > 0)
		p->items[p->n++] = (struct piece){e, line};
}

/* What of OLD lies below and above the ids inside of HOLE; the host ids keep their distance. */
static void put_rest(struct pieces *p, const struct piece *old, const struct idmap_entry *hole)
{
	struct idmap_entry lower = old->entry, upper = old->entry;
	uint64_t first = hole->inside, end = idmap_inside_end(hole);

	if (idmap_inside_end(&lower) <= first || lower.inside >= end) {
		put(p, old->entry, old->line);
		return;
	}
	lower.count = first > lower.inside ? (uint32_t)(first - lower.inside) : 0;
	put(p, lower, old->line);
	if (idmap_inside_end(&upper) <= end)
		return;
	upper.count = (uint32_t)(idmap_inside_end(&upper) - end);
	upper.host += old->entry.count - upper.count;
	upper.inside = (uint32_t)end;
	put(p, upper, old->line);
}

static bool punch(struct pieces *p, struct idmap_entry e, size_t line)
{
	struct pieces next;

	next.n = 0;
	for (size_t i = 0; i < p->n; i++)
		put_rest(&next, &p->items[i], &e);
	put(&next, e, line);
	if (next.n > IDMAP_MOST_LINES)
		return false;
	memcpy(p->items, next.items, next.n * sizeof(*next.items));
	p->n = next.n;
	return true;
}

static int compare_by_host(const void *x, const void *y)
{
	const struct piece *p = x, *q = y;

	return p->entry.host < q->entry.host ? -1 : p->entry.host > q->entry.host;
}

static int compare_by_inside(const void *x, const void *y)
{
	const struct piece *p = x, *q = y;

	return p->entry.inside < q->entry.inside ? -1 : p->entry.inside > q->entry.inside;
}

static size_t line_number(const struct script *s, size_t line)
{
	size_t number = 1;

	for (size_t i = 0; i < s->lines[line].offset; i++)
		number += s->text[i] == '\n';
	return number;
}

/* The entry as it was before holes were punched: people know it by that. */
static const struct idmap_entry *whole_entry(const struct idmap_entry *piece,
					     const struct idmap_half *preset)
{
	for (size_t i = 0; i < preset->n; i++) {
		const struct idmap_entry *e = &preset->items[i];

		if (piece->host >= e->host && piece->host < idmap_host_end(e))
			return e;
	}
	return piece;
}

/* Names a piece for people: the line it comes from, or the map that was there. */
static void name_piece(char *out, size_t size, const struct piece *p, char letter,
		       const struct script *s)
{
	const struct idmap_entry *e = &p->entry;
	const char *line;

	if (p->line == NO_LINE) {
		e = whole_entry(e, s->preset);
		snprintf(out, size, "the container's own range (%c %u %u %u)", letter, e->inside,
			 e->host, e->count);
		return;
	}
	line = s->text + s->lines[p->line].offset;
	snprintf(out, size, "line %zu (%.*s)", line_number(s, p->line), (int)strcspn(line, "\r\n"),
		 line);
}

static int clash(const struct piece *x, const struct piece *y, char letter, const struct script *s,
		 struct complaint *why)
{
	const struct piece *early = x, *late = y;
	char before[96], after[96];

	if (late->line == NO_LINE || (early->line != NO_LINE && late->line < early->line)) {
		early = y;
		late = x;
	}
	name_piece(before, sizeof(before), early, letter, s);
	name_piece(after, sizeof(after), late, letter, s);
	complaint_set(why, late->line == NO_LINE ? 0 : s->lines[late->line].offset,
		      "host %cid %u is mapped twice: by %s and by %s", letter, y->entry.host,
		      before, after);
	if (early->line != NO_LINE)
		return complaint_hint(why, "one host id can be only one id inside");
	return complaint_hint(why, "take host ids outside of that range");
}

static int find_clash(struct pieces *p, char letter, const struct script *s, struct complaint *why)
{
	qsort(p->items, p->n, sizeof(*p->items), compare_by_host);
	for (size_t i = 1; i < p->n; i++) {
		if (p->items[i].entry.host < idmap_host_end(&p->items[i - 1].entry))
			return clash(&p->items[i - 1], &p->items[i], letter, s, why);
	}
	return 0;
}

static int too_many(struct complaint *why, char letter, size_t offset)
{
	complaint_set(why, offset, "the %cid map gets more than %d lines, the kernel's bound",
		      letter, IDMAP_MOST_LINES);
	return complaint_hint(why, "map ranges, like both 5000-5999 1000-1999");
}

static int punch_lines(struct pieces *p, char letter, const struct script *s, struct complaint *why)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct idmap_line *l = &s->lines[i];
		struct idmap_entry e = {l->container, l->host, l->count};

		if (l->kind != 'b' && l->kind != letter)
			continue;
		if (e.count == 0 || !idmap_entry_fits(&e))
			return complaint_set(why, l->offset, "line %zu goes beyond id %u",
					     line_number(s, i), IDMAP_MOST);
		if (!punch(p, e, i))
			return too_many(why, letter, l->offset);
	}
	return 0;
}

static int punch_half(struct idmap_half *half, char letter, const struct script *s, struct arena *a,
		      struct complaint *why)
{
	struct pieces p;

	p.n = 0;
	if (half->n > IDMAP_MOST_LINES)
		return too_many(why, letter, 0);
	for (size_t i = 0; i < half->n; i++)
		put(&p, half->items[i], NO_LINE);
	if (punch_lines(&p, letter, s, why) < 0 || find_clash(&p, letter, s, why) < 0)
		return -EINVAL;
	qsort(p.items, p.n, sizeof(*p.items), compare_by_inside);
	half->items = arena_alloc(a, p.n * sizeof(*half->items));
	half->n = p.n;
	for (size_t i = 0; i < p.n; i++)
		half->items[i] = p.items[i].entry;
	return 0;
}

int idmap_punch(struct idmap *map, const char *text, const struct idmap_line *lines, size_t n,
		struct arena *a, struct complaint *why)
{
	struct script uids = {text, lines, n, &map->uid}, gids = {text, lines, n, &map->gid};
	struct idmap next = *map;

	if (punch_half(&next.uid, 'u', &uids, a, why) < 0 ||
	    punch_half(&next.gid, 'g', &gids, a, why) < 0)
		return -EINVAL;
	*map = next;
	return 0;
}
