/* What other users of the host, and whoever owns a container's folder, may do to us: nothing. */
#include "tests/integration/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	if (setuid(NOBODY) < 0)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_of_sockets_are_taken),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
