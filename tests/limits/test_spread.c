#include "limits/spread.h"
#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PLACES 16
#define CLAIMS 12

/* clang-format off */
/* Eight CPUs: four cores of two threads, two packages. */
static const struct place_of smt[] = {{0, 0}, {1, 0}, {2, 1}, {3, 1}, {0, 0}, {1, 0}, {2, 1}, {3, 1}};
static const struct place_of flat[] = {{0, 0}, {1, 0}, {2, 0}, {3, 0}};
/* clang-format on */

/* Sets are written as they are seen: "X.X....." */
static const bool *members(const char *text, struct arena *a)
{
	bool *in = arena_alloc(a, PLACES);

	for (size_t i = 0; text && text[i]; i++)
		in[i] = text[i] == 'X';
	return text ? in : NULL;
}

struct row {
	const char *what;
	const struct place_of *places;
	size_t n;
	const char *fixed; /* use of each place by others: "01200000" */
	struct {
		size_t need;
		const char *pool, *held, *given;
	} claims[6];
};

/* clang-format off */
static const struct row rows[] = {
	{"one takes the first", flat, 2, "00", {{1, NULL, NULL, "X."}}},
	{"the second one the second", flat, 2, "00", {{1, NULL, NULL, "X."}, {1, NULL, NULL, ".X"}}},
	{"a held one is left", flat, 2, "00", {{1, NULL, ".X", ".X"}, {1, NULL, NULL, "X."}}},
	{"whatever the order", flat, 2, "00", {{1, NULL, NULL, "X."}, {1, NULL, ".X", ".X"}}},
	{"a difference of one moves nobody", flat, 2, "00", {{1, NULL, "X.", "X."}}},
	{"two on one: one moves", flat, 2, "00", {{1, NULL, "X.", ".X"}, {1, NULL, "X.", "X."}}},
	{"three and none: one moves", flat, 2, "00",
	 {{1, NULL, "X.", ".X"}, {1, NULL, "X.", "X."}, {1, NULL, "X.", "X."}}},
	{"a fixed user is avoided", flat, 2, "10", {{1, NULL, NULL, ".X"}}},
	{"two more than another place: it moves", flat, 2, "10", {{1, NULL, "X.", ".X"}}},
	{"one more than the other is no reason", flat, 2, "11", {{1, NULL, "X.", "X."}}},
	{"the mask of a fresh start says nothing", flat, 2, "00", {{1, NULL, "XX", "X."}, {1, NULL, "XX", ".X"}}},
	{"who has more keeps of its own", flat, 4, "1000", {{1, NULL, "XX..", ".X.."}}},
	{"who lacks one keeps the others", flat, 4, "0000", {{3, NULL, "..XX", "X.XX"}}},
	{"a pool is not left", flat, 4, "0011", {{1, "..XX", NULL, "..X."}, {1, NULL, NULL, "X..."}}},
	{"what is held outside of the pool is given up", flat, 4, "0000", {{2, "..XX", "XX..", "..XX"}}},
	{"cores before threads", smt, 8, "00000000", {{4, NULL, NULL, "XXXX...."}}},
	{"then threads", smt, 8, "00000000", {{5, NULL, NULL, "XXXXX..."}}},
	{"packages before neighbours", smt, 8, "00000000", {{2, NULL, NULL, "X.X....."}}},
	{"a free core before a thread of a busy one", smt, 8, "11100000", {{1, NULL, NULL, "...X...."}}},
	{"a free thread before a busy CPU", smt, 8, "11110000", {{1, NULL, NULL, "....X..."}}},
	{"a shared core moves nobody", smt, 8, "00000000", {{1, NULL, "X.......", "X......."}, {1, NULL, "....X...", "....X..."}}},
	{"of two equal ones the first moves", flat, 4, "0000",
	 {{1, NULL, "X...", "...X"}, {2, NULL, "XX..", "XX.."}, {1, NULL, NULL, "..X."}}},
	{"all it can get", flat, 2, "00", {{2, NULL, "X.", "XX"}, {2, NULL, NULL, "XX"}}},
};
/* clang-format on */

static void as_the_table_says(void **state)
{
	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		const struct row *row = &rows[r];
		struct arena *a = arena_new();
		uint32_t used[PLACES] = {0};
		struct field f = {row->places, row->n, used};
		struct claim claims[6] = {{0}};
		size_t n = 0;

		for (size_t i = 0; i < row->n; i++)
			used[i] = (uint32_t)(row->fixed[i] - '0');
		for (; n < 6 && row->claims[n].need; n++)
			claims[n] =
			    (struct claim){row->claims[n].need, members(row->claims[n].pool, a),
					   members(row->claims[n].held, a), arena_alloc(a, PLACES)};
		spread(&f, claims, n, a);
		for (size_t i = 0; i < n; i++) {
			char given[PLACES + 1] = "";

			for (size_t k = 0; k < row->n; k++)
				given[k] = claims[i].given[k] ? 'X' : '.';
			if (strcmp(given, row->claims[i].given) != 0)
				fail_msg("%s: claim %zu got %s, not %s", row->what, i, given,
					 row->claims[i].given);
		}
		arena_free(a);
	}
}

/* A random walk: claims come, go and change, places come and go. */
struct run {
	size_t n; /* places */
	size_t need[CLAIMS];
	bool held[CLAIMS][PLACES], given[CLAIMS][PLACES];
	uint32_t used[PLACES];
};

static size_t share_out(struct run *r)
{
	struct arena *a = arena_new();
	struct claim claims[CLAIMS];
	struct field f = {NULL, r->n, r->used};
	size_t n = 0;

	memset(r->given, 0, sizeof(r->given));
	memset(r->used, 0, sizeof(r->used));
	for (size_t i = 0; i < CLAIMS; i++)
		if (r->need[i])
			claims[n++] = (struct claim){r->need[i] < r->n ? r->need[i] : r->n, NULL,
						     r->held[i], r->given[i]};
	spread(&f, claims, n, a);
	arena_free(a);
	return n;
}

static void check_fair(const struct run *r)
{
	uint32_t least = UINT32_MAX, most = 0;

	for (size_t k = 0; k < r->n; k++) {
		uint32_t used = 0;

		for (size_t i = 0; i < CLAIMS; i++)
			used += r->given[i][k];
		assert_int_equal(used, r->used[k]);
		least = used < least ? used : least;
		most = used > most ? used : most;
	}
	assert_true(most - least <= 1);
	for (size_t i = 0; i < CLAIMS; i++) {
		size_t has = 0;

		for (size_t k = 0; k < PLACES; k++)
			has += r->given[i][k];
		assert_int_equal(has, r->need[i] < r->n ? r->need[i] : r->n);
	}
}

/* Places left although they were held and are still there. */
static size_t count_moves(const struct run *r)
{
	size_t moves = 0;

	for (size_t i = 0; i < CLAIMS; i++) {
		size_t held = 0, kept = 0;

		for (size_t k = 0; k < r->n; k++) {
			held += r->held[i][k];
			kept += r->held[i][k] && r->given[i][k];
		}
		if (held > r->need[i])
			held = r->need[i];
		moves += held - kept;
	}
	return moves;
}

/* The fewest moves that any answer needs: uses of what is kept that lie above the highest use that
 * a fair answer has, whatever places those are that may have one more. */
static size_t moves_needed(const struct run *r)
{
	size_t total = 0, above[PLACES], n_above = 0, level, more, need = 0;

	for (size_t i = 0; i < CLAIMS; i++)
		total += r->need[i] < r->n ? r->need[i] : r->n;
	level = total / r->n;
	more = total % r->n;
	for (size_t k = 0; k < r->n; k++) {
		size_t kept = 0;

		for (size_t i = 0; i < CLAIMS; i++)
			kept += r->need[i] && r->held[i][k];
		if (kept > level)
			above[n_above++] = kept - level;
	}
	for (size_t i = 0; i < n_above; i++)
		need += above[i];
	return need - (n_above < more ? n_above : more);
}

static void change_something(struct run *r)
{
	size_t i = (size_t)rand() % CLAIMS;

	memcpy(r->held, r->given, sizeof(r->held));
	switch (rand() % 4) {
	case 0: /* one stops */
		r->need[i] = 0;
		memset(r->held[i], 0, sizeof(r->held[i]));
		break;
	case 1: /* one starts, with the mask of a fresh start */
		if (r->need[i] == 0)
			memset(r->held[i], 1, r->n);
		r->need[i] = 1 + (size_t)rand() % 4;
		break;
	case 2: /* a CPU goes or comes, the last one */
		r->n = 2 + (size_t)rand() % (PLACES - 2);
		break;
	case 3: /* one wants more or less */
		if (r->need[i])
			r->need[i] = 1 + (size_t)rand() % 6;
		break;
	}
	for (i = 0; i < CLAIMS; i++)
		memset(r->held[i] + r->n, 0, PLACES - r->n);
}

static void fair_and_at_rest(void **state)
{
	(void)state;
	srand(7);
	for (int run = 0; run < 200; run++) {
		struct run r = {.n = 2 + (size_t)rand() % (PLACES - 2)};

		for (int step = 0; step < 30; step++) {
			bool before[CLAIMS][PLACES];

			change_something(&r);
			share_out(&r);
			check_fair(&r);
			memcpy(before, r.given, sizeof(before));
			share_out(&r);
			assert_memory_equal(before, r.given, sizeof(before));
			memcpy(r.held, r.given, sizeof(r.held));
			share_out(&r);
			assert_memory_equal(before, r.given, sizeof(before));
		}
	}
}

/* Nobody else moves when one starts; when one stops, or a CPU comes, only as many as must. */
static void no_needless_moves(void **state)
{
	(void)state;
	srand(11);
	for (int run = 0; run < 200; run++) {
		struct run r = {.n = 2 + (size_t)rand() % (PLACES - 2)};

		for (int step = 0; step < 30; step++) {
			size_t i = (size_t)rand() % CLAIMS;
			bool comes = r.need[i] == 0;

			memcpy(r.held, r.given, sizeof(r.held));
			r.need[i] = comes ? 1 + (size_t)rand() % 4 : 0;
			memset(r.held[i], 0, sizeof(r.held[i]));
			share_out(&r);
			if (comes)
				assert_int_equal(count_moves(&r), 0);
			else
				assert_true(count_moves(&r) <= moves_needed(&r));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(as_the_table_says),
	    cmocka_unit_test(fair_and_at_rest),
	    cmocka_unit_test(no_needless_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
