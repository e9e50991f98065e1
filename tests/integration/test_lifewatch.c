/* What happens to real containers, as events: each for the right name, and none at rest. */
#include "reconciler/container.h"
#include "reconciler/lifewatch.h"
#include "schema/arena.h"
#include "tests/integration/harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 1000

static struct cgroup_layout *layout;
static struct lifewatch *watch;
static struct host host;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void open_watch(struct harness *h)
{
	struct diagnostics ds;

	diagnostics_init(&ds, h->arena);
	if (cgroup_layout_open(&layout, &ds) < 0)
		fail_msg("%s", ds.items[0].message);
	cgroup_layout_describe(layout, &host);
	watch = lifewatch_open(layout, h->lxcpath, &ds);
	if (!watch)
		fail_msg("%s", ds.items[0].message);
}

static void close_watch(void)
{
	lifewatch_close(watch);
	cgroup_layout_close(layout);
}

/* ---- what was found ---- */

struct finds {
	const char *wanted, *other; /* OTHER must never be found */
	bool seen;
	size_t n;
};

static void found(void *context, const char *name)
{
	struct finds *f = context;
	char ours[64];

	/* whatever else starts and stops on this machine is nobody's business here */
	snprintf(ours, sizeof(ours), "ek-test-%d-", (int)getpid());
	f->n += strncmp(name, ours, strlen(ours)) == 0 || strncmp(name, "evil", 4) == 0;
	f->seen |= f->wanted && strcmp(name, f->wanted) == 0;
	if (f->other && strcmp(name, f->other) == 0)
		fail_msg("%s was told of", name);
}

static bool readable(int ms)
{
	struct pollfd p = {.fd = lifewatch_fd(watch), .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

/* Is NAME told of, in time? And then the rest of the same affair. */
static void expect_but(const char *name, const char *other)
{
	struct finds f = {.wanted = name, .other = other};
	int64_t end = now_ms() + PATIENCE_MS;

	while (!f.seen && now_ms() < end)
		if (readable((int)(end - now_ms())))
			assert_true(lifewatch_read(watch, found, &f));
	if (!f.seen)
		fail_msg("%s was not told of within %d ms", name, PATIENCE_MS);
}

static void expect(const char *name)
{
	expect_but(name, NULL);
}

static void settle(void)
{
	struct finds f = {0};

	while (readable(100))
		lifewatch_read(watch, found, &f);
}

static void expect_nothing(int ms)
{
	struct finds f = {0};
	int64_t end = now_ms() + ms;

	while (now_ms() < end)
		if (readable((int)(end - now_ms())))
			assert_true(lifewatch_read(watch, found, &f));
	if (f.n)
		fail_msg("woken, %zu times for ours", f.n);
}

/* ---- one container ---- */

static struct container *look_at(struct harness *h, const char *name)
{
	struct containers *cs = containers_open(h->lxcpath, &host, layout, h->arena);
	struct container *c = container_open(cs, name);

	containers_close(cs);
	assert_int_not_equal(c->status, STATUS_STOPPED);
	assert_non_null(c->cgroup);
	return c;
}

static void keep(struct harness *h, const char *name, const char *const *paths, size_t n)
{
	struct container *c = look_at(h, name);

	lifewatch_learn(watch, c);
	lifewatch_knobs(watch, c, paths, n);
	container_close(c);
}

static char *knob(struct harness *h, const char *name, const char *controller, const char *v1,
		  const char *v2)
{
	char *folder = harness_cgroup_path(h, name, controller), *path;

	assert_non_null(folder);
	path = arena_printf(h->arena, "%s/%s", folder, v1);
	return access(path, F_OK) == 0 ? path : arena_printf(h->arena, "%s/%s", folder, v2);
}

static char *memory_knob(struct harness *h, const char *name)
{
	return knob(h, name, "memory", "memory.limit_in_bytes", "memory.max");
}

static void lxc(struct harness *h, const char *tool, const char *name, const char *more)
{
	char *output;
	int status = harness_run(h, &output, tool, "-P", h->lxcpath, "-n", name, more, NULL);

	if (status != 0)
		fail_msg("%s %s: %s", tool, name, output);
}

/* ---- tests ---- */

static void starts_and_ends_are_told(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "life"), *other = harness_name(h, "lif");
	pid_t init, next;
	char *output;

	open_watch(h);
	harness_create(h, name, NULL);
	expect_but(name, other);
	settle();
	lxc(h, "lxc-start", name, NULL);
	expect_but(name, other);
	settle();
	lxc(h, "lxc-stop", name, "-k");
	expect_but(name, other);
	settle();
	init = harness_start(h, name);
	settle();
	keep(h, name, NULL, 0);
	assert_int_equal(kill(init, SIGKILL), 0);
	expect_but(name, other);
	harness_stop(h, name);
	settle();
	init = harness_start(h, name);
	settle();
	keep(h, name, NULL, 0);
	harness_attach(h, name, &output, "reboot -f");
	expect_but(name, other);
	for (int i = 0; i < 500; i++) {
		next = harness_init(h, name);
		if (next > 0 && next != init)
			break;
		usleep(10000);
	}
	assert_true(next > 0 && next != init);
	settle();
	lxc(h, "lxc-stop", name, "-k");
	settle();
	expect_nothing(200);
	lxc(h, "lxc-destroy", name, NULL);
	expect_but(name, other);
	settle();
	expect_nothing(100);
	close_watch();
}

static void freezing_is_told(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "cold");

	open_watch(h);
	harness_create(h, name, NULL);
	harness_start(h, name);
	keep(h, name, NULL, 0);
	settle();
	lxc(h, "lxc-freeze", name, NULL);
	expect(name);
	settle();
	lxc(h, "lxc-unfreeze", name, NULL);
	expect(name);
	settle();
	expect_nothing(100);
	lifewatch_forget(watch, name);
	settle();
	lxc(h, "lxc-freeze", name, NULL);
	expect_nothing(200);
	lxc(h, "lxc-unfreeze", name, NULL);
	expect_nothing(200);
	close_watch();
	harness_destroy(h, name);
}

static size_t watches(struct harness *h)
{
	const char *text = harness_read(h, "/proc/self/fdinfo/%d", lifewatch_fd(watch));
	size_t n = 0;

	for (; text && (text = strstr(text, "inotify wd:")); text++)
		n++;
	return n;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void read_all_of(struct harness *h, const char *folder)
{
	DIR *d = opendir(folder);
	char bytes[4096];

	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		int fd = open(arena_printf(h->arena, "%s/%s", folder, e->d_name),
			      O_RDONLY | O_NONBLOCK | O_CLOEXEC);

		if (fd >= 0 && read(fd, bytes, sizeof(bytes)) < 0)
			errno = 0;
		if (fd >= 0)
			close(fd);
	}
	closedir(d);
}

static void a_written_knob_is_told(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "knob"), *paths[3], *text;
	char *output;
	size_t before;

	open_watch(h);
	harness_create(h, name, NULL);
	harness_start(h, name);
	paths[0] = memory_knob(h, name);
	paths[1] = knob(h, name, "pids", "pids.max", "pids.max");
	paths[2] = "/etc/hostname"; /* no kernel file */
	keep(h, name, paths, 3);
	settle();
	write_file(paths[0], "100000000");
	expect(name);
	settle();
	write_file(paths[1], "300");
	expect(name);
	settle();
	/* the same text is an event, too: whoever looks finds nothing */
	write_file(paths[1], "300");
	expect(name);
	settle();
	/* reading is none, nor what the kernel and the container do */
	for (int i = 0; i < 20; i++)
		read_all_of(h, harness_cgroup_path(h, name, "memory"));
	read_all_of(h, harness_cgroup_path(h, name, "pids"));
	read_all_of(h, harness_cgroup_path(h, name, "freezer"));
	assert_int_equal(harness_attach(h, name, &output,
					"dd if=/dev/zero of=/tmp/x bs=1000000 count=200; "
					"rm /tmp/x; for i in 1 2 3 4 5 6 7 8 9; do sleep 0; done"),
			 0);
	expect_nothing(100);
	/* others of its files are not asked for */
	text = knob(h, name, "memory", "memory.soft_limit_in_bytes", "memory.high");
	if (access(text, F_OK) == 0)
		write_file(text, "99000000");
	expect_nothing(100);
	/* the first is no longer asked for */
	keep(h, name, paths + 1, 1);
	settle();
	write_file(paths[0], "110000000");
	expect_nothing(100);
	write_file(paths[1], "310");
	expect(name);
	settle();
	/* the next run has files of its own */
	harness_stop(h, name);
	expect(name);
	settle();
	harness_start(h, name);
	expect(name);
	settle();
	paths[0] = memory_knob(h, name);
	write_file(paths[0], "100000000");
	expect_nothing(100);
	keep(h, name, paths, 2);
	write_file(paths[0], "110000000");
	expect(name);
	before = watches(h);
	for (int i = 0; i < 50; i++)
		keep(h, name, paths, 2);
	assert_int_equal(watches(h), before);
	lifewatch_forget(watch, name);
	close_watch();
	harness_destroy(h, name);
}

/* The events of a stop and a start are read when the next run is being watched already. */
static void late_events_of_another_run_change_nothing(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "late"), *paths[1];
	size_t before;

	open_watch(h);
	harness_create(h, name, NULL);
	harness_start(h, name);
	paths[0] = memory_knob(h, name);
	keep(h, name, paths, 1);
	settle();
	before = watches(h);
	for (int i = 0; i < 3; i++) {
		harness_stop(h, name);
		harness_start(h, name);
		keep(h, name, paths, 1);
	}
	expect(name);
	settle();
	assert_int_equal(watches(h), before);
	write_file(paths[0], "100000000");
	expect(name);
	settle();
	harness_stop(h, name);
	expect(name);
	settle();
	assert_true(watches(h) < before);
	harness_destroy(h, name);
	close_watch();
}

static void as_container_root(struct harness *h, void (*act)(const char *folder),
			      const char *folder)
{
	pid_t pid = fork();
	int status;

	(void)h;
	if (pid == 0) {
		if (setgid(HARNESS_IDS) < 0 || setuid(HARNESS_IDS) < 0)
			_exit(9);
		act(folder);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void trouble(const char *folder)
{
	char path[512];

	for (int i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "%s/lxc.payload.evil%d", folder, i);
		if (mkdir(path, 0755) < 0 || chmod(path, 0700) < 0 || rmdir(path) < 0)
			_exit(8);
		snprintf(path, sizeof(path), "%s/../lxc.payload.sibling", folder);
		if (mkdir(path, 0755) == 0)
			_exit(5);
	}
}

/* What a container's root may do in its groups wakes nobody. */
static void a_hostile_container_wakes_nobody(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "evil"), *paths[2], *folder;
	struct stat st;

	open_watch(h);
	harness_create(h, name, NULL);
	harness_start(h, name);
	folder = harness_cgroup_path(h, name, "freezer");
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_gid, HARNESS_IDS);
	assert_true(st.st_mode & 020);
	paths[0] = arena_printf(h->arena, "%s/cgroup.procs", folder); /* its own */
	paths[1] = folder;
	keep(h, name, paths, 2);
	settle();
	as_container_root(h, trouble, folder);
	as_container_root(h, trouble, harness_cgroup_path(h, name, "memory"));
	if (access("/sys/fs/cgroup/unified", F_OK) == 0)
		as_container_root(
		    h, trouble,
		    arena_printf(h->arena, "/sys/fs/cgroup/unified/lxc.payload.%s", name));
	expect_nothing(100);
	/* nor do groups of nobody's */
	assert_int_equal(
	    mkdir(arena_printf(h->arena, "%s/../ek-test-%d", folder, (int)getpid()), 0755), 0);
	assert_int_equal(rmdir(arena_printf(h->arena, "%s/../ek-test-%d", folder, (int)getpid())),
			 0);
	{
		struct finds f = {0};

		while (readable(100))
			assert_true(lifewatch_read(watch, found, &f));
		assert_int_equal(f.n, 0);
	}
	close_watch();
	harness_destroy(h, name);
}

static const char *elsewhere(struct harness *h, bool above)
{
	int pid = (int)getpid();

	if (above)
		return arena_printf(h->arena, "lxc.cgroup.dir = ek-test-%d/deep\n", pid);
	return arena_printf(h->arena,
			    "lxc.cgroup.dir.container = ek-test-%d-c\n"
			    "lxc.cgroup.dir.monitor = ek-test-%d-m\n"
			    "lxc.cgroup.dir.monitor.pivot = ek-test-%d-p\n",
			    pid, pid, pid);
}

static void a_group_elsewhere_is_learned(void **state)
{
	struct harness *h = harness_require_root(state);

	for (size_t i = 0; i < 2; i++) {
		const char *name = harness_name(h, arena_printf(h->arena, "else%zu", i)), *paths[1];
		const char *more = elsewhere(h, i == 0);

		open_watch(h);
		harness_create(h, name, more);
		harness_start(h, name);
		paths[0] = memory_knob(h, name);
		keep(h, name, paths, 1);
		settle();
		write_file(paths[0], "100000000");
		expect(name);
		settle();
		harness_stop(h, name);
		expect(name);
		settle();
		/* from nothing again, the folders on the way included */
		harness_start(h, name);
		expect(name);
		settle();
		lifewatch_forget(watch, name);
		settle();
		/* those of others' containers that start just now come and go */
		for (int n = 0; n < 100 && watches(h) > 4; n++)
			settle();
		assert_true(watches(h) <= 4);
		close_watch();
		harness_destroy(h, name);
	}
}

/* A group of that name was left over: LXC takes the next one. */
static void a_leftover_group_is_in_nobodys_way(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "left"), *folder;

	open_watch(h);
	harness_create(h, name, NULL);
	harness_start(h, name);
	folder = harness_cgroup_path(h, name, "pids");
	harness_stop(h, name);
	assert_int_equal(mkdir(folder, 0755), 0);
	settle();
	harness_start(h, name);
	expect(name);
	keep(h, name, NULL, 0);
	settle();
	harness_stop(h, name);
	expect(name);
	assert_int_equal(rmdir(folder), 0);
	harness_destroy(h, name);
	close_watch();
}

static void too_many_events_are_owned_up_to(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "flood"), *paths[2];
	struct finds f = {0};
	bool whole = true;
	int fds[2];

	open_watch(h);
	harness_create(h, name, NULL);
	harness_start(h, name);
	paths[0] = memory_knob(h, name);
	paths[1] = knob(h, name, "pids", "pids.max", "pids.max");
	keep(h, name, paths, 2);
	settle();
	for (int i = 0; i < 2; i++)
		fds[i] = open(paths[i], O_WRONLY | O_CLOEXEC);
	/* one after another, since the same twice is one event */
	for (int i = 0; i < 40000; i++)
		assert_int_equal(pwrite(fds[i % 2], i % 2 ? "300" : "100000000", i % 2 ? 3 : 9, 0),
				 i % 2 ? 3 : 9);
	for (int i = 0; i < 2; i++)
		close(fds[i]);
	while (readable(0))
		whole &= lifewatch_read(watch, found, &f);
	assert_false(whole);
	write_file(paths[0], "110000000");
	expect(name);
	close_watch();
	harness_destroy(h, name);
}

static void nothing_happens_at_rest(void **state)
{
	enum { N = 60 };
	struct harness *h = harness_require_root(state);
	const char *names[N], *why, *remedy;

	open_watch(h);
	for (int i = 0; i < N; i++) {
		names[i] = harness_name(h, arena_printf(h->arena, "idle%d", i));
		harness_create(h, names[i], NULL);
	}
	harness_start_all(h, names, N);
	for (int i = 0; i < N; i++) {
		const char *path = memory_knob(h, names[i]);

		keep(h, names[i], &path, 1);
	}
	settle();
	expect_nothing(2000);
	if (!lifewatch_complete(watch, &why, &remedy))
		fail_msg("%s: %s", why, remedy);
	for (int i = 0; i < N; i++)
		harness_destroy(h, names[i]);
	settle();
	assert_true(watches(h) <= 3);
	close_watch();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(starts_and_ends_are_told),
	    cmocka_unit_test(freezing_is_told),
	    cmocka_unit_test(a_written_knob_is_told),
	    cmocka_unit_test(late_events_of_another_run_change_nothing),
	    cmocka_unit_test(a_hostile_container_wakes_nobody),
	    cmocka_unit_test(a_group_elsewhere_is_learned),
	    cmocka_unit_test(a_leftover_group_is_in_nobodys_way),
	    cmocka_unit_test(too_many_events_are_owned_up_to),
	    cmocka_unit_test(nothing_happens_at_rest),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
