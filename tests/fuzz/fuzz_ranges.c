/* Two sets, the text of each up to a NUL: reading, printing and the algebra of sets. */
#include "tests/fuzz/fuzz.h"

#include "schema/arena.h"
#include "schema/ranges.h"

#include <stdlib.h>
#include <string.h>

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Sorted, disjoint, not adjacent; and what is printed is read as the same set. */
static void check(const struct ranges *r, struct arena *a)
{
	struct ranges again;

	for (size_t i = 0; i < r->n; i++) {
		require(r->items[i].first <= r->items[i].last);
		require(i == 0 || r->items[i].first - 1 > r->items[i - 1].last);
	}
	require(ranges_parse(ranges_print(r, a), UINT64_MAX, a, &again, NULL) == 0);
	require(ranges_equal(r, &again));
}

/* Does NUMBER belong to what it should belong to? */
static void check_number(const struct ranges *x, const struct ranges *y, const struct ranges *both,
			 const struct ranges *common, const struct ranges *left, uint64_t number)
{
	bool in_x = ranges_contain(x, number), in_y = ranges_contain(y, number);

	require(ranges_contain(both, number) == (in_x || in_y));
	require(ranges_contain(common, number) == (in_x && in_y));
	require(ranges_contain(left, number) == (in_x && !in_y));
}

static void check_algebra(const struct ranges *x, const struct ranges *y, struct arena *a)
{
	struct ranges both = ranges_union(x, y, a), common = ranges_intersect(x, y, a);
	struct ranges left = ranges_subtract(x, y, a), whole = ranges_union(&left, &common, a);

	check(&both, a);
	check(&common, a);
	check(&left, a);
	require(ranges_equal(&whole, x));
	require(ranges_cover(&both, x) && ranges_cover(&both, y));
	require(ranges_cover(x, &common) && ranges_cover(y, &common) && ranges_cover(x, &left));
	require(ranges_cover(x, y) == (common.n == y->n && ranges_equal(&common, y)));
	for (size_t i = 0; i < x->n && i < 64; i++) {
		check_number(x, y, &both, &common, &left, x->items[i].first);
		check_number(x, y, &both, &common, &left, x->items[i].last);
		check_number(x, y, &both, &common, &left, x->items[i].first - 1);
		check_number(x, y, &both, &common, &left, x->items[i].last + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena *a = arena_new();
	char *text = arena_strndup(a, (const char *)bytes, n);
	size_t length = strlen(text), offset = 0;
	const char *second = length < n ? text + length + 1 : "";
	struct ranges x, y;

	if (ranges_parse(text, UINT64_MAX, a, &x, &offset) < 0)
		require(offset <= length);
	else if (ranges_parse(second, UINT64_MAX, a, &y, NULL) == 0)
		check_algebra(&x, &y, a);
	arena_free(a);
	return 0;
}
