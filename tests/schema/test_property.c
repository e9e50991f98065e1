#include "schema/arena.h"
#include "schema/property.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void add(struct properties *p, const char *object, const char *attribute, const char *value)
{
	properties_add(p,
		       (struct property){.object = object, .attribute = attribute, .value = value});
}

static void sorted_by_object_then_attribute(void **state)
{
	static const char *const wanted[][2] = {
	    {"cgroup",    "cpu.max"   },
            {"cgroup",    "memory.max"},
	    {"container", "state"     },
            {"io",        "weight"    },
	    {"io/8:0",    "rbps"      },
            {"io/8:0",    "wbps"      },
	    {"io/8:16",   "rbps"      },
            {"io-x",      "a"         },
	    {"iox",       "a"         },
	};
	struct arena *a = arena_new();
	struct properties p;

	(void)state;
	properties_init(&p, a);
	for (size_t i = sizeof(wanted) / sizeof(wanted[0]); i-- > 0;)
		add(&p, wanted[i][0], wanted[i][1], "1");
	properties_sort(&p);
	assert_int_equal(p.n, 9);
	for (size_t i = 0; i < p.n; i++) {
		assert_string_equal(p.items[i].object, wanted[i][0]);
		assert_string_equal(p.items[i].attribute, wanted[i][1]);
	}
	arena_free(a);
}

static void later_wins(void **state)
{
	struct arena *a = arena_new();
	struct properties p;

	(void)state;
	properties_init(&p, a);
	add(&p, "cgroup", "memory.max", "1");
	add(&p, "cgroup", "pids.max", "5");
	add(&p, "cgroup", "memory.max", "2");
	add(&p, "cgroup", "cpu.max", "9");
	add(&p, "cgroup", "memory.max", "3");
	properties_sort(&p);
	assert_int_equal(p.n, 3);
	assert_string_equal(properties_find(&p, "cgroup", "memory.max")->value, "3");
	assert_string_equal(properties_find(&p, "cgroup", "pids.max")->value, "5");
	arena_free(a);
}

/* Of many equal ones too: the sort is stable. */
static void later_wins_among_many(void **state)
{
	struct arena *a = arena_new();
	struct properties p;

	(void)state;
	properties_init(&p, a);
	for (int i = 0; i < 3000; i++)
		add(&p, "cgroup", arena_printf(a, "knob%d", i * 7 % 30), arena_printf(a, "%d", i));
	properties_sort(&p);
	assert_int_equal(p.n, 30);
	for (size_t i = 0; i < p.n; i++) {
		int last = 2999;

		while (strcmp(arena_printf(a, "knob%d", last * 7 % 30), p.items[i].attribute) != 0)
			last--;
		assert_string_equal(p.items[i].value, arena_printf(a, "%d", last));
	}
	arena_free(a);
}

static void found_or_not(void **state)
{
	struct arena *a = arena_new();
	struct properties p;

	(void)state;
	properties_init(&p, a);
	properties_sort(&p);
	assert_null(properties_find(&p, "cgroup", "memory.max"));
	add(&p, "cgroup", "memory.max", "1");
	properties_sort(&p);
	assert_non_null(properties_find(&p, "cgroup", "memory.max"));
	assert_null(properties_find(&p, "cgroup", "memory.ma"));
	assert_null(properties_find(&p, "cgrou", "memory.max"));
	arena_free(a);
}

static void kinds_of_objects(void **state)
{
	static const struct {
		const char *object, *kind;
		bool is;
	} cases[] = {
	    {"io",       "io",       true },
            {"io/8:0",   "io",       true },
            {"iox",      "io",       false},
	    {"i",        "io",       false},
            {"nic/eth0", "nic",      true },
            {"nic/eth0", "nic/eth0", true },
	    {"",         "io",       false},
            {"io/8:0/x", "io/8:0",   true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(object_is(cases[i].object, cases[i].kind), cases[i].is);
}

static void changes_fail_with_words(void **state)
{
	struct arena *a = arena_new();
	struct changes changes = {.arena = a};
	struct change *c;

	(void)state;
	for (int i = 0; i < 20; i++)
		c = changes_add(&changes, (struct change){.attribute = "memory.max"});
	assert_int_equal(changes.n, 20);
	assert_ptr_equal(c, &changes.items[19]);
	change_fail(c, a, EBUSY, "%s: %d is in use", "memory.max", 7);
	assert_int_equal(c->verdict, VERDICT_FAILED);
	assert_int_equal(c->error_number, EBUSY);
	assert_string_equal(c->error, "memory.max: 7 is in use");
	assert_int_equal(changes.items[0].verdict, VERDICT_NONE);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sorted_by_object_then_attribute),
	    cmocka_unit_test(later_wins),
	    cmocka_unit_test(later_wins_among_many),
	    cmocka_unit_test(found_or_not),
	    cmocka_unit_test(kinds_of_objects),
	    cmocka_unit_test(changes_fail_with_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
