#include "reconciler/creation.h"

#include "limits/procfile.h"
#include "reconciler/creation_base.h"
#include "reconciler/lxclog.h"
#include "schema/arena.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <lxc/lxccontainer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ASIDE ".evenkeel.create."
#define ASIDE_TRIES 10

/* The folder aside, locked while somebody works in it. */
struct aside {
	const char *path;   /* LXCPATH/.evenkeel.create.PID */
	const char *folder; /* the container's in it */
	int fd;
};

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

static int remove_tree(const char *path)
{
	return nftw(path, remove_entry, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) < 0 ? errno : 0;
}

int creation_clear(const char *lxcpath, const char **reason, struct arena *a)
{
	DIR *folder = opendir(lxcpath);
	struct dirent *e;
	int error = 0;

	while (folder && (e = readdir(folder))) {
		const char *path;
		procfile_fd fd = -1;

		if (strncmp(e->d_name, ASIDE, sizeof(ASIDE) - 1) != 0)
			continue;
		path = arena_printf(a, "%s/%s", lxcpath, e->d_name);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
			continue; /* gone, or somebody is still at it */
		error = remove_tree(path);
		if (error)
			*reason = arena_printf(a, "cannot remove %s: %s", path, strerror(error));
	}
	if (folder)
		closedir(folder);
	return error;
}

/* False with errno: ENOENT when it was cleared away meanwhile, not locked yet and so taken for a
 * dead one's. */
static bool aside_try(struct aside *out)
{
	struct stat st;

	if (mkdir(out->path, 0700) < 0)
		return false;
	out->fd = open(out->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out->fd >= 0 && flock(out->fd, LOCK_EX) == 0 && stat(out->path, &st) == 0)
		return true;
	procfile_close(&out->fd);
	return false;
}

static int aside_make(const struct jobspec *s, struct aside *out, struct arena *a)
{
	out->path = arena_printf(a, "%s/" ASIDE "%ld", s->lxcpath, (long)getpid());
	out->folder = arena_printf(a, "%s/%s", out->path, s->name);
	for (int i = 0; i < ASIDE_TRIES; i++) {
		if (aside_try(out))
			return 0;
		if (errno != ENOENT)
			break;
	}
	return errno;
}

static int fail(const char **reason, int error, const char *text)
{
	*reason = text;
	return error;
}

/* False with errno: a disk that is full may take a part. */
static bool write_whole(int fd, const char *text)
{
	size_t n = strlen(text);

	while (n > 0) {
		ssize_t put = write(fd, text, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			errno = put < 0 ? errno : EIO;
			return false;
		}
		text += put;
		n -= (size_t)put;
	}
	return true;
}

/* liblxc reads files only. */
static bool load_text(struct lxc_container *c, const char *text)
{
	procfile_fd fd = memfd_create("config", MFD_CLOEXEC);
	char path[32];

	if (fd < 0 || !write_whole(fd, text))
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return c->load_config(c, path);
}

/* "--key value" for each option. */
static char **template_words(const struct jobspec *s, struct arena *a)
{
	char **words = arena_alloc(a, (2 * s->n_options + 1) * sizeof(*words));

	for (size_t i = 0; i < s->n_options; i++) {
		words[2 * i] = arena_printf(a, "--%s", s->options[i].key);
		words[2 * i + 1] = arena_strdup(a, s->options[i].value);
	}
	return words;
}

/* The base is what LXC is to know while it makes the rootfs: no id map, so that all of it belongs
 * to 0:0. */
static int make(const struct jobspec *s, const struct aside *aside, const char *base,
		const char **reason, struct arena *a)
{
	struct lxc_container *c = lxc_container_new(s->name, aside->path);
	const struct lxclog *log = lxclog_new(a);
	int error = 0;

	if (!c)
		return fail(reason, EIO, "liblxc gives no handle");
	fflush(NULL);
	if (!load_text(c, base))
		error = fail(reason, EINVAL,
			     lxclog_reason(log, "LXC refuses the base configuration", a));
	else if (!c->create(c, s->template, "dir", NULL, 0, template_words(s, a)))
		error =
		    fail(reason, EIO,
			 lxclog_reason(log, arena_printf(a, "template %s failed", s->template), a));
	lxc_container_put(c);
	return error;
}

/* The new container's config in its final form. */
static int finish_config(const struct jobspec *s, const struct aside *aside, const char **reason,
			 struct arena *a)
{
	procfile_fd folder = open(aside->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char *text = folder < 0 ? NULL : procfile_read_all(folder, "config", a, NULL);
	procfile_fd fd = -1;

	if (!text)
		return fail(reason, errno, "the template left no config");
	text = creation_config(s, text, aside->path, creation_can_confine(), a);
	if (unlinkat(folder, "config", 0) < 0 ||
	    (fd = openat(folder, "config", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640)) < 0 ||
	    !write_whole(fd, text))
		return fail(reason, errno,
			    arena_printf(a, "cannot write its config: %s", strerror(errno)));
	return 0;
}

/* An unprivileged rootfs is mounted with its owner's ids mapped: that is right for 0:0 only. */
static int check_rootfs(const struct jobspec *s, const struct aside *aside, const char **reason,
			struct arena *a)
{
	struct stat st;

	if (s->n_idmap == 0)
		return 0;
	if (stat(arena_printf(a, "%s/rootfs", aside->folder), &st) < 0)
		return fail(reason, errno, "the template made no rootfs");
	if (st.st_uid != 0 || st.st_gid != 0)
		return fail(reason, EINVAL,
			    arena_printf(a, "the template made a rootfs of %u:%u, not of 0:0",
					 st.st_uid, st.st_gid));
	return 0;
}

static int put_in_place(const struct jobspec *s, const struct aside *aside, const char **reason,
			struct arena *a)
{
	const char *target = arena_printf(a, "%s/%s", s->lxcpath, s->name);

	if (chown(aside->folder, 0, 0) < 0 || chmod(aside->folder, 0711) < 0 ||
	    syncfs(aside->fd) < 0 ||
	    renameat2(AT_FDCWD, aside->folder, AT_FDCWD, target, RENAME_NOREPLACE) < 0)
		return fail(reason, errno,
			    arena_printf(a, "cannot put it in place: %s", strerror(errno)));
	return 0;
}

/* Only a file that nobody else could write decides what a container may do. */
static int read_config(const struct jobspec *s, char **text, const char **reason, struct arena *a)
{
	procfile_fd fd = open(s->config, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char path[32];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(reason, errno, arena_printf(a, "%s: %s", s->config, strerror(errno)));
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022) != 0)
		return fail(reason, EPERM,
			    arena_printf(a,
					 "%s has to be a file of root's that nobody else can write",
					 s->config));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	*text = procfile_read_all(AT_FDCWD, path, a, NULL);
	return *text ? 0
		     : fail(reason, errno, arena_printf(a, "%s: %s", s->config, strerror(errno)));
}

/* Without a template the config names a rootfs that is there. */
static int make_of_config(const struct aside *aside, const char *text, const char **reason,
			  struct arena *a)
{
	procfile_fd fd = -1;

	if (!strstr(text, "lxc.rootfs.path"))
		return fail(reason, EINVAL,
			    "source: without a template, its config has to set lxc.rootfs.path");
	if (mkdir(aside->folder, 0711) < 0 ||
	    (fd = open(arena_printf(a, "%s/config", aside->folder),
		       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640)) < 0 ||
	    !write_whole(fd, text))
		return fail(reason, errno,
			    arena_printf(a, "cannot write its config: %s", strerror(errno)));
	return 0;
}

static int create_aside(const struct jobspec *s, const struct aside *aside, const char **reason,
			struct arena *a)
{
	char *base = arena_strdup(a, "");
	int error = s->config ? read_config(s, &base, reason, a) : 0;

	if (error == 0 && s->template)
		error = make(s, aside, base, reason, a);
	else if (error == 0)
		error = make_of_config(aside, base, reason, a);
	if (error == 0 && s->template)
		error = finish_config(s, aside, reason, a);
	if (error == 0)
		error = check_rootfs(s, aside, reason, a);
	return error ? error : put_in_place(s, aside, reason, a);
}

/* By a job of somebody who is no more, or by hand. LXC marks what it is still making. */
static bool is_made(const struct jobspec *s, struct arena *a)
{
	const char *folder = arena_printf(a, "%s/%s", s->lxcpath, s->name);

	return access(arena_printf(a, "%s/config", folder), F_OK) == 0 &&
	       access(arena_printf(a, "%s/partial", folder), F_OK) < 0;
}

int creation_run(const struct jobspec *s, const char **reason, struct arena *a)
{
	struct aside aside = {.fd = -1};
	const char *ignored;
	int error;

	creation_clear(s->lxcpath, &ignored, a);
	if (is_made(s, a))
		return 0;
	if (access(arena_printf(a, "%s/%s", s->lxcpath, s->name), F_OK) == 0)
		return fail(reason, EEXIST,
			    arena_printf(a,
					 "there is a folder %s/%s already, and no container in it",
					 s->lxcpath, s->name));
	if (mkdir(s->lxcpath, 0711) < 0 && errno != EEXIST)
		return fail(reason, errno,
			    arena_printf(a, "cannot make %s: %s", s->lxcpath, strerror(errno)));
	error = aside_make(s, &aside, a);
	if (error)
		*reason = arena_printf(a, "cannot make %s: %s", aside.path, strerror(error));
	else
		error = create_aside(s, &aside, reason, a);
	remove_tree(aside.path);
	procfile_close(&aside.fd);
	return error;
}
