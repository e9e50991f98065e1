#include "tests/schema/refusals.h"

static void counts_and_sets(void **state)
{
	static const struct {
		const char *text;
		uint64_t count;  /* 0: a set */
		const char *set; /* in canonical form */
	} cases[] = {
	    {"1",       1,    NULL    },
            {"8",       8,    NULL    },
            {"05",      5,    NULL    },
            {"8192",    8192, NULL    },
	    {"0-0",     0,    "0"     },
            {"1-1",     0,    "1"     },
            {"0-1",     0,    "0-1"   },
            {"0,5",     0,    "0,5"   },
	    {"5-7",     0,    "5-7"   },
            {"5,0-3,4", 0,    "0-5"   },
            {"0-8191",  0,    "0-8191"},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct cpus c = accepted(&grammar_cpus, cases[i].text, a).cpus;

		assert_int_equal(c.counted, cases[i].count > 0);
		assert_int_equal(c.count, cases[i].count);
		if (cases[i].set)
			assert_string_equal(ranges_print(&c.set, a), cases[i].set);
	}
	arena_free(a);
}

static void cpus_refused(void **state)
{
	static const struct refusal wrong[] = {
	    {"0",		      0, "'0' would leave no CPU",
	     "a number alone says how many; for CPU number 0 write 0-0"                                                                   },
	    {"00",		     0, NULL,					NULL					       },
	    {"8193",                   0, "'8193' CPUs are more than any machine has", NULL                                               },
	    {"99999999999999999999",   0, NULL,                                        NULL                                               },
	    {"1-0",		    0, "the range 1-0 runs backwards",              "did you mean 0-1?"                                },
	    {"1,1",		    2, "CPU 1 is named twice",                      NULL                                               },
	    {"0-5,3",                  4, "CPU 3 is named twice",                      NULL                                               },
	    {"3,0-8191",               2, "CPU 3 is named twice",                      NULL                                               },
	    {"0, 1",                   2, "'0, 1' is not a number of CPUs or CPU set",
	     "write it without blanks, like 0-3,7"											},
	    {" 1",		     0, NULL,					"write it without blanks, like 0-3,7"              },
	    {",1",		     0, NULL,					"write ranges with commas between them, like 0-3,7"},
	    {"1,",		     2, NULL,					NULL					       },
	    {"1,,2",                   2, NULL,					NULL					       },
	    {"1-",		     2, NULL,					NULL					       },
	    {"1-2-3",                  3, NULL,					NULL					       },
	    {"1--2",                   2, NULL,					NULL					       },
	    {"-1",		     0, NULL,					"for all CPUs leave it out"                        },
	    {"-2",		     0, NULL,					NULL					       },
	    {"+1",		     0, NULL,					NULL					       },
	    {"all",		    0, NULL,					"for all CPUs leave it out"                        },
	    {"50%",		    2, NULL,					"write how many, like 4, or which, like 0-3,7"     },
	    {"0-9999999999",           2, "CPU '9999999999' does not exist anywhere",
	     "CPUs are counted from 0; at most 8191"										      },
	    {"0-8192",                 2, NULL,					NULL					       },
	    {"0-18446744073709551616", 2, NULL,                                        NULL                                               },
	    {"sockets=2,cores=4",      0, NULL,
	     "that is a virtual machine's topology; a container takes a number or a set, like 4 or "
	     "0-3"															},
	    {"0-7:2/4",                3, NULL,					NULL					       },
	    {"^1",		     0, NULL,					NULL					       },
	    {"0xff",                   1, NULL,					NULL					       },
	};

	(void)state;
	refuses(&grammar_cpus, wrong, LENGTH(wrong));
}

static void nodes(void **state)
{
	static const struct refusal wrong[] = {
	    {"Balanced", 0, "'Balanced' is not a set of NUMA nodes", "did you mean balanced?" },
	    {"1-0",      0, "the range 1-0 runs backwards",          NULL                     },
	    {"0,0",      2, "node 0 is named twice",                 NULL                     },
	    {"8192",     0, "node '8192' does not exist anywhere",   NULL                     },
	    {"x",        0, NULL,				    "write which, like 0-1,3"},
	};
	struct arena *a = arena_new();
	struct cpus c;

	(void)state;
	c = accepted(&grammar_nodes, "0", a).cpus;
	assert_false(c.counted);
	assert_string_equal(ranges_print(&c.set, a), "0");
	c = accepted(&grammar_nodes, "0-1,3", a).cpus;
	assert_string_equal(ranges_print(&c.set, a), "0-1,3");
	c = accepted(&grammar_nodes, "balanced", a).cpus;
	assert_true(c.balanced);
	assert_int_equal(c.set.n, 0);
	refuses(&grammar_nodes, wrong, LENGTH(wrong));
	arena_free(a);
}

static void allowances(void **state)
{
	static const struct {
		const char *text;
		struct allowance allowance;
	} cases[] = {
	    {"10%",         {.percent = true, .share = 10}           },
	    {"200%",        {.percent = true, .share = 200}          },
	    {"0%",          {.percent = true, .share = 0}            },
	    {"25ms/200ms",  {.quota_us = 25000, .period_us = 200000} },
	    {"25/200",      {.quota_us = 25000, .period_us = 200000} },
	    {"25ms/200",    {.quota_us = 25000, .period_us = 200000} },
	    {"25/200ms",    {.quota_us = 25000, .period_us = 200000} },
	    {"1ms/1ms",     {.quota_us = 1000, .period_us = 1000}    },
	    {"200ms/100ms", {.quota_us = 200000, .period_us = 100000}},
	    {"1ms/1000ms",  {.quota_us = 1000, .period_us = 1000000} },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct allowance x = accepted(&grammar_allowance, cases[i].text, a).allowance;

		assert_int_equal(x.percent, cases[i].allowance.percent);
		assert_int_equal(x.share, cases[i].allowance.share);
		assert_int_equal(x.quota_us, cases[i].allowance.quota_us);
		assert_int_equal(x.period_us, cases[i].allowance.period_us);
	}
	arena_free(a);
}

static void allowances_refused(void **state)
{
	static const struct refusal wrong[] = {
	    {"0ms/100ms",                0, "the kernel refuses a quota of '0ms'",                  "write at least 1ms"                                        },
	    {"5ms/0ms",                  4, "the kernel refuses a period of '0ms'",
	     "write 1ms to 1000ms, like 25ms/100ms"													     },
	    {"1ms/2000ms",               4, "the kernel refuses a period of '2000ms'",              NULL                                                        },
	    {"1ms/1001ms",               4, NULL,						   NULL							},
	    {"17592186044416ms/100ms",   0, NULL,						   NULL							},
	    {"99999999999999999999/100", 0, "the kernel refuses a quota of '99999999999999999999'",
	     NULL																	       },
	    {" 50%",		     0, NULL,						   "write it without blanks, like 50% or 25ms/100ms"           },
	    {"50 %",		     2, NULL,						   NULL							},
	    {"25ms / 100ms",             0, NULL,						   "write it without blanks, like 50% or 25ms/100ms"           },
	    {"12.5%",                    2, NULL,
	     "no fractions: write whole percents, or a time per period like 125ms/1000ms"                                                                       },
	    {"50",		       2, "'50' is not a CPU allowance",                          "did you mean 50%, or 50ms/100ms?"                          },
	    {"-5%",		      0, NULL,						   NULL							},
	    {"+5%",		      0, NULL,						   NULL							},
	    {"-5ms/100ms",               0, NULL,						   NULL							},
	    {"25us/100us",               0, NULL,						   "write milliseconds of CPU time per period, like 25ms/100ms"},
	    {"25ms/",                    5, NULL,						   NULL							},
	    {"/100ms",                   0, NULL,						   NULL							},
	    {"ms/ms",                    0, NULL,						   NULL							},
	    {"25ms/100ms/1",             5, NULL,						   NULL							},
	    {"2000000%",                 0, "'2000000%' is out of range",                           "100% is a full share"                                      },
	    {"max",		      0, NULL,						   "for no limit leave it out"                                 },
	};

	(void)state;
	refuses(&grammar_allowance, wrong, LENGTH(wrong));
}

static void rlimits(void **state)
{
	static const struct {
		const char *text;
		uint64_t soft, hard;
	} cases[] = {
	    {"1000",                1000,            1000           },
	    {"1000:2000",           1000,            2000           },
	    {"1000 : 2000",         1000,            2000           },
	    {"1000:\t2000",         1000,            2000           },
	    {"0",		   0,               0              },
	    {"unlimited",           VALUE_UNLIMITED, VALUE_UNLIMITED},
	    {"-1",                  VALUE_UNLIMITED, VALUE_UNLIMITED},
	    {"5:unlimited",         5,               VALUE_UNLIMITED},
	    {"5:-1",                5,               VALUE_UNLIMITED},
	    {"unlimited:unlimited", VALUE_UNLIMITED, VALUE_UNLIMITED},
	};
	static const struct refusal wrong[] = {
	    {"1000:",                5, "'1000:' lacks the hard limit",
	     "write SOFT:HARD or one number for both, like 1024:4096"                                                 },
	    {":2000",                0, "':2000' lacks the soft limit",                      NULL                     },
	    {":",		    0, NULL,						NULL                     },
	    {" : ",                  0, NULL,						NULL                     },
	    {"2000:1000",            0, "'2000:1000': the soft limit is above the hard one",
	     "write SOFT:HARD, like 1024:4096"									},
	    {"unlimited:5",          0, NULL,						NULL                     },
	    {"soft",                 0, "'soft' is not a resource limit",                    NULL                     },
	    {"abc",                  0, NULL,						NULL                     },
	    {"1MB",                  0, NULL,						"no units here: 1000000" },
	    {"1:1MiB",               2, "'1MiB' is not a resource limit",                    "no units here: 1048576" },
	    {"max",                  0, NULL,						"did you mean unlimited?"},
	    {"-2",		   0, NULL,						NULL                     },
	    {"+2",		   0, NULL,						NULL                     },
	    {" 5",		   0, NULL,						NULL                     },
	    {"1:2:3",                2, NULL,						NULL                     },
	    {"99999999999999999999", 0, "'99999999999999999999' is too large",
	     "write unlimited for no limit"									   },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct rlimit_pair p = accepted(&grammar_rlimit, cases[i].text, a).rlimit;

		assert_int_equal(p.soft, cases[i].soft);
		assert_int_equal(p.hard, cases[i].hard);
	}
	refuses(&grammar_rlimit, wrong, LENGTH(wrong));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts_and_sets),
	    cmocka_unit_test(cpus_refused),
	    cmocka_unit_test(nodes),
	    cmocka_unit_test(allowances),
	    cmocka_unit_test(allowances_refused),
	    cmocka_unit_test(rlimits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
