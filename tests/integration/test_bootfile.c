/*
 * The boot file as LXC reads it: what it brings about at a plain lxc-start, and what LXC's own
 * tools do to the config that includes it.
 */
#include "reconciler/bootfile.h"
#include "reconciler/pass.h"
#include "tests/integration/harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <lxc/lxccontainer.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- passes ---- */

static struct result *pass(const struct harness *h, enum pass_mode mode)
{
	struct options o = {
	    .directory = h->manifests, .lxcpath = h->lxcpath, .host = "test", .etc = h->etc};

	return pass_run(&o, mode);
}

static void show(const struct result *r)
{
	for (size_t i = 0; i < r->diagnostics.n; i++)
		print_error("%s\n", r->diagnostics.items[i].message);
	for (size_t i = 0; i < r->generation->diagnostics.n; i++)
		print_error("%s\n", r->generation->diagnostics.items[i].message);
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
}

static void expect(struct result *r, bool fine, const char *what)
{
	if (!fine) {
		show(r);
		fail_msg("%s", what);
	}
	result_free(r);
}

static void apply(const struct harness *h)
{
	struct result *r = pass(h, PASS_APPLY);

	expect(r, !r->trouble && !r->summary.failed && !r->summary.errors, "the apply failed");
}

/* Nothing to do, nothing waiting, nothing that cannot be had. */
static void expect_in_sync(const struct harness *h)
{
	struct result *r = pass(h, PASS_DIFF);

	expect(r,
	       !r->trouble && r->summary.in_sync == r->n && !r->summary.pending_restart &&
		   !r->summary.unsupported,
	       "not in sync");
}

static void expect_pending(const struct harness *h, size_t n)
{
	struct result *r = pass(h, PASS_DIFF);

	expect(r, r->summary.in_sync == r->n && r->summary.pending_restart == n,
	       "another number of pending changes");
}

static struct harness *begin(void **state)
{
	struct harness *h = harness_require_root(state);

	harness_manifests_clear(h);
	return h;
}

static void manifest(struct harness *h, const char *name, const char *config)
{
	harness_manifest(h, "instances/web.yaml",
			 "kind: instance\nname: %s\nprofiles: []\nconfig:\n%s", name, config);
}

/* ---- a container's folder ---- */

static char *file(struct harness *h, const char *name, const char *which)
{
	return harness_read(h, "%s/%s/%s", h->lxcpath, name, which);
}

static size_t ours_in(struct harness *h, const char *name)
{
	DIR *d = opendir(arena_printf(h->arena, "%s/%s", h->lxcpath, name));
	size_t n = 0;

	for (struct dirent *e = readdir(d); e; e = readdir(d))
		n += strstr(e->d_name, "evenkeel") != NULL;
	closedir(d);
	return n;
}

static void restart(struct harness *h, const char *name)
{
	harness_stop(h, name);
	harness_start(h, name);
}

static const char *running_item(struct harness *h, const char *name, const char *item)
{
	struct lxc_container *c = lxc_container_new(name, h->lxcpath);
	char *text = c ? c->get_running_config_item(c, item) : NULL;
	const char *kept = text ? arena_strdup(h->arena, text) : "";

	free(text);
	if (c)
		lxc_container_put(c);
	return kept;
}

/* ---- the tests ---- */

/* Every property with boot: file, by lxc-start alone. */
static void lxc_starts_what_the_file_says(void **state)
{
	struct harness *h = begin(state);
	const char *name = harness_name(h, "plain"), *env;
	struct rlimit files;
	char *output;
	pid_t init;

	harness_create(h, name, "lxc.cgroup.pids.max = 50\nlxc.environment = OWN=1\n");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	manifest(h, name,
		 arena_printf(h->arena,
			      "  limits.processes: 30\n"
			      "  limits.memory: 64MiB\n"
			      "  limits.cpu.allowance: 25ms/100ms\n"
			      "  limits.kernel.nofile: 300:%lu\n"
			      "  environment.FOO: ' a \"b\" # c '\n"
			      "  environment.OWN: '2'\n"
			      "  boot.autostart: true\n"
			      "  boot.autostart.delay: 4\n"
			      "  boot.autostart.priority: 7\n"
			      "  security.nesting: true\n"
			      "  security.syscalls.deny: mkdir errno 1\n"
			      "  raw.apparmor: 'deny /x r,'\n"
			      "  raw.lxc: |\n    lxc.tty.max=3\n    lxc.environment = RAW=1\n",
			      (unsigned long)files.rlim_max));
	apply(h);
	init = harness_start(h, name);
	assert_string_equal(harness_cgroup(h, name, "pids", "pids.max", "pids.max"), "30");
	assert_string_equal(
	    harness_cgroup(h, name, "memory", "memory.limit_in_bytes", "memory.max"), "67108864");
	assert_string_equal(harness_cgroup(h, name, "cpu", "cpu.cfs_quota_us", NULL), "25000");
	assert_non_null(strstr(harness_read(h, "/proc/%d/limits", (int)init),
			       "Max open files            300                  "));
	env = harness_attach(h, name, &output, "cat /proc/1/environ") == 0
		  ? running_item(h, name, "lxc.environment")
		  : "";
	assert_non_null(strstr(env, "FOO= a \"b\" # c \n"));
	assert_non_null(strstr(env, "OWN=2\n"));
	assert_non_null(strstr(env, "RAW=1\n"));
	assert_string_equal(running_item(h, name, "lxc.tty.max"), "3");
	assert_string_equal(running_item(h, name, "lxc.apparmor.allow_nesting"), "1");
	assert_int_equal(harness_attach(h, name, &output, "mkdir /tmp/x"), 1);
	/* what lxc-autostart reads */
	assert_int_equal(harness_run(h, &output, "lxc-info", "-P", h->lxcpath, "-n", name, "-c",
				     "lxc.start.auto", "-c", "lxc.start.delay", "-c",
				     "lxc.start.order", NULL),
			 0);
	assert_string_equal(output,
			    "lxc.start.auto = 1\nlxc.start.delay = 4\nlxc.start.order = -7\n");
	expect_in_sync(h);

	/* and all of it goes again */
	manifest(h, name, "  user.nothing: left\n");
	apply(h);
	restart(h, name);
	assert_string_equal(harness_cgroup(h, name, "pids", "pids.max", "pids.max"), "50");
	assert_string_equal(running_item(h, name, "lxc.environment"), "OWN=1\n");
	assert_int_equal(harness_attach(h, name, &output, "mkdir /tmp/x"), 0);
	apply(h);
	expect_in_sync(h);
	assert_int_equal(ours_in(h, name), 0);
	harness_destroy(h, name);
}

static void a_restart_is_waited_for(void **state)
{
	struct harness *h = begin(state);
	const char *name = harness_name(h, "waits");
	struct result *r;
	pid_t init;

	harness_create(h, name, NULL);
	init = harness_start(h, name);
	manifest(h, name, "  environment.FOO: new\n  boot.autostart: true\n");
	r = pass(h, PASS_DIFF);
	expect(r, r->summary.pending_restart == 1 && r->summary.in_sync == 0, "before");
	apply(h);
	expect_pending(h, 1);
	r = pass(h, PASS_APPLY);
	expect(r, r->kernel_writes == 0 && r->summary.pending_restart == 1, "again");
	assert_int_equal(harness_init(h, name), init);
	restart(h, name);
	expect_in_sync(h);
	harness_destroy(h, name);
}

/* Its lines are only there from the next start on, be they new or others than before. */
static void raw_lines_wait_for_a_restart(void **state)
{
	struct harness *h = begin(state);
	const char *name = harness_name(h, "raw");

	harness_create(h, name, NULL);
	harness_start(h, name);
	manifest(h, name, "  raw.lxc: |\n    lxc.environment = RAW=1\n    lxc.tty.max = 3\n");
	apply(h);
	expect_pending(h, 1);
	restart(h, name);
	expect_in_sync(h);
	manifest(h, name, "  raw.lxc: |\n    lxc.environment = RAW=2\n    lxc.tty.max = 3\n");
	apply(h);
	expect_pending(h, 1);
	restart(h, name);
	expect_in_sync(h);
	harness_destroy(h, name);
}

/* What an adopted container has and the manifest does not name stays byte for byte. */
static void adopting_keeps_the_rest(void **state)
{
	static const char *const items[] = {
	    "lxc.idmap",          "lxc.rootfs.options", "lxc.rootfs.path",      "lxc.net.0.type",
	    "lxc.mount.auto",     "lxc.mount.entry",    "lxc.apparmor.profile", "lxc.cap.drop",
	    "lxc.seccomp.profile"};
	struct harness *h = begin(state);
	const char *name = harness_name(h, "adopt"), *before[9], *config, *why;
	struct arena *a = arena_new();
	int dir = open(h->lxcpath, O_PATH | O_DIRECTORY | O_CLOEXEC);

	harness_create(h, name, "# a comment\n\n\nlxc.mount.entry = tmpfs mnt tmpfs size=1m 0 0\n");
	config = file(h, name, "config");
	harness_start(h, name);
	for (int i = 0; i < 9; i++)
		before[i] = running_item(h, name, items[i]);
	manifest(h, name, "  limits.processes: 40\n  environment.A: b\n");
	apply(h);
	restart(h, name);
	for (int i = 0; i < 9; i++)
		assert_string_equal(running_item(h, name, items[i]), before[i]);
	assert_int_equal(bootfile_release(dir, h->lxcpath, name, a, &why), 0);
	assert_string_equal(file(h, name, "config"), config);
	assert_int_equal(ours_in(h, name), 0);
	close(dir);
	arena_free(a);
	harness_destroy(h, name);
}

/* LXC's tools rewrite the config: their new lines come after our include and would override it. */
static void save_config_is_mended(void **state)
{
	struct harness *h = begin(state);
	const char *name = harness_name(h, "saved");
	struct lxc_container *c;
	struct result *r;

	harness_create(h, name, NULL);
	manifest(h, name, "  limits.processes: 40\n");
	apply(h);
	c = lxc_container_new(name, h->lxcpath);
	assert_true(c->set_config_item(c, "lxc.cgroup.pids.max", "99"));
	assert_true(c->save_config(c, NULL));
	lxc_container_put(c);
	harness_start(h, name);
	assert_string_equal(harness_cgroup(h, name, "pids", "pids.max", "pids.max"), "99");
	harness_stop(h, name);
	r = pass(h, PASS_DIFF);
	expect(r, r->summary.in_sync == 0, "a line after ours went unseen");
	apply(h);
	expect_in_sync(h);
	assert_non_null(strstr(file(h, name, "config"), "lxc.cgroup.pids.max = 99\n"));
	harness_start(h, name);
	assert_string_equal(harness_cgroup(h, name, "pids", "pids.max", "pids.max"), "40");
	harness_destroy(h, name);
}

static void a_copy_is_mended(void **state)
{
	struct harness *h = begin(state);
	const char *name = harness_name(h, "first"), *copy = harness_name(h, "copy");
	char *output;

	harness_create(h, name, NULL);
	manifest(h, name, "  limits.processes: 40\n");
	apply(h);
	assert_int_equal(
	    harness_run(h, &output, "lxc-copy", "-P", h->lxcpath, "-n", name, "-N", copy, NULL), 0);
	assert_non_null(strstr(file(h, copy, "config"), "evenkeel.conf"));
	/* the original goes, and with it what the copy includes */
	assert_int_equal(harness_run(h, NULL, "lxc-destroy", "-P", h->lxcpath, "-n", name, NULL),
			 0);
	assert_int_not_equal(harness_try_start(h, copy, &output), 0);
	harness_manifest(h, "instances/web.yaml", "kind: instance\nname: %s\nprofiles: []\n", name);
	harness_manifests_clear(h);
	manifest(h, copy, "  limits.processes: 60\n");
	apply(h);
	expect_in_sync(h);
	harness_start(h, copy);
	assert_string_equal(harness_cgroup(h, copy, "pids", "pids.max", "pids.max"), "60");
	harness_destroy(h, copy);
}

/* A copy that no manifest is about is mended too: nothing of ours is to keep it from starting. */
static void a_stray_copy_is_mended(void **state)
{
	struct harness *h = begin(state);
	const char *name = harness_name(h, "orig"), *copy = harness_name(h, "stray");

	harness_create(h, name, NULL);
	manifest(h, name, "  limits.processes: 40\n");
	apply(h);
	assert_int_equal(
	    harness_run(h, NULL, "lxc-copy", "-P", h->lxcpath, "-n", name, "-N", copy, NULL), 0);
	apply(h);
	assert_null(strstr(file(h, copy, "config"), "evenkeel"));
	harness_start(h, copy);
	harness_destroy(h, copy);
	harness_destroy(h, name);
}

static void a_torn_record_is_rebuilt(void **state)
{
	struct harness *h = begin(state);
	const char *name = harness_name(h, "torn");
	char *path, *text;

	harness_create(h, name, NULL);
	harness_start(h, name);
	manifest(h, name, "  limits.processes: 40\n");
	apply(h);
	path = arena_printf(h->arena, "%s/%s/evenkeel.conf", h->lxcpath, name);
	text = file(h, name, "evenkeel.conf");
	for (int round = 0; round < 2; round++) {
		if (round == 0)
			harness_write(h, path, "# evenkeel 1 boot file and re");
		else
			unlink(path);
		apply(h);
		expect_in_sync(h);
		assert_string_equal(file(h, name, "evenkeel.conf"), text);
	}
	assert_non_null(file(h, name, "evenkeel.conf.torn"));
	harness_destroy(h, name);
}

/* Another id map: the owner's lines make room, and come back. */
static void an_id_map_comes_and_goes(void **state)
{
	struct harness *h = begin(state);
	const char *name = harness_name(h, "map"), *config;
	char *output;
	struct result *r;

	harness_create(h, name, NULL);
	config = file(h, name, "config");
	harness_start(h, name);
	manifest(h, name, "  raw.idmap: both 300000 1000\n");
	r = pass(h, PASS_APPLY);
	expect(r, r->summary.unsupported == 1 && !r->summary.failed,
	       "ids that root does not have were not refused");
	assert_string_equal(file(h, name, "config"), config);

	harness_write(h, arena_printf(h->arena, "%s/subuid", h->etc),
		      "root:100000:65536\nroot:300000:1\n");
	harness_write(h, arena_printf(h->arena, "%s/subgid", h->etc),
		      "root:100000:65536\nroot:300000:1\n");
	apply(h);
	assert_non_null(strstr(file(h, name, "config"), "#evenkeel# lxc.idmap = u 0 100000"));
	restart(h, name);
	expect_in_sync(h);
	assert_int_equal(harness_attach(h, name, &output, "touch /x; chown 1000 /x; stat -c %u /x"),
			 0);
	assert_string_equal(output, "1000\n");
	assert_non_null(
	    strstr(harness_read(h, "/proc/%d/uid_map", (int)harness_init(h, name)), "300000"));

	manifest(h, name, "  user.nothing: left\n");
	apply(h);
	assert_null(strstr(file(h, name, "config"), "#evenkeel#"));
	restart(h, name);
	apply(h);
	expect_in_sync(h);
	assert_string_equal(file(h, name, "config"), config);
	assert_null(
	    strstr(harness_read(h, "/proc/%d/uid_map", (int)harness_init(h, name)), "300000"));
	harness_destroy(h, name);
}

static void privileged_and_back(void **state)
{
	struct harness *h = begin(state);
	const char *name = harness_name(h, "root"), *status;

	harness_create(h, name, NULL);
	manifest(h, name, "  security.privileged: true\n");
	apply(h);
	harness_start(h, name);
	expect_in_sync(h);
	assert_null(
	    strstr(harness_read(h, "/proc/%d/uid_map", (int)harness_init(h, name)), "100000"));
	status = harness_read(h, "/proc/%d/status", (int)harness_init(h, name));
	assert_null(strstr(status, "CapBnd:\t000001ffffffffff"));
	/* dropped from the manifest while it runs: the next start is unprivileged again */
	manifest(h, name, "  user.nothing: left\n");
	apply(h);
	restart(h, name);
	assert_non_null(
	    strstr(harness_read(h, "/proc/%d/uid_map", (int)harness_init(h, name)), "100000"));
	apply(h);
	expect_in_sync(h);
	harness_destroy(h, name);
}

/* An id map from a file that the owner includes is his: refused, and the rest goes on. */
static void an_included_map_is_refused(void **state)
{
	struct harness *h = begin(state);
	const char *name = harness_name(h, "incl"), *config;
	char *map = arena_printf(h->arena, "%s/map.conf", h->root), *path;
	struct result *r;
	bool named = false;

	harness_create(h, name, NULL);
	path = arena_printf(h->arena, "%s/%s/config", h->lxcpath, name);
	config = file(h, name, "config");
	harness_run(h, NULL, "sed", "-i", "/^lxc.idmap/d", path, NULL);
	harness_write(h, map, "lxc.idmap = u 0 100000 65536\nlxc.idmap = g 0 100000 65536\n");
	harness_write(h, path,
		      arena_printf(h->arena, "lxc.include = %s\n%s", map, file(h, name, "config")));
	(void)config;
	harness_start(h, name);
	manifest(h, name, "  security.privileged: true\n  limits.processes: 40\n");
	r = pass(h, PASS_APPLY);
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->outcomes[i].changes.n; k++) {
			const struct change *c = &r->outcomes[i].changes.items[k];

			named |= c->reason && strstr(c->reason, map);
		}
	expect(r, named && !r->summary.failed, "the file was not named");
	assert_string_equal(harness_cgroup(h, name, "pids", "pids.max", "pids.max"), "40");
	restart(h, name);
	assert_string_equal(harness_cgroup(h, name, "pids", "pids.max", "pids.max"), "40");
	harness_destroy(h, name);
}

/* No room, no right to write: the old file stays, what is live goes on. */
static void a_read_only_folder_is_reported(void **state)
{
	struct harness *h = begin(state);
	const char *name = harness_name(h, "ro"), *text;
	char *folder;
	struct result *r;

	harness_create(h, name, NULL);
	harness_start(h, name);
	manifest(h, name, "  limits.processes: 40\n");
	apply(h);
	text = file(h, name, "evenkeel.conf");
	folder = arena_printf(h->arena, "%s/%s", h->lxcpath, name);
	assert_int_equal(mount(folder, folder, NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount(NULL, folder, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	manifest(h, name, "  limits.processes: 41\n");
	r = pass(h, PASS_APPLY);
	assert_true(r->summary.failed || r->summary.errors || r->outcomes[0].diagnostics.errors);
	result_free(r);
	assert_string_equal(file(h, name, "evenkeel.conf"), text);
	assert_string_equal(harness_cgroup(h, name, "pids", "pids.max", "pids.max"), "41");
	assert_int_equal(umount2(folder, MNT_DETACH), 0);
	apply(h);
	expect_in_sync(h);
	harness_destroy(h, name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lxc_starts_what_the_file_says),
	    cmocka_unit_test(a_restart_is_waited_for),
	    cmocka_unit_test(raw_lines_wait_for_a_restart),
	    cmocka_unit_test(adopting_keeps_the_rest),
	    cmocka_unit_test(save_config_is_mended),
	    cmocka_unit_test(a_copy_is_mended),
	    cmocka_unit_test(a_stray_copy_is_mended),
	    cmocka_unit_test(a_torn_record_is_rebuilt),
	    cmocka_unit_test(an_id_map_comes_and_goes),
	    cmocka_unit_test(privileged_and_back),
	    cmocka_unit_test(an_included_map_is_refused),
	    cmocka_unit_test(a_read_only_folder_is_reported),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
