/* Whose a group may be, by its name alone. */
#include "reconciler/lifenames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LONGEST "a23456789-123456789-123456789-123456789-123456789-123456789-12x"

static void names_of_groups(void **state)
{
	static const struct {
		const char *group, *first, *second;
	} cases[] = {
	    {"lxc.payload.web1",          "web1",    NULL   },
	    {"lxc.payload.web-1",         "web-1",   "web"  },
	    {"lxc.payload.web-12",        "web-12",  "web"  },
	    {"lxc.payload.web-1-2",       "web-1-2", "web-1"},
	    {"lxc.payload.1-2",           "1-2",     "1"    },
	    {"lxc.payload.12",            "12",      NULL   },
	    {"lxc.payload.-1",            NULL,      NULL   },
	    {"lxc.payload.web-x1",        "web-x1",  NULL   },
	    {"lxc.payload.a.b_c",         "a.b_c",   NULL   },
	    {"lxc.payload." LONGEST,      LONGEST,   NULL   },
	    {"lxc.payload." LONGEST "x",  NULL,      NULL   },
	    {"lxc.payload." LONGEST "-7", LONGEST,   NULL   },
	    {"lxc.payload.",              NULL,      NULL   },
	    {"lxc.payload",               NULL,      NULL   },
	    {"lxc.payload.a b",           NULL,      NULL   },
	    {"lxc.payload..hidden",       NULL,      NULL   },
	    {"lxc.payload.a\nb-1",        NULL,      NULL   },
	    {"lxc.payload.\xc3\xa4",      NULL,      NULL   },
	    {"lxc.payload.a\033[2J",      NULL,      NULL   },
	    {"lxc.monitor.web1",          NULL,      NULL   },
	    {"system.slice",              NULL,      NULL   },
	    {"xlxc.payload.web1",         NULL,      NULL   },
	    {"",			  NULL,      NULL   },
	};
	char names[2][LIFENAMES_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t n = lifenames_of(cases[i].group, LIFENAMES_PAYLOAD, names);

		if (n != (cases[i].first != NULL) + (size_t)(cases[i].second != NULL))
			fail_msg("'%s': %zu names", cases[i].group, n);
		if (n > 0)
			assert_string_equal(names[0], cases[i].first);
		if (n > 1)
			assert_string_equal(names[1], cases[i].second);
	}
	assert_int_equal(lifenames_of("lxc.monitor.web1", LIFENAMES_MONITOR, names), 1);
	assert_string_equal(names[0], "web1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_of_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
