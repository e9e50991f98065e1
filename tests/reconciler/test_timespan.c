#include "reconciler/timespan.h"
#include "schema/arena.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void what_people_write_is_read(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t ms;
	} rows[] = {
	    {"60s",                   0,       60000        },
	    {"2m",		    0,       120000       },
	    {"2h",		    0,       7200000      },
	    {"1h30m",                 0,       5400000      },
	    {"1d",		    0,       86400000     },
	    {"500ms",                 0,       500          },
	    {"1s5ms",                 0,       1005         },
	    {"90",		    0,       90000        },
	    {"0",		     0,       0            },
	    {"0s",		    0,       0            },
	    {"3650d",                 0,       TIMESPAN_MOST},
	    {"3651d",                 -ERANGE, 0            },
	    {"3650d1ms",              -ERANGE, 0            },
	    {"99999999999999999999s", -ERANGE, 0            },
	    {"18446744073709551615d", -ERANGE, 0            },
	    {"",		      -EINVAL, 0            },
	    {"s",		     -EINVAL, 0            },
	    {"-5s",                   -EINVAL, 0            },
	    {"+5s",                   -EINVAL, 0            },
	    {" 5s",                   -EINVAL, 0            },
	    {"5s ",                   -EINVAL, 0            },
	    {"5 s",                   -EINVAL, 0            },
	    {"5x",		    -EINVAL, 0            },
	    {"1.5h",                  -EINVAL, 0            },
	    {"5S",		    -EINVAL, 0            },
	    {"1m1h",                  -EINVAL, 0            },
	    {"1m1m",                  -EINVAL, 0            },
	    {"1h30",                  -EINVAL, 0            },
	    {"0x10",                  -EINVAL, 0            },
	    {"60sec",                 -EINVAL, 0            },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t ms = 4711;

		if (timespan_parse(rows[i].text, &ms) != rows[i].result)
			fail_msg("'%s' is judged wrong", rows[i].text);
		assert_int_equal(ms, rows[i].result ? 4711 : rows[i].ms);
	}
}

static void what_is_shown_is_short(void **state)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} rows[] = {
	    {0,			 "0ms"   },
            {500,                       "500ms" },
            {1000,                      "1s"    },
	    {1001,		      "2s"    },
            {59001,                     "1m"    },
            {60000,                     "1m"    },
	    {61000,		     "1m 1s" },
            {60001,                     "1m 1s" },
            {3599999,                   "1h"    },
	    {3600000,                   "1h"    },
            {5400000,                   "1h 30m"},
            {5400001,                   "1h 31m"},
	    {86399999,                  "1d"    },
            {90000000,                  "1d 1h" },
            {UINT64_C(3650) * 86400000, "3650d" },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(timespan_show(rows[i].ms, a), rows[i].text);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_people_write_is_read),
	    cmocka_unit_test(what_is_shown_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
