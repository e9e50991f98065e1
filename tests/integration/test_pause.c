/*
 * Pauses without a daemon: what is paused, by command or by its manifest, is shown and left alone
 * by diff and apply, and does not count; once it is resumed, or its time has come, it is looked
 * after again.
 */
#include "tests/integration/harness.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void manifest(struct harness *h, const char *name, const char *limit, const char *more)
{
	harness_manifest(h, arena_printf(h->arena, "instances/%s.yaml", name),
			 "name: %s\nconfig:\n  limits.memory: %s\n%s", name, limit, more);
}

static void assert_limit(struct harness *h, const char *name, const char *bytes)
{
	assert_string_equal(
	    harness_cgroup(h, name, "memory", "memory.limit_in_bytes", "memory.max"), bytes);
}

static void assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in: %s", part, text);
}

static int pause_command(struct harness *h, char **output, const char *name, const char *length)
{
	return harness_run(h, output, h->program, "pause", "-P", h->lxcpath, "--for", length,
			   "--reason", "a new disk", name, NULL);
}

static int resume_command(struct harness *h, char **output, const char *name)
{
	return harness_run(h, output, h->program, "resume", "-P", h->lxcpath, name, NULL);
}

/* Running, with 64 MiB, and in sync. */
static const char *begin(struct harness *h, const char *tag)
{
	const char *name = harness_name(h, tag);
	char *output;

	harness_manifests_clear(h);
	harness_create(h, name, NULL);
	harness_start(h, name);
	manifest(h, name, "64MiB", "");
	if (harness_evenkeel(h, &output, "apply", NULL) != 0)
		fail_msg("%s", output);
	assert_limit(h, name, "67108864");
	return name;
}

static void expect_left_alone(struct harness *h, const char *name)
{
	char *output;

	assert_int_equal(harness_evenkeel(h, &output, "diff", NULL), 0);
	assert_says(output, "64MiB -> 96MiB");
	assert_says(output, "Nothing to do: 0 in sync, 1 paused.");
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 0);
	assert_says(output, "1 paused");
	assert_limit(h, name, "67108864");
	assert_int_equal(harness_evenkeel(h, &output, "status", NULL), 1);
	assert_says(output, "paused");
	assert_says(output, "cgroup memory.max");
}

static void paused_by_command(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = begin(h, "command");
	char *output;

	assert_int_equal(pause_command(h, &output, name, "1h"), 0);
	assert_says(output, "paused until 2");
	manifest(h, name, "96MiB", "");
	expect_left_alone(h, name);
	harness_evenkeel(h, &output, "diff", NULL);
	assert_says(output, ": a new disk");
	assert_int_equal(resume_command(h, &output, name), 0);
	assert_int_equal(harness_evenkeel(h, &output, "diff", NULL), 1);
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 0);
	assert_limit(h, name, "100663296");
	assert_int_equal(resume_command(h, &output, name), 1); /* it was not */
	harness_destroy(h, name);
}

static void a_pause_ends(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = begin(h, "ends");
	char *output;

	assert_int_equal(pause_command(h, &output, name, "1500ms"), 0);
	manifest(h, name, "96MiB", "");
	assert_int_equal(harness_evenkeel(h, &output, "diff", NULL), 0);
	nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 600000000}, NULL);
	assert_int_equal(harness_evenkeel(h, &output, "diff", NULL), 1);
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 0);
	assert_limit(h, name, "100663296");
	harness_destroy(h, name);
}

static void paused_by_manifest(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = begin(h, "manifest");
	char *output;

	manifest(h, name, "96MiB", "paused: {until: 2526-12-01, reason: a new disk}\n");
	expect_left_alone(h, name);
	harness_evenkeel(h, &output, "diff", NULL);
	assert_says(output, "paused until 2526-12-01T00:00:00Z: a new disk (instances/");
	/* no command ends what a manifest says */
	assert_int_equal(resume_command(h, &output, name), 1);
	assert_says(output, "paused: in its manifest");
	expect_left_alone(h, name);
	manifest(h, name, "96MiB", "paused: {until: 2020-12-01}\n"); /* long over */
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 0);
	assert_limit(h, name, "100663296");
	harness_destroy(h, name);
}

/* Neither created, nor started, nor stopped, nor destroyed. */
static void life_goes_on_as_it_was(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = begin(h, "life"), *missing = harness_name(h, "none");
	pid_t init = harness_init(h, name);
	char *output;

	manifest(h, name, "64MiB", "state: stopped\npaused: true\n");
	manifest(h, missing, "64MiB", "source: {template: busybox}\npaused: true\n");
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 0);
	assert_says(output, "0 in sync, 2 paused");
	assert_int_equal(harness_init(h, name), init);
	assert_int_not_equal(access(arena_printf(h->arena, "%s/%s", h->lxcpath, missing), F_OK), 0);
	manifest(h, name, "64MiB", "state: absent\npaused: true\n");
	assert_int_equal(harness_evenkeel(h, &output, "apply", "--yes", NULL), 0);
	assert_int_equal(harness_init(h, name), init);
	harness_destroy(h, name);
}

/* Others are looked after as if it were not there; and its record stays. */
static void others_are_looked_after(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = begin(h, "paused"), *other = harness_name(h, "other");
	const char *before, *boot = arena_printf(h->arena, "%s/%s/evenkeel.conf", h->lxcpath, name);
	char *output;
	json_t *result, *summary;

	harness_create(h, other, NULL);
	harness_start(h, other);
	before = harness_read(h, "%s", boot);
	assert_int_equal(pause_command(h, &output, name, "1h"), 0);
	manifest(h, name, "96MiB", "");
	manifest(h, other, "80MiB", "");
	assert_int_equal(harness_evenkeel(h, &output, "apply", "-o", "json", NULL), 0);
	result = json_loads(output, 0, NULL);
	summary = json_object_get(result, "summary");
	assert_int_equal(json_integer_value(json_object_get(summary, "paused")), 1);
	assert_int_equal(json_integer_value(json_object_get(summary, "in_sync")), 1);
	json_decref(result);
	assert_limit(h, other, "83886080");
	assert_limit(h, name, "67108864");
	assert_string_equal(harness_read(h, "%s", boot), before);
	resume_command(h, &output, name);
	harness_destroy(h, other);
	harness_destroy(h, name);
}

static void slips_pause_nobody(void **state)
{
	struct harness *h = harness_require_root(state);
	char *output;

	assert_int_equal(pause_command(h, &output, "ek-test-nobody", "1h"), 2);
	assert_says(output, "there is no container ek-test-nobody");
	assert_int_equal(pause_command(h, &output, "../x", "1h"), 2);
	assert_int_equal(pause_command(h, &output, harness_name(h, "x"), "soon"), 2);
	assert_int_equal(harness_run(h, &output, h->program, "pause", "-P", h->lxcpath, NULL), 2);
	assert_int_equal(resume_command(h, &output, "ek-test-nobody"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(paused_by_command),       cmocka_unit_test(a_pause_ends),
	    cmocka_unit_test(paused_by_manifest),      cmocka_unit_test(life_goes_on_as_it_was),
	    cmocka_unit_test(others_are_looked_after), cmocka_unit_test(slips_pause_nobody),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
