#include "reconciler/lock.h"

#include "limits/procfile.h"
#include "reconciler/runfolder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* The pid in a lock file, when that very process still lives. */
static pid_t read_holder(int fd)
{
	char text[64] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	uint64_t start;
	int pid;

	if (n <= 0 || sscanf(text, "%d %" SCNu64, &pid, &start) != 2 || pid <= 0 || start == 0)
		return 0;
	return procfile_start_time(pid) == start ? pid : 0;
}

static int write_text(int fd, const char *text)
{
	size_t n = strlen(text);
	char there[LOCK_TEXT];

	/* a lock that is taken again and again has its holder's name in it most of the time */
	if (pread(fd, there, sizeof(there), 0) == (ssize_t)n && memcmp(there, text, n) == 0)
		return 0;
	if (ftruncate(fd, 0) < 0)
		return -errno;
	return pwrite(fd, text, n, 0) == (ssize_t)n ? 0 : -EIO;
}

static int write_holder(int fd, const char *path)
{
	char text[LOCK_TEXT];

	snprintf(text, sizeof(text), "%d %" PRIu64 "\n%s\n", (int)getpid(),
		 procfile_start_time(getpid()), path);
	return write_text(fd, text);
}

/* Between taking the lock and writing its name a holder needs a moment. */
static pid_t await_holder(int fd)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	pid_t holder = read_holder(fd);

	for (int i = 0; holder == 0 && i < 50; i++) {
		nanosleep(&moment, NULL);
		holder = read_holder(fd);
	}
	return holder;
}

static int lock_file(int folder, const char *kind, const char *path, pid_t *holder)
{
	char digest[RUNFOLDER_DIGEST + 1], name[32];
	int fd, error;

	error = runfolder_digest(path, digest);
	if (error < 0)
		return error;
	snprintf(name, sizeof(name), "%s-%s", kind, digest);
	fd = openat(folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		error = errno;
		if (error == EWOULDBLOCK && holder)
			*holder = await_holder(fd);
		close(fd);
		return -error;
	}
	error = write_holder(fd, path);
	if (error < 0) {
		close(fd);
		return error;
	}
	return fd;
}

void lock_pause(int fd, char text[LOCK_TEXT])
{
	ssize_t n = *text ? 0 : pread(fd, text, LOCK_TEXT - 1, 0);

	if (n > 0)
		text[n] = '\0';
	flock(fd, LOCK_UN);
}

int lock_resume(int fd, const char *text)
{
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return write_text(fd, text);
}

static int take(const char *folder, const char *kind, const char *lxcpath, pid_t *holder)
{
	procfile_fd dir = -1;
	char path[PATH_MAX];
	int error = runfolder_resolve(lxcpath, path);

	if (holder)
		*holder = 0;
	if (error < 0)
		return error;
	dir = runfolder_open(folder);
	return dir < 0 ? dir : lock_file(dir, kind, path, holder);
}

int lock_take_below(const char *folder, const char *lxcpath, pid_t *holder)
{
	return take(folder, "lock", lxcpath, holder);
}

int lock_take(const char *lxcpath, pid_t *holder)
{
	return take(RUNFOLDER, "lock", lxcpath, holder);
}

int lock_take_daemon(const char *lxcpath, pid_t *holder)
{
	return take(RUNFOLDER, "daemon", lxcpath, holder);
}
