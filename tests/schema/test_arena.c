#include "schema/arena.h"

#include "tests/skip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void pieces_are_zeroed_and_aligned(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	for (size_t size = 0; size < 3000; size += 7) {
		unsigned char *piece;

		arena_strdup(a, "odd"); /* texts are packed: the next piece must not be */
		piece = arena_alloc(a, size);
		assert_non_null(piece);
		assert_int_equal((uintptr_t)piece % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(piece[i], 0);
		memset(piece, 0xff, size);
	}
	arena_free(a);
}

static void pieces_do_not_overlap(void **state)
{
	struct arena *a = arena_new();
	unsigned char *pieces[500];

	(void)state;
	for (size_t i = 0; i < 500; i++) {
		pieces[i] = arena_alloc(a, i % 97 + 1);
		memset(pieces[i], (int)(i % 251), i % 97 + 1);
	}
	for (size_t i = 0; i < 500; i++)
		for (size_t j = 0; j < i % 97 + 1; j++)
			assert_int_equal(pieces[i][j], i % 251);
	arena_free(a);
}

static void larger_than_a_block(void **state)
{
	struct arena *a = arena_new();
	unsigned char *large = arena_alloc(a, 1 << 20);

	(void)state;
	large[(1 << 20) - 1] = 1;
	assert_string_equal(arena_strdup(a, "behind it"), "behind it");
	assert_true(arena_size(a) >= 1 << 20);
	arena_free(a);
}

static void texts(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	assert_null(arena_strdup(a, NULL));
	assert_string_equal(arena_strdup(a, ""), "");
	assert_string_equal(arena_strndup(a, "abcdef", 3), "abc");
	assert_string_equal(arena_strndup(a, "abc", 0), "");
	assert_string_equal(arena_printf(a, "%s-%d", "web", 7), "web-7");
	assert_int_equal(strlen(arena_printf(a, "%5000d", 1)), 5000);
	arena_free(a);
}

static void growing_keeps_the_items(void **state)
{
	struct arena *a = arena_new();
	size_t *items = NULL, n = 0, capacity = 0;

	(void)state;
	for (size_t i = 0; i < 10000; i++) {
		items = arena_grow(a, items, n, &capacity, sizeof(*items));
		assert_true(n < capacity);
		items[n++] = i;
	}
	for (size_t i = 0; i < n; i++)
		assert_int_equal(items[i], i);
	arena_free(a);
}

static void nothing_to_free(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	assert_int_equal(arena_size(a), 0);
	arena_free(a);
	arena_free(NULL);
}

/* Many small manifests: what an arena holds stays near what was asked for. */
static void small_stays_small(void **state)
{
	struct arena *a;

	(void)state;
#ifdef EVENKEEL_DEBUG_ARENA
	skip_because("in this build every piece is a block of its own");
#endif
	a = arena_new();
	for (size_t i = 0; i < 100; i++)
		arena_strdup(a, "limits.memory");
	assert_true(arena_size(a) <= 4096);
	arena_free(a);
}

/* The one error that nobody handles: the process ends with status 2. */
static void sizes_that_overflow_end_the_process(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		size_t capacity = SIZE_MAX / 4;

		close(STDERR_FILENO);
		arena_grow(arena_new(), NULL, capacity, &capacity, 16);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 2);
}

/* What was reserved is taken without another block; a debug build has none to share. */
static void reserved_bytes_are_there(void **state)
{
	struct arena *a = arena_new();
	size_t held;

	(void)state;
	arena_reserve(a, 10000);
	held = arena_size(a);
	for (int i = 0; i < 100; i++)
		memset(arena_alloc(a, 96), i, 96);
#ifndef EVENKEEL_DEBUG_ARENA
	assert_true(held >= 10000);
	assert_int_equal(arena_size(a), held);
#else
	assert_int_equal(held, 0);
#endif
	arena_free(a);
}

static void texts_are_joined(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	assert_string_equal(arena_join(a, "one", NULL), "one");
	assert_string_equal(arena_join(a, "a", "", "b = ", "c", NULL), "ab = c");
	assert_string_equal(arena_decimal(a, 0), "0");
	assert_string_equal(arena_decimal(a, 1234567890), "1234567890");
	assert_string_equal(arena_decimal(a, ~0ull), "18446744073709551615");
	arena_free(a);
}

static void a_reset_arena_serves_again(void **state)
{
	struct arena *a = arena_new();
	size_t held;

	(void)state;
	arena_reset(a);
	memset(arena_alloc(a, 100000), 'x', 100000);
	held = arena_size(a);
	for (int i = 0; i < 100; i++) {
		unsigned char *piece;

		arena_reset(a);
		piece = arena_alloc(a, 50000);
		for (size_t k = 0; k < 50000; k += 999)
			assert_int_equal(piece[k], 0);
		memset(piece, 'y', 50000);
	}
	assert_true(arena_size(a) <= held);
	arena_free(a);
}

static void an_absorbed_arena_lives_on(void **state)
{
	struct arena *to = arena_new(), *from = arena_new();
	size_t held;
	char *text, *own;

	(void)state;
	arena_absorb(to, from);
	text = arena_strdup(from, "kept");
	arena_alloc(from, 100000);
	own = arena_strdup(to, "own");
	held = arena_size(to) + arena_size(from);
	arena_absorb(to, from);
	assert_int_equal(arena_size(to), held);
	assert_int_equal(arena_size(from), 0);
	arena_strdup(from, "empty, and of use");
	arena_free(from);
	assert_string_equal(text, "kept");
	assert_string_equal(own, "own");
	arena_strdup(to, "more");
	assert_string_equal(text, "kept");
	arena_free(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pieces_are_zeroed_and_aligned),
	    cmocka_unit_test(pieces_do_not_overlap),
	    cmocka_unit_test(larger_than_a_block),
	    cmocka_unit_test(texts),
	    cmocka_unit_test(growing_keeps_the_items),
	    cmocka_unit_test(nothing_to_free),
	    cmocka_unit_test(small_stays_small),
	    cmocka_unit_test(reserved_bytes_are_there),
	    cmocka_unit_test(sizes_that_overflow_end_the_process),
	    cmocka_unit_test(texts_are_joined),
	    cmocka_unit_test(a_reset_arena_serves_again),
	    cmocka_unit_test(an_absorbed_arena_lives_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
