#include "reconciler/watch_mounts.h"

#include "schema/arena.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOUNTINFO "/proc/self/mountinfo"

void watch_mounts_open(struct watch_mounts *m)
{
	*m = (struct watch_mounts){
	    .waker = open(MOUNTINFO, O_RDONLY | O_CLOEXEC),
	    .looker = open(MOUNTINFO, O_RDONLY | O_CLOEXEC),
	};
}

void watch_mounts_close(struct watch_mounts *m)
{
	if (m->waker >= 0)
		close(m->waker);
	if (m->looker >= 0)
		close(m->looker);
	m->waker = m->looker = -1;
}

bool watch_mounts_stirred(struct watch_mounts *m)
{
	struct pollfd p = {.fd = m->looker, .events = POLLPRI};

	return m->looker >= 0 && poll(&p, 1, 0) == 1;
}

/* The mount point is the fifth field; blanks in it are octal (proc(5)). */
static const char *mount_point(const char *line)
{
	for (unsigned i = 0; i < 4 && line; i++) {
		line = strchr(line, ' ');
		line = line ? line + 1 : NULL;
	}
	return line;
}

static bool is_octal(const char *s)
{
	return s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
	       s[3] >= '0' && s[3] <= '7';
}

/* Does the field begin with PATH, and end there or go on below it? */
static bool is_at_or_below(const char *field, const char *path)
{
	for (; *path; path++) {
		char c = *field;

		if (is_octal(field)) {
			c = (char)((field[1] - '0') << 6 | (field[2] - '0') << 3 |
				   (field[3] - '0'));
			field += 3;
		}
		if (c != *path)
			return false;
		field++;
	}
	return *field == ' ' || *field == '/';
}

static uint64_t digest_line(uint64_t digest, const char *line)
{
	for (; *line; line++)
		digest = (digest ^ (unsigned char)*line) * 1099511628211ull;
	return digest;
}

/* "" is the root: all of them are below it. */
static uint64_t digest_of(const char *real)
{
	uint64_t digest = 14695981039346656037ull;
	FILE *f = real ? fopen(MOUNTINFO, "re") : NULL;
	char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		const char *point = mount_point(line);

		if (point && is_at_or_below(point, real))
			digest = digest_line(digest, line);
	}
	free(line);
	if (f)
		fclose(f);
	return digest;
}

bool watch_mounts_changed(struct watch_mounts *m, const char *real)
{
	uint64_t before = m->digest;

	m->digest = digest_of(real);
	return m->digest != before;
}
