/* Which group of a line of /proc/PID/cgroup is the container's own, and walking what it nests. */
#include "limits/cgroup_layout.h"

#include "tests/limits/fixture.h"
#include "tests/skip.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* A hybrid host in a folder: v1 memory, v1 cpu with cpuset, an empty v2. */
struct host_tree {
	struct arena *arena;
	char root[64];
	int proc;
	struct cgroup_layout layout;
	struct container container;
};

static int folder(struct host_tree *t, const char *path)
{
	char *at = arena_printf(t->arena, "%s/%s", t->root, path), *slash = at + strlen(t->root);
	int fd;

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		mkdir(at, 0755);
		*slash = '/';
	}
	mkdir(at, 0755);
	fd = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static struct host_tree *host_tree(const char *lines)
{
	struct arena *a = arena_new();
	struct host_tree *t = arena_alloc(a, sizeof(*t));

	t->arena = a;
	strcpy(t->root, "/tmp/ek-test-cgroup-XXXXXX");
	assert_non_null(mkdtemp(t->root));
	t->layout.n = 3;
	t->layout.unified = 2;
	for (int k = 0; k < N_CONTROLLERS; k++)
		t->layout.of[k] = -1;
	t->layout.of[CONTROLLER_MEMORY] = 0;
	t->layout.of[CONTROLLER_CPU] = t->layout.of[CONTROLLER_CPUSET] = 1;
	t->layout.of[CONTROLLER_HUGETLB] = 2;
	t->layout.hierarchies[0] = (struct hierarchy){CGROUP_V1, folder(t, "memory"), "/m"};
	t->layout.hierarchies[1] = (struct hierarchy){CGROUP_V1, folder(t, "cpu"), "/c"};
	t->layout.hierarchies[2] = (struct hierarchy){CGROUP_V2, folder(t, "unified"), "/u"};
	t->proc = folder(t, "proc");
	fixture_file(t->proc, "cgroup", lines);
	t->container = (struct container){.arena = a, .name = "web1", .pidfd = -1, .proc = t->proc};
	return t;
}

static void host_tree_free(struct host_tree *t)
{
	for (size_t i = 0; i < t->layout.n; i++)
		close(t->layout.hierarchies[i].dir);
	close(t->proc);
	fixture_remove(AT_FDCWD, t->root);
	arena_free(t->arena);
}

struct row {
	const char *lines, *dir;
	const char *path; /* of memory; NULL: not the container's */
};

static void paths_are_cut_behind_the_payload(void **state)
{
	static const struct row rows[] = {
	    {"4:memory:/lxc.payload.web1",                      NULL,          "/m/lxc.payload.web1/x"        },
	    {"4:memory:/lxc.payload.web1-1",                    NULL,          "/m/lxc.payload.web1-1/x"      },
	    {"4:memory:/lxc.payload.web1-12/init.scope",        NULL,          "/m/lxc.payload.web1-12/x"     },
	    {"4:memory:/lxc.payload.web1/a/lxc.payload.web1-2", NULL,          "/m/lxc.payload.web1/x"        },
	    {"4:memory:/machine/lxc.payload.web1/a",            NULL,          "/m/machine/lxc.payload.web1/x"},
	    {"4:freezer,memory,pids:/lxc.payload.web1",         NULL,          "/m/lxc.payload.web1/x"        },
	    {"4:memory:/a:b/lxc.payload.web1",                  NULL,          "/m/a:b/lxc.payload.web1/x"    },
	    {"9:name=memory:/a\n4:memory:/lxc.payload.web1",    NULL,          "/m/lxc.payload.web1/x"        },
	    {"4:memory:/evenkeel/c1/lxc.payload.web1",          "evenkeel/c1",
	     "/m/evenkeel/c1/lxc.payload.web1/x"							      },
	    {"4:memory:/ek/pay/c1/init.scope",                  "ek/pay/c1",   "/m/ek/pay/c1/x"               },
	    {"4:memory:/ek/pay/c1",                             "/ek/pay/c1",  "/m/ek/pay/c1/x"               },
 /* somebody else's */
	    {"4:memory:/",				      NULL,          NULL                           },
	    {"4:memory:/user.slice",                            NULL,          NULL                           },
	    {"4:memory:/lxc.payload.web10",                     NULL,          NULL                           },
	    {"4:memory:/lxc.payload.web1-",                     NULL,          NULL                           },
	    {"4:memory:/lxc.payload.web1-a",                    NULL,          NULL                           },
	    {"4:memory:/lxc.monitor.web1",                      NULL,          NULL                           },
	    {"4:memory:/xlxc.payload.web1",                     NULL,          NULL                           },
	    {"4:memory:/lxc.payload.web",                       NULL,          NULL                           },
	    {"4:memory:/ek/pay/c12",                            "ek/pay/c1",   NULL                           },
	    {"4:memory:/ek",				    "/",           NULL                           },
	    {"4:memory2:/lxc.payload.web1",                     NULL,          NULL                           },
	    {"4:memory",					NULL,          NULL                           },
	    {"nonsense\n::\n:memory:lxc.payload.web1",          NULL,          NULL                           },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct host_tree *t = host_tree(rows[i].lines);
		struct cgroup *g = cgroup_open(&t->layout, &t->container, rows[i].dir);

		assert_non_null(g);
		assert_int_equal(cgroup_version(g, CONTROLLER_MEMORY),
				 rows[i].path ? CGROUP_V1 : CGROUP_NONE);
		if (rows[i].path)
			assert_string_equal(cgroup_path(g, CONTROLLER_MEMORY, "x", t->arena),
					    rows[i].path);
		assert_int_equal(cgroup_version(g, CONTROLLER_PIDS), CGROUP_NONE);
		cgroup_close(g);
		host_tree_free(t);
	}
}

static void each_controller_has_its_own_line(void **state)
{
	struct host_tree *t;
	struct cgroup *g;
	char text[32];
	int dir;

	(void)state;
	skip_without_openat2();
	t = host_tree("4:memory:/lxc.payload.web1-1\n"
		      "1:cpu,cpuset:/b/lxc.payload.web1\n"
		      "0::/lxc.payload.web1");
	g = cgroup_open(&t->layout, &t->container, NULL);
	assert_int_equal(cgroup_version(g, CONTROLLER_HUGETLB), CGROUP_V2);
	assert_string_equal(cgroup_path(g, CONTROLLER_CPU, "f", t->arena),
			    "/c/b/lxc.payload.web1/f");
	assert_string_equal(cgroup_path(g, CONTROLLER_HUGETLB, "f", t->arena),
			    "/u/lxc.payload.web1/f");
	/* no such group any more */
	assert_int_equal(cgroup_read(g, CONTROLLER_CPU, "cpu.shares", text, sizeof(text)), -ENODEV);
	dir = folder(t, "cpu/b/lxc.payload.web1");
	fixture_file(dir, "cgroup.procs", "");
	fixture_file(dir, "cpu.shares", "1024");
	assert_int_equal(cgroup_read(g, CONTROLLER_CPU, "cpu.shares", text, sizeof(text)), 4);
	assert_string_equal(text, "1024");
	assert_int_equal(cgroup_read(g, CONTROLLER_CPU, "cpu.shares", text, 4), -EMSGSIZE);
	assert_int_equal(cgroup_read(g, CONTROLLER_CPUSET, "cpuset.cpus", text, sizeof(text)),
			 -ENOENT);
	assert_int_equal(cgroup_write(g, CONTROLLER_CPU, "cpu.shares", "2048"), 0);
	assert_int_equal(cgroup_read(g, CONTROLLER_CPU, "cpu.shares", text, sizeof(text)), 4);
	assert_string_equal(text, "2048");
	assert_true(cgroup_has(g, CONTROLLER_CPU, "cpu.shares"));
	assert_false(cgroup_has(g, CONTROLLER_CPU, "cpu.max"));
	assert_int_equal(cgroup_dir(g, CONTROLLER_IO), -ENOENT);
	close(dir);
	cgroup_close(g);
	host_tree_free(t);
}

/* A path from the kernel leads beneath the hierarchy, or nowhere. */
static void links_and_ways_up_are_not_followed(void **state)
{
	struct host_tree *t;
	struct cgroup *g;

	(void)state;
	skip_without_openat2();
	t = host_tree("4:memory:/a/../../lxc.payload.web1\n"
		      "1:cpu:/l/lxc.payload.web1");
	g = cgroup_open(&t->layout, &t->container, NULL);
	close(folder(t, "memory/a"));
	close(folder(t, "lxc.payload.web1"));
	assert_int_equal(symlink("/", arena_printf(t->arena, "%s/cpu/l", t->root)), 0);
	assert_true(cgroup_dir(g, CONTROLLER_MEMORY) < 0);
	assert_true(cgroup_dir(g, CONTROLLER_CPU) < 0);
	cgroup_close(g);
	host_tree_free(t);
}

/* The group may already be that of the next run. */
static void a_dead_init_is_not_believed(void **state)
{
	struct host_tree *t;
	struct cgroup *g;
	pid_t child;

	(void)state;
	skip_without_pidfds();
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	t = host_tree("4:memory:/lxc.payload.web1");
	close(folder(t, "memory/lxc.payload.web1"));
	t->container.pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	assert_true(t->container.pidfd >= 0);
	g = cgroup_open(&t->layout, &t->container, NULL);
	assert_non_null(g);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(poll(&(struct pollfd){t->container.pidfd, POLLIN, 0}, 1, 5000), 1);
	assert_int_equal(cgroup_dir(g, CONTROLLER_MEMORY), -ENODEV);
	cgroup_close(g);
	assert_null(cgroup_open(&t->layout, &t->container, NULL));
	assert_int_equal(errno, ESRCH);
	waitpid(child, NULL, 0);
	close(t->container.pidfd);
	host_tree_free(t);
}

static int collect(int dir, const char *path, void *data)
{
	char **list = data;

	(void)dir;
	strcat(*list, strrchr(path, '/') + 1);
	return strcmp(strrchr(path, '/'), "/stop") == 0 ? 7 : 0;
}

static void walking_goes_both_ways(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V1, (const char *[]){NULL});
	char text[64] = "", *list = text;

	(void)state;
	close(fixture_nested(t, "a", (const char *[]){NULL}));
	close(fixture_nested(t, "a/b", (const char *[]){NULL}));
	close(fixture_nested(t, "a/b/c", (const char *[]){NULL}));
	assert_int_equal(symlinkat("/", t->dir, "link"), 0);
	assert_int_equal(cgroup_walk(t->container.cgroup, CONTROLLER_CPU, false, collect, &list),
			 0);
	assert_string_equal(text, "abc");
	*text = '\0';
	assert_int_equal(cgroup_walk(t->container.cgroup, CONTROLLER_CPU, true, collect, &list), 0);
	assert_string_equal(text, "cba");
	close(fixture_nested(t, "a/stop", (const char *[]){NULL}));
	assert_int_equal(cgroup_walk(t->container.cgroup, CONTROLLER_CPU, true, collect, &list), 7);
	fixture_free(t);
}

static int nothing(int dir, const char *path, void *data)
{
	(void)dir;
	(void)path;
	(void)data;
	return 0;
}

static void depth_is_bounded(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V1, (const char *[]){NULL});
	int at = fcntl(t->dir, F_DUPFD_CLOEXEC, 0);

	(void)state;
	for (int i = 0; i < 520; i++) {
		int next;

		/* so deep a container may hide nothing */
		if (i == 500)
			assert_int_equal(
			    cgroup_walk(t->container.cgroup, CONTROLLER_CPU, false, nothing, NULL),
			    0);
		assert_int_equal(mkdirat(at, "deep", 0755), 0);
		next = openat(at, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	close(at);
	assert_int_equal(cgroup_walk(t->container.cgroup, CONTROLLER_CPU, false, nothing, NULL),
			 -E2BIG);
	fixture_free(t);
}

static int add(pid_t pid, void *data)
{
	*(int *)data += (int)pid;
	return 0;
}

static void processes_of_nested_groups_count(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V2, (const char *[]){NULL});
	int sum = 0, kid;

	(void)state;
	kid = fixture_nested(t, "kid", (const char *[]){NULL});
	fixture_file(t->dir, "cgroup.procs", "1\n0\n20");
	fixture_file(kid, "cgroup.procs", "300\n4000");
	assert_int_equal(cgroup_each_process(t->container.cgroup, add, &sum), 0);
	assert_int_equal(sum, 4321);
	close(kid);
	fixture_free(t);
}

/* This machine's own, whatever it is; reading it needs no root. */
static void files_stay_open_as_far_as_the_budget_goes(void **state)
{
	struct fixture_tree *t =
	    fixture_tree(CGROUP_V1, (const char *[]){"pids.max=max", "cpu.shares=1024", NULL});
	struct cgroup *g = t->container.cgroup;
	size_t budget = 1;
	int pids = fixture_count_opens(t), shares = fixture_count_opens(t);
	struct cgroup_file file;
	char text[64];

	(void)state;
	cgroup_keep_files(g, &budget);
	/* what is not there takes nothing away */
	assert_int_equal(cgroup_read_again(g, CONTROLLER_PIDS, "no", text, sizeof(text)), -ENOENT);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(
		    cgroup_read_again(g, CONTROLLER_PIDS, "pids.max", text, sizeof(text)), 3);
		assert_int_equal(
		    cgroup_read_again(g, CONTROLLER_CPU, "cpu.shares", text, sizeof(text)), 4);
	}
	assert_int_equal(budget, 0);
	file = cgroup_file_open(g, CONTROLLER_PIDS, "pids.max");
	assert_int_equal(cgroup_file_write(&file, "77"), 0);
	assert_int_equal(cgroup_file_read(&file, text, sizeof(text)), 2);
	cgroup_file_close(&file);
	assert_int_equal(fixture_opens(pids, "pids.max"), 1);
	assert_int_equal(fixture_opens(shares, "cpu.shares"), 3);
	/* what others write is seen, and after the end it is opened anew */
	fixture_file(t->dir, "pids.max", "5");
	assert_int_equal(cgroup_read_again(g, CONTROLLER_PIDS, "pids.max", text, sizeof(text)), 1);
	assert_string_equal(text, "5");
	cgroup_close(g);
	assert_int_equal(budget, 1);
	fixture_free(t);
}

static void this_hosts_layout_is_found(void **state)
{
	struct arena *a = arena_new();
	struct cgroup_layout *l;
	struct diagnostics ds;
	struct host host = {0};
	struct ranges cpus;

	(void)state;
	diagnostics_init(&ds, a);
	if (cgroup_layout_open(&l, &ds) < 0) {
		assert_int_equal(ds.errors, 1);
		arena_free(a);
		skip_because("no cgroup hierarchy is mounted here");
	}
	cgroup_layout_describe(l, &host);
	for (int k = 0; k < N_CONTROLLERS; k++)
		assert_int_equal(host.cgroups[k] == CGROUP_NONE, l->of[k] < 0);
	if (host.cgroups[CONTROLLER_MEMORY] != CGROUP_V1)
		assert_false(host.swappiness);
	cpus = cgroup_layout_cpus(l, a);
	assert_true(ranges_count(&cpus) > 0);
	cgroup_layout_close(l);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(paths_are_cut_behind_the_payload),
	    cmocka_unit_test(each_controller_has_its_own_line),
	    cmocka_unit_test(links_and_ways_up_are_not_followed),
	    cmocka_unit_test(a_dead_init_is_not_believed),
	    cmocka_unit_test(walking_goes_both_ways),
	    cmocka_unit_test(depth_is_bounded),
	    cmocka_unit_test(processes_of_nested_groups_count),
	    cmocka_unit_test(files_stay_open_as_far_as_the_budget_goes),
	    cmocka_unit_test(this_hosts_layout_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
