#include "reconciler/gone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define MANY 1000

static const char *nth(unsigned i)
{
	static char name[32];

	snprintf(name, sizeof(name), "web-%u", i * 7919 % MANY);
	return name;
}

static void who_is_back_is_not_gone(void **state)
{
	struct gone g = {0};

	(void)state;
	assert_false(gone_has(&g, "web"));
	gone_drop(&g, "web");
	for (unsigned i = 0; i < MANY; i++)
		gone_add(&g, nth(i));
	gone_add(&g, nth(3));
	assert_int_equal(g.n, MANY);
	for (unsigned i = 0; i < MANY; i += 2)
		gone_drop(&g, nth(i));
	assert_int_equal(g.n, MANY / 2);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(gone_has(&g, nth(i)), i % 2);
	assert_false(gone_has(&g, "web"));
	gone_free(&g);
	assert_int_equal(g.n, 0);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(who_is_back_is_not_gone)};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
