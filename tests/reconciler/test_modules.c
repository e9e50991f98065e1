#include "reconciler/modules.h"
#include "tests/limits/fixture.h"

static struct property observe(const char *name, struct arena *a)
{
	struct property item = {.object = "modules", .attribute = name};
	struct properties asked = {.arena = a, .items = &item, .n = 1}, out;
	struct container c = {.arena = a};

	properties_init(&out, a);
	modules_driver.observe(&c, &asked, &out);
	assert_int_equal(out.n, 1);
	return out.items[0];
}

static void each_name_is_a_property(void **state)
{
	const char *lines[] = {"linux.kernel_modules=overlay, nf-nat ,br_netfilter", NULL};
	static const char *const want[] = {"overlay", "nf-nat", "br_netfilter"};
	struct arena *a = arena_new();
	struct world_instance wi = {.instance = fixture_instance(a, lines)};
	struct world w = {.arena = a};
	struct properties out;

	(void)state;
	properties_init(&out, a);
	modules_driver.desire(&w, &wi, &out);
	assert_int_equal(out.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(out.items[i].attribute, want[i]);
		assert_string_equal(out.items[i].value, "loaded");
	}
	arena_free(a);
}

/* The kernel itself has a folder for its parameters: what is built in counts as loaded. */
static void built_in_is_loaded(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	if (access("/sys/module/kernel", F_OK) == 0)
		assert_string_equal(observe("kernel", a).value, "loaded");
	assert_int_equal(observe("ek_no_such_module", a).certainty, CERTAIN_ABSENT);
	assert_int_equal(observe("..", a).certainty, CERTAIN_ABSENT);
	assert_int_equal(observe("../module", a).certainty, CERTAIN_ABSENT);
	arena_free(a);
}

static void what_cannot_be_loaded_says_why(void **state)
{
	struct arena *a = arena_new();
	struct container c = {.arena = a};
	struct change change = {
	    .object = "modules", .attribute = "ek_no_such_module", .to = "loaded"};
	struct change *one = &change;

	(void)state;
	modules_driver.apply(&c, &one, 1);
	assert_int_equal(change.verdict, VERDICT_FAILED);
	assert_non_null(strstr(change.error, "ek_no_such_module"));
	assert_non_null(strstr(change.error, "/lib/modules/"));
	arena_free(a);
}

/* Never unloaded: what holds is what it goes back to. */
static void nothing_is_put_back(void **state)
{
	struct property owned = {.object = "modules", .attribute = "overlay"};

	(void)state;
	assert_string_equal(modules_driver.base(NULL, &owned, NULL), "loaded");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_name_is_a_property),
	    cmocka_unit_test(built_in_is_loaded),
	    cmocka_unit_test(what_cannot_be_loaded_says_why),
	    cmocka_unit_test(nothing_is_put_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
