#include "reconciler/leaves.h"
#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* As a walk meets them: folder by folder, each sorted by name. */
static const char *const order[] = {
    "", "a", "a/b", "a/b/c", "a/c", "a!", "a.yml", "a.yml/", "a.yml/x", "aa", "aa/b", "\xc3\xa4",
};
#define N (sizeof(order) / sizeof(*order))

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void paths_are_in_the_order_of_a_walk(void **state)
{
	(void)state;
	for (size_t i = 0; i < N; i++) {
		for (size_t k = 0; k < N; k++) {
			if (sign(leaves_compare_paths(order[i], order[k])) != sign((int)i - (int)k))
				fail_msg("'%s' and '%s'", order[i], order[k]);
		}
	}
}

static void below_is_by_whole_names(void **state)
{
	static const struct {
		const char *path, *folder;
		bool below;
	} cases[] = {
	    {"a/b",   "a",   true },
            {"a",     "a",   true },
            {"ab",    "a",   false},
	    {"a.yml", "a",   false},
            {"a",     "",    true },
            {"",      "",    true },
	    {"a",     "a/b", false},
            {"a/bc",  "a/b", false},
            {"",      "a",   false},
	    {"a/b/c", "a",   true },
            {"a/b/c", "a/b", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (leaves_below(cases[i].path, cases[i].folder) != cases[i].below)
			fail_msg("'%s' below '%s'", cases[i].path, cases[i].folder);
	}
}

static void ranges_are_found(void **state)
{
	static const struct {
		const char *path;
		size_t first, n;
	} cases[] = {
	    {"",         0,  N},
            {"a",        1,  4},
            {"a/b",      2,  2},
            {"a/b/c",    3,  1},
	    {"a.yml",    6,  3},
            {"b",        11, 0},
            {"a/bb",     4,  0},
            {"\xc3\xa4", 11, 1}
        };
	struct leaves ls = {.arena = arena_new()};
	struct leaf *come[N];

	(void)state;
	for (size_t i = 0; i < N; i++)
		come[i] = leaves_make(&ls, order[i], NULL);
	leaves_edit(&ls, NULL, 0, come, N);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t n, first = leaves_range(&ls, cases[i].path, &n);

		assert_int_equal(n, cases[i].n);
		assert_int_equal(first, cases[i].first);
	}
	assert_ptr_equal(leaves_find(&ls, "aa"), ls.items[9]);
	assert_ptr_equal(leaves_find(&ls, "aa/b"), ls.items[10]);
	assert_ptr_equal(leaves_find(&ls, "a"), ls.items[1]);
	assert_null(leaves_find(&ls, "ab"));
	leaves_close(&ls);
	arena_free(ls.arena);
}

static struct leaf *leaf_of(struct leaves *ls, const char *text)
{
	struct arena *a = arena_new();
	struct diagnostics ds;
	struct leaf *l;

	diagnostics_init(&ds, a);
	l = leaves_make(ls, "x.yaml",
			manifest_from_bytes("x.yaml", text, strlen(text),
					    manifest_hints_from_path("x.yaml"), &ds));
	l->faulty = ds.errors > 0;
	l->trusted = true;
	arena_free(a);
	return l;
}

static void what_is_not_named_any_more_is_remembered(void **state)
{
	struct leaves ls = {.arena = arena_new()};
	struct leaf *first = leaf_of(&ls, "kind: instance\nname: a\n---\nkind: profile\nname: a\n");
	struct leaf *second = leaf_of(&ls, "kind: instance\nname: a\nconfig: {x");
	struct leaf *third = leaf_of(&ls, "{");
	struct document *all[4];

	(void)state;
	leaves_remember(second, first);
	assert_int_equal(leaves_documents(second, all), 2);
	assert_int_equal(all[1]->kind, KIND_PROFILE);
	assert_true(all[1]->broken && all[1]->faulty && all[1]->doubted);
	/* it outlives the file as it was */
	leaves_free(&ls, first);
	assert_string_equal(all[1]->name, "a");
	leaves_remember(third, second);
	leaves_free(&ls, second);
	assert_int_equal(leaves_documents(third, all), 2);
	assert_string_equal(all[0]->name, "a");
	assert_string_equal(all[1]->name, "a");
	leaves_free(&ls, third);
	leaves_close(&ls);
	arena_free(ls.arena);
}

static void what_is_stale_is_doubted_until_it_is_seen(void **state)
{
	struct leaves ls = {.arena = arena_new()};
	struct leaf *l = leaf_of(&ls, "kind: instance\nname: a\n");

	(void)state;
	leaves_doubt(l, true);
	assert_true(l->stale && l->manifest->documents[0].doubted);
	assert_false(l->manifest->documents[0].broken);
	leaves_doubt(l, false);
	assert_false(l->stale || l->manifest->documents[0].doubted);
	l->trusted = false;
	leaves_doubt(l, false);
	assert_true(l->manifest->documents[0].doubted);
	leaves_free(&ls, l);
	leaves_close(&ls);
	arena_free(ls.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(paths_are_in_the_order_of_a_walk),
	    cmocka_unit_test(below_is_by_whole_names),
	    cmocka_unit_test(ranges_are_found),
	    cmocka_unit_test(what_is_not_named_any_more_is_remembered),
	    cmocka_unit_test(what_is_stale_is_doubted_until_it_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
