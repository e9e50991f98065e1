/* What a config says about us, and the config mended: pure text. */
#include "reconciler/include.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define OURS "/var/lib/lxc/web/evenkeel.conf"
#define INCLUDE "lxc.include = " OURS "\n"

static void the_include_is_found(void **state)
{
	static const struct {
		const char *config;
		enum include_state expected;
	} cases[] = {
	    {"",					      INCLUDE_NONE    },
	    {"lxc.uts.name = web\n",                          INCLUDE_NONE    },
	    {"lxc.uts.name = web\n" INCLUDE,                  INCLUDE_FINE    },
	    {"lxc.include=" OURS,                             INCLUDE_FINE    },
	    {"  lxc.include  =  \"" OURS "\"  \n",            INCLUDE_FINE    },
	    {INCLUDE "\n\n  \n",                              INCLUDE_FINE    },
	    {INCLUDE "# a word of the owner's\n",             INCLUDE_FINE    },
	    {INCLUDE "lxc.uts.name = web\n",                  INCLUDE_NOT_LAST},
	    {INCLUDE "lxc.include = /etc/other.conf\n",       INCLUDE_NOT_LAST},
	    {INCLUDE INCLUDE,				 INCLUDE_NOT_LAST},
	    {"lxc.include = /var/lib/lxc/db/evenkeel.conf\n", INCLUDE_FOREIGN },
	    {"lxc.include = /x/evenkeel.conf\n" INCLUDE,      INCLUDE_FOREIGN },
	    {"# " INCLUDE,				    INCLUDE_NONE    },
	    {"lxc.include = /etc/evenkeel.conf.d\n",          INCLUDE_NONE    },
	    {"lxc.includes = " OURS "\n",                     INCLUDE_NONE    },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(include_find(cases[i].config, OURS), cases[i].expected);
}

static void a_config_is_mended(void **state)
{
	static const struct {
		const char *config, *mended, *own;
	} cases[] = {
	    {"",					    INCLUDE,                      ""                  },
	    {"a = b",				       "a = b\n" INCLUDE,            "a = b"             },
	    {"a = b\n" INCLUDE,                             "a = b\n" INCLUDE,            "a = b\n"           },
	    {INCLUDE "a = b\n",                             "a = b\n" INCLUDE,            "a = b\n"           },
	    {"lxc.include = /other/evenkeel.conf\na = b\n", "a = b\n" INCLUDE,            "a = b\n"           },
	    {"\n# x\n\na = b\n\n",                          "\n# x\n\na = b\n\n" INCLUDE, "\n# x\n\na = b\n\n"},
	};
	struct arena *a = arena_new();
	char *out;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(include_mend(cases[i].config, OURS, false, a, &out), 0);
		assert_string_equal(out, cases[i].mended);
		assert_int_equal(include_find(out, OURS), INCLUDE_FINE);
		assert_string_equal(include_own(cases[i].config, a), cases[i].own);
		assert_int_equal(include_mend(cases[i].config, NULL, false, a, &out), 0);
		assert_string_equal(out, cases[i].own);
	}
	assert_int_equal(include_mend("", "/x\n/evenkeel.conf", false, a, &out), -EINVAL);
	arena_free(a);
}

static void id_maps_make_room_and_come_back(void **state)
{
	const char *config = "lxc.idmap = u 0 100000 65536\n  lxc.idmap=g 0 100000 65536\n"
			     "# lxc.idmap = g 0 1 1\nlxc.uts.name = web\n";
	struct arena *a = arena_new();
	char *taken, *again, *back;

	(void)state;
	assert_int_equal(include_mend(config, OURS, true, a, &taken), 0);
	assert_string_equal(taken, "#evenkeel# lxc.idmap = u 0 100000 65536\n"
				   "#evenkeel#   lxc.idmap=g 0 100000 65536\n"
				   "# lxc.idmap = g 0 1 1\nlxc.uts.name = web\n" INCLUDE);
	assert_int_equal(include_mend(taken, OURS, true, a, &again), 0);
	assert_string_equal(again, taken);
	assert_string_equal(include_own(taken, a), config);
	assert_int_equal(include_mend(taken, NULL, false, a, &back), 0);
	assert_string_equal(back, config);
	arena_free(a);
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void an_idmap_in_an_include_is_found(void **state)
{
	char folder[] = "/tmp/ek-test-XXXXXX";
	struct arena *a = arena_new();
	const char *map, *outer, *config;

	(void)state;
	assert_non_null(mkdtemp(folder));
	map = arena_printf(a, "%s/map.conf", folder);
	outer = arena_printf(a, "%s/outer", folder);
	write_text(map, "lxc.idmap = u 0 100000 65536\n");
	write_text(outer, arena_printf(a, "lxc.include = %s\n", map));
	config = arena_printf(a, "lxc.include = %s\n", outer);
	assert_string_equal(include_with_idmap(config, a), map);
	config = arena_printf(a, "lxc.include = %s\n", folder);
	assert_string_equal(include_with_idmap(config, a), map);
	assert_null(include_with_idmap("lxc.idmap = u 0 1 1\n", a));
	assert_null(include_with_idmap("lxc.include = /no/such\n", a));
	write_text(outer, arena_printf(a, "lxc.include = %s\n", outer));
	assert_null(include_with_idmap(arena_printf(a, "lxc.include = %s\n", outer), a));
	unlink(map);
	unlink(outer);
	rmdir(folder);
	arena_free(a);
}

static void the_last_value_is_read(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	assert_string_equal(include_value("lxc.a.b = 1\nlxc.a.b = ' 2'\n", "lxc.a.b", a), " 2");
	assert_null(include_value("lxc.a.bc = 1\n#lxc.a.b = 2\nlxc.a.b\n", "lxc.a.b", a));
	arena_free(a);
}

static void interfaces_are_found(void **state)
{
	static const struct {
		const char *config;
		unsigned index;
		bool found;
		const char *type;
	} cases[] = {
	    {"",						     0,  false, ""       },
	    {"lxc.uts.name = lxc.net.0.type\n",                      0,  false, ""       },
	    {"#lxc.net.0.type = veth\n",                             0,  false, ""       },
	    {"lxc.net.0.type = veth\nlxc.net.0.link = br0\n",        0,  true,  "veth"   },
	    {"lxc.net.0.type = veth\nlxc.net.0.link = br0\n",        1,  false, ""       },
	    {"lxc.net.12.type=veth\n",                               1,  false, ""       },
	    {"lxc.net.12.name=eth3\n  lxc.net.2.type =  \"empty\" ", 2,  true,  "empty"  },
	    {"lxc.net.12.name=eth3\n  lxc.net.2.type = empty",       12, true,  ""       },
	    {"lxc.net.0.type = veth\nlxc.net.0.type = macvlan\n",    0,  true,  "macvlan"},
	    {"lxc.net.0.typed = veth\n",                             0,  true,  ""       },
	    {"lxc.net = \nlxc.net..type = veth\n",                   0,  false, ""       },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *type;
		size_t n;

		if (include_net(cases[i].config, cases[i].index, &type, &n) != cases[i].found ||
		    n != strlen(cases[i].type) || memcmp(type ? type : "", cases[i].type, n) != 0)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_include_is_found),
	    cmocka_unit_test(a_config_is_mended),
	    cmocka_unit_test(id_maps_make_room_and_come_back),
	    cmocka_unit_test(an_idmap_in_an_include_is_found),
	    cmocka_unit_test(the_last_value_is_read),
	    cmocka_unit_test(interfaces_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
