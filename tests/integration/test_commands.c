/* The commands on real containers: what they print, and how they end. */
#include "tests/integration/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

static void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' in:\n%s", part, text);
}

static json_t *parsed(const char *text)
{
	json_error_t error;
	/* findings on standard error stand before it */
	const char *start = strchr(text, '{');
	json_t *document = json_loads(start ? start : "", JSON_REJECT_DUPLICATES, &error);

	if (!document)
		fail_msg("%s:\n%s", error.text, text);
	return document;
}

/* Diff, apply and status agree about one container that changes. */
static void exit_statuses_tell(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "status");
	char *out;

	harness_manifests_clear(h);
	harness_create(h, name, NULL);
	harness_start(h, name);
	harness_manifest(h, "instances/a.yaml",
			 "name: %s\nprofiles: []\nconfig: {limits.processes: 77}\n", name);
	assert_int_equal(harness_evenkeel(h, &out, "diff", NULL), 1);
	assert_contains(out, "cgroup pids.max");
	assert_contains(out, "limits.processes, instances/a.yaml:3");
	assert_contains(out, "1 instance: 1 change live; 0 in sync\n");
	assert_int_equal(harness_evenkeel(h, &out, "status", NULL), 1);
	assert_contains(out, "drifted");
	assert_int_equal(harness_evenkeel(h, &out, "apply", "-vv", NULL), 0);
	assert_contains(out, "pids.max 77\n");
	assert_contains(out, "1 instance: 1 change applied; 1 in sync\n");
	assert_int_equal(harness_evenkeel(h, &out, "diff", NULL), 0);
	assert_string_equal(out, "Nothing to do: 1 in sync.\n");
	assert_int_equal(harness_evenkeel(h, &out, "status", NULL), 0);
	assert_contains(out, "1 instance: 1 in-sync\n");
	assert_int_equal(harness_evenkeel(h, &out, "apply", "-vv", NULL), 0);
	assert_lacks(out, "write ");
	assert_int_equal(harness_evenkeel(h, &out, "diff", "nosuch", NULL), 2);
	harness_manifest(h, "instances/b.yaml", "name: b\nconfig: {limits.processes: x}\n");
	assert_int_equal(harness_evenkeel(h, &out, "diff", NULL), 2);
	assert_int_equal(harness_evenkeel(h, &out, "apply", NULL), 1);
	assert_int_equal(harness_evenkeel(h, &out, "status", NULL), 2);
	harness_destroy(h, name);
}

static void a_failure_is_told(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "fail");
	json_t *document, *changes, *change;
	size_t i, failed = 0;
	char *out;

	harness_manifests_clear(h);
	harness_create(h, name, NULL);
	harness_start(h, name);
	harness_manifest(h, "instances/a.yaml",
			 "name: %s\nprofiles: []\n"
			 "config: {limits.memory: 8MiB, limits.processes: 55}\n",
			 name);
	assert_int_equal(harness_attach(h, name, NULL,
					"mkdir -p /big && mount -t tmpfs none /big && "
					"dd if=/dev/zero of=/big/big bs=1M count=32"),
			 0);
	assert_int_equal(harness_evenkeel(h, &out, "apply", NULL), 1);
	assert_contains(out, "      failed: ");
	assert_contains(out, "1 failed");
	assert_int_equal(harness_evenkeel(h, &out, "apply", "-q", NULL), 1);
	assert_contains(out, "cgroup memory.max: ");
	assert_int_equal(harness_evenkeel(h, &out, "apply", "-o", "json", NULL), 1);
	document = parsed(out);
	changes =
	    json_object_get(json_array_get(json_object_get(document, "instances"), 0), "changes");
	json_array_foreach(changes, i, change)
	{
		const char *result = json_string_value(json_object_get(change, "result"));

		assert_non_null(result);
		if (strcmp(result, "failed") != 0)
			continue;
		assert_non_null(json_string_value(json_object_get(change, "error")));
		failed++;
	}
	assert_true(failed > 0);
	assert_int_equal(
	    json_integer_value(json_object_get(json_object_get(document, "summary"), "failed")),
	    failed);
	json_decref(document);
	assert_string_equal(harness_cgroup(h, name, "pids", "pids.max", NULL), "55");
	harness_destroy(h, name);
}

/* Written, shown with its place, and no difference any more. */
static void what_waits_for_a_restart_is_told(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "wait");
	const json_t *instance, *pending;
	json_t *document;
	char *out;

	harness_manifests_clear(h);
	harness_create(h, name, NULL);
	harness_start(h, name);
	harness_manifest(h, "instances/a.yaml",
			 "name: %s\nprofiles: []\nconfig: {environment.TOKEN: s3cret}\n", name);
	assert_int_equal(harness_evenkeel(h, &out, "diff", NULL), 1);
	assert_contains(out, "  ! environment.TOKEN      pending restart   environment.TOKEN, "
			     "instances/a.yaml:3\n");
	assert_contains(out, "boot file");
	assert_contains(out, "1 instance: 1 pending restart; 0 in sync\n");
	assert_int_equal(harness_evenkeel(h, &out, "apply", NULL), 0);
	assert_contains(out, "1 pending restart");
	assert_int_equal(harness_evenkeel(h, &out, "diff", NULL), 0);
	assert_contains(out, "Nothing to do: 1 in sync, 1 pending restart.\n");
	assert_int_equal(harness_evenkeel(h, &out, "status", "-v", NULL), 1);
	assert_contains(out, "pending-restart");
	assert_contains(out, "environment.TOKEN: none now, (hidden) after a restart");
	assert_lacks(out, "s3cret");
	assert_int_equal(harness_evenkeel(h, &out, "status", "-o", "json", NULL), 1);
	document = parsed(out);
	instance = json_array_get(json_object_get(document, "instances"), 0);
	pending = json_array_get(json_object_get(instance, "pending"), 0);
	assert_true(json_is_null(json_object_get(pending, "now")));
	assert_string_equal(json_string_value(json_object_get(pending, "after_restart")),
			    "(hidden)");
	assert_string_equal(json_string_value(json_object_get(pending, "key")),
			    "environment.TOKEN");
	json_decref(document);
	harness_stop(h, name);
	harness_start(h, name);
	assert_int_equal(harness_evenkeel(h, &out, "status", NULL), 0);
	harness_destroy(h, name);
}

static void status_shows_usage(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "usage");
	const json_t *instance, *usage;
	json_t *document;
	char *out;

	harness_manifests_clear(h);
	harness_create(h, name, NULL);
	harness_start(h, name);
	harness_manifest(h, "instances/a.yaml", "name: %s\nprofiles: []\n", name);
	assert_int_equal(harness_evenkeel(h, &out, "status", "--usage", "-o", "json", NULL), 0);
	document = parsed(out);
	instance = json_array_get(json_object_get(document, "instances"), 0);
	assert_string_equal(json_string_value(json_object_get(instance, "condition")), "in-sync");
	usage = json_object_get(instance, "usage");
	assert_true(json_integer_value(json_object_get(json_object_get(usage, "memory"), "now")) >
		    0);
	assert_true(json_integer_value(json_object_get(json_object_get(usage, "cpu"), "time_us")) >
		    0);
	assert_true(
	    json_integer_value(json_object_get(json_object_get(usage, "processes"), "now")) > 0);
	json_decref(document);
	assert_int_equal(harness_evenkeel(h, &out, "status", "--usage", NULL), 0);
	assert_contains(out, "memory ");
	harness_stop(h, name);
	assert_int_equal(harness_evenkeel(h, &out, "status", "--usage", "-o", "json", NULL), 0);
	assert_contains(out, "\"usage\": null");
	harness_destroy(h, name);
}

/* The manifest of an export finds nothing to do: for containers that nobody but LXC knows, and for
 * those that are ours. */
static void an_export_finds_nothing_to_do(void **state)
{
	static const char *const configs[] = {
	    NULL,
	    "lxc.cgroup.pids.max = 300\nlxc.cgroup2.pids.max = 300\n"
	    "lxc.prlimit.nofile = 512:1024\nlxc.start.auto = 1\n",
	    "lxc.environment = TOKEN=s3cret\nlxc.cgroup.cpu.shares = 500\n"
	    "lxc.cgroup.memory.limit_in_bytes = 200M\nlxc.cgroup2.memory.max = 200M\n",
	};
	struct harness *h = harness_require_root(state);
	char tag[16], *out;

	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		const char *name;

		snprintf(tag, sizeof(tag), "export%zu", i);
		name = harness_name(h, tag);
		harness_manifests_clear(h);
		harness_create(h, name, configs[i]);
		harness_start(h, name);
		harness_cgroup_write(h, name, "cpuset", "cpuset.cpus", NULL, "0");
		assert_int_equal(harness_run(h, &out, h->program, "export", "-P", h->lxcpath,
					     "--show-secrets", name, NULL),
				 0);
		assert_contains(out, "limits.cpu: \"0-0\"\n");
		harness_manifest(h, "instances/a.yaml", "%s", out);
		assert_int_equal(harness_evenkeel(h, &out, "diff", NULL), 0);
		assert_string_equal(out, "Nothing to do: 1 in sync.\n");
		assert_int_equal(harness_evenkeel(h, &out, "apply", "-vv", NULL), 0);
		assert_lacks(out, "write ");
		assert_int_equal(harness_run(h, &out, h->program, "export", "-P", h->lxcpath,
					     "--show-secrets", name, NULL),
				 0);
		harness_manifest(h, "instances/a.yaml", "%s", out);
		assert_int_equal(harness_evenkeel(h, &out, "diff", NULL), 0);
		harness_destroy(h, name);
	}
}

/* The most common container there is: its config sets the memory limit, and nothing else. */
static void a_memory_limit_alone_is_exported(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "limit");
	char *out;

	harness_manifests_clear(h);
	harness_create(h, name,
		       "lxc.cgroup.memory.limit_in_bytes = 200M\nlxc.cgroup2.memory.max = 200M\n");
	harness_start(h, name);
	for (int applied = 0; applied < 2; applied++) {
		assert_int_equal(
		    harness_run(h, &out, h->program, "export", "-P", h->lxcpath, name, NULL), 0);
		assert_contains(out, "\n  limits.memory: 200MiB\n");
		if (harness_cgroup(h, name, "memory", "memory.memsw.limit_in_bytes",
				   "memory.swap.max"))
			assert_contains(out, "\n  limits.memory.swap: 8191PiB  # no limit");
		else
			assert_lacks(out, "limits.memory.swap");
		harness_manifest(h, "instances/a.yaml", "%s", out);
		assert_int_equal(harness_evenkeel(h, &out, "diff", NULL), 0);
		assert_string_equal(out, "Nothing to do: 1 in sync.\n");
		assert_int_equal(harness_evenkeel(h, &out, "apply", "-vv", NULL), 0);
		assert_lacks(out, "write ");
	}
	assert_int_equal(harness_run(h, &out, h->program, "release", "-P", h->lxcpath, name, NULL),
			 0);
	assert_int_equal(harness_run(h, &out, h->program, "export", "-P", h->lxcpath, name, NULL),
			 0);
	harness_destroy(h, name);
}

static void an_export_hides_secrets(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "secret");
	char *out;

	harness_create(h, name, "lxc.environment = TOKEN=s3cret\n");
	harness_start(h, name);
	harness_run(h, &out, h->program, "export", "-P", h->lxcpath, name, NULL);
	assert_contains(out, "# environment.TOKEN: (hidden)");
	assert_lacks(out, "s3cret");
	harness_run(h, &out, h->program, "export", "-P", h->lxcpath, "-o", "json", name, NULL);
	assert_lacks(out, "s3cret");
	harness_run(h, &out, h->program, "export", "-P", h->lxcpath, "--show-secrets", name, NULL);
	assert_contains(out, "environment.TOKEN: s3cret\n");
	assert_int_equal(
	    harness_run(h, &out, h->program, "export", "-P", h->lxcpath, "nosuch", NULL), 2);
	harness_destroy(h, name);
}

static void limit_memory(struct harness *h, const char *name, const char *enforce)
{
	harness_manifest(h, "instances/a.yaml",
			 "name: %s\nprofiles: []\n"
			 "config: {limits.memory: 200MiB, limits.memory.enforce: %s}\n",
			 name, enforce);
}

static char *soft_limit(struct harness *h, const char *name)
{
	return harness_cgroup(h, name, "memory", "memory.soft_limit_in_bytes", "memory.high");
}

static char *hard_limit(struct harness *h, const char *name)
{
	return harness_cgroup(h, name, "memory", "memory.limit_in_bytes", "memory.max");
}

/* The soft limit that was ours goes back to what the config says when the limit becomes hard. */
static void a_soft_limit_becomes_a_hard_one(void **state)
{
	static const char *const configs[] = {
	    NULL,
	    "lxc.cgroup.memory.soft_limit_in_bytes = 300M\nlxc.cgroup2.memory.high = 300M\n",
	};
	struct harness *h = harness_require_root(state);
	char tag[16], *out, *fresh;
	const char *name;

	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		snprintf(tag, sizeof(tag), "soft%zu", i);
		name = harness_name(h, tag);
		harness_manifests_clear(h);
		harness_create(h, name, configs[i]);
		harness_start(h, name);
		fresh = soft_limit(h, name);
		limit_memory(h, name, "hard");
		assert_int_equal(harness_evenkeel(h, &out, "apply", NULL), 0);
		assert_lacks(out, "memory.high");
		assert_string_equal(soft_limit(h, name), fresh);
		limit_memory(h, name, "soft");
		assert_int_equal(harness_evenkeel(h, &out, "apply", NULL), 0);
		assert_string_equal(soft_limit(h, name), "209715200");
		limit_memory(h, name, "hard");
		assert_int_equal(harness_evenkeel(h, &out, "diff", NULL), 1);
		assert_contains(out, "  - cgroup memory.high ");
		assert_int_equal(harness_evenkeel(h, &out, "apply", NULL), 0);
		assert_string_equal(soft_limit(h, name), fresh);
		assert_string_equal(hard_limit(h, name), "209715200");
		assert_int_equal(harness_evenkeel(h, &out, "diff", NULL), 0);
		assert_string_equal(out, "Nothing to do: 1 in sync.\n");
		out = harness_read(h, "%s/%s/evenkeel.conf", h->lxcpath, name);
		assert_lacks(out, "soft_limit");
		assert_lacks(out, "memory.high");
		harness_destroy(h, name);
	}
}

/* Nothing of ours stays in the folder, and the container keeps what it has. */
static void release_leaves_no_trace(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "release");
	char *before, *out;
	pid_t init;

	harness_manifests_clear(h);
	harness_create(h, name, NULL);
	before = harness_read(h, "%s/%s/config", h->lxcpath, name);
	init = harness_start(h, name);
	harness_manifest(h, "instances/a.yaml",
			 "name: %s\nprofiles: []\nconfig: {limits.processes: 77}\n", name);
	assert_int_equal(harness_evenkeel(h, &out, "apply", NULL), 0);
	assert_non_null(harness_read(h, "%s/%s/evenkeel.conf", h->lxcpath, name));
	assert_int_equal(harness_run(h, &out, h->program, "release", "-P", h->lxcpath, name, NULL),
			 0);
	assert_contains(out, "let go of cgroup pids.max");
	assert_null(harness_read(h, "%s/%s/evenkeel.conf", h->lxcpath, name));
	assert_string_equal(harness_read(h, "%s/%s/config", h->lxcpath, name), before);
	assert_int_equal(harness_run(h, &out, "ls", "-A",
				     arena_printf(h->arena, "%s/%s", h->lxcpath, name), NULL),
			 0);
	assert_string_equal(out, "config\nrootfs\n");
	assert_int_equal(harness_init(h, name), init);
	assert_string_equal(harness_cgroup(h, name, "pids", "pids.max", NULL), "77");
	assert_int_equal(
	    harness_run(h, &out, h->program, "release", "-P", h->lxcpath, "--all", NULL), 0);
	assert_contains(out, "was ours");
	harness_destroy(h, name);
}

static void release_all_finds_ours(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *ours = harness_name(h, "ours"), *theirs = harness_name(h, "theirs");
	char *out;

	harness_manifests_clear(h);
	harness_create(h, ours, NULL);
	harness_create(h, theirs, NULL);
	harness_manifest(h, "instances/a.yaml",
			 "name: %s\nprofiles: []\nconfig: {limits.processes: 77}\n", ours);
	assert_int_equal(harness_evenkeel(h, &out, "apply", NULL), 0);
	assert_int_equal(
	    harness_run(h, &out, h->program, "release", "-P", h->lxcpath, "--all", NULL), 0);
	assert_contains(out, ours);
	assert_lacks(out, theirs);
	harness_destroy(h, ours);
	harness_destroy(h, theirs);
}

/* A login shell allows 1024 open files; a host has more containers than that. */
/* Before lxc.service: what a start will find, and nothing that starts, stops or is made. */
static void boot_only_writes_boot_files_alone(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *runs = harness_name(h, "boot-runs"), *rests = harness_name(h, "boot-rests"),
		   *none = harness_name(h, "boot-none");
	char *out;

	harness_manifests_clear(h);
	harness_create(h, runs, NULL);
	harness_create(h, rests, NULL);
	harness_start(h, runs);
	harness_manifest(h, "instances/a.yaml",
			 "name: %s\nprofiles: []\nstate: stopped\n"
			 "config: {limits.processes: 61}\n",
			 runs);
	harness_manifest(h, "instances/b.yaml",
			 "name: %s\nprofiles: []\nstate: running\n"
			 "config: {limits.processes: 62}\n",
			 rests);
	harness_manifest(h, "instances/c.yaml",
			 "name: %s\nprofiles: []\nsource: {template: busybox}\n", none);
	assert_int_equal(harness_evenkeel(h, &out, "apply", "--boot-only", NULL), 0);
	assert_contains(out, rests);
	assert_lacks(out, runs);
	assert_lacks(out, none);
	assert_true(harness_init(h, runs) > 0);
	assert_int_equal(harness_init(h, rests), 0);
	assert_null(harness_read(h, "%s/%s/evenkeel.conf", h->lxcpath, runs));
	assert_null(harness_read(h, "%s/%s/config", h->lxcpath, none));
	assert_int_equal(harness_evenkeel(h, &out, "apply", "--boot-only", NULL), 0);
	assert_string_equal(out, "Nothing to do: 1 in sync.\n");
	harness_start(h, rests);
	assert_string_equal(harness_cgroup(h, rests, "pids", "pids.max", NULL), "62");
	harness_destroy(h, runs);
	harness_destroy(h, rests);
}

static void few_files_are_enough(void **state)
{
	enum { MANY = 24 };
	struct harness *h = harness_require_root(state);
	const char *names[MANY], *born = harness_name(h, "born");
	char *out, *limits;

	harness_manifests_clear(h);
	for (size_t i = 0; i < MANY; i++) {
		names[i] = harness_name(h, arena_printf(h->arena, "files%zu", i));
		harness_create(h, names[i], NULL);
		harness_manifest(h, arena_printf(h->arena, "instances/%zu.yaml", i),
				 "name: %s\nprofiles: []\nconfig: {limits.cpu: 1}\n", names[i]);
	}
	harness_start_all(h, names, MANY);
	harness_create(h, born, NULL);
	harness_manifest(h, "instances/born.yaml", "name: %s\nprofiles: []\nstate: running\n",
			 born);
	assert_int_equal(harness_run(h, &out, "sh", "-c", "ulimit -Sn 64 && exec \"$@\"", "sh",
				     h->program, "apply", "-d", h->manifests, "-P", h->lxcpath,
				     "--etc", h->etc, NULL),
			 0);
	/* what the containers inherit is what we were given, not what we took */
	limits = harness_read(h, "/proc/%d/limits", (int)harness_init(h, born));
	assert_non_null(strstr(limits, "Max open files            64 "));
	for (size_t i = 0; i < MANY; i++)
		harness_destroy(h, names[i]);
	harness_destroy(h, born);
	harness_manifests_clear(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(exit_statuses_tell),
	    cmocka_unit_test(a_failure_is_told),
	    cmocka_unit_test(what_waits_for_a_restart_is_told),
	    cmocka_unit_test(status_shows_usage),
	    cmocka_unit_test(an_export_finds_nothing_to_do),
	    cmocka_unit_test(a_memory_limit_alone_is_exported),
	    cmocka_unit_test(an_export_hides_secrets),
	    cmocka_unit_test(a_soft_limit_becomes_a_hard_one),
	    cmocka_unit_test(release_leaves_no_trace),
	    cmocka_unit_test(boot_only_writes_boot_files_alone),
	    cmocka_unit_test(few_files_are_enough),
	    cmocka_unit_test(release_all_finds_ours),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
