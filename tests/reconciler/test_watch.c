#include "tests/reconciler/watch_tree.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ONE "config: {user.x: y}\n"

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
	put(t, "m/a.yaml", ONE ONE);
	mode(t, "m/a.yaml", 0640);
	remove_one(t, "m/a.yaml~");
	remove_one(t, "m/.a.yaml.swp");
}

static void save_emacs(struct watch_tree *t)
{
	symlink_to(t, "user@host.1", "m/.#a.yaml");
	put(t, "m/#a.yaml#", "autosave");
	put(t, "m/a.yamlXtmp", ONE ONE);
	rename_to(t, "m/a.yamlXtmp", "m/a.yaml");
	remove_one(t, "m/#a.yaml#");
	remove_one(t, "m/.#a.yaml");
}

static void save_in_place(struct watch_tree *t)
{
	put(t, "m/a.yaml", ONE ONE);
}

static void save_sed(struct watch_tree *t)
{
	put(t, "m/sedXYZ123", ONE ONE);
	mode(t, "m/sedXYZ123", 0644);
	rename_to(t, "m/sedXYZ123", "m/a.yaml");
}

static void save_git(struct watch_tree *t)
{
	remove_one(t, "m/a.yaml");
	put(t, "m/a.yaml", ONE ONE);
}

static void save_rsync(struct watch_tree *t)
{
	put(t, "m/.a.yaml.Ab3dE9", ONE ONE);
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
	put(t, "m/a.yaml", ONE ONE);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_way_of_saving_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
