#include "tests/integration/janitor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MOST_CONTAINERS 2048
#define MOST_GROUPS 16 /* hierarchies of one process */

struct monitor {
	pid_t pid, init;
};

static ssize_t read_proc(pid_t pid, const char *file, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n;
}

static pid_t child_of(pid_t pid)
{
	char file[64], text[256];

	snprintf(file, sizeof(file), "task/%ld/children", (long)pid);
	if (read_proc(pid, file, text, sizeof(text)) <= 0)
		return 0;
	return (pid_t)strtol(text, NULL, 10);
}

/* Monitors call themselves "[lxc monitor] LXCPATH NAME". NAME NULL: all of the path. */
static size_t find_monitors(const char *lxcpath, const char *name, struct monitor *out, size_t most)
{
	char wanted[4096], line[4096];
	DIR *proc = opendir("/proc");
	struct dirent *e;
	size_t n = 0, length;

	snprintf(wanted, sizeof(wanted), "[lxc monitor] %s %s", lxcpath, name ? name : "");
	length = strlen(wanted) + (name ? 1 : 0);
	while (proc && n < most && (e = readdir(proc))) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);

		if (pid <= 0 || read_proc(pid, "cmdline", line, sizeof(line)) <= 0)
			continue;
		if (strncmp(line, wanted, length) == 0)
			out[n++] = (struct monitor){.pid = pid, .init = child_of(pid)};
	}
	if (proc)
		closedir(proc);
	return n;
}

pid_t janitor_init(const char *lxcpath, const char *name)
{
	struct monitor m;

	return find_monitors(lxcpath, name, &m, 1) ? m.init : 0;
}

static void nap(long milliseconds)
{
	struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static bool gone_within(const char *lxcpath, const char *name, int tenths)
{
	struct monitor m;

	for (int i = 0; i < tenths * 10; i++) {
		if (!find_monitors(lxcpath, name, &m, 1))
			return true;
		nap(10);
	}
	return false;
}

void janitor_wait(const char *lxcpath, const char *name)
{
	struct monitor m;

	if (gone_within(lxcpath, name, 100))
		return;
	while (find_monitors(lxcpath, name, &m, 1)) {
		kill(m.pid, SIGKILL);
		nap(10);
	}
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

int janitor_remove(const char *path)
{
	if (access(path, F_OK) < 0)
		return 0;
	return nftw(path, remove_entry, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* Only directories go away in a cgroup tree; their files cannot be unlinked. */
static int remove_group(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (flag == FTW_DP)
		rmdir(path);
	return 0;
}

static void remove_groups(char *text)
{
	char *save = NULL, path[4096];

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *names = strchr(line, ':'), *group = names ? strchr(names + 1, ':') : NULL;
		char *cut;

		if (!group || strncmp(group, ":/lxc.", 6) != 0)
			continue;
		*group++ = '\0';
		cut = strchr(group + 1, '/');
		if (cut)
			*cut = '\0';
		if (!strncmp(names + 1, "name=", 5))
			names += 5;
		if (names[1])
			snprintf(path, sizeof(path), "/sys/fs/cgroup/%s%s", names + 1, group);
		else if (access("/sys/fs/cgroup/unified", F_OK) == 0)
			snprintf(path, sizeof(path), "/sys/fs/cgroup/unified%s", group);
		else
			snprintf(path, sizeof(path), "/sys/fs/cgroup%s", group);
		if (access(path, F_OK) == 0)
			nftw(path, remove_group, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	}
}

/* Who is frozen on v1 hears no SIGKILL. GROUPS is a /proc/PID/cgroup. */
static void thaw(const char *groups)
{
	static const char freezer[] = ":freezer:", thawed[] = "THAWED";
	const char *group = strstr(groups, freezer);
	char path[4096];
	int fd;

	if (!group)
		return;
	group += strlen(freezer);
	snprintf(path, sizeof(path), "/sys/fs/cgroup/freezer%.*s/freezer.state",
		 (int)strcspn(group, "\n"), group);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, thawed, strlen(thawed)) < 0)
		perror(path);
	close(fd);
}

struct remains {
	char init[4096], monitor[4096]; /* their /proc/PID/cgroup */
};

static void kill_containers(const char *lxcpath)
{
	static struct monitor monitors[MOST_CONTAINERS];
	size_t n = find_monitors(lxcpath, NULL, monitors, MOST_CONTAINERS);
	struct remains *left = calloc(n + 1, sizeof(*left));

	for (size_t i = 0; left && i < n; i++) {
		read_proc(monitors[i].pid, "cgroup", left[i].monitor, sizeof(left[i].monitor));
		if (monitors[i].init > 0) {
			read_proc(monitors[i].init, "cgroup", left[i].init, sizeof(left[i].init));
			kill(monitors[i].init, SIGKILL);
			thaw(left[i].init);
		}
	}
	if (!gone_within(lxcpath, NULL, 100)) {
		n = find_monitors(lxcpath, NULL, monitors, MOST_CONTAINERS);
		for (size_t i = 0; i < n; i++)
			kill(monitors[i].pid, SIGKILL);
		nap(100);
	}
	for (size_t i = 0; left && i < n; i++) {
		remove_groups(left[i].init);
		remove_groups(left[i].monitor);
	}
	free(left);
}

/* The groups in FOLDER that carry the names of this test, whoever left them: LXC leaves the parents
 * of lxc.cgroup.dir, and the monitor's group where a start failed. */
static void sweep_groups(const char *folder, const char *ours)
{
	DIR *dir = opendir(folder);
	const struct dirent *e;
	char path[4096];

	while (dir && (e = readdir(dir))) {
		if (!strstr(e->d_name, ours))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		nftw(path, remove_group, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	}
	if (dir)
		closedir(dir);
}

static void sweep_hierarchies(const char *ours)
{
	static const char root[] = "/sys/fs/cgroup";
	DIR *dir = opendir(root);
	const struct dirent *e;
	char path[4096];

	sweep_groups(root, ours);
	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.' || e->d_type != DT_DIR)
			continue;
		snprintf(path, sizeof(path), "%s/%s", root, e->d_name);
		sweep_groups(path, ours);
	}
	if (dir)
		closedir(dir);
}

static _Noreturn void watch(const char *root, const char *lxcpath, const char *ours, int fd,
			    int parent)
{
	struct pollfd p[2] = {
	    {.fd = fd,     .events = POLLIN},
            {.fd = parent, .events = POLLIN}
        };
	struct monitor m;

	setsid();
	while (poll(p, 2, -1) < 0 && errno == EINTR)
		;
	/* A test that crashed in the middle of a start may leave one that is just coming up. */
	for (int i = 0; i < 5; i++) {
		kill_containers(lxcpath);
		if (p[0].revents || !find_monitors(lxcpath, NULL, &m, 1))
			break;
		nap(200);
	}
	sweep_hierarchies(ours);
	_exit(janitor_remove(root) < 0 || find_monitors(lxcpath, NULL, &m, 1) ? 1 : 0);
}

int janitor_start(const char *root, const char *lxcpath, int *fd, pid_t *pid)
{
	int pair[2], parent = (int)syscall(SYS_pidfd_open, getpid(), 0);
	char ours[64];

	if (parent < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	fflush(NULL);
	snprintf(ours, sizeof(ours), "ek-test-%ld-", (long)getpid()); /* as harness_name */
	*pid = fork();
	if (*pid < 0)
		return -1;
	if (*pid == 0) {
		close(pair[0]);
		watch(root, lxcpath, ours, pair[1], parent);
	}
	close(pair[1]);
	close(parent);
	*fd = pair[0];
	return 0;
}
