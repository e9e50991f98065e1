#include "schema/sorted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 40

static int compare(const void *x, const void *y)
{
	const int *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

static uint64_t seed = 1;

static unsigned pick(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static void the_lowest_is_found(void **state)
{
	static const int items[] = {2, 4, 4, 6};
	static const struct {
		int item;
		size_t index;
	} cases[] = {
	    {1, 0},
            {2, 0},
            {3, 1},
            {4, 1},
            {5, 3},
            {6, 3},
            {7, 4}
        };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(sorted_lower(items, 4, sizeof(*items), &cases[i].item, compare),
				 cases[i].index);
	assert_int_equal(sorted_lower(NULL, 0, sizeof(int), &cases[0].item, compare), 0);
}

/* What is in SET, as an array. */
static size_t list(const bool *set, int *out)
{
	size_t n = 0;

	for (int i = 0; i < MOST; i++) {
		if (set[i])
			out[n++] = i;
	}
	return n;
}

static void edits_keep_the_order(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		bool set[MOST] = {0}, out[MOST] = {0}, in[MOST] = {0};
		int items[MOST], gone[MOST], come[MOST], wanted[MOST];
		unsigned share = 1 + pick(4);
		size_t n, n_gone, n_come, left;

		for (int i = 0; i < MOST; i++) {
			set[i] = pick(2);
			/* what is not there may be asked to go, and what goes may come again */
			out[i] = pick(share + 1) == 0;
			in[i] = set[i] == out[i] && pick(share + 1) == 0;
		}
		n = list(set, items);
		n_gone = list(out, gone);
		n_come = list(in, come);
		for (int i = 0; i < MOST; i++)
			set[i] = (set[i] && !out[i]) || in[i];
		left = sorted_edit(items, n, sizeof(*items), gone, n_gone, come, n_come, compare);
		assert_int_equal(left, list(set, wanted));
		assert_memory_equal(items, wanted, left * sizeof(*items));
	}
}

static void what_was_there_is_kept_by_more_room(void **state)
{
	struct sorted_room room = {0};
	int *items = NULL;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		items = sorted_room(&room, items, (size_t)i, 1, sizeof(*items));
		assert_true(room.n > (size_t)i);
		items[i] = i;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
	/* little is left unused */
	assert_true(room.n < 1200);
	sorted_free(&room);
	assert_null(room.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_lowest_is_found),
	    cmocka_unit_test(edits_keep_the_order),
	    cmocka_unit_test(what_was_there_is_kept_by_more_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
