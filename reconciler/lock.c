#include "reconciler/lock.h"

#include "limits/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FOLDER "/run/evenkeel"

/* A path as the kernel resolves it. What does not exist yet keeps its own last part, below whatever
 * its parent resolves to: the same answer as after it was made. */
static int resolve(const char *path, char out[PATH_MAX])
{
	char parent[PATH_MAX], copy[PATH_MAX], *slash;
	size_t n = strlen(path);
	int error;

	if (path[0] != '/')
		return -EINVAL;
	if (n >= sizeof(copy))
		return -ENAMETOOLONG;
	if (realpath(path, out))
		return 0;
	if (errno != ENOENT)
		return -errno;
	memcpy(copy, path, n + 1);
	while (n > 1 && copy[n - 1] == '/')
		copy[--n] = '\0';
	slash = strrchr(copy, '/');
	if (slash == copy) {
		memcpy(out, copy, n + 1);
		return 0;
	}
	*slash = '\0';
	error = resolve(copy, parent);
	if (error < 0)
		return error;
	n = (size_t)snprintf(out, PATH_MAX, "%s/%s", parent, slash + 1);
	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int open_folder(const char *folder)
{
	struct stat st;
	int fd;

	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP || errno == ENOTDIR ? -EPERM : -errno;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 022) == 0)
		return fd;
	close(fd);
	return -EPERM;
}

/* When a process started, in ticks since boot (proc(5), field 22): with the pid it is a name that
 * is not given twice. 0: there is no such process. */
static uint64_t start_time(pid_t pid)
{
	char path[64], stat[1024], *field;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (procfile_read(AT_FDCWD, path, stat, sizeof(stat)) < 0)
		return 0;
	field = strrchr(stat, ')');
	for (int i = 2; field && i < 22; i++)
		field = strchr(field + 1, ' ');
	return field ? strtoull(field, NULL, 10) : 0;
}

/* The pid in a lock file, when that very process still lives. */
static pid_t read_holder(int fd)
{
	char text[64] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	uint64_t start;
	int pid;

	if (n <= 0 || sscanf(text, "%d %" SCNu64, &pid, &start) != 2 || pid <= 0 || start == 0)
		return 0;
	return start_time(pid) == start ? pid : 0;
}

static int write_holder(int fd, const char *path)
{
	char text[PATH_MAX + 64];
	int n = snprintf(text, sizeof(text), "%d %" PRIu64 "\n%s\n", (int)getpid(),
			 start_time(getpid()), path);

	if (ftruncate(fd, 0) < 0)
		return -errno;
	return pwrite(fd, text, (size_t)n, 0) == n ? 0 : -EIO;
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

static int lock_file(int folder, const char *path, pid_t *holder)
{
	char digest[SHA256_DIGEST_STRING_LENGTH], name[32];
	int fd, error;

	SHA256Data((const uint8_t *)path, strlen(path), digest);
	snprintf(name, sizeof(name), "lock-%.16s", digest);
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

int lock_take_below(const char *folder, const char *lxcpath, pid_t *holder)
{
	procfile_fd dir = -1;
	char path[PATH_MAX];
	int error = resolve(lxcpath, path);

	if (holder)
		*holder = 0;
	if (error < 0)
		return error;
	dir = open_folder(folder);
	return dir < 0 ? dir : lock_file(dir, path, holder);
}

int lock_take(const char *lxcpath, pid_t *holder)
{
	return lock_take_below(FOLDER, lxcpath, holder);
}
