/* Do two texts mean the same? For the grammars whose values have one plain form. */
#include "schema/arena.h"
#include "schema/value.h"

#include <string.h>

static bool is_one_of(const struct grammar *g, const struct grammar *const *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (all[i] == g)
			return true;
	return false;
}

#define IS_ONE_OF(G, ...)                                                                          \
	is_one_of(G, (const struct grammar *const[]){__VA_ARGS__},                                 \
		  sizeof((const struct grammar *const[]){__VA_ARGS__}) / sizeof(g))

static bool same_lists(const struct value *x, const struct value *y)
{
	if (x->list.n != y->list.n)
		return false;
	for (size_t i = 0; i < x->list.n; i++)
		if (strcmp(x->list.items[i], y->list.items[i]) != 0)
			return false;
	return true;
}

static bool same_values(const struct grammar *g, const struct value *x, const struct value *y)
{
	if (g == &grammar_bool)
		return x->yes == y->yes;
	if (IS_ONE_OF(g, &grammar_bit_rate, &grammar_bits, &grammar_size, &grammar_size_or_zero,
		      &grammar_mtu, &grammar_uint32, &grammar_mode))
		return x->number == y->number;
	if (IS_ONE_OF(g, &grammar_mac, &grammar_path, &grammar_host_path, &grammar_address4,
		      &grammar_address6))
		return strcmp(x->text, y->text) == 0;
	if (IS_ONE_OF(g, &grammar_cidr4_list, &grammar_cidr6_list, &grammar_word_list))
		return same_lists(x, y);
	return false;
}

bool value_same(const struct grammar *g, const char *text, const char *other)
{
	struct complaint why;
	struct value x, y;
	struct arena *a;
	bool same;

	if (strcmp(text, other) == 0)
		return true;
	a = arena_new();
	same = value_parse(g, text, a, &x, &why) == 0 && value_parse(g, other, a, &y, &why) == 0 &&
	       same_values(g, &x, &y);
	arena_free(a);
	return same;
}
