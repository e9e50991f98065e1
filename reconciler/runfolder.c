#include "reconciler/runfolder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sha2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What does not exist yet lies below whatever its parent resolves to: the same answer as after it
 * was made. */
int runfolder_resolve(const char *path, char *out)
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
	error = runfolder_resolve(copy, parent);
	if (error < 0)
		return error;
	n = (size_t)snprintf(out, PATH_MAX, "%s/%s", parent, slash + 1);
	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int runfolder_open(const char *folder)
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

int runfolder_digest(const char *lxcpath, char out[RUNFOLDER_DIGEST + 1])
{
	char path[PATH_MAX], digest[SHA256_DIGEST_STRING_LENGTH];
	int error = runfolder_resolve(lxcpath, path);

	if (error < 0)
		return error;
	SHA256Data((const uint8_t *)path, strlen(path), digest);
	snprintf(out, RUNFOLDER_DIGEST + 1, "%.*s", RUNFOLDER_DIGEST, digest);
	return 0;
}
