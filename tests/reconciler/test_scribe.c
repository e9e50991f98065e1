/* Boot files written behind the loop: all answered, in few batches, nothing left behind. */
#include "reconciler/scribe.h"
#include "schema/arena.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MANY 300
#define JOURNAL ".evenkeel.batch"

struct room {
	struct arena *a;
	struct scribe *scribe;
	char path[64];
	int dir;
	int journal; /* while it is locked, no batch gets on */
	size_t answers, errors, collects;
	struct scribe_answer last;
	const char *write_again; /* by the next answer */
};

static void put(const struct room *r, const char *path, const char *text)
{
	int fd = openat(r->dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static const char *text_of(const struct room *r, const char *name, size_t value)
{
	struct property item = {
	    .object = "cgroup", .attribute = "pids.max", .value = arena_decimal(r->a, value)};
	struct properties owned = {.items = &item, .n = 1};

	return bootfile_render(r->path, name, &owned, NULL, NULL, 0, r->a);
}

static const char *name_of(const struct room *r, size_t i)
{
	return arena_printf(r->a, "c%zu", i);
}

static int setup(void **state)
{
	struct arena *a = arena_new();
	struct room *r = arena_alloc(a, sizeof(*r));

	r->a = a;
	strcpy(r->path, "/tmp/ek-test-XXXXXX");
	assert_non_null(mkdtemp(r->path));
	r->dir = open(r->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(mkdirat(r->dir, name_of(r, i), 0711), 0);
		put(r, arena_printf(a, "c%zu/config", i), "lxc.uts.name = c\n");
	}
	r->scribe = scribe_open(r->dir, r->path);
	assert_non_null(r->scribe);
	*state = r;
	return 0;
}

/* How many files there are below NAME; REMOVE: no more. */
static size_t files_in(const struct room *r, const char *name, bool remove)
{
	int fd = openat(r->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(fd);
	size_t n = 0;

	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		n++;
		if (remove)
			unlinkat(fd, e->d_name, 0);
	}
	closedir(d);
	return n;
}

static int teardown(void **state)
{
	struct room *r = *state;

	assert_true(scribe_close(r->scribe));
	for (size_t i = 0; i < MANY; i++)
		if (faccessat(r->dir, name_of(r, i), F_OK, 0) == 0) {
			files_in(r, name_of(r, i), true);
			unlinkat(r->dir, name_of(r, i), AT_REMOVEDIR);
		}
	files_in(r, ".", true);
	assert_int_equal(rmdir(r->path), 0);
	close(r->dir);
	arena_free(r->a);
	return 0;
}

static void answered(void *context, const struct scribe_answer *answer)
{
	struct room *r = context;
	const char *again = r->write_again;

	r->answers++;
	r->errors += answer->error != 0;
	r->last = *answer;
	r->write_again = NULL;
	if (again) {
		assert_false(scribe_pending(r->scribe, answer->name));
		scribe_write(r->scribe, answer->name, again);
		assert_true(scribe_pending(r->scribe, answer->name));
	}
}

static bool readable(const struct room *r, int timeout)
{
	struct pollfd p = {.fd = scribe_fd(r->scribe), .events = POLLIN};

	return poll(&p, 1, timeout) == 1;
}

static void collect(struct room *r)
{
	assert_true(readable(r, 10000));
	r->collects++;
	scribe_collect(r->scribe, r->a, answered, r);
}

static void collect_all(struct room *r)
{
	while (scribe_backlog(r->scribe))
		collect(r);
}

/* Until let_go no batch gets on: a batch of some other process seems to be alive. */
static void hold(struct room *r)
{
	r->journal = openat(r->dir, JOURNAL, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(r->journal >= 0);
	assert_int_equal(flock(r->journal, LOCK_EX), 0);
}

static void let_go(struct room *r)
{
	assert_int_equal(unlinkat(r->dir, JOURNAL, 0), 0);
	close(r->journal);
}

static void on_disk(struct room *r, const char *name, size_t value)
{
	struct record record;

	bootfile_read(r->dir, r->path, name, r->a, &record);
	assert_int_equal(record.state, RECORD_FINE);
	assert_int_equal(record.include, INCLUDE_FINE);
	assert_string_equal(record.owned.items[0].value, arena_decimal(r->a, value));
}

static void a_file_is_written_and_answered(void **state)
{
	struct room *r = *state;
	const char *text = text_of(r, "c1", 7);

	assert_false(scribe_pending(r->scribe, "c1"));
	scribe_write(r->scribe, "c1", text);
	assert_true(scribe_pending(r->scribe, "c1"));
	assert_false(scribe_pending(r->scribe, "c2"));
	collect_all(r);
	assert_int_equal(r->answers, 1);
	assert_int_equal(r->last.error, 0);
	assert_null(r->last.why);
	assert_string_equal(r->last.name, "c1");
	assert_string_equal(r->last.text, text);
	assert_int_equal(r->last.record.state, RECORD_FINE);
	assert_int_equal(r->last.record.include, INCLUDE_FINE);
	assert_string_equal(r->last.record.owned.items[0].value, "7");
	assert_false(scribe_pending(r->scribe, "c1"));
	assert_false(readable(r, 0));
	on_disk(r, "c1", 7);
}

/* What is given between two rounds of the loop is one batch. */
static void many_are_one_batch(void **state)
{
	struct room *r = *state;

	for (size_t i = MANY; i-- > 0;)
		scribe_write(r->scribe, name_of(r, i), text_of(r, name_of(r, i), i));
	assert_int_equal(scribe_backlog(r->scribe), MANY);
	collect_all(r);
	assert_int_equal(r->answers, MANY);
	assert_int_equal(r->errors, 0);
	assert_int_equal(r->collects, 2);
	for (size_t i = 0; i < MANY; i++)
		on_disk(r, name_of(r, i), i);
	assert_int_equal(files_in(r, ".", false), MANY);
}

static void the_caller_keeps_its_texts(void **state)
{
	struct room *r = *state;
	char name[] = "c1";
	char *text = arena_strdup(r->a, text_of(r, "c1", 1));

	scribe_write(r->scribe, name, text);
	memset(text, '?', strlen(text));
	memset(name, '?', strlen(name));
	collect_all(r);
	on_disk(r, "c1", 1);
}

static void a_later_text_replaces_one_not_begun(void **state)
{
	struct room *r = *state;

	for (size_t i = 0; i < 20; i++)
		scribe_write(r->scribe, "c1", text_of(r, "c1", i * 1000));
	scribe_write(r->scribe, "c1", text_of(r, "c1", 5));
	assert_int_equal(scribe_backlog(r->scribe), 1);
	collect_all(r);
	assert_int_equal(r->answers, 1);
	on_disk(r, "c1", 5);
}

static void what_comes_meanwhile_is_the_next_batch(void **state)
{
	struct room *r = *state;

	hold(r);
	scribe_write(r->scribe, "c1", text_of(r, "c1", 1));
	collect(r); /* the batch begins, and waits */
	assert_int_equal(r->answers, 0);
	scribe_write(r->scribe, "c1", text_of(r, "c1", 2));
	scribe_write(r->scribe, "c2", text_of(r, "c2", 3));
	assert_int_equal(scribe_backlog(r->scribe), 3);
	collect(r); /* nothing is done yet */
	assert_int_equal(r->answers, 0);
	assert_false(readable(r, 20));
	let_go(r);
	collect(r);
	assert_int_equal(r->answers, 1);
	assert_string_equal(r->last.record.owned.items[0].value, "1");
	assert_true(scribe_pending(r->scribe, "c1"));
	collect_all(r);
	assert_int_equal(r->answers, 3);
	on_disk(r, "c1", 2);
	on_disk(r, "c2", 3);
}

static void an_answer_may_write_again(void **state)
{
	struct room *r = *state;

	r->write_again = text_of(r, "c1", 2);
	scribe_write(r->scribe, "c1", text_of(r, "c1", 1));
	collect_all(r);
	assert_int_equal(r->answers, 2);
	on_disk(r, "c1", 2);
}

static void a_file_is_removed(void **state)
{
	struct room *r = *state;

	scribe_write(r->scribe, "c1", text_of(r, "c1", 1));
	collect_all(r);
	scribe_write(r->scribe, "c1", NULL);
	collect_all(r);
	assert_int_equal(r->errors, 0);
	assert_null(r->last.text);
	assert_int_equal(r->last.record.state, RECORD_NONE);
	assert_int_equal(r->last.record.include, INCLUDE_NONE);
	assert_int_equal(files_in(r, "c1", false), 1);
}

static void a_release_leaves_nothing(void **state)
{
	struct room *r = *state;

	put(r, "c1/evenkeel.conf.torn", "torn");
	put(r, "c2/evenkeel.conf.torn", "torn");
	scribe_write(r->scribe, "c1", text_of(r, "c1", 1));
	scribe_write(r->scribe, "c2", text_of(r, "c2", 1));
	collect_all(r);
	scribe_release(r->scribe, "c1");
	scribe_write(r->scribe, "c2", NULL);
	collect_all(r);
	assert_int_equal(r->errors, 0);
	assert_int_equal(files_in(r, "c1", false), 1);
	assert_int_equal(files_in(r, "c2", false), 2);
	/* and a text that comes after a release counts */
	scribe_release(r->scribe, "c1");
	scribe_write(r->scribe, "c1", text_of(r, "c1", 4));
	collect_all(r);
	on_disk(r, "c1", 4);
}

static void one_that_fails_harms_no_other(void **state)
{
	struct room *r = *state;

	scribe_write(r->scribe, "missing", text_of(r, "missing", 1));
	collect_all(r);
	assert_int_equal(r->last.error, ENOENT);
	assert_non_null(strstr(r->last.why, "No such file"));
	assert_null(r->last.text);
	scribe_write(r->scribe, "missing", text_of(r, "missing", 1));
	scribe_write(r->scribe, "c1", text_of(r, "c1", 1));
	collect_all(r);
	assert_int_equal(r->answers, 3);
	assert_int_equal(r->errors, 2);
	on_disk(r, "c1", 1);
}

static void a_path_that_comes_later(void **state)
{
	struct room *r = *state, later = *r;

	strcat(later.path, "/later");
	later.scribe = scribe_open(-1, later.path);
	assert_non_null(later.scribe);
	scribe_write(later.scribe, "c1", text_of(&later, "c1", 1));
	collect_all(&later);
	assert_int_equal(later.last.error, ENOENT);
	assert_int_equal(later.last.record.state, RECORD_UNREADABLE);
	assert_string_equal(later.last.why, "No such file or directory");
	assert_int_equal(mkdirat(r->dir, "later", 0711), 0);
	later.dir = openat(r->dir, "later", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(later.dir, "c1", 0711), 0);
	put(&later, "c1/config", "");
	scribe_write(later.scribe, "c1", text_of(&later, "c1", 1));
	assert_true(scribe_close(later.scribe));
	on_disk(&later, "c1", 1);
	files_in(&later, "c1", true);
	unlinkat(later.dir, "c1", AT_REMOVEDIR);
	close(later.dir);
	assert_int_equal(unlinkat(r->dir, "later", AT_REMOVEDIR), 0);
}

static void closing_writes_what_was_given(void **state)
{
	struct room *r = *state;
	int next = dup(0), later;

	close(next);
	r->journal = -1;
	for (size_t i = 0; i < 10; i++)
		scribe_write(r->scribe, name_of(r, i), text_of(r, name_of(r, i), i));
	collect(r); /* begins */
	for (size_t i = 5; i < 20; i++)
		scribe_write(r->scribe, name_of(r, i), text_of(r, name_of(r, i), i + 100));
	assert_true(scribe_close(r->scribe));
	for (size_t i = 0; i < 20; i++)
		on_disk(r, name_of(r, i), i < 5 ? i : i + 100);
	r->scribe = scribe_open(r->dir, r->path);
	assert_non_null(r->scribe);
	later = dup(0);
	close(later);
	assert_int_equal(later, next);
	assert_true(scribe_close(NULL));
}

/* The loop reads the same files meanwhile: each is of before or of after. */
static void reading_meanwhile_is_free(void **state)
{
	struct room *r = *state;

	for (size_t turn = 1; turn < 8; turn++) {
		for (size_t i = 0; i < MANY; i++)
			scribe_write(r->scribe, name_of(r, i), text_of(r, name_of(r, i), turn));
		while (scribe_backlog(r->scribe)) {
			if (readable(r, 0))
				collect(r);
			for (size_t i = 0; i < MANY; i += 37) {
				struct record record;

				bootfile_read(r->dir, r->path, name_of(r, i), r->a, &record);
				assert_true(record.state == RECORD_FINE ||
					    (turn == 1 && record.state == RECORD_NONE));
			}
		}
	}
	assert_int_equal(r->errors, 0);
	on_disk(r, "c1", 7);
}

/* The daemon ends all the same; the thread works on with what is its own. */
static void a_stuck_disk_is_not_waited_for_long(void **state)
{
	struct room *r = *state;

	hold(r);
	scribe_write(r->scribe, "c1", text_of(r, "c1", 1));
	assert_false(scribe_close(r->scribe));
	r->scribe = NULL;
	let_go(r);
	for (int i = 0; i < 1000 && files_in(r, "c1", false) < 2; i++)
		usleep(10000);
	for (int i = 0; i < 1000 && faccessat(r->dir, JOURNAL, F_OK, 0) == 0; i++)
		usleep(10000);
	on_disk(r, "c1", 1);
}

static void without_fds_there_is_none(void **state)
{
	(void)state;
	assert_null(scribe_open(99999, "/nonexistent"));
	assert_int_equal(errno, EBADF);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_file_is_written_and_answered),
	    TEST(many_are_one_batch),
	    TEST(the_caller_keeps_its_texts),
	    TEST(a_later_text_replaces_one_not_begun),
	    TEST(what_comes_meanwhile_is_the_next_batch),
	    TEST(an_answer_may_write_again),
	    TEST(a_file_is_removed),
	    TEST(a_release_leaves_nothing),
	    TEST(one_that_fails_harms_no_other),
	    TEST(a_path_that_comes_later),
	    TEST(closing_writes_what_was_given),
	    TEST(reading_meanwhile_is_free),
	    TEST(a_stuck_disk_is_not_waited_for_long),
	    cmocka_unit_test(without_fds_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
