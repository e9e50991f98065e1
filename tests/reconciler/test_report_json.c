/* A plan and what became of it, as programs read it: printed, and read back. */
#include "tests/reconciler/report_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static char *text(const struct options *o, const struct result *r)
{
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);

	report_json(f, o, r);
	fclose(f);
	return out;
}

static json_t *parsed(const struct options *o, const struct result *r)
{
	char *out = text(o, r);
	json_error_t error;
	json_t *document = json_loads(out, JSON_REJECT_DUPLICATES, &error);

	if (!document)
		fail_msg("%s:\n%s", error.text, out);
	free(out);
	return document;
}

static const char *string(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static const json_t *instance(const json_t *document, size_t i)
{
	return json_array_get(json_object_get(document, "instances"), i);
}

static const json_t *change(const json_t *document, size_t i, size_t k)
{
	return json_array_get(json_object_get(instance(document, i), "changes"), k);
}

static void a_plan_has_the_shape(void **state)
{
	struct result *r = sample_plan();
	json_t *d = parsed(&(struct options){0}, r);
	const json_t *c = change(d, 0, 0), *origin = json_object_get(c, "origin");

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(d, "version")), 1);
	assert_int_equal(strlen(string(d, "generation")), 64);
	assert_int_equal(json_array_size(json_object_get(d, "instances")), 2);
	assert_string_equal(string(instance(d, 0), "name"), "web1");
	assert_string_equal(string(instance(d, 0), "status"), "running");
	assert_string_equal(string(instance(d, 0), "action"), "update");
	assert_true(json_is_array(json_object_get(instance(d, 0), "diagnostics")));
	assert_string_equal(string(c, "object"), "cgroup");
	assert_string_equal(string(c, "attribute"), "memory.max");
	assert_string_equal(string(c, "from"), "268435456");
	assert_string_equal(string(c, "to"), "536870912");
	assert_string_equal(string(c, "effect"), "live");
	assert_string_equal(string(c, "key"), "limits.memory");
	assert_string_equal(string(origin, "file"), "profiles/small.yaml");
	assert_int_equal(json_integer_value(json_object_get(origin, "line")), 4);
	assert_int_equal(json_integer_value(json_object_get(origin, "column")), 3);
	assert_string_equal(string(origin, "profile"), "small");
	assert_null(json_object_get(c, "result"));
	assert_null(json_object_get(c, "observed"));
	/* an instance's own line is of no profile; what comes has no from */
	assert_null(json_object_get(json_object_get(change(d, 0, 1), "origin"), "profile"));
	assert_true(json_is_null(json_object_get(change(d, 0, 2), "from")));
	assert_true(json_is_null(json_object_get(change(d, 0, 2), "key")));
	assert_true(json_is_null(json_object_get(change(d, 0, 2), "origin")));
	assert_string_equal(string(change(d, 0, 3), "effect"), "restart");
	assert_string_equal(string(instance(d, 1), "action"), "create");
	json_decref(d);
	sample_free(r);
}

static void fields_keep_their_order(void **state)
{
	static const char *const names[] = {
	    "\"version\"", "\"generation\"", "\"instances\"", "\"name\"",      "\"status\"",
	    "\"action\"",  "\"changes\"",    "\"object\"",    "\"attribute\"", "\"from\"",
	    "\"to\"",      "\"effect\"",     "\"key\"",       "\"origin\"",    "\"file\"",
	    "\"line\"",    "\"column\"",     "\"profile\"",
	};
	struct result *r = sample_plan();
	char *out = text(&(struct options){0}, r), *at = out;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		at = strstr(at, names[i]);
		assert_non_null(at);
	}
	free(out);
	sample_free(r);
}

static void the_summary_counts(void **state)
{
	static const struct {
		const char *name;
		json_int_t n;
	} rows[] = {
	    {"create",          1 },
            {"update",          2 },
            {"replace",         3 },
            {"delete",          4 },
	    {"in_sync",         5 },
            {"live",            6 },
            {"pending_restart", 7 },
            {"unsupported",     8 },
	    {"skipped",         9 },
            {"failed",          10},
            {"errors",          11},
            {"paused",          12},
	};
	struct result *r = sample_new();
	const json_t *summary;
	json_t *d;

	(void)state;
	r->summary = (struct summary){.create = 1,
				      .update = 2,
				      .replace = 3,
				      .remove = 4,
				      .in_sync = 5,
				      .live = 6,
				      .pending_restart = 7,
				      .unsupported = 8,
				      .skipped = 9,
				      .failed = 10,
				      .errors = 11,
				      .paused = 12};
	d = parsed(&(struct options){0}, r);
	summary = json_object_get(d, "summary");
	assert_int_equal(json_object_size(summary), COUNT_OF(rows));
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(json_integer_value(json_object_get(summary, rows[i].name)),
				 rows[i].n);
	json_decref(d);
	sample_free(r);
}

static void an_apply_adds_results(void **state)
{
	static const struct {
		enum verdict verdict;
		const char *result;
	} rows[] = {
	    {VERDICT_APPLIED, "applied"},
	    {VERDICT_FAILED,  "failed" },
	    {VERDICT_PENDING, "pending"},
	    {VERDICT_SKIPPED, "skipped"},
	};
	struct result *r = sample_new();
	struct outcome *o = sample_outcome(r, "a", STATUS_RUNNING, "");
	json_t *d;

	(void)state;
	r->applied = true;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		sample_change(o, (struct change){.object = "cgroup",
						 .attribute = "pids.max",
						 .to = "1",
						 .reason = "because",
						 .error = "busy",
						 .verdict = rows[i].verdict});
	d = parsed(&(struct options){0}, r);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_string_equal(string(change(d, 0, i), "result"), rows[i].result);
		assert_string_equal(string(change(d, 0, i), "reason"), "because");
		assert_string_equal(string(change(d, 0, i), "error"), "busy");
	}
	json_decref(d);
	sample_free(r);
}

static void the_unknown_is_said(void **state)
{
	struct result *r = sample_new();
	struct outcome *o = sample_outcome(r, "a", STATUS_RUNNING, "");
	json_t *d;

	(void)state;
	sample_change(o, (struct change){.object = "cgroup",
					 .attribute = "pids.max",
					 .to = "1",
					 .observed = UNKNOWN,
					 .action = ACTION_NONE,
					 .reason = "no permission",
					 .remedy = "be root"});
	d = parsed(&(struct options){0}, r);
	assert_string_equal(string(change(d, 0, 0), "observed"), "unknown");
	assert_true(json_is_null(json_object_get(change(d, 0, 0), "from")));
	assert_string_equal(string(change(d, 0, 0), "reason"), "no permission");
	assert_string_equal(string(change(d, 0, 0), "remedy"), "be root");
	json_decref(d);
	sample_free(r);
}

static void those_in_sync_need_all(void **state)
{
	struct result *r = sample_new();
	json_t *d;

	(void)state;
	sample_outcome(r, "a", STATUS_RUNNING, "")->in_sync = true;
	d = parsed(&(struct options){0}, r);
	assert_int_equal(json_array_size(json_object_get(d, "instances")), 0);
	json_decref(d);
	d = parsed(&(struct options){.all = true}, r);
	assert_string_equal(string(instance(d, 0), "action"), "none");
	json_decref(d);
	sample_free(r);
}

static void secrets_are_hidden(void **state)
{
	struct result *r = sample_new();
	struct outcome *o = sample_outcome(r, "a", STATUS_RUNNING, "");
	json_t *d;

	(void)state;
	r->applied = true;
	sample_change(o, (struct change){.object = "config",
					 .attribute = "lxc.environment.TOKEN",
					 .key = "environment.TOKEN",
					 .from = "0ld",
					 .to = "n3w",
					 .error = "n3w refused",
					 .verdict = VERDICT_FAILED});
	d = parsed(&(struct options){0}, r);
	assert_string_equal(string(change(d, 0, 0), "from"), "(hidden)");
	assert_string_equal(string(change(d, 0, 0), "to"), "(hidden)");
	assert_string_equal(string(change(d, 0, 0), "error"), "(hidden) refused");
	json_decref(d);
	d = parsed(&(struct options){.show_secrets = true}, r);
	assert_string_equal(string(change(d, 0, 0), "to"), "n3w");
	json_decref(d);
	sample_free(r);
}

/* Bytes that are no UTF-8 are escaped instead of lost; nothing in the output drives a terminal. */
static void odd_texts_survive(void **state)
{
	static const char *const texts[] = {"\xff\xfe", "a\033[1m", "\xe2\x80\xae",
					    "gr\xc3\xb6\xc3\x9f"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct result *r = sample_new();
		struct outcome *o = sample_outcome(r, "a", STATUS_RUNNING, "");
		char *out;
		json_t *d;

		sample_change(
		    o, (struct change){.object = "sysctl", .attribute = "x", .to = texts[i]});
		out = text(&(struct options){0}, r);
		for (const char *at = out; *at; at++)
			assert_true(*at == '\n' || (*at >= ' ' && *at < 127));
		free(out);
		d = parsed(&(struct options){0}, r);
		if (i == 0)
			assert_string_equal(string(change(d, 0, 0), "to"), "\\xff\\xfe");
		else
			assert_string_equal(string(change(d, 0, 0), "to"), texts[i]);
		json_decref(d);
		sample_free(r);
	}
}

static void diagnostics_have_their_place(void **state)
{
	struct arena *a = arena_new();
	struct source source = {.name = "a.yaml"};
	struct diagnostics ds;
	const json_t *d;
	json_t *out;

	(void)state;
	diagnostics_init(&ds, a);
	diagnostic_error(&ds, (struct place){&source, 3, 18}, "'64X' is not a size");
	diagnostic_hint(&ds, "write 64MiB");
	diagnostic_warning(&ds, (struct place){&source, 0, 0}, "file");
	diagnostic_notice(&ds, NOWHERE, "nowhere");
	out = json_diagnostics(&ds);
	assert_int_equal(json_array_size(out), 3);
	d = json_array_get(out, 0);
	assert_string_equal(string(d, "severity"), "error");
	assert_string_equal(string(d, "file"), "a.yaml");
	assert_int_equal(json_integer_value(json_object_get(d, "line")), 3);
	assert_int_equal(json_integer_value(json_object_get(d, "column")), 18);
	assert_string_equal(string(d, "message"), "'64X' is not a size");
	assert_string_equal(string(d, "hint"), "write 64MiB");
	d = json_array_get(out, 1);
	assert_string_equal(string(d, "severity"), "warning");
	assert_true(json_is_null(json_object_get(d, "line")));
	assert_true(json_is_null(json_object_get(d, "hint")));
	d = json_array_get(out, 2);
	assert_string_equal(string(d, "severity"), "notice");
	assert_true(json_is_null(json_object_get(d, "file")));
	json_decref(out);
	arena_free(a);
}

/* In words an object is one line; here each of its changes is there, in exact numbers. */
static void parts_of_an_object_are_listed(void **state)
{
	struct result *r = sample_new();
	struct outcome *o = sample_outcome(r, "a", STATUS_RUNNING, "");
	json_t *d;

	(void)state;
	sample_change(o, (struct change){.object = "nic/eth0",
					 .attribute = "link",
					 .from = "macvlan eth1",
					 .to = "veth",
					 .identity = true,
					 .action = ACTION_REPLACE});
	sample_change(o, (struct change){.object = "nic/eth0",
					 .attribute = "ingress",
					 .to = "50000000",
					 .action = ACTION_ADD});
	d = parsed(&(struct options){0}, r);
	assert_int_equal(json_array_size(json_object_get(instance(d, 0), "changes")), 2);
	assert_string_equal(string(change(d, 0, 0), "attribute"), "link");
	assert_string_equal(string(change(d, 0, 0), "from"), "macvlan eth1");
	assert_string_equal(string(change(d, 0, 1), "to"), "50000000");
	json_decref(d);
	sample_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plan_has_the_shape),
	    cmocka_unit_test(parts_of_an_object_are_listed),
	    cmocka_unit_test(fields_keep_their_order),
	    cmocka_unit_test(the_summary_counts),
	    cmocka_unit_test(an_apply_adds_results),
	    cmocka_unit_test(the_unknown_is_said),
	    cmocka_unit_test(those_in_sync_need_all),
	    cmocka_unit_test(secrets_are_hidden),
	    cmocka_unit_test(odd_texts_survive),
	    cmocka_unit_test(diagnostics_have_their_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
