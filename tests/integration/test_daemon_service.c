/*
 * The daemon as a service: what it tells systemd, what it writes to its log, and that it sleeps
 * when there is nothing to do.
 */
#include "tests/integration/stage.h"
#include "tests/skip.h"

#include <dirent.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cmocka.h>

static void systemd_is_told(void **state)
{
	const char *const environment[] = {"WATCHDOG_USEC=1000000", NULL};
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "notify", NULL);
	struct daemon *d;

	stage_ask(&a, "100", NULL);
	d = daemon_start_how(h, &(struct daemon_how){.environment = environment});
	assert_true(witness_is(a.pids, "100")); /* ready means done */
	daemon_await(d, strlen(d->status) > 0);
	daemon_await(d, d->watchdog >= 2);
	assert_int_equal(d->ready, 1);
	for (int i = 0; i < 3; i++)
		daemon_reload(d);
	assert_int_equal(d->ready, 4);
	assert_int_equal(d->reloading, 3);
	/* what it missed is made good by a pass on demand */
	kill(d->pid, SIGTERM);
	daemon_nap(1);
	assert_int_equal(daemon_end(d), 0);
	assert_true(witness_is(a.pids, "100"));
}

#define SECRET "s3cr3t-of-the-house"

static void the_log_is_json_and_keeps_secrets(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor a = stage_actor(h, "json", NULL);
	struct daemon *d;
	char *words, *save = NULL, *output;
	size_t lines = 0;

	stage_ask(&a, "100", NULL);
	d = daemon_start(h, "--log-format", "json", "-vv", NULL);
	daemon_mark(d);
	stage_turn(d, &a, "101", "  environment.TOKEN: " SECRET "\n");
	daemon_await(d, daemon_holds(d, a.name, "pending-restart", NULL));
	daemon_ask(d, &output, "status", "-v", "-o", "json", NULL);
	assert_null(strstr(output, SECRET));
	harness_evenkeel(h, &output, "apply", "-vv", NULL);
	assert_null(strstr(output, SECRET));
	words = daemon_words(d);
	assert_null(strstr(words, SECRET));
	for (char *line = strtok_r(words, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		json_error_t error;
		json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, &error);
		const char *attribute = json_string_value(json_object_get(o, "attribute"));

		if (!o)
			fail_msg("%s: %s", error.text, line);
		if (attribute && strcmp(attribute, "pids.max") == 0) {
			assert_string_equal(json_string_value(json_object_get(o, "from")), "100");
			assert_string_equal(json_string_value(json_object_get(o, "to")), "101");
			assert_string_equal(json_string_value(json_object_get(o, "key")),
					    "limits.processes");
			assert_string_equal(json_string_value(json_object_get(o, "instance")),
					    a.name);
			lines++;
		}
		json_decref(o);
	}
	assert_int_equal(lines, 1);
	daemon_stop(d);
}

#define IDLE 3    /* containers */
#define WINDOWS 6 /* of three seconds; nobody else may be at work in one of them */

/* Of all its threads. */
static unsigned long switches(const struct daemon *d)
{
	const char *folder = arena_printf(d->h->arena, "/proc/%d/task", (int)d->pid);
	DIR *dir = opendir(folder);
	const struct dirent *e;
	unsigned long sum = 0;

	assert_non_null(dir);
	while ((e = readdir(dir))) {
		const char *text, *line;

		if (e->d_name[0] == '.')
			continue;
		text = harness_read(d->h, "%s/%s/status", folder, e->d_name);
		line = text ? strstr(text, "\nvoluntary_ctxt_switches:") : NULL;
		if (line)
			sum += strtoul(line + strlen("\nvoluntary_ctxt_switches:"), NULL, 10);
	}
	closedir(dir);
	return sum;
}

/* Somebody else's containers come and go: every daemon on this machine hears of them. */
static int watch_others(void)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	glob_t g;

	assert_true(fd >= 0);
	assert_int_equal(glob("/sys/fs/cgroup/", 0, NULL, &g), 0);
	glob("/sys/fs/cgroup/*/", GLOB_APPEND, NULL, &g);
	for (size_t i = 0; i < g.gl_pathc; i++)
		inotify_add_watch(fd, g.gl_pathv[i], IN_CREATE | IN_DELETE | IN_MOVE);
	globfree(&g);
	return fd;
}

/* Three seconds in which we only read. */
static unsigned long switches_while_idle(struct daemon *d, const struct actor *actors)
{
	unsigned long before = switches(d);

	for (unsigned i = 0; i < IDLE; i++) {
		daemon_nap(3000 / IDLE);
		harness_read(d->h, "%s/%s", d->h->manifests, actors[i].file);
		witness_read(d->h, actors[i].pids);
	}
	daemon_nap(100);
	return switches(d) - before;
}

/* False: others are at work all the time. */
static bool sleeps(struct daemon *d, const struct actor *actors)
{
	int others = watch_others();

	for (unsigned k = 0; k < WINDOWS; k++) {
		unsigned long woke = switches_while_idle(d, actors);
		bool disturbed = witness_writes(d->h, others, NULL) > 0;

		if (woke && !disturbed)
			fail_msg("it woke up %lu times", woke);
		if (woke)
			continue;
		close(others);
		return true;
	}
	close(others);
	return false;
}

static void it_sleeps_when_idle(void **state)
{
	struct harness *h = stage_begin(state);
	struct actor actors[IDLE];
	unsigned long before;
	struct daemon *d;
	bool slept;

	for (unsigned i = 0; i < IDLE; i++) {
		actors[i] = stage_actor(h, arena_printf(h->arena, "idle%u", i), NULL);
		stage_ask(&actors[i], "100", "  limits.memory: 1GiB\n  limits.cpu: 0-0\n");
	}
	d = daemon_start(h, NULL);
	for (unsigned i = 0; i < IDLE; i++)
		stage_turn(d, &actors[i], "101", "  limits.memory: 1GiB\n  limits.cpu: 0-0\n");
	daemon_nap(1000);
	slept = sleeps(d, actors);
	before = switches(d);
	stage_turn(d, &actors[0], "102", NULL);
	assert_true(switches(d) > before); /* it is counted at all */
	daemon_stop(d);
	if (!slept)
		skip_because("others start and stop containers here all the time");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    stage_test(systemd_is_told),
	    stage_test(the_log_is_json_and_keeps_secrets),
	    stage_test(it_sleeps_when_idle),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
