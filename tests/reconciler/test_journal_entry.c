#include "reconciler/journal_change.h"
#include "reconciler/report.h"
#include "schema/arena.h"

#include <endian.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <syslog.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct source small = {.name = "profiles/small.yaml"};
static const struct options plain;

static struct change memory(const char *from, const char *to)
{
	return (struct change){
	    .object = "cgroup",
	    .attribute = "memory.max",
	    .from = from,
	    .to = to,
	    .action = ACTION_CHANGE,
	    .key = "limits.memory",
	    .at = {&small, 4, 3}
        };
}

static const char *line(enum event event, struct change c, uint64_t retry_ms, struct arena *a)
{
	struct journal_entry e = {.event = event, .instance = "web1", .retry_ms = retry_ms};

	journal_change_fill(&e, &plain, NULL, &c, a);
	return entry_text(&e, a);
}

static void each_kind_of_change_has_its_words(void **state)
{
	struct arena *a = arena_new();
	struct change c = memory("268435456", "536870912");
	struct change disk = {.object = "disk/data",
			      .attribute = "device",
			      .to = "/srv/data on /mnt/data",
			      .observed = CERTAIN_ABSENT,
			      .action = ACTION_ADD};
	struct change made = {.object = "container",
			      .attribute = "existence",
			      .to = "template busybox",
			      .action = ACTION_ADD};
	struct change boot = {.object = "boot", .attribute = "file", .action = ACTION_CHANGE};

	(void)state;
	assert_string_equal(line(EVENT_CHANGED, c, 0, a),
			    "web1: cgroup memory.max 256MiB -> 512MiB (limits.memory, "
			    "profiles/small.yaml:4)");
	assert_string_equal(line(EVENT_PUT_BACK, c, 0, a),
			    "web1: cgroup memory.max put back: 256MiB -> 512MiB (limits.memory, "
			    "profiles/small.yaml:4)");
	assert_string_equal(line(EVENT_WOULD_CHANGE, c, 0, a),
			    "web1: would change: cgroup memory.max 256MiB -> 512MiB "
			    "(limits.memory, profiles/small.yaml:4)");
	assert_string_equal(line(EVENT_PENDING, c, 0, a),
			    "web1: cgroup memory.max waits for a restart: 256MiB -> 512MiB "
			    "(limits.memory, profiles/small.yaml:4)");
	c.error = "memory.max: Device or resource busy";
	c.remedy = "stop something in it";
	assert_string_equal(line(EVENT_FAILED, c, 4000, a),
			    "web1: cgroup memory.max 256MiB -> 512MiB (limits.memory, "
			    "profiles/small.yaml:4): failed: memory.max: Device or resource busy; "
			    "hint: stop something in it; next try in 4s");
	assert_string_equal(line(EVENT_CHANGED, disk, 0, a),
			    "web1: disk/data added: /srv/data on /mnt/data");
	disk.action = ACTION_REMOVE;
	disk.reason = "no longer asked for";
	assert_string_equal(line(EVENT_CHANGED, disk, 0, a),
			    "web1: disk/data removed (no longer asked for)");
	disk.action = ACTION_REPLACE;
	disk.from = "/srv/old on /mnt/data";
	assert_string_equal(line(EVENT_CHANGED, disk, 0, a),
			    "web1: disk/data replaced: /srv/old on /mnt/data -> /srv/data on "
			    "/mnt/data");
	assert_string_equal(line(EVENT_CHANGED, made, 0, a),
			    "web1: container created from template busybox");
	assert_string_equal(line(EVENT_FAILED, made, 1000, a),
			    "web1: container create from template busybox: failed; next try in 1s");
	made.attribute = "state";
	made.from = made.to = "running";
	assert_string_equal(line(EVENT_RESTARTED, made, 0, a),
			    "web1: container restarted for what waited");
	boot.reason = "it differs";
	assert_string_equal(line(EVENT_CHANGED, boot, 0, a),
			    "web1: boot file rewritten: it differs");
	assert_int_equal(journal_change_priority(EVENT_CHANGED, &boot), LOG_DEBUG);
	assert_int_equal(journal_change_priority(EVENT_FAILED, &boot), LOG_ERR);
	assert_int_equal(journal_change_priority(EVENT_CHANGED, &c), LOG_INFO);
	arena_free(a);
}

static void absence_and_ignorance_are_told_apart(void **state)
{
	struct arena *a = arena_new();
	struct change c = memory(NULL, "536870912");

	(void)state;
	c.key = NULL;
	c.at = NOWHERE;
	c.observed = CERTAIN_ABSENT;
	assert_string_equal(line(EVENT_CHANGED, c, 0, a), "web1: cgroup memory.max none -> 512MiB");
	c.observed = UNKNOWN;
	assert_string_equal(line(EVENT_CHANGED, c, 0, a), "web1: cgroup memory.max ? -> 512MiB");
	c.action = ACTION_REMOVE;
	c.from = "1048576";
	c.to = NULL;
	assert_string_equal(line(EVENT_CHANGED, c, 0, a), "web1: cgroup memory.max 1MiB -> none");
	arena_free(a);
}

/* In no form does a secret's value show, nor inside a reason. */
static void secrets_stay_hidden(void **state)
{
	struct arena *a = arena_new();
	struct change c = {.object = "config",
			   .attribute = "lxc.environment",
			   .from = "TOKEN=old-s3cret",
			   .to = "TOKEN=new-s3cret",
			   .action = ACTION_WAIT,
			   .key = "environment.TOKEN",
			   .error = "cannot set TOKEN=new-s3cret there"};
	struct journal_entry e = {.event = EVENT_FAILED, .instance = "web1", .priority = LOG_ERR};
	struct options open = {.show_secrets = true};
	const char *native;
	json_t *json;
	char *dumped;
	size_t n;

	(void)state;
	journal_change_fill(&e, &plain, NULL, &c, a);
	json = entry_json(&e, 0);
	dumped = json_dumps(json, 0);
	native = entry_native(&e, a, &n);
	assert_null(strstr(entry_text(&e, a), "s3cret"));
	assert_null(strstr(dumped, "s3cret"));
	assert_null(memmem(native, n, "s3cret", 6));
	assert_non_null(strstr(entry_text(&e, a), "(hidden)"));
	free(dumped);
	json_decref(json);
	journal_change_fill(&e, &open, NULL, &c, a);
	assert_string_equal(e.to, "TOKEN=new-s3cret");
	arena_free(a);
}

static void json_has_exact_values(void **state)
{
	struct arena *a = arena_new();
	struct change c = memory("268435456", "536870912");
	struct document profile = {.kind = KIND_PROFILE, .name = "small"};
	struct journal_entry e = {.event = EVENT_PUT_BACK,
				  .priority = LOG_NOTICE,
				  .instance = "web1",
				  .retry_ms = 1500,
				  .repeated = 3};
	json_t *json;
	char *dumped;

	(void)state;
	c.origin = &profile;
	journal_change_fill(&e, &plain, NULL, &c, a);
	json = entry_json(&e, UINT64_C(1700000000123456));
	dumped = json_dumps(json, JSON_COMPACT);
	assert_string_equal(
	    dumped,
	    "{\"time\":\"2023-11-14T22:13:20.123456Z\",\"level\":\"notice\",\"event\":\"put-back\","
	    "\"instance\":\"web1\",\"message\":\"cgroup memory.max put back: 256MiB -> 512MiB "
	    "(limits.memory, profiles/small.yaml:4)\",\"object\":\"cgroup\",\"attribute\":"
	    "\"memory.max\",\"from\":\"268435456\",\"to\":\"536870912\",\"key\":\"limits.memory\","
	    "\"origin\":{\"file\":\"profiles/small.yaml\",\"line\":4,\"column\":3,\"profile\":"
	    "\"small\"},\"retry_ms\":1500,\"repeated\":3}");
	free(dumped);
	json_decref(json);
	arena_free(a);
}

static void native_fields_hold_line_breaks(void **state)
{
	struct arena *a = arena_new();
	struct change c = memory("1", "two\nlines");
	struct journal_entry e = {.event = EVENT_CHANGED, .priority = LOG_INFO, .instance = "web1"};
	char expected[64] = "\nEVENKEEL_TO\n";
	uint64_t length = htole64(9);
	const char *native;
	size_t n;

	(void)state;
	journal_change_fill(&e, &plain, NULL, &c, a);
	native = entry_native(&e, a, &n);
	assert_memory_equal(native, "MESSAGE=web1: cgroup memory.max", 31);
	assert_non_null(memmem(native, n, "\nPRIORITY=6\n", 12));
	assert_non_null(memmem(native, n, "\nMESSAGE_ID=5132fb7e7518415083e056577ea22924\n", 45));
	assert_non_null(memmem(native, n, "\nEVENKEEL_FROM=1\n", 17));
	assert_non_null(memmem(native, n, "\nEVENKEEL_ORIGIN=profiles/small.yaml:4\n", 39));
	memcpy(expected + 13, &length, 8);
	memcpy(expected + 21, "two\nlines\n", 10);
	assert_non_null(memmem(native, n, expected, 31));
	assert_int_equal(native[n - 1], '\n');
	arena_free(a);
}

/* Nothing that came from outside drives a terminal, or makes a second line. */
static void lines_are_escaped_and_bounded(void **state)
{
	struct arena *a = arena_new();
	struct change c = memory("1\n2", NULL);
	char *long_text = arena_alloc(a, 100001);
	const char *text;

	(void)state;
	memset(long_text, 'x', 100000);
	c.to = "\033[31mred";
	text = line(EVENT_CHANGED, c, 0, a);
	assert_null(strpbrk(text, "\n\033"));
	c.error = long_text;
	text = line(EVENT_FAILED, c, 0, a);
	assert_true(strlen(text) <= 4000);
	arena_free(a);
}

static void events_are_distinct(void **state)
{
	(void)state;
	for (int i = 0; i < N_EVENTS; i++) {
		const struct event_info *e = event_info((enum event)i);

		assert_non_null(e->name);
		assert_int_equal(strlen(e->message_id), 32);
		assert_int_equal(strspn(e->message_id, "0123456789abcdef"), 32);
		assert_in_range(e->priority, LOG_ERR, LOG_DEBUG);
		for (int k = 0; k < i; k++) {
			assert_string_not_equal(e->name, event_info((enum event)k)->name);
			assert_string_not_equal(e->message_id,
						event_info((enum event)k)->message_id);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_kind_of_change_has_its_words),
	    cmocka_unit_test(absence_and_ignorance_are_told_apart),
	    cmocka_unit_test(secrets_stay_hidden),
	    cmocka_unit_test(json_has_exact_values),
	    cmocka_unit_test(native_fields_hold_line_breaks),
	    cmocka_unit_test(lines_are_escaped_and_bounded),
	    cmocka_unit_test(events_are_distinct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
