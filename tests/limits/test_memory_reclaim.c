/* Which writes may wait for memory to be reclaimed, by what is in use now. */
#include "limits/memory_reclaim.h"

#include "limits/knobs.h"
#include "tests/limits/fixture.h"

#define V1_FILES                                                                                   \
	"memory.usage_in_bytes=100000", "memory.limit_in_bytes=1000000",                           \
	    "memory.memsw.usage_in_bytes=300000"
#define V1_NO_SWAP "memory.usage_in_bytes=100000", "memory.limit_in_bytes=1000000"
#define V2_FILES "memory.current=100000", "memory.swap.current=200000"

struct row {
	enum cgroup_version version;
	const char *files[4];
	const char *attribute, *from, *to;
	bool may_wait;
};

static void lowering_to_what_is_in_use(void **state)
{
	/* clang-format off */
	static const struct row rows[] = {
	    {CGROUP_V1, {V1_NO_SWAP}, "memory.max", "1000000", "500000", false},
	    {CGROUP_V1, {V1_NO_SWAP}, "memory.max", "1000000", "112000", false},
	    {CGROUP_V1, {V1_NO_SWAP}, "memory.max", "1000000", "111000", true},
	    {CGROUP_V1, {V1_NO_SWAP}, "memory.max", "1000000", "100000", true},
	    {CGROUP_V1, {V1_NO_SWAP}, "memory.max", "1000000", "0", true},
	    {CGROUP_V1, {V1_NO_SWAP}, "memory.max", "max", "50000", true},
	    {CGROUP_V1, {V1_NO_SWAP}, "memory.max", NULL, "50000", true},
	    {CGROUP_V1, {V1_NO_SWAP}, "memory.max", NULL, "500000", false},
	    /* raised, or let go */
	    {CGROUP_V1, {V1_NO_SWAP}, "memory.max", "40000", "50000", false},
	    {CGROUP_V1, {V1_NO_SWAP}, "memory.max", "40000", "max", false},
	    {CGROUP_V1, {V1_NO_SWAP}, "memory.max", "40000", NULL, false},
	    /* what is swapped out counts: the sum is what is limited */
	    {CGROUP_V1, {V1_FILES}, "memory.max", "1000000", "500000", false},
	    {CGROUP_V1, {V1_FILES}, "memory.max", "1000000", "200000", true},
	    {CGROUP_V1, {V1_FILES}, "memory.swap.max", "1000000", "0", false},
	    {CGROUP_V1, {"memory.usage_in_bytes=1", "memory.limit_in_bytes=250000",
			 "memory.memsw.usage_in_bytes=300000"},
	     "memory.swap.max", "1000000", "0", true},
	    {CGROUP_V1, {"memory.usage_in_bytes=1", "memory.limit_in_bytes=9223372036854771712",
			 "memory.memsw.usage_in_bytes=300000"},
	     "memory.swap.max", "1000000", "0", false},
	    /* a soft limit reclaims nothing on v1 */
	    {CGROUP_V1, {V1_FILES}, "memory.high", "1000000", "1000", false},
	    {CGROUP_V2, {V2_FILES}, "memory.high", "1000000", "50000", true},
	    {CGROUP_V2, {V2_FILES}, "memory.high", "1000000", "200000", false},
	    {CGROUP_V2, {V2_FILES}, "memory.max", "max", "105000", true},
	    {CGROUP_V2, {V2_FILES}, "memory.max", "max", "200000", false},
	    {CGROUP_V2, {V2_FILES}, "memory.swap.max", "max", "0", false},
	    /* what cannot be read may be anything */
	    {CGROUP_V2, {"memory.max=max"}, "memory.max", "max", "200000", true},
	    {CGROUP_V1, {"memory.usage_in_bytes=much"}, "memory.max", "max", "200000", true},
	    /* the others */
	    {CGROUP_V1, {V1_FILES}, "memory.swappiness", "60", "0", false},
	    {CGROUP_V1, {V1_FILES}, "pids.max", "60", "1", false},
	    {CGROUP_V1, {V1_FILES}, "cpu.max", "max 100000", "1000 100000", false},
	    {CGROUP_V1, {V1_FILES}, "cpuset.cpus", "0-1", "0", true},
	    {CGROUP_V1, {V1_FILES}, "no.such", "1", "0", false},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		struct fixture_tree *t = fixture_tree(r->version, r->files);
		struct change change = {.object = "cgroup",
					.attribute = r->attribute,
					.from = r->from,
					.to = r->to,
					.action = ACTION_CHANGE};

		if (cgroup_driver.may_wait(&t->container, &change) != r->may_wait)
			fail_msg("row %zu: %s %s -> %s", i, r->attribute,
				 r->from ? r->from : "nothing", r->to ? r->to : "nothing");
		fixture_free(t);
	}
}

static void one_that_does_not_run_waits_for_nothing(void **state)
{
	struct change change = {.object = "cgroup", .attribute = "memory.max", .to = "1"};
	struct container c = {.status = STATUS_STOPPED};

	(void)state;
	assert_false(cgroup_driver.may_wait(&c, &change));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lowering_to_what_is_in_use),
	    cmocka_unit_test(one_that_does_not_run_waits_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
