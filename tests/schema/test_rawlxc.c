/* schema/rawlxc: lines as liblxc reads them, keys it knows, keys that are not allowed. */
#include "schema/arena.h"
#include "schema/rawlxc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void lines_are_split(void **state)
{
	/* "KEY=VALUE@OFFSET;" for each line. */
	static const struct {
		const char *text, *lines;
		int bad; /* -1: none */
	} cases[] = {
	    {"",				 "",				  -1},
	    {"\n \n\t\r\n",                      "",				  -1},
	    {"# a = b\n  #c\n",                  "",                                  -1},
	    {"a=b",			      "a=b@0;",                            -1},
	    {"  a \t=  b c \r\n",                "a=b c@2;",                          -1},
	    {"a = \"b c\"\nd='e'\nf=\"g'\nh=\"", "a=b c@0;d=e@10;f=\"g'@16;h=\"@22;", -1},
	    {"a = b = c",                        "a=b = c@0;",                        -1},
	    {"a =",			      "a=@0;",			     -1},
	    {"a = b # c",                        "a=b # c@0;",                        -1},
	    {"x\na=b\ny\n",                      "a=b@2;",                            0 },
	    {"a=b\n  y z",                       "a=b@0;",                            6 },
	    {"= b",			      "",				  0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena *a = arena_new();
		struct rawlxc lines;
		char shown[256] = "";
		size_t bad = 0;
		int r = rawlxc_parse(cases[i].text, a, &lines, &bad);

		for (size_t j = 0; j < lines.n; j++)
			snprintf(shown + strlen(shown), sizeof(shown) - strlen(shown), "%s=%s@%zu;",
				 lines.items[j].key, lines.items[j].value, lines.items[j].offset);
		assert_string_equal(shown, cases[i].lines);
		assert_int_equal(r < 0, cases[i].bad >= 0);
		if (r < 0)
			assert_int_equal(bad, cases[i].bad);
		arena_free(a);
	}
}

static void keys_are_judged(void **state)
{
	static const struct {
		const char *key;
		bool known;
		int severity; /* -1: no rule */
	} cases[] = {
	    {"lxc.cap.drop",                     true,  -1              },
	    {"lxc.cgroup.memory.limit_in_bytes", true,  -1              },
	    {"lxc.cgroup2.memory.max",           true,  -1              },
	    {"lxc.cgroup.",                      false, -1              },
	    {"lxc.idmap",                        true,  SEVERITY_ERROR  },
	    {"lxc.net",			  true,  SEVERITY_ERROR  },
	    {"lxc.net.0.type",                   true,  SEVERITY_ERROR  },
	    {"lxc.mount.entry",                  true,  SEVERITY_ERROR  },
	    {"lxc.mount.auto",                   true,  -1              },
	    {"lxc.include",                      true,  SEVERITY_ERROR  },
	    {"lxc.prlimit.nofile",               true,  SEVERITY_ERROR  },
	    {"lxc.log.file",                     true,  SEVERITY_ERROR  },
	    {"lxc.logfile",                      false, SEVERITY_ERROR  },
	    {"lxc.ephemeral",                    true,  SEVERITY_ERROR  },
	    {"lxc.apparmor.profile",             true,  SEVERITY_WARNING},
	    {"lxc.rootfs.path",                  true,  SEVERITY_WARNING},
	    {"lxc.bogus",                        false, -1              },
	    {"LXC.CAP.DROP",                     false, -1              },
	    {"",				 false, -1              },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct rawlxc_rule *rule = rawlxc_rule_find(cases[i].key);

		assert_int_equal(rawlxc_key_known(cases[i].key), cases[i].known);
		assert_int_equal(rule ? (int)rule->severity : -1, cases[i].severity);
		assert_true(!rule || rule->why);
	}
	assert_string_equal(rawlxc_key_near_miss("lxc.cap.dorp"), "lxc.cap.drop");
	assert_null(rawlxc_key_near_miss("zzz"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_are_split),
	    cmocka_unit_test(keys_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
