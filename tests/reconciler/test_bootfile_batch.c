/* Boot files on disk: all at once, atomically, with two syncfs; and nothing left behind. */
#include "reconciler/bootfile.h"
#include "schema/arena.h"
#include "tests/skip.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define OWN_CONFIG "lxc.idmap = u 0 100000 65536\nlxc.uts.name = web\n"

struct room {
	struct arena *a;
	char path[64];
	int dir;
};

static void put(struct room *r, const char *path, const char *text)
{
	int fd = openat(r->dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static const char *get(struct room *r, const char *path)
{
	char *text = arena_alloc(r->a, 65536);
	int fd = openat(r->dir, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	assert_true(read(fd, text, 65535) >= 0);
	close(fd);
	return text;
}

static size_t files_in(struct room *r, const char *name)
{
	int fd = openat(r->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(fd);
	size_t n = 0;

	for (struct dirent *e = readdir(d); e; e = readdir(d))
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(d);
	return n;
}

static int setup(void **state)
{
	struct arena *a = arena_new();
	struct room *r = arena_alloc(a, sizeof(*r));

	r->a = a;
	strcpy(r->path, "/tmp/ek-test-XXXXXX");
	assert_non_null(mkdtemp(r->path));
	r->dir = open(r->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(r->dir, "web", 0711), 0);
	put(r, "web/config", OWN_CONFIG);
	*state = r;
	return 0;
}

static void empty_folder(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(fd);

	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, e->d_name, 0) < 0) {
			empty_folder(fd, e->d_name);
			unlinkat(fd, e->d_name, AT_REMOVEDIR);
		}
	}
	closedir(d);
}

static int teardown(void **state)
{
	struct room *r = *state;

	empty_folder(r->dir, ".");
	rmdir(r->path);
	close(r->dir);
	arena_free(r->a);
	return 0;
}

static char *text_with(struct room *r, const char *name, const char *line)
{
	struct property item = {.object = "cgroup", .attribute = "pids.max", .value = "10"};
	struct properties owned = {.items = &item, .n = 1};

	return bootfile_render(r->path, name, &owned, NULL, &line, 1, r->a);
}

static int commit(struct room *r, const char *name, const char *text, const char **why)
{
	struct bootfile_batch *b = bootfile_batch_new(r->dir, r->path, r->a);
	size_t failed;
	int error;

	bootfile_batch_add(b, name, text, &error, why);
	failed = bootfile_batch_commit(b);
	assert_int_equal(failed, error != 0);
	return error;
}

static const char *include_line(struct room *r, const char *name)
{
	return arena_printf(r->a, "lxc.include = %s/%s/evenkeel.conf\n", r->path, name);
}

static void a_file_comes_and_goes(void **state)
{
	struct room *r = *state;
	char *text = text_with(r, "web", "lxc.cgroup.pids.max = 10");
	struct record record;
	struct stat st;
	const char *why;

	assert_int_equal(chmod(arena_printf(r->a, "%s/web/config", r->path), 0604), 0);
	assert_int_equal(commit(r, "web", text, &why), 0);
	assert_string_equal(get(r, "web/evenkeel.conf"), text);
	assert_string_equal(get(r, "web/config"),
			    arena_printf(r->a, "%s%s", OWN_CONFIG, include_line(r, "web")));
	assert_int_equal(fstatat(r->dir, "web/evenkeel.conf", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fstatat(r->dir, "web/config", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0604);
	bootfile_read(r->dir, r->path, "web", r->a, &record);
	assert_int_equal(record.state, RECORD_FINE);
	assert_int_equal(record.include, INCLUDE_FINE);
	assert_int_equal(files_in(r, "web"), 2);

	assert_int_equal(bootfile_release(r->dir, r->path, "web", r->a, &why), 0);
	assert_string_equal(get(r, "web/config"), OWN_CONFIG);
	assert_int_equal(files_in(r, "web"), 1);
	assert_int_equal(bootfile_release(r->dir, r->path, "web", r->a, &why), 0);
	assert_int_equal(bootfile_release(r->dir, r->path, "no-such", r->a, &why), 0);
}

static void a_hundred_cost_two_syncs(void **state)
{
	struct room *r = *state;
	struct bootfile_batch *b = bootfile_batch_new(r->dir, r->path, r->a);
	const char *names[100];

	for (int i = 0; i < 100; i++) {
		names[i] = arena_printf(r->a, "c%d", i);
		assert_int_equal(mkdirat(r->dir, names[i], 0711), 0);
		put(r, arena_printf(r->a, "%s/config", names[i]), "");
	}
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 100; i++)
			bootfile_batch_add(b, names[i],
					   text_with(r, names[i], "lxc.cgroup.pids.max = 10"), NULL,
					   NULL);
		assert_int_equal(bootfile_batch_commit(b), 0);
		/* the second time there is nothing to write */
		assert_int_equal(bootfile_batch_syncs(b), round == 0 ? 2 : 0);
	}
	for (int i = 0; i < 100; i++)
		assert_int_equal(files_in(r, names[i]), 2);
	assert_int_equal(bootfile_batch_commit(b), 0);
	assert_null(get(r, ".evenkeel.batch"));
}

static void one_that_fails_harms_no_other(void **state)
{
	struct room *r = *state;
	struct bootfile_batch *b = bootfile_batch_new(r->dir, r->path, r->a);
	int errors[3];
	const char *why[3];

	assert_int_equal(mkdirat(r->dir, "link", 0711), 0);
	assert_int_equal(symlinkat("../web/config", r->dir, "link/config"), 0);
	bootfile_batch_add(b, "missing", text_with(r, "missing", "lxc.a = b"), &errors[0], &why[0]);
	bootfile_batch_add(b, "link", text_with(r, "link", "lxc.a = b"), &errors[1], &why[1]);
	bootfile_batch_add(b, "web", text_with(r, "web", "lxc.a = b"), &errors[2], &why[2]);
	assert_int_equal(bootfile_batch_commit(b), 2);
	assert_int_equal(errors[0], ENOENT);
	assert_int_equal(errors[1], ELOOP);
	assert_non_null(strstr(why[1], "symbolic link"));
	assert_int_equal(errors[2], 0);
	assert_int_equal(files_in(r, "link"), 1);
	assert_non_null(get(r, "web/evenkeel.conf"));
}

static void a_killed_batch_is_cleared_up(void **state)
{
	struct room *r = *state;
	const char *why;

	assert_int_equal(mkdirat(r->dir, "old", 0711), 0);
	put(r, "old/config", "");
	put(r, "old/.evenkeel.conf.next", "half a fi");
	put(r, "old/.evenkeel.config.next", "");
	put(r, ".evenkeel.batch", "old\n../web\n");
	assert_int_equal(commit(r, "web", text_with(r, "web", "lxc.a = b"), &why), 0);
	assert_int_equal(files_in(r, "old"), 1);
	assert_null(get(r, ".evenkeel.batch"));
}

/* Its journal is locked for as long as it lives: its temporaries are not taken away. */
static void a_living_batch_is_waited_for(void **state)
{
	struct room *r = *state;
	const char *why;
	int locked[2], status;
	char byte;
	pid_t other;

	assert_int_equal(mkdirat(r->dir, "old", 0711), 0);
	put(r, "old/.evenkeel.conf.next", "half a fi");
	put(r, ".evenkeel.batch", "old\n");
	assert_int_equal(pipe2(locked, O_CLOEXEC), 0);
	other = fork();
	assert_true(other >= 0);
	if (other == 0) {
		int fd = openat(r->dir, ".evenkeel.batch", O_RDONLY | O_CLOEXEC);

		if (flock(fd, LOCK_EX) < 0 || write(locked[1], "", 1) != 1)
			_exit(1);
		usleep(100000);
		/* nobody has touched what is its own; then it ends as a batch does */
		if (faccessat(r->dir, "old/.evenkeel.conf.next", F_OK, 0) < 0 ||
		    renameat(r->dir, "old/.evenkeel.conf.next", r->dir, "old/evenkeel.conf") < 0 ||
		    unlinkat(r->dir, ".evenkeel.batch", 0) < 0)
			_exit(2);
		_exit(0);
	}
	close(locked[1]);
	assert_int_equal(read(locked[0], &byte, 1), 1);
	close(locked[0]);
	assert_int_equal(commit(r, "web", text_with(r, "web", "lxc.a = b"), &why), 0);
	assert_int_equal(waitpid(other, &status, 0), other);
	assert_int_equal(status, 0);
	assert_string_equal(get(r, "old/evenkeel.conf"), "half a fi");
	assert_null(get(r, ".evenkeel.batch"));
}

struct committer {
	struct room *r;
	char name[16];
	size_t failed;
};

#define COMMITS 40

static void *commit_often(void *data)
{
	struct committer *c = data;
	struct arena *a = arena_new();
	struct property item = {.object = "cgroup", .attribute = "pids.max"};
	struct properties owned = {.items = &item, .n = 1};

	for (int i = 0; i < COMMITS; i++) {
		struct bootfile_batch *b = bootfile_batch_new(c->r->dir, c->r->path, a);

		item.value = arena_decimal(a, i);
		bootfile_batch_add(b, c->name,
				   bootfile_render(c->r->path, c->name, &owned, NULL, NULL, 0, a),
				   NULL, NULL);
		c->failed += bootfile_batch_commit(b);
	}
	arena_free(a);
	return NULL;
}

static void batches_of_two_threads_do_not_harm_each_other(void **state)
{
	struct room *r = *state;
	struct committer both[2] = {
	    {r, "web", 0},
            {r, "db",  0}
        };
	pthread_t threads[2];

	assert_int_equal(mkdirat(r->dir, "db", 0711), 0);
	put(r, "db/config", "lxc.uts.name = db\n");
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, commit_often, &both[i]), 0);
	for (size_t i = 0; i < 2; i++) {
		struct record record;

		pthread_join(threads[i], NULL);
		assert_int_equal(both[i].failed, 0);
		bootfile_read(r->dir, r->path, both[i].name, r->a, &record);
		assert_int_equal(record.state, RECORD_FINE);
		assert_int_equal(record.include, INCLUDE_FINE);
		assert_string_equal(record.owned.items[0].value, "39");
		assert_int_equal(files_in(r, both[i].name), 2);
	}
	assert_null(get(r, ".evenkeel.batch"));
}

/* What stands in the place of the journal is taken away, or said. */
static void an_obstacle_in_place_of_the_journal(void **state)
{
	struct room *r = *state;
	const char *why;

	assert_int_equal(symlinkat("web/config", r->dir, ".evenkeel.batch"), 0);
	assert_int_equal(commit(r, "web", text_with(r, "web", "lxc.a = b"), &why), 0);
	assert_int_equal(mkfifoat(r->dir, ".evenkeel.batch", 0600), 0);
	assert_int_equal(commit(r, "web", text_with(r, "web", "lxc.a = c"), &why), 0);
	assert_int_equal(mkdirat(r->dir, ".evenkeel.batch", 0700), 0);
	assert_int_equal(commit(r, "web", text_with(r, "web", "lxc.a = d"), &why), EISDIR);
	assert_non_null(strstr(get(r, "web/evenkeel.conf"), "lxc.a = c"));
	assert_int_equal(files_in(r, "web"), 2);
}

static void a_torn_file_is_kept_aside(void **state)
{
	struct room *r = *state;
	const char *why;

	put(r, "web/evenkeel.conf", "# evenkeel 9\nnovelty\n");
	assert_int_equal(commit(r, "web", text_with(r, "web", "lxc.a = b"), &why), 0);
	assert_string_equal(get(r, "web/evenkeel.conf.torn"), "# evenkeel 9\nnovelty\n");
	assert_int_equal(commit(r, "web", text_with(r, "web", "lxc.a = c"), &why), 0);
	assert_string_equal(get(r, "web/evenkeel.conf.torn"), "# evenkeel 9\nnovelty\n");
	assert_int_equal(bootfile_release(r->dir, r->path, "web", r->a, &why), 0);
	assert_int_equal(files_in(r, "web"), 1);
}

static void the_include_is_mended(void **state)
{
	struct room *r = *state;
	char *text = text_with(r, "web", "lxc.a = b");
	const char *fine, *why;

	assert_int_equal(commit(r, "web", text, &why), 0);
	fine = get(r, "web/config");
	put(r, "web/config",
	    arena_printf(r->a, "lxc.include = /x/db/evenkeel.conf\n%s%s", include_line(r, "web"),
			 OWN_CONFIG));
	assert_int_equal(commit(r, "web", text, &why), 0);
	assert_string_equal(get(r, "web/config"), fine);
}

static void an_id_map_takes_the_place_of_the_owners(void **state)
{
	struct room *r = *state;
	static const char *const lines[] = {"lxc.idmap = u 0 200000 65536", BOOTFILE_NO_IDMAP};
	const char *why;

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(commit(r, "web", text_with(r, "web", lines[i]), &why), 0);
		assert_non_null(
		    strstr(get(r, "web/config"), "#evenkeel# lxc.idmap = u 0 100000 65536\n"));
		assert_int_equal(commit(r, "web", text_with(r, "web", "lxc.a = b"), &why), 0);
		assert_null(strstr(get(r, "web/config"), "#evenkeel#"));
	}
}

static void an_id_map_of_an_include_is_left_alone(void **state)
{
	struct room *r = *state;
	char *text = text_with(r, "web", "lxc.idmap = u 0 200000 65536");
	const char *why, *config;

	put(r, "map.conf", "lxc.idmap = u 0 100000 65536\n");
	config = arena_printf(r->a, "lxc.include = %s/map.conf\n", r->path);
	put(r, "web/config", config);
	assert_int_equal(commit(r, "web", text, &why), EPERM);
	assert_non_null(strstr(why, "map.conf"));
	assert_string_equal(get(r, "web/config"), config);
	assert_int_equal(files_in(r, "web"), 1);
	assert_non_null(bootfile_idmap_refused(r->dir, r->path, "web", r->a));

	put(r, "web/config", "lxc.rootfs.options = noatime\n");
	assert_int_equal(commit(r, "web", text, &why), EPERM);
	assert_non_null(strstr(why, "noatime"));
	put(r, "web/config", "lxc.rootfs.options = idmap=container\n");
	assert_null(bootfile_idmap_refused(r->dir, r->path, "web", r->a));
	assert_int_equal(commit(r, "web", text, &why), 0);
	assert_null(bootfile_idmap_refused(r->dir, r->path, "web", r->a));
}

static void a_policy_has_a_file_of_its_own(void **state)
{
	struct room *r = *state;
	const char *first = bootfile_policy_line("2\ndenylist\n", r->a), *why;
	const char *second = bootfile_policy_line("2\nallowlist\n", r->a);
	const char *name = bootfile_policy_name("2\nallowlist\n", r->a);

	assert_int_equal(commit(r, "web", text_with(r, "web", first), &why), 0);
	assert_int_equal(commit(r, "web", text_with(r, "web", second), &why), 0);
	assert_int_equal(files_in(r, "web"), 3);
	assert_string_equal(get(r, arena_printf(r->a, "web/%s", name)), "2\nallowlist\n");
	/* somebody's hand in it is mended, a lost one made anew */
	put(r, arena_printf(r->a, "web/%s", name), "2\n");
	assert_int_equal(commit(r, "web", text_with(r, "web", second), &why), 0);
	assert_string_equal(get(r, arena_printf(r->a, "web/%s", name)), "2\nallowlist\n");
	assert_int_equal(commit(r, "web", text_with(r, "web", "lxc.a = b"), &why), 0);
	assert_int_equal(files_in(r, "web"), 2);
	assert_int_equal(commit(r, "web", text_with(r, "web", second), &why), 0);
	assert_int_equal(bootfile_release(r->dir, r->path, "web", r->a, &why), 0);
	assert_int_equal(files_in(r, "web"), 1);
}

/* Whoever owns the container's folder can put any kind of thing there. */
static void what_is_no_file_of_ours_is_no_record(void **state)
{
	struct room *r = *state;
	char *text = text_with(r, "web", "lxc.a = b");
	struct record record;
	struct stat st;
	const char *why;

	for (int kind = 0; kind < 3; kind++) {
		const char *path = "web/evenkeel.conf";

		unlinkat(r->dir, path, 0);
		if (kind == 0) {
			assert_int_equal(mkfifoat(r->dir, path, 0600), 0);
		} else if (kind == 1) {
			put(r, "elsewhere", text);
			assert_int_equal(symlinkat("../elsewhere", r->dir, path), 0);
		} else {
			put(r, path, text);
			assert_int_equal(fchmodat(r->dir, path, 0666, 0), 0);
		}
		bootfile_read(r->dir, r->path, "web", r->a, &record);
		assert_int_equal(record.state, RECORD_TORN);
		assert_int_equal(record.owned.n, 0);
		assert_string_equal(record.digest, "-");
		assert_null(bootfile_text(r->dir, "web", r->a));
		assert_int_equal(commit(r, "web", text, &why), 0);
		assert_int_equal(fstatat(r->dir, path, &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_true(bootfile_is_ours(&st));
		assert_string_equal(bootfile_text(r->dir, "web", r->a), text);
	}
	assert_string_equal(get(r, "elsewhere"), text);
	assert_int_equal(bootfile_release(r->dir, r->path, "web", r->a, &why), 0);
	assert_int_equal(files_in(r, "web"), 1);
}

static void a_record_of_another_user_is_none(void **state)
{
	struct room *r = *state;
	char *text = text_with(r, "web", "lxc.a = b");
	struct record record;
	struct stat st;
	const char *why;

	if (geteuid() != 0)
		skip_because("only root gives files away");
	put(r, "web/evenkeel.conf", text);
	assert_int_equal(fchownat(r->dir, "web/evenkeel.conf", 100000, 100000, 0), 0);
	bootfile_read(r->dir, r->path, "web", r->a, &record);
	assert_int_equal(record.state, RECORD_TORN);
	assert_int_equal(record.owned.n, 0);
	assert_int_equal(commit(r, "web", text, &why), 0);
	assert_int_equal(fstatat(r->dir, "web/evenkeel.conf", &st, 0), 0);
	assert_int_equal(st.st_uid, 0);
	bootfile_read(r->dir, r->path, "web", r->a, &record);
	assert_int_equal(record.state, RECORD_FINE);
}

/* Links planted under the names of our temporaries lead nowhere. */
static void a_planted_link_is_not_written_through(void **state)
{
	static const char *const names[] = {".evenkeel.conf.next", ".evenkeel.config.next",
					    ".evenkeel.seccomp.next", "evenkeel.conf.torn"};
	struct room *r = *state;
	const char *why;

	put(r, "canary", "alive");
	put(r, "web/evenkeel.conf", "torn");
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
		    symlinkat("../canary", r->dir, arena_printf(r->a, "web/%s", names[i])), 0);
	assert_int_equal(commit(r, "web",
				text_with(r, "web", bootfile_policy_line("2\ndenylist\n", r->a)),
				&why),
			 0);
	assert_string_equal(get(r, "canary"), "alive");
	assert_int_equal(files_in(r, "web"), 4);
}

static void a_config_that_is_no_file_is_refused(void **state)
{
	struct room *r = *state;
	struct record record;
	const char *why;

	assert_int_equal(unlinkat(r->dir, "web/config", 0), 0);
	assert_int_equal(mkfifoat(r->dir, "web/config", 0600), 0);
	bootfile_read(r->dir, r->path, "web", r->a, &record);
	assert_int_equal(record.include, INCLUDE_NONE);
	assert_int_equal(commit(r, "web", text_with(r, "web", "lxc.a = b"), &why), EFBIG);
	assert_int_equal(files_in(r, "web"), 1);
	assert_int_equal(unlinkat(r->dir, "web/config", 0), 0);
	put(r, "web/config", "lxc.a = b\n");
	assert_int_equal(pwrite(openat(r->dir, "web/config", O_WRONLY | O_CLOEXEC), "", 1, 3), 1);
	assert_int_equal(commit(r, "web", text_with(r, "web", "lxc.a = b"), &why), EINVAL);
	assert_int_equal(files_in(r, "web"), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_file_comes_and_goes),
	    TEST(a_hundred_cost_two_syncs),
	    TEST(one_that_fails_harms_no_other),
	    TEST(a_killed_batch_is_cleared_up),
	    TEST(a_living_batch_is_waited_for),
	    TEST(batches_of_two_threads_do_not_harm_each_other),
	    TEST(an_obstacle_in_place_of_the_journal),
	    TEST(a_torn_file_is_kept_aside),
	    TEST(the_include_is_mended),
	    TEST(an_id_map_takes_the_place_of_the_owners),
	    TEST(an_id_map_of_an_include_is_left_alone),
	    TEST(a_policy_has_a_file_of_its_own),
	    TEST(what_is_no_file_of_ours_is_no_record),
	    TEST(a_record_of_another_user_is_none),
	    TEST(a_planted_link_is_not_written_through),
	    TEST(a_config_that_is_no_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
