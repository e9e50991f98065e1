#include "reconciler/treefile.h"

#include "schema/arena.h"
#include "schema/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct place treefile_place(struct tree *t)
{
	struct source *s = arena_alloc(t->arena, sizeof(*s));

	s->name = t->path_n ? arena_strndup(t->arena, t->path, t->path_n) : t->directory;
	return (struct place){s, 0, 0};
}

void treefile_miss(struct tree *t, int error)
{
	struct manifest_hints hints = manifest_hints_from_path(t->path);
	const char *name = strrchr(t->path, '/');
	bool blind;

	name = name ? name + 1 : t->path;
	blind = (!hints.kind_known || hints.kind == KIND_PROFILE) &&
		(error || strncmp(name, "default.", 8) == 0);
	t->partial = true;
	t->blind |= blind;
	if (t->missed)
		t->missed(t->context, treefile_below(t), blind);
}

void treefile_hole(struct tree *t, const char *what, int error)
{
	treefile_miss(t, error);
	diagnostic_error(t->ds, treefile_place(t), "%s%s%s", what, error ? ": " : "",
			 error ? strerror(error) : "");
}

const char *treefile_below(const struct tree *t)
{
	return t->path + t->prefix_n;
}

/* The path for commands: where it really is. */
static const char *full_path(struct tree *t)
{
	if (t->root < 0)
		return t->path;
	return arena_printf(t->arena, "%s/%s", t->directory, treefile_below(t));
}

bool treefile_judge(struct tree *t, const struct stat *st)
{
	/* A lone file is only looked at: where it will be put is not known. */
	if (t->root < 0 || trusted_fits(&t->trusted, st))
		return true;
	if (t->trusted.mode == TRUST_WARN) {
		if (t->untrusted++ == 0) {
			t->first = full_path(t);
			t->first_st = *st;
		}
		return false;
	}
	diagnostic_error(t->ds, treefile_place(t),
			 "not applied: it %s, so that others than root can write it",
			 trusted_describe(st, t->arena));
	diagnostic_hint(t->ds, "%s", trusted_remedy(&t->trusted, st, full_path(t), t->arena));
	return false;
}

int treefile_refuse_size(struct tree *t)
{
	treefile_miss(t, 0);
	diagnostic_error(t->ds, treefile_place(t), "larger than %u bytes, the most for one file",
			 YAML_MOST_BYTES);
	return -EFBIG;
}

ssize_t treefile_read(int fd, char *buffer, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = read(fd, buffer + got, n - got);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		got += (size_t)r;
		/* A regular file that gives less has ended; a pipe says so with 0. */
		if (r == 0)
			break;
	}
	return (ssize_t)got;
}

char *treefile_buffer(struct tree *t)
{
	/* Pages that no file needs are never touched. */
	if (!t->buffer)
		t->buffer = malloc(YAML_MOST_BYTES + 1);
	return t->buffer;
}

void treefile_take(struct tree *t, size_t n, const struct stat *st, bool trusted,
		   bool folder_trusted)
{
	struct tree_file f = {t->path, t->buffer, n, trusted, folder_trusted, st};

	t->files++;
	t->take(t->context, &f);
}

/* One read more than the size says: a file that grows is read to its end. */
static int read_regular(struct tree *t, int fd, const struct stat *st, bool trusted,
			bool folder_trusted)
{
	size_t wanted = (size_t)st->st_size + 1;
	ssize_t n;

	if (st->st_size > YAML_MOST_BYTES)
		return treefile_refuse_size(t);
	if (!treefile_buffer(t))
		return -ENOMEM;
	n = read(fd, t->buffer, wanted);
	if (n >= 0 && n != st->st_size) {
		ssize_t more = treefile_read(fd, t->buffer + n, YAML_MOST_BYTES + 1 - (size_t)n);

		n = more < 0 ? more : n + more;
	} else if (n < 0) {
		n = -errno;
	}
	if (n > YAML_MOST_BYTES)
		return treefile_refuse_size(t);
	if (n < 0)
		treefile_hole(t, "cannot be read", (int)-n);
	else
		treefile_take(t, (size_t)n, st, trusted, folder_trusted);
	return n < 0 ? (int)n : 0;
}

static const char *kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "a folder";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	case S_IFCHR:
	case S_IFBLK:
		return "a device";
	default:
		return "something else";
	}
}

void treefile_refuse_kind(struct tree *t, mode_t mode)
{
	treefile_miss(t, 0);
	if (t->root < 0) {
		diagnostic_error(t->ds, treefile_place(t), "is %s, not a file", kind_of(mode));
		diagnostic_hint(t->ds, "for standard input write -");
		return;
	}
	diagnostic_error(t->ds, treefile_place(t),
			 "has the name of a manifest, but is %s: not read", kind_of(mode));
}

int treefile_read_fd(struct tree *t, int fd, bool folder_trusted)
{
	struct stat st;
	int r = -EINVAL;

	if (fd < 0 && errno == ENOENT && t->known) {
		return 0; /* gone since it was listed: the watch says when it is back */
	} else if (fd < 0 || fstat(fd, &st) < 0) {
		r = -errno;
		treefile_hole(t, "cannot be read", errno);
	} else if (!S_ISREG(st.st_mode)) {
		treefile_refuse_kind(t, st.st_mode);
	} else {
		/* Both are asked: an untrusted file is named also below an untrusted folder's. */
		bool fits = treefile_judge(t, &st);

		r = read_regular(t, fd, &st, folder_trusted && fits, folder_trusted);
	}
	if (fd >= 0)
		close(fd);
	return r;
}
