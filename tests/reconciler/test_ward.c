#include "reconciler/ward.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void clear(struct wards *w)
{
	while (w->n)
		ward_remove(w, w->items[0]);
	free(w->items);
}

static void names_stay_sorted(void **state)
{
	static const char *const names[] = {"web2", "db1", "web1", "a", "web10", "db1"};
	static const char *const sorted[] = {"a", "db1", "web1", "web10", "web2"};
	struct wards w = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_string_equal(ward_add(&w, names[i])->name, names[i]);
	assert_int_equal(w.n, 5);
	for (size_t i = 0; i < w.n; i++)
		assert_string_equal(w.items[i]->name, sorted[i]);
	assert_null(ward_find(&w, "web"));
	ward_remove(&w, ward_find(&w, "web1"));
	assert_null(ward_find(&w, "web1"));
	assert_ptr_equal(ward_find(&w, "web10"), w.items[2]);
	clear(&w);
}

static void the_next_behind_a_name(void **state)
{
	struct wards w = {0};

	(void)state;
	assert_int_equal(wards_behind(&w, NULL), 0);
	assert_int_equal(wards_behind(&w, "a"), 0);
	ward_add(&w, "b");
	ward_add(&w, "d");
	assert_int_equal(wards_behind(&w, NULL), 0);
	assert_int_equal(wards_behind(&w, "a"), 0);
	assert_int_equal(wards_behind(&w, "b"), 1);
	assert_int_equal(wards_behind(&w, "c"), 1);
	assert_int_equal(wards_behind(&w, "d"), 2);
	assert_int_equal(wards_behind(&w, "e"), 2);
	clear(&w);
}

static void many_come_and_go(void **state)
{
	struct wards w = {0};
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "c%u", i * 7919 % 1000);
		ward_add(&w, name);
	}
	assert_int_equal(w.n, 1000);
	for (unsigned i = 0; i < 1000; i += 2) {
		snprintf(name, sizeof(name), "c%u", i);
		ward_remove(&w, ward_find(&w, name));
	}
	assert_int_equal(w.n, 500);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		assert_int_equal(ward_find(&w, name) != NULL, i % 2);
	}
	clear(&w);
}

static void the_balancers_answer_is_a_copy(void **state)
{
	static const struct ranges none;
	struct range items[] = {
	    {0, 1},
            {4, 4}
        };
	struct ranges given = {items, 2};
	char refused[] = "no CPUs";
	struct wards w = {0};
	struct ward *ward = ward_add(&w, "web1");

	(void)state;
	ward_set_cpus(ward, &given, refused);
	items[0].last = 99;
	refused[0] = '?';
	assert_int_equal(ward->cpus.n, 2);
	assert_int_equal(ward->cpus.items[0].last, 1);
	assert_string_equal(ward->cpus_refused, "no CPUs");
	ward_set_cpus(ward, &none, NULL);
	assert_int_equal(ward->cpus.n, 0);
	assert_null(ward->cpus_refused);
	clear(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_stay_sorted),
	    cmocka_unit_test(the_next_behind_a_name),
	    cmocka_unit_test(many_come_and_go),
	    cmocka_unit_test(the_balancers_answer_is_a_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
