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
#include <sys/inotify.h>
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

	f->n++;
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
static void expect_at(int line, const char *name, const char *other)
{
	struct finds f = {.wanted = name, .other = other};
	int64_t end = now_ms() + PATIENCE_MS;

	while (!f.seen && now_ms() < end)
		if (readable((int)(end - now_ms())))
			assert_true(lifewatch_read(watch, found, &f));
	if (!f.seen)
		fail_msg("line %d: %s was not told of within %d ms", line, name, PATIENCE_MS);
}

#define expect_but(name, other) expect_at(__LINE__, name, other)
#define expect(name) expect_at(__LINE__, name, NULL)

static void settle(void)
{
	struct finds f = {0};

	while (readable(100))
		lifewatch_read(watch, found, &f);
}

/* Others on this machine may start and stop theirs: those are no container of this test's. */
static void found_ours(void *context, const char *name)
{
	char ours[32];

	snprintf(ours, sizeof(ours), "ek-test-%ld-", (long)getpid());
	if (strncmp(name, ours, strlen(ours)) != 0)
		return;
	fprintf(stderr, "told of %s\n", name);
	*(bool *)context = true;
}

static void expect_nothing_at(int line, int ms)
{
	int64_t end = now_ms() + ms;
	bool ours = false;

	while (now_ms() < end && !ours)
		if (readable((int)(end - now_ms())))
			assert_true(lifewatch_read(watch, found_ours, &ours));
	if (ours)
		fail_msg("line %d: told of a container that nothing has happened to", line);
}

#define expect_nothing(ms) expect_nothing_at(__LINE__, ms)

/* A second pair of eyes: groups of others that come and go right below the roots. */
static int open_control(void)
{
	static const char *const roots[] = {"", "unified", "freezer", "pids"};
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char path[64];

	for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", roots[i]);
		inotify_add_watch(fd, path, IN_CREATE | IN_DELETE);
	}
	return fd;
}

static bool others_were_busy(int control)
{
	struct pollfd p = {.fd = control, .events = POLLIN};
	char bytes[4096];
	bool busy = poll(&p, 1, 20) == 1;

	while (read(control, bytes, sizeof(bytes)) > 0)
		;
	return busy;
}

struct wakeup {
	bool ours;
	size_t others;
};

static void found_at_rest(void *context, const char *name)
{
	struct wakeup *w = context;
	bool ours = false;

	found_ours(&ours, name);
	w->ours |= ours;
	w->others += !ours;
}

/* Not even for nothing. */
static void expect_no_wakeup(void (*act)(void *context), void *context, int ms)
{
	int64_t end = now_ms() + ms;
	int control = open_control();

	if (act)
		act(context);
	while (now_ms() < end) {
		struct wakeup w = {0};

		if (!readable((int)(end - now_ms())))
			break;
		lifewatch_read(watch, found_at_rest, &w);
		assert_false(w.ours);
		if (!others_were_busy(control) && !w.others)
			fail_msg("woken for nothing");
	}
	close(control);
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
	harness_attach(h, name, &output, "kill -TERM 1");
	while (kill(init, 0) == 0) /* it takes its time */
		usleep(10000);
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

/* Watches for what others do are among them. */
static size_t watches(struct harness *h)
{
	const char *text = harness_read(h, "/proc/self/fdinfo/%d", lifewatch_fd(watch));
	size_t n = 0;

	for (; text && (text = strstr(text, "inotify wd:")); text++)
		n++;
	return n;
}

static ino_t inode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static bool is_inode_watched(struct harness *h, ino_t inode)
{
	const char *text = harness_read(h, "/proc/self/fdinfo/%d", lifewatch_fd(watch));

	return strstr(text, arena_printf(h->arena, " ino:%lx ", (unsigned long)inode));
}

static bool is_watched(struct harness *h, const char *path)
{
	return is_inode_watched(h, inode_of(path));
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
	harness_write(h, paths[0], "100000000");
	expect(name);
	settle();
	harness_write(h, paths[1], "300");
	expect(name);
	settle();
	/* the same text is an event, too: whoever looks finds nothing */
	harness_write(h, paths[1], "300");
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
		harness_write(h, text, "99000000");
	expect_nothing(100);
	/* the first is no longer asked for */
	keep(h, name, paths + 1, 1);
	settle();
	harness_write(h, paths[0], "110000000");
	expect_nothing(100);
	harness_write(h, paths[1], "310");
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
	harness_write(h, paths[0], "100000000");
	expect_nothing(100);
	keep(h, name, paths, 2);
	harness_write(h, paths[0], "110000000");
	expect(name);
	before = watches(h);
	for (int i = 0; i < 50; i++)
		keep(h, name, paths, 2);
	assert_true(watches(h) < before + 40);
	assert_true(is_watched(h, paths[0]));
	lifewatch_forget(watch, name);
	assert_false(is_watched(h, paths[0]));
	assert_false(is_watched(h, paths[1]));
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
	for (int i = 0; i < 30; i++)
		keep(h, name, paths, 1);
	for (int i = 0; i < 3; i++) {
		harness_stop(h, name);
		harness_start(h, name);
		keep(h, name, paths, 1);
	}
	expect(name);
	settle();
	assert_true(is_watched(h, paths[0]));
	assert_true(watches(h) < before + 20);
	harness_write(h, paths[0], "100000000");
	expect(name);
	settle();
	harness_stop(h, name);
	expect(name);
	settle();
	harness_destroy(h, name);
	close_watch();
}

/* What a container's root may do in its groups, and some that it may not. */
static void trouble(const char *folder)
{
	char path[512];

	for (int i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "%s/lxc.payload.evil%d", folder, i);
		if (mkdir(path, 0755) < 0 || chmod(path, 0700) < 0)
			_exit(8);
		if (chmod(folder, 0700) == 0)
			_exit(7);
		if (rmdir(path) < 0)
			_exit(6);
		snprintf(path, sizeof(path), "%s/../lxc.payload.sibling", folder);
		if (mkdir(path, 0755) == 0)
			_exit(5);
	}
}

static void trouble_in(void *context)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (setgid(HARNESS_IDS) < 0 || setuid(HARNESS_IDS) < 0)
			_exit(9);
		trouble(context);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_hostile_container_wakes_nobody(void **state)
{
	static const char *const hierarchies[] = {"freezer", "memory", "pids", "unified"};
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "evil"), *paths[2], *mine;
	char *folder;
	struct stat st;

	open_watch(h);
	harness_create(h, name, NULL);
	harness_start(h, name);
	folder = harness_cgroup_path(h, name, "freezer");
	assert_int_equal(stat(folder, &st), 0);
	assert_true(st.st_uid == HARNESS_IDS || st.st_gid == HARNESS_IDS);
	paths[0] = arena_printf(h->arena, "%s/cgroup.procs", folder); /* its own */
	paths[1] = folder;
	keep(h, name, paths, 2);
	settle();
	for (size_t i = 0; i < sizeof(hierarchies) / sizeof(*hierarchies); i++) {
		folder = arena_printf(h->arena, "/sys/fs/cgroup/%s/lxc.payload.%s", hierarchies[i],
				      name);
		if (access(folder, F_OK) == 0)
			expect_no_wakeup(trouble_in, folder, 50);
	}
	/* groups of nobody's are nobody's affair */
	mine = arena_printf(h->arena, "%s/../ek-test-%d", paths[1], (int)getpid());
	assert_int_equal(mkdir(mine, 0755), 0);
	assert_int_equal(rmdir(mine), 0);
	expect_nothing(100);
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
		const char *group, *parent;
		const char *more = elsewhere(h, i == 0);

		open_watch(h);
		harness_create(h, name, more);
		harness_start(h, name);
		paths[0] = memory_knob(h, name);
		keep(h, name, paths, 1);
		settle();
		harness_write(h, paths[0], "100000000");
		expect(name);
		settle();
		harness_stop(h, name);
		expect(name);
		settle();
		/* from nothing again, the folders on the way included */
		harness_start(h, name);
		expect(name);
		settle();
		group = harness_cgroup_path(h, name, "freezer");
		parent = arena_strndup(h->arena, group, (size_t)(strrchr(group, '/') - group));
		assert_true(is_watched(h, parent));
		lifewatch_forget(watch, name);
		assert_int_equal(is_watched(h, parent), i == 1); /* the root */
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
	harness_write(h, paths[0], "110000000");
	expect(name);
	close_watch();
	harness_destroy(h, name);
}

static void nothing_happens_at_rest(void **state)
{
	enum { N = 60 };
	struct harness *h = harness_require_root(state);
	const char *names[N], *why, *remedy;
	ino_t inodes[N];

	open_watch(h);
	for (int i = 0; i < N; i++) {
		names[i] = harness_name(h, arena_printf(h->arena, "idle%d", i));
		harness_create(h, names[i], NULL);
	}
	harness_start_all(h, names, N);
	for (int i = 0; i < N; i++) {
		const char *path = memory_knob(h, names[i]);

		keep(h, names[i], &path, 1);
		inodes[i] = inode_of(path);
		assert_true(is_inode_watched(h, inodes[i]));
	}
	settle();
	expect_no_wakeup(NULL, NULL, 2000);
	if (!lifewatch_complete(watch, &why, &remedy))
		fail_msg("%s: %s", why, remedy);
	for (int i = 0; i < N; i++)
		harness_destroy(h, names[i]);
	settle();
	for (int i = 0; i < N; i++)
		assert_false(is_inode_watched(h, inodes[i]));
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
