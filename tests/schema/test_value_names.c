#include "tests/schema/refusals.h"

static void texts(void **state)
{
	static const struct refusal wrong[] = {
	    {"a\x01"
	     "b", 1, "the control character \\x01 has no place here",   "leave it out"},
	    {"a\rb",           1, "the control character \\r has no place here",     NULL          },
	    {"a\x7f",          1, NULL,					      NULL          },
	    {"caf\xe9",        3, "the text is not UTF-8 at byte 4",                 NULL          },
	    {"\xc2\x85",       0, "the control character \\u{85} has no place here", NULL          },
	};
	static const struct refusal broken[] = {
	    {"a\nb",   1, "a line break has no place here", "write it in one line"},
	    {"a\r\nb", 1, "a line break has no place here", NULL                  },
	};
	struct arena *a = arena_new();

	(void)state;
	assert_string_equal(accepted(&grammar_text, "two\nlines\tand a tab\r\n", a).text,
			    "two\nlines\tand a tab\r\n");
	assert_string_equal(accepted(&grammar_text, "grüße 世界 🐧", a).text, "grüße 世界 🐧");
	assert_string_equal(accepted(&grammar_line, "a b=c", a).text, "a b=c");
	refuses(&grammar_text, wrong, LENGTH(wrong));
	refuses(&grammar_line, wrong, LENGTH(wrong));
	refuses(&grammar_line, broken, LENGTH(broken));
	arena_free(a);
}

static void paths(void **state)
{
	static const struct {
		const char *text, *clean;
	} cases[] = {
	    {"/",               "/"        },
	    {"//",              "/"        },
	    {"/./",             "/"        },
	    {"/mnt/data",       "/mnt/data"},
	    {"/mnt/data/",      "/mnt/data"},
	    {"//mnt//./data/.", "/mnt/data"},
	    {"/a b/ü",         "/a b/ü"  },
	    {"/...",            "/..."     },
	    {"/..a/.b",         "/..a/.b"  },
	};
	static const struct refusal wrong[] = {
	    {"mnt/data", 0, "'mnt/data' is not an absolute path", "did you mean '/mnt/data'?"                        },
	    {"./a",      0, NULL,				 "write it from / on"                               },
	    {"~/x",      0, NULL,				 "nobody's home is known here: write the whole path"},
	    {"/a/../b",  3, "'/a/../b' goes up with ..",          "write the path that it leads to"                  },
	    {"/..",      1, NULL,				 NULL					       },
	    {"/a/..",    3, NULL,				 NULL					       },
	    {"/a\nb",    2, NULL,				 NULL					       },
	    {"/a\x1b",   2, NULL,				 NULL					       },
	    {"/\xff",    1, NULL,				 NULL					       },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		assert_string_equal(accepted(&grammar_path, cases[i].text, a).text, cases[i].clean);
		assert_string_equal(accepted(&grammar_host_path, cases[i].text, a).text,
				    cases[i].clean);
	}
	refuses(&grammar_path, wrong, LENGTH(wrong));
	refuses(&grammar_host_path, &wrong[1], LENGTH(wrong) - 1);
	refuses(&grammar_host_path,
		&(struct refusal){"tank/vol", 0, "'tank/vol' is not an absolute path",
				  "write it from / on"},
		1);
	arena_free(a);
}

static void paths_have_bounds(void **state)
{
	struct arena *a = arena_new();
	char part[300], whole[5000];

	(void)state;
	memset(part, 'x', sizeof(part));
	part[0] = '/';
	part[256] = '\0';
	accepted(&grammar_path, part, a);
	part[256] = 'x';
	part[257] = '\0';
	refuses(&grammar_path, &(struct refusal){part, 1, NULL, NULL}, 1);
	for (size_t i = 0; i < sizeof(whole); i++)
		whole[i] = i % 2 ? 'x' : '/';
	whole[4096] = '\0';
	refuses(&grammar_path, &(struct refusal){whole, 0, NULL, NULL}, 1);
	whole[4094] = '\0';
	accepted(&grammar_path, whole, a);
	arena_free(a);
}

static void interfaces(void **state)
{
	static const char *const good[] = {"eth0",       "br0.100",        "_x", "0a", "a+b",
					   "veth-1_2.3", "abcdefghijklmno"};
	static const struct refusal wrong[] = {
	    {"abcdefghijklmnop", 0, "'abcdefghijklmnop' is not an interface name",
	     "at most 15 bytes: the kernel holds no more"                              },
	    {".",                0, NULL,					  NULL},
	    {"..",               0, NULL,					  NULL},
	    {"-eth0",            0, NULL,					  NULL},
	    {".eth0",            0, NULL,					  NULL},
	    {"eth 0",            3, NULL,					  NULL},
	    {"eth:0",            3, NULL,					  NULL},
	    {"eth/0",            3, NULL,					  NULL},
	    {"eth%d",            3, NULL,					  NULL},
	    {"eth0\n",           4, "'eth0\\n' is not an interface name",          NULL},
	    {"é",               0, NULL,					  NULL},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(good); i++)
		assert_string_equal(accepted(&grammar_interface, good[i], a).text, good[i]);
	refuses(&grammar_interface, wrong, LENGTH(wrong));
	arena_free(a);
}

static void hardware_addresses(void **state)
{
	static const struct refusal wrong[] = {
	    {"00-16-3e-12-34-56",    0, "'00-16-3e-12-34-56' is not a hardware address",
	     "did you mean 00:16:3e:12:34:56?"										     },
	    {"01:16:3e:12:34:56",    0, "'01:16:3e:12:34:56' is a group address",        NULL                                      },
	    {"0F:16:3e:12:34:56",    0, NULL,					    NULL                                      },
	    {"ff:ff:ff:ff:ff:ff",    0, NULL,					    NULL                                      },
	    {"00:00:00:00:00:00",    0, "the kernel refuses an address of zeros only",   NULL                                      },
	    {"00:16:3g:12:34:56",    0, NULL,					    "write six octets, like 00:16:3e:12:34:56"},
	    {"00:16:3e:12:34",       0, NULL,					    NULL                                      },
	    {"00:16:3e:12:34:56:78", 0, NULL,                                            NULL                                      },
	    {"0016:3e:12:34:5:6",    0, NULL,					    NULL                                      },
	};
	struct arena *a = arena_new();

	(void)state;
	assert_string_equal(accepted(&grammar_mac, "00:16:3E:AB:cd:0f", a).text,
			    "00:16:3e:ab:cd:0f");
	refuses(&grammar_mac, wrong, LENGTH(wrong));
	arena_free(a);
}

static void hexadecimal(void **state)
{
	static const struct refusal wrong[] = {
	    {"46d",    0, NULL, "write four hexadecimal digits, like 046d"},
	    {"0x046d", 1, NULL, "did you mean 046d?"                      },
	    {"046g",   3, NULL, NULL				      },
	    {"046d1",  0, NULL, NULL				      },
	};
	struct arena *a = arena_new();

	(void)state;
	assert_string_equal(accepted(&grammar_hex4, "046D", a).text, "046d");
	refuses(&grammar_hex4, wrong, LENGTH(wrong));
	arena_free(a);
}

static void check_list(struct value v, const char *const *wanted, size_t n)
{
	assert_int_equal(v.list.n, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(v.list.items[i], wanted[i]);
}

static void lists(void **state)
{
	static const char *const words[] = {"nf_nat", "overlay", "ext4=fuse2fs"};
	static const char *const lines[] = {"mount errno 1", "umount2"};
	static const struct refusal wrong[] = {
	    {"a,,b",  2, "'a,,b' has an empty item", "take the comma out that is too many"},
	    {"a,",    2, NULL,                       NULL				 },
	    {",a",    0, NULL,                       NULL				 },
	    {",",     0, NULL,                       NULL				 },
	    {"a, ,b", 3, NULL,                       NULL                                 },
	    {" ",     1, NULL,                       NULL				 },
	    {"a b,c", 1, "'a b' is not one word",    "write commas between the words"     },
	    {"a\x02", 1, NULL,                       NULL                                 },
	};
	struct arena *a = arena_new();

	(void)state;
	check_list(accepted(&grammar_word_list, "nf_nat,overlay,ext4=fuse2fs", a), words, 3);
	check_list(accepted(&grammar_word_list, " nf_nat ,\toverlay,\n ext4=fuse2fs\n", a), words,
		   3);
	check_list(accepted(&grammar_word_list, "nf_nat", a), words, 1);
	check_list(accepted(&grammar_line_list, "mount errno 1\n\n  umount2 \r\n", a), lines, 2);
	check_list(accepted(&grammar_line_list, "\n", a), NULL, 0);
	refuses(&grammar_word_list, wrong, LENGTH(wrong));
	refuses(&grammar_line_list, &wrong[7], 1);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts),
	    cmocka_unit_test(paths),
	    cmocka_unit_test(paths_have_bounds),
	    cmocka_unit_test(interfaces),
	    cmocka_unit_test(hardware_addresses),
	    cmocka_unit_test(hexadecimal),
	    cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
