#include "schema/idmap.h"

#include "schema/arena.h"
#include "schema/complaint.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One past the highest id. */
#define IDS_END ((uint64_t)IDMAP_MOST + 1)
/* liblxc puts "newuidmap PID" in front of the map, in the same buffer. */
#define COMMAND_ROOM 32

/* A decimal number of digits only, no larger than MOST. Moves *TEXT behind it. */
static bool read_number(const char **text, const char *end, uint64_t most, uint64_t *out)
{
	const char *at = *text;
	uint64_t number = 0;

	if (at == end || !isdigit((unsigned char)*at))
		return false;
	for (; at < end && isdigit((unsigned char)*at); at++) {
		number = number * 10 + (uint64_t)(*at - '0');
		if (number > most)
			return false;
	}
	*text = at;
	*out = number;
	return true;
}

/* NAME:START:COUNT of root's, blanks around it forgiven. */
static bool read_subid(const char *line, const char *end, struct subid *out)
{
	const char *comment = memchr(line, '#', (size_t)(end - line));

	if (comment)
		end = comment;
	while (line < end && isspace((unsigned char)*line))
		line++;
	while (end > line && isspace((unsigned char)end[-1]))
		end--;
	if (end - line > 5 && memcmp(line, "root:", 5) == 0)
		line += 5;
	else if (end - line > 2 && memcmp(line, "0:", 2) == 0)
		line += 2;
	else
		return false;
	if (!read_number(&line, end, UINT32_MAX, &out->start) || line == end || *line++ != ':')
		return false;
	return read_number(&line, end, UINT32_MAX, &out->count) && line == end && out->count > 0;
}

size_t idmap_read_subids(const char *text, size_t n, struct arena *a, struct subid **out)
{
	const char *end = text + n;
	size_t found = 0, capacity = 0;
	struct subid one;

	*out = NULL;
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		if (!stop)
			stop = end;
		if (read_subid(text, stop, &one)) {
			*out = arena_grow(a, *out, found, &capacity, sizeof(**out));
			(*out)[found++] = one;
		}
		text = stop + 1;
	}
	return found;
}

static bool default_entry(const struct subid *ranges, size_t n, struct idmap_entry *out)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t count = ranges[i].count;

		if (ranges[i].start >= IDS_END)
			continue;
		if (count > IDS_END - ranges[i].start)
			count = IDS_END - ranges[i].start;
		if (count < IDMAP_WINDOW)
			continue;
		*out = (struct idmap_entry){0, (uint32_t)ranges[i].start, (uint32_t)count};
		return true;
	}
	return false;
}

static struct idmap_half half_of(struct idmap_entry e, struct arena *a)
{
	struct idmap_half half = {arena_alloc(a, sizeof(e)), 1};

	half.items[0] = e;
	return half;
}

int idmap_default(const struct subid *uids, size_t n_uids, const struct subid *gids, size_t n_gids,
		  struct arena *a, struct idmap *out)
{
	struct idmap_entry u, g;

	if (!default_entry(uids, n_uids, &u) || !default_entry(gids, n_gids, &g))
		return -ENOENT;
	out->uid = half_of(u, a);
	out->gid = half_of(g, a);
	return 0;
}

static int compare_by_inside(const void *x, const void *y)
{
	const struct idmap_entry *e = x, *f = y;

	return e->inside < f->inside ? -1 : e->inside > f->inside;
}

static int compare_by_host(const void *x, const void *y)
{
	const struct idmap_entry *e = x, *f = y;

	return e->host < f->host ? -1 : e->host > f->host;
}

/* The bytes of the half as LXC writes it. */
static size_t text_length(const struct idmap_half *half)
{
	size_t length = COMMAND_ROOM;

	for (size_t i = 0; i < half->n; i++) {
		const struct idmap_entry *e = &half->items[i];

		length += (size_t)snprintf(NULL, 0, "%u %u %u\n", e->inside, e->host, e->count);
	}
	return length;
}

static int check_columns(struct idmap_entry *items, size_t n, char letter, struct complaint *why)
{
	qsort(items, n, sizeof(*items), compare_by_inside);
	for (size_t i = 1; i < n; i++) {
		if (items[i].inside < idmap_inside_end(&items[i - 1]))
			return complaint_set(why, 0, "%cid %u inside is mapped twice", letter,
					     items[i].inside);
	}
	qsort(items, n, sizeof(*items), compare_by_host);
	for (size_t i = 1; i < n; i++) {
		if (items[i].host < idmap_host_end(&items[i - 1]))
			return complaint_set(why, 0, "host %cid %u is mapped twice", letter,
					     items[i].host);
	}
	return 0;
}

static int check_half(const struct idmap_half *half, char letter, struct complaint *why)
{
	struct idmap_entry sorted[IDMAP_MOST_LINES];

	if (half->n > IDMAP_MOST_LINES)
		return complaint_set(why, 0,
				     "the %cid map has more than %d lines, the kernel's bound",
				     letter, IDMAP_MOST_LINES);
	for (size_t i = 0; i < half->n; i++) {
		const struct idmap_entry *e = &half->items[i];

		if (e->count == 0)
			return complaint_set(why, 0, "the %cid map has an empty range at %u",
					     letter, e->inside);
		if (!idmap_entry_fits(e))
			return complaint_set(why, 0, "the %cid map goes beyond id %u", letter,
					     IDMAP_MOST);
		sorted[i] = *e;
	}
	if (text_length(half) >= IDMAP_MOST_TEXT) {
		complaint_set(why, 0, "the %cid map is longer than the %d bytes that LXC can write",
			      letter, IDMAP_MOST_TEXT);
		return complaint_hint(
		    why, "map ranges (both 1000-1999 5000-5999) in place of single ids");
	}
	return check_columns(sorted, half->n, letter, why);
}

int idmap_check(const struct idmap *map, struct complaint *why)
{
	if (check_half(&map->uid, 'u', why) < 0 || check_half(&map->gid, 'g', why) < 0)
		return -EINVAL;
	return 0;
}

struct ranges idmap_uncovered(const struct idmap_half *half, const struct subid *subids, size_t n,
			      struct arena *a)
{
	struct range *used = arena_alloc(a, half->n * sizeof(*used));
	struct range *given = arena_alloc(a, n * sizeof(*given));
	struct ranges want, have;

	for (size_t i = 0; i < half->n; i++)
		used[i] = (struct range){half->items[i].host, idmap_host_end(&half->items[i]) - 1};
	for (size_t i = 0; i < n; i++)
		given[i] = (struct range){subids[i].start, subids[i].start + subids[i].count - 1};
	want = ranges_from(used, half->n, a);
	have = ranges_from(given, n, a);
	return ranges_subtract(&want, &have, a);
}

size_t idmap_print(const struct idmap *map, struct arena *a, const char ***lines)
{
	const struct idmap_half *halves[] = {&map->uid, &map->gid};
	size_t n = 0;

	*lines = arena_alloc(a, (map->uid.n + map->gid.n) * sizeof(**lines));
	for (size_t h = 0; h < 2; h++) {
		for (size_t i = 0; i < halves[h]->n; i++) {
			const struct idmap_entry *e = &halves[h]->items[i];

			(*lines)[n++] = arena_printf(a, "%c %u %u %u", "ug"[h], e -> inside,
						     e -> host, e -> count);
		}
	}
	return n;
}

static const char *skip_space(const char *at)
{
	while (isspace((unsigned char)*at))
		at++;
	return at;
}

/* "u 0 100000 65536": LXC takes b for both too, so do we. */
static bool read_entry(const char **text, char *letter, struct idmap_entry *e)
{
	const char *at = *text, *end = at + strlen(at);
	uint64_t numbers[3];

	*letter = *at++;
	if (*letter != 'u' && *letter != 'g' && *letter != 'b')
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (*at != ' ' && *at != '\t')
			return false;
		at = skip_space(at);
		if (!read_number(&at, end, UINT32_MAX, &numbers[i]))
			return false;
	}
	if ((*at && !isspace((unsigned char)*at)) || numbers[2] == 0 ||
	    numbers[0] + numbers[2] > IDS_END || numbers[1] + numbers[2] > IDS_END)
		return false;
	*e = (struct idmap_entry){(uint32_t)numbers[0], (uint32_t)numbers[1], (uint32_t)numbers[2]};
	*text = skip_space(at);
	return true;
}

static void append(struct idmap_half *half, size_t *capacity, struct idmap_entry e, struct arena *a)
{
	half->items = arena_grow(a, half->items, half->n, capacity, sizeof(*half->items));
	half->items[half->n++] = e;
}

static void sort_half(struct idmap_half *half)
{
	if (half->n > 1)
		qsort(half->items, half->n, sizeof(*half->items), compare_by_inside);
}

int idmap_parse(const char *text, struct arena *a, struct idmap *out)
{
	size_t uids = 0, gids = 0;
	struct idmap map = {0};
	struct idmap_entry e;
	char letter;

	text = skip_space(text);
	while (*text) {
		if (!read_entry(&text, &letter, &e))
			return -EINVAL;
		if (letter != 'g')
			append(&map.uid, &uids, e, a);
		if (letter != 'u')
			append(&map.gid, &gids, e, a);
	}
	sort_half(&map.uid);
	sort_half(&map.gid);
	*out = map;
	return 0;
}

/* The entry at *I joined with those that go on where it ends in both columns. */
static bool next_joined(const struct idmap_half *half, size_t *i, uint64_t joined[3])
{
	if (*i == half->n)
		return false;
	joined[0] = half->items[*i].inside;
	joined[1] = half->items[*i].host;
	joined[2] = half->items[*i].count;
	for (++*i; *i < half->n; ++*i) {
		const struct idmap_entry *e = &half->items[*i];

		if (e->inside != joined[0] + joined[2] || e->host != joined[1] + joined[2])
			break;
		joined[2] += e->count;
	}
	return true;
}

static bool halves_equal(const struct idmap_half *x, const struct idmap_half *y)
{
	uint64_t e[3], f[3];
	size_t i = 0, j = 0;

	for (;;) {
		bool more = next_joined(x, &i, e);

		if (more != next_joined(y, &j, f))
			return false;
		if (!more)
			return true;
		if (memcmp(e, f, sizeof(e)) != 0)
			return false;
	}
}

bool idmap_equal(const struct idmap *x, const struct idmap *y)
{
	return halves_equal(&x->uid, &y->uid) && halves_equal(&x->gid, &y->gid);
}

int64_t idmap_to_host(const struct idmap_half *half, uint32_t inside)
{
	for (size_t i = 0; i < half->n; i++) {
		const struct idmap_entry *e = &half->items[i];

		if (inside >= e->inside && inside < idmap_inside_end(e))
			return (int64_t)e->host + (inside - e->inside);
	}
	return -1;
}

bool idmap_maps_root(const struct idmap *map)
{
	const struct idmap_half *halves[] = {&map->uid, &map->gid};

	for (size_t h = 0; h < 2; h++) {
		for (size_t i = 0; i < halves[h]->n; i++) {
			if (halves[h]->items[i].host == 0)
				return true;
		}
	}
	return false;
}
