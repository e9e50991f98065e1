#include "tests/schema/refusals.h"

static void durations(void **state)
{
	static const char *const good[] = {"1M 2H", "0d",         "1d 12H", "1S 2M 3H 4d 5w 6m 7y",
					   "0M 1M", "2147483647y"};
	static const struct refusal wrong[] = {
	    {"1M2H",        2, "'1M2H' is not a duration",               NULL},
	    {"1M 1M",       3, "'1M 1M' has the unit M twice",
	     "add them up; M are minutes, m are months"                      },
	    {"1D",          1, NULL,				     NULL},
	    {"1d  2H",      3, NULL,				     NULL},
	    {"1",           1, NULL,				     NULL},
	    {"d",           0, NULL,				     NULL},
	    {"-1d",         0, NULL,				     NULL},
	    {"1.5d",        1, NULL,				     NULL},
	    {" ",           1, NULL,				     NULL},
	    {"1d\t2H",      2, NULL,				     NULL},
	    {"2147483648y", 0, "'2147483648y': the number is too large", NULL},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(good); i++)
		assert_string_equal(accepted(&grammar_duration, good[i], a).text, good[i]);
	assert_string_equal(accepted(&grammar_duration, " 1d ", a).text, "1d");
	refuses(&grammar_duration, wrong, LENGTH(wrong));
	arena_free(a);
}

static void schedules(void **state)
{
	static const char *const good[] = {
	    "@daily",
	    "@daily, @hourly",
	    "@startup, 0 6 * * *",
	    "0 6 * * *",
	    "*/15 0-5 1,15 jan-mar mon-fri",
	    "1-5/2 * ? * *",
	    "1/2 * * * 0,6",
	    "59 23 31 12 6",
	    "0  6\t* * *",
	    "0 6 * * *, @never",
	};
	static const struct refusal wrong[] = {
	    {"@daily,@hourly", 0, "'@daily,@hourly' is not a schedule",
	     "write a comma and a blank between them"                                          },
	    {"@dayly",         0, "'@dayly' is not a schedule",          "did you mean @daily?"},
	    {"@reboot",        0, NULL,				  NULL                  },
	    {"* * * *",        0, "'* * * *' has 4 of 5 fields",         NULL                  },
	    {"* * * * * *",    0, NULL,                                  NULL                  },
	    {"60 * * * *",     0, "'60' is not a valid minute",
	     "write *, or numbers from 0 to 59, like 0-3 or */2"                               },
	    {"* 24 * * *",     2, "'24' is not a valid hour",            NULL                  },
	    {"* * 0 * *",      4, "'0' is not a valid day of the month", NULL                  },
	    {"* * * 13 *",     6, "'13' is not a valid month",           NULL                  },
	    {"* * * * 7",      8, "'7' is not a valid day of the week",  NULL                  },
	    {"* * * foo *",    6, NULL,                                  NULL                  },
	    {"5-1 * * * *",    0, NULL,                                  NULL                  },
	    {"*/0 * * * *",    0, NULL,                                  NULL                  },
	    {"*/90 * * * *",   0, NULL,                                  NULL                  },
	    {"1, * * * *",     0, NULL,                                  NULL                  },
	    {"1,,2 * * * *",   0, NULL,                                  NULL                  },
	    {"1- * * * *",     0, NULL,                                  NULL                  },
	    {"@daily, ",       8, "'@daily, ' has an empty part",        NULL                  },
	    {", @daily",       0, "', @daily' has an empty part",        NULL                  },
	    {"daily",          0, NULL,				  NULL                  },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(good); i++)
		assert_string_equal(accepted(&grammar_schedule, good[i], a).text, good[i]);
	assert_string_equal(accepted(&grammar_schedule, "@Daily", a).text, "@daily");
	assert_string_equal(accepted(&grammar_schedule, "0 6 * JAN Mon", a).text, "0 6 * jan mon");
	refuses(&grammar_schedule, wrong, LENGTH(wrong));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(durations),
	    cmocka_unit_test(schedules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
