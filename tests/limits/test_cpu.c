/* CPU weight and quota: formulas, the order of v1's two files, and nested quotas in the way. */
#include "limits/cpu.h"

#include "limits/knobs.h"
#include "tests/limits/fixture.h"

#define MAX NUMBER_MAX

static bool is_more(const struct quota *x, const struct quota *y)
{
	if (x->quota == MAX || y->quota == MAX)
		return x->quota == MAX && y->quota != MAX;
	return x->quota * y->period > y->quota * x->period;
}

static void step_between_is_never_wider(void **state)
{
	static const struct quota all[] = {
	    {MAX,     100000 },
            {MAX,     5000   },
            {1000,    100000 },
            {5000,    10000  },
            {100000,  1000000},
	    {25000,   200000 },
            {1000000, 100000 },
            {200000,  100000 },
            {1000,    1000   },
	};
	const size_t n = sizeof(all) / sizeof(*all);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			bool first = cpu_quota_first(&all[i], &all[j]);
			struct quota between = {first ? all[j].quota : all[i].quota,
						first ? all[i].period : all[j].period};

			assert_false(is_more(&between, &all[i]) && is_more(&between, &all[j]));
		}
}

struct row {
	enum cgroup_version version;
	const char *lines[3];
	const char *weight, *max; /* NULL: not asked for */
};

static void formulas(void **state)
{
	static const struct row rows[] = {
	    {CGROUP_V1, {"limits.cpu.allowance=10%"},                           "102",    NULL          },
	    {CGROUP_V1, {"limits.cpu.allowance=10%", "limits.cpu.priority=0"},  "92",     NULL          },
	    {CGROUP_V1,
	     {"limits.cpu.allowance=25ms/200ms", "limits.cpu.priority=0"},
	     "1014",								      "25000 200000"},
	    {CGROUP_V1, {"limits.cpu.allowance=25ms/200ms"},                    NULL,     "25000 200000"},
	    {CGROUP_V1, {"limits.cpu.allowance=200%", "limits.cpu.priority=0"}, "2038",   NULL          },
	    {CGROUP_V1, {"limits.cpu.priority=5"},                              "1019",   NULL          },
	    {CGROUP_V1, {"limits.cpu.allowance=0%"},                            "2",      NULL          },
	    {CGROUP_V1, {"limits.cpu.allowance=1000000%"},                      "262144", NULL          },
	    {CGROUP_V2, {"limits.cpu.allowance=10%", "limits.cpu.priority=0"},  "1",      NULL          },
	    {CGROUP_V2, {"limits.cpu.allowance=50%"},                           "50",     NULL          },
	    {CGROUP_V2, {"limits.cpu.allowance=1000000%"},                      "10000",  NULL          },
	    {CGROUP_V2, {"limits.cpu.priority=10"},                             "100",    NULL          },
	    {CGROUP_V2, {"limits.processes=1"},                                 NULL,     NULL          },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena *a = arena_new();
		struct world w = {.arena = a, .host = fixture_host(a, rows[i].version)};
		struct world_instance wi = {.instance = fixture_instance(a, rows[i].lines)};
		const struct property *p;
		struct properties out;

		properties_init(&out, a);
		cpu_desire(&(struct desire){&w, &wi, &out});
		properties_sort(&out);
		p = properties_find(&out, "cgroup", "cpu.weight");
		assert_int_equal(p != NULL, rows[i].weight != NULL);
		if (p)
			assert_string_equal(p->value, rows[i].weight);
		p = properties_find(&out, "cgroup", "cpu.max");
		assert_int_equal(p != NULL, rows[i].max != NULL);
		if (p)
			assert_string_equal(p->value, rows[i].max);
		arena_free(a);
	}
}

static void no_controller_is_said_with_a_remedy(void **state)
{
	struct arena *a = arena_new();
	struct host *h = fixture_host(a, CGROUP_V2);
	struct world w = {.arena = a, .host = h};
	struct world_instance wi = {
	    .instance = fixture_instance(a, (const char *[]){"limits.cpu.priority=5", NULL})};
	struct properties out;

	(void)state;
	h->cgroups[CONTROLLER_CPU] = CGROUP_NONE;
	properties_init(&out, a);
	cpu_desire(&(struct desire){&w, &wi, &out});
	assert_int_equal(out.n, 1);
	assert_int_equal(out.items[0].effect, EFFECT_UNSUPPORTED);
	assert_non_null(out.items[0].reason);
	assert_non_null(out.items[0].remedy);
	arena_free(a);
}

static void no_quota_leaves_the_weight(void **state)
{
	struct arena *a = arena_new();
	struct host *h = fixture_host(a, CGROUP_V2);
	struct world w = {.arena = a, .host = h};
	struct world_instance wi = {
	    .instance = fixture_instance(a, (const char *[]){"limits.cpu.allowance=5ms/10ms",
							     "limits.cpu.priority=5", NULL})};
	struct properties out;

	(void)state;
	h->lacks_quota = true;
	properties_init(&out, a);
	cpu_desire(&(struct desire){&w, &wi, &out});
	properties_sort(&out);
	assert_int_equal(properties_find(&out, "cgroup", "cpu.max")->effect, EFFECT_UNSUPPORTED);
	assert_int_equal(properties_find(&out, "cgroup", "cpu.weight")->effect, EFFECT_LIVE);
	arena_free(a);
}

static struct change *apply_one(struct fixture_tree *t, const char *to)
{
	struct change *c = arena_alloc(t->arena, sizeof(*c));

	*c = (struct change){.object = "cgroup", .attribute = "cpu.max", .to = to};
	cgroup_driver.apply(&t->container, &c, 1);
	return c;
}

static void both_files_of_v1_and_back(void **state)
{
	struct fixture_tree *t = fixture_tree(
	    CGROUP_V1, (const char *[]){"cpu.cfs_quota_us=-1", "cpu.cfs_period_us=100000", NULL});

	(void)state;
	assert_int_equal(apply_one(t, "25000 200000")->verdict, VERDICT_APPLIED);
	assert_string_equal(fixture_text(t, "cpu.cfs_quota_us"), "25000");
	assert_string_equal(fixture_text(t, "cpu.cfs_period_us"), "200000");
	assert_int_equal(apply_one(t, "max 100000")->verdict, VERDICT_APPLIED);
	assert_string_equal(fixture_text(t, "cpu.cfs_quota_us"), "-1");
	assert_string_equal(fixture_text(t, "cpu.cfs_period_us"), "100000");
	fixture_free(t);
}

static void v1_opens_each_file_once(void **state)
{
	struct fixture_tree *t = fixture_tree(
	    CGROUP_V1, (const char *[]){"cpu.cfs_quota_us=-1", "cpu.cfs_period_us=100000", NULL});
	int quota = fixture_count_opens(t), period = fixture_count_opens(t);

	(void)state;
	apply_one(t, "25000 200000");
	assert_int_equal(fixture_opens(quota, "cpu.cfs_quota_us"), 1);
	assert_int_equal(fixture_opens(period, "cpu.cfs_period_us"), 1);
	fixture_free(t);
}

static void one_file_of_v2(void **state)
{
	struct fixture_tree *t =
	    fixture_tree(CGROUP_V2, (const char *[]){"cpu.max=max 100000", NULL});

	(void)state;
	assert_int_equal(apply_one(t, "25000 200000")->verdict, VERDICT_APPLIED);
	assert_string_equal(fixture_text(t, "cpu.max"), "25000 200000");
	fixture_free(t);
}

static void a_missing_file_fails_with_its_path(void **state)
{
	struct fixture_tree *t =
	    fixture_tree(CGROUP_V1, (const char *[]){"cpu.cfs_quota_us=-1", NULL});
	struct change *c = apply_one(t, "25000 200000");

	(void)state;
	assert_int_equal(c->verdict, VERDICT_FAILED);
	assert_int_equal(c->error_number, ENOENT);
	assert_non_null(strstr(c->error, "cpu.cfs_quota_us"));
	assert_non_null(strstr(c->error, "CONFIG_CFS_BANDWIDTH"));
	fixture_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(step_between_is_never_wider),
	    cmocka_unit_test(formulas),
	    cmocka_unit_test(no_controller_is_said_with_a_remedy),
	    cmocka_unit_test(no_quota_leaves_the_weight),
	    cmocka_unit_test(both_files_of_v1_and_back),
	    cmocka_unit_test(v1_opens_each_file_once),
	    cmocka_unit_test(one_file_of_v2),
	    cmocka_unit_test(a_missing_file_fails_with_its_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
