/* The order of memory writes, on every pair of small states. */
#include "limits/memory_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MAX NUMBER_MAX

static uint64_t most(uint64_t x, uint64_t y)
{
	return x > y ? x : y;
}

/* Carries the steps out in a model of the kernel: it refuses memsw below the limit. */
static void check(enum cgroup_version version, const struct memory *now,
		  const struct memory *wanted)
{
	struct memory_step steps[N_MEMORY_FILES];
	size_t n = memory_order(version, now, wanted, steps);
	uint64_t files[N_MEMORY_FILES] = {now->max, memory_swap_file(version, now), now->high,
					  now->swappiness};
	const uint64_t old[N_MEMORY_FILES] = {files[0], files[1], files[2], files[3]};
	const uint64_t new[N_MEMORY_FILES] = {wanted->max, memory_swap_file(version, wanted),
					      wanted->high, wanted->swappiness};

	assert_true(n <= N_MEMORY_FILES);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(steps[i].from, files[steps[i].file]);
		files[steps[i].file] = steps[i].to;
		for (int f = 0; f < N_MEMORY_FILES; f++)
			assert_true(files[f] <= most(old[f], new[f]));
		if (version == CGROUP_V1 && now->has_swap)
			assert_true(files[MEMORY_MAX] <= files[MEMORY_SWAP]);
	}
	for (int f = 0; f < N_MEMORY_FILES; f++) {
		if (f != MEMORY_SWAP || now->has_swap)
			assert_int_equal(files[f], new[f]);
	}
}

static void every_pair_is_valid_and_never_wider(void **state)
{
	static const uint64_t sizes[] = {0, 1, 2, 3, 4, MAX};
	const size_t n = sizeof(sizes) / sizeof(*sizes);

	(void)state;
	for (int version = CGROUP_V1; version <= CGROUP_V2; version++)
		for (size_t i = 0; i < n * n * n * n * 2; i++) {
			struct memory now = {sizes[i % n], sizes[i / n % n], MAX, 60, i % 2};
			struct memory wanted = {sizes[i / n / n % n], sizes[i / n / n / n % n], 7,
						0, i % 2};

			check((enum cgroup_version)version, &now, &wanted);
			check((enum cgroup_version)version, &wanted, &now);
		}
}

struct row {
	enum cgroup_version version;
	struct memory now, wanted;
	enum memory_file files[N_MEMORY_FILES];
	size_t n;
};

static void orders_as_the_table_says(void **state)
{
	static const struct row rows[] = {
  /* raising on v1: memory + swap makes room first */
	    {CGROUP_V1, {4, 4, MAX, 60, true},   {8, 8, MAX, 60, true},   {MEMORY_SWAP, MEMORY_MAX}, 2},
 /* lowering: the limit first */
	    {CGROUP_V1, {8, 8, MAX, 60, true},   {4, 4, MAX, 60, true},   {MEMORY_MAX, MEMORY_SWAP}, 2},
 /* the first limit ever */
	    {CGROUP_V1,
	     {MAX, MAX, MAX, 60, true},
	     {4, 4, 3, 0, true},
	     {MEMORY_SWAPPINESS, MEMORY_HIGH, MEMORY_MAX, MEMORY_SWAP},
	     4											},
 /* letting go of it */
	    {CGROUP_V1,
	     {4, 4, 3, 0, true},
	     {MAX, MAX, MAX, 60, true},
	     {MEMORY_SWAP, MEMORY_MAX, MEMORY_HIGH, MEMORY_SWAPPINESS},
	     4											},
 /* the limit alone takes memory + swap along */
	    {CGROUP_V1, {4, 2, MAX, 60, true},   {8, 2, MAX, 60, true},   {MEMORY_SWAP, MEMORY_MAX}, 2},
 /* unlimited swap stays what it is */
	    {CGROUP_V1, {4, MAX, MAX, 60, true}, {8, MAX, MAX, 60, true}, {MEMORY_MAX},              1},
 /* no swap accounting */
	    {CGROUP_V1, {4, 0, MAX, 60, false},  {8, 0, MAX, 60, false},  {MEMORY_MAX},              1},
 /* v2: less swap first, then less memory */
	    {CGROUP_V2, {8, 8, MAX, 60, true},   {4, 4, MAX, 60, true},   {MEMORY_SWAP, MEMORY_MAX}, 2},
	    {CGROUP_V2, {4, 4, MAX, 60, true},   {8, 8, MAX, 60, true},   {MEMORY_MAX, MEMORY_SWAP}, 2},
 /* hard to soft and back, never without either */
	    {CGROUP_V2,
	     {4, 0, MAX, 60, false},
	     {MAX, 0, 4, 60, false},
	     {MEMORY_HIGH, MEMORY_MAX},
	     2											},
	    {CGROUP_V2,
	     {MAX, 0, 4, 60, false},
	     {4, 0, MAX, 60, false},
	     {MEMORY_MAX, MEMORY_HIGH},
	     2											},
 /* nothing to do */
	    {CGROUP_V2, {4, 4, 3, 60, true},     {4, 4, 3, 60, true},     {0},                       0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct memory_step steps[N_MEMORY_FILES];

		assert_int_equal(
		    memory_order(rows[i].version, &rows[i].now, &rows[i].wanted, steps), rows[i].n);
		for (size_t s = 0; s < rows[i].n; s++)
			assert_int_equal(steps[s].file, rows[i].files[s]);
	}
}

static void swap_is_a_sum_on_v1_only(void **state)
{
	const struct memory m = {256, 64, MAX, 60, true}, free_swap = {256, MAX, MAX, 60, true};

	(void)state;
	assert_int_equal(memory_swap_file(CGROUP_V1, &m), 320);
	assert_int_equal(memory_swap_file(CGROUP_V2, &m), 64);
	assert_int_equal(memory_swap_file(CGROUP_V1, &free_swap), MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_pair_is_valid_and_never_wider),
	    cmocka_unit_test(orders_as_the_table_says),
	    cmocka_unit_test(swap_is_a_sum_on_v1_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
