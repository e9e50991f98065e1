#include "reconciler/lxclog.h"

#include "schema/arena.h"

#include <fcntl.h>
#include <lxc/lxccontainer.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_BYTES 65536
#define MOST_ERRORS 2 /* the cause comes first, what follows from it next */

struct lxclog {
	int fd;
	off_t start; /* what was there before is of earlier times */
};

static struct lxclog *begin(int fd, const char *path, const char *name, struct arena *a)
{
	struct lxclog *l = arena_alloc(a, sizeof(*l));
	struct lxc_log log = {
	    .name = name, .file = path, .level = "ERROR", .prefix = "evenkeel", .quiet = true};

	l->fd = fd;
	l->start = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
	if (fd >= 0 && lxc_log_init(&log) < 0)
		l->fd = -1;
	return l;
}

struct lxclog *lxclog_new(struct arena *a)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	return begin(fd, arena_printf(a, "/proc/self/fd/%d", fd), "evenkeel", a);
}

struct lxclog *lxclog_for_start(const char *lxcpath, const char *name, struct arena *a)
{
	struct stat st;
	char *path;
	int fd;

	if (strcmp(lxcpath, "/var/lib/lxc") == 0)
		path = arena_printf(a, "/var/log/lxc/%s.log", name);
	else
		path = arena_printf(a, "%s/%s/%s.log", lxcpath, name, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0640);
	/* The container's root may own its folder: LXC gets what was looked at, not what has its
	 * name. */
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid())
		return begin(fd, arena_printf(a, "/proc/self/fd/%d", fd), name, a);
	if (fd >= 0)
		close(fd);
	return lxclog_new(a);
}

/* "evenkeel web1 20261122010203.456 ERROR    conf - ../src/lxc/conf.c:f:12 - No such file": what
 * follows the second " - ". */
static const char *message_of(const char *line)
{
	const char *at = strstr(line, " ERROR ");

	at = at ? strstr(at, " - ") : NULL;
	at = at ? strstr(at + 3, " - ") : NULL;
	return at ? at + 3 : NULL;
}

const char *lxclog_reason(const struct lxclog *l, const char *what, struct arena *a)
{
	char *text = arena_alloc(a, MOST_BYTES + 1);
	ssize_t n = l->fd >= 0 ? pread(l->fd, text, MOST_BYTES, l->start) : 0;
	int errors = 0;

	text[n > 0 ? n : 0] = '\0';
	for (char *line = strsep(&text, "\n"); line && errors < MOST_ERRORS;
	     line = strsep(&text, "\n")) {
		const char *message = message_of(line);

		if (!message)
			continue;
		what = arena_printf(a, "%s%s%s", what, errors ? "; " : ": ", message);
		errors++;
	}
	return what;
}
