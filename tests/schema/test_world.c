#include "schema/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void instances_are_found_by_name(void **state)
{
	struct instance a = {.name = "a"}, b = {.name = "b"}, web = {.name = "web1"};
	struct world_instance items[] = {{.instance = &a}, {.instance = &b}, {.instance = &web}};
	struct world w = {.instances = items, .n = 3}, empty = {0};

	(void)state;
	assert_ptr_equal(world_find(&w, "a"), &items[0]);
	assert_ptr_equal(world_find(&w, "b"), &items[1]);
	assert_ptr_equal(world_find(&w, "web1"), &items[2]);
	assert_null(world_find(&w, "web"));
	assert_null(world_find(&w, ""));
	assert_null(world_find(&empty, "a"));
}

static void statuses_have_the_words_of_the_contract(void **state)
{
	static const char *const words[] = {"missing", "stopped", "starting", "running", "frozen"};

	(void)state;
	for (int i = STATUS_MISSING; i <= STATUS_FROZEN; i++)
		assert_string_equal(status_name((enum status)i), words[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(instances_are_found_by_name),
	    cmocka_unit_test(statuses_have_the_words_of_the_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
