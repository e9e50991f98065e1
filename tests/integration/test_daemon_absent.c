/* state: absent destroys without asking: only where all manifests could be read. */
#include "tests/integration/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define UNSURE "is not destroyed while a part of the manifests cannot be read"

static void ask_away(const struct actor *a)
{
	harness_manifest(a->h, a->file, "kind: instance\nname: %s\nprofiles: []\nstate: absent\n",
			 a->name);
}

static bool exists(const struct actor *a)
{
	return harness_read(a->h, "%s/%s/config", a->h->lxcpath, a->name) != NULL;
}

/* The file that cannot be read may be the one that says otherwise. */
static void nothing_is_destroyed_beside_a_broken_file(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "away", NULL), other = stage_actor(h, "other", NULL);
	struct daemon *d;

	stage_ask(&a, "100", NULL);
	stage_ask(&other, "100", NULL);
	d = daemon_start(h, NULL);
	harness_manifest(h, "instances/broken.yaml", "kind: instance\nname: [\n");
	ask_away(&a);
	stage_turn(d, &other, "101", NULL);
	daemon_await(d, daemon_holds(d, a.name, "failing", UNSURE));
	daemon_reload(d);
	assert_int_not_equal(harness_init(h, a.name), 0);
	harness_manifest(h, "instances/broken.yaml", "kind: profile\nname: mended\n");
	daemon_await(d, !exists(&a));
	daemon_stop(d);
}

/* It was destroyed as it should be, and somebody made it anew. */
static void the_last_good_manifest_destroys_nothing(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "again", NULL);
	struct daemon *d;

	ask_away(&a);
	d = daemon_start(h, NULL);
	daemon_await(d, !exists(&a));
	daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
	harness_manifest(h, a.file,
			 "kind: instance\nname: %s\nprofiles: []\nstate: absent\n"
			 "config: {limits.memory: much}\n",
			 a.name);
	daemon_await(d, daemon_holds(d, a.name, "held-back", NULL));
	daemon_mark(d);
	harness_create(h, a.name, NULL);
	harness_start(h, a.name);
	daemon_reload(d);
	daemon_await(d, daemon_holds(d, a.name, "held-back", NULL));
	assert_true(exists(&a));
	assert_int_not_equal(harness_init(h, a.name), 0);
	assert_int_equal(daemon_count(d, "destroyed"), 0);
	ask_away(&a);
	daemon_await(d, !exists(&a));
	daemon_stop(d);
}

/* It hears no signal that would stop it, so that a stop takes its time. */
static void deaf_actor(struct harness *h, const char *tag)
{
	struct actor a = stage_actor(h, tag, "lxc.signal.halt = SIGURG\n");

	harness_manifest(h, a.file,
			 "kind: instance\nname: %s\nprofiles: []\nstate: stopped\n"
			 "config: {boot.host_shutdown_timeout: 3}\n",
			 a.name);
}

/* As many jobs as there are places for are under way: a later one waits, and is called off. */
static void a_job_that_has_not_begun_is_called_off(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "away", NULL);
	struct daemon *d;

	stage_ask(&a, "100", NULL);
	d = daemon_start(h, NULL);
	for (int i = 0; i < 4; i++)
		deaf_actor(h, arena_printf(h->arena, "deaf%d", i));
	daemon_nap(200);
	ask_away(&a);
	daemon_nap(200);
	stage_turn(d, &a, "101", NULL);
	daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
	assert_int_not_equal(harness_init(h, a.name), 0);
	assert_int_equal(daemon_count_both(d, a.name, "stopped"), 0);
	daemon_stop(d);
}

static const struct CMUnitTest tests[] = {
    stage_test(nothing_is_destroyed_beside_a_broken_file),
    stage_test(a_job_that_has_not_begun_is_called_off),
    stage_test(the_last_good_manifest_destroys_nothing),
};

int main(void)
{
	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
