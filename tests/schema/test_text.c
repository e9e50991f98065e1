#include "schema/arena.h"
#include "schema/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void escaped(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
	    {"",		    ""		    },
	    {"plain text",          "plain text"          },
	    {"grüße 世界 🐧", "grüße 世界 🐧" },
	    {"a\nb\rc\td",          "a\\nb\\rc\\td"       },
	    {"\x1b[31mred",         "\\x1b[31mred"        },
	    {"\x7f",                "\\x7f"               },
	    {"\xc2\x9b",            "\\u{9b}"             },
	    {"a\xe2\x80\xae"
	     "b",      "a\\u{202e}b"         },
	    {"a\xe2\x80\x8b",       "a\\u{200b}"          },
	    {"\xef\xbb\xbf",        "\\u{feff}"           },
	    {"\xc2\xa0",            "\\u{a0}"             },
	    {"\xf3\xa0\x81\x81",    "\\u{e0041}"          },
	    {"\xff\xfe",            "\\xff\\xfe"          },
	    {"\xc3",                "\\xc3"               },
	    {"\xc3(",               "\\xc3("              },
	    {"\xe4\xb8",            "\\xe4\\xb8"          },
	    {"\xc0\xaf",            "\\xc0\\xaf"          },
	    {"\xed\xa0\x80",        "\\xed\\xa0\\x80"     },
	    {"\xf4\x90\x80\x80",    "\\xf4\\x90\\x80\\x80"},
	    {"back\\slash",         "back\\slash"         },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_string_equal(text_escape(a, cases[i].text, strlen(cases[i].text), 0),
				    cases[i].shown);
	assert_string_equal(text_escape(a, "a\0b", 3, 0), "a\\x00b");
	arena_free(a);
}

static void shortened(void **state)
{
	static const struct {
		const char *text;
		size_t most;
		const char *shown;
	} cases[] = {
	    {"abcdef",   6, "abcdef"   },
            {"abcdef",   5, "abcde..." },
            {"grüße",  5, "grüße"  },
	    {"grüße",  3, "grü..."  },
            {"grüße",  2, "gr..."    },
            {"世界",   1, "世..."   },
	    {"\n\n\n",   2, "\\n\\n..."},
            {"\xff\xff", 1, "\\xff..." },
            {"ab\xff",   2, "ab..."    },
	    {"ab\x01",   3, "ab\\x01"  },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_string_equal(
		    text_escape(a, cases[i].text, strlen(cases[i].text), cases[i].most),
		    cases[i].shown);
	arena_free(a);
}

/* Whatever goes in, what comes out is valid UTF-8 without controls. */
static void any_bytes_come_out_clean(void **state)
{
	struct arena *a = arena_new();
	uint32_t seed = 1;
	char bytes[64];

	(void)state;
	for (size_t round = 0; round < 3000; round++) {
		const char *shown;

		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = (char)(seed >> 24 | (round % 3 == 0 ? 0x80 : 0));
		}
		shown = text_escape(a, bytes, sizeof(bytes), round % 70);
		assert_true(text_is_utf8(shown, strlen(shown), NULL));
		for (const char *c = shown; *c; c++)
			assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
	}
	arena_free(a);
}

static void valid_utf8(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		bool good;
		size_t bad;
	} cases[] = {
	    {"",		 0, true,  0},
	    {"abc",              3, true,  0},
	    {"a\0b",             3, true,  0},
	    {"\xc2\x80",         2, true,  0},
	    {"\xdf\xbf",         2, true,  0},
	    {"\xe0\xa0\x80",     3, true,  0},
	    {"\xed\x9f\xbf",     3, true,  0},
	    {"\xee\x80\x80",     3, true,  0},
	    {"\xf0\x90\x80\x80", 4, true,  0},
	    {"\xf4\x8f\xbf\xbf", 4, true,  0},
	    {"ab\x80",           3, false, 2},
	    {"\xc1\xbf",         2, false, 0},
	    {"\xe0\x9f\xbf",     3, false, 0},
	    {"\xed\xa0\x80",     3, false, 0},
	    {"\xf0\x8f\xbf\xbf", 4, false, 0},
	    {"\xf4\x90\x80\x80", 4, false, 0},
	    {"\xf5\x80\x80\x80", 4, false, 0},
	    {"x\xe4\xb8\x96",    3, false, 1},
	    {"\xe4\xb8 ",        3, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		size_t bad = 99;

		assert_int_equal(text_is_utf8(cases[i].text, cases[i].n, &bad), cases[i].good);
		assert_int_equal(bad, cases[i].good ? 99 : cases[i].bad);
	}
	assert_false(text_is_utf8("\xff", 1, NULL));
}

static void decoded(void **state)
{
	uint32_t c = 0;

	(void)state;
	assert_int_equal(text_decode("\xf0\x9f\x90\xa7", 4, &c), 4);
	assert_int_equal(c, 0x1f427);
	assert_int_equal(text_decode("a", 1, &c), 1);
	assert_int_equal(c, 'a');
	assert_int_equal(text_decode("", 0, &c), 0);
	assert_int_equal(text_decode("\x80", 1, &c), 0);
}

static void columns(void **state)
{
	(void)state;
	assert_int_equal(text_columns("", 0), 0);
	assert_int_equal(text_columns("abc", 3), 3);
	assert_int_equal(text_columns("grüße", 7), 5);
	assert_int_equal(text_columns("\xff\xffx", 3), 3);
	assert_int_equal(text_columns("世", 2), 2);
}

static void near_misses(void **state)
{
	static const char *const words[] = {"limits.memory", "limits.cpu", "true",
					    "false",         "on",         "environment"};
	static const struct {
		const char *text, *near;
	} cases[] = {
	    {"limits.memroy",  "limits.memory"}, /* swapped */
	    {"limit.memory",   "limits.memory"}, /* one missing */
	    {"limits..memory", "limits.memory"}, /* one too many */
	    {"limits.mempry",  "limits.memory"}, /* another */
	    {"lmits.memroyy",  "limits.memory"}, /* three slips */
	    {"lmits.mmroyyy",  NULL           }, /* too many */
	    {"enviroment",     "environment"  },
	    {"tru",            "true"         },
	    {"treu",           "true"         },
	    {"fasle",          "false"        },
	    {"o",              NULL           },
	    {"no",             NULL           },
	    {"on",             "on"           },
	    {"",               NULL           },
	    {"limits",         NULL           },
	    {"limits.cup",     "limits.cpu"   },
	};
	char giant[1000];

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		const char *near = text_near_miss(cases[i].text, words, LENGTH(words));

		if (cases[i].near)
			assert_string_equal(near, cases[i].near);
		else
			assert_null(near);
	}
	assert_null(text_near_miss("x", words, 0));
	memset(giant, 'x', sizeof(giant));
	giant[sizeof(giant) - 1] = '\0';
	assert_null(text_near_miss(giant, words, LENGTH(words)));
}

static void the_nearest_then_the_first(void **state)
{
	static const char *const words[] = {"cat-food", "car-food", "bar-food"};

	(void)state;
	assert_string_equal(text_near_miss("caz-food", words, 3), "cat-food");
	assert_string_equal(text_near_miss("baz-food", words, 3), "bar-food");
	assert_string_equal(text_near_miss("car-food", words, 3), "car-food");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(escaped),
	    cmocka_unit_test(shortened),
	    cmocka_unit_test(any_bytes_come_out_clean),
	    cmocka_unit_test(valid_utf8),
	    cmocka_unit_test(decoded),
	    cmocka_unit_test(columns),
	    cmocka_unit_test(near_misses),
	    cmocka_unit_test(the_nearest_then_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
