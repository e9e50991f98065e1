#include "tests/integration/editors.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define path_of(h, s) arena_printf((h)->arena, "%s/%s", (s)->folder, (s)->file)
#define beside(h, s, before, after)                                                                \
	arena_printf((h)->arena, "%s/%s%s%s", (s)->folder, before, (s)->file, after)

static int opened(const char *path, int flags, mode_t mode)
{
	int fd = open(path, flags | O_CLOEXEC, mode);

	if (fd < 0)
		fail_msg("cannot open %s: %s", path, strerror(errno));
	return fd;
}

static void put(int fd, const char *text)
{
	size_t n = strlen(text);

	assert_int_equal(write(fd, text, n), n);
}

static void make(const char *path, int flags, const char *text)
{
	int fd = opened(path, O_WRONLY | O_CREAT | flags, 0644);

	put(fd, text);
	close(fd);
}

static void moved(const char *from, const char *to)
{
	if (rename(from, to) < 0)
		fail_msg("cannot rename %s: %s", from, strerror(errno));
}

static void removed(const char *path)
{
	if (unlink(path) < 0)
		fail_msg("cannot remove %s: %s", path, strerror(errno));
}

/* Vim opens its swap file twice, to learn whether the file system tells the two names apart. */
static const char *vim_swap(struct harness *h, const struct save *s)
{
	const char *swp = beside(h, s, ".", ".swp"), *swx = beside(h, s, ".", ".swx");

	make(swp, O_EXCL, "");
	make(swx, O_EXCL, "");
	removed(swx);
	removed(swp);
	make(swp, O_EXCL, "b0VIM 9.0");
	return swp;
}

/* Is the folder such that a new file in it is like the old one? */
static void vim_probe(struct harness *h, const struct save *s)
{
	const char *probe = arena_printf(h->arena, "%s/4913", s->folder);

	make(probe, O_EXCL | O_NOFOLLOW, "");
	removed(probe);
}

static void save_vim(struct harness *h, const struct save *s)
{
	const char *path = path_of(h, s), *backup = beside(h, s, "", "~"), *swap = vim_swap(h, s);
	int fd;

	vim_probe(h, s);
	moved(path, backup);
	fd = opened(path, O_WRONLY | O_CREAT, 0644);
	put(fd, s->text);
	fsync(fd);
	fchmod(fd, 0644);
	close(fd);
	chmod(path, 0644);
	removed(backup);
	removed(swap);
}

/* :set backupcopy=yes */
static void save_vim_in_place(struct harness *h, const struct save *s)
{
	const char *path = path_of(h, s), *backup = beside(h, s, "", "~"), *swap = vim_swap(h, s);
	int fd;

	make(backup, O_EXCL | O_NOFOLLOW, harness_read(h, "%s", path));
	fd = opened(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	put(fd, s->text);
	fsync(fd);
	close(fd);
	chmod(path, 0644);
	removed(backup);
	removed(swap);
}

static void emacs_begins(struct harness *h, const struct save *s)
{
	assert_int_equal(symlink("root@host.1234:1700000000", beside(h, s, ".#", "")), 0);
	make(beside(h, s, "#", "#"), O_TRUNC, "half of it");
}

static void emacs_ends(struct harness *h, const struct save *s)
{
	removed(beside(h, s, "#", "#"));
	removed(beside(h, s, ".#", ""));
}

static void emacs_writes(const char *path, const char *text)
{
	int fd = opened(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	put(fd, text);
	fsync(fd);
	close(fd);
	chmod(path, 0644);
}

/* The first save of a session leaves the backup. */
static void save_emacs(struct harness *h, const struct save *s)
{
	const char *path = path_of(h, s);

	emacs_begins(h, s);
	moved(path, beside(h, s, "", "~"));
	emacs_writes(path, s->text);
	emacs_ends(h, s);
}

static void save_emacs_again(struct harness *h, const struct save *s)
{
	emacs_begins(h, s);
	emacs_writes(path_of(h, s), s->text);
	emacs_ends(h, s);
}

static void save_nano(struct harness *h, const struct save *s)
{
	const char *lock = beside(h, s, ".", ".swp");

	make(lock, O_EXCL, "b0nano 7.2");
	make(path_of(h, s), O_TRUNC, s->text);
	removed(lock);
}

static void save_vscode(struct harness *h, const struct save *s)
{
	int fd = opened(path_of(h, s), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	put(fd, s->text);
	fdatasync(fd);
	close(fd);
}

/* g_file_replace with a backup: gedit and its kin */
static void save_gnome(struct harness *h, const struct save *s)
{
	const char *path = path_of(h, s), *backup = beside(h, s, "", "~");
	const char *aside = arena_printf(h->arena, "%s/.goutputstream-4BX5T2", s->folder);
	int fd = opened(aside, O_RDWR | O_CREAT | O_EXCL, 0644);

	put(fd, s->text);
	fsync(fd);
	unlink(backup);
	assert_int_equal(link(path, backup), 0);
	moved(aside, path);
	close(fd);
}

static void save_jetbrains(struct harness *h, const struct save *s)
{
	const char *path = path_of(h, s), *aside = beside(h, s, "", "___jb_tmp___");
	const char *old = beside(h, s, "", "___jb_old___");

	make(aside, O_EXCL, s->text);
	moved(path, old);
	moved(aside, path);
	removed(old);
}

/* QSaveFile */
static void save_kate(struct harness *h, const struct save *s)
{
	const char *aside = beside(h, s, "", ".XyZabc");
	int fd = opened(aside, O_RDWR | O_CREAT | O_EXCL, 0600);

	put(fd, s->text);
	fchmod(fd, 0644);
	fsync(fd);
	close(fd);
	moved(aside, path_of(h, s));
}

/* Twice before anybody can have looked. */
static void save_twice(struct harness *h, const struct save *s)
{
	make(path_of(h, s), O_TRUNC, "kind: instance\nname: half\n");
	make(path_of(h, s), O_TRUNC, s->text);
}

static void save_sed(struct harness *h, const struct save *s)
{
	assert_int_equal(harness_run(h, NULL, "sed", "-i",
				     arena_printf(h->arena, "s/%s/%s/", s->from, s->to),
				     path_of(h, s), NULL),
			 0);
}

static void save_sed_with_backup(struct harness *h, const struct save *s)
{
	assert_int_equal(harness_run(h, NULL, "sed", "-i~",
				     arena_printf(h->arena, "s/%s/%s/", s->from, s->to),
				     path_of(h, s), NULL),
			 0);
}

static void save_perl(struct harness *h, const struct save *s)
{
	assert_int_equal(harness_run(h, NULL, "perl", "-pi", "-e",
				     arena_printf(h->arena, "s/%s/%s/", s->from, s->to),
				     path_of(h, s), NULL),
			 0);
}

static void save_real_vim(struct harness *h, const struct save *s)
{
	assert_int_equal(harness_run(h, NULL, "timeout", "20", "vim", "-E", "-s", "-u", "NONE",
				     "-c", arena_printf(h->arena, "%%s/%s/%s/", s->from, s->to),
				     "-c", "wq", path_of(h, s), NULL),
			 0);
}

static const char *other_file(struct harness *h, const struct save *s)
{
	const char *path = arena_printf(h->arena, "%s/edited", h->root);

	make(path, O_TRUNC, s->text);
	return path;
}

static void save_cp(struct harness *h, const struct save *s)
{
	assert_int_equal(harness_run(h, NULL, "cp", other_file(h, s), path_of(h, s), NULL), 0);
}

/* Removes it first. */
static void save_install(struct harness *h, const struct save *s)
{
	assert_int_equal(
	    harness_run(h, NULL, "install", "-m", "644", other_file(h, s), path_of(h, s), NULL), 0);
}

static void save_mv(struct harness *h, const struct save *s)
{
	assert_int_equal(harness_run(h, NULL, "mv", "-f", other_file(h, s), path_of(h, s), NULL),
			 0);
}

const struct editor editors[] = {
    {"vim",		 save_vim,             NULL },
    {"vim, backupcopy=yes", save_vim_in_place,    NULL },
    {"the real vim",        save_real_vim,        "vim"},
    {"emacs",	       save_emacs,           NULL },
    {"emacs, once more",    save_emacs_again,     NULL },
    {"nano",		save_nano,            NULL },
    {"VS Code",             save_vscode,          NULL },
    {"gedit",	       save_gnome,           NULL },
    {"JetBrains",           save_jetbrains,       NULL },
    {"kate",		save_kate,            NULL },
    {"saved twice",         save_twice,           NULL },
    {"sed -i",              save_sed,             NULL },
    {"sed -i~",             save_sed_with_backup, NULL },
    {"perl -pi",            save_perl,            NULL },
    {"cp",		  save_cp,              NULL },
    {"install",             save_install,         NULL },
    {"mv",		  save_mv,              NULL },
};
const size_t n_editors = sizeof(editors) / sizeof(*editors);
