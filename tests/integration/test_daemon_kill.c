/*
 * The daemon's own end, by all means: SIGTERM, kill -9 at random moments of a changing tree, a
 * second one beside it. What holds afterwards is what an undisturbed run brings about, and a start
 * that finds nothing to do does nothing.
 */
#include "tests/integration/stage.h"

#include <dirent.h>
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

#define KILLS 20
#define SOAK_KILLS 500
#define EDITS 2000
#define SOAK_EDITS 10000

static unsigned seed = 1;

/* Numbers that are the same in every run. */
static unsigned dice(unsigned sides)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % sides;
}

/* ---- a tree with many a thing that comes, changes and goes ---- */

#define TROUPE 4

struct troupe {
	struct harness *h;
	const char *names[TROUPE];
};

/* The last one is stopped at first. */
static struct troupe troupe_open(struct harness *h, const char *tag)
{
	struct troupe t = {.h = h};

	for (size_t i = 0; i < TROUPE; i++) {
		t.names[i] = harness_name(h, arena_printf(h->arena, "%s%zu", tag, i));
		harness_create(h, t.names[i],
			       "lxc.cgroup.pids.max = 300\nlxc.cgroup2.pids.max = 300\n");
		if (i < TROUPE - 1)
			harness_start(h, t.names[i]);
	}
	return t;
}

static void troupe_close(const struct troupe *t)
{
	for (size_t i = 0; i < TROUPE; i++)
		harness_destroy(t->h, t->names[i]);
}

static void troupe_ask(const struct troupe *t, unsigned k)
{
	struct harness *h = t->h;

	harness_manifest(h, "profiles/p.yaml",
			 "config:\n  limits.memory: %uMiB\n  limits.cpu: 0-%u\n%s", 64 + k % 5,
			 k % 2, k % 3 ? "" : "  limits.cpu.allowance: 50ms/100ms\n");
	harness_manifest(h, "instances/0.yaml",
			 "name: %s\nprofiles: [p]\nconfig: {limits.processes: %u}\n", t->names[0],
			 100 + k);
	harness_manifest(h, "instances/1.yaml",
			 "name: %s\nprofiles: [p]\nconfig:\n  environment.K: k%u\n%s", t->names[1],
			 k % 4, k % 2 ? "  limits.memory.oom_priority: 100\n" : "");
	harness_manifest(h, "instances/2.yaml", "name: %s\nprofiles: []\nconfig:\n%s", t->names[2],
			 k % 2 ? "  limits.processes: 77\n" : "  limits.cpu.priority: 5\n");
	harness_manifest(h, "instances/3.yaml",
			 "name: %s\nprofiles: [p]\nstate: %s\n"
			 "config: {boot.host_shutdown_timeout: 1}\n",
			 t->names[3], k % 4 < 2 ? "running" : "stopped");
}

/* All of it, without the name. */
static char *troupe_snapshot(const struct troupe *t)
{
	struct harness *h = t->h;
	char *text = arena_strdup(h->arena, "");

	for (size_t i = 0; i < TROUPE; i++) {
		const char *boot = harness_read(h, "%s/%s/evenkeel.conf", h->lxcpath, t->names[i]);

		if (harness_init(h, t->names[i]) > 0)
			text = arena_printf(h->arena, "%s-- %zu\n%s", text, i,
					    witness_snapshot(h, t->names[i]));
		/* its header names the container, its last line is a checksum */
		for (char *line = boot ? strtok(arena_strdup(h->arena, boot), "\n") : NULL; line;
		     line = strtok(NULL, "\n"))
			if (!strstr(line, t->names[i]) && strncmp(line, "#@ end", 6) != 0)
				text = arena_printf(h->arena, "%s%s\n", text, line);
	}
	return text;
}

/* Starts one, changes the tree under it, and kills it: while it starts, or at its work. */
static void one_kill(const struct troupe *t, unsigned k)
{
	struct daemon *d;
	bool early = dice(2);

	d = daemon_start_how(t->h, &(struct daemon_how){.unready = early});
	troupe_ask(t, k);
	daemon_nap(dice(early ? 60 : 30));
	if (dice(3) == 0)
		troupe_ask(t, k + 1);
	daemon_nap(dice(10));
	daemon_kill(d);
}

static void expect_alike(struct harness *h, const char *disturbed, const char *plain)
{
	const char *paths[] = {arena_printf(h->arena, "%s/disturbed", h->root),
			       arena_printf(h->arena, "%s/plain", h->root)};
	char *output;

	if (strcmp(disturbed, plain) == 0)
		return;
	harness_write(h, paths[0], disturbed);
	harness_write(h, paths[1], plain);
	harness_run(h, &output, "diff", "-U1", paths[0], paths[1], NULL);
	fail_msg("a disturbed and an undisturbed run differ:\n%s", output);
}

static void killed_anywhere_it_converges(void **state)
{
	struct harness *h = stage_begin(state);
	unsigned kills = stage_soak() ? SOAK_KILLS : KILLS, last = 1000;
	struct troupe t = troupe_open(h, "k"), twin;
	char *disturbed, *plain;
	struct daemon *d;

	for (unsigned k = 0; k < kills; k++) {
		one_kill(&t, k);
		if (k % 10 != 9)
			continue;
		d = daemon_start(h, NULL);
		stage_expect_in_sync(d);
		stage_expect_no_leftovers(h);
		daemon_kill(d);
	}
	troupe_ask(&t, last);
	d = daemon_start(h, NULL);
	stage_expect_in_sync(d);
	daemon_stop(d);
	stage_expect_no_leftovers(h);
	disturbed = troupe_snapshot(&t);
	troupe_close(&t);

	harness_manifests_clear(h);
	twin = troupe_open(h, "t");
	troupe_ask(&twin, 0);
	d = daemon_start(h, NULL);
	troupe_ask(&twin, last);
	stage_expect_in_sync(d);
	daemon_stop(d);
	plain = troupe_snapshot(&twin);
	troupe_close(&twin);
	expect_alike(h, disturbed, plain);
}

/* ---- a restart ---- */

static struct timespec changed(struct harness *h, const char *name)
{
	struct stat st;
	const char *path = arena_printf(h->arena, "%s/%s/evenkeel.conf", h->lxcpath, name);

	assert_int_equal(stat(path, &st), 0);
	return st.st_mtim;
}

static void a_restart_writes_nothing(void **state)
{
	struct harness *h = stage_begin(state);
	struct troupe t = troupe_open(h, "idle");
	const char *last = "";
	struct timespec before, after;
	struct daemon *d;
	char *snapshot;
	int watches[3];

	troupe_ask(&t, 3);
	d = daemon_start(h, NULL);
	stage_expect_in_sync(d);
	snapshot = troupe_snapshot(&t);
	before = changed(h, t.names[0]);
	for (size_t i = 0; i < 3; i++)
		watches[i] = witness_watch(h, t.names[i]);
	for (int round = 0; round < 3; round++) {
		if (round == 1)
			daemon_kill(d);
		else
			daemon_stop(d);
		d = daemon_start(h, "-vv", NULL);
		daemon_reload(d);
		for (size_t i = 0; i < 3; i++)
			if (witness_writes(h, watches[i], &last) > 0)
				fail_msg("round %d: %s was written", round, last);
		if (daemon_said(d, "write ") || daemon_said(d, "put back"))
			fail_msg("round %d: it said:\n%s", round, daemon_words(d));
	}
	daemon_stop(d);
	after = changed(h, t.names[0]);
	assert_int_equal(before.tv_sec, after.tv_sec);
	assert_int_equal(before.tv_nsec, after.tv_nsec);
	assert_string_equal(troupe_snapshot(&t), snapshot);
	for (size_t i = 0; i < 3; i++)
		close(watches[i]);
	troupe_close(&t);
}

/* SIGTERM in the middle of much work: it ends with 0, and the next one goes on. */
static void an_end_in_the_middle(void **state)
{
	struct harness *h = stage_begin(state);
	struct troupe t = troupe_open(h, "term");
	struct daemon *d;

	for (unsigned k = 0; k < 10; k++) {
		d = daemon_start_how(h, &(struct daemon_how){.unready = k % 2});
		if (k % 2)
			daemon_await(d, harness_read(h, "%s", d->log)); /* it is alive */
		troupe_ask(&t, k);
		daemon_nap(dice(40));
		if (k % 2)
			daemon_await(d, d->ready > 0);
		daemon_stop(d);
	}
	d = daemon_start(h, NULL);
	stage_expect_in_sync(d);
	daemon_stop(d);
	stage_expect_no_leftovers(h);
	troupe_close(&t);
}

/* ---- two of them ---- */

static const char *own_words(struct daemon *d)
{
	const char *text = harness_read(d->h, "%s", d->log);

	return text ? text : "";
}

static void the_second_names_the_first(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "two", NULL);
	const char *lxcpath = h->lxcpath, *link = arena_printf(h->arena, "%s/lxclink", h->root);
	const char *other = arena_printf(h->arena, "%s/lxc2", h->root), *pid;
	struct daemon *first, *second;

	stage_ask(&a, "100", NULL);
	first = daemon_start(h, NULL);
	pid = arena_printf(h->arena, "%d", (int)first->pid);
	assert_int_equal(symlink("lxc", link), 0);
	for (int i = 0; i < 2; i++) {
		h->lxcpath = i ? link : lxcpath;
		second = daemon_start_how(h, &(struct daemon_how){.unready = true});
		assert_int_equal(daemon_end(second), 2);
		if (!strstr(own_words(second), pid))
			fail_msg("it does not name %s:\n%s", pid, own_words(second));
	}
	/* another LXC path is another matter */
	assert_int_equal(mkdir(other, 0711), 0);
	h->lxcpath = other;
	second = daemon_start(h, NULL);
	daemon_stop(second);
	h->lxcpath = lxcpath;
	/* the first did not notice */
	stage_turn(first, &a, "101", NULL);
	daemon_kill(first);
	/* nothing of it is in the way */
	first = daemon_start(h, NULL);
	stage_turn(first, &a, "102", NULL);
	daemon_stop(first);
}

/* ---- flat ---- */

static unsigned long resident_kib(const struct daemon *d)
{
	const char *text = harness_read(d->h, "/proc/%d/status", (int)d->pid);
	const char *line = text ? strstr(text, "VmRSS:") : NULL;

	assert_non_null(line);
	return strtoul(line + 6, NULL, 10);
}

static size_t open_fds(const struct daemon *d)
{
	DIR *dir = opendir(arena_printf(d->h->arena, "/proc/%d/fd", (int)d->pid));
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* Something happens to one of the files. */
static void random_edit(struct harness *h, unsigned n)
{
	const char *file = arena_printf(h->arena, "instances/filler%u.yaml", dice(20));
	const char *full = arena_printf(h->arena, "%s/%s", h->manifests, file);
	const char *name =
	    arena_printf(h->arena, "filler%.*s", (int)strcspn(file + 16, "."), file + 16);

	switch (dice(8)) {
	case 0:
		unlink(full);
		break;
	case 1:
		harness_manifest(h, file, "name: [%u\n", n);
		break;
	case 2:
		chmod(full, dice(2) ? 0666 : 0644);
		break;
	case 3:
		harness_manifest(h, "profiles/p.yaml", "config: {limits.memory: %uMiB}\n",
				 64 + n % 7);
		break;
	case 4:
		harness_manifest(h, arena_printf(h->arena, "dir%u/instances/x.yaml", dice(4)),
				 "name: other%u\nhosts: [nowhere]\n", n);
		break;
	case 5:
		/* one of the two may not be there */
		(void)!rename(arena_printf(h->arena, "%s/dir%u", h->manifests, dice(4)),
			      arena_printf(h->arena, "%s/dir%u", h->manifests, dice(4)));
		break;
	default:
		harness_manifest(h, file,
				 "name: %s\nprofiles: [p]\nstate: absent\n"
				 "config: {limits.processes: %u, user.note: 'edit %u'}\n",
				 name, n, n);
	}
}

static void edit(struct daemon *d, const struct actor *a, unsigned edits)
{
	for (unsigned n = 0; n < edits; n++) {
		random_edit(d->h, n);
		if (n % 50 == 0)
			stage_turn(d, a, arena_printf(d->h->arena, "%u", 100 + n % 1000), NULL);
	}
	stage_turn(d, a, "99", NULL);
	daemon_reload(d);
}

static void edits_leave_no_trace(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "flat", NULL);
	unsigned edits = stage_soak() ? SOAK_EDITS : EDITS;
	unsigned long before, after;
	struct daemon *d;
	size_t fds;

	harness_manifest(h, "profiles/p.yaml", "config: {}\n");
	stage_ask(&a, "100", NULL);
	d = daemon_start(h, NULL);
	edit(d, &a, 400);
	before = resident_kib(d);
	fds = open_fds(d);
	edit(d, &a, edits);
	after = resident_kib(d);
	print_message("%u edits: %lu KiB, then %lu KiB\n", edits, before, after);
	daemon_await(d, open_fds(d) <= fds); /* boot files may be under way */
	/* the sanitizer keeps what is freed */
	if (!stage_asan(h) && after > before + 400)
		fail_msg("%u edits took %lu KiB", edits, after - before);
	daemon_stop(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    stage_test(killed_anywhere_it_converges), stage_test(a_restart_writes_nothing),
	    stage_test(an_end_in_the_middle),         stage_test(the_second_names_the_first),
	    stage_test(edits_leave_no_trace),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
