/* CPU sets of nested groups: every step is one that a v1 kernel takes, in a model of it. */
#include "limits/cpuset.h"

#include "limits/knobs.h"
#include "tests/limits/fixture.h"

#define MOST 6

struct row {
	const char *cpus[MOST]; /* the container's, then nested; NULL: no more */
	size_t parents[MOST];
	const char *wanted;
	const char *result[MOST];
	size_t steps;
};

static struct ranges set(const char *text, struct arena *a)
{
	struct ranges r;

	assert_int_equal(ranges_parse(text, VALUE_CPU_MOST, a, &r, NULL), 0);
	return r;
}

static void check(const struct row *row)
{
	struct arena *a = arena_new();
	struct cpuset_group groups[MOST];
	struct ranges now[MOST], wanted = set(row->wanted, a);
	struct cpuset_step *steps;
	size_t n = 0, n_steps;

	for (; n < MOST && row->cpus[n]; n++) {
		groups[n] = (struct cpuset_group){row->parents[n], set(row->cpus[n], a)};
		now[n] = groups[n].cpus;
	}
	n_steps = cpuset_order(groups, n, &wanted, a, &steps);
	assert_int_equal(n_steps, row->steps);
	for (size_t s = 0; s < n_steps; s++) {
		size_t g = steps[s].group;

		assert_true(steps[s].cpus.n > 0);
		if (g > 0)
			assert_true(ranges_cover(&now[row->parents[g]], &steps[s].cpus));
		for (size_t i = 1; i < n; i++)
			if (row->parents[i] == g)
				assert_true(ranges_cover(&steps[s].cpus, &now[i]));
		now[g] = steps[s].cpus;
	}
	for (size_t i = 0; i < n; i++)
		assert_string_equal(ranges_print(&now[i], a), row->result[i]);
	arena_free(a);
}

static void every_step_is_taken(void **state)
{
	static const struct row rows[] = {
	    {{"0-3"},                    {0},          "0-1", {"0-1"},                    1},
	    {{"0-3"},                    {0},          "0-3", {"0-3"},                    0},
	    {{"0"},		      {0},          "1",   {"1"},                      1},
 /* shrinking: deepest first */
	    {{"0-3", "0-3", "2-3"},      {0, 0, 1},    "0-2", {"0-2", "0-2", "2"},        3},
 /* growing: what had the whole old set gets the whole new one */
	    {{"0-1", "0-1", "0", "0-1"}, {0, 0, 1, 1}, "0-3", {"0-3", "0-3", "0", "0-3"}, 3},
 /* shrinking on one side, growing on the other */
	    {{"0-1", "0-1", "1"},        {0, 0, 1},    "1-2", {"1-2", "1-2", "1"},        3},
 /* a nested set that has nothing in common with the new one */
	    {{"0-3", "3"},               {0, 0},       "0-1", {"0-1", "0-1"},             3},
	    {{"0", "0", "0"},            {0, 0, 1},    "1",   {"1", "1", "1"},            6},
	    {{"0-3", "2-3", "3", "0"},   {0, 0, 1, 0}, "0-2", {"0-2", "2", "2", "0"},     4},
 /* a group made a moment ago has no CPUs yet */
	    {{"0-3", ""},                {0, 0},       "0",   {"0", ""},                  1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(&rows[i]);
}

static struct change *apply_one(struct fixture_tree *t, const char *to)
{
	struct change *c = arena_alloc(t->arena, sizeof(*c));

	*c = (struct change){.object = "cgroup", .attribute = "cpuset.cpus", .to = to};
	cgroup_driver.apply(&t->container, &c, 1);
	return c;
}

static void nested_groups_are_brought_along(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V1, (const char *[]){"cpuset.cpus=0-3", NULL});

	(void)state;
	close(fixture_nested(t, "kid", (const char *[]){"cpuset.cpus=2-3", NULL}));
	close(fixture_nested(t, "kid/kid", (const char *[]){"cpuset.cpus=2", NULL}));
	close(fixture_nested(t, "kid2", (const char *[]){"cpuset.cpus=0-3", NULL}));
	assert_int_equal(apply_one(t, "0-2")->verdict, VERDICT_APPLIED);
	assert_string_equal(fixture_text(t, "cpuset.cpus"), "0-2");
	assert_string_equal(fixture_text(t, "kid/cpuset.cpus"), "2");
	assert_string_equal(fixture_text(t, "kid/kid/cpuset.cpus"), "2");
	assert_string_equal(fixture_text(t, "kid2/cpuset.cpus"), "0-2");
	fixture_free(t);
}

static void a_refused_nested_write_is_named(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V1, (const char *[]){"cpuset.cpus=0-3", NULL});
	int kid = fixture_nested(t, "kid\n", (const char *[]){NULL});
	struct change *c;

	(void)state;
	/* It reads as a set and takes no write. */
	assert_int_equal(mkdirat(kid, "cpuset.cpus", 0755), 0);
	c = apply_one(t, "0-2");
	assert_int_equal(c->verdict, VERDICT_FAILED);
	assert_null(strchr(c->error, '\n'));
	assert_string_equal(fixture_text(t, "cpuset.cpus"), "0-3");
	close(kid);
	fixture_free(t);
}

static void v2_is_one_write_and_empty_is_none(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V2, (const char *[]){"cpuset.cpus=", NULL});
	struct property asked = {.object = "cgroup", .attribute = "cpuset.cpus"};
	const struct properties list = {.items = &asked, .n = 1};
	struct properties out;

	(void)state;
	properties_init(&out, t->arena);
	cgroup_driver.observe(&t->container, &list, &out);
	assert_int_equal(out.items[0].certainty, CERTAIN_ABSENT);
	assert_null(cgroup_driver.base(&t->container, &asked, t->arena));
	assert_int_equal(apply_one(t, "1,0")->verdict, VERDICT_APPLIED);
	assert_string_equal(fixture_text(t, "cpuset.cpus"), "1,0");
	assert_int_equal(apply_one(t, NULL)->verdict, VERDICT_APPLIED);
	assert_string_equal(fixture_text(t, "cpuset.cpus"), "");
	fixture_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_step_is_taken),
	    cmocka_unit_test(nested_groups_are_brought_along),
	    cmocka_unit_test(a_refused_nested_write_is_named),
	    cmocka_unit_test(v2_is_one_write_and_empty_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
