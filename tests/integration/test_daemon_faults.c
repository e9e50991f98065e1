/*
 * The daemon and what goes wrong around it: disks that are full or read-only, containers that die
 * under its hands or do not answer, limits that the kernel refuses, a broken profile of many,
 * clocks that jump, watches that have run out. It costs time, never state, and nobody else.
 */
#include "tests/integration/stage.h"
#include "tests/skip.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define DEATHS 30
#define SOAK_DEATHS 500

static unsigned seed = 7;

static unsigned dice(unsigned sides)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % sides;
}

static const char *number(struct harness *h, unsigned n)
{
	return arena_printf(h->arena, "%u", n);
}

/* ---- disks ---- */

static void fill(const char *path)
{
	char zeros[4096] = {0};
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

/* Its folder becomes a small file system of its own, with the config in it; it runs on. */
static char *small_disk(const struct actor *a)
{
	struct harness *h = a->h;
	char *folder = arena_printf(h->arena, "%s/%s", h->lxcpath, a->name);
	char *config = harness_read(h, "%s/config", folder);

	assert_int_equal(
	    mount("ek-test", folder, "tmpfs", MS_NOSUID | MS_NODEV, "size=32k,mode=711"), 0);
	harness_write(h, arena_printf(h->arena, "%s/config", folder), config);
	return folder;
}

static void spoil(struct harness *h, const char *folder, bool full)
{
	if (full)
		fill(arena_printf(h->arena, "%s/junk", folder));
	else
		assert_int_equal(mount(NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
}

static void mend(struct harness *h, const char *folder, bool full)
{
	if (full)
		assert_int_equal(unlink(arena_printf(h->arena, "%s/junk", folder)), 0);
	else
		assert_int_equal(mount(NULL, folder, NULL, MS_REMOUNT, NULL), 0);
}

static bool boot_file_has(const struct actor *a, const char *text)
{
	const char *boot = harness_read(a->h, "%s/%s/evenkeel.conf", a->h->lxcpath, a->name);

	return boot && strstr(boot, text);
}

/* What is live goes on, what cannot be kept is told, and is kept as soon as it can be. */
static void a_disk_is_full_or_read_only(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "disk", NULL), b = stage_actor(h, "fine", NULL);
	const char *folder = small_disk(&a);
	struct daemon *d;

	stage_ask(&a, "100", "  environment.A: first\n");
	stage_ask(&b, "100", NULL);
	d = daemon_start(h, NULL);
	daemon_await(d, boot_file_has(&a, "A=first"));
	for (unsigned round = 0; round < 2; round++) {
		bool full = round == 0;
		const char *value = number(h, 200 + round);
		const char *word = arena_printf(h->arena, "round%u", round);
		const char *more = arena_printf(h->arena, "  environment.A: %s\n", word);

		daemon_mark(d);
		spoil(h, folder, full);
		stage_turn(d, &a, value, more);
		daemon_await(d, daemon_said(d, "not persisted"));
		daemon_await(d,
			     daemon_holds(d, a.name, "failing", strerror(full ? ENOSPC : EROFS)));
		assert_false(boot_file_has(&a, word));
		assert_true(boot_file_has(&a, round ? "round0" : "A=first"));
		stage_turn(d, &b, value, NULL);
		/* drift too, which the record already owns */
		assert_int_equal(witness_write(a.pids, "55"), 0);
		daemon_await(d, witness_is(a.pids, value));
		mend(h, folder, full);
		daemon_await(d, boot_file_has(&a, word));
		daemon_await(d, !daemon_holds(d, a.name, "failing", NULL));
		stage_expect_no_leftovers(h);
	}
	stage_expect_in_sync(d);
	daemon_stop(d);
	assert_int_equal(umount(folder), 0);
}

/* The log may be on a full disk, and whoever reads it may have gone or fallen asleep. */
static void nobody_listens(void **state)
{
	static const char *const where[] = {"/dev/full", "closed", "a stuck pipe"};
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "deaf", NULL);
	const char *program = h->program;

	for (unsigned i = 0; i < 3; i++) {
		const char *script = arena_printf(h->arena, "%s/listen%u", h->root, i);
		const char *fifo = arena_printf(h->arena, "%s/fifo", h->root);
		struct daemon *d;
		int reader = -1;

		stage_ask(&a, "100", NULL);
		if (i == 2) {
			assert_int_equal(mkfifo(fifo, 0600), 0);
			reader = open(fifo, O_RDWR | O_CLOEXEC); /* and never reads */
			assert_true(reader >= 0);
		}
		harness_write(h, script,
			      arena_printf(h->arena, "#!/bin/sh\nexec %s \"$@\" %s\n", program,
					   i == 0 ? ">/dev/full 2>/dev/full"
					   : i == 1
					       ? ">&- 2>&-"
					       : arena_printf(h->arena, ">%s 2>%s", fifo, fifo)));
		assert_int_equal(chmod(script, 0755), 0);
		h->program = script;
		d = daemon_start(h, "-vv", NULL);
		h->program = program;
		/* 300 lines and more: a pipe holds 64 KiB */
		for (unsigned n = 0; n < 300; n++)
			stage_turn(d, &a, number(h, 100 + n % 50 + 1), NULL);
		stage_expect_in_sync(d);
		daemon_stop(d);
		if (reader >= 0)
			close(reader);
		print_message("%s: fine\n", where[i]);
	}
}

/* ---- containers ---- */

/* Its init is killed just when its manifest changes: no error, no loop, and the next run has what
 * the manifest says, of which nothing came late from the run before. */
static void a_container_dies_in_the_middle(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "dies", NULL);
	static const char *const words[] = {"failed", "error", "cannot", "No such"};
	unsigned deaths = stage_soak() ? SOAK_DEATHS : DEATHS;
	struct daemon *d;

	stage_ask(&a, "100", NULL);
	d = daemon_start(h, "--settle", "0", NULL);
	daemon_mark(d);
	for (unsigned n = 0; n < deaths; n++) {
		const char *value = number(h, 101 + n % 900);
		const char *more = arena_printf(h->arena,
						"  limits.memory: %uMiB\n  limits.cpu: 0-%u\n  "
						"limits.memory.oom_priority: %u\n",
						64 + n % 3, n % 2, n % 100);
		pid_t init = harness_init(h, a.name);

		if (n % 2) {
			stage_ask(&a, value, more);
			usleep(dice(3000));
			kill(init, SIGKILL);
		} else {
			kill(init, SIGKILL);
			usleep(dice(500));
			stage_ask(&a, value, more);
		}
		harness_stop(h, a.name);
		harness_start(h, a.name);
		stage_again(&a);
		daemon_await(d, witness_is(a.pids, value));
		daemon_await(d, witness_is(witness_knob(h, a.name, "cpuset", "cpuset.cpus", NULL),
					   n % 2 ? "0-1" : "0"));
	}
	stage_expect_in_sync(d);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (daemon_said(d, words[i]))
			fail_msg("its death is an error: %s", strstr(daemon_words(d), words[i]));
	daemon_stop(d);
}

static pid_t parent_of(struct harness *h, pid_t pid)
{
	const char *text = harness_read(h, "/proc/%d/status", (int)pid);
	const char *line = text ? strstr(text, "\nPPid:") : NULL;

	assert_non_null(line);
	return (pid_t)strtol(line + 6, NULL, 10);
}

/* One whose monitor does not answer, and one that is frozen: the others do not wait for them. */
static void the_slow_delay_nobody(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "hung", NULL), b = stage_actor(h, "frozen", NULL);
	struct actor c = stage_actor(h, "quick", NULL);
	pid_t monitor = parent_of(h, harness_init(h, a.name));
	struct daemon *d;

	stage_ask(&a, "100", NULL);
	stage_ask(&b, "100", NULL);
	stage_ask(&c, "100", NULL);
	d = daemon_start(h, NULL);
	harness_run(h, NULL, "lxc-freeze", "-P", h->lxcpath, "-n", b.name, NULL);
	kill(monitor, SIGSTOP);
	for (unsigned n = 0; n < 3; n++) {
		stage_ask(&a, number(h, 101 + n), "state: running\n");
		stage_ask(&b, number(h, 101 + n), NULL);
		stage_turn(d, &c, number(h, 101 + n), NULL);
	}
	/* nor does a start of the daemon */
	daemon_kill(d);
	d = daemon_start(h, NULL);
	stage_turn(d, &c, "104", NULL);
	daemon_await(d, witness_is(b.pids, "103"));
	kill(monitor, SIGCONT);
	daemon_await(d, witness_is(a.pids, "103"));
	harness_run(h, NULL, "lxc-unfreeze", "-P", h->lxcpath, "-n", b.name, NULL);
	stage_expect_in_sync(d);
	daemon_stop(d);
}

/* Less memory than is in use: the kernel takes its time and says no. Told, retried, held up by
 * none. */
static void a_limit_that_is_refused_is_retried(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "big", NULL), b = stage_actor(h, "small", NULL);
	const char *memory =
	    witness_knob(h, a.name, "memory", "memory.limit_in_bytes", "memory.max");
	size_t lines;
	struct daemon *d;

	assert_int_equal(harness_attach(h, a.name, NULL,
					"mkdir -p /big && mount -t tmpfs none /big && "
					"dd if=/dev/zero of=/big/big bs=1M count=32"),
			 0);
	stage_ask(&a, "100", NULL);
	stage_ask(&b, "100", NULL);
	d = daemon_start(h, NULL);
	daemon_mark(d);
	stage_ask(&a, "101", "  limits.memory: 8MiB\n");
	for (unsigned n = 1; n <= 5; n++)
		stage_turn(d, &b, number(h, 100 + n), NULL);
	daemon_await(d, witness_is(a.pids, "101"));
	daemon_await(d, daemon_holds(d, a.name, "failing", "memory"));
	daemon_await(d, daemon_count_both(d, a.name, "memory.max") > 0);
	/* backoff: no flood */
	daemon_nap(2000);
	lines = daemon_count_both(d, a.name, "memory.max");
	if (lines > 4)
		fail_msg("%zu lines:\n%s", lines, daemon_words(d));
	assert_int_equal(harness_attach(h, a.name, NULL, "rm /big/big"), 0);
	daemon_await(d, witness_is(memory, "8388608"));
	daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
	daemon_stop(d);
}

/* ---- many ---- */

#define MANY 100

static void a_broken_profile_of_many(void **state)
{
	struct harness *h = stage_begin(state);
	static struct actor users[MANY];
	struct actor other = stage_actor(h, "other", NULL);
	struct daemon *d;
	char *output;

	harness_manifest(h, "profiles/p.yaml", "config: {limits.processes: 100}\n");
	stage_ask(&other, "100", NULL);
	for (unsigned i = 0; i < MANY; i++) {
		users[i] = stage_actor(h, arena_printf(h->arena, "u%u", i), NULL);
		harness_manifest(h, users[i].file, "name: %s\nprofiles: [p]\n", users[i].name);
	}
	d = daemon_start(h, NULL);
	for (unsigned i = 0; i < MANY; i++)
		assert_true(witness_is(users[i].pids, "100"));
	daemon_mark(d);
	harness_manifest(h, "profiles/p.yaml", "config:\n  limits.processes: many\n");
	daemon_await(d, daemon_holds(d, users[0].name, "held-back", "profiles/p.yaml:2"));
	stage_turn(d, &other, "101", NULL);
	daemon_ask(d, &output, "status", NULL);
	assert_non_null(strstr(output, "100 held-back"));
	/* what is wrong is said once, and of each of its users that it stays as it is */
	assert_int_equal(daemon_count_both(d, "profiles/p.yaml:2", "error:"), 1);
	assert_in_range(daemon_count(d, "profiles/p.yaml:2"), 1, MANY + 1);
	/* the last good one is still in force, and kept */
	for (unsigned i = 0; i < MANY; i += 33) {
		assert_int_equal(witness_write(users[i].pids, "55"), 0);
		daemon_await(d, witness_is(users[i].pids, "100"));
	}
	for (unsigned i = 0; i < MANY; i++)
		assert_true(witness_is(users[i].pids, "100"));
	/* one of them changes for itself: held back like its profile */
	harness_manifest(h, users[5].file,
			 "name: %s\nprofiles: [p]\nconfig: {limits.memory: 1GiB}\n", users[5].name);
	harness_manifest(h, "profiles/p.yaml", "config: {limits.processes: 102}\n");
	for (unsigned i = 0; i < MANY; i++)
		daemon_await(d, witness_is(users[i].pids, "102"));
	daemon_await(d, daemon_holds(d, users[5].name, "in-sync", NULL));
	stage_expect_in_sync(d);
	/* the profile vanishes while it is used, and comes back */
	assert_int_equal(unlink(arena_printf(h->arena, "%s/profiles/p.yaml", h->manifests)), 0);
	daemon_await(d, daemon_holds(d, users[0].name, "held-back", NULL));
	assert_true(witness_is(users[0].pids, "102"));
	harness_manifest(h, "profiles/p.yaml", "config: {limits.processes: 103}\n");
	for (unsigned i = 0; i < MANY; i++)
		daemon_await(d, witness_is(users[i].pids, "103"));
	daemon_stop(d);
}

/* ---- descriptors ---- */

static void with_few_descriptors(void *context)
{
	struct rlimit few = {48, 48};

	(void)context;
	if (setrlimit(RLIMIT_NOFILE, &few) < 0)
		_exit(126);
}

/* It lives on, and gets everything done once there are enough of them. */
static void descriptors_run_out(void **state)
{
	enum { TOO_MANY = 60, FEW = 4 };
	struct harness *h = stage_begin(state);
	static struct actor actors[TOO_MANY];
	struct daemon *d;

	for (unsigned i = 0; i < TOO_MANY; i++) {
		actors[i] = stage_actor(h, arena_printf(h->arena, "f%u", i), NULL);
		stage_ask(&actors[i], "100", NULL);
	}
	d = daemon_start_how(h, &(struct daemon_how){.prepare = with_few_descriptors});
	for (unsigned i = FEW; i < TOO_MANY; i++) {
		unlink(arena_printf(h->arena, "%s/%s", h->manifests, actors[i].file));
		harness_destroy(h, actors[i].name);
	}
	for (unsigned n = 1; n <= 3; n++)
		for (unsigned i = 0; i < FEW; i++)
			stage_turn(d, &actors[i], number(h, 100 + n), NULL);
	stage_expect_in_sync(d);
	daemon_stop(d);
}

/* ---- clocks ---- */

static void set_shift(const char *path, int64_t seconds)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &seconds, sizeof(seconds), 0), sizeof(seconds));
	close(fd);
}

static char *preload_of(const struct harness *h)
{
	const char *cut = strrchr(h->program, '/');

	return arena_printf(h->arena, "%.*s/tests/preload/wallclock.so", (int)(cut - h->program),
			    h->program);
}

/* The time of day jumps, far and both ways: all that waits for a time goes on waiting for as long.
 */
static void the_clock_is_changed(void **state)
{
	static const int64_t jumps[] = {630720000, -630720000, 3600, -3600, 0};
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "clock", NULL), b = {.h = h, .file = "instances/b.yaml"};
	const char *path = arena_printf(h->arena, "%s/wallclock", h->root);
	const char *preload = preload_of(h);
	const char *environment[] = {
	    arena_printf(h->arena, "LD_PRELOAD=%s", preload),
	    arena_printf(h->arena, "WALLCLOCK=%s", path),
	    "ASAN_OPTIONS=verify_asan_link_order=0",
	    NULL,
	};
	struct daemon *d;

	set_shift(path, 0);
	b.name = harness_name(h, "late");
	stage_ask(&a, "100", NULL);
	stage_ask(&b, "100", NULL);
	d = daemon_start_how(h, &(struct daemon_how){.environment = environment});
	assert_non_null(strstr(harness_read(h, "/proc/%d/maps", (int)d->pid), preload));
	for (unsigned i = 0; i < sizeof(jumps) / sizeof(*jumps); i++) {
		/* something that waits for a retry */
		daemon_await(d, daemon_holds(d, b.name, "failing", NULL));
		set_shift(path, jumps[i]);
		stage_turn(d, &a, number(h, 200 + i), NULL);
		assert_int_equal(witness_write(a.pids, "55"), 0);
		daemon_await(d, witness_is(a.pids, number(h, 200 + i)));
		/* pauses end by themselves */
		assert_int_equal(harness_run(h, NULL, h->program, "pause", "-P", h->lxcpath, a.name,
					     "--for", "1s", NULL),
				 0);
		daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
		stage_turn(d, &a, number(h, 300 + i), NULL);
		daemon_reload(d);
	}
	harness_create(h, b.name, NULL);
	harness_start(h, b.name);
	daemon_await(d, witness_is(witness_pids(h, b.name), "100"));
	daemon_stop(d);
}

/* ---- watches that have run out ---- */

struct bounds {
	const char *file, *value;
};

static void put_number(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(126);
	close(fd);
}

/* All ids as they are, written by somebody who is still outside. */
static void map_ids(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	put_number(path, "0 0 4294967295");
	snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)pid);
	put_number(path, "0 0 4294967295");
}

/* A user namespace has limits of its own, which are nobody else's. */
static void with_bounds(void *context)
{
	const struct bounds *b = context;
	pid_t pid = getpid(), helper;
	int go[2], status;
	char byte;

	if (pipe(go) < 0)
		_exit(126);
	helper = fork();
	if (helper == 0) {
		close(go[1]);
		if (read(go[0], &byte, 1) != 1)
			_exit(126);
		map_ids(pid);
		_exit(0);
	}
	if (unshare(CLONE_NEWUSER) < 0 || write(go[1], "", 1) != 1 ||
	    waitpid(helper, &status, 0) != helper || status != 0)
		_exit(126);
	close(go[0]);
	close(go[1]);
	put_number(b->file, b->value);
}

static void set_bounds(const struct daemon *d, const struct bounds *b, const char *value)
{
	char path[64];
	int status, fd;
	pid_t pid;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)d->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	pid = fork();
	if (pid == 0) {
		if (setns(fd, CLONE_NEWUSER) < 0)
			_exit(125);
		put_number(b->file, value);
		_exit(0);
	}
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Of a stopped container: nobody can look into a running one from another user namespace. */
static void ask_boot_file(struct daemon *d, const struct actor *a, const char *value)
{
	const char *line = arena_printf(a->h->arena, "pids.max = %s\n", value);

	stage_ask(a, value, NULL);
	daemon_await(d, boot_file_has(a, line));
}

/* Then it looks by itself from time to time, and says what to raise; raised, it watches again. */
static void watches_run_out(void **state)
{
	static const struct {
		struct bounds bounds;
		const char *sysctl;
	} rounds[] = {
	    {{"/proc/sys/user/max_inotify_watches", "2"},   "max_inotify_watches"  },
	    {{"/proc/sys/user/max_inotify_instances", "0"}, "max_inotify_instances"},
	};
	struct harness *h = stage_begin(state);
	struct actor a = {.h = h, .name = harness_name(h, "bound"), .file = "instances/a.yaml"};

	harness_create(h, a.name, NULL);
	for (unsigned i = 0; i < 2; i++) {
		struct bounds b = rounds[i].bounds;
		struct daemon *d;

		d = daemon_start_how(h,
				     &(struct daemon_how){.prepare = with_bounds, .context = &b});
		daemon_await(d, daemon_said(d, rounds[i].sysctl));
		ask_boot_file(d, &a, number(h, 101 + i));
		set_bounds(d, &b, "10000");
		for (unsigned n = 0; n < 10; n++)
			ask_boot_file(d, &a, number(h, 110 + n));
		assert_in_range(daemon_count(d, rounds[i].sysctl), 1, 3);
		daemon_stop(d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    stage_test(a_disk_is_full_or_read_only),
	    stage_test(nobody_listens),
	    stage_test(a_container_dies_in_the_middle),
	    stage_test(the_slow_delay_nobody),
	    stage_test(a_limit_that_is_refused_is_retried),
	    stage_test(a_broken_profile_of_many),
	    stage_test(descriptors_run_out),
	    stage_test(the_clock_is_changed),
	    stage_test(watches_run_out),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
