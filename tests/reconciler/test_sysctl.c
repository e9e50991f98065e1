#include "reconciler/sysctl.h"
#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void names_become_paths(void **state)
{
	static const struct {
		const char *name, *path;
	} rows[] = {
	    {"net.ipv4.ip_forward",               "net/ipv4/ip_forward"              },
	    {"net/ipv4/ip_forward",               "net/ipv4/ip_forward"              },
	    {"net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding"},
	    {"net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding"},
	    {"kernel.shmmax",                     "kernel/shmmax"                    },
	    {"",				  NULL			       },
	    {".",				 NULL			       },
	    {"net..ipv4",                         NULL			       },
	    {"net.",			      NULL			       },
	    {"/net/ipv4",                         NULL			       },
	    {"net/../kernel/core_pattern",        NULL                               },
	    {"net.//.kernel",                     NULL                               }, /* two dots as a part */
	    {"net/ip v4/x",                       NULL                               },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *path = sysctl_path(rows[i].name, a);

		if (!rows[i].path && path)
			fail_msg("%s gave %s", rows[i].name, path);
		if (rows[i].path)
			assert_string_equal(path, rows[i].path);
	}
	arena_free(a);
}

static void only_some_are_a_containers(void **state)
{
	static const struct {
		const char *path;
		bool yes;
		enum inside where;
	} rows[] = {
	    {"net/ipv4/ip_forward",    true,  INSIDE_NET},
	    {"net/core/somaxconn",     true,  INSIDE_NET},
	    {"fs/mqueue/msg_max",      true,  INSIDE_IPC},
	    {"kernel/sem",             true,  INSIDE_IPC},
	    {"kernel/shm_rmid_forced", true,  INSIDE_IPC},
	    {"kernel/msgmnb",          true,  INSIDE_IPC},
	    {"kernel/hostname",        false, 0         },
	    {"kernel/core_pattern",    false, 0         },
	    {"kernel/shm",             false, 0         },
	    {"vm/swappiness",          false, 0         },
	    {"network",                false, 0         },
	    {"net",		    false, 0         },
	    {"fs/file-max",            false, 0         },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum inside where;

		assert_int_equal(sysctl_namespace(rows[i].path, &where), rows[i].yes);
		if (rows[i].yes)
			assert_int_equal(where, rows[i].where);
	}
}

static void blanks_do_not_count(void **state)
{
	static const char *const rows[][2] = {
	    {"1024\t65535\n",            "1024 65535"        },
	    {"  4096  16384   4194304 ", "4096 16384 4194304"},
	    {"1",			"1"                 },
	    {" \n",		      ""                  },
	    {"",			 ""                  },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(sysctl_normalize(rows[i][0], a), rows[i][1]);
	arena_free(a);
}

static void wishes(void **state)
{
	static const struct {
		const char *key, *text, *value; /* NULL: not here */
	} rows[] = {
	    {"linux.sysctl.net.ipv4.ip_local_port_range", "1024   60999", "1024 60999"},
	    {"linux.sysctl.kernel.msgmax",                "8192",         "8192"      },
	    {"linux.sysctl.kernel.core_pattern",          "core",         NULL        },
	    {"linux.sysctl.vm.swappiness",                "1",            NULL        },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct setting setting = {.key = keys_find(rows[i].key, SCOPE_CONTAINER),
					  .name = rows[i].key,
					  .text = rows[i].text};
		struct expanded config = {.setting = &setting};
		struct instance instance = {.name = "web1", .config = &config, .n_config = 1};
		struct world_instance wi = {.instance = &instance};
		struct world w = {.arena = a};
		struct properties out;

		properties_init(&out, a);
		sysctl_driver.desire(&w, &wi, &out);
		assert_int_equal(out.n, 1);
		if (rows[i].value) {
			assert_string_equal(out.items[0].value, rows[i].value);
		} else {
			assert_int_equal(out.items[0].effect, EFFECT_UNSUPPORTED);
			assert_non_null(out.items[0].reason);
			assert_non_null(out.items[0].remedy);
		}
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_become_paths),
	    cmocka_unit_test(only_some_are_a_containers),
	    cmocka_unit_test(blanks_do_not_count),
	    cmocka_unit_test(wishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
