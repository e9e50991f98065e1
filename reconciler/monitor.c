#include "reconciler/monitor.h"

#include "limits/procfile.h"
#include "schema/arena.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How a monitor calls itself: "[lxc monitor] LXCPATH NAME". */
#define TITLE "[lxc monitor] "

/* Is all of a process our own user's? Who its files in /proc belong to does not say: those of one
 * that may not be traced are root's. */
static bool is_ours(int proc, const char *pid)
{
	char path[300], status[4096];
	unsigned real, effective;
	const char *line;

	snprintf(path, sizeof(path), "%s/status", pid);
	if (procfile_read(proc, path, status, sizeof(status)) < 0)
		return false;
	line = strstr(status, "\nUid:");
	return line && sscanf(line, "\nUid: %u %u", &real, &effective) == 2 && real == geteuid() &&
	       effective == geteuid();
}

/* Anybody may call himself so: only processes of our own user count. */
static const char *title_of(int proc, const char *pid, char *buf, size_t size)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof(path), "%s/cmdline", pid);
	if (fstatat(proc, pid, &st, 0) < 0 || st.st_uid != geteuid() ||
	    procfile_read(proc, path, buf, size) <= 0 ||
	    strncmp(buf, TITLE, sizeof(TITLE) - 1) != 0 || !is_ours(proc, pid))
		return NULL;
	return buf + sizeof(TITLE) - 1;
}

static int compare_monitors(const void *x, const void *y)
{
	return strcmp(((const struct monitor *)x)->name, ((const struct monitor *)y)->name);
}

size_t monitors_find(const char *lxcpath, struct arena *a, struct monitor **out)
{
	size_t n = 0, capacity = 0, length = strlen(lxcpath);
	DIR *proc = opendir("/proc");
	char buf[8192];
	struct dirent *e;

	*out = NULL;
	while (proc && (e = readdir(proc))) {
		const char *title;

		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		title = title_of(dirfd(proc), e->d_name, buf, sizeof(buf));
		if (!title || strncmp(title, lxcpath, length) != 0 || title[length] != ' ')
			continue;
		*out = arena_grow(a, *out, n, &capacity, sizeof(**out));
		(*out)[n++] = (struct monitor){arena_strdup(a, title + length + 1),
					       (pid_t)strtol(e->d_name, NULL, 10)};
	}
	if (proc)
		closedir(proc);
	if (n)
		qsort(*out, n, sizeof(**out), compare_monitors);
	return n;
}

static bool same_file(pid_t x, pid_t y, const char *file)
{
	char first[64], second[64];
	struct stat a, b;

	snprintf(first, sizeof(first), "/proc/%d/%s", (int)x, file);
	snprintf(second, sizeof(second), "/proc/%d/%s", (int)y, file);
	return stat(first, &a) < 0 || stat(second, &b) < 0 ||
	       (a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* Hooks share the monitor's mount namespace; an init that is still being set up shares its program.
 */
static bool is_init(pid_t child, pid_t monitor)
{
	return !same_file(child, monitor, "ns/mnt") && !same_file(child, monitor, "exe");
}

pid_t monitor_init(pid_t monitor)
{
	char path[64], text[4096], *at = text;

	if (access("/proc/thread-self/children", F_OK) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)monitor, (int)monitor);
	if (procfile_read(AT_FDCWD, path, text, sizeof(text)) < 0)
		return 0;
	while (*at) {
		pid_t child = (pid_t)strtol(at, &at, 10);

		if (child > 0 && is_init(child, monitor))
			return child;
		at += strspn(at, " ");
	}
	return 0;
}
