#include "schema/arena.h"
#include "schema/ranges.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MOST 8191

/* TEXT, which must be good. */
static struct ranges of(const char *text, struct arena *a)
{
	struct ranges r;

	assert_int_equal(ranges_parse(text, UINT64_MAX, a, &r, NULL), 0);
	return r;
}

static void read_and_printed(void **state)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {
	    {"",          ""         },
	    {"\n",        ""         },
	    {"  ",        ""         },
	    {"0",         "0"        },
	    {"0-3,7",     "0-3,7"    },
	    {" 0-3\n",    "0-3"      },
	    {"7,0-3",     "0-3,7"    },
	    {"0-3,2-5",   "0-5"      },
	    {"1,2",       "1-2"      },
	    {"1,1,1",     "1"        },
	    {"5-5",       "5"        },
	    {"0-8191",    "0-8191"   },
	    {"9,7,5,3,1", "1,3,5,7,9"},
	    {"0-9,3-4,5", "0-9"      },
	    {"007",       "7"        },
	};
	struct arena *a = arena_new();
	struct ranges r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(ranges_parse(cases[i].text, MOST, a, &r, NULL), 0);
		assert_string_equal(ranges_print(&r, a), cases[i].canonical);
	}
	arena_free(a);
}

static void refused_with_an_offset(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
	} cases[] = {
	    {"x",		    0},
            {",",                    0},
            {"1,",                   2},
            {",1",                   0},
            {"1,,2",                 2},
	    {"3-1",                  2},
            {"1-",                   2},
            {"-1",                   0},
            {"1-2-3",                3},
            {"8192",                 0},
	    {"0-8192",               2},
            {"1 2",                  2},
            {"0-7:2",                3},
            {"1\n\n",                2},
            {"99999999999999999999", 0},
	    {"0, 1",                 2},
            {"0x1",                  1},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ranges r = {.n = 77};
		size_t offset = 99;

		assert_int_equal(ranges_parse(cases[i].text, MOST, a, &r, &offset), -EINVAL);
		assert_int_equal(r.n, 77);
		if (offset != cases[i].offset)
			fail_msg("'%s': offset %zu", cases[i].text, offset);
	}
	arena_free(a);
}

/* An end given by a user costs nothing. */
static void the_largest_numbers(void **state)
{
	struct arena *a = arena_new();
	struct ranges all = of("0-18446744073709551615", a);
	struct ranges last = of("18446744073709551615", a);
	struct ranges rest = ranges_subtract(&all, &last, a), none;

	(void)state;
	assert_int_equal(ranges_count(&all), UINT64_MAX);
	assert_string_equal(ranges_print(&rest, a), "0-18446744073709551614");
	assert_int_equal(ranges_count(&rest), UINT64_MAX);
	none = ranges_subtract(&all, &all, a);
	assert_int_equal(none.n, 0);
	none = ranges_union(&rest, &last, a);
	assert_true(ranges_equal(&none, &all));
	assert_true(ranges_contain(&all, UINT64_MAX));
	assert_false(ranges_contain(&rest, UINT64_MAX));
	arena_free(a);
}

static void algebra(void **state)
{
	static const struct {
		const char *x, *y, *both, *common, *left;
	} cases[] = {
	    {"0-3",         "2-5",   "0-5", "2-3",     "0-1"        },
	    {"0-9",         "3-4,7", "0-9", "3-4,7",   "0-2,5-6,8-9"},
	    {"0-3",         "4-7",   "0-7", "",        "0-3"        },
	    {"1,3,5",       "2,4",   "1-5", "",        "1,3,5"      },
	    {"",            "1-2",   "1-2", "",        ""           },
	    {"1-2",         "",      "1-2", "",        "1-2"        },
	    {"0-1,4-5,8-9", "1-8",   "0-9", "1,4-5,8", "0,9"        },
	    {"5",           "0-9",   "0-9", "5",       ""           },
	    {"0-2,6-8",     "2-6",   "0-8", "2,6",     "0-1,7-8"    },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ranges x = of(cases[i].x, a), y = of(cases[i].y, a);
		struct ranges both = ranges_union(&x, &y, a);
		struct ranges common = ranges_intersect(&x, &y, a);
		struct ranges left = ranges_subtract(&x, &y, a);

		assert_string_equal(ranges_print(&both, a), cases[i].both);
		assert_string_equal(ranges_print(&common, a), cases[i].common);
		assert_string_equal(ranges_print(&left, a), cases[i].left);
	}
	arena_free(a);
}

/* Against one bit per number, for all small sets. */
static void algebra_by_bits(void **state)
{
	struct range single[6];

	(void)state;
	for (unsigned xs = 0; xs < 64; xs++) {
		for (unsigned ys = 0; ys < 64; ys++) {
			struct arena *a = arena_new();
			struct ranges x, y, sets[3];
			unsigned wanted[3] = {xs | ys, xs & ys, xs & ~ys};
			size_t n = 0;

			for (unsigned i = 0; i < 6; i++)
				if (xs & 1u << i)
					single[n++] = (struct range){i, i};
			x = ranges_from(single, n, a);
			n = 0;
			for (unsigned i = 6; i-- > 0;)
				if (ys & 1u << i)
					single[n++] = (struct range){i, i};
			y = ranges_from(single, n, a);
			sets[0] = ranges_union(&x, &y, a);
			sets[1] = ranges_intersect(&x, &y, a);
			sets[2] = ranges_subtract(&x, &y, a);
			for (size_t k = 0; k < 3; k++) {
				assert_int_equal(ranges_count(&sets[k]),
						 __builtin_popcount(wanted[k]));
				for (unsigned i = 0; i < 6; i++)
					assert_int_equal(ranges_contain(&sets[k], i),
							 wanted[k] >> i & 1);
			}
			assert_int_equal(ranges_equal(&x, &y), xs == ys);
			assert_int_equal(ranges_cover(&x, &y), (ys & ~xs) == 0);
			arena_free(a);
		}
	}
}

static void from_any_order(void **state)
{
	static const struct range items[] = {
	    {8,  9 },
            {0,  3 },
            {2,  5 },
            {6,  6 },
            {20, 20},
            {0,  0 }
        };
	struct arena *a = arena_new();
	struct ranges r = ranges_from(items, 6, a);

	(void)state;
	assert_string_equal(ranges_print(&r, a), "0-6,8-9,20");
	assert_int_equal(ranges_count(&r), 10);
	r = ranges_from(NULL, 0, a);
	assert_int_equal(r.n, 0);
	assert_string_equal(ranges_print(&r, a), "");
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(read_and_printed),    cmocka_unit_test(refused_with_an_offset),
	    cmocka_unit_test(the_largest_numbers), cmocka_unit_test(algebra),
	    cmocka_unit_test(algebra_by_bits),     cmocka_unit_test(from_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
