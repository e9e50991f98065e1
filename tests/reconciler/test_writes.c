/* Each thread's writes are heard by its own listener. */
#include "reconciler/writes.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void remember(void *context, const char *what, const char *value, int error)
{
	snprintf(context, 64, "%s=%s %d", what, value, error);
}

static void they_are_counted_and_told(void **state)
{
	char last[64] = "";
	struct writes w = {.say = remember, .context = last};

	(void)state;
	assert_null(writes_heard_by(&w));
	writes_note("memory.max", "1", 0);
	writes_note("pids.max", "2", 22);
	assert_int_equal(w.n, 2);
	assert_string_equal(last, "pids.max=2 22");
	assert_ptr_equal(writes_heard_by(NULL), &w);
	writes_note("memory.max", "1", 0);
	assert_int_equal(w.n, 2);
}

static void *write_much(void *data)
{
	struct writes w = {0};

	writes_note("nobody", "hears", 0);
	writes_heard_by(&w);
	for (size_t i = 0; i < 10000; i++)
		writes_note("memory.max", "1", 0);
	writes_heard_by(NULL);
	*(size_t *)data = w.n;
	return NULL;
}

static void threads_do_not_hear_each_other(void **state)
{
	struct writes mine = {0};
	size_t counts[3];
	pthread_t threads[3];

	(void)state;
	writes_heard_by(&mine);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_much, &counts[i]), 0);
	writes_note("memory.max", "1", 0);
	for (size_t i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(counts[i], 10000);
	}
	assert_int_equal(mine.n, 1);
	writes_heard_by(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(they_are_counted_and_told),
	    cmocka_unit_test(threads_do_not_hear_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
