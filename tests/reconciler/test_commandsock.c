/* The sockets of monitors: names that anybody may take, and whose they are. */
#include "reconciler/commandsock.h"
#include "schema/arena.h"

#include "tests/skip.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

static int listen_on(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(strlen(name) < sizeof(address.sun_path) - 1);
	memcpy(address.sun_path + 1, name, strlen(name));
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))),
	    0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

/* A path that nobody else has. */
static const char *path_of_test(struct arena *a, const char *rest)
{
	return arena_printf(a, "/tmp/ek-test-%ld%s", (long)getpid(), rest);
}

static size_t list(int dir, const char *path, struct arena *a, const char ***names)
{
	size_t n = 0;

	assert_int_equal(commandsock_list(dir, path, a, names, &n), 0);
	return n;
}

static void names_of_the_path_are_listed(void **state)
{
	struct arena *a = arena_new();
	const char *path = path_of_test(a, ""), **names;
	int fds[] = {
	    listen_on(arena_printf(a, "%s/web2/command", path)),
	    listen_on(arena_printf(a, "%s/web1/command", path)),
	    listen_on(arena_printf(a, "%s/web1/deeper/command", path)),
	    listen_on(arena_printf(a, "%s/web3/monitor", path)),
	    listen_on(arena_printf(a, "%s//command", path)),
	    listen_on(arena_printf(a, "%sx/web4/command", path)),
	    listen_on(arena_printf(a, "lxc/%016lx/command", (long)getpid())),
	};

	(void)state;
	assert_int_equal(list(-1, path, a, &names), 2);
	assert_string_equal(names[0], "web1");
	assert_string_equal(names[1], "web2");
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		close(fds[i]);
	assert_int_equal(list(-1, path, a, &names), 0);
	arena_free(a);
}

/* liblxc hashes what does not fit: 16 digits of FNV-1a over "PATH/NAME". */
static void a_long_path_is_known_by_its_hash(void **state)
{
	struct arena *a = arena_new();
	char tail[120] = "/";
	const char *path, *full, **names;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	int dir, fd;

	(void)state;
	memset(tail + 1, 'x', 100);
	path = path_of_test(a, "");
	assert_int_equal(mkdir(path, 0755), 0);
	path = path_of_test(a, tail);
	assert_int_equal(mkdir(path, 0755), 0);
	full = arena_printf(a, "%s/web1", path);
	assert_int_equal(mkdir(full, 0755), 0);
	for (const char *c = full; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	fd = listen_on(arena_printf(a, "lxc/%016lx/command", (unsigned long)hash));
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(list(dir, path, a, &names), 1);
	assert_string_equal(names[0], "web1");
	assert_int_equal(commandsock_listener(path, "web1", NULL), LISTENER_OURS);
	assert_int_equal(commandsock_listener(path, "web2", NULL), LISTENER_NONE);
	close(fd);
	close(dir);
	assert_int_equal(rmdir(full), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(path_of_test(a, "")), 0);
	arena_free(a);
}

static void who_listens_is_told(void **state)
{
	struct arena *a = arena_new();
	const char *path = path_of_test(a, "");
	int fd;

	(void)state;
	assert_int_equal(commandsock_listener(path, "web1", NULL), LISTENER_NONE);
	fd = listen_on(arena_printf(a, "%s/web1/command", path));
	assert_int_equal(commandsock_listener(path, "web1", NULL), LISTENER_OURS);
	close(fd);
	arena_free(a);
}

/* Whoever takes the name first has it; never answering, he would be waited for. */
static void a_foreign_listener_is_found_out(void **state)
{
	struct arena *a;
	const char *path;
	int ready[2];
	uid_t uid = 0;
	pid_t pid;
	char c;

	(void)state;
	if (geteuid() != 0)
		skip_because("only root has a second user");
	a = arena_new();
	path = path_of_test(a, "-foreign");
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (setuid(NOBODY) < 0)
			_exit(1);
		listen_on(arena_printf(a, "%s/web1/command", path));
		c = 'x';
		if (write(ready[1], &c, 1) == 1)
			pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(commandsock_listener(path, "web1", &uid), LISTENER_FOREIGN);
	assert_int_equal(uid, NOBODY);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_of_the_path_are_listed),
	    cmocka_unit_test(a_long_path_is_known_by_its_hash),
	    cmocka_unit_test(who_listens_is_told),
	    cmocka_unit_test(a_foreign_listener_is_found_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
