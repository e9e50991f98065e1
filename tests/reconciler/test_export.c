/* From what holds to keys: the inverse of desire, and the manifest that it makes. */
#include "reconciler/export_keys.h"
#include "reconciler/export_print.h"
#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define MOST 4

struct pair {
	const char *key, *value;
};

struct example {
	const char *name;
	enum cgroup_version version;
	struct {
		const char *object, *attribute, *value;
	} held[MOST];
	struct pair lines[MOST];
};

static const struct example examples[] = {
    {
     .name = "nothing holds, nothing is said",
     .version = CGROUP_V2,
     },
    {
     .name = "a hard limit with as much swap needs one key",
     .version = CGROUP_V2,
     .held = {{"cgroup", "memory.max", "268435456"}, {"cgroup", "memory.swap.max", "268435456"}},
     .lines = {{"limits.memory", "256MiB"}},
     },
    {
     .name = "no swap",
     .version = CGROUP_V2,
     .held = {{"cgroup", "memory.max", "1000000"}, {"cgroup", "memory.swap.max", "0"}},
     .lines = {{"limits.memory", "1000000"}, {"limits.memory.swap", "false"}},
     },
    {
     .name = "another amount of swap",
     .version = CGROUP_V1,
     .held = {{"cgroup", "memory.max", "1073741824"}, {"cgroup", "memory.swap.max", "1024"}},
     .lines = {{"limits.memory", "1GiB"}, {"limits.memory.swap", "1KiB"}},
     },
    {
     .name = "endless swap",
     .version = CGROUP_V1,
     .held = {{"cgroup", "memory.max", "1073741824"}},
     .lines = {{"limits.memory", "1GiB"}, {"limits.memory.swap", "8191PiB"}},
     },
    {
     .name = "a soft limit alone",
     .version = CGROUP_V2,
     .held = {{"cgroup", "memory.high", "1073741824"}, {"cgroup", "memory.max", "max"}},
     .lines = {{"limits.memory", "1GiB"}, {"limits.memory.enforce", "soft"}},
     },
    {
     .name = "swappiness",
     .version = CGROUP_V1,
     .held = {{"cgroup", "memory.swappiness", "65"}},
     .lines = {{"limits.memory.swap.priority", "5"}},
     },
    {
     .name = "swappiness that no priority gives",
     .version = CGROUP_V1,
     .held = {{"cgroup", "memory.swappiness", "30"}},
     },
    {
     .name = "a quota",
     .version = CGROUP_V2,
     .held = {{"cgroup", "cpu.max", "25000 200000"}},
     .lines = {{"limits.cpu.allowance", "25ms/200ms"}},
     },
    {
     .name = "no quota",
     .version = CGROUP_V2,
     .held = {{"cgroup", "cpu.max", "max 100000"}},
     },
    {
     .name = "a quota that is no whole number of milliseconds",
     .version = CGROUP_V2,
     .held = {{"cgroup", "cpu.max", "12500 100000"}},
     },
    {
     .name = "a weight of v2 is a percentage",
     .version = CGROUP_V2,
     .held = {{"cgroup", "cpu.weight", "40"}},
     .lines = {{"limits.cpu.allowance", "40%"}},
     },
    {
     .name = "any weight of v1 is a percentage less a priority",
     .version = CGROUP_V1,
     .held = {{"cgroup", "cpu.weight", "500"}},
     .lines = {{"limits.cpu.allowance", "49%"}, {"limits.cpu.priority", "9"}},
     },
    {
     .name = "beside a quota only the priority is left",
     .version = CGROUP_V1,
     .held = {{"cgroup", "cpu.max", "50000 100000"}, {"cgroup", "cpu.weight", "1020"}},
     .lines = {{"limits.cpu.allowance", "50ms/100ms"}, {"limits.cpu.priority", "6"}},
     },
    {
     .name = "one CPU is a range, not a count",
     .version = CGROUP_V1,
     .held = {{"cgroup", "cpuset.cpus", "3"}},
     .lines = {{"limits.cpu", "3-3"}},
     },
    {
     .name = "a CPU set",
     .version = CGROUP_V1,
     .held = {{"cgroup", "cpuset.cpus", "0-3,7"}},
     .lines = {{"limits.cpu", "0-3,7"}},
     },
    {
     .name = "counts and huge pages",
     .version = CGROUP_V2,
     .held = {{"cgroup", "hugetlb.2MB.max", "4194304"},
		 {"cgroup", "io.weight", "10"},
		 {"cgroup", "pids.max", "500"}},
     .lines = {{"limits.processes", "500"},
		  {"limits.disk.priority", "0"},
		  {"limits.hugepages.2MB", "4MiB"}},
     },
    {
     .name = "an I/O weight between two priorities",
     .version = CGROUP_V2,
     .held = {{"cgroup", "io.weight", "150"}},
     },
    {
     .name = "objects whose values are the key's",
     .version = CGROUP_V2,
     .held = {{"oom", "oom_score_adj", "-100"},
		 {"rlimit", "nofile", "1024:unlimited"},
		 {"sysctl", "net.ipv4.ip_forward", "1"}},
     .lines = {{"limits.memory.oom_priority", "-100"},
		  {"limits.kernel.nofile", "1024:unlimited"},
		  {"linux.sysctl.net.ipv4.ip_forward", "1"}},
     },
    {
     .name = "limits of the disk below the rootfs",
     .version = CGROUP_V2,
     .held = {{"io/8:0", "rbps", "10485760"}, {"io/8:0", "wiops", "1000"}},
     .lines = {{"limits.read", "10MiB"}, {"limits.write", "1000iops"}},
     },
    {
     .name = "what is no number is let be",
     .version = CGROUP_V1,
     .held = {{"cgroup", "hugetlb.2MB.max", "1, hugetlb.2MB.rsvd.limit_in_bytes 2"},
		 {"cgroup", "memory.max", "99999999999999999999999"},
		 {"cgroup", "pids.max", "max"}},
     },
};

static size_t count(const struct pair *pairs)
{
	size_t n = 0;

	while (n < MOST && pairs[n].key)
		n++;
	return n;
}

static void keys_ask_for_what_holds(void **state)
{
	struct idmap_entry all = {.inside = 0, .host = 100000, .count = 65536};
	const struct idmap preset = {
	    .uid = {&all, 1},
              .gid = {&all, 1}
        };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(examples); i++) {
		const struct example *e = &examples[i];
		struct arena *a = arena_new();
		struct host host = {.swap_accounting = true};
		struct exported out = {.arena = a, .name = "web1"};
		struct properties held;

		properties_init(&held, a);
		host.idmap = preset;
		for (size_t k = 0; k < N_CONTROLLERS; k++)
			host.cgroups[k] = e->version;
		for (size_t k = 0; k < MOST && e->held[k].object; k++)
			properties_add(&held, (struct property){.object = e->held[k].object,
								.attribute = e->held[k].attribute,
								.value = e->held[k].value});
		properties_sort(&held);
		export_keys(&out, &host, &held);
		if (out.n != count(e->lines))
			fail_msg("%s: %zu lines", e->name, out.n);
		for (size_t k = 0; k < out.n; k++) {
			assert_string_equal(out.lines[k].key, e->lines[k].key);
			assert_string_equal(out.lines[k].value, e->lines[k].value);
		}
		arena_free(a);
	}
}

static void sizes_are_exact(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
	    {0,		 "0"		   },
	    {1023,              "1023"                },
	    {1024,              "1KiB"                },
	    {1536,              "1536"                },
	    {1572864,           "1536KiB"             },
	    {UINT64_C(1) << 60, "1EiB"                },
	    {UINT64_MAX,        "18446744073709551615"},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(export_bytes(rows[i].bytes, a), rows[i].text);
	arena_free(a);
}

static struct exported sample(struct arena *a)
{
	struct exported e = {.arena = a, .name = "web1", .status = STATUS_RUNNING};

	export_add(&e, NULL, "environment.TOKEN", "s3cret");
	export_add(&e, NULL, "environment.EMPTY", "a: b # c\n  limits.memory.swap: 1\n");
	export_add(&e, NULL, "limits.memory", "256MiB");
	export_add(&e, NULL, "limits.memory.swap", "8191PiB")->remark = "no limit";
	export_add(&e, NULL, "limits.processes", "500");
	export_add(&e, "root", "limits.read", "10MiB");
	e.lines[4].dropped = "it would change something\033[1m";
	export_note(&e, "cgroup cpu.weight is 7\n: no line says so");
	return e;
}

static char *yaml(const struct exported *e, bool show_secrets)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	export_yaml(f, e, show_secrets);
	export_comments(f, e, show_secrets);
	fclose(f);
	return text;
}

static void secrets_and_dropped_lines_are_comments(void **state)
{
	struct arena *a = arena_new();
	struct exported e = sample(a);
	char *text = yaml(&e, false);

	(void)state;
	assert_string_equal(
	    text, "kind: instance\n"
		  "name: web1\n"
		  "profiles: []\n"
		  "state: running\n"
		  "config:\n"
		  "  limits.memory: 256MiB\n"
		  "  limits.memory.swap: 8191PiB  # no limit\n"
		  "devices:\n"
		  "  root:\n"
		  "    type: disk\n"
		  "    path: /\n"
		  "    limits.read: 10MiB\n"
		  "# environment.TOKEN: (hidden); --show-secrets prints it\n"
		  "# environment.EMPTY: (hidden); --show-secrets prints it\n"
		  "# limits.processes: 500  (left out: it would change something\\x1b[1m)\n"
		  "# cgroup cpu.weight is 7\\n: no line says so\n");
	free(text);
	arena_free(a);
}

/* What is printed reads back as the same texts, whatever stands in them. */
static void the_manifest_reads_back(void **state)
{
	struct arena *a = arena_new();
	struct exported e = sample(a);
	char *text = yaml(&e, true);
	struct manifest_hints hints = {0};
	struct diagnostics ds;
	struct manifest *m;
	const struct document *d;

	(void)state;
	assert_non_null(strstr(text, "\n      limits.memory.swap: 1\n"));
	assert_non_null(strstr(text, "\n  limits.memory.swap: 8191PiB  # no limit\n"));
	e.lines[1].value = "a: b # c";
	free(text);
	text = yaml(&e, true);
	diagnostics_init(&ds, a);
	m = manifest_from_bytes("web1.yaml", text, strlen(text), hints, &ds);
	assert_int_equal(ds.errors, 0);
	assert_int_equal(m->n, 1);
	d = &m->documents[0];
	assert_string_equal(d->name, "web1");
	assert_true(d->profiles_given);
	assert_int_equal(d->profiles.n, 0);
	assert_int_equal(d->state, STATE_RUNNING);
	assert_int_equal(d->config.n, 4);
	assert_string_equal(d->config.items[0].name, "environment.EMPTY");
	assert_string_equal(d->config.items[0].text, "a: b # c");
	assert_string_equal(d->config.items[1].text, "s3cret");
	assert_string_equal(d->config.items[2].text, "256MiB");
	assert_string_equal(d->config.items[3].text, "8191PiB");
	assert_int_equal(d->devices.n, 1);
	manifest_free(m);
	free(text);
	arena_free(a);
}

static void json_is_a_manifest_too(void **state)
{
	struct arena *a = arena_new();
	struct exported e = sample(a);
	json_t *document = export_json(&e, false);
	char *text = json_dumps(document, 0);
	struct diagnostics ds;
	struct manifest *m;

	(void)state;
	diagnostics_init(&ds, a);
	m = manifest_from_bytes("x.json", text, strlen(text), (struct manifest_hints){0}, &ds);
	assert_int_equal(ds.errors, 0);
	assert_int_equal(m->n, 1);
	assert_int_equal(m->documents[0].config.n, 2);
	assert_int_equal(m->documents[0].devices.n, 1);
	manifest_free(m);
	free(text);
	json_decref(document);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_ask_for_what_holds),
	    cmocka_unit_test(sizes_are_exact),
	    cmocka_unit_test(secrets_and_dropped_lines_are_comments),
	    cmocka_unit_test(the_manifest_reads_back),
	    cmocka_unit_test(json_is_a_manifest_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
