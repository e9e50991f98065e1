#include "reconciler/joblock.h"

#include "limits/procfile.h"
#include "reconciler/runfolder.h"

#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int joblock_open(const char *folder, const char *lxcpath)
{
	char digest[RUNFOLDER_DIGEST + 1], name[32];
	procfile_fd dir = -1;
	int error = runfolder_digest(lxcpath, digest), fd;

	if (error < 0)
		return error;
	dir = runfolder_open(folder);
	if (dir < 0)
		return dir;
	snprintf(name, sizeof(name), "jobs-%s", digest);
	fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
	return fd < 0 ? -errno : fd;
}

/* Two names that meet in a byte would only wait for each other. */
static struct flock lock_of(const char *name)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	uint64_t byte;
	SHA2_CTX sha;

	SHA256Init(&sha);
	SHA256Update(&sha, (const uint8_t *)name, strlen(name));
	SHA256Final(digest, &sha);
	memcpy(&byte, digest, sizeof(byte));
	return (struct flock){
	    .l_type = F_WRLCK,
	    .l_whence = SEEK_SET,
	    .l_start = (off_t)(byte >> 2),
	    .l_len = 1,
	};
}

int joblock_take(int fd, const char *name)
{
	struct flock l = lock_of(name);

	if (fcntl(fd, F_SETLK, &l) == 0)
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

pid_t joblock_holder(int fd, const char *name)
{
	struct flock l = lock_of(name);

	if (fd < 0 || fcntl(fd, F_GETLK, &l) < 0 || l.l_type == F_UNLCK)
		return 0;
	return l.l_pid > 0 ? l.l_pid : -1;
}
