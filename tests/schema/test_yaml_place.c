/* schema/yaml_place: where a byte of a scalar stands in its source. */
#include "schema/yaml_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void places_are_found(void **state)
{
	static const struct {
		const char *source;
		unsigned line, column; /* of the node */
		const char *text;
		size_t offset;
		unsigned there_line, there_column;
	} cases[] = {
	    {"a: bcd\n",                1, 4,  "bcd",       0, 1, 4 },
	    {"a: bcd\n",                1, 4,  "bcd",       2, 1, 6 },
	    {"a: bcd\n",                1, 4,  "bcd",       3, 1, 7 },
	    {"a: bcd\n",                1, 4,  "bcd",       4, 1, 4 },
	    {"a: 'bcd'\n",              1, 4,  "bcd",       1, 1, 6 },
	    {"a: \"bcd\"\n",            1, 4,  "bcd",       1, 1, 6 },
 /* Escapes and folds have another length than what they stand for. */
	    {"a: \"b\\x63d\"\n",        1, 4,  "bcd",       2, 1, 4 },
	    {"a: 'b''c'\n",             1, 4,  "b'c",       2, 1, 4 },
	    {"a: b\n  c\n",             1, 4,  "b c",       2, 1, 4 },
	    {"a: >\n  b\n  c\n",        1, 4,  "b c\n",     2, 1, 4 },
	    {"a: |\n  b\n  cd\n",       1, 4,  "b\ncd\n",   3, 3, 4 },
	    {"a: |-\n\n  b\n    cd\n",  1, 4,  "\nb\n  cd", 5, 4, 5 },
	    {"a: |\r\n  b\r\n  cd\r\n", 1, 4,  "b\ncd\n",   3, 3, 4 },
	    {"a: &x !!str bcd\n",       1, 4,  "bcd",       1, 1, 14},
	    {"a: &x |\n  b\n",          1, 4,  "b\n",       0, 2, 3 },
 /* Columns are characters. */
	    {"\xc3\xa9: b\xc3\xa9"
	     "d\n",        1, 4,
	     "b\xc3\xa9"
	     "d",					   3, 1, 6 },
	    {"\xef\xbb\xbf"
	     "a: bcd\n",   1, 4,  "bcd",       2, 1, 6 },
 /* What the source does not have. */
	    {"a: b",                    7, 1,  "b",         0, 7, 1 },
	    {"a: b",                    1, 90, "b",         0, 1, 90},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct source source = {"t", cases[i].source, strlen(cases[i].source)};
		struct place at = {&source, cases[i].line, cases[i].column};
		struct place there = yaml_place_inside(at, cases[i].text, cases[i].offset);

		if (there.line != cases[i].there_line || there.column != cases[i].there_column)
			print_error("%zu: %u:%u\n", i, there.line, there.column);
		assert_int_equal(there.line, cases[i].there_line);
		assert_int_equal(there.column, cases[i].there_column);
		assert_ptr_equal(there.source, &source);
	}
	assert_null(yaml_place_inside(NOWHERE, "x", 0).source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(places_are_found)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
