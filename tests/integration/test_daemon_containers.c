/*
 * The daemon and living containers: started, stopped, rebooted, frozen and destroyed by others;
 * limits turned by hand; states that are kept; crash loops; restarts in turn. Full passes are
 * switched off where an event is to be what counts.
 */
#include "tests/integration/stage.h"
#include "tests/skip.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NO_RESYNC "--resync", "0"

static const char *cpuset(struct harness *h, const char *name)
{
	return witness_knob(h, name, "cpuset", "cpuset.cpus", NULL);
}

/* limits.cpu holds from the first pass after a start, limits.processes is in the boot file. */
static void ask_for_cpu(const struct actor *a, const char *more)
{
	stage_ask(a, "100", arena_printf(a->h->arena, "  limits.cpu: 0-0\n%s", more ? more : ""));
}

static bool frozen(const struct actor *a)
{
	char *state = harness_cgroup(a->h, a->name, "freezer", "freezer.state", "cgroup.freeze");

	return state && (strcmp(state, "FROZEN") == 0 || strcmp(state, "1") == 0);
}

static void lxc(const struct actor *a, const char *program)
{
	char *output;

	if (harness_run(a->h, &output, program, "-P", a->h->lxcpath, "-n", a->name, NULL) != 0)
		fail_msg("%s %s: %s", program, a->name, output);
}

/* By somebody else's lxc-start, again and again: what a boot file cannot hold comes at once. */
static void a_start_by_others_is_noticed(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "start", NULL);
	struct daemon *d;

	ask_for_cpu(&a, NULL);
	d = daemon_start(h, NO_RESYNC, NULL);
	daemon_await(d, witness_is(cpuset(h, a.name), "0")); /* a thread's: ready does not wait */
	for (int i = 0; i < 4; i++) {
		harness_stop(h, a.name);
		daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
		harness_start(h, a.name);
		stage_again(&a);
		assert_true(witness_is(a.pids, "100")); /* by the boot file */
		daemon_await(d, witness_is(cpuset(h, a.name), "0"));
	}
	/* one that is new to everybody */
	stage_expect_in_sync(d);
	daemon_stop(d);
}

/* A manifest first, the container later; destroyed, and made again. */
static void containers_come_and_go(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = {.h = h, .name = harness_name(h, "later"), .file = "instances/later.yaml"};
	struct daemon *d;

	ask_for_cpu(&a, NULL);
	d = daemon_start(h, NO_RESYNC, NULL);
	for (int i = 0; i < 2; i++) {
		daemon_await(d, daemon_holds(d, a.name, "failing", "there is no container"));
		harness_create(h, a.name, NULL);
		harness_start(h, a.name);
		daemon_await(d, witness_is(cpuset(h, a.name), "0"));
		daemon_await(d, witness_is(witness_pids(h, a.name), "100"));
		harness_destroy(h, a.name);
	}
	daemon_stop(d);
}

/* Reboot from within: another init, the same monitor. */
static void a_reboot_inside_is_noticed(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "reboot", NULL);
	struct daemon *d;

	ask_for_cpu(&a, NULL);
	d = daemon_start(h, NO_RESYNC, NULL);
	for (int i = 0; i < 3; i++) {
		pid_t init = harness_init(h, a.name);

		assert_int_equal(kill(init, SIGTERM), 0); /* busybox init reboots */
		daemon_await(d, harness_init(h, a.name) != init && harness_init(h, a.name) > 0);
		daemon_await(d, harness_cgroup_path(h, a.name, "pids") &&
				    witness_is(cpuset(h, a.name), "0"));
		stage_again(&a);
		daemon_await(d, witness_is(a.pids, "100"));
		stage_turn(d, &a, "101", "  limits.cpu: 0-0\n");
		stage_turn(d, &a, "100", "  limits.cpu: 0-0\n");
	}
	stage_expect_in_sync(d);
	daemon_stop(d);
}

/* What was meant for one run is not done to the next. */
static void states_are_kept(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "keep", NULL);
	struct daemon *d;

	/* none asked for: as it is */
	stage_ask(&a, "100", NULL);
	d = daemon_start(h, NO_RESYNC, NULL);
	lxc(&a, "lxc-freeze");
	stage_turn(d, &a, "101", NULL);
	assert_true(frozen(&a));
	lxc(&a, "lxc-unfreeze");
	/* running: also against freezing and stopping by hand */
	stage_turn(d, &a, "102", "state: running\n");
	lxc(&a, "lxc-freeze");
	daemon_await(d, !frozen(&a));
	for (int i = 0; i < 2; i++) {
		pid_t init = harness_init(h, a.name);

		harness_run(h, NULL, "lxc-stop", "-k", "-P", h->lxcpath, "-n", a.name, NULL);
		daemon_await(d, harness_init(h, a.name) > 0 && harness_init(h, a.name) != init);
		daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
	}
	/* frozen */
	stage_ask(&a, "103", "state: frozen\n");
	daemon_await(d, frozen(&a));
	lxc(&a, "lxc-unfreeze");
	daemon_await(d, frozen(&a));
	daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
	stage_again(&a);
	assert_true(witness_is(a.pids, "103"));
	/* stopped: also against a start by hand */
	stage_ask(&a, "104", "  boot.host_shutdown_timeout: 1\nstate: stopped\n");
	daemon_await(d, harness_init(h, a.name) == 0);
	daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
	harness_try_start(h, a.name, NULL);
	daemon_await(d, harness_init(h, a.name) == 0);
	stage_ask(&a, "105", "state: running\n");
	daemon_await(d, harness_init(h, a.name) > 0);
	daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
	stage_again(&a);
	assert_true(witness_is(a.pids, "105"));
	stage_expect_in_sync(d);
	daemon_stop(d);
}

/* Made from nothing, and unmade, by the daemon. */
static void the_life_of_an_instance(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = {.h = h, .name = harness_name(h, "born"), .file = "instances/born.yaml"};
	struct daemon *d = daemon_start(h, NO_RESYNC, NULL);

	stage_ask(&a, "100", "source: {template: busybox}\nstate: running\n");
	daemon_await(d, harness_init(h, a.name) > 0);
	daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
	stage_again(&a);
	assert_true(witness_is(a.pids, "100"));
	stage_turn(d, &a, "101", "source: {template: busybox}\nstate: running\n");
	stage_ask(&a, "101", "state: absent\n");
	daemon_await(d, !harness_read(h, "%s/%s/config", h->lxcpath, a.name));
	assert_int_equal(harness_init(h, a.name), 0);
	stage_expect_in_sync(d);
	daemon_stop(d);
}

/* ---- hooks that tell of starts ---- */

static const char *diary(struct harness *h)
{
	const char *text = harness_read(h, "%s/diary", h->root);

	return text ? text : "";
}

/* Config lines that note each start and stop of TAG in the diary; a start fails while the file
 * TAG.broken is there. */
static const char *noted(struct harness *h, const char *tag)
{
	const char *script = arena_printf(h->arena, "%s/hook-%s", h->root, tag);

	harness_write(h, script,
		      arena_printf(h->arena,
				   "#!/bin/sh\necho $1 >> %s/diary\n"
				   "[ $1 != start-%s ] || [ ! -e %s/%s.broken ]\n",
				   h->root, tag, h->root, tag));
	assert_int_equal(chmod(script, 0755), 0);
	return arena_printf(h->arena,
			    "lxc.hook.pre-start = %s start-%s\n"
			    "lxc.hook.post-stop = %s stop-%s\n",
			    script, tag, script, tag);
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		n++;
	}
	return n;
}

static void expect_diary(struct harness *h, const char *text)
{
	if (strcmp(diary(h), text) != 0)
		fail_msg("the diary is:\n%sinstead of:\n%s", diary(h), text);
}

/* Its init ends at once: reported, and started less and less often. */
static void a_crash_loop_is_not_fed(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = {.h = h, .name = harness_name(h, "crash"), .file = "instances/crash.yaml"};
	struct actor b = stage_actor(h, "fine", NULL);
	struct daemon *d;
	size_t starts;

	unlink(arena_printf(h->arena, "%s/diary", h->root));
	harness_create(h, a.name,
		       arena_printf(h->arena, "%slxc.init.cmd = /bin/true\n", noted(h, "crash")));
	stage_ask(&a, "100", "state: running\n");
	stage_ask(&b, "100", NULL);
	d = daemon_start(h, NO_RESYNC, NULL);
	daemon_await(d, daemon_holds(d, a.name, "failing", NULL));
	daemon_await(d, count(diary(h), "start-crash") >= 3);
	daemon_await(d, daemon_said(d, "crash"));
	daemon_nap(500);
	starts = count(diary(h), "start-crash");
	/* by the contract the next is 10 s away */
	daemon_nap(3000);
	if (count(diary(h), "start-crash") > starts + 1)
		fail_msg("it is fed: %zu starts, then %zu:\n%s", starts,
			 count(diary(h), "start-crash"), daemon_words(d));
	daemon_await(d, daemon_holds(d, a.name, "failing", NULL));
	/* the others do not notice */
	stage_turn(d, &b, "101", NULL);
	/* a changed manifest is a new chance, at once */
	starts = count(diary(h), "start-crash");
	stage_ask(&a, "101", "state: running\n");
	daemon_await(d, count(diary(h), "start-crash") > starts);
	stage_ask(&a, "101", "state: stopped\n");
	daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
	daemon_stop(d);
}

/* restart: allowed is one at a time, each whole before the next, and not beyond the first that
 * fails. */
static void restarts_are_made_in_turn(void **state)
{
	static const char *const tags[] = {"r1", "r2", "r3"};
	struct harness *h = stage_begin(state);
	struct actor actors[3];
	struct daemon *d;
	pid_t inits[3];

	harness_manifest(h, "profiles/p.yaml", "config: {environment.A: one}\n");
	for (int i = 0; i < 3; i++) {
		actors[i] = stage_actor(h, tags[i], noted(h, tags[i]));
		harness_manifest(h, actors[i].file,
				 "name: %s\nprofiles: [p]\nrestart: allowed\n"
				 "config: {limits.cpu: 0-0, boot.host_shutdown_timeout: 1}\n",
				 actors[i].name);
	}
	unlink(arena_printf(h->arena, "%s/diary", h->root));
	d = daemon_start(h, NO_RESYNC, NULL);
	daemon_await(d, count(diary(h), "start-") == 3);
	for (int i = 0; i < 3; i++)
		daemon_await(d, daemon_holds(d, actors[i].name, "in-sync", NULL));
	expect_diary(h, "stop-r1\nstart-r1\nstop-r2\nstart-r2\nstop-r3\nstart-r3\n");

	for (int i = 0; i < 3; i++)
		inits[i] = harness_init(h, actors[i].name);
	unlink(arena_printf(h->arena, "%s/diary", h->root));
	harness_write(h, arena_printf(h->arena, "%s/r2.broken", h->root), "");
	harness_manifest(h, "profiles/p.yaml", "config: {environment.A: two}\n");
	daemon_await(d, daemon_holds(d, actors[1].name, "failing", NULL));
	daemon_await(d, daemon_holds(d, actors[0].name, "in-sync", NULL));
	daemon_nap(1500);
	assert_int_not_equal(harness_init(h, actors[0].name), inits[0]);
	/* the third keeps running as it was, and waits */
	assert_int_equal(harness_init(h, actors[2].name), inits[2]);
	assert_true(daemon_holds(d, actors[2].name, "pending-restart", NULL));
	assert_int_equal(count(diary(h), "r3"), 0);
	/* mended: whom we stopped we start; the others go on when somebody says so */
	unlink(arena_printf(h->arena, "%s/r2.broken", h->root));
	daemon_await(d, harness_init(h, actors[1].name) > 0);
	daemon_await(d, daemon_holds(d, actors[1].name, "in-sync", NULL));
	assert_int_equal(harness_init(h, actors[2].name), inits[2]);
	daemon_reload(d);
	daemon_await(d, daemon_holds(d, actors[2].name, "in-sync", NULL));
	assert_int_not_equal(harness_init(h, actors[2].name), inits[2]);
	stage_expect_in_sync(d);
	daemon_stop(d);
}

/* Without restart: allowed nothing restarts, and what waits is told with its values. */
static void nothing_restarts_behind_ones_back(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "waits", NULL);
	const json_t *pending;
	json_t *standing;
	struct daemon *d;
	pid_t init = harness_init(h, a.name);

	stage_ask(&a, "100", NULL);
	d = daemon_start(h, NO_RESYNC, NULL);
	stage_turn(d, &a, "101", "  environment.GREETING: hello\n");
	daemon_await(d, daemon_holds(d, a.name, "pending-restart", NULL));
	daemon_reload(d);
	assert_int_equal(harness_init(h, a.name), init);
	standing = daemon_standing(d, a.name);
	pending = json_array_get(json_object_get(standing, "pending"), 0);
	assert_true(json_is_null(json_object_get(pending, "now")));
	assert_non_null(json_string_value(json_object_get(pending, "after_restart")));
	assert_string_equal(json_string_value(json_object_get(pending, "key")),
			    "environment.GREETING");
	json_decref(standing);
	/* somebody restarts it: noticed */
	harness_stop(h, a.name);
	harness_start(h, a.name);
	daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
	daemon_stop(d);
}

/* ---- drift ---- */

/* Put back, with both values. */
static void drift_by_hand_is_put_back(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "drift", NULL);
	const char *memory =
	    witness_knob(h, a.name, "memory", "memory.limit_in_bytes", "memory.max");
	struct daemon *d;

	stage_ask(&a, "100", "  limits.memory: 256MiB\n");
	d = daemon_start(h, NO_RESYNC, NULL);
	daemon_mark(d);
	assert_int_equal(witness_write(a.pids, "55"), 0);
	daemon_await(d, witness_is(a.pids, "100"));
	daemon_await(d, daemon_count_both(d, "pids.max", "55") == 1);
	assert_int_equal(daemon_count_both(d, a.name, "100"), 1);
	assert_int_equal(witness_write(memory, "100M"), 0);
	daemon_await(d, witness_is(memory, "268435456"));
	daemon_await(d, daemon_count_both(d, "memory.max", "256MiB") == 1);
	assert_int_equal(daemon_count_both(d, "memory.max", "100MiB"), 1);
	daemon_nap(200);
	/* and that is all of it, with memory and swap together on v1: what we write ourselves is no
	 * drift */
	assert_in_range(daemon_count(d, a.name), 2, 3);
	daemon_stop(d);
}

/* Who insists is not fought with. */
static void whoever_insists_is_contested(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "insist", NULL);
	struct daemon *d;

	stage_ask(&a, "100", NULL);
	d = daemon_start(h, NO_RESYNC, NULL);
	daemon_mark(d);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(witness_write(a.pids, "55"), 0);
		daemon_await(d, witness_is(a.pids, "100"));
	}
	assert_int_equal(witness_write(a.pids, "55"), 0);
	daemon_await(d, daemon_holds(d, a.name, "contested", NULL));
	daemon_await(d, daemon_said(d, "contested"));
	daemon_await(d, witness_is(a.pids, "100")); /* later, but it is */
	assert_int_equal(daemon_count(d, "contested"), 1);
	/* a changed manifest begins anew */
	stage_turn(d, &a, "101", NULL);
	daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
	daemon_stop(d);
}

/* --observe says all and does nothing. */
static void an_observer_writes_nothing(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "look", NULL), b = stage_actor(h, "stopped", NULL);
	char *before, *config;
	struct daemon *d;
	int watch;

	harness_stop(h, b.name);
	stage_ask(&a, "100", "  limits.memory: 64MiB\n  environment.A: b\n  limits.cpu: 0-0\n");
	stage_ask(&b, "100", "state: running\n");
	before = witness_snapshot(h, a.name);
	config = harness_read(h, "%s/%s/config", h->lxcpath, a.name);
	watch = witness_watch(h, a.name);
	d = daemon_start(h, "--observe", NULL);
	daemon_await(d, daemon_said(d, a.name) && daemon_said(d, "pids.max"));
	daemon_await(d, daemon_holds(d, a.name, "drifted", NULL));
	stage_ask(&a, "101", NULL);
	daemon_await(d, daemon_count_both(d, "pids.max", "101") > 0);
	lxc(&a, "lxc-freeze");
	lxc(&a, "lxc-unfreeze");
	witness_writes(h, watch, NULL); /* lxc-freeze's own */
	daemon_reload(d);
	assert_int_equal(witness_writes(h, watch, NULL), 0);
	assert_string_equal(witness_snapshot(h, a.name), before);
	assert_string_equal(harness_read(h, "%s/%s/config", h->lxcpath, a.name), config);
	assert_null(harness_read(h, "%s/%s/evenkeel.conf", h->lxcpath, a.name));
	assert_int_equal(harness_init(h, b.name), 0);
	close(watch);
	daemon_stop(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    stage_test(a_start_by_others_is_noticed), stage_test(containers_come_and_go),
	    stage_test(a_reboot_inside_is_noticed),   stage_test(states_are_kept),
	    stage_test(the_life_of_an_instance),      stage_test(a_crash_loop_is_not_fed),
	    stage_test(restarts_are_made_in_turn),    stage_test(nothing_restarts_behind_ones_back),
	    stage_test(drift_by_hand_is_put_back),    stage_test(whoever_insists_is_contested),
	    stage_test(an_observer_writes_nothing),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
