#include "reconciler/journal_fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE 60000

static struct fold_news see(struct fold *f, const char *owner, const char *subject,
			    const char *text, uint64_t now)
{
	struct fold_line line = {.owner = fold_hash(0, owner), .text = fold_hash(0, text)};

	line.subject = fold_hash(line.owner, subject);
	strcpy(line.label, text);
	return fold_see(f, &line, now, MINUTE);
}

static struct fold *fold_new(void)
{
	return calloc(1, sizeof(struct fold));
}

static void repeats_are_counted(void **state)
{
	struct fold *f = fold_new();
	struct fold_news news;

	(void)state;
	assert_true(see(f, "web1", "memory", "full", 1000).print);
	for (int i = 1; i <= 12; i++)
		assert_false(see(f, "web1", "memory", "full", 1000 + 1000 * (uint64_t)i).print);
	news = see(f, "web1", "memory", "full", 1000 + MINUTE);
	assert_true(news.print);
	assert_int_equal(news.repeats, 12);
	assert_int_equal(news.since_ms, MINUTE);
	assert_false(see(f, "web1", "memory", "full", 2000 + MINUTE).print);
	free(f);
}

static void another_text_is_printed_and_tells_the_repeats(void **state)
{
	struct fold *f = fold_new();
	struct fold_news news;

	(void)state;
	see(f, "web1", "memory", "full", 0);
	see(f, "web1", "memory", "full", 10);
	news = see(f, "web1", "memory", "changed", 20);
	assert_true(news.print);
	assert_int_equal(news.repeats, 0);
	assert_int_equal(news.left.repeats, 1);
	assert_string_equal(news.left.label, "full");
	news = see(f, "web1", "memory", "full", 30);
	assert_true(news.print);
	assert_int_equal(news.left.repeats, 0);
	free(f);
}

/* Two properties that fail in turn are two subjects. */
static void subjects_do_not_disturb_each_other(void **state)
{
	struct fold *f = fold_new();

	(void)state;
	assert_true(see(f, "web1", "memory", "full", 0).print);
	assert_true(see(f, "web1", "pids", "full", 0).print);
	assert_true(see(f, "db1", "memory", "full", 0).print);
	assert_false(see(f, "web1", "memory", "full", 10).print);
	assert_false(see(f, "web1", "pids", "full", 10).print);
	assert_false(see(f, "db1", "memory", "full", 10).print);
	free(f);
}

static void who_recovers_is_heard_again(void **state)
{
	struct fold *f = fold_new();
	struct fold_line left;

	(void)state;
	see(f, "web1", "memory", "full", 0);
	see(f, "web1", "memory", "full", 1);
	see(f, "db1", "memory", "full", 0);
	see(f, "db1", "memory", "full", 1);
	assert_true(fold_take(f, fold_hash(0, "web1"), &left));
	assert_int_equal(left.repeats, 1);
	assert_false(fold_take(f, fold_hash(0, "web1"), &left));
	fold_forget(f, fold_hash(0, "web1"));
	assert_true(see(f, "web1", "memory", "full", 2).print);
	assert_false(see(f, "db1", "memory", "full", 2).print);
	assert_true(fold_take(f, 0, &left));
	assert_int_equal(left.repeats, 2);
	assert_false(fold_take(f, 0, &left));
	free(f);
}

/* More subjects than slots: lines may be printed too often, counts are never lost. */
static void a_full_table_loses_no_count(void **state)
{
	struct fold *f = fold_new();
	struct fold_line left;
	unsigned said = 0, told = 0;

	(void)state;
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 3 * FOLD_SLOTS; i++) {
			struct fold_line line = {.owner = 1, .subject = (uint64_t)i + 1, .text = 7};
			struct fold_news news = fold_see(f, &line, (uint64_t)round, MINUTE);

			said += news.print;
			told += news.repeats + news.left.repeats;
		}
	}
	while (fold_take(f, 0, &left))
		told += left.repeats;
	assert_int_equal(said + told, 10 * 3 * FOLD_SLOTS);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(repeats_are_counted),
	    cmocka_unit_test(another_text_is_printed_and_tells_the_repeats),
	    cmocka_unit_test(subjects_do_not_disturb_each_other),
	    cmocka_unit_test(who_recovers_is_heard_again),
	    cmocka_unit_test(a_full_table_loses_no_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
