/*
 * The daemon and whole trees: a thousand files at once by git, rsync, tar and mv; the directory
 * emptied, removed, moved, mounted over, swapped by a symlink; storms that outrun the kernel's
 * queue.
 */
#include "tests/integration/janitor.h"
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
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FILES 1000

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	size_t n = strlen(text);

	if (fd < 0)
		fail_msg("cannot make %s: %s", path, strerror(errno));
	assert_int_equal(write(fd, text, n), n);
	close(fd);
}

static void folder(const char *path)
{
	if (mkdir(path, 0755) < 0)
		assert_int_equal(errno, EEXIST);
}

/* ---- a release: a tree of manifests in which one number says which it is ---- */

struct cast {
	struct actor own, follower; /* one has the limit itself, the other from a profile */
	int watches[2];
};

static struct cast cast_open(struct harness *h, const char *tag)
{
	struct cast c = {
	    .own = stage_actor(h, arena_printf(h->arena, "%s-own", tag), NULL),
	    .follower = stage_actor(h, arena_printf(h->arena, "%s-follow", tag), NULL),
	};

	c.watches[0] = witness_watch(h, c.own.name);
	c.watches[1] = witness_watch(h, c.follower.name);
	return c;
}

static void cast_close(struct cast *c)
{
	close(c->watches[0]);
	close(c->watches[1]);
	harness_destroy(c->own.h, c->own.name);
	harness_destroy(c->own.h, c->follower.name);
}

static const char *limit(struct harness *h, unsigned release)
{
	return arena_printf(h->arena, "%u", 100 + release);
}

/* Where the text of file I goes, and the text. False: that was all. */
static bool release_file(const struct cast *c, const char *root, unsigned release, unsigned i,
			 unsigned files, char *path, char *text)
{
	enum { SIZE = 4096 };

	if (i == 0) {
		snprintf(path, SIZE, "%s/%s", root, c->own.file);
		snprintf(text, SIZE, "%s", stage_text(&c->own, limit(c->own.h, release), NULL));
	} else if (i == 1) {
		snprintf(path, SIZE, "%s/%s", root, c->follower.file);
		snprintf(text, SIZE, "name: %s\nprofiles: [p%u]\n# release %u\n", c->follower.name,
			 release % 2, release);
	} else if (i < 4) {
		snprintf(path, SIZE, "%s/profiles/p%u.yaml", root, i - 2);
		snprintf(text, SIZE, "config: {limits.processes: %u}\n", 100 + release);
	} else {
		/* of other hosts, or of none: known, and without a container */
		snprintf(path, SIZE, "%s/instances/filler%u.yaml", root, i);
		snprintf(text, SIZE, "name: filler%u\n%s\nconfig: {limits.processes: %u}\n", i,
			 i % 2 ? "hosts: [nowhere]" : "state: absent", release);
	}
	return i < files;
}

static void release_write(const struct cast *c, const char *root, unsigned release, unsigned files)
{
	static char path[4096], text[4096];
	struct harness *h = c->own.h;

	folder(root);
	folder(arena_printf(h->arena, "%s/instances", root));
	folder(arena_printf(h->arena, "%s/profiles", root));
	for (unsigned i = 0; release_file(c, root, release, i, files, path, text); i++) {
		unlink(path);
		put(path, text);
	}
}

/* Both have it, by one write each. */
static void release_expect(struct daemon *d, const struct cast *c, unsigned release,
			   const char *how)
{
	const struct actor *actors[] = {&c->own, &c->follower};

	for (size_t i = 0; i < 2; i++) {
		size_t writes;

		daemon_await(d, witness_is(actors[i]->pids, limit(d->h, release)));
		writes = witness_writes(d->h, c->watches[i], NULL);
		if (writes != 1)
			fail_msg("%s: %zu writes to %s", how, writes, actors[i]->name);
	}
}

static struct daemon *release_start(const struct cast *c)
{
	struct daemon *d = daemon_start(c->own.h, NULL);

	release_expect(d, c, 0, "start");
	return d;
}

static void run(struct harness *h, const char *script)
{
	char *output;

	if (harness_run(h, &output, "sh", "-ec", script, h->manifests, h->root, NULL) != 0)
		fail_msg("%s:\n%s", script, output);
}

#define GIT "git -C $0 -c user.name=test -c user.email=test@example.org -c gc.auto=0 "

static void git_checks_out(void **state)
{
	struct harness *h = stage_begin(state);
	struct cast c;
	struct daemon *d;

	if (harness_run(h, NULL, "git", "--version", NULL) != 0)
		skip_because("needs git");
	c = cast_open(h, "git");
	run(h, GIT "init -q");
	for (unsigned release = 2; release-- > 0;) {
		release_write(&c, h->manifests, release, FILES);
		run(h, arena_printf(h->arena, GIT "add -A; " GIT "commit -qm %u; " GIT "tag r%u",
				    release, release));
	}
	d = release_start(&c);
	for (unsigned release = 1; release < 5; release++) {
		run(h, arena_printf(h->arena, GIT "checkout -qf r%u", release % 2));
		release_expect(d, &c, release % 2, "git checkout");
	}
	stage_expect_in_sync(d);
	daemon_stop(d);
	cast_close(&c);
}

/* What git does, without git: each file removed and made anew; and each rewritten. */
static void a_thousand_files_are_replaced(void **state)
{
	struct harness *h = stage_begin(state);
	struct cast c = cast_open(h, "files");
	struct daemon *d;

	release_write(&c, h->manifests, 0, FILES);
	d = release_start(&c);
	for (unsigned release = 1; release < 3; release++) {
		release_write(&c, h->manifests, release, FILES);
		release_expect(d, &c, release, "unlink and create");
	}
	stage_expect_in_sync(d);
	daemon_stop(d);
	cast_close(&c);
}

/* Each makes release N of $1/tree what is in $0. */
static const struct copier {
	const char *name, *script;
} copiers[] = {
    {"rsync",		 "rsync -aI --delete $1/tree/ $0/"					       },
    {"rsync --inplace",       "rsync -aI --inplace --delete $1/tree/ $0/"                                     },
    {"rsync --delay-updates", "rsync -aI --delay-updates $1/tree/ $0/"                                        },
    {"tar",		   "tar -C $1/tree -cf - . | tar -C $0 -xf -"                                      },
    {"tar --overwrite",       "tar -C $1/tree -cf - . | tar -C $0 --overwrite -xf -"                          },
    {"cp",		    "cp -r $1/tree/. $0/"							   },
    {"mv",		    "mv -f $1/tree/instances/* $0/instances/; mv -f $1/tree/profiles/* $0/profiles/"},
    {"mv of the folders",     "mv $0/instances $0/profiles $1/; mv $1/tree/* $0/; "
			  "rm -r $1/instances $1/profiles"                           },
};

static void whole_trees_are_copied(void **state)
{
	struct harness *h = stage_begin(state);
	struct cast c = cast_open(h, "copy");
	const char *next = arena_printf(h->arena, "%s/tree", h->root);
	struct daemon *d;

	release_write(&c, h->manifests, 0, 200);
	d = release_start(&c);
	for (unsigned i = 0; i < sizeof(copiers) / sizeof(*copiers); i++) {
		const char *program = strndupa(copiers[i].name, strcspn(copiers[i].name, " "));

		if (harness_run(h, NULL, "sh", "-c", "command -v \"$0\"", program, NULL) != 0) {
			print_message("%s is not installed\n", program);
			continue;
		}
		release_write(&c, next, i + 1, 200);
		run(h, copiers[i].script);
		release_expect(d, &c, i + 1, copiers[i].name);
		janitor_remove(next);
		/* by its new inodes too */
		stage_turn(d, &c.own, "999", NULL);
		stage_turn(d, &c.own, limit(h, i + 1), NULL);
		witness_writes(h, c.watches[0], NULL);
	}
	stage_expect_in_sync(d);
	daemon_stop(d);
	cast_close(&c);
}

/* Folders come and go whole, watches with them: inside, outside, nested, twice. */
static void folders_move(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "moves", NULL), b = stage_actor(h, "stays", NULL);
	const char *outside = arena_printf(h->arena, "%s/outside", h->root);
	struct actor there = a;
	struct daemon *d;

	stage_ask(&b, "100", NULL);
	d = daemon_start(h, NULL);
	folder(outside);
	run(h, "mkdir -p $1/outside/team/instances/deep");
	put(arena_printf(h->arena, "%s/team/instances/deep/a.yaml", outside),
	    stage_text(&a, "101", NULL));
	run(h, "mv $1/outside/team $0/team");
	daemon_await(d, witness_is(a.pids, "101"));
	there.file = "team/instances/deep/a.yaml";
	stage_turn(d, &there, "102", NULL);
	/* within the tree */
	run(h, "mv $0/team $0/crew");
	there.file = "crew/instances/deep/a.yaml";
	stage_turn(d, &there, "103", NULL);
	/* out: released; what is written there is nobody's business */
	daemon_mark(d);
	run(h, "mv $0/crew $1/outside/crew");
	daemon_await(d, daemon_said(d, a.name));
	harness_write(h, arena_printf(h->arena, "%s/crew/instances/deep/a.yaml", outside),
		      stage_text(&a, "666", NULL));
	stage_turn(d, &b, "101", NULL);
	daemon_reload(d);
	assert_true(witness_is(a.pids, "103"));
	/* in again, and made anew at the same place */
	run(h, "mv $1/outside/crew $0/crew");
	daemon_await(d, witness_is(a.pids, "666"));
	run(h, "rm -r $0/crew; mkdir -p $0/crew/instances/deep");
	stage_turn(d, &there, "104", NULL);
	run(h, "mkdir -p $0/x/instances/y/z");
	there.file = "x/instances/y/z/a.yaml";
	run(h, "rm -r $0/crew");
	stage_turn(d, &there, "105", NULL);
	stage_expect_in_sync(d);
	daemon_stop(d);
}

/* ---- the directory itself ---- */

/* It said so, once; nobody was released or touched. */
static void expect_untouched(struct daemon *d, const struct actor *a, const char *value, int watch,
			     const char *what)
{
	size_t lines;

	daemon_await(d, daemon_said(d, d->h->manifests));
	daemon_nap(300);
	lines = daemon_count(d, d->h->manifests);
	if (lines != 1)
		fail_msg("%s: said %zu times", what, lines);
	daemon_reload(d);
	if (witness_writes(d->h, watch, NULL) || !witness_is(a->pids, value))
		fail_msg("%s: the container was touched", what);
	if (daemon_said(d, a->name))
		fail_msg("%s: its instance was spoken of:\n%s", what, daemon_words(d));
	if (harness_init(d->h, a->name) <= 0)
		fail_msg("%s: the container has gone", what);
}

static const struct loss {
	const char *name, *away, *back;
} losses[] = {
    {"emptied",          "mv $0/instances $1/kept",               "mv $1/kept $0/instances"          },
    {"removed",          "mv $0/instances $1/kept; rmdir $0",     "mkdir $0; mv $1/kept $0/instances"},
    {"renamed",          "mv $0 $1/elsewhere",                    "mv $1/elsewhere $0"               },
    {"mounted over",     "mount -t tmpfs -o mode=755 ek-test $0", "umount $0"                        },
    {"untrusted",        "chmod 0777 $0",                         "chmod 0755 $0"                    },
    {"of somebody else", "chown 12345 $0",                        "chown 0 $0"                       },
    {"a file",           "mv $0 $1/elsewhere; echo > $0",         "rm $0; mv $1/elsewhere $0"        },
    {"a dangling link",  "mv $0 $1/elsewhere; ln -s nowhere $0",  "rm $0; mv $1/elsewhere $0"        },
};

static void a_directory_that_is_lost_changes_nothing(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "lost", NULL);
	int watch = witness_watch(h, a.name);
	struct daemon *d;

	stage_ask(&a, "100", NULL);
	d = daemon_start(h, NULL);
	witness_writes(h, watch, NULL);
	for (unsigned i = 0; i < sizeof(losses) / sizeof(*losses); i++) {
		const char *value = limit(h, i), *next = limit(h, i + 1);

		daemon_mark(d);
		run(h, losses[i].away);
		expect_untouched(d, &a, value, watch, losses[i].name);
		run(h, losses[i].back);
		stage_turn(d, &a, next, NULL);
		if (witness_writes(h, watch, NULL) != 1)
			fail_msg("%s: more than one write afterwards", losses[i].name);
	}
	stage_expect_in_sync(d);
	close(watch);
	daemon_stop(d);
}

/* What was written while it was away counts as soon as it is back, without any other event. */
static void what_happened_elsewhere_is_seen(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "else", NULL);
	struct daemon *d;

	stage_ask(&a, "100", NULL);
	d = daemon_start(h, NULL);
	run(h, "mv $0 $1/elsewhere");
	daemon_await(d, daemon_said(d, h->manifests));
	harness_write(h, arena_printf(h->arena, "%s/elsewhere/%s", h->root, a.file),
		      stage_text(&a, "101", NULL));
	run(h, "mv $1/elsewhere $0");
	daemon_await(d, witness_is(a.pids, "101"));
	daemon_stop(d);
	/* not there yet when it starts */
	run(h, "mv $0 $1/elsewhere");
	d = daemon_start(h, NULL);
	assert_true(daemon_said(d, h->manifests));
	harness_write(h, arena_printf(h->arena, "%s/elsewhere/%s", h->root, a.file),
		      stage_text(&a, "102", NULL));
	run(h, "mv $1/elsewhere $0");
	daemon_await(d, witness_is(a.pids, "102"));
	daemon_stop(d);
}

static void link_to(struct harness *h, const char *target, const char *path)
{
	const char *aside = arena_printf(h->arena, "%s.next", path);

	assert_int_equal(symlink(target, aside), 0);
	assert_int_equal(rename(aside, path), 0);
}

/* top -> site1 and site/current -> releases/N: swapped at both places. */
static void releases_are_swapped(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "swap", NULL);
	const char *top = arena_printf(h->arena, "%s/top", h->root), *current;
	struct daemon *d;

	for (int site = 0; site < 2; site++) {
		run(h, arena_printf(h->arena, "mkdir -p $1/site%d/releases", site));
		for (int r = 0; r < 3; r++) {
			h->manifests =
			    arena_printf(h->arena, "%s/site%d/releases/%d", h->root, site, r);
			stage_ask(&a, arena_printf(h->arena, "%d%d", site + 1, r), NULL);
		}
		run(h, arena_printf(h->arena, "ln -s releases/0 $1/site%d/current", site));
	}
	assert_int_equal(symlink("site0", top), 0);
	current = arena_printf(h->arena, "%s/current", top);
	h->manifests = current;
	d = daemon_start(h, NULL);
	assert_true(witness_is(a.pids, "10"));
	link_to(h, "releases/1", current);
	daemon_await(d, witness_is(a.pids, "11"));
	/* the old one is nobody's, the new one is ours */
	harness_write(h, arena_printf(h->arena, "%s/site0/releases/0/%s", h->root, a.file),
		      stage_text(&a, "666", NULL));
	daemon_nap(100);
	daemon_reload(d);
	assert_true(witness_is(a.pids, "11"));
	stage_turn(d, &a, "77", NULL);
	link_to(h, "site1", top);
	daemon_await(d, witness_is(a.pids, "20"));
	link_to(h, "releases/2", current);
	daemon_await(d, witness_is(a.pids, "22"));
	for (int i = 0; i < 20; i++)
		link_to(h, i % 2 ? "releases/1" : "releases/0", current);
	daemon_await(d, witness_is(a.pids, "21"));
	link_to(h, "site0", top);
	daemon_await(d, witness_is(a.pids, "77"));
	stage_turn(d, &a, "78", NULL);
	/* dangling for a while */
	daemon_mark(d);
	link_to(h, "releases/9", current);
	daemon_await(d, daemon_said(d, current));
	assert_true(witness_is(a.pids, "78"));
	link_to(h, "releases/2", current);
	daemon_await(d, witness_is(a.pids, "12"));
	daemon_stop(d);
}

/* The same for a folder within the tree. */
static void a_folder_of_the_tree_is_swapped(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "part", NULL);
	const char *current = arena_printf(h->arena, "%s/instances", h->manifests);
	struct daemon *d;

	harness_manifest(h, ".evenkeelignore", "/releases/\n");
	for (int r = 0; r < 2; r++)
		harness_manifest(h, arena_printf(h->arena, "releases/%d/a.yaml", r), "%s",
				 stage_text(&a, limit(h, (unsigned)r), NULL));
	assert_int_equal(symlink("releases/0", current), 0);
	d = daemon_start(h, NULL);
	assert_true(witness_is(a.pids, "100"));
	link_to(h, "releases/1", current);
	daemon_await(d, witness_is(a.pids, "101"));
	harness_manifest(h, "releases/1/a.yaml", "%s", stage_text(&a, "102", NULL));
	daemon_await(d, witness_is(a.pids, "102"));
	link_to(h, "releases/0", current);
	daemon_await(d, witness_is(a.pids, "100"));
	daemon_stop(d);
}

/* ---- storms ---- */

static unsigned long queue_size(struct harness *h)
{
	const char *text = harness_read(h, "/proc/sys/fs/inotify/max_queued_events");

	return text ? strtoul(text, NULL, 10) : 16384;
}

static void storm(struct harness *h, unsigned long files)
{
	static char path[4096], text[64];

	for (unsigned long i = 0; i < files; i++) {
		snprintf(path, sizeof(path), "%s/instances/storm%lu.yaml", h->manifests, i % 100);
		snprintf(text, sizeof(text), "name: storm%lu\nhosts: [nowhere]\n", i % 100);
		unlink(path);
		put(path, text);
	}
	for (unsigned long i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "%s/instances/storm%lu.yaml", h->manifests, i);
		unlink(path);
	}
}

/* More than the kernel keeps: some events are lost, what they were about is not. */
static void a_queue_overflows(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "over", NULL), b = stage_actor(h, "deep", NULL);
	unsigned long most = queue_size(h);
	struct daemon *d;

	if (most > 100000)
		skip_because("fs.inotify.max_queued_events is %lu: too many to fill", most);
	stage_ask(&a, "100", NULL);
	harness_manifest(h, "old/instances/b.yaml", "%s", stage_text(&b, "100", NULL));
	d = daemon_start(h, NULL);
	kill(d->pid, SIGSTOP);
	storm(h, most / 2 + 1000);
	stage_ask(&a, "101", NULL);
	run(h, "mv $0/old $0/new; mkdir -p $0/more/instances");
	harness_manifest(h, "new/instances/b.yaml", "%s", stage_text(&b, "101", NULL));
	kill(d->pid, SIGCONT);
	daemon_await(d, witness_is(a.pids, "101"));
	daemon_await(d, witness_is(b.pids, "101"));
	/* the watches are whole: old ones, moved ones, new ones */
	stage_turn(d, &a, "102", NULL);
	b.file = "new/instances/b.yaml";
	stage_turn(d, &b, "102", NULL);
	run(h, "rm $0/new/instances/b.yaml");
	b.file = "more/instances/b.yaml";
	stage_turn(d, &b, "103", NULL);
	stage_expect_in_sync(d);
	daemon_stop(d);
}

static pid_t endless_storm(struct harness *h)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(15); /* a failed test does not end it */
		for (;;)
			storm(h, 10000);
	}
	return pid;
}

/* A directory that is never quiet is acted on all the same. */
static void a_storm_that_never_ends(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "storm", NULL);
	struct daemon *d;
	pid_t pid;

	stage_ask(&a, "100", NULL);
	d = daemon_start(h, NULL);
	pid = endless_storm(h);
	for (unsigned i = 1; i <= 5; i++)
		stage_turn(d, &a, limit(h, i), NULL);
	/* drift too */
	assert_int_equal(witness_write(a.pids, "55"), 0);
	daemon_await(d, witness_is(a.pids, "105"));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	run(h, "rm -f $0/instances/storm*");
	stage_expect_in_sync(d);
	daemon_stop(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    stage_test(git_checks_out),
	    stage_test(a_thousand_files_are_replaced),
	    stage_test(whole_trees_are_copied),
	    stage_test(folders_move),
	    stage_test(a_directory_that_is_lost_changes_nothing),
	    stage_test(what_happened_elsewhere_is_seen),
	    stage_test(releases_are_swapped),
	    stage_test(a_folder_of_the_tree_is_swapped),
	    stage_test(a_queue_overflows),
	    stage_test(a_storm_that_never_ends),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
