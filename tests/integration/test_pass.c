/*
 * Whole passes over real containers: every key that the registry calls live is set in a profile,
 * seen in the kernel, changed with the same init, and removed without a trace.
 */
#include "reconciler/pass.h"
#include "tests/integration/harness.h"

#include <linux/capability.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include <cmocka.h>

/* Two values of a live key, and what the kernel then holds on v1 and on v2. NULL: not looked at. */
struct example {
	const char *key, *values[2];
	const char *controller, *v1, *v2;
	const char *held_v1[2], *held_v2[2];
};

/* clang-format off */
static const struct example examples[] = {
    {"limits.cpu", {"1", "2"}, "cpuset", "cpuset.cpus", "cpuset.cpus", {NULL, "0-1"}, {NULL, "0-1"}},
    {"limits.cpu.allowance", {"25ms/100ms", "40ms/200ms"}, "cpu", "cpu.cfs_quota_us", "cpu.max",
     {"25000", "40000"}, {"25000 100000", "40000 200000"}},
    {"limits.cpu.nodes", {"0", "0-0"}, "cpuset", "cpuset.cpus", "cpuset.cpus", {NULL}, {NULL}},
    {"limits.cpu.priority", {"5", "0"}, "cpu", "cpu.shares", "cpu.weight",
     {"1019", "1014"}, {"95", "90"}},
    {"limits.disk.priority", {"3", "10"}, "blkio", "blkio.bfq.weight", "io.weight",
     {NULL}, {"default 300", "default 1000"}},
    {"limits.hugepages.1GB", {"1GiB", "2GiB"}, NULL, NULL, NULL, {NULL}, {NULL}},
    {"limits.hugepages.1MB", {"1MiB", "2MiB"}, NULL, NULL, NULL, {NULL}, {NULL}},
    {"limits.hugepages.2MB", {"4MiB", "8MiB"}, NULL, NULL, NULL, {NULL}, {NULL}},
    {"limits.hugepages.64KB", {"64KiB", "128KiB"}, NULL, NULL, NULL, {NULL}, {NULL}},
    {"limits.memory", {"64MiB", "96MiB"}, "memory", "memory.limit_in_bytes", "memory.max",
     {"67108864", "100663296"}, {"67108864", "100663296"}},
    {"limits.memory.enforce", {"soft", "hard"}, NULL, NULL, NULL, {NULL}, {NULL}},
    {"limits.memory.oom_priority", {"100", "500"}, NULL, NULL, NULL, {NULL}, {NULL}},
    {"limits.memory.swap", {"16MiB", "32MiB"}, "memory", "memory.memsw.limit_in_bytes",
     "memory.swap.max", {"83886080", "100663296"}, {"16777216", "33554432"}},
    {"limits.memory.swap.priority", {"4", "0"}, "memory", "memory.swappiness", NULL,
     {"66", "70"}, {NULL}},
    {"limits.network.priority", {"3", "5"}, NULL, NULL, NULL, {NULL}, {NULL}},
    {"limits.processes", {"100", "200"}, "pids", "pids.max", "pids.max",
     {"100", "200"}, {"100", "200"}},
    {"linux.kernel_modules", {"loop", "loop"}, NULL, NULL, NULL, {NULL}, {NULL}},
    {"linux.sysctl.*", {"net.ipv4.ip_forward=1", "net.ipv4.ip_forward=0"}, NULL, NULL, NULL,
     {NULL}, {NULL}},
    {"limits.kernel.*", {"nofile=512:600", "nofile=400:500"}, NULL, NULL, NULL, {NULL}, {NULL}},
};
/* clang-format on */

#define N_EXAMPLES (sizeof(examples) / sizeof(*examples))

static struct options options_for(const struct harness *h)
{
	return (struct options){
	    .directory = h->manifests, .lxcpath = h->lxcpath, .host = "test", .etc = h->etc};
}

static void fail_for(const struct result *r, const char *what)
{
	for (size_t i = 0; i < r->generation->diagnostics.n; i++)
		print_error("%s\n", r->generation->diagnostics.items[i].message);
	for (size_t i = 0; i < r->diagnostics.n; i++)
		print_error("%s\n", r->diagnostics.items[i].message);
	for (size_t i = 0; i < r->n; i++) {
		const struct outcome *o = &r->outcomes[i];

		for (size_t k = 0; k < o->diagnostics.n; k++)
			print_error("%s: %s\n", o->name, o->diagnostics.items[k].message);
		for (size_t k = 0; k < o->changes.n; k++) {
			const struct change *c = &o->changes.items[k];

			print_error("%s: %s %s: %s -> %s, action %d, verdict %d: %s %s\n", o->name,
				    c->object, c->attribute, c->from ? c->from : "-",
				    c->to ? c->to : "-", (int)c->action, (int)c->verdict,
				    c->error ? c->error : "", c->reason ? c->reason : "");
		}
	}
	fail_msg("%s", what);
}

/* One pass that must not fail. Returns how many changes it made (or would make). */
static size_t pass(const struct harness *h, enum pass_mode mode)
{
	struct options o = options_for(h);
	struct result *r = pass_run(&o, mode);
	size_t n = 0;

	if (r->trouble || r->summary.failed || r->summary.skipped || r->summary.errors)
		fail_for(r, mode == PASS_APPLY ? "the apply failed" : "the diff failed");
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->outcomes[i].changes.n; k++) {
			enum action a = r->outcomes[i].changes.items[k].action;

			n += a != ACTION_NONE && a != ACTION_WAIT;
		}
	result_free(r);
	return n;
}

/* The test of tests: what was applied is in sync, and applying again writes nothing. */
static void apply_settles(const struct harness *h, const char *what)
{
	struct options o = options_for(h);
	struct result *r;

	pass(h, PASS_APPLY);
	r = pass_run(&o, PASS_DIFF);
	if (r->trouble || r->summary.in_sync != r->n)
		fail_for(r, what);
	result_free(r);
	r = pass_run(&o, PASS_APPLY);
	if (r->kernel_writes != 0)
		fail_for(r, what);
	result_free(r);
}

/* "net.ipv4.ip_forward=1" of a pattern's example is the rest of the name and the value. */
static char *config_line(struct harness *h, const struct example *e, int i)
{
	const char *star = strchr(e->key, '*'), *equals;

	if (!star)
		return arena_printf(h->arena, "  %s: %s\n", e->key, e->values[i]);
	equals = strchr(e->values[i], '=');
	return arena_printf(h->arena, "  %.*s%.*s: %s\n", (int)(star - e->key), e->key,
			    (int)(equals - e->values[i]), e->values[i], equals + 1);
}

/* Some keys mean nothing without another one. */
static const char *company(const char *key)
{
	if (strcmp(key, "limits.memory.swap") == 0 || strcmp(key, "limits.memory.enforce") == 0)
		return "  limits.memory: 64MiB\n";
	return "";
}

/* The harness without what an earlier test may have left. */
static struct harness *begin(void **state)
{
	struct harness *h = harness_require_root(state);

	harness_manifests_clear(h);
	return h;
}

static void profile(struct harness *h, const char *config)
{
	harness_manifest(h, "profiles/live.yaml", "kind: profile\nname: live\nconfig:\n%s",
			 *config ? config : "  {}\n");
}

static void instance(struct harness *h, const char *name)
{
	harness_manifest(h, "instances/one.yaml", "kind: instance\nname: %s\nprofiles: [live]\n",
			 name);
}

static const struct example *example_of(const char *key)
{
	for (size_t i = 0; i < N_EXAMPLES; i++)
		if (strcmp(examples[i].key, key) == 0)
			return &examples[i];
	return NULL;
}

static void every_live_key_has_an_example(void **state)
{
	size_t n;
	const struct key_table *const *tables = key_tables_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; (tables[i]->scope & SCOPE_INSTANCE) && k < tables[i]->n; k++) {
			const struct key *key = &tables[i]->rows[k];

			if (key->effect != EFFECT_LIVE || !(key->scope & SCOPE_INSTANCE))
				continue;
			/* the pattern's example, and tests/integration/test_rlimit.c */
			if (strncmp(key->name, "limits.kernel.", 14) == 0)
				continue;
			if (!example_of(key->name))
				fail_msg("%s is live and has no example here", key->name);
		}
}

static void expect_held(struct harness *h, const char *name, const struct example *e, int i)
{
	char *v1 =
	    e->controller && e->v1 ? harness_cgroup(h, name, e->controller, e->v1, NULL) : NULL;
	char *v2 = e->controller && e->v2 && !v1
		       ? harness_cgroup(h, name, e->controller, "-", e->v2)
		       : NULL;

	if (v1 && e->held_v1[i] && strcmp(v1, e->held_v1[i]) != 0)
		fail_msg("%s: %s: %s holds %s instead of %s", e->key, e->values[i], e->v1, v1,
			 e->held_v1[i]);
	if (v2 && e->held_v2[i] && strcmp(v2, e->held_v2[i]) != 0)
		fail_msg("%s: %s: %s holds %s instead of %s", e->key, e->values[i], e->v2, v2,
			 e->held_v2[i]);
}

/* Every knob of the container's that a limit could have touched. */
static char *snapshot(struct harness *h, const char *name)
{
	static const char *const files[][3] = {
	    {"cpuset", "cpuset.cpus",                 "cpuset.cpus"    },
	    {"cpu",    "cpu.shares",                  "cpu.weight"     },
	    {"cpu",    "cpu.cfs_quota_us",            "cpu.max"        },
	    {"cpu",    "cpu.cfs_period_us",           NULL             },
	    {"memory", "memory.limit_in_bytes",       "memory.max"     },
	    {"memory", "memory.memsw.limit_in_bytes", "memory.swap.max"},
	    {"memory", "memory.soft_limit_in_bytes",  "memory.high"    },
	    {"memory", "memory.swappiness",           NULL             },
	    {"pids",   "pids.max",                    "pids.max"       },
	    {"blkio",  "blkio.bfq.weight",            "io.weight"      },
	};
	char *text = arena_printf(h->arena, "init %d\n", (int)harness_init(h, name));

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		char *held = harness_cgroup(h, name, files[i][0], files[i][1], files[i][2]);

		text = arena_printf(h->arena, "%s%s %s\n", text, files[i][1], held ? held : "-");
	}
	return arena_printf(h->arena, "%s%s%s", text,
			    harness_read(h, "/proc/%d/limits", (int)harness_init(h, name)),
			    harness_read(h, "/proc/%d/oom_score_adj", (int)harness_init(h, name)));
}

static void every_live_key_comes_changes_and_goes(void **state)
{
	struct harness *h = begin(state);
	const char *name = harness_name(h, "live");
	char *fresh;

	harness_create(h, name, NULL);
	harness_start(h, name);
	fresh = snapshot(h, name);
	instance(h, name);
	for (size_t i = 0; i < N_EXAMPLES; i++) {
		const struct example *e = &examples[i];
		char *now;

		for (int k = 0; k < 2; k++) {
			profile(h, arena_printf(h->arena, "%s%s", company(e->key),
						config_line(h, e, k)));
			apply_settles(h, e->key);
			expect_held(h, name, e, k);
		}
		/* a lowered hard rlimit needs that capability to come back */
		if (strcmp(e->key, "limits.kernel.*") == 0 &&
		    prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE, 0, 0, 0) != 1)
			continue;
		profile(h, "");
		apply_settles(h, e->key);
		now = snapshot(h, name);
		assert_string_equal(now, fresh);
	}
	harness_destroy(h, name);
}

static void many_follow_their_profile(void **state)
{
	enum { MANY = 12 };
	struct harness *h = begin(state);
	const char *names[MANY];
	pid_t pids[MANY];

	profile(h, "  limits.memory: 64MiB\n");
	for (size_t i = 0; i < MANY; i++) {
		names[i] = harness_name(h, arena_printf(h->arena, "many%zu", i));
		harness_create(h, names[i], NULL);
		harness_manifest(h, arena_printf(h->arena, "instances/%zu.yaml", i),
				 "kind: instance\nname: %s\nprofiles: [live]\n", names[i]);
	}
	harness_start_all(h, names, MANY);
	for (size_t i = 0; i < MANY; i++)
		pids[i] = harness_init(h, names[i]);
	apply_settles(h, "the first limit");
	profile(h, "  limits.memory: 80MiB\n");
	apply_settles(h, "the second limit");
	for (size_t i = 0; i < MANY; i++) {
		assert_string_equal(
		    harness_cgroup(h, names[i], "memory", "memory.limit_in_bytes", "memory.max"),
		    "83886080");
		assert_int_equal(harness_init(h, names[i]), pids[i]);
		harness_destroy(h, names[i]);
	}
	harness_manifests_clear(h);
}

static void drift_is_put_back(void **state)
{
	struct harness *h = begin(state);
	const char *name = harness_name(h, "drift");

	harness_create(h, name, NULL);
	harness_start(h, name);
	instance(h, name);
	profile(h, "  limits.processes: 77\n");
	apply_settles(h, "processes");
	assert_int_equal(harness_cgroup_write(h, name, "pids", "pids.max", "pids.max", "55"), 0);
	assert_int_equal(pass(h, PASS_DIFF), 1);
	apply_settles(h, "drift");
	assert_string_equal(harness_cgroup(h, name, "pids", "pids.max", "pids.max"), "77");
	harness_destroy(h, name);
}

static void one_bad_manifest_harms_nobody_else(void **state)
{
	struct harness *h = begin(state);
	const char *good = harness_name(h, "good"), *bad = harness_name(h, "bad");
	struct options o = options_for(h);
	struct result *r;

	harness_create(h, good, NULL);
	harness_create(h, bad, NULL);
	harness_start(h, good);
	harness_start(h, bad);
	harness_manifest(h, "instances/good.yaml",
			 "kind: instance\nname: %s\nconfig:\n  limits.processes: 60\n", good);
	harness_manifest(h, "instances/bad.yaml",
			 "kind: instance\nname: %s\nconfig:\n  limits.processes: 60\n", bad);
	apply_settles(h, "both good");
	harness_manifest(h, "instances/bad.yaml",
			 "kind: instance\nname: %s\nconfig:\n  limits.processes: many\n", bad);
	harness_manifest(h, "instances/good.yaml",
			 "kind: instance\nname: %s\nconfig:\n  limits.processes: 61\n", good);
	r = pass_run(&o, PASS_APPLY);
	assert_int_equal(r->summary.errors, 1);
	assert_false(r->trouble);
	result_free(r);
	assert_string_equal(harness_cgroup(h, good, "pids", "pids.max", "pids.max"), "61");
	assert_string_equal(harness_cgroup(h, bad, "pids", "pids.max", "pids.max"), "60");
	harness_destroy(h, good);
	harness_destroy(h, bad);
	harness_manifests_clear(h);
}

static void an_emptied_directory_changes_nothing(void **state)
{
	struct harness *h = begin(state);
	const char *name = harness_name(h, "empty");
	struct options o = options_for(h);
	struct result *r;

	harness_create(h, name, NULL);
	harness_start(h, name);
	instance(h, name);
	profile(h, "  limits.processes: 88\n");
	apply_settles(h, "before");
	harness_manifests_clear(h);
	r = pass_run(&o, PASS_APPLY);
	assert_true(r->trouble);
	assert_int_equal(r->kernel_writes, 0);
	result_free(r);
	assert_string_equal(harness_cgroup(h, name, "pids", "pids.max", "pids.max"), "88");
	/* one instance less among others is released, not undone */
	profile(h, "");
	r = pass_run(&o, PASS_APPLY);
	assert_int_equal(r->kernel_writes, 0);
	result_free(r);
	assert_string_equal(harness_cgroup(h, name, "pids", "pids.max", "pids.max"), "88");
	harness_destroy(h, name);
}

static void the_life_of_an_instance(void **state)
{
	struct harness *h = begin(state);
	const char *name = harness_name(h, "born");
	struct options o = options_for(h);
	struct result *r;
	static const char *const states[] = {"running", "frozen", "running", "stopped", "running"};

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		harness_manifest(
		    h, "instances/born.yaml",
		    "kind: instance\nname: %s\nstate: %s\nprofiles: []\n"
		    "source: {template: busybox}\n"
		    "config:\n  limits.processes: 90\n  boot.host_shutdown_timeout: 1\n",
		    name, states[i]);
		apply_settles(h, states[i]);
		assert_true((harness_init(h, name) != 0) == (strcmp(states[i], "stopped") != 0));
		if (harness_init(h, name))
			assert_string_equal(harness_cgroup(h, name, "pids", "pids.max", "pids.max"),
					    "90");
	}
	harness_manifest(h, "instances/born.yaml",
			 "kind: instance\nname: %s\nstate: absent\nprofiles: []\n"
			 "config: {security.protection.delete: true}\n",
			 name);
	r = pass_run(&o, PASS_APPLY);
	assert_int_equal(r->summary.errors, 1);
	assert_int_equal(r->summary.in_sync, 0);
	result_free(r);
	assert_int_not_equal(harness_init(h, name), 0);
	harness_manifest(h, "instances/born.yaml",
			 "kind: instance\nname: %s\nstate: absent\nprofiles: []\n", name);
	apply_settles(h, "absent");
	assert_null(harness_read(h, "%s/%s/config", h->lxcpath, name));
	harness_manifests_clear(h);
}

/* Never with another map than the manifest asks for. */
static void a_map_that_is_refused_is_no_start(void **state)
{
	struct harness *h = begin(state);
	const char *name = harness_name(h, "map");
	struct options o = options_for(h);
	struct result *r;

	harness_manifest(h, "instances/map.yaml",
			 "kind: instance\nname: %s\nstate: running\n"
			 "source: {template: busybox}\n"
			 "config:\n  raw.idmap: both 1500000 1000\n",
			 name);
	r = pass_run(&o, PASS_APPLY);
	assert_int_equal(r->summary.errors, 1);
	result_free(r);
	assert_null(harness_read(h, "%s/%s/config", h->lxcpath, name));
	harness_create(h, name, NULL);
	r = pass_run(&o, PASS_APPLY);
	assert_int_equal(r->summary.errors, 1);
	assert_non_null(strstr(r->outcomes[0].diagnostics.items[0].hint, "root:1500000:1"));
	result_free(r);
	assert_int_equal(harness_init(h, name), 0);
	harness_destroy(h, name);
}

static size_t waiting(const struct harness *h, enum pass_mode mode)
{
	struct options o = options_for(h);
	struct result *r = pass_run(&o, mode);
	size_t n = r->summary.pending_restart;

	if (r->trouble || r->summary.failed || r->summary.skipped || r->summary.errors)
		fail_for(r, "the pass failed");
	result_free(r);
	return n;
}

static void greeting(struct harness *h, const char *name, const char *value, const char *restart)
{
	harness_manifest(h, "instances/wait.yaml",
			 "kind: instance\nname: %s\nrestart: %s\n"
			 "config:\n  environment.GREETING: %s\n  boot.host_shutdown_timeout: 1\n",
			 name, restart, value);
}

static bool read_variable(char *line, size_t size, FILE *f)
{
	size_t n = 0;
	int c;

	while ((c = fgetc(f)) > 0)
		if (n < size - 1)
			line[n++] = (char)c;
	line[n] = '\0';
	return n > 0;
}

static bool has_variable(pid_t pid, const char *variable)
{
	char path[64], line[4096];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (!found && read_variable(line, sizeof(line), f))
		found = strcmp(line, variable) == 0;
	fclose(f);
	return found;
}

/* What a start fixes waits for a restart, and gets one only where the manifest allows it. */
static void a_restart_is_waited_for_or_made(void **state)
{
	struct harness *h = begin(state);
	const char *name = harness_name(h, "wait");
	struct options o = options_for(h);
	struct result *r;
	pid_t init;

	harness_create(h, name, NULL);
	init = harness_start(h, name);
	greeting(h, name, "hello", "never");
	assert_int_equal(waiting(h, PASS_APPLY), 1);
	assert_int_equal(harness_init(h, name), init);
	assert_int_equal(waiting(h, PASS_DIFF), 1);
	r = pass_run(&o, PASS_DIFF);
	assert_int_equal(r->summary.in_sync, 1); /* written, and nothing else to do now */
	result_free(r);
	greeting(h, name, "hello", "allowed");
	assert_int_equal(waiting(h, PASS_APPLY), 0);
	assert_int_not_equal(harness_init(h, name), init);
	assert_int_not_equal(harness_init(h, name), 0);
	assert_true(has_variable(harness_init(h, name), "GREETING=hello"));
	apply_settles(h, "after the restart");
	harness_destroy(h, name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_live_key_has_an_example),
	    cmocka_unit_test(every_live_key_comes_changes_and_goes),
	    cmocka_unit_test(many_follow_their_profile),
	    cmocka_unit_test(drift_is_put_back),
	    cmocka_unit_test(one_bad_manifest_harms_nobody_else),
	    cmocka_unit_test(an_emptied_directory_changes_nothing),
	    cmocka_unit_test(the_life_of_an_instance),
	    cmocka_unit_test(a_map_that_is_refused_is_no_start),
	    cmocka_unit_test(a_restart_is_waited_for_or_made),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
