/*
 * refusals - a table of texts that a grammar must refuse, and what it must say.
 */
#pragma once

#include "schema/arena.h"
#include "schema/value.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct refusal {
	const char *text;
	size_t offset;
	const char *message; /* NULL: any */
	const char *hint;    /* NULL: any */
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static inline void refuses(const struct grammar *g, const struct refusal *table, size_t n)
{
	struct arena *a = arena_new();
	struct value untouched, v;
	struct complaint why;

	memset(&untouched, 0xa5, sizeof(untouched));
	for (size_t i = 0; i < n; i++) {
		v = untouched;
		if (value_parse(g, table[i].text, a, &v, &why) != -EINVAL)
			fail_msg("%s accepts '%s'", g->name, table[i].text);
		assert_memory_equal(&v, &untouched, sizeof(v));
		assert_true(why.message[0]);
		if (table[i].message)
			assert_string_equal(why.message, table[i].message);
		if (table[i].hint)
			assert_string_equal(why.hint, table[i].hint);
		if (why.offset != table[i].offset)
			fail_msg("'%s': offset %zu, not %zu", table[i].text, why.offset,
				 table[i].offset);
	}
	arena_free(a);
}

/* TEXT read by G; the test fails when it is refused. */
static inline struct value accepted(const struct grammar *g, const char *text, struct arena *a)
{
	struct complaint why;
	struct value v;

	if (value_parse(g, text, a, &v, &why) < 0)
		fail_msg("%s refuses '%s': %s (%s)", g->name, text, why.message, why.hint);
	assert_ptr_equal(v.grammar, g);
	return v;
}
