/* When what went wrong is tried again: backoff, contested properties, crash loops. */
#include "reconciler/attempts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S UINT64_C(1000000000)
#define MIN (60 * S)
#define START (1000 * S)

static int setup(void **state)
{
	struct attempts *a = malloc(sizeof(*a));

	if (!a)
		return -1;
	attempts_init(a, "web1");
	*state = a;
	return 0;
}

static int teardown(void **state)
{
	attempts_clear(*state);
	free(*state);
	return 0;
}

/* DELAY, and at most an eighth more. */
static void about(uint64_t at, uint64_t now, uint64_t delay)
{
	if (at < now + delay || at > now + delay + delay / 8)
		fail_msg("in %.3f s, not in about %.3f s", (double)(at - now) / 1e9,
			 (double)delay / 1e9);
}

static void without_trouble_nothing_is_held(void **state)
{
	struct attempts *a = *state;
	struct attempt t;

	assert_int_equal(attempts_hold(a, NULL, NULL, START), 0);
	assert_int_equal(attempts_hold(a, "cgroup", "memory.max", START), 0);
	assert_int_equal(attempts_hold_start(a, START), 0);
	assert_int_equal(attempts_next(a, START), 0);
	assert_false(attempts_failing(a, START, &t));
	assert_false(attempts_contested(a, START, &t));
	assert_false(attempts_crash_loop(a, START));
	attempts_succeeded(a, "cgroup", "memory.max", START);
	attempts_all_succeeded(a, START);
	assert_false(attempts_died(a, START));
	assert_null(a->troubles);
	assert_true(sizeof(*a) <= 16);
}

static void failures_wait_longer_and_longer(void **state)
{
	static const uint64_t delays[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300};
	struct attempts *a = *state;
	uint64_t now = START;
	struct attempt t;

	for (size_t i = 0; i < sizeof(delays) / sizeof(*delays); i++) {
		attempts_failed(a, "cgroup", "memory.max", now, "memory.max: busy");
		about(attempts_hold(a, "cgroup", "memory.max", now), now, delays[i] * S);
		assert_int_equal(attempts_next(a, now),
				 attempts_hold(a, "cgroup", "memory.max", now));
		assert_true(attempts_failing(a, now, &t));
		assert_int_equal(t.failures, i + 1);
		assert_int_equal(t.since, START);
		now = attempts_next(a, now);
		assert_int_equal(attempts_hold(a, "cgroup", "memory.max", now), 0);
	}
	for (int i = 0; i < 100; i++)
		attempts_failed(a, "cgroup", "memory.max", now, "memory.max: busy");
	about(attempts_hold(a, "cgroup", "memory.max", now), now, 300 * S);
}

static void a_success_forgets_the_failures(void **state)
{
	struct attempts *a = *state;
	struct attempt t;

	attempts_failed(a, "cgroup", "memory.max", START, "x");
	attempts_failed(a, "cgroup", "memory.max", START, "x");
	attempts_succeeded(a, "cgroup", "memory.max", START + S);
	assert_false(attempts_failing(a, START + S, &t));
	assert_null(a->troubles);
	attempts_failed(a, "cgroup", "memory.max", START + 9 * S, "x");
	about(attempts_hold(a, "cgroup", "memory.max", START + 9 * S), START + 9 * S, S);
	assert_true(attempts_failing(a, START + 9 * S, &t));
	assert_int_equal(t.since, START + 9 * S);
}

static void each_property_waits_for_itself(void **state)
{
	struct attempts *a = *state;
	struct attempt t;

	attempts_failed(a, "cgroup", "memory.max", START, "a");
	attempts_failed(a, NULL, NULL, START + S, "the container did not start");
	assert_int_equal(attempts_hold(a, "cgroup", "pids.max", START), 0);
	assert_int_equal(attempts_hold(a, "io/8:0", "memory.max", START), 0);
	assert_true(attempts_hold(a, NULL, NULL, START + S) > 0);
	assert_true(attempts_failing(a, START + S, &t));
	assert_string_equal(t.attribute, "memory.max");
	assert_string_equal(t.reason, "a");
	attempts_succeeded(a, "cgroup", "memory.max", START + S);
	assert_true(attempts_failing(a, START + S, &t));
	assert_null(t.object);
	assert_string_equal(t.reason, "the container did not start");
	attempts_failed(a, "cgroup", "pids.max", START + 2 * S, "b");
	attempts_all_succeeded(a, START + 2 * S);
	assert_null(a->troubles);
}

static void the_last_reason_is_kept(void **state)
{
	struct attempts *a = *state;
	char reason[64] = "short";
	struct attempt t;

	attempts_failed(a, "cgroup", "memory.max", START, reason);
	strcpy(reason, "a much longer reason than the one before");
	attempts_failed(a, "cgroup", "memory.max", START, reason);
	memset(reason, '?', sizeof(reason) - 1);
	assert_true(attempts_failing(a, START, &t));
	assert_string_equal(t.reason, "a much longer reason than the one before");
	attempts_failed(a, "cgroup", "memory.max", START, "short");
	assert_true(attempts_failing(a, START, &t));
	assert_string_equal(t.reason, "short");
}

static void names_spread_the_retries(void **state)
{
	uint64_t first = 0;
	int other = 0;

	(void)state;
	for (int i = 0; i < 50; i++) {
		char name[16];
		struct attempts a;
		uint64_t at;

		snprintf(name, sizeof(name), "web%d", i);
		attempts_init(&a, name);
		for (int k = 0; k < 4; k++)
			attempts_failed(&a, NULL, NULL, START, "x");
		at = attempts_hold(&a, NULL, NULL, START);
		about(at, START, 8 * S);
		if (i == 0)
			first = at;
		other += at != first;
		attempts_clear(&a);
	}
	assert_true(other > 40);
}

static void the_same_name_waits_the_same(void **state)
{
	struct attempts *a = *state, b;

	attempts_init(&b, "web1");
	attempts_failed(a, NULL, NULL, START, "x");
	attempts_failed(&b, NULL, NULL, START, "x");
	assert_int_equal(attempts_next(a, START), attempts_next(&b, START));
	attempts_clear(&b);
}

static void put_back_three_times_is_contested(void **state)
{
	struct attempts *a = *state;
	struct attempt t;
	uint64_t now = START;

	assert_false(attempts_put_back(a, "cgroup", "memory.max", now));
	assert_false(attempts_put_back(a, "cgroup", "memory.max", now += 4 * MIN));
	assert_false(attempts_contested(a, now, &t));
	assert_int_equal(attempts_hold(a, "cgroup", "memory.max", now), 0);
	assert_true(attempts_put_back(a, "cgroup", "memory.max", now += 4 * MIN));
	assert_true(attempts_contested(a, now, &t));
	assert_string_equal(t.attribute, "memory.max");
	assert_int_equal(t.failures, 0);
	assert_null(t.reason);
	about(attempts_hold(a, "cgroup", "memory.max", now), now, S);
	assert_int_equal(attempts_hold(a, "cgroup", "pids.max", now), 0);
	/* again and again: said once, and less and less often */
	assert_false(attempts_put_back(a, "cgroup", "memory.max", now += 2 * S));
	about(attempts_hold(a, "cgroup", "memory.max", now), now, 2 * S);
	for (int i = 0; i < 20; i++) {
		now = attempts_hold(a, "cgroup", "memory.max", now);
		assert_false(attempts_put_back(a, "cgroup", "memory.max", now));
	}
	about(attempts_hold(a, "cgroup", "memory.max", now), now, 300 * S);
	assert_true(attempts_contested(a, now + 9 * MIN, &t));
	/* a failure or a success between changes nothing of that */
	attempts_all_succeeded(a, now);
	assert_true(attempts_contested(a, now, &t));
	/* ten quiet minutes */
	assert_int_equal(attempts_next(a, now + 6 * MIN), now + 10 * MIN);
	assert_false(attempts_contested(a, now + 10 * MIN, &t));
	assert_int_equal(attempts_next(a, now + 10 * MIN), 0);
	attempts_all_succeeded(a, now + 10 * MIN);
	assert_null(a->troubles);
}

static void contested_anew_is_said_anew(void **state)
{
	struct attempts *a = *state;
	uint64_t now = START;

	for (int i = 0; i < 2; i++)
		assert_false(attempts_put_back(a, "cgroup", "memory.max", now++));
	assert_true(attempts_put_back(a, "cgroup", "memory.max", now++));
	now += 10 * MIN;
	assert_false(attempts_put_back(a, "cgroup", "memory.max", now++));
	assert_false(attempts_put_back(a, "cgroup", "memory.max", now++));
	assert_true(attempts_put_back(a, "cgroup", "memory.max", now));
	about(attempts_hold(a, "cgroup", "memory.max", now), now, S);
}

static void now_and_then_is_not_contested(void **state)
{
	struct attempts *a = *state;

	for (uint64_t i = 0; i < 20; i++)
		assert_false(attempts_put_back(a, "cgroup", "memory.max", START + i * 5 * MIN));
	for (uint64_t i = 0; i < 6; i++) {
		char attribute[16];

		snprintf(attribute, sizeof(attribute), "knob%d", (int)i);
		assert_false(attempts_put_back(a, "cgroup", attribute, START));
	}
}

static void the_longer_hold_counts(void **state)
{
	struct attempts *a = *state;

	for (int i = 0; i < 3; i++)
		attempts_put_back(a, "cgroup", "memory.max", START);
	for (int i = 0; i < 5; i++)
		attempts_failed(a, "cgroup", "memory.max", START, "busy");
	about(attempts_hold(a, "cgroup", "memory.max", START), START, 16 * S);
	attempts_succeeded(a, "cgroup", "memory.max", START);
	about(attempts_hold(a, "cgroup", "memory.max", START), START, S);
}

static void dying_young_three_times_is_a_crash_loop(void **state)
{
	static const uint64_t delays[] = {10, 20, 40, 80, 160, 300, 300};
	struct attempts *a = *state;
	uint64_t now = START;

	for (int i = 0; i < 2; i++) {
		attempts_started(a, now);
		assert_false(attempts_died(a, now += S));
		assert_int_equal(attempts_hold_start(a, now), 0);
		assert_false(attempts_crash_loop(a, now));
	}
	for (size_t i = 0; i < sizeof(delays) / sizeof(*delays); i++) {
		attempts_started(a, now);
		now += 5 * S;
		assert_int_equal(attempts_died(a, now), i == 0);
		assert_true(attempts_crash_loop(a, now));
		about(attempts_hold_start(a, now), now, delays[i] * S);
		assert_int_equal(attempts_next(a, now), attempts_hold_start(a, now));
		now = attempts_hold_start(a, now);
		assert_int_equal(attempts_hold_start(a, now), 0);
	}
	/* nothing else is held */
	assert_int_equal(attempts_hold(a, "cgroup", "memory.max", now), 0);
	attempts_started(a, now);
	attempts_all_succeeded(a, now + 30 * S);
	assert_true(attempts_crash_loop(a, now + 30 * S));
	assert_false(attempts_crash_loop(a, now + 10 * MIN));
	attempts_all_succeeded(a, now + 10 * MIN);
	assert_null(a->troubles);
}

static void dying_old_or_seldom_or_unasked_is_none(void **state)
{
	struct attempts *a = *state;
	uint64_t now = START;

	for (int i = 0; i < 5; i++) {
		attempts_started(a, now);
		assert_false(attempts_died(a, now += 61 * S));
		/* one that somebody else started */
		assert_false(attempts_died(a, now += S));
	}
	for (int i = 0; i < 5; i++) {
		attempts_started(a, now += 6 * MIN);
		assert_false(attempts_died(a, now += S));
	}
	assert_false(attempts_crash_loop(a, now));
}

static void a_start_that_went_well_costs_nothing(void **state)
{
	struct attempts *a = *state;

	attempts_started(a, START);
	attempts_all_succeeded(a, START + S);
	assert_non_null(a->troubles);
	attempts_all_succeeded(a, START + 60 * S);
	assert_null(a->troubles);
}

/* A round takes the time once, and a death is found in the middle of it. */
static void what_happened_just_now_holds_at_once(void **state)
{
	struct attempts *a = *state;

	for (int i = 0; i < 3; i++) {
		attempts_started(a, START + 5);
		attempts_died(a, START + 10);
		attempts_put_back(a, "cgroup", "pids.max", START + 10);
	}
	assert_true(attempts_crash_loop(a, START));
	about(attempts_hold_start(a, START), START, 10 * S);
	about(attempts_hold(a, "cgroup", "pids.max", START), START, S);
}

static void a_changed_manifest_clears_all(void **state)
{
	struct attempts *a = *state;
	struct attempt t;

	for (int i = 0; i < 3; i++) {
		attempts_failed(a, "cgroup", "memory.max", START, "busy");
		attempts_put_back(a, "cgroup", "memory.max", START);
		attempts_started(a, START);
		attempts_died(a, START + 1);
	}
	assert_true(attempts_crash_loop(a, START + 1));
	attempts_clear(a);
	assert_null(a->troubles);
	assert_false(attempts_failing(a, START + 1, &t));
	assert_false(attempts_contested(a, START + 1, &t));
	assert_false(attempts_crash_loop(a, START + 1));
	assert_int_equal(attempts_next(a, START + 1), 0);
	/* the name is still known */
	attempts_failed(a, NULL, NULL, START, "x");
	about(attempts_next(a, START), START, S);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(without_trouble_nothing_is_held),
	    TEST(failures_wait_longer_and_longer),
	    TEST(a_success_forgets_the_failures),
	    TEST(each_property_waits_for_itself),
	    TEST(the_last_reason_is_kept),
	    TEST(names_spread_the_retries),
	    TEST(the_same_name_waits_the_same),
	    TEST(put_back_three_times_is_contested),
	    TEST(contested_anew_is_said_anew),
	    TEST(now_and_then_is_not_contested),
	    TEST(the_longer_hold_counts),
	    TEST(dying_young_three_times_is_a_crash_loop),
	    TEST(dying_old_or_seldom_or_unasked_is_none),
	    TEST(a_start_that_went_well_costs_nothing),
	    TEST(what_happened_just_now_holds_at_once),
	    TEST(a_changed_manifest_clears_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
