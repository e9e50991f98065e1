#include "limits/procfile.h"

#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_BYTES (64u << 20)

void procfile_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

/* From where FD stands; AT: from there on, wherever it stands. */
static ssize_t read_some(int fd, off_t at, char *buf, size_t size)
{
	ssize_t got;

	do
		got = at < 0 ? read(fd, buf, size) : pread(fd, buf, size, at);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

static ssize_t read_whole(int fd, bool from_start, bool one_record, char *buf, size_t size)
{
	size_t n = 0;

	for (;;) {
		ssize_t got = read_some(fd, from_start ? (off_t)n : -1, buf + n, size - n);

		if (got < 0)
			return got;
		if (got == 0)
			break;
		n += (size_t)got;
		if (n == size)
			return -EMSGSIZE;
		if (one_record && memchr(buf, '\n', n) == buf + n - 1)
			break;
	}
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return (ssize_t)n;
}

static ssize_t read_file(int dir, const char *path, bool one_record, char *buf, size_t size)
{
	procfile_fd fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : read_whole(fd, false, one_record, buf, size);
}

ssize_t procfile_read(int dir, const char *path, char *buf, size_t size)
{
	return read_file(dir, path, false, buf, size);
}

ssize_t procfile_read_knob(int dir, const char *path, char *buf, size_t size)
{
	return read_file(dir, path, true, buf, size);
}

ssize_t procfile_read_open(int fd, char *buf, size_t size)
{
	return read_whole(fd, true, true, buf, size);
}

char *procfile_read_all(int dir, const char *path, struct arena *a, size_t *n)
{
	for (size_t size = 4096; size <= MOST_BYTES; size *= 4) {
		char *buf = malloc(size), *text;
		ssize_t got;

		if (!buf)
			return NULL;
		got = procfile_read(dir, path, buf, size);
		text = got >= 0 ? arena_strndup(a, buf, (size_t)got) : NULL;
		free(buf);
		if (text) {
			if (n)
				*n = (size_t)got;
			return text;
		}
		if (got != -EMSGSIZE) {
			errno = (int)-got;
			return NULL;
		}
	}
	errno = EFBIG;
	return NULL;
}

int procfile_read_number(int dir, const char *path, uint64_t *out)
{
	char text[32] = "", *end;
	ssize_t n = procfile_read(dir, path, text, sizeof(text));
	unsigned long long number;

	if (n < 0)
		return (int)n;
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || *end)
		return -EINVAL;
	*out = number;
	return 0;
}

uint64_t procfile_start_time(pid_t pid)
{
	char path[64], stat[1024], *field;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (procfile_read(AT_FDCWD, path, stat, sizeof(stat)) < 0)
		return 0;
	field = strrchr(stat, ')'); /* before it stands the process's own name for itself */
	for (int i = 2; field && i < 22; i++)
		field = strchr(field + 1, ' ');
	return field ? strtoull(field, NULL, 10) : 0;
}
