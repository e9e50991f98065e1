#include "limits/balance.h"
#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 12

/* Number, core, package, node. */
static const struct cpu two[] = {
    {0, 0, 0, 0},
    {1, 1, 0, 0}
};
static const struct cpu one_gone[] = {
    {0, 0, 0, 0}
};
/* clang-format off */
static const struct cpu smt[] = {
	{0, 0, 0, 0}, {1, 1, 0, 0}, {2, 2, 0, 0}, {3, 3, 0, 0},
	{4, 0, 0, 0}, {5, 1, 0, 0}, {6, 2, 0, 0}, {7, 3, 0, 0},
};
/* Two packages, each a node: their cores have the same numbers. */
static const struct cpu numa[] = {
	{0, 0, 0, 0}, {1, 1, 0, 0}, {2, 0, 1, 1}, {3, 1, 1, 1},
	{4, 0, 0, 0}, {5, 1, 0, 0}, {6, 0, 1, 1}, {7, 1, 1, 1},
};
/* Isolated and off-line CPUs leave holes. */
static const struct cpu holes[] = {{2, 2, 0, 0}, {5, 5, 0, 0}, {11, 11, 1, 0}};
/* clang-format on */

#define HOST(cpus) cpus, sizeof(cpus) / sizeof(*cpus)

struct wish {
	const char *cpu, *nodes, *now;
	const char *given;   /* NULL: none */
	const char *refused; /* what the refusal says */
	bool stopped, held_back;
};

struct row {
	const char *what;
	const struct cpu *cpus;
	size_t n_cpus;
	struct wish wishes[6];
};

/* clang-format off */
static const struct row rows[] = {
	{"a number is a number, not a CPU", HOST(two), {{"1", .given = "0"}}},
	{"each its own", HOST(two), {{"1", .given = "0"}, {"1", .given = "1"}}},
	{"without a key the whole host", HOST(two), {{.now = "0-1"}, {"1", .given = "0"}}},
	{"more than there are is all", HOST(two), {{"8", .given = "0-1"}}},
	{"a range is that CPU", HOST(two), {{"1-1", .given = "1"}}},
	{"a set is less what is not there", HOST(two), {{"0,5", .given = "0"}}},
	{"a set without any CPU is refused", HOST(two), {{"5-7", .now = "0-1", .refused = "limits.cpu: none of the CPUs 5-7 can be used: this host has 0-1"}}},
	{"a set is used by its owner", HOST(two), {{"0-0", .given = "0"}, {"1", .given = "1"}}},
	{"a set never moves", HOST(two), {{"0-0", .now = "0", .given = "0"}, {"0-0", .now = "0", .given = "0"}, {"1", .now = "0", .given = "1"}}},
	{"a newcomer moves nobody", HOST(two), {{"1", .now = "1", .given = "1"}, {"1", .now = "0-1", .given = "0"}}},
	{"nor does one that went", HOST(two), {{"1", .stopped = true}, {"1", .now = "1", .given = "1"}}},
	{"two went: one of the others moves", HOST(two), {{"1", .now = "0", .given = "1"}, {"1", .now = "0", .given = "0"}}},
	{"a CPU went", HOST(one_gone), {{"1", .now = "1", .given = "0"}, {"1", .now = "0", .given = "0"}, {"1-1", .now = "1", .refused = "this host has 0"}}},
	{"a CPU came", HOST(two), {{"1", .now = "0", .given = "1"}, {"1", .now = "0", .given = "0"}}},
	{"a held-back one counts where it is", HOST(two), {{"1-1", .now = "0", .held_back = true}, {"1", .given = "1"}}},
	{"the mask of a fresh start does not", HOST(two), {{.now = "0-1", .held_back = true}, {"1", .given = "0"}}},
	{"cores before threads", HOST(smt), {{"4", .given = "0-3"}, {"2", .given = "4-5"}}},
	{"the free core, not a thread", HOST(smt), {{"1", .now = "0", .given = "0"}, {"1", .now = "2", .given = "2"}, {"1", .given = "1"}, {"1", .given = "3"}, {"1", .given = "4"}}},
	{"fewer: two of its own", HOST(smt), {{"2", .now = "4-7", .given = "4-5"}}},
	{"more: its own and others", HOST(smt), {{"3", .now = "6-7", .given = "0,6-7"}}},
	{"equal core numbers of two packages are two", HOST(numa), {{"4", .given = "0-3"}}},
	{"a node's CPUs", HOST(numa), {{.nodes = "1", .given = "2-3,6-7"}}},
	{"a number out of a node", HOST(numa), {{"2", "1", .given = "2-3"}, {"3", "1", .given = "2,6-7"}}},
	{"at most the node", HOST(numa), {{"8", "0", .given = "0-1,4-5"}}},
	{"a set wins over nodes", HOST(numa), {{"0-1", "1", .given = "0-1"}}},
	{"a node that is not there", HOST(numa), {{"2", "4-5", .refused = "limits.cpu.nodes: no CPU of the nodes 4-5 can be used: this host has 0-1"}}},
	{"balanced: the node used least", HOST(numa), {{.nodes = "0", .given = "0-1,4-5"}, {"2", "balanced", .given = "2-3"}, {"1", "balanced", .given = "0"}}},
	{"balanced: stays", HOST(numa), {{"2", "balanced", "2-3", .given = "2-3"}, {"2", "balanced", .given = "0-1"}}},
	{"balanced: moves when two more are there", HOST(numa), {{"1", "balanced", "2", .given = "0"}, {"1", "balanced", "3", .given = "3"}}},
	{"balanced: no number, a whole node", HOST(numa), {{.nodes = "balanced", .given = "0-1,4-5"}}},
	{"balanced: as many nodes as it takes", HOST(numa), {{"6", "balanced", .given = "0-4,6"}}},
	{"holes", HOST(holes), {{"2", .given = "2,11"}, {"0-5", .given = "2,5"}, {"12-20", .refused = "this host has 2,5,11"}}},
	{"no CPU known", NULL, 0, {{"2", .refused = "could not be read"}, {"0-1", .refused = "could not be read"}}},
};
/* clang-format on */

struct stage {
	struct arena *arena;
	struct host host;
	struct world world;
	struct expanded config[MOST][2];
	struct setting settings[MOST][2];
	struct instance instances[MOST];
};

static void stage_start(struct stage *s, const struct cpu *cpus, size_t n)
{
	struct range *nodes;

	memset(s, 0, sizeof(*s));
	s->arena = arena_new();
	s->host.cpus = arena_alloc(s->arena, n * sizeof(*cpus));
	s->host.n_cpus = n;
	if (n > 0)
		memcpy(s->host.cpus, cpus, n * sizeof(*cpus));
	nodes = arena_alloc(s->arena, n * sizeof(*nodes));
	for (size_t i = 0; i < n; i++)
		nodes[i] = (struct range){cpus[i].node, cpus[i].node};
	s->host.nodes = ranges_from(nodes, n, s->arena);
	s->world = (struct world){.arena = s->arena, .host = &s->host};
	s->world.instances = arena_alloc(s->arena, MOST * sizeof(*s->world.instances));
}

static void set(struct stage *s, struct instance *i, const char *key, const char *text)
{
	size_t who = (size_t)(i - s->instances), k = i->n_config;

	if (!text)
		return;
	s->settings[who][k] =
	    (struct setting){.key = keys_find(key, SCOPE_CONTAINER), .name = key, .text = text};
	assert_non_null(s->settings[who][k].key);
	s->config[who][k].setting = &s->settings[who][k];
	i->n_config++;
}

static void stage_add(struct stage *s, const struct wish *w)
{
	size_t n = s->world.n++;
	struct instance *i = &s->instances[n];
	struct world_instance *wi = &s->world.instances[n];

	*i = (struct instance){.name = arena_printf(s->arena, "c%02zu", n),
			       .config = s->config[n],
			       .held_back = w->held_back};
	set(s, i, "limits.cpu", w->cpu);
	set(s, i, "limits.cpu.nodes", w->nodes);
	*wi = (struct world_instance){.instance = i, .will_run = !w->stopped};
	if (w->now)
		assert_int_equal(ranges_parse(w->now, 100, s->arena, &wi->cpus_now, NULL), 0);
}

static void check(const struct row *row, size_t n, const struct world_instance *wi, struct arena *a)
{
	const struct wish *w = &row->wishes[n];
	const char *given = wi->cpus.n ? ranges_print(&wi->cpus, a) : "none";
	const char *refused = wi->cpus_refused ? wi->cpus_refused : "no refusal";

	if (strcmp(given, w->given ? w->given : "none") != 0)
		fail_msg("%s: number %zu got %s, not %s", row->what, n, given, w->given);
	if (!strstr(refused, w->refused ? w->refused : "no refusal"))
		fail_msg("%s: number %zu: %s", row->what, n, refused);
}

static void as_the_table_says(void **state)
{
	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		const struct row *row = &rows[r];
		struct stage s;

		stage_start(&s, row->cpus, row->n_cpus);
		for (size_t i = 0; i < 6; i++)
			stage_add(&s, &row->wishes[i]);
		balance(&s.world);
		for (size_t i = 0; i < 6; i++)
			check(row, i, &s.world.instances[i], s.arena);
		arena_free(s.arena);
	}
}

/* What a set of a random instance may be. */
static const char *const choices[] = {"1", "2", "3", "5", "0-0", "1-2", "4,6", NULL};
static const char *const node_choices[] = {NULL, NULL, NULL, "1", "0-1", "balanced"};

/* Balances WISHES, which hold NOW, and leaves the answers in NOW. */
static void balance_again(struct wish *wishes, char now[MOST][64], size_t n_cpus)
{
	struct stage s;

	stage_start(&s, numa, n_cpus);
	for (size_t i = 0; i < MOST; i++) {
		wishes[i].now = *now[i] ? now[i] : NULL;
		stage_add(&s, &wishes[i]);
	}
	balance(&s.world);
	for (size_t i = 0; i < MOST; i++) {
		const struct ranges *given = &s.world.instances[i].cpus;

		snprintf(now[i], 64, "%s", given->n ? ranges_print(given, s.arena) : "");
	}
	arena_free(s.arena);
}

/* Whatever came before: asked again about its own answer, it changes nothing. */
static void answer_is_at_rest(void **state)
{
	char now[MOST][64] = {""}, again[MOST][64];
	struct wish wishes[MOST] = {{0}};

	(void)state;
	srand(3);
	for (int step = 0; step < 3000; step++) {
		size_t n_cpus = rand() % 4 ? 8 : 5 + (size_t)rand() % 3;

		for (size_t i = 0; i < MOST; i++)
			if (rand() % 4 == 0)
				wishes[i] = (struct wish){
				    .cpu = choices[rand() % 8],
				    .nodes = node_choices[rand() % 6],
				    .stopped = rand() % 4 == 0,
				};
		balance_again(wishes, now, n_cpus);
		memcpy(again, now, sizeof(now));
		balance_again(wishes, again, n_cpus);
		for (size_t i = 0; i < MOST; i++)
			assert_string_equal(now[i], again[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(as_the_table_says),
	    cmocka_unit_test(answer_is_at_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
