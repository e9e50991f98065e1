/* The first byte selects a grammar, of the shared ones and of the registry's own; the rest is the
 * text. */
#include "tests/fuzz/fuzz.h"

#include "schema/arena.h"
#include "schema/keys.h"
#include "schema/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GRAMMARS_MOST 256

static const struct grammar *grammars[GRAMMARS_MOST];
static size_t n_grammars;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void add_grammar(const struct grammar *g)
{
	for (size_t i = 0; i < n_grammars; i++)
		if (grammars[i] == g)
			return;
	require(n_grammars < GRAMMARS_MOST);
	grammars[n_grammars++] = g;
}

static void gather_grammars(void)
{
	const struct grammar *const *shared;
	const struct key_table *const *tables;
	const struct device_type *const *types;
	size_t n = value_grammars(&shared);

	for (size_t i = 0; i < n; i++)
		add_grammar(shared[i]);
	tables = key_tables_all(&n);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < tables[i]->n; j++)
			add_grammar(tables[i]->rows[j].grammar);
	types = device_types_all(&n);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < types[i]->n_options; j++)
			add_grammar(types[i]->options[j].grammar);
}

/* Fit for any terminal: valid UTF-8 without controls. */
static bool is_clean(const char *text)
{
	if (!text_is_utf8(text, strlen(text), NULL))
		return false;
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static void check_refusal(const char *text, const struct complaint *why)
{
	require(why->message[0]);
	require(strlen(why->message) < sizeof(why->message));
	require(strlen(why->hint) < sizeof(why->hint));
	require(is_clean(why->message) && is_clean(why->hint));
	require(why->offset <= strlen(text));
}

static void check_ranges(const struct ranges *r)
{
	for (size_t i = 0; i < r->n; i++) {
		require(r->items[i].first <= r->items[i].last);
		require(r->items[i].last <= VALUE_CPU_MOST);
		require(i == 0 || r->items[i].first > r->items[i - 1].last + 1);
	}
}

static void check_idmap(const struct value *v, size_t length)
{
	for (size_t i = 0; i < v->idmap.n; i++) {
		const struct idmap_line *l = &v->idmap.lines[i];

		require(l->kind == 'u' || l->kind == 'g' || l->kind == 'b');
		require(l->count > 0 && (uint64_t)l->host + l->count <= UINT32_MAX);
		require((uint64_t)l->container + l->count <= UINT32_MAX);
		require(l->offset < length);
	}
}

/* What holds of every value, whatever the text was. */
static void check_value(const struct value *v, size_t length, struct arena *a)
{
	const struct grammar *g = v->grammar;
	struct complaint why;
	struct value again;

	if (g == &grammar_size || g == &grammar_size_or_zero) {
		require(value_parse(g, value_show_bytes(v->number, a), a, &again, &why) == 0);
		require(again.number == v->number);
	} else if (g == &grammar_bit_rate) {
		require(value_parse(g, value_show_bits(v->number, a), a, &again, &why) == 0);
		require(again.number == v->number);
	} else if (g == &grammar_cpus || g == &grammar_nodes) {
		require(!v->cpus.counted || (v->cpus.count > 0 && v->cpus.set.n == 0));
		check_ranges(&v->cpus.set);
	} else if (g == &grammar_rlimit) {
		require(v->rlimit.soft <= v->rlimit.hard);
	} else if (g == &grammar_allowance && !v->allowance.percent) {
		require(v->allowance.quota_us >= 1000 && v->allowance.period_us >= 1000);
		require(v->allowance.period_us <= 1000000);
	} else if (g == &grammar_idmap) {
		check_idmap(v, length);
	} else if (g == &grammar_path || g == &grammar_host_path || g == &grammar_schedule ||
		   g == &grammar_duration || g == &grammar_mac || g == &grammar_hex4 ||
		   g == &grammar_address4 || g == &grammar_address6) {
		require(value_parse(g, v->text, a, &again, &why) == 0);
		require(strcmp(again.text, v->text) == 0); /* cleaning up twice changes nothing */
	} else if (g == &grammar_word_list || g == &grammar_line_list) {
		for (size_t i = 0; i < v->list.n; i++)
			require(v->list.items[i][0]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct complaint why;
	struct value value;
	struct arena *a;
	const char *text;

	if (n_grammars == 0)
		gather_grammars();
	if (n == 0)
		return 0;
	a = arena_new();
	text = arena_strndup(a, (const char *)bytes + 1, n - 1);
	switch (value_parse(grammars[bytes[0] % n_grammars], text, a, &value, &why)) {
	case 0:
		check_value(&value, strlen(text), a);
		break;
	case -EINVAL:
		check_refusal(text, &why);
		break;
	default:
		abort();
	}
	arena_free(a);
	return 0;
}
