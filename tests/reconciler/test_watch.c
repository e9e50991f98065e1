#include "tests/reconciler/watch_tree.h"

#include "tests/skip.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- how programs save --------------------------------------------------------------------------
 */

/* The name it may have in the folder tells whether it can be written: an odd one, made and removed.
 */
static void save_vim(struct watch_tree *t)
{
	put(t, "m/4913", "");
	remove_one(t, "m/4913");
	put(t, "m/.a.yaml.swp", "swap");
	rename_to(t, "m/a.yaml", "m/a.yaml~");
	put(t, "m/a.yaml", TWO);
	mode(t, "m/a.yaml", 0640);
	remove_one(t, "m/a.yaml~");
	remove_one(t, "m/.a.yaml.swp");
}

static void save_emacs(struct watch_tree *t)
{
	symlink_to(t, "user@host.1", "m/.#a.yaml");
	put(t, "m/#a.yaml#", "autosave");
	put(t, "m/a.yamlXtmp", TWO);
	rename_to(t, "m/a.yamlXtmp", "m/a.yaml");
	remove_one(t, "m/#a.yaml#");
	remove_one(t, "m/.#a.yaml");
}

static void save_in_place(struct watch_tree *t)
{
	put(t, "m/a.yaml", TWO);
}

static void save_sed(struct watch_tree *t)
{
	put(t, "m/sedXYZ123", TWO);
	mode(t, "m/sedXYZ123", 0644);
	rename_to(t, "m/sedXYZ123", "m/a.yaml");
}

static void save_git(struct watch_tree *t)
{
	remove_one(t, "m/a.yaml");
	put(t, "m/a.yaml", TWO);
}

static void save_rsync(struct watch_tree *t)
{
	put(t, "m/.a.yaml.Ab3dE9", TWO);
	mode(t, "m/.a.yaml.Ab3dE9", 0644);
	rename_to(t, "m/.a.yaml.Ab3dE9", "m/a.yaml");
}

static void save_tar(struct watch_tree *t)
{
	struct timespec times[2] = {
	    {1000, 0},
            {1000, 0}
        };
	int fd;

	remove_one(t, "m/a.yaml");
	fd = open(at(t, "m/a.yaml"), O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_equal(write(fd, ONE, sizeof(ONE) - 1), sizeof(ONE) - 1);
	futimens(fd, times);
	fchmod(fd, 0644);
	close(fd);
}

static void save_new_file(struct watch_tree *t)
{
	put(t, "m/b.yaml", ONE);
}

static void save_over_rename(struct watch_tree *t)
{
	put(t, "outside.yaml", ONE);
	rename_to(t, "outside.yaml", "m/a.yaml");
}

static void save_truncating(struct watch_tree *t)
{
	int fd = open(at(t, "m/a.yaml"), O_RDWR);

	assert_int_equal(ftruncate(fd, 100), 0);
	close(fd);
}

static void mode_only(struct watch_tree *t)
{
	mode(t, "m/a.yaml", 0600);
}

static void second_name(struct watch_tree *t)
{
	hard_link(t, "m/a.yaml", "m/b.yaml");
}

static void vanish(struct watch_tree *t)
{
	remove_one(t, "m/a.yaml");
}

static void rename_within(struct watch_tree *t)
{
	rename_to(t, "m/a.yaml", "m/c.yaml");
}

static void rename_out(struct watch_tree *t)
{
	rename_to(t, "m/a.yaml", "a.yaml");
}

static void become_backup(struct watch_tree *t)
{
	rename_to(t, "m/a.yaml", "m/a.yaml~");
}

static void two_at_once(struct watch_tree *t)
{
	put(t, "m/a.yaml", TWO);
	put(t, "m/b.yaml", ONE);
}

static void read_only(struct watch_tree *t)
{
	char buffer[64];
	int fd = open(at(t, "m/a.yaml"), O_RDONLY);

	assert_true(read(fd, buffer, sizeof(buffer)) > 0);
	close(fd);
	fd = open(at(t, "m"), O_RDONLY | O_DIRECTORY);
	close(fd);
	access(at(t, "m/a.yaml"), R_OK);
}

static void leftovers(struct watch_tree *t)
{
	put(t, "m/.hidden.yaml", ONE);
	put(t, "m/x.yaml~", ONE);
	put(t, "m/#x.yaml#", ONE);
	put(t, "m/x.swp", ONE);
	put(t, "m/README.md", "text");
	put(t, "m/.git.yaml", "");
	folder(t, "m/.git");
	put(t, "m/.git/x.yaml", ONE);
	symlink_to(t, "nobody@nowhere", "m/.#lock.yaml");
	remove_one(t, "m/.hidden.yaml");
	rename_to(t, "m/x.yaml~", "m/y.yaml~");
}

static void ignored(struct watch_tree *t)
{
	put(t, "m/drafts.yaml", ONE);
	folder(t, "m/attic");
	put(t, "m/attic/x.yaml", ONE);
}

static void change_rules(struct watch_tree *t)
{
	put(t, "m/.evenkeelignore", "other\n");
}

static void write_other_names(struct watch_tree *t)
{
	put(t, "m/notes.txt", "1");
	put(t, "m/notes.txt", "2");
	remove_one(t, "m/notes.txt");
}

static void touch_folders(struct watch_tree *t)
{
	assert_int_equal(utimensat(AT_FDCWD, at(t, "m"), NULL, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, at(t, "."), NULL, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, at(t, "m/sub"), NULL, 0), 0);
}

static void a_fifo(struct watch_tree *t)
{
	assert_int_equal(mkfifo(at(t, "m/f.yaml"), 0600), 0);
}

static const struct {
	const char *what;
	void (*act)(struct watch_tree *t);
	const char *paths;
	bool lone;
} saves[] = {
    {"vim",			save_vim,          "a.yaml",        false},
    {"emacs",		      save_emacs,        "a.yaml",        true },
    {"nano, VS Code, cp",          save_in_place,     "a.yaml",        true },
    {"sed -i",		     save_sed,          "a.yaml",        true },
    {"git checkout",               save_git,          "a.yaml",        false},
    {"rsync",		      save_rsync,        "a.yaml",        true },
    {"tar x",		      save_tar,          "a.yaml",        false},
    {"a new file",                 save_new_file,     "b.yaml",        true },
    {"a file moved in",            save_over_rename,  "a.yaml",        true },
    {"ftruncate",		  save_truncating,   "a.yaml",        true },
    {"chmod",		      mode_only,         "a.yaml",        false},
    {"a second name",              second_name,       "/ b.yaml",      false},
    {"removed",		    vanish,            "a.yaml",        false},
    {"renamed",		    rename_within,     "a.yaml c.yaml", false},
    {"moved out",		  rename_out,        "a.yaml",        false},
    {"renamed to a backup",        become_backup,     "a.yaml",        false},
    {"two files",		  two_at_once,       "a.yaml b.yaml", false},
    {"merely read",                read_only,         "",              false},
    {"leftovers and hidden files", leftovers,         "",              false},
    {"what the ignore file names", ignored,           "",              false},
    {"the ignore file",            change_rules,      "/",             false},
    {"other files",                write_other_names, "",              false},
    {"the times of folders",       touch_folders,     "",              false},
    {"a FIFO",		     a_fifo,            "f.yaml",        false},
};

static void every_way_of_saving_is_seen(void **state)
{
	for (size_t i = 0; i < sizeof(saves) / sizeof(*saves); i++) {
		struct watch_tree *t;

		assert_int_equal(watch_tree_set_up(state), 0);
		t = *state;
		put(t, "m/.evenkeelignore", "attic/\ndrafts.yaml\n");
		put(t, "m/a.yaml", ONE);
		folder(t, "m/sub");
		watch_begin(t);
		saves[i].act(t);
		demand(t, saves[i].what, saves[i].paths);
		if (t->lone != saves[i].lone)
			fail_msg("%s: %slone", saves[i].what, t->lone ? "" : "not ");
		/* And once more: the watches are still there. */
		put(t, "m/z.yaml", ONE);
		demand(t, saves[i].what, "z.yaml");
		watch_tree_tear_down(state);
	}
}

/* --- files held open ----------------------------------------------------------------------------
 */

static void a_truncated_moment_is_waited_out(void **state)
{
	struct watch_tree *t = *state;
	struct watch_news news;
	int fd;

	put(t, "m/a.yaml", ONE);
	watch_begin(t);
	fd = open(at(t, "m/a.yaml"), O_WRONLY | O_TRUNC);
	assert_true(stirs(t, 1000));
	assert_false(watch_read(t->w, t->arena, &news));
	assert_true(watch_writing(t->w));
	assert_int_equal(write(fd, ONE, 4), 4);
	assert_true(stirs(t, 1000));
	assert_false(watch_read(t->w, t->arena, &news));
	fchmod(fd, 0600);
	assert_false(watch_read(t->w, t->arena, &news));
	close(fd);
	assert_true(watch_read(t->w, t->arena, &news));
	assert_int_equal(news.n, 1);
	assert_string_equal(news.paths[0], "a.yaml");
	assert_true(news.lone);
	assert_false(watch_writing(t->w));
	demand(t, "no more", "");
}

static void who_does_not_close_is_seen_all_the_same(void **state)
{
	struct watch_tree *t = *state;
	int fd;

	put(t, "m/a.yaml", ONE);
	put(t, "m/b.yaml", ONE);
	watch_begin(t);
	fd = open(at(t, "m/a.yaml"), O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "x: y\n", 5), 5);
	/* Nobody will close what was truncated by its name. */
	assert_int_equal(truncate(at(t, "m/b.yaml"), 3), 0);
	demand(t, "held open", "a.yaml b.yaml");
	assert_false(watch_writing(t->w));
	close(fd);
	demand(t, "closed", "a.yaml");
}

static void vim_that_syncs_slowly_is_one_save(void **state)
{
	struct watch_tree *t = *state;
	struct watch_news news;
	int fd;

	put(t, "m/a.yaml", ONE);
	watch_begin(t);
	rename_to(t, "m/a.yaml", "m/a.yaml~");
	fd = open(at(t, "m/a.yaml"), O_WRONLY | O_CREAT, 0644);
	assert_int_equal(write(fd, ONE, 4), 4);
	assert_false(watch_read(t->w, t->arena, &news));
	assert_true(watch_writing(t->w));
	close(fd);
	remove_one(t, "m/a.yaml~");
	demand(t, "vim", "a.yaml");
}

/* --- folders ------------------------------------------------------------------------------------
 */

static void folders_made_quickly_lose_nothing(void **state)
{
	struct watch_tree *t = *state;

	watch_begin(t);
	folder(t, "m/a");
	folder(t, "m/a/b");
	folder(t, "m/a/b/c");
	put(t, "m/a/b/c/x.yaml", ONE);
	demand(t, "mkdir -p", "a");
	put(t, "m/a/b/c/x.yaml", TWO);
	demand(t, "in the new folder", "a/b/c/x.yaml");
	put(t, "m/a/b/y.yaml", ONE);
	demand(t, "and above it", "a/b/y.yaml");
}

static void a_folder_is_moved(void **state)
{
	struct watch_tree *t = *state;

	folder(t, "m/a");
	folder(t, "m/a/b");
	put(t, "m/a/b/x.yaml", ONE);
	folder(t, "in");
	folder(t, "in/deep");
	put(t, "in/deep/y.yaml", ONE);
	watch_begin(t);
	rename_to(t, "m/a", "m/c");
	demand(t, "within", "a c");
	put(t, "m/c/b/x.yaml", ONE);
	demand(t, "in the moved one", "c/b/x.yaml");
	rename_to(t, "m/c", "out");
	demand(t, "out", "c");
	put(t, "out/b/x.yaml", ONE);
	put(t, "out/b/z.yaml", ONE);
	demand(t, "what is out is no business of ours", "");
	rename_to(t, "in", "m/in");
	demand(t, "in", "in");
	put(t, "m/in/deep/y.yaml", ONE);
	demand(t, "in the one moved in", "in/deep/y.yaml");
	mode(t, "m/in/deep", 0700);
	demand(t, "chmod of a folder", "in/deep");
	remove_all(t, "m/in");
	demand(t, "removed", "in");
	folder(t, "m/in");
	put(t, "m/in/y.yaml", ONE);
	demand(t, "made again", "in");
	put(t, "m/in/y.yaml", ONE);
	demand(t, "written again", "in/y.yaml");
}

static void two_folders_are_exchanged(void **state)
{
	struct watch_tree *t = *state;

	folder(t, "m/a");
	folder(t, "m/b");
	put(t, "m/a/x.yaml", ONE);
	put(t, "m/b/y.yaml", ONE);
	watch_begin(t);
	assert_int_equal(renameat2(AT_FDCWD, at(t, "m/a"), AT_FDCWD, at(t, "m/b"), RENAME_EXCHANGE),
			 0);
	demand(t, "exchanged", "a b");
	put(t, "m/a/y.yaml", ONE);
	demand(t, "after that", "a/y.yaml");
	put(t, "m/b/x.yaml", ONE);
	demand(t, "after that", "b/x.yaml");
}

/* --- links and second names ---------------------------------------------------------------------
 */

/* As some publish files: NAME leads through a hidden link that is swapped by a rename. */
static void a_swapped_hidden_link_is_seen(void **state)
{
	struct watch_tree *t = *state;

	skip_without_openat2();
	folder(t, "m/..1");
	folder(t, "m/..2");
	put(t, "m/..1/x.yaml", ONE);
	put(t, "m/..2/x.yaml", ONE);
	symlink_to(t, "..1", "m/..data");
	symlink_to(t, "..data/x.yaml", "m/x.yaml");
	watch_begin(t);
	symlink_to(t, "..2", "m/..new");
	rename_to(t, "m/..new", "m/..data");
	demand(t, "swapped", "x.yaml");
	put(t, "m/..2/x.yaml", TWO);
	demand(t, "written behind the link", "x.yaml");
	put(t, "m/..1/x.yaml", TWO);
	demand(t, "where it led before", "");
	remove_one(t, "m/..2/x.yaml");
	demand(t, "it leads to nothing", "x.yaml");
	put(t, "m/..2/x.yaml", TWO);
	demand(t, "and to something again", "x.yaml");
	mode(t, "m/..2", 0700);
	demand(t, "who could write it there", "x.yaml");
	remove_one(t, "m/..data");
	demand(t, "half way to nothing", "x.yaml");
	symlink_to(t, "..1", "m/..data");
	demand(t, "and back", "x.yaml");
	put(t, "m/..1/x.yaml", ONE);
	demand(t, "written there", "x.yaml");
	remove_one(t, "m/x.yaml");
	demand(t, "the link removed", "x.yaml");
	put(t, "m/..1/x.yaml", ONE);
	demand(t, "of no interest any more", "");
}

static void a_link_to_a_folder_is_swapped(void **state)
{
	struct watch_tree *t = *state;

	skip_without_openat2();
	folder(t, "m/releases");
	folder(t, "m/releases/1");
	folder(t, "m/releases/2");
	put(t, "m/releases/1/x.yaml", ONE);
	put(t, "m/releases/2/x.yaml", ONE);
	symlink_to(t, "releases/1", "m/current");
	watch_begin(t);
	put(t, "m/releases/1/x.yaml", TWO);
	demand(t, "both ways to it", "current/x.yaml releases/1/x.yaml");
	remove_one(t, "m/current");
	symlink_to(t, "releases/2", "m/current");
	demand(t, "ln -sfn", "current");
	put(t, "m/releases/1/x.yaml", ONE);
	demand(t, "one way", "releases/1/x.yaml");
	put(t, "m/releases/2/x.yaml", ONE);
	demand(t, "the other", "current/x.yaml releases/2/x.yaml");
	symlink_to(t, "releases/1", "m/next");
	demand(t, "a new link", "next");
	rename_to(t, "m/next", "m/current");
	demand(t, "renamed over", "current next");
	put(t, "m/releases/1/x.yaml", TWO);
	demand(t, "again", "current/x.yaml releases/1/x.yaml");
	remove_one(t, "m/current");
	demand(t, "removed", "current");
}

static void a_link_to_a_neighbour_follows_it(void **state)
{
	struct watch_tree *t = *state;

	skip_without_openat2();
	folder(t, "m/a");
	put(t, "m/b.yaml", ONE);
	symlink_to(t, "../b.yaml", "m/a/l.yaml");
	symlink_to(t, "nothing.yaml", "m/d.yaml");
	symlink_to(t, "loop.yaml", "m/loop.yaml");
	symlink_to(t, "../../m", "m/a/out");
	symlink_to(t, "/etc/passwd", "m/passwd.yaml");
	watch_begin(t);
	put(t, "m/b.yaml", TWO);
	demand(t, "both names", "a/l.yaml b.yaml");
	put(t, "m/nothing.yaml", ONE);
	demand(t, "what led to nothing", "d.yaml nothing.yaml");
	remove_one(t, "m/a/l.yaml");
	put(t, "m/a/l.yaml", ONE);
	demand(t, "a file instead", "a/l.yaml");
	put(t, "m/b.yaml", ONE);
	demand(t, "one name", "b.yaml");
}

static void second_names_are_seen(void **state)
{
	struct watch_tree *t = *state;

	put(t, "m/a.yaml", ONE);
	hard_link(t, "m/a.yaml", "outside");
	watch_begin(t);
	put(t, "outside", TWO);
	demand(t, "written outside", "a.yaml");
	mode(t, "outside", 0600);
	demand(t, "chmod outside", "a.yaml");
	hard_link(t, "m/a.yaml", "m/b.yaml");
	demand(t, "a name more", "a.yaml b.yaml");
	put(t, "outside", ONE);
	demand(t, "all names", "a.yaml b.yaml");
	put(t, "m/new.yaml", ONE);
	rename_to(t, "m/new.yaml", "m/a.yaml");
	demand(t, "one is another file now", "a.yaml b.yaml new.yaml");
	put(t, "outside", TWO);
	demand(t, "the other is not", "b.yaml");
	remove_one(t, "outside");
	demand(t, "the last name", "b.yaml");
	put(t, "m/b.yaml", ONE);
	demand(t, "written", "b.yaml");
}

static void a_name_given_later_is_met(void **state)
{
	struct watch_tree *t = *state;

	put(t, "m/a.yaml", ONE);
	watch_begin(t);
	hard_link(t, "m/a.yaml", "m/b.yaml");
	/* Nobody knew that a.yaml had another name: everything is looked at. */
	demand(t, "linked", "/ b.yaml");
	put(t, "m/b.yaml", TWO);
	demand(t, "written", "a.yaml b.yaml");
}

/* --- rest, cost ---------------------------------------------------------------------------------
 */

static void nothing_is_forgotten_by_walks(void **state)
{
	struct watch_tree *t = *state;
	struct tree_hooks h;

	skip_without_openat2();
	folder(t, "m/a");
	put(t, "m/a/x.yaml", ONE);
	hard_link(t, "m/a/x.yaml", "outside");
	symlink_to(t, "a/x.yaml", "m/l.yaml");
	watch_begin(t);
	for (int i = 0; i < 3; i++) {
		rename_to(t, "m", "away");
		demand(t, "away", "/");
		rename_to(t, "away", "m");
		demand(t, "back", "/");
		put(t, "outside", ONE);
		demand(t, "written", "a/x.yaml l.yaml");
	}
	/* A walk that came to nothing drops what it did not meet; the path stays watched. */
	h = watch_hooks(t->w);
	h.begin(h.context, true);
	h.end(h.context);
	watch_gather(t);
	put(t, "m/a/x.yaml", ONE);
	demand(t, "not met", "");
	mode(t, "m", 0700);
	demand(t, "the directory", "/");
	put(t, "m/a/x.yaml", ONE);
	demand(t, "met again", "a/x.yaml l.yaml");
}

/* How many inotify watches this process has. */
static size_t count_watches(void)
{
	char path[300], line[256];
	struct dirent *e;
	size_t n = 0;
	DIR *d = opendir("/proc/self/fdinfo");

	while ((e = readdir(d))) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", e->d_name);
		f = fopen(path, "re");
		while (f && fgets(line, sizeof(line), f))
			n += strncmp(line, "inotify wd:", 11) == 0;
		if (f)
			fclose(f);
	}
	closedir(d);
	return n;
}

static void watches_are_few_and_do_not_grow(void **state)
{
	struct watch_tree *t = *state;
	size_t way, n;

	skip_without_openat2();
	watch_begin(t);
	way = count_watches(); /* "/", "/tmp", the base, the directory */
	assert_int_equal(way, 4);
	folder(t, "m/a");
	folder(t, "m/b");
	folder(t, "m/.hidden");
	put(t, "m/.hidden/x.yaml", ONE);
	put(t, "m/.hidden/y.yaml", ONE);
	for (int i = 0; i < 20; i++)
		put(t, arena_printf(t->arena, "m/a/%d.yaml", i), ONE);
	symlink_to(t, "../.hidden/x.yaml", "m/a/x.yaml");
	symlink_to(t, "../.hidden/y.yaml", "m/a/y.yaml");
	put(t, "m/b/two.yaml", ONE);
	hard_link(t, "m/b/two.yaml", "outside");
	watch_gather(t);
	/* Two folders, one that links lead to, one file. */
	n = count_watches();
	assert_int_equal(n, way + 4);
	for (int i = 0; i < 50; i++) {
		remove_all(t, "m/b");
		folder(t, "m/b");
		put(t, "m/b/two.yaml", ONE);
		remove_one(t, "outside");
		hard_link(t, "m/b/two.yaml", "outside");
		remove_one(t, "m/a/x.yaml");
		symlink_to(t, "../.hidden/x.yaml", "m/a/x.yaml");
		watch_gather(t);
		assert_int_equal(count_watches(), n);
	}
	remove_all(t, "m/a");
	remove_all(t, "m/b");
	watch_gather(t);
	assert_int_equal(count_watches(), way);
}

static void an_overflow_is_a_look_at_everything(void **state)
{
	struct watch_tree *t = *state;

	folder(t, "m/a");
	put(t, "m/a/x.yaml", ONE);
	watch_begin(t);
	for (int i = 0; i < 10000; i++) {
		const char *name = i & 1 ? "m/a/y.yaml" : "m/a/z.yaml";

		put(t, name, "");
		remove_one(t, name);
	}
	rename_to(t, "m/a", "m/b");
	demand(t, "a storm", "/");
	assert_true(t->overflow);
	put(t, "m/b/x.yaml", TWO);
	demand(t, "after the storm", "b/x.yaml");
}

#define WITH_TREE(test)                                                                            \
	cmocka_unit_test_setup_teardown(test, watch_tree_set_up, watch_tree_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_way_of_saving_is_seen),
	    WITH_TREE(a_truncated_moment_is_waited_out),
	    WITH_TREE(who_does_not_close_is_seen_all_the_same),
	    WITH_TREE(vim_that_syncs_slowly_is_one_save),
	    WITH_TREE(folders_made_quickly_lose_nothing),
	    WITH_TREE(a_folder_is_moved),
	    WITH_TREE(two_folders_are_exchanged),
	    WITH_TREE(a_swapped_hidden_link_is_seen),
	    WITH_TREE(a_link_to_a_folder_is_swapped),
	    WITH_TREE(a_link_to_a_neighbour_follows_it),
	    WITH_TREE(second_names_are_seen),
	    WITH_TREE(a_name_given_later_is_met),
	    WITH_TREE(nothing_is_forgotten_by_walks),
	    WITH_TREE(watches_are_few_and_do_not_grow),
	    WITH_TREE(an_overflow_is_a_look_at_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
