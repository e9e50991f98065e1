#include "tests/reconciler/reload_fixture.h"

static void a_broken_file_keeps_what_was_good(void **state)
{
	struct fixture *f = *state;

	put(f, "instances/other.yaml", "config: {limits.memory: 1MiB}\n");
	put(f, "instances/a.yaml", "config: {limits.memory: 64MiB}\nstate: running\n");
	update_all(f);
	put(f, "instances/a.yaml", "config: {limits.memory: 64X}\nstate: stopped\n");
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a!* other");
	assert_string_equal(news(f), "a");
	demand_memory(f, "a", "64MiB");
	assert_int_equal(find(f, "a")->document->state, STATE_RUNNING);
	demand(said(f), "'64X' is not a size");
	assert_string_equal(
	    instance_held_reason(&reload_generation(f->r)->catalog, find(f, "a"), f->arena),
	    "its manifest has errors");
	/* broken otherwise, so that not even the syntax holds: no news, but said */
	put(f, "instances/a.yaml", "config: {limits.memory");
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a!* other");
	assert_string_equal(news(f), "");
	assert_string_not_equal(said(f), "");
	demand_memory(f, "a", "64MiB");
	assert_true(reload_generation(f->r)->partial);
	/* mended */
	put(f, "instances/a.yaml", "config: {limits.memory: 32MiB}\n");
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a other");
	assert_string_equal(news(f), "a");
	demand_memory(f, "a", "32MiB");
	assert_string_equal(standing(f), "");
	/* broken, then gone */
	put(f, "instances/a.yaml", "config: {limits.memory");
	update(f, "instances/a.yaml");
	drop(f, "instances/a.yaml");
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "other");
	assert_string_equal(news(f), "a");
	compare(f, "gone");
}

static void what_never_was_good_is_only_held_back(void **state)
{
	struct fixture *f = *state;

	put(f, "instances/a.yaml", "config: {limits.memory: 64X}\n");
	update_all(f);
	assert_string_equal(names(f), "a!");
	put(f, "instances/a.yaml", "config: {limits.memory: 65X}\n");
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a!");
	assert_string_equal(news(f), "");
	put(f, "instances/a.yaml", "config: {limits.memory: 65MiB}\n");
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a");
	assert_string_equal(news(f), "a");
}

static void a_broken_profile_keeps_its_users(void **state)
{
	struct fixture *f = *state;

	put(f, "profiles/p.yaml", "config: {limits.memory: 64MiB}\n");
	put(f, "instances/a.yaml", "profiles: [p]\n");
	put(f, "instances/b.yaml", "profiles: [p]\n");
	put(f, "instances/c.yaml", "profiles: []\n");
	update_all(f);
	put(f, "profiles/p.yaml", "config: {limits.memory: 64X}\n");
	update(f, "profiles/p.yaml");
	assert_string_equal(names(f), "a!* b!* c");
	assert_string_equal(news(f), "a b");
	demand_memory(f, "a", "64MiB");
	demand(said(f), "profile 'p' has errors and holds back 2 instances: a, b");
	assert_string_equal(
	    instance_held_reason(&reload_generation(f->r)->catalog, find(f, "b"), f->arena),
	    "profile 'p' has errors");
	/* a user's own file changes meanwhile: nothing of it counts yet */
	put(f, "instances/a.yaml", "profiles: [p]\nconfig: {limits.processes: 7}\n");
	update(f, "instances/a.yaml");
	assert_string_equal(news(f), "");
	assert_null(instance_text(find(f, "a"), "limits.processes"));
	/* a new user was never good */
	put(f, "instances/d.yaml", "profiles: [p]\n");
	update(f, "instances/d.yaml");
	assert_string_equal(names(f), "a!* b!* c d!");
	demand(said(f), "profile 'p' has errors and holds back 3 instances: a, b, d");
	put(f, "profiles/p.yaml", "config: {limits.memory: 65MiB}\n");
	update(f, "profiles/p.yaml");
	assert_string_equal(names(f), "a b c d");
	assert_string_equal(news(f), "a b d");
	demand_memory(f, "a", "65MiB");
	assert_string_equal(instance_text(find(f, "a"), "limits.processes"), "7");
	/* taken away */
	drop(f, "profiles/p.yaml");
	update(f, "profiles/p.yaml");
	assert_string_equal(names(f), "a!* b!* c d!*");
	demand_memory(f, "d", "65MiB");
	compare(f, "profile");
}

static void an_untrusted_file_keeps_what_was_good(void **state)
{
	struct fixture *f = *state;

	put(f, "instances/a.yaml", "config: {limits.memory: 64MiB}\n");
	put(f, "instances/b.yaml", "config: {limits.memory: 64MiB}\n");
	update_all(f);
	mode(f, "instances/a.yaml", 0664);
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a!* b");
	demand(said(f), "instances/a.yaml:0:0: 2 not applied: it belongs to uid");
	put(f, "instances/a.yaml", "config: {limits.memory: 1GiB}\n");
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a!* b");
	demand_memory(f, "a", "64MiB");
	/* whose name is taken over by somebody who is trusted */
	put(f, "instances/c.yaml", "name: a\nconfig: {limits.memory: 2GiB}\n");
	update(f, "instances/c.yaml");
	assert_string_equal(names(f), "a b");
	demand_memory(f, "a", "2GiB");
	drop(f, "instances/c.yaml");
	update(f, "instances/c.yaml");
	assert_string_equal(names(f), "a!* b");
	mode(f, "instances/a.yaml", 0644);
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a b");
	demand_memory(f, "a", "1GiB");
	/* a folder that others can write makes all below it untrusted */
	mode(f, "instances", 0777);
	update(f, "instances");
	assert_string_equal(names(f), "a!* b!*");
	demand(said(f), "instances:0:0: 2 not applied: it belongs");
	mode(f, "instances", 0755);
	update(f, "instances");
	assert_string_equal(names(f), "a b");
	assert_string_equal(standing(f), "");
	compare(f, "trust");
}

/* A file with errors may mean what it does not name any more. */
static void documents_of_a_broken_file_are_remembered(void **state)
{
	static const char good[] = "kind: instance\nname: a\nconfig: {limits.memory: 1MiB}\n---\n"
				   "kind: profile\nname: p\nconfig: {limits.memory: 2MiB}\n---\n"
				   "kind: instance\nname: b\nprofiles: [p]\n";
	struct fixture *f = *state;

	put(f, "all.yaml", good);
	put(f, "instances/c.yaml", "profiles: [p]\n");
	update_all(f);
	assert_string_equal(names(f), "a b c");
	put(f, "all.yaml", "kind: instance\nname: a\nconfig: {limits");
	update(f, "all.yaml");
	assert_string_equal(names(f), "a!* b!* c!*");
	demand_memory(f, "c", "2MiB");
	put(f, "all.yaml", "{");
	update(f, "all.yaml");
	update_all(f);
	assert_string_equal(names(f), "a!* b!* c!*");
	/* what moved elsewhere is not waited for */
	put(f, "instances/b.yaml", "config: {limits.memory: 3MiB}\nprofiles: []\n");
	update(f, "instances/b.yaml");
	assert_string_equal(names(f), "a!* b c!*");
	demand_memory(f, "b", "3MiB");
	drop(f, "instances/b.yaml");
	update(f, "instances/b.yaml");
	assert_string_equal(names(f), "a!* b!* c!*");
	put(f, "all.yaml", "kind: profile\nname: p\nconfig: {limits.memory: 4MiB}\n");
	update(f, "all.yaml");
	assert_string_equal(names(f), "c");
	assert_string_equal(news(f), "a b c");
	demand_memory(f, "c", "4MiB");
	compare(f, "remembered");
}

static void what_is_no_file_any_more_is_remembered(void **state)
{
	struct fixture *f = *state;

	put(f, "instances/a.yaml", "config: {limits.memory: 64MiB}\n");
	update_all(f);
	drop(f, "instances/a.yaml");
	assert_int_equal(mkfifo(path_of(f, "instances/a.yaml"), 0644), 0);
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a!*");
	demand(said(f), "is a FIFO: not read");
	update_all(f);
	assert_string_equal(names(f), "a!*");
	/* it stands, but nobody has to hear it again */
	assert_string_equal(said(f), "");
	demand(standing(f), "is a FIFO: not read");
	drop(f, "instances/a.yaml");
	put(f, "instances/a.yaml", "config: {limits.memory: 63MiB}\n");
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a");
	demand_memory(f, "a", "63MiB");
	compare(f, "fifo");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_broken_file_keeps_what_was_good),
	    TEST(what_never_was_good_is_only_held_back),
	    TEST(a_broken_profile_keeps_its_users),
	    TEST(an_untrusted_file_keeps_what_was_good),
	    TEST(documents_of_a_broken_file_are_remembered),
	    TEST(what_is_no_file_any_more_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
