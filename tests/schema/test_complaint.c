#include "schema/arena.h"
#include "schema/complaint.h"
#include "schema/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void set_and_hinted(void **state)
{
	struct complaint why;

	(void)state;
	assert_int_equal(complaint_set(&why, 7, "'%s' is wrong", "x"), -EINVAL);
	assert_string_equal(why.message, "'x' is wrong");
	assert_string_equal(why.hint, "");
	assert_int_equal(why.offset, 7);
	assert_int_equal(complaint_hint(&why, "write %d", 5), -EINVAL);
	assert_string_equal(why.hint, "write 5");
	complaint_set(&why, 0, "anew");
	assert_string_equal(why.hint, "");
}

static void no_control_gets_through(void **state)
{
	struct complaint why;

	(void)state;
	complaint_set(&why, 0, "'%s'", "a\x1b[2J\n\x7f");
	assert_string_equal(why.message, "'a?[2J?"
					 "?'");
	complaint_hint(&why, "'%.3s'", "grüße\xff");
	assert_string_equal(why.hint, "'gr?'");
}

static void too_long_is_cut_on_a_character(void **state)
{
	char text[600], wanted[256];
	struct complaint why;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(text); i++)
		text[i] = i % 2 ? '\xbc' : '\xc3';
	text[sizeof(text) - 1] = '\0';
	complaint_set(&why, 0, "%s", text);
	memcpy(wanted, text, 254);
	wanted[254] = '\0';
	assert_string_equal(why.message, wanted);
}

static void quoted(void **state)
{
	struct arena *a = arena_new();
	const char *shown;
	char wild[100];

	(void)state;
	assert_string_equal(complaint_quote(a, "64X", 3), "'64X'");
	assert_string_equal(complaint_quote(a, "64X", 2), "'64'");
	assert_string_equal(complaint_quote(a, "", 0), "''");
	assert_string_equal(complaint_quote(a, "a\tb", 3), "'a\\tb'");
	memset(wild, '\x01', sizeof(wild));
	shown = complaint_quote(a, wild, sizeof(wild));
	assert_true(strlen(shown) < 140);
	assert_string_equal(shown + strlen(shown) - 8, "\\x01...'");
	arena_free(a);
}

static void no_limit(void **state)
{
	(void)state;
	assert_true(complaint_means_unlimited("max"));
	assert_true(complaint_means_unlimited("Unlimited"));
	assert_true(complaint_means_unlimited("-1"));
	assert_false(complaint_means_unlimited("1"));
	assert_false(complaint_means_unlimited(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(set_and_hinted),
	    cmocka_unit_test(no_control_gets_through),
	    cmocka_unit_test(too_long_is_cut_on_a_character),
	    cmocka_unit_test(quoted),
	    cmocka_unit_test(no_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
