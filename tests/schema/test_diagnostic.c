#include "schema/arena.h"
#include "schema/diagnostic.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char text[] = "one\ntwo\r\n\nfour";
static const struct source source = {"web1.yaml", text, sizeof(text) - 1};

static struct place at(uint32_t line, uint32_t column)
{
	return (struct place){&source, line, column};
}

static void severities_answer_and_count(void **state)
{
	struct arena *a = arena_new();
	struct diagnostics ds;

	(void)state;
	diagnostics_init(&ds, a);
	assert_int_equal(diagnostic_error(&ds, at(1, 1), "'%s' is wrong", "x"), -EINVAL);
	assert_int_equal(diagnostic_hint(&ds, "write %d", 7), -EINVAL);
	assert_int_equal(diagnostic_for(&ds, "web1"), -EINVAL);
	assert_int_equal(diagnostic_warning(&ds, at(1, 2), "odd"), 0);
	assert_int_equal(diagnostic_hint(&ds, "mend it"), 0);
	assert_int_equal(diagnostic_notice(&ds, NOWHERE, "by the way"), 0);
	assert_int_equal(diagnostic_for(&ds, "web2"), 0);
	assert_int_equal(ds.n, 3);
	assert_int_equal(ds.errors, 1);
	assert_int_equal(ds.warnings, 1);
	assert_int_equal(ds.notices, 1);
	assert_string_equal(ds.items[0].message, "'x' is wrong");
	assert_string_equal(ds.items[0].hint, "write 7");
	assert_string_equal(ds.items[0].instance, "web1");
	assert_string_equal(ds.items[1].hint, "mend it");
	assert_null(ds.items[1].instance);
	assert_null(ds.items[2].hint);
	arena_free(a);
}

static void sorted_by_place(void **state)
{
	static const struct source first = {"a.yaml", NULL, 0};
	struct arena *a = arena_new();
	struct diagnostics ds;

	(void)state;
	diagnostics_init(&ds, a);
	diagnostic_error(&ds, at(2, 1), "five");
	diagnostic_error(&ds, at(1, 10), "four");
	diagnostic_warning(&ds, at(1, 9), "two");
	diagnostic_error(&ds, at(1, 9), "three");
	diagnostic_error(&ds, (struct place){&first, 7, 1}, "one");
	diagnostic_error(&ds, NOWHERE, "zero");
	diagnostics_sort(&ds);
	assert_int_equal(ds.n, 6);
	assert_string_equal(ds.items[0].message, "zero");
	assert_string_equal(ds.items[1].message, "one");
	assert_string_equal(ds.items[2].message, "two");
	assert_string_equal(ds.items[3].message, "three");
	assert_string_equal(ds.items[4].message, "four");
	assert_string_equal(ds.items[5].message, "five");
	arena_free(a);
}

static void repetitions_go(void **state)
{
	struct arena *a = arena_new();
	struct diagnostics ds;

	(void)state;
	diagnostics_init(&ds, a);
	diagnostic_error(&ds, at(1, 1), "same");
	diagnostic_error(&ds, at(1, 1), "same");
	diagnostic_error(&ds, at(1, 1), "same");
	diagnostic_hint(&ds, "with a hint");
	diagnostic_warning(&ds, at(1, 1), "same");
	diagnostic_error(&ds, at(1, 2), "same");
	diagnostics_sort(&ds);
	assert_int_equal(ds.n, 4);
	assert_int_equal(ds.errors, 3);
	assert_int_equal(ds.warnings, 1);
	arena_free(a);
}

static void nothing_to_sort(void **state)
{
	struct arena *a = arena_new();
	struct diagnostics ds;

	(void)state;
	diagnostics_init(&ds, a);
	diagnostics_sort(&ds);
	assert_int_equal(ds.n, 0);
	arena_free(a);
}

static void many_keep_their_order(void **state)
{
	struct arena *a = arena_new();
	struct diagnostics ds;

	(void)state;
	diagnostics_init(&ds, a);
	for (int i = 0; i < 1000; i++)
		diagnostic_error(&ds, at(1, 1), "%d", i);
	diagnostics_sort(&ds);
	for (int i = 0; i < 1000; i++)
		assert_string_equal(ds.items[i].message, arena_printf(a, "%d", i));
	arena_free(a);
}

static void lines(void **state)
{
	static const struct {
		uint32_t line;
		const char *wanted;
	} cases[] = {
	    {1,          "one" },
            {2,          "two" },
            {3,          ""    },
            {4,          "four"},
            {0,          NULL  },
            {5,          NULL  },
            {UINT32_MAX, NULL  }
        };
	static const struct source gone = {"x", NULL, 0}, ends = {"x", "a\n", 2};
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *line = place_line(at(cases[i].line, 1), &n);

		if (!cases[i].wanted) {
			assert_null(line);
			continue;
		}
		assert_int_equal(n, strlen(cases[i].wanted));
		assert_memory_equal(line, cases[i].wanted, n);
	}
	assert_null(place_line(NOWHERE, &n));
	assert_null(place_line((struct place){&gone, 1, 1}, &n));
	assert_non_null(place_line((struct place){&ends, 2, 1}, &n));
	assert_int_equal(n, 0);
}

static void places_move_right(void **state)
{
	struct place moved = place_right(at(3, 5), 4);

	(void)state;
	assert_int_equal(moved.line, 3);
	assert_int_equal(moved.column, 9);
	assert_int_equal(place_right(NOWHERE, 4).column, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(severities_answer_and_count),
	    cmocka_unit_test(sorted_by_place),
	    cmocka_unit_test(repetitions_go),
	    cmocka_unit_test(nothing_to_sort),
	    cmocka_unit_test(many_keep_their_order),
	    cmocka_unit_test(lines),
	    cmocka_unit_test(places_move_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
