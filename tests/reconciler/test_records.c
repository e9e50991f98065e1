/* Boot files read ahead by a thread: the same as read one by one. */
#include "reconciler/records.h"
#include "schema/arena.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MANY 300

struct fixture {
	struct arena *arena;
	char root[64];
	int dir;
};

static void write_file(const struct fixture *f, const char *name, const char *file,
		       const char *text)
{
	int fd = openat(f->dir, arena_printf(f->arena, "%s/%s", name, file),
			O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static const char *name_of(const struct fixture *f, size_t i)
{
	return arena_printf(f->arena, "c%zu", i);
}

/* Every third has a record, every third a config that does not include one. */
static void make_container(const struct fixture *f, size_t i)
{
	const char *name = name_of(f, i);
	struct properties owned;

	assert_int_equal(mkdirat(f->dir, name, 0700), 0);
	properties_init(&owned, f->arena);
	properties_add(&owned, (struct property){.object = "cgroup",
						 .attribute = "pids.max",
						 .value = arena_decimal(f->arena, i + 1)});
	if (i % 3 == 0)
		write_file(f, name, BOOTFILE_NAME,
			   bootfile_render(f->root, name, &owned, NULL, NULL, 0, f->arena));
	write_file(f, name, "config",
		   i % 3 == 1 ? "lxc.uts.name = x\n"
			      : arena_printf(f->arena, "lxc.include = %s/%s/" BOOTFILE_NAME "\n",
					     f->root, name));
}

static int setup(void **state)
{
	struct arena *a = arena_new();
	struct fixture *f = arena_alloc(a, sizeof(*f));

	f->arena = a;
	strcpy(f->root, "/tmp/ek-test-records-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	f->dir = open(f->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->dir >= 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < MANY; i++) {
		unlinkat(f->dir, arena_printf(f->arena, "c%zu/" BOOTFILE_NAME, i), 0);
		unlinkat(f->dir, arena_printf(f->arena, "c%zu/config", i), 0);
		unlinkat(f->dir, name_of(f, i), AT_REMOVEDIR);
	}
	close(f->dir);
	assert_int_equal(rmdir(f->root), 0);
	arena_free(f->arena);
	return 0;
}

static void they_are_what_is_read_one_by_one(void **state)
{
	struct fixture *f = *state;
	struct records *r;
	struct record ahead, read;

	for (size_t i = 0; i < MANY; i++)
		make_container(f, i);
	r = records_read_ahead(f->root);
	assert_non_null(r);
	records_await(r, MANY);
	for (size_t i = 0; i < MANY; i++) {
		bootfile_read(f->dir, f->root, name_of(f, i), f->arena, &read);
		assert_true(records_find(r, name_of(f, i), &ahead));
		assert_int_equal(ahead.state, read.state);
		assert_int_equal(ahead.include, read.include);
		assert_string_equal(ahead.digest, read.digest);
		assert_int_equal(ahead.owned.n, read.owned.n);
		if (read.owned.n)
			assert_string_equal(ahead.owned.items[0].value, read.owned.items[0].value);
	}
	assert_false(records_find(r, "c", &ahead));
	assert_false(records_find(r, "c300", &ahead));
	records_free(r);
}

static void a_few_are_not_waited_for(void **state)
{
	struct fixture *f = *state;
	struct records *r;
	struct record record;

	make_container(f, 0);
	r = records_read_ahead(f->root);
	assert_non_null(r);
	records_await(r, 1);
	assert_false(records_find(r, "c0", &record));
	records_free(r);
}

static void a_reader_may_be_let_go_unasked(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < MANY; i++)
		make_container(f, i);
	records_free(records_read_ahead(f->root));
	records_free(records_read_ahead("/nonexistent"));
	assert_null(records_read_ahead("/nonexistent"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(they_are_what_is_read_one_by_one, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_few_are_not_waited_for, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_reader_may_be_let_go_unasked, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
