/*
 * A system call that fails in the middle of an apply, no memory, no file descriptors, no disk: it
 * ends by itself and not by a signal, and a clean apply afterwards makes everything as it shall be.
 */
#include "tests/integration/harness.h"
#include "tests/skip.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define STEP 6 /* every so many calls; EVENKEEL_SOAK: every one */
#define MOST_CALLS 100000
#define SECONDS "60" /* after which it hangs */

static const struct fault {
	const char *call, *error;
} faults[] = {
    {"openat",       "EMFILE"},
    {"openat",       "EIO"   },
    {"read",         "EIO"   },
    {"pread64",      "EIO"   },
    {"write",        "ENOSPC"},
    {"getdents64",   "EIO"   },
    {"openat2",      "ENOMEM"},
    {"newfstatat",   "EIO"   },
    {"renameat",     "EIO"   },
    {"unlinkat",     "EROFS" },
    {"syncfs",       "EIO"   },
    {"mkdir",        "EROFS" },
    {"flock",        "ENOLCK"},
    {"prlimit64",    "EPERM" },
    {"pidfd_open",   "EMFILE"},
    {"memfd_create", "EMFILE"},
    {"pipe2",        "EMFILE"},
    {"clone",        "EAGAIN"},
    {"socket",       "EMFILE"},
    {"setns",        "EPERM" },
};

/* Two configurations: between them limits change, come and go. */
static void manifest(struct harness *h, const char *name, bool second)
{
	harness_manifest(h, "profiles/default.yaml", "config: {limits.kernel.core: 1000}\n");
	harness_manifest(h, "instances/one.yaml",
			 "kind: instance\nname: %s\nconfig:\n"
			 "  limits.processes: %s\n"
			 "%s",
			 name, second ? "200" : "100",
			 second ? "  limits.memory: 64MiB\n"
				  "  environment.A: b\n"
				  "  linux.sysctl.net.ipv4.ip_forward: 1\n"
				: "  limits.cpu.allowance: 50ms/100ms\n"
				  "  limits.memory.oom_priority: 10\n");
}

static void expect_limit(struct harness *h, const char *name, const char *controller,
			 const char *v1, const char *v2, const char *value, const char *after)
{
	char *now = harness_cgroup(h, name, controller, v1, v2);

	if (!now || strncmp(now, value, strlen(value)) != 0)
		fail_msg("after %s: %s is %s, not %s", after, v1, now ? now : "gone", value);
}

/* Nothing of ours but the boot file is left beside the config. */
static void expect_no_leftovers(struct harness *h, const char *name, const char *after)
{
	DIR *dir = opendir(arena_printf(h->arena, "%s/%s", h->lxcpath, name));
	const struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (strncmp(entry->d_name, ".evenkeel", 9) == 0)
			fail_msg("after %s, left behind: %s", after, entry->d_name);
	closedir(dir);
}

/* What the other configuration asked for must have gone: forgotten, it would stay for good. */
static void expect_converged(struct harness *h, const char *name, bool second, const char *after)
{
	char *output;

	if (harness_evenkeel(h, &output, "apply", NULL) != 0)
		fail_msg("after %s, the next apply failed:\n%s", after, output);
	if (harness_evenkeel(h, &output, "diff", NULL) != 0)
		fail_msg("after %s, not in sync:\n%s", after, output);
	expect_limit(h, name, "pids", "pids.max", NULL, second ? "200" : "100", after);
	expect_limit(h, name, "memory", "memory.limit_in_bytes", "memory.max",
		     second ? "67108864" : "", after);
	if (!second &&
	    strncmp(harness_cgroup(h, name, "memory", "memory.limit_in_bytes", "memory.max"),
		    "67108864", 8) == 0)
		fail_msg("after %s: the memory limit stayed and is nobody's any more", after);
	if (second &&
	    strncmp(harness_cgroup(h, name, "cpu", "cpu.cfs_quota_us", "cpu.max"), "50000", 5) == 0)
		fail_msg("after %s: the quota stayed and is nobody's any more", after);
	expect_no_leftovers(h, name, after);
}

static void expect_end(int status, const char *output, const char *after)
{
	/* 127: the loader found no library */
	if (status > 2 && status != 127)
		fail_msg("%s: ended with %d:\n%s", after, status, output);
	if (strstr(output, "runtime error") || strstr(output, "AddressSanitizer: "))
		fail_msg("%s:\n%s", after, output);
}

/* An apply whose N-th CALL fails. False: it makes fewer. */
static bool apply_with(struct harness *h, const struct fault *f, size_t n, const char **after)
{
	const char *trace = arena_printf(h->arena, "%s/trace", h->root);
	char *output, *text;
	int status;

	*after = arena_printf(h->arena, "%s %zu: %s", f->call, n, f->error);
	status = harness_run(
	    h, &output, "timeout", SECONDS, "strace", "-f", "-qq", "-o", trace, "-e",
	    arena_printf(h->arena, "trace=%s", f->call), "-e",
	    arena_printf(h->arena, "inject=%s:error=%s:when=%zu", f->call, f->error, n), h->program,
	    "apply", "-d", h->manifests, "-P", h->lxcpath, "--etc", h->etc, NULL);
	expect_end(status, output, *after);
	text = harness_read(h, "%s", trace);
	return text && strstr(text, "(INJECTED)");
}

static const char *start(struct harness *h, const char *tag)
{
	const char *name = harness_name(h, tag);

	harness_create(h, name, NULL);
	harness_start(h, name);
	manifest(h, name, true);
	assert_int_equal(harness_evenkeel(h, NULL, "apply", NULL), 0);
	return name;
}

/* The sanitizer asks for its stack's limit, and aborts when it is not told. */
static bool is_sanitizers_own(const struct harness *h, const struct fault *f)
{
	return strstr(h->program, "/asan/") && strcmp(f->call, "prlimit64") == 0;
}

static void any_call_may_fail(void **state)
{
	struct harness *h = harness_require_root(state);
	size_t step = getenv("EVENKEEL_SOAK") ? 1 : STEP;
	const char *name, *after;
	bool second = true;

	if (harness_run(h, NULL, "strace", "-V", NULL) != 0)
		skip_because("needs strace");
	name = start(h, "call");
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		bool failed = !is_sanitizers_own(h, &faults[i]);

		/* another start for each: sparse samples of different calls */
		for (size_t n = 1 + i % step; failed; n += step) {
			second = !second;
			manifest(h, name, second);
			failed = apply_with(h, &faults[i], n, &after);
			expect_converged(h, name, second, after);
			assert_true(n < MOST_CALLS);
		}
	}
	harness_destroy(h, name);
	harness_manifests_clear(h);
}

static void run_limited(struct harness *h, const char *limit, const char *command)
{
	char *output;
	int status =
	    harness_run(h, &output, "timeout", SECONDS, "prlimit", limit, h->program, command, "-d",
			h->manifests, "-P", h->lxcpath, "--etc", h->etc, NULL);

	expect_end(status, output, arena_printf(h->arena, "%s %s", command, limit));
}

static void run_validate_limited(struct harness *h, const char *limit)
{
	char *output;
	int status = harness_run(h, &output, "timeout", SECONDS, "prlimit", limit, h->program,
				 "validate", h->manifests, NULL);

	expect_end(status, output, arena_printf(h->arena, "validate %s", limit));
}

static void file_descriptors_may_run_out(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = start(h, "fds");
	bool second = true;

	for (int n = 3; n < 40; n++) {
		const char *limit = arena_printf(h->arena, "--nofile=%d:20000", n);

		second = !second;
		manifest(h, name, second);
		run_validate_limited(h, limit);
		run_limited(h, limit, "diff");
		run_limited(h, limit, "apply");
		expect_converged(h, name, second, limit);
	}
	harness_destroy(h, name);
	harness_manifests_clear(h);
}

/* Sanitizers need address space of their own. */
/* With less the kernel ends a program in the middle of execve(2): that says nothing of ours. */
static unsigned least_kib(struct harness *h)
{
	unsigned kib = 1024;

	while (kib < 40 * 1024 &&
	       harness_run(h, NULL, "prlimit", arena_printf(h->arena, "--as=%u", kib * 1024),
			   h->program, "--version", NULL) != 0)
		kib += 256;
	return kib + 1024;
}

static void memory_may_run_out(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name;
	bool second = true;

	if (strstr(h->program, "/asan/"))
		skip_because("the sanitizer needs address space of its own");
	name = start(h, "memory");
	for (unsigned kib = least_kib(h); kib < 40 * 1024;
	     kib += getenv("EVENKEEL_SOAK") ? 32 : 512) {
		const char *limit = arena_printf(h->arena, "--as=%u", kib * 1024);

		second = !second;
		manifest(h, name, second);
		run_validate_limited(h, limit);
		run_limited(h, limit, "apply");
		expect_converged(h, name, second, limit);
	}
	harness_destroy(h, name);
	harness_manifests_clear(h);
}

/* Without anywhere to read from or write to, what is to be done is done all the same. */
static void streams_may_be_closed(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = start(h, "streams");
	static const char *const streams[] = {"<&- >&- 2>&-", ">/dev/full 2>/dev/full", "2>&-"};

	for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++) {
		bool second = i % 2;
		int status;

		manifest(h, name, second);
		status = harness_run(h, NULL, "sh", "-c",
				     arena_printf(h->arena, "exec \"$0\" \"$@\" %s", streams[i]),
				     h->program, "apply", "-d", h->manifests, "-P", h->lxcpath,
				     "--etc", h->etc, NULL);
		/* output that was lost is trouble; errors that were lost are not looked for */
		assert_int_equal(status, i == 2 ? 0 : 2);
		expect_limit(h, name, "pids", "pids.max", NULL, second ? "200" : "100", streams[i]);
		expect_converged(h, name, second, streams[i]);
	}
	harness_destroy(h, name);
	harness_manifests_clear(h);
}

static void fill(struct harness *h, const char *path)
{
	char zeros[4096] = {0};
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	(void)h;
	assert_true(fd >= 0);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

static void ask_for(struct harness *h, const char *name, const char *value)
{
	harness_manifest(h, "instances/one.yaml",
			 "kind: instance\nname: %s\nconfig: {environment.A: %s}\n", name, value);
}

static void a_disk_may_be_full_or_read_only(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "disk");
	char *folder = arena_printf(h->arena, "%s/%s", h->lxcpath, name), *junk, *before, *config;
	char *output;

	assert_int_equal(mkdir(folder, 0711), 0);
	assert_int_equal(mount("ek-test", folder, "tmpfs", MS_NOSUID | MS_NODEV, "size=32k"), 0);
	harness_write(h, arena_printf(h->arena, "%s/config", folder), "lxc.uts.name = disk\n");
	ask_for(h, name, "first");
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 0);
	before = harness_read(h, "%s/evenkeel.conf", folder);
	config = harness_read(h, "%s/config", folder);
	assert_non_null(strstr(before, "A=first"));

	junk = arena_printf(h->arena, "%s/junk", folder);
	for (int round = 0; round < 2; round++) {
		if (round == 0)
			fill(h, junk);
		else
			assert_int_equal(mount(NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL),
					 0);
		ask_for(h, name, "second");
		assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 1);
		assert_non_null(strstr(output, strerror(round == 0 ? ENOSPC : EROFS)));
		assert_string_equal(harness_read(h, "%s/evenkeel.conf", folder), before);
		assert_string_equal(harness_read(h, "%s/config", folder), config);
		expect_no_leftovers(h, name, strerror(round == 0 ? ENOSPC : EROFS));
		if (round == 0)
			assert_int_equal(unlink(junk), 0);
		else
			assert_int_equal(mount(NULL, folder, NULL, MS_REMOUNT, NULL), 0);
	}
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 0);
	assert_non_null(strstr(harness_read(h, "%s/evenkeel.conf", folder), "A=second"));
	assert_int_equal(umount(folder), 0);
	assert_int_equal(rmdir(folder), 0);
	harness_manifests_clear(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_call_may_fail),
	    cmocka_unit_test(file_descriptors_may_run_out),
	    cmocka_unit_test(memory_may_run_out),
	    cmocka_unit_test(streams_may_be_closed),
	    cmocka_unit_test(a_disk_may_be_full_or_read_only),
	};

	/* The sanitizer cannot look for leaks of a traced program, and libraries leak on errors. */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
