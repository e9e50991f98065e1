/* reconciler/standing, condition: how an instance stands, over the wire and on the screen. */
#include "reconciler/standing.h"

#include "reconciler/listing.h"
#include "reconciler/pauses.h"
#include "reconciler/usage.h"
#include "tests/reconciler/report_sample.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct change drift = {
    .object = "cgroup", .attribute = "memory.max", .from = "1", .to = "2", .action = ACTION_CHANGE};
static const struct change waiting = {.object = "config",
				      .attribute = "lxc.idmap",
				      .from = "u 0 1 2",
				      .to = "u 0 3 4",
				      .action = ACTION_WAIT,
				      .effect = EFFECT_RESTART};
static const struct change secret = {.object = "config",
				     .attribute = "lxc.environment.TOKEN",
				     .key = "environment.TOKEN",
				     .to = "hunter2",
				     .action = ACTION_WAIT,
				     .effect = EFFECT_RESTART};
static const struct change lacking = {.object = "cgroup",
				      .attribute = "io.weight",
				      .action = ACTION_NONE,
				      .observed = UNSUPPORTED,
				      .reason = "no such file",
				      .remedy = "load bfq"};

static struct change judged(struct change c, enum verdict verdict, const char *error)
{
	c.verdict = verdict;
	c.error = error;
	return c;
}

/* "CONDITION: REASON" of an instance with this and that change. */
static const char *stands(struct result *r, const struct change *x, const struct change *y)
{
	struct outcome *o = sample_outcome(r, "web1", STATUS_RUNNING, NULL);
	const char *reason;
	enum condition c;

	if (x)
		sample_change(o, *x);
	if (y)
		sample_change(o, *y);
	c = condition_of(o, r->arena, &reason);
	return arena_printf(r->arena, "%s: %s", condition_name(c), reason ? reason : "-");
}

static void changes_make_a_condition(void **state)
{
	const struct change failed = judged(drift, VERDICT_FAILED, "EBUSY"),
			    applied = judged(drift, VERDICT_APPLIED, NULL),
			    restarted = judged(waiting, VERDICT_APPLIED, NULL),
			    pending = judged(waiting, VERDICT_PENDING, NULL),
			    skipped = judged(drift, VERDICT_SKIPPED, NULL),
			    told = judged(secret, VERDICT_FAILED, "cannot set hunter2");
	const struct {
		const struct change *x, *y;
		const char *stands;
	} cases[] = {
	    {NULL,     NULL,       "in-sync: -"				     },
	    {&lacking, NULL,       "in-sync: -"                                     },
	    {&drift,   &waiting,   "drifted: cgroup memory.max"                     },
	    {&drift,   &drift,     "drifted: cgroup memory.max"                     },
	    {&waiting, &lacking,   "pending-restart: idmap"                         },
	    {&pending, &applied,   "pending-restart: idmap"                         },
	    {&applied, &restarted, "in-sync: -"                                     },
	    {&waiting, &failed,    "failing: cgroup memory.max: EBUSY"              },
	    {&skipped, NULL,       "drifted: cgroup memory.max"                     },
	    {&told,    NULL,       "failing: environment.TOKEN: cannot set (hidden)"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct result *r = sample_new();

		assert_string_equal(stands(r, cases[i].x, cases[i].y), cases[i].stands);
		sample_free(r);
	}
}

static void what_is_paused_is_that_first(void **state)
{
	struct result *r = sample_new();
	struct outcome *o = sample_outcome(r, "web1", STATUS_RUNNING, NULL);
	const struct pause pause = {.until = 1796119200, .reason = "disk"};
	const char *reason;

	(void)state;
	o->pause = &pause;
	o->held_back = true;
	diagnostic_error(&o->diagnostics, NOWHERE, "bad");
	assert_int_equal(condition_of(o, r->arena, &reason), CONDITION_PAUSED);
	assert_string_equal(reason, "until 2026-12-01T10:00:00Z: disk");
	sample_change(o, drift);
	condition_of(o, r->arena, &reason);
	assert_string_equal(reason,
			    "until 2026-12-01T10:00:00Z: disk; not changed: cgroup memory.max");
	o->pause = NULL;
	assert_int_equal(condition_of(o, r->arena, &reason), CONDITION_HELD_BACK);
	assert_string_equal(reason, "bad");
	sample_free(r);
}

static void each_condition_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < N_CONDITIONS; i++)
		assert_int_equal(condition_find(condition_name((enum condition)i)), i);
	assert_int_equal(condition_find("out-of-sync"), N_CONDITIONS);
	assert_int_equal(condition_find(""), N_CONDITIONS);
	assert_int_equal(condition_find("?"), N_CONDITIONS);
}

/* One with everything in it. */
static struct standing whole(struct result *r)
{
	struct outcome *o = sample_outcome(r, "web1", STATUS_FROZEN, NULL);
	struct change *c = sample_change(o, waiting);
	struct standing s;

	sample_origin(r, c, "raw.idmap", "profiles/small.yaml", 9);
	sample_change(o, secret);
	sample_change(o, lacking);
	standing_from_outcome(o, r->arena, &s);
	s.since = 1796119200;
	s.retry = 4;
	s.paused_until = 1796119260;
	return s;
}

static void an_outcome_is_copied(void **state)
{
	struct result *r = sample_new();
	struct arena *a = arena_new();
	struct standing from = whole(r), s;

	(void)state;
	standing_copy(&from, a, &s);
	assert_true(standing_equal(&from, &s));
	sample_free(r); /* and is gone */
	assert_string_equal(s.name, "web1");
	assert_int_equal(s.status, STATUS_FROZEN);
	assert_int_equal(s.n_pending, 2);
	assert_string_equal(s.pending[0].name, "idmap");
	assert_string_equal(s.pending[0].now, "u 0 1 2");
	assert_string_equal(s.pending[0].then, "u 0 3 4");
	assert_string_equal(s.pending[0].file, "profiles/small.yaml");
	assert_int_equal(s.pending[0].line, 9);
	assert_string_equal(s.pending[0].profile, "small");
	assert_false(s.pending[0].secret);
	assert_true(s.pending[1].secret);
	assert_int_equal(s.n_unsupported, 1);
	assert_string_equal(s.unsupported[0].reason, "no such file");
	assert_string_equal(s.unsupported[0].remedy, "load bfq");
	arena_free(a);
}

static void json_goes_there_and_back(void **state)
{
	struct result *r = sample_new();
	struct standing s = whole(r), back, hidden;
	json_t *told = standing_json(&s, true), *hiding = standing_json(&s, false);
	char *text = json_dumps(hiding, 0);

	(void)state;
	assert_int_equal(standing_from_json(told, r->arena, &back), 0);
	assert_true(standing_equal(&s, &back));
	assert_int_equal(back.since, s.since);
	assert_int_equal(back.retry, 4);
	assert_int_equal(back.pending[0].column, 3);
	assert_string_equal(back.pending[0].name, "idmap");
	assert_null(strstr(text, "hunter2"));
	assert_int_equal(standing_from_json(hiding, r->arena, &hidden), 0);
	assert_string_equal(hidden.pending[1].then, "(hidden)");
	assert_null(hidden.pending[1].now);
	assert_string_equal(json_string_value(json_object_get(told, "since")),
			    "2026-12-01T10:00:00Z");
	free(text);
	json_decref(told);
	json_decref(hiding);
	sample_free(r);
}

static void other_json_is_refused(void **state)
{
	static const char *const cases[] = {
	    "{}",
	    "[]",
	    "{\"name\":\"a\"}",
	    "{\"name\":\"a\",\"status\":\"running\"}",
	    "{\"name\":\"a\",\"status\":\"running\",\"condition\":\"fine\"}",
	    "{\"name\":\"a\",\"status\":\"dancing\",\"condition\":\"in-sync\"}",
	    "{\"name\":7,\"status\":\"running\",\"condition\":\"in-sync\"}",
	    "{\"status\":\"running\",\"condition\":\"in-sync\"}",
	    "{\"name\":\"a\",\"status\":\"running\",\"condition\":\"in-sync\",\"pending\":[7]}",
	    "{\"name\":\"a\",\"status\":\"running\",\"condition\":\"in-sync\",\"unsupported\":"
	    "[{\"object\":\"x\"}]}",
	};
	struct arena *a = arena_new();
	struct standing s = {.name = "untouched"};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *json = json_loads(cases[i], 0, NULL);

		assert_non_null(json);
		if (standing_from_json(json, a, &s) == 0)
			fail_msg("%s is taken", cases[i]);
		assert_string_equal(s.name, "untouched");
		json_decref(json);
	}
	arena_free(a);
}

static void differences_are_seen(void **state)
{
	struct result *r = sample_new();
	struct standing s = whole(r), other;

	(void)state;
	standing_copy(&s, r->arena, &other);
	other.since++;
	other.retry++;
	assert_true(standing_equal(&s, &other)); /* times pass */
	other.condition = CONDITION_FAILING;
	assert_false(standing_equal(&s, &other));
	standing_copy(&s, r->arena, &other);
	other.status = STATUS_STOPPED;
	assert_false(standing_equal(&s, &other));
	standing_copy(&s, r->arena, &other);
	other.reason = NULL;
	assert_false(standing_equal(&s, &other));
	standing_copy(&s, r->arena, &other);
	other.pending[0].then = "u 0 5 6";
	assert_false(standing_equal(&s, &other));
	standing_copy(&s, r->arena, &other);
	other.n_unsupported = 0;
	assert_false(standing_equal(&s, &other));
	sample_free(r);
}

static char *printed(const struct options *o, const struct standings *s)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	standings_print(f, o, s);
	fclose(f);
	return text;
}

static void the_table_lines_up(void **state)
{
	struct usage usage = {.memory = 1 << 20};
	const struct usage *usages[] = {NULL, NULL, &usage, NULL};
	/* clang-format off */
	struct standing items[] = {
		{.name = "a", .status = STATUS_MISSING, .condition = CONDITION_DRIFTED,
		 .reason = "to create"},
		{.name = "db1", .status = STATUS_STOPPED, .condition = CONDITION_IN_SYNC},
		{.name = "web1", .status = STATUS_RUNNING, .condition = CONDITION_PENDING_RESTART,
		 .reason = "idmap"},
		{.name = "web2", .status = STATUS_RUNNING, .condition = CONDITION_FAILING,
		 .reason = "x\n\033[2J", .retry = 64},
	};
	/* clang-format on */
	struct standings s = {.items = items, .usage = usages, .n = COUNT(items)};
	char *text = printed(&(struct options){0}, &s);

	(void)state;
	assert_non_null(strstr(text, "NAME  STATUS    CONDITION        REASON\n"
				     "a     missing   drifted          to create\n"
				     "db1   stopped   in-sync\n"
				     "web1  running   pending-restart  idmap\n"
				     "      memory 1MiB"));
	assert_non_null(
	    strstr(text, "web2  running   failing          x\\n\\x1b[2J (next try in 1m 4s)\n"));
	assert_non_null(
	    strstr(text, "\n4 instances: 1 in-sync, 1 drifted, 1 pending-restart, 1 failing\n"));
	free(text);
	s = (struct standings){0};
	text = printed(&(struct options){0}, &s);
	assert_string_equal(text, "0 instances\n");
	free(text);
}

static void more_is_said_of_what_waits(void **state)
{
	struct result *r = sample_new();
	struct standing one = whole(r);
	struct standings s = {.items = &one, .n = 1};
	char *text = printed(&(struct options){.verbosity = 1}, &s);

	(void)state;
	assert_non_null(strstr(text, "      idmap: u 0 1 2 now, u 0 3 4 after a restart   "
				     "profiles/small.yaml:9\n"));
	assert_non_null(strstr(text, "environment.TOKEN: none now, (hidden) after a restart\n"));
	assert_non_null(strstr(text, "cgroup io.weight: cannot be had: no such file\n"));
	free(text);
	text = printed(&(struct options){.verbosity = 1, .show_secrets = true}, &s);
	assert_non_null(strstr(text, "hunter2"));
	free(text);
	sample_free(r);
}

/* --- listing -------------------------------------------------------------------------------------
 */

/* Networks go the same way, under names that no instance can have. */
static void networks_are_told_apart(void **state)
{
	static struct standing items[] = {
	    {.name = "db1",                  .status = STATUS_RUNNING, .condition = CONDITION_IN_SYNC},
	    {.name = STANDING_NETWORK "br0",
	     .status = STATUS_STOPPED,
	     .condition = CONDITION_DRIFTED,
	     .reason = "state"},
	    {.name = STANDING_NETWORK "br1",
	     .status = STATUS_RUNNING,
	     .condition = CONDITION_IN_SYNC								},
	};
	const struct standings s = {.items = items, .n = COUNT(items)};
	static const char *const words[] = {NULL, "down", "up"};
	struct arena *a = arena_new();
	struct options o = {0};
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	(void)state;
	for (size_t i = 1; i < COUNT(items); i++) {
		json_t *told = standing_json(&items[i], false);
		struct standing back;

		assert_string_equal(json_string_value(json_object_get(told, "status")), words[i]);
		assert_int_equal(standing_from_json(told, a, &back), 0);
		assert_int_equal(back.status, items[i].status);
		assert_string_equal(standing_network(&back), items[i].name + strlen("network/"));
		json_decref(told);
	}
	assert_null(standing_network(&items[0]));
	assert_non_null(f);
	standings_print(f, &o, &s);
	fclose(f);
	assert_string_equal(text, "NAME         STATUS    CONDITION  REASON\n"
				  "db1          running   in-sync\n"
				  "network br0  down      drifted    state\n"
				  "\n"
				  "1 instance: 1 in-sync; 2 networks: 1 in-sync, 1 drifted\n");
	free(text);
	arena_free(a);
}

static void the_last_word_counts(void **state)
{
	static const char *const names[] = {"m", "z", "a", "k", "zz", "b", "l"};
	struct listing l = {0};
	struct arena *a = arena_new();
	struct standings s;
	bool changed = false;

	(void)state;
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < COUNT(names); i++) {
			struct standing one = {.name = names[i]};

			listing_put(&l, &one, &changed);
			assert_int_equal(changed, round == 0);
		}
	listing_put(&l, &(struct standing){.name = "k", .status = STATUS_FROZEN}, &changed);
	assert_true(changed);
	listing_remove(&l, "b");
	listing_remove(&l, "zz");
	listing_remove(&l, "nobody");
	s = listing_standings(&l, a);
	assert_int_equal(s.n, 5);
	assert_string_equal(s.items[0].name, "a");
	assert_string_equal(s.items[1].name, "k");
	assert_int_equal(s.items[1].status, STATUS_FROZEN);
	assert_string_equal(s.items[4].name, "z");
	assert_null(listing_find(&l, "b"));
	assert_string_equal(listing_find(&l, "l")->name, "l");
	listing_free(&l);
	assert_null(listing_find(&l, "l"));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(changes_make_a_condition),
	    cmocka_unit_test(what_is_paused_is_that_first),
	    cmocka_unit_test(each_condition_has_a_name),
	    cmocka_unit_test(an_outcome_is_copied),
	    cmocka_unit_test(json_goes_there_and_back),
	    cmocka_unit_test(other_json_is_refused),
	    cmocka_unit_test(differences_are_seen),
	    cmocka_unit_test(the_table_lines_up),
	    cmocka_unit_test(more_is_said_of_what_waits),
	    cmocka_unit_test(networks_are_told_apart),
	    cmocka_unit_test(the_last_word_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
