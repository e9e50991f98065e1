/*
 * The daemon and the files of its directory: every way of saving one is a single change, and what
 * nobody saved is none. Broken, half-written, untrusted: the last good one stays in force.
 */
#include "tests/integration/editors.h"
#include "tests/integration/stage.h"
#include "tests/skip.h"

#include <errno.h>
#include <fcntl.h>
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

/* A settle time that no preemption of the test between two of its calls outlasts. */
#define CALM "--settle", "150"
#define LINE(value) "  limits.processes: " value

static const char *value_of(struct harness *h, unsigned n)
{
	return arena_printf(h->arena, "%u", 100 + n);
}

static char *full(const struct actor *a)
{
	return arena_printf(a->h->arena, "%s/%s", a->h->manifests, a->file);
}

static struct save save_of(const struct actor *a, const char *from, const char *to)
{
	struct harness *h = a->h;

	return (struct save){
	    .folder = arena_printf(h->arena, "%s/instances", h->manifests),
	    .file = arena_printf(h->arena, "%s.yaml", a->name),
	    .text = stage_text(a, to, NULL),
	    .from = arena_printf(h->arena, LINE("%s"), from),
	    .to = arena_printf(h->arena, LINE("%s"), to),
	};
}

static bool is_missing(struct harness *h, const struct editor *e)
{
	return e->needs && harness_run(h, NULL, "sh", "-c", "command -v \"$0\"", e->needs, NULL);
}

/* The kernel got one value, one line was said of it, and nothing else was said of anybody. */
static void expect_one_change(struct daemon *d, const struct actor *a, const char *editor,
			      int watch, const char *to)
{
	size_t writes, lines;

	daemon_await(d, witness_is(a->pids, to));
	daemon_await(d, daemon_said(d, a->name));
	daemon_nap(20);
	writes = witness_writes(d->h, watch, NULL);
	lines = daemon_count(d, a->name);
	if (writes != 1)
		fail_msg("%s: %zu writes to the kernel", editor, writes);
	if (lines != 1 || daemon_count_both(d, a->name, "pids.max") != 1 ||
	    daemon_said(d, "error") || daemon_said(d, "warning"))
		fail_msg("%s: this was said of it:\n%s", editor, daemon_words(d));
}

static void every_editor_is_one_change(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "saved", NULL);
	struct daemon *d;
	int watch;

	stage_ask(&a, value_of(h, 0), NULL);
	d = daemon_start(h, CALM, NULL);
	assert_true(witness_is(a.pids, value_of(h, 0)));
	watch = witness_watch(h, a.name);
	for (unsigned i = 0; i < n_editors; i++) {
		const char *from = value_of(h, i), *to = value_of(h, i + 1);
		struct save s = save_of(&a, from, to);

		if (is_missing(h, &editors[i])) {
			print_message("%s is not installed\n", editors[i].needs);
			stage_ask(&a, to, NULL);
		}
		daemon_mark(d);
		if (!is_missing(h, &editors[i]))
			editors[i].save(h, &s);
		expect_one_change(d, &a, editors[i].name, watch, to);
	}
	close(watch);
	stage_expect_in_sync(d);
	daemon_stop(d);
}

/* With the settle time that users have, and with none at all. */
static void every_editor_comes_to_its_end(void **state)
{
	static const char *const settle[] = {"20", "0"};
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "ends", NULL);

	for (unsigned k = 0; k < 2; k++) {
		struct daemon *d;

		stage_ask(&a, value_of(h, 0), NULL);
		d = daemon_start(h, "--settle", settle[k], NULL);
		for (unsigned i = 0; i < n_editors; i++) {
			struct save s = save_of(&a, value_of(h, i), value_of(h, i + 1));

			if (is_missing(h, &editors[i]))
				stage_ask(&a, value_of(h, i + 1), NULL);
			else
				editors[i].save(h, &s);
			daemon_await(d, witness_is(a.pids, value_of(h, i + 1)));
		}
		stage_expect_in_sync(d);
		daemon_stop(d);
	}
}

/* What editors leave, and what others hide, says nothing; a full pass later neither. */
static void leftovers_are_not_read(void **state)
{
	static const char *const names[] = {
	    "instances/one.yaml~",     "instances/.one.yaml.swp", "instances/#one.yaml#",
	    "instances/4913",          "instances/.hidden.yaml",  "instances/one.yaml.bak",
	    ".git/instances/one.yaml", "instances/one.yaml.orig", "ignored/one.yaml",
	    "instances/ignored.yaml",
	};
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "left", NULL);
	struct daemon *d;
	int watch;

	harness_manifest(h, ".evenkeelignore", "ignored/\nignored.yaml\n");
	stage_ask(&a, "100", NULL);
	d = daemon_start(h, NULL);
	watch = witness_watch(h, a.name);
	daemon_mark(d);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		harness_manifest(h, names[i], "%s", stage_text(&a, "666", NULL));
	daemon_nap(100);
	daemon_reload(d);
	assert_int_equal(witness_writes(h, watch, NULL), 0);
	assert_true(witness_is(a.pids, "100"));
	/* no line about any of them */
	assert_int_equal(daemon_count(d, "one.yaml"), 0);
	assert_int_equal(daemon_count(d, "ignored"), 0);
	/* what is no longer left out is read */
	harness_manifest(h, ".evenkeelignore", "%s", "ignored/\n");
	daemon_await(d, daemon_said(d, "instances/ignored.yaml"));
	close(watch);
	daemon_stop(d);
}

static void write_in_pieces(struct daemon *d, const char *path, const char *text, size_t piece)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	size_t n = strlen(text);

	(void)d;
	assert_true(fd >= 0);
	for (size_t at = 0; at < n; at += piece) {
		size_t some = n - at < piece ? n - at : piece;

		assert_int_equal(write(fd, text + at, some), some);
		daemon_nap(4);
	}
	close(fd);
}

/* Every piece is a valid manifest with another limit. */
static void a_file_in_writing_is_read_at_its_end(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "pieces", NULL);
	struct daemon *d;
	int watch;

	stage_ask(&a, "100", NULL);
	d = daemon_start(h, CALM, NULL);
	watch = witness_watch(h, a.name);
	daemon_mark(d);
	write_in_pieces(d, full(&a), stage_text(&a, "54321", NULL), 7);
	expect_one_change(d, &a, "in pieces", watch, "54321");
	close(watch);
	daemon_stop(d);
}

/* The writer went to lunch: nothing is taken from the container meanwhile, drift of the last good
 * values is put back, and the place is told. */
static void a_broken_file_keeps_the_last_good(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "broken", NULL), b = stage_actor(h, "other", NULL);
	size_t half = strlen(stage_text(&a, "", NULL)) - strlen("esses: \n");
	struct daemon *d;
	char *output;

	stage_ask(&a, "100", NULL);
	stage_ask(&b, "100", NULL);
	d = daemon_start(h, NULL);
	daemon_mark(d);
	write_in_pieces(d, full(&a), strndupa(stage_text(&a, "200", NULL), half), 64);
	daemon_await(d, daemon_said(d, a.file));
	daemon_await(d, daemon_holds(d, a.name, "held-back", a.file));
	assert_true(witness_is(a.pids, "100"));
	/* the others go on */
	stage_turn(d, &b, "101", NULL);
	/* by hand */
	assert_int_equal(witness_write(a.pids, "55"), 0);
	daemon_reload(d);
	daemon_await(d, witness_is(a.pids, "100"));
	/* another error, and its line */
	harness_manifest(h, a.file, "%s\n\n  limits.memory: many\n", stage_text(&a, "200", NULL));
	daemon_await(d,
		     daemon_holds(d, a.name, "held-back", arena_printf(h->arena, "%s:8", a.file)));
	assert_true(witness_is(a.pids, "100"));
	assert_int_not_equal(daemon_ask(d, &output, "status", NULL), 0);
	assert_non_null(strstr(output, "held-back"));
	/* an error that stays is not told with every pass */
	daemon_mark(d);
	daemon_reload(d);
	daemon_reload(d);
	assert_int_equal(daemon_count(d, "many"), 0);
	stage_turn(d, &a, "102", NULL);
	daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
	daemon_stop(d);
}

/* Longer than any settle time: its instance is nobody's for a while, and loses nothing. */
static void an_empty_file_takes_nothing(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "empty", NULL), b = stage_actor(h, "rest", NULL);
	struct daemon *d;
	int watch;

	stage_ask(&a, "100", NULL);
	stage_ask(&b, "100", NULL);
	d = daemon_start(h, NULL);
	watch = witness_watch(h, a.name);
	assert_int_equal(truncate(full(&a), 0), 0);
	daemon_nap(100);
	daemon_reload(d);
	assert_int_equal(witness_writes(h, watch, NULL), 0);
	stage_ask(&a, "100", NULL);
	daemon_nap(100);
	daemon_reload(d);
	assert_int_equal(witness_writes(h, watch, NULL), 0);
	stage_turn(d, &a, "101", NULL);
	stage_expect_in_sync(d);
	close(watch);
	daemon_stop(d);
}

/* Released, and said once; what comes back is taken again. */
static void a_file_that_vanishes_releases(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "gone", NULL), b = stage_actor(h, "stays", NULL);
	struct daemon *d;

	stage_ask(&a, "100", NULL);
	stage_ask(&b, "100", NULL);
	d = daemon_start(h, NULL);
	daemon_mark(d);
	assert_int_equal(unlink(full(&a)), 0);
	daemon_await(d, daemon_said(d, a.name));
	daemon_reload(d);
	daemon_reload(d);
	assert_int_equal(daemon_count(d, a.name), 1);
	assert_true(witness_is(a.pids, "100"));
	/* nobody's now */
	assert_int_equal(witness_write(a.pids, "55"), 0);
	daemon_reload(d);
	assert_true(witness_is(a.pids, "55"));
	assert_true(harness_init(h, a.name) > 0);
	stage_turn(d, &a, "100", NULL);
	/* renamed: the same instance in another file is no news at all */
	daemon_mark(d);
	assert_int_equal(
	    rename(full(&a), arena_printf(h->arena, "%s/instances/moved.yaml", h->manifests)), 0);
	daemon_nap(200);
	daemon_reload(d);
	assert_int_equal(daemon_count(d, a.name), 0);
	assert_int_equal(witness_write(a.pids, "55"), 0);
	daemon_await(d, witness_is(a.pids, "100"));
	daemon_stop(d);
}

/* A manifest that others can write is not applied; chmod alone is seen, both ways. */
static void trust_comes_and_goes(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "trust", NULL), b = stage_actor(h, "canary", NULL);
	struct daemon *d;

	stage_ask(&a, "100", NULL);
	stage_ask(&b, "100", NULL);
	d = daemon_start(h, NULL);
	assert_int_equal(chmod(full(&a), 0666), 0);
	daemon_await(d, daemon_holds(d, a.name, "held-back", a.file));
	write_in_pieces(d, full(&a), stage_text(&a, "666", NULL), 4096);
	stage_turn(d, &b, "101", NULL);
	daemon_reload(d);
	assert_true(witness_is(a.pids, "100"));
	assert_int_equal(witness_write(a.pids, "55"), 0);
	daemon_await(d, witness_is(a.pids, "100"));
	assert_int_equal(chmod(full(&a), 0644), 0);
	daemon_await(d, witness_is(a.pids, "666"));
	/* owner likewise */
	assert_int_equal(chown(full(&a), 12345, 0), 0);
	daemon_await(d, daemon_holds(d, a.name, "held-back", a.file));
	assert_int_equal(chown(full(&a), 0, 0), 0);
	daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
	/* a folder of the tree */
	assert_int_equal(chmod(arena_printf(h->arena, "%s/instances", h->manifests), 0777), 0);
	daemon_await(d, daemon_holds(d, a.name, "held-back", NULL));
	assert_int_equal(witness_write(a.pids, "55"), 0);
	daemon_await(d, witness_is(a.pids, "666"));
	assert_int_equal(chmod(arena_printf(h->arena, "%s/instances", h->manifests), 0755), 0);
	daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
	daemon_stop(d);
}

/* Written by its other name, which no folder of ours holds; and by a link within the tree. */
static void links_lead_to_their_file(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "hard", NULL), b = stage_actor(h, "soft", NULL);
	const char *outside = arena_printf(h->arena, "%s/outside.yaml", h->root);
	const char *target = arena_printf(h->arena, "%s/store/b.txt", h->manifests);
	struct daemon *d;

	stage_ask(&a, "100", NULL);
	harness_manifest(h, "store/b.txt", "%s", stage_text(&b, "100", NULL));
	assert_int_equal(symlink("../store/b.txt", full(&b)), 0);
	d = daemon_start(h, NULL);
	assert_true(witness_is(b.pids, "100"));
	assert_int_equal(link(full(&a), outside), 0);
	/* the kernel tells a folder's watch neither of the new name nor of writes by it: the next
	 * pass finds it */
	daemon_reload(d);
	write_in_pieces(d, outside, stage_text(&a, "101", NULL), 4096);
	daemon_await(d, witness_is(a.pids, "101"));
	write_in_pieces(d, outside, stage_text(&a, "102", NULL), 4096);
	daemon_await(d, witness_is(a.pids, "102"));
	assert_int_equal(unlink(outside), 0);
	stage_turn(d, &a, "103", NULL);

	write_in_pieces(d, target, stage_text(&b, "101", NULL), 4096);
	daemon_await(d, witness_is(b.pids, "101"));
	harness_manifest(h, "store/b.txt", "%s", stage_text(&b, "102", NULL));
	daemon_await(d, witness_is(b.pids, "102"));
	/* the link is turned */
	harness_manifest(h, "store/c.txt", "%s", stage_text(&b, "103", NULL));
	assert_int_equal(unlink(full(&b)), 0);
	assert_int_equal(symlink("../store/c.txt", full(&b)), 0);
	daemon_await(d, witness_is(b.pids, "103"));
	stage_expect_in_sync(d);
	daemon_stop(d);
}

/* The same again, a comment, another order, another spelling: no write, no line. */
static void what_means_the_same_writes_nothing(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "same", NULL);
	struct daemon *d;
	int watch;

	stage_ask(&a, "100", "  limits.memory: 64MiB\n");
	d = daemon_start(h, NULL);
	watch = witness_watch(h, a.name);
	daemon_mark(d);
	stage_ask(&a, "100", "  limits.memory: 64MiB\n");
	daemon_nap(60);
	stage_ask(&a, "100 # a comment", "  limits.memory: 64MiB\n");
	daemon_nap(60);
	harness_manifest(h, a.file,
			 "name: %s\n# moved\n\nconfig: {limits.memory: 65536KiB, "
			 "limits.processes: '100'}\nprofiles: []\nkind: instance\n",
			 a.name);
	daemon_nap(60);
	assert_int_equal(utimensat(AT_FDCWD, full(&a), NULL, 0), 0);
	daemon_nap(60);
	harness_read(h, "%s", full(&a));
	daemon_reload(d);
	assert_int_equal(witness_writes(h, watch, NULL), 0);
	assert_int_equal(daemon_count_both(d, a.name, "->"), 0);
	close(watch);
	daemon_stop(d);
}

/* A fan-out: the profile's users alone, each with one write and one line. */
static void a_profile_reaches_its_users_alone(void **state)
{
	enum { USERS = 8 };
	struct harness *h = stage_begin(state);
	struct actor users[USERS], other = stage_actor(h, "other", NULL);
	int watches[USERS], apart = witness_watch(h, other.name);
	struct daemon *d;

	harness_manifest(h, "profiles/p.yaml", "config: {limits.processes: 100}\n");
	stage_ask(&other, "50", NULL);
	for (size_t i = 0; i < USERS; i++) {
		users[i] = stage_actor(h, arena_printf(h->arena, "user%zu", i), NULL);
		harness_manifest(h, users[i].file, "name: %s\nprofiles: [p]\n", users[i].name);
	}
	d = daemon_start(h, CALM, NULL);
	for (size_t i = 0; i < USERS; i++)
		watches[i] = witness_watch(h, users[i].name);
	witness_writes(h, apart, NULL);
	daemon_mark(d);
	harness_manifest(h, "profiles/p.yaml", "config: {limits.processes: 101}\n");
	for (size_t i = 0; i < USERS; i++)
		expect_one_change(d, &users[i], "profile", watches[i], "101");
	assert_int_equal(witness_writes(h, apart, NULL), 0);
	assert_int_equal(daemon_count(d, other.name), 0);
	stage_expect_in_sync(d);
	daemon_stop(d);
	for (size_t i = 0; i < USERS; i++)
		close(watches[i]);
	close(apart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    stage_test(every_editor_is_one_change),
	    stage_test(every_editor_comes_to_its_end),
	    stage_test(leftovers_are_not_read),
	    stage_test(a_file_in_writing_is_read_at_its_end),
	    stage_test(a_broken_file_keeps_the_last_good),
	    stage_test(an_empty_file_takes_nothing),
	    stage_test(a_file_that_vanishes_releases),
	    stage_test(trust_comes_and_goes),
	    stage_test(links_lead_to_their_file),
	    stage_test(what_means_the_same_writes_nothing),
	    stage_test(a_profile_reaches_its_users_alone),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
