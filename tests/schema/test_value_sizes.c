#include "tests/schema/refusals.h"

#define KI 1024ull
#define K 1000ull

static void sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
	    {"64",                  64			     },
	    {"64B",                 64			     },
	    {"64 bytes",            64			     },
	    {"1kB",                 K			      },
	    {"100MB",               100 * K * K                    },
	    {"0100MB",              100 * K * K                    },
	    {"2GB",                 2 * K * K * K                  },
	    {"3TB",                 3 * K * K * K * K              },
	    {"4PB",                 4 * K * K * K * K * K          },
	    {"9EB",                 9 * K * K * K * K * K * K      },
	    {"1KiB",                KI			     },
	    {"256MiB",              256 * KI * KI                  },
	    {"2GiB",                2 * KI * KI * KI               },
	    {"3TiB",                3 * KI * KI * KI * KI          },
	    {"4PiB",                4 * KI * KI * KI * KI * KI     },
	    {"7EiB",                7 * KI * KI * KI * KI * KI * KI},
	    {"9223372036854775807", INT64_MAX                      },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		assert_int_equal(accepted(&grammar_size, cases[i].text, a).number, cases[i].bytes);
		assert_int_equal(accepted(&grammar_size_or_zero, cases[i].text, a).number,
				 cases[i].bytes);
	}
	assert_int_equal(accepted(&grammar_size_or_zero, "0", a).number, 0);
	assert_int_equal(accepted(&grammar_size_or_zero, "0MB", a).number, 0);
	arena_free(a);
}

static void sizes_refused(void **state)
{
	static const struct refusal wrong[] = {
	    {"64X",		       2, "'64X' is not a size",        "write a number and a unit, like 512MiB"               },
	    {"512mb",                     3, "'512mb' is not a size",      "did you mean 512MB or 512MiB?"                        },
	    {"100mb",                     3, NULL,                         "did you mean 100MB or 100MiB?"                        },
	    {"100M",		      3, NULL,                         "did you mean 100MB or 100MiB?"                        },
	    {"100KB",                     3, NULL,                         "did you mean 100kB or 100KiB?"                        },
	    {"100kb",                     3, NULL,                         "did you mean 100kB or 100KiB?"                        },
	    {"4k",			1, NULL,                         "did you mean 4kB or 4KiB?"                            },
	    {"512mib",                    3, NULL,                         "did you mean 512MiB?"                                 },
	    {"512Mi",                     3, NULL,                         "did you mean 512MiB?"                                 },
	    {"10MB/s",                    2, NULL,                         "did you mean 10MB?"                                   },
	    {"10Mbit",                    2, NULL,                         "bytes are counted here: 1250kB"                       },
	    {"1.5GB",                     1, "'1.5GB' is not a size",      "no fractions: 1500MB"                                 },
	    {"1.5GiB",                    1, NULL,                         "no fractions: 1536MiB"                                },
	    {"1.5G",		      1, NULL,                         "no fractions: 1500MB"                                 },
	    {"0.5kB",                     1, NULL,                         "no fractions: 500B"                                   },
	    {"1.5",		       1, NULL,                         "no fractions: write a whole number and a smaller unit"},
	    {"100 MB",                    3, "'100 MB' is not a size",     "write it without blanks: 100MB"                       },
	    {" 100MB",                    0, NULL,                         "write it without blanks"                              },
	    {"100MB ",                    3, NULL,                         NULL						   },
	    {"+100MB",                    0, NULL,                         "write it without a sign"                              },
	    {"-100MB",                    0, NULL,                         "write it without a sign"                              },
	    {"-1",			0, "'-1' is not a size",         "for no limit leave it out"                            },
	    {"max",		       0, NULL,                         "for no limit leave it out"                            },
	    {"unlimited",                 0, NULL,                         "for no limit leave it out"                            },
	    {"1e9",		       1, NULL,                         "write a number and a unit, like 512MiB"               },
	    {"0x10",		      1, NULL,                         NULL						   },
	    {"MB",			0, NULL,                         "write a number and a unit, like 512MiB"               },
	    {"10%",		       2, NULL,                         "no percentages here: write a number and a unit"       },
	    {"10EB",		      0, "'10EB' is too large",        "at most 8191PiB"                                      },
	    {"8EiB",		      0, "'8EiB' is too large",        NULL						   },
	    {"9223372036854775808",       0, NULL,                         NULL						   },
	    {"99999999999999999999999MB", 0, NULL,                         NULL                                                   },
	    {"64\x1b[2J",                 2, "'64\\x1b[2J' is not a size", NULL                                                   },
	};
	static const struct refusal zero[] = {
	    {"0",    0, "'0' would allow nothing",    "for no limit leave it out"},
	    {"0GiB", 0, "'0GiB' would allow nothing", NULL                       },
	};

	(void)state;
	refuses(&grammar_size, wrong, LENGTH(wrong));
	refuses(&grammar_size_or_zero, wrong, LENGTH(wrong));
	refuses(&grammar_size, zero, LENGTH(zero));
}

static void bit_rates(void **state)
{
	static const struct {
		const char *text;
		uint64_t bits;
	} cases[] = {
	    {"8",        8			      },
	    {"12345bit", 12345                          },
	    {"10kbit",   10 * K                         },
	    {"100Mbit",  100 * K * K                    },
	    {"10Gbit",   10 * K * K * K                 },
	    {"1Tbit",    K * K * K * K                  },
	    {"1Pbit",    K * K * K * K * K              },
	    {"9Ebit",    9 * K * K * K * K * K * K      },
	    {"1Kibit",   KI			     },
	    {"10Mibit",  10 * KI * KI                   },
	    {"1Gibit",   KI * KI * KI                   },
	    {"7Eibit",   7 * KI * KI * KI * KI * KI * KI},
	};
	static const struct refusal wrong[] = {
	    {"10mbit",   2, "'10mbit' is not a bit rate", "did you mean 10Mbit?"                        },
	    {"10Kbit",   2, NULL,                         "did you mean 10kbit?"                        },
	    {"10M",      2, NULL,                         "did you mean 10Mbit?"                        },
	    {"10mb",     2, NULL,                         "did you mean 10Mbit?"                        },
	    {"10Mbit/s", 2, NULL,                         "did you mean 10Mbit?"                        },
	    {"10MB",     2, NULL,                         "bits are counted here: 80Mbit"               },
	    {"1MB/s",    1, NULL,                         "bits are counted here: 8Mbit"                },
	    {"10MBps",   2, NULL,                         "write a number and a unit, like 100Mbit"     },
	    {"1.5Mbit",  1, NULL,                         "no fractions: 1500kbit"                      },
	    {"0",        0, "'0' would allow nothing",    "for no limit leave it out"                   },
	    {"0Mbit",    0, NULL,                         NULL					  },
	    {"7",        0, "'7' is too little",          "the kernel counts whole bytes: at least 8bit"},
	    {"10Ebit",   0, "'10Ebit' is too large",      NULL                                          },
	    {"-1",       0, NULL,                         "for no limit leave it out"                   },
	    {"-5",       0, NULL,                         "write it without a sign"                     },
	    {"fast",     0, NULL,                         "write a number and a unit, like 100Mbit"     },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(accepted(&grammar_bit_rate, cases[i].text, a).number,
				 cases[i].bits);
	refuses(&grammar_bit_rate, wrong, LENGTH(wrong));
	arena_free(a);
}

static void numbers_of_bits(void **state)
{
	static const struct refusal wrong[] = {
	    {"0",           0, "'0' is too little",              "write 1000bit to 34359738360bit"        },
	    {"999bit",      0, "'999bit' is too little",         NULL                                     },
	    {"34359738361", 0, "'34359738361' is too large",     NULL                                     },
	    {"20Ebit",      0, "'20Ebit' is too large",          NULL                                     },
	    {"1MiB",        1, "'1MiB' is not a number of bits", "bits are counted here: 8388608bit"      },
	    {"1000iops",    4, NULL,                             "write a number and a unit, like 100Mbit"},
	};
	struct arena *a = arena_new();

	(void)state;
	assert_int_equal(accepted(&grammar_bits, "1kbit", a).number, K);
	assert_int_equal(accepted(&grammar_bits, "34359738360", a).number, 34359738360);
	refuses(&grammar_bits, wrong, LENGTH(wrong));
	arena_free(a);
}

static void disk_rates(void **state)
{
	static const struct refusal wrong[] = {
	    {"300Iops",        3, "'300Iops' is not a disk rate",  "did you mean 300iops?"                          },
	    {"300 iops",       3, NULL,                            "did you mean 300iops?"                          },
	    {"iops",           0, NULL,                            "write a number and a unit, like 30MB or 300iops"},
	    {"0iops",          0, "'0iops' would allow nothing",   NULL                                             },
	    {"0MB",            0, "'0MB' would allow nothing",     NULL                                             },
	    {"4294967295iops", 0, "'4294967295iops' is too large", "at most 4294967294iops"                         },
	    {"30MB/s",         2, NULL,                            "did you mean 30MB?"                             },
	    {"30mb",           2, NULL,                            "did you mean 30MB or 30MiB?"                    },
	    {"-1iops",         0, NULL,                            NULL					     },
	    {"1.5iops",        1, NULL,                            NULL					     },
	};
	struct arena *a = arena_new();
	struct disk_rate r;

	(void)state;
	r = accepted(&grammar_disk_rate, "300iops", a).rate;
	assert_true(r.iops);
	assert_int_equal(r.number, 300);
	r = accepted(&grammar_disk_rate, "30MB", a).rate;
	assert_false(r.iops);
	assert_int_equal(r.number, 30 * K * K);
	refuses(&grammar_disk_rate, wrong, LENGTH(wrong));
	arena_free(a);
}

static void memory(void **state)
{
	static const struct {
		const char *text;
		bool percent;
		uint64_t number;
	} cases[] = {
	    {"100MB",   false, 100 * K * K},
	    {"1MiB",    false, KI * KI    },
	    {"1048576", false, KI * KI    },
	    {"1%",      true,  1          },
	    {"100%",    true,  100        },
	    {"200%",    true,  200        },
	    {"0100MB",  false, 100 * K * K},
	    {"050%",    true,  50         },
	};
	static const struct refusal wrong[] = {
	    {"64",		    0, "'64' is less than 1MiB, in which nothing can run",
	     "a number alone counts bytes: did you mean 64MiB?"											},
	    {"64B",                   0, NULL,						  "write at least 1MiB"                                  },
	    {"64 bytes",              0, NULL,						  NULL						   },
	    {"100kB",                 0, "'100kB' is less than 1MiB, in which nothing can run", NULL                                                   },
	    {"1048575",               0, NULL,						  NULL						   },
	    {"1MB",                   0, NULL,						  NULL						   },
	    {"0",		     0, "'0' would allow nothing",                             NULL                                                   },
	    {"0%",		    0, "'0%' would allow nothing",                            "for no limit leave it out"                            },
	    {"10.5%",                 2, "'10.5%' is not a percentage",
	     "no fractions: write whole percents, like 10%"											    },
	    {"-10%",                  0, "'-10%' is not a percentage",                          NULL                                                   },
	    {"+10%",                  0, NULL,						  "write whole percents without sign or blanks, like 10%"},
	    {"10 %",                  2, NULL,						  NULL						   },
	    {"%",		     0, NULL,						  NULL						   },
	    {"1000001%",              0, "'1000001%' is out of range",                          NULL                                                   },
	    {"99999999999999999999%", 0, NULL,						  NULL						   },
	    {"512m",                  3, "'512m' is not a size or percentage",                  "did you mean 512MB or 512MiB?"                        },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct amount m = accepted(&grammar_memory, cases[i].text, a).amount;

		assert_int_equal(m.percent, cases[i].percent);
		assert_int_equal(m.number, cases[i].number);
	}
	refuses(&grammar_memory, wrong, LENGTH(wrong));
	arena_free(a);
}

static void swap(void **state)
{
	static const struct {
		const char *text;
		struct swap swap;
	} cases[] = {
	    {"true",   {.allowed = true}                      },
	    {"TRUE",   {.allowed = true}                      },
	    {"1",      {.allowed = true}                      },
	    {"0",      {.allowed = false}                     },
	    {"off",    {.allowed = false}                     },
	    {"0MB",    {.allowed = false}                     },
	    {"512MiB", {.sized = true, .bytes = 512 * KI * KI}},
	    {"2",      {.sized = true, .bytes = 2}            },
	};
	static const struct refusal wrong[] = {
	    {"tru",     0, "'tru' is not a boolean or size", "did you mean true?"                     },
	    {"t",       0, NULL,			     "write true, false or a size like 512MiB"},
	    {"enabled", 0, NULL,                             NULL				     },
	    {"512mb",   3, NULL,                             "did you mean 512MB or 512MiB?"          },
	    {"10%",     2, NULL,			     NULL				     },
	    {"-1",      0, NULL,			     NULL				     },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct swap s = accepted(&grammar_swap, cases[i].text, a).swap;

		assert_int_equal(s.sized, cases[i].swap.sized);
		assert_int_equal(s.allowed, cases[i].swap.allowed);
		assert_int_equal(s.bytes, cases[i].swap.bytes);
	}
	refuses(&grammar_swap, wrong, LENGTH(wrong));
	arena_free(a);
}

static void shown_exactly(void **state)
{
	static const struct {
		uint64_t number;
		const char *bytes, *bits;
	} cases[] = {
	    {0,               "0B",        "0bit"                  },
	    {1,               "1B",        "1bit"                  },
	    {12345,           "12345B",    "12345bit"              },
	    {1000,            "1kB",       "1kbit"                 },
	    {1024,            "1KiB",      "1024bit"               },
	    {268435456,       "256MiB",    "268435456bit"          },
	    {256000000,       "256MB",     "256Mbit"               },
	    {1024000,         "1000KiB",   "1024kbit"              },
	    {1536ull << 20,   "1536MiB",   "1610612736bit"         },
	    {100000000000ull, "100GB",     "100Gbit"               },
	    {1ull << 40,      "1TiB",      "1099511627776bit"      },
	    {1ull << 63,      "8EiB",      "9223372036854775808bit"},
	    {VALUE_UNLIMITED, "unlimited", "unlimited"             },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		assert_string_equal(value_show_bytes(cases[i].number, a), cases[i].bytes);
		assert_string_equal(value_show_bits(cases[i].number, a), cases[i].bits);
	}
	arena_free(a);
}

/* What is shown means the same number again. */
static void shown_and_read_back(void **state)
{
	struct arena *a = arena_new();
	uint64_t seed = 42;

	(void)state;
	for (size_t i = 0; i < 2000; i++) {
		uint64_t number = (seed >> 1 >> (i % 63)) << (i % 17 * 3) & INT64_MAX;
		const char *text = value_show_bytes(number, a);

		assert_int_equal(accepted(&grammar_size_or_zero, text, a).number, number);
		if (number >= 8) {
			text = value_show_bits(number, a);
			assert_int_equal(accepted(&grammar_bit_rate, text, a).number, number);
		}
		seed = seed * 6364136223846793005u + 1442695040888963407u;
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sizes),
	    cmocka_unit_test(sizes_refused),
	    cmocka_unit_test(bit_rates),
	    cmocka_unit_test(numbers_of_bits),
	    cmocka_unit_test(disk_rates),
	    cmocka_unit_test(memory),
	    cmocka_unit_test(swap),
	    cmocka_unit_test(shown_exactly),
	    cmocka_unit_test(shown_and_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
