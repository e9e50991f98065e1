#include "reconciler/bootfile_journal.h"

#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOURNAL ".evenkeel.batch"
#define MOST_BYTES (1u << 20)

/* Locked: its run is alive and has the temporaries in hand. False: it is gone by now. */
static bool lock(int fd)
{
	struct stat st;

	while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
		;
	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

static void undo(const struct bootfile_journal *j, int fd)
{
	struct stat st;
	char *text;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size >= MOST_BYTES)
		return;
	text = arena_alloc(j->arena, (size_t)st.st_size + 1);
	if (read(fd, text, (size_t)st.st_size) != st.st_size)
		return;
	for (char *name = strsep(&text, "\n"); name; name = strsep(&text, "\n"))
		if (*name && !strchr(name, '/') && *name != '.')
			j->undo(j->context, name);
}

/* No file: nothing that a run of ours made. */
static bool is_obstacle(int error)
{
	return error == ELOOP || error == ENXIO || error == ENODEV;
}

static int take_away(const struct bootfile_journal *j)
{
	return unlinkat(j->dir, JOURNAL, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int bootfile_journal_recover(const struct bootfile_journal *j)
{
	for (;;) {
		int fd = openat(j->dir, JOURNAL,
				O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		int r;

		if (fd < 0 && is_obstacle(errno))
			return take_away(j);
		if (fd < 0)
			return errno == ENOENT ? 0 : -errno;
		if (!lock(fd)) {
			close(fd);
			continue;
		}
		undo(j, fd);
		r = take_away(j);
		close(fd);
		return r;
	}
}

/* A new one, locked; -errno. */
static int make(const struct bootfile_journal *j)
{
	for (;;) {
		int fd = openat(j->dir, JOURNAL,
				O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		int r = fd < 0 ? -errno : 0;

		if (fd >= 0 && lock(fd))
			return fd;
		if (fd >= 0)
			close(fd);
		if (r == -EEXIST)
			r = bootfile_journal_recover(j);
		if (r < 0)
			return r;
	}
}

int bootfile_journal_begin(const struct bootfile_journal *j, const char *names)
{
	size_t n = strlen(names);
	int fd = make(j), r;
	ssize_t put;

	if (fd < 0)
		return fd;
	put = write(fd, names, n);
	if (put == (ssize_t)n)
		return fd;
	r = put < 0 ? -errno : -ENOSPC;
	bootfile_journal_end(j, fd);
	return r;
}

void bootfile_journal_end(const struct bootfile_journal *j, int fd)
{
	take_away(j);
	close(fd);
}
