#include "net/devconf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int open_file(const char *family, const char *interface, const char *key, int flags)
{
	char path[128];
	int fd, n;

	if (!*interface || strchr(interface, '/') || strcmp(interface, ".") == 0 ||
	    strcmp(interface, "..") == 0)
		return -EINVAL;
	n = snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, interface, key);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int devconf_read(const char *family, const char *interface, const char *key,
		 char value[DEVCONF_MOST])
{
	int fd = open_file(family, interface, key, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, value, DEVCONF_MOST - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return (int)n;
	value[n] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

int devconf_write(const char *family, const char *interface, const char *key, const char *value)
{
	int fd = open_file(family, interface, key, O_WRONLY), error = 0;
	size_t n = strlen(value);

	if (fd < 0)
		return fd;
	if (write(fd, value, n) != (ssize_t)n)
		error = errno ? -errno : -EIO;
	close(fd);
	return error;
}
