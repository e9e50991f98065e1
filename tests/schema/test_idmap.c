#include "schema/arena.h"
#include "schema/idmap.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct idmap map_of(const char *text)
{
	struct idmap map;

	assert_int_equal(idmap_parse(text, arena, &map), 0);
	return map;
}

/* All lines of a map, joined by "; ". */
static const char *show(const struct idmap *map)
{
	const char **lines;
	size_t n = idmap_print(map, arena, &lines);
	const char *all = "";

	for (size_t i = 0; i < n; i++)
		all = arena_printf(arena, "%s%s%s", all, i ? "; " : "", lines[i]);
	return all;
}

static int punch(struct idmap *map, const char *text, struct complaint *why)
{
	struct value v;

	assert_int_equal(value_parse(&grammar_idmap, text, arena, &v, why), 0);
	return idmap_punch(map, text, v.idmap.lines, v.idmap.n, arena, why);
}

#define DEFAULT "u 0 100000 65536\ng 0 100000 65536"

static const struct punched {
	const char *raw, *want;
} punched[] = {
    {"both 200000 1000",							   "u 0 100000 1000; u 1000 200000 1; u 1001 101001 64535; "
			 "g 0 100000 1000; g 1000 200000 1; g 1001 101001 64535"                                                 },
    {"gid 300000-300009 70000-70009\nuid 200000-200009 2000-2009\nboth 210000 10",
     "u 0 100000 10; u 10 210000 1; u 11 100011 1989; u 2000 200000 10; u 2010 102010 63526; "
     "g 0 100000 10; g 10 210000 1; g 11 100011 65525; g 70000 300000 10"										},
    {"uid 500 0",								  "u 0 500 1; u 1 100001 65535; g 0 100000 65536"                       },
    {"both 5000-5099 65500-65599",
     "u 0 100000 65500; u 65500 5000 100; g 0 100000 65500; g 65500 5000 100"                                                                            },
    {"uid 3000-3019 3000-3019\nuid 9000 3005",
     "u 0 100000 3000; u 3000 3000 5; u 3005 9000 1; u 3006 3006 14; u 3020 103020 62516; "
     "g 0 100000 65536"																  },
    {"gid 44 44\ngid 107 109",
     "u 0 100000 65536; g 0 100000 44; g 44 44 1; g 45 100045 64; g 109 107 1; "
     "g 110 100110 65426"																},
    {"both 7 7\nboth 8 8",							 "u 0 100000 7; u 7 7 1; u 8 8 1; u 9 100009 65527; "
			   "g 0 100000 7; g 7 7 1; g 8 8 1; g 9 100009 65527"                                                  },
 /* host ids beside the default range harm nobody */
    {"both 165536 10",							     "u 0 100000 10; u 10 165536 1; u 11 100011 65525; "
		       "g 0 100000 10; g 10 165536 1; g 11 100011 65525"                                                           },
    {"uid 99999 10",							       "u 0 100000 10; u 10 99999 1; u 11 100011 65525; g 0 100000 65536"    },
    {"uid 165537 10",							      "u 0 100000 10; u 10 165537 1; u 11 100011 65525; g 0 100000 65536"   },
 /* the last id of a range is part of it */
    {"uid 200000 65535",							   "u 0 100000 65535; u 65535 200000 1; g 0 100000 65536"                },
 /* one id as the default has it anyway */
    {"uid 100500 500",							     "u 0 100000 500; u 500 100500 1; u 501 100501 65035; g 0 100000 65536"},
 /* the default range is gone altogether: its host ids are free */
    {"uid 100000-165535 10000-75535\nuid 0-9999 0-9999",
     "u 0 0 10000; u 10000 100000 65536; g 0 100000 65536"											       },
    {"uid 4294967294 4294967294",						  "u 0 100000 65536; u 4294967294 4294967294 1; g 0 100000 65536"       },
};

static void raw_idmap_punches_holes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(punched) / sizeof(*punched); i++) {
		struct idmap map = map_of(DEFAULT);
		struct complaint why;

		if (punch(&map, punched[i].raw, &why) < 0)
			fail_msg("%s: %s", punched[i].raw, why.message);
		assert_string_equal(show(&map), punched[i].want);
		assert_int_equal(idmap_check(&map, &why), 0);
	}
}

static const struct clashing {
	const char *raw;
	size_t offset;
	const char *message;
} clashing[] = {
    {"both 100500 70000",			    0,
     "host uid 100500 is mapped twice: by the container's own range (u 0 100000 65536) and by "
     "line 1 (both 100500 70000)"},
    {"uid 165535 70000",			     0,
     "host uid 165535 is mapped twice: by the container's own range (u 0 100000 65536) and by "
     "line 1 (uid 165535 70000)" },
    {"both 200000 1000\n\nboth 200000 1001",         18,
     "host uid 200000 is mapped twice: by line 1 (both 200000 1000) and by "
     "line 3 (both 200000 1001)" },
    {"gid 200000-200009 1000-1009\ngid 200009 2000", 28,
     "host gid 200009 is mapped twice: by line 1 (gid 200000-200009 1000-1009) and by "
     "line 2 (gid 200009 2000)"  },
};

static void a_host_id_twice_names_both_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(clashing) / sizeof(*clashing); i++) {
		struct idmap map = map_of(DEFAULT);
		struct complaint why;

		assert_int_equal(punch(&map, clashing[i].raw, &why), -EINVAL);
		assert_string_equal(why.message, clashing[i].message);
		assert_true(why.hint[0]);
		assert_int_equal(why.offset, clashing[i].offset);
		assert_string_equal(show(&map), "u 0 100000 65536; g 0 100000 65536");
	}
}

static char *many_lines(size_t n, const char *kind, unsigned step)
{
	char *text = arena_alloc(arena, n * 40), *at = text;

	for (size_t i = 0; i < n; i++)
		at += sprintf(at, "%s%s %zu %zu", i ? "\n" : "", kind, 1000000 + i * step,
			      10 + i * step);
	return text;
}

static void lines_are_bounded(void **state)
{
	struct idmap map = map_of(DEFAULT);
	struct complaint why;

	(void)state;
	/* each line makes two: itself and the rest of the default */
	assert_int_equal(punch(&map, many_lines(100, "uid", 2), &why), 0);
	assert_int_equal(map.uid.n, 201);
	assert_int_equal(idmap_check(&map, &why), 0);
	map = map_of(DEFAULT);
	assert_int_equal(punch(&map, many_lines(170, "uid", 2), &why), -EINVAL);
	assert_non_null(strstr(why.message, "more than 340 lines"));
	map = map_of(DEFAULT);
	assert_int_equal(punch(&map, many_lines(20000, "gid", 2), &why), -EINVAL);
	map = map_of(DEFAULT);
	assert_int_equal(punch(&map, many_lines(320, "uid", 1), &why), 0);
	assert_int_equal(idmap_check(&map, &why), -EINVAL);
	assert_non_null(strstr(why.message, "longer than"));
}

static const struct checked {
	const char *map, *message; /* NULL: fine */
} checked[] = {
    {DEFAULT,			NULL			     },
    {"u 0 100000 10\nu 10 99990 10", NULL                             },
    {"u 0 100000 10\nu 9 200000 1",  "uid 9 inside is mapped twice"   },
    {"g 0 100000 10\ng 10 100009 1", "host gid 100009 is mapped twice"},
    {"u 0 5 1\nu 1 5 1",             "host uid 5 is mapped twice"     },
    {"u 7 5 1\nu 7 6 1",             "uid 7 inside is mapped twice"   },
    {"u 4294967294 4294967294 1",    NULL                             },
};

static void what_a_kernel_refuses_is_refused(void **state)
{
	struct idmap_entry empty = {0, 5, 0}, beyond = {4294967290u, 5, 6};
	struct idmap odd = {
	    .uid = {&empty, 1}
        };
	struct complaint why;

	(void)state;
	for (size_t i = 0; i < sizeof(checked) / sizeof(*checked); i++) {
		struct idmap map = map_of(checked[i].map);

		if (!checked[i].message) {
			assert_int_equal(idmap_check(&map, &why), 0);
			continue;
		}
		assert_int_equal(idmap_check(&map, &why), -EINVAL);
		assert_string_equal(why.message, checked[i].message);
	}
	assert_int_equal(idmap_check(&odd, &why), -EINVAL);
	odd.uid.items = &beyond;
	assert_int_equal(idmap_check(&odd, &why), -EINVAL);
}

static const struct subids {
	const char *text;
	size_t n;
	uint64_t start, count; /* of the first */
} subids[] = {
    {"root:100000:65536\n",			     1, 100000, 65536},
    {"0:100000:65536",				  1, 100000, 65536},
    {"alice:100000:65536\nroot:200000:65536\n",         1, 200000, 65536},
    {"root:100000:65536\nroot:1000:1\n",                2, 100000, 65536},
    {"# root:1:2\n\n  root:5:6  # mine\r\n",            1, 5,      6    },
    {"root:100000\nroot:-1:5\nroot:1:99999999999\n",    0, 0,      0    },
    {"root:1:0\nroot:a:5\nroot:1:5x\nrooty:1:5\n:::\n", 0, 0,      0    },
    {"",						0, 0,      0    },
    {"Root:1:2",					0, 0,      0    },
};

static void subids_of_root_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(subids) / sizeof(*subids); i++) {
		struct subid *found;
		size_t n = idmap_read_subids(subids[i].text, strlen(subids[i].text), arena, &found);

		assert_int_equal(n, subids[i].n);
		if (n > 0) {
			assert_int_equal(found[0].start, subids[i].start);
			assert_int_equal(found[0].count, subids[i].count);
		}
	}
}

static void the_first_large_range_is_the_default(void **state)
{
	struct subid uids[] = {
	    {1000,   1     },
            {300000, 65535 },
            {400000, 100000},
            {600000, 65536 }
        };
	struct subid high[] = {
	    {4294967295u, 4294967295u},
            {4294900000u, 4294967295u}
        };
	struct idmap map;

	(void)state;
	assert_int_equal(idmap_default(uids, 4, uids + 3, 1, arena, &map), 0);
	assert_string_equal(show(&map), "u 0 400000 100000; g 0 600000 65536");
	assert_int_equal(idmap_default(uids, 2, uids, 4, arena, &map), -ENOENT);
	assert_int_equal(idmap_default(uids, 4, NULL, 0, arena, &map), -ENOENT);
	assert_int_equal(idmap_default(high, 2, high, 2, arena, &map), 0);
	assert_string_equal(show(&map), "u 0 4294900000 67295; g 0 4294900000 67295");
}

/* A window table: who is there, how many ids, where it goes; 0: nowhere. */
static const struct window_case {
	const char *preset;
	struct idmap_window taken[3];
	size_t n;
	uint32_t size, base;
} windows[] = {
    {"b 0 100000 1000000",					{{0}},					  0, 65536,  165536     },
    {"b 0 100000 1000000",					{{165536, 65536, "a"}},                         1, 65536,  231072     },
    {"b 0 100000 1000000",					{{165536, 65536, "a"}, {400000, 65536, "b"}},   2, 100000, 231072     },
    {"b 0 100000 1000000",					{{400000, 65536, "b"}, {165536, 65536, "a"}},   2, 200000, 465536     },
    {"b 0 100000 1000000",					{{231072, 65536, "a"}},                         1, 65536,  165536     },
    {"b 0 100000 1000000",					{{231071, 65536, "a"}},                         1, 65536,  296607     },
    {"b 0 100000 1000000",					{{0}},					  0, 934463, 165536     },
    {"b 0 100000 1000000",					{{0}},					  0, 934464, 165536     }, /* the end fits exactly */
    {"b 0 100000 1000000",					{{0}},					  0, 934465, 0          },
    {"b 0 100000 1000000",					{{165536, 400000, "a"}, {600000, 400000, "b"}}, 2, 500000, 0          },
    {"b 0 100000 1000000",					{{50000, 65536, "low"}},                        1, 65536,  165536     }, /* does not pull */
    {"b 0 100000 1000000",					{{165536, 10, "a"}, {165536, 100000, "b"}},     2, 5,      265536     },
    {"b 0 100000 1000000",					{{165536, 0, "empty"}},                         1, 65536,  165536     },
    {"b 0 100000 1000000",					{{165536, 65536, "a"}, {300000, 65536, "b"}},   2, 68928,  231072     },
    {"b 0 100000 1000000",					{{165536, 65536, "a"}, {300000, 65536, "b"}},   2, 68929,  365536     },
    {"b 0 100000 65536",					  {{0}},					  0, 65536,  0          }, /* nothing beyond the shared ids */
    {"b 0 100000 1000000",					{{0}},					  0, 0,      0          },
    {"u 0 100000 1000000\ng 0 300000 1000000",                    {{0}},                                          0, 65536,  365536     }, /* good for both */
    {"u 0 100000 300000\ng 0 165536 65536\ng 65536 300000 65536", {{0}},                                          0, 65536,  300000     },
    {"u 0 100000 100000\ng 0 900000 100000",                      {{0}},                                          0, 65536,  0          },
    {"b 0 4294836224 131071",				     {{0}},					  0, 65535,  4294901760u}, /* up to the very end */
};

static void windows_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(windows) / sizeof(*windows); i++) {
		const struct window_case *w = &windows[i];
		struct idmap preset = map_of(w->preset);
		uint32_t base = 0;
		int r = idmap_window_find(&preset, w->taken, w->n, w->size, &base);

		if (r != (w->base ? 0 : -ENOSPC) || base != w->base)
			fail_msg("case %zu: %d, %u", i, r, base);
	}
}

static void windows_asked_for_are_checked(void **state)
{
	static const struct {
		struct idmap_window wanted;
		const char *message; /* NULL: fine */
	} cases[] = {
	    {{200000, 65536, "me"},   NULL						},
	    {{500000, 1000, "me"},    NULL						},
	    {{300000, 10, "me"},      "the window 300000+10 overlaps 300005+10 of other"  },
	    {{165535, 65536, "me"},
	     "the window 165535+65536 overlaps the ids 100000+65536 "
	     "of the containers that are not isolated"                                    },
	    {{200000, 0, "me"},       "a window of no ids cannot be mapped"               },
	    {{4294967290u, 10, "me"}, "the window 4294967290+10 goes beyond id 4294967294"},
	};
	struct idmap_window taken[] = {
	    {500000, 1000, "me"   },
            {300005, 10,   "other"}
        };
	struct idmap preset = map_of("b 0 100000 1000000");
	struct complaint why;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int r = idmap_window_check(&preset, taken, 2, &cases[i].wanted, &why);

		assert_int_equal(r, cases[i].message ? -EINVAL : 0);
		if (cases[i].message)
			assert_string_equal(why.message, cases[i].message);
	}
}

static void uncovered_host_ids_are_told(void **state)
{
	struct subid subids_given[] = {
	    {100000, 65536},
            {165536, 65536},
            {1000,   1    }
        };
	struct idmap map = map_of("u 0 100000 100000\nu 100000 1000 2\nu 200000 44 1");
	struct ranges gaps = idmap_uncovered(&map.uid, subids_given, 3, arena);

	(void)state;
	assert_string_equal(ranges_print(&gaps, arena), "44,1001");
	gaps = idmap_uncovered(&map.gid, subids_given, 3, arena);
	assert_int_equal(gaps.n, 0);
}

static const struct text_case {
	const char *text, *want; /* NULL: refused */
} texts[] = {
    {"u 0 100000 65536 g 0 100000 65536", "u 0 100000 65536; g 0 100000 65536"},
    {"  g 5 6 7\n\nu 1 2 3\n",            "u 1 2 3; g 5 6 7"                  },
    {"b 0 5 1",			   "u 0 5 1; g 0 5 1"                  },
    {"u 10 5 1\nu 0 7 1",                 "u 0 7 1; u 10 5 1"                 },
    {"",				  ""				  },
    {"u 0 5",			     NULL				},
    {"u 0 5 0",			   NULL				},
    {"x 0 5 1",			   NULL				},
    {"u 0 5 1x",			  NULL				},
    {"u0 5 1",			    NULL				},
    {"u 0 4294967295 1",                  NULL				},
    {"u 0 -5 1",			  NULL				},
};

static void maps_are_read_and_printed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct idmap map;
		int r = idmap_parse(texts[i].text, arena, &map);

		assert_int_equal(r, texts[i].want ? 0 : -EINVAL);
		if (texts[i].want)
			assert_string_equal(show(&map), texts[i].want);
	}
}

static void neighbours_are_equal_to_their_union(void **state)
{
	struct idmap split = map_of("b 0 100 5\nb 5 105 5\nb 20 300 1");
	struct idmap whole = map_of("b 0 100 10\nb 20 300 1");
	struct idmap other = map_of("b 0 100 5\nb 5 106 5\nb 20 300 1");
	struct idmap none = {0};

	(void)state;
	assert_true(idmap_equal(&split, &whole));
	assert_true(idmap_equal(&none, &none));
	assert_false(idmap_equal(&split, &other));
	assert_false(idmap_equal(&split, &none));
	assert_false(idmap_equal(&none, &split));
}

static void ids_are_found_on_the_host(void **state)
{
	struct idmap map = map_of("u 0 100000 1000\nu 1000 5 1");

	(void)state;
	assert_int_equal(idmap_to_host(&map.uid, 0), 100000);
	assert_int_equal(idmap_to_host(&map.uid, 999), 100999);
	assert_int_equal(idmap_to_host(&map.uid, 1000), 5);
	assert_int_equal(idmap_to_host(&map.uid, 1001), -1);
	assert_int_equal(idmap_to_host(&map.gid, 0), -1);
	assert_false(idmap_maps_root(&map));
	map = map_of("g 7 0 1");
	assert_true(idmap_maps_root(&map));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(raw_idmap_punches_holes, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_host_id_twice_names_both_lines, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(lines_are_bounded, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_a_kernel_refuses_is_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(subids_of_root_are_read, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(the_first_large_range_is_the_default, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(windows_are_found, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(windows_asked_for_are_checked, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(uncovered_host_ids_are_told, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(maps_are_read_and_printed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(neighbours_are_equal_to_their_union, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(ids_are_found_on_the_host, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
