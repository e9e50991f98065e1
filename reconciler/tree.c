#include "reconciler/tree.h"

#include "reconciler/treefile.h"
#include "schema/arena.h"
#include "schema/text.h"
#include "schema/yaml.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Names of any kind that a tree may hold. */
#define MOST_ENTRIES (10 * LOAD_MOST_FILES)

/* A folder being walked, and those above it: a link back to one of them is a loop. */
struct level {
	const struct level *above;
	int fd;
	unsigned depth;
	bool trusted;
	dev_t device;
	ino_t inode;
};

struct entry {
	const char *name;
	unsigned char type; /* DT_* */
};

static void walk(struct tree *t, const struct level *l);

static bool room_for_file(struct tree *t)
{
	if (t->files < LOAD_MOST_FILES)
		return true;
	if (!t->full) {
		treefile_miss(t, 0);
		t->full = true;
		diagnostic_error(t->ds, treefile_place(t),
				 "not read: more than %d manifests in one directory",
				 LOAD_MOST_FILES);
	}
	return false;
}

static bool is_above(const struct level *l, const struct stat *st)
{
	for (; l; l = l->above) {
		if (l->device == st->st_dev && l->inode == st->st_ino)
			return true;
	}
	return false;
}

/* Says that a folder will be listed, before anything of it is relied upon. */
static void enter(struct tree *t, int fd)
{
	if (t->hooks.enter && !t->rest)
		t->hooks.enter(t->hooks.context, fd, treefile_below(t));
}

static bool judge_folder(struct tree *t, int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && treefile_judge(t, &st);
}

/* Walks the folder that FD was opened as; takes FD. */
static void descend(struct tree *t, const struct level *l, int fd, bool trusted)
{
	struct level next = {.above = l, .fd = fd, .depth = l->depth + 1};
	struct stat st;

	if (fd < 0 && errno == ENOENT && t->known) {
		return; /* gone since it was listed: the watch says when it is back */
	} else if (fd < 0 || fstat(fd, &st) < 0) {
		treefile_hole(t, "cannot be opened", errno);
	} else if (next.depth > LOAD_MOST_DEPTH) {
		treefile_miss(t, 0);
		diagnostic_error(t->ds, treefile_place(t),
				 "folders are nested deeper than %d: not read", LOAD_MOST_DEPTH);
	} else if (is_above(l, &st)) {
		treefile_hole(t, "the link leads back to a folder above it", 0);
	} else {
		next.device = st.st_dev;
		next.inode = st.st_ino;
		enter(t, fd);
		next.trusted = judge_folder(t, fd) && trusted;
		walk(t, &next);
	}
	if (fd >= 0)
		close(fd);
}

static int open_beneath(const struct tree *t, const char *path, int flags, unsigned resolve)
{
	struct open_how how = {
	    .flags = (unsigned)flags,
	    .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve,
	};
	long fd;
	int tries = 8;

	/* EAGAIN: something was renamed meanwhile. */
	do
		fd = syscall(SYS_openat2, t->root, path, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN && --tries);
	return (int)fd;
}

/* The path of FD below the tree's directory; NULL: it cannot be told. */
static const char *path_below(struct tree *t, int fd, char *buffer, size_t size)
{
	char name[64];
	size_t n = strlen(t->directory);
	ssize_t got;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	got = readlink(name, buffer, size - 1);
	if (got <= 0)
		return NULL;
	buffer[got] = '\0';
	if (n == 1)
		return buffer + 1;
	if (strncmp(buffer, t->directory, n) != 0 || buffer[n] != '/')
		return NULL;
	return buffer + n + 1;
}

static bool folder_fits(struct tree *t, const char *path)
{
	int fd = open_beneath(t, path, O_PATH | O_DIRECTORY | O_CLOEXEC, RESOLVE_NO_SYMLINKS);
	struct stat st;
	bool fits = fd >= 0 && fstat(fd, &st) == 0 && treefile_judge(t, &st);

	if (fd >= 0)
		close(fd);
	return fits;
}

/* A link's target may stand in folders that the walk leaves out (hidden ones): these are judged
 * here, those of the target judged last not again. */
static bool target_fits(struct tree *t, int fd)
{
	char buffer[PATH_MAX];
	const char *path = path_below(t, fd, buffer, sizeof(buffer));
	char *slash, *start;

	if (!path)
		return false;
	start = buffer + (path - buffer);
	slash = strrchr(start, '/');
	if (!slash)
		return true;
	*slash = '\0';
	if (t->link_parent && strcmp(t->link_parent, start) == 0)
		return t->link_parent_trusted;
	t->link_parent = arena_strdup(t->arena, start);
	t->link_parent_trusted = folder_fits(t, start);
	while ((slash = strrchr(start, '/'))) {
		*slash = '\0';
		t->link_parent_trusted &= folder_fits(t, start);
	}
	return t->link_parent_trusted;
}

static void refuse_link(struct tree *t, const struct level *l, const char *name, int error)
{
	struct stat st;

	/* A link to something that is no business of ours may lead anywhere. */
	if (error == EXDEV && !ignore_manifest_name(name) && fstatat(l->fd, name, &st, 0) == 0 &&
	    !S_ISDIR(st.st_mode))
		return;
	if (error == ENOENT && !ignore_manifest_name(name)) {
		treefile_miss(t, 0);
		diagnostic_warning(t->ds, treefile_place(t), "the link leads to nothing");
		return;
	}
	switch (error) {
	case EXDEV:
		treefile_hole(t, "the link leads out of the directory: not followed", 0);
		diagnostic_hint(t->ds, "links must be relative and stay inside %s",
				text_escape(t->arena, t->directory, strlen(t->directory), 200));
		return;
	case ENOENT:
		treefile_hole(t, "the link leads to nothing", 0);
		return;
	case ELOOP:
		treefile_hole(t, "the link leads in a circle", 0);
		return;
	default:
		treefile_hole(t, "the link cannot be followed", error);
	}
}

static bool is_known(struct tree *t, const struct stat *st, bool folder_trusted)
{
	if (!t->known || !t->known(t->context, treefile_below(t), st, folder_trusted))
		return false;
	t->files++;
	return true;
}

static void take_link(struct tree *t, const struct level *l, const char *name)
{
	struct stat st;
	bool trusted;
	int fd, opened;

	if (t->hooks.link)
		t->hooks.link(t->hooks.context, l->fd, treefile_below(t));
	fd = open_beneath(t, treefile_below(t), O_PATH | O_CLOEXEC, 0);
	if (fd < 0 || fstat(fd, &st) < 0) {
		refuse_link(t, l, name, errno);
		if (fd >= 0)
			close(fd);
		return;
	}
	if (!S_ISDIR(st.st_mode) && (t->rest || !ignore_manifest_name(name))) {
		close(fd);
		return;
	}
	trusted = l->trusted && target_fits(t, fd);
	if (S_ISDIR(st.st_mode)) {
		opened = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		descend(t, l, opened, trusted);
		return;
	}
	close(fd);
	if (!S_ISREG(st.st_mode)) {
		treefile_refuse_kind(t, st.st_mode);
		return;
	}
	if (t->hooks.file)
		t->hooks.file(t->hooks.context, l->fd, treefile_below(t), &st, true);
	if (room_for_file(t) && !is_known(t, &st, trusted))
		treefile_read_fd(t, open_beneath(t, treefile_below(t), TREEFILE_FLAGS, 0), trusted);
}

static unsigned char type_of(const struct level *l, const struct entry *e, mode_t *mode)
{
	struct stat st;

	if (e->type != DT_UNKNOWN) {
		*mode = DTTOIF(e->type);
		return e->type;
	}
	if (fstatat(l->fd, e->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_UNKNOWN;
	*mode = st.st_mode;
	return IFTODT(st.st_mode);
}

static void take_regular(struct tree *t, const struct level *l, const char *name)
{
	struct stat st;

	if ((t->known || t->hooks.file) && fstatat(l->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode)) {
		if (t->hooks.file)
			t->hooks.file(t->hooks.context, l->fd, treefile_below(t), &st, false);
		if (is_known(t, &st, l->trusted))
			return;
	}
	treefile_read_fd(t, openat(l->fd, name, TREEFILE_FLAGS | O_NOFOLLOW), l->trusted);
}

static void take_entry(struct tree *t, const struct level *l, const struct entry *e)
{
	bool manifest = ignore_manifest_name(e->name);
	mode_t mode = 0;
	unsigned char type;

	if (!manifest && e->type == DT_REG)
		return;
	type = type_of(l, e, &mode);
	if (t->ignore.n && ignore_fits(&t->ignore, treefile_below(t), e->name, type == DT_DIR))
		return;
	if (type == DT_LNK)
		take_link(t, l, e->name);
	else if (type == DT_DIR && !manifest)
		descend(t, l,
			openat(l->fd, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
			l->trusted);
	else if (type == DT_REG && manifest && room_for_file(t))
		take_regular(t, l, e->name);
	else if (manifest && type != DT_REG && type != DT_UNKNOWN)
		treefile_refuse_kind(t, mode);
}

static int compare_entries(const void *x, const void *y)
{
	return strcmp(((const struct entry *)x)->name, ((const struct entry *)y)->name);
}

static size_t list(struct tree *t, int fd, struct arena *scratch, struct entry **out)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	size_t n = 0, capacity = 0;
	struct dirent *d;

	*out = NULL;
	while (dir && (errno = 0, d = readdir(dir))) {
		if (ignore_leftover(d->d_name))
			continue;
		if (++t->entries > MOST_ENTRIES) {
			treefile_miss(t, 0);
			diagnostic_error(t->ds, treefile_place(t),
					 "not read whole: more than %d names", MOST_ENTRIES);
			errno = 0;
			break;
		}
		*out = arena_grow(scratch, *out, n, &capacity, sizeof(**out));
		(*out)[n++] = (struct entry){arena_strdup(scratch, d->d_name), d->d_type};
	}
	if (errno)
		treefile_hole(t, "cannot be listed", errno);
	if (dir)
		closedir(dir);
	else if (copy >= 0)
		close(copy);
	if (n > 1)
		qsort(*out, n, sizeof(**out), compare_entries);
	return n;
}

static bool push(struct tree *t, const char *name)
{
	size_t n = strlen(name), slash = t->path_n > t->prefix_n;

	if (t->path_n + n + 2 > t->path_size) {
		treefile_hole(t, "cannot be read", ENAMETOOLONG);
		return false;
	}
	if (slash)
		t->path[t->path_n] = '/';
	memcpy(t->path + t->path_n + slash, name, n + 1);
	t->path_n += n + slash;
	return true;
}

static void path_back(struct tree *t, size_t n)
{
	t->path_n = n;
	t->path[n] = '\0';
}

/* The one entry that is looked for; none: it is not there. */
static size_t pick(struct tree *t, int fd, struct arena *scratch, struct entry **out)
{
	size_t n = strcspn(t->rest, "/");
	const char *name = arena_strndup(scratch, t->rest, n);
	struct stat st;

	t->rest += n + strspn(t->rest + n, "/");
	if (*t->rest == '\0')
		t->rest = NULL;
	if (ignore_leftover(name))
		return 0;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT && push(t, name))
			treefile_hole(t, "cannot be read", errno);
		return 0;
	}
	/* On the way down a file is no folder. */
	if (t->rest && !S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode))
		return 0;
	*out = arena_alloc(scratch, sizeof(**out));
	**out = (struct entry){name, IFTODT(st.st_mode)};
	return 1;
}

static void walk(struct tree *t, const struct level *l)
{
	struct arena *scratch = arena_new();
	struct entry *entries;
	size_t n, before = t->path_n;

	if (t->rest)
		n = pick(t, l->fd, scratch, &entries);
	else
		n = list(t, l->fd, scratch, &entries);
	path_back(t, before);
	for (size_t i = 0; i < n && !t->full; i++) {
		if (push(t, entries[i].name))
			take_entry(t, l, &entries[i]);
		path_back(t, before);
	}
	arena_free(scratch);
}

/* Without it nobody knows which files are not meant: false. */
static bool read_ignore_file(struct tree *t)
{
	bool known = false;
	int fd = openat(t->root, IGNORE_NAME, TREEFILE_FLAGS | O_NOFOLLOW);
	struct stat st;
	ssize_t n;

	if (fd < 0 && errno == ENOENT)
		return true;
	push(t, IGNORE_NAME);
	if (fd < 0 || fstat(fd, &st) < 0) {
		treefile_hole(t, "cannot be read", errno);
	} else if (!S_ISREG(st.st_mode) || st.st_size > IGNORE_MOST_BYTES) {
		treefile_hole(t, "is not a file of at most 64 KiB", 0);
	} else if (!treefile_judge(t, &st) && t->trusted.mode == TRUST_ENFORCE) {
		treefile_miss(t, 0);
	} else if (treefile_buffer(t)) {
		n = treefile_read(fd, t->buffer, IGNORE_MOST_BYTES);
		known = n >= 0;
		if (n < 0)
			treefile_hole(t, "cannot be read", (int)-n);
		else
			ignore_read(t->buffer, (size_t)n, t->arena, &t->ignore);
	}
	if (fd >= 0)
		close(fd);
	path_back(t, t->prefix_n);
	return known;
}

static void path_start(struct tree *t, const char *prefix)
{
	t->prefix_n = t->path_n = strlen(prefix);
	if (t->path_size < t->path_n + PATH_MAX) {
		t->path_size = t->path_n + PATH_MAX;
		t->path = arena_alloc(t->arena, t->path_size);
	}
	memcpy(t->path, prefix, t->path_n + 1);
}

int tree_look(struct tree *t, int root, const char *directory, const char *path)
{
	int r;

	t->rest = *path ? path : NULL;
	r = tree_walk(t, root, directory, "");
	t->rest = NULL;
	return r;
}

int tree_walk(struct tree *t, int root, const char *directory, const char *prefix)
{
	struct level top = {.fd = root, .trusted = true};
	struct stat st;
	bool known;

	path_start(t, prefix);
	t->root = root;
	t->directory = directory;
	t->link_parent = NULL;
	t->ignore = (struct ignore){0};
	if (fstat(root, &st) == 0) {
		top.device = st.st_dev;
		top.inode = st.st_ino;
	}
	enter(t, root);
	known = read_ignore_file(t);
	if (known)
		walk(t, &top);
	else if (t->hooks.enter)
		t->hooks.enter(t->hooks.context, root, "");
	t->root = -1;
	return known ? 0 : -EIO;
}

int tree_read_file(struct tree *t, const char *path)
{
	path_start(t, path);
	t->root = -1;
	return treefile_read_fd(t, open(path, TREEFILE_FLAGS), true);
}

int tree_read_stdin(struct tree *t)
{
	ssize_t n;

	path_start(t, "<stdin>");
	t->root = -1;
	if (!treefile_buffer(t))
		return -ENOMEM;
	n = treefile_read(STDIN_FILENO, t->buffer, YAML_MOST_BYTES + 1);
	if (n < 0)
		treefile_hole(t, "cannot be read", (int)-n);
	else if (n > YAML_MOST_BYTES)
		return treefile_refuse_size(t);
	else
		treefile_take(t, (size_t)n, NULL, true, true);
	return n < 0 ? (int)n : 0;
}

void tree_finish(struct tree *t)
{
	if (t->untrusted > 0) {
		struct source *s = arena_alloc(t->arena, sizeof(*s));

		s->name = t->first;
		diagnostic_warning(
		    t->ds, (struct place){s, 0, 0}, "apply would not take it: it %s%s",
		    trusted_describe(&t->first_st, t->arena),
		    t->untrusted == 1
			? ""
			: arena_printf(t->arena, " (and %zu more like it)", t->untrusted - 1));
		diagnostic_hint(t->ds, "%s",
				trusted_remedy(&t->trusted, &t->first_st, t->first, t->arena));
	}
	free(t->buffer);
	t->buffer = NULL;
}
