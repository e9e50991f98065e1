#include "schema/ranges.h"

#include "schema/arena.h"
#include "schema/value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Does Y, which begins no earlier than X, overlap X or follow it at once? */
static bool touches(struct range x, struct range y)
{
	return y.first <= x.last || y.first - x.last == 1;
}

/* Appends to sorted ranges in the making; OUT has room. */
static size_t append(struct range *out, size_t n, struct range next)
{
	if (n == 0 || !touches(out[n - 1], next)) {
		out[n] = next;
		return n + 1;
	}
	if (next.last > out[n - 1].last)
		out[n - 1].last = next.last;
	return n;
}

static int compare(const void *x, const void *y)
{
	const struct range *a = x, *b = y;

	return a->first < b->first ? -1 : a->first > b->first;
}

struct ranges ranges_from(const struct range *items, size_t n, struct arena *a)
{
	struct range *sorted;
	size_t kept = 0;

	if (n == 0)
		return (struct ranges){0};
	sorted = arena_alloc(a, n * sizeof(*sorted));
	memcpy(sorted, items, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare);
	for (size_t i = 0; i < n; i++)
		kept = append(sorted, kept, sorted[i]);
	return (struct ranges){sorted, kept};
}

static size_t digits_at(const char *text)
{
	return strspn(text, "0123456789");
}

/* "3" or "0-3" at TEXT. Returns how many bytes it took; 0: *BAD is where it went wrong. */
static size_t range_at(const char *text, uint64_t most, struct range *out, size_t *bad)
{
	size_t n = digits_at(text), m;

	*bad = 0;
	if (!value_digits(text, n, most, &out->first))
		return 0;
	out->last = out->first;
	if (text[n] != '-')
		return n;
	m = digits_at(text + n + 1);
	*bad = n + 1;
	if (!value_digits(text + n + 1, m, most, &out->last) || out->last < out->first)
		return 0;
	return n + 1 + m;
}

static int fail(size_t *offset, const char *text, const char *at)
{
	if (offset)
		*offset = (size_t)(at - text);
	return -EINVAL;
}

int ranges_parse(const char *text, uint64_t most, struct arena *a, struct ranges *out,
		 size_t *offset)
{
	size_t n = 0, capacity = 0, step, bad;
	const char *at = text + strspn(text, " \t");
	struct range *items = NULL, next;

	while (digits_at(at) > 0 || n > 0) {
		step = range_at(at, most, &next, &bad);
		if (step == 0)
			return fail(offset, text, at + bad);
		items = arena_grow(a, items, n, &capacity, sizeof(*items));
		items[n++] = next;
		at += step;
		if (*at != ',')
			break;
		at++;
	}
	at += strspn(at, " \t");
	if (*at == '\n')
		at++;
	if (*at)
		return fail(offset, text, at);
	*out = ranges_from(items, n, a);
	return 0;
}

#define RANGE_TEXT 48 /* two numbers of 20 digits, a dash, a comma */

static size_t print_range(char to[RANGE_TEXT], struct range r)
{
	int n;

	if (r.first == r.last)
		n = snprintf(to, RANGE_TEXT, "%" PRIu64, r.first);
	else
		n = snprintf(to, RANGE_TEXT, "%" PRIu64 "-%" PRIu64, r.first, r.last);
	return (size_t)n;
}

char *ranges_print(const struct ranges *r, struct arena *a)
{
	char one[RANGE_TEXT], *text, *end;
	size_t room = 1;

	for (size_t i = 0; i < r->n; i++)
		room += print_range(one, r->items[i]) + 1;
	text = end = arena_alloc(a, room);
	for (size_t i = 0; i < r->n; i++) {
		if (i > 0)
			*end++ = ',';
		end = mempcpy(end, one, print_range(one, r->items[i]));
	}
	return text;
}

bool ranges_equal(const struct ranges *x, const struct ranges *y)
{
	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (x->items[i].first != y->items[i].first || x->items[i].last != y->items[i].last)
			return false;
	return true;
}

/* The first range that ends at NUMBER or later; r->n: none. */
static size_t find(const struct ranges *r, uint64_t number)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->items[middle].last < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool ranges_contain(const struct ranges *r, uint64_t number)
{
	size_t i = find(r, number);

	return i < r->n && r->items[i].first <= number;
}

bool ranges_cover(const struct ranges *r, const struct ranges *part)
{
	for (size_t i = 0; i < part->n; i++) {
		size_t j = find(r, part->items[i].first);

		if (j == r->n || r->items[j].first > part->items[i].first ||
		    r->items[j].last < part->items[i].last)
			return false;
	}
	return true;
}

uint64_t ranges_count(const struct ranges *r)
{
	uint64_t count = 0, more;

	for (size_t i = 0; i < r->n; i++) {
		more = r->items[i].last - r->items[i].first;
		if (more == UINT64_MAX || __builtin_add_overflow(count, more + 1, &count))
			return UINT64_MAX;
	}
	return count;
}

struct ranges ranges_union(const struct ranges *x, const struct ranges *y, struct arena *a)
{
	struct range *items = arena_alloc(a, (x->n + y->n) * sizeof(*items));
	size_t i = 0, j = 0, n = 0;

	while (i < x->n || j < y->n) {
		if (j == y->n || (i < x->n && x->items[i].first <= y->items[j].first))
			n = append(items, n, x->items[i++]);
		else
			n = append(items, n, y->items[j++]);
	}
	return (struct ranges){items, n};
}

struct ranges ranges_intersect(const struct ranges *x, const struct ranges *y, struct arena *a)
{
	struct range *items = arena_alloc(a, (x->n + y->n) * sizeof(*items));
	size_t i = 0, j = 0, n = 0;

	while (i < x->n && j < y->n) {
		struct range p = x->items[i], q = y->items[j];
		uint64_t first = p.first > q.first ? p.first : q.first;
		uint64_t last = p.last < q.last ? p.last : q.last;

		if (first <= last)
			items[n++] = (struct range){first, last};
		if (p.last < q.last)
			i++;
		else
			j++;
	}
	return (struct ranges){items, n};
}

struct ranges ranges_subtract(const struct ranges *x, const struct ranges *y, struct arena *a)
{
	struct range *items = arena_alloc(a, (x->n + y->n) * sizeof(*items));
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++) {
		struct range left = x->items[i];
		bool gone = false;

		for (size_t j = find(y, left.first); j < y->n && y->items[j].first <= left.last;
		     j++) {
			if (y->items[j].first > left.first)
				items[n++] = (struct range){left.first, y->items[j].first - 1};
			gone = y->items[j].last >= left.last;
			if (gone)
				break;
			left.first = y->items[j].last + 1;
		}
		if (!gone)
			items[n++] = left;
	}
	return (struct ranges){items, n};
}
