#include "net/link.h"
#include "schema/arena.h"

#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void names_what_the_kernel_names(void **state)
{
	struct arena *a = arena_new();
	struct if_nameindex *known = if_nameindex();
	struct link_name *links = NULL;
	size_t n = 0, i = 0;

	(void)state;
	assert_non_null(known);
	assert_int_equal(link_list(a, &links, &n), 0);
	for (const struct if_nameindex *k = known; k->if_index; k++) {
		for (i = 0; i < n && links[i].index != (int)k->if_index; i++)
			;
		assert_true(i < n);
		assert_string_equal(links[i].name, k->if_name);
	}
	if_freenameindex(known);
	arena_free(a);
}

static void is_sorted_by_index_without_repetition(void **state)
{
	struct arena *a = arena_new();
	struct link_name *links = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(link_list(a, &links, &n), 0);
	assert_true(n >= 1);
	for (size_t i = 1; i < n; i++)
		assert_true(links[i - 1].index < links[i].index);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_what_the_kernel_names),
	    cmocka_unit_test(is_sorted_by_index_without_repetition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
