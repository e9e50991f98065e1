/* What comes, goes and restarts while the daemon is at work: nothing of it is used any more. */
#include "tests/integration/stage.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char *memory_limit(const struct actor *a)
{
	return witness_knob(a->h, a->name, "memory", "memory.limit_in_bytes", "memory.max");
}

static void leave_few_fds(void *context)
{
	struct rlimit l = {256, 256};

	(void)context;
	setrlimit(RLIMIT_NOFILE, &l);
}

/* Without fds to keep containers open, what the thread writes to is the round's own. */
static void a_container_that_is_not_kept_is_written_to_all_the_same(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "one", NULL);
	const char *limit = memory_limit(&a);
	const struct daemon_how how = {.prepare = leave_few_fds};
	struct daemon *d;

	assert_int_equal(harness_attach(h, a.name, NULL,
					"mkdir -p /big && mount -t tmpfs none /big && "
					"dd if=/dev/zero of=/big/big bs=1M count=40"),
			 0);
	stage_ask(&a, "100", "  limits.memory: 128MiB\n");
	d = daemon_start_how(h, &how);
	assert_true(witness_is(limit, "134217728"));
	stage_ask(&a, "101", "  limits.memory: 44MiB\n");
	daemon_await(d, witness_is(limit, "46137344"));
	stage_expect_in_sync(d);
	stage_turn(d, &a, "102", NULL);
	daemon_stop(d);
}

#define CROWD 2000
#define LAST 20

static void ask_nobody(struct harness *h, const char *name, int value)
{
	harness_manifest(h, arena_printf(h->arena, "instances/%s.yaml", name),
			 "kind: instance\nname: %s\nprofiles: []\nconfig:\n"
			 "  limits.processes: %d\n",
			 name, value);
}

static const char *last_one(struct harness *h, int k)
{
	return arena_printf(h->arena, "zz-%d", k);
}

/* Full passes are under way, and some of those that they have yet to look at change and go. */
static void who_goes_before_its_turn_has_none(void **state)
{
	struct harness *h = stage_begin(state);
	struct daemon *d;

	for (int i = 0; i < CROWD; i++)
		ask_nobody(h, arena_printf(h->arena, "crowd-%04d", i), 100);
	d = daemon_start(h, "--settle", "0", NULL);
	for (int i = 0; i < 100; i++) {
		for (int k = 0; k < LAST; k++)
			ask_nobody(h, last_one(h, k), i);
		assert_int_equal(kill(d->pid, SIGHUP), 0);
		for (int k = 0; k < LAST; k++) {
			ask_nobody(h, last_one(h, k), 1000 + i);
			usleep(500);
			unlink(arena_printf(h->arena, "%s/instances/%s.yaml", h->manifests,
					    last_one(h, k)));
			usleep(500);
		}
	}
	daemon_reload(d);
	daemon_stop(d);
}

/* Somebody starts a container, and writes its manifest later. */
static void what_runs_before_its_manifest_comes_is_seen_to_run(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor first = stage_actor(h, "first", NULL), later;
	struct daemon *d;

	stage_ask(&first, "100", NULL);
	d = daemon_start(h, NULL);
	later = stage_actor(h, "later", NULL);
	daemon_nap(100);
	stage_turn(d, &later, "101", NULL);
	daemon_stop(d);
}

/* Its group is where nobody would look for it: over stops and starts it is not lost. */
static void who_has_a_group_elsewhere_is_not_lost(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(
	    h, "else",
	    arena_printf(h->arena, "lxc.cgroup.dir = ek-test-%ld/deep\n", (long)getpid()));
	struct daemon *d;

	stage_ask(&a, "100", NULL);
	d = daemon_start(h, "--resync", "0", NULL);
	for (int i = 0; i < 3; i++) {
		harness_stop(h, a.name);
		daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
		daemon_nap(100);
		harness_start(h, a.name);
		stage_again(&a);
		daemon_nap(500); /* until it was looked at, and its values are watched */
		assert_int_equal(witness_write(a.pids, "99"), 0);
		daemon_await(d, witness_is(a.pids, "100"));
	}
	daemon_stop(d);
}

/* Asked to try again it does so once, and then less and less often as before. */
static void who_insists_is_heard_once(void **state)
{
	struct harness *h = stage_begin(state);
	const char *hook = arena_printf(h->arena, "%s/hook", h->root);
	const char *times = arena_printf(h->arena, "%s/times", h->root), *tries;
	struct actor a;
	struct daemon *d;

	harness_write(h, hook, "#!/bin/sh\n");
	assert_int_equal(chmod(hook, 0755), 0);
	a = stage_actor(h, "lame", arena_printf(h->arena, "lxc.hook.pre-start = %s\n", hook));
	harness_stop(h, a.name);
	harness_write(h, hook, arena_printf(h->arena, "#!/bin/sh\necho x >>%s\nexit 1\n", times));
	stage_ask(&a, "100", "state: running\n");
	d = daemon_start(h, NULL);
	daemon_await(d, daemon_holds(d, a.name, "failing", NULL));
	daemon_reload(d);
	daemon_nap(2000);
	tries = harness_read(h, "%s", times);
	assert_in_range(strlen(tries) / 2, 2, 4);
	daemon_stop(d);
}

/* ---- all at once ---- */

#define TROUPE 8

static size_t open_fds(const struct daemon *d)
{
	DIR *dir = opendir(arena_printf(d->h->arena, "/proc/%ld/fd", (long)d->pid));
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static long resident_kib(const struct daemon *d)
{
	const char *text = harness_read(d->h, "/proc/%ld/status", (long)d->pid);
	const char *line = text ? strstr(text, "VmRSS:") : NULL;

	return line ? strtol(line + 6, NULL, 10) : 0;
}

static pid_t begin(void (*f)(struct harness *h, const struct actor *all), struct harness *h,
		   const struct actor *all)
{
	pid_t parent = getpid(), pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	srand((unsigned)getpid());
	while (getppid() == parent)
		f(h, all);
	_exit(0);
}

static void end(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

/* By somebody's hand: the daemon has not asked for it. */
static void restart_one(struct harness *h, const struct actor *all)
{
	const struct actor *a = &all[rand() % TROUPE];
	char *output;

	harness_run(h, &output, "lxc-stop", "-k", "-P", h->lxcpath, "-n", a->name, NULL);
	daemon_nap((unsigned)(rand() % 40));
	harness_run(h, &output, "timeout", "20", "lxc-start", "-P", h->lxcpath, "-n", a->name, "-d",
		    NULL);
}

/* Some of those who ask have gone before they are answered. */
static void ask_something(struct harness *h, const struct actor *all)
{
	static const char *const patience[] = {"0.003", "0.01", "0.03", "5"};
	static const char *const commands[] = {"status", "status", "apply", "diff"};
	char *output;

	(void)all;
	harness_run(h, &output, "timeout", "-s", "KILL", patience[rand() % 4], h->program,
		    commands[rand() % 4], "-d", h->manifests, "-P", h->lxcpath, "--etc", h->etc,
		    NULL);
	daemon_nap((unsigned)(rand() % 20));
}

/* The same files are open whatever the values. */
static void ask_for(const struct actor *a, unsigned value, bool runs)
{
	stage_ask(a, arena_printf(a->h->arena, "%u", 100 + value),
		  arena_printf(a->h->arena,
			       "  limits.memory: %uMiB\n  limits.cpu.allowance: %u%%\n"
			       "  limits.cpu: 1\n%s",
			       16 + value, 10 + value, runs ? "state: running\n" : ""));
}

/* Where all run and are in sync. */
static size_t come_to_rest(struct daemon *d, struct harness *h, const struct actor *all)
{
	for (size_t i = 0; i < TROUPE; i++)
		ask_for(&all[i], 50, true);
	for (size_t i = 0; i < TROUPE; i++)
		daemon_await(d, daemon_holds(d, all[i].name, "in-sync", NULL));
	stage_expect_in_sync(d);
	for (size_t i = 0; i < TROUPE; i++)
		assert_true(witness_is(witness_pids(h, all[i].name), "150"));
	return open_fds(d);
}

static void restarts_edits_and_questions_at_once(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor all[TROUPE];
	unsigned long long until;
	pid_t restarts[2], questions;
	struct daemon *d;
	size_t fds;
	long kib;

	for (size_t i = 0; i < TROUPE; i++)
		all[i] = stage_actor(h, arena_printf(h->arena, "a%zu", i), NULL);
	d = daemon_start(h, NULL);
	fds = come_to_rest(d, h, all);
	kib = resident_kib(d);
	restarts[0] = begin(restart_one, h, all);
	restarts[1] = begin(restart_one, h, all);
	questions = begin(ask_something, h, all);
	until = daemon_clock() + (stage_soak() ? 180000 : 5000);
	while (daemon_clock() < until) {
		ask_for(&all[rand() % TROUPE], (unsigned)rand() % 64, rand() % 2);
		if (rand() % 20 == 0)
			unlink(arena_printf(h->arena, "%s/%s", h->manifests,
					    all[rand() % TROUPE].file));
		if (rand() % 40 == 0)
			kill(d->pid, SIGHUP);
		daemon_nap((unsigned)(rand() % 30));
	}
	end(questions);
	end(restarts[0]);
	end(restarts[1]);
	come_to_rest(d, h, all);
	/* some values of each stay open once they were asked for */
	daemon_await(d, open_fds(d) <= fds + 2 * TROUPE);
	print_message("%ld KiB before, %ld after\n", kib, resident_kib(d));
	daemon_stop(d);
}

static const struct CMUnitTest tests[] = {
    stage_test(a_container_that_is_not_kept_is_written_to_all_the_same),
    stage_test(what_runs_before_its_manifest_comes_is_seen_to_run),
    stage_test(who_has_a_group_elsewhere_is_not_lost),
    stage_test(who_insists_is_heard_once),
    stage_test(restarts_edits_and_questions_at_once),
    stage_test(who_goes_before_its_turn_has_none),
};

int main(void)
{
	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
