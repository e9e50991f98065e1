/* Fields of records: whatever goes in comes out, and one line stays one line. */
#include "reconciler/fields.h"
#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void fields_come_back(void **state)
{
	static const char *const texts[] = {"plain", "",   " ",    "a b\n\tc", "%",
					    "%41",   "%-", "\x7f", "\xc3\xa4", "\x01\x1f"};
	struct arena *a = arena_new();
	struct writer w = {.arena = a};
	char *fields[16], *line;
	int n;

	(void)state;
	writer_text(&w, "word");
	for (size_t i = 0; i < 10; i++)
		writer_field(&w, texts[i]);
	line = arena_strndup(a, w.text, w.n);
	assert_null(strpbrk(line, "\n\t\r"));
	n = fields_read(line, fields, 16);
	assert_int_equal(n, 11);
	for (size_t i = 0; i < 10; i++)
		assert_string_equal(fields[i + 1], texts[i]);
	arena_free(a);
}

static void other_lines_are_refused(void **state)
{
	static const char *const lines[] = {"",     "a  b",  "a ",    " a",    "a %",
					    "a %4", "a %zz", "a %4a", "a %00", "a b c"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char line[32], *fields[2];

		strcpy(line, lines[i]);
		assert_int_equal(fields_read(line, fields, 2), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fields_come_back),
	    cmocka_unit_test(other_lines_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
