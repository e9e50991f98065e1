#include "reconciler/findings.h"
#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct source a = {.name = "a.yaml"}, b = {.name = "b.yaml"};

static struct diagnostic finding(const struct source *file, uint32_t line, const char *message)
{
	return (struct diagnostic){
	    SEVERITY_ERROR, {file, line, 1},
             message, NULL, NULL
        };
}

static void a_line_that_moved_is_no_difference(void **state)
{
	const struct diagnostic items[] = {finding(&a, 1, "x"), finding(NULL, 0, "y")};
	struct diagnostic other;

	(void)state;
	other = finding(&a, 7, "x");
	assert_true(findings_among(items, 2, &other));
	other = finding(NULL, 0, "y");
	assert_true(findings_among(items, 2, &other));
	other = finding(&b, 1, "x");
	assert_false(findings_among(items, 2, &other));
	other = finding(&a, 1, "z");
	assert_false(findings_among(items, 2, &other));
	other = finding(&a, 1, "x");
	other.instance = "web1";
	assert_false(findings_among(items, 2, &other));
	other.instance = NULL;
	other.severity = SEVERITY_WARNING;
	assert_false(findings_among(items, 2, &other));
	other.severity = SEVERITY_ERROR;
	other.hint = "do";
	assert_false(findings_among(items, 2, &other));
}

static void what_is_new_is_taken(void **state)
{
	struct arena *arena = arena_new();
	struct diagnostics before, now, out;

	(void)state;
	diagnostics_init(&before, arena);
	diagnostics_init(&now, arena);
	diagnostics_init(&out, arena);
	findings_take_new(&out, &before, &now);
	assert_int_equal(out.n, 0);
	diagnostic_error(&before, (struct place){&b, 1, 1}, "old");
	diagnostic_warning(&before, (struct place){&a, 1, 1}, "gone");
	diagnostic_warning(&now, (struct place){&a, 1, 1}, "new");
	diagnostic_error(&now, (struct place){&b, 3, 1}, "old");
	diagnostic_error(&now, NOWHERE, "anywhere");
	findings_take_new(&out, &before, &now);
	assert_int_equal(out.n, 2);
	assert_string_equal(out.items[0].message, "new");
	assert_string_equal(out.items[1].message, "anywhere");
	assert_int_equal(out.errors, 1);
	assert_int_equal(out.warnings, 1);
	arena_free(arena);
}

static void copies_outlive_what_they_are_of(void **state)
{
	struct arena *mine = arena_new(), *theirs = arena_new();
	struct source *file = arena_alloc(theirs, sizeof(*file));
	struct diagnostics from, to;

	(void)state;
	file->name = arena_strdup(theirs, "c.yaml");
	diagnostics_init(&from, theirs);
	diagnostics_init(&to, mine);
	diagnostic_error(&from, (struct place){file, 2, 3}, "number %d", 7);
	diagnostic_hint(&from, "do");
	diagnostic_for(&from, "web1");
	findings_copy(&to, &from);
	arena_free(theirs);
	assert_int_equal(to.n, 1);
	assert_string_equal(to.items[0].place.source->name, "c.yaml");
	assert_int_equal(to.items[0].place.line, 2);
	assert_string_equal(to.items[0].message, "number 7");
	assert_string_equal(to.items[0].hint, "do");
	assert_string_equal(to.items[0].instance, "web1");
	arena_free(mine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_that_moved_is_no_difference),
	    cmocka_unit_test(what_is_new_is_taken),
	    cmocka_unit_test(copies_outlive_what_they_are_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
