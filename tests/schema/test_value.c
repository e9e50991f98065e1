#include "schema/choices.h"
#include "tests/schema/refusals.h"

static void digits_are_strict(void **state)
{
	static const struct {
		const char *text;
		uint64_t most;
		bool good;
		uint64_t number;
	} cases[] = {
	    {"0",		     0,          true,  0         },
	    {"10",		    10,         true,  10        },
	    {"11",		    10,         false, 0         },
	    {"0010",                  10,         true,  10        },
	    {"",		      10,         false, 0         },
	    {"+1",		    10,         false, 0         },
	    {"-1",		    10,         false, 0         },
	    {" 1",		    10,         false, 0         },
	    {"1 ",		    10,         false, 0         },
	    {"1x",		    10,         false, 0         },
	    {"0x1",                   100,        false, 0         },
	    {"1_0",                   100,        false, 0         },
	    {"18446744073709551615",  UINT64_MAX, true,  UINT64_MAX},
	    {"18446744073709551616",  UINT64_MAX, false, 0         },
	    {"28446744073709551615",  UINT64_MAX, false, 0         },
	    {"184467440737095516150", UINT64_MAX, false, 0         },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		uint64_t number = 77;

		assert_int_equal(
		    value_digits(cases[i].text, strlen(cases[i].text), cases[i].most, &number),
		    cases[i].good);
		assert_int_equal(number, cases[i].good ? cases[i].number : 77);
	}
	assert_false(value_digits("12", 0, 10, &(uint64_t){0}));
}

static void digits_stop_at_the_length(void **state)
{
	uint64_t number = 0;

	(void)state;
	assert_true(value_digits("123456", 3, UINT64_MAX, &number));
	assert_int_equal(number, 123);
}

static void booleans(void **state)
{
	static const char *const yes[] = {"true", "yes", "on", "1", "TRUE", "Yes", "On", "tRuE"};
	static const char *const no[] = {"false", "no", "off", "0", "FALSE", "No", "OFF"};
	static const struct refusal wrong[] = {
	    {"tru",     0, "'tru' is neither true nor false",     "did you mean true?" },
	    {"FLASE",   0, "'FLASE' is neither true nor false",   "did you mean false?"},
	    {"t",       0, NULL,				  "write true or false"},
	    {"y",       0, NULL,				  "write true or false"},
	    {"2",       0, NULL,				  "write true or false"},
	    {"enabled", 0, "'enabled' is neither true nor false", "write true or false"},
	    {" true",   0, NULL,				  NULL                 },
	    {"10",      0, NULL,				  NULL                 },
	    {"",        0, "there is no value",                   ""                   },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(yes); i++)
		assert_true(accepted(&grammar_bool, yes[i], a).yes);
	for (size_t i = 0; i < LENGTH(no); i++)
		assert_false(accepted(&grammar_bool, no[i], a).yes);
	refuses(&grammar_bool, wrong, LENGTH(wrong));
	arena_free(a);
}

static void integers(void **state)
{
	static const struct {
		const struct grammar *grammar;
		const char *text;
		int64_t integer;
	} cases[] = {
	    {&grammar_integer,      "0",                    0        },
	    {&grammar_integer,      "-5",                   -5       },
	    {&grammar_integer,      "-0",                   0        },
	    {&grammar_integer,      "9223372036854775807",  INT64_MAX},
	    {&grammar_integer,      "-9223372036854775808", INT64_MIN},
	    {&grammar_priority,     "0",                    0        },
	    {&grammar_priority,     "10",                   10       },
	    {&grammar_priority,     "+5",                   5        },
	    {&grammar_priority,     "05",                   5        },
	    {&grammar_oom_priority, "-1000",                -1000    },
	    {&grammar_oom_priority, "1000",                 1000     },
	    {&grammar_processes,    "-1",                   -1       },
	    {&grammar_processes,    "0",                    0        },
	    {&grammar_processes,    "100",                  100      },
	    {&grammar_processes,    "4194304",              4194304  },
	    {&grammar_seconds,      "30",                   30       },
	    {&grammar_vlan,         "none",                 -1       },
	    {&grammar_vlan,         "0",                    0        },
	    {&grammar_vlan,         "4094",                 4094     },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(accepted(cases[i].grammar, cases[i].text, a).integer,
				 cases[i].integer);
	arena_free(a);
}

static void integers_refused(void **state)
{
	static const struct refusal priorities[] = {
	    {"11",		   0, "'11' is out of range",                   "write a number from 0 to 10"},
	    {"-1",		   0, "'-1' is out of range",                   "write a number from 0 to 10"},
	    {"5.0",                  1, "'5.0' is not a whole number",            "no fractions here"          },
	    {"5 ",		   1, NULL,				     "write it without blanks"    },
	    {" 5",		   0, NULL,				     "write it without blanks"    },
	    {"high",                 0, "'high' is not a whole number",           "write a number from 0 to 10"},
	    {"99999999999999999999", 0, "'99999999999999999999' is out of range", NULL                         },
	};
	static const struct refusal processes[] = {
	    {"5k",      1, "'5k' is not a whole number", "no units here: 5"                 },
	    {"-5",      0, "'-5' is out of range",       "write a number from -1 to 4194304"},
	    {"4194305", 0, NULL,                         NULL                               },
	    {"1e3",     1, NULL,                         NULL                               },
	};
	static const struct refusal seconds[] = {
	    {"-5",		   0, "'-5' is out of range", "write a number of at least 0"},
	    {"99999999999999999999", 0, NULL,                   NULL                          },
	};
	static const struct refusal any[] = {
	    {"9223372036854775808",  0, NULL,                                NULL                     },
	    {"-9223372036854775809", 0, NULL,                                NULL                     },
	    {"-",		    0, "'-' is not a whole number",         "write a number, like 10"},
	    {"+",		    0, NULL,				NULL                     },
	    {"--5",                  0, NULL,				NULL                     },
	    {"+-5",                  0, NULL,				NULL                     },
	    {"1_000",                1, NULL,				NULL                     },
	    {"\x1b[31m",             0, "'\\x1b[31m' is not a whole number", NULL                     },
	};
	static const struct refusal vlans[] = {
	    {"4095", 0, "'4095' is out of range", "write a number from 0 to 4094"         },
	    {"-1",   0, "'-1' is not a VLAN",     "write a number from 0 to 4094, or none"},
	    {"None", 0, NULL,                     NULL				    },
	};

	(void)state;
	refuses(&grammar_priority, priorities, LENGTH(priorities));
	refuses(&grammar_processes, processes, LENGTH(processes));
	refuses(&grammar_seconds, seconds, LENGTH(seconds));
	refuses(&grammar_integer, any, LENGTH(any));
	refuses(&grammar_vlan, vlans, LENGTH(vlans));
}

static void unsigned_numbers(void **state)
{
	static const struct {
		const struct grammar *grammar;
		const char *least, *most, *beyond;
	} cases[] = {
	    {&grammar_uint32, "0",  "4294967295", "4294967296"},
	    {&grammar_id,     "0",  "4294967294", "4294967295"},
	    {&grammar_port,   "1",  "65535",      "65536"     },
	    {&grammar_mtu,    "68", "65535",      "65536"     },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		const struct refusal wrong[] = {
		    {cases[i].beyond, 0, NULL, NULL},
                    {"-1",            0, NULL, NULL},
                    {"+1",            0, NULL, NULL},
		    {"auto",          0, NULL, NULL},
                    {"1.5",           1, NULL, NULL},
		};

		accepted(cases[i].grammar, cases[i].least, a);
		accepted(cases[i].grammar, cases[i].most, a);
		refuses(cases[i].grammar, wrong, LENGTH(wrong));
	}
	assert_int_equal(accepted(&grammar_id, "4294967294", a).number, 4294967294);
	refuses(&grammar_port, &(struct refusal){"0", 0, NULL, "write a number from 1 to 65535"},
		1);
	refuses(&grammar_mtu, &(struct refusal){"67", 0, "'67' is out of range", NULL}, 1);
	arena_free(a);
}

static void modes(void **state)
{
	static const struct refusal wrong[] = {
	    {"8",			      0, "'8' is not a file mode", "write it in octal, like 0660"},
	    {"0o660",			  1, NULL,                     "did you mean 0660?"          },
	    {"77777",			  0, NULL,                     NULL                          },
	    {"10000",			  0, NULL,                     NULL                          },
	    {"rw-r--r--",                      0, NULL,                     NULL                          },
	    {"-1",			     0, NULL,                     NULL                          },
	    {"777777777777777777777777777777", 0, NULL,                     NULL                          },
	};
	struct arena *a = arena_new();

	(void)state;
	assert_int_equal(accepted(&grammar_mode, "0660", a).number, 0660);
	assert_int_equal(accepted(&grammar_mode, "660", a).number, 0660);
	assert_int_equal(accepted(&grammar_mode, "7777", a).number, 07777);
	assert_int_equal(accepted(&grammar_mode, "0", a).number, 0);
	refuses(&grammar_mode, wrong, LENGTH(wrong));
	arena_free(a);
}

static void words_of_a_table(void **state)
{
	static const char *const words[] = {"hard", "soft", NULL};
	static const struct grammar enforce = {
	    .name = "way to enforce", .words = words, .parse = value_parse_word};
	static const struct refusal wrong[] = {
	    {"sofd",  0, "'sofd' is unknown: expected hard or soft", "did you mean soft?"},
	    {"HARD",  0, "'HARD' is unknown: expected hard or soft", "did you mean hard?"},
	    {"none",  0, "'none' is unknown: expected hard or soft", ""                  },
	    {"soft ", 0, NULL,				       "did you mean soft?"},
	};
	static const struct refusal three[] = {
	    {"maybe", 0, "'maybe' is unknown: expected auto, always or never", ""},
	};
	struct arena *a = arena_new();

	(void)state;
	assert_string_equal(accepted(&enforce, "soft", a).text, "soft");
	assert_string_equal(accepted(&enforce, "hard", a).text, "hard");
	refuses(&enforce, wrong, LENGTH(wrong));
	refuses(&grammar_label_rootfs, three, LENGTH(three));
	arena_free(a);
}

static void integer_of_a_table(void **state)
{
	static const struct grammar g = {
	    .name = "count", .least = 1, .most = 3, .parse = value_parse_integer};
	static const struct refusal wrong[] = {
	    {"0", 0, "'0' is out of range", "write a number from 1 to 3"},
	    {"4", 0, NULL,                  NULL                        },
	};
	struct arena *a = arena_new();

	(void)state;
	assert_int_equal(accepted(&g, "3", a).integer, 3);
	refuses(&g, wrong, LENGTH(wrong));
	arena_free(a);
}

/* No grammar repeats a long or wild text as it is, and each has what explain prints. */
static void every_grammar_is_whole(void **state)
{
	const struct grammar *const *all;
	size_t n = value_grammars(&all);
	struct arena *a = arena_new();
	char wild[5000];

	(void)state;
	memset(wild, '\x1b', sizeof(wild));
	wild[sizeof(wild) - 1] = '\0';
	assert_int_equal(n, 39);
	for (size_t i = 0; i < n; i++) {
		struct complaint why = {0};
		struct value v;

		assert_non_null(all[i]->name);
		assert_true(strlen(all[i]->syntax) > 10);
		assert_null(strchr(all[i]->syntax, '\n'));
		for (size_t j = 0; j < i; j++)
			assert_ptr_not_equal(all[i], all[j]);
		assert_int_equal(value_parse(all[i], wild, a, &v, &why), -EINVAL);
		assert_null(strchr(why.message, '\x1b'));
		assert_null(strchr(why.hint, '\x1b'));
		assert_true(strlen(why.message) < sizeof(why.message) - 1);
		assert_int_equal(value_parse(all[i], "", a, &v, &why), -EINVAL);
		assert_string_equal(why.message, "there is no value");
	}
	arena_free(a);
}

static void long_texts_are_shortened(void **state)
{
	struct arena *a = arena_new();
	struct complaint why;
	struct value v;

	(void)state;
	value_parse(&grammar_bool, "0123456789012345678901234567890123456789X", a, &v, &why);
	assert_string_equal(why.message, "'0123456789012345678901234567890123456789...' is neither "
					 "true nor false");
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(digits_are_strict),
	    cmocka_unit_test(digits_stop_at_the_length),
	    cmocka_unit_test(booleans),
	    cmocka_unit_test(integers),
	    cmocka_unit_test(integers_refused),
	    cmocka_unit_test(unsigned_numbers),
	    cmocka_unit_test(modes),
	    cmocka_unit_test(words_of_a_table),
	    cmocka_unit_test(integer_of_a_table),
	    cmocka_unit_test(every_grammar_is_whole),
	    cmocka_unit_test(long_texts_are_shortened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
