#include "reconciler/settle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS 1000000ull
#define START (1000 * MS)

static struct settle settle(unsigned quiet_ms)
{
	struct settle s;

	settle_init(&s, quiet_ms);
	assert_true(settle_due(&s) == UINT64_MAX);
	return s;
}

/* Events at these milliseconds after START; a lone one is negative. */
static const struct {
	const char *what;
	unsigned quiet;
	int at[8]; /* 0 ends, but for the first */
	int due;
} rows[] = {
    {"one event waits for the quiet",   20,   {0},                     20  },
    {"each event starts the wait anew", 20,   {1, 5, 9},               29  },
    {"a lone one waits less",           20,   {-1},                    3   },
    {"two lone ones are not lone",      20,   {-1, -2},                22  },
    {"lone, then others",               20,   {-1, 2},                 22  },
    {"others, then lone",               20,   {1, -5},                 25  },
    {"a short wait is not made longer", 1,    {-1},                    2   },
    {"at once",			 0,    {5},                     5   },
    {"at once, lone",                   0,    {-5},                    5   },
    {"a second at most",                300,  {1, 250, 500, 750, 999}, 1001},
    {"who wants to wait longer, waits", 3000, {1},                     3001},
    {"but no longer than that",         3000, {1, 2000},               3001},
};

static void events_gather(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct settle s = settle(rows[i].quiet);
		long due;

		for (size_t k = 0; k < 8 && (k == 0 || rows[i].at[k]); k++) {
			int at = rows[i].at[k];

			settle_event(&s, START + (uint64_t)(at < 0 ? -at : at) * MS, at < 0);
		}
		due = (long)((settle_due(&s) - START) / MS);
		if (due != rows[i].due)
			fail_msg("%s: %ld, not %d", rows[i].what, due, rows[i].due);
	}
}

static void a_new_gathering_has_a_second_of_its_own(void **state)
{
	struct settle s = settle(300);

	(void)state;
	settle_event(&s, START, false);
	settle_done(&s);
	assert_true(settle_due(&s) == UINT64_MAX);
	settle_event(&s, START + 900 * MS, false);
	assert_true(settle_due(&s) == START + 1200 * MS);
	settle_done(&s);
	settle_event(&s, START + 5000 * MS, true);
	assert_true(settle_due(&s) == START + 5002 * MS);
}

static void a_file_being_written_puts_it_off(void **state)
{
	struct settle s = settle(20);
	unsigned times = 0;

	(void)state;
	assert_false(settle_put_off(&s, START));
	settle_event(&s, START, true);
	while (settle_put_off(&s, settle_due(&s)))
		times++;
	assert_true(settle_due(&s) == START + 1000 * MS);
	assert_int_equal(times, 50);
	s = settle(0);
	settle_event(&s, START, false);
	assert_false(settle_put_off(&s, START));
}

static void the_end_of_time_is_no_trap(void **state)
{
	struct settle s = settle(20);

	(void)state;
	settle_event(&s, UINT64_MAX - 1, false);
	assert_true(settle_due(&s) == UINT64_MAX - 1);
	settle_event(&s, UINT64_MAX, false);
	assert_true(settle_due(&s) == UINT64_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(events_gather),
	    cmocka_unit_test(a_new_gathering_has_a_second_of_its_own),
	    cmocka_unit_test(a_file_being_written_puts_it_off),
	    cmocka_unit_test(the_end_of_time_is_no_trap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
