#include "tests/schema/refusals.h"

static void lines(void **state)
{
	struct arena *a = arena_new();
	struct value v =
	    accepted(&grammar_idmap, "both 1000 1000\n\nuid 1000-1009 0-9\ngid 4294967294 0\n", a);

	(void)state;
	assert_int_equal(v.idmap.n, 3);
	assert_int_equal(v.idmap.lines[0].kind, 'b');
	assert_int_equal(v.idmap.lines[0].host, 1000);
	assert_int_equal(v.idmap.lines[0].container, 1000);
	assert_int_equal(v.idmap.lines[0].count, 1);
	assert_int_equal(v.idmap.lines[0].offset, 0);
	assert_int_equal(v.idmap.lines[1].kind, 'u');
	assert_int_equal(v.idmap.lines[1].host, 1000);
	assert_int_equal(v.idmap.lines[1].container, 0);
	assert_int_equal(v.idmap.lines[1].count, 10);
	assert_int_equal(v.idmap.lines[1].offset, 16);
	assert_int_equal(v.idmap.lines[2].kind, 'g');
	assert_int_equal(v.idmap.lines[2].host, 4294967294);
	assert_int_equal(v.idmap.lines[2].offset, 34);
	arena_free(a);
}

static void whole_range_and_none(void **state)
{
	struct arena *a = arena_new();
	struct value v = accepted(&grammar_idmap, "uid 0-4294967294 0-4294967294", a);

	(void)state;
	assert_int_equal(v.idmap.lines[0].count, 4294967295);
	assert_int_equal(accepted(&grammar_idmap, "\n\n", a).idmap.n, 0);
	arena_free(a);
}

static void refused(void **state)
{
	static const char form[] = "write both, uid or gid, then host and container ids, like "
				   "\"both 1000 1000\" or \"uid 1000-1009 0-9\"";
	static const char blanks[] = "write exactly one blank between the fields and none around "
				     "them";
	static const struct refusal wrong[] = {
	    {"garbage",			 0,  "'garbage' is not a line of an id map",         form                                                },
	    {"both 1000",                       0,  NULL,					   form						},
	    {"both 1 2 3",                      0,  NULL,					   form						},
	    {"Both 1 1",                        0,  "'Both' is none of both, uid and gid",          "did you mean both?"                                },
	    {"boht 1 1",                        0,  NULL,					   "did you mean both?"                                },
	    {"user 1 1",                        0,  "'user' is none of both, uid and gid",          form                                                },
	    {"u 0 100000 65536",                0,  NULL,					   "that is lxc.idmap's form; write uid HOST CONTAINER"},
	    {"both  1 1",                       0,  "'both  1 1' is not a line of an id map",       blanks                                              },
	    {" both 1 1",                       0,  NULL,					   blanks					      },
	    {"both 1 1 ",                       0,  NULL,					   blanks					      },
	    {"both\t1\t1",                      0,  NULL,					   blanks					      },
	    {"both 1 1\r\nboth 2 2",            0,  NULL,
	     "the line ends in a carriage return: use plain line breaks"										},
	    {"# mine\nboth 1 1",                0,  NULL,					   "no comments here"                                  },
	    {"both 1 1\nboth 2 2-3",            14, "'both 2 2-3': 1 host ids for 2 container ids",
	     "make both ranges equally long"													    },
	    {"both 5-3 1-3",                    5,  "the range '5-3' runs backwards",               "did you mean 3-5?"                                 },
	    {"both 1-3 5-3",                    9,  "the range '5-3' runs backwards",               NULL                                                },
	    {"both 4294967295 0",               5,  "'4294967295' is beyond the highest id",
	     "ids end at 4294967294"														    },
	    {"both 0-4294967295 0-4294967295",  5,  NULL,                                           NULL                                                },
	    {"both 0 99999999999999999999",     7,  NULL,                                           NULL                                                },
	    {"both 1-2-3 1-3",                  5,  "'1-2-3' is not an id or a range of ids",       NULL                                                },
	    {"both -1 1",                       5,  NULL,					   NULL						},
	    {"both 1- 1",                       5,  NULL,					   NULL						},
	    {"both +5 1",                       5,  NULL,					   NULL						},
	    {"both 1 x",                        7,  "'x' is not an id or a range of ids",           NULL                                                },
	    {"both 1 1\nuid 2 2\nuid 3 \x1b[m", 23, "'\\x1b[m' is not an id or a range of ids",
	     NULL																       },
	};

	(void)state;
	refuses(&grammar_idmap, wrong, LENGTH(wrong));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines),
	    cmocka_unit_test(whole_range_and_none),
	    cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
