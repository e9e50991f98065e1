#include "reconciler/journal_sink.h"

#include "schema/value.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct journal_sink sink_lines(int fd)
{
	struct journal_sink s = {.kind = SINK_LINES, .fd = fd};
	struct stat st;
	char path[64];
	int again;

	if (fstat(fd, &st) < 0)
		return s;
	s.socket = S_ISSOCK(st.st_mode);
	s.pipe = S_ISFIFO(st.st_mode);
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return s;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (again >= 0) {
		s.fd = again;
		s.ours = true;
	}
	return s;
}

bool sink_systemd(const char *path, struct journal_sink *out)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return false;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return false;
	}
	*out = (struct journal_sink){.kind = SINK_SYSTEMD, .fd = fd, .ours = true, .socket = true};
	return true;
}

void sink_close(struct journal_sink *s)
{
	if (s->ours)
		close(s->fd);
	*s = (struct journal_sink){.fd = -1};
}

static ssize_t put_once(struct journal_sink *s, const char *bytes, size_t n)
{
	struct pollfd ready = {.fd = s->fd, .events = POLLOUT};
	ssize_t r;

	do {
		if (s->socket)
			r = send(s->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		else if (poll(&ready, 1, 0) == 1)
			r = write(s->fd, bytes, n);
		else
			return -1;
	} while (r < 0 && errno == EINTR);
	return r;
}

/* How many of N bytes were taken. */
static size_t put_part(struct journal_sink *s, const char *bytes, size_t n)
{
	ssize_t r;

	if (s->cut && put_once(s, "\n", 1) != 1)
		return 0;
	r = put_once(s, bytes, n);
	s->cut = s->kind == SINK_LINES && r > 0 && (size_t)r < n && bytes[r - 1] != '\n';
	return r > 0 ? (size_t)r : 0;
}

bool sink_put(struct journal_sink *s, const char *bytes, size_t n)
{
	return put_part(s, bytes, n) == n;
}

size_t sink_count_lines(const char *bytes, size_t n)
{
	size_t lines = 0;

	for (const char *end = bytes + n; bytes < end; lines++)
		bytes = (const char *)memchr(bytes, '\n', (size_t)(end - bytes)) + 1;
	return lines;
}

/* As many whole lines as a pipe takes at once, or one. */
static size_t piece(const struct journal_sink *s, const char *bytes, size_t n)
{
	const char *last;

	if (!s->pipe || n <= PIPE_BUF)
		return n;
	last = memrchr(bytes, '\n', PIPE_BUF);
	if (!last)
		last = memchr(bytes, '\n', n);
	return (size_t)(last - bytes) + 1;
}

/* The line that was cut is not among those taken. */
static size_t whole_lines(const char *bytes, size_t n)
{
	const char *last = n ? memrchr(bytes, '\n', n) : NULL;

	return last ? (size_t)(last - bytes) + 1 : 0;
}

size_t sink_put_lines(struct journal_sink *s, const char *bytes, size_t n)
{
	for (size_t at = 0; at < n;) {
		size_t wanted = piece(s, bytes + at, n - at);
		size_t taken = put_part(s, bytes + at, wanted);

		if (taken < wanted) {
			at += whole_lines(bytes + at, taken);
			return sink_count_lines(bytes + at, n - at);
		}
		at += wanted;
	}
	return 0;
}

bool sink_is_stream(int fd, const char *stream)
{
	const char *colon = stream ? strchr(stream, ':') : NULL;
	uint64_t device, inode;
	struct stat st;

	if (!colon || !value_digits(stream, (size_t)(colon - stream), UINT64_MAX, &device) ||
	    !value_digits(colon + 1, strlen(colon + 1), UINT64_MAX, &inode))
		return false;
	return fstat(fd, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}
