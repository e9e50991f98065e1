#include "reconciler/topology.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A tree as sysfs has it below /sys/devices/system. */
struct tree {
	char top[64];
	int fd;
	struct arena *arena;
};

static int start(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));

	strcpy(t->top, "/tmp/ek-sys.XXXXXX");
	if (!mkdtemp(t->top))
		return -1;
	t->fd = open(t->top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	t->arena = arena_new();
	*state = t;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static int finish(void **state)
{
	struct tree *t = *state;
	int error = nftw(t->top, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	close(t->fd);
	arena_free(t->arena);
	free(t);
	return error;
}

/* Writes a file, folders included. */
static void put(struct tree *t, const char *path, const char *text)
{
	char copy[128];
	int fd;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdirat(t->fd, copy, 0755);
		*slash = '/';
	}
	fd = openat(t->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void put_cpu(struct tree *t, int cpu, const char *core, const char *package)
{
	put(t, arena_printf(t->arena, "cpu/cpu%d/topology/core_id", cpu), core);
	put(t, arena_printf(t->arena, "cpu/cpu%d/topology/physical_package_id", cpu), package);
}

static int read_tree(struct tree *t, const char *usable, struct host *h)
{
	struct ranges r;

	memset(h, 0, sizeof(*h));
	assert_int_equal(ranges_parse(usable, VALUE_CPU_MOST, t->arena, &r, NULL), 0);
	return topology_read(t->fd, &r, h, t->arena);
}

static void threads_packages_and_nodes(void **state)
{
	static const struct cpu want[] = {
	    {0, 0, 0, 0},
	    {1, 0, 1, 1},
	    {2, 0, 0, 0},
	    {3, 0, 1, 1},
	};
	struct tree *t = *state;
	struct host h;

	put(t, "cpu/online", "0-3\n");
	for (int i = 0; i < 4; i++)
		put_cpu(t, i, "0\n", i % 2 ? "1\n" : "0\n");
	put(t, "node/has_cpu", "0-1\n");
	put(t, "node/node0/cpulist", "0,2\n");
	put(t, "node/node1/cpulist", "1,3\n");
	assert_int_equal(read_tree(t, "0-8191", &h), 0);
	assert_int_equal(h.n_cpus, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(h.cpus[i].number, want[i].number);
		assert_int_equal(h.cpus[i].core, want[i].core);
		assert_int_equal(h.cpus[i].package, want[i].package);
		assert_int_equal(h.cpus[i].node, want[i].node);
	}
	assert_string_equal(ranges_print(&h.nodes, t->arena), "0-1");
}

static void only_what_is_online_and_usable(void **state)
{
	struct tree *t = *state;
	struct host h;

	put(t, "cpu/online", "0-2,5,7-8\n");
	put(t, "node/has_cpu", "0,3\n");
	put(t, "node/node0/cpulist", "0-2\n");
	put(t, "node/node3/cpulist", "5,7-8\n");
	assert_int_equal(read_tree(t, "1-2,4,6", &h), 0);
	assert_int_equal(h.n_cpus, 2);
	assert_int_equal(h.cpus[0].number, 1);
	assert_int_equal(h.cpus[1].number, 2);
	/* a node whose CPUs nobody may use is none */
	assert_string_equal(ranges_print(&h.nodes, t->arena), "0");
	assert_int_equal(read_tree(t, "4,6", &h), 0);
	assert_int_equal(h.n_cpus, 0);
	assert_int_equal(h.nodes.n, 0);
}

/* No topology folder (an emulator), no number of the package (-1), no NUMA. */
static void what_is_missing_is_taken_apart(void **state)
{
	struct tree *t = *state;
	struct host h;

	put(t, "cpu/online", "0-2\n");
	put_cpu(t, 2, "7\n", "-1\n");
	assert_int_equal(read_tree(t, "0-2", &h), 0);
	assert_int_equal(h.n_cpus, 3);
	assert_int_equal(h.cpus[0].core, 0);
	assert_int_equal(h.cpus[1].core, 1);
	assert_int_equal(h.cpus[2].core, 7);
	assert_int_equal(h.cpus[2].package, 0);
	assert_string_equal(ranges_print(&h.nodes, t->arena), "0");
}

static void a_list_that_is_none_is_an_error(void **state)
{
	struct tree *t = *state;
	struct host h;

	assert_int_equal(read_tree(t, "0-2", &h), -ENOENT);
	put(t, "cpu/online", "0-\n");
	assert_int_equal(read_tree(t, "0-2", &h), -EINVAL);
	put(t, "cpu/online", "0-99999\n");
	assert_int_equal(read_tree(t, "0-2", &h), -EINVAL);
}

static void the_host_itself(void **state)
{
	struct tree *t = *state;
	struct host h;

	close(t->fd);
	t->fd = open("/sys/devices/system", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(read_tree(t, "0-8191", &h), 0);
	assert_int_equal(h.n_cpus, sysconf(_SC_NPROCESSORS_ONLN));
	assert_true(h.nodes.n >= 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(threads_packages_and_nodes),
	    TEST(only_what_is_online_and_usable),
	    TEST(what_is_missing_is_taken_apart),
	    TEST(a_list_that_is_none_is_an_error),
	    TEST(the_host_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
