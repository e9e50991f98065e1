/* Looking at containers: what runs, what stands still, and never waiting for one. */
#include "limits/cgroup.h"
#include "reconciler/container.h"
#include "schema/arena.h"
#include "tests/integration/harness.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct look {
	struct arena *a;
	struct diagnostics ds;
	struct cgroup_layout *layout;
	struct host host;
	struct containers *cs;
};

static void look_open(struct look *l, struct harness *h)
{
	*l = (struct look){.a = arena_new()};
	diagnostics_init(&l->ds, l->a);
	assert_int_equal(cgroup_layout_open(&l->layout, &l->ds), 0);
	l->cs = containers_open(h->lxcpath, &l->host, l->layout, l->a);
}

static void look_close(struct look *l)
{
	containers_close(l->cs);
	cgroup_layout_close(l->layout);
	arena_free(l->a);
}

static enum status status_of(struct harness *h, const char *name)
{
	struct look l;
	enum status s;
	struct container *c;

	look_open(&l, h);
	c = container_open(l.cs, name);
	s = c->status;
	assert_int_equal(c->init != 0, s == STATUS_RUNNING || s == STATUS_FROZEN);
	assert_int_equal(c->cgroup != NULL, c->init != 0);
	assert_int_equal(c->pidfd >= 0, c->init != 0);
	container_close(c);
	look_close(&l);
	return s;
}

static void statuses_are_told_apart(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "status");

	assert_int_equal(status_of(h, name), STATUS_MISSING);
	harness_create(h, name, NULL);
	assert_int_equal(status_of(h, name), STATUS_STOPPED);
	harness_write(h, arena_printf(h->arena, "%s/%s/partial", h->lxcpath, name), "");
	assert_int_equal(status_of(h, name), STATUS_MISSING);
	unlink(arena_printf(h->arena, "%s/%s/partial", h->lxcpath, name));
	harness_start(h, name);
	assert_int_equal(status_of(h, name), STATUS_RUNNING);
	/* lxc-freeze may wait without end for a process that forks just then; the next one helps */
	while (harness_run(h, NULL, "timeout", "2", "lxc-freeze", "-P", h->lxcpath, "-n", name,
			   NULL) == 124)
		;
	assert_int_equal(status_of(h, name), STATUS_FROZEN);
	assert_int_equal(harness_run(h, NULL, "lxc-unfreeze", "-P", h->lxcpath, "-n", name, NULL),
			 0);
	assert_int_equal(status_of(h, name), STATUS_RUNNING);
	harness_stop(h, name);
	assert_int_equal(status_of(h, name), STATUS_STOPPED);
	harness_destroy(h, name);
	assert_int_equal(status_of(h, name), STATUS_MISSING);
}

static void a_missing_path_is_an_empty_one(void **state)
{
	struct harness *h = harness_require_root(state);
	struct harness nowhere = *h;
	struct look l;
	const char **names;

	nowhere.lxcpath = "/no/such/path";
	look_open(&l, &nowhere);
	assert_int_equal(l.cs->dir, -1);
	assert_int_equal(containers_defined(l.cs, &names), 0);
	assert_int_equal(container_open(l.cs, "web")->status, STATUS_MISSING);
	look_close(&l);
}

static void init_is_found_with_and_without_hints(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "init");
	char value[64];
	pid_t init;

	harness_create(h, name, NULL);
	init = harness_start(h, name);
	for (int round = 0; round < 2; round++) {
		struct container *c;
		struct look l;

		look_open(&l, h);
		assert_int_equal(l.cs->n_active, 1);
		c = container_open(l.cs, name);
		assert_int_equal(c->init, init);
		assert_true(
		    cgroup_read(c->cgroup, CONTROLLER_PIDS, "pids.max", value, sizeof(value)) > 0);
		assert_string_equal(c->running_item(c, "lxc.uts.name"), name);
		assert_null(c->running_item(c, "lxc.environment"));
		container_close(c);
		look_close(&l);
		assert_int_equal(
		    harness_run(h, NULL, "sh", "-c",
				arena_printf(h->arena,
					     "grep -q 'init %s %d ' /run/evenkeel/hints-*", name,
					     (int)init),
				NULL),
		    0);
	}
	/* the same name, another init: the hint is not believed */
	harness_stop(h, name);
	init = harness_start(h, name);
	assert_int_equal(status_of(h, name), STATUS_RUNNING);
	for (int round = 0; round < 2; round++) {
		struct look l;
		struct container *c;

		look_open(&l, h);
		c = container_open(l.cs, name);
		assert_int_equal(c->init, init);
		container_close(c);
		look_close(&l);
		/* nor is one with another start time, of another boot, or of no sense */
		assert_int_equal(harness_run(h, NULL, "sh", "-c",
					     "sed -i 's/^\\(init .* \\)[0-9]*$/\\11/' "
					     "/run/evenkeel/hints-*",
					     NULL),
				 0);
	}
	harness_run(h, NULL, "sh", "-c",
		    "for f in /run/evenkeel/hints-*; do echo nonsense > $f; done", NULL);
	assert_int_equal(status_of(h, name), STATUS_RUNNING);
	harness_destroy(h, name);
}

/* A leftover group of that name makes LXC choose another one. */
static void a_leftover_group_misleads_nobody(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "left");
	char *path;
	struct container *c;
	struct look l;

	harness_create(h, name, NULL);
	harness_start(h, name);
	path = harness_cgroup_path(h, name, "pids");
	harness_stop(h, name);
	assert_int_equal(mkdir(path, 0755), 0);
	harness_start(h, name);
	assert_int_equal(rmdir(path), 0);
	look_open(&l, h);
	c = container_open(l.cs, name);
	assert_int_equal(c->status, STATUS_RUNNING);
	assert_true(cgroup_has(c->cgroup, CONTROLLER_PIDS, "pids.max"));
	container_close(c);
	look_close(&l);
	harness_destroy(h, name);
}

static void a_configured_group_is_found(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "dir");
	char value[64];
	struct container *c;
	struct look l;

	harness_create(h, name, arena_printf(h->arena, "lxc.cgroup.dir = %s-x\n", name));
	harness_start(h, name);
	look_open(&l, h);
	c = container_open(l.cs, name);
	assert_int_equal(c->status, STATUS_RUNNING);
	assert_true(cgroup_read(c->cgroup, CONTROLLER_PIDS, "pids.max", value, sizeof(value)) > 0);
	container_close(c);
	look_close(&l);
	harness_destroy(h, name);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Its socket is there before it calls itself a monitor, and long before it answers. */
static void a_silent_monitor_is_not_waited_for(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "mute");
	const char *socket_name = arena_printf(h->arena, "%s/%s/command", h->lxcpath, name);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(socket_name));

	harness_create(h, name, NULL);
	memcpy(address.sun_path + 1, socket_name, strlen(socket_name));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
	assert_int_equal(listen(fd, 5), 0);
	alarm(30); /* rather than hang */
	assert_int_equal(status_of(h, name), STATUS_STARTING);
	alarm(0);
	close(fd);
	assert_int_equal(status_of(h, name), STATUS_STOPPED);
	harness_destroy(h, name);
}

/* While hooks run, liblxc's own state() would wait for them: here for ten seconds. */
static void a_starting_container_is_not_waited_for(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "slow");
	const char *hook = arena_printf(h->arena, "%s/slow", h->root);
	const char *go = arena_printf(h->arena, "%s/go", h->root);
	double begun = seconds();
	size_t seen = 0;
	pid_t starter;

	harness_write(h, hook,
		      arena_printf(h->arena,
				   "#!/bin/sh\nfor i in $(seq 200); do\n"
				   "[ ! -e %s ] || exit 0\nsleep 0.05\ndone\nexit 1\n",
				   go));
	assert_int_equal(chmod(hook, 0755), 0);
	harness_create(h, name, arena_printf(h->arena, "lxc.hook.start-host = %s\n", hook));
	starter = fork();
	if (starter == 0) {
		execlp("lxc-start", "lxc-start", "-P", h->lxcpath, "-n", name, "-d", NULL);
		_exit(127);
	}
	while (seen < 10 && seconds() - begun < 9) {
		double before = seconds();
		enum status s = status_of(h, name);

		assert_true(seconds() - before < 5);
		assert_true(s == STATUS_STARTING || s == STATUS_STOPPED);
		seen += s == STATUS_STARTING;
		usleep(20000);
	}
	assert_int_equal(seen, 10);
	harness_write(h, go, "");
	assert_int_equal(waitpid(starter, NULL, 0), starter);
	assert_int_equal(status_of(h, name), STATUS_RUNNING);
	harness_destroy(h, name);
}

/* It has no title: only its monitor can name init. */
static void a_foreground_container_is_found(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "front");
	double begun = seconds();
	pid_t starter;

	harness_create(h, name, NULL);
	starter = fork();
	if (starter == 0) {
		execlp("lxc-start", "lxc-start", "-P", h->lxcpath, "-n", name, "-F", NULL);
		_exit(127);
	}
	while (status_of(h, name) != STATUS_RUNNING && seconds() - begun < 10)
		usleep(20000);
	assert_int_equal(status_of(h, name), STATUS_RUNNING);
	harness_stop(h, name);
	assert_int_equal(waitpid(starter, NULL, 0), starter);
	harness_destroy(h, name);
}

/* Own items are those of the owner's config: our boot file overrides nothing of them. */
static void own_items_are_without_our_file(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "own");
	char *config = arena_printf(h->arena, "%s/%s/config", h->lxcpath, name);
	char *boot = arena_printf(h->arena, "%s/%s/evenkeel.conf", h->lxcpath, name);
	struct container *c;
	struct look l;

	harness_create(h, name,
		       "lxc.cgroup.pids.max = 50\nlxc.environment = A=1\nlxc.environment = B=2\n");
	harness_write(h, boot, "lxc.cgroup.pids.max = 10\nlxc.environment = C=3\n");
	harness_write(h, config,
		      arena_printf(h->arena, "%s#evenkeel# lxc.start.order = 7\nlxc.include = %s\n",
				   harness_read(h, "%s", config), boot));
	for (int round = 0; round < 2; round++) {
		look_open(&l, h);
		c = container_open(l.cs, name);
		assert_int_equal(c->status, STATUS_STOPPED);
		assert_string_equal(c->own_item(c, "lxc.cgroup.pids.max"), "50");
		assert_string_equal(c->own_item(c, "lxc.environment"), "A=1\nB=2");
		assert_string_equal(c->own_item(c, "lxc.idmap"),
				    "u 0 100000 65536\ng 0 100000 65536");
		assert_string_equal(c->own_item(c, "lxc.start.order"), "7");
		assert_null(c->own_item(c, "lxc.cgroup.memory.limit_in_bytes"));
		assert_null(c->own_item(c, "lxc.no.such.item"));
		assert_null(c->running_item(c, "lxc.environment"));
		container_close(c);
		look_close(&l);
		/* an include that has gone keeps nobody from reading the rest */
		unlink(boot);
	}
	harness_destroy(h, name);
}

/* As the daemon keeps one, over many rounds with an arena each. */
static void a_kept_one_knows_its_config_as_it_is(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "kept"), *text;
	char *config = arena_printf(h->arena, "%s/%s/config", h->lxcpath, name);
	struct arena *own = arena_new();
	struct container *c;
	struct look l;
	size_t size;

	harness_create(h, name, "lxc.cgroup.pids.max = 50\nlxc.environment = A=1\n");
	harness_start(h, name);
	look_open(&l, h);
	c = container_keep(l.cs, name, true, own);
	assert_int_equal(c->status, STATUS_RUNNING);
	for (int i = 0; i < 300; i++) {
		struct arena *round = arena_new();

		c->arena = round;
		assert_true(container_still_runs(c));
		assert_string_equal(c->own_item(c, "lxc.cgroup.pids.max"), "50");
		assert_string_equal(c->own_item(c, "lxc.environment"), "A=1");
		assert_null(c->own_item(c, "lxc.cgroup.cpu.shares"));
		assert_string_equal(c->running_item(c, "lxc.environment"), "A=1");
		assert_null(c->running_item(c, "lxc.cgroup.memory.limit_in_bytes"));
		c->arena = own;
		container_rest(c);
		arena_free(round);
		if (i == 0)
			size = arena_size(own);
	}
	assert_int_equal(arena_size(own), size);
	text = harness_read(h, "%s", config);
	harness_write(h, config, arena_printf(h->arena, "%slxc.cgroup.pids.max = 60\n", text));
	assert_string_equal(c->own_item(c, "lxc.cgroup.pids.max"), "50\n60");
	assert_string_equal(c->own_item(c, "lxc.environment"), "A=1");
	assert_string_equal(c->running_item(c, "lxc.environment"), "A=1");
	unlink(config);
	assert_null(c->own_item(c, "lxc.environment"));
	harness_write(h, config, text);
	assert_string_equal(c->own_item(c, "lxc.environment"), "A=1");
	container_close(c);
	arena_free(own);
	look_close(&l);
	harness_destroy(h, name);
}

static void a_broken_include_hides_no_running_container(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "broken");
	char *config = arena_printf(h->arena, "%s/%s/config", h->lxcpath, name);
	char *text;

	harness_create(h, name, NULL);
	harness_start(h, name);
	text = harness_read(h, "%s", config);
	harness_write(h, config,
		      arena_printf(h->arena, "%slxc.include = /no/such/evenkeel.conf\n", text));
	harness_run(h, NULL, "rm", "-rf", "/run/evenkeel", NULL);
	assert_int_equal(status_of(h, name), STATUS_RUNNING);
	harness_write(h, config, text);
	harness_destroy(h, name);
}

static void defined_ones_are_listed(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *first = harness_name(h, "a"), *second = harness_name(h, "b"), **names;
	struct look l;

	harness_create(h, second, NULL);
	harness_create(h, first, NULL);
	assert_int_equal(mkdir(arena_printf(h->arena, "%s/not-one", h->lxcpath), 0755), 0);
	look_open(&l, h);
	assert_int_equal(containers_defined(l.cs, &names), 2);
	assert_string_equal(names[0], first);
	assert_string_equal(names[1], second);
	assert_int_equal(container_open(l.cs, first)->status, STATUS_STOPPED);
	harness_start(h, first);
	containers_refresh(l.cs);
	assert_int_equal(container_open(l.cs, first)->status, STATUS_RUNNING);
	look_close(&l);
	harness_destroy(h, first);
	harness_destroy(h, second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(statuses_are_told_apart),
	    cmocka_unit_test(a_missing_path_is_an_empty_one),
	    cmocka_unit_test(init_is_found_with_and_without_hints),
	    cmocka_unit_test(a_leftover_group_misleads_nobody),
	    cmocka_unit_test(a_configured_group_is_found),
	    cmocka_unit_test(a_silent_monitor_is_not_waited_for),
	    cmocka_unit_test(a_starting_container_is_not_waited_for),
	    cmocka_unit_test(a_foreground_container_is_found),
	    cmocka_unit_test(own_items_are_without_our_file),
	    cmocka_unit_test(a_kept_one_knows_its_config_as_it_is),
	    cmocka_unit_test(a_broken_include_hides_no_running_container),
	    cmocka_unit_test(defined_ones_are_listed),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
