/* The difference of desired, observed and owned: what changes, what is put back, what is let be. */
#include "reconciler/plan.h"
#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct side {
	const char *object, *attribute, *value;
	enum certainty certainty;
	enum effect effect;
};

struct expectation {
	enum action action;
	const char *object, *attribute, *from, *to;
};

struct example {
	const char *name;
	struct side desired[4], observed[4], owned[4];
	struct expectation changes[4];
	size_t kept;
};

/* clang-format 14 does not survive tables within tables */
/* clang-format off */
static const struct example examples[] = {
    {
	.name = "equal values are no change",
	.desired = {{"cgroup", "pids.max", "100", CERTAIN_VALUE, EFFECT_LIVE}},
	.observed = {{"cgroup", "pids.max", "100", CERTAIN_VALUE, EFFECT_LIVE}},
	.owned = {{"cgroup", "pids.max", "100", CERTAIN_VALUE, EFFECT_LIVE}},
    },
    {
	.name = "another value is a change",
	.desired = {{"cgroup", "pids.max", "100", CERTAIN_VALUE, EFFECT_LIVE}},
	.observed = {{"cgroup", "pids.max", "max", CERTAIN_VALUE, EFFECT_LIVE}},
	.changes = {{ACTION_CHANGE, "cgroup", "pids.max", "max", "100"}},
    },
    {
	.name = "what is not there comes",
	.desired = {{"io/8:0", "rbps", "1000", CERTAIN_VALUE, EFFECT_LIVE}},
	.observed = {{"io/8:0", "rbps", NULL, CERTAIN_ABSENT, EFFECT_LIVE}},
	.changes = {{ACTION_ADD, "io/8:0", "rbps", NULL, "1000"}},
    },
    {
	.name = "what nobody wants any more is put back to its default",
	.observed = {{"cgroup", "pids.max", "100", CERTAIN_VALUE, EFFECT_LIVE}},
	.owned = {{"cgroup", "pids.max", "100", CERTAIN_VALUE, EFFECT_LIVE}},
	.changes = {{ACTION_REMOVE, "cgroup", "pids.max", "100", "max"}},
	.kept = 1,
    },
    {
	.name = "what is back already is forgotten",
	.observed = {{"cgroup", "pids.max", "max", CERTAIN_VALUE, EFFECT_LIVE}},
	.owned = {{"cgroup", "pids.max", "100", CERTAIN_VALUE, EFFECT_LIVE}},
    },
    {
	.name = "what is not ours is let be",
	.observed = {{"cgroup", "pids.max", "7", CERTAIN_VALUE, EFFECT_LIVE}},
    },
    {
	.name = "unknown is shown and never a change",
	.desired = {{"cgroup", "pids.max", "100", CERTAIN_VALUE, EFFECT_LIVE}},
	.observed = {{"cgroup", "pids.max", NULL, UNKNOWN, EFFECT_LIVE}},
	.changes = {{ACTION_NONE, "cgroup", "pids.max", NULL, "100"}},
    },
    {
	.name = "unknown keeps what is owned",
	.observed = {{"cgroup", "pids.max", NULL, UNKNOWN, EFFECT_LIVE}},
	.owned = {{"cgroup", "pids.max", "100", CERTAIN_VALUE, EFFECT_LIVE}},
	.changes = {{ACTION_NONE, "cgroup", "pids.max", NULL, "100"}},
	.kept = 1,
    },
    {
	.name = "unsupported is shown",
	.desired = {{"cgroup", "hugetlb.2MB.max", "0", CERTAIN_VALUE, EFFECT_LIVE}},
	.observed = {{"cgroup", "hugetlb.2MB.max", NULL, UNSUPPORTED, EFFECT_LIVE}},
	.changes = {{ACTION_NONE, "cgroup", "hugetlb.2MB.max", NULL, "0"}},
    },
    {
	.name = "unsupported keeps what is owned",
	.desired = {{"cgroup", "cpu.max", "1 2", CERTAIN_VALUE, EFFECT_UNSUPPORTED},
		    {"cgroup", "memory.max", "1", CERTAIN_VALUE, EFFECT_LIVE}},
	.observed = {{"cgroup", "memory.max", NULL, UNSUPPORTED, EFFECT_LIVE},
		     {"cgroup", "pids.max", NULL, UNSUPPORTED, EFFECT_LIVE}},
	.owned = {{"cgroup", "cpu.max", "1 2", CERTAIN_VALUE, EFFECT_LIVE},
		  {"cgroup", "memory.max", "1", CERTAIN_VALUE, EFFECT_LIVE},
		  {"cgroup", "pids.max", "5", CERTAIN_VALUE, EFFECT_LIVE}},
	.changes = {{ACTION_NONE, "cgroup", "cpu.max", NULL, "1 2"},
		    {ACTION_NONE, "cgroup", "memory.max", NULL, "1"}},
	.kept = 3,
    },
    {
	.name = "what a start fixes waits for one",
	.desired = {{"config", "lxc.environment.A", "2", CERTAIN_VALUE, EFFECT_RESTART}},
	.observed = {{"config", "lxc.environment.A", "1", CERTAIN_VALUE, EFFECT_RESTART}},
	.changes = {{ACTION_WAIT, "config", "lxc.environment.A", "1", "2"}},
    },
    {
	.name = "three sides in one walk",
	.desired = {{"cgroup", "memory.max", "4096", CERTAIN_VALUE, EFFECT_LIVE},
		    {"io/8:0", "rbps", "1", CERTAIN_VALUE, EFFECT_LIVE}},
	.observed = {{"cgroup", "cpu.max", "max 100000", CERTAIN_VALUE, EFFECT_LIVE},
		     {"cgroup", "memory.max", "max", CERTAIN_VALUE, EFFECT_LIVE},
		     {"cgroup", "pids.max", "5", CERTAIN_VALUE, EFFECT_LIVE},
		     {"io/8:0", "rbps", "1", CERTAIN_VALUE, EFFECT_LIVE}},
	.owned = {{"cgroup", "memory.max", "1", CERTAIN_VALUE, EFFECT_LIVE},
		  {"cgroup", "pids.max", "5", CERTAIN_VALUE, EFFECT_LIVE}},
	.changes = {{ACTION_CHANGE, "cgroup", "memory.max", "max", "4096"},
		    {ACTION_REMOVE, "cgroup", "pids.max", "5", "max"}},
	.kept = 1,
    },
};
/* clang-format on */

static struct properties side_of(const struct side *items, struct arena *a)
{
	struct properties p;

	properties_init(&p, a);
	for (size_t i = 0; i < 4 && items[i].object; i++)
		properties_add(&p, (struct property){.object = items[i].object,
						     .attribute = items[i].attribute,
						     .value = items[i].value,
						     .certainty = items[i].certainty,
						     .effect = items[i].effect});
	properties_sort(&p);
	return p;
}

static const char *nothing_set(const struct container *c, const char *item)
{
	(void)c;
	(void)item;
	return NULL;
}

static void assert_text(const char *is, const char *wanted, const char *name)
{
	if ((is == NULL) != (wanted == NULL) || (is && strcmp(is, wanted) != 0))
		fail_msg("%s: %s instead of %s", name, is ? is : "none", wanted ? wanted : "none");
}

static void check_example(const struct example *e)
{
	struct arena *a = arena_new();
	struct host host = {.page_size = 4096};
	struct container c = {.arena = a, .host = &host, .own_item = nothing_set};
	struct properties desired = side_of(e->desired, a), observed = side_of(e->observed, a),
			  owned = side_of(e->owned, a), kept;
	struct changes changes = {.arena = a};
	size_t n = 0;

	properties_init(&kept, a);
	plan_diff(&c, &desired, &observed, &owned, &changes, &kept);
	while (n < 4 && e->changes[n].object)
		n++;
	if (changes.n != n)
		fail_msg("%s: %zu changes instead of %zu", e->name, changes.n, n);
	for (size_t i = 0; i < n; i++) {
		if (changes.items[i].action != e->changes[i].action)
			fail_msg("%s: action %d", e->name, (int)changes.items[i].action);
		assert_text(changes.items[i].object, e->changes[i].object, e->name);
		assert_text(changes.items[i].attribute, e->changes[i].attribute, e->name);
		assert_text(changes.items[i].from, e->changes[i].from, e->name);
		assert_text(changes.items[i].to, e->changes[i].to, e->name);
	}
	if (kept.n != e->kept)
		fail_msg("%s: %zu kept instead of %zu", e->name, kept.n, e->kept);
	arena_free(a);
}

static void the_walk_finds_the_difference(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++)
		check_example(&examples[i]);
}

static void a_stopped_container_is_compared_with_its_record(void **state)
{
	static const struct side want[4] = {
	    {"cgroup", "memory.max", "4096", CERTAIN_VALUE, EFFECT_LIVE},
	    {"cgroup", "pids.max",   "100",  CERTAIN_VALUE, EFFECT_LIVE},
	    {"io/8:0", "rbps",       "1",    CERTAIN_VALUE, EFFECT_LIVE},
	};
	static const struct side own[4] = {
	    {"cgroup", "cpu.max",    "max 100000", CERTAIN_VALUE, EFFECT_LIVE},
	    {"cgroup", "memory.max", "8192",       CERTAIN_VALUE, EFFECT_LIVE},
	    {"cgroup", "pids.max",   "100",        CERTAIN_VALUE, EFFECT_LIVE},
	    {"io/8:0", "rbps",       NULL,         CERTAIN_VALUE, EFFECT_LIVE},
	};
	struct arena *a = arena_new();
	struct properties desired = side_of(want, a), owned = side_of(own, a), kept;
	struct changes changes = {.arena = a};

	(void)state;
	properties_init(&kept, a);
	plan_diff_stopped(&desired, &owned, true, &changes, &kept);
	assert_int_equal(changes.n, 2);
	assert_string_equal(changes.items[0].attribute, "cpu.max");
	assert_int_equal(changes.items[0].action, ACTION_REMOVE);
	assert_null(changes.items[0].to);
	assert_string_equal(changes.items[1].attribute, "memory.max");
	assert_string_equal(changes.items[1].from, "8192");
	assert_int_equal(changes.items[1].effect, EFFECT_START);
	assert_int_equal(kept.n, 0);
	arena_free(a);
}

static void drivers_are_sorted_and_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_drivers; i++) {
		assert_non_null(drivers[i]->desire);
		assert_non_null(drivers[i]->observe);
		assert_true(drivers[i]->apply || drivers[i]->effect == EFFECT_RESTART);
		assert_ptr_equal(driver_for(drivers[i]->kind), drivers[i]);
		if (i > 0)
			assert_true(strcmp(drivers[i - 1]->kind, drivers[i]->kind) < 0);
	}
	assert_null(driver_for("nick"));
}

static void a_union_prefers_its_first_side(void **state)
{
	static const struct side x_items[4] = {
	    {"cgroup", "a", "1", CERTAIN_VALUE, EFFECT_LIVE},
	    {"cgroup", "c", "3", CERTAIN_VALUE, EFFECT_LIVE},
	};
	static const struct side y_items[4] = {
	    {"cgroup", "b", "2", CERTAIN_VALUE, EFFECT_LIVE},
	    {"cgroup", "c", "4", CERTAIN_VALUE, EFFECT_LIVE},
	};
	struct arena *a = arena_new();
	struct properties x = side_of(x_items, a), y = side_of(y_items, a), both;

	(void)state;
	properties_init(&both, a);
	plan_union(&x, &y, &both);
	assert_int_equal(both.n, 3);
	assert_string_equal(both.items[1].value, "2");
	assert_string_equal(both.items[2].value, "3");
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_walk_finds_the_difference),
	    cmocka_unit_test(a_stopped_container_is_compared_with_its_record),
	    cmocka_unit_test(drivers_are_sorted_and_whole),
	    cmocka_unit_test(a_union_prefers_its_first_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
