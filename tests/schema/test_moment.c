/* schema/moment: points in time, read and printed. */
#include "tests/schema/findings.h"

#include "schema/moment.h"

static void moments_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
		const char *printed;
	} cases[] = {
	    {"1970-01-01",                0,            "1970-01-01T00:00:00Z"},
	    {"2026-12-01",                1796083200,   "2026-12-01T00:00:00Z"},
	    {"2026-12-01T10:00:00Z",      1796119200,   "2026-12-01T10:00:00Z"},
	    {"2026-12-01t10:00:00z",      1796119200,   "2026-12-01T10:00:00Z"},
	    {"2026-12-01 10:00:00.75Z",   1796119200,   "2026-12-01T10:00:00Z"},
	    {"2026-12-01T10:00:00+02:00", 1796112000,   "2026-12-01T08:00:00Z"},
	    {"2026-12-01T10:00:00-00:30", 1796121000,   "2026-12-01T10:30:00Z"},
	    {"2024-02-29",                1709164800,   "2024-02-29T00:00:00Z"},
	    {"2000-02-29",                951782400,    "2000-02-29T00:00:00Z"},
	    {"2016-12-31T23:59:60Z",      1483228800,   "2017-01-01T00:00:00Z"},
	    {"9999-12-31T23:59:59Z",      253402300799, "9999-12-31T23:59:59Z"},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t seconds = 1;

		if (moment_parse(cases[i].text, &seconds, NULL) < 0)
			fail_msg("'%s' is refused", cases[i].text);
		assert_int_equal(seconds, cases[i].seconds);
		assert_string_equal(moment_print(seconds, a), cases[i].printed);
	}
	arena_free(a);
}

static void others_are_refused(void **state)
{
	static const char *const cases[] = {
	    "",
	    "2026",
	    "2026-12",
	    "2026-13-01",
	    "2026-00-01",
	    "2026-01-00",
	    "2026-02-29",
	    "1900-02-29",
	    "2100-02-29",
	    "2026-04-31",
	    "1969-12-31",
	    "26-12-01",
	    "2026-1-1",
	    "2026-12-01T",
	    "2026-12-01T10",
	    "2026-12-01T10:00",
	    "2026-12-01T10:00:00",
	    "2026-12-01T24:00:00Z",
	    "2026-12-01T10:60:00Z",
	    "2026-12-01T10:00:61Z",
	    "2026-12-01T10:00:00.Z",
	    "2026-12-01T10:00:00+2:00",
	    "2026-12-01T10:00:00+0200",
	    "2026-12-01T10:00:00+24:00",
	    "2026-12-01T10:00:00ZZ",
	    "2026-12-01T10:00:00Z ",
	    " 2026-12-01",
	    "2026-12-01 ",
	    "+2026-12-01",
	    "1970-01-01T00:00:00+00:01",
	    "tomorrow",
	    "1796119200",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t seconds = 1;
		struct complaint why;

		if (moment_parse(cases[i], &seconds, &why) == 0)
			fail_msg("'%s' is accepted", cases[i]);
		assert_int_equal(seconds, 1);
		assert_true(why.message[0] && why.hint[0]);
		assert_true(why.offset <= strlen(cases[i]));
	}
}

static void what_no_calendar_holds_is_printed(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	assert_string_equal(moment_print(UINT64_MAX, a), "?");
	assert_string_equal(moment_print(253402300800, a), "10000-01-01T00:00:00Z");
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(moments_are_read),
	    cmocka_unit_test(others_are_refused),
	    cmocka_unit_test(what_no_calendar_holds_is_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
