/* What other users of the host, and whoever owns a container's folder, may do to us: nothing. */
#include "tests/integration/harness.h"
#include "tests/skip.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY 65534
#define SECONDS "20" /* after which it hangs */

/* Another user takes the names of sockets and never answers. Returns the process. */
static pid_t squat(const char *const *names, size_t n)
{
	int ready[2];
	pid_t pid;
	char c = 'x';

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid != 0) {
		close(ready[1]);
		assert_int_equal(read(ready[0], &c, 1), 1);
		close(ready[0]);
		return pid;
	}
	if (setuid(NOBODY) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		_exit(1);
	for (size_t i = 0; i < n; i++) {
		struct sockaddr_un address = {.sun_family = AF_UNIX};
		size_t length = strlen(names[i]);
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		memcpy(address.sun_path + 1, names[i], length);
		if (bind(fd, (struct sockaddr *)&address,
			 (socklen_t)(sizeof(address.sun_family) + 1 + length)) < 0 ||
		    listen(fd, 5) < 0)
			_exit(1);
	}
	if (write(ready[1], &c, 1) == 1)
		pause();
	_exit(0);
}

static int evenkeel(struct harness *h, char **output, const char *command)
{
	return harness_run(h, output, "timeout", SECONDS, h->program, command, "-d", h->manifests,
			   "-P", h->lxcpath, "--etc", h->etc, NULL);
}

static void names_of_sockets_are_taken(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "squat");
	const char *names[] = {
	    arena_printf(h->arena, "%s/%s/command", h->lxcpath, name),
	    arena_printf(h->arena, "lxc/%016lx/command", (long)getpid()),
	};
	char *output;
	pid_t pid;

	harness_create(h, name, NULL);
	harness_manifest(h, "instances/one.yaml",
			 "kind: instance\nname: %s\nconfig:\n  limits.processes: 100\n", name);
	pid = squat(names, 2);
	assert_int_equal(evenkeel(h, &output, "apply"), 0);
	assert_int_equal(evenkeel(h, &output, "diff"), 0);
	assert_int_equal(evenkeel(h, &output, "status"), 0);
	assert_non_null(strstr(output, "stopped"));
	harness_manifest(h, "instances/one.yaml", "kind: instance\nname: %s\nstate: running\n",
			 name);
	assert_int_equal(evenkeel(h, &output, "apply"), 1);
	assert_non_null(strstr(output, "65534"));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(evenkeel(h, &output, "apply"), 0);
	harness_destroy(h, name);
	harness_manifests_clear(h);
}

static const char *const hierarchies[] = {"cpu",     "memory", "pids",  "devices",
					  "freezer", "blkio",  "cpuset"};

#define N_HIERARCHIES (sizeof(hierarchies) / sizeof(*hierarchies))
#define LEVELS 18 /* of 250 bytes: more than PATH_MAX */

/* Nested groups with long names; PID goes into the deepest. Returns the fds, outermost first. */
static void nest(const char *group, int levels, int *fds, pid_t pid)
{
	char component[251], text[32];
	int procs, dir = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	memset(component, 'n', 250);
	component[250] = '\0';
	fds[0] = dir;
	assert_true(dir >= 0);
	for (int i = 1; i <= levels; i++) {
		assert_int_equal(mkdirat(fds[i - 1], component, 0755), 0);
		fds[i] = openat(fds[i - 1], component, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(fds[i] >= 0);
	}
	procs = openat(fds[levels], "cgroup.procs", O_WRONLY | O_CLOEXEC);
	snprintf(text, sizeof(text), "%d", (int)pid);
	assert_int_equal(write(procs, text, strlen(text)), strlen(text));
	close(procs);
}

static void unnest(int levels, const int *fds)
{
	char component[251], text[32];
	int from, to, error = -1;
	FILE *f;

	memset(component, 'n', 250);
	component[250] = '\0';
	from = openat(fds[levels], "cgroup.procs", O_RDONLY | O_CLOEXEC);
	to = openat(fds[0], "cgroup.procs", O_WRONLY | O_CLOEXEC);
	f = fdopen(from, "r");
	while (fgets(text, sizeof(text), f))
		error = write(to, text, strlen(text)) < 0;
	fclose(f);
	close(to);
	assert_int_equal(error, 0);
	for (int i = levels; i > 0; i--) {
		close(fds[i]);
		assert_int_equal(unlinkat(fds[i - 1], component, AT_REMOVEDIR), 0);
	}
	close(fds[0]);
}

/* A process hides in groups whose names fill its cgroup file beyond any buffer. */
static void a_process_does_not_hide_behind_long_names(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "long");
	int fds[N_HIERARCHIES][LEVELS + 1], levels;
	char *output;
	pid_t pid;

	harness_create(h, name, NULL);
	harness_start(h, name);
	if (strncmp(harness_cgroup_path(h, name, "pids"), "/sys/fs/cgroup/pids", 19) != 0)
		skip_because("needs cgroup v1");
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	for (int round = 0; round < 2; round++) {
		/* the second time the kernel finds it too long to say */
		levels = round == 0 ? 6 : LEVELS;
		for (size_t i = 0; i < N_HIERARCHIES; i++)
			nest(harness_cgroup_path(h, name, hierarchies[i]), levels, fds[i], pid);
		harness_manifest(
		    h, "instances/one.yaml",
		    "kind: instance\nname: %s\nconfig:\n  limits.kernel.nofile: %d:20000\n", name,
		    300 + round);
		assert_int_equal(evenkeel(h, &output, "apply"), 0);
		assert_int_equal(evenkeel(h, &output, "diff"), 0);
		output = harness_read(h, "/proc/%d/limits", (int)pid);
		assert_non_null(strstr(output, round == 0 ? " 300 " : " 301 "));
		for (size_t i = 0; i < N_HIERARCHIES; i++)
			unnest(levels, fds[i]);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	harness_destroy(h, name);
	harness_manifests_clear(h);
}

static int limit_of(struct harness *h, const char *name)
{
	return atoi(harness_cgroup(h, name, "pids", "pids.max", NULL));
}

/* Hints and locks of a folder that others could write are nobody's. */
static void an_open_state_folder_is_not_believed(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "open");
	char *output;

	harness_create(h, name, NULL);
	harness_start(h, name);
	harness_manifest(h, "instances/one.yaml",
			 "kind: instance\nname: %s\nconfig:\n  limits.processes: 100\n", name);
	assert_int_equal(evenkeel(h, &output, "apply"), 0);
	assert_int_equal(chmod("/run/evenkeel", 0777), 0);
	harness_manifest(h, "instances/one.yaml",
			 "kind: instance\nname: %s\nconfig:\n  limits.processes: 200\n", name);
	assert_int_equal(evenkeel(h, &output, "diff"), 1);
	assert_int_equal(evenkeel(h, &output, "apply"), 2);
	assert_non_null(strstr(output, "rm -rf /run/evenkeel"));
	assert_int_equal(limit_of(h, name), 100);
	assert_int_equal(chmod("/run/evenkeel", 0700), 0);
	assert_int_equal(evenkeel(h, &output, "apply"), 0);
	assert_int_equal(limit_of(h, name), 200);
	harness_destroy(h, name);
	harness_manifests_clear(h);
}

/* The folder's owner replaces what we wrote: a FIFO does not hold us up, a copy is no record. */
static void a_folder_of_the_containers_root_is_not_believed(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "folder");
	char *folder = arena_printf(h->arena, "%s/%s", h->lxcpath, name);
	char *file = arena_printf(h->arena, "%s/evenkeel.conf", folder), *output, *text;

	harness_create(h, name, NULL);
	assert_int_equal(chown(folder, HARNESS_IDS, HARNESS_IDS), 0);
	harness_start(h, name);
	harness_manifest(h, "instances/one.yaml",
			 "kind: instance\nname: %s\nconfig:\n  limits.processes: 100\n"
			 "  boot.autostart: true\n",
			 name);
	assert_int_equal(evenkeel(h, &output, "apply"), 0);
	text = harness_read(h, "%s", file);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(unlink(file), 0);
		if (round == 0) {
			assert_int_equal(mkfifo(file, 0600), 0);
		} else {
			harness_write(h, file, text);
			assert_int_equal(chown(file, HARNESS_IDS, HARNESS_IDS), 0);
		}
		assert_int_equal(evenkeel(h, &output, "diff"), 1);
		assert_int_equal(harness_run(h, &output, "timeout", SECONDS, h->program, "export",
					     "-P", h->lxcpath, "--etc", h->etc, name, NULL),
				 0);
		assert_int_equal(evenkeel(h, &output, "apply"), 0);
		assert_int_equal(evenkeel(h, &output, "diff"), 0);
		assert_string_equal(harness_read(h, "%s", file), text);
	}
	file = arena_printf(h->arena, "%s/config", folder);
	text = harness_read(h, "%s", file);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	harness_manifest(h, "instances/one.yaml",
			 "kind: instance\nname: %s\nconfig:\n  limits.processes: 200\n", name);
	assert_int_equal(evenkeel(h, &output, "apply"), 1);
	assert_int_equal(unlink(file), 0);
	harness_write(h, file, text);
	assert_int_equal(evenkeel(h, &output, "apply"), 0);
	harness_destroy(h, name);
	harness_manifests_clear(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_of_sockets_are_taken),
	    cmocka_unit_test(a_process_does_not_hide_behind_long_names),
	    cmocka_unit_test(an_open_state_folder_is_not_believed),
	    cmocka_unit_test(a_folder_of_the_containers_root_is_not_believed),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
