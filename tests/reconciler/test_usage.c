/* What a container uses, from the files of both layouts; and how its standing is told. */
#include "net/nic.h"
#include "reconciler/condition.h"
#include "reconciler/usage_report.h"
#include "tests/limits/fixture.h"
#include "tests/reconciler/report_sample.h"

#include <jansson.h>

static const char *const files_v2[] = {
    "memory.current=1048576",
    "memory.peak=2097152",
    "memory.max=max",
    "memory.swap.current=4096",
    "memory.swap.max=8192",
    "memory.events=low 0\nhigh 1\noom 2\noom_kill 3\noom_group_kill 0",
    "cpu.stat=usage_usec 1500000\nuser_usec 1\nnr_periods 9\nnr_throttled 4\nthrottled_usec 77",
    "pids.current=5",
    "pids.max=500",
    "io.stat=8:0 rbytes=100 wbytes=200 rios=1 wios=2 dbytes=0 dios=0\n"
    "8:16 rbytes=1000 wbytes=2000 rios=10 wios=20 dbytes=7 dios=7",
    NULL,
};

static const char *const files_v1[] = {
    "memory.usage_in_bytes=1048576",
    "memory.max_usage_in_bytes=2097152",
    "memory.limit_in_bytes=268435456",
    "memory.memsw.usage_in_bytes=1052672",
    "memory.memsw.limit_in_bytes=268443648",
    "memory.oom_control=oom_kill_disable 0\nunder_oom 0\noom_kill 3",
    "cpu.stat=nr_periods 9\nnr_throttled 4\nthrottled_time 77000",
    "cpuacct.usage=1500000000",
    "pids.current=5",
    "pids.max=max",
    "blkio.throttle.io_service_bytes_recursive=8:0 Read 100\n8:0 Write 200\n8:0 Total 300\n"
    "8:16 Read 1000\n8:16 Write 2000\nTotal 3300",
    "blkio.throttle.io_serviced_recursive=8:0 Read 1\n8:0 Write 2\n8:16 Read 10\n8:16 Write 20",
    NULL,
};

static void both_layouts_are_read(void **state)
{
	static const struct {
		enum cgroup_version version;
		const char *const *files;
	} layouts[] = {
	    {CGROUP_V1, files_v1},
	    {CGROUP_V2, files_v2},
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fixture_tree *t = fixture_tree(layouts[i].version, layouts[i].files);
		bool v1 = layouts[i].version == CGROUP_V1;
		struct usage u;

		usage_read(&t->container, &u);
		assert_int_equal(u.memory, 1048576);
		assert_int_equal(u.memory_peak, 2097152);
		assert_int_equal(u.memory_limited, v1);
		if (v1)
			assert_int_equal(u.memory_limit, 268435456);
		assert_int_equal(u.swap, 4096);
		assert_true(u.swap_limited);
		assert_int_equal(u.swap_limit, 8192);
		assert_int_equal(u.oom_kills, 3);
		assert_int_equal(u.cpu_us, 1500000);
		assert_int_equal(u.throttled, 4);
		assert_int_equal(u.throttled_us, 77);
		assert_int_equal(u.processes, 5);
		assert_int_equal(u.processes_limited, !v1);
		assert_int_equal(u.read_bytes, 1100);
		assert_int_equal(u.write_bytes, 2200);
		assert_int_equal(u.reads, 11);
		assert_int_equal(u.writes, 22);
		fixture_free(t);
	}
}

static void what_is_not_counted_is_unknown(void **state)
{
	static const char *const none[] = {"memory.current=not a number", NULL};
	struct fixture_tree *t = fixture_tree(CGROUP_V2, none);
	char *text = NULL;
	struct usage u;
	size_t n = 0;
	json_t *json;
	FILE *f;

	(void)state;
	usage_read(&t->container, &u);
	assert_true(u.memory == USAGE_UNKNOWN && u.swap == USAGE_UNKNOWN);
	assert_true(u.cpu_us == USAGE_UNKNOWN && u.reads == USAGE_UNKNOWN);
	assert_false(u.memory_limited || u.swap_limited || u.processes_limited);
	json = usage_json(&u);
	assert_true(json_is_null(json_object_get(json_object_get(json, "memory"), "now")));
	assert_true(json_is_null(json_object_get(json, "oom_kills")));
	json_decref(json);
	f = open_memstream(&text, &n);
	usage_print(f, &u);
	fclose(f);
	assert_non_null(strstr(text, "memory ?, peak ?, no limit; swap ?, no limit\n"));
	free(text);
	fixture_free(t);
}

static void usage_is_told_in_units(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V1, files_v1);
	char *text = NULL;
	struct usage u;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	(void)state;
	usage_read(&t->container, &u);
	usage_print(f, &u);
	fclose(f);
	assert_string_equal(text,
			    "      memory 1MiB, peak 2MiB, limit 256MiB; swap 4KiB, limit 8KiB\n"
			    "      cpu 1.500s, throttled 4 times for 0.000s; processes 5, no "
			    "limit; OOM kills 3\n"
			    "      read 1100B in 11, written 2200B in 22 operations\n");
	free(text);
	fixture_free(t);
}

/* Names are the container's, and may be anything. */
static void nics_are_told(void **state)
{
	static const struct nic_usage nics[] = {
	    {.name = "eth0",
	     .host_name = "vex",
	     .rx_bytes = 1048576,
	     .rx_packets = 1000,
	     .rx_dropped = 7,
	     .ingress = 50000000,
	     .tx_bytes = 60,
	     .tx_packets = 1},
	    {.name = "\033[2J", .host_name = "vey",     .egress = 999992,     .tx_dropped = 2 },
	};
	struct usage u = {.nics = nics, .n_nics = 2};
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	json_t *json = usage_json(&u), *one;

	(void)state;
	usage_print(f, &u);
	fclose(f);
	assert_non_null(strstr(text,
			       "      nic eth0 received 1.05MB in 1000 packets, ingress 50Mbit, "
			       "dropped 7; sent 60B in 1 packet\n"
			       "      nic \\x1b[2J received 0B in 0 packets; sent 0B in 0 packets, "
			       "egress 999992bit, dropped 2\n"));
	free(text);
	one = json_array_get(json_object_get(json, "nics"), 0);
	assert_string_equal(json_string_value(json_object_get(one, "host_name")), "vex");
	one = json_object_get(one, "received");
	assert_int_equal(json_integer_value(json_object_get(one, "bytes")), 1048576);
	assert_int_equal(json_integer_value(json_object_get(one, "limit")), 50000000);
	assert_int_equal(json_integer_value(json_object_get(one, "dropped")), 7);
	one = json_array_get(json_object_get(json, "nics"), 1);
	one = json_object_get(one, "received");
	assert_true(json_is_null(json_object_get(one, "limit")));
	json_decref(json);
}

static void traffic_is_told_by_three_digits(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
	    {0,		     " 0B "    },
	    {999,		   " 999B "  },
	    {1000,                  " 1.00kB "},
	    {9994,                  " 9.99kB "},
	    {9995,                  " 10.0kB "},
	    {99951,                 " 100kB " },
	    {999499,                " 999kB " },
	    {999500,                " 1.00MB "},
	    {120955148,             " 121MB " },
	    {UINT64_C(14315180000), " 14.3GB "},
	    {UINT64_MAX - 1,        " 18.4EB "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct nic_usage nic = {
		    .name = "eth0", .host_name = "vex", .rx_bytes = rows[i].bytes};
		const struct usage u = {.nics = &nic, .n_nics = 1};
		char *text = NULL;
		size_t n = 0;
		FILE *f = open_memstream(&text, &n);

		usage_print(f, &u);
		fclose(f);
		if (!strstr(text, rows[i].text))
			fail_msg("%s instead of %s", text, rows[i].text);
		free(text);
	}
}

static void conditions_are_told_apart(void **state)
{
	static const struct {
		enum whole whole;
		enum action action;
		bool held_back, error;
		enum condition condition;
		const char *reason;
	} rows[] = {
	    {WHOLE_NONE,   ACTION_NONE,   false, false, CONDITION_IN_SYNC,         NULL              },
	    {WHOLE_UPDATE, ACTION_CHANGE, false, false, CONDITION_DRIFTED,         "cgroup pids.max" },
	    {WHOLE_CREATE, ACTION_ADD,    false, false, CONDITION_DRIFTED,         "to create"       },
	    {WHOLE_NONE,   ACTION_WAIT,   false, false, CONDITION_PENDING_RESTART, "cgroup pids.max" },
	    {WHOLE_NONE,   ACTION_WAIT,   false, true,  CONDITION_FAILING,         "two disks differ"},
	    {WHOLE_NONE,   ACTION_NONE,   true,  true,  CONDITION_HELD_BACK,       "two disks differ"},
	    {WHOLE_NONE,   ACTION_NONE,   true,  false, CONDITION_HELD_BACK,
	     "its manifest or a profile of its is invalid"                                           },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct result *r = sample_new();
		struct outcome *o = sample_outcome(r, "web1", STATUS_RUNNING, "");
		const char *reason;

		o->whole = rows[i].whole;
		o->held_back = rows[i].held_back;
		sample_change(o, (struct change){.object = "cgroup",
						 .attribute = "pids.max",
						 .action = rows[i].action});
		if (rows[i].error)
			diagnostic_error(&o->diagnostics, NOWHERE, "two disks differ");
		assert_int_equal(condition_of(o, r->arena, &reason), rows[i].condition);
		if (rows[i].reason)
			assert_string_equal(reason, rows[i].reason);
		else
			assert_null(reason);
		sample_free(r);
	}
}

static void long_reasons_are_counted(void **state)
{
	struct result *r = sample_new();
	struct outcome *o = sample_outcome(r, "web1", STATUS_RUNNING, "");
	const char *reason;

	(void)state;
	for (int i = 0; i < 6; i++)
		sample_change(o, (struct change){.object = "rlimit",
						 .attribute = arena_printf(r->arena, "r%d", i),
						 .action = ACTION_CHANGE});
	condition_of(o, r->arena, &reason);
	assert_string_equal(reason, "rlimit r0, rlimit r1, rlimit r2, rlimit r3 and 2 more");
	sample_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_layouts_are_read),
	    cmocka_unit_test(what_is_not_counted_is_unknown),
	    cmocka_unit_test(usage_is_told_in_units),
	    cmocka_unit_test(nics_are_told),
	    cmocka_unit_test(traffic_is_told_by_three_digits),
	    cmocka_unit_test(conditions_are_told_apart),
	    cmocka_unit_test(long_reasons_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
