#include "tests/integration/harness.h"

#include "reconciler/lifecycle.h"

#include "tests/integration/janitor.h"
#include "tests/skip.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MOST_WORDS 32

extern char **environ;

static void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	size_t n = strlen(text);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		fail_msg("cannot write %s: %s", path, strerror(errno));
	close(fd);
}

static void make_folder(const char *path, mode_t mode)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		fail_msg("cannot make %s: %s", path, strerror(errno));
}

/* Nothing that a test mounts or writes below /etc and /run is seen outside. */
static void enter_namespace(struct harness *h)
{
	static const char *const files[] = {"subuid", "subgid"};
	char text[64];

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		fail_msg("cannot enter a mount namespace: %s", strerror(errno));
	snprintf(text, sizeof(text), "root:%u:65536\n", HARNESS_IDS);
	for (size_t i = 0; i < 2; i++) {
		char *ours = arena_printf(h->arena, "%s/%s", h->etc, files[i]);
		char *theirs = arena_printf(h->arena, "/etc/%s", files[i]);

		write_file(ours, text, 0644);
		if (mount(ours, theirs, NULL, MS_BIND, NULL) < 0)
			fail_msg("cannot mount over %s: %s", theirs, strerror(errno));
	}
	if (mount("ek-test", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0)
		fail_msg("cannot mount over /run: %s", strerror(errno));
}

static void must(int result, const char *what)
{
	if (result < 0)
		fail_msg("cannot %s: %s", what, strerror(errno));
}

/* The /sys that was mounted before goes on to show the other namespace's interfaces. The cgroup
 * trees below it stay. */
static void renew_sys(struct harness *h)
{
	static const char groups[] = "/sys/fs/cgroup";
	char *aside = arena_printf(h->arena, "%s/groups", h->root);

	make_folder(aside, 0700);
	must(mount(groups, aside, NULL, MS_BIND | MS_REC, NULL), "bind the cgroup trees");
	must(mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "mount /sys");
	must(mount(aside, groups, NULL, MS_MOVE, NULL), "move the cgroup trees");
	must(rmdir(aside), "remove a mount point");
}

static void raise_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(fd, "open a socket");
	must(ioctl(fd, SIOCSIFFLAGS, &request), "raise lo");
	close(fd);
}

void harness_own_network(struct harness *h)
{
	static pid_t owner; /* a forked child with a harness of its own has none yet */

	if (owner == getpid())
		return;
	owner = getpid();
	must(unshare(CLONE_NEWNET), "enter a network namespace");
	renew_sys(h);
	raise_loopback();
}

static const char *program_path(struct arena *a)
{
	char path[4096], *cut;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	assert_true(n > 0);
	path[n] = '\0';
	cut = strstr(path, "/tests/");
	if (cut)
		*cut = '\0';
	return arena_printf(a, "%s/evenkeel", path);
}

int harness_setup(void **state)
{
	char template[] = "/tmp/ek-test-XXXXXX";
	struct arena *a;
	struct harness *h;

	*state = NULL;
	if (geteuid() != 0)
		return 0;
	a = arena_new();
	h = arena_alloc(a, sizeof(*h));
	h->arena = a;
	if (!mkdtemp(template) || chmod(template, 0711) < 0)
		return -1;
	h->root = arena_strdup(a, template);
	h->lxcpath = arena_printf(a, "%s/lxc", template);
	h->manifests = arena_printf(a, "%s/manifests", template);
	h->etc = arena_printf(a, "%s/etc", template);
	h->program = program_path(a);
	jobs_set_program(h->program);
	umask(022);
	make_folder(h->lxcpath, 0711);
	make_folder(h->manifests, 0755);
	make_folder(h->etc, 0755);
	enter_namespace(h);
	if (janitor_start(h->root, h->lxcpath, &h->janitor, &h->janitor_pid) < 0)
		return -1;
	*state = h;
	return 0;
}

int harness_teardown(void **state)
{
	struct harness *h = *state;
	int status;

	if (!h)
		return 0;
	/* Not only closed: a copy of it may live on in a forked monitor. */
	shutdown(h->janitor, SHUT_RDWR);
	close(h->janitor);
	if (waitpid(h->janitor_pid, &status, 0) < 0)
		status = -1;
	arena_free(h->arena);
	return status == 0 ? 0 : -1;
}

struct harness *harness_require_root(void **state)
{
	if (!*state)
		skip_because("needs root and real containers");
	return *state;
}

const char *harness_name(struct harness *h, const char *tag)
{
	return arena_printf(h->arena, "ek-test-%ld-%s", (long)getpid(), tag);
}

/* ---- containers ---- */

static const char inittab[] = "::sysinit:/bin/true\n::respawn:/bin/sleep 86400\n";
static const char *const folders[] = {"bin", "sbin", "etc", "dev", "proc",    "sys",
				      "tmp", "root", "mnt", "run", "var/run", NULL};
static const char *const applets[] = {"sh",    "sleep", "true", "cat", "ls",    "mkdir",  "mount",
				      "stat",  "touch", "id",   "ps",  "chown", "umount", "dd",
				      "mknod", "ip",    "env",  "rm",  "test",  "sysctl", NULL};

/* busybox is copied once per test process; containers hold hard links to it. */
static const char *busybox(struct harness *h)
{
	char *path = arena_printf(h->arena, "%s/busybox", h->root);

	if (access(path, F_OK) < 0) {
		assert_int_equal(harness_run(h, NULL, "cp", "/usr/bin/busybox", path, NULL), 0);
		assert_int_equal(chmod(path, 0755), 0);
	}
	return path;
}

static void make_rootfs(struct harness *h, const char *rootfs)
{
	char path[4096];

	make_folder(rootfs, 0755);
	snprintf(path, sizeof(path), "%s/var", rootfs);
	make_folder(path, 0755);
	for (size_t i = 0; folders[i]; i++) {
		snprintf(path, sizeof(path), "%s/%s", rootfs, folders[i]);
		make_folder(path, 0755);
	}
	snprintf(path, sizeof(path), "%s/sbin/init", rootfs);
	assert_int_equal(link(busybox(h), path), 0);
	for (size_t i = 0; applets[i]; i++) {
		snprintf(path, sizeof(path), "%s/bin/%s", rootfs, applets[i]);
		assert_int_equal(symlink("/sbin/init", path), 0);
	}
	snprintf(path, sizeof(path), "%s/etc/inittab", rootfs);
	write_file(path, inittab, 0644);
	snprintf(path, sizeof(path), "%s/etc/passwd", rootfs);
	write_file(path, "root:x:0:0:root:/root:/bin/sh\n", 0644);
}

void harness_create(struct harness *h, const char *name, const char *more)
{
	char *folder = arena_printf(h->arena, "%s/%s", h->lxcpath, name);

	make_folder(folder, 0711);
	make_rootfs(h, arena_printf(h->arena, "%s/rootfs", folder));
	write_file(arena_printf(h->arena, "%s/config", folder),
		   arena_printf(h->arena,
				"lxc.include = /usr/share/lxc/config/common.conf\n"
				"lxc.include = /usr/share/lxc/config/userns.conf\n"
				"lxc.idmap = u 0 %u 65536\n"
				"lxc.idmap = g 0 %u 65536\n"
				"lxc.rootfs.path = dir:%s/rootfs\n"
				"lxc.rootfs.options = idmap=container\n"
				"lxc.uts.name = %s\n"
				"lxc.apparmor.profile = unconfined\n"
				"lxc.signal.halt = SIGUSR1\n"
				"lxc.signal.reboot = SIGTERM\n"
				"lxc.tty.max = 0\n"
				"lxc.net.0.type = empty\n"
				"%s",
				HARNESS_IDS, HARNESS_IDS, folder, name, more ? more : ""),
		   0640);
}

int harness_try_start(struct harness *h, const char *name, char **output)
{
	return harness_run(h, output, "lxc-start", "-P", h->lxcpath, "-n", name, "-d", NULL);
}

/* What lxc-start does not say on its own output. */
static const char *start_log(struct harness *h, const char *name)
{
	const char *log;

	harness_run(h, NULL, "timeout", "10", "lxc-start", "-P", h->lxcpath, "-n", name, "-d", "-l",
		    "ERROR", "-o", arena_printf(h->arena, "%s/start.log", h->root), NULL);
	log = harness_read(h, "%s/start.log", h->root);
	return log ? log : "";
}

pid_t harness_start(struct harness *h, const char *name)
{
	char *output;
	pid_t pid;

	if (harness_try_start(h, name, &output) != 0)
		fail_msg("%s does not start: %s%s", name, output, start_log(h, name));
	pid = harness_init(h, name);
	assert_true(pid > 0);
	return pid;
}

static pid_t spawn(const char *const *words, int output)
{
	posix_spawn_file_actions_t files;
	pid_t pid;
	int error;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, output, 1);
	posix_spawn_file_actions_adddup2(&files, output, 2);
	error = posix_spawnp(&pid, words[0], &files, NULL, (char *const *)words, environ);
	posix_spawn_file_actions_destroy(&files);
	if (error)
		fail_msg("cannot run %s: %s", words[0], strerror(error));
	return pid;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void harness_start_all(struct harness *h, const char *const *names, size_t n)
{
	pid_t running[2] = {0, 0};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (size_t i = 0; i < n + 2; i++) {
		pid_t *slot = &running[i % 2];

		if (*slot)
			assert_int_equal(wait_for(*slot), 0);
		*slot = 0;
		if (i < n) {
			const char *words[] = {"lxc-start", "-P", h->lxcpath, "-n",
					       names[i],    "-d", NULL};

			*slot = spawn(words, null);
		}
	}
	close(null);
}

void harness_stop(struct harness *h, const char *name)
{
	harness_run(h, NULL, "lxc-stop", "-k", "-P", h->lxcpath, "-n", name, NULL);
	janitor_wait(h->lxcpath, name);
}

void harness_destroy(struct harness *h, const char *name)
{
	harness_stop(h, name);
	janitor_remove(arena_printf(h->arena, "%s/%s", h->lxcpath, name));
}

pid_t harness_init(struct harness *h, const char *name)
{
	return janitor_init(h->lxcpath, name);
}

/* ---- cgroups ---- */

/* The line of /proc/PID/cgroup for CONTROLLER: "4:memory:/x", else the unified "0::/x". */
static char *controller_line(char *text, const char *controller, bool *v1)
{
	char *unified = NULL, *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		if (!strcmp(names, ":"))
			unified = path;
		for (char *word = strtok(names + 1, ","); word; word = strtok(NULL, ",")) {
			if (!strcmp(word, controller)) {
				*v1 = true;
				return path;
			}
		}
	}
	*v1 = false;
	return unified;
}

static char *group_of(struct harness *h, const char *name, const char *controller, bool *v1)
{
	pid_t pid = harness_init(h, name);
	char *text = pid > 0 ? harness_read(h, "/proc/%ld/cgroup", (long)pid) : NULL;
	char *path = text ? controller_line(text, controller, v1) : NULL;

	if (!path)
		return NULL;
	if (*v1)
		return arena_printf(h->arena, "/sys/fs/cgroup/%s%s", controller, path);
	if (access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0)
		return arena_printf(h->arena, "/sys/fs/cgroup%s", path);
	return arena_printf(h->arena, "/sys/fs/cgroup/unified%s", path);
}

char *harness_cgroup_path(struct harness *h, const char *name, const char *controller)
{
	bool v1;

	return group_of(h, name, controller, &v1);
}

char *harness_cgroup(struct harness *h, const char *name, const char *controller, const char *v1,
		     const char *v2)
{
	bool old;
	char *group = group_of(h, name, controller, &old);
	char *text = group ? harness_read(h, "%s/%s", group, old || !v2 ? v1 : v2) : NULL;
	size_t n = text ? strlen(text) : 0;

	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	return text;
}

int harness_cgroup_write(struct harness *h, const char *name, const char *controller,
			 const char *v1, const char *v2, const char *text)
{
	bool old;
	char *group = group_of(h, name, controller, &old);
	int fd, error = 0;

	if (!group)
		return -ESRCH;
	fd = open(arena_printf(h->arena, "%s/%s", group, old || !v2 ? v1 : v2),
		  O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		error = -errno;
	close(fd);
	return error;
}

/* ---- files ---- */

static void make_parents(char *path)
{
	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		make_folder(path, 0755);
		*p = '/';
	}
}

void harness_manifest(struct harness *h, const char *path, const char *format, ...)
{
	char *full = arena_printf(h->arena, "%s/%s", h->manifests, path);
	char *aside = arena_printf(h->arena, "%s/next", h->root);
	va_list args;

	va_start(args, format);
	write_file(aside, arena_vprintf(h->arena, format, args), 0644);
	va_end(args);
	make_parents(full);
	assert_int_equal(rename(aside, full), 0);
}

void harness_manifests_clear(struct harness *h)
{
	janitor_remove(h->manifests);
	make_folder(h->manifests, 0755);
}

static char *read_fd(struct harness *h, int fd)
{
	size_t n = 0, size = 8192;
	char *text = arena_alloc(h->arena, size);
	ssize_t got;

	while ((got = read(fd, text + n, size - n - 1)) > 0) {
		n += (size_t)got;
		if (n + 1 == size) {
			char *larger = arena_alloc(h->arena, size * 2);

			memcpy(larger, text, n);
			text = larger;
			size *= 2;
		}
	}
	text[n] = '\0';
	return got < 0 ? NULL : text;
}

char *harness_read(struct harness *h, const char *format, ...)
{
	va_list args;
	char *path, *text;
	int fd;

	va_start(args, format);
	path = arena_vprintf(h->arena, format, args);
	va_end(args);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	text = read_fd(h, fd);
	close(fd);
	return text;
}

void harness_write(struct harness *h, const char *path, const char *text)
{
	(void)h;
	write_file(path, text, 0644);
}

/* ---- programs ---- */

/* Into a file, not a pipe: a container's monitor that keeps the output open holds nobody up. */
int harness_run_words(struct harness *h, char **output, const char *const *words)
{
	int fd = memfd_create("output", MFD_CLOEXEC), status;

	assert_true(fd >= 0);
	status = wait_for(spawn(words, fd));
	lseek(fd, 0, SEEK_SET);
	if (output)
		*output = read_fd(h, fd);
	close(fd);
	return status;
}

static void gather(const char **words, size_t n, va_list args)
{
	while ((words[n] = va_arg(args, const char *)))
		assert_true(++n < MOST_WORDS);
}

int harness_run(struct harness *h, char **output, const char *word, ...)
{
	const char *words[MOST_WORDS] = {word};
	va_list args;

	va_start(args, word);
	gather(words, 1, args);
	va_end(args);
	return harness_run_words(h, output, words);
}

int harness_evenkeel(struct harness *h, char **output, const char *command, ...)
{
	const char *words[MOST_WORDS] = {
	    h->program, command, "-d", h->manifests, "-P", h->lxcpath, "--etc", h->etc,
	};
	va_list args;

	va_start(args, command);
	gather(words, 8, args);
	va_end(args);
	return harness_run_words(h, output, words);
}

int harness_attach(struct harness *h, const char *name, char **output, const char *command)
{
	return harness_run(h, output, "lxc-attach", "-P", h->lxcpath, "-n", name, "--clear-env",
			   "--", "/bin/sh", "-c", command, NULL);
}
