#include "reconciler/bootfile.h"

#include "reconciler/bootfile_journal.h"
#include "reconciler/include.h"
#include "schema/arena.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TORN_BOOTFILE BOOTFILE_NAME ".torn"
#define MOST_BYTES (1u << 20)

/* The files of a container that a batch may write, in the order in which they are put in place: a
 * config that includes a file which is not there does not load. */
enum { POLICY, BOOT, CONFIG, N_FILES };

static const char *const next_names[N_FILES] = {
    ".evenkeel.seccomp.next",
    ".evenkeel.conf.next",
    ".evenkeel.config.next",
};

struct file {
	const char *path;  /* below the LXC path */
	const char *text;  /* to be written; NULL: not */
	const char *stale; /* a path that goes; NULL: none */
	const struct stat *like;
};

struct item {
	const char *name, *text; /* text NULL: the boot file goes */
	int *error;
	const char **why;
	bool failed, torn;
	bool release; /* nothing of ours stays in the folder */
	struct stat config_stat;
	struct file files[N_FILES];
};

struct bootfile_batch {
	int dir; /* of the LXC path; while committing a real one: syncfs takes no O_PATH */
	const char *lxcpath;
	struct arena *arena;
	struct item *items;
	size_t n, capacity, syncs;
	dev_t device;
};

static void fail(struct item *i, int error, const char *why)
{
	if (i->failed)
		return;
	i->failed = true;
	if (i->error)
		*i->error = error;
	if (i->why)
		*i->why = why;
}

static bool has_work(const struct item *i)
{
	for (size_t k = 0; k < N_FILES && !i->failed; k++)
		if (i->files[k].text || i->files[k].stale)
			return true;
	return false;
}

static char *path_of(struct bootfile_batch *b, const char *name, const char *file)
{
	return arena_printf(b->arena, "%s/%s", name, file);
}

static bool is_same(const struct stat *x, const struct stat *y)
{
	return x->st_dev == y->st_dev && x->st_ino == y->st_ino && x->st_size == y->st_size &&
	       x->st_mtim.tv_sec == y->st_mtim.tv_sec && x->st_mtim.tv_nsec == y->st_mtim.tv_nsec &&
	       x->st_ctim.tv_sec == y->st_ctim.tv_sec && x->st_ctim.tv_nsec == y->st_ctim.tv_nsec;
}

/* All of FD; NULL with errno: EAGAIN when somebody writes it just now. */
static char *read_open(struct bootfile_batch *b, int fd, const struct stat *st)
{
	char *text = arena_alloc(b->arena, (size_t)st->st_size + 1);
	size_t n = 0, size = (size_t)st->st_size;
	struct stat now;
	ssize_t got;

	while (n < size && (got = read(fd, text + n, size - n)) != 0) {
		if (got < 0 && errno != EINTR)
			return NULL;
		n += got > 0 ? (size_t)got : 0;
	}
	if (fstat(fd, &now) < 0)
		return NULL;
	errno = EAGAIN;
	return n == size && is_same(st, &now) ? text : NULL;
}

/* A text below the LXC path; NULL with errno. */
static char *read_text(struct bootfile_batch *b, const char *path, struct stat *st)
{
	int fd = openat(b->dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	int error;

	if (fd < 0)
		return NULL;
	if (fstat(fd, st) < 0) {
		error = errno;
	} else if (!S_ISREG(st->st_mode) || st->st_size >= MOST_BYTES) {
		error = EFBIG;
	} else {
		text = read_open(b, fd, st);
		error = errno;
	}
	close(fd);
	errno = error;
	return text;
}

/* ---- writing one file ---- */

static int write_all(int fd, const char *text)
{
	size_t n = strlen(text);

	while (n > 0) {
		ssize_t done = write(fd, text, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		text += done;
		n -= (size_t)done;
	}
	return 0;
}

/* A new file of the mode and owner of LIKE, else root's alone. On another file system than the LXC
 * path's it is synced on its own. */
static int write_new(struct bootfile_batch *b, const char *path, const char *text,
		     const struct stat *like)
{
	struct stat st;
	int fd, r;

	unlinkat(b->dir, path, 0);
	fd = openat(b->dir, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, text);
	if (r == 0 && like &&
	    (fchown(fd, like->st_uid, like->st_gid) < 0 || fchmod(fd, like->st_mode & 07777) < 0))
		r = -errno;
	if (r == 0 && (fstat(fd, &st) < 0 || (st.st_dev != b->device && fsync(fd) < 0)))
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r < 0)
		unlinkat(b->dir, path, 0);
	return r;
}

/* ---- the journal: temporaries that a killed run left are taken away by the next one ---- */

static void remove_temporaries(struct bootfile_batch *b, const char *name)
{
	for (size_t k = 0; k < N_FILES; k++)
		unlinkat(b->dir, path_of(b, name, next_names[k]), 0);
}

static void undo(void *context, const char *name)
{
	remove_temporaries(context, name);
}

static struct bootfile_journal journal_of(struct bootfile_batch *b)
{
	return (struct bootfile_journal){b->dir, b->arena, undo, b};
}

static const char *names_with_work(struct bootfile_batch *b)
{
	size_t n = 1;
	char *text, *end;

	for (size_t i = 0; i < b->n; i++)
		n += strlen(b->items[i].name) + 1;
	text = end = arena_alloc(b->arena, n);
	for (size_t i = 0; i < b->n; i++)
		if (has_work(&b->items[i]))
			end = stpcpy(stpcpy(end, b->items[i].name), "\n");
	return text;
}

/* ---- what is to be written ---- */

/* The boot file holds the id map: the owner's lines make room for it. */
static bool takes_idmap(const char *text)
{
	return text && (strstr(text, "\nlxc.idmap = ") || strstr(text, "\n" BOOTFILE_NO_IDMAP));
}

static const char *idmap_refused(const char *lxcpath, const char *name, const char *config,
				 struct arena *a)
{
	const char *file = include_with_idmap(config, a);
	const char *options = include_value(config, "lxc.rootfs.options", a);

	if (file)
		return arena_printf(a,
				    "its id map comes from %s, which its config includes: take "
				    "lxc.idmap out of there, or the keys out of the manifest",
				    file);
	if (options && *options && strcmp(options, "idmap=container") != 0)
		return arena_printf(a,
				    "%s/%s/config has lxc.rootfs.options = %s, which another id "
				    "map would have to replace",
				    lxcpath, name, options);
	return NULL;
}

static void plan_config(struct bootfile_batch *b, struct item *i)
{
	const char *boot_path = arena_printf(b->arena, "%s/%s/" BOOTFILE_NAME, b->lxcpath, i->name);
	struct file *f = &i->files[CONFIG];
	char *config, *mended;
	const char *refused;

	f->path = path_of(b, i->name, "config");
	f->like = &i->config_stat;
	config = read_text(b, f->path, &i->config_stat);
	if (!config && errno == ENOENT && !i->text)
		return;
	if (!config) {
		fail(i, errno,
		     arena_printf(b->arena, "%s/%s: %s", b->lxcpath, f->path,
				  errno == ELOOP    ? "a symbolic link; evenkeel does not rewrite "
						      "what is elsewhere"
				  : errno == EAGAIN ? "somebody else writes it just now"
				  : errno == EFBIG  ? "no file, or larger than 1 MiB"
						    : strerror(errno)));
		return;
	}
	refused =
	    takes_idmap(i->text) ? idmap_refused(b->lxcpath, i->name, config, b->arena) : NULL;
	if (strlen(config) != (size_t)i->config_stat.st_size)
		fail(i, EINVAL, "there is a NUL byte in the container's config");
	else if (refused)
		fail(i, EPERM, refused);
	else if (include_mend(config, i->text ? boot_path : NULL, takes_idmap(i->text), b->arena,
			      &mended) < 0)
		fail(i, EINVAL, "the LXC path cannot be written into LXC's configuration");
	else if (strcmp(config, mended) != 0)
		f->text = mended;
}

static void plan_policy(struct bootfile_batch *b, struct item *i, const char *now)
{
	struct file *f = &i->files[POLICY];
	char *name = NULL, *policy = NULL, *old_name, *old_policy, *there;
	struct stat st;

	if (i->text && bootfile_policy_find(i->text, b->arena, &name, &policy)) {
		f->path = path_of(b, i->name, name);
		there = read_text(b, f->path, &st);
		if (!there || !bootfile_is_ours(&st) || strcmp(there, policy) != 0)
			f->text = policy;
	}
	if (now && bootfile_policy_find(now, b->arena, &old_name, &old_policy) &&
	    (!name || strcmp(name, old_name) != 0))
		f->stale = path_of(b, i->name, old_name);
}

static void plan_boot(struct bootfile_batch *b, struct item *i)
{
	struct file *f = &i->files[BOOT];
	struct record record;
	struct stat st;
	char *now;
	bool there;

	f->path = path_of(b, i->name, BOOTFILE_NAME);
	now = read_text(b, f->path, &st);
	there = now || errno != ENOENT;
	if (!now && errno != ENOENT && errno != ELOOP && errno != EFBIG) {
		fail(i, errno, strerror(errno));
		return;
	}
	if (i->text && (!now || !bootfile_is_ours(&st) || strcmp(now, i->text) != 0))
		f->text = i->text;
	if (!i->text && there)
		f->stale = f->path;
	if (there) {
		bootfile_read(b->dir, b->lxcpath, i->name, b->arena, &record);
		i->torn = now && record.state == RECORD_TORN;
	}
	plan_policy(b, i, now);
}

/* ---- the steps of a commit ---- */

static void write_temporaries(struct bootfile_batch *b, struct item *i)
{
	for (size_t k = 0; k < N_FILES; k++) {
		const struct file *f = &i->files[k];
		int r = f->text ? write_new(b, path_of(b, i->name, next_names[k]), f->text, f->like)
				: 0;

		if (r == 0)
			continue;
		remove_temporaries(b, i->name);
		fail(i, -r, strerror(-r));
		return;
	}
}

/* LXC's own tools write a config in place: what they wrote since it was read must not be lost. */
static bool config_has_changed(struct bootfile_batch *b, const struct item *i)
{
	struct stat st;

	return i->files[CONFIG].text &&
	       (fstatat(b->dir, i->files[CONFIG].path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		!is_same(&st, &i->config_stat));
}

static void put_in_place(struct bootfile_batch *b, struct item *i)
{
	int r = 0;

	if (config_has_changed(b, i)) {
		remove_temporaries(b, i->name);
		fail(i, EAGAIN, "somebody else writes the container's config just now");
		return;
	}
	if (i->torn) {
		const char *aside = path_of(b, i->name, TORN_BOOTFILE);

		unlinkat(b->dir, aside, 0);
		r = linkat(b->dir, i->files[BOOT].path, b->dir, aside, 0);
	}
	for (size_t k = 0; k < N_FILES && r == 0; k++)
		if (i->files[k].text)
			r = renameat(b->dir, path_of(b, i->name, next_names[k]), b->dir,
				     i->files[k].path);
	for (size_t k = N_FILES; k-- > 0 && r == 0;)
		if (i->files[k].stale && unlinkat(b->dir, i->files[k].stale, 0) < 0 &&
		    errno != ENOENT)
			r = -1;
	if (r < 0) {
		fail(i, errno, strerror(errno));
		remove_temporaries(b, i->name);
	}
}

static bool sync_all(struct bootfile_batch *b)
{
	b->syncs++;
	return syncfs(b->dir) == 0;
}

/* Folders on another file system than the LXC path's are synced one by one. */
static void sync_folder(struct bootfile_batch *b, struct item *i)
{
	struct stat st;
	int fd = openat(b->dir, i->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && st.st_dev != b->device && fsync(fd) < 0)
		fail(i, errno, strerror(errno));
	close(fd);
}

static void give_up(struct bootfile_batch *b, int error)
{
	for (size_t i = 0; i < b->n; i++) {
		if (!has_work(&b->items[i]))
			continue;
		remove_temporaries(b, b->items[i].name);
		fail(&b->items[i], error, strerror(error));
	}
}

static void each_with_work(struct bootfile_batch *b,
			   void (*step)(struct bootfile_batch *, struct item *))
{
	for (size_t i = 0; i < b->n; i++)
		if (has_work(&b->items[i]))
			step(b, &b->items[i]);
}

static void write_batch(struct bootfile_batch *b)
{
	struct bootfile_journal journal = journal_of(b);
	int fd = bootfile_journal_begin(&journal, names_with_work(b));

	if (fd < 0) {
		give_up(b, -fd);
		return;
	}
	each_with_work(b, write_temporaries);
	if (!sync_all(b))
		give_up(b, errno);
	each_with_work(b, put_in_place);
	each_with_work(b, sync_folder);
	bootfile_journal_end(&journal, fd);
	if (!sync_all(b))
		give_up(b, errno);
}

static bool is_ours(const char *file)
{
	size_t n = strlen(file);

	if (strcmp(file, TORN_BOOTFILE) == 0)
		return true;
	for (size_t k = 0; k < N_FILES; k++)
		if (strcmp(file, next_names[k]) == 0)
			return true;
	return strncmp(file, "evenkeel-", 9) == 0 && n > 8 && strcmp(file + n - 8, ".seccomp") == 0;
}

/* What a release leaves beside the boot file: torn ones, policies, temporaries of a crash. */
static void remove_remains(struct bootfile_batch *b, struct item *i)
{
	int fd = openat(b->dir, i->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!folder) {
		if (errno != ENOENT)
			fail(i, errno, strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((e = readdir(folder)))
		if (is_ours(e->d_name) && unlinkat(fd, e->d_name, 0) < 0)
			fail(i, errno, strerror(errno));
	closedir(folder);
}

static void plan_all(struct bootfile_batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		plan_boot(b, &b->items[i]);
		if (!b->items[i].failed)
			plan_config(b, &b->items[i]);
	}
}

static bool any_work(const struct bootfile_batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (has_work(&b->items[i]))
			return true;
	return false;
}

struct bootfile_batch *bootfile_batch_new(int lxcpath_dir, const char *lxcpath, struct arena *a)
{
	struct bootfile_batch *b = arena_alloc(a, sizeof(*b));

	b->dir = lxcpath_dir; /* until the commit */
	b->lxcpath = lxcpath;
	b->arena = a;
	return b;
}

static void batch_add(struct bootfile_batch *b, struct item item)
{
	b->items = arena_grow(b->arena, b->items, b->n, &b->capacity, sizeof(*b->items));
	b->items[b->n++] = item;
	if (item.error)
		*item.error = 0;
	if (item.why)
		*item.why = NULL;
}

void bootfile_batch_add(struct bootfile_batch *b, const char *name, const char *text, int *error,
			const char **why)
{
	batch_add(b, (struct item){.name = name, .text = text, .error = error, .why = why});
}

void bootfile_batch_release(struct bootfile_batch *b, const char *name, int *error,
			    const char **why)
{
	batch_add(b, (struct item){.name = name, .release = true, .error = error, .why = why});
}

void bootfile_batch_recover(int lxcpath_dir, const char *lxcpath)
{
	struct arena *a = arena_new();
	struct bootfile_journal journal = journal_of(bootfile_batch_new(lxcpath_dir, lxcpath, a));

	bootfile_journal_recover(&journal);
	arena_free(a);
}

size_t bootfile_batch_commit(struct bootfile_batch *b)
{
	struct bootfile_journal journal;
	int path_dir = b->dir;
	size_t failed = 0;
	struct stat st;

	b->syncs = 0;
	if (b->n == 0)
		return 0;
	b->dir = openat(path_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->dir < 0 || fstat(b->dir, &st) < 0) {
		for (size_t i = 0; i < b->n; i++)
			fail(&b->items[i], errno, strerror(errno));
	} else {
		b->device = st.st_dev;
		journal = journal_of(b);
		bootfile_journal_recover(&journal);
		plan_all(b);
		if (any_work(b))
			write_batch(b);
		for (size_t i = 0; i < b->n; i++)
			if (b->items[i].release && !b->items[i].failed)
				remove_remains(b, &b->items[i]);
	}
	for (size_t i = 0; i < b->n; i++)
		failed += b->items[i].failed;
	if (b->dir >= 0)
		close(b->dir);
	b->dir = path_dir;
	b->n = 0;
	return failed;
}

size_t bootfile_batch_syncs(const struct bootfile_batch *b)
{
	return b->syncs;
}

const char *bootfile_idmap_refused(int lxcpath_dir, const char *lxcpath, const char *name,
				   struct arena *a)
{
	struct bootfile_batch b = {.dir = lxcpath_dir, .arena = a};
	struct stat st;
	const char *config = read_text(&b, path_of(&b, name, "config"), &st);

	return config ? idmap_refused(lxcpath, name, include_own(config, a), a) : NULL;
}

int bootfile_release(int lxcpath_dir, const char *lxcpath, const char *name, struct arena *a,
		     const char **why)
{
	struct bootfile_batch *b = bootfile_batch_new(lxcpath_dir, lxcpath, a);
	int error;

	bootfile_batch_release(b, name, &error, why);
	bootfile_batch_commit(b);
	return -error;
}
