/*
 * The daemon and those who ask it: status, --watch and --wait, apply through it, pauses; and its
 * socket, which nonsense does not harm.
 */
#include "tests/integration/stage.h"
#include "tests/skip.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char *number(struct harness *h, unsigned n)
{
	return arena_printf(h->arena, "%u", n);
}

static void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static bool since_is_known(struct daemon *d, const char *name)
{
	json_t *s = daemon_standing(d, name);
	bool known = json_integer_value(json_object_get(s, "since")) > 0 ||
		     json_is_string(json_object_get(s, "since"));

	json_decref(s);
	return known;
}

/* Only who watched knows since when; status works without a daemon, and beside one that is stuck.
 */
static void status_asks_or_looks(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "ask", NULL);
	struct daemon *d;
	char *output;

	stage_ask(&a, "100", "  environment.A: b\n");
	d = daemon_start(h, NULL);
	daemon_await(d, daemon_holds(d, a.name, "pending-restart", "environment.A"));
	assert_true(since_is_known(d, a.name));
	assert_int_equal(harness_evenkeel(h, &output, "status", NULL), 1);
	assert_contains(output, a.name);
	assert_contains(output, "1 instance: 1 pending-restart");
	assert_int_equal(harness_evenkeel(h, &output, "status", "nosuch", NULL), 2);
	assert_int_equal(daemon_ask(d, &output, "status", "--usage", "-o", "json", NULL), 1);
	assert_contains(output, "\"usage\": {");
	kill(d->pid, SIGSTOP);
	assert_int_equal(harness_evenkeel(h, &output, "status", NULL), 1);
	assert_contains(output, "pending-restart");
	kill(d->pid, SIGCONT);
	daemon_await(d, since_is_known(d, a.name));
	stage_ask(&a, "100", NULL);
	daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
	daemon_stop(d);
	assert_int_equal(harness_evenkeel(h, &output, "status", "-o", "json", NULL), 0);
	assert_contains(output, "\"since\": null");
}

/* It never says that something holds before it has looked at what was written. */
static void waiting_is_waiting(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "wait", NULL);
	struct daemon *d;
	char *output;

	stage_ask(&a, "100", NULL);
	d = daemon_start(h, NULL);
	for (unsigned n = 1; n <= 20; n++) {
		stage_ask(&a, number(h, 100 + n), NULL);
		if (harness_evenkeel(h, &output, "status", "--wait=in-sync", "--timeout", "20s",
				     NULL) != 0)
			fail_msg("%s", output);
		if (!witness_is(a.pids, number(h, 100 + n)))
			fail_msg("round %u: it did not wait", n);
	}
	/* not in time */
	stage_ask(&a, "121", "  environment.A: b\n");
	assert_int_equal(
	    harness_evenkeel(h, &output, "status", "--wait=in-sync", "--timeout", "300ms", NULL),
	    1);
	/* the container's state as well */
	stage_ask(&a, "121", "  boot.host_shutdown_timeout: 1\nstate: stopped\n");
	assert_int_equal(
	    harness_evenkeel(h, &output, "status", "--wait=stopped", "--timeout", "20s", NULL), 0);
	assert_int_equal(harness_init(h, a.name), 0);
	daemon_stop(d);
}

/* `status --watch -o json` in the background, its lines in a file. */
static pid_t watch_status(const struct harness *h, const char *path)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd, 1);
		execl(h->program, "evenkeel", "status", "--watch", "-o", "json", "-d", h->manifests,
		      "-P", h->lxcpath, "--etc", h->etc, NULL);
		_exit(127);
	}
	return pid;
}

/* Is there a line about NAME in CONDITION? All lines are JSON. */
static bool watched(struct harness *h, const char *path, const char *name, const char *condition)
{
	const char *text = harness_read(h, "%s", path);
	bool found = false;

	for (char *line = text ? strtok(arena_strdup(h->arena, text), "\n") : NULL; line && !found;
	     line = strtok(NULL, "\n")) {
		json_error_t error;
		json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, &error);
		const char *n = json_string_value(json_object_get(o, "name"));
		const char *c = json_string_value(json_object_get(o, "condition"));

		found = n && c && strcmp(n, name) == 0 && strcmp(c, condition) == 0;
		json_decref(o);
	}
	return found;
}

static void watching_streams(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "seen", NULL);
	const char *path = arena_printf(h->arena, "%s/watched", h->root);
	struct daemon *d;
	pid_t watcher;
	int status;

	stage_ask(&a, "100", NULL);
	d = daemon_start(h, NULL);
	watcher = watch_status(h, path);
	daemon_await(d, watched(h, path, a.name, "in-sync"));
	stage_ask(&a, "101", "  environment.A: b\n");
	daemon_await(d, watched(h, path, a.name, "pending-restart"));
	stage_ask(&a, "many", NULL);
	daemon_await(d, watched(h, path, a.name, "held-back"));
	/* the daemon's end is the stream's */
	daemon_stop(d);
	assert_int_equal(waitpid(watcher, &status, 0), watcher);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 2);
}

/* The daemon is told to be slow, so that it is the command that gets it done. */
static void apply_goes_through_it(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "apply", NULL), b = stage_actor(h, "aside", NULL);
	const char *elsewhere = arena_printf(h->arena, "%s/elsewhere", h->root);
	struct daemon *d;
	char *output;

	stage_ask(&a, "100", NULL);
	stage_ask(&b, "100", NULL);
	d = daemon_start(h, NULL);
	for (unsigned n = 1; n <= 5; n++) {
		stage_ask(&a, number(h, 100 + n), NULL);
		if (harness_evenkeel(h, &output, "apply", NULL) != 0)
			fail_msg("%s", output);
		assert_true(witness_is(a.pids, number(h, 100 + n)));
	}
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 0);
	assert_contains(output, "2 in sync");
	assert_int_equal(harness_evenkeel(h, &output, "apply", "-o", "json", a.name, NULL), 0);
	assert_contains(output, "\"version\": 1");
	assert_int_equal(harness_evenkeel(h, &output, "apply", "nosuch", NULL), 2);
	assert_int_equal(harness_evenkeel(h, &output, "diff", NULL), 0);
	/* drift */
	assert_int_equal(witness_write(b.pids, "55"), 0);
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 0);
	assert_true(witness_is(b.pids, "100"));
	/* errors and their place */
	stage_ask(&b, "many", NULL);
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 1);
	assert_contains(output, arena_printf(h->arena, "%s:5", b.file));
	/* not this daemon's directory */
	assert_int_equal(mkdir(elsewhere, 0755), 0);
	assert_int_equal(harness_run(h, &output, h->program, "apply", "-d", elsewhere, "-P",
				     h->lxcpath, "--etc", h->etc, NULL),
			 2);
	assert_contains(output, h->manifests);
	daemon_stop(d);
}

/* Letting go of one that a manifest asks for would not last. */
static void release_knows_what_is_managed(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "held", NULL), b = stage_actor(h, "let", NULL);
	struct daemon *d;
	char *output;

	stage_ask(&a, "100", NULL);
	stage_ask(&b, "100", NULL);
	d = daemon_start(h, NULL);
	assert_int_not_equal(
	    harness_run(h, &output, h->program, "release", "--yes", "-P", h->lxcpath, a.name, NULL),
	    0);
	assert_non_null(harness_read(h, "%s/%s/evenkeel.conf", h->lxcpath, a.name));
	daemon_mark(d);
	assert_int_equal(unlink(arena_printf(h->arena, "%s/%s", h->manifests, b.file)), 0);
	daemon_await(d, daemon_said(d, b.name));
	assert_int_equal(
	    harness_run(h, &output, h->program, "release", "--yes", "-P", h->lxcpath, b.name, NULL),
	    0);
	assert_null(harness_read(h, "%s/%s/evenkeel.conf", h->lxcpath, b.name));
	daemon_reload(d);
	assert_null(harness_read(h, "%s/%s/evenkeel.conf", h->lxcpath, b.name));
	assert_true(witness_is(b.pids, "100"));
	stage_turn(d, &a, "101", NULL);
	daemon_stop(d);
}

/* ---- pauses ---- */

static void expect_left_alone(struct daemon *d, const struct actor *a, const char *value)
{
	char *output;

	stage_ask(a, "666", NULL);
	assert_int_equal(witness_write(a->pids, value), 0);
	daemon_nap(100);
	daemon_reload(d);
	assert_true(witness_is(a->pids, value));
	assert_int_equal(harness_evenkeel(d->h, &output, "diff", NULL), 0);
	assert_contains(output, "paused");
	daemon_await(d, daemon_holds(d, a->name, "paused", NULL));
}

static void pauses_by_command(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "pause", NULL);
	struct daemon *d;

	stage_ask(&a, "100", NULL);
	d = daemon_start(h, NULL);
	assert_int_equal(harness_run(h, NULL, h->program, "pause", "-P", h->lxcpath, a.name,
				     "--for", "2h", "--reason", "the disk is being replaced", NULL),
			 0);
	daemon_await(d, daemon_holds(d, a.name, "paused", "the disk is being replaced"));
	expect_left_alone(d, &a, "55");
	/* a restart of the daemon does not end it */
	daemon_kill(d);
	d = daemon_start(h, NULL);
	expect_left_alone(d, &a, "56");
	assert_int_equal(harness_run(h, NULL, h->program, "resume", "-P", h->lxcpath, a.name, NULL),
			 0);
	daemon_await(d, witness_is(a.pids, "666"));
	daemon_await(d, daemon_holds(d, a.name, "in-sync", NULL));
	/* one that ends by itself, without any other event */
	assert_int_equal(harness_run(h, NULL, h->program, "pause", "-P", h->lxcpath, a.name,
				     "--for", "1s", NULL),
			 0);
	daemon_await(d, daemon_holds(d, a.name, "paused", NULL));
	assert_int_equal(witness_write(a.pids, "55"), 0);
	assert_true(witness_is(a.pids, "55"));
	daemon_await(d, witness_is(a.pids, "666"));
	daemon_stop(d);
}

static void pauses_by_manifest(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "paused", NULL);
	struct daemon *d;

	stage_ask(&a, "100", NULL);
	d = daemon_start(h, NULL);
	stage_ask(&a, "200", "paused: {until: 2199-01-01, reason: moving house}\n");
	daemon_await(d, daemon_holds(d, a.name, "paused", "moving house"));
	assert_true(witness_is(a.pids, "100"));
	assert_int_equal(witness_write(a.pids, "55"), 0);
	daemon_reload(d);
	assert_true(witness_is(a.pids, "55"));
	stage_turn(d, &a, "201", NULL);
	/* in the past: none */
	stage_turn(d, &a, "202", "paused: {until: 2001-01-01}\n");
	daemon_stop(d);
}

/* ---- the socket ---- */

static const char *socket_path(struct harness *h)
{
	const char *path = NULL;
	glob_t g;

	if (glob("/run/evenkeel/control-*", 0, NULL, &g) == 0 && g.gl_pathc > 0)
		path = arena_strdup(h->arena, g.gl_pathv[0]);
	globfree(&g);
	assert_non_null(path);
	return path;
}

static int dial(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_true(fd >= 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void talk(int fd, const char *text, size_t times)
{
	for (size_t i = 0; fd >= 0 && i < times; i++)
		if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 && errno != EAGAIN)
			break;
}

static void nonsense_harms_nobody(void **state)
{
	static const char *const words[] = {
	    "\n\n\n",
	    "{}\n",
	    "[1,2,3]\n",
	    "{\"version\": 1}\n",
	    "{\"command\": \"status\"\n",
	    "GET / HTTP/1.0\r\n\r\n",
	    "{\"version\":1,\"request\":\"no such\"}\n",
	    "{\"version\":99,\"request\":\"status\",\"names\":{}}\n",
	    "\377\376\001\n",
	};
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "socket", NULL);
	struct stat st;
	const char *path;
	struct daemon *d;
	int fds[100];

	stage_ask(&a, "100", NULL);
	d = daemon_start(h, NULL);
	path = socket_path(h);
	assert_int_equal(stat("/run/evenkeel", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(st.st_uid, 0);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		int fd = dial(path);

		talk(fd, words[i], 1);
		daemon_nap(2);
		close(fd);
	}
	/* more than a request may be, and no end of it; more clients than there may be */
	fds[0] = dial(path);
	talk(fds[0], "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 20000);
	for (size_t i = 1; i < 100; i++) {
		fds[i] = dial(path);
		if (i % 3 == 0)
			talk(fds[i], "{\"version\":", 1);
	}
	stage_turn(d, &a, "101", NULL);
	assert_true(daemon_holds(d, a.name, "in-sync", NULL));
	for (size_t i = 0; i < 100; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	assert_true(since_is_known(d, a.name));
	daemon_stop(d);
	/* a dead one's is in nobody's way */
	d = daemon_start(h, NULL);
	daemon_kill(d);
	assert_int_equal(access(path, F_OK), 0);
	d = daemon_start(h, NULL);
	assert_true(since_is_known(d, a.name));
	daemon_stop(d);
}

static void others_are_not_heard(void **state)
{
	struct harness *h = stage_begin(state);
	struct daemon *d;
	const char *path;
	int status;
	pid_t pid;

	harness_manifest(h, "profiles/p.yaml", "config: {}\n");
	d = daemon_start(h, NULL);
	path = socket_path(h);
	assert_int_equal(chmod("/run/evenkeel", 0755), 0);
	assert_int_equal(chmod(path, 0666), 0);
	pid = fork();
	if (pid == 0) {
		char byte;
		int fd;

		if (setresgid(12345, 12345, 12345) < 0 || setresuid(12345, 12345, 12345) < 0)
			_exit(3);
		fd = dial(path);
		if (fd < 0)
			_exit(2);
		fcntl(fd, F_SETFL, 0);
		talk(fd, "{\"version\":1,\"request\":\"status\"}\n", 1);
		/* hung up on, without a word */
		_exit(read(fd, &byte, 1) > 0 ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(chmod("/run/evenkeel", 0700), 0);
	assert_int_equal(status, 0);
	daemon_stop(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    stage_test(status_asks_or_looks),
	    stage_test(waiting_is_waiting),
	    stage_test(watching_streams),
	    stage_test(apply_goes_through_it),
	    stage_test(release_knows_what_is_managed),
	    stage_test(pauses_by_command),
	    stage_test(pauses_by_manifest),
	    stage_test(nonsense_harms_nobody),
	    stage_test(others_are_not_heard),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
